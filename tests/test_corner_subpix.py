# SPDX-License-Identifier: BSD-3-Clause
"""corner_subpix where the reference gives no answer, and the quantiles it rests on."""

import math

import feature
import images
import numpy as np
import pytest
import skimage.feature
from featurelib._quantiles import f_quantile
from scipy import stats


def frame(rows, cols):
    """Every corner in the first and last row and column."""
    inner = np.zeros((rows, cols), bool)
    inner[1:-1, 1:-1] = True
    return np.argwhere(~inner)


@pytest.mark.parametrize("dtype", ["f8", "f4", "u1"])
@pytest.mark.parametrize("window", [3, 7, 11, 40])
def test_corners_on_the_frame_are_those_of_an_image_with_zeros_around(dtype, window):
    image = images.convert(images.generator("frame", window).random((24, 19)), dtype)
    corners = frame(*image.shape)
    found = feature.corner_subpix(image, corners, window, alpha=0.5)
    padded = skimage.feature.corner_subpix(
        np.pad(image, 1), corners + 1, window, alpha=0.5
    )
    assert np.isfinite(found).any()
    tolerance = 1e-4 if dtype == "f4" else 1e-10
    np.testing.assert_allclose(found, padded - 1, rtol=0, atol=tolerance)


def test_no_corners_are_an_empty_result():
    image = np.zeros((5, 6), np.float32)
    for corners in (np.zeros((0, 2), int), np.zeros((0, 2))):
        found = feature.corner_subpix(image, corners)
        assert (found.shape, found.dtype) == ((0, 2), np.float32)
    assert feature.corner_subpix(np.zeros((0, 0)), []).shape == (0,)


def test_corners_of_every_layout_give_the_same():
    image = images.generator("layouts").random((40, 30))
    corners = np.argwhere(np.ones((10, 10))) * 3 + 2
    corners = corners[corners[:, 1] < 30]
    expected = feature.corner_subpix(image, corners, alpha=0.5)
    assert np.isfinite(expected).any()
    for view in (corners[::-1][::-1], np.asfortranarray(corners), corners.tolist()):
        found = feature.corner_subpix(image, view, alpha=0.5)
        assert np.array_equal(found, expected, equal_nan=True)


def test_a_window_far_larger_than_the_image_sees_zeros_around_it():
    image = images.generator("large window").random((9, 7))
    corners = np.argwhere(np.ones((7, 5))) + 1
    found = feature.corner_subpix(image, corners, 201)
    expected = skimage.feature.corner_subpix(image, corners, 201)
    assert np.array_equal(found, expected, equal_nan=True)


# ---------------------------------------------------------------------- quantiles


@pytest.mark.parametrize("window", range(3, 102))
def test_quantiles_are_those_of_scipy(window):
    freedom = window**2 - 2
    rng = images.generator("quantiles", window)
    alphas = [*rng.random(20), 0.5, 0.9, 0.99, 0.999, 1e-3, 1e-6, 1 - 1e-6, 1e-10]
    for alpha in map(float, alphas):
        for given, expected in (
            (1 - alpha, stats.f.isf(alpha, freedom, freedom)),
            (1 - (1 - alpha), stats.f.isf(1 - alpha, freedom, freedom)),
        ):
            assert f_quantile(given, freedom) == pytest.approx(expected, rel=1e-12)


def test_quantiles_of_two_and_two_degrees_are_a_quotient():
    for p in (1e-12, 0.1, 0.25, 0.5, 0.75, 0.999):
        assert f_quantile(p, 2) == pytest.approx(p / (1 - p), rel=1e-14)


def test_quantiles_at_and_beyond_the_ends():
    assert f_quantile(0.0, 7) == 0 and f_quantile(1.0, 7) == math.inf
    assert f_quantile(0.5, 119) == 1
    for p, freedom in ((-0.1, 7), (1.1, 7), (math.nan, 7), (0.5, -1)):
        assert math.isnan(f_quantile(p, freedom))


def given_corners(name):
    image = np.random.default_rng(4).random((40, 40))
    corners = np.array([[10, 12], [20, 30], [15, 17], [0, 0]])
    more = (np.ones((5, 7)),) if name == "corner_orientations" else ()
    return image, corners, *more


@pytest.mark.parametrize("name", ["corner_orientations", "corner_subpix"])
def test_what_is_found_at_corners_is_written_into_out(name):
    image, *more = given_corners(name)
    function = getattr(feature, name)
    expected = function(image, *more)
    every_third = np.zeros((3 * expected.shape[0], *expected.shape[1:]))[::3]
    part_of_image = image.reshape(-1)[: expected.size].reshape(expected.shape)
    for out in (np.empty_like(expected), every_third, part_of_image):
        assert function(image, *more, out=out) is out
        np.testing.assert_array_equal(out, expected)
    for wrong in (np.empty(3), np.empty(expected.shape, "f4"), [0.0]):
        with pytest.raises(ValueError, match="`out` must"):
            function(image, *more, out=wrong)
