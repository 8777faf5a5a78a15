# SPDX-License-Identifier: BSD-3-Clause
"""Intensity, edges and texture at several scales: multiscale.c."""

import operator

import numpy as np

from . import _memory, _native
from ._arguments import (
    FLOAT32,
    MASK_HINT,
    as_array,
    check_number,
    check_workers,
    compute_out,
    error,
)
from ._smoothing import Filter, border_codes, gaussian_filters, sigmas_for


class _Parameters(_native.Structure):
    """feature_multiscale_parameters."""

    _fields_ = [
        ("scales", _native.pointer_to(Filter)),
        ("count", _native.int32),
        ("intensity", _native.int32),
        ("edges", _native.int32),
        ("texture", _native.int32),
    ]


_multiscale_basic_features = _native.function(
    "feature_multiscale_basic_features",
    _native.Array,
    _native.pointer_to(_Parameters),
    _native.Array,
    _native.Run,
)

_AXES_MOST = 8
_SCALES_MOST = 1 << 16
_TYPES = "?bBhHiIlLqQefd"  # those that scikit-image converts to float32


def multiscale_basic_features(
    image,
    intensity=True,
    edges=True,
    texture=True,
    sigma_min=0.5,
    sigma_max=16,
    num_sigma=None,
    workers=None,
    *,
    channel_axis=None,
    out=None,
):
    """Describe each pixel by intensity, edges and texture at several scales.

    At each scale the image is smoothed by a Gaussian, beyond the border the nearest
    pixel. Features are the smoothed image; the magnitude of its gradient by Sobel's
    operator (root of the mean square along all axes); the eigenvalues of its Hessian
    by differences, in decreasing order. They are what a classifier of pixels, such as
    a random forest, learns from.

    Parameters
    ----------
    image : (..., rows, cols) array
        Grey values of any real type, up to eight axes beside that of the channels.
        Integers are scaled to [0, 1], signed ones to [-1, 1]; floating point is taken
        as it is. All is computed in float32.
    intensity, edges, texture : bool, optional
        Which features are made, at least one.
    sigma_min, sigma_max : float, optional
        Standard deviations of the smallest and the largest Gaussian in pixels, each
        cut off at four sigma.
    num_sigma : int, optional
        Number of scales, from the smallest to the largest in equal ratios. By default
        as many as there are powers of two from `sigma_min` to `sigma_max`, both ends
        counted.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.
    channel_axis : int, optional
        Which axis of `image` counts channels; by default none does.
    out : array of float32, optional
        Where the features are written; of their shape, any strides.

    Returns
    -------
    features : (..., rows, cols, number of features) array of float32
        Channel after channel, of each scale after scale, at each intensity, edges and
        texture (as many planes as the image has axes).

    Raises
    ------
    ValueError
        If no feature is asked for; if `image` cannot be scaled, has too many axes, no
        channel, or for texture fewer than two axes or one shorter than 2; if
        `channel_axis` is not one of its axes; if a sigma is not above 0 or not finite;
        if there is no scale; if `out` does not fit; if `workers` is below 1.
    TypeError
        If `image` is a masked array, or a number is not one.

    References
    ----------
    S. Berg et al., "ilastik: interactive machine learning for (bio)image analysis",
    Nature Methods 16 (2019), 1226-1232. DOI 10.1038/s41592-019-0582-9

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> step = np.zeros((8, 8))
    >>> step[:, 4:] = 1
    >>> features = feature.multiscale_basic_features(step, sigma_min=1, sigma_max=2)
    >>> features.shape
    (8, 8, 8)
    >>> edges = features[4, :, 1]  # sigma 1, the fifth row
    >>> sorted(int(column) for column in edges.argsort()[-2:])
    [3, 4]
    """
    wanted = bool(intensity), bool(edges), bool(texture)
    if not any(wanted):
        raise ValueError(
            "At least one of `intensity`, `edges` or `textures`"
            "must be True for features to be computed."
        )
    image = as_array(image, "image", MASK_HINT)
    channels = _channels(image, channel_axis)
    if image.dtype.char not in _TYPES:
        kind = error(ValueError, TypeError)
        raise kind(f"Cannot convert from {image.dtype} to float32.")
    shape = channels.shape[1:]
    _check_axes(shape, wanted[2])
    sigmas = _sigmas(sigma_min, sigma_max, num_sigma)
    workers = check_workers(workers)
    each = len(sigmas) * (wanted[0] + wanted[1] + wanted[2] * len(shape))
    filters = gaussian_filters(sigmas, border_codes("nearest", len(sigmas)))
    parameters = _Parameters(filters, len(sigmas), *wanted)
    run = _native.run(workers)

    def compute(features):
        if not features.size:
            return
        if features.strides[-1] != features.itemsize and features.shape[-1] > 1:
            whole = _memory.empty(features.shape, features.dtype)
            compute(whole)
            features[...] = whole
            return
        for number, channel in enumerate(channels):
            part = features[..., number * each : (number + 1) * each]
            _multiscale_basic_features(channel, parameters, part, run)

    shape = (*shape, len(channels) * each)
    return compute_out(out, shape, FLOAT32, (image,), compute)


