# SPDX-License-Identifier: BSD-3-Clause
"""The structure tensor, and eigenvalues: told at the top of tensors.c."""

import numpy as np

from . import _native
from ._arguments import (
    MASK_HINT,
    as_array,
    check_grey,
    check_number,
    check_out,
    check_workers,
    compute_out,
    compute_outs,
    error,
    stored_type,
)
from ._smoothing import (
    Filter,
    border_codes,
    gaussian_filters,
    sigmas_for,
)

_FILTERS = _native.pointer_to(Filter)
_structure_tensor = _native.function(
    "feature_structure_tensor",
    _native.Array,
    _FILTERS,
    _native.float64,
    _native.Array,
    _native.Run,
)
_EIGENVALUES = (_native.Array, _native.int32, _native.Array, _native.Run)
_structure_tensor_eigenvalues = _native.function(
    "feature_structure_tensor_eigenvalues", *_EIGENVALUES
)
_hessian_matrix_eigvals = _native.function(
    "feature_hessian_matrix_eigvals", *_EIGENVALUES
)

ORDER_MOST = 8  # ORDER_AT_MOST in kernels.h


def check_sigma_length(sigma, ndim):
    """`sigma` as a number or a tuple with an element an axis."""
    if np.isscalar(sigma) or not np.iterable(sigma):
        return sigma
    sigma = tuple(sigma)
    if len(sigma) != ndim:
        raise ValueError("sigma must have as many elements as image has axes")
    return sigma


def structure_tensor(
    image, sigma=1, mode="constant", cval=0, order="rc", *, out=None, workers=None
):
    """Average the products of gradients in a Gaussian window.

    The structure tensor of an image with axes r (down) and c (right):

        A = [Arr Arc]        Arr = G * (Ir Ir), Arc = G * (Ir Ic), Acc = G * (Ic Ic)
            [Arc Acc]

    with gradients I by Sobel's operator (gain 8 in two dimensions) and a Gaussian G.
    In n dimensions it is n by n.

    Parameters
    ----------
    image : array
        Grey values of any real type, 2 to 5 dimensions; axes of length 1 are dropped.
        Integers are scaled to [0, 1], signed ones to [-1, 1]; floating point is taken
        as it is.
    sigma : float or sequence of float, optional
        Standard deviation of the window in pixels, or one for each axis, cut off at
        four sigma.
    mode : {'constant', 'nearest', 'reflect', 'mirror', 'wrap'} or sequence, optional
        What Sobel's operator and the Gaussian find beyond the border.
    cval : float, optional
        The value beyond the border for 'constant'.
    order : {'rc', 'xy'}, optional
        'rc' starts with axis 0; 'xy', in two dimensions, with axis 1.
    out : tuple of arrays, optional
        Where the elements are written; of their shape and dtype, any strides.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    A_elems : list of arrays
        The upper triangle row by row, n (n + 1) / 2 arrays of the image's shape:
        [Arr, Arc, Acc], or [Acc, Arc, Arr] for 'xy'. float32 for float16 and float32
        images, else float64.

    Raises
    ------
    ValueError
        If `image` is empty, has a wrong number of dimensions or cannot be scaled; if
        `sigma` is negative, not finite or of another length; if `mode` or `order` is
        unknown; if `out` does not fit; if `workers` is below 1.
    TypeError
        If `image` is a masked array.

    Notes
    -----
    Equal to `skimage.feature.structure_tensor` (0.26.0) in the last bit; of float16 and
    float32 images of two dimensions to 1e-5 of the largest element.

    References
    ----------
    J. Bigun, G. Granlund, "Optimal Orientation Detection of Linear Symmetry",
    International Conference on Computer Vision (1987), 433-438.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> dot = np.zeros((3, 3))
    >>> dot[1, 1] = 1
    >>> Arr, Arc, Acc = feature.structure_tensor(dot, sigma=0)
    >>> Acc
    array([[1., 0., 1.],
           [4., 0., 4.],
           [1., 0., 1.]])
    """
    given = as_array(image, "image", MASK_HINT)
    reverse = isinstance(order, str) and order == "xy"
    if reverse and given.ndim > 2:
        raise ValueError('Only "rc" order is supported for dim > 2.')
    if not (isinstance(order, str) and order in ("rc", "xy")):
        raise ValueError(f'order {order} is invalid. Must be either "rc" or "xy"')
    sigma = check_sigma_length(sigma, given.ndim)
    image = check_grey(given, (2, 3, 4, 5))
    workers = check_workers(workers)
    ndim = image.ndim
    filters = gaussian_filters(sigmas_for(sigma, ndim), border_codes(mode, ndim))
    cval = check_number(cval, "cval")
    run = _native.run(workers)

    def compute(planes):
        ordered = planes[::-1] if reverse else planes
        _structure_tensor(image, filters, cval, _native.arrays(ordered), run)

    count, stored = ndim * (ndim + 1) // 2, stored_type(image)
    return compute_outs(out, count, image.shape, stored, (image,), compute)


