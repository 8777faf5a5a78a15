# SPDX-License-Identifier: BSD-3-Clause
"""Image features for NumPy at C speed: `skimage.feature`, many times faster.

    from skimage import feature     ->     import feature

Same names, arguments, defaults, results and errors as scikit-image's module, plus, of
most functions, keyword-only `workers=` (threads) and `out=` (where to write).
`feature.info()` says which instruction set and how many threads are used, and why.
"""

from featurelib._version import __version__
from featurelib.blobs import blob_dog, blob_doh, blob_log
from featurelib.brief import BRIEF
from featurelib.cascade import Cascade
from featurelib.censure import CENSURE
from featurelib.cooccurrence import graycomatrix, graycoprops
from featurelib.corner_points import (
    corner_fast,
    corner_moravec,
    corner_orientations,
    corner_subpix,
)
from featurelib.corners import (
    corner_foerstner,
    corner_harris,
    corner_kitchen_rosenfeld,
    corner_shi_tomasi,
)
from featurelib.daisy import daisy
from featurelib.edges import canny
from featurelib.fisher import fisher_vector, learn_gmm
from featurelib.haar import (
    draw_haar_like_feature,
    haar_like_feature,
    haar_like_feature_coord,
)
from featurelib.hessian import hessian_matrix, hessian_matrix_det, shape_index
from featurelib.hog import hog
from featurelib.library import info, release_memory
from featurelib.matching import match_descriptors, plot_matched_features
from featurelib.matrix import synthesize_matrix
from featurelib.multiscale import multiscale_basic_features
from featurelib.orb import ORB
from featurelib.peaks import corner_peaks, peak_local_max
from featurelib.sift import SIFT
from featurelib.template import match_template
from featurelib.tensors import (
    hessian_matrix_eigvals,
    structure_tensor,
    structure_tensor_eigenvalues,
)
from featurelib.texture import draw_multiblock_lbp, local_binary_pattern, multiblock_lbp

__all__ = [
    "__version__",
    "info",
    "release_memory",
    # tutorial
    "synthesize_matrix",
    # edges
    "canny",
    # tensors
    "structure_tensor",
    "structure_tensor_eigenvalues",
    "hessian_matrix",
    "hessian_matrix_eigvals",
    "hessian_matrix_det",
    "shape_index",
    # corners
    "corner_kitchen_rosenfeld",
    "corner_harris",
    "corner_shi_tomasi",
    "corner_foerstner",
    "corner_fast",
    "corner_moravec",
    "corner_orientations",
    "corner_subpix",
    # peaks
    "peak_local_max",
    "corner_peaks",
    # fisher
    "learn_gmm",
    "fisher_vector",
    # template
    "match_template",
    # multiscale
    "multiscale_basic_features",
    # hog
    "hog",
    # daisy
    "daisy",
    # texture
    "graycomatrix",
    "graycoprops",
    "local_binary_pattern",
    "multiblock_lbp",
    "draw_multiblock_lbp",
    # haar
    "haar_like_feature",
    "haar_like_feature_coord",
    "draw_haar_like_feature",
    "Cascade",
    # matching
    "match_descriptors",
    "plot_matched_features",
    # blobs
    "blob_dog",
    "blob_log",
    "blob_doh",
    # keypoints
    "BRIEF",
    "ORB",
    "CENSURE",
    "SIFT",
]
