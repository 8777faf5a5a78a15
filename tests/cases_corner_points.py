# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of single corners."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row, wrap_scalar

DTYPES = (*images.DTYPES[:-1], "u8", "i8", "f8")


def draw_image(rng, shape, layout):
    if shape is None:
        shape = tuple(max(1, n) for n in images.draw_shape(rng))
    return images.draw_image(rng, DTYPES, shape, layout)


def with_workers(rng, keywords):
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return keywords


# ------------------------------------------------------------------ random calls


def fast_call(rng, shape=None, layout=None):
    """Not one pixel wide: the reference would drop the axis and refuse."""
    image, note = draw_image(rng, shape, layout)
    keywords = {}
    if rng.random() < 0.8:
        keywords["n"] = int(rng.choice([9, 9, 10, 12, 5, 1, 16, 17, 14, 0, -2]))
    if rng.random() < 0.8:
        threshold = rng.choice([0.15, 0.05, 0.2, 0.5, 0, 1e-3, 38 / 255, -0.1])
        keywords["threshold"] = wrap_scalar(rng, threshold)
    return Call((image,), with_workers(rng, keywords), note)


def moravec_call(rng, shape=None, layout=None):
    image, note = draw_image(rng, shape, layout)
    keywords = {}
    if rng.random() < 0.5:
        keywords["window_size"] = int(rng.choice([0, 1, 1, 2, 3]))
    return Call((image,), with_workers(rng, keywords), note)


def orientations_call(rng, shape=None, layout=None):
    image, note = draw_image(rng, shape, layout)
    count = int(rng.integers(0, 60))
    corners = np.stack([rng.integers(0, n, count) for n in image.shape], axis=1)
    side = 2 * int(rng.integers(0, 10)) + 1
    mask = rng.random((side, side)) < rng.choice([0.3, 0.8, 1.0])
    mask = mask.astype(rng.choice(["?", "u1", "f8"]))
    return Call((image, corners, mask), with_workers(rng, {}), note)


# ----------------------------------------------------------------------- refusals


def image_refusals(more=()):
    both = (TypeError, ValueError)
    for shape in ((), (4,), (4, 5, 2)):
        wrong = Call((np.zeros(shape), *more))
        yield Refusal(f"{len(shape)}-D", wrong, ValueError, "2-dimensional")
    for dtype in ("c8", "c16"):
        wrong = Call((np.zeros((9, 9), dtype), *more))
        yield Refusal(dtype, wrong, ValueError, "Cannot convert from complex")
    for dtype in ("O", "U3", "M8[s]"):
        yield Refusal(dtype, Call((np.zeros((9, 9), dtype), *more)), both, "convert")
    yield Refusal("None", Call((None, *more)), both, ".")


def wrong(name, value, error, text):
    call = Call((np.zeros((9, 9)),), {name: value})
    return Refusal(f"{name}={value!r:.20}", call, error, text)


def fast_refusals():
    yield from image_refusals()
    empty = "The parameter `image` cannot be an empty array"
    yield Refusal("empty", Call((np.zeros((0, 4)),)), ValueError, empty)
    yield wrong("n", 128, ValueError, "`n`")
    yield wrong("n", 10**30, ValueError, "`n`")
    for n in ("a", None, 1j):
        yield wrong("n", n, TypeError, "`n`")
    for threshold in ("a", None, 1j):
        yield wrong("threshold", threshold, TypeError, "threshold")


def moravec_refusals():
    yield from image_refusals()
    for window in (1.5, "a", None):
        yield wrong("window_size", window, TypeError, "window_size")


SQUARE = np.ones((3, 3))
TWO = np.array([[2, 3], [4, 4]])


def orientations_refusals():
    yield from image_refusals((TWO, SQUARE))
    image = np.zeros((9, 9))

    def refuse(name, corners, mask, error, text):
        return Refusal(name, Call((image, corners, mask)), error, text)

    uneven = "^Size of mask must be uneven.$"
    for shape in ((4, 3), (3, 4), (0, 0)):
        yield refuse(f"mask {shape}", TWO, np.ones(shape), ValueError, uneven)
    yield refuse("float corners", TWO * 1.0, SQUARE, ValueError, "corners")
    yield refuse("1-D corners", TWO[0], SQUARE, ValueError, "corners")


# --------------------------------------------------------------------- benchmark


def corners_of(image):
    """2,000 corners and the mask of ORB."""
    rng = np.random.default_rng(2)
    corners = np.stack([rng.integers(0, n, 2000) for n in image.shape], axis=1)
    down, right = np.ogrid[-15:16, -15:16]
    return corners, down**2 + right**2 < 15.5**2


SIZES = ((512, 512), (2048, 2048))
FAST_ROWS = tuple(
    Row(*size, dtype, keywords={"n": n})
    for size in SIZES
    for dtype in ("u1", "f8")
    for n in (12, 9)
)

CASES = (
    Case(
        "corner_fast",
        family="corners",
        draw=fast_call,
        dtypes=DTYPES,
        out="f8",
        refusals=fast_refusals,
        bench=FAST_ROWS,
        random_calls=1000,
    ),
    Case(
        "corner_moravec",
        family="corners",
        draw=moravec_call,
        dtypes=DTYPES,
        out="f8",
        refusals=moravec_refusals,
        bench=tuple(Row(*size, dtype) for size in SIZES for dtype in ("f8", "u1")),
        random_calls=500,
    ),
    Case(
        "corner_orientations",
        family="corners",
        draw=orientations_call,
        dtypes=DTYPES,
        more=(TWO, SQUARE),
        tolerance=1e-12,
        refusals=orientations_refusals,
        bench=tuple(Row(*size, "f8", more=corners_of) for size in SIZES),
        random_calls=500,
    ),
)
