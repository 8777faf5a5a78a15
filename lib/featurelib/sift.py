# SPDX-License-Identifier: BSD-3-Clause
"""SIFT: scale-invariant keypoints and their descriptors. Told at the top of sift.c."""

import math

import numpy as np

from . import _native
from ._arguments import (
    as_array,
    check_2d,
    check_number,
    check_scalable,
    check_workers,
    error,
    stored_type,
)
from ._keypoints import check_keypoints, check_list
from ._smoothing import Filter, border_codes, filters_of, gaussian_weights


class _How(_native.Structure):
    """feature_sift."""

    _fields_ = [
        ("upsampling", _native.int32),
        ("octaves", _native.int32),
        ("scales", _native.int32),
        ("bins", _native.int32),
        ("cells", _native.int32),
        ("directions", _native.int32),
        ("contrast", _native.float64),
        ("edgeness", _native.float64),
        ("orienting", _native.float64),
        ("secondary", _native.float64),
        ("describing", _native.float64),
        ("step", _native.float64),
        ("growth", _native.float64),
        ("sigmas", _native.address),
        ("filters", _native.pointer_to(Filter)),
    ]


_detect = _native.function(
    "feature_sift_detect",
    _native.Array,
    _native.pointer_to(_How),
    _native.Array,
    _native.Array,
    _native.pointer_to(_native.size),
    _native.Run,
)
_describe = _native.function(
    "feature_sift_describe",
    _native.Array,
    _native.pointer_to(_How),
    _native.Array,
    _native.Array,
    _native.Run,
)

_UPSAMPLINGS = 1, 2, 4
_SMALLEST_SIDE = 12  # of the last octave
_FARTHEST = 2**53  # that a keypoint may lie from the first pixel
_SCALES_MOST = 64
_ROOM = 1000  # keypoints that there is room for at first, or
_PIXELS_A_POINT = 50  # one for so many
_ROW, _COLUMN, _SIGMA, _ANGLE, _SCALE, _OCTAVE, _COLUMNS = range(7)


