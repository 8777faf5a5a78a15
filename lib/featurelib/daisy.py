# SPDX-License-Identifier: BSD-3-Clause
"""DAISY descriptors. What is computed is told at the top of daisy.c."""

import math

import numpy as np

from . import _draw, _native
from ._arguments import (
    MASK_HINT,
    as_array,
    check_2d,
    check_count,
    check_out,
    check_scalable,
    check_workers,
    compute_all_into,
    error,
    stored_type,
)
from ._smoothing import Filter, border_codes, filters_of, gaussian_weights, sigmas_for


class _Parameters(_native.Structure):
    """feature_daisy_parameters."""

    _fields_ = [
        ("step", _native.size),
        ("margin", _native.size),
        ("rings", _native.size),
        ("histograms", _native.size),
        ("orientations", _native.size),
        ("axis", _native.pointer_to(Filter)),
        ("offsets", _native.address),
        ("directions", _native.address),
        ("norm", _native.int32),
    ]


_daisy = _native.function(
    "feature_daisy",
    _native.Array,
    _native.pointer_to(_Parameters),
    _native.Array,
    _native.Run,
)

_NORMS = {"l1": 0, "l2": 1, "daisy": 2, "off": 3}
_ORIENTATIONS_AT_MOST = 2000


def _check_list(values, name):
    """The values of a list, a tuple or an array; None stays."""
    if values is None:
        return None
    try:
        values = list(values)
    except TypeError:
        raise TypeError(f"`{name}` must be a list of numbers, got {values!r}") from None
    if not values:
        raise error(ValueError, IndexError)(f"`{name}` is empty")
    return values


def _check_rings(radius, rings, sigmas, ring_radii):
    """(radius, standard deviations of the centre and of each ring, radii of rings)"""
    sigmas = _check_list(sigmas, "sigmas")
    ring_radii = _check_list(ring_radii, "ring_radii")
    if sigmas is not None and ring_radii is not None:
        if len(sigmas) - 1 != len(ring_radii):
            raise ValueError("`len(sigmas)-1 != len(ring_radii)`")
    if ring_radii is not None:
        rings, radius = len(ring_radii), ring_radii[-1]
    if sigmas is not None:
        rings = len(sigmas) - 1
    radius = check_count(radius, "radius", 1)
    rings = check_count(rings, "rings", 0 if sigmas is not None else 1)
    if sigmas is None:
        sigmas = [radius * (i + 1) / float(2 * rings) for i in range(rings)]
    if ring_radii is None:
        ring_radii = [radius * (i + 1) / float(rings) for i in range(rings)]
    return radius, [sigmas[0], *sigmas][: rings + 1], ring_radii


def _offsets(radius, ring_radii, histograms):
    """(down, right) of each histogram on each ring, in pixels."""
    angles = [2 * math.pi * j / histograms for j in range(histograms)]
    offsets = [
        (int(round(r * math.sin(angle))), int(round(r * math.cos(angle))))
        for r in ring_radii
        for angle in angles
    ]
    if any(abs(part) > radius for pair in offsets for part in pair):
        raise ValueError("`ring_radii` must not exceed the last of them")
    return np.array(offsets, np.intp).reshape(-1, 2)


def _compute(
    image, out, normalization, step, radius, histograms, sigmas, offsets, angles,
    workers,
):
    directions = np.array([(math.sin(o), math.cos(o)) for o in angles])
    pairs = [sigmas_for(sigma) for sigma in sigmas[1:] or sigmas]  # the centre's too
    filters = filters_of(
        [gaussian_weights(sigma) for pair in pairs for sigma in pair],
        border_codes("reflect") * len(pairs),
    )
    parameters = _Parameters(
        step, radius, len(sigmas) - 1, histograms, len(angles), filters,
        _native.data_of(offsets), _native.data_of(directions), _NORMS[normalization],
    )
    _daisy(image, parameters, out, _native.run(workers))


def _normalised_half(descriptors, normalization, orientations):
    """float16 descriptors, of float32 ones that are not normalised."""
    found = descriptors.astype(np.float16)
    if normalization == "off":
        return found
    found += 1e-10
    parts = found.shape[2] // orientations
    whole = found.reshape(*found.shape[:2], parts, orientations)
    if normalization == "daisy":
        whole /= np.sqrt(np.sum(whole**2, axis=3))[..., np.newaxis]
    elif normalization == "l2":
        found /= np.sqrt(np.sum(found**2, axis=2))[..., np.newaxis]
    else:
        found /= np.sum(found, axis=2)[..., np.newaxis]
    return found


def _draw_histogram(picture, place, sigma, color, bins, angles):
    y, x = place
    circle = _draw.circle_perimeter_aa(y, x, int(sigma))
    _draw.set_color(picture, circle[:2], color, alpha=circle[2])
    for size, angle in zip(bins, angles):
        down, right = sigma * size * math.sin(angle), sigma * size * math.cos(angle)
        line = _draw.line_aa(y, x, int(y + down), int(x + right))
        _draw.set_color(picture, line[:2], color, alpha=line[2])


