# SPDX-License-Identifier: BSD-3-Clause
"""Co-occurrence matrices and their properties. Told at the top of cooccurrence.c."""

import functools
import math
import operator

import numpy as np

from . import _memory, _native
from ._arguments import (
    FLOAT64,
    MASK_HINT,
    as_array,
    check_2d,
    check_out,
    check_workers,
    compute_all_into,
    error,
)

_graycomatrix = _native.function(
    "feature_graycomatrix",
    _native.Array,
    _native.Array,
    _native.int32,
    _native.int32,
    _native.Array,
    _native.Run,
)
_graycoprops = _native.function(
    "feature_graycoprops", _native.Array, _native.int32, _native.Array, _native.Run
)

# ------------------------------------------------------------------- graycomatrix

_UINT32 = np.dtype(np.uint32)
_IN_TABLES = 512  # levels; above, C takes zeros and touches what it counts


def _rounded(value):
    """To the nearest integer, halves away from 0. As the reference: the largest number
    below 0.5 becomes 1, because adding 0.5 to it gives 1."""
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


def _numbers(values, name):
    """A tuple of floats; refuses what is not one-dimensional or empty."""
    values = as_array(values, name)
    if values.size == 0:
        raise ValueError(f"The parameter `{name}` cannot be an empty array")
    if values.ndim != 1:
        raise ValueError(f"The parameter `{name}` must be a 1-dimensional array")
    try:
        return tuple(map(float, values.tolist()))
    except (TypeError, ValueError):
        raise error(TypeError, ValueError)(
            f"`{name}` must be numbers, got {values.tolist()!r:.60}"
        ) from None


@functools.lru_cache(maxsize=64)
def _cached_offsets(distances, angles, _types=()):
    """How many distances and angles, and for each pair of them the rows and columns
    from one pixel to the other, as C takes an array. `_types` tells numbers apart that
    are equal: 7 is a distance, 7 + 0j is none."""
    distances = _numbers(distances, "distances")
    angles = _numbers(angles, "angles")
    try:
        pairs = [
            (_rounded(math.sin(a) * d), _rounded(math.cos(a) * d))
            for d in distances
            for a in angles
        ]
        offsets = np.array(pairs, np.int64)
    except (ValueError, OverflowError):  # infinite, NaN, or beyond all integers
        raise error(ValueError, OverflowError)(
            "`distances` and `angles` must be finite numbers of a reasonable size, "
            f"got {distances!r:.60} and {angles!r:.60}"
        ) from None
    return len(distances), len(angles), _native.arrays([offsets])


def _offsets(distances, angles):
    """The same; who counts in a million windows passes the same lists each time."""
    if type(distances) in (list, tuple) and type(angles) in (list, tuple):
        try:
            types = *map(type, distances), *map(type, angles)
            return _cached_offsets(tuple(distances), tuple(angles), types)
        except TypeError:  # lists in lists, or no numbers
            pass
    distances = _numbers(distances, "distances")
    return _cached_offsets(distances, _numbers(angles, "angles"))


def _check_grey_levels(image):
    """The image as integers."""
    image = as_array(image, "image", MASK_HINT)
    check_2d(image)
    if image.dtype.kind == "f":
        raise ValueError(
            "Float images are not supported by graycomatrix. "
            "Convert the image to an unsigned integer type."
        )
    if image.dtype.kind not in "biu":
        raise TypeError(f"`image` must be of integers, got {image.dtype}")
    if image.dtype.kind == "b":  # true is any byte but 0
        image = image.view(np.uint8) != 0
    return image


def _check_levels(levels, image):
    if levels is None:
        if image.dtype.char in "bB":
            return 256
        raise ValueError(
            "The levels argument is required for data types "
            "other than uint8. The resulting matrix will be at "
            "least levels ** 2 in size."
        )
    try:
        if isinstance(levels, (bool, np.bool_)):
            raise TypeError
        return operator.index(levels)
    except TypeError:
        raise TypeError(f"`levels` must be an integer, got {levels!r}") from None


