# SPDX-License-Identifier: BSD-3-Clause
"""Peaks: local maxima, and those of corner measures. Told at the top of peaks.c."""

import math
import sys
import warnings

import numpy as np

from . import _memory, _native
from ._arguments import (
    as_array,
    check_number,
    check_workers,
    compared_with,
    error,
    is_integer,
)


class _Parameters(_native.Structure):
    """feature_peaks_parameters."""

    _fields_ = [
        ("least", _native.address),
        ("sides", _native.address),
        ("border", _native.address),
        ("distance", _native.float64),
        ("p_norm", _native.float64),
        ("most", _native.size),
        ("most_per_label", _native.size),
        ("corner_p_norm", _native.float64),
        ("corner_distance", _native.float64),
        ("corner_most", _native.size),
        ("has_nan", _native.int32),
    ]


_peak_local_max = _native.function(
    "feature_peak_local_max",
    _native.Array,
    _native.Array,
    _native.Array,
    _native.pointer_to(_Parameters),
    _native.size,
    _native.address,
    _native.pointer_to(_native.size),
    _native.Run,
)

_AXES = 32
_SIDE_MOST = 2**40
_TYPES = "bBhHiIlLqQefd"


# ---------------------------------------------------------------------------
# Arguments
# ---------------------------------------------------------------------------


def _check_image(image):
    image = as_array(image, "image", "pass its data")
    if image.dtype.char == "?":
        raise error(TypeError, ValueError)(
            "`image` must not be bool, which has no order of intensities: pass"
            " `image.astype(numpy.uint8)`"
        )
    if image.dtype.char not in _TYPES:
        raise error(TypeError, ValueError, RuntimeError, AttributeError)(
            "`image` must be of integers, or float16, float32 or float64, got"
            f" {image.dtype}"
        )
    if not 1 <= image.ndim <= _AXES:
        raise ValueError(f"`image` must have 1 to {_AXES} dimensions, got {image.ndim}")
    return image


def _check_distance(min_distance):
    distance = check_number(min_distance, "min_distance")
    if not 0 <= distance < _SIDE_MOST:
        raise error(ValueError, TypeError)(
            f"`min_distance` must be a number from 0 to 2**40, got {min_distance}"
        )
    return distance


def _border_widths(distance, exclude_border, ndim):
    """How far peaks must be from the border along each axis."""
    if isinstance(exclude_border, (bool, np.bool_)):
        return (int(distance) if exclude_border else 0,) * ndim
    if is_integer(exclude_border):
        if exclude_border < 0:
            raise ValueError("`exclude_border` cannot be a negative value")
        return (min(int(exclude_border), _SIDE_MOST),) * ndim
    if not isinstance(exclude_border, tuple):
        raise TypeError(
            "`exclude_border` must be bool, int, or tuple with the same "
            "length as the dimensionality of the image."
        )
    if len(exclude_border) != ndim:
        raise ValueError(
            "`exclude_border` should have the same length as the "
            "dimensionality of the image."
        )
    for width in exclude_border:
        if not is_integer(width):
            raise ValueError(
                "`exclude_border`, when expressed as a tuple, must only contain ints."
            )
        if width < 0:
            raise ValueError("`exclude_border` can not be a negative value")
    return tuple(min(int(width), _SIDE_MOST) for width in exclude_border)


def _threshold(image, threshold_abs, threshold_rel, labels):
    """The number that peaks must exceed, in the type that the comparison uses; None
    for the smallest of the image where C can find it while it reads."""
    for name, value in (
        ("threshold_abs", threshold_abs),
        ("threshold_rel", threshold_rel),
    ):
        if value is not None:
            check_number(value, name)
    if threshold_abs is None and threshold_rel is None and labels is None:
        if image.size and image.dtype.char in "fd":
            return None
    threshold = threshold_abs if threshold_abs is not None else image.min()
    if threshold_rel is not None:
        try:
            threshold = max(threshold, threshold_rel * image.max())
        except OverflowError:
            raise error(ValueError, OverflowError)(
                f"`threshold_rel` {threshold_rel} is no {image.dtype}"
            ) from None
    return threshold


