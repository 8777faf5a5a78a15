# SPDX-License-Identifier: BSD-3-Clause
"""What the arguments of the blob functions stand for: scales, thresholds, borders."""

import math
import numbers

import numpy as np

from ._arguments import check_index, check_number, error, is_integer, stored_type

_AXES = 32
_SIGMA_MOST = 1e8


def check_prescale(prescale):
    """Later versions of scikit-image scale images first; 'legacy' is what 0.26 does."""
    if not isinstance(prescale, str) or prescale != "legacy":
        raise error(ValueError, TypeError)(
            f"`prescale` must be 'legacy', got unsupported mode {prescale!r}"
        )


def check_dimensions(image):
    if not 1 <= image.ndim <= _AXES:
        raise ValueError(f"`image` must have 1 to {_AXES} dimensions, got {image.ndim}")


def _is_number(value):
    return isinstance(value, numbers.Number)


def _check_sigma(value, name, dtype, least=0.0):
    """Standard deviations as an array of `dtype`, between `least` and a maximum."""
    try:
        sigma = np.asarray(value)
        if sigma.dtype.kind == "O" and all(map(_is_number, sigma.flat)):
            sigma = sigma.astype(np.float64)
        if sigma.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError, OverflowError):
        raise error(TypeError, ValueError, OverflowError)(
            f"`{name}` must be a number or one for each axis, got {value!r}"
        ) from None
    sigma = sigma.astype(dtype)
    if not np.all((sigma >= least) & (sigma <= _SIGMA_MOST)):
        raise error(ValueError, OverflowError)(
            f"`{name}` must be from {least:g} to {_SIGMA_MOST:g}, got {value}"
        )
    return sigma


def _both_sigmas(image, min_sigma, max_sigma, dtype):
    """Both as arrays with one value an axis, and whether one number stands for all."""
    scalar = bool(np.isscalar(min_sigma) and np.isscalar(max_sigma))
    low = _check_sigma(min_sigma, "min_sigma", dtype)
    high = _check_sigma(max_sigma, "max_sigma", dtype)
    given = [sigma.shape for sigma in (low, high) if sigma.ndim > 0]
    axes = (image.ndim,)
    both_short = given == [(1,), (1,)] and image.ndim != 1
    if both_short or any(shape not in (axes, (1,)) for shape in given):
        raise error(ValueError, RuntimeError)(
            "sequence argument must have length equal to input rank: `min_sigma` and"
            f" `max_sigma` must be numbers or have {image.ndim} values"
        )
    return *(np.broadcast_to(sigma, axes).copy() for sigma in (low, high)), scalar


def _check_count(num_sigma):
    count = check_index(num_sigma, "num_sigma")
    if count < 0:
        raise ValueError(f"`num_sigma` must not be negative, got {num_sigma}")
    return count


def check_threshold(value, name):
    if value is not None:
        check_number(value, name)
        if np.ndim(value):
            raise error(TypeError, ValueError)(
                f"`{name}` must be a number, got {value!r}"
            )
    return value


def border_widths(exclude_border, ndim):
    """How far blobs are from the border at least, along each axis."""
    if isinstance(exclude_border, tuple):
        if len(exclude_border) != ndim:
            raise ValueError(
                "`exclude_border` should have the same length as the "
                "dimensionality of the image."
            )
        if not all(map(is_integer, exclude_border)):
            raise ValueError(
                "exclude border, when expressed as a tuple, must only contain ints."
            )
        widths = exclude_border
    elif is_integer(exclude_border):
        widths = (exclude_border,) * ndim
    else:
        raise ValueError(f"Unsupported value ({exclude_border}) for exclude_border")
    if any(width < 0 for width in widths):
        raise ValueError("`exclude_border` can not be a negative value")
    return tuple(min(int(width), 2**62) for width in widths)


def dog_sigmas(image, min_sigma, max_sigma, sigma_ratio):
    """Standard deviations (scales + 1, ndim) of the Gaussians, as the reference's."""
    low, high, scalar = _both_sigmas(image, min_sigma, max_sigma, stored_type(image))
    ratio = check_number(sigma_ratio, "sigma_ratio")
    if ratio <= 1.0:
        raise ValueError("sigma_ratio must be > 1.0")
    if not ratio < math.inf:
        raise error(ValueError, OverflowError)(
            f"`sigma_ratio` must be a finite number, got {sigma_ratio}"
        )
    if not (low > 0).all() or not (high > 0).all():
        raise error(ValueError, OverflowError)(
            f"`min_sigma` and `max_sigma` must be above 0, got {min_sigma}, {max_sigma}"
        )
    scales = int(np.mean(np.log(high / low) / np.log(sigma_ratio) + 1))
    if scales < 0:
        raise ValueError(
            "negative dimensions are not allowed: `max_sigma` must not be below"
            f" `min_sigma`, got {max_sigma} and {min_sigma}"
        )
    steps = range(scales + 1)
    return np.array([low * (sigma_ratio**step) for step in steps]), scalar


def log_sigmas(image, min_sigma, max_sigma, num_sigma, log_scale):
    """Standard deviations (scales, ndim), as the reference's."""
    low, high, scalar = _both_sigmas(image, min_sigma, max_sigma, stored_type(image))
    count = _check_count(num_sigma)
    if not log_scale:
        return np.linspace(low, high, count), scalar
    if not (low > 0).all() or not (high > 0).all():
        raise ValueError(
            "`min_sigma` and `max_sigma` must be above 0 with `log_scale`, got"
            f" {min_sigma}, {max_sigma}"
        )
    return np.logspace(np.log10(low), np.log10(high), count), scalar


def doh_sigmas(min_sigma, max_sigma, num_sigma, log_scale):
    for name, value in (("min_sigma", min_sigma), ("max_sigma", max_sigma)):
        if _check_sigma(value, name, np.float64).ndim:
            raise error(TypeError, ValueError)(
                f"`{name}` must be a number, got {value!r}"
            )
    count = _check_count(num_sigma)
    if not log_scale:
        return np.linspace(min_sigma, max_sigma, count)
    if not (min_sigma > 0 and max_sigma > 0):
        raise ValueError(
            "`min_sigma` and `max_sigma` must be above 0 with `log_scale`, got"
            f" {min_sigma}, {max_sigma}"
        )
    return np.logspace(math.log(min_sigma, 10), math.log(max_sigma, 10), count)
