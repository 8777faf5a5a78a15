# SPDX-License-Identifier: BSD-3-Clause
"""Corner points: FAST, Moravec, and what is done around given corners.

Told at the top of corner_points.c and of corner_patches.c.
"""

import operator

import numpy as np

from . import _memory, _native
from ._arguments import (
    as_array,
    check_2d,
    check_count,
    check_index,
    check_number,
    check_out,
    check_workers,
    compute_into,
    compute_out,
    error,
    stored_type,
)
from ._quantiles import f_quantile

_corner_fast = _native.function(
    "feature_corner_fast",
    _native.Array,
    _native.int32,
    _native.float64,
    _native.Array,
    _native.Run,
)
_corner_moravec = _native.function(
    "feature_corner_moravec",
    _native.Array,
    _native.size,
    _native.Array,
    _native.Run,
)
_corner_orientations = _native.function(
    "feature_corner_orientations",
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Run,
)
_corner_subpix = _native.function(
    "feature_corner_subpix",
    _native.Array,
    _native.Array,
    _native.size,
    _native.float64,
    _native.float64,
    _native.Array,
    _native.Run,
)

_ARC_MOST = 127  # the reference counts in signed bytes


def _check_grey(image, squeeze):
    """A 2-D image of a type that C reads, or of an emptied shape."""
    image = as_array(image, "image", "pass its data")
    if squeeze:
        image = np.squeeze(image) if 1 in image.shape else image
        check_2d(image)
    if image.dtype.kind not in "biuf":
        raise error(ValueError, TypeError)(
            f"Cannot convert from {image.dtype} to float64."
        )
    if image.ndim != 2:
        raise error(ValueError, TypeError)(
            f"`image` must be a 2-dimensional array, got {image.ndim} dimensions"
        )
    return image.astype(np.float64) if image.dtype.itemsize > 8 else image


def _respond(image, out, compute):
    """compute(out), by way of another array where a row of `out` has gaps."""
    if out is None:
        return compute_out(None, image.shape, stored_type(image), (image,), compute)
    out = check_out(out, image.shape, stored_type(image))
    if out.size == 0:
        return out
    if out.strides[1] == out.itemsize or out.shape[1] == 1:
        return compute_into(out, (image,), compute)
    fresh = _memory.empty(out.shape, out.dtype)
    compute(fresh)
    out[...] = fresh
    return out


def check_arc(n, name="n"):
    """The length of FAST's arc as an int."""
    try:
        arc = int(n) if isinstance(n, (float, np.floating)) else operator.index(n)
    except (TypeError, ValueError, OverflowError):
        raise error(TypeError, ValueError, OverflowError)(
            f"`{name}` must be a whole number, got {n!r}"
        ) from None
    if not -_ARC_MOST - 1 <= arc <= _ARC_MOST:
        raise error(ValueError, OverflowError)(
            f"`{name}` must be at most {_ARC_MOST}, got {n}"
        )
    return arc


def corner_fast(image, n=12, threshold=0.15, *, out=None, workers=None):
    """Find corners by the FAST segment test.

    A pixel is a corner where at least `n` pixels in a row, of the 16 on a circle of
    radius 3 around it, are all brighter than it by more than `threshold` or all darker.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type; axes of length 1 are dropped. Integers are scaled
        to [0, 1], signed ones to [-1, 1]; floating point is taken as it is.
    n : int, optional
        Length of the arc, at most 127. From 12 on three of the four pixels above,
        below, left and right must pass too. Above 16 the whole circle must; below 1
        there is no corner.
    threshold : float, optional
        In the units of the scaled image.
    out : (rows, cols) array, optional
        Where the result is written; any strides. It may share memory with `image`.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    response : (rows, cols) array of float32 or float64
        The sum of the absolute differences between a corner and the 16 pixels, 0
        elsewhere and on the outermost three pixels. float32 for float16 and float32
        images, else float64; `out` where that is given.

    Raises
    ------
    ValueError
        If `image` is empty, not 2-dimensional or complex, `n` is larger than 127, `out`
        does not fit, or `workers` is below 1.
    TypeError
        If `image` is a masked array, or `n` or `threshold` is no number.

    Notes
    -----
    The result equals that of `skimage.feature.corner_fast` (0.26.0) in every bit.
    uint8 images are compared as bytes.

    References
    ----------
    E. Rosten and T. Drummond, "Machine Learning for High-Speed Corner Detection",
    European Conference on Computer Vision (2006), 430-443.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> square = np.zeros((12, 12))
    >>> square[3:9, 3:9] = 1
    >>> feature.corner_peaks(feature.corner_fast(square, 9), min_distance=1)
    array([[3, 3],
           [3, 8],
           [8, 3],
           [8, 8]])
    """
    image = _check_grey(image, squeeze=True)
    workers = check_workers(workers)
    threshold = check_number(threshold, "threshold")
    arc = check_arc(n)
    if arc < 1:
        out = check_out(out, image.shape, stored_type(image))
        out[...] = 0
        return out
    run = _native.run(workers)
    return _respond(
        image, out, lambda to: _corner_fast(image, min(arc, 16), threshold, to, run)
    )


