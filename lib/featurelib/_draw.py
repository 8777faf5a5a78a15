# SPDX-License-Identifier: BSD-3-Clause
"""Lines, circles and colours on small pictures that explain a result.

Shapes are given by the rows and columns of their pixels, in the order and with the
weights of skimage.draw (0.26.0), so that what is drawn is the same.
"""

import math

import numpy as np

from ._arguments import as_array, check_scalable, error


def as_float(image):
    """`image` scaled as by `skimage.util.img_as_float`; floating point as it is."""
    image = as_array(image, "image", "pass `image.data`")
    kind = image.dtype.kind
    if kind == "f":
        return image
    image = check_scalable(image)
    if kind == "b":
        return image.astype(np.float64)
    scaled = np.multiply(image, 1.0 / np.iinfo(image.dtype).max, dtype=np.float64)
    return np.maximum(scaled, -1.0, out=scaled) if kind == "i" else scaled


def canvas_of(image):
    """A new RGB picture, (rows, cols, 3), of a grey or RGB one, in floating point."""
    image = as_array(image, "image", "pass `image.data`")
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] != 3):
        raise ValueError(
            "`image` must be of shape (rows, cols) or (rows, cols, 3), got"
            f" {image.shape}"
        )
    if image.ndim == 2:
        image = np.stack((image,) * 3, axis=-1)
    scaled = as_float(image)
    return np.array(scaled, order="C")


def check_color(value, name):
    """Red, green and blue as an array; refuses what is not three numbers."""
    try:
        color = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise error(TypeError, ValueError)(
            f"`{name}` must be three numbers, got {value!r}"
        ) from None
    if color.shape not in ((), (1,), (3,)):
        raise ValueError(f"`{name}` must be three numbers, got shape {color.shape}")
    return color


def inside(shape, *columns):
    """Those places, given by rows, columns and more about each, that lie within."""
    rr, cc = columns[:2]
    where = (rr >= 0) & (rr < shape[0]) & (cc >= 0) & (cc < shape[1])
    return tuple(column[where] for column in columns)


def set_color(image, places, color, alpha=1.0):
    """Mixes `color` into the pixels of `image` at (rows, columns), by `alpha` each."""
    rr, cc = places
    alpha = np.broadcast_to(np.asarray(alpha, float), np.shape(rr))
    rr, cc, alpha = inside(image.shape, np.asarray(rr), np.asarray(cc), alpha)
    if image.ndim == 3:
        alpha = alpha[:, np.newaxis]
    image[rr, cc] = image[rr, cc] * (1 - alpha) + np.asarray(color) * alpha


def fill_rectangle(image, origin, first, last, keep, paint):
    """Mixes a colour into the rectangle from the pixel `first` to `last`, both counted
    from `origin`: what was there times `keep`, and `paint` added."""
    rows, cols = (
        (min(a, b) + start, max(a, b) + start + 1)
        for a, b, start in zip(first, last, origin)
    )
    height, width = image.shape[:2]
    if rows[0] < 0 or cols[0] < 0 or rows[1] > height or cols[1] > width:
        raise error(ValueError, IndexError)(
            f"the rectangle from {first} to {last} at {origin} leaves the image"
        )
    part = image[slice(*rows), slice(*cols)]
    part[...] = keep * part + paint


def line(r0, c0, r1, c1):
    """The pixels between two, both included, by Bresenham's algorithm."""
    down, right = abs(r1 - r0), abs(c1 - c0)
    step_r, step_c = (1 if r1 > r0 else -1), (1 if c1 > c0 else -1)
    steep = down > right
    longer, shorter = max(down, right), min(down, right)
    # After k steps along, the other coordinate has taken those steps at which
    # Bresenham's error, which starts at 2 shorter - longer, was not negative.
    k = np.arange(longer + 1)
    across = (2 * shorter * k + longer) // (2 * longer) if longer else k * 0
    if steep:
        return r0 + step_r * k, c0 + step_c * across
    return r0 + step_r * across, c0 + step_c * k


def line_aa(r0, c0, r1, c1):
    """Pixels around a line and how much of each it covers, by Zingl's algorithm."""
    down, right = abs(r0 - r1), abs(c0 - c1)
    step_r, step_c = (1 if r0 < r1 else -1), (1 if c0 < c1 else -1)
    length = np.sqrt(right * right + down * down) if right + down else 1.0
    places, distances = [], []

    def put(r, c, distance):
        places.append((r, c))
        distances.append(abs(distance) / length)

    gap, r, c = right - down, r0, c0
    while True:
        put(r, c, gap - right + down)
        before, beside = gap, c + step_c
        if 2 * before >= -right:
            if c == c1:
                break
            if before + down < length:
                put(r + step_r, c, before + down)
            gap -= down
            c += step_c
        if 2 * before <= down:
            if r == r1:
                break
            if right - before < length:
                put(r, beside, right - before)
            gap += right
            r += step_r
    rr, cc = np.array(places).T
    return rr, cc, 1.0 - np.array(distances)


def circle_perimeter_aa(r, c, radius):
    """Pixels around a circle and how much of each it covers, by Wu's algorithm."""
    y, x = radius, 0
    rr, cc = [y, x, y, x, -y, -x, -y, -x], [x, y, -x, -y, x, y, -x, -y]
    values = [1.0] * 8
    gap_before = 0.0
    while y > x + 1:
        x += 1
        height = math.sqrt(radius**2 - x**2)
        gap = math.ceil(height) - height
        if gap < gap_before:
            y -= 1
        for sign in (1, -1):
            rr += [sign * i for i in (y, y - 1, x, x)] * 2
            cc += [x, x, y, y - 1, -x, -x, -y, 1 - y]
        values += [1 - gap, gap] * 8
        gap_before = gap
    return np.array(rr) + r, np.array(cc) + c, np.array(values)