def _check_range(image, levels):
    """Says what is wrong with grey values that are no levels, if something is."""
    if image.dtype.kind == "i" and image.min() < 0:
        raise ValueError("Negative-valued images are not supported.")
    if int(image.max()) >= levels:
        raise ValueError(
            "The maximum grayscale value in the image should be "
            "smaller than the number of levels."
        )


def graycomatrix(
    image,
    distances,
    angles,
    levels=None,
    symmetric=False,
    normed=False,
    *,
    out=None,
    workers=None,
):
    """Count how often grey levels stand at an offset from each other.

    Parameters
    ----------
    image : (rows, cols) array of bool or integers
        Grey levels from 0 to ``levels - 1``.
    distances : 1-D array_like
        Distances of the pixels of a pair.
    angles : 1-D array_like
        Angles in radians, from the direction of columns towards that of rows. The
        offset is ``(sin(angle), cos(angle)) * distance`` in rows and columns, each
        rounded to the nearest integer, halves away from 0.
    levels : int, optional
        Number of grey levels. 256 for 8-bit images, otherwise it must be given.
    symmetric : bool, optional
        Whether each pair counts in both orders.
    normed : bool, optional
        Whether counts are divided by their sum.
    out : (levels, levels, distances, angles) array, optional
        Where the result is written; any strides. It may share memory with `image`.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    P : (levels, levels, distances, angles) array of uint32 or float64
        ``P[i, j, d, a]`` counts pixels of level i for which the one at distance d and
        angle a has level j; pairs that leave the image do not count. float64 with
        `normed`; where there is no pair, all is 0. `out` where that is given.

    Raises
    ------
    ValueError
        If `image` is empty, not 2-dimensional, of floating point, negative or has
        values that are not below `levels`; `levels` is missing; `distances` or `angles`
        are not 1-dimensional, empty or not finite; `out` does not fit; or `workers` is
        below 1.
    TypeError
        If `image` is a masked array or of another type, or `levels` is no integer.

    Notes
    -----
    Counts equal those of `skimage.feature.graycomatrix` (0.26.0), which ends the
    process where a distance is infinite. Offsets that are equal or opposite are counted
    once.

    References
    ----------
    R. Haralick, K. Shanmugam and I. Dinstein, "Textural Features for Image
    Classification", IEEE Transactions on Systems, Man, and Cybernetics 3 (1973),
    610-621.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.array([[0, 0, 1], [0, 2, 2]], np.uint8)
    >>> feature.graycomatrix(image, [1], [0], levels=3)[:, :, 0, 0]
    array([[1, 1, 1],
           [0, 0, 0],
           [0, 0, 1]], dtype=uint32)
    """
    image = _check_grey_levels(image)
    distances, angles, offsets = _offsets(distances, angles)
    levels = _check_levels(levels, image)
    workers = check_workers(workers)
    if levels < 1:
        _check_range(image, levels)
    shape = (levels, levels, distances, angles)
    dtype = FLOAT64 if normed else _UINT32
    symmetric = bool(symmetric)
    run = _native.run(workers)
    try:
        if out is None and levels <= _IN_TABLES:
            out = _memory.empty(shape, dtype)
            _graycomatrix(image, offsets, symmetric, False, out, run)
        elif out is None:
            _check_range(image, levels)  # before memory is asked for
            out = np.zeros(shape, dtype)
            _graycomatrix(image, offsets, symmetric, True, out, run)
        else:
            compute_all_into(
                [check_out(out, shape, dtype)],
                (image,),
                lambda outs: _graycomatrix(
                    image, offsets, symmetric, False, outs[0], run
                ),
                contiguous=True,
            )
    except ValueError:
        _check_range(image, levels)
        raise
    return out


# --------------------------------------------------------------------- graycoprops

_PROPERTIES = (
    "contrast dissimilarity homogeneity ASM energy correlation mean variance std"
    " entropy"
).split()
_BITS = {name: 1 << number for number, name in enumerate(_PROPERTIES)}


