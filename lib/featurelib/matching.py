# SPDX-License-Identifier: BSD-3-Clause
"""Matching descriptors, and drawing what was matched. Told at the top of matching.c."""

import numpy as np

from . import _native
from ._arguments import as_array, check_number, check_scalable, check_workers, error
from ._draw import as_float


class _Parameters(_native.Structure):
    """feature_match_parameters."""

    _fields_ = [
        ("metric", _native.int32),
        ("cross_check", _native.int32),
        ("max_distance", _native.float64),
        ("max_ratio", _native.float64),
    ]


_match_descriptors = _native.function(
    "feature_match_descriptors",
    _native.Array,
    _native.Array,
    _native.pointer_to(_Parameters),
    _native.size,
    _native.address,
    _native.pointer_to(_native.size),
    _native.Run,
)

# feature_metric, and all the names that SciPy knows these by.
_HAMMING, _EUCLIDEAN, _SQEUCLIDEAN, _CITYBLOCK, _CHEBYSHEV = range(5)
_METRICS = {
    name: metric
    for metric, names in enumerate(
        (
            "hamming hamm ha h matching",
            "euclidean euclid eu e",
            "sqeuclidean sqeuclid sqe",
            "cityblock cblock cb c",
            "chebyshev chebychev cheby cheb ch",
        )
    )
    for name in names.split()
}
_MINKOWSKI = {"minkowski", "mi", "m", "pnorm"}
_OF_NORM = {1: _CITYBLOCK, 2: _EUCLIDEAN, np.inf: _CHEBYSHEV}
_WHOLE_SETS = {"seuclidean", "se", "s", "mahalanobis", "mahal", "mah"}
_DISTANCES_AT_ONCE = 2**20


# ---------------------------------------------------------------------------
# Arguments
# ---------------------------------------------------------------------------


def _check_descriptors(descriptors, name):
    descriptors = as_array(descriptors, name)
    if descriptors.ndim != 2:
        raise error(ValueError, IndexError, AttributeError)(
            f"`{name}` must be a 2-dimensional array, got {descriptors.ndim} dimensions"
        )
    if descriptors.dtype.kind not in "biuf":
        raise error(TypeError, ValueError)(
            f"`{name}` must be of bool or real numbers, got {descriptors.dtype}"
        )
    return descriptors


def _common_type(first, second, metric):
    """What both sets are compared in: a type that C takes and that holds all values."""
    if metric == _HAMMING and first.dtype == second.dtype == bool:
        return np.dtype(bool)
    whole = np.result_type(first, second, np.uint8)
    if whole == np.uint8:
        return whole
    return np.result_type(whole, np.float32) if whole.itemsize <= 4 else np.dtype("f8")


def _native_metric(metric, p, first, second):
    """A feature_metric, or None where SciPy has to compute the distances."""
    if not isinstance(metric, str) or np.longdouble in (first.dtype, second.dtype):
        return None
    if metric.lower() not in _MINKOWSKI:
        return _METRICS.get(metric.lower())
    if metric != "minkowski":
        return _EUCLIDEAN  # `p` belongs to that spelling
    try:
        return _OF_NORM.get(p.item() if isinstance(p, np.ndarray) else p)
    except (TypeError, ValueError):  # no number: SciPy says so
        return None


# ---------------------------------------------------------------------------
# Distances of SciPy's
# ---------------------------------------------------------------------------


def _name_of(metric):
    """As SciPy knows it, of a text or a function."""
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", "")
    return name.lower().removeprefix("test_")


