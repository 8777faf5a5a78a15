# SPDX-License-Identifier: BSD-3-Clause
"""Rules about images and keypoints that detectors and descriptors share."""

import numpy as np

from ._arguments import MASK_HINT, as_array, check_2d, check_grey, error


def check_image(image):
    """A grey image of two dimensions, both longer than 1."""
    image = as_array(image, "image", MASK_HINT)
    check_2d(image)
    return check_grey(image, (2,))


def check_keypoints(keypoints):
    """Keypoints as an (N, 2) array of real numbers."""
    keypoints = as_array(keypoints, "keypoints")
    if keypoints.dtype.kind not in "biuf":
        raise error(TypeError, ValueError, IndexError)(
            f"`keypoints` must be numbers, got {keypoints.dtype}"
        )
    if keypoints.ndim != 2 or keypoints.shape[1] != 2:
        raise error(ValueError, TypeError, IndexError)(
            f"`keypoints` must have shape (N, 2), got {keypoints.shape}"
        )
    return keypoints


def check_list(values, name, count, or_one=False):
    """Real numbers, one a keypoint (or one for all), as float64."""
    values = as_array(values, name)
    if values.dtype.kind not in "biuf":
        raise error(TypeError, ValueError)(
            f"`{name}` must be numbers, got {values.dtype}"
        )
    if values.shape != (count,) and not (or_one and values.shape == ()):
        raise error(ValueError, TypeError, IndexError)(
            f"`{name}` must have shape ({count},), got {values.shape}"
        )
    return values.astype(np.float64)


def far_from_border(keypoints, shape, distance):
    """Which keypoints are at least so far from the border; NaN are not."""
    rows, cols = shape
    down, right = keypoints[:, 0], keypoints[:, 1]
    return (
        (distance - 1 < down)
        & (down < rows - distance + 1)
        & (distance - 1 < right)
        & (right < cols - distance + 1)
    )