def _least_above(threshold, dtype):
    """The smallest value of `dtype` that exceeds the threshold; None: there is none."""
    if not threshold < np.inf:
        return None
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            bound = compared_with(threshold, dtype)
            value = dtype.type(bound)
            if not value > bound:
                value = np.nextafter(value, dtype.type(np.inf))
        return value if np.isfinite(value) or value > bound else None
    limits = np.iinfo(dtype)
    if not dtype.type(limits.max) > threshold:
        return None
    if dtype.type(limits.min) > threshold:
        return dtype.type(limits.min)
    if is_integer(threshold):
        return dtype.type(int(threshold) + 1)  # math.floor goes through a double
    if dtype.itemsize < 8:
        return dtype.type(math.floor(threshold) + 1)
    low, high = int(limits.min), int(limits.max)  # high exceeds it, low does not
    while high - low > 1:
        middle = (low + high) // 2
        if dtype.type(middle) > threshold:
            high = middle
        else:
            low = middle
    return dtype.type(high)


def _window(footprint, distance, image):
    """(sides, footprint): the window's sides, and its pixels where it is no box."""
    if footprint is None:
        return (min(math.floor(2 * distance + 1), _SIDE_MOST),) * image.ndim, None
    footprint = as_array(footprint, "footprint", "pass its data")
    if footprint.size == 1 or image.size == 1:
        return (1,) * image.ndim, None
    footprint = footprint.astype(bool, copy=False)
    if not footprint.any():
        raise error(ValueError, RuntimeError)("All-zero footprint is not supported.")
    if footprint.ndim != image.ndim:
        raise error(ValueError, RuntimeError)(
            f"`footprint` must have {image.ndim} dimensions as `image`, got"
            f" {footprint.ndim}"
        )
    return footprint.shape, None if footprint.all() else footprint


def _check_labels(labels, image):
    """Labels as int32 or int64, made small where sparse; None when there are none."""
    if labels is None:
        return None
    labels = as_array(labels, "labels", "pass `labels.filled(0)`")
    if labels.dtype.kind not in "biu" or labels.dtype == np.uint64:
        raise TypeError(
            f"`labels` must be of integers that fit int64, got {labels.dtype}"
        )
    if labels.shape != image.shape:
        raise error(ValueError, IndexError)(
            f"`labels` must have the shape of `image`, {image.shape},"
            f" got {labels.shape}"
        )
    small = np.can_cast(labels.dtype, np.int32)
    labels = labels.astype(np.int32 if small else np.int64, copy=False)
    if labels.size and labels.max() > 4 * labels.size + 1024:
        values, numbers = np.unique(labels, return_inverse=True)
        shift = np.count_nonzero(values <= 0) - 1
        labels = (numbers.reshape(labels.shape) - shift).astype(np.int64)
    return labels


def _check_count(value, name):
    """A number of peaks; as many as there are for None and infinity."""
    if value is None:
        return sys.maxsize
    if is_integer(value) and value >= 0:
        return min(int(value), sys.maxsize)
    number = check_number(value, name)
    if math.isinf(number) and number > 0 or math.isnan(number):
        return sys.maxsize
    if number < 0:
        raise ValueError(f"`{name}` must not be negative, got {value}")
    if not number.is_integer():
        raise TypeError(f"`{name}` must be a whole number, got {value}")
    return min(int(value), sys.maxsize)


def _check_p_norm(p_norm):
    p = check_number(p_norm, "p_norm")
    if not p >= 1:
        raise ValueError(f"`p_norm` must be from 1 to infinity, got {p_norm}")
    return p


# ---------------------------------------------------------------------------
# The search
# ---------------------------------------------------------------------------


def _call(image, footprint, labels, parameters, workers):
    """The coordinates, asked for again where there are more than expected."""
    # No more than one pixel in four is a peak of a 3 x 3 window, plateaus apart.
    capacity = image.size // 4 + 1024
    count = _native.size()
    run = _native.run(workers)
    while True:
        index = _memory.empty((capacity, image.ndim), np.int64)
        room = capacity, _native.data_of(index)
        _peak_local_max(image, footprint, labels, parameters, *room, count, run)
        if count.value <= capacity:
            break
        capacity = count.value
    found = index[: count.value]
    return found if 2 * count.value > capacity else found.copy()


