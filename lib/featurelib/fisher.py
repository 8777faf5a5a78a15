# SPDX-License-Identifier: BSD-3-Clause
"""Fisher vectors of sets of descriptors. Told at the top of fisher.c."""

import contextlib
import functools
from collections.abc import Mapping

import numpy as np

from . import _native
from ._arguments import as_array, check_workers, error

_fisher_statistics = _native.function(
    "feature_fisher_statistics",
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Run,
)


class FisherVectorException(Exception):
    """What cannot be made a mixture or a Fisher vector."""


class DescriptorException(FisherVectorException):
    """Descriptors that are not what they should be."""


def _mixture_class():
    """scikit-learn's class, imported when it is needed."""
    try:
        from sklearn.mixture import GaussianMixture
    except ImportError:
        raise ImportError(
            "scikit-learn is not installed. Please ensure it is installed in "
            "order to use the Fisher vector functionality."
        ) from None
    return GaussianMixture


# ---------------------------------------------------------------------------
# learn_gmm
# ---------------------------------------------------------------------------


def _check_list(descriptors):
    """Refuses lists of other things than matrices of equal width."""
    if not descriptors:
        raise error(ValueError, IndexError)("`descriptors` is an empty list")
    no_arrays = "Please ensure descriptors are a list of NumPy arrays."
    if not isinstance(descriptors[0], np.ndarray):
        raise DescriptorException(no_arrays)
    if not all(isinstance(part, np.ndarray) for part in descriptors):
        raise error(TypeError, DescriptorException, AttributeError)(no_arrays)
    rank = "Please ensure all elements of your descriptor list are of rank 2."
    if any(part.ndim != descriptors[0].ndim for part in descriptors):
        raise DescriptorException(rank)
    if descriptors[0].ndim < 2:
        raise error(ValueError, DescriptorException, IndexError)(rank)
    if any(part.shape[1] != descriptors[0].shape[1] for part in descriptors):
        raise DescriptorException(
            "Please ensure all descriptors are of the same dimensionality."
        )


def _check_set(descriptors):
    if not isinstance(descriptors, (list, np.ndarray)):
        raise DescriptorException(
            "Please ensure descriptors are either a NumPy array, "
            "or a list of NumPy arrays."
        )
    if isinstance(descriptors, list):
        _check_list(descriptors)
    elif descriptors.ndim == 0 or len(descriptors) == 0:
        raise error(ValueError, IndexError)(
            f"`descriptors` must have rows, got shape {descriptors.shape}"
        )


def _check_mixture_arguments(gm_args):
    """`gm_args` with the one type of covariances that Fisher vectors are made of."""
    if not gm_args:
        return {"covariance_type": "diag"}
    if not isinstance(gm_args, Mapping):
        raise TypeError(f"`gm_args` must be a dict, got {gm_args!r:.60}")
    gm_args = {"covariance_type": "diag", **gm_args}
    if gm_args["covariance_type"] != "diag":
        raise FisherVectorException('Covariance type must be "diag".')
    return gm_args


@functools.lru_cache(maxsize=1)
def _thread_pools():
    """Those that scikit-learn computes with; to find them takes milliseconds."""
    from threadpoolctl import ThreadpoolController  # scikit-learn needs it too

    return ThreadpoolController()


def _limited(workers):
    """scikit-learn's threads while it fits: its own choice, at most `workers`."""
    if workers is None:
        return contextlib.nullcontext()
    limits = {}
    for pool in _thread_pools().info():
        most = limits.get(pool["prefix"], workers)
        limits[pool["prefix"]] = min(most, pool["num_threads"] or workers)
    return _thread_pools().limit(limits=limits)


