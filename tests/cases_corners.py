# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and timings of the dense measures of the family "corners"."""

import images
import numpy as np
from cases import Call, Case, Refusal
from cases_tensors import (
    CLOSE,
    DTYPES,
    draw_borders,
    draw_width,
    filter_refusals,
    finished,
    is_in_floats,
    rows,
    type_refusals,
)
from compare import largest_of

FACTORS = (0.04, 0.05, 0, 1, 0.2, np.float32(0.06), np.float64(0.05), np.float16(0.1))


def window_call(rng, shape=None, layout=None):
    image, note = images.draw_image(rng, DTYPES, shape, layout)
    keywords = {"sigma": draw_width(rng)} if rng.random() < 0.7 else {}
    return finished(rng, image, keywords, note)


def harris_call(rng, shape=None, layout=None):
    call = window_call(rng, shape, layout)
    sigma = call.arguments[1:]
    call.arguments = call.arguments[:1]
    if sigma:
        call.keywords["sigma"] = sigma[0]
    if rng.random() < 0.5:
        call.keywords["method"] = str(rng.choice(["k", "eps", "other"]))
    if rng.random() < 0.4:
        call.keywords["k"] = FACTORS[rng.integers(len(FACTORS))]
    if rng.random() < 0.3:
        call.keywords["eps"] = FACTORS[rng.integers(len(FACTORS))]
    return call


def foerstner_call(rng, shape=None, layout=None):
    """Without float images whose products are the last bits of float: a quotient of
    those is 0, NaN or anything."""
    while True:
        call = window_call(rng, shape, layout)
        image = call.arguments[0]
        if not is_in_floats(image) or not 0 < largest_of(image) < 1e-15:
            return call


def window_tolerance(call):
    return CLOSE["f"] if is_in_floats(call.arguments[0]) else 0.0


def kitchen_rosenfeld_tolerance(call):
    """The constant beyond a float image's border is a float."""
    cval = float(call.keywords.get("cval", 0))
    return 0.0 if cval == float(np.float32(cval)) else window_tolerance(call)


def kitchen_rosenfeld_call(rng, shape=None, layout=None):
    image, note = images.draw_image(rng, DTYPES, shape, layout)
    return finished(rng, image, draw_borders(rng, 2), note)


def window_refusals():
    yield from filter_refusals(np.zeros((9, 8)), ("sigma",))
    yield from type_refusals()
    yield Refusal("3-D", Call((np.zeros((4, 5, 6)),)), ValueError, "2-dimensional")
    for shape in ((), (4,), (1, 5), (2,) * 6):
        text = "2-or-3-or-4-or-5-dimensional"
        yield Refusal(f"{len(shape)}-D", Call((np.zeros(shape),)), ValueError, text)
    empty = "The parameter `image` cannot be an empty array"
    yield Refusal("empty", Call((np.zeros((0, 5)),)), ValueError, empty)


def harris_refusals():
    yield from window_refusals()
    image = np.zeros((9, 8))
    for k in (None, "a", 1j, np.ones(8)):
        wrong = Call((image,), {"k": k})
        yield Refusal(f"k={k}", wrong, (TypeError, ValueError), "`k`")
        wrong = Call((image,), {"method": "eps", "eps": k})
        yield Refusal(f"eps={k}", wrong, (TypeError, ValueError), "`eps`")


def foerstner_refusals():
    yield from window_refusals()
    yield Refusal("axes", Call((np.zeros((1, 5, 6)),)), ValueError, "2-dimensional")


def kitchen_rosenfeld_refusals():
    yield from filter_refusals(np.zeros((9, 8)), ("mode", "cval"))
    for dtype in ("c8", "c16", "O", "U3", "S3", "M8[s]", "m8[s]", "V4", "i4,f4"):
        wrong = Call((np.zeros((4, 4), dtype),))
        yield Refusal(dtype, wrong, (TypeError, ValueError), "image|complex")
    for shape in ((), (4,), (4, 5, 1)):
        wrong = Call((np.zeros(shape),))
        yield Refusal(f"{len(shape)}-D", wrong, ValueError, "2-dimensional")


CASES = (
    Case(
        "corner_kitchen_rosenfeld",
        family="corners",
        draw=kitchen_rosenfeld_call,
        dtypes=DTYPES,
        tolerance=kitchen_rosenfeld_tolerance,
        out="f8",
        refusals=kitchen_rosenfeld_refusals,
        bench=rows("u1", "f8", "f4"),
        random_calls=700,
    ),
    Case(
        "corner_harris",
        family="corners",
        draw=harris_call,
        dtypes=DTYPES,
        tolerance=window_tolerance,
        out="f8",
        refusals=harris_refusals,
        bench=(*rows("f8", "u1", "f4"), *rows("f8", method="eps")),
        random_calls=1000,
    ),
    Case(
        "corner_shi_tomasi",
        family="corners",
        draw=window_call,
        dtypes=DTYPES,
        tolerance=window_tolerance,
        out="f8",
        refusals=window_refusals,
        bench=rows("f8", "u1", "f4"),
        random_calls=500,
    ),
    Case(
        "corner_foerstner",
        family="corners",
        draw=foerstner_call,
        dtypes=DTYPES,
        tolerance=window_tolerance,
        refusals=foerstner_refusals,
        bench=rows("f8", "u1", "f4"),
        random_calls=500,
    ),
)
