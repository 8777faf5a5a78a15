# SPDX-License-Identifier: BSD-3-Clause
"""BRIEF: binary descriptors of keypoints. Told at the top of brief.c."""

import copy

import numpy as np

from . import _native
from ._arguments import check_index, check_number, check_workers, error, is_integer
from ._keypoints import check_image, check_keypoints, far_from_border
from ._smoothing import Filter, border_codes, gaussian_filters, sigmas_for

_brief_extract = _native.function(
    "feature_brief_extract",
    _native.Array,
    _native.pointer_to(Filter),
    _native.Array,
    _native.Array,
    _native.Array,
    _native.Run,
)

_MODES = ("normal", "uniform")
_BITS_MOST = 2**24


def _check_mode(mode):
    if not isinstance(mode, str):
        raise error(TypeError, ValueError, AttributeError)(
            f"`mode` must be 'normal' or 'uniform', got {mode!r}"
        )
    if mode.lower() not in _MODES:
        raise ValueError("`mode` must be 'normal' or 'uniform'.")
    return mode.lower()


def _generator(rng):
    """A generator of our own: a child of the one that is given, or a new one."""
    if isinstance(rng, np.random.Generator):
        bits = rng.bit_generator
        (seed,) = bits.seed_seq.spawn(1)
        return np.random.Generator(type(bits)(seed))
    return np.random.default_rng(rng)


def _state_of(rng):
    """What a generator of NumPy's default kind draws by, to be compared; else None."""
    bits = getattr(rng, "bit_generator", None)
    return bits.state if type(bits) is np.random.PCG64 else None


def _check_bits(descriptor_size):
    bits = check_index(descriptor_size, "descriptor_size", ValueError)
    if not 0 <= bits <= _BITS_MOST:
        raise error(ValueError, MemoryError)(
            f"`descriptor_size` must be from 0 to {_BITS_MOST}, got {descriptor_size}"
        )
    return bits


