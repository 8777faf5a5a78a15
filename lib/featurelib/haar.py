# SPDX-License-Identifier: BSD-3-Clause
"""Haar-like features of a window. Told at the top of haar.c."""

from itertools import chain

import numpy as np

from . import _native
from ._arguments import (
    as_array,
    check_index,
    check_number,
    check_out,
    check_workers,
    compute_into,
    error,
)
from ._draw import canvas_of, check_color, fill_rectangle
from ._haar_features import (
    FEATURE_TYPE,
    PACKED,
    PARTS,
    as_features,
    as_int32,
    check_given_types,
    check_types,
    flatten,
    is_packed,
    lists_of_type,
    outside,
    rectangles_listed,
    rectangles_of,
)

_WINDOW = (_native.size,) * 4
_haar_like_feature = _native.function(
    "feature_haar_like_feature",
    _native.Array,
    *_WINDOW,
    _native.address,
    _native.size,
    _native.Array,
    _native.Run,
)
_haar_like_feature_given = _native.function(
    "feature_haar_like_feature_given",
    _native.Array,
    *_WINDOW,
    _native.Array,
    _native.Array,
    _native.Run,
)
_haar_like_feature_coord = _native.function(
    "feature_haar_like_feature_coord",
    _native.size,
    _native.size,
    _native.address,
    _native.size,
    _native.Array,
    _native.Run,
)

_SIDE_MOST = 2**15
_LISTS_MOST = 10**8  # features as Python lists: some 30 GiB


# ---------------------------------------------------------------------------
# Arguments
# ---------------------------------------------------------------------------


def _check_side(value, name):
    side = check_index(value, name)
    if side > _SIDE_MOST:
        raise error(ValueError, MemoryError)(
            f"`{name}` must be at most {_SIDE_MOST}, got {side}"
        )
    return max(side, 0)


