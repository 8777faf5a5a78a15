# SPDX-License-Identifier: BSD-3-Clause
# What feature.py hands out, for editors and type checkers; tests/test_import.py
# compares the two.

from featurelib._version import __version__ as __version__
from featurelib.blobs import (
    blob_dog as blob_dog,
    blob_log as blob_log,
    blob_doh as blob_doh,
)
from featurelib.brief import BRIEF as BRIEF
from featurelib.cascade import Cascade as Cascade
from featurelib.censure import CENSURE as CENSURE
from featurelib.cooccurrence import (
    graycomatrix as graycomatrix,
    graycoprops as graycoprops,
)
from featurelib.corner_points import (
    corner_fast as corner_fast,
    corner_moravec as corner_moravec,
    corner_orientations as corner_orientations,
    corner_subpix as corner_subpix,
)
from featurelib.corners import (
    corner_kitchen_rosenfeld as corner_kitchen_rosenfeld,
    corner_harris as corner_harris,
    corner_shi_tomasi as corner_shi_tomasi,
    corner_foerstner as corner_foerstner,
)
from featurelib.daisy import daisy as daisy
from featurelib.edges import canny as canny
from featurelib.fisher import learn_gmm as learn_gmm, fisher_vector as fisher_vector
from featurelib.haar import (
    haar_like_feature as haar_like_feature,
    haar_like_feature_coord as haar_like_feature_coord,
    draw_haar_like_feature as draw_haar_like_feature,
)
from featurelib.hessian import (
    hessian_matrix as hessian_matrix,
    hessian_matrix_det as hessian_matrix_det,
    shape_index as shape_index,
)
from featurelib.hog import hog as hog
from featurelib.library import info as info, release_memory as release_memory
from featurelib.matching import (
    match_descriptors as match_descriptors,
    plot_matched_features as plot_matched_features,
)
from featurelib.matrix import synthesize_matrix as synthesize_matrix
from featurelib.multiscale import multiscale_basic_features as multiscale_basic_features
from featurelib.orb import ORB as ORB
from featurelib.peaks import (
    peak_local_max as peak_local_max,
    corner_peaks as corner_peaks,
)
from featurelib.sift import SIFT as SIFT
from featurelib.template import match_template as match_template
from featurelib.tensors import (
    structure_tensor as structure_tensor,
    structure_tensor_eigenvalues as structure_tensor_eigenvalues,
    hessian_matrix_eigvals as hessian_matrix_eigvals,
)
from featurelib.texture import (
    local_binary_pattern as local_binary_pattern,
    multiblock_lbp as multiblock_lbp,
    draw_multiblock_lbp as draw_multiblock_lbp,
)