def _search(
    image,
    min_distance,
    threshold_abs,
    threshold_rel,
    exclude_border,
    num_peaks,
    footprint,
    labels,
    num_peaks_per_label,
    p_norm,
    workers,
    corner=None,
):
    image = _check_image(image)
    workers = check_workers(workers)
    distance = _check_distance(min_distance)
    if distance < 1 and (footprint is None or np.size(footprint) == 1):
        warnings.warn(
            "When min_distance < 1, peak_local_max acts as finding "
            "image > max(threshold_abs, threshold_rel * max(image)).",
            RuntimeWarning,
            stacklevel=3,
        )
    border = _border_widths(distance, exclude_border, image.ndim)
    threshold = _threshold(image, threshold_abs, threshold_rel, labels)
    sides, footprint = _window(footprint, distance, image)
    if image.dtype.char == "e" and image.size != 1 and max(sides) > 1:
        raise error(TypeError, RuntimeError)(
            "`image` of float16 is not supported: pass `image.astype(numpy.float32)`"
        )
    labels = _check_labels(labels, image)
    parameters = _Parameters(
        distance=distance,
        p_norm=_check_p_norm(p_norm),
        most=_check_count(num_peaks, "num_peaks"),
        most_per_label=_check_count(num_peaks_per_label, "num_peaks_per_label"),
    )
    if corner is not None:
        parameters.corner_distance = distance
        parameters.corner_p_norm, parameters.corner_most = corner
    axes = _native.size * image.ndim
    sides, border = axes(*sides), axes(*border)
    parameters.sides = _native.address_of(sides)
    parameters.border = _native.address_of(border)
    if threshold is not None:
        least = _least_above(threshold, image.dtype) if image.size else None
        if least is None:
            return np.empty((0, image.ndim), np.int64)
        least = np.array(least)
        parameters.least = _native.data_of(least)
    if threshold_abs is not None and image.dtype.kind == "f":
        parameters.has_nan = math.isnan(image.min())
    return _call(image, footprint, labels, parameters, workers)


