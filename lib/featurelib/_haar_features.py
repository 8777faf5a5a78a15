# SPDX-License-Identifier: BSD-3-Clause
"""Haar-like features in their two forms: lists of rectangles, each of its first and its
last point, and packed, a row of five numbers each."""

import operator
import struct
from itertools import chain, repeat

import numpy as np

from ._arguments import as_array, error

FEATURE_TYPE = ("type-2-x", "type-2-y", "type-3-x", "type-3-y", "type-4")
PARTS = ((1, 2), (2, 1), (1, 3), (3, 1), (2, 2))  # down and right
RECTANGLES = tuple(down * right for down, right in PARTS)
PACKED = 5  # type, first row, first column, height and width of a rectangle
_NUMBERS = {word: number for number, word in enumerate(FEATURE_TYPE)}
_TYPES_MOST = 1024


# ---------------------------------------------------------------------------
# Types
# ---------------------------------------------------------------------------


def unknown(feature_type):
    return ValueError(
        f"The given feature type is unknown. Got {feature_type} instead of one "
        f"of {FEATURE_TYPE}."
    )


def check_types(feature_type):
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
            raise unknown(word)
    if not 1 <= len(words) <= _TYPES_MOST:
        raise ValueError(
            f"`feature_type` must name 1 to {_TYPES_MOST} types, got {len(words)}"
        )
    return [_NUMBERS[word] for word in words]


def check_given_types(feature_type, count):
    """An array with the number of each given feature's type."""
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
    try:
        numbers = map(_NUMBERS.get, words.tolist(), repeat(-1))
        types = np.fromiter(numbers, np.int8, count)
    except TypeError:  # lists, which no dictionary looks up
        raise error(ValueError, IndexError)(str(unknown(words.tolist()))) from None
    if count and types.min() < 0:
        raise error(ValueError, IndexError)(str(unknown(words[types.argmin()])))
    return types


# ---------------------------------------------------------------------------
# Packed
# ---------------------------------------------------------------------------


def is_packed(coord):
    """Are these features in the form of `packed=True`?"""
    return (
        isinstance(coord, np.ndarray)
        and coord.ndim == 2
        and coord.shape[1] == PACKED
        and coord.dtype.kind in "iu"
    )


def as_int32(values, name):
    """Coordinates as C takes them; those beyond int32 are in no window."""
    values = np.asarray(values)
    if values.dtype.char == "i" and values.dtype.isnative and values.flags.carray:
        return values
    if values.dtype != np.int32 and values.size:
        if values.dtype.kind not in "iu":
            raise error(TypeError, ValueError)(
                f"`{name}` must hold integers, got {values.dtype}"
            )
        if values.min() < -(2**31) or values.max() >= 2**31:
            raise outside()
    return np.require(values, np.int32, ["C", "ALIGNED"])


def outside():
    return error(ValueError, IndexError)(
        "`feature_coord` has a feature that leaves the window, or is of no type"
    )


def rectangles_of(feature):
    """The first and the last point of each rectangle of one packed feature."""
    kind, y, x, dy, dx = feature
    if not 0 <= kind < len(PARTS) or dy < 1 or dx < 1:
        raise error(ValueError, IndexError)(
            f"`feature_coord` has a feature of no type or without pixels: {feature}"
        )
    down, right = PARTS[kind]
    for i in range(down):
        for j in range(right):
            row, col = y + i * dy, x + j * dx
            yield (i + j) % 2, (row, col), (row + dy - 1, col + dx - 1)


# ---------------------------------------------------------------------------
# Lists
# ---------------------------------------------------------------------------


def as_features(feature_coord):
    """One element a feature, whatever sequence they come in."""
    if isinstance(feature_coord, np.ndarray):
        return as_array(feature_coord, "feature_coord")
    try:
        return np.fromiter(feature_coord, object, len(feature_coord))
    except TypeError:
        raise error(TypeError, AttributeError)(
            f"`feature_coord` must be a sequence of features, got {feature_coord!r:.60}"
        ) from None


def flatten(features, kind):
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
        rectangles = RECTANGLES[kind]
        if set(map(len, numbers)) != {4 * rectangles}:
            raise ValueError("pairs expected")
        count = 4 * rectangles * len(numbers)
        flat = struct.pack(f"={count}q", *chain.from_iterable(numbers))
    except (TypeError, ValueError, OverflowError, struct.error) as problem:
        raise error(ValueError, TypeError, IndexError)(
            f"`feature_coord` has a feature that is not {RECTANGLES[kind]} rectangles"
            f" of two points, as {FEATURE_TYPE[kind]} has: {problem}"
        ) from None
    return np.frombuffer(flat, np.int64).reshape(-1, rectangles, 4)


def rectangles_listed(feature):
    """The same of one that is a list of rectangles."""
    try:
        rectangles = [
            [(operator.index(y), operator.index(x)) for y, x in (first, last)]
            for first, last in feature
        ]
    except (TypeError, ValueError):
        raise error(ValueError, TypeError, IndexError)(
            "`feature_coord` must hold lists of rectangles, each of two points (row,"
            f" column) of integers, got {feature!r:.60}"
        ) from None
    for place, (first, last) in enumerate(rectangles):
        yield place % 2, first, last


def lists_of_type(height, width, kind):
    """The features of one type as lists of rectangles.

    Points are tuples, which nobody can change, so that equal ones are shared: fewer
    objects to make, and for the garbage collector to look at.
    """
    point = [[(y, x) for x in range(width)] for y in range(height)]
    down, right = PARTS[kind]
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
