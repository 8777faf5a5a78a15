# SPDX-License-Identifier: BSD-3-Clause
"""Local binary patterns, of pixels and of blocks. Told at the top of lbp.c."""

import functools
import operator
import warnings

import numpy as np

from . import _native
from ._arguments import (
    MASK_HINT,
    as_array,
    check_2d,
    check_number,
    check_out,
    check_workers,
    compute_into,
    error,
)

_local_binary_pattern = _native.function(
    "feature_local_binary_pattern",
    _native.Array,
    _native.Array,
    _native.int32,
    _native.Array,
    _native.Run,
)

# ------------------------------------------------------------ local_binary_pattern

_METHODS = ("default", "ror", "uniform", "nri_uniform", "var")
_MOST_SAMPLES = 2**20  # the memory for more is better spent


@functools.lru_cache(maxsize=64)
def _circle(count, radius):
    """Rows and columns of the samples, rounded to five decimals as in the reference."""
    angle = 2 * np.pi * np.arange(count, dtype=np.float64) / count
    rows, columns = -radius * np.sin(angle), radius * np.cos(angle)
    samples = np.stack([np.round(rows, 5), np.round(columns, 5)], axis=1)
    if not np.isfinite(samples).all():
        raise ValueError(f"`R` must be finite, got {radius}")
    samples.flags.writeable = False
    return samples


def _check_samples(P):
    try:
        count = int(P) if isinstance(P, (float, np.floating)) else operator.index(P)
    except (TypeError, ValueError, OverflowError):
        raise error(TypeError, ValueError, OverflowError)(
            f"`P` must be a whole number, got {P!r}"
        ) from None
    if not 1 <= count <= _MOST_SAMPLES:
        raise error(ValueError, OverflowError)(
            f"`P` must be from 1 to {_MOST_SAMPLES}, got {P}"
        )
    return count


def _check_method(method):
    name = method.lower() if isinstance(method, str) else None
    if name not in _METHODS:
        kinds = (KeyError,) if isinstance(method, str) else (KeyError, AttributeError)
        raise error(ValueError, *kinds)(
            f"`method` must be one of {', '.join(_METHODS)}, got {method!r}"
        )
    return name


def _largest(method, count):
    """The largest number that a pixel may get."""
    if method == "uniform":
        return count + 1
    return count * (count - 1) + 2 if method == "nri_uniform" else 2**count - 1


def _check_dtype(dtype, method, count):
    """The element type of the result, in which every number must fit."""
    dtype = np.dtype(np.float64 if dtype is None else dtype)
    if dtype.char not in "BHILQd" or not dtype.isnative:
        raise error(ValueError, TypeError)(
            f"`dtype` must be float64 or an unsigned integer type, got {dtype}"
        )
    if method == "var":
        if dtype != np.float64:
            raise ValueError(f"method 'var' gives float64, not {dtype}")
        return dtype
    bits = 53 if dtype == np.float64 else 8 * dtype.itemsize
    if _largest(method, count) >= 1 << bits:
        raise ValueError(f"`P` = {count} needs more than the {bits} bits of {dtype}")
    return dtype


def local_binary_pattern(
    image, P, R, method="default", *, dtype=None, out=None, workers=None
):
    """Compute the local binary pattern around each pixel.

    Samples are taken on a circle around the pixel; a sample's bit is 1 where it is not
    below the pixel.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type, taken as they are. Floating point is warned about,
        since tiny differences decide. Beyond the border pixels are 0.
    P : int
        Number of samples. They start in the direction of columns and go round
        counter-clockwise; the first is the lowest bit.
    R : float
        Radius of the circle, in pixels. Values between pixels are interpolated linearly.
    method : {'default', 'ror', 'uniform', 'nri_uniform', 'var'}, optional
        'default'
            The bits as a number.
        'ror'
            The least number among the rotations of the bits.
        'uniform'
            How many bits are 1 if at most two neighbours in the row of bits differ, else
            ``P + 1``.
        'nri_uniform'
            A number for each pattern of which that is true, rotations apart, up to
            ``P * (P - 1) + 1``, and one more for all others.
        'var'
            The variance of the samples, NaN where that is 0.
    dtype : float64, uint8, uint16, uint32 or uint64, optional
        Of the result; it must hold every number. 'var' gives float64 only.
    out : (rows, cols) array, optional
        Where the result is written; any strides. It may share memory with `image`.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    output : (rows, cols) array of float64, or of `dtype`
        `out` where that is given.

    Raises
    ------
    ValueError
        If `image` is empty or not 2-dimensional, `P` is below 1 or needs more bits than
        `dtype` has (float64 has 53), `R` is not finite, `method` or `dtype` is none of
        those above, `out` does not fit, or `workers` is below 1.
    TypeError
        If `image` is a masked array or not real, or `P` or `R` is no number.

    Notes
    -----
    Every number equals that of `skimage.feature.local_binary_pattern` (0.26.0), which
    overflows where `P` is above 31.

    References
    ----------
    T. Ojala, M. Pietikainen and T. Maenpaa, "Multiresolution gray-scale and rotation
    invariant texture classification with local binary patterns", IEEE Transactions on
    Pattern Analysis and Machine Intelligence 24 (2002), 971-987.

    T. Ahonen, A. Hadid and M. Pietikainen, "Face description with local binary patterns:
    application to face recognition", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 28 (2006), 2037-2041.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.array([[5, 5, 5], [5, 6, 7], [5, 7, 7]], np.uint8)
    >>> feature.local_binary_pattern(image, 4, 1, dtype=np.uint8)
    array([[9, 13, 12],
           [9,  9, 12],
           [3,  3,  6]], dtype=uint8)
    """
    image = as_array(image, "image", MASK_HINT)
    check_2d(image)
    method = _check_method(method)
    count, radius = _check_samples(P), check_number(R, "R")
    workers = check_workers(workers)
    if image.dtype.kind not in "biuf":
        raise TypeError(f"`image` must be of real numbers, got {image.dtype}")
    dtype = _check_dtype(dtype, method, count)
    samples = _circle(count, radius)
    if image.dtype.kind == "f":
        warnings.warn(
            "Applying `local_binary_pattern` to floating-point images may "
            "give unexpected results when small numerical differences between "
            "adjacent pixels are present. It is recommended to use this "
            "function with images of integer dtype.",
            stacklevel=2,
        )
        image = image.astype(np.float64) if image.dtype.itemsize > 8 else image
    out = check_out(out, image.shape, dtype)
    run, number = _native.run(workers), _METHODS.index(method)
    return compute_into(
        out,
        (image,),
        lambda result: _local_binary_pattern(image, samples, number, result, run),
    )
