# SPDX-License-Identifier: BSD-3-Clause
"""Blobs: bright spots and their sizes. Told at the top of blobs.c."""

import functools
import math

import numpy as np

from . import _native
from ._arguments import (
    check_number,
    check_scalable,
    check_workers,
    compared_with,
    stored_type,
)
from ._blob_arguments import (
    border_widths,
    check_dimensions,
    check_prescale,
    check_threshold,
    dog_sigmas,
    doh_sigmas,
    log_sigmas,
)
from ._smoothing import (
    Filter,
    border_codes,
    filters_of,
    gaussian_weights,
    second_derivative_weights,
)


class _Search(_native.Structure):
    """feature_blob_search."""

    _fields_ = [
        ("least", _native.float64),
        ("border", _native.address),
        ("range", _native.int32),
        ("direct", _native.int32),
    ]


class _List(_native.Structure):
    """feature_blob_list."""

    _fields_ = [
        ("capacity", _native.size),
        ("index", _native.address),
        ("response", _native.address),
        ("count", _native.size),
        ("lowest", _native.float64),
        ("highest", _native.float64),
        ("error", _native.float64),
    ]


_FILTERS = _native.pointer_to(Filter)
_SEARCH = (_native.pointer_to(_Search), _native.pointer_to(_List), _native.Run)
_blob_dog = _native.function(
    "feature_blob_dog",
    _native.Array,
    _FILTERS,
    _native.size,
    _native.float64,
    *_SEARCH,
)
_blob_log = _native.function(
    "feature_blob_log",
    _native.Array,
    _FILTERS,
    _FILTERS,
    _native.address,
    _native.size,
    *_SEARCH,
)
_blob_doh = _native.function(
    "feature_blob_doh", _native.Array, _native.address, _native.size, *_SEARCH
)
_blob_prune = _native.function(
    "feature_blob_prune",
    _native.Array,
    _native.int32,
    _native.int32,
    _native.float64,
    _native.Array,
    _native.Run,
)

_FIRST_CAPACITY = 65536


# ---------------------------------------------------------------------------
# Search
# ---------------------------------------------------------------------------


def _call(ndim, capacity, compute, search):
    """(index, response, range), asked for again where there are more than expected."""
    found = _List(capacity=capacity)
    while True:
        index = np.empty((found.capacity, ndim + 1), np.int64)
        response = np.empty(found.capacity)
        found.index, found.response = _native.data_of(index), _native.data_of(response)
        compute(search, found)
        if found.count <= found.capacity:
            break
        found.capacity = found.count
    end = found.count
    return index[:end], response[:end], found


def _search(image, scales, compute, threshold, threshold_rel, border):
    """Positions and scales of the blobs of `image`, the strongest first."""
    dtype = stored_type(image)
    check_threshold(threshold, "threshold")
    check_threshold(threshold_rel, "threshold_rel")
    needs_range = threshold is None or threshold_rel is not None
    if needs_range and (image.size == 0 or scales == 0):
        raise ValueError(
            "zero-size array to reduction operation: there is no response that a"
            " threshold could be taken from"
        )
    least = -math.inf
    if threshold is not None:
        least = math.nextafter(compared_with(threshold, dtype), math.inf)
    widths = np.array(border, np.intp)
    search = _Search(
        least=least,
        border=_native.data_of(widths),
        range=needs_range,
        direct=not least > 5e-324,
    )
    capacity = min(_FIRST_CAPACITY, image.size * scales)
    while True:
        index, response, found = _call(image.ndim, capacity, compute, search)
        response = response.astype(dtype, copy=False)
        limit = _limit(threshold, threshold_rel, found, dtype)
        error = found.error * (1 + abs(threshold_rel)) if threshold_rel else 0
        if error == 0 or not np.any(np.abs(response - limit) <= error):
            return index[response > limit]
        search.direct = True  # a transform's error decides: filters do


def _limit(threshold, threshold_rel, found, dtype):
    """What responses must exceed, in the reference's types."""
    limit = threshold if threshold is not None else dtype.type(found.lowest)
    if threshold_rel is None:
        return limit
    with np.errstate(all="ignore"):
        return max(limit, threshold_rel * dtype.type(found.highest))


