# SPDX-License-Identifier: BSD-3-Clause
"""Promise: whichever way a template is matched (products of bytes, of doubles, or
transforms of tiles), the coefficients are the same; sizes on both sides of each switch
are compared with the reference in float64."""

import feature
import images
import numpy as np
import pytest
import skimage.feature

SIDES = (1, 2, 3, 5, 8, 11, 14, 17, 20, 24, 28, 33, 40, 48, 57, 64, 90, 128)
SCALE = 128
TYPES = ("u1", "i1", "u2", "f4", "f8")


def pixels(rng, shape, dtype):
    """Noise on a slope, with a flat corner that templates may lie in; of floats, parts
    of SCALE."""
    slope = sum(np.ix_(*(np.arange(n) * k for k, n in enumerate(shape, 1))))
    image = slope / slope.max() * 60 + rng.integers(0, 60, shape)
    image[tuple(slice(n // 3) for n in shape)] = 7
    if np.dtype(dtype).kind == "f":
        image = image // 1 / SCALE
    return image.astype(dtype)


def check(image, side, rng):
    start = [rng.integers(0, n - k + 1) for n, k in zip(image.shape, side, strict=True)]
    template = image[tuple(slice(s, s + k) for s, k in zip(start, side, strict=True))]
    # Of whole numbers, whose sums are exact, the reference's own error is small.
    scale = SCALE if image.dtype.kind == "f" else 1
    whole = image.astype(np.float64) * scale, template.astype(np.float64) * scale
    found = feature.match_template(image, template)
    expected = skimage.feature.match_template(*whole)
    tolerance = 1e-6 if image.dtype == np.float32 else 1e-10
    defined = expected != 0  # of flat windows the reference's answer is rounding
    assert np.abs(found - expected)[defined].max(initial=0) <= tolerance, side
    assert np.abs(found).max() <= 1


@pytest.mark.parametrize("dtype", TYPES)
def test_all_ways_give_the_same_coefficients(dtype):
    rng = images.generator("ways of matching " + dtype)
    image = pixels(rng, (170, 149), dtype)
    for side in SIDES:
        check(image, (side, side), rng)
        check(image, (side, 3), rng)


@pytest.mark.parametrize("dtype", TYPES)
def test_all_ways_give_the_same_coefficients_in_volumes(dtype):
    rng = images.generator("ways of matching volumes " + dtype)
    image = pixels(rng, (27, 34, 31), dtype)
    for side in (1, 2, 3, 4, 6, 8, 11, 15, 20):
        check(image, (side, side, side), rng)


def test_templates_of_too_many_bytes_for_sums_of_32_bits():
    rng = images.generator("many bytes")
    image = pixels(rng, (200, 190), "u1")
    for side in (173, 172), (173, 174), (181, 182):
        check(image, side, rng)


def test_true_is_any_byte_but_0():
    rng = images.generator("true")
    clean = rng.random((60, 70)) < 0.5
    marked = np.where(clean, 255, 0).astype(np.uint8).view(bool)
    for side in (1, 5, 20, 50):
        found = feature.match_template(marked, marked[:side, :side])
        expected = feature.match_template(clean, clean[:side, :side])
        assert found.tobytes() == expected.tobytes(), side


def test_large_templates_are_matched_as_exactly_as_small_ones():
    image = images.generator("large").random((1501, 1500)) < 0.001
    assert abs(feature.match_template(image, image[:1500])[0, 0] - 1) < 1e-12


def quiet_beside_loud(rng, shape):
    """Doubt about windows' sums."""
    image = rng.normal(10_000, 2_000, shape)
    quiet = image[..., : shape[-1] // 2]
    quiet[...] = rng.normal(60_000, 30, quiet.shape)
    return np.rint(image).astype(np.uint16)


def outliers(rng, shape):
    """Doubt about what a spectrum is off by."""
    image = rng.normal(size=shape)
    image.flat[rng.integers(0, image.size, 20)] = 1e7
    return image


def far_from_the_mean(rng, shape):
    """More doubt than care takes away."""
    image = rng.normal(size=shape)
    image[..., shape[-1] // 2 :] += 1e8
    return image


def fading(rng, shape):
    """Doubt on every scale."""
    away = np.arange(shape[-1]) * (400 / shape[-1])
    return np.exp(-away) * (1 + 0.1 * rng.random(shape)) - 3


def rounding(rng, shape):
    """Windows of a few last places beside others."""
    image = 0.3 + np.spacing(0.3) * rng.integers(0, 3, shape)
    image[..., : shape[-1] // 3] += rng.random((*shape[:-1], shape[-1] // 3))
    return image


def some_without_a_measure(rng, shape):
    image = far_from_the_mean(rng, shape)
    image.flat[[5, image.size // 2]] = np.nan, np.inf
    return image


def deviations(values):
    """From the mean; less the first of them before, so that last places count."""
    values = values - values.flat[0].astype(np.longdouble)
    return values - values.mean()


DOUBTFUL = [
    quiet_beside_loud, outliers, far_from_the_mean, fading, rounding,
    some_without_a_measure,
]


@pytest.mark.parametrize("draw", DOUBTFUL)
@pytest.mark.parametrize("shape, side", [
    ((260, 300), (48, 40)), ((260, 300), (9, 9)), ((400, 350), (5, 90)),
    ((34, 40, 60), (9, 11, 12)), ((30, 30, 60), (4, 1, 3)),
])
def test_tiles_that_are_full_of_doubt_are_right(draw, shape, side):
    rng = images.generator(f"{draw.__name__} {shape} {side}")
    image = draw(rng, shape)
    start = [rng.integers(0, n - k + 1) for n, k in zip(shape, side, strict=True)]
    template = image[tuple(slice(s, s + k) for s, k in zip(start, side, strict=True))]
    template = np.nan_to_num(template, posinf=0.0)
    found = feature.match_template(image, template, workers=2)
    again = feature.match_template(image, template, workers=1)
    assert found.tobytes() == again.tobytes()
    windows = np.lib.stride_tricks.sliding_window_view(image, side)
    model = deviations(template)
    places = np.indices(found.shape).reshape(len(shape), -1).T
    for place in map(tuple, [start, *places[rng.integers(0, len(places), 300)]]):
        if not np.isfinite(windows[place]).all():
            assert found[place] == 0
            continue
        window = deviations(windows[place])
        scale = np.sqrt((window**2).sum() * (model**2).sum())
        right = (window * model).sum() / scale if scale > np.finfo(float).eps else 0
        assert abs(found[place] - right) < 1e-10, place
