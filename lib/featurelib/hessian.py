# SPDX-License-Identifier: BSD-3-Clause
"""The Hessian, its determinant and the shape index. Told at the top of hessian.c, that
of boxes in hessian_boxes.c."""

import math
import warnings

from . import _native
from ._arguments import (
    FLOAT64,
    check_number,
    check_scalable,
    check_workers,
    compute_out,
    compute_outs,
    error,
    stored_type,
)
from ._smoothing import (
    Filter,
    border_codes,
    derivative_weights,
    filters_of,
    gaussian_filters,
    gaussian_weights,
    sigmas_for,
)
from .tensors import ORDER_MOST

_FILTERS = _native.pointer_to(Filter)
_hessian_matrix = _native.function(
    "feature_hessian_matrix",
    _native.Array,
    _FILTERS,
    _FILTERS,
    _native.float64,
    _native.int32,
    _native.Array,
    _native.Run,
)
_hessian_matrix_det = _native.function(
    "feature_hessian_matrix_det", _native.Array, _FILTERS, _native.Array, _native.Run
)
_hessian_matrix_det_boxes = _native.function(
    "feature_hessian_matrix_det_boxes",
    _native.Array,
    _native.size,
    _native.Array,
    _native.Run,
)
_shape_index = _native.function(
    "feature_shape_index",
    _native.Array,
    _FILTERS,
    _native.float64,
    _native.Array,
    _native.Run,
)

_BOX_SIGMA_MOST = 1e8


def _check_differentiable(image):
    """Refuses what has no second differences."""
    if image.ndim < 2:
        raise error(ValueError, IndexError, TypeError)(
            f"`image` must have at least 2 dimensions, got {image.ndim}"
        )
    if image.ndim > ORDER_MOST:
        raise ValueError(
            f"`image` must have at most {ORDER_MOST} dimensions, got {image.ndim}"
        )
    if min(image.shape) < 2:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient: each axis of"
            f" `image` must have 2 elements at least, got {image.shape}"
        )


def _check_hessian_order(order, ndim):
    """Whether the columns come first."""
    columns_first = isinstance(order, str) and order == "xy"
    if ndim > 2 and columns_first:
        raise ValueError("order='xy' is only supported for 2D images.")
    if not (isinstance(order, str) and order in ("rc", "xy")):
        raise ValueError(f"unrecognized order: {order}")
    return columns_first


def _gaussian_derivative_filters(sigma, borders, ndim):
    """Gaussians and their derivatives whose convolutions have the width `sigma`."""
    sigmas = sigmas_for(sigma, ndim)
    truncate = 8 if all(s > 1 for s in sigmas) else 100
    part = 1 / math.sqrt(2)
    scaled = [part * s for s in sigmas]
    smoothing = [gaussian_weights(s, truncate) for s in scaled]
    derivative = [derivative_weights(s, truncate) for s in scaled]
    return filters_of(smoothing, borders), filters_of(derivative, borders)