def _blocks_of_distances(first, second, metric, p):
    """(number of its first row, rows of the matrix of distances), one after another."""
    try:
        from scipy.spatial.distance import cdist
    except ImportError as problem:
        raise ImportError(
            f"SciPy is needed for the metric {metric!r}; without it there are hamming,"
            " euclidean, sqeuclidean, cityblock, chebyshev, and minkowski with `p` 1, 2"
            " or infinity"
        ) from problem
    keywords = {"p": p} if metric == "minkowski" else {}
    rows = max(1, _DISTANCES_AT_ONCE // max(1, len(second)))
    if _name_of(metric) in _WHOLE_SETS:
        rows = max(1, len(first))  # its weights are those of both sets together
    for start in range(0, max(1, len(first)), rows):
        block = first[start : start + rows]
        yield start, cdist(block, second, metric=metric, **keywords)


def _match_by_scipy(first, second, metric, p, limits):
    """The same as feature_match_descriptors, of any metric."""
    cross_check, max_distance, max_ratio = limits
    nearest, best, next_best = [], [], []
    least = np.full(len(second), np.inf)
    of_second = np.zeros(len(second), np.intp)
    for start, distances in _blocks_of_distances(first, second, metric, p):
        rows = np.arange(len(distances))
        found = distances.argmin(axis=1)
        candidate = distances.argmin(axis=0)
        value = distances[candidate, np.arange(len(second))]
        nearer = (value < least) | (np.isnan(value) & ~np.isnan(least)) | (start == 0)
        of_second[nearer] = candidate[nearer] + start
        least[nearer] = value[nearer]
        nearest.append(found)
        best.append(distances[rows, found])
        distances[rows, found] = np.inf
        next_best.append(distances[rows, distances.argmin(axis=1)])
    nearest, best, next_best = map(np.concatenate, (nearest, best, next_best))
    keep = np.ones(len(first), bool)
    if cross_check:
        keep &= of_second[nearest] == np.arange(len(first))
    if max_distance < np.inf:
        keep &= best < max_distance
    (rows,) = np.nonzero(keep)
    if max_ratio < 1:
        next_best[next_best == 0] = np.finfo(np.float64).eps
        rows = rows[best[rows] / next_best[rows] < max_ratio]
    return np.column_stack((rows, nearest[rows]))


# ---------------------------------------------------------------------------
# Matching
# ---------------------------------------------------------------------------


def match_descriptors(
    descriptors1,
    descriptors2,
    metric=None,
    p=2,
    max_distance=np.inf,
    cross_check=True,
    max_ratio=1.0,
    *,
    workers=None,
):
    """For each descriptor of one set the nearest of another, found by trying all.

    Parameters
    ----------
    descriptors1, descriptors2 : (M, P) and (N, P) array_like
        Descriptors as rows, of bool or real numbers.
    metric : str or callable, optional
        The distance: 'hamming', 'euclidean', 'sqeuclidean', 'cityblock', 'chebyshev',
        'minkowski', another name that `scipy.spatial.distance.cdist` knows, or a
        function of two rows (these need SciPy). Default: 'hamming', the part of
        elements that differ, where `descriptors1` is bool; else 'euclidean'.
    p : float, optional
        The norm of 'minkowski'; other values than 1, 2 and infinity need SciPy.
    max_distance : float, optional
        Only pairs that are nearer than this are matches.
    cross_check : bool, optional
        If True, only pairs each of which is the other's nearest are matches.
    max_ratio : float, optional
        Only pairs whose distance is less than this part of the distance to the second
        nearest of `descriptors2` are matches; 1 or more: all.
    workers : int, optional
        Number of threads; by default all that this process may use.

    Returns
    -------
    matches : (Q, 2) ndarray of int64
        Pairs of indices into `descriptors1` and `descriptors2`, in the order of the
        first. Of equally near descriptors the first is taken.

    Raises
    ------
    ValueError
        If the descriptors' lengths differ, the second set is empty, or the first with
        `cross_check`, an array is not 2-dimensional, `metric` is unknown, or `workers`
        is below 1.
    TypeError
        If descriptors are not bool or real numbers, or an array is masked.
    ImportError
        If a metric needs SciPy and it is not installed.

    Notes
    -----
    Distances are compared as the doubles that SciPy computes, so that ties are decided
    as in scikit-image. No M x N matrix is stored.

    References
    ----------
    .. [1] D. G. Lowe, "Distinctive Image Features from Scale-Invariant Keypoints",
           International Journal of Computer Vision 60 (2004), 91-110 (`max_ratio`).

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> first = np.array([[0, 0, 1, 1], [1, 1, 1, 1]], dtype=bool)
    >>> second = np.array([[1, 1, 1, 0], [0, 0, 1, 1]], dtype=bool)
    >>> feature.match_descriptors(first, second)
    array([[0, 1],
           [1, 0]])
    """
    first = _check_descriptors(descriptors1, "descriptors1")
    second = _check_descriptors(descriptors2, "descriptors2")
    workers = check_workers(workers)
    max_distance = check_number(max_distance, "max_distance")
    max_ratio = check_number(max_ratio, "max_ratio")
    if first.shape[1] != second.shape[1]:
        raise ValueError("Descriptor length must equal.")
    if len(second) == 0 or (len(first) == 0 and cross_check):
        raise ValueError(
            f"descriptors to match must not be none: got {len(first)} and {len(second)}"
        )
    if metric is None:
        metric = "hamming" if first.dtype == bool else "euclidean"
    native = _native_metric(metric, p, first, second)
    if len(first) == 0:
        if native is None:
            next(_blocks_of_distances(first, second, metric, p))  # refuses what it must
        return np.empty((0, 2), np.int64)
    if native is None:
        limits = bool(cross_check), max_distance, max_ratio
        return _match_by_scipy(first, second, metric, p, limits)
    dtype = _common_type(first, second, native)
    parameters = _Parameters(native, bool(cross_check), max_distance, max_ratio)
    matches = np.empty((len(first), 2), np.int64)
    count = _native.size()
    _match_descriptors(
        first.astype(dtype, copy=False),
        second.astype(dtype, copy=False),
        parameters,
        len(matches),
        _native.data_of(matches),
        count,
        _native.run(workers),
    )
    return matches[: count.value].copy() if count.value < len(matches) else matches


# ---------------------------------------------------------------------------
# Drawing
# ---------------------------------------------------------------------------


def _grown(image, shape):
    grown = np.zeros((*shape, *image.shape[2:]), image.dtype)
    grown[: image.shape[0], : image.shape[1]] = image
    return grown


def _colors_of(matches_color, count):
    """A colour for each match."""
    from matplotlib.colors import is_color_like

    if matches_color is None:
        rng = np.random.default_rng(seed=0)
        return [rng.random(3) for _ in range(count)]
    if is_color_like(matches_color):
        return [matches_color] * count
    if hasattr(matches_color, "__len__") and len(matches_color) == count:
        return matches_color
    raise ValueError(
        "`matches_color` needs to be a single color "
        "or a sequence of length equal to the number of matches."
    )


def plot_matched_features(
    image0,
    image1,
    *,
    keypoints0,
    keypoints1,
    matches,
    ax,
    keypoints_color="k",
    matches_color=None,
    only_matches=False,
    alignment="horizontal",
):
    """Draw two images side by side, and lines between the keypoints that match.

    Parameters
    ----------
    image0, image1 : (rows, cols[, 3]) array_like
        The images, grey or in colour alike. The smaller one is continued with 0.
    keypoints0, keypoints1 : (K0, 2) and (K1, 2) array_like
        Keypoints as (row, column), in pixels.
    matches : (Q, 2) array_like of int
        Pairs of indices into `keypoints0` and `keypoints1`.
    ax : matplotlib.axes.Axes
        Where to draw.
    keypoints_color : Matplotlib color, optional
        The colour of the circles at keypoints.
    matches_color : Matplotlib color or sequence of them, optional
        The colour of all lines, or one for each; by default random ones, the same in
        every call.
    only_matches : bool, optional
        If True, keypoints are not drawn.
    alignment : {'horizontal', 'vertical'}, optional
        Whether the images stand side by side or one above the other.

    Raises
    ------
    ValueError
        If `alignment` is unknown, or `matches_color` is neither a colour nor one for
        each match.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> image = np.zeros((8, 8))
    >>> points = np.array([[2, 3], [5, 6]])
    >>> pairs = np.array([[0, 0], [1, 1]])
    >>> feature.plot_matched_features(
    ...     image, image, keypoints0=points, keypoints1=points, matches=pairs, ax=ax
    ... )
    >>> len(ax.lines)
    2
    """
    image0 = as_float(check_scalable(image0, "image0"))
    image1 = as_float(check_scalable(image1, "image1"))
    # Blobs have more columns.
    keypoints0 = as_array(keypoints0, "keypoints0")[..., :2]
    keypoints1 = as_array(keypoints1, "keypoints1")[..., :2]
    matches = np.asarray(matches)
    shape = np.maximum(image0.shape[:2], image1.shape[:2])
    if alignment not in ("horizontal", "vertical"):
        raise ValueError(
            "`plot_matched_features` accepts either 'horizontal' or 'vertical' for "
            f"alignment, but '{alignment}' was given. See "
            "https://scikit-image.org/docs/dev/api/skimage.feature.html"
            "#skimage.feature.plot_matched_features for details."
        )
    axis = 1 if alignment == "horizontal" else 0
    image = np.concatenate([_grown(image0, shape), _grown(image1, shape)], axis=axis)
    offset = np.zeros(2, shape.dtype)
    offset[axis] = shape[axis]
    circles = {"facecolors": "none", "edgecolors": keypoints_color}
    if not only_matches:
        for points in (keypoints0, keypoints1 + offset):
            ax.scatter(points[:, 1], points[:, 0], **circles)
    ax.imshow(image, cmap="gray")
    ax.axis((0, shape[1] + offset[1], shape[0] + offset[0], 0))
    colors = _colors_of(matches_color, len(matches))
    for (first, second), color in zip(matches, colors):
        row, col = zip(keypoints0[first], keypoints1[second] + offset)
        ax.plot(col, row, "-", color=color)