def learn_gmm(descriptors, *, n_modes=32, gm_args=None, workers=None):
    """Estimate a mixture of Gaussians from descriptors, with scikit-learn.

    Parameters
    ----------
    descriptors : (N, M) array or list of (N_i, M) arrays
        The descriptors of all images together, or of each image.
    n_modes : int, optional
        Number of Gaussians.
    gm_args : dict, optional
        Further arguments of `sklearn.mixture.GaussianMixture`. `covariance_type` can
        be "diag" only, and is where it is left out.
    workers : int, optional
        At most so many threads for scikit-learn, at least 1. By default as many as
        it likes.

    Returns
    -------
    gmm : sklearn.mixture.GaussianMixture
        The fitted mixture.

    Raises
    ------
    DescriptorException
        If `descriptors` is neither an array nor a list of arrays, or arrays of the list
        differ in their number of dimensions or columns.
    FisherVectorException
        If `n_modes` is no int above 0, or `covariance_type` is not "diag".
    ImportError
        If scikit-learn is not installed.
    ValueError
        If there are no descriptors, or scikit-learn refuses them, or `workers` is below
        1.
    TypeError
        If `gm_args` is no dict, or an array is a masked array.

    Notes
    -----
    The mixture is that of `skimage.feature.learn_gmm` (0.26.0) for the same random
    state. There `gm_args` without `covariance_type` ends in a KeyError.

    References
    ----------
    F. Perronnin and C. Dance, "Fisher Kernels on Visual Vocabularies for Image
    Categorization", IEEE Conference on Computer Vision and Pattern Recognition (2007).

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> left, right = np.zeros((20, 2)), np.ones((20, 2))
    >>> gmm = feature.learn_gmm([left, right], n_modes=2)
    >>> gmm.weights_.round(6)
    array([0.5, 0.5])
    """
    mixture = _mixture_class()
    _check_set(descriptors)
    if not isinstance(n_modes, int) or n_modes <= 0:
        raise FisherVectorException("Please ensure n_modes is a positive integer.")
    gm_args = _check_mixture_arguments(gm_args)
    workers = check_workers(workers)
    if isinstance(descriptors, list):
        parts = [as_array(part, "descriptors") for part in descriptors]
        descriptors = np.vstack(parts)
    gmm = mixture(n_components=n_modes, **gm_args)
    # in C's order: scikit-learn's last bits depend on strides
    numbers = np.ascontiguousarray(as_array(descriptors, "descriptors"))
    with _limited(workers):
        return gmm.fit(numbers)


# ---------------------------------------------------------------------------
# fisher_vector
# ---------------------------------------------------------------------------


def _as_numbers(descriptors, gmm):
    """The descriptors as C reads them; scikit-learn refuses what does not fit."""
    from sklearn.utils.validation import validate_data

    numbers = as_array(descriptors, "descriptors")
    length = gmm.means_.shape[1]

    def fits(array):
        return array.dtype.kind in "biuf" and array.shape[1:] == (length,)

    if not fits(numbers) or not len(numbers) or isinstance(descriptors, np.matrix):
        if numbers.ndim == 0:
            raise error(ValueError, TypeError)("`descriptors` must have 2 dimensions")
        numbers = validate_data(gmm, descriptors, reset=False)
        if not fits(numbers):
            raise error(ValueError, TypeError)(
                f"`descriptors` must be numbers in {length} columns, got"
                f" {numbers.dtype} of shape {numbers.shape}"
            )
    return numbers.astype(np.float64) if numbers.dtype.itemsize > 8 else numbers


class _Mixture:
    """The numbers of a fitted mixture, a row for each mode."""

    def __init__(self, gmm):
        if gmm.covariance_type not in ("diag", "spherical"):
            raise error(ValueError, FisherVectorException)(
                "Fisher vectors need a mixture whose covariance_type is 'diag', got"
                f" {gmm.covariance_type!r}"
            )
        self.weights = np.asarray(gmm.weights_, np.float64)
        self.means = np.asarray(gmm.means_, np.float64)
        self.covariances = self._of_elements(gmm.covariances_)
        self.scales = self._of_elements(gmm.precisions_cholesky_)
        self.offsets = np.log(self.scales).sum(axis=1) + np.log(self.weights)

    def _of_elements(self, numbers):
        """(modes, length), also where a mode has one number for all its elements."""
        numbers = np.asarray(numbers, np.float64)
        if numbers.ndim == 1:
            numbers = numbers[:, np.newaxis]
        return np.ascontiguousarray(np.broadcast_to(numbers, self.means.shape))

    def gradients(self, sums, count):
        """The derivatives by weights, means and variances, each over the root of its
        information, from the sums of fisher_statistics."""
        sums = sums / count
        length = self.means.shape[1]
        zeroth, first, second = (
            sums[:, :1],
            sums[:, 1 : 1 + length],
            sums[:, 1 + length :],
        )
        root = np.sqrt(self.weights)[:, np.newaxis]
        by_weight = (zeroth[:, 0] - self.weights) / root[:, 0]
        by_mean = (first - zeroth * self.means) / (root * np.sqrt(self.covariances))
        square = zeroth * self.means**2
        by_variance = -second - square + zeroth * self.covariances
        by_variance += 2 * first * self.means
        by_variance /= np.sqrt(2) * root * self.covariances
        return np.hstack((by_weight, by_mean.ravel(), by_variance.ravel()))


