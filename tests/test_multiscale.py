# SPDX-License-Identifier: BSD-3-Clause
"""multiscale_basic_features: what `out=` may be, the order of the features."""

import images
import numpy as np
import pytest

import feature


def picture(shape, dtype="u1"):
    return images.convert(images.generator("multiscale").random(shape), dtype)


def outs(shape):
    """(name, array of this shape) of every layout."""
    yield "contiguous", np.empty(shape, np.float32)
    yield "fortran", np.empty(shape[::-1], np.float32).T
    yield "upside down", np.empty(shape, np.float32)[::-1]
    yield "mirrored", np.empty(shape, np.float32)[:, ::-1]
    yield "features reversed", np.empty(shape, np.float32)[..., ::-1]
    yield "every second", np.empty((*shape[:-1], 2 * shape[-1]), np.float32)[..., ::2]
    yield "rows apart", np.empty((2 * shape[0], *shape[1:]), np.float32)[::2]
    yield "unaligned", images.unaligned(np.empty(shape, np.float32))


@pytest.mark.parametrize("shape", [(21, 34), (5, 6, 9)])
@pytest.mark.parametrize("workers", [1, 3])
def test_out_receives_the_result_in_any_layout(shape, workers):
    image = picture(shape)
    expected = feature.multiscale_basic_features(image)
    for name, out in outs(expected.shape):
        found = feature.multiscale_basic_features(image, out=out, workers=workers)
        assert found is out, name
        assert np.array_equal(out, expected), name


def test_out_may_overlap_the_image():
    image = picture((40, 30), "f4")
    expected = feature.multiscale_basic_features(image)
    store = np.zeros(expected.size, np.float32)
    for start in (0, 7, 1200, store.size - image.size):
        view = store[start : start + image.size].reshape(image.shape)
        view[...] = image
        out = store.reshape(expected.shape)
        assert feature.multiscale_basic_features(view, out=out) is out
        assert np.array_equal(out, expected), start


@pytest.mark.parametrize(
    "wrong",
    [
        np.empty((9, 8, 24)),
        np.empty((9, 8, 23), "f4"),
        np.empty((9, 8), "f4"),
        np.empty((8, 9, 24), "f4"),
        np.empty((9, 8, 24), ">f4"),
        np.broadcast_to(np.float32(0), (9, 8, 24)),
        [0],
    ],
)
def test_out_must_fit(wrong):
    with pytest.raises(ValueError, match="out"):
        feature.multiscale_basic_features(np.zeros((9, 8)), out=wrong)


def test_features_stand_channel_after_channel_and_scale_after_scale():
    image = picture((12, 13, 3), "f4")
    whole = feature.multiscale_basic_features(image, channel_axis=-1)
    parts = [feature.multiscale_basic_features(image[..., c]) for c in range(3)]
    assert np.array_equal(whole, np.concatenate(parts, axis=-1))
    first = feature.multiscale_basic_features(image[..., 0], sigma_max=0.5)
    assert np.array_equal(parts[0][..., :4], first)
    assert (whole[..., 2::4] >= whole[..., 3::4]).all()


def test_a_volume_with_nan_has_nan_features():
    volume = picture((6, 7, 8), "f8")
    volume[3, 3, 3] = np.nan
    found = feature.multiscale_basic_features(volume, num_sigma=1)
    assert np.isnan(found[3, 3, 3]).all() and not np.isnan(found[-1, -1, -1]).any()


@pytest.mark.parametrize("cols", [1023, 1024, 1025, 2100])
def test_tiles_of_wide_images_fit_together(cols):
    """Their seams are where the reference has none."""
    from skimage.feature import multiscale_basic_features

    image = picture((50, cols), "u2")
    found = feature.multiscale_basic_features(image, sigma_max=4)
    assert np.array_equal(found, multiscale_basic_features(image, sigma_max=4))
