# SPDX-License-Identifier: BSD-3-Clause
"""Peers of the textures: loops in numba, in the reference's order of operations.

Samples of binary patterns are mixed from absolute coordinates, as in the reference:
their rounding decides ties. Co-occurrences are counted in a table for each thread.
"""

import numpy as np
from _contender import inlined, loop, loops, prange, rewrite_of

# --------------------------------------------------------------- binary patterns

DEFAULT, ROR, UNIFORM, NRI_UNIFORM, VAR = range(5)
METHODS = {
    "default": DEFAULT,
    "ror": ROR,
    "uniform": UNIFORM,
    "nri_uniform": NRI_UNIFORM,
    "var": VAR,
}


def local_binary_pattern(image, P, R, method="default", dtype=np.float64):
    angles = 2 * np.pi * np.arange(P) / P
    rows, cols = np.round(-R * np.sin(angles), 5), np.round(R * np.cos(angles), 5)
    reach = int(np.ceil(R)) + 1
    out = np.empty(image.shape, dtype)
    padded = np.pad(image.astype(np.float64), reach)
    fractions = np.empty((P, image.shape[1]))
    for fraction, col in zip(fractions, cols, strict=True):
        at = np.arange(image.shape[1]) + col
        fraction[:] = at - np.floor(at)
    if method == "var":
        variances(padded, rows, cols, fractions, reach, out)
    else:
        table = np.empty(0, np.int64)
        if P <= 16:
            table = table_of(P, METHODS[method])
        patterns(padded, rows, cols, fractions, reach, METHODS[method], table, out)
    return out


@inlined
def sample(above, below, x, down, right):
    top = (1 - right) * above[x] + right * above[x + 1]
    bottom = (1 - right) * below[x] + right * below[x + 1]
    return (1 - down) * top + down * bottom


@loops
def patterns(padded, rows, cols, fractions, reach, method, table, out):
    for y in prange(out.shape[0]):
        centre = padded[y + reach, reach:]
        codes = np.zeros(out.shape[1], np.int32)
        for k in range(rows.size):
            floor, left = np.floor(y + rows[k]), reach + int(np.floor(cols[k]))
            above = padded[int(floor) + reach, left:]
            # (a sample on its row takes nothing of the next one)
            below = padded[int(floor) + reach + 1, left:]
            down = y + rows[k] - floor
            for x in range(out.shape[1]):
                value = sample(above, below, x, down, fractions[k, x])
                codes[x] |= np.int32(value >= centre[x]) << np.int32(k)
        for x in range(out.shape[1]):
            if table.size:
                out[y, x] = table[codes[x]]
            else:
                out[y, x] = mapped(codes[x], rows.size, method)


@loops
def variances(padded, rows, cols, fractions, reach, out):
    for y in prange(out.shape[0]):
        total, squares = np.zeros(out.shape[1]), np.zeros(out.shape[1])
        for k in range(rows.size):
            floor, left = np.floor(y + rows[k]), reach + int(np.floor(cols[k]))
            above = padded[int(floor) + reach, left:]
            below = padded[int(floor) + reach + 1, left:]
            down = y + rows[k] - floor
            for x in range(out.shape[1]):
                value = sample(above, below, x, down, fractions[k, x])
                total[x] += value
                squares[x] += value * value
        for x in range(out.shape[1]):
            spread = (squares[x] - total[x] * total[x] / rows.size) / rows.size
            out[y, x] = spread if spread != 0 else np.nan


@inlined
def mapped(code, count, method):
    if method == DEFAULT:
        return code
    if method == ROR:
        least = code
        for _ in range(count - 1):
            code = code >> 1 | (code & 1) << (count - 1)
            least = min(least, code)
        return least
    ones, changes, first_one, first_zero = 0, 0, -1, -1
    for k in range(count):
        bit = code >> k & 1
        ones += bit
        if k + 1 < count:
            changes += bit != (code >> (k + 1) & 1)
        if bit and first_one < 0:
            first_one = k
        if not bit and first_zero < 0:
            first_zero = k
    if method == UNIFORM:
        return ones if changes <= 2 else count + 1
    if changes > 2:
        return count * (count - 1) + 2
    if ones == 0 or ones == count:
        return 0 if ones == 0 else count * (count - 1) + 1
    turns = ones - first_zero if first_one == 0 else count - first_one
    return 1 + (ones - 1) * count + turns


@loop
def table_of(count, method):
    table = np.empty(1 << count, np.int64)
    for code in range(table.size):
        table[code] = mapped(code, count, method)
    return table


# ----------------------------------------------------------------- co-occurrence


