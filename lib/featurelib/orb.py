# SPDX-License-Identifier: BSD-3-Clause
"""ORB: oriented FAST keypoints and turned BRIEF. Told at the top of orb.c."""

import math
import operator
import sys

import numpy as np

from . import _native
from ._arguments import check_number, check_workers, error, stored_type
from ._keypoints import check_image, check_keypoints, check_list, far_from_border
from ._smoothing import Filter, border_codes, gaussian_filters
from .corner_points import check_arc


class _Parameters(_native.Structure):
    """feature_orb_parameters."""

    _fields_ = [
        ("shapes", _native.address),
        ("levels", _native.size),
        ("axis", _native.pointer_to(Filter)),
        ("harris", _native.pointer_to(Filter)),
        ("harris_k", _native.float64),
        ("fast_threshold", _native.float64),
        ("fast_n", _native.int32),
        ("most", _native.size),
    ]


_orb_detect = _native.function(
    "feature_orb_detect",
    _native.Array,
    _native.pointer_to(_Parameters),
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Array,
    _native.pointer_to(_native.size),
    _native.Run,
)
_orb_extract = _native.function(
    "feature_orb_extract",
    _native.Array,
    _native.pointer_to(_Parameters),
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Run,
)

_BITS = 256
_DESCRIBE_BORDER = 20
_ANGLE_MOST = 1000  # radians; larger ones are brought near 0 first
_NEARLY_WHOLE = 1e-6  # of a pixel


