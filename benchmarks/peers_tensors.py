# SPDX-License-Identifier: BSD-3-Clause
"""Peers of the tensors and of the corner measures made of them."""

import compare
import numpy as np
from _contender import (
    ZERO,
    correlate,
    correlate_planes,
    cv2,
    depth,
    framed,
    gaussian,
    grey,
    inlined,
    loops,
    opencv_of,
    prange,
    rewrite_of,
    slope_down,
    slope_right,
    smooth,
)


def close(image):
    """Other orders of sums than SciPy's, or float32 where SciPy sums in double."""
    single = image.dtype == np.float32
    return compare.OfLargest(1e-5 if single else 1e-12)


def close_singles(image):
    """SciPy's order, but float32 where SciPy sums in double."""
    return compare.OfLargest(1e-5 if image.dtype == np.float32 else 0)


def close_quotients(image):
    """Where small numbers are divided by small ones."""
    return 1e-2 if image.dtype == np.float32 else 1e-10


def close_boxes(image):
    """Small differences of sums of up to all pixels, in OpenCV's order."""
    return compare.OfLargest(1e-10 * max(1, image.size / 2**18))


# ------------------------------------------------------------- structure tensor


def tensor_opencv(image, sigma=1):
    image, weights = grey(image), gaussian(sigma)
    kind, border = depth(image), cv2.BORDER_CONSTANT
    down = cv2.Sobel(image, kind, 0, 1, borderType=border)
    right = cv2.Sobel(image, kind, 1, 0, borderType=border)
    products = down * down, down * right, right * right
    return [
        cv2.sepFilter2D(plane, kind, weights, weights, borderType=border)
        for plane in products
    ]


@loops
def sobel_products(padded):
    rows, cols = padded.shape[0] - 2, padded.shape[1] - 2
    out = np.empty((3, rows, cols), padded.dtype)
    for y in prange(rows):
        above, here, below = padded[y], padded[y + 1], padded[y + 2]
        rr, rc, cc = out[0, y], out[1, y], out[2, y]
        for x in range(cols):
            down = slope_down(above, here, below, x)
            right = slope_right(above, here, below, x)
            rr[x], rc[x], cc[x] = down * down, down * right, right * right
    return out


def tensor_planes(image, sigma=1):
    products = sobel_products(framed(grey(image), 1))
    weights, signs = gaussian(sigma).astype(products.dtype), np.ones(2, products.dtype)
    return correlate_planes(products, weights, weights, signs, ZERO)


def tensor_rewrite(image, sigma=1):
    return list(tensor_planes(image, sigma))


# ------------------------------------------------------------------------ Hessian


def hessian_opencv(image, sigma=1, use_gaussian_derivatives=False):
    image = grey(image)
    how = {"ddepth": depth(image), "borderType": cv2.BORDER_CONSTANT}
    if not use_gaussian_derivatives:
        weights = gaussian(sigma)
        plane = cv2.sepFilter2D(image, kernelX=weights, kernelY=weights, **how)
        down, right = np.gradient(plane)
        return [*np.gradient(down), np.gradient(right, axis=1)]
    flat, steep = derivative_weights(sigma)

    def slope(plane, axis):
        x, y = (steep, flat) if axis else (flat, steep)
        return cv2.sepFilter2D(plane, kernelX=x, kernelY=y, **how)

    down, right = slope(image, 0), slope(image, 1)
    return [slope(down, 0), slope(down, 1), slope(right, 1)]


def derivative_weights(sigma):
    """A Gaussian and its derivative; two of them one after the other have sigma."""
    truncate = 8 if sigma > 1 else 100
    return [gaussian(sigma / np.sqrt(2), order, truncate) for order in (0, 1)]


