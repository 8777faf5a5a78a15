# SPDX-License-Identifier: BSD-3-Clause
"""Peers of keypoints: OpenCV's ORB. (Its BRIEF is not in the usual packages.)"""

from _contender import cv2, opencv_of


def orb_opencv(image, step, n_keypoints=500):
    """cv2's: other levels, other scores, descriptors turned in steps."""
    detector = cv2.ORB_create(n_keypoints)
    if step == "detect":
        return detector.detect(image)
    return detector.detectAndCompute(image, None)[0]


PEERS = {
    "ORB": {"OpenCV": opencv_of(orb_opencv, same=False, dtypes=("uint8",))},
}
