# SPDX-License-Identifier: BSD-3-Clause
"""Promise: SIFT is the reference's on its photographs and test images, descriptors
included; objects can be used again, copied, pickled, and in several threads; keypoints
of others are described as its own are."""

import copy
import inspect
import pickle
from concurrent.futures import ThreadPoolExecutor

import feature
import featurelib.sift
import numpy as np
import pytest
import skimage.feature
from skimage import color, data

CAMERA, COINS = data.camera(), data.coins()
CORNER = CAMERA[100:260, 150:330]
NAMES = ("keypoints", "positions", "sigmas", "scales", "orientations", "octaves")


def found(image, kind=feature.SIFT, step="detect_and_extract", **keywords):
    one = kind(**keywords)
    getattr(one, step)(image)
    return one


def same(one, other):
    for name in (*NAMES, "descriptors", "scalespace_sigmas"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("name", ["camera", "coins", "moon", "astronaut"])
def test_photographs_give_the_reference_keypoints_and_descriptors(name):
    image = getattr(data, name)()
    image = color.rgb2gray(image) if image.ndim == 3 else image
    image = image[:320, :320]
    ours, theirs = found(image), found(image, skimage.feature.SIFT)
    for which in ("keypoints", "positions", "scales", "octaves", "descriptors"):
        assert np.array_equal(getattr(ours, which), getattr(theirs, which)), which
    assert np.allclose(ours.sigmas, theirs.sigmas, 1e-14, 0)
    turn = np.abs(ours.orientations - theirs.orientations)
    assert np.minimum(turn, 2 * np.pi - turn).max() < 1e-11


@pytest.mark.parametrize("image", [CAMERA[:320, :320], COINS], ids=["camera", "coins"])
def test_float32_gives_the_keypoints_and_nearly_all_descriptors(image):
    """The reference rounds to float32 where ours has doubles; bytes are one apart."""
    image = (image / 255).astype(np.float32)
    ours, theirs = found(image), found(image, skimage.feature.SIFT)
    assert ours.positions.dtype == np.float32
    for which in ("keypoints", "positions", "scales", "octaves"):
        assert np.array_equal(getattr(ours, which), getattr(theirs, which)), which
    turn = np.abs(ours.orientations - theirs.orientations)
    assert np.mean(np.minimum(turn, 2 * np.pi - turn) < 1e-4) > 0.995
    apart = np.abs(ours.descriptors.astype(int) - theirs.descriptors)
    assert np.mean(apart.max(axis=1) <= 1) > 0.99
    assert np.mean(apart == 0) > 0.999


def test_binary_images_are_taken():
    image = CORNER > 128
    ours, theirs = found(image), found(image, skimage.feature.SIFT)
    assert np.array_equal(ours.positions, theirs.positions)


def test_a_small_image_does_not_change_what_the_next_one_gives():
    detector = feature.SIFT()
    detector.detect_and_extract(CORNER[:40, :40])
    assert detector.n_octaves == 8 and len(detector.deltas) == 3
    detector.detect_and_extract(CORNER)
    same(detector, found(CORNER))
    assert np.array_equal(detector.deltas, found(CORNER, skimage.feature.SIFT).deltas)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle.loads])
def test_a_copy_finds_the_same(again):
    detector = found(CORNER, c_max=0.7)
    twin = again(pickle.dumps(detector) if again is pickle.loads else detector)
    same(twin, detector)
    before = detector.descriptors
    for one in (twin, detector):
        one.detect_and_extract(CORNER)
        same(one, detector)
    assert detector.descriptors is not before


def test_an_object_a_thread():
    expected = found(CORNER)
    with ThreadPoolExecutor(4) as pool:
        for one in pool.map(found, [CORNER] * 12):
            same(one, expected)


def test_steps_give_what_both_at_once_give():
    both = found(CORNER)
    steps = found(CORNER, step="detect")
    assert steps.descriptors is None
    steps.extract(CORNER)
    same(steps, both)


def test_extract_follows_attributes_that_somebody_sets():
    ours, theirs = found(CORNER), found(CORNER, skimage.feature.SIFT)
    for one in (ours, theirs):
        for name in NAMES[1:]:
            setattr(one, name, getattr(one, name)[::-3])
        one.orientations = 0.9 * one.orientations
        one.scales = np.minimum(one.scales + 1, 5)
        one.extract(CORNER[::-1])
    assert np.array_equal(ours.descriptors, theirs.descriptors)


@pytest.mark.parametrize("upsampling, delta_min", [(4, 0.5), (1, 0.5), (2, 0.7)])
def test_attributes_count_that_are_set_before_it_looks(upsampling, delta_min):
    ours, theirs = feature.SIFT(), skimage.feature.SIFT()
    for one in (ours, theirs):
        one.upsampling, one.delta_min = upsampling, delta_min
        one.detect_and_extract(CORNER)
    assert len(ours.keypoints) > 10
    for which in ("keypoints", "positions", "octaves", "descriptors"):
        assert np.array_equal(getattr(ours, which), getattr(theirs, which)), which


