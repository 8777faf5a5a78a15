# SPDX-License-Identifier: BSD-3-Clause
"""ORB: oriented FAST keypoints and turned BRIEF. Told at the top of orb.c."""

import math

import numpy as np

from . import _native
from ._arguments import as_array, check_number, check_workers, error, stored_type
from ._keypoints import check_image, check_keypoints, far_from_border
from ._smoothing import Filter, border_codes, gaussian_filters
from .corner_points import corner_fast, corner_orientations
from .peaks import corner_peaks

_level = _native.function(
    "feature_orb_level",
    _native.Array,
    _native.pointer_to(Filter),
    _native.Array,
    _native.Run,
)
_responses = _native.function(
    "feature_orb_responses",
    _native.Array,
    _native.Array,
    _native.pointer_to(Filter),
    _native.float64,
    _native.Array,
    _native.Run,
)
_describe = _native.function(
    "feature_orb_describe",
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Run,
)

_BITS = 256
_DETECT_BORDER = 16
_DESCRIBE_BORDER = 20
_ANGLE_MOST = 1000  # radians; larger ones are brought near 0 first
_NEARLY_WHOLE = 1e-6  # of a pixel


def _disc():
    """The circular patch of 31 pixels whose centroid gives the orientation."""
    reach = (15, 15, 15, 15, 14, 14, 14, 13, 13, 12, 11, 10, 9, 8, 6, 3)
    column = np.abs(np.arange(-15, 16))
    return column[:, np.newaxis] <= np.array(reach)[column]


_DISC = _disc()


class _Keypoints:
    """What is found on some levels, as lists of arrays of the same lengths."""

    def __init__(self):
        self.lists = {}

    def add(self, **arrays):
        for name, array in arrays.items():
            self.lists.setdefault(name, []).append(array)

    def best(self, most):
        """All, or the first `most` by descending response."""
        joined = {name: np.concatenate(arrays) for name, arrays in self.lists.items()}
        responses = joined["responses"]
        if len(responses) >= most:
            order = responses.argsort(kind="stable")[::-1][:most]
            joined = {name: array[order] for name, array in joined.items()}
        return joined


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

    def _pyramid(self, image, workers):
        """Levels one after the other, each contiguous; the image may be so already."""
        stored = stored_type(image)
        run = _native.run(workers)
        level = image
        if image.dtype != stored or not image.flags.c_contiguous:
            level = np.empty(image.shape, stored)
            _level(image, gaussian_filters((0, 0), border_codes("nearest")), level, run)
        sigma = 2 * self.downscale / 6.0
        filters = gaussian_filters((sigma, sigma), border_codes("reflect"))
        number = 0
        while min(level.shape) > 1:
            yield level
            number += 1
            shape = tuple(math.ceil(n / float(self.downscale)) for n in level.shape)
            if number == self.n_scales or shape == level.shape:
                return
            smaller = np.empty(shape, stored)
            _level(level, filters, smaller, _native.run(workers))
            level = smaller

    def _detect_level(self, level, workers):
        """Keypoints, orientations and responses of one level."""
        corners = corner_fast(level, self.fast_n, self.fast_threshold, workers=workers)
        points = corner_peaks(corners, min_distance=1, workers=workers)
        if len(points) == 0:
            nothing = np.zeros(0, level.dtype)
            return np.zeros((0, 2), level.dtype), nothing, nothing
        inside = far_from_border(points, level.shape, _DETECT_BORDER)
        points = np.ascontiguousarray(points[inside])
        angles = corner_orientations(level, points, _DISC, workers=workers)
        responses = np.empty(len(points), level.dtype)
        gaussian = gaussian_filters((1,), border_codes("constant", 1))
        factor = float(self.harris_k)
        run = _native.run(workers)
        _responses(level, points, gaussian, factor, responses, run)
        return points, angles, responses

    def _describe_level(self, level, points, angles, workers):
        """Descriptors of points that are far enough from the border, and which are."""
        mask = far_from_border(points, level.shape, _DESCRIBE_BORDER)
        points = points[mask].astype(np.int64, order="C")
        angles = angles[mask].astype(np.float64)
        with np.errstate(invalid="ignore"):
            far = np.abs(angles) > _ANGLE_MOST
            angles[far] = np.arctan2(np.sin(angles[far]), np.cos(angles[far]))
        descriptors = np.empty((len(points), _BITS), bool)
        _describe(level, points, angles, descriptors, _native.run(workers))
        return descriptors, mask

    def _keep(self, found):
        for name, array in found.best(self.n_keypoints).items():
            setattr(self, name, array)

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
        image = check_image(image)
        workers = check_workers(workers)
        self._check_parameters()
        found = _Keypoints()
        for number, level in enumerate(self._pyramid(image, workers)):
            points, angles, responses = self._detect_level(level, workers)
            scale = self.downscale**number
            found.add(
                keypoints=points * scale,
                orientations=angles,
                scales=np.full(len(points), scale, level.dtype),
                responses=responses,
            )
        self._keep(found)

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
        scales = _check_list(scales, "scales", len(keypoints))
        angles = _check_list(orientations, "orientations", len(keypoints))
        with np.errstate(all="ignore"):
            octaves = np.rint(np.log(scales) / np.log(float(self.downscale)))
        mask = np.zeros(len(keypoints), bool)
        descriptors = np.empty((len(keypoints), _BITS), bool)
        for number, level in enumerate(self._pyramid(image, workers)):
            (which,) = np.nonzero(octaves == number)
            if len(which) == 0:
                continue
            points = keypoints[which] / self.downscale**number
            whole = np.rint(points)
            points = np.where(np.abs(points - whole) < _NEARLY_WHOLE, whole, points)
            bits, inside = self._describe_level(level, points, angles[which], workers)
            mask[which] = inside
            descriptors[which[inside]] = bits
        self.descriptors, self.mask_ = descriptors[mask], mask

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
        image = check_image(image)
        workers = check_workers(workers)
        self._check_parameters()
        found, some = _Keypoints(), False
        for number, level in enumerate(self._pyramid(image, workers)):
            points, angles, responses = self._detect_level(level, workers)
            some |= len(points) > 0
            bits, mask = self._describe_level(level, points, angles, workers)
            scale = self.downscale**number
            found.add(
                keypoints=points[mask] * scale if len(points) else points,
                responses=responses[mask],
                descriptors=bits,
            )
            if len(points):
                found.add(
                    orientations=angles[mask],
                    scales=scale * np.ones(np.count_nonzero(mask), np.intp),
                )
        if not some:
            raise RuntimeError(
                "ORB found no features. Try passing in an image containing "
                "greater intensity contrasts between adjacent pixels."
            )
        self._keep(found)


def _check_list(values, name, count):
    """Real numbers, one a keypoint, as float64."""
    values = as_array(values, name)
    if values.dtype.kind not in "biuf":
        raise error(TypeError, ValueError)(
            f"`{name}` must be numbers, got {values.dtype}"
        )
    if values.shape != (count,):
        raise error(ValueError, TypeError, IndexError)(
            f"`{name}` must have shape ({count},), got {values.shape}"
        )
    return values.astype(np.float64)
