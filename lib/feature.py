# SPDX-License-Identifier: BSD-3-Clause
"""Image features for NumPy at C speed: `skimage.feature`, many times faster.

    from skimage import feature     ->     import feature

Same names, arguments, defaults, results and errors as scikit-image's module, plus, of
most functions, keyword-only `workers=` (threads) and `out=` (where to write).
`feature.info()` says which instruction set and how many threads are used, and why.
"""

import importlib

from featurelib._version import __version__
from featurelib.library import info, release_memory

# Who asks for a name first imports its family (PEP 562): all of them at once take three
# times as long. feature.pyi has the same names for editors and type checkers.
_NAMES_OF = {
    "matrix": ["synthesize_matrix"],
    "edges": ["canny"],
    "tensors": [
        "structure_tensor",
        "structure_tensor_eigenvalues",
        "hessian_matrix_eigvals",
    ],
    "hessian": ["hessian_matrix", "hessian_matrix_det", "shape_index"],
    "corners": [
        "corner_kitchen_rosenfeld",
        "corner_harris",
        "corner_shi_tomasi",
        "corner_foerstner",
    ],
    "corner_points": [
        "corner_fast",
        "corner_moravec",
        "corner_orientations",
        "corner_subpix",
    ],
    "peaks": ["peak_local_max", "corner_peaks"],
    "fisher": ["learn_gmm", "fisher_vector"],
    "template": ["match_template"],
    "multiscale": ["multiscale_basic_features"],
    "hog": ["hog"],
    "daisy": ["daisy"],
    "cooccurrence": ["graycomatrix", "graycoprops"],
    "texture": ["local_binary_pattern", "multiblock_lbp", "draw_multiblock_lbp"],
    "haar": [
        "haar_like_feature",
        "haar_like_feature_coord",
        "draw_haar_like_feature",
    ],
    "cascade": ["Cascade"],
    "matching": ["match_descriptors", "plot_matched_features"],
    "blobs": ["blob_dog", "blob_log", "blob_doh"],
    "brief": ["BRIEF"],
    "orb": ["ORB"],
    "censure": ["CENSURE"],
    "sift": ["SIFT"],
}
_FAMILY_OF = {name: family for family, names in _NAMES_OF.items() for name in names}

__all__ = ["__version__", "info", "release_memory", *_FAMILY_OF]


def __getattr__(name):
    if name not in _FAMILY_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    family = importlib.import_module(f"featurelib.{_FAMILY_OF[name]}")
    value = globals()[name] = getattr(family, name)
    return value


def __dir__():
    return sorted({*globals(), *__all__})