# --------------------------------------------------------------------- eigenvalues


def _check_planes(planes, name):
    """The elements of the upper triangle, of one shape and type, and the order."""
    try:
        planes = list(planes)
    except TypeError:
        message = f"`{name}` must be a sequence of arrays"
        raise error(TypeError, AttributeError)(message) from None
    planes = [as_array(plane, name, MASK_HINT) for plane in planes]
    if not planes:
        raise error(ValueError, IndexError)(f"`{name}` is empty")
    order = 2 if len(planes) == 3 else planes[0].ndim
    needed = order * (order + 1) // 2
    if not 1 <= order <= ORDER_MOST or len(planes) < needed:
        raise error(ValueError, IndexError)(
            f"`{name}` has {len(planes)} arrays of {planes[0].ndim} dimensions, which"
            f" are no upper triangle of symmetric matrices"
        )
    planes = planes[:needed]
    first, shape = planes[0].dtype, planes[0].shape
    if first.char in "fd" and all(
        p.shape == shape and p.dtype == first for p in planes
    ):
        return planes, order
    kinds = {plane.dtype.kind for plane in planes}
    if not kinds <= set("biuf") or order == 2 and first.kind != "f":
        raise error(TypeError, ValueError)(
            f"`{name}` must be of float32 or float64, got {first}"
        )
    try:
        return [np.broadcast_to(plane, shape) for plane in planes], order
    except ValueError:
        shapes = sorted({plane.shape for plane in planes})
        raise ValueError(f"`{name}` must be of one shape, got {shapes}") from None


_SHORT = 256  # lines that are better made as one; of single numbers, too


def _computed_type(planes):
    chars = {plane.dtype.char for plane in planes}
    return np.dtype(np.float32 if chars <= set("ef") else np.float64)


def _closed_form(planes, dtype):
    """Of two by two matrices whose planes are of several types, or of one that C does
    not compute in, in the reference's order of operations and its types."""
    a, b, c = planes
    eigs = np.empty((2, *a.shape), dtype)
    with np.errstate(all="ignore"):
        eigs[:] = (a + c) / 2
        gap = np.sqrt(b**2 + ((a - c) / 2) ** 2)
        eigs[0] += gap
        eigs[1] -= gap
    return eigs


