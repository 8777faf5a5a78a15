# SPDX-License-Identifier: BSD-3-Clause
"""Local binary patterns, of pixels and of blocks. Told at the top of lbp.c."""

import functools
import operator
import warnings

import numpy as np

from . import _native
from ._arguments import (
    FLOAT64,
    MASK_HINT,
    as_array,
    check_2d,
    check_index,
    check_number,
    check_workers,
    compute_out,
    error,
)
from ._draw import as_float, check_color

_local_binary_pattern = _native.function(
    "feature_local_binary_pattern",
    _native.Array,
    _native.Array,
    _native.int32,
    _native.Array,
    _native.Run,
)

_multiblock_lbp = _native.function(
    "feature_multiblock_lbp",
    _native.Array,
    _native.pointer_to(_native.size),
    _native.pointer_to(_native.int32),
)

# ------------------------------------------------------------ local_binary_pattern

_METHODS = ("default", "ror", "uniform", "nri_uniform", "var")
_MOST_SAMPLES = 2**20  # the memory for more is better spent


@functools.lru_cache(maxsize=64)
def _circle(count, radius):
    """Rows and columns of the samples, rounded to five decimals as in the reference."""
    if not np.isfinite(radius):
        raise ValueError(f"`R` must be finite, got {radius}")
    angle = 2 * np.pi * np.arange(count, dtype=np.float64) / count
    rows, columns = -radius * np.sin(angle), radius * np.cos(angle)
    samples = np.stack([np.round(rows, 5), np.round(columns, 5)], axis=1)
    samples.flags.writeable = False
    return samples


def _check_samples(P):
    try:
        whole = isinstance(P, (float, np.floating, np.bool_))
        count = int(P) if whole else operator.index(P)
    except (TypeError, ValueError, OverflowError):
        raise error(TypeError, ValueError, OverflowError)(
            f"`P` must be a whole number, got {P!r}"
        ) from None
    if not 1 <= count <= _MOST_SAMPLES:
        raise error(ValueError, OverflowError)(
            f"`P` must be from 1 to {_MOST_SAMPLES}, got {P}"
        )
    return count