def _improve(vector, alpha):
    """Powers of the elements that keep their signs, and length 1."""
    vector = np.sign(vector) * np.power(np.abs(vector), alpha)
    return vector / np.sqrt(np.sum(vector * vector))


def fisher_vector(descriptors, gmm, *, improved=False, alpha=0.5, workers=None):
    """Compute the Fisher vector of descriptors under a mixture of Gaussians.

    It tells how the mixture would have to change to make the descriptors likelier, and
    has the same length for any number of them.

    Parameters
    ----------
    descriptors : (N, D) array
        One descriptor a row, of any real type; taken as numbers, not scaled.
    gmm : sklearn.mixture.GaussianMixture
        A mixture of K modes that `learn_gmm` or scikit-learn has fitted.
    improved : bool, optional
        Raise elements to the power `alpha`, their signs kept, and divide by the length.
    alpha : float, optional
        Between 0 and 1; not looked at unless `improved`.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    fisher_vector : (K + 2 K D,) array of float64
        Derivatives by the K weights, the K means, and the K variances, one mode after
        the other. float32 where `descriptors` and `gmm` are.

    Raises
    ------
    DescriptorException
        If `descriptors` is no array.
    FisherVectorException
        If `gmm` is no GaussianMixture, or its `covariance_type` is "full" or "tied", or
        `improved` is set and `alpha` is no float.
    ImportError
        If scikit-learn is not installed.
    ValueError
        If `gmm` is not fitted, `descriptors` do not fit it, are empty or hold NaN or
        infinity, or `workers` is below 1.
    TypeError
        If `descriptors` is a masked array.

    Notes
    -----
    Equals `skimage.feature.fisher_vector` (0.26.0) to 1e-10 for float64. All is
    computed in float64; there float32 and float16 are squared as they are, and integers
    of few bits overflow when they are squared. What belongs to which mode follows from
    the mixture's parameters; a subclass's own `predict_proba` is not asked.

    References
    ----------
    F. Perronnin and C. Dance, "Fisher Kernels on Visual Vocabularies for Image
    Categorization", IEEE Conference on Computer Vision and Pattern Recognition (2007).
    F. Perronnin, J. Sanchez and T. Mensink, "Improving the Fisher Kernel for
    Large-Scale Image Classification", European Conference on Computer Vision (2010).

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> descriptors = np.array([[0.0], [1.0], [4.0], [5.0]])
    >>> gmm = feature.learn_gmm(descriptors, n_modes=1)
    >>> feature.fisher_vector(descriptors + 1, gmm).round(3)
    array([ 0.   ,  0.485, -0.166])
    """
    mixture = _mixture_class()
    if not isinstance(descriptors, np.ndarray):
        raise DescriptorException("Please ensure descriptors is a NumPy array.")
    if not isinstance(gmm, mixture):
        raise FisherVectorException(
            "Please ensure gmm is a sklearn.mixture.GaussianMixture object."
        )
    if improved and not isinstance(alpha, float):
        raise FisherVectorException(
            "Please ensure that the alpha parameter is a float."
        )
    from sklearn.utils.validation import check_is_fitted, validate_data

    workers = check_workers(workers)
    check_is_fitted(gmm)
    numbers = _as_numbers(descriptors, gmm)
    with np.errstate(all="ignore"):
        model = _Mixture(gmm)
        sums = np.empty((len(model.means), 1 + 2 * numbers.shape[1]))
        parameters = model.means, model.scales, model.offsets
        _fisher_statistics(numbers, *parameters, sums, _native.run(workers))
        if np.isnan(sums[0, 0]):  # perhaps because something is not finite
            validate_data(gmm, numbers, reset=False)
        vector = model.gradients(sums, len(numbers))
        vector = _improve(vector, alpha) if improved else vector
    stored = np.result_type(numbers, gmm.weights_, gmm.means_, gmm.covariances_)
    return vector.astype(np.float32) if stored == np.float32 else vector