def _draw_normal(rng, bits, patch_size):
    """Four normal numbers a pair, those outside the patch left out."""
    drawn = (patch_size / 5.0) * rng.standard_normal(bits * 8)
    with np.errstate(invalid="ignore"):
        drawn = drawn.astype(np.int32)
    inside = drawn[(drawn < patch_size // 2) & (drawn > -(patch_size - 2) // 2)]
    if len(inside) < 4 * bits:
        raise ValueError(
            f"`patch_size` {patch_size} leaves too few of the pairs that were drawn"
        )
    return inside[: 4 * bits].reshape(2, bits, 2)


def _draw_uniform(rng, bits, patch_size):
    low, high = -(patch_size - 2) // 2, patch_size // 2 + 1
    try:
        return rng.integers(low, high, (2, bits, 2)).astype(np.int32)
    except (TypeError, ValueError, OverflowError) as problem:
        message = f"`patch_size` {patch_size} gives no patch: {problem}"
        raise error(ValueError, TypeError, OverflowError)(message) from None


class BRIEF:
    """Describe keypoints by comparisons of pixels around them.

    Each bit of a descriptor says whether, in the smoothed image, the first pixel of a
    pair is darker than the second. The pairs are drawn once for all keypoints.

    Parameters
    ----------
    descriptor_size : int, optional
        Bits of a descriptor; 128, 256 or 512 are the authors' choice.
    patch_size : int, optional
        Side in pixels of the square around a keypoint that pairs are drawn from.
    mode : {'normal', 'uniform'}, optional
        How pairs are distributed in the square.
    sigma : float or pair of floats, optional
        Standard deviation in pixels of the Gaussian that smooths the image.
    rng : int, None or numpy.random.Generator, optional
        What the pairs are drawn by. An integer is a seed; None draws a seed of its own;
        of a generator a child is used, so that it can be copied. Every call of
        `extract` draws the same pairs.

    Attributes
    ----------
    descriptors : (Q, descriptor_size) array of bool
        One row for each keypoint that is described.
    mask : (N,) array of bool
        Which of the keypoints are described: those at least ``patch_size // 2`` pixels
        from the border.
    rng : numpy.random.Generator
        What is copied for each call.

    Raises
    ------
    ValueError
        If `mode` is another word.

    Notes
    -----
    Descriptors equal those of `skimage.feature.BRIEF` (0.26.0), except that the pairs
    of mode 'uniform' that reach one pixel beyond the border see the smoothed mirror
    image, where the reference reads foreign memory. Objects of this class can be used
    again, pickled and copied; each thread should have its own.

    References
    ----------
    M. Calonder, V. Lepetit, C. Strecha and P. Fua, "BRIEF: Binary Robust Independent
    Elementary Features", European Conference on Computer Vision (2010), 778-792.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> image = np.zeros((20, 20))
    >>> image[6:14, 6:14] = 1
    >>> corners = feature.corner_peaks(feature.corner_harris(image), min_distance=1)
    >>> extractor = feature.BRIEF(descriptor_size=8, patch_size=9)
    >>> extractor.extract(image, corners)
    >>> extractor.mask
    array([ True,  True,  True,  True])
    >>> extractor.descriptors.shape
    (4, 8)
    """

    def __init__(
        self, descriptor_size=256, patch_size=49, mode="normal", sigma=1, rng=1
    ):
        self.descriptor_size = descriptor_size
        self.patch_size = patch_size
        self.mode = _check_mode(mode)
        self.sigma = sigma
        self.rng = _generator(rng)
        self._drawn = self._drawn_by = None
        self.descriptors = None
        self.mask = None

    def _pairs(self):
        """(descriptor_size, 4): row and column of the first pixel and the second.

        Those of the call before, where they would be drawn alike: it takes as long as
        describing hundreds of keypoints.
        """
        check_number(self.patch_size, "patch_size")
        size = self.patch_size
        size = int(size) if is_integer(size) else size  # NumPy's would wrap round
        bits = _check_bits(self.descriptor_size)
        state = _state_of(self.rng)
        drawn_by = state, self.mode, bits, size
        if state is None or self._drawn_by != drawn_by:
            draw = _draw_normal if self.mode == "normal" else _draw_uniform
            pairs = np.hstack(draw(copy.deepcopy(self.rng), bits, size))
            self._drawn, self._drawn_by = np.ascontiguousarray(pairs), drawn_by
        return self._drawn

    def extract(self, image, keypoints, *, workers=None):
        """Describe keypoints; sets `descriptors` and `mask`.

        Parameters
        ----------
        image : (rows, cols) array
            Grey values of any real type. Integers are scaled to [0, 1], signed ones to
            [-1, 1]; floating point is taken as it is.
        keypoints : (N, 2) array
            Row and column of each keypoint; fractions are cut off.
        workers : int, optional
            Number of threads, at least 1. By default as many as `feature.info()` says.

        Raises
        ------
        ValueError
            If `image` is empty, not 2-dimensional or complex, `keypoints` have another
            shape, `sigma` is negative, `patch_size` is too small for pairs, or
            `workers` is below 1.
        TypeError
            If an argument is a masked array or not of numbers.
        """
        image = check_image(image)
        workers = check_workers(workers)
        filters = gaussian_filters(sigmas_for(self.sigma), border_codes("reflect"))
        pairs = self._pairs()
        keypoints = check_keypoints(keypoints)
        distance = int(self.patch_size // 2)
        mask = far_from_border(keypoints, image.shape, distance)
        chosen = keypoints.compress(mask, axis=0).astype(np.int64, order="C")
        descriptors = np.empty((len(chosen), len(pairs)), bool)
        run = _native.run(workers)
        _brief_extract(image, filters, chosen, pairs, descriptors, run)
        self.mask, self.descriptors = mask, descriptors
