# SPDX-License-Identifier: BSD-3-Clause
"""Promise: out= works for functions that return several planes, or more dimensions.

(test_invariance.py and test_errors.py hold it for one 2-D plane.)
"""

import compare
import feature
import images
import numpy as np
import pytest


def image_of(ndim):
    shape = {2: (23, 31), 3: (9, 8, 11), 4: (5, 4, 6, 5)}[ndim]
    return images.generator("planes", ndim).random(shape)


def tensor(image, **keywords):
    return feature.structure_tensor(image, **keywords)


def hessian(image, **keywords):
    return feature.hessian_matrix(image, use_gaussian_derivatives=False, **keywords)


def derivatives(image, **keywords):
    return feature.hessian_matrix(image, use_gaussian_derivatives=True, **keywords)


def foerstner(image, **keywords):
    return feature.corner_foerstner(image, **keywords)


def eigenvalues(image, **keywords):
    return feature.hessian_matrix_eigvals(tensor(image), **keywords)


def exact_determinant(image, **keywords):
    return feature.hessian_matrix_det(image, approximate=False, **keywords)


SEVERAL = (tensor, hessian, derivatives, foerstner)
functions = pytest.mark.parametrize("function", SEVERAL)


def layouts(plane):
    """Views of the same shape that C must fill without touching what lies between."""
    yield np.empty_like(plane)
    yield np.empty_like(plane, order="F")
    yield np.empty_like(plane)[..., ::-1]
    yield images.every_second(np.zeros_like(plane))


@functions
@pytest.mark.parametrize("ndim", [2, 3, 4])
def test_planes_are_written_into_any_layout(function, ndim):
    if function is foerstner and ndim > 2:
        pytest.skip("two dimensions only")
    image = image_of(ndim)
    expected = function(image)
    for outs in zip(*(layouts(plane) for plane in expected), strict=True):
        found = function(image, out=outs, workers=3)
        assert all(a is b for a, b in zip(found, outs, strict=True))
        assert compare.canonical(list(found)) == compare.canonical(list(expected))


@pytest.mark.parametrize("function", [eigenvalues, exact_determinant])
@pytest.mark.parametrize("ndim", [2, 3])
def test_one_array_of_more_dimensions_is_written_into_any_layout(function, ndim):
    image = image_of(ndim)
    expected = function(image)
    for out in layouts(expected):
        assert function(image, out=out, workers=2) is out
        assert compare.canonical(out) == compare.canonical(expected)


@functions
def test_out_may_share_memory_with_the_image_and_with_each_other(function):
    image = image_of(2)
    expected = function(image)
    store = np.zeros((*image.shape, len(expected)))
    store[..., 1] = image
    outs = tuple(store[..., k] for k in range(len(expected)))
    function(store[..., 1], out=outs)
    assert compare.canonical(list(outs)) == compare.canonical(list(expected))


@functions
def test_where_outs_overlap_the_later_one_is_whole(function):
    image = image_of(2)
    expected = function(image)
    store = np.zeros(3 * image.nbytes, np.uint8)
    first = store[1 : 1 + image.nbytes].view(np.float64).reshape(image.shape)
    second = store[: image.nbytes].view(np.float64).reshape(image.shape)
    rest = tuple(np.empty_like(plane) for plane in expected[2:])
    assert not first.flags.aligned and np.may_share_memory(first, second)
    function(image, out=(first, second, *rest))
    assert compare.canonical(second) == compare.canonical(expected[1])


@functions
def test_a_wrong_out_is_refused(function):
    image = image_of(2)
    expected = function(image)
    good = [np.empty_like(plane) for plane in expected]
    wrong = np.empty((3, 3))
    locked = np.empty_like(good[0])
    locked.setflags(write=False)
    for bad in (wrong, locked, good[0].astype("f4"), None, "out", good[0][None]):
        with pytest.raises((ValueError, TypeError), match="out"):
            function(image, out=(*good[:-1], bad))
    for bad in (good[0], good[:-1], (*good, good[0]), (), 3):
        with pytest.raises(ValueError, match="out.*tuple"):
            function(image, out=bad)


def test_eigenvalues_overwrite_their_own_planes_in_order():
    planes = tensor(image_of(2))
    expected = feature.structure_tensor_eigenvalues(planes)
    store = np.stack(planes)
    found = feature.structure_tensor_eigenvalues(store, out=store[:2])
    assert compare.canonical(found) == compare.canonical(expected)