def _visualize(image, descriptors, step, radius, sigmas, offsets, histograms, angles):
    """Circles where histograms are, as large as their filter, and their bins."""
    picture = _draw.canvas_of(image)
    rings = len(sigmas) - 1
    for i, j in np.ndindex(descriptors.shape[:2]):
        y, x = i * step + radius, j * step + radius
        bins = (descriptors[i, j] / np.max(descriptors[i, j])).reshape(-1, len(angles))
        _draw_histogram(picture, (y, x), sigmas[0], [1, 0, 0], bins[0], angles)
        for k, (down, right) in enumerate(offsets.tolist()):
            ring = k // histograms
            share = float(1 + ring) / rings
            _draw_histogram(
                picture, (y + down, x + right), sigmas[ring + 1],
                (1 - share, 1, share), bins[k + 1], angles,
            )
    return picture


def daisy(
    image,
    step=4,
    radius=15,
    rings=3,
    histograms=8,
    orientations=8,
    normalization="l1",
    sigmas=None,
    ring_radii=None,
    visualize=False,
    *,
    out=None,
    workers=None,
):
    """Compute DAISY descriptors on a grid.

    A descriptor holds histograms of the gradients' orientations: one around the grid
    point and some on each of several rings around it, weighted by Gaussians that
    grow from ring to ring.

    Parameters
    ----------
    image : (rows, cols) array
        Grey values of any real type. Integers are scaled to [0, 1], signed ones to
        [-1, 1]; floating point is taken as it is.
    step : int, optional
        Distance between grid points.
    radius : int, optional
        Radius of the outermost ring, in pixels, at least 1.
    rings : int, optional
        Number of rings.
    histograms : int, optional
        Histograms of each ring.
    orientations : int, optional
        Bins of each histogram, at most 2000.
    normalization : {'l1', 'l2', 'daisy', 'off'}, optional
        What is made 1: the sum of a descriptor, its Euclidean length, the length of
        each histogram, or nothing.
    sigmas : sequence of float, optional
        Standard deviations of the Gaussians: the first is for the centre and the first
        ring, the second for the second ring, and so on; there is one more than rings,
        and the last is not used (as in scikit-image). Overrides `rings`.
    ring_radii : sequence of int, optional
        Radius of each ring, the last one the largest. Overrides `rings` and `radius`.
    visualize : bool, optional
        Also return a picture of the descriptors.
    out : (P, Q, R) array, optional
        Where the descriptors are written.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    descriptors : (P, Q, R) array of the image's floating point type
        ``P = ceil((rows - 2 * radius) / step)``, Q likewise of columns, and
        ``R = (rings * histograms + 1) * orientations``; float64 for integers.
    picture : (rows, cols, 3) array
        Only with `visualize`: a circle for each histogram and a line for each bin.

    Raises
    ------
    ValueError
        If `image` is empty, complex, not 2-dimensional or smaller than the outermost
        ring, a count is below 1 (`histograms` may be 0), `normalization` is none of the
        four, a standard deviation is negative, `sigmas` and `ring_radii` do not fit
        together, `out` does not fit, or `workers` is below 1.
    TypeError
        If `image` is a masked array, or a count is no integer.

    Notes
    -----
    Equals `skimage.feature.daisy` (0.26.0) up to 1e-10, for float32 up to 1e-5; float16
    is computed in float32 and rounded. `sigmas` may be an array or a tuple here; each
    of them is a number, or one for rows and one for columns.

    References
    ----------
    E. Tola, V. Lepetit and P. Fua, "DAISY: An efficient dense descriptor applied to
    wide-baseline stereo", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 32 (2010), 815-830.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> ramp = np.arange(40.0) + np.zeros((40, 1))
    >>> descriptors = feature.daisy(ramp, step=5, radius=10)
    >>> descriptors.shape
    (4, 4, 200)
    >>> int(descriptors[2, 2, :8].argmax())  # from -pi in steps of pi / 4: 0
    4
    """
    workers = check_workers(workers)
    image = as_array(image, "image", MASK_HINT)
    check_2d(image, "img")
    image = check_scalable(image)
    radius, sigmas, ring_radii = _check_rings(radius, rings, sigmas, ring_radii)
    if not isinstance(normalization, str) or normalization not in _NORMS:
        raise ValueError("Invalid normalization method.")
    step = min(check_count(step, "step", 1), max(image.shape))
    histograms = check_count(histograms, "histograms", 0)
    orientations = check_count(orientations, "orientations", 1)
    if orientations > _ORIENTATIONS_AT_MOST:
        raise ValueError(f"`orientations` must be at most {_ORIENTATIONS_AT_MOST}")
    for sigma in sigmas:
        sigmas_for(sigma)  # refuses what is none
    if min(image.shape) < 2 * radius:
        raise ValueError(
            f"`image` must be at least {2 * radius} pixels high and wide for a radius"
            f" of {radius}, got {image.shape}"
        )
    offsets = _offsets(radius, ring_radii, histograms)
    angles = [2 * o * np.pi / orientations - np.pi for o in range(orientations)]
    values = ((len(sigmas) - 1) * histograms + 1) * orientations
    shape = (*(max(0, -(-(n - 2 * radius) // step)) for n in image.shape), values)
    half = image.dtype == np.float16
    out = check_out(out, shape, np.float16 if half else stored_type(image))
    how = step, radius, histograms, sigmas, offsets, angles
    if half:
        found = np.empty(shape, np.float32)
        _compute(image, found, "off", *how, workers)
        out[...] = _normalised_half(found, normalization, orientations)
    else:
        compute_all_into(
            [out],
            (image,),
            lambda outs: _compute(image, outs[0], normalization, *how, workers),
            contiguous=True,
        )
    if not visualize:
        return out
    return out, _visualize(
        image, out, step, radius, sigmas, offsets, histograms, angles
    )