def hessian_matrix(
    image,
    sigma=1,
    mode="constant",
    cval=0,
    order="rc",
    use_gaussian_derivatives=None,
    *,
    out=None,
    workers=None,
):
    """Compute the second derivatives of a smoothed image.

    The Hessian of an image with axes r (down) and c (right):

        H = [Hrr Hrc]
            [Hrc Hcc]

    In n dimensions it is n by n.

    Parameters
    ----------
    image : array
        Grey values of any real type, up to 8 dimensions. Integers are scaled to [0, 1],
        signed ones to [-1, 1]; floating point is taken as it is.
    sigma : float or sequence of float, optional
        Standard deviation of the Gaussian in pixels, or one for each axis.
    mode : {'constant', 'nearest', 'reflect', 'mirror', 'wrap'} or sequence, optional
        What the filters find beyond the border.
    cval : float, optional
        The value beyond the border for 'constant'.
    order : {'rc', 'xy'}, optional
        'rc' starts with axis 0; 'xy', in two dimensions, with axis 1.
    use_gaussian_derivatives : bool, optional
        True: convolve twice with first derivatives of Gaussians, of which each has
        sigma / sqrt(2), cut off at 8 sigma (at 100 where a sigma is 1 or less). False:
        smooth with a Gaussian cut off at 4 sigma, then take differences twice. None:
        False, with a FutureWarning, because scikit-image will change it.
    out : tuple of arrays, optional
        Where the elements are written; of their shape and dtype, any strides.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    H_elems : list of arrays
        The upper triangle row by row, n (n + 1) / 2 arrays of the image's shape:
        [Hrr, Hrc, Hcc], or [Hcc, Hrc, Hrr] for 'xy'. float32 for float16 and float32
        images, else float64.

    Raises
    ------
    ValueError
        If `image` cannot be scaled, or for differences has less than 2 dimensions or
        elements along an axis; if `sigma` is negative, not finite or of another length;
        if `mode` or `order` is unknown; if `out` does not fit; if `workers` is below 1.
    TypeError
        If `image` is a masked array.

    Notes
    -----
    Equal to `skimage.feature.hessian_matrix` (0.26.0) in the last bit.

    References
    ----------
    T. Lindeberg, "Feature Detection with Automatic Scale Selection", International
    Journal of Computer Vision 30 (1998), 79-116.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> dot = np.zeros((5, 5))
    >>> dot[2, 2] = 4
    >>> Hrr, Hrc, Hcc = feature.hessian_matrix(
    ...     dot, sigma=0, use_gaussian_derivatives=False)
    >>> Hrc
    array([[ 0.,  0.,  0.,  0.,  0.],
           [ 0.,  1.,  0., -1.,  0.],
           [ 0.,  0.,  0.,  0.,  0.],
           [ 0., -1.,  0.,  1.,  0.],
           [ 0.,  0.,  0.,  0.,  0.]])
    """
    image = check_scalable(image)
    ndim = image.ndim
    columns_first = _check_hessian_order(order, ndim)
    if use_gaussian_derivatives is None:
        warnings.warn(
            "use_gaussian_derivatives currently defaults to False, but will change to"
            " True in a future version. Please specify this argument explicitly to"
            " maintain the current behavior",
            FutureWarning,
            stacklevel=2,
        )
    workers = check_workers(workers)
    cval = check_number(cval, "cval")
    derivative = None
    if use_gaussian_derivatives:
        if not 1 <= ndim <= ORDER_MOST:
            raise ValueError(
                f"`image` must have 1 to {ORDER_MOST} dimensions, got {ndim}"
            )
        smoothing, derivative = _gaussian_derivative_filters(
            sigma, border_codes(mode, ndim), ndim
        )
    else:
        _check_differentiable(image)
        smoothing = gaussian_filters(sigmas_for(sigma, ndim), border_codes(mode, ndim))
    run = _native.run(workers)
    return compute_outs(
        out,
        ndim * (ndim + 1) // 2,
        image.shape,
        stored_type(image),
        (image,),
        lambda planes: _hessian_matrix(
            image,
            smoothing,
            derivative,
            cval,
            int(columns_first and ndim == 2),
            _native.arrays(planes),
            run,
        ),
    )


def hessian_matrix_det(image, sigma=1, approximate=True, *, out=None, workers=None):
    """Compute the determinant of the Hessian.

    Parameters
    ----------
    image : array
        Grey values of any real type, 2 to 8 dimensions. Integers are scaled to [0, 1],
        signed ones to [-1, 1]; floating point is taken as it is.
    sigma : float, optional
        Standard deviation of the Gaussian in pixels (or one for each axis, where the
        determinant is exact). For box filters at least 1/3: their size is the integer
        part of 3 sigma.
    approximate : bool, optional
        In two dimensions: box filters on an integral image, as SURF has them, whose
        time does not depend on `sigma` and which are crude for `sigma` below 3. False,
        or more dimensions: the determinant of `hessian_matrix` by differences.
    out : array, optional
        Where the determinant is written; of its dtype, any strides.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    determinant : array
        Of the image's shape. float64 for box filters; else float32 for float16 and
        float32 images, and float64 for all others.

    Raises
    ------
    ValueError
        If `image` has no two dimensions, cannot be scaled, or has an axis too short for
        differences; if `sigma` is negative, not finite or too small for a box; if `out`
        does not fit; if `workers` is below 1.
    TypeError
        If `image` is a masked array.

    Notes
    -----
    The box filters are equal to those of `skimage.feature.hessian_matrix_det` (0.26.0)
    in the last bit: no box sum is below 0, and boxes are cut off at the border.

    References
    ----------
    H. Bay, A. Ess, T. Tuytelaars, L. Van Gool, "Speeded-Up Robust Features", Computer
    Vision and Image Understanding 110 (2008), 346-359.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> bowl = np.add.outer(np.arange(5.0) ** 2, 2 * np.arange(5.0) ** 2)
    >>> float(feature.hessian_matrix_det(bowl, sigma=0, approximate=False)[2, 2])
    8.0
    """
    image = check_scalable(image)
    workers = check_workers(workers)
    boxes = image.ndim == 2 and approximate
    if boxes:
        size, stored = _box_size(sigma), FLOAT64
    else:
        _check_differentiable(image)
        ndim = image.ndim
        borders = border_codes("constant", ndim)
        filters = gaussian_filters(sigmas_for(sigma, ndim), borders)
        stored = stored_type(image)
    run = _native.run(workers)

    def compute(determinant):
        if boxes:
            _hessian_matrix_det_boxes(image, size, determinant, run)
        else:
            _hessian_matrix_det(image, filters, determinant, run)

    return compute_out(out, image.shape, stored, (image,), compute)


