# SPDX-License-Identifier: BSD-3-Clause
"""What of the textures the Cases cannot say: where the reference crashes or is wrong,
and what it does not have."""

import feature
import images
import numpy as np
import pytest
import skimage.feature

PROPERTIES = (
    "contrast dissimilarity homogeneity ASM energy correlation mean variance std"
    " entropy"
).split()

# ------------------------------------------------------------------- co-occurrence


@pytest.mark.parametrize("large", [1e308, -1e308, np.inf])
@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_of_a_sum_beyond_the_doubles(name, large):
    matrix = np.array([[large, large], [large, 0.0]])[:, :, None, None]
    with np.errstate(all="ignore"):
        expected = skimage.feature.graycoprops(matrix, name)
    found = feature.graycoprops(matrix, name)
    assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize("name, value", [
    ("distances", np.inf), ("distances", -np.inf), ("distances", np.nan),
    ("distances", 1e19), ("distances", 1e300),
    ("angles", np.inf), ("angles", -np.inf), ("angles", np.nan),
])
def test_offsets_that_end_the_reference_are_refused(name, value):
    arguments = {"distances": [1], "angles": [0.0], name: [value]}
    with pytest.raises(ValueError, match="distances"):
        feature.graycomatrix(np.zeros((4, 5), np.uint8), **arguments)


@pytest.mark.parametrize("levels", [True, 1j, None])
def test_levels_are_integers(levels):
    with pytest.raises((TypeError, ValueError), match="levels"):
        feature.graycomatrix(np.zeros((4, 5), int), [1], [0], levels)


@pytest.mark.parametrize("levels", [5, 600])
@pytest.mark.parametrize("normed", [False, True])
def test_out_may_be_any_view_and_overlap_the_image(levels, normed):
    rng = images.generator("matrix out")
    image = rng.integers(0, 5, (9, 7)).astype(np.uint8)
    keywords = {"levels": levels, "normed": normed, "symmetric": True}
    expected = feature.graycomatrix(image, [1, 2], [0, 1], **keywords)
    store = np.ones((2 * levels, levels, 3, 2), expected.dtype)
    out = store[::-2, :, 1:, :]
    assert feature.graycomatrix(image, [1, 2], [0, 1], out=out, **keywords) is out
    assert (out == expected).all() and (store[:, :, 0] == 1).all()
    shared = np.zeros(expected.shape, expected.dtype)
    view = shared.view(np.uint8).reshape(-1)[: image.size].reshape(image.shape)
    view[...] = image
    feature.graycomatrix(view, [1, 2], [0, 1], out=shared, **keywords)
    assert (shared == expected).all()
    for wrong in (store, expected[:-1], expected.astype("f4"), expected.tolist()):
        with pytest.raises(ValueError, match="out"):
            feature.graycomatrix(image, [1, 2], [0, 1], out=wrong, **keywords)


def test_more_offsets_than_one_batch_of_tables_holds():
    """Equal, opposite and new ones, counted in several rounds."""
    from skimage.feature import graycomatrix

    image = images.generator("batches").integers(0, 256, (40, 50)).astype(np.uint8)
    distances, angles = [1, 2, 3, 5, 7, 9, 11, 13, 17], np.arange(10) * np.pi / 5
    found = feature.graycomatrix(image, distances, angles)
    assert (found == graycomatrix(image, distances, angles)).all()


def test_a_large_matrix_takes_no_memory_that_is_not_counted_in():
    """16 GiB of zeros, of which a few pages are touched."""
    image = np.array([[0, 65535]], np.uint16)
    try:
        found = feature.graycomatrix(image, [1], [0], levels=65536)
    except MemoryError:
        pytest.skip("the system does not promise that much")
    assert found[0, 65535, 0, 0] == 1


def test_offsets_do_not_depend_on_earlier_calls():
    """7 and 7 + 0j are equal, and have one place in a dictionary."""
    image = np.zeros((9, 9), np.uint8)
    for _ in range(2):
        with pytest.raises(TypeError, match="distances"):
            feature.graycomatrix(image, [7 + 0j], [0], 8)
        assert feature.graycomatrix(image, [7], [0], 8).sum() == 18


