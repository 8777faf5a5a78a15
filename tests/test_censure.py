# SPDX-License-Identifier: BSD-3-Clause
"""CENSURE beyond its Case: photographs, tiles, ties, objects, awkward attributes."""

import copy
import pickle
import threading

import feature
import helpers
import images
import numpy as np
import pytest
import skimage.feature

MODES = ("DoB", "Octagon", "STAR")
by_mode = pytest.mark.parametrize("mode", MODES)


def found(kind, image, **keywords):
    detector = kind(**keywords)
    detector.detect(image)
    return np.column_stack([detector.keypoints, detector.scales])


def both(image, **keywords):
    theirs = found(skimage.feature.CENSURE, image, **keywords)
    return found(feature.CENSURE, image, **keywords), theirs


@by_mode
@pytest.mark.parametrize("name", ["camera", "coins"])
def test_photographs_give_the_references_keypoints_in_its_order(name, mode):
    picture = images.photograph(name)[80:260, 60:300]
    for dtype in ("u1", "f4"):
        image = images.convert(picture, dtype)
        ours, theirs = both(image, mode=mode, non_max_threshold=0.08)
        assert np.array_equal(ours, theirs) and len(ours) > 5, dtype


@pytest.mark.parametrize("mode", ["DoB", "Octagon"])
@pytest.mark.parametrize("shape", [(70, 1100), (200, 515), (129, 512)])
def test_tiles_leave_no_seams(shape, mode):
    image = images.mirrored(images.photograph("camera"), *shape, top=150)
    ours, theirs = both(image, mode=mode, max_scale=4, non_max_threshold=0.05)
    assert np.array_equal(ours, theirs) and len(ours) > 30


@by_mode
@pytest.mark.parametrize("threshold", [0, -1.0])
def test_flat_pictures_where_all_is_a_tie(mode, threshold):
    """Everything is decided by the last bits of the reference's sums."""
    down, right = np.ogrid[:90, :100]
    for image in (np.full((90, 100), 0.3), (down + right) / 7, (right % 8) + 0 * down):
        how = {"non_max_threshold": threshold, "line_threshold": np.inf}
        ours, theirs = both(image, mode=mode, max_scale=4, **how)
        assert np.array_equal(ours, theirs)


@by_mode
def test_spots_that_are_alike_are_all_found(mode):
    """Exact ties of neighbouring responses, on a grid of equal discs."""
    down, right = np.ogrid[:160, :160]
    image = 1.0 - ((down % 40 - 19.5) ** 2 + (right % 40 - 19.5) ** 2 < 30)
    ours, theirs = both(image, mode=mode)
    assert np.array_equal(ours, theirs) and len(ours) > 8


def dark_spot(rows, cols, sigma):
    down, right = np.ogrid[:rows, :cols]
    square = (down - rows // 2) ** 2 + (right - cols // 2) ** 2
    return 1 - np.exp(-square / (2 * sigma**2))


LARGE = [("DoB", 20, 16.75), ("Octagon", 11, 10), ("STAR", 8, 12)]


@pytest.mark.parametrize("mode, last, sigma", LARGE)
def test_large_filters(mode, last, sigma):
    image = dark_spot(115, 120, sigma)
    ours, theirs = both(image, mode=mode, min_scale=last - 2, max_scale=last)
    assert np.array_equal(ours, theirs) and ours.tolist() == [[57, 60, last - 1]]


def test_the_largest_star_finds_a_spot():
    """The reference takes minutes."""
    image = dark_spot(330, 340, 45)
    points = found(feature.CENSURE, image, mode="star", min_scale=10, max_scale=12)
    assert points.tolist() == [[165, 170, 11]]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle.loads])
def test_a_copy_finds_the_same(again):
    detector = feature.CENSURE(mode="star", max_scale=5)
    picture = images.photograph("camera")[:200, :200]
    detector.detect(picture)
    same = again(pickle.dumps(detector) if again is pickle.loads else detector)
    assert np.array_equal(same.keypoints, detector.keypoints)
    before = detector.keypoints
    for one in (same, detector):
        one.detect(picture)
        assert np.array_equal(one.keypoints, before)
    assert detector.keypoints is not before


def test_attributes_are_the_references_and_decide_what_is_done():
    ours, theirs = feature.CENSURE(), skimage.feature.CENSURE()
    assert vars(ours) == vars(theirs)
    picture = images.photograph("coins")[:150, :150]
    for one in (ours, theirs):
        one.mode, one.min_scale, one.max_scale = "octagon", 2, 6
        one.non_max_threshold, one.line_threshold = 0.05, np.int64(20)
        one.detect(picture)
    assert np.array_equal(ours.keypoints, theirs.keypoints) and len(ours.scales) > 3
    assert np.array_equal(ours.scales, theirs.scales)
    ours.mode = "other"
    with pytest.raises(ValueError, match="mode"):
        ours.detect(picture)


def test_a_double_line_threshold_widens_the_test_of_float32_images():
    picture = images.photograph("camera")[60:180, 100:220].astype(np.float32)
    for line in (np.float64(10.1), np.float32(10.1), 10.1, np.int64(10)):
        ours, theirs = both(picture, line_threshold=line, non_max_threshold=0.01)
        assert np.array_equal(ours, theirs) and len(ours) > 5


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e308])
def test_what_is_not_finite_is_treated_as_the_reference_does(value):
    for mode in MODES:
        image = images.photograph("coins")[:60, :70].copy()
        image[33, 41] = value
        ours, theirs = both(image, mode=mode, max_scale=4, non_max_threshold=0.02)
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("side", [1, 2, 20, 28])
def test_boxes_that_do_not_fit_are_refused(side):
    """The reference reads beyond its arrays there."""
    image = np.zeros((40, max(2, side)))
    with pytest.raises(ValueError, match="at least 4 max_scale"):
        feature.CENSURE().detect(image)
    with pytest.raises(IndexError):
        feature.CENSURE().detect(image.T)
    feature.CENSURE().detect(np.zeros((29, 29)))


def test_many_threads_with_an_object_each():
    picture = images.photograph("camera")[:256, :256]
    expected = {mode: found(feature.CENSURE, picture, mode=mode) for mode in MODES}
    wrong = []

    def run(mode):
        detector = feature.CENSURE(mode=mode)
        for workers in (1, 2, 3):
            detector.detect(picture, workers=workers)
            if not np.array_equal(detector.keypoints, expected[mode][:, :2]):
                wrong.append(mode)

    threads = [threading.Thread(target=run, args=(mode,)) for mode in 2 * MODES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_more_keypoints_than_room_was_made_for():
    image = images.draw_noise(np.random.default_rng(1), 160, 400)
    how = {"max_scale": 6, "non_max_threshold": -1, "line_threshold": 1e9}
    ours, theirs = both(image, **how)
    assert np.array_equal(ours, theirs) and len(ours) > 1024


def test_memory_is_that_of_a_few_tiles():
    """Beyond the input, for octagons and stars."""
    code = (
        "import numpy as np, resource, feature\n"
        "image = np.random.default_rng(0).random((1500, 1500))\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "feature.CENSURE(mode='star').detect(image, workers=2)\n"
        "print(peak() - before)\n"
    )
    kilobytes = int(helpers.python(code).stdout)
    assert kilobytes < 16 * 1024
