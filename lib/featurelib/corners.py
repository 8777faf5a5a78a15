# SPDX-License-Identifier: BSD-3-Clause
"""Dense corner measures. They are told at the top of corners.c."""

import numpy as np

from . import _native, tensors
from ._arguments import (
    MASK_HINT,
    as_array,
    check_grey,
    check_number,
    check_out,
    check_workers,
    combined_type,
    compute_out,
    compute_outs,
    error,
    stored_type,
)
from ._smoothing import Filter, border_codes, gaussian_filters, sigmas_for

_FILTERS = _native.pointer_to(Filter)
_harris = _native.function(
    "feature_corner_harris",
    _native.Array,
    _FILTERS,
    _native.int32,
    _native.float64,
    _native.Array,
    _native.Run,
)
_shi_tomasi = _native.function(
    "feature_corner_shi_tomasi", _native.Array, _FILTERS, _native.Array, _native.Run
)
_foerstner = _native.function(
    "feature_corner_foerstner",
    _native.Array,
    _FILTERS,
    _native.Array,
    _native.Array,
    _native.Run,
)
_kitchen_rosenfeld = _native.function(
    "feature_corner_kitchen_rosenfeld",
    _native.Array,
    _native.pointer_to(_native.int32),
    _native.float64,
    _native.Array,
    _native.Run,
)

_CONSTANT = border_codes("constant")


def _window(image, sigma):
    """The image as C reads it, and the Gaussian window's two filters."""
    given = as_array(image, "image", MASK_HINT)
    sigma = tensors.check_sigma_length(sigma, given.ndim)
    image = check_grey(given, (2, 3, 4, 5))
    if image.ndim != 2:
        raise ValueError(
            "The parameter `image` must be a 2-dimensional array, got one of"
            f" {image.ndim} dimensions"
        )
    return image, gaussian_filters(sigmas_for(sigma), _CONSTANT)


def corner_kitchen_rosenfeld(image, mode="constant", cval=0, *, out=None, workers=None):
    """Measure corners by the curvature of level lines.

    The measure of Kitchen and Rosenfeld: how fast the direction of the gradient turns
    along a level line, times the gradient's magnitude,

        (Ixx Iy^2 + Iyy Ix^2 - 2 Ixy Ix Iy) / (Ix^2 + Iy^2)

    with first derivatives by Sobel's operator (gain 8) and second ones by the same
    operator on the first.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type, taken as they are: integers are not scaled.
    mode : {'constant', 'nearest', 'reflect', 'mirror', 'wrap'} or pair, optional
        What Sobel's operator finds beyond the border.
    cval : float, optional
        The value beyond the border for 'constant'.
    out : (rows, cols) array, optional
        Where the response is written; of its dtype, any strides.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    response : (rows, cols) array
        float32 for float16 and float32 images, else float64, in units of `image` to
        the power of one (times 512). 0 where the gradient is 0.

    Raises
    ------
    ValueError
        If `image` is not 2-dimensional or complex, `mode` is unknown, `out` does not
        fit, or `workers` is below 1.
    TypeError
        If `image` is a masked array or not of numbers.

    References
    ----------
    L. Kitchen, A. Rosenfeld, "Gray-level corner detection", Pattern Recognition
    Letters 1 (1982), 95-102. DOI 10.1016/0167-8655(82)90020-4

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> square = np.zeros((7, 7))
    >>> square[3:, 3:] = 1
    >>> response = feature.corner_kitchen_rosenfeld(square)
    >>> float(response[2, 2])
    -4.0
    """
    image = as_array(image, "image", MASK_HINT)
    if image.dtype.kind == "c":
        raise ValueError("complex valued input is not supported")
    if image.dtype.char == "g":
        image = image.astype(np.float64)
    if image.dtype.kind not in "biuf":
        raise error(TypeError, ValueError)(
            f"`image` must be of numbers, got {image.dtype}"
        )
    if image.ndim != 2:
        raise error(ValueError, RuntimeError)(
            "The parameter `image` must be a 2-dimensional array"
        )
    workers = check_workers(workers)
    borders = (_native.int32 * 2)(*border_codes(mode))
    cval = check_number(cval, "cval")
    run = _native.run(workers)
    return compute_out(
        out,
        image.shape,
        stored_type(image),
        (image,),
        lambda response: _kitchen_rosenfeld(image, borders, cval, response, run),
    )