def test_several_properties_come_in_one_dict_and_equal_single_calls():
    P = images.generator("properties").random((20, 20, 2, 3))
    found = feature.graycoprops(P, PROPERTIES[::-1])
    assert list(found) == PROPERTIES[::-1]
    for name in PROPERTIES:
        assert (found[name] == feature.graycoprops(P, name)).all()
        assert found[name].shape == (2, 3)
    assert feature.graycoprops(P, ()) == {}
    with pytest.raises(ValueError, match="^x is an invalid property$"):
        feature.graycoprops(P, ["mean", "x"])
    assert list(feature.graycoprops(P, ("std", "std"))) == ["std"]


def test_a_property_can_be_written_to_any_view():
    P = images.generator("properties").random((20, 20, 2, 3))
    store = np.ones((2, 6))
    out = store[:, ::-2]
    assert feature.graycoprops(P, "mean", out=out) is out
    assert (out == feature.graycoprops(P, "mean")).all()
    with pytest.raises(TypeError, match="out"):
        feature.graycoprops(P, ["mean", "std"], out=out)
    with pytest.raises(ValueError, match="out"):
        feature.graycoprops(P, "mean", out=store)


def test_one_value_only_correlates_whatever_the_rounding():
    """Column 200 of many rows: the reference divides one rounding error by another."""
    P = np.zeros((256, 256, 1, 1))
    P[:, 200] = images.generator("one").random((256, 1, 1))
    assert feature.graycoprops(P, "correlation") == 1


# ------------------------------------------------------------------ binary patterns


def bits_of(image, count, radius):
    """The definition, in the reference's order of operations: a plane for each
    sample."""
    angle = 2 * np.pi * np.arange(count) / count
    rows = np.round(-radius * np.sin(angle), 5)
    columns = np.round(radius * np.cos(angle), 5)
    reach = int(radius) + 2
    padded = np.pad(image.astype(float), reach)
    r, c = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    for down, right in zip(rows, columns, strict=True):
        y, x = r + down, c + right
        above, before = np.floor(y), np.floor(x)
        below, behind = np.ceil(y), np.ceil(x)
        dy, dx = y - above, x - before

        def at(y, x):
            return padded[y.astype(int) + reach, x.astype(int) + reach]

        top = (1 - dx) * at(above, before) + dx * at(above, behind)
        bottom = (1 - dx) * at(below, before) + dx * at(below, behind)
        yield ((1 - dy) * top + dy * bottom) - image >= 0


def number(bits):
    return sum(int(bit) << k for k, bit in enumerate(bits))


def by_definition(bits, method):
    """What is made of one pixel's list of bits."""
    count, ones = len(bits), sum(bits)
    if method == "default":
        return number(bits)
    if method == "ror":
        return min(number(bits[k:] + bits[:k]) for k in range(count))
    changes = sum(a != b for a, b in zip(bits, bits[1:]))
    if method == "uniform":
        return ones if changes <= 2 else count + 1
    if changes > 2:
        return count * (count - 1) + 2
    if ones in (0, count):
        return 0 if ones == 0 else count * (count - 1) + 1
    first_one, first_zero = bits.index(True), bits.index(False)
    turns = ones - first_zero if first_one == 0 else count - first_one
    return 1 + (ones - 1) * count + turns


@pytest.mark.parametrize("method", ["default", "ror", "uniform", "nri_uniform"])
@pytest.mark.parametrize("count", [8, 31, 32, 40, 53, 64, 93, 200])
def test_any_number_of_samples_follows_the_definition(count, method):
    rng = images.generator("long patterns", count)
    image = rng.integers(0, 4, (11, 13)).astype(np.uint8)
    image[3:8, 2:9] = 3
    limit = 64 if method in ("default", "ror") else 10**6
    dtype = np.uint64 if 53 < count <= limit else None
    if count > limit:
        with pytest.raises(ValueError, match="`P`"):
            feature.local_binary_pattern(image, count, 3, method, dtype=np.uint64)
        return
    found = feature.local_binary_pattern(image, count, 3, method, dtype=dtype)
    planes = np.stack(list(bits_of(image, count, 3)))
    for index in np.ndindex(image.shape):
        bits = planes[(slice(None), *index)].tolist()
        assert int(found[index]) == by_definition(bits, method), index


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "f8"])
@pytest.mark.parametrize("method", ["default", "ror", "uniform", "nri_uniform"])
def test_integers_are_the_same_numbers(dtype, method):
    image = images.generator("integers").integers(0, 9, (70, 300)).astype(np.uint8)
    expected = feature.local_binary_pattern(image, 8, 1, method)
    found = feature.local_binary_pattern(image, 8, 1, method, dtype=dtype)
    assert found.dtype == dtype and (found == expected).all()
    out = np.zeros((140, 600), dtype)[::-2, ::2]
    more = {"dtype": dtype, "out": out}
    assert feature.local_binary_pattern(image, 8, 1, method, **more) is out
    assert (out == expected).all()


