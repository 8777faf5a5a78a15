# SPDX-License-Identifier: BSD-3-Clause
"""What our functions are timed against: the reference and what else people use.

`contenders(case, call, threads)` gives {name: Contender} for one call. The
reference comes first. A contender whose result has another definition says so and
is never compared, only its result counted. The others are in peers_<family>.py,
what they share in _contender.py.
"""

import numpy as np
import peers_blobs
import peers_corner_points
import peers_corners
import peers_edges
import peers_keypoints
import peers_peaks
import peers_tensors
from _contender import Contender, opencv


def contenders(case, call, threads):
    reference = case.reference()
    name = "NumPy" if case.formula else "scikit-image"
    found = {name: Contender(lambda: reference(*call.arguments, **call.keywords))}
    for label, make in PEERS.get(case.name, {}).items():
        contender = make(call, threads)
        if contender is not None:
            found[label] = contender
    return found


def synthesize_lut(call, threads):
    """The 256 possible results, looked up by OpenCV into a given array."""
    cv2 = opencv(threads)
    if cv2 is None:
        return None
    (matrix,) = call.arguments
    mid = matrix.size // 2
    value = (np.arange(256) - mid).astype(np.float32) * np.float32(1.5)
    table = np.where(value < 0, value + np.float32(0.25), value - np.float32(0.25))
    out = np.empty(matrix.shape, np.float32)
    return Contender(lambda: cv2.LUT(matrix, table, out))


PEERS = {
    "synthesize_matrix": {"table in OpenCV": synthesize_lut},
    **peers_edges.PEERS,
    **peers_tensors.PEERS,
    **peers_corners.PEERS,
    **peers_corner_points.PEERS,
    **peers_peaks.PEERS,
    **peers_blobs.PEERS,
    **peers_keypoints.PEERS,
}
