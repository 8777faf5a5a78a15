# SPDX-License-Identifier: BSD-3-Clause
"""Image features for NumPy at C speed: `skimage.feature`, many times faster.

    from skimage import feature     ->     import feature

Same names, arguments, defaults, results and errors as scikit-image's module, plus
keyword-only `workers=` (threads) and `out=` (where to write). `feature.info()` says
which instruction set and how many threads are used, and why.
"""

from featurelib._version import __version__
from featurelib.corner_points import corner_fast, corner_moravec, corner_orientations
from featurelib.edges import canny
from featurelib.library import info, release_memory
from featurelib.matrix import synthesize_matrix
from featurelib.peaks import corner_peaks, peak_local_max

__all__ = [
    "__version__",
    "info",
    "release_memory",
    # tutorial
    "synthesize_matrix",
    # edges
    "canny",
    # corners
    "corner_fast",
    "corner_moravec",
    "corner_orientations",
    # peaks
    "peak_local_max",
    "corner_peaks",
]
