# SPDX-License-Identifier: BSD-3-Clause
"""Haar-like features of a window. Told at the top of haar.c."""

import operator
from itertools import chain

import numpy as np

from . import _native
from ._arguments import as_array, check_number, check_workers, error
from ._draw import canvas_of, fill_rectangle

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

FEATURE_TYPE = ("type-2-x", "type-2-y", "type-3-x", "type-3-y", "type-4")
_PARTS = ((1, 2), (2, 1), (1, 3), (3, 1), (2, 2))  # down and right
_RECTANGLES = tuple(down * right for down, right in _PARTS)
_PACKED = 5  # type, first row, first column, height and width of a rectangle
_SIDE_MOST = 2**15
_TYPES_MOST = 1024
_LISTS_MOST = 10**8  # features as Python lists: some 30 GiB


# ---------------------------------------------------------------------------
# Arguments
# ---------------------------------------------------------------------------


def _unknown(feature_type):
    return ValueError(
        f"The given feature type is unknown. Got {feature_type} instead of one "
        f"of {FEATURE_TYPE}."
    )


def _check_types(feature_type):
    """The numbers of the types asked for."""
    if feature_type is None:
        return list(range(len(FEATURE_TYPE)))
    if isinstance(feature_type, str):
        feature_type = [feature_type]
    try:
        words = list(feature_type)
    except TypeError:
        raise TypeError(
            f"`feature_type` must be a text, several, or None, got {feature_type!r}"
        ) from None
    for word in words:
        if not isinstance(word, str) or word not in FEATURE_TYPE:
            raise _unknown(word)
    if not 1 <= len(words) <= _TYPES_MOST:
        raise ValueError(
            f"`feature_type` must name 1 to {_TYPES_MOST} types, got {len(words)}"
        )
    return [FEATURE_TYPE.index(word) for word in words]


def _whole(value, name):
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"`{name}` must be an integer, got {value!r}") from None


def _check_side(value, name):
    side = _whole(value, name)
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
        _places(height, _PARTS[kind][0]) * _places(width, _PARTS[kind][1])
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
    r, c = _whole(r, "r"), _whole(c, "c")
    width, height = _whole(width, "width"), _whole(height, "height")
    rows, cols = int_image.shape
    if width < 0 or height < 0:
        raise ValueError(f"the window's sides must not be negative: {width}, {height}")
    if not (0 <= r <= rows - height and 0 <= c <= cols - width):
        raise error(ValueError, TypeError)(
            f"the window of {height} rows and {width} columns at ({r}, {c}) leaves"
            f" `int_image`, whose shape is {int_image.shape}"
        )
    return int_image, (r, c, height, width)


def _result_type(int_image):
    return int_image.dtype if int_image.dtype.kind == "f" else np.dtype(np.int64)


# ---------------------------------------------------------------------------
# Coordinates
# ---------------------------------------------------------------------------


def _is_packed(coord):
    """Are these features in the form of `packed=True`?"""
    return (
        isinstance(coord, np.ndarray)
        and coord.ndim == 2
        and coord.shape[1] == _PACKED
        and coord.dtype.kind in "iu"
    )


def _as_int32(values, name):
    """Coordinates as C takes them; those beyond int32 are in no window."""
    values = np.asarray(values)
    if values.dtype != np.int32 and values.size:
        if values.dtype.kind not in "iu":
            raise error(TypeError, ValueError)(
                f"`{name}` must hold integers, got {values.dtype}"
            )
        if values.min() < -(2**31) or values.max() >= 2**31:
            raise _outside()
    return np.require(values, np.int32, ["C", "ALIGNED"])


def _outside():
    return error(ValueError, IndexError)(
        "`feature_coord` has a feature that leaves the window, or is of no type"
    )


def _flatten(features, kind):
    """The rectangles of features of one type: (features, rectangles, 4)."""
    try:
        if kind == 4:
            numbers = [
                (*a, *b, *c, *d, *e, *f, *g, *h)
                for (a, b), (c, d), (e, f), (g, h) in features
            ]
        elif kind >= 2:
            numbers = [
                (*a, *b, *c, *d, *e, *f) for (a, b), (c, d), (e, f) in features
            ]
        else:
            numbers = [(*a, *b, *c, *d) for (a, b), (c, d) in features]
        rectangles = _RECTANGLES[kind]
        if set(map(len, numbers)) != {4 * rectangles}:
            raise ValueError("pairs expected")
        flat = np.fromiter(
            chain.from_iterable(numbers), np.int64, 4 * rectangles * len(numbers)
        )
    except (TypeError, ValueError, OverflowError) as problem:
        raise error(ValueError, TypeError, IndexError)(
            f"`feature_coord` has a feature that is not {_RECTANGLES[kind]} rectangles"
            f" of two points, as {FEATURE_TYPE[kind]} has: {problem}"
        ) from None
    return flat.reshape(-1, rectangles, 4)



def _check_given_types(feature_type, count):
    """An array with the type of each given feature."""
    if feature_type is None or isinstance(feature_type, str):
        raise error(ValueError, AttributeError)(
            "`feature_type` must be an array with the type of each feature of"
            " `feature_coord`"
        )
    words = np.asarray(feature_type)
    if words.shape != (count,):
        raise ValueError(
            "Inconsistent size between feature coordinatesand feature types."
        )
    return words


def _given_packed(int_image, window, coord, run):
    out = np.empty(len(coord), _result_type(int_image))
    try:
        _haar_like_feature_given(
            int_image, *window, _as_int32(coord, "feature_coord"), out, run
        )
    except ValueError:
        raise _outside() from None
    return out


