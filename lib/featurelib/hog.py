# SPDX-License-Identifier: BSD-3-Clause
"""Histograms of oriented gradients. What is computed is told at the top of hog.c."""

import math

import numpy as np

from . import _native
from ._arguments import (
    as_array,
    check_count,
    check_outs,
    check_workers,
    compute_all_into,
    error,
    stored_type,
)


class _Parameters(_native.Structure):
    """feature_hog_parameters."""

    _fields_ = [
        ("cell_rows", _native.size),
        ("cell_cols", _native.size),
        ("block_rows", _native.size),
        ("block_cols", _native.size),
        ("orientations", _native.size),
        ("half", _native.address),
        ("norm", _native.int32),
        ("take_root", _native.int32),
    ]


_hog = _native.function(
    "feature_hog",
    _native.Array,
    _native.pointer_to(_Parameters),
    _native.Array,
    _native.Array,
    _native.Array,
    _native.size,
    _native.address,
    _native.address,
    _native.Run,
)

_NORMS = {"L1": 0, "L1-sqrt": 1, "L2": 2, "L2-Hys": 3}
_ORIENTATIONS_AT_MOST = 1 << 20
_NO_LINES = np.empty(0)
_PIXELS_A_CLOSE_ONE = 64  # room at first for those whose bin NumPy is asked about


def _check_channels(image, channel_axis):
    """The image with its channels last; a grey one has one channel."""
    if channel_axis is None:
        image = image if image.ndim > 1 else np.atleast_2d(image)
        channels = 0
    else:
        axes = (channel_axis,) if np.isscalar(channel_axis) else tuple(channel_axis)
        if len(axes) > 1:
            raise ValueError("only a single channel axis is currently supported")
        if len(axes) == 0:
            raise error(ValueError, IndexError)("`channel_axis` is empty")
        image = np.moveaxis(image, axes[0], -1)
        channels = 1
    if image.dtype.kind == "c":
        raise ValueError("complex valued input is not supported")
    if image.dtype.kind not in "biuf":
        raise error(TypeError, ValueError)(
            f"`image` must be of numbers, got {image.dtype}"
        )
    if image.ndim - channels != 2:
        raise ValueError(
            "Only images with two spatial dimensions are supported. If using with"
            " color/multichannel images, specify `channel_axis`."
        )
    return image if channels else image[:, :, np.newaxis]


def _check_image(image, channel_axis):
    image = as_array(image, "image", "pass its data")
    image = _check_channels(image, channel_axis)
    if image.size == 0:
        raise error(ValueError, IndexError)(
            "The parameter `image` cannot be an empty array"
        )
    return image.astype(np.float64) if image.dtype.itemsize > 8 else image


def _check_pair(pair, name, least):
    try:
        rows, cols = pair
    except (TypeError, ValueError):
        kind = ValueError if hasattr(pair, "__len__") else error(ValueError, TypeError)
        raise kind(f"`{name}` must be two integers, got {pair!r}") from None
    return tuple(check_count(n, name, least, ZeroDivisionError) for n in (rows, cols))


