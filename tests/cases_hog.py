# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of hog."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row

DTYPES = (*images.DTYPES[:-1], "u8", "i8", "f8")

# ------------------------------------------------------------------ random calls


def draw_slope(rng, rows, cols):
    """A plane whose gradient is a multiple of 20 or 45 degrees: borders of bins."""
    angle = np.deg2rad(rng.choice([20, 45]) * rng.integers(0, 18))
    down, right = np.ogrid[:rows, :cols]
    return np.sin(angle) * down + np.cos(angle) * right


def draw_levels(rng, rows, cols):
    """A hundred levels in decimals: gradients that are equal up to a last bit."""
    return rng.integers(0, 100, (rows, cols)) / 100


SPECIAL = {"slope": draw_slope, "levels": draw_levels}


def draw_picture(rng, shape, layout):
    """A grey picture, or a coloured one with its channels anywhere."""
    channels = int(rng.choice([0, 0, 1, 3, 4]))
    if shape is None:
        shape = tuple(max(1, n) for n in images.draw_shape(rng))
        if shape[0] * shape[1] > 20000:  # the reference is slow
            shape = tuple(int(n) for n in rng.integers(8, 100, 2))
    if rng.random() < 0.25:
        kind = str(rng.choice(list(SPECIAL)))
        dtype = str(rng.choice(["f4", "f8"]))
        image = SPECIAL[kind](rng, *shape).astype(dtype)
        layout = layout or str(rng.choice(list(images.LAYOUTS)))
        return images.lay_out(image, layout), kind, {}
    image, note = images.draw_image(rng, DTYPES, shape, layout)
    if not channels:
        return image, note, {}
    native = image.dtype.newbyteorder("=")
    planes = [
        images.convert(images.draw_ties(rng, *shape), native)
        for _ in range(channels - 1)
    ]
    axis = int(rng.integers(-3, 3))
    coloured = np.stack([images.plain(image), *planes], axis=axis)
    return coloured, f"{channels} channels, {note}", {"channel_axis": axis}


def hog_call(rng, shape=None, layout=None):
    image, note, keywords = draw_picture(rng, shape, layout)
    small = min(n for n in image.shape if n > 0)
    most = 1 + min(9, small // 2)
    if rng.random() < 0.8:
        keywords["orientations"] = int(rng.choice([9, 9, 8, 4, 12, 1, 2, 3, 7, 18, 39]))
    cell = rng.integers(2, 3 + most, 2) if rng.random() < 0.9 else rng.integers(1, 4, 2)
    keywords["pixels_per_cell"] = tuple(int(n) for n in cell)
    block = rng.integers(1, 4, 2)
    if rng.random() < 0.7:  # one that fits
        sides = np.delete(image.shape, keywords.get("channel_axis", []))
        block = np.clip(block, 1, np.maximum(sides // cell, 1))
    keywords["cells_per_block"] = tuple(int(n) for n in block)
    if rng.random() < 0.8:
        norms = ["L1", "L1-sqrt", "L2", "L2-Hys"]
        keywords["block_norm"] = str(rng.choice(norms))
    for name, odds in (("visualize", 0.3), ("transform_sqrt", 0.2)):
        if rng.random() < odds:
            keywords[name] = True
    if rng.random() < 0.3:
        keywords["feature_vector"] = False
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return Call((image,), keywords, note)


# ----------------------------------------------------------------------- refusals


def wrong(name, value, kind, text):
    call = Call((np.eye(24),), {name: value})
    return Refusal(f"{name}={value!r:.20}", call, kind, text)


def hog_refusals():
    both = (TypeError, ValueError)
    spatial = "Only images with two spatial dimensions are supported"
    yield Refusal("3-D", Call((np.zeros((30, 30, 3)),)), ValueError, spatial)
    for shape in ((30, 30), (30, 30, 3, 3)):
        call = Call((np.zeros(shape),), {"channel_axis": -1})
        yield Refusal(f"{len(shape)}-D colours", call, ValueError, spatial)
    axis = Call((np.zeros((30, 30, 3)),), {"channel_axis": 3})
    yield Refusal("axis", axis, ValueError, "axis")
    axes = Call((np.zeros((30, 30, 3)),), {"channel_axis": (1, 2)})
    yield Refusal("two axes", axes, ValueError, "only a single channel axis")
    yield Refusal("no channel", Call((np.zeros((30, 30, 0)),), {"channel_axis": -1}),
                  ValueError, "empty")
    for shape in ((0, 30), (30, 0)):
        yield Refusal(f"{shape}", Call((np.zeros(shape),)), ValueError, "empty")
    for dtype in ("c8", "c16"):
        text = "complex valued input is not supported"
        yield Refusal(dtype, Call((np.zeros((30, 30), dtype),)), ValueError, text)
    for dtype in ("O", "U3", "M8[s]"):
        yield Refusal(dtype, Call((np.zeros((30, 30), dtype),)), both, "numbers")
    small = "^The input image is too small given the values of pixels_per_cell and"
    yield Refusal("small", Call((np.zeros((23, 24)),)), ValueError, small)
    yield Refusal("one row", Call((np.zeros(40),)), ValueError, small)
    norm = "^Selected block normalization method is invalid.$"
    for value in ("Linf", None, 2, ["L1"]):
        yield wrong("block_norm", value, ValueError, norm)
    for value in (-1, 1 << 40):
        yield wrong("orientations", value, (ValueError, MemoryError), "orientations")
    for value in (9.0, "a", None):
        yield wrong("orientations", value, TypeError, "orientations")
    for name in ("pixels_per_cell", "cells_per_block"):
        yield wrong(name, (8,), ValueError, name)
        yield wrong(name, 8, both, name)
        yield wrong(name, (-1, 1), ValueError, name)
        yield wrong(name, ("a", 8), TypeError, name)
    yield wrong("pixels_per_cell", (0, 8), ValueError, "pixels_per_cell")
    lines = Call((np.eye(9),), {"pixels_per_cell": (3, 1), "visualize": True})
    yield Refusal("no room", lines, ValueError, "pixels_per_cell")


# --------------------------------------------------------------------- benchmarks


def colours(image):
    """The picture in three channels that differ."""
    return np.stack([image, image[::-1], image[:, ::-1]], axis=-1)


SIZES = ((512, 512), (2048, 2048))
CASES = (
    Case(
        "hog",
        family="hog",
        draw=hog_call,
        dtypes=DTYPES,
        more=(9, (4, 4), (2, 2)),
        tolerance=1e-12,
        refusals=hog_refusals,
        bench=(
            *(Row(*size, dtype) for size in SIZES for dtype in ("u1", "f8", "f4")),
            *(Row(*size, of=colours, keywords={"channel_axis": -1}) for size in SIZES),
            *(Row(*size, keywords={"visualize": True}) for size in SIZES),
            Row(512, 512, "f8", keywords={"orientations": 8}),
            Row(128, 64),
        ),
        random_calls=600,
    ),
)
