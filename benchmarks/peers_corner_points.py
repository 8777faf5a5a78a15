# SPDX-License-Identifier: BSD-3-Clause
"""Peers of single corners: FAST, Moravec, orientations, positions within a pixel."""

import functools

import numpy as np
from _contender import (
    cv2,
    framed,
    grey,
    inlined,
    loops,
    opencv_of,
    prange,
    rewrite_of,
    slope_down,
    slope_right,
)

# ---------------------------------------------------------------------------- FAST

RING = np.array(
    [
        (0, 3), (1, 3), (2, 2), (3, 1), (3, 0), (3, -1), (2, -2), (1, -3),
        (0, -3), (-1, -3), (-2, -2), (-3, -1), (-3, 0), (-3, 1), (-2, 2), (-1, 3),
    ]
)  # fmt: skip


def fast_opencv(call, threads):
    """cv2's detector: the corners before suppression, without response; n = 9."""
    if call.keywords.get("n") != 9:
        return None
    return opencv_of(detected, same=False, dtypes=("uint8",))(call, threads)


def detected(image, n, threshold=0.15):
    kind = cv2.FAST_FEATURE_DETECTOR_TYPE_9_16
    detector = cv2.FastFeatureDetector.create(int(threshold * 255), False, kind)
    return detector.detect(image)


@inlined
def has_arc(bits, n):
    """Whether n of 16 bits in a row are set, around the end."""
    bits |= bits << 16
    length = 1
    while length < n:
        step = min(length, n - length)
        bits &= bits >> step
        length += step
    return bits != 0


@loops
def fast_of(image, n, threshold):
    rows, cols = image.shape
    out = np.zeros((rows, cols), image.dtype)
    enough = 3 if n >= 12 else 2  # of the four compass points
    for y in prange(3, rows - 3):
        for x in range(3, cols - 3):
            here = image[y, x]
            low, high = here - threshold, here + threshold
            bright = dark = 0
            for k in range(0, 16, 4):
                value = image[y + RING[k, 0], x + RING[k, 1]]
                bright += value > high
                dark += value < low
            if bright < enough and dark < enough:
                continue
            above = below = 0
            total = image.dtype.type(0)
            for k in range(16):
                value = image[y + RING[k, 0], x + RING[k, 1]]
                above |= (value > high) << k
                below |= (value < low) << k
                total += abs(here - value)
            if bright >= enough and has_arc(above, n):
                out[y, x] = total
            elif dark >= enough and has_arc(below, n):
                out[y, x] = total
    return out


def fast_rewrite(image, n=12, threshold=0.15):
    image = grey(image)
    return fast_of(image, n, image.dtype.type(threshold))


# ------------------------------------------------------------------------- Moravec


@loops
def moravec_of(image, reach):
    rows, cols = image.shape
    out = np.zeros((rows, cols), image.dtype)
    inner = cols - 4 * reach
    for y in prange(2 * reach, rows - 2 * reach):
        least, sums = np.full(inner, np.inf), np.empty(inner)
        for down in range(-reach, reach + 1):
            for right in range(-reach, reach + 1):
                if down == 0 or right == 0:
                    continue
                sums[:] = 0
                for dy in range(-reach, reach + 1):
                    for dx in range(-reach, reach + 1):
                        here = image[y + dy, 2 * reach + dx :]
                        there = image[y + down + dy, 2 * reach + right + dx :]
                        for x in range(inner):
                            change = here[x] - there[x]
                            sums[x] += change * change
                for x in range(inner):
                    least[x] = min(least[x], sums[x])
        out[y, 2 * reach : 2 * reach + inner] = least
    return out


def moravec_rewrite(image, window_size=1):
    return moravec_of(grey(image), window_size)


# -------------------------------------------------------------------- orientations


@loops
def orientations_of(padded, corners, mask):
    out = np.empty(len(corners))
    half = mask.shape[0] // 2
    for k in prange(len(corners)):
        y, x = corners[k]
        m01 = m10 = 0.0
        for r in range(mask.shape[0]):
            row = 0.0
            for c in range(mask.shape[1]):
                if mask[r, c]:
                    value = padded[y + r, x + c]
                    m10 += value * (c - half)
                    row += value
            m01 += row * (r - half)
        out[k] = np.arctan2(m01, m10)
    return out


