# SPDX-License-Identifier: BSD-3-Clause
"""Image features for NumPy at C speed: `skimage.feature`, many times faster.

    from skimage import feature     ->     import feature

Same names, arguments, defaults, results and errors as scikit-image's module, plus
keyword-only `workers=` (threads) and `out=` (where to write). `feature.info()` says
which instruction set and how many threads are used, and why.
"""

from featurelib._version import __version__
from featurelib.corner_points import corner_fast, corner_moravec, corner_orientations
from featurelib.corners import (
    corner_foerstner,
    corner_harris,
    corner_kitchen_rosenfeld,
    corner_shi_tomasi,
)
from featurelib.edges import canny
from featurelib.fisher import fisher_vector, learn_gmm
from featurelib.library import info, release_memory
from featurelib.matrix import synthesize_matrix
from featurelib.peaks import corner_peaks, peak_local_max
from featurelib.tensors import (
    hessian_matrix,
    hessian_matrix_det,
    hessian_matrix_eigvals,
    shape_index,
    structure_tensor,
    structure_tensor_eigenvalues,
)

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
    # peaks
    "peak_local_max",
    "corner_peaks",
    # fisher
    "learn_gmm",
    "fisher_vector",
]