def _box_size(sigma):
    number = check_number(sigma, "sigma")
    if not 1 <= 3 * number <= 3 * _BOX_SIGMA_MOST:
        raise error(ValueError, SystemError)(
            f"`sigma` must be from 1/3 to {_BOX_SIGMA_MOST:g} for box filters, got"
            f" {sigma}"
        )
    return int(3 * number)


def shape_index(image, sigma=1, mode="constant", cval=0, *, out=None, workers=None):
    """Say what the surface of grey values looks like around each pixel.

    Koenderink and van Doorn's number from -1 to 1, of the eigenvalues k1 >= k2 of the
    Hessian: 2 / pi arctan((k2 + k1) / (k2 - k1)).

    ======================  ================
    from, to                shape
    ======================  ================
    -1, -7/8                spherical cup
    -7/8, -5/8              trough
    -5/8, -3/8              rut
    -3/8, -1/8              saddle rut
    -1/8, 1/8               saddle
    1/8, 3/8                saddle ridge
    3/8, 5/8                ridge
    5/8, 7/8                dome
    7/8, 1                  spherical cap
    ======================  ================

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type. Integers are scaled to [0, 1], signed ones to
        [-1, 1]; floating point is taken as it is.
    sigma : float or pair of float, optional
        Standard deviation of the Gaussian in pixels, cut off at four sigma.
    mode : {'constant', 'nearest', 'reflect', 'mirror', 'wrap'} or pair, optional
        What the Gaussian finds beyond the border.
    cval : float, optional
        The value beyond the border for 'constant'.
    out : (rows, cols) array, optional
        Where the index is written; of its dtype, any strides.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    index : (rows, cols) array
        NaN where the surface is flat. float32 for float16 and float32 images, else
        float64.

    Raises
    ------
    ValueError
        If `image` has not two dimensions, an axis shorter than 2, or cannot be scaled;
        if `sigma` is negative, not finite or of another length; if `mode` is unknown;
        if `out` does not fit; if `workers` is below 1.
    TypeError
        If `image` is a masked array.

    References
    ----------
    J. J. Koenderink, A. J. van Doorn, "Surface shape and curvature scales", Image and
    Vision Computing 10 (1992), 557-564. DOI 10.1016/0262-8856(92)90076-F

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> saddle = np.subtract.outer(np.arange(5.0) ** 2, np.arange(5.0) ** 2)
    >>> abs(float(feature.shape_index(saddle, sigma=0)[2, 2]))
    0.0
    """
    image = check_scalable(image)
    if image.ndim != 2:
        raise error(ValueError, IndexError, TypeError)(
            "The parameter `image` must be a 2-dimensional array, got one of"
            f" {image.ndim} dimensions"
        )
    workers = check_workers(workers)
    filters = gaussian_filters(sigmas_for(sigma), border_codes(mode))
    _check_differentiable(image)
    cval = check_number(cval, "cval")
    run = _native.run(workers)
    return compute_out(
        out,
        image.shape,
        stored_type(image),
        (image,),
        lambda index: _shape_index(image, filters, cval, index, run),
    )