def test_given_keypoints_are_described_as_own_ones():
    own = found(CORNER)
    other = feature.SIFT()
    other.extract(CORNER, own.positions, own.sigmas, own.orientations)
    images = other.scalespace_sigmas[own.octaves, own.scales]
    settled = np.abs(np.log2(own.sigmas / images)) < 0.49 / own.n_scales
    assert settled.mean() > 0.8
    for name in ("keypoints", "positions", "scales", "octaves", "descriptors"):
        theirs, ours = getattr(other, name), getattr(own, name)
        assert np.array_equal(theirs[settled], ours[settled]), name
    other.extract(CORNER)
    assert np.array_equal(other.descriptors[settled], own.descriptors[settled])


def test_given_keypoints_have_defaults_and_may_lie_anywhere():
    one, places = feature.SIFT(), [[80, 90.5], [-5, 3], [0, 0], [159, 179], [1e6, -1e6]]
    one.extract(CORNER, places)
    assert np.all(one.sigmas == one.scalespace_sigmas[0, 1])
    assert one.descriptors.shape == (5, 128) and not one.orientations.any()
    assert one.descriptors[0].any() and not one.descriptors[4].any()
    plain = one.descriptors
    one.extract(CORNER, places, one.sigmas[0], 2 * np.pi)
    assert np.abs(one.descriptors.astype(int) - plain).max() <= 1
    one.extract(CORNER, places, 1e4)
    assert one.octaves.max() == len(one.scalespace_sigmas) - 1
    one.extract(CORNER, np.empty((0, 2)))
    assert one.descriptors.shape == (0, 128)


@pytest.mark.parametrize(
    "arguments, text",
    [
        (([[1, 2, 3]],), "keypoints"),
        (([[1, np.nan]],), "keypoints"),
        (([["a", "b"]],), "keypoints"),
        (([[1, 2]], [1, 2]), "sigmas"),
        (([[1, 2]], 0), "sigmas"),
        (([[1, 2]], np.inf), "sigmas"),
        (([[1, 2]], "a"), "sigmas"),
        (([[1, 2]], 1, [[0]]), "orientations"),
        (([[1, 2]], 1, np.nan), "orientations"),
        ((None, 1), "keypoints"),
        ((None, None, 1), "keypoints"),
    ],
)
def test_keypoints_of_others_are_checked(arguments, text):
    with pytest.raises((TypeError, ValueError), match=text):
        found(CORNER).extract(CORNER, *arguments)


def test_an_extract_that_fails_changes_nothing():
    one = found(CORNER)
    before = one.keypoints, one.descriptors
    one.n_hist = one.n_ori = 1024
    with pytest.raises(MemoryError):
        one.extract(CORNER, np.full((3, 2), 50.0))
    assert one.keypoints is before[0] and one.descriptors is before[1]


def test_upsampling_may_be_a_float_and_is_checked_when_it_is_set():
    one = found(CORNER, upsampling=2.0)
    assert np.array_equal(one.positions, found(CORNER).positions)
    one.upsampling = 3
    with pytest.raises(ValueError, match="^upsampling must be 1, 2 or 4$"):
        one.detect(CORNER)


def test_extract_needs_keypoints():
    with pytest.raises(TypeError, match="detect"):
        feature.SIFT().extract(CORNER)


@pytest.mark.parametrize(
    "name, value", [("octaves", 9), ("scales", 6), ("scales", 1.5), ("sigmas", -1)]
)
def test_attributes_that_make_no_sense_are_refused(name, value):
    one = found(CORNER)
    setattr(one, name, np.full(len(one.scales), value))
    with pytest.raises(ValueError, match=name):
        one.extract(CORNER)


def test_what_is_no_number_crashes_nothing():
    image = CORNER / 255
    for value in (np.nan, np.inf, -np.inf, 1e300):
        spoiled = image.copy()
        spoiled[60, 60] = value
        one = found(spoiled)
        assert len(one.descriptors) == len(one.positions) > 0
        one.extract(np.full(image.shape, value))
        assert not one.descriptors.any()
    with pytest.raises(RuntimeError, match="SIFT found no features"):
        found(np.full((50, 50), np.nan))


def test_flat_surroundings_are_described_by_nothing_without_a_warning(recwarn):
    one = found(CORNER)
    one.extract(np.zeros(CORNER.shape))
    assert not one.descriptors.any() and not recwarn


@pytest.mark.parametrize("room", [1, 30, 57, 58])
def test_more_keypoints_than_room(room, monkeypatch):
    """The lists grow until all keypoints have their place."""
    expected = found(CORNER, c_max=0.3)
    monkeypatch.setattr(featurelib.sift, "_ROOM", room)
    monkeypatch.setattr(featurelib.sift, "_PIXELS_A_POINT", 10**9)
    assert len(expected.positions) > room
    same(found(CORNER, c_max=0.3), expected)


def test_signatures_are_those_of_the_reference_with_our_keywords_last():
    assert inspect.signature(feature.SIFT) == inspect.signature(skimage.feature.SIFT)
    for name in ("detect", "detect_and_extract", "extract"):
        theirs = list(inspect.signature(getattr(skimage.feature.SIFT, name)).parameters)
        ours = inspect.signature(getattr(feature.SIFT, name)).parameters
        assert list(ours)[: len(theirs)] == theirs
        assert ours["workers"].kind is inspect.Parameter.KEYWORD_ONLY
