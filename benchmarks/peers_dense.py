# SPDX-License-Identifier: BSD-3-Clause
"""Peers of hog and daisy.

hog: loops in numba, one row of cells after the other, with the reference's float32
sums. Bins come of an arctangent, for bytes of a table of all gradients there are.
daisy: maps in numba, OpenCV's separable filters, descriptors gathered in numba. The
reference's definition, which OpenCV's own DAISY (contrib) is not.
"""

import functools

import numpy as np
from _contender import cv2, gaussian, grey, inlined, loops, prange, rewrite_of

# --------------------------------------------------------------------------- hog

CELL, BLOCK, BINS = 8, 3, 9


def hog(image, visualize=False, channel_axis=None):
    """Nine bins, cells of 8 x 8, blocks of 3 x 3, L2-Hys."""
    channels = image if image.ndim == 3 else image[:, :, np.newaxis]
    if image.dtype == np.uint8:
        cells = cells_of_bytes(channels, BINS, *gradient_table(BINS))
    else:
        cells = cells_of(channels, BINS)
    vector = blocks_of(cells).ravel()
    if not visualize:
        return vector
    return vector, picture_of(cells, line_pixels(), np.zeros(image.shape[:2]))


@functools.cache
def line_pixels():
    """Rows and columns of each bin's line in a cell, filled up with -1."""
    from skimage.draw import line

    radius, middle = CELL // 2 - 1, CELL // 2
    out = np.full((BINS, CELL, 2), -1)
    for k, angle in enumerate(np.pi * (np.arange(BINS) + 0.5) / BINS):
        down, right = radius * np.cos(angle), radius * np.sin(angle)
        ends = middle - down, middle + right, middle + down, middle - right
        pixels = np.transpose(line(*map(int, ends)))
        out[k, : len(pixels)] = pixels
    return out


@loops
def picture_of(cells, lines, out):
    rows, cols, bins = cells.shape
    for y in prange(rows):
        for x in range(cols):
            for k in range(bins):
                for i in range(lines.shape[1]):
                    if lines[k, i, 0] >= 0:
                        down, right = (
                            y * CELL + lines[k, i, 0],
                            x * CELL + lines[k, i, 1],
                        )
                        out[down, right] += cells[y, x, k]
    return out


@functools.cache
def gradient_table(orientations):
    """Bins and lengths of all differences of bytes."""
    down, right = np.mgrid[-255:256, -255:256].astype(np.float64)
    angles = np.rad2deg(np.arctan2(down, right)) % 180
    borders = 180.0 / orientations * np.arange(orientations + 1)
    bins = np.searchsorted(borders, angles, side="right") - 1
    return bins.astype(np.int8), np.hypot(down, right)