def _places(length, parts):
    """In how many ways so many equal parts fit within a length."""
    q, r = divmod(length, parts)
    return parts * (q * (q - 1) // 2) + q * (r + 1)


def _count(height, width, types):
    """How many features a window has."""
    return sum(
        _places(height, PARTS[kind][0]) * _places(width, PARTS[kind][1])
        for kind in types
    )


def _empty(count, columns, dtype):
    """An array of `count` rows; refuses what no memory can hold."""
    try:
        return np.empty((count, *columns), dtype)
    except (MemoryError, ValueError):
        raise error(MemoryError, ValueError)(
            f"the window has {count} features, more than fit into memory"
        ) from None


def _check_window(int_image, r, c, width, height):
    int_image = as_array(int_image, "int_image", "pass its data")
    if int_image.dtype.kind not in "biuf" or int_image.dtype.char in "eg":
        raise TypeError(
            "`int_image` must be of bool, integers, float32 or float64, got"
            f" {int_image.dtype}"
        )
    if int_image.ndim != 2:
        raise error(TypeError, ValueError)(
            f"`int_image` must be a 2-dimensional array, got shape {int_image.shape}"
        )
    r, c = check_index(r, "r"), check_index(c, "c")
    width, height = check_index(width, "width"), check_index(height, "height")
    rows, cols = int_image.shape
    if width < 0 or height < 0:
        raise ValueError(f"the window's sides must not be negative: {width}, {height}")
    if not (0 <= r <= rows - height and 0 <= c <= cols - width):
        raise error(ValueError, TypeError)(
            f"the window of {height} rows and {width} columns at ({r}, {c}) leaves"
            f" `int_image`, whose shape is {int_image.shape}"
        )
    return int_image, (r, c, height, width)


def _check_result(out, count, int_image):
    """`out` when it fits; a new array when it is None."""
    dtype = int_image.dtype if int_image.dtype.kind == "f" else np.dtype(np.int64)
    return _empty(count, (), dtype) if out is None else check_out(out, (count,), dtype)


def _compute(out, count, int_image, compute, *more_inputs):
    """compute(array) with `out`, when it fits, or with a new array."""
    result = _check_result(out, count, int_image)
    if out is not None:
        inputs = int_image, *more_inputs
        return compute_into(result, inputs, compute, contiguous=True)
    compute(result)
    return result


# ---------------------------------------------------------------------------
# Coordinates
# ---------------------------------------------------------------------------


def _given_packed(int_image, window, coord, out, run):
    numbers = as_int32(coord, "feature_coord")

    def compute(features):
        try:
            _haar_like_feature_given(int_image, *window, numbers, features, run)
        except ValueError:
            raise outside() from None

    return _compute(out, len(coord), int_image, compute, numbers)


def _given_lists(int_image, window, coord, types, out, run):
    """Rectangle by rectangle, type after type, each to its place."""
    out = _check_result(out, len(coord), int_image)
    features_of = []
    for kind in np.unique(types).tolist():
        where = np.flatnonzero(types == kind)
        rectangles = as_int32(flatten(coord[where].tolist(), kind), "feature_coord")
        values = np.empty(len(where), out.dtype)
        features_of.append((where, values))
        try:
            _haar_like_feature_given(int_image, *window, rectangles, values, run)
        except ValueError:
            raise outside() from None
    for where, values in features_of:  # `out` may be the image
        out[where] = values
    return out


# ---------------------------------------------------------------------------
# Public names
# ---------------------------------------------------------------------------


def haar_like_feature_coord(
    width, height, feature_type=None, *, packed=False, workers=None
):
    """List the Haar-like features of a window.

    Parameters
    ----------
    width, height : int
        Sides of the window in pixels, at most 32768. A window without pixels has no
        features.
    feature_type : str or sequence of str, optional
        Which types, in this order: 'type-2-x' and 'type-3-x' have two and three
        rectangles side by side, 'type-2-y' and 'type-3-y' one above the other, 'type-4'
        two by two. By default all, in this order.
    packed : bool, optional
        Whether to return one array of numbers.
    workers : int, optional
        Number of threads, at least 1, of a packed list. By default as many as
        `feature.info()` says.

    Returns
    -------
    feature_coord : (features,) array of objects
        For each feature a list of its rectangles, each a list of two points (row,
        column), the first and the last pixel. The four of 'type-4' go round clockwise.
        Ordered by type, then by row, column, height and width of the first rectangle.
    feature_type : (features,) array of objects
        The type of each feature, a text.
    packed : (features, 5) array of int32
        Instead of these two, where asked for. A row is the number of the type (0
        'type-2-x', 1 'type-2-y', 2 'type-3-x', 3 'type-3-y', 4 'type-4'), row and
        column of the first pixel, and height and width of a rectangle; the others
        follow from it. `haar_like_feature` and `draw_haar_like_feature` take it.

    Raises
    ------
    ValueError
        If a type is unknown, a side is too large, or `workers` is below 1.
    TypeError
        If a side is no integer.
    MemoryError
        If there are more features than fit into memory.

    Notes
    -----
    Equals `skimage.feature.haar_like_feature_coord` (0.26.0). A list of lists of all
    162,336 features of a window of 24 by 24 takes most of a second, packed it takes
    milliseconds.

    References
    ----------
    P. Viola and M. Jones, "Robust Real-Time Face Detection", International Journal of
    Computer Vision 57 (2004), 137-154.

    Examples
    --------
    >>> import feature
    >>> coord, kind = feature.haar_like_feature_coord(2, 2, "type-4")
    >>> coord[0]
    [[(0, 0), (0, 0)], [(0, 1), (0, 1)], [(1, 1), (1, 1)], [(1, 0), (1, 0)]]
    >>> feature.haar_like_feature_coord(2, 2, "type-4", packed=True)
    array([[4, 0, 0, 1, 1]], dtype=int32)
    """
    types = check_types(feature_type)
    width, height = _check_side(width, "width"), _check_side(height, "height")
    workers = check_workers(workers)
    count = _count(height, width, types)
    if packed:
        numbers = np.array(types, np.int32)
        coord = _empty(count, (PACKED,), np.int32)
        _haar_like_feature_coord(
            height,
            width,
            _native.data_of(numbers),
            len(types),
            coord,
            _native.run(workers),
        )
        return coord
    if count > _LISTS_MOST:
        raise error(MemoryError, ValueError)(
            f"{count} features do not fit into memory as lists: pass `packed=True`"
        )
    lists = chain.from_iterable(lists_of_type(height, width, kind) for kind in types)
    counts = [_count(height, width, [kind]) for kind in types]
    words = np.array([FEATURE_TYPE[kind] for kind in types], dtype=object)
    return np.fromiter(lists, object, count), np.repeat(words, counts)


def haar_like_feature(
    int_image,
    r,
    c,
    width,
    height,
    feature_type=None,
    feature_coord=None,
    *,
    out=None,
    workers=None,
):
    """Compute the Haar-like features of a window of an integral image.

    Sums of neighbouring rectangles: those at odd places (counted from 0) are added, the
    others subtracted.

    Parameters
    ----------
    int_image : (rows, cols) array
        Integral image: the sums of all pixels up to a row and a column, as
        `skimage.transform.integral_image` makes it. bool, integers, float32, float64.
    r, c : int
        Row and column of the window's first pixel.
    width, height : int
        Sides of the window, which must lie within the image. At most 32768 where all
        features are computed.
    feature_type : str or sequence of str, optional
        As for `haar_like_feature_coord`. With `feature_coord`, an array with the type
        of each feature; nothing where that is packed.
    feature_coord : array, optional
        The features to compute, as `haar_like_feature_coord` lists them, or packed. By
        default all.
    out : (features,) array, optional
        Where the features are written.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    features : (features,) array
        float32 or float64 as `int_image`, else int64.

    Raises
    ------
    ValueError
        If a type is unknown, the window leaves the image or is too large, a feature
        leaves the window, there is no feature, `feature_type` and `feature_coord` are
        of different lengths, `out` does not fit, or `workers` is below 1.
    TypeError
        If `int_image` has another type or number of dimensions, or is a masked array,
        or a place or side is no integer.

    Notes
    -----
    At the image's origin equal to `skimage.feature.haar_like_feature` (0.26.0) in every
    bit. Elsewhere that one is wrong: it adds what lies before the window to all
    rectangles that touch the window's first row or column.

    References
    ----------
    P. Viola and M. Jones, "Robust Real-Time Face Detection", International Journal of
    Computer Vision 57 (2004), 137-154.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> integral = np.ones((5, 5), int).cumsum(0).cumsum(1)
    >>> feature.haar_like_feature(integral, 1, 1, 3, 3, "type-3-x")
    array([-1, -2, -3, -1, -2, -1])
    >>> coord = feature.haar_like_feature_coord(3, 3, "type-3-x", packed=True)
    >>> feature.haar_like_feature(integral, 1, 1, 3, 3, feature_coord=coord[::2])
    array([-1, -3, -2])
    """
    types = None if feature_coord is not None else check_types(feature_type)
    int_image, window = _check_window(int_image, r, c, width, height)
    run = _native.run(check_workers(workers))
    if is_packed(feature_coord):
        if feature_type is not None:
            raise ValueError("`feature_type` must be None: packed features have theirs")
        return _given_packed(int_image, window, _not_none(feature_coord), out, run)
    if feature_coord is not None:
        coord = as_features(feature_coord)
        types = check_given_types(feature_type, len(coord))
        return _given_lists(int_image, window, _not_none(coord), types, out, run)
    count = _count(_check_side(height, "height"), _check_side(width, "width"), types)
    if not count:
        raise ValueError(f"a window of {height} by {width} pixels has no such feature")
    numbers = np.array(types, np.int32)

    def compute(features):
        kinds = _native.data_of(numbers), len(types)
        _haar_like_feature(int_image, *window, *kinds, features, run)

    return _compute(out, count, int_image, compute)


def _not_none(coord):
    if not len(coord):
        raise ValueError("`feature_coord` holds no feature")
    return coord


def draw_haar_like_feature(
    image,
    r,
    c,
    width,
    height,
    feature_coord,
    color_positive_block=(1.0, 0.0, 0.0),
    color_negative_block=(0.0, 1.0, 0.0),
    alpha=0.5,
    max_n_features=None,
    rng=None,
    *,
    workers=None,
):
    """Draw Haar-like features over an image.

    Parameters
    ----------
    image : (rows, cols) or (rows, cols, 3) array
        Grey or RGB, of any real type. Integers are scaled to [0, 1], signed ones to
        [-1, 1]; floating point is taken as it is.
    r, c : int
        Row and column of the window's first pixel.
    width, height : int
        Sides of the window. Not looked at: the features say how large they are.
    feature_coord : array
        The features, as `haar_like_feature_coord` lists them, or packed.
    color_positive_block, color_negative_block : sequence of 3 floats, optional
        Red, green and blue of the rectangles that are added and subtracted.
    alpha : float, optional
        How much of the colour is mixed in for each rectangle: 0 nothing, 1 all.
    max_n_features : int, optional
        Draws so many, chosen at random. By default all.
    rng : numpy.random.Generator or int, optional
        Where the choice comes from, or its seed.
    workers : int, optional
        Taken as everywhere; drawing runs on one thread.

    Returns
    -------
    features : (rows, cols, 3) array of float
        A drawn copy of `image`.

    Raises
    ------
    ValueError
        If a rectangle leaves the image, a feature is no list of rectangles or of no
        type, a color is not three numbers, `image` has another shape or is complex, or
        `max_n_features` is larger than the number of features.
    TypeError
        If `image` is a masked array, or a place is no integer.

    Notes
    -----
    Equals `skimage.feature.draw_haar_like_feature` (0.26.0), also which features are
    chosen. There, negative places count from the far border.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> coord, _ = feature.haar_like_feature_coord(2, 2, "type-4")
    >>> picture = feature.draw_haar_like_feature(np.zeros((2, 2)), 0, 0, 2, 2, coord)
    >>> picture[:, :, 0]
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    check_workers(workers)
    rng = np.random.default_rng(rng)
    odd = check_color(color_positive_block, "color_positive_block")
    even = check_color(color_negative_block, "color_negative_block")
    check_number(alpha, "alpha")  # and used as it is: its type decides the arithmetic
    r, c = check_index(r, "r"), check_index(c, "c")
    output = canvas_of(image)
    packed = is_packed(feature_coord)
    features = feature_coord if packed else as_features(feature_coord)
    if max_n_features is not None:
        features = features[rng.choice(len(features), max_n_features, replace=False)]
    paints = alpha * even, alpha * odd
    for feature in features.tolist():
        for odd_place, first, last in (
            rectangles_of(feature) if packed else rectangles_listed(feature)
        ):
            fill_rectangle(output, (r, c), first, last, 1 - alpha, paints[odd_place])
    return output
