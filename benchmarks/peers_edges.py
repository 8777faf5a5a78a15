# SPDX-License-Identifier: BSD-3-Clause
"""Peers of canny: OpenCV's own detector, and its filters with numba between."""

import functools

import numpy as np
from _contender import cv2, depth, gaussian, grey, loops, opencv_of, prange, rewrite_of


def canny_opencv(image, sigma=1.0):
    """GaussianBlur and cv2.Canny on uint8: the same job, another definition."""
    side = 2 * int(4 * sigma + 0.5) + 1
    blurred = cv2.GaussianBlur(image, (side, side), sigma)
    return cv2.Canny(blurred, 25.5, 51.0, apertureSize=3, L2gradient=True)


def canny_rewrite(image, sigma=1.0):
    """What a skilled user writes: OpenCV's filters and labels, numba between."""
    image = grey(image)
    kind, weights = depth(image), gaussian(sigma)
    border = cv2.BORDER_CONSTANT
    smooth = cv2.sepFilter2D(image, kind, weights, weights, borderType=border)
    smooth /= bleed_over(sigma, image.shape, image.dtype)
    down = cv2.Sobel(smooth, kind, 0, 1, borderType=cv2.BORDER_REFLECT)
    right = cv2.Sobel(smooth, kind, 1, 0, borderType=cv2.BORDER_REFLECT)
    low, high = thin(down, right, np.float32(0.1), 0.2)
    count, labels = cv2.connectedComponents(low, connectivity=8)
    return keep(labels, high, count)


@functools.lru_cache(maxsize=1)
def bleed_over(sigma, shape, dtype):
    down, right = (np.convolve(np.ones(n), gaussian(sigma), "same") for n in shape)
    return (np.outer(down, right) + np.finfo(dtype).eps).astype(dtype)


@loops
def thin(down, right, low, high):
    rows, cols = down.shape
    magnitude = np.empty_like(down)
    weak = np.zeros(down.shape, np.uint8)
    strong = np.zeros(down.shape, np.uint8)
    for y in prange(rows):
        for x in range(cols):
            square = down[y, x] * down[y, x] + right[y, x] * right[y, x]
            magnitude[y, x] = np.sqrt(square)
    for y in prange(1, rows - 1):
        for x in range(1, cols - 1):
            here = magnitude[y, x]
            if here < low:
                continue
            i, j = abs(down[y, x]), abs(right[y, x])
            side = 1 if (down[y, x] >= 0) == (right[y, x] >= 0) else -1
            if i > j:
                w, dy, dx = j / i, side, 0
            else:
                w, dy, dx = i / j, 0, 1
            near, far = magnitude[y + dy, x + dx], magnitude[y - dy, x - dx]
            ahead = magnitude[y + side, x + 1] * w + near * (1.0 - w)
            behind = magnitude[y - side, x - 1] * w + far * (1.0 - w)
            if ahead <= here and behind <= here:
                weak[y, x] = 1
                strong[y, x] = here >= high
    return weak, strong


@loops
def keep(labels, strong, count):
    good = np.zeros(count, np.uint8)
    rows, cols = labels.shape
    for y in prange(rows):
        for x in range(cols):
            if strong[y, x]:
                good[labels[y, x]] = 1
    out = np.empty(labels.shape, np.bool_)
    for y in prange(rows):
        for x in range(cols):
            out[y, x] = good[labels[y, x]] != 0
    return out


PEERS = {
    "canny": {
        "OpenCV": opencv_of(canny_opencv, same=False, dtypes=("uint8",)),
        "rewrite": rewrite_of(canny_rewrite, same=False),
    },
}
