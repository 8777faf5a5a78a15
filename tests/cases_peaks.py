# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of the family peaks."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row, wrap_scalar
from cases_tensors import cube

DTYPES = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8")
KINDS = ("noise", "ties", "smooth", "dots", "steps", "constant", "near a limit")


# ------------------------------------------------------------------ random calls


def draw_nd(rng, shape):
    """A picture in [0, 1] of any number of dimensions."""
    kind = rng.choice(KINDS, p=[0.25, 0.2, 0.25, 0.1, 0.1, 0.03, 0.07])
    picture = rng.random(shape)
    if kind == "ties":
        picture = np.floor(picture * 4) / 3
    elif kind == "smooth":
        for axis in range(len(shape)):
            picture = np.cumsum(picture - 0.5, axis=axis)
        spread = np.ptp(picture) if picture.size else 0
        picture = (picture - picture.min()) / spread if spread else picture * 0
    elif kind == "dots":
        picture = (picture > 0.97) * 1.0
    elif kind == "steps":
        picture = np.repeat(np.repeat(picture, 3, 0), 4, -1)
        picture = picture[tuple(slice(n) for n in shape)]
    elif kind == "constant":
        picture = np.full(shape, 0.5)
    elif kind == "near a limit":
        picture = picture**30
    return picture


def draw_shape(rng):
    ndim = int(rng.choice([1, 3, 4], p=[0.3, 0.5, 0.2]))
    most = {1: 200, 3: 18, 4: 7}[ndim]
    return tuple(int(n) for n in rng.integers(1, most, ndim))


def draw_image(rng, shape=None, layout=None):
    """Two dimensions as for every function, sometimes one, three or four."""
    if shape is not None or rng.random() < 0.6:
        shape = shape or tuple(max(1, n) for n in images.draw_shape(rng))
        return images.draw_image(rng, DTYPES, shape, layout)
    shape = draw_shape(rng)
    dtype = str(rng.choice(DTYPES))
    image = images.convert(draw_nd(rng, shape), dtype)
    if dtype in ("i8", "u8") and rng.random() < 0.5:  # more digits than a double has
        image = image // 2**56 + 2**60
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    layout = layout if len(shape) > 1 else "contiguous"
    return images.lay_out(image, layout), f"{dtype}, {shape}, {layout}"


def draw_thresholds(rng, image):
    keywords = {}
    if rng.random() < 0.3 and image.size:
        value = images.plain(image).flat[rng.integers(image.size)]
        kind = rng.random()
        keywords["threshold_abs"] = value if kind < 0.4 else wrap_scalar(rng, value)
        if kind > 0.8:
            keywords["threshold_abs"] = rng.choice([-1, 0, 0.5, 1e9, -1e9, np.inf])
    if rng.random() < 0.3 and image.size:
        keywords["threshold_rel"] = float(rng.choice([0, 0.01, 0.2, 0.5, 0.9, 1.0]))
    return keywords


def draw_border(rng, ndim):
    kinds = (True, False, 0, 1, 4, tuple(int(n) for n in rng.integers(0, 4, ndim)))
    return kinds[rng.integers(len(kinds))]


def draw_footprint(rng, ndim):
    shape = tuple(int(n) for n in rng.integers(1, 6 if ndim < 3 else 4, ndim))
    kind = rng.random()
    if kind < 0.4:
        return np.ones(shape, bool)
    footprint = rng.random(shape) < 0.6
    footprint.flat[rng.integers(footprint.size)] = True
    return footprint.astype(rng.choice(["?", "u1", "f8"]))


