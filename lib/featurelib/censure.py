# SPDX-License-Identifier: BSD-3-Clause
"""CENSURE: keypoints at extrema of centre-surround filters. Told in censure.c."""

import numpy as np

from . import _native
from ._arguments import (
    check_index,
    check_number,
    check_workers,
    combined_type,
    error,
    stored_type,
)
from ._keypoints import check_image
from ._smoothing import Filter, border_codes, filters_of, gaussian_weights


class _Search(_native.Structure):
    """feature_censure."""

    _fields_ = [
        ("mode", _native.int32),
        ("wide_lines", _native.int32),
        ("min_scale", _native.size),
        ("max_scale", _native.size),
        ("threshold", _native.float64),
        ("line_threshold", _native.float64),
        ("windows", _native.pointer_to(Filter)),
    ]


class _List(_native.Structure):
    """feature_censure_list."""

    _fields_ = [
        ("capacity", _native.size),
        ("keypoints", _native.address),
        ("scales", _native.address),
        ("count", _native.size),
    ]


_detect = _native.function(
    "feature_censure_detect",
    _native.Array,
    _native.pointer_to(_Search),
    _native.pointer_to(_List),
    _native.Run,
)

_MODES = ("dob", "octagon", "star")
_SCALES = {"octagon": 11, "star": 12}  # whose filters are known
_FIRST_CAPACITY = 1024


class CENSURE:
    """Find keypoints where a disc differs most from the ring around it.

    Filters of two levels, the mean over a ring minus the mean over the disc inside it,
    are applied at several scales. Keypoints are their extrema in position and scale
    that reach a threshold (dark discs on bright ground) and do not lie on lines.

    Parameters
    ----------
    min_scale, max_scale : int, optional
        Filters of all scales from the first, at least 1, to the last, at least
        `min_scale` + 2, are applied. Keypoints are found at those between. Octagons go
        up to 11, stars up to 12, and the boxes of DoB have 4 n + 1 pixels a side at
        scale n, which must fit into the image.
    mode : {'DoB', 'Octagon', 'STAR'}, optional
        Shape of the filters: squares, which are fastest, octagons or stars. Upper and
        lower case are the same.
    non_max_threshold : float, optional
        The least response, in units of the image's range of 1.
    line_threshold : float, optional
        Points where the squared trace of the structure tensor is larger than this many
        determinants count as lines. 4 is the least, on spots that are alike in all
        directions.

    Attributes
    ----------
    keypoints : (N, 2) array of int64
        Row and column, in the order of rows, then columns, then scales. None before
        the first call of `detect`.
    scales : (N,) array of int64
        The scale of each.

    Notes
    -----
    Equals `skimage.feature.CENSURE` (0.26.0), ties and float32 images included. Where
    the reference reads outside of its arrays (boxes larger than the image) this is a
    ValueError.

    Objects of this class can be used again, pickled and copied; each thread should have
    its own.

    References
    ----------
    M. Agrawal, K. Konolige and M. R. Blas, "CenSurE: Center Surround Extremas for
    Realtime Feature Detection and Matching", European Conference on Computer Vision
    (2008), 102-115. DOI 10.1007/978-3-540-88693-8_8

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.ones((60, 60))
    >>> image[28:33, 28:33] = 0
    >>> detector = feature.CENSURE()
    >>> detector.detect(image)
    >>> detector.keypoints.tolist(), detector.scales.tolist()
    ([[30, 30]], [2])
    """

    def __init__(
        self,
        min_scale=1,
        max_scale=7,
        mode="DoB",
        non_max_threshold=0.15,
        line_threshold=10,
    ):
        self.mode = _check_mode(mode)
        _check_scales(min_scale, max_scale)
        self.min_scale = min_scale
        self.max_scale = max_scale
        self.non_max_threshold = non_max_threshold
        self.line_threshold = line_threshold
        self.keypoints = None
        self.scales = None

    def detect(self, image, *, workers=None):
        """Find keypoints; sets `keypoints` and `scales`.

        Parameters
        ----------
        image : (rows, cols) array
            Grey values of any real type. Integers are scaled to [0, 1], signed ones to
            [-1, 1]; floating point is taken as it is.
        workers : int, optional
            Number of threads, at least 1; the result does not depend on it. By default
            as many as `feature.info()` says.

        Raises
        ------
        ValueError
            If `image` is empty, not 2-dimensional, complex, or smaller than the largest
            box; if there is no filter of a scale; if `workers` is below 1.
        TypeError
            If `image` is a masked array, or a parameter is no number.
        """
        image = check_image(image)
        workers = check_workers(workers)
        search = self._search(image)
        run = _native.run(workers)
        found = _List(capacity=_FIRST_CAPACITY)
        while True:
            keypoints = np.empty((found.capacity, 2), np.int64)
            scales = np.empty(found.capacity, np.int64)
            found.keypoints = _native.data_of(keypoints)
            found.scales = _native.data_of(scales)
            _detect(image, search, found, run)
            if found.count <= found.capacity:
                break
            found.capacity = found.count
        self.keypoints = keypoints[: found.count].copy()
        self.scales = scales[: found.count].copy()

    def _search(self, image):
        """The parameters as C takes them, checked once more: they can be changed."""
        mode = _check_mode(self.mode)
        first, last = _check_scales(self.min_scale, self.max_scale)
        if last > _SCALES.get(mode, last):
            raise error(ValueError, IndexError)(
                f"`max_scale` must be at most {_SCALES[mode]} in mode {mode!r},"
                f" got {last}"
            )
        if mode == "dob" and min(image.shape) < 4 * last + 1:
            raise error(ValueError, IndexError)(
                f"`image` must have at least 4 max_scale + 1 = {4 * last + 1} rows and"
                f" columns, got {image.shape}"
            )
        stored = stored_type(image)
        line = check_number(self.line_threshold, "line_threshold")
        wide = combined_type(stored, self.line_threshold) != stored
        with np.errstate(over="ignore"):
            line = line if wide else float(stored.type(line))
        sigmas = [1 + (first + k - 1) / 3.0 for k in range(1, last - first)]
        return _Search(
            mode=_MODES.index(mode),
            wide_lines=wide,
            min_scale=first,
            max_scale=last,
            threshold=check_number(self.non_max_threshold, "non_max_threshold"),
            line_threshold=line,
            windows=_windows(*sigmas),
        )


def _windows(*sigmas):
    """Gaussians that are continued by 0, one a scale."""
    borders = border_codes("constant", len(sigmas))
    return filters_of([gaussian_weights(sigma) for sigma in sigmas], borders)


def _check_mode(mode):
    if not hasattr(mode, "lower"):
        raise error(TypeError, AttributeError)(
            f"`mode` must be one of 'DoB', 'Octagon', 'STAR', got {mode!r}"
        )
    mode = mode.lower()
    if mode not in _MODES:
        raise ValueError("`mode` must be one of 'DoB', 'Octagon', 'STAR'.")
    return mode


def _check_scales(first, last):
    try:
        few = first < 1 or last < 1 or last - first < 2
    except (TypeError, ValueError):
        few = False  # no numbers at all
    if few:
        raise ValueError(
            "The scales must be >= 1 and the number of scales should be >= 3."
        )
    first = check_index(first, "min_scale", ValueError)
    return first, check_index(last, "max_scale", ValueError)
