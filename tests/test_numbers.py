# SPDX-License-Identifier: BSD-3-Clause
"""Promise: a parameter may be any number: counts may be NumPy's small integers, whose
products wrap round; fractions and decimals work where they do in the reference.
"""

from decimal import Decimal
from fractions import Fraction

import feature
import numpy as np
import pytest
import skimage.feature

IMAGE = np.random.default_rng(8).random((64, 70))
POINTS = np.array([[30, 30], [31, 40], [3, 3]])


def described(extractor):
    extractor.extract(IMAGE, POINTS)
    return [*extractor.descriptors, extractor.mask]


def found(detector):
    detector.detect(IMAGE)
    return detector.keypoints


def found_and_described(detector):
    detector.detect_and_extract(IMAGE)
    return detector.descriptors


SMALL_INTEGERS = {
    "BRIEF patch": lambda n: described(feature.BRIEF(patch_size=n(31))),
    "SIFT octaves": lambda n: found(feature.SIFT(n_octaves=n(2))),
    "SIFT cells": lambda n: found_and_described(feature.SIFT(n_hist=n(16))),
    "SIFT directions": lambda n: found_and_described(feature.SIFT(n_ori=n(16))),
}


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.uint64])
@pytest.mark.parametrize("name", SMALL_INTEGERS)
def test_numpy_s_integers_are_as_python_s(name, kind):
    call = SMALL_INTEGERS[name]
    for ours, expected in zip(call(kind), call(int), strict=True):
        assert np.array_equal(ours, expected)


FRACTIONS = {
    "structure_tensor": lambda m: m.structure_tensor(IMAGE, Fraction(3, 2)),
    "corner_harris": lambda m: m.corner_harris(IMAGE, k=Fraction(1, 20)),
    "canny": lambda m: m.canny(IMAGE, 1, Fraction(1, 20), Decimal("0.1")),
    "peak_local_max": lambda m: m.peak_local_max(IMAGE, threshold_abs=Fraction(1, 2)),
    "corner_peaks": lambda m: m.corner_peaks(IMAGE, threshold_abs=Decimal("0.5")),
    "blob_log": lambda m: m.blob_log(IMAGE, 1, Fraction(4), 3, Fraction(1, 10)),
    "one an axis": lambda m: m.blob_log(IMAGE, 1, (Fraction(4), 3), 3, 0.1),
    "blob_dog": lambda m: m.blob_dog(IMAGE, 1, Fraction(4), 1.6, Decimal("0.1")),
    "CENSURE": lambda m: found(m.CENSURE(1, 4, line_threshold=Fraction(10))),
    "SIFT": lambda m: found(m.SIFT(c_edge=Fraction(10))),
}


@pytest.mark.parametrize("name", FRACTIONS)
def test_fractions_and_decimals_are_numbers(name):
    ours, theirs = (FRACTIONS[name](m) for m in (feature, skimage.feature))
    assert len(ours) > 0 and np.array_equal(ours, theirs)


def test_a_decimal_edge_threshold_of_sift_is_a_number():
    """The reference adds it to a float64 and fails."""
    expected = found(feature.SIFT(c_edge=10))
    assert np.array_equal(found(feature.SIFT(c_edge=Decimal(10))), expected)
