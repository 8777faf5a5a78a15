# SPDX-License-Identifier: BSD-3-Clause
"""Promise: detectors and extractors are objects that can be used again, copied,
pickled, and draw as the reference draws."""

import copy
import pickle

import feature
import numpy as np
import pytest
import skimage.feature
from skimage import data

CAMERA = data.camera()


def points():
    rng = np.random.default_rng(5)
    return rng.integers(0, 512, (300, 2))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle.loads])
def test_a_copy_of_brief_gives_the_same_descriptors(again):
    extractor = feature.BRIEF(rng=9)
    extractor.extract(CAMERA, points())
    same = again(pickle.dumps(extractor) if again is pickle.loads else extractor)
    assert np.array_equal(same.descriptors, extractor.descriptors)
    for one in (same, extractor):
        found = one.descriptors
        one.extract(CAMERA, points())
        assert one.descriptors is not found
        assert np.array_equal(found, one.descriptors)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_brief_spawns_the_child_that_the_reference_spawns(bits):
    ours, theirs = (np.random.Generator(bits(4)) for _ in range(2))
    for _ in range(2):  # each object has another child
        one, other = feature.BRIEF(rng=ours), skimage.feature.BRIEF(rng=theirs)
        one.extract(CAMERA, points())
        other.extract(CAMERA, points())
        assert np.array_equal(one.descriptors, other.descriptors)
    assert ours.random() == theirs.random()


def test_brief_leaves_out_what_lies_near_the_border():
    ours, theirs = feature.BRIEF(patch_size=31), skimage.feature.BRIEF(patch_size=31)
    ours.extract(CAMERA, points())
    theirs.extract(CAMERA, points())
    assert np.array_equal(ours.mask, theirs.mask)
    assert np.array_equal(ours.descriptors, theirs.descriptors)


def test_brief_without_a_seed_draws_one():
    first, second = feature.BRIEF(rng=None), feature.BRIEF(rng=None)
    first.extract(CAMERA, points())
    second.extract(CAMERA, points())
    assert not np.array_equal(first.descriptors, second.descriptors)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937])
def test_brief_follows_its_attributes(bits):
    inside = 40 + points() % 430  # the reference looks beyond the border
    changes = (
        lambda one: one.extract(CAMERA, inside),
        lambda one: setattr(one, "patch_size", 31),
        lambda one: setattr(one, "patch_size", 31.5),
        lambda one: setattr(one, "descriptor_size", 100),
        lambda one: setattr(one, "sigma", 2),
        lambda one: one.rng.random(),
        lambda one: setattr(one, "rng", np.random.Generator(bits(8))),
        lambda one: setattr(one, "patch_size", 30),
        lambda one: setattr(one, "mode", "uniform"),
        lambda one: setattr(one, "descriptor_size", 70),
    )
    ours, theirs = feature.BRIEF(), skimage.feature.BRIEF()
    for change in changes:
        for one in (ours, theirs):
            change(one)
            one.extract(CAMERA, inside)
        assert np.array_equal(ours.descriptors, theirs.descriptors)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle.loads])
def test_a_copy_of_orb_finds_the_same(again):
    detector = feature.ORB(n_keypoints=200)
    same = again(pickle.dumps(detector) if again is pickle.loads else detector)
    for one in (detector, same, detector):
        one.detect_and_extract(CAMERA)
    assert np.array_equal(same.keypoints, detector.keypoints)
    assert np.array_equal(same.descriptors, detector.descriptors)


def test_orb_extracts_what_detect_and_extract_gives_in_the_order_given():
    one = feature.ORB(n_keypoints=500)
    one.detect_and_extract(CAMERA)
    expected = one.descriptors
    one.extract(CAMERA, one.keypoints, one.scales, one.orientations)
    assert one.mask_.all() and np.array_equal(one.descriptors, expected)


def test_a_number_of_keypoints_is_whatever_is_an_index():
    best = feature.ORB(n_keypoints=5)
    best.detect(CAMERA)
    for five in (np.array(5), np.uint8(5)):
        again = feature.ORB(n_keypoints=five)
        again.detect(CAMERA)
        assert np.array_equal(again.responses, best.responses)


def test_keypoints_at_infinity_are_masked_without_a_warning(recwarn):
    one = feature.ORB()
    one.extract(CAMERA, np.full((2, 2), np.inf), np.ones(2), np.zeros(2))
    assert not one.mask_.any() and not recwarn.list
