import numpy as np
def check_sigma_length(sigma, ndim):
    """`sigma` as a number or a tuple with an element an axis."""
    if np.isscalar(sigma) or not np.iterable(sigma):
        return sigma
    sigma = tuple(sigma)
    if len(sigma) != ndim:
        raise ValueError("sigma must have as many elements as image has axes")
    return sigma
