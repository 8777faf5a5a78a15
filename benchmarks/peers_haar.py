# SPDX-License-Identifier: BSD-3-Clause
"""Peers of haar_like_feature: packed features, and all of a window, in numba.

OpenCV 5.0 has no CascadeClassifier in Python, so Cascade is without a peer.
"""

import functools

import numpy as np
from _contender import inlined, loops, prange, rewrite_of


def haar_like_feature(int_image, r, c, width, height, feature_type=None, given=None):
    """At the origin of the image; features as (type, row, column, rows, columns)."""
    if given is None:
        given = all_features(width, height)
    kind = int_image.dtype if int_image.dtype.kind == "f" else np.int64
    return features(int_image.astype(kind), given)


@functools.cache
def all_features(width, height):
    kinds = ((1, 2), (2, 1), (1, 3), (3, 1), (2, 2))
    parts = []
    for kind, (down, right) in enumerate(kinds):
        y, x, dy, dx = np.ogrid[:height, :width, 1 : height + 1, 1 : width + 1]
        fits = (y + down * dy <= height) & (x + right * dx <= width)
        places = np.argwhere(fits) + (0, 0, 1, 1)
        parts.append(np.insert(places, 0, kind, axis=1))
    return np.concatenate(parts)


@inlined
def rectangle(sums, y, x, down, right):
    total = sums[y + down - 1, x + right - 1]
    if y > 0 and x > 0:
        total += sums[y - 1, x - 1]
    if x > 0:
        total -= sums[y + down - 1, x - 1]
    if y > 0:
        total -= sums[y - 1, x + right - 1]
    return total


@loops
def features(sums, given):
    out = np.empty(len(given), sums.dtype)
    for k in prange(len(given)):
        kind, y, x = given[k, 0], given[k, 1], given[k, 2]
        dy, dx = given[k, 3], given[k, 4]
        first = rectangle(sums, y, x, dy, dx)
        if kind == 0:
            out[k] = rectangle(sums, y, x + dx, dy, dx) - first
        elif kind == 1:
            out[k] = rectangle(sums, y + dy, x, dy, dx) - first
        elif kind == 2:
            third = rectangle(sums, y, x + 2 * dx, dy, dx)
            out[k] = rectangle(sums, y, x + dx, dy, dx) - first - third
        elif kind == 3:
            third = rectangle(sums, y + 2 * dy, x, dy, dx)
            out[k] = rectangle(sums, y + dy, x, dy, dx) - first - third
        else:
            ahead = rectangle(sums, y, x + dx, dy, dx)
            below = rectangle(sums, y + dy, x, dy, dx)
            out[k] = ahead + below - first - rectangle(sums, y + dy, x + dx, dy, dx)
    return out


def close(image):
    """Sums in another order."""
    return 1e-8 if image.dtype == np.float64 else 0.0


TYPES = ("uint64", "int64", "float64")


def of_numbers(make):
    """Not for features as lists: looking at them takes all the time."""

    def made(call, threads):
        if any(getattr(a, "dtype", None) == object for a in call.arguments):
            return None
        return make(call, threads)

    return made


PEERS = {
    "haar_like_feature": {
        "rewrite": of_numbers(rewrite_of(haar_like_feature, close, dtypes=TYPES))
    }
}
