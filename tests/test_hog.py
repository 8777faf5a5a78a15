# SPDX-License-Identifier: BSD-3-Clause
"""hog and daisy beyond their Cases: borders of bins, `out=`, memory, pictures."""

import compare
import feature
import helpers
import images
import numpy as np
import pytest
import skimage.feature
from featurelib import hog as hog_module

ANGLES = range(0, 360, 5)


def histograms(function, image, orientations):
    return function(image, orientations, (7, 5), (1, 1), "L1", feature_vector=False)


@pytest.mark.parametrize("orientations", [1, 2, 3, 4, 8, 9, 12, 18, 36, 39])
def test_slopes_along_the_borders_of_bins_fall_where_the_reference_puts_them(
    orientations,
):
    down, right = np.ogrid[:42, :40]
    for angle in np.deg2rad(ANGLES):
        slope = np.sin(angle) * down + np.cos(angle) * right
        for image in (slope, slope.astype(np.float32), np.rint(slope * 8).astype("i4")):
            ours = histograms(feature.hog, image, orientations)
            theirs = histograms(skimage.feature.hog, image, orientations)
            assert not compare.element_difference(ours, theirs, 1e-12), angle


@pytest.mark.parametrize("orientations", [4, 8, 9, 12])
def test_gradients_equal_up_to_a_last_bit_are_decided_as_by_numpy(orientations):
    rng = images.generator("levels", orientations)
    image = rng.integers(0, 256, (140, 150)) / 255
    ours = histograms(feature.hog, image, orientations)
    theirs = histograms(skimage.feature.hog, image, orientations)
    assert not compare.element_difference(ours, theirs, 1e-12)


def test_more_close_pixels_than_there_is_room_for_at_first(monkeypatch):
    rooms, call = [], hog_module._hog

    def watched(*arguments):
        rooms.append(arguments[5])
        call(*arguments)

    monkeypatch.setattr(hog_module, "_hog", watched)
    down, right = np.ogrid[:120, :120]
    image = np.sin(np.deg2rad(80)) * down + np.cos(np.deg2rad(80)) * right
    ours = histograms(feature.hog, image, 9)
    assert rooms[1] > rooms[0]
    assert not compare.element_difference(
        ours, histograms(skimage.feature.hog, image, 9), 1e-12
    )


def test_integers_are_decided_without_numpy(monkeypatch):
    """Gradients of 8 bits are never so close that arctangents could disagree."""

    def refuse(*arguments):
        raise AssertionError("NumPy was asked")

    monkeypatch.setattr(hog_module, "_corrections", refuse)
    side = np.arange(256)
    steps = np.zeros((2 * 256 + 1, 3 * 256), np.uint8)  # many pairs of differences
    steps[1::2, 2::3] = side[np.newaxis]
    steps[2::2, 1::3] = side[:, np.newaxis]
    for orientations in (4, 7, 8, 9, 16, 180):
        feature.hog(steps, orientations)


def test_an_angle_a_last_bit_below_180_degrees_counts_nowhere():
    image = np.zeros((3, 3))
    image[1, 2], image[0, 1] = 1, 1e-17
    ours = histograms_of_one(feature.hog, image)
    theirs = histograms_of_one(skimage.feature.hog, image)
    assert np.array_equal(ours, theirs)


def histograms_of_one(function, image):
    return function(image, 9, (3, 3), (1, 1), "L1", feature_vector=False)


@pytest.mark.parametrize("visualize", [False, True])
@pytest.mark.parametrize("flat", [False, True])
def test_hog_writes_into_out(visualize, flat):
    image = images.draw_blobs(images.generator("out"), 70, 81)
    options = {"visualize": visualize, "feature_vector": flat}
    expected = feature.hog(image, **options)
    given = tuple(np.full_like(part, 7) for part in np.atleast_1d(expected)) if (
        not visualize
    ) else tuple(np.full_like(part, 7) for part in expected)
    out = given if visualize else np.full_like(expected, 7)
    found = feature.hog(image, out=out, **options)
    for one, other, target in zip(*(
        value if visualize else (value,) for value in (found, expected, out)
    )):
        assert one is target and np.array_equal(one, other)


def test_out_of_another_layout_or_shared_with_the_image():
    image = np.random.default_rng(1).random((64, 81))
    expected = feature.daisy(image)
    out = np.empty(expected.shape[::-1]).T
    assert np.array_equal(feature.daisy(image, out=out), expected)
    blocks = feature.hog(image, feature_vector=False)
    store = np.zeros(max(image.size, blocks.size))
    store[: image.size] = image.ravel()
    shared = store[: image.size].reshape(image.shape)
    target = store[: blocks.size].reshape(blocks.shape)
    assert np.array_equal(feature.hog(shared, feature_vector=False, out=target), blocks)


@pytest.mark.parametrize("name", ["hog", "daisy"])
def test_out_must_fit(name):
    function = getattr(feature, name)
    image = np.eye(64)
    right = function(image)
    locked = right.copy()
    locked.setflags(write=False)
    for out in (np.empty(3), right.astype("f4"), right[np.newaxis], locked, "x"):
        with pytest.raises(ValueError, match="out"):
            function(image, out=out)


def test_sigmas_may_be_a_tuple_or_an_array_as_the_reference_documents():
    image = np.random.default_rng(2).random((50, 50))
    expected = feature.daisy(image, sigmas=[1.0, 2.0, 3.0])
    for kind in (tuple, np.array):
        found = feature.daisy(image, sigmas=kind([1.0, 2.0, 3.0]))
        assert np.array_equal(found, expected)


def test_the_working_memory_of_daisy_does_not_grow_with_the_image():
    code = """
    import resource, sys
    import numpy as np
    import feature
    image = np.zeros((4096, 4096), np.uint8)
    feature.daisy(image[:64, :64])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = feature.daisy(image, step=16, workers=2)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) / 1024 - found.nbytes / 2**20)
    """
    if helpers.SANITIZED:
        pytest.skip("sanitizers keep memory of their own")
    assert float(helpers.python(code, timeout=120).stdout) < 64