def _given_lists(int_image, window, coord, words, run):
    """Rectangle by rectangle, type after type, each to its place."""
    out = np.empty(len(coord), _result_type(int_image))
    found = 0
    for kind, word in enumerate(FEATURE_TYPE):
        where = np.flatnonzero(words == word)
        if not where.size:
            continue
        found += where.size
        features = coord[where]
        rectangles = _as_int32(_flatten(features.tolist(), kind), "feature_coord")
        values = np.empty(len(where), out.dtype)
        try:
            _haar_like_feature_given(int_image, *window, rectangles, values, run)
        except ValueError:
            raise _outside() from None
        out[where] = values
    if found < len(words):
        unknown = [word for word in words.tolist() if word not in FEATURE_TYPE]
        raise error(ValueError, IndexError)(str(_unknown(unknown[0])))
    return out


def _lists_of_type(height, width, kind):
    """The features of one type as lists of rectangles.

    Points are tuples, which nobody can change, so that equal ones are shared: fewer
    objects to make, and for the garbage collector to look at.
    """
    point = [[(y, x) for x in range(width)] for y in range(height)]
    down, right = _PARTS[kind]
    parts = [(i, j) for i in range(down) for j in range(right)]
    if kind == 4:
        parts = [(0, 0), (0, 1), (1, 1), (1, 0)]
    return (
        [
            [
                point[y + i * dy][x + j * dx],
                point[y + i * dy + dy - 1][x + j * dx + dx - 1],
            ]
            for i, j in parts
        ]
        for y in range(height)
        for x in range(width)
        for dy in range(1, (height - y) // down + 1)
        for dx in range(1, (width - x) // right + 1)
    )


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
    types = _check_types(feature_type)
    width, height = _check_side(width, "width"), _check_side(height, "height")
    workers = check_workers(workers)
    count = _count(height, width, types)
    if packed:
        numbers = np.array(types, np.int32)
        coord = _empty(count, (_PACKED,), np.int32)
        _haar_like_feature_coord(
            height,
            width,
            numbers.ctypes.data,
            len(types),
            coord,
            _native.run(workers),
        )
        return coord
    if count > _LISTS_MOST:
        raise error(MemoryError, ValueError)(
            f"{count} features do not fit into memory as lists: pass `packed=True`"
        )
    lists = chain.from_iterable(_lists_of_type(height, width, kind) for kind in types)
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
        Sides of the window, which must lie within the image.
    feature_type : str or sequence of str, optional
        As for `haar_like_feature_coord`. With `feature_coord`, an array with the type
        of each feature; nothing where that is packed.
    feature_coord : array, optional
        The features to compute, as `haar_like_feature_coord` lists them, or packed. By
        default all.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    features : (features,) array
        float32 or float64 as `int_image`, else int64.

    Raises
    ------
    ValueError
        If a type is unknown, the window leaves the image, a feature leaves the window,
        there is no feature, `feature_type` and `feature_coord` are of different
        lengths, or `workers` is below 1.
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
    types = None if feature_coord is not None else _check_types(feature_type)
    int_image, window = _check_window(int_image, r, c, width, height)
    run = _native.run(check_workers(workers))
    if _is_packed(feature_coord):
        if feature_type is not None:
            raise ValueError("`feature_type` must be None: packed features have theirs")
        return _given_packed(int_image, window, _not_none(feature_coord), run)
    if feature_coord is not None:
        coord = _as_features(feature_coord)
        words = _check_given_types(feature_type, len(coord))
        return _given_lists(int_image, window, _not_none(coord), words, run)
    count = _count(*window[2:], types)
    if not count:
        raise ValueError(f"a window of {height} by {width} pixels has no such feature")
    out = _empty(count, (), _result_type(int_image))
    numbers = np.array(types, np.int32)
    _haar_like_feature(int_image, *window, numbers.ctypes.data, len(types), out, run)
    return out


def _not_none(coord):
    if not len(coord):
        raise ValueError("`feature_coord` holds no feature")
    return coord


def _as_features(feature_coord):
    """One element a feature, whatever sequence they come in."""
    if isinstance(feature_coord, np.ndarray):
        return as_array(feature_coord, "feature_coord")
    try:
        return np.fromiter(feature_coord, object, len(feature_coord))
    except TypeError:
        raise error(TypeError, AttributeError)(
            f"`feature_coord` must be a sequence of features, got {feature_coord!r:.60}"
        ) from None


def _rectangles_of(feature):
    """The first and the last point of each rectangle of one packed feature."""
    kind, y, x, dy, dx = feature
    down, right = _PARTS[kind]
    for i in range(down):
        for j in range(right):
            row, col = y + i * dy, x + j * dx
            yield (i + j) % 2, (row, col), (row + dy - 1, col + dx - 1)


def _rectangles_listed(feature):
    for place, (first, last) in enumerate(feature):
        yield place % 2, first, last


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
        If a rectangle leaves the image, `image` has another shape or is complex, or
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
    odd = np.asarray(color_positive_block, dtype=np.float64)
    even = np.asarray(color_negative_block, dtype=np.float64)
    check_number(alpha, "alpha")  # and used as it is: its type decides the arithmetic
    r, c = _whole(r, "r"), _whole(c, "c")
    output = canvas_of(image)
    packed = _is_packed(feature_coord)
    features = feature_coord if packed else _as_features(feature_coord)
    if max_n_features is not None:
        features = features[rng.choice(len(features), max_n_features, replace=False)]
    paints = alpha * even, alpha * odd
    for feature in features.tolist():
        for odd_place, first, last in (
            _rectangles_of(feature) if packed else _rectangles_listed(feature)
        ):
            fill_rectangle(output, (r, c), first, last, 1 - alpha, paints[odd_place])
    return output