def _check_radius(R):
    if isinstance(R, (str, bytes)):
        raise TypeError(f"`R` must be a number, got {R!r}")
    return check_number(R, "R")


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
    try:
        dtype = FLOAT64 if dtype is None else np.dtype(dtype)
    except TypeError:
        raise TypeError(f"`dtype` must be the name of one, got {dtype!r}") from None
    if dtype.char not in "BHILQd" or not dtype.isnative:
        raise error(ValueError, TypeError)(
            f"`dtype` must be float64 or an unsigned integer type, got {dtype}"
        )
    if method == "var":
        if dtype != np.float64:
            raise error(ValueError, TypeError)(
                f"method 'var' gives float64, not {dtype}"
            )
        return dtype
    bits = 53 if dtype == np.float64 else 8 * dtype.itemsize
    if _largest(method, count) >= 1 << bits:
        raise error(ValueError, TypeError)(
            f"`P` = {count} needs more than the {bits} bits of {dtype}"
        )
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
        Radius of the circle, in pixels. Values between pixels are interpolated
        linearly.
    method : {'default', 'ror', 'uniform', 'nri_uniform', 'var'}, optional
        'default'
            The bits as a number.
        'ror'
            The least number among the rotations of the bits.
        'uniform'
            How many bits are 1 if at most two neighbours in the row of bits differ,
            else ``P + 1``.
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

    T. Ahonen, A. Hadid and M. Pietikainen, "Face description with local binary
    patterns: application to face recognition", IEEE Transactions on Pattern Analysis
    and Machine Intelligence 28 (2006), 2037-2041.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.array([[5, 5, 5], [5, 6, 7], [5, 7, 7]], np.uint8)
    >>> feature.local_binary_pattern(image, 4, 1, dtype=np.uint8)
    array([[ 9, 13, 12],
           [11,  9,  8],
           [ 3,  1,  6]], dtype=uint8)
    """
    image = as_array(image, "image", MASK_HINT)
    check_2d(image)
    method = _check_method(method)
    count, radius = _check_samples(P), _check_radius(R)
    workers = check_workers(workers)
    if image.dtype.kind not in "biuf":
        raise error(TypeError, ValueError)(
            f"`image` must be of real numbers, got {image.dtype}"
        )
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
    run, number = _native.run(workers), _METHODS.index(method)
    return compute_out(
        out,
        image.shape,
        dtype,
        (image,),
        lambda result: _local_binary_pattern(image, samples, number, result, run),
    )


# ------------------------------------------------------------------ multiblock_lbp


def _check_window(shape, r, c, width, height):
    """Three by three blocks must lie within an array of this shape."""
    r, c = check_index(r, "r"), check_index(c, "c")
    width, height = check_index(width, "width"), check_index(height, "height")
    if width < 1 or height < 1:
        raise ValueError(
            f"`width` and `height` must be at least 1, got {width} and {height}"
        )
    if r < 0 or c < 0 or r + 3 * height > shape[0] or c + 3 * width > shape[1]:
        raise ValueError(
            f"three by three blocks of {height} by {width} from `r`, `c` = {r}, {c} on "
            f"leave the integral image, whose shape is {shape}"
        )
    return r, c, width, height


def multiblock_lbp(int_image, r, c, width, height, *, workers=None):
    """Compute the multi-block local binary pattern of one window.

    Three by three blocks of pixels are compared with the middle one by their sums.

    Parameters
    ----------
    int_image : (rows, cols) array
        Integral image: the sums of all pixels up to each row and column, inclusive.
    r, c : int
        Row and column of the window's top left pixel.
    width, height : int
        Of one block.
    workers : int, optional
        For uniformity; one thread is all that is used.

    Returns
    -------
    output : int
        0 to 255. From the block at the top left clockwise a bit for each, the highest
        first: 1 where the block's sum is not below that of the middle one.

    Raises
    ------
    ValueError
        If `int_image` is not 2-dimensional, the window leaves it, a side is below 1, or
        `workers` is below 1.
    TypeError
        If `int_image` is a masked array or not real, or another argument is no integer.

    Notes
    -----
    Equals `skimage.feature.multiblock_lbp` (0.26.0): sums are taken in float32, where
    they lose bits above 2**24. There the whole integral image is converted in each
    call, and a window that leaves it reads foreign memory.

    References
    ----------
    L. Zhang, R. Chu, S. Xiang, S. Liao and S. Li, "Face Detection Based on Multi-Block
    LBP Representation", International Conference on Biometrics (2007).

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.zeros((9, 9))
    >>> image[3:6, 3:6] = image[:3, :3] = 1
    >>> integral = image.cumsum(axis=0).cumsum(axis=1)
    >>> f"{feature.multiblock_lbp(integral, 0, 0, 3, 3):08b}"
    '10000000'
    """
    int_image = as_array(int_image, "int_image", MASK_HINT)
    if int_image.ndim != 2:
        raise error(ValueError, TypeError)(
            f"`int_image` must be 2-dimensional, got {int_image.ndim} dimensions"
        )
    if int_image.dtype.kind not in "biuf":
        raise error(TypeError, ValueError)(
            f"`int_image` must be of real numbers, got {int_image.dtype}"
        )
    check_workers(workers)
    window = _check_window(int_image.shape, r, c, width, height)
    if int_image.dtype.itemsize > 8:
        int_image = int_image.astype(np.float32)
    code = _native.int32()
    _multiblock_lbp(int_image, (_native.size * 4)(*window), code)
    return code.value


# ------------------------------------------------------------- draw_multiblock_lbp

# Row and column of each block, from the top left clockwise.
_AROUND = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))


def draw_multiblock_lbp(
    image,
    r,
    c,
    width,
    height,
    lbp_code=0,
    color_greater_block=(1, 1, 1),
    color_less_block=(0, 0.69, 0.96),
    alpha=0.5,
    *,
    workers=None,
):
    """Draw a multi-block local binary pattern over an image.

    Parameters
    ----------
    image : (rows, cols) or (rows, cols, 3) array
        Integers are scaled to [0, 1], signed ones to [-1, 1].
    r, c : int
        Row and column of the window's top left pixel.
    width, height : int
        Of one of its three by three blocks.
    lbp_code : int, optional
        What `multiblock_lbp` gave.
    color_greater_block, color_less_block : three floats, optional
        Red, green and blue of blocks whose bit is 1, and 0.
    alpha : float, optional
        From 0, where the image stays, to 1, where only colors are seen.
    workers : int, optional
        For uniformity; one thread is all that is used.

    Returns
    -------
    output : (rows, cols, 3) array
        A copy with the outer eight blocks coloured, of float64, or of the image's type
        where that is floating point.

    Raises
    ------
    ValueError
        If `image` is neither grey nor RGB or not real, a color is not three numbers, or
        `workers` is below 1.
    TypeError
        If `image` is a masked array, or the window or code is no integer.

    Notes
    -----
    Equals `skimage.feature.draw_multiblock_lbp` (0.26.0) in every bit. What leaves the
    image below or on the right is cut off; negative places count from the far border,
    as there.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> drawn = feature.draw_multiblock_lbp(np.zeros((3, 3)), 0, 0, 1, 1, 0b10000000)
    >>> drawn[0, 0], drawn[0, 1]
    (array([0.5, 0.5, 0.5]), array([0.   , 0.345, 0.48 ]))
    """
    image = as_array(image, "image", MASK_HINT)
    check_workers(workers)
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] != 3):
        raise error(ValueError, IndexError)(
            "`image` must have shape (rows, cols) or (rows, cols, 3), got"
            f" {image.shape}"
        )
    r, c = check_index(r, "r"), check_index(c, "c")
    width, height = check_index(width, "width"), check_index(height, "height")
    code = check_index(lbp_code, "lbp_code")
    check_number(alpha, "alpha")  # and used as it is: its type decides the arithmetic
    colors = (
        check_color(color_less_block, "color_less_block"),
        check_color(color_greater_block, "color_greater_block"),
    )
    # Three bytes are copied faster than three doubles.
    output = as_float(np.stack((image,) * 3, -1) if image.ndim == 2 else image.copy())
    for number, (down, right) in enumerate(_AROUND):
        top, left = r + down * height, c + right * width
        block = output[top : top + height, left : left + width]
        color = colors[code >> (7 - number) & 1]
        np.add((1 - alpha) * block, alpha * color, out=block, casting="unsafe")
    return output