def _channels(image, channel_axis):
    """The channels of `image`, along the first axis."""
    if channel_axis is None:
        return image.reshape(1, *(image.shape or (1,)))
    if not hasattr(channel_axis, "__index__"):
        raise error(TypeError, ValueError, IndexError)(
            f"`channel_axis` must be an integer or None, got {channel_axis!r}"
        )
    axis = operator.index(channel_axis)
    if not -image.ndim <= axis < image.ndim:
        raise error(ValueError, IndexError)(
            f"`channel_axis` {axis} is out of bounds for an image of {image.ndim} axes"
        )
    channels = np.moveaxis(image, axis, 0)
    if not len(channels):
        raise ValueError(f"`image` has no channel along `channel_axis` {axis}")
    return channels.reshape(-1, 1) if channels.ndim == 1 else channels


def _check_axes(shape, texture):
    if len(shape) > _AXES_MOST:
        raise ValueError(
            f"`image` must have at most {_AXES_MOST} axes beside that of the channels,"
            f" got {len(shape)}"
        )
    if texture and (len(shape) < 2 or min(shape) < 2):
        raise error(ValueError, IndexError)(
            "`image` must have at least two axes, and each at least 2 elements, for"
            f" `texture`: its shape is {shape}"
        )


def _sigmas(sigma_min, sigma_max, num_sigma):
    """The standard deviations, computed as the reference does."""
    for name, value in (("sigma_min", sigma_min), ("sigma_max", sigma_max)):
        if np.ndim(value) or np.iscomplexobj(value):
            raise error(TypeError, RuntimeError)(
                f"`{name}` must be a real number, got {value!r}"
            )
        number = check_number(value, name)
        if not 0 < number < np.inf:
            raise error(ValueError, OverflowError)(
                f"`{name}` must be above 0 and finite, got {value}"
            )
    if num_sigma is None:
        num_sigma = int(np.log2(sigma_max) - np.log2(sigma_min) + 1)
        if num_sigma < 1:
            raise ValueError(
                f"there is no scale from `sigma_min` {sigma_min} to `sigma_max`"
                f" {sigma_max}: pass `num_sigma`"
            )
    elif not hasattr(num_sigma, "__index__"):
        raise TypeError(f"`num_sigma` must be an integer or None, got {num_sigma!r}")
    count = operator.index(num_sigma)
    if not 1 <= count <= _SCALES_MOST:
        raise ValueError(
            f"`num_sigma` must be from 1 to {_SCALES_MOST}, got {num_sigma}"
        )
    ends = np.log2(sigma_min), np.log2(sigma_max)
    sigmas = np.logspace(*ends, num=count, base=2, endpoint=True)
    return sigmas_for(sigmas, count)
