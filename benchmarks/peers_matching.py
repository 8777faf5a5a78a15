# SPDX-License-Identifier: BSD-3-Clause
"""Peers of descriptors' matching, of templates and of Fisher vectors.

OpenCV matches bits by Hamming distances and numbers by Euclidean ones, in float32;
pairs that only float64 tells apart may differ, so its numbers are another definition,
as is cv2.matchTemplate, which sums in float32.
"""

import numpy as np
from _contender import cv2, opencv_of


def match_bits(first, second, max_ratio=1.0):
    """Both ways, as cross_check asks; the order is the reference's."""
    pairs = np.packbits(first, axis=1), np.packbits(second, axis=1)
    if max_ratio == 1.0:
        found = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(*pairs)
        return sorted_pairs(found)
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    ahead = matcher.knnMatch(*pairs, k=2)
    back = {m.queryIdx: m.trainIdx for m in matcher.match(*pairs[::-1])}
    return sorted_pairs(
        best
        for best, next_ in ahead
        if back[best.trainIdx] == best.queryIdx
        and best.distance < max_ratio * next_.distance
    )


def match_numbers(first, second, max_ratio=1.0):
    matcher = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True)
    pairs = first.astype(np.float32), second.astype(np.float32)
    return sorted_pairs(matcher.match(*pairs))


def sorted_pairs(matches):
    pairs = [(m.queryIdx, m.trainIdx) for m in matches]
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def match_numpy(first, second, max_ratio=1.0):
    """|a|^2 + |b|^2 - 2ab by matrix products, and the least of rows and columns."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    squares = (a * a).sum(1)[:, np.newaxis] + (b * b).sum(1)
    squares -= 2 * (a @ b.T)
    nearest, back = squares.argmin(1), squares.argmin(0)
    rows = np.flatnonzero(back[nearest] == np.arange(len(a)))
    return np.stack([rows, nearest[rows]], axis=1)


def match_template(image, template, pad_input=False):
    """cv2.matchTemplate, whose image is padded with zeros where ours is."""
    bytes_ = image.dtype == np.uint8
    image, template = (p if bytes_ else p.astype(np.float32) for p in (image, template))
    if pad_input:
        rows, cols = template.shape
        before, after = (rows // 2, cols // 2), ((rows - 1) // 2, (cols - 1) // 2)
        sides = before[0], after[0], before[1], after[1]
        image = cv2.copyMakeBorder(image, *sides, cv2.BORDER_CONSTANT, value=0)
    return cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED)


def fisher_vector(descriptors, gmm, improved=False, alpha=0.5):
    """Two matrix products for the posteriors, three for the moments."""
    x, count = descriptors, len(descriptors)
    weights, means, spread = gmm.weights_, gmm.means_, gmm.covariances_
    inverse = 1 / spread
    logs = np.log(weights) - 0.5 * (
        np.log(2 * np.pi * spread).sum(1) + (means**2 * inverse).sum(1)
    )
    squares = x * x
    logs = logs - 0.5 * (squares @ inverse.T) + x @ (means * inverse).T
    logs -= logs.max(1, keepdims=True)
    shares = np.exp(logs, out=logs)
    shares /= shares.sum(1, keepdims=True)
    mass = shares.sum(0)[:, np.newaxis] / count
    first, second = shares.T @ x / count, shares.T @ squares / count
    d_weights = (mass.ravel() - weights) / np.sqrt(weights)
    d_means = first - mass * means
    d_spread = -second - mass * (means**2 - spread) + 2 * first * means
    root = np.sqrt(weights)[:, np.newaxis]
    d_means = d_means / (root * np.sqrt(spread))
    d_spread = d_spread / (np.sqrt(2) * root * spread)
    found = np.hstack([d_weights, d_means.ravel(), d_spread.ravel()])
    if improved:
        found = np.sign(found) * np.abs(found) ** alpha
        found /= np.linalg.norm(found)
    return found


def close(image):
    return 1e-8


NUMBERS = ("uint8", "float32", "float64")
PEERS = {
    "match_descriptors": {
        "OpenCV": opencv_of(match_bits, dtypes=("bool",)),
        "OpenCV, float32": opencv_of(match_numbers, same=False, dtypes=NUMBERS),
        "NumPy": opencv_of(match_numpy, same=False, dtypes=NUMBERS),
    },
    "match_template": {
        "cv2.matchTemplate": opencv_of(match_template, same=False, dtypes=NUMBERS)
    },
    "fisher_vector": {
        "NumPy": opencv_of(fisher_vector, close=close, dtypes=("float64",))
    },
}