def test_eigenvalues_of_equal_eigenvalues_keep_every_digit():
    """Where the trigonometric solution of the cubic loses half of them."""
    rng = images.generator("equal")
    turn, _ = np.linalg.qr(rng.normal(size=(500, 3, 3)))
    values = np.array([3.0, 3.0, 1.0]) + rng.normal(size=(500, 3)) * 1e-9
    matrices = turn * values[:, None] @ turn.transpose(0, 2, 1)
    planes = [
        matrices[:, p, q].reshape(5, 10, 10) for p in range(3) for q in range(p, 3)
    ]
    found = feature.hessian_matrix_eigvals(planes).reshape(3, -1).T
    assert np.abs(found - np.sort(values)[:, ::-1]).max() < 1e-14


def test_eigenvalues_of_what_is_not_finite_are_nan_and_nothing_hangs():
    for wrong in (np.nan, np.inf, -np.inf):
        planes = [np.ones((2, 3, 4)) for _ in range(6)]
        planes[1][0, 0, 0] = wrong
        found = feature.hessian_matrix_eigvals(planes)
        assert np.isnan(found[:, 0, 0, 0]).all()
        assert np.isfinite(found[:, 1]).all()


def test_elements_of_another_type_take_part_as_in_the_reference():
    from skimage.feature import hessian_matrix_eigvals

    planes = tensor(image_of(2))
    for types in (("f4", "f8", "f8"), ("f8", "f4", "f8"), ("f2", "f2", "f2")):
        mixed = [plane.astype(kind) for plane, kind in zip(planes, types, strict=True)]
        found, expected = (
            function(mixed)
            for function in (feature.hessian_matrix_eigvals, hessian_matrix_eigvals)
        )
        assert found.dtype == expected.dtype
        limit = {2: 2e-2, 4: 1e-5, 8: 1e-6}[found.dtype.itemsize]
        assert np.abs(found - expected).max() <= limit * np.abs(expected).max()


def test_long_doubles_are_read_as_doubles():
    image = image_of(2)
    found = feature.corner_harris(image.astype(np.longdouble))
    assert compare.canonical(found) == compare.canonical(feature.corner_harris(image))


def test_the_warning_of_the_hessian_points_at_the_caller():
    with pytest.warns(FutureWarning, match="use_gaussian_derivatives") as caught:
        feature.hessian_matrix(image_of(2))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("mode", ["constant", "reflect", "nearest", "mirror", "wrap"])
def test_bytes_have_the_corners_of_the_same_doubles_to_the_sign_of_zero(mode):
    rng = images.generator(mode)
    for shape in [(1, 1), (1, 9), (2, 3), (3, 150), (70, 1), (130, 67)]:
        for levels in (2, 5, 256):
            image = rng.integers(0, levels, shape).astype(np.uint8)
            steps = image.cumsum(axis=0, dtype=np.uint8)
            for view in (image, steps, steps[::-1, ::-1]):
                for cval in (0, -0.0, 3.5):
                    measured, expected = (
                        feature.corner_kitchen_rosenfeld(pixels, mode=mode, cval=cval)
                        for pixels in (view, view.astype(float))
                    )
                    assert measured.tobytes() == expected.tobytes()


@pytest.mark.parametrize("types", ["eee", "fdd", "ggg", "dfe", "egf"])
def test_two_by_two_eigenvalues_of_several_types_are_the_references(types):
    import skimage.feature

    rng = images.generator(types)
    planes = [rng.normal(size=(13, 17)).astype(char) for char in types]
    expected = skimage.feature.hessian_matrix_eigvals(planes)
    found = feature.hessian_matrix_eigvals(planes)
    assert found.dtype == expected.dtype and (found == expected).all()
    out = np.empty_like(expected)
    assert feature.structure_tensor_eigenvalues(planes, out=out) is out
    assert (out == expected).all()


def test_a_sigma_of_any_floating_type_makes_filters_of_doubles():
    import skimage.feature

    image = images.generator("sigma").random((23, 31))
    for sigma in (np.longdouble(1.3), np.float16(1.3), np.float32(1.3)):
        for gaussian in (True, False):
            given = image, sigma
            keywords = {"use_gaussian_derivatives": gaussian}
            found = feature.hessian_matrix(*given, **keywords)
            expected = skimage.feature.hessian_matrix(*given, **keywords)
            assert np.array_equal(found, expected)