def _eigenvalues(native, planes, name, out, workers):
    if not isinstance(planes, (list, tuple)):
        planes = as_array(planes, name, MASK_HINT)
    planes, order = _check_planes(planes, name)
    workers = check_workers(workers)
    first = planes[0].dtype
    wanted = first if first.kind == "f" else np.dtype(np.float64)
    computed = _computed_type(planes)
    of_closed_form = order == 2 and all(p.dtype.kind == "f" for p in planes)
    if of_closed_form and any(p.dtype != computed for p in planes):
        values = check_out(out, (order, *planes[0].shape), wanted)
        values[...] = _closed_form(planes, wanted)
        return values
    planes = [p if p.dtype == computed else p.astype(computed) for p in planes]
    shape, run = (order, *planes[0].shape), _native.run(workers)

    def compute(target):
        parts = [*planes, *target]
        if shape[-1] < _SHORT and all(part.flags.c_contiguous for part in parts):
            parts = [part.reshape(-1) for part in [*planes, *target[..., None]]]
        native(
            _native.arrays(parts[: len(planes)]),
            order,
            _native.arrays(parts[len(planes) :]),
            run,
        )

    if wanted != computed:
        values, exact = check_out(out, shape, wanted), np.empty(shape, computed)
        compute(exact)
        values[...] = exact
        return values
    return compute_out(out, shape, wanted, planes, compute)


def structure_tensor_eigenvalues(A_elems, *, out=None, workers=None):
    """Compute the eigenvalues of a structure tensor.

    Parameters
    ----------
    A_elems : sequence of arrays
        The upper triangle of the tensor, as `structure_tensor` returns it: n (n + 1) /
        2 arrays of one shape with n dimensions. Three arrays mean 2 by 2 matrices,
        whatever their shape.
    out : (n, ...) array, optional
        Where the eigenvalues are written; of the type of the first array.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    eigs : (n, ...) array
        Eigenvalues in decreasing order along axis 0, in the type of the first array.
        NaN where an element is NaN or infinite and n is above 2.

    Raises
    ------
    ValueError
        If the arrays are too few or of different shapes; if `out` does not fit; if
        `workers` is below 1.
    TypeError
        If an array is masked or not of real floating point (integers are taken where
        n is above 2).

    Notes
    -----
    2 by 2 matrices as in `skimage.feature`, in the last bit. 3 by 3 ones by the roots
    of their cubic, to 1e-12 of the largest eigenvalue; where two are so close that
    digits would be lost, and for larger matrices, by Jacobi's rotations.

    References
    ----------
    G. H. Golub, C. F. Van Loan, "Matrix Computations", 4th edition (2013), 8.5.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> dot = np.zeros((3, 3))
    >>> dot[1, 1] = 1
    >>> feature.structure_tensor_eigenvalues(feature.structure_tensor(dot, sigma=0))[0]
    array([[2., 4., 2.],
           [4., 0., 4.],
           [2., 4., 2.]])
    """
    return _eigenvalues(_structure_tensor_eigenvalues, A_elems, "A_elems", out, workers)


def hessian_matrix_eigvals(H_elems, *, out=None, workers=None):
    """Compute the eigenvalues of a Hessian.

    Parameters
    ----------
    H_elems : sequence of arrays
        The upper triangle of the Hessian, as `hessian_matrix` returns it: n (n + 1) / 2
        arrays of one shape with n dimensions. Three arrays mean 2 by 2 matrices,
        whatever their shape.
    out : (n, ...) array, optional
        Where the eigenvalues are written; of the type of the first array.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    eigs : (n, ...) array
        Eigenvalues in decreasing order along axis 0, in the type of the first array.
        NaN where an element is NaN or infinite and n is above 2.

    Raises
    ------
    ValueError
        If the arrays are too few or of different shapes; if `out` does not fit; if
        `workers` is below 1.
    TypeError
        If an array is masked or not of real floating point (integers are taken where
        n is above 2).

    References
    ----------
    G. H. Golub, C. F. Van Loan, "Matrix Computations", 4th edition (2013), 8.5.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> bowl = np.add.outer(np.arange(5.0) ** 2, 2 * np.arange(5.0) ** 2)
    >>> H = feature.hessian_matrix(bowl, sigma=0, use_gaussian_derivatives=False)
    >>> feature.hessian_matrix_eigvals(H)[:, 2, 2]
    array([4., 2.])
    """
    return _eigenvalues(_hessian_matrix_eigvals, H_elems, "H_elems", out, workers)