def corner_moravec(image, window_size=1, *, out=None, workers=None):
    """Compute Moravec's corner response.

    How much the window around a pixel differs at least from the same window moved
    along both axes: the smallest sum of squared differences.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type. Integers are scaled to [0, 1], signed ones to
        [-1, 1]; floating point is taken as it is.
    window_size : int, optional
        Half the side of the window (which is ``2 * window_size + 1``), and the largest
        move along an axis. Moves along one axis only are left out.
    out : (rows, cols) array, optional
        Where the result is written; any strides. It may share memory with `image`.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    response : (rows, cols) array of float32 or float64
        0 nearer than ``2 * window_size`` to the border. float32 for float16 and float32
        images, else float64; `out` where that is given. For a window of 0 there is no
        move, and all pixels are the largest number of float64 (infinity in float32).

    Raises
    ------
    ValueError
        If `image` is not 2-dimensional or complex, `window_size` is negative, `out`
        does not fit, or `workers` is below 1.
    TypeError
        If `image` is a masked array, or `window_size` is no integer.

    Notes
    -----
    The result equals that of `skimage.feature.corner_moravec` (0.26.0) in every bit.

    References
    ----------
    H. Moravec, "Obstacle avoidance and navigation in the real world by a seeing robot
    rover", Carnegie-Mellon University (1980).

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> square = np.zeros((7, 7))
    >>> square[3, 3] = 1
    >>> feature.corner_moravec(square)[2:5, 2:5]
    array([[1., 1., 1.],
           [1., 2., 1.],
           [1., 1., 1.]])
    """
    image = _check_grey(image, squeeze=False)
    workers = check_workers(workers)
    window = check_index(window_size, "window_size")
    if window < 0:
        raise ValueError(f"`window_size` must not be negative, got {window_size}")
    window = min(window, max(image.shape))
    run = _native.run(workers)
    return _respond(image, out, lambda to: _corner_moravec(image, window, to, run))


def _check_corners(corners, image):
    corners = as_array(corners, "corners", "pass its data")
    if corners.ndim != 2 or corners.shape[1] != 2:
        raise error(ValueError, TypeError)(
            f"`corners` must have shape (K, 2), got {corners.shape}"
        )
    if corners.dtype.kind not in "biu" or corners.dtype.char in "LQ":
        raise ValueError(f"`corners` must be of integers, got {corners.dtype}")
    return _as_int64(corners, image)


def _as_int64(corners, image):
    """The same corners; C looks whether those that are so already are inside."""
    if corners.dtype.char in "lq":
        return corners
    _check_inside(corners, image)
    return corners.astype(np.int64)


def _check_inside(corners, image):
    """Refuses corners beyond the border."""
    for axis, length in enumerate(image.shape if len(corners) else ()):
        along = corners[:, axis]
        if along.min() < 0 or along.max() >= length:
            raise error(ValueError, IndexError)(
                f"`corners` must lie within the image, whose shape is {image.shape}"
            )


def corner_orientations(image, corners, mask, *, out=None, workers=None):
    """Compute the orientation of corners.

    The direction from a corner to the centroid of the intensities that the mask, its
    middle on the corner, shows.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type; axes of length 1 are dropped. Integers are scaled
        to [0, 1], signed ones to [-1, 1]; floating point is taken as it is.
    corners : (K, 2) array of int
        Row and column of each corner, within the image.
    mask : 2-D array
        Not 0 where pixels count; sides must be odd. Beyond the border pixels are 0.
    out : (K,) array, optional
        Where the angles are written.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    orientations : (K,) array of float32 or float64
        Angles in radians, -pi to pi: 0 along a row to the right, pi / 2 down. float32
        for float16 and float32 images, else float64.

    Raises
    ------
    ValueError
        If `image` is empty, not 2-dimensional or complex, `corners` are no integers,
        have another shape or lie outside, a side of `mask` is even, `out` does not fit,
        or `workers` is below 1.
    TypeError
        If an argument is a masked array.

    Notes
    -----
    Equals `skimage.feature.corner_orientations` (0.26.0) up to the rounding of the
    arctangent. There a mask that is not square is displaced, and corners of shape
    (K, 1) read foreign memory; here the first is right and the second is refused.

    References
    ----------
    P. Rosin, "Measuring Corner Properties", Computer Vision and Image Understanding 73
    (1999), 291-307.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> square = np.zeros((12, 12))
    >>> square[3:9, 3:9] = 1
    >>> angles = feature.corner_orientations(square, [[3, 3], [8, 8]], np.ones((5, 5)))
    >>> np.rad2deg(angles)
    array([  45., -135.])
    """
    image = _check_grey(image, squeeze=True)
    workers = check_workers(workers)
    mask = as_array(mask, "mask", "pass `mask.filled(0)`")
    if mask.ndim != 2:
        raise error(ValueError, TypeError, IndexError)(
            f"`mask` must be 2-dimensional, got {mask.ndim} dimensions"
        )
    if mask.shape[0] % 2 != 1 or mask.shape[1] % 2 != 1:
        raise ValueError("Size of mask must be uneven.")
    corners = _check_corners(corners, image)
    mask, run = mask != 0, _native.run(workers)

    def compute(angles):
        try:
            _corner_orientations(image, corners, mask, angles, run)
        except ValueError:
            _check_inside(corners, image)
            raise

    shape, stored = (len(corners),), stored_type(image)
    return compute_out(out, shape, stored, (image, corners), compute)