def _prune(blobs, sigmas, overlap, workers):
    """Those blobs that no larger one covers."""
    kept = np.empty(len(blobs), bool)
    narrow = blobs.dtype == np.float32
    _blob_prune(
        np.ascontiguousarray(blobs, np.float64),
        sigmas,
        narrow,
        compared_with(overlap, blobs.dtype),
        kept,
        _native.run(workers),
    )
    return blobs[kept]


def _blobs_of(index, sigmas, scalar, overlap, workers):
    """The table of blobs from positions and numbers of scales."""
    columns = 1 if scalar else sigmas.shape[1]
    if not len(index):
        return np.empty((0, sigmas.shape[1] + columns))
    positions = index[:, :-1].astype(sigmas.dtype)
    blobs = np.hstack([positions, sigmas[index[:, -1], :columns]])
    return _prune(blobs, columns, overlap, workers)


@functools.lru_cache(maxsize=8, typed=True)
def _filters(kind, *sigmas):
    """Filters of all scales, axis by axis."""
    weights = [kind(sigma) for sigma in sigmas]
    return filters_of(weights, border_codes("reflect", len(weights)))


def blob_dog(
    image,
    min_sigma=1,
    max_sigma=50,
    sigma_ratio=1.6,
    threshold=0.5,
    overlap=0.5,
    *,
    threshold_rel=None,
    exclude_border=False,
    prescale="legacy",
    workers=None,
):
    r"""Find bright blobs by differences of Gaussians.

    A blob is a local maximum, in position and scale, of
    ``(G(s) - G(sigma_ratio * s)) * image / (sigma_ratio - 1)`` for the standard
    deviations s = min_sigma, min_sigma * sigma_ratio, ...

    Parameters
    ----------
    image : array of 1 to 32 dimensions
        Grey values of any real type, blobs bright. Integers are scaled to [0, 1],
        signed ones to [-1, 1]; floating point is taken as it is.
    min_sigma, max_sigma : float or sequence of float, optional
        The least and the largest standard deviation in pixels, above 0, one for all
        axes or one for each.
    sigma_ratio : float, optional
        Of one standard deviation to the one before, above 1.
    threshold : float or None, optional
        Responses are larger than this; None stands for the least response. Units are
        those of the image.
    overlap : float, optional
        Of two blobs that share more than this fraction of the smaller one's area
        (length, volume), the smaller one is dropped. From 1 on all stay.
    threshold_rel : float or None, optional
        Responses are also larger than this share of the largest one.
    exclude_border : int, tuple of int or bool, optional
        How far blobs are from the border at least, along all axes or each; True is 1.
    prescale : {'legacy'}, optional
        The name that later versions of scikit-image have for what 0.26 does.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    blobs : (K, ndim + 1) or (K, 2 * ndim) array
        Positions and the standard deviation, or one for each axis where `min_sigma` or
        `max_sigma` is a sequence. The strongest response comes first, equal ones in the
        order of positions, then scales. float32 for float16 and float32 images, else
        float64, and float64 when nothing is found. In two dimensions the radius of a
        blob is about sqrt(2) of the standard deviation, in three sqrt(3).

    Raises
    ------
    ValueError
        If `image` cannot be scaled, has no dimensions, or has no pixels while a
        threshold depends on them; if a standard deviation is not above 0, not finite or
        of another length, `sigma_ratio` is not above 1, `max_sigma` is far below
        `min_sigma`, `exclude_border` is negative or no integer, `prescale` is another
        word, or `workers` is below 1.
    TypeError
        If `image` is a masked array, or a number is none.

    Notes
    -----
    Before pruning, the list equals that of `skimage.feature.blob_dog` (0.26.0). Pairs
    are pruned in the order of the list, (first, second) ascending; scikit-image takes
    them in the order of a Python set. What is dropped drops no other.

    Working memory: four planes of doubles, one more for the cosine transform of
    large scales, two more for other than two dimensions.

    References
    ----------
    D. G. Lowe, "Distinctive image features from scale-invariant keypoints",
    International Journal of Computer Vision 60 (2004), 91-110.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> y, x = np.mgrid[:60, :60]
    >>> image = np.exp(-((y - 20.0) ** 2 + (x - 35.0) ** 2) / (2 * 4**2))
    >>> feature.blob_dog(image, min_sigma=1, max_sigma=10, threshold=0.2)
    array([[20.  , 35.  ,  2.56]])
    """
    image = check_scalable(image)
    check_prescale(prescale)
    workers = check_workers(workers)
    check_number(overlap, "overlap")
    check_dimensions(image)
    border = border_widths(exclude_border, image.ndim)
    sigmas, scalar = dog_sigmas(image, min_sigma, max_sigma, sigma_ratio)
    scales = len(sigmas) - 1
    factor = 1 / (sigma_ratio - 1)
    if stored_type(image) == np.float32 and not isinstance(factor, np.float64):
        factor = np.float32(factor)
    filters = _filters(gaussian_weights, *sigmas.ravel())
    run = _native.run(workers)

    def compute(search, found):
        _blob_dog(image, filters, scales, float(factor), search, found, run)

    index = _search(image, scales, compute, threshold, threshold_rel, border)
    return _blobs_of(index, sigmas, scalar, overlap, workers)