def orientations_rewrite(image, corners, mask):
    return orientations_of(framed(grey(image), mask.shape[0] // 2), corners, mask)


# -------------------------------------------------------------- within a pixel


@functools.cache
def quantiles(redundancy, alpha):
    """Of F, at 1 - alpha and alpha from above: SciPy takes half a millisecond."""
    from scipy import stats

    return [stats.f.isf(a, redundancy, redundancy) for a in (1 - alpha, alpha)]


@inlined
def solved(a, b, d, u, v):
    """The equations (a b, b d) = (u, v); NaN where there is no one solution."""
    determinant = a * d - b * b
    if determinant == 0:
        return np.nan, np.nan
    return (d * u - b * v) / determinant, (a * v - b * u) / determinant


@loops
def subpix_of(image, corners, reach, dot_below, edge_below):
    """`image` has a frame of reach + 1 zeros; Foerstner and Guelch's two models."""
    out = np.full(corners.shape, np.nan)
    side = 2 * reach + 1
    for k in prange(len(corners)):
        top, left = corners[k, 0], corners[k, 1]
        rr = rc = cc = 0.0
        rr_y = rr_x = rc_y = rc_x = cc_y = cc_x = 0.0
        rr_yy = rr_xx = rr_xy = rc_yy = rc_xx = rc_xy = cc_yy = cc_xx = cc_xy = 0.0
        for r in range(side):
            above = image[top + r, left : left + side + 2]
            here = image[top + r + 1, left : left + side + 2]
            below = image[top + r + 2, left : left + side + 2]
            y = r - reach
            for c in range(side):
                down = slope_down(above, here, below, c)
                right = slope_right(above, here, below, c)
                x = c - reach
                p, q, s = down * down, down * right, right * right
                rr, rc, cc = rr + p, rc + q, cc + s
                rr_y, rr_x, rc_y = rr_y + p * y, rr_x + p * x, rc_y + q * y
                rc_x, cc_y, cc_x = rc_x + q * x, cc_y + s * y, cc_x + s * x
                yy, xx, xy = y * y, x * x, x * y
                rr_yy, rr_xx, rr_xy = rr_yy + p * yy, rr_xx + p * xx, rr_xy + p * xy
                rc_yy, rc_xx, rc_xy = rc_yy + q * yy, rc_xx + q * xx, rc_xy + q * xy
                cc_yy, cc_xx, cc_xy = cc_yy + s * yy, cc_xx + s * xx, cc_xy + s * xy
        v, u = solved(cc, -rc, rr, cc_y - rc_x, rr_x - rc_y)
        dot = cc_yy - 2 * v * cc_y + v * v * cc
        dot -= 2 * (rc_xy - v * rc_x - u * rc_y + u * v * rc)
        dot += rr_xx - 2 * u * rr_x + u * u * rr
        b, a = solved(rr, rc, cc, rr_y + rc_x, cc_x + rc_y)
        edge = rr_yy - 2 * b * rr_y + b * b * rr
        edge += 2 * (rc_xy - b * rc_x - a * rc_y + a * b * rc)
        edge += cc_xx - 2 * a * cc_x + a * a * cc
        ratio = edge / dot if dot != 0 else np.inf
        if ratio < edge_below:
            out[k] = top + b, left + a
        elif ratio > dot_below:
            out[k] = top + v, left + u
    return out


def subpix_rewrite(image, corners, window_size=11, alpha=0.99):
    reach = (window_size - 1) // 2
    dot, edge = quantiles(window_size**2 - 2, alpha)
    image = image.astype(np.float64) if image.dtype == np.uint8 else image
    return subpix_of(framed(image, reach + 1), corners, reach, dot, edge)


def close(image):
    return 1e-5 if image.dtype == np.float32 else 1e-12


def close_positions(image):
    """Sums of the residuals from moments: some digits go where they nearly cancel."""
    return 1e-8


PEERS = {
    "corner_fast": {
        "cv2 FAST": fast_opencv,
        "rewrite": rewrite_of(fast_rewrite),
    },
    "corner_moravec": {"rewrite": rewrite_of(moravec_rewrite)},
    "corner_orientations": {"rewrite": rewrite_of(orientations_rewrite, close=close)},
    "corner_subpix": {
        "rewrite": rewrite_of(
            subpix_rewrite, close=close_positions, dtypes=("uint8", "float64")
        )
    },
}