@loops
def differences(blocks):
    """Half of next - previous along axis 1 of three, at the ends of the last two."""
    count, rows, cols = blocks.shape
    out = np.empty_like(blocks)
    for line in prange(count * rows):
        block, y = blocks[line // rows], line % rows
        up, down = max(y - 1, 0), min(y + 1, rows - 1)
        before, after, result = block[up], block[down], out[line // rows, y]
        if down - up == 2:
            for x in range(cols):
                result[x] = (after[x] - before[x]) / 2
        else:
            for x in range(cols):
                result[x] = after[x] - before[x]
    return out


@loops
def differences_right(lines):
    count, cols = lines.shape
    out = np.empty_like(lines)
    for y in prange(count):
        line, result, after = lines[y], out[y], lines[y, 2:]
        result[0], result[-1] = line[1] - line[0], line[-1] - line[-2]
        for x in range(cols - 2):
            result[1:][x] = (after[x] - line[x]) / 2
    return out


def difference(image, axis):
    shape = image.shape
    if axis == image.ndim - 1:
        return differences_right(image.reshape(-1, shape[-1])).reshape(shape)
    rest = int(np.prod(shape[axis + 1 :]))
    return differences(image.reshape(-1, shape[axis], rest)).reshape(shape)


def second_differences(image):
    """The Hessian's upper triangle of a smoothed image of any dimensions."""
    first = [difference(image, axis) for axis in range(image.ndim)]
    pairs = [(a, b) for a in range(image.ndim) for b in range(a, image.ndim)]
    return [difference(first[a], b) for a, b in pairs]


def hessian_rewrite(image, sigma=1, use_gaussian_derivatives=False):
    image = grey(image)
    if not use_gaussian_derivatives:
        return second_differences(smooth(image, sigma))
    flat, steep = derivative_weights(sigma)

    def slope(plane, axis):
        return correlate(plane, [flat, steep] if axis else [steep, flat])

    down, right = slope(image, 0), slope(image, 1)
    return [slope(down, 0), slope(down, 1), slope(right, 1)]


@loops
def shape_index_of(rr, rc, cc):
    out = np.empty_like(rr)
    for y in prange(rr.shape[0]):
        for x in range(rr.shape[1]):
            half = (rr[y, x] + cc[y, x]) / 2
            apart = (rr[y, x] - cc[y, x]) / 2
            root = np.sqrt(rc[y, x] * rc[y, x] + apart * apart)
            large, small = half + root, half - root
            if small == large:
                out[y, x] = np.nan if small + large == 0 else -np.sign(small)
            else:
                slope = (small + large) / (small - large)
                out[y, x] = 2 / np.pi * np.arctan(slope)
    return out


def shape_index_rewrite(image, sigma=1):
    return shape_index_of(*second_differences(smooth(grey(image), sigma)))


def shape_index_opencv(image, sigma=1):
    large, small = eigenvalues_numpy(np.stack(hessian_opencv(image, sigma)))
    with np.errstate(all="ignore"):
        return (2 / np.pi) * np.arctan((small + large) / (small - large))


# --------------------------------------------------------------------- eigenvalues


def eigenvalues_numpy(planes):
    rr, rc, cc = planes
    out = np.empty((2, *rr.shape), rr.dtype)
    half, root = (rr + cc) / 2, np.sqrt(rc**2 + ((rr - cc) / 2) ** 2)
    np.add(half, root, out=out[0])
    np.subtract(half, root, out=out[1])
    return out


@loops
def eigenvalues_of_two(planes):
    _, rows, cols = planes.shape
    out = np.empty((2, rows, cols), planes.dtype)
    for y in prange(rows):
        for x in range(cols):
            rr, rc, cc = planes[0, y, x], planes[1, y, x], planes[2, y, x]
            half, apart = (rr + cc) / 2, (rr - cc) / 2
            root = np.sqrt(rc * rc + apart * apart)
            out[0, y, x], out[1, y, x] = half + root, half - root
    return out


@inlined
def rotated(app, aqq, apq, arp, arq):
    """One rotation of Jacobi's method: makes element pq zero."""
    if apq == 0:
        return app, aqq, arp, arq
    theta = (aqq - app) / (2 * apq)
    t = 1 / (abs(theta) + np.sqrt(theta * theta + 1))
    t = t if theta >= 0 else -t
    c = 1 / np.sqrt(t * t + 1)
    s = t * c
    return app - t * apq, aqq + t * apq, c * arp - s * arq, s * arp + c * arq


@inlined
def eigenvalues_of_one(a, b, c, d, e, f, largest):
    """Of the symmetric matrix (a b c, b d e, c e f): the trigonometric form where
    it is as close as 1e-12 of `largest`, else Jacobi's rotations."""
    mean = (a + d + f) / 3
    square = (a - mean) ** 2 + (d - mean) ** 2 + (f - mean) ** 2
    p = np.sqrt((square + 2 * (b * b + c * c + e * e)) / 6)
    if p == 0:
        return mean, mean, mean
    u, v, w = (a - mean) / p, (d - mean) / p, (f - mean) / p
    g, h, i = b / p, c / p, e / p
    half = (u * (v * w - i * i) - g * (g * w - i * h) + h * (g * i - v * h)) / 2
    if p * p < 1e6 * largest * largest * (1 - half * half):
        angle = np.arccos(half) / 3
        large = mean + 2 * p * np.cos(angle)
        small = mean + 2 * p * np.cos(angle + 2 * np.pi / 3)
        return large, 3 * mean - large - small, small
    for _ in range(6):
        a, d, c, e = rotated(a, d, b, c, e)
        b = 0.0
        a, f, b, e = rotated(a, f, c, b, e)
        c = 0.0
        d, f, b, c = rotated(d, f, e, b, c)
        e = 0.0
    low, high = min(a, d), max(a, d)
    return max(high, f), max(min(high, f), low), min(low, f)


@loops
def eigenvalues_of_three(planes, largest):
    out = np.empty((3, planes.shape[1]), planes.dtype)
    for block in prange((planes.shape[1] + 1023) // 1024):
        for x in range(1024 * block, min(1024 * (block + 1), planes.shape[1])):
            a, b, c = planes[0, x], planes[1, x], planes[2, x]
            d, e, f = planes[3, x], planes[4, x], planes[5, x]
            found = eigenvalues_of_one(a, b, c, d, e, f, largest)
            out[0, x], out[1, x], out[2, x] = found
    return out


def eigenvalues_rewrite(planes):
    if len(planes) == 3:
        return eigenvalues_of_two(planes)
    largest = max(planes.max(), -planes.min())
    found = eigenvalues_of_three(planes.reshape(6, -1), largest)
    return found.reshape(3, *planes.shape[1:])


# -------------------------------------------------------------------- determinant


@inlined
def box(table, y, x, height, width):
    """A sum by the integral image, cut off as the reference does it."""
    rows, cols = table.shape
    top, left = min(max(y, 0), rows - 1), min(max(x, 0), cols - 1)
    bottom, right = min(top + height, rows - 1), min(left + width, cols - 1)
    total = table[top, left] + table[bottom, right]
    return max(0.0, total - table[top, right] - table[bottom, left])


@loops
def boxes(table, size):
    """SURF's approximation of the Hessian's determinant by boxes of `size`."""
    out = np.empty(table.shape)
    third, half, weight = size // 3, (size - 1) // 2, 1.0 / size / size
    side, short = third // 2, 2 * third - 1
    for y in prange(table.shape[0]):
        for x in range(table.shape[1]):
            falling = box(table, y - third, x - third, third, third)
            falling += box(table, y + 1, x + 1, third, third)
            rising = box(table, y - third, x + 1, third, third)
            rising += box(table, y + 1, x - third, third, third)
            middle = box(table, y - third + 1, x - half, short, size)
            xx = middle - 3 * box(table, y - third + 1, x - side, short, third)
            middle = box(table, y - half, x - third + 1, size, short)
            yy = middle - 3 * box(table, y - side, x - third + 1, third, short)
            xx, yy, xy = xx * weight, yy * weight, (rising - falling) * weight
            out[y, x] = xx * yy - 0.81 * (xy * xy)
    return out


def integral(image):
    return np.ascontiguousarray(cv2.integral(grey(image), sdepth=cv2.CV_64F)[1:, 1:])


def determinant_rewrite(image, sigma=1):
    return boxes(integral(image), int(3 * sigma))


PEERS = {
    "structure_tensor": {
        "OpenCV + NumPy": opencv_of(tensor_opencv, close=close),
        "rewrite": rewrite_of(tensor_rewrite, close=close_singles),
    },
    "hessian_matrix": {
        "OpenCV + NumPy": opencv_of(hessian_opencv, close=close),
        "rewrite": rewrite_of(hessian_rewrite, close=close, ndim=(2, 3)),
    },
    "structure_tensor_eigenvalues": {
        "NumPy": opencv_of(eigenvalues_numpy, ndim=3),
        "rewrite": rewrite_of(eigenvalues_rewrite, close=close, ndim=(3, 4)),
    },
    "hessian_matrix_eigvals": {
        "rewrite": rewrite_of(eigenvalues_rewrite, close=close, ndim=(3, 4)),
    },
    "hessian_matrix_det": {
        "rewrite": rewrite_of(determinant_rewrite, close=close_boxes),
    },
    "shape_index": {
        "OpenCV + NumPy": opencv_of(shape_index_opencv, close=close_quotients),
        "rewrite": rewrite_of(shape_index_rewrite, close=close_quotients),
    },
}
