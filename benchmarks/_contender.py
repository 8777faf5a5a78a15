# SPDX-License-Identifier: BSD-3-Clause
"""What every peer is made of: a Contender, two libraries, and filters in numba.

A peer is a function of the call's arguments and keywords. `opencv_of` and
`rewrite_of` make a contender of it for the calls that its signature takes. Without
OpenCV or numba those that need it are left out.

The filters are what a skilled user writes to get the reference's result: SciPy's
order of sums, loops over whole rows, both processors.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

try:
    import cv2
except ImportError:
    cv2 = None
try:
    import numba
    from numba import prange
except ImportError:
    numba, prange = None, range


@dataclass
class Contender:
    run: Callable
    same: bool = True  # the same result is promised, and checked before timing
    tolerance: float = 0.0  # the result's, where it is more than the Case's


def opencv(threads):
    """cv2 with that many threads, or None."""
    if cv2 is not None:
        cv2.setNumThreads(threads)
        cv2.ocl.setUseOpenCL(False)
    return cv2


def loops(function):
    """`function`, compiled at its first call; prange runs in parallel."""
    return numba.njit(parallel=True)(function) if numba else function


def loop(function):
    """The same on one processor: steps that depend on each other."""
    return numba.njit(function) if numba else function


def inlined(function):
    """A function of one pixel for use in loops."""
    return numba.njit(inline="always")(function) if numba else function


def takes(compute, call, ndim, dtypes):
    image = call.arguments[0]
    if getattr(image, "ndim", ndim) not in np.atleast_1d(ndim):
        return False
    if image.dtype.name not in dtypes:
        return False
    if any(value is None for value in call.keywords.values()):
        return False
    try:
        inspect.signature(compute).bind(*call.arguments, **call.keywords)
    except TypeError:
        return False
    return True


DTYPES = ("uint8", "float32", "float64")


def opencv_of(compute, same=True, close=None, ndim=2, dtypes=DTYPES):
    """A peer whose time is spent in OpenCV and NumPy."""

    def make(call, threads):
        if opencv(threads) is None or not takes(compute, call, ndim, dtypes):
            return None
        tolerance = close(call.arguments[0]) if close else 0.0

        def run():
            return compute(*call.arguments, **call.keywords)

        return Contender(run, same, tolerance)

    return make


def rewrite_of(compute, close=None, same=True, ndim=2, dtypes=DTYPES):
    """A peer with loops in numba, and SciPy's transforms by as many threads."""

    def make(call, threads):
        if None in (numba, cv2) or not takes(compute, call, ndim, dtypes):
            return None
        from scipy import fft

        opencv(threads)
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))

        def run():
            with fft.set_workers(threads):
                return compute(*call.arguments, **call.keywords)

        return Contender(run, same, close(call.arguments[0]) if close else 0.0)

    return make


# ---------------------------------------------------------------- shared steps


def grey(image):
    """Bytes become floats from 0 to 1, as everywhere in scikit-image."""
    return image * (1 / 255) if image.dtype == np.uint8 else image


def depth(image):
    return cv2.CV_32F if image.dtype == np.float32 else cv2.CV_64F


def gaussian(sigma, order=0, truncate=4.0):
    """Weights of a Gaussian or a derivative, to be correlated with."""
    radius = int(truncate * sigma + 0.5)
    x = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / sigma**2 * x**2)
    weights /= weights.sum()
    factor = (1.0, x / sigma**2, (x**2 / sigma**2 - 1) / sigma**2)
    return weights * factor[order]


ZERO, NEAREST = range(2)  # what lies outside


@inlined
def inside(i, n, border):
    """Where pixel i of a line of n is found; -1 is a zero."""
    if 0 <= i < n:
        return i
    if border == ZERO:
        return -1
    return 0 if i < 0 else n - 1


@loops
def correlate_first(blocks, weights, sign, border):
    """Correlates axis 1 of three with symmetric (sign 1) or odd (-1) weights."""
    count, rows, _ = blocks.shape
    out = np.empty_like(blocks)
    zeros = np.zeros(blocks.shape[2], blocks.dtype)
    for line in prange(count * rows):
        block, y = blocks[line // rows], line % rows
        correlate_rows(block, y, weights, sign, border, zeros, out[line // rows, y])
    return out


@inlined
def correlate_rows(block, y, weights, sign, border, zeros, sums):
    rows, cols = block.shape
    radius = weights.size // 2
    for x in range(cols):
        sums[x] = block[y, x] * weights[radius]
    for k in range(radius, 0, -1):
        above, below = inside(y - k, rows, border), inside(y + k, rows, border)
        before = block[above] if above >= 0 else zeros
        after = block[below] if below >= 0 else zeros
        weight = weights[radius - k]
        for x in range(cols):
            sums[x] += (before[x] + sign * after[x]) * weight


@loops
def correlate_planes(planes, down, right, signs, border):
    """Both axes of each plane in one sweep, with a row between the two."""
    count, rows, cols = planes.shape
    radius = right.size // 2
    out = np.empty_like(planes)
    zeros = np.zeros(cols, planes.dtype)
    for line in prange(count * rows):
        plane, y = planes[line // rows], line % rows
        row, sums = np.zeros(cols + 2 * radius, planes.dtype), out[line // rows, y]
        middle = row[radius : radius + cols]
        correlate_rows(plane, y, down, signs[0], border, zeros, middle)
        for k in range(1, radius + 1):
            left, last = inside(-k, cols, border), inside(cols - 1 + k, cols, border)
            row[radius - k] = middle[left] if left >= 0 else 0
            row[radius + cols - 1 + k] = middle[last] if last >= 0 else 0
        for x in range(cols):
            sums[x] = middle[x] * right[radius]
        for k in range(radius, 0, -1):
            before, after = row[radius - k :], row[radius + k :]
            weight = right[radius - k]
            for x in range(cols):
                sums[x] += (before[x] + signs[1] * after[x]) * weight
    return out


def correlate(image, filters, border=ZERO):
    """`image` of two or more dimensions by one filter an axis, the first one first."""
    *ahead, down, right = [weights.astype(image.dtype) for weights in filters]
    signs = [1 if w[0] == w[-1] else -1 for w in filters]
    signs = np.array(signs).astype(image.dtype)
    shape = image.shape
    for axis, weights in enumerate(ahead):
        blocks = image.reshape(int(np.prod(shape[:axis])), shape[axis], -1)
        image = correlate_first(blocks, weights, signs[axis], border)
    planes = image.reshape(-1, *shape[-2:])
    return correlate_planes(planes, down, right, signs[-2:], border).reshape(shape)


def smooth(image, sigma, border=ZERO):
    return correlate(image, [gaussian(sigma)] * image.ndim, border)


@loops
def framed(image, width):
    """`image` with a frame of zeros."""
    rows, cols = image.shape
    out = np.zeros((rows + 2 * width, cols + 2 * width), image.dtype)
    for y in prange(rows):
        out[y + width, width : width + cols] = image[y]
    return out


@inlined
def slope_down(above, here, below, x):
    """Sobel's derivative along the columns, at x + 1 of the middle row."""
    middle = below[x + 1] - above[x + 1]
    return 2 * middle + ((below[x] - above[x]) + (below[x + 2] - above[x + 2]))


@inlined
def slope_right(above, here, below, x):
    middle = here[x + 2] - here[x]
    return 2 * middle + ((above[x + 2] - above[x]) + (below[x + 2] - below[x]))
