# SPDX-License-Identifier: BSD-3-Clause
"""Peers of SIFT: OpenCV's, in float32 with other borders and another interpolation."""

from _contender import cv2, opencv_of


def sift_opencv(image, step):
    """cv2's keypoints, described or not; a definition of its own, so only counted."""
    detector = cv2.SIFT_create()
    if step == "detect":
        return detector.detect(image, None)
    return detector.detectAndCompute(image, None)[0]


PEERS = {
    "SIFT": {"cv2 SIFT": opencv_of(sift_opencv, same=False, dtypes=("uint8",))},
}
