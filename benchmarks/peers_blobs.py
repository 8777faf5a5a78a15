# SPDX-License-Identifier: BSD-3-Clause
"""Peers of the blobs and of the multiscale features.

Gaussians and Laplacians of any sigma cost the same as products of cosine transforms
(the border is mirrored, so nothing is lost but rounding). Maxima and pruning are
loops in numba. Pairs of blobs are pruned in their order, as here.
"""

import functools

import compare
import numpy as np
from _contender import (
    NEAREST,
    cv2,
    gaussian,
    grey,
    inlined,
    loop,
    loops,
    prange,
    rewrite_of,
    smooth,
)
from peers_tensors import boxes, eigenvalues_of_one, integral, second_differences

# ------------------------------------------------------------------------ scales


def response(weights, n):
    """What a symmetric filter does to the n cosines of a mirrored line."""
    radius = len(weights) // 2
    angles = np.pi * np.outer(np.arange(1, radius + 1), np.arange(n)) / n
    return weights[radius] + 2 * weights[radius + 1 :] @ np.cos(angles)


def on_axis(values, axis, ndim):
    return values.reshape([-1 if k == axis else 1 for k in range(ndim)])


def outer(factors):
    """The product of one factor an axis."""
    parts = [on_axis(f, axis, len(factors)) for axis, f in enumerate(factors)]
    return functools.reduce(np.multiply, parts)


def scales(image, filters):
    """One filtered image for each response that `filters` yields."""
    from scipy import fft

    waves = fft.dctn(grey(image))
    planes = np.empty((len(filters), *image.shape))
    for plane, factor in zip(planes, filters, strict=True):
        plane[:] = fft.idctn(waves * factor, overwrite_x=True)
    return planes


def gaussian_responses(sigma, order, shape):
    found = {n: response(gaussian(sigma, order), n) for n in set(shape)}
    return [found[n] for n in shape]


def laplacian(sigma, shape):
    """Minus sigma^2 times the Laplacian of a Gaussian."""
    flat, bent = (gaussian_responses(sigma, order, shape) for order in (0, 2))
    axes = range(len(shape))
    return -(sigma**2) * sum(
        outer([bent[k] if k == axis else flat[k] for k in axes]) for axis in axes
    )


# ------------------------------------------------------------------------ maxima


@inlined
def is_maximum(cube, s, z, y, x):
    value = cube[s, z, y, x]
    scales, depth, rows, cols = cube.shape
    for d in range(max(0, s - 1), min(scales, s + 2)):
        for i in range(max(0, z - 1), min(depth, z + 2)):
            for j in range(max(0, y - 1), min(rows, y + 2)):
                for k in range(max(0, x - 1), min(cols, x + 2)):
                    if cube[d, i, j, k] > value:
                        return False
    return True


@loops
def maxima(cube, threshold):
    """How often each pixel is a maximum over its neighbours in space and scale."""
    scales, depth, rows, cols = cube.shape
    found = np.zeros(cube.shape, np.bool_)
    counts = np.zeros(depth * rows, np.int64)
    for line in prange(depth * rows):
        z, y = line // rows, line % rows
        for s in range(scales):
            for x in range(cols):
                if cube[s, z, y, x] > threshold and is_maximum(cube, s, z, y, x):
                    found[s, z, y, x] = True
                    counts[line] += 1
    return found, counts


def peaks_of(cube, threshold):
    """Places and scale numbers, strongest first, in the reference's order of ties."""
    volume = cube.reshape(len(cube), -1, *cube.shape[-2:])
    found, counts = maxima(volume, threshold)
    lines = np.flatnonzero(counts)
    z, y = lines // volume.shape[2], lines % volume.shape[2]
    line, x, s = np.nonzero(found[:, z, y].transpose(1, 2, 0))
    order = np.argsort(-volume[s, z[line], y[line], x], kind="stable")
    places = np.stack([z[line], y[line], x, s], axis=1)[order]
    return places[:, 3 - (cube.ndim - 1) :]


# ------------------------------------------------------------------------- pruning


@inlined
def overlap_of(distance, r1, r2, ndim):
    """The share of the smaller of two discs or balls that both cover."""
    if distance > r1 + r2:
        return 0.0
    if distance <= abs(r1 - r2):
        return 1.0
    d = distance
    if ndim == 3:
        lens = d * d + 2 * d * (r1 + r2) - 3 * (r1 * r1 + r2 * r2) + 6 * r1 * r2
        lens *= np.pi / (12 * d) * (r1 + r2 - d) ** 2
        return lens / (4.0 / 3 * np.pi * min(r1, r2) ** 3)
    one = (d * d + r1 * r1 - r2 * r2) / (2 * d * r1)
    two = (d * d + r2 * r2 - r1 * r1) / (2 * d * r2)
    area = r1 * r1 * np.arccos(min(max(one, -1.0), 1.0))
    area += r2 * r2 * np.arccos(min(max(two, -1.0), 1.0))
    a, b, c, e = -d + r2 + r1, d - r2 + r1, d + r2 - r1, d + r2 + r1
    area -= 0.5 * np.sqrt(abs(a * b * c * e))
    return area / (np.pi * min(r1, r2) ** 2)


@loop
def pruned(blobs, overlap):
    """The sigma of the smaller of two that overlap becomes 0."""
    ndim = blobs.shape[1] - 1
    reach = 2 * blobs[:, ndim].max() * np.sqrt(ndim)
    for i in range(len(blobs)):
        for j in range(i + 1, len(blobs)):
            square = 0.0
            for k in range(ndim):
                square += (blobs[i, k] - blobs[j, k]) ** 2
            one, two = blobs[i, ndim], blobs[j, ndim]
            if square > reach * reach or one == 0 or two == 0:
                continue
            large = max(one, two)
            distance = np.sqrt(square) / (large * np.sqrt(ndim))
            if overlap_of(distance, one / large, two / large, ndim) > overlap:
                blobs[j if one > two else i, ndim] = 0
    return blobs


