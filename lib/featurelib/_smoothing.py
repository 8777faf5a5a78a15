# SPDX-License-Identifier: BSD-3-Clause
"""Gaussian filters as arguments: standard deviations, border modes, weights."""

import functools
import math

import numpy as np

from . import _native
from ._arguments import check_number, error

# In the order of feature_border; SciPy has two names for most of them.
_BORDERS = {
    "constant": 0,
    "grid-constant": 0,
    "nearest": 1,
    "reflect": 2,
    "grid-mirror": 2,
    "mirror": 3,
    "wrap": 4,
    "grid-wrap": 4,
}


_SIGMA_MOST = 1e8  # its weights fill gigabytes


class Filter(_native.Structure):
    """feature_filter."""

    _fields_ = [
        ("weights", _native.address),
        ("radius", _native.size),
        ("border", _native.int32),
    ]


def _for_axes(value, name, ndim):
    """One value an axis, from one for all or from a sequence of as many."""
    if isinstance(value, str) or not np.iterable(value):
        return (value,) * ndim
    if isinstance(value, (set, frozenset, dict)):
        raise TypeError(f"`{name}` must be in the order of the axes, got {value!r}")
    values = tuple(value)
    if len(values) != ndim:
        raise error(ValueError, RuntimeError)(
            f"sequence argument must have length equal to input rank: `{name}` has"
            f" {len(values)} values for {ndim} axes"
        )
    return values


def sigmas_for(sigma, ndim=2):
    """Standard deviations along each axis, checked."""
    if type(sigma) in (int, float) and 0 <= sigma <= _SIGMA_MOST:
        return (sigma,) * ndim
    sigmas = _for_axes(sigma, "sigma", ndim)
    sigmas = tuple(s[()] if isinstance(s, np.ndarray) else s for s in sigmas)
    for value in sigmas:
        size = check_number(value, "sigma")
        if size < 0:
            raise ValueError("Sigma values less than zero are not valid")
        if math.isnan(size):
            raise ValueError("`sigma` must be a number, got nan")
        if size > _SIGMA_MOST:
            raise error(ValueError, OverflowError)(
                f"`sigma` must be at most {_SIGMA_MOST:g}, got {value}"
            )
    return sigmas


def border_codes(mode, ndim=2):
    """The numbers of the border modes along each axis."""
    if type(mode) is str and mode in _BORDERS:
        return (_BORDERS[mode],) * ndim
    codes = ()
    for word in _for_axes(mode, "mode", ndim):
        if not isinstance(word, str) or word not in _BORDERS:
            known = ", ".join(repr(name) for name in _BORDERS)
            raise error(ValueError, RuntimeError)(
                f"boundary mode not supported: `mode` is {word!r}, not one of {known}"
            )
        codes += (_BORDERS[word],)
    return codes


@functools.lru_cache(maxsize=32, typed=True)
def gaussian_weights(sigma, truncate=4.0):
    """Normalised weights from the centre outwards, cut off at `truncate` sigma.

    Computed by NumPy in the order of `scipy.ndimage`, because a last bit that differs
    here decides ties there. Shared between calls: not to be modified.
    """
    if not sigma > 1e-15:
        return np.ones(1)
    radius = int(truncate * float(sigma) + 0.5)
    x = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * x**2)
    weights = weights / weights.sum()
    return np.ascontiguousarray(weights[radius:], dtype=np.float64)


@functools.lru_cache(maxsize=32, typed=True)
def derivative_weights(sigma, truncate):
    """Those of the Gaussian's first derivative: each times (before - after)."""
    weights = gaussian_weights(sigma, truncate)
    if not sigma > 1e-15:
        return weights  # the reference leaves this axis alone
    slope = np.ones(1) / -(sigma * sigma)
    return np.arange(weights.size) * slope[0] * weights


@functools.lru_cache(maxsize=32, typed=True)
def second_derivative_weights(sigma, truncate=4.0):
    """Those of the Gaussian's second derivative, a polynomial times the Gaussian."""
    weights = gaussian_weights(sigma, truncate)
    if not sigma > 1e-15:
        return weights  # the reference leaves this axis alone
    # The polynomial's coefficients and its values are products of matrices there, and
    # rounded as those are.
    powers = np.arange(3)
    times_slope = np.diag(np.ones(2) / -(sigma * sigma), -1)
    derive = np.diag(powers[1:], 1) + times_slope
    polynomial = derive.dot(derive.dot(np.eye(3)[0]))
    x = np.arange(1 - weights.size, weights.size)
    values = (x[:, None] ** powers).dot(polynomial)
    return np.ascontiguousarray(values[weights.size - 1 :] * weights)


def gaussian_filters(sigmas, borders):
    """A filter an axis for C; they keep the weights that they point to alive."""
    return _gaussian_filters(borders, *sigmas)


@functools.lru_cache(maxsize=32, typed=True)
def _gaussian_filters(borders, *sigmas):
    return filters_of([gaussian_weights(sigma) for sigma in sigmas], borders)


def filters_of(weights, borders):
    """Filters for C from weights, centre first, and border codes."""
    weights = [np.ascontiguousarray(w, np.float64) for w in weights]
    filters = (Filter * len(weights))(
        *(
            Filter(_native.data_of(w), w.size - 1, border)
            for w, border in zip(weights, borders)
        )
    )
    filters.weights = weights
    return filters
