# SPDX-License-Identifier: BSD-3-Clause
"""Peers of CENSURE: OpenCV's detector of stars, where its contributed modules are."""

from _contender import cv2, opencv_of


def stars_opencv(call, threads):
    """cv2.xfeatures2d's detector: other sizes, thresholds and test of lines."""
    if not hasattr(cv2, "xfeatures2d") or call.keywords.get("mode") != "STAR":
        return None
    return opencv_of(detected, same=False, dtypes=("uint8",))(call, threads)


def detected(image, mode):
    return cv2.xfeatures2d.StarDetector.create().detect(image)


PEERS = {"CENSURE": {"cv2 Star": stars_opencv}}