def corner_harris(
    image, method="k", k=0.05, eps=1e-6, sigma=1, *, out=None, workers=None
):
    """Measure corners by Harris and Stephens' response.

    From the structure tensor A, Sobel's gradients (gain 8) averaged in a Gaussian
    window:

        det(A) - k trace(A)^2       or       2 det(A) / (trace(A) + eps)

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type. Integers are scaled to [0, 1], signed ones to
        [-1, 1]; floating point is taken as it is. Axes of length 1 are dropped.
    method : {'k', 'eps'}, optional
        Which of the two; every other word means 'eps'.
    k : float, optional
        Sensitivity, most often between 0 and 0.2: small values find sharp corners.
    eps : float, optional
        Keeps the quotient finite where the image is flat (Noble's measure).
    sigma : float or pair of float, optional
        Standard deviation of the window in pixels, cut off at four sigma.
    out : (rows, cols) array, optional
        Where the response is written; of its dtype, any strides.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    response : (rows, cols) array
        Large on corners, negative on edges for 'k'. float32 for float16 and float32
        images, else float64.

    Raises
    ------
    ValueError
        If `image` is empty, has not two dimensions or cannot be scaled; if `sigma` is
        negative, not finite or of another length; if `out` does not fit; if `workers`
        is below 1.
    TypeError
        If `image` is a masked array, or `k` or `eps` is not a number.

    Notes
    -----
    Equal to `skimage.feature.corner_harris` (0.26.0) in the last bit; of float16 and
    float32 images to 1e-5 of the largest response. Beyond the border of the image
    stands 0.

    References
    ----------
    C. Harris, M. Stephens, "A Combined Corner and Edge Detector", Proceedings of the
    4th Alvey Vision Conference (1988), 147-151.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> square = np.zeros((10, 10))
    >>> square[2:8, 2:8] = 1
    >>> response = feature.corner_harris(square)
    >>> [tuple(map(int, place)) for place in np.argwhere(response == response.max())]
    [(2, 2), (2, 7), (7, 2), (7, 7)]
    """
    image, filters = _window(image, sigma)
    workers = check_workers(workers)
    by_k = isinstance(method, str) and method == "k"
    factor = k if by_k else eps
    number = check_number(factor, "k" if by_k else "eps")
    stored = stored_type(image)
    wanted = combined_type(stored, factor)
    if wanted != stored:  # a NumPy scalar of a larger type takes part in it
        out = check_out(out, image.shape, wanted)
        return _harris_of_larger_type(image, sigma, factor, by_k, workers, out)
    run = _native.run(workers)
    return compute_out(
        out,
        image.shape,
        stored,
        (image,),
        lambda response: _harris(image, filters, int(not by_k), number, response, run),
    )


def _harris_of_larger_type(image, sigma, factor, by_k, workers, out):
    rr, rc, cc = tensors.structure_tensor(image, sigma, order="rc", workers=workers)
    determinant, trace = rr * cc - rc**2, rr + cc
    if by_k:
        out[...] = determinant - factor * trace**2
    else:
        out[...] = 2 * determinant / (trace + factor)
    return out


def corner_shi_tomasi(image, sigma=1, *, out=None, workers=None):
    """Measure corners by the smaller eigenvalue of the structure tensor.

    With Arr, Arc and Acc the elements of the tensor (Sobel's gradients with gain 8,
    averaged in a Gaussian window), what Shi, Tomasi and Kanade track:

        ((Arr + Acc) - sqrt((Arr - Acc)^2 + 4 Arc^2)) / 2

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type. Integers are scaled to [0, 1], signed ones to
        [-1, 1]; floating point is taken as it is. Axes of length 1 are dropped.
    sigma : float or pair of float, optional
        Standard deviation of the window in pixels, cut off at four sigma.
    out : (rows, cols) array, optional
        Where the response is written; of its dtype, any strides.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    response : (rows, cols) array
        float32 for float16 and float32 images, else float64.

    Raises
    ------
    ValueError
        If `image` is empty, has not two dimensions or cannot be scaled; if `sigma` is
        negative, not finite or of another length; if `out` does not fit; if `workers`
        is below 1.
    TypeError
        If `image` is a masked array.

    References
    ----------
    J. Shi, C. Tomasi, "Good Features to Track", IEEE Conference on Computer Vision
    and Pattern Recognition (1994), 593-600.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> square = np.zeros((10, 10))
    >>> square[2:8, 2:8] = 1
    >>> response = feature.corner_shi_tomasi(square)
    >>> [tuple(map(int, place)) for place in np.argwhere(response == response.max())]
    [(2, 2), (2, 7), (7, 2), (7, 7)]
    """
    image, filters = _window(image, sigma)
    workers = check_workers(workers)
    run = _native.run(workers)
    return compute_out(
        out,
        image.shape,
        stored_type(image),
        (image,),
        lambda response: _shi_tomasi(image, filters, response, run),
    )


def corner_foerstner(image, sigma=1, *, out=None, workers=None):
    """Measure how well a corner can be located, after Foerstner and Guelch.

    From the structure tensor A, Sobel's gradients (gain 8) averaged in a Gaussian
    window, the size and the roundness of the error ellipse:

        w = det(A) / trace(A)        q = 4 det(A) / trace(A)^2

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type. Integers are scaled to [0, 1], signed ones to
        [-1, 1]; floating point is taken as it is.
    sigma : float or pair of float, optional
        Standard deviation of the window in pixels, cut off at four sigma.
    out : tuple of two (rows, cols) arrays, optional
        Where `w` and `q` are written; of their dtype, any strides.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    w, q : (rows, cols) arrays
        Size, larger where the location is better known, and roundness, 0 to 1. Both 0
        where the trace is 0. float32 for float16 and float32 images, else float64.

    Raises
    ------
    ValueError
        If `image` is empty, has not two dimensions or cannot be scaled; if `sigma` is
        negative, not finite or of another length; if `out` does not fit; if `workers`
        is below 1.
    TypeError
        If `image` is a masked array.

    References
    ----------
    W. Foerstner, E. Guelch, "A Fast Operator for Detection and Precise Location of
    Distinct Points, Corners and Centres of Circular Features", ISPRS Intercommission
    Conference on Fast Processing of Photogrammetric Data (1987), 281-305.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> square = np.zeros((10, 10))
    >>> square[2:8, 2:8] = 1
    >>> w, q = feature.corner_foerstner(square)
    >>> np.argwhere((q > 0.3) & (w > 2)).tolist()
    [[2, 2], [2, 7], [7, 2], [7, 7]]
    """
    given = np.ndim(image)
    image, filters = _window(image, sigma)
    if given != 2:
        raise error(ValueError, IndexError)(
            "The parameter `image` must be a 2-dimensional array, got one of"
            f" {given} dimensions"
        )
    workers = check_workers(workers)
    run = _native.run(workers)

    def compute(planes):
        _foerstner(image, filters, *planes, run)

    stored = stored_type(image)
    return tuple(compute_outs(out, 2, image.shape, stored, (image,), compute))
