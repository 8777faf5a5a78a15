# SPDX-License-Identifier: BSD-3-Clause
"""Edges: Canny's detector. The method is told at the top of edges.c."""

import numpy as np

from . import _memory, _native
from ._arguments import (
    BOOL,
    as_array,
    check_2d,
    check_number,
    check_workers,
    compared_with,
    compute_out,
    error,
    stored_type,
)
from ._smoothing import Filter, border_codes, gaussian_filters, sigmas_for


class _Parameters(_native.Structure):
    """feature_canny_parameters."""

    _fields_ = [
        ("axis", Filter * 2),
        ("cval", _native.float64),
        ("normalize", _native.int32),
        ("low", _native.float32),
        ("high", _native.float64),
    ]


_SIGNATURE = (
    _native.Array,
    _native.Array,
    _native.pointer_to(_Parameters),
    _native.Array,
    _native.Run,
)
_canny = _native.function("feature_canny", *_SIGNATURE)
_canny_magnitude = _native.function("feature_canny_magnitude", *_SIGNATURE)

# The largest value of each type of image, which thresholds are divided by.
_LARGEST: dict = {np.dtype(bool): True} | {
    np.dtype(name): np.iinfo(name).max
    for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32")
}
_LARGEST |= {np.dtype(name): 1 for name in ("float16", "float32", "float64")}

_MASK_HINT = "pass `image.data` and `mask=~numpy.ma.getmaskarray(image)`"


def _check_image(image):
    given, image = image, as_array(image, "image", _MASK_HINT)
    if image.dtype.kind in "OUS" and image is not given:
        raise error(TypeError, AttributeError)(
            f"`image` must be an array of numbers, got {given!r:.60}"
        )
    if image.dtype.kind in "iu" and image.dtype.itemsize == 8:
        raise ValueError("64-bit integer images are not supported")
    check_2d(image)
    if image.dtype not in _LARGEST:
        raise error(TypeError, KeyError)(
            "`image` must be of bool, integers up to 32 bits, or float16, float32 or"
            f" float64, got {image.dtype}"
        )
    return image


def _check_mask(mask, image):
    if mask is None:
        return None
    mask = as_array(mask, "mask", "pass `mask.filled(False)`").astype(bool, copy=False)
    if mask.shape != image.shape:
        raise error(ValueError, IndexError, RuntimeError)(
            f"`mask` must have the shape of `image`, {image.shape}, got {mask.shape}"
        )
    return mask


def _threshold(value, name, default, use_quantiles, largest):
    if value is None:
        return default
    check_number(value, name)
    if not use_quantiles:
        return value / largest
    if not 0.0 <= value <= 1.0:
        raise ValueError("Quantile thresholds must be between 0 and 1.")
    return value


def canny(
    image,
    sigma=1.0,
    low_threshold=None,
    high_threshold=None,
    mask=None,
    use_quantiles=False,
    *,
    mode="constant",
    cval=0.0,
    out=None,
    workers=None,
):
    """Find edges with Canny's method.

    Gaussian smoothing, Sobel gradients, thinning to the maxima across the edge, and
    hysteresis: weak maxima count where they are connected to a strong one.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values: bool, integers up to 32 bits, float16, float32 or float64. Integers
        are scaled to [0, 1], signed ones to [-1, 1]; floating point is taken as it is.
    sigma : float or pair of float, optional
        Standard deviation of the Gaussian in pixels, or one for each axis. It is cut
        off at four sigma; 0 means no smoothing.
    low_threshold, high_threshold : float, optional
        Bounds of the gradient magnitude for weak and strong maxima, in the units of
        `image` (they are divided by the largest value of an integer type). The
        magnitude is that of Sobel's operator with gain 8. Where they are not given,
        0.1 and 0.2 on the scaled image, or as quantiles.
    mask : (rows, cols) array of bool, optional
        True where `image` counts. Pixels that touch others are no edges.
    use_quantiles : bool, optional
        Take the thresholds as quantiles, 0 to 1, of the magnitudes of the whole image.
    mode : {'constant', 'nearest', 'reflect', 'mirror', 'wrap'} or pair, optional
        What the Gaussian finds beyond the border. With 'constant' (and with a mask)
        the result is divided by the share of the Gaussian that lay inside.
    cval : float, optional
        The value beyond the border for 'constant'.
    out : (rows, cols) array of bool, optional
        Where the result is written; any strides. It may share memory with `image`.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.
        The result does not depend on it.

    Returns
    -------
    edges : (rows, cols) array of bool
        True on edges; `out` where that is given. Always False on the outermost pixels.

    Raises
    ------
    ValueError
        If `image` is empty, not 2-dimensional or of 64-bit integers; if a quantile is
        outside [0, 1] or the low threshold exceeds the high one; if `sigma` is negative
        or not finite; if `mode` is unknown; if `mask` or `out` do not fit; if `workers`
        is below 1.
    TypeError
        If `image` is of another dtype or a masked array.

    Notes
    -----
    The result equals that of `skimage.feature.canny` (0.26.0) in every pixel. In the
    storage type of the reference (float32 for float16 and float32 images, else float64)
    each step has its order of operations; a comparison is made in float32 first and
    repeated exactly where that is too close to call. NaN and infinite pixels spread
    as far as the Gaussian reaches; no edge is found there.

    References
    ----------
    J. Canny, "A Computational Approach to Edge Detection", IEEE Transactions on Pattern
    Analysis and Machine Intelligence 8 (1986), 679-714. DOI 10.1109/TPAMI.1986.4767851

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> square = np.zeros((7, 7))
    >>> square[2:5, 2:5] = 1
    >>> feature.canny(square, sigma=0.5).astype(int)
    array([[0, 0, 0, 0, 0, 0, 0],
           [0, 0, 0, 1, 0, 0, 0],
           [0, 0, 1, 0, 1, 0, 0],
           [0, 1, 0, 0, 0, 1, 0],
           [0, 0, 1, 0, 1, 0, 0],
           [0, 0, 0, 1, 0, 0, 0],
           [0, 0, 0, 0, 0, 0, 0]])
    """
    image = _check_image(image)
    workers = check_workers(workers)
    largest = _LARGEST[image.dtype]
    low = _threshold(low_threshold, "low_threshold", 0.1, use_quantiles, largest)
    high = _threshold(high_threshold, "high_threshold", 0.2, use_quantiles, largest)
    if high < low:
        raise ValueError("low_threshold should be lower then high_threshold")
    normalize = isinstance(mode, str) and mode == "constant" or mask is not None
    mask = _check_mask(mask, image)
    check_number(cval, "cval")
    filters = gaussian_filters(sigmas_for(sigma), border_codes(mode))
    parameters = _Parameters(filters, cval, normalize)
    run = _native.run(workers)

    stored = stored_type(image)
    if use_quantiles:
        magnitude = _memory.empty(image.shape, stored)
        _canny_magnitude(image, mask, parameters, magnitude, run)
        low, high = np.percentile(
            magnitude, [100.0 * low, 100.0 * high], overwrite_input=True
        )
    # The reference compares with a float32, and takes 0 for "anything above 0".
    parameters.low = low
    if parameters.low == 0:
        parameters.low = 1e-14
    parameters.high = compared_with(high, stored)
    return compute_out(
        out,
        image.shape,
        BOOL,
        (image, mask),
        lambda edges: _canny(image, mask, parameters, edges, run),
    )
