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
    if shape is None and rng.random() < 0.4:  # with room for circles
        shape = tuple(int(n) for n in rng.integers(12, 64, 2))
    image, note = draw_image(rng, shape, layout)
    keywords = {}
    if rng.random() < 0.8:
        keywords["n"] = int(rng.choice([9, 9, 10, 12, 5, 1, 16, 17, 14, 0, -2]))
    if rng.random() < 0.8:
        threshold = rng.choice([0.15, 0.05, 0.05, 0.5, 0, 0, 1e-3, 38 / 255, -0.1])
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


def subpix_call(rng, shape=None, layout=None):
    """Corners off the border, where the reference refuses them."""
    image, note = draw_image(rng, shape, layout)
    many = int(rng.integers(0, 25)) if min(image.shape) > 2 else 0
    corners = [rng.integers(1, n - 1, many) for n in image.shape if many]
    corners = np.stack(corners, axis=1) if many else np.zeros((0, 2), np.int64)
    dtype = rng.choice(["i8", "i8", "i8", "i4", "u2", "f8", "f4"])
    corners = corners.astype(dtype)
    if dtype[0] == "f":
        corners += rng.uniform(-9e-4, 9e-4, corners.shape).astype(dtype)
    keywords = {}
    if rng.random() < 0.7:
        keywords["window_size"] = int(rng.choice([3, 4, 5, 7, 8, 11, 13, 1, 2, 31, 95]))
    if rng.random() < 0.5:
        alpha = rng.choice([0.99, 0.9, 0.7, 0.3, 0.999999, 0, 1, -0.1, 1.5, np.nan])
        keywords["alpha"] = wrap_scalar(rng, alpha) if 0 < alpha < 1 else float(alpha)
    return Call((image, corners), with_workers(rng, keywords), note)


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


def subpix_refusals():
    image = np.zeros((9, 9))
    both = (TypeError, ValueError)

    def refuse(name, call, error, text):
        return Refusal(name, call, error, text)

    for shape in ((), (4,), (4, 5, 2)):
        call = Call((np.zeros(shape), TWO))
        yield refuse(f"{len(shape)}-D", call, ValueError, "2-dimensional")
    for dtype in ("c8", "c16"):
        text = "^complex valued input is not supported$"
        yield refuse(dtype, Call((np.zeros((9, 9), dtype), TWO)), ValueError, text)
    for dtype in ("O", "U3", "M8[s]"):
        yield refuse(dtype, Call((np.zeros((9, 9), dtype), TWO)), both, "image")
    yield refuse("None", Call((None, TWO)), both, ".")
    for value in (0.5, 0.0011, np.nan, np.inf):
        text = "^Integer argument required but received"
        yield refuse(f"{value}", Call((image, TWO + value)), ValueError, text)
    for corners in (TWO * 1j, np.array([["1", "2"]]), TWO.astype("M8[s]")):
        call = Call((image, corners))
        yield refuse(f"corners of {corners.dtype}", call, both, "corners")
    for corners in (TWO[0], TWO[:, :1], np.ones((2, 3), int), np.ones((1, 2, 2), int)):
        call = Call((image, corners))
        yield refuse(f"corners {corners.shape}", call, both, "corners")
    for corners in (TWO - 5, TWO + 5, TWO + 2.0**70, np.uint64([[2**63, 3]])):
        call = Call((image, corners))
        yield refuse(f"corner {corners[0]}", call, ValueError, "within the image")
    for window in (1.5, 11.0, "a", None):
        call = Call((image, TWO), {"window_size": window})
        yield refuse(f"window_size={window!r}", call, TypeError, "window_size")
    for window in (0, -1, -11):
        call = Call((image, TWO), {"window_size": window})
        yield refuse(f"window_size={window!r}", call, ValueError, "window_size")
    for window in (2**19, 10**9, 2**70):
        call = Call((image, TWO), {"window_size": window})
        yield refuse(f"window_size={window!r}", call, (ValueError, MemoryError), ".")
    for alpha in ("a", None, 1j):
        call = Call((image, TWO), {"alpha": alpha})
        yield refuse(f"alpha={alpha!r}", call, both, "alpha")


# --------------------------------------------------------------------- benchmark


def inner_corners_of(image):
    """2,000 corners off the border."""
    rng = np.random.default_rng(2)
    return (np.stack([rng.integers(1, n - 1, 2000) for n in image.shape], axis=1),)


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
    Case(
        "corner_subpix",
        family="corners",
        draw=subpix_call,
        dtypes=DTYPES,
        more=(TWO,),
        refusals=subpix_refusals,
        bench=tuple(
            Row(512, 512, dtype, more=inner_corners_of) for dtype in ("f8", "u1", "f4")
        ),
        random_calls=500,
    ),
)