def _half_lines(orientations, cell, shape):
    """Half of the line of each orientation, down and right, as the reference has it."""
    radius = min(cell) // 2 - 1
    middles = np.pi * (np.arange(orientations) + 0.5) / orientations
    half = np.stack([radius * np.cos(middles), radius * np.sin(middles)], axis=1)
    count = [n // c for n, c in zip(shape, cell)]
    last = [(k - 1) * c + c // 2 for k, c in zip(count, cell)]
    if radius < 0 and min(count) > 0 and (last + np.abs(half) >= shape[:2]).any():
        raise error(ValueError, IndexError)(
            f"`pixels_per_cell` {cell} leaves no room to draw lines for"
            f" {orientations} orientations"
        )
    return half


def _bins_by_numpy(down, right, orientations):
    """The bin that the reference, with NumPy's arctangent, finds; -1 for none."""
    degrees = np.rad2deg(np.arctan2(down, right)) % 180
    borders = 180.0 / orientations * np.arange(orientations + 1)
    bins = np.searchsorted(borders, degrees, side="right") - 1
    return np.where(bins < orientations, bins, -1)


def _corrections(close, orientations):
    """(pixel, bin), sorted, where NumPy decides otherwise; None where it agrees."""
    pixels, down, right, taken = close.T
    bins = _bins_by_numpy(down, right, orientations)
    differs = bins != taken
    if not differs.any():
        return None
    settled = np.stack([pixels, bins], axis=1)[differs].astype(np.int64)
    return settled[settled[:, 0].argsort()]


def _compute(image, parameters, blocks, picture, run):
    """One call, and another where NumPy decides a close pixel otherwise."""
    settled, count = None, np.zeros(1, np.intp)
    close = np.empty((image.size // _PIXELS_A_CLOSE_ONE + 1, 4))
    while True:
        _hog(image, parameters, settled, blocks, picture, len(close),
             _native.data_of(close), _native.data_of(count), run)
        if settled is not None or count[0] == 0:
            return
        if count[0] > len(close):
            close = np.empty((count[0], 4))
            continue
        settled = _corrections(close[: count[0]], parameters.orientations)
        if settled is None:
            return


def hog(
    image,
    orientations=9,
    pixels_per_cell=(8, 8),
    cells_per_block=(3, 3),
    block_norm="L2-Hys",
    visualize=False,
    transform_sqrt=False,
    feature_vector=True,
    *,
    channel_axis=None,
    out=None,
    workers=None,
):
    """Extract histograms of oriented gradients (HOG).

    Parameters
    ----------
    image : (rows, cols[, channels]) array
        Grey values or colours of any real type; integers are not scaled.
    orientations : int, optional
        Number of bins, which divide 180 degrees.
    pixels_per_cell : (int, int), optional
        Rows and columns of a cell. What is left of the image at the right and at the
        bottom is ignored.
    cells_per_block : (int, int), optional
        Rows and columns of a block, in cells.
    block_norm : {'L1', 'L1-sqrt', 'L2', 'L2-Hys'}, optional
        How the values v of a block are normalised, with e = 1e-5:
        ``v / (sum(|v|) + e)``, the root of that, ``v / sqrt(sum(v**2) + e**2)``, or the
        last with the values cut at 0.2 and normalised again.
    visualize : bool, optional
        Also return a picture of the histograms.
    transform_sqrt : bool, optional
        Take the square roots of the pixels first. Negative pixels become NaN.
    feature_vector : bool, optional
        Return the blocks as one vector.
    channel_axis : int, optional
        The axis of the channels; None for a grey image. Of several channels the one
        with the longest gradient counts at each pixel.
    out : array, optional
        Where the blocks are written, in the shape in which they are returned; with
        `visualize` a pair of arrays.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    blocks : (block_rows, block_cols, cell_rows, cell_cols, orientations) array
        float32 for float16 and float32 images, else float64; flat if `feature_vector`.
    picture : (rows, cols) array
        Only with `visualize`: in each cell and for each bin a line along the edges that
        vote for it, as bright as the bin is full. Of the type of `blocks`.

    Raises
    ------
    ValueError
        If `image` is empty, complex, has other than two axes besides the channels or is
        smaller than a block, a count is below 1 (`orientations`: negative),
        `block_norm` is none of the four, `out` does not fit, or `workers` is below 1.
    TypeError
        If `image` is a masked array or not of numbers, or a count is no integer.

    Notes
    -----
    The histograms are those of `skimage.feature.hog` (0.26.0) in every bit, the blocks
    up to 1e-12 (float32: 1e-5). Where an angle is within a few last places of a
    border between bins, NumPy's arctangent decides, as it does there.

    References
    ----------
    N. Dalal and B. Triggs, "Histograms of Oriented Gradients for Human Detection",
    Computer Vision and Pattern Recognition (2005).

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> edge = np.zeros((8, 8))
    >>> edge[4:] = 1
    >>> feature.hog(edge, 4, cells_per_block=(1, 1), block_norm="L1").round(3)
    array([0., 0., 1., 0.])
    """
    image = _check_image(image, channel_axis)
    workers = check_workers(workers)
    orientations = check_count(orientations, "orientations", 0)
    if orientations > _ORIENTATIONS_AT_MOST:
        raise error(ValueError, MemoryError)(
            f"`orientations` must be at most {_ORIENTATIONS_AT_MOST}"
        )
    cell = _check_pair(pixels_per_cell, "pixels_per_cell", 1)
    block = _check_pair(cells_per_block, "cells_per_block", 1)
    half = _half_lines(orientations, cell, image.shape) if visualize else _NO_LINES
    count = [n // c - b + 1 for n, c, b in zip(image.shape, cell, block)]
    if min(count) <= 0:
        rows, cols = (c * b for c, b in zip(cell, block))
        raise ValueError(
            "The input image is too small given the values of pixels_per_cell and"
            f" cells_per_block. It should have at least: {rows} rows and {cols} cols."
        )
    if not isinstance(block_norm, str) or block_norm not in _NORMS:
        raise ValueError("Selected block normalization method is invalid.")
    shapes = [(*count, *block, orientations), image.shape[:2]][: 2 if visualize else 1]
    results = _results(out, shapes, stored_type(image), feature_vector)
    if orientations == 0:
        for plane in results[1:]:
            plane[...] = 0
    else:
        parameters = _Parameters(
            *cell, *block, orientations, _native.data_of(half), _NORMS[block_norm],
            bool(transform_sqrt),
        )
        run = _native.run(workers)

        def compute(arrays):
            blocks = arrays[0].reshape(shapes[0])
            picture = arrays[1] if visualize else None
            _compute(image, parameters, blocks, picture, run)

        compute_all_into(results, (image,), compute, contiguous=True)
    return tuple(results) if visualize else results[0]


def _results(out, shapes, dtype, flat):
    """The arrays to be filled: those given, or new ones."""
    if flat:
        shapes = [(math.prod(shapes[0]),), *shapes[1:]]
    if len(shapes) == 1:
        return check_outs(None if out is None else (out,), 1, shapes[0], dtype)
    given = out if out is not None else (None, None)
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise ValueError(f"`out` must be a tuple of 2 arrays, got {out!r:.60}")
    return [
        check_outs(None if plane is None else (plane,), 1, shape, dtype)[0]
        for plane, shape in zip(given, shapes)
    ]