def blob_log(
    image,
    min_sigma=1,
    max_sigma=50,
    num_sigma=10,
    threshold=0.2,
    overlap=0.5,
    log_scale=False,
    *,
    threshold_rel=None,
    exclude_border=False,
    prescale="legacy",
    workers=None,
):
    r"""Find bright blobs by the Laplacian of Gaussians.

    A blob is a local maximum, in position and scale, of ``-s**2 * Laplacian(G(s) *
    image)`` for `num_sigma` standard deviations s from `min_sigma` to `max_sigma`.

    Parameters
    ----------
    image : array of 1 to 32 dimensions
        Grey values of any real type, blobs bright. Integers are scaled to [0, 1],
        signed ones to [-1, 1]; floating point is taken as it is.
    min_sigma, max_sigma : float or sequence of float, optional
        The first and the last standard deviation in pixels, from 0, one for all axes or
        one for each. Where axes differ s is their mean.
    num_sigma : int, optional
        How many standard deviations are tried.
    threshold : float or None, optional
        Responses are larger than this; None stands for the least response. Units are
        those of the image.
    overlap : float, optional
        Of two blobs that share more than this fraction of the smaller one's area
        (length, volume), the smaller one is dropped. From 1 on all stay.
    log_scale : bool, optional
        Whether standard deviations are spaced by factors instead of differences.
    threshold_rel : float or None, optional
        Responses are also larger than this share of the largest one.
    exclude_border : int, tuple of int or bool, optional
        How far blobs are from the border at least, along all axes or each; True is 1.
    prescale : {'legacy'}, optional
        The name that later versions of scikit-image have for what 0.26 does.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    blobs : (K, ndim + 1) or (K, 2 * ndim) array
        As of `blob_dog`.

    Raises
    ------
    ValueError
        If `image` cannot be scaled, has no dimensions, or has no pixels while a
        threshold depends on them; if a standard deviation is negative (with
        `log_scale`: 0), not finite or of another length, `num_sigma` is negative,
        `exclude_border` is negative or no integer, `prescale` is another word, or
        `workers` is below 1.
    TypeError
        If `image` is a masked array, `num_sigma` no integer, or a number is none.

    Notes
    -----
    Before pruning, the list equals that of `skimage.feature.blob_log` (0.26.0). Pairs
    are pruned as by `blob_dog`.

    Working memory: three planes of doubles, one more for the cosine transform of
    large scales, two more for other than two dimensions.

    References
    ----------
    T. Lindeberg, "Feature detection with automatic scale selection", International
    Journal of Computer Vision 30 (1998), 79-116.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> y, x = np.mgrid[:60, :60]
    >>> image = np.exp(-((y - 20.0) ** 2 + (x - 35.0) ** 2) / (2 * 4**2))
    >>> feature.blob_log(image, min_sigma=1, max_sigma=10)
    array([[20., 35.,  4.]])
    """
    image = check_scalable(image)
    check_prescale(prescale)
    workers = check_workers(workers)
    check_number(overlap, "overlap")
    check_dimensions(image)
    border = border_widths(exclude_border, image.ndim)
    sigmas, scalar = log_sigmas(image, min_sigma, max_sigma, num_sigma, log_scale)
    scales = len(sigmas)
    smooth = _filters(gaussian_weights, *sigmas.ravel())
    second = _filters(second_derivative_weights, *sigmas.ravel())
    squares = [np.mean(sigma) ** 2 for sigma in sigmas]
    factors = np.array(squares, np.float64)
    run = _native.run(workers)

    def compute(search, found):
        at = _native.data_of(factors)
        _blob_log(image, smooth, second, at, scales, search, found, run)

    index = _search(image, scales, compute, threshold, threshold_rel, border)
    return _blobs_of(index, sigmas, scalar, overlap, workers)