def _check_matrix(P):
    """Co-occurrence matrices as an array that C reads."""
    P = as_array(P, "P")
    if P.size == 0:
        raise ValueError("The parameter `P` cannot be an empty array")
    if P.ndim != 4:
        raise ValueError("The parameter `P` must be a 4-dimensional array")
    if P.shape[0] != P.shape[1]:
        raise ValueError("num_level and num_level2 must be equal.")
    if P.dtype.kind not in "biuf":
        raise TypeError(f"`P` must hold real numbers, got {P.dtype}")
    return P.astype(np.float64) if P.dtype.itemsize > 8 else P


def _bit(prop):
    bit = _BITS.get(prop) if isinstance(prop, str) else None
    if bit is None:
        raise ValueError(f"{prop} is an invalid property")
    return bit


def graycoprops(P, prop="contrast", *, out=None, workers=None):
    """Compute properties of co-occurrence matrices of grey levels.

    Parameters
    ----------
    P : (levels, levels, distances, angles) array
        Counts or frequencies, as from `graycomatrix`, of any real type. Each matrix is
        divided by its sum, unless that is 0.
    prop : str or sequence of str, optional
        One of the properties below, or several: these are computed in one sweep.
    out : (distances, angles) array of float64, optional
        Where the property is written; any strides. With one property only.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    results : (distances, angles) array of float64, or dict of such
        The property of each matrix; for a sequence of names a dict from each name to
        its array. `out` where that is given.

    Raises
    ------
    ValueError
        If `P` is empty, not 4-dimensional or not square in its first two axes, `prop`
        is no property, `out` does not fit, or `workers` is below 1.
    TypeError
        If `P` is a masked array or of another type, or `out` comes with several
        properties.

    Notes
    -----
    With p the matrix and i and j its rows and columns: 'contrast' is the sum of
    p (i - j)^2, 'dissimilarity' of p \\|i - j\\|, 'homogeneity' of p / (1 + (i - j)^2),
    'ASM' of p^2, 'energy' the root of ASM; 'mean', 'variance' and 'std' are those of i,
    'correlation' is that of i and j (1 where one of them has one value only), 'entropy'
    the sum of -p ln(p).

    Equals `skimage.feature.graycoprops` (0.26.0), which takes one name, to 1e-12.

    References
    ----------
    R. Haralick, K. Shanmugam and I. Dinstein, "Textural Features for Image
    Classification", IEEE Transactions on Systems, Man, and Cybernetics 3 (1973),
    610-621.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.array([[0, 0, 1], [0, 2, 2]], np.uint8)
    >>> P = feature.graycomatrix(image, [1], [0, np.pi / 2], levels=3)
    >>> feature.graycoprops(P, "contrast")
    array([[1.25      , 1.66666667]])
    >>> sorted(feature.graycoprops(P, ["contrast", "mean"]))
    ['contrast', 'mean']
    """
    P = _check_matrix(P)
    workers = check_workers(workers)
    run = _native.run(workers)
    shape = P.shape[2:]
    if prop is None or isinstance(prop, (str, bytes)):
        bit = _bit(prop)
        result = np.empty((1, *shape))
        _graycoprops(P, bit, result, run)
        if out is None:
            return result[0]
        out = check_out(out, shape, np.float64)
        out[...] = result[0]
        return out
    return _several(P, prop, out, run)


def _several(P, props, out, run):
    """All properties in one sweep."""
    try:
        names = list(props)
    except TypeError:
        raise error(ValueError, TypeError)(f"{props} is an invalid property") from None
    bits = [_bit(name) for name in names]
    if out is not None:
        raise TypeError("`out` takes one property, not several")
    wanted = sum(set(bits))
    if not wanted:
        return {}
    results = np.empty((wanted.bit_count(), *P.shape[2:]))
    _graycoprops(P, wanted, results, run)
    return {
        name: results[(wanted & (bit - 1)).bit_count()]
        for name, bit in zip(names, bits)
    }
