# SPDX-License-Identifier: BSD-3-Clause
"""match_template: where a template is in a picture."""

import numpy as np

from . import _native
from ._arguments import (
    MASK_HINT,
    as_array,
    check_scalable,
    check_workers,
    compute_out,
    error,
    stored_type,
)

_match_template = _native.function(
    "feature_match_template", _native.Array, _native.Array, _native.Array, _native.Run
)


def _check_image(image):
    image = as_array(image, "image", MASK_HINT)
    if image.ndim not in (2, 3):
        raise ValueError("The parameter `image` must be a 2-or-3-dimensional array")
    if image.size == 0:
        raise ValueError("The parameter `image` cannot be an empty array")
    if image.dtype.kind == "c":
        raise ValueError("complex valued input is not supported")
    return check_scalable(image)


def _check_template(template, image):
    """`template` as an array that fits into the image."""
    template = as_array(template, "template", MASK_HINT)
    if image.ndim < template.ndim:
        raise ValueError(
            "Dimensionality of template must be less than or "
            "equal to the dimensionality of image."
        )
    if template.ndim < image.ndim:
        raise error(ValueError, IndexError)(
            f"`template` must have as many dimensions as `image`, {image.ndim}, "
            f"got {template.ndim}"
        )
    if any(size < side for size, side in zip(image.shape, template.shape)):
        raise ValueError("Image must be larger than template.")
    if template.size == 0:
        raise error(ValueError, IndexError)("`template` must not be empty")
    return check_scalable(template, "template")


# ------------------------------------------------------------------------- padding

# Modes whose padding near the image does not depend on how wide it is in all; those of
# the second line only while it is narrower than the image.
_LOCAL = ("constant", "edge")
_PERIODIC = ("reflect", "symmetric", "wrap")
_COPYING = (*_PERIODIC, "edge", "maximum", "minimum")


def _is_kept(constants, dtype):
    """Whether all constants are numbers of `dtype`."""
    with np.errstate(all="ignore"):
        cast = np.asarray(constants).astype(dtype)
    return bool(np.all(cast == np.asarray(constants)))


def _pad(image, widths, mode, constants):
    if isinstance(mode, str) and mode == "empty":  # undefined: the same in each call
        mode, constants = "constant", 0
    keywords = {"constant_values": constants} if mode == "constant" else {}
    keeps = mode in _COPYING if isinstance(mode, str) else False
    if mode == "constant":
        keeps = image.dtype.kind in "biu" and _is_kept(constants, image.dtype)
    if not keeps:  # in C order: means must not depend on the order of the sum
        image = np.ascontiguousarray(image, dtype=stored_type(image))
    with np.errstate(all="ignore"):  # windows with what is not finite give 0
        return np.pad(image, widths, mode=mode, **keywords)


def _padded(image, sides, mode, constants):
    """The image with what windows centred in it reach beyond its borders."""
    before = [side // 2 for side in sides]
    after = [(side - 1) // 2 for side in sides]
    inside = all(side < size for side, size in zip(sides, image.shape))
    if isinstance(mode, str) and (mode in _LOCAL or mode in _PERIODIC and inside):
        return _pad(image, list(zip(before, after)), mode, constants)
    wide = _pad(image, [(side, side) for side in sides], mode, constants)
    cuts = zip(sides, before, after)
    return wide[tuple(slice(side - b, -side + a or None) for side, b, a in cuts)]


def _check_padding(image, mode, constants):
    """Refuses what numpy.pad would refuse, also where nothing is padded."""
    if isinstance(mode, str) and mode == "constant" and type(constants) is int:
        return
    try:
        _pad(image[(slice(0, 1),) * image.ndim], [(1, 1)] * image.ndim, mode, constants)
    except (TypeError, AttributeError) as problem:
        message = f"`mode` or `constant_values`: {problem}"
        raise error(ValueError, type(problem))(message) from None


# ------------------------------------------------------------------------ function


def match_template(
    image,
    template,
    pad_input=False,
    mode="constant",
    constant_values=0,
    *,
    out=None,
    workers=None,
):
    """The correlation coefficient of a template and each window of an image.

    Parameters
    ----------
    image : (M, N[, P]) array
        Any real dtype, strides and byte order.
    template : (m, n[, p]) array
        As many dimensions, no side longer than the image's. Any real dtype.
    pad_input : bool, optional
        False: elements of the response belong to the window that begins there. True:
        the image is padded, and elements belong to the window around them; its centre
        is pixel ``(m // 2, n // 2)`` of the template.
    mode : str or function, optional
        What lies beyond the image's borders where it is padded, as in `numpy.pad`.
    constant_values : number or sequence, optional
        For ``mode="constant"``, as in `numpy.pad`.
    out : array, optional
        Where the result is written; any strides.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    response : (M - m + 1, N - n + 1[, P - p + 1]) array
        Or of the image's shape with `pad_input`. float32 for images of float16 and
        float32, else float64. Never outside [-1, 1]. 0 where the window or the template
        is constant, and where the window holds NaN or infinity.

    Raises
    ------
    ValueError
        If the image is smaller than the template, has other than two or three
        dimensions, is empty or complex; if the template has other dimensions; or if
        `mode`, `constant_values`, `out` or `workers` is not valid.
    TypeError
        If an array is masked.

    Notes
    -----
    Computed in double precision whatever the type, by products for small templates and
    by Fourier transforms of tiles for others. Images and templates of uint8, int8 and
    bool give exact sums if the template has fewer than 2**18 elements. scikit-image
    sums float32 in float32, so that its results may be off by some tenths there.

    References
    ----------
    J. P. Lewis, "Fast Template Matching", Vision Interface (1995), 120-123.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.zeros((5, 6))
    >>> image[2, 3] = 1
    >>> template = np.zeros((3, 3))
    >>> template[1, 1] = 1
    >>> feature.match_template(image, template).round(3)
    array([[ 0.   , -0.125, -0.125, -0.125],
           [ 0.   , -0.125,  1.   , -0.125],
           [ 0.   , -0.125, -0.125, -0.125]])
    """
    image = _check_image(image)
    template = _check_template(template, image)
    workers = check_workers(workers)
    dtype = stored_type(image)
    _check_padding(image, mode, constant_values)
    padded = image
    if pad_input:
        padded = as_array(
            _padded(image, template.shape, mode, constant_values), "image"
        )
    shape = tuple(n - m + 1 for n, m in zip(padded.shape, template.shape))
    run = _native.run(workers)
    return compute_out(
        out,
        shape,
        dtype,
        (image, template),
        lambda result: _match_template(padded, template, result, run),
    )
