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


def _pair(value, name):
    """One value an axis, from one for both or from a sequence of two."""
    if isinstance(value, str) or not np.iterable(value):
        return value, value
    values = tuple(value)
    if len(values) != 2:
        raise error(ValueError, RuntimeError)(
            f"sequence argument must have length equal to input rank: `{name}` has"
            f" {len(values)} values for 2 axes"
        )
    return values


def sigma_pair(sigma):
    """Standard deviations along axis 0 and 1, checked."""
    pair = tuple(s[()] if isinstance(s, np.ndarray) else s for s in _pair(sigma, "sigma"))
    for value in pair:
        size = check_number(value, "sigma")
        if size < 0:
            raise ValueError("Sigma values less than zero are not valid")
        if math.isnan(size):
            raise ValueError("`sigma` must be a number, got nan")
        if size > _SIGMA_MOST:
            raise error(ValueError, OverflowError)(
                f"`sigma` must be at most {_SIGMA_MOST:g}, got {value}"
            )
    return pair


def border_codes(mode):
    """The numbers of the border modes along axis 0 and 1."""
    codes = ()
    for word in _pair(mode, "mode"):
        if not isinstance(word, str) or word not in _BORDERS:
            known = ", ".join(repr(name) for name in _BORDERS)
            raise error(ValueError, RuntimeError)(
                f"boundary mode not supported: `mode` is {word!r}, not one of {known}"
            )
        codes += (_BORDERS[word],)
    return codes


@functools.lru_cache(maxsize=32, typed=True)
def gaussian_weights(sigma):
    """Normalised weights from the centre outwards, cut off at 4 sigma.

    Computed by NumPy in the order of `scipy.ndimage`, because a last bit that differs
    here decides ties there. Shared between calls: not to be modified.
    """
    if not sigma > 1e-15:
        return np.ones(1)
    radius = int(4.0 * float(sigma) + 0.5)
    x = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * x**2)
    weights = weights / weights.sum()
    return np.ascontiguousarray(weights[radius:], dtype=np.float64)


@functools.lru_cache(maxsize=32, typed=True)
def gaussian_filters(sigma_0, sigma_1, borders):
    """Two filters for C; they keep the weights that they point to alive."""
    weights = [gaussian_weights(sigma) for sigma in (sigma_0, sigma_1)]
    filters = (Filter * 2)(
        *(
            Filter(w.ctypes.data, w.size - 1, border)
            for w, border in zip(weights, borders)
        )
    )
    filters.weights = weights
    return filters