_WINDOW_MOST = 2**15  # side of a window: the memory for it grows with its square
_NEARLY_WHOLE = 1e-3  # so far may corners be from a pixel


def _check_whole(corners, image, reach):
    """Corners near a pixel as int64; the reference adds `reach`, and says so."""
    corners = as_array(corners, "corners", "pass its data")
    if corners.dtype.kind not in "biuf":
        raise error(TypeError, ValueError)(
            f"`corners` must be numbers, got {corners.dtype}"
        )
    if corners.dtype.kind == "f":
        moved = corners + reach
        nearest = np.round(moved)
        with np.errstate(invalid="ignore"):
            whole = np.abs(moved - nearest) <= _NEARLY_WHOLE
        if not whole.all():
            raise ValueError(
                f"Integer argument required but received {moved}, check inputs."
            )
        corners = nearest - reach
    if len(corners) == 0:
        return corners.astype(np.int64)
    if corners.ndim != 2 or corners.shape[1] != 2:
        raise error(ValueError, TypeError)(
            f"`corners` must have shape (K, 2), got {corners.shape}"
        )
    return _as_int64(corners, image)


def _check_unscaled(image):
    """A 2-D image of numbers that C reads."""
    image = as_array(image, "image", "pass its data")
    if image.dtype.kind == "c":
        raise ValueError("complex valued input is not supported")
    if image.dtype.kind not in "biuf":
        raise error(TypeError, ValueError, AttributeError)(
            f"`image` must be of numbers, got {image.dtype}"
        )
    if image.ndim != 2:
        raise error(ValueError, TypeError, IndexError)(
            f"`image` must be a 2-dimensional array, got {image.ndim} dimensions"
        )
    return image.astype(np.float64) if image.dtype.itemsize > 8 else image


def corner_subpix(
    image, corners, window_size=11, alpha=0.99, *, out=None, workers=None
):
    """Find where corners lie between pixels.

    In a window around each corner two models are fitted to the gradients: two edges
    that meet in a point, and a dot, a point that all gradients point to or away from.
    The quotient of what both leave unexplained decides by a statistical test.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type, taken as they are; 0 beyond the border.
    corners : (K, 2) array
        Row and column of each corner, within the image: whole numbers, or no farther
        than 0.001 from one.
    window_size : int, optional
        Side of the window, at least 1. An even one gives the window of the odd number
        below it (the test counts with the number given).
    alpha : float, optional
        Confidence of the test, 0 to 1: the larger, the more corners are not classified.
    out : (K, 2) array, optional
        Where the positions are written.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    positions : (K, 2) array of float32 or float64
        Row and column in pixels, those of whole numbers being centres of pixels; NaN
        for corners that the test leaves open, and where no point is defined (a
        constant window, a straight edge, NaN or infinite pixels). float32 for
        float16 and float32 images, else float64.

    Raises
    ------
    ValueError
        If `image` is not 2-dimensional or complex, `corners` are no whole numbers, have
        another shape or lie outside, `out` does not fit, `window_size` is below 1
        or above 32,768, or `workers` is below 1.
    TypeError
        If an argument is a masked array or not of numbers, or `window_size` is no
        integer.

    Notes
    -----
    Equals `skimage.feature.corner_subpix` (0.26.0), which refuses corners in the first
    and last row and column; here these have what its documentation says.

    References
    ----------
    W. Förstner and E. Gülch, "A fast operator for detection and precise location of
    distinct points, corners and centres of circular features", ISPRS Intercommission
    Conference on Fast Processing of Photogrammetric Data (1987), 281-305.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.zeros((10, 10))
    >>> image[:5, :5] = image[5:, 5:] = 1
    >>> corners = feature.corner_peaks(feature.corner_harris(image), min_distance=2)
    >>> feature.corner_subpix(image, corners, window_size=7)
    array([[4.5, 4.5]])
    """
    image = _check_unscaled(image)
    workers = check_workers(workers)
    window = check_count(window_size, "window_size", 1)
    alpha = check_number(alpha, "alpha")
    if window > _WINDOW_MOST:
        raise error(ValueError, MemoryError, TypeError)(
            f"`window_size` must be at most {_WINDOW_MOST}, got {window_size}"
        )
    corners = _check_whole(corners, image, (window - 1) // 2)
    out = check_out(out, corners.shape, stored_type(image))
    if len(corners) == 0:
        return out
    freedom = window**2 - 2
    edge_below = f_quantile(1 - alpha, freedom)
    dot_above = f_quantile(1 - (1 - alpha), freedom)  # rounded as in the reference
    run = _native.run(workers)

    def compute(positions):
        how = window, edge_below, dot_above
        try:
            _corner_subpix(image, corners, *how, positions, run)
        except ValueError:
            _check_inside(corners, image)
            raise

    return compute_into(out, (image, corners), compute)