def graycomatrix(image, distances, angles, levels=256, symmetric=False, normed=False):
    pairs = [(np.sin(a) * d, np.cos(a) * d) for d in distances for a in angles]
    half = np.copysign(0.5, pairs)
    offsets = np.trunc(pairs + half).astype(np.int64)
    counts = count_pairs(image, offsets, levels)
    shape = (levels, levels, len(distances), len(angles))
    if not (symmetric or normed):
        return interleaved(counts).reshape(shape)
    return finished(counts, symmetric, normed).reshape(shape)


@loops
def count_pairs(image, offsets, levels):
    rows, cols = image.shape
    counts = np.zeros((len(offsets), levels, levels), np.uint32)
    for k in prange(len(offsets)):
        down, right = offsets[k]
        table = counts[k]
        for y in range(max(0, -down), min(rows, rows - down)):
            here, there = image[y], image[y + down]
            for x in range(max(0, -right), min(cols, cols - right)):
                table[here[x], there[x + right]] += 1
    return counts


@loops
def interleaved(counts):
    count, levels, _ = counts.shape
    out = np.empty((levels, levels, count), np.uint32)
    for i in prange(levels):
        for j in range(levels):
            for k in range(count):
                out[i, j, k] = counts[k, i, j]
    return out


@loops
def finished(counts, symmetric, normed):
    count, levels, _ = counts.shape
    out = np.empty((levels, levels, count))
    sums = np.ones(count)
    for k in prange(count):
        total = counts[k].sum() * (2 if symmetric else 1)
        if normed and total > 0:
            sums[k] = total
    for i in prange(levels):
        for j in range(levels):
            for k in range(count):
                both = counts[k, i, j]
                if symmetric:
                    both += counts[k, j, i]
                out[i, j, k] = both / sums[k]
    return out


NAMES = (
    "contrast dissimilarity homogeneity ASM energy correlation mean variance std"
    " entropy"
).split()


def graycoprops(P, prop="contrast"):
    """All ten in two sweeps over each matrix."""
    found = properties(P)
    if isinstance(prop, str):
        return found[NAMES.index(prop)]
    return {name: found[NAMES.index(name)] for name in prop}


@loops
def properties(P):
    levels, _, distances, angles = P.shape
    out = np.zeros((10, distances, angles))
    for plane in prange(distances * angles):
        d, a = plane // angles, plane % angles
        total, mean_i, mean_j = 0.0, 0.0, 0.0
        for i in range(levels):
            for j in range(levels):
                p = P[i, j, d, a]
                total += p
                mean_i += i * p
                mean_j += j * p
        total = total if total != 0 else 1.0
        mean_i, mean_j = mean_i / total, mean_j / total
        var_i, var_j, both = 0.0, 0.0, 0.0
        for i in range(levels):
            for j in range(levels):
                p = P[i, j, d, a] / total
                if p == 0:
                    continue
                apart = float((i - j) * (i - j))
                out[0, d, a] += p * apart
                out[1, d, a] += p * abs(i - j)
                out[2, d, a] += p / (1.0 + apart)
                out[3, d, a] += p * p
                out[9, d, a] -= p * np.log(p)
                var_i += p * (i - mean_i) ** 2
                var_j += p * (j - mean_j) ** 2
                both += p * (i - mean_i) * (j - mean_j)
        deviations = np.sqrt(var_i) * np.sqrt(var_j)
        out[4, d, a] = np.sqrt(out[3, d, a])
        out[5, d, a] = both / deviations if deviations > 1e-15 else 1.0
        out[6, d, a], out[7, d, a], out[8, d, a] = mean_i, var_i, np.sqrt(var_i)
    return out


# ------------------------------------------------------------------------ blocks


def multiblock_lbp(int_image, r, c, width, height):
    return pattern_of_blocks(int_image, r, c, width, height)


@inlined
def block(sums, r, c, width, height):
    """The sum of a block, in float32 as in the reference."""
    total = np.float32(sums[r + height - 1, c + width - 1])
    if r > 0 and c > 0:
        total += np.float32(sums[r - 1, c - 1])
    if r > 0:
        total -= np.float32(sums[r - 1, c + width - 1])
    if c > 0:
        total -= np.float32(sums[r + height - 1, c - 1])
    return total


@loop
def pattern_of_blocks(sums, r, c, width, height):
    middle = block(sums, r + height, c + width, width, height)
    code = 0
    for i, j in ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)):
        here = block(sums, r + i * height, c + j * width, width, height)
        code = code << 1 | (here >= middle)
    return code


def close(image):
    return 1e-11


INTEGERS = ("uint8", "uint16", "uint32")
PEERS = {
    "local_binary_pattern": {"rewrite": rewrite_of(local_binary_pattern)},
    "graycomatrix": {"rewrite": rewrite_of(graycomatrix, dtypes=INTEGERS)},
    "graycoprops": {
        "rewrite": rewrite_of(graycoprops, close, ndim=4, dtypes=("uint32", "float64"))
    },
    "multiblock_lbp": {"rewrite": rewrite_of(multiblock_lbp)},
}