def blob_doh(
    image,
    min_sigma=1,
    max_sigma=30,
    num_sigma=10,
    threshold=0.01,
    overlap=0.5,
    log_scale=False,
    *,
    threshold_rel=None,
    prescale="legacy",
    workers=None,
):
    """Find bright and dark blobs by the determinant of the Hessian.

    A blob is a local maximum, in position and scale, of the determinant that
    `hessian_matrix_det` takes by box filters, for `num_sigma` standard deviations from
    `min_sigma` to `max_sigma`. The time does not depend on them. Blobs of a radius
    below 3 pixels cannot be told from others.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type. Integers are scaled to [0, 1], signed ones to
        [-1, 1]; floating point is taken as it is.
    min_sigma, max_sigma : float, optional
        The first and the last standard deviation in pixels, from 0. Those below 1/3
        have no boxes and no blobs.
    num_sigma : int, optional
        How many standard deviations are tried.
    threshold : float or None, optional
        Responses are larger than this; None stands for the least response. Units are
        those of the image, squared.
    overlap : float, optional
        Of two blobs that share more than this fraction of the smaller one's area, the
        smaller one is dropped. From 1 on all stay.
    log_scale : bool, optional
        Whether standard deviations are spaced by factors instead of differences.
    threshold_rel : float or None, optional
        Responses are also larger than this share of the largest one.
    prescale : {'legacy'}, optional
        The name that later versions of scikit-image have for what 0.26 does.
    workers : int, optional
        Number of threads, at least 1; the result does not depend on it.

    Returns
    -------
    blobs : (K, 3) array of float64
        Row, column and standard deviation, the strongest response first, equal ones in
        the order of positions, then scales. The radius of a blob is about its standard
        deviation.

    Raises
    ------
    ValueError
        If `image` is empty, has not two dimensions or cannot be scaled; if a standard
        deviation is negative (with `log_scale`: 0) or not finite, `num_sigma` is
        negative, `prescale` is another word, or `workers` is below 1.
    TypeError
        If `image` is a masked array, `num_sigma` no integer, or a number is none.

    Notes
    -----
    Before pruning, the list equals that of `skimage.feature.blob_doh` (0.26.0). Pairs
    are pruned as by `blob_dog`.

    Working memory: the integral image, and three rows of each scale a thread.

    References
    ----------
    H. Bay, A. Ess, T. Tuytelaars, L. Van Gool, "Speeded-Up Robust Features", Computer
    Vision and Image Understanding 110 (2008), 346-359.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> y, x = np.mgrid[:60, :60]
    >>> disc = ((y - 20) ** 2 + (x - 35) ** 2 <= 8**2) * 1.0
    >>> feature.blob_doh(disc, min_sigma=2, max_sigma=16, num_sigma=8)
    array([[19., 34.,  8.]])
    """
    image = check_scalable(image)
    if image.size == 0:
        raise ValueError("The parameter `image` cannot be an empty array")
    if image.ndim != 2:
        raise ValueError("The parameter `image` must be a 2-dimensional array")
    check_prescale(prescale)
    workers = check_workers(workers)
    check_number(overlap, "overlap")
    sigmas = doh_sigmas(min_sigma, max_sigma, num_sigma, log_scale)
    sizes = np.array([int(3 * sigma) for sigma in sigmas], np.intp)
    scales = len(sizes)
    run = _native.run(workers)

    def compute(search, found):
        _blob_doh(image, _native.data_of(sizes), scales, search, found, run)

    index = _search(image, scales, compute, threshold, threshold_rel, (0, 0))
    if not len(index):
        return np.empty((0, 3))
    blobs = index.astype(np.float64)
    blobs[:, -1] = sigmas[index[:, -1]]
    return _prune(blobs, 1, overlap, workers)