def peak_local_max(
    image,
    min_distance=1,
    threshold_abs=None,
    threshold_rel=None,
    exclude_border=True,
    num_peaks=np.inf,
    footprint=None,
    labels=None,
    num_peaks_per_label=np.inf,
    p_norm=np.inf,
    *,
    workers=None,
):
    """Find local maxima: pixels that nothing around them exceeds.

    Candidates are the maxima of a window around each pixel. They are taken from the
    largest down, and each stays unless one that was taken is too near.

    Parameters
    ----------
    image : array of 1 to 32 dimensions
        Integers, float32 or float64, taken as they are.
    min_distance : int, optional
        Peaks are at least so many pixels apart. It is also the reach of the window,
        whose side is ``2 * min_distance + 1`` (rounded down for a float), and the
        border for ``exclude_border=True``. Below 1 every pixel above the threshold is
        a peak.
    threshold_abs : float, optional
        Peaks are larger than this; by default larger than the minimum of `image`.
    threshold_rel : float, optional
        Peaks are also larger than this share of the maximum of `image`.
    exclude_border : bool, int or tuple of int, optional
        How far peaks are from the border at least, along every axis or one for each.
        True stands for `min_distance`, False for 0.
    num_peaks : int, optional
        So many at most, the largest. None and infinity mean all.
    footprint : array of bool, optional
        The window, True where pixels are compared; its middle is at ``shape // 2``. It
        replaces the box of `min_distance`.
    labels : array of int, optional
        The shape of `image`. Each value above 0 is a region that is searched alone,
        with all outside as the least value of the type. The peaks of label 1 come
        first, then those of 2, and so on.
    num_peaks_per_label : int, optional
        So many at most in each label.
    p_norm : float, optional
        The norm that distances are measured in: 1, 2 (Euclid), infinity (the largest
        difference along an axis) or anything between.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    index : (K, ndim) array of int64
        Coordinates of the peaks, the largest first, equal ones row after row. With
        `labels` grouped by label, unless there are more than `num_peaks`.

    Raises
    ------
    ValueError
        If `image` has no dimensions, or no pixels while its minimum is asked for; if
        `min_distance` or a number of peaks is negative, `p_norm` is below 1,
        `footprint` has no True or other dimensions, `labels` another shape, or an
        `exclude_border` is negative or of wrong length.
    TypeError
        If `image` is bool, complex, float16 (unless the window is one pixel) or a
        masked array; if `labels` are not integers; if `exclude_border` is a float.

    Warns
    -----
    RuntimeWarning
        If `min_distance` is below 1 and there is no larger footprint.

    Notes
    -----
    The result equals that of `skimage.feature.peak_local_max` (0.26.0), with its
    habits: where every pixel is the maximum of its window (a constant image) there is
    no peak; of unsigned integers 0, and of signed ones the least, is sorted as the
    largest; an image with NaN has no peaks unless `threshold_abs` is given. An empty
    result with labels has `ndim` columns, not always 2. The number of threads and the
    memory layout do not change it.

    Working memory: two bits a pixel, 32 bytes a candidate, and with labels a copy of
    the largest box around one.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.zeros((7, 7))
    >>> image[3, 4] = 1
    >>> image[3, 2] = 1.5
    >>> feature.peak_local_max(image)
    array([[3, 2],
           [3, 4]])
    >>> feature.peak_local_max(image, min_distance=2)
    array([[3, 2]])
    """
    return _search(
        image,
        min_distance,
        threshold_abs,
        threshold_rel,
        exclude_border,
        num_peaks,
        footprint,
        labels,
        num_peaks_per_label,
        p_norm,
        workers,
    )


def corner_peaks(
    image,
    min_distance=1,
    threshold_abs=None,
    threshold_rel=None,
    exclude_border=True,
    indices=True,
    num_peaks=np.inf,
    footprint=None,
    labels=None,
    *,
    num_peaks_per_label=np.inf,
    p_norm=np.inf,
    workers=None,
):
    """Find the peaks of a corner measure, one where several touch.

    The peaks of `peak_local_max` in its order; each stays unless one that stayed is
    not farther than `min_distance`.

    Parameters
    ----------
    image : array of 1 to 32 dimensions
        A corner measure, say of `feature.corner_harris`; types as for
        `peak_local_max`.
    min_distance : int, optional
        Peaks are more than so many pixels apart.
    threshold_abs, threshold_rel, exclude_border, footprint, labels : optional
        As for `peak_local_max`.
    indices : bool, optional
        Whether coordinates or an image of bool are returned.
    num_peaks : int, optional
        The first so many of those that stay. None and infinity mean all.
    num_peaks_per_label : int, optional
        Peaks of each label, before those that touch are dropped.
    p_norm : float, optional
        The norm that distances are measured in when those that touch are dropped, from
        1 to infinity.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    peaks : (K, ndim) array of int64, or array of bool
        Coordinates, the largest first; or, for ``indices=False``, an array of the
        shape of `image` that is True at the peaks.

    Raises
    ------
    ValueError, TypeError
        As `peak_local_max`.

    Notes
    -----
    The result equals that of `skimage.feature.corner_peaks` (0.26.0).

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> response = np.zeros((5, 5))
    >>> response[2:4, 2:4] = 1
    >>> feature.corner_peaks(response)
    array([[2, 2]])
    """
    index = _search(
        image,
        min_distance,
        threshold_abs,
        threshold_rel,
        exclude_border,
        None,
        footprint,
        labels,
        num_peaks_per_label,
        np.inf,
        workers,
        corner=(_check_p_norm(p_norm), _check_count(num_peaks, "num_peaks")),
    )
    if indices:
        return index
    peaks = np.zeros(np.shape(image), bool)
    peaks[tuple(index.T)] = True
    return peaks