class SIFT:
    """Find blobs at their own scales and describe them by gradients around them.

    Extrema of differences of Gaussians over rows, columns and scales get an
    orientation, the direction that gradients around them prefer, and a descriptor:
    histograms of gradients on a grid turned by it.

    Parameters
    ----------
    upsampling : {1, 2, 4}, optional
        By how much the image is enlarged first, between pixels linearly.
    n_octaves : int, optional
        Octaves at most; the last one's shorter side is at least 12 pixels. From one to
        the next sides are halved and sigma is doubled.
    n_scales : int, optional
        Scales of an octave, at most 64.
    sigma_min : float, optional
        Standard deviation of the first image, in pixels of the enlarged image. The
        attribute is in pixels of the image.
    sigma_in : float, optional
        Standard deviation that the image is taken to have already.
    c_dog : float, optional
        Contrast that an extremum exceeds if there are three scales. The attribute is
        the one for `n_scales`.
    c_edge : float, optional
        Extrema on edges are left out: those whose squared trace of the Hessian over
        its determinant exceeds (c_edge + 1)^2 / c_edge.
    n_bins : int, optional
        Bins of the histogram that gives orientations, at least 6.
    lambda_ori : float, optional
        Its Gaussian window has a standard deviation of so many sigma, ends at three.
    c_max : float, optional
        Further peaks of so much of the largest are orientations too.
    lambda_descr : float, optional
        Standard deviation of a descriptor's window in sigma; its grid is twice as wide.
    n_hist : int, optional
        Cells along each side of a descriptor's grid.
    n_ori : int, optional
        Directions in each of them.

    Attributes
    ----------
    delta_min : float
        Distance of pixels of the first octave, in pixels of the image.
    float_dtype : type
        What the images are stored in: float32 for float16 and float32, else float64.
    scalespace_sigmas : (n_octaves, n_scales + 3) array
        Standard deviation of all images of the octaves that the last image had.
    keypoints : (N, 2) array of int
        Row and column in pixels of the image.
    positions : (N, 2) array
        The same between pixels.
    sigmas : (N,) array
        Standard deviations of the Gaussians in which keypoints are extrema, in pixels.
    scales : (N,) array of int
        Which image of the octave that is.
    orientations : (N,) array
        Angles in radians, 0 down, pi / 2 along a row to the right.
    octaves : (N,) array of int
        Which octave, the first is 0.
    descriptors : (N, n_hist * n_hist * n_ori) array of uint8
        Cell by cell, of each all directions.

    Notes
    -----
    Equals `skimage.feature.SIFT` (0.26.0) but for this. `n_octaves` stays what it was;
    the reference lowers it for a small image, and finds less in the next one. The
    types of `positions`, `orientations` and `octaves` are always the same; there they
    change where an octave is empty or no keypoint has a second orientation.
    Descriptors of keypoints without gradients are 0 without a warning. `extract` also
    describes keypoints of others.

    Objects of this class can be used again, pickled and copied; each thread should have
    its own.

    References
    ----------
    D. G. Lowe, "Distinctive image features from scale-invariant keypoints",
    International Journal of Computer Vision 60 (2004), 91-110.

    I. R. Otero and M. Delbracio, "Anatomy of the SIFT method", Image Processing On Line
    4 (2014), 370-396.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> down, right = np.ogrid[:64, :64]
    >>> image = np.exp(-((down - 30) ** 2 + (right - 34) ** 2) / 50)
    >>> detector = feature.SIFT(n_octaves=3)
    >>> detector.detect_and_extract(image)
    >>> detector.keypoints[0], round(float(detector.sigmas[0]), 1)
    (array([30, 34]), 4.4)
    >>> detector.descriptors.shape[1]
    128
    """

    def __init__(
        self,
        upsampling=2,
        n_octaves=8,
        n_scales=3,
        sigma_min=1.6,
        sigma_in=0.5,
        c_dog=0.04 / 3,
        c_edge=10,
        n_bins=36,
        lambda_ori=1.5,
        c_max=0.8,
        lambda_descr=6,
        n_hist=4,
        n_ori=8,
    ):
        if upsampling not in _UPSAMPLINGS:
            raise ValueError("upsampling must be 1, 2 or 4")
        _check_count(n_scales, "n_scales", 1, ZeroDivisionError)
        self.upsampling = upsampling
        self.n_octaves = n_octaves
        self.n_scales = n_scales
        self.sigma_min = check_number(sigma_min, "sigma_min") / upsampling
        self.sigma_in = sigma_in
        threshold = check_number(c_dog, "c_dog")
        self.c_dog = (2 ** (1 / n_scales) - 1) / (2 ** (1 / 3) - 1) * threshold
        self.c_edge = c_edge
        self.n_bins = n_bins
        self.lambda_ori = lambda_ori
        self.c_max = c_max
        self.lambda_descr = lambda_descr
        self.n_hist = n_hist
        self.n_ori = n_ori
        self.delta_min = 1 / upsampling
        self.float_dtype = None
        self.scalespace_sigmas = None
        self.keypoints = None
        self.positions = None
        self.sigmas = None
        self.scales = None
        self.orientations = None
        self.octaves = None
        self.descriptors = None

    @property
    def deltas(self):
        """Distances of pixels of the octaves that the last image had, in its pixels."""
        count = self.n_octaves
        if self.scalespace_sigmas is not None:
            count = len(self.scalespace_sigmas)
        return self.delta_min * np.power(2, np.arange(count), dtype=self.float_dtype)

    def _check_parameters(self):
        """Refuses what makes no sense; parameters are attributes and may be set."""
        for name, least in (
            ("n_octaves", 1),
            ("n_scales", 1),
            ("n_bins", 6),
            ("n_hist", 1),
            ("n_ori", 1),
        ):
            _check_count(getattr(self, name), name, least, IndexError)
        for name in ("sigma_min", "delta_min", "lambda_ori", "lambda_descr"):
            value = check_number(getattr(self, name), name)
            if not 0 < value < 1e9:
                raise error(ValueError, OverflowError, IndexError)(
                    f"`{name}` must be above 0 and below 1e9, got {value}"
                )
        if self.upsampling not in _UPSAMPLINGS:
            raise ValueError("upsampling must be 1, 2 or 4")
        for name in ("sigma_in", "c_dog", "c_edge", "c_max"):
            check_number(getattr(self, name), name)
        if not self.sigma_min**2 >= self.sigma_in**2:
            raise ValueError(
                f"`sigma_min` / `upsampling` must be at least `sigma_in`, got"
                f" {self.sigma_min} and {self.sigma_in}"
            )

    def _number_of_octaves(self, shape):
        """At most `n_octaves`, so that the last has sides of at least 12 pixels."""
        side = min(shape) * self.upsampling
        if side < _SMALLEST_SIDE:
            raise error(ValueError, IndexError)(
                f"`image` must have sides of at least {_SMALLEST_SIDE} pixels after"
                f" upsampling by {self.upsampling}, got shape {shape}"
            )
        return min(int(self.n_octaves), int(math.log2(side / _SMALLEST_SIDE) + 1))

    def _start(self, image):
        """The image as C reads it, and how it is looked at."""
        image = as_array(image, "image")
        check_2d(image)
        image = check_scalable(image)
        self._check_parameters()
        octaves = self._number_of_octaves(image.shape)
        self.float_dtype = stored_type(image).type
        tmp = np.power(2, np.arange(self.n_scales + 3) / self.n_scales)
        tmp *= self.sigma_min
        scale = np.ldexp(1.0, np.arange(octaves))
        self.scalespace_sigmas = scale[:, np.newaxis] * tmp
        return image, self._how(octaves)

    def _how(self, octaves):
        sigmas = np.ascontiguousarray(self.scalespace_sigmas[0])
        steps = np.sqrt(np.diff(sigmas * sigmas)) / self.delta_min
        seed = self.upsampling * math.sqrt(self.sigma_min**2 - self.sigma_in**2)
        weights = [gaussian_weights(float(sigma)) for sigma in (seed, *steps)]
        filters = filters_of(weights, border_codes("reflect", len(weights)))
        with np.errstate(all="ignore"):
            edgeness = np.square(np.float64(self.c_edge) + 1) / np.float64(self.c_edge)
        how = _How(
            upsampling=int(self.upsampling),
            octaves=octaves,
            scales=self.n_scales,
            bins=self.n_bins,
            cells=self.n_hist,
            directions=self.n_ori,
            contrast=self.c_dog,
            edgeness=edgeness,
            orienting=self.lambda_ori,
            secondary=self.c_max,
            describing=self.lambda_descr,
            step=self.delta_min,
            growth=math.log(sigmas[1] / sigmas[0]),
            sigmas=_native.data_of(sigmas),
            filters=filters,
        )
        how.kept = sigmas, filters
        return how

    def _length(self):
        return int(self.n_hist) ** 2 * int(self.n_ori)

    def _find(self, image, describe, workers):
        workers = check_workers(workers)
        image, how = self._start(image)
        count = _native.size()
        capacity = max(_ROOM, image.size // _PIXELS_A_POINT)
        while True:
            points = np.empty((capacity, _COLUMNS))
            found = None
            if describe:
                found = np.empty((capacity, self._length()), np.uint8)
            _detect(image, how, points, found, count, _native.run(workers))
            if count.value <= capacity:
                break
            capacity = 2 * count.value
        if count.value == 0:
            raise RuntimeError(
                "SIFT found no features. Try passing in an image containing "
                "greater intensity contrasts between adjacent pixels."
            )
        self._keep(points[: count.value])
        if describe:
            self.descriptors = found[: count.value].copy()

    def _keep(self, points):
        self.positions = points[:, :_SIGMA].astype(self.float_dtype)
        self.sigmas = points[:, _SIGMA].copy()
        self.orientations = points[:, _ANGLE].copy()
        self.scales = points[:, _SCALE].astype(np.intp)
        self.octaves = points[:, _OCTAVE].astype(np.intp)
        self.keypoints = self.positions.round().astype(int)

    def detect(self, image, *, workers=None):
        """Find keypoints; sets all attributes but `descriptors`.

        Parameters
        ----------
        image : (rows, cols) array
            Grey values of any real type. Integers are scaled to [0, 1], signed ones to
            [-1, 1]; floating point is taken as it is.
        workers : int, optional
            Number of threads, at least 1. By default as many as `feature.info()` says.

        Raises
        ------
        RuntimeError
            If there is no keypoint.
        ValueError
            If `image` is empty, not 2-dimensional, complex or smaller than 12 pixels
            after upsampling, or a parameter is out of range.
        TypeError
            If `image` is a masked array, or a parameter is no number.
        """
        self._find(image, False, workers)

    def detect_and_extract(self, image, *, workers=None):
        """Find keypoints and describe them; sets all attributes.

        Parameters
        ----------
        image : (rows, cols) array
            As for `detect`.
        workers : int, optional
            Number of threads, at least 1. By default as many as `feature.info()` says.

        Raises
        ------
        RuntimeError, ValueError, TypeError
            As `detect`.
        """
        self._find(image, True, workers)

    def extract(
        self, image, keypoints=None, sigmas=None, orientations=None, *, workers=None
    ):
        """Describe keypoints; sets `descriptors`.

        Without `keypoints` those of this object, which `detect` has found or somebody
        has set. With them, they replace its own in all attributes.

        Parameters
        ----------
        image : (rows, cols) array
            As for `detect`.
        keypoints : (N, 2) array, optional
            Row and column in pixels, which may lie between pixels.
        sigmas : (N,) array or float, optional
            Standard deviations that the keypoints are looked at with, in pixels. The
            image of nearest sigma is used, among those that `detect` looks at. By
            default the smallest of those.
        orientations : (N,) array or float, optional
            Angles in radians, 0 down. By default 0.
        workers : int, optional
            Number of threads, at least 1. By default as many as `feature.info()` says.

        Raises
        ------
        ValueError
            As `detect`, or if lengths differ, numbers are not finite, a sigma is not
            above 0, or an octave or a scale is not there.
        TypeError
            As `detect`, or if there are no keypoints, or they are no numbers.
        """
        workers = check_workers(workers)
        if keypoints is None:
            if sigmas is not None or orientations is not None:
                raise ValueError("`sigmas` and `orientations` need `keypoints`")
            if self.positions is None:
                raise TypeError("there are no keypoints: call `detect`, or pass some")
        else:
            keypoints = check_keypoints(keypoints)
        image, how = self._start(image)
        if keypoints is None:
            points = self._own_points()
        else:
            points = self._given_points(keypoints, sigmas, orientations)
        how.octaves = int(points[:, _OCTAVE].max(initial=0)) + 1
        descriptors = np.empty((len(points), self._length()), np.uint8)
        _describe(image, how, points, descriptors, _native.run(workers))
        if keypoints is not None:
            self._keep(points)
        self.descriptors = descriptors

    def _own_points(self):
        """The keypoints of this object as C takes them."""
        count = len(self.scales)
        points = np.empty((count, _COLUMNS))
        points[:, :_SIGMA] = check_keypoints(self.positions)
        points[:, _SIGMA] = _check_list(self.sigmas, "sigmas", count)
        points[:, _ANGLE] = _check_list(self.orientations, "orientations", count, True)
        points[:, _SCALE] = _check_list(self.scales, "scales", count)
        points[:, _OCTAVE] = _check_list(self.octaves, "octaves", count)
        octaves, scales = self.scalespace_sigmas.shape
        _check_numbers(points[:, _SCALE], "scales", scales)
        _check_numbers(points[:, _OCTAVE], "octaves", octaves)
        _check_positive(points[:, _SIGMA])
        return points

    def _given_points(self, keypoints, sigmas, orientations):
        """Keypoints of others, each with the octave and scale of nearest sigma."""
        count = len(keypoints)
        inner = self.scalespace_sigmas[:, 1 : self.n_scales + 1]
        sigmas = inner[0, 0] if sigmas is None else sigmas
        angles = 0.0 if orientations is None else orientations
        points = np.empty((count, _COLUMNS))
        points[:, :_SIGMA] = keypoints
        if not (np.abs(points[:, :_SIGMA]) < _FARTHEST).all():
            raise ValueError("`keypoints` must be finite and below 2^53")
        points[:, _SIGMA] = _check_list(sigmas, "sigmas", count)
        points[:, _ANGLE] = _check_list(angles, "orientations", count)
        _check_positive(points[:, _SIGMA])
        steps = np.log(points[:, _SIGMA] / inner[0, 0]) * (self.n_scales / math.log(2))
        steps = np.clip(np.rint(steps), 0, inner.size - 1).astype(np.intp)
        points[:, _OCTAVE], points[:, _SCALE] = np.divmod(steps, self.n_scales)
        points[:, _SCALE] += 1
        return points


def _check_count(value, name, least, *reference_kinds):
    """A whole number from `least` to what C counts in."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise error(TypeError, ValueError)(
            f"`{name}` must be an integer, got {value!r}"
        )
    most = _SCALES_MOST if name == "n_scales" else 2**20 if name == "n_bins" else 1024
    if name == "n_octaves":
        most = math.inf
    if not least <= value <= most:
        raise error(ValueError, *reference_kinds)(
            f"`{name}` must be from {least} to {most}, got {value}"
        )


def _check_list(values, name, count, any_angle=False):
    """Finite numbers, one a keypoint or one for all; angles brought near 0."""
    values = check_list(values, name, count, or_one=True)
    finite = np.isfinite(values)
    if not any_angle and not finite.all():
        raise ValueError(f"`{name}` must be finite")
    if name == "orientations":
        values = np.where(finite, values, np.nan)
        far = np.abs(values) > math.pi
        values[far] = np.arctan2(np.sin(values[far]), np.cos(values[far]))
    return values


def _check_positive(sigmas):
    if not (sigmas > 0).all():
        raise ValueError("`sigmas` must be above 0")


def _check_numbers(values, name, count):
    """Whole numbers from 0 to before `count`."""
    if not ((values >= 0) & (values < count) & (values == np.rint(values))).all():
        raise error(ValueError, IndexError)(
            f"`{name}` must be whole numbers from 0 to {count - 1}"
        )
