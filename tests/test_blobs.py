# SPDX-License-Identifier: BSD-3-Clause
"""Blobs beyond the random calls: pruning in the literal order, transforms against
filters, and pictures that are bad for lists of maxima or pairs."""

import math
import time
import tracemalloc

import cases  # first: it makes what cases_blobs uses
import cases_blobs
import feature
import images
import numpy as np
import pytest
from featurelib import blobs as module

PHOTOGRAPHS = ("camera", "coins", "moon", "page", "text")


def prune_literally(blobs, overlap, sigma_dim):
    """All pairs, sorted, as the reference walks them."""
    from scipy import spatial
    from skimage.feature import blob as theirs

    blobs = blobs.copy()
    distance = 2 * blobs[:, -sigma_dim:].max()
    distance = distance * math.sqrt(blobs.shape[1] - sigma_dim)
    pairs = sorted(spatial.cKDTree(blobs[:, :-sigma_dim]).query_pairs(distance))
    for i, j in pairs:
        first, second = blobs[i], blobs[j]
        if theirs._blob_overlap(first, second, sigma_dim=sigma_dim) > overlap:
            if first[-1] > second[-1]:
                second[-1] = 0
            else:
                first[-1] = 0
    return blobs[blobs[:, -1] > 0]


@pytest.mark.parametrize("index", range(120))
def test_pruning_is_a_walk_over_sorted_pairs(index):
    rng = images.generator("pruning", index)
    ndim = int(rng.choice([1, 2, 2, 3, 3, 4]))
    sigma_dim = int(rng.choice([1, ndim]))
    count, side = int(rng.integers(2, 90)), int(rng.choice([6, 30, 100]))
    places = rng.integers(0, side, (count, ndim))
    sizes = rng.choice([1, 1.5, 2, 5, 5.5, 20], (count, 1))
    dtype = rng.choice([np.float32, np.float64])
    sigmas = sizes * rng.choice([1, 1.5, 2], sigma_dim)
    blobs = np.hstack([places, sigmas]).astype(dtype)
    overlap = float(rng.choice([-0.5, 0, 0.1, 0.5, 0.9]))
    found = module._prune(blobs, sigma_dim, overlap, None)
    expected = prune_literally(blobs, overlap, sigma_dim)
    assert found.dtype == dtype and np.array_equal(found, expected)
    plain = cases_blobs.prune_in_order(blobs.copy(), overlap, sigma_dim=sigma_dim)
    assert np.array_equal(plain, expected)


@pytest.mark.parametrize("sigmas", [(0, 4), (0, 1e-9), (0, 0), (4, 0, 0, 1e-9, 5)])
def test_blobs_of_no_size_end_no_process(sigmas):
    """Python's functions find none; a caller from C may have some."""
    places = np.arange(2 * len(sigmas)).reshape(-1, 2) * 700.0
    blobs = np.hstack([places, np.reshape(sigmas, (-1, 1))])
    assert np.array_equal(module._prune(blobs, 1, 0.5, None), blobs)  # far apart


def by_filters(monkeypatch, name, image, **keywords):
    """The result without transforms."""

    class Direct(module._Search):
        def __init__(self, **fields):
            super().__init__(**{**fields, "direct": 1})

    with monkeypatch.context() as patch:
        patch.setattr(module, "_Search", Direct)
        return getattr(feature, name)(image, **keywords)


def balls(shape, seed):
    """Gaussian spots of many sizes on noise."""
    rng = np.random.default_rng(seed)
    grid, picture = np.indices(shape), 0.02 * rng.random(shape)
    for _ in range(12):
        centre = rng.uniform(0, shape).reshape(-1, *[1] * len(shape))
        width = 2 * rng.uniform(2, 12) ** 2
        picture += rng.random() * np.exp(-((grid - centre) ** 2).sum(0) / width)
    return picture


PICTURES = [(name, lambda name=name: images.photograph(name)) for name in PHOTOGRAPHS]
PICTURES += [(f"balls {n}", lambda n=n: balls((160 + n, 211), n)) for n in range(4)]
PICTURES += [(f"cube {n}", lambda n=n: balls((40, 33 + n, 47), n)) for n in range(2)]


def mirrored():
    """Every spot twice or four times, of the same response up to rounding."""
    quarter = balls((90, 110), 5)
    half = np.hstack([quarter, quarter[:, ::-1]])
    return np.vstack([half, half[::-1]])


PICTURES += [("mirrored", mirrored)]
PICTURES += [("few levels", lambda: np.round(4 * balls((160, 211), 6)) / 4)]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", ["blob_dog", "blob_log"])
@pytest.mark.parametrize("picture", [pytest.param(p, id=n) for n, p in PICTURES])
def test_transforms_find_what_filters_find(monkeypatch, name, picture, dtype):
    image = images.convert(picture(), dtype)
    keywords = {"max_sigma": 30, "threshold": 0.03, "overlap": 1}
    found = getattr(feature, name)(image, **keywords)
    assert len(found) and np.array_equal(
        found, by_filters(monkeypatch, name, image, **keywords)
    )


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("picture", [mirrored, lambda: images.photograph("coins")])
def test_few_doubts_do_not_end_in_filters_for_all(monkeypatch, picture, dtype):
    errors, call = [], module._call

    def watched(*arguments):
        result = call(*arguments)
        errors.append(result[2].error)
        return result

    monkeypatch.setattr(module, "_call", watched)
    feature.blob_log(images.convert(picture(), dtype), max_sigma=30, threshold=0.05)
    assert len(errors) == 1 and errors[0] > 0  # a transform's, not that of filters


BAD = {
    "constant": np.full((96, 96), 0.5),
    "checkerboard": np.indices((96, 96)).sum(0) % 2 * 1.0,
    "noise": np.random.default_rng(0).random((96, 96)),
    "one pixel": np.eye(1, 96 * 96, 500).reshape(96, 96),
    "half": np.repeat([[0.0, 1.0]], 48, 0).repeat(2, 0).repeat(48, 1),
    "NaN": np.where(np.eye(96) > 0, np.nan, 0.5),
}


@pytest.mark.parametrize("name", ["blob_dog", "blob_log", "blob_doh"])
@pytest.mark.parametrize("picture", BAD)
def test_bad_pictures_take_no_time_to_speak_of(name, picture):
    """Without a threshold plateaus are blobs all over; the reference needs hours."""
    start = time.process_time()
    getattr(feature, name)(BAD[picture], max_sigma=20, threshold=None, workers=1)
    getattr(feature, name)(BAD[picture], max_sigma=20, threshold=-1, workers=1)
    assert time.process_time() - start < 20


def test_no_threshold_takes_little_memory():
    """The reference takes 9 GiB for its pairs."""
    image = images.photograph("camera")
    tracemalloc.start()
    found = feature.blob_log(image, threshold=None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) > 1000 and peak < 100 << 20
