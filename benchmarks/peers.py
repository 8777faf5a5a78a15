# SPDX-License-Identifier: BSD-3-Clause
"""What our functions are timed against: the reference and what else people use.

`contenders(case, call, threads)` gives {name: Contender} for one call. The
reference comes first. A contender whose result has another definition says so and
is never compared, only its result counted.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass
class Contender:
    run: Callable
    same: bool = True  # the same result is promised, and checked before timing


def contenders(case, call, threads):
    reference = case.reference()
    name = "NumPy" if case.formula else "scikit-image"
    found = {name: Contender(lambda: reference(*call.arguments, **call.keywords))}
    for label, make in PEERS.get(case.name, {}).items():
        contender = make(call, threads)
        if contender is not None:
            found[label] = contender
    return found


def opencv(threads):
    """cv2 with that many threads, or None."""
    try:
        import cv2
    except ImportError:
        return None
    cv2.setNumThreads(threads)
    cv2.ocl.setUseOpenCL(False)
    return cv2


# -------------------------------------------------------------- synthesize_matrix


def synthesize_lut(call, threads):
    """The 256 possible results, looked up by OpenCV into a given array."""
    cv2 = opencv(threads)
    if cv2 is None:
        return None
    (matrix,) = call.arguments
    mid = matrix.size // 2
    value = (np.arange(256) - mid).astype(np.float32) * np.float32(1.5)
    table = np.where(value < 0, value + np.float32(0.25), value - np.float32(0.25))
    out = np.empty(matrix.shape, np.float32)
    return Contender(lambda: cv2.LUT(matrix, table, out))


# -------------------------------------------------------------------------- canny


def canny_opencv(call, threads):
    """GaussianBlur and cv2.Canny on uint8: the same job, another definition."""
    cv2 = opencv(threads)
    (image,) = call.arguments
    if cv2 is None or image.dtype != np.uint8 or set(call.keywords) - {"sigma"}:
        return None
    sigma = call.keywords.get("sigma", 1.0)
    side = 2 * int(4 * sigma + 0.5) + 1
    blurred, edges = np.empty_like(image), np.empty_like(image)

    def run():
        cv2.GaussianBlur(image, (side, side), sigma, blurred)
        return cv2.Canny(blurred, 25.5, 51.0, edges, 3, True)

    return Contender(run, same=False)


def canny_rewrite(call, threads):
    """What a skilled user writes: OpenCV's filters and labels, numba between."""
    cv2 = opencv(threads)
    (image,) = call.arguments
    scalable = image.dtype.name in ("uint8", "float32", "float64")
    if cv2 is None or not scalable or set(call.keywords) - {"sigma"}:
        return None
    try:
        import numba
    except ImportError:
        return None
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    thin, keep = compiled()
    sigma = call.keywords.get("sigma", 1.0)
    depth = cv2.CV_32F if image.dtype == np.float32 else cv2.CV_64F
    weights = gaussian(sigma)
    inside = bleed_over(weights, image.shape, image.dtype)
    scale = 1 / 255 if image.dtype == np.uint8 else 1.0

    def run():
        grey = image * scale if image.dtype == np.uint8 else image
        border = cv2.BORDER_CONSTANT
        smooth = cv2.sepFilter2D(grey, depth, weights, weights, borderType=border)
        smooth /= inside
        down = cv2.Sobel(smooth, depth, 0, 1, borderType=cv2.BORDER_REFLECT)
        right = cv2.Sobel(smooth, depth, 1, 0, borderType=cv2.BORDER_REFLECT)
        low, high = thin(down, right, np.float32(0.1), 0.2)
        count, labels = cv2.connectedComponents(low, connectivity=8)
        return keep(labels, high, count)

    return Contender(run, same=False)


def gaussian(sigma):
    radius = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 / sigma**2 * np.arange(-radius, radius + 1) ** 2)
    return weights / weights.sum()


def bleed_over(weights, shape, dtype):
    down, right = (np.convolve(np.ones(n), weights, "same") for n in shape)
    kind = dtype if dtype.kind == "f" else np.dtype("f8")
    return (np.outer(down, right) + np.finfo(kind).eps).astype(kind)


@functools.cache
def compiled():
    """The loops between the filters, compiled by numba at their first use."""
    import numba

    @numba.njit(parallel=True)
    def thin(down, right, low, high):
        rows, cols = down.shape
        magnitude = np.empty_like(down)
        weak = np.zeros(down.shape, np.uint8)
        strong = np.zeros(down.shape, np.uint8)
        for y in numba.prange(rows):
            for x in range(cols):
                square = down[y, x] * down[y, x] + right[y, x] * right[y, x]
                magnitude[y, x] = np.sqrt(square)
        for y in numba.prange(1, rows - 1):
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

    @numba.njit(parallel=True)
    def keep(labels, strong, count):
        good = np.zeros(count, np.uint8)
        rows, cols = labels.shape
        for y in numba.prange(rows):
            for x in range(cols):
                if strong[y, x]:
                    good[labels[y, x]] = 1
        out = np.empty(labels.shape, np.bool_)
        for y in numba.prange(rows):
            for x in range(cols):
                out[y, x] = good[labels[y, x]] != 0
        return out

    return thin, keep


PEERS = {
    "synthesize_matrix": {"table in OpenCV": synthesize_lut},
    "canny": {"OpenCV": canny_opencv, "rewrite": canny_rewrite},
}