def test_flat_images_of_every_grey_have_all_bits_far_from_the_origin():
    for grey in range(0, 256, 5):
        image = np.full((300, 1100), grey, np.uint8)
        for count, radius in ((8, 1), (16, 2), (24, 3)):
            found = feature.local_binary_pattern(image, count, radius, "uniform")
            assert (found[4:-4, 4:-4] == count).all()


def test_a_result_may_overlap_the_image():
    image = images.generator("overlap").integers(0, 9, (40, 50)).astype(np.uint8)
    expected = feature.local_binary_pattern(image, 8, 1, dtype=np.uint8)
    feature.local_binary_pattern(image, 8, 1, dtype=np.uint8, out=image)
    assert (image == expected).all()


def images_full_of_ties(rng):
    """Bytes in which samples between pixels often equal the centre but for rounding."""
    for rows, cols in (1, 1), (1, 700), (90, 1), (70, 530), (131, 1030):
        row, col = np.arange(rows)[:, None], np.arange(cols)
        yield rng.integers(0, 3, (rows, cols)) + rng.integers(254)
        yield (row * rng.integers(4) + col * rng.integers(1, 4)) % 256
        yield np.full((rows, cols), rng.integers(256))
        yield (row // 7 * 9 + col // 5 * 4 + rng.integers(0, 2, (rows, cols))) % 256


@pytest.mark.parametrize("method", ["default", "ror", "uniform", "nri_uniform"])
def test_ties_of_bytes_are_decided_as_in_the_reference(method):
    rng = images.generator("ties of bytes " + method)
    for image in images_full_of_ties(rng):
        image = image.astype(np.uint8)
        expected = skimage.feature.local_binary_pattern(image, 8, 1, method)
        found = feature.local_binary_pattern(image[:, ::-1], 8, 1, method)
        assert np.array_equal(
            feature.local_binary_pattern(image, 8, 1, method), expected
        )
        mirrored = skimage.feature.local_binary_pattern(
            image[:, ::-1].copy(), 8, 1, method
        )
        assert np.array_equal(found, mirrored)


def test_the_warning_about_floating_point_points_at_the_caller():
    with pytest.warns(UserWarning, match="floating-point images") as caught:
        feature.local_binary_pattern(np.zeros((4, 4)), 8, 1)
    assert caught[0].filename == __file__


# ------------------------------------------------------------------------- blocks

OUTSIDE = [
    (-1, 0, 1, 1),
    (0, -1, 1, 1),
    (1, 0, 1, 3),
    (0, 1, 4, 1),
    (0, 0, 2**31, 1),
    (0, 0, 1, 2**70),
    (2**63, 0, 1, 1),
    (0, 0, 0, 1),
    (0, 0, 1, -1),
]


@pytest.mark.parametrize("window", OUTSIDE, ids=str)
def test_windows_that_leave_the_integral_image_are_refused(window):
    """The reference reads foreign memory."""
    with pytest.raises(ValueError, match="`width`|`r`, `c`"):
        feature.multiblock_lbp(np.zeros((9, 12)), *window)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1"])
@pytest.mark.parametrize(
    "kind", [float, np.float16, np.float32, np.float64, np.longdouble]
)
def test_alpha_of_any_type_is_mixed_as_in_the_reference(dtype, kind):
    image = (np.random.default_rng(6).random((12, 12)) * 50).astype(dtype)
    drawn = [
        module.draw_multiblock_lbp(image, 0, 0, 3, 3, 37, alpha=kind(0.3))
        for module in (feature, skimage.feature)
    ]
    assert drawn[0].dtype == drawn[1].dtype
    np.testing.assert_array_equal(*drawn)


def test_true_is_any_byte_but_0():
    image = np.array([[0, 255, 7], [1, 0, 0]], np.uint8)
    expected = feature.graycomatrix(image != 0, [1], [0, np.pi / 2], levels=2)
    found = feature.graycomatrix(image.view(bool), [1], [0, np.pi / 2], levels=2)
    assert (found == expected).all()
