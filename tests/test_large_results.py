# SPDX-License-Identifier: BSD-3-Clause
"""Promise: results of more than 4 MiB, which go past the caches, are the same."""

import feature
import helpers  # noqa: F401  (puts the library on the path)
import numpy as np
import pytest
from skimage import data
from skimage import feature as reference

LARGE = 2**22  # bytes: STREAM_ABOVE of core/array.c

# Odd sides, so that lines begin anywhere in a cache line.
SHAPE, SHAPE_OF_FLOATS = (733, 739), (1033, 1027)


def photograph(shape):
    whole = np.tile(data.camera(), (3, 3))
    return whole[17 : 17 + shape[0], 3 : 3 + shape[1]]


# name: (module, image, keywords of ours) -> arrays
CALLS = {
    "structure_tensor": lambda m, image, **kw: m.structure_tensor(
        image, order="rc", **kw
    ),
    "hessian_matrix": lambda m, image, **kw: m.hessian_matrix(
        image, order="rc", use_gaussian_derivatives=False, **kw
    ),
    "eigenvalues": lambda m, image, **kw: m.structure_tensor_eigenvalues(
        [image, image * image, image[::-1]], **kw
    ),
    "shape_index": lambda m, image, **kw: m.shape_index(image, **kw),
    "determinant": lambda m, image, **kw: m.hessian_matrix_det(
        image, approximate=False, **kw
    ),
    "boxes": lambda m, image, **kw: m.hessian_matrix_det(image, 3, **kw),
    "corner_fast": lambda m, image, **kw: m.corner_fast(image, 9, 0.05, **kw),
    "moravec": lambda m, image, **kw: m.corner_moravec(image, **kw),
    "patterns": lambda m, image, **kw: m.local_binary_pattern(image, 8, 1, **kw),
    "uniform": lambda m, image, **kw: m.local_binary_pattern(
        image, 8, 1, "uniform", **kw
    ),
    "many samples": lambda m, image, **kw: m.local_binary_pattern(
        image, 24, 3, "ror", **kw
    ),
    "variance": lambda m, image, **kw: m.local_binary_pattern(image, 8, 1, "var", **kw),
    "daisy": lambda m, image, **kw: m.daisy(image[:330, :331], step=4, **kw),
    "multiscale": lambda m, image, **kw: m.multiscale_basic_features(
        image[:330, :331], sigma_max=8, **kw
    ),
}


def image_of(dtype):
    if dtype == np.uint8:
        return photograph(SHAPE)
    shape = SHAPE if dtype == np.float64 else SHAPE_OF_FLOATS
    return (photograph(shape) / 255).astype(dtype)


@pytest.mark.filterwarnings("ignore:Applying `local_binary_pattern`")
@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.float32])
@pytest.mark.parametrize("name", CALLS)
def test_large_results_are_the_reference_s(name, dtype):
    image = image_of(dtype)
    if name == "eigenvalues" and dtype == np.uint8:
        image = image.astype(np.float64)
    right = np.asarray(CALLS[name](reference, image))
    found = np.asarray(CALLS[name](feature, image))
    alone = np.asarray(CALLS[name](feature, image, workers=1))
    assert found.dtype == right.dtype and found.nbytes > LARGE
    if dtype == np.float32:
        scale = np.nanmax(np.abs(right))
        np.testing.assert_allclose(found, right, rtol=0, atol=2e-5 * scale)
    elif name in ("shape_index", "daisy", "determinant"):
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-10)
    else:
        np.testing.assert_array_equal(found, right)
    np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("shape", [(2100, 260), (135, 4100), (40, 14000)])
@pytest.mark.parametrize("sigma", [0.4, 1, 7, 21, 22, 50])
def test_boxes_that_reach_into_other_bands(shape, sigma):
    """Up to a size, each band makes its part of the integral image; beyond, or where
    rows are long, there is one for all."""
    image = np.random.default_rng(1).random(shape)
    right = reference.hessian_matrix_det(image, sigma)
    for workers in (1, 3):
        found = feature.hessian_matrix_det(image, sigma, workers=workers)
        np.testing.assert_array_equal(found, right)