class ORB:
    """Find corners at several scales and describe them by binary descriptors.

    FAST corners of a pyramid of images get an orientation, the direction to the
    centroid of a disc around them, and 256 comparisons of pairs of pixels turned by
    it. The best by Harris' corner response are kept.

    Parameters
    ----------
    downscale : float, optional
        Factor between levels of the pyramid, above 1.
    n_scales : int, optional
        Levels at most. Below 1: until a level is as large as the one before.
    n_keypoints : int, optional
        Keypoints at most.
    fast_n, fast_threshold : optional
        `n` and `threshold` of `corner_fast`.
    harris_k : float, optional
        `k` of `corner_harris`.

    Attributes
    ----------
    keypoints : (N, 2) array
        Row and column in pixels of the image.
    scales : (N,) array
        By how much the level is smaller than the image.
    orientations : (N,) array
        Angles in radians, 0 along a row to the right, pi / 2 down.
    responses : (N,) array
        Harris' response on the level.
    descriptors : (Q, 256) array of bool
        A row for each keypoint; after `extract` for those that `mask_` shows.
    mask_ : (N,) array of bool
        After `extract`: which keypoints are described, those at least 20 pixels of
        their level from its border.

    Notes
    -----
    Equals `skimage.feature.ORB` (0.26.0) but for three things. Where more keypoints are
    found than asked for, those of equal response come in the reverse of the order in
    which they were found; the reference sorts unstably. `extract` takes keypoints from
    the level that their scale says, and returns descriptors in the order given; the
    reference takes levels 3, 5 and 7 of a factor of 1.2 for the one before, and groups
    descriptors by level. It also cuts off fractions that are rounding errors, and so
    may describe a neighbouring pixel.

    Objects of this class can be used again, pickled and copied; each thread should have
    its own.

    References
    ----------
    E. Rublee, V. Rabaud, K. Konolige and G. Bradski, "ORB: an efficient alternative to
    SIFT and SURF", International Conference on Computer Vision (2011), 2564-2571.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.zeros((100, 100))
    >>> image[40:60, 40:60] = 1
    >>> detector = feature.ORB(n_keypoints=4)
    >>> detector.detect_and_extract(image)
    >>> detector.keypoints.shape, detector.descriptors.shape
    ((4, 2), (4, 256))
    """

    def __init__(
        self,
        downscale=1.2,
        n_scales=8,
        n_keypoints=500,
        fast_n=9,
        fast_threshold=0.08,
        harris_k=0.04,
    ):
        self.downscale = downscale
        self.n_scales = n_scales
        self.n_keypoints = n_keypoints
        self.fast_n = fast_n
        self.fast_threshold = fast_threshold
        self.harris_k = harris_k
        self.keypoints = None
        self.scales = None
        self.responses = None
        self.orientations = None
        self.descriptors = None

    def _check_parameters(self):
        factor = check_number(self.downscale, "downscale")
        if factor <= 1:
            raise ValueError("scale factor must be greater than 1")
        if not math.isfinite(factor):
            raise error(ValueError, OverflowError)(
                f"`downscale` must be finite, got {self.downscale}"
            )
        check_number(self.n_scales, "n_scales")
        check_number(self.harris_k, "harris_k")
        if not check_number(self.n_keypoints, "n_keypoints") >= 0:
            raise ValueError(
                f"`n_keypoints` must not be negative, got {self.n_keypoints}"
            )

    def _shapes(self, image):
        """The shape of each level: none is as large as the one before, or a line."""
        shapes = [image.shape]
        while len(shapes) != self.n_scales:
            shape = tuple(math.ceil(n / float(self.downscale)) for n in shapes[-1])
            if shape == shapes[-1] or min(shape) < 2:
                break
            shapes.append(shape)
        return np.array(shapes, np.intp)

    def _arguments(self, shapes):
        """What C is told. The arrays must live as long."""
        sigma = 2 * self.downscale / 6.0
        try:
            most = min(operator.index(self.n_keypoints), sys.maxsize)
        except TypeError:
            most = sys.maxsize  # a slice will refuse it
        return _Parameters(
            shapes=_native.data_of(shapes),
            levels=len(shapes),
            axis=gaussian_filters((sigma, sigma), border_codes("reflect")),
            harris=gaussian_filters((1,), border_codes("constant", 1)),
            harris_k=float(self.harris_k),
            fast_threshold=check_number(self.fast_threshold, "fast_threshold"),
            fast_n=min(max(check_arc(self.fast_n, "fast_n"), 0), 16),
            most=most,
        )

    def _find(self, image, describe, workers):
        """The attributes of the keypoints of an image."""
        image = check_image(image)
        workers = check_workers(workers)
        self._check_parameters()
        shapes = self._shapes(image)
        parameters = self._arguments(shapes)
        stored, counts = stored_type(image), (_native.size * 3)()
        run = _native.run(workers)
        capacity = min(image.size // 16 + 1024, parameters.most)
        while True:
            points = np.empty((capacity, 3), np.int64)
            angles, responses = np.empty(capacity), np.empty(capacity)
            bits = np.empty((capacity, _BITS), bool) if describe else None
            arrays = points, angles, responses, bits
            _orb_detect(image, parameters, *arrays, counts, run)
            if counts[0] <= capacity:
                break
            capacity = counts[0]
        some = counts[1] > 0
        if describe and not some:
            raise RuntimeError(
                "ORB found no features. Try passing in an image containing "
                "greater intensity contrasts between adjacent pixels."
            )
        end = counts[0]
        if end >= self.n_keypoints:
            end = len(range(end)[: self.n_keypoints])  # refuses what a slice refuses
        level = points[:end, 0]
        factors = np.array([self.downscale**k for k in range(len(shapes))])
        scales = factors[level] * np.intp(1)
        # Levels without a corner take part in the type, as in the reference.
        types = [stored] * (counts[2] > 0) + [scales.dtype] * (counts[2] < len(shapes))
        keypoints = points[:end, 1:] * scales[:, np.newaxis]
        self.keypoints = keypoints.astype(np.result_type(*types), copy=False)
        self.scales = scales if describe else scales.astype(stored)
        self.orientations = angles[:end].astype(stored)
        self.responses = responses[:end].astype(stored)
        if describe:
            self.descriptors = bits if end == capacity else bits[:end].copy()

    def detect(self, image, *, workers=None):
        """Find keypoints; sets `keypoints`, `scales`, `orientations`, `responses`.

        Parameters
        ----------
        image : (rows, cols) array
            Grey values of any real type. Integers are scaled to [0, 1], signed ones to
            [-1, 1]; floating point is taken as it is.
        workers : int, optional
            Number of threads, at least 1. By default as many as `feature.info()` says.

        Raises
        ------
        ValueError
            If `image` is empty, not 2-dimensional or complex, `downscale` is not above
            1, or another parameter is out of range.
        TypeError
            If `image` is a masked array, or a parameter is no number.
        """
        self._find(image, False, workers)

    def extract(self, image, keypoints, scales, orientations, *, workers=None):
        """Describe given keypoints; sets `descriptors` and `mask_`.

        Parameters
        ----------
        image : (rows, cols) array
            As for `detect`.
        keypoints : (N, 2) array
            Row and column in pixels of the image; fractions of pixels of the level are
            cut off, but for rounding errors.
        scales : (N,) array
            Powers of `downscale`, which say the level.
        orientations : (N,) array
            Angles in radians. What is not finite counts as 0.
        workers : int, optional
            Number of threads, at least 1. By default as many as `feature.info()` says.

        Raises
        ------
        ValueError
            As `detect`, or if the arrays differ in length.
        TypeError
            As `detect`, or if an array does not hold numbers.
        """
        image = check_image(image)
        workers = check_workers(workers)
        self._check_parameters()
        keypoints = check_keypoints(keypoints).astype(np.float64)
        scales = check_list(scales, "scales", len(keypoints))
        angles = check_list(orientations, "orientations", len(keypoints))
        with np.errstate(all="ignore"):
            octaves = np.rint(np.log(scales) / np.log(float(self.downscale)))
        shapes = self._shapes(image)
        known = (octaves >= 0) & (octaves < len(shapes))
        level = np.where(known, octaves, 0).astype(np.int64)
        factors = np.array([float(self.downscale**k) for k in range(len(shapes))])
        points = keypoints / factors[level][:, np.newaxis]
        whole = np.rint(points)
        with np.errstate(invalid="ignore"):  # infinite ones
            near = np.abs(points - whole) < _NEARLY_WHOLE
        points = np.where(near, whole, points)
        rows, cols = shapes[level].T
        mask = known & far_from_border(points, (rows, cols), _DESCRIBE_BORDER)
        chosen = np.column_stack([level[mask], points[mask].astype(np.int64)])
        descriptors = np.empty((len(chosen), _BITS), bool)
        if len(chosen):
            shapes = shapes[: level[mask].max() + 1]
            angles = _near_zero(angles[mask])
            arguments = self._arguments(shapes), np.ascontiguousarray(chosen), angles
            _orb_extract(image, *arguments, descriptors, _native.run(workers))
        self.descriptors, self.mask_ = descriptors, mask

    def detect_and_extract(self, image, *, workers=None):
        """Find keypoints and describe them; sets all attributes but `mask_`.

        Parameters
        ----------
        image : (rows, cols) array
            As for `detect`.
        workers : int, optional
            Number of threads, at least 1. By default as many as `feature.info()` says.

        Raises
        ------
        RuntimeError
            If there is no corner.
        ValueError, TypeError
            As `detect`.
        """
        self._find(image, True, workers)


def _near_zero(angles):
    """The same directions, by angles that C takes; what is not finite is 0."""
    with np.errstate(invalid="ignore"):
        far = np.abs(angles) > _ANGLE_MOST
        angles[far] = np.arctan2(np.sin(angles[far]), np.cos(angles[far]))
    return angles
