# SPDX-License-Identifier: BSD-3-Clause
"""Peers of the corner measures: of the structure tensor, and of two derivatives."""

import numpy as np
from _contender import (
    cv2,
    depth,
    framed,
    loops,
    opencv_of,
    prange,
    rewrite_of,
    slope_down,
    slope_right,
)
from peers_tensors import (
    close,
    close_quotients,
    close_singles,
    tensor_opencv,
    tensor_planes,
)


def harris_opencv(image, method="k", k=0.05, eps=1e-6, sigma=1):
    rr, rc, cc = tensor_opencv(image, sigma)
    determinant, trace = rr * cc - rc * rc, rr + cc
    if method == "k":
        return determinant - k * (trace * trace)
    return 2 * determinant / (trace + eps)


def harris_of_boxes(image, method="k", k=0.05):
    """cv2.cornerHarris: boxes in place of the Gaussian, float32."""
    return cv2.cornerHarris(image, 3, 3, k, borderType=cv2.BORDER_CONSTANT)


@loops
def harris_of(planes, by_k, k, eps):
    _, rows, cols = planes.shape
    out = np.empty((rows, cols), planes.dtype)
    for y in prange(rows):
        for x in range(cols):
            rr, rc, cc = planes[0, y, x], planes[1, y, x], planes[2, y, x]
            determinant, trace = rr * cc - rc * rc, rr + cc
            if by_k:
                out[y, x] = determinant - k * (trace * trace)
            else:
                out[y, x] = 2 * determinant / (trace + eps)
    return out


def harris_rewrite(image, method="k", k=0.05, eps=1e-6, sigma=1):
    return harris_of(tensor_planes(image, sigma), method == "k", k, eps)


def shi_tomasi_opencv(image, sigma=1):
    rr, rc, cc = tensor_opencv(image, sigma)
    return (rr + cc - np.sqrt((rr - cc) ** 2 + 4 * rc**2)) / 2


@loops
def shi_tomasi_of(planes):
    _, rows, cols = planes.shape
    out = np.empty((rows, cols), planes.dtype)
    for y in prange(rows):
        for x in range(cols):
            rr, rc, cc = planes[0, y, x], planes[1, y, x], planes[2, y, x]
            apart = rr - cc
            out[y, x] = (rr + cc - np.sqrt(apart * apart + 4 * (rc * rc))) / 2
    return out


def shi_tomasi_rewrite(image, sigma=1):
    return shi_tomasi_of(tensor_planes(image, sigma))


@loops
def foerstner_of(planes):
    _, rows, cols = planes.shape
    w, q = np.zeros((rows, cols), planes.dtype), np.zeros((rows, cols), planes.dtype)
    for y in prange(rows):
        for x in range(cols):
            rr, rc, cc = planes[0, y, x], planes[1, y, x], planes[2, y, x]
            determinant, trace = rr * cc - rc * rc, rr + cc
            if trace != 0:
                w[y, x] = determinant / trace
                q[y, x] = 4 * determinant / (trace * trace)
    return w, q


def foerstner_rewrite(image, sigma=1):
    return foerstner_of(tensor_planes(image, sigma))


def foerstner_opencv(image, sigma=1):
    rr, rc, cc = tensor_opencv(image, sigma)
    determinant, trace = rr * cc - rc * rc, rr + cc
    some = trace != 0
    w = np.divide(determinant, trace, out=np.zeros_like(rr), where=some)
    q = np.divide(4 * determinant, trace**2, out=np.zeros_like(rr), where=some)
    return w, q


def as_float(image):
    """The numbers as they are: this measure does not scale bytes."""
    return image.astype(np.float64) if image.dtype == np.uint8 else image


def kitchen_rosenfeld_opencv(image):
    image = as_float(image)

    def slopes(plane):
        how = {"ddepth": depth(plane), "borderType": cv2.BORDER_CONSTANT}
        return cv2.Sobel(plane, dx=0, dy=1, **how), cv2.Sobel(plane, dx=1, dy=0, **how)

    down, right = slopes(image)
    (cross, along), (steep, _) = slopes(right), slopes(down)
    numerator = along * down**2 + steep * right**2 - 2 * cross * right * down
    square = right**2 + down**2
    return np.divide(numerator, square, out=np.zeros_like(image), where=square != 0)


@loops
def framed_slopes(padded):
    """Both derivatives of the inside, with a frame of zeros again."""
    rows, cols = padded.shape
    out = np.zeros((2, rows, cols), padded.dtype)
    for y in prange(rows - 2):
        above, here, below = padded[y], padded[y + 1], padded[y + 2]
        down, right = out[0, y + 1], out[1, y + 1]
        for x in range(cols - 2):
            down[x + 1] = slope_down(above, here, below, x)
            right[x + 1] = slope_right(above, here, below, x)
    return out


@loops
def kitchen_rosenfeld_of(slopes):
    _, rows, cols = slopes.shape
    out = np.zeros((rows - 2, cols - 2), slopes.dtype)
    for y in prange(rows - 2):
        d0, d1, d2 = slopes[0, y], slopes[0, y + 1], slopes[0, y + 2]
        r0, r1, r2 = slopes[1, y], slopes[1, y + 1], slopes[1, y + 2]
        for x in range(cols - 2):
            down, right = d1[x + 1], r1[x + 1]
            along, cross = slope_right(r0, r1, r2, x), slope_down(r0, r1, r2, x)
            steep = slope_down(d0, d1, d2, x)
            numerator = along * (down * down) + steep * (right * right)
            numerator -= 2 * cross * right * down
            square = right * right + down * down
            if square != 0:
                out[y, x] = numerator / square
    return out


def kitchen_rosenfeld_rewrite(image):
    return kitchen_rosenfeld_of(framed_slopes(framed(as_float(image), 1)))


PEERS = {
    "corner_harris": {
        "OpenCV + NumPy": opencv_of(harris_opencv, close=close),
        "rewrite": rewrite_of(harris_rewrite, close=close_singles),
        "cv2.cornerHarris": opencv_of(
            harris_of_boxes, same=False, dtypes=("uint8", "float32")
        ),
    },
    "corner_shi_tomasi": {
        "OpenCV + NumPy": opencv_of(shi_tomasi_opencv, close=close),
        "rewrite": rewrite_of(shi_tomasi_rewrite, close=close_singles),
    },
    "corner_foerstner": {
        "OpenCV + NumPy": opencv_of(foerstner_opencv, close=close_quotients),
        "rewrite": rewrite_of(foerstner_rewrite, close=close_singles),
    },
    "corner_kitchen_rosenfeld": {
        "OpenCV + NumPy": opencv_of(kitchen_rosenfeld_opencv, dtypes=("uint8",)),
        "rewrite": rewrite_of(kitchen_rosenfeld_rewrite, close=close_singles),
    },
}