@loops
def cells_of_bytes(image, orientations, table, lengths):
    rows, cols, channels = image.shape
    cells = np.zeros((rows // CELL, cols // CELL, orientations), np.float32)
    for cell_row in prange(rows // CELL):
        for y in range(cell_row * CELL, cell_row * CELL + CELL):
            above, below = image[max(y - 1, 0)], image[min(y + 1, rows - 1)]
            for x in range(cols // CELL * CELL):
                best, bin_ = -1.0, 0
                for ch in range(channels):
                    down = right = 255
                    if 0 < y < rows - 1:
                        down += np.int64(below[x, ch]) - np.int64(above[x, ch])
                    if 0 < x < cols - 1:
                        right += np.int64(image[y, x + 1, ch])
                        right -= np.int64(image[y, x - 1, ch])
                    if lengths[down, right] > best:
                        best, bin_ = lengths[down, right], table[down, right]
                if bin_ < orientations:
                    total = np.float64(cells[cell_row, x // CELL, bin_])
                    cells[cell_row, x // CELL, bin_] = np.float32(total + best)
    return cells / np.float32(CELL * CELL)


@loops
def cells_of(image, orientations):
    rows, cols, channels = image.shape
    cells = np.zeros((rows // CELL, cols // CELL, orientations), np.float32)
    step = 180.0 / orientations
    for cell_row in prange(rows // CELL):
        for y in range(cell_row * CELL, cell_row * CELL + CELL):
            above, below = image[max(y - 1, 0)], image[min(y + 1, rows - 1)]
            for x in range(cols // CELL * CELL):
                best, by, bx = -1.0, 0.0, 0.0
                for ch in range(channels):
                    down = right = 0.0
                    if 0 < y < rows - 1:
                        down = below[x, ch] - above[x, ch]
                    if 0 < x < cols - 1:
                        right = image[y, x + 1, ch] - image[y, x - 1, ch]
                    length = np.hypot(right, down)
                    if length > best:
                        best, by, bx = length, down, right
                angle = np.rad2deg(np.arctan2(by, bx)) % 180
                bin_ = bin_of(angle, step, orientations)
                if bin_ < orientations:
                    total = np.float64(cells[cell_row, x // CELL, bin_])
                    cells[cell_row, x // CELL, bin_] = np.float32(total + best)
    return cells / np.float32(CELL * CELL)


@inlined
def bin_of(angle, step, orientations):
    bin_ = int(angle / step)
    while bin_ > 0 and angle < step * bin_:
        bin_ -= 1
    while bin_ < orientations and angle >= step * (bin_ + 1):
        bin_ += 1
    return bin_


@loops
def blocks_of(cells):
    rows, cols, bins = cells.shape
    out = np.empty((rows - BLOCK + 1, cols - BLOCK + 1, BLOCK, BLOCK, bins))
    for y in prange(rows - BLOCK + 1):
        for x in range(cols - BLOCK + 1):
            block = out[y, x]
            for sweep in range(2):
                energy = 0.0
                for i in range(BLOCK):
                    for j in range(BLOCK):
                        for k in range(bins):
                            if sweep == 0:
                                block[i, j, k] = cells[y + i, x + j, k]
                            energy += block[i, j, k] * block[i, j, k]
                length = np.sqrt(energy + 1e-5**2)
                for i in range(BLOCK):
                    for j in range(BLOCK):
                        for k in range(bins):
                            value = block[i, j, k] / length
                            block[i, j, k] = min(value, 0.2) if sweep == 0 else value
    return out


# ------------------------------------------------------------------------- daisy

RADIUS, RINGS, HISTOGRAMS, ORIENTATIONS = 15, 3, 8, 8


def daisy(image, step=4):
    """The usual rings; the centre shares the filter of the first one."""
    planes = maps(grey(image))
    smooth = np.empty((RINGS, *image.shape, ORIENTATIONS), planes.dtype)
    for ring in range(RINGS):
        weights = gaussian(RADIUS * (ring + 1) / (2 * RINGS))
        for k in range(ORIENTATIONS):
            filtered = cv2.sepFilter2D(
                planes[k], -1, weights, weights, borderType=cv2.BORDER_REFLECT
            )
            smooth[ring, :, :, k] = filtered
    angles = 2 * np.pi * np.arange(HISTOGRAMS) / HISTOGRAMS
    radii = RADIUS * np.arange(1, RINGS + 1)[:, np.newaxis] / RINGS
    down, right = np.round(radii * np.sin(angles)), np.round(radii * np.cos(angles))
    return gathered(smooth, down.astype(np.int64), right.astype(np.int64), step)


@loops
def maps(image):
    rows, cols = image.shape
    out = np.empty((ORIENTATIONS, rows, cols), image.dtype)
    kappa = ORIENTATIONS / np.pi
    for y in prange(rows):
        for x in range(cols):
            right = image[y, x + 1] - image[y, x] if x < cols - 1 else image[0, 0] * 0
            down = image[y + 1, x] - image[y, x] if y < rows - 1 else image[0, 0] * 0
            length, angle = (
                np.sqrt(right * right + down * down),
                np.arctan2(down, right),
            )
            for k in range(ORIENTATIONS):
                apart = angle - (2 * k * np.pi / ORIENTATIONS - np.pi)
                out[k, y, x] = np.exp(kappa * np.cos(apart)) * length
    return out


@loops
def gathered(smooth, down, right, step):
    rows, cols = smooth.shape[1:3]
    count_down = (rows - 2 * RADIUS - 1) // step + 1
    count_right = (cols - 2 * RADIUS - 1) // step + 1
    values = (RINGS * HISTOGRAMS + 1) * ORIENTATIONS
    out = np.empty((count_down, count_right, values), smooth.dtype)
    for i in prange(count_down):
        for j in range(count_right):
            y, x = RADIUS + i * step, RADIUS + j * step
            to, at = out[i, j], ORIENTATIONS
            to[:ORIENTATIONS] = smooth[0, y, x]
            for ring in range(RINGS):
                for k in range(HISTOGRAMS):
                    here = smooth[ring, y + down[ring, k], x + right[ring, k]]
                    to[at : at + ORIENTATIONS] = here
                    at += ORIENTATIONS
            total = 0.0
            for k in range(values):
                to[k] += 1e-10
                total += to[k]
            for k in range(values):
                to[k] /= total
    return out


def close(image):
    """Sums in another order."""
    return 1e-5 if image.dtype == np.float32 else 1e-10


PEERS = {
    "hog": {
        "rewrite": rewrite_of(hog, close, ndim=(2, 3), dtypes=("uint8", "float64"))
    },
    "daisy": {"rewrite": rewrite_of(daisy, close)},
}