def draw_labels(rng, shape):
    kind = rng.integers(5)
    labels = rng.integers(-1, 4, shape)
    if kind == 0:
        labels = np.arange(labels.size).reshape(shape) // max(1, labels.size // 5)
    elif kind == 1:
        labels = (labels > 1).astype(bool)
    elif kind == 2:
        labels = np.ones(shape, np.uint8)
    elif kind == 3 and len(shape) == 2:
        down, right = np.ogrid[: shape[0], : shape[1]]
        labels = (down // 6 * 7 + right // 6) * ((down % 6 > 0) & (right % 6 > 0))
    return labels


def peaks_keywords(rng, image):
    keywords = draw_thresholds(rng, image)
    if rng.random() < 0.7:
        distances = [0, 1, 1, 2, 3, 5, 10, 25]
        keywords["min_distance"] = int(rng.choice(distances[: 9 - image.ndim]))
    if rng.random() < 0.6:
        keywords["exclude_border"] = draw_border(rng, image.ndim)
    if rng.random() < 0.3:
        keywords["num_peaks"] = int(rng.integers(0, 30))
    if rng.random() < 0.3:
        keywords["p_norm"] = float(rng.choice([1, 2, np.inf]))
    if rng.random() < 0.2:
        keywords["footprint"] = draw_footprint(rng, image.ndim)
    if rng.random() < 0.25:
        keywords["labels"] = draw_labels(rng, image.shape)
        if rng.random() < 0.5:
            keywords["num_peaks_per_label"] = int(rng.integers(1, 5))
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return keywords


def peaks_call(rng, shape=None, layout=None):
    image, note = draw_image(rng, shape, layout)
    return Call((image,), peaks_keywords(rng, image), note)


def corner_peaks_call(rng, shape=None, layout=None):
    call = peaks_call(rng, shape, layout)
    if rng.random() < 0.3:
        call.keywords["indices"] = bool(rng.random() < 0.3)
    return call


def with_columns(function):
    """The reference, but an empty result has one column an axis (accuracy.md), so that
    a mask can be made of it in one dimension, too."""

    def reference(image, *arguments, **keywords):
        if np.ndim(image) == 1 and not keywords.get("indices", True):
            found = reference(image, *arguments, **{**keywords, "indices": True})
            return np.isin(np.arange(len(image)), found)
        found = function(image, *arguments, **keywords)
        if found.dtype != bool and not len(found):
            return np.empty((0, image.ndim), np.int64)
        return found

    return reference


# ----------------------------------------------------------------------- refusals


def refusals():
    image = np.arange(42.0).reshape(6, 7)

    def wrong(name, value, error, text, **more):
        call = Call((image,), {name: value, **more})
        return Refusal(f"{name}={value!r:.20}", call, error, text)

    both = (TypeError, ValueError)
    for dtype in ("?", "c8", "c16", "O", "U3", "M8[s]"):
        yield Refusal(dtype, Call((np.zeros((4, 4), dtype),)), both, "`image`")
    yield Refusal("f2", Call((np.zeros((4, 4), "f2"),)), TypeError, "float16")
    yield Refusal("empty", Call((np.zeros((0, 4)),)), ValueError, "zero-size")
    yield Refusal("0-D", Call((np.float64(1),)), ValueError, "dimension")
    yield Refusal("text", Call(("image",)), both, "image")
    yield Refusal("None", Call((None,)), both, "image")
    yield wrong("exclude_border", -1, ValueError, "^`exclude_border` cannot be a neg")
    yield wrong("exclude_border", (1,), ValueError, "same length")
    yield wrong("exclude_border", (1, -1), ValueError, "can not be a negative value")
    yield wrong("exclude_border", (1, 1.5), ValueError, "only contain ints")
    for border in (1.5, "a", None, [1, 1]):
        yield wrong("exclude_border", border, TypeError, "must be bool, int, or tuple")
    for distance in (-1, -5, np.nan, "a", None):
        yield wrong("min_distance", distance, both, "min_distance")
    for threshold in ("a", (1, 2), 1j):
        yield wrong("threshold_abs", threshold, both, "threshold_abs")
        yield wrong("threshold_rel", threshold, both, "threshold_rel")
    yield wrong("footprint", np.zeros((3, 3)), ValueError, "All-zero footprint")
    yield wrong("footprint", np.ones(3), ValueError, "footprint")
    yield wrong("footprint", np.ones((3, 3, 3)), ValueError, "footprint")
    yield wrong("labels", np.ones((6, 7)), TypeError, "labels")
    yield wrong("labels", np.ones((6, 7), np.uint64), TypeError, "labels")
    yield wrong("labels", np.ones((5, 7), int), ValueError, "labels")
    for p_norm in (0.5, -1, np.nan, "a", None):
        yield wrong("p_norm", p_norm, both, "p_norm", min_distance=2)
    for count in (-1, "a", 1.5):
        yield wrong("num_peaks", count, both, "num_peaks")
        yield wrong("num_peaks_per_label", count, both, "num_peaks_per_label")


# --------------------------------------------------------------------- benchmark


def harris(image):
    import skimage.feature

    return skimage.feature.corner_harris(image)



ROWS = tuple(
    Row(*size, dtype, keywords={"min_distance": distance})
    for size in ((512, 512), (2048, 2048))
    for dtype in ("f8", "u1")
    for distance in (1, 5, 10)
)
PICTURES = tuple(
    Row(512, 512, "f8", picture, {"min_distance": 5})
    for picture in ("noise", "constant", "checkerboard", "ramp")
)

def discs(image):
    """How far each pixel of a grid of 25 by 25 discs is from their outside."""
    from scipy import ndimage

    down, right = (np.arange(n) * 500 // n % 20 - 9.5 for n in image.shape)
    return ndimage.distance_transform_edt(np.hypot(down[:, None], right) < 9)


def labels_of_discs(distances):
    """The arguments behind the image: min_distance 20, no border left out, labels."""
    from scipy import ndimage

    labels = ndimage.label(distances)[0]
    return 20, None, None, False, np.inf, None, labels


LABELS = (Row(500, 500, "f8", of=discs, more=labels_of_discs),)
VOLUMES = (Row(4096, 64, "f8", keywords={"min_distance": 3}, of=cube),)
CORNERS = tuple(
    Row(n, n, "f8", keywords={"min_distance": 5}, prepare=harris) for n in (512, 2048)
)


CASES = (
    Case(
        "peak_local_max",
        family="peaks",
        draw=peaks_call,
        dtypes=DTYPES,
        adapt=with_columns,
        refusals=refusals,
        bench=ROWS + PICTURES + VOLUMES + LABELS,
        random_calls=1500,
    ),
    Case(
        "corner_peaks",
        family="peaks",
        draw=corner_peaks_call,
        dtypes=DTYPES,
        adapt=with_columns,
        refusals=refusals,
        bench=CORNERS,
        random_calls=1000,
    ),
)