def blobs_of(cube, sigmas, threshold, overlap):
    places = peaks_of(cube, threshold)
    if not len(places):
        return np.empty((0, cube.ndim))
    blobs = places.astype(np.float64)
    blobs[:, -1] = sigmas[places[:, -1]]
    blobs = pruned(blobs, overlap)
    return blobs[blobs[:, -1] > 0]


# --------------------------------------------------------------------------- blobs


def blob_log(
    image, min_sigma=1, max_sigma=50, num_sigma=10, threshold=0.2, overlap=0.5
):
    sigmas = np.linspace(min_sigma, max_sigma, num_sigma)
    cube = scales(image, [laplacian(sigma, image.shape) for sigma in sigmas])
    return blobs_of(cube, sigmas, threshold, overlap)


def blob_dog(
    image, min_sigma=1, max_sigma=50, sigma_ratio=1.6, threshold=0.5, overlap=0.5
):
    steps = int(np.log(max_sigma / min_sigma) / np.log(sigma_ratio) + 1)
    sigmas = np.array([min_sigma * sigma_ratio**k for k in range(steps + 1)])
    smoothing = [outer(gaussian_responses(s, 0, image.shape)) for s in sigmas]
    pairs = zip(smoothing[:-1], smoothing[1:], strict=True)
    bands = [(fine - coarse) / (sigma_ratio - 1) for fine, coarse in pairs]
    cube = scales(image, bands)
    return blobs_of(cube, sigmas, threshold, overlap)


def blob_doh(
    image, min_sigma=1, max_sigma=30, num_sigma=10, threshold=0.01, overlap=0.5
):
    sigmas = np.linspace(min_sigma, max_sigma, num_sigma)
    table = integral(image)
    cube = np.stack([boxes(table, int(3 * sigma)) for sigma in sigmas])
    return blobs_of(cube, sigmas, threshold, overlap)


# ---------------------------------------------------------------------- multiscale


@loops
def write_features(plane, slope, rr, rc, cc, out, first):
    for y in prange(plane.shape[0]):
        for x in range(plane.shape[1]):
            half, apart = (rr[y, x] + cc[y, x]) / 2, (rr[y, x] - cc[y, x]) / 2
            root = np.sqrt(rc[y, x] * rc[y, x] + apart * apart)
            out[y, x, first], out[y, x, first + 1] = plane[y, x], slope[y, x]
            out[y, x, first + 2], out[y, x, first + 3] = half + root, half - root


@loops
def write_volume_features(plane, slope, hessian, largest, out, first):
    for i in prange(plane.shape[0]):
        for x in range(plane.shape[1]):
            a, b, c = hessian[0, i, x], hessian[1, i, x], hessian[2, i, x]
            d, e, f = hessian[3, i, x], hessian[4, i, x], hessian[5, i, x]
            found = eigenvalues_of_one(a, b, c, d, e, f, largest)
            out[i, x, first], out[i, x, first + 1] = plane[i, x], slope[i, x]
            for k in range(3):
                out[i, x, first + 2 + k] = found[k]


def sobel_magnitude(plane):
    from scipy import ndimage

    if plane.ndim == 2:
        how = {"ddepth": cv2.CV_32F, "scale": 1 / 4, "borderType": cv2.BORDER_REFLECT}
        slopes = [cv2.Sobel(plane, dx=x, dy=1 - x, **how) for x in (0, 1)]
    else:
        weights = 4 ** (plane.ndim - 1)
        slopes = [ndimage.sobel(plane, axis) / weights for axis in range(plane.ndim)]
    return np.sqrt(sum(s * s for s in slopes) / np.float32(plane.ndim))


def multiscale(image, sigma_min=0.5, sigma_max=16):
    image = np.ascontiguousarray(grey(image), np.float32)
    count = int(np.log2(sigma_max) - np.log2(sigma_min) + 1)
    each = 2 + image.ndim
    out = np.empty((*image.shape, each * count), np.float32)
    steps = np.logspace(np.log2(sigma_min), np.log2(sigma_max), count, base=2)
    for k, sigma in enumerate(steps):
        plane = smooth(image, sigma, NEAREST)
        slope, hessian = sobel_magnitude(plane), second_differences(plane)
        if image.ndim == 2:
            write_features(plane, slope, *hessian, out, each * k)
            continue
        shape = (-1, image.shape[-1])
        flat = np.stack(hessian).reshape(6, *shape).astype(np.float64)
        largest = 1e5 * max(flat.max(), -flat.min())  # float32: fewer digits will do
        args = plane.reshape(shape), slope.reshape(shape), flat, largest
        write_volume_features(*args, out.reshape(*shape, each * count), each * k)
    return out


def close(image):
    return compare.OfLargest(1e-5)


def rewrite_of_blobs(compute, ndim):
    """Transforms round, so that blobs of equal response may come in another order."""
    types = ("uint8", "float64")
    return {"rewrite": rewrite_of(compute, same=False, ndim=ndim, dtypes=types)}


PEERS = {
    "blob_dog": rewrite_of_blobs(blob_dog, (2, 3)),
    "blob_log": rewrite_of_blobs(blob_log, (2, 3)),
    "blob_doh": rewrite_of_blobs(blob_doh, 2),
    "multiscale_basic_features": {
        "rewrite": rewrite_of(multiscale, close, ndim=(2, 3)),
    },
}
