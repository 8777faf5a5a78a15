# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of daisy."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row

DTYPES = (*images.DTYPES[:-1], "u8", "i8", "f8")

# ------------------------------------------------------------------ random calls


def draw_rings(rng, keywords):
    """Rings by number, by their radii, by their filters, or by both."""
    count = int(rng.integers(1, 5))
    kind = rng.random()
    if kind < 0.5:
        keywords["rings"] = count
    if 0.5 < kind < 0.85:
        radii = np.sort(rng.integers(1, keywords["radius"] + 1, count))
        keywords["ring_radii"] = [int(r) for r in radii]
    if kind > 0.7:
        sigmas = rng.choice([0, 0.3, 0.5, 1, 2, 3.3], count + 1)
        keywords["sigmas"] = [float(s) for s in sigmas]
        if rng.random() < 0.3:  # down and right
            keywords["sigmas"] = [(s, 1.5) for s in keywords["sigmas"]]


def draw_lengths(rng, keywords):
    """Filters whose bars, as long as sigma at most, do not end halfway between pixels
    where bins are equal: there the last bit of a descriptor would decide."""
    rings = len(keywords.get("ring_radii", ())) or keywords.get("rings", 3)
    count = len(keywords.get("sigmas", range(rings + 1)))
    return [float(s) for s in rng.choice([0, 0.3, 1.1, 2.3, 3.3], count)]


def daisy_call(rng, shape=None, layout=None):
    keywords = {"radius": int(rng.integers(1, 16))}
    keywords["step"] = int(rng.choice([1, 3, 5, 16]))
    if shape is None:
        shape = 2 * keywords["radius"] + rng.integers(0, 40, 2)
        shape = tuple(int(n) for n in np.maximum(1, shape - (rng.random() < 0.05)))
    else:
        keywords["step"] = 16
    image, note = images.draw_image(rng, DTYPES, shape, layout)
    draw_rings(rng, keywords)
    if rng.random() < 0.6:
        keywords["histograms"] = int(rng.choice([0, 1, 2, 4, 5, 8]))
    if rng.random() < 0.6:
        keywords["orientations"] = int(rng.choice([1, 2, 3, 4, 8, 9, 13]))
    if rng.random() < 0.8:
        norms = ["l1", "l2", "daisy", "off"]
        keywords["normalization"] = str(rng.choice(norms))
    if image.dtype.char == "e":  # what is divided there are a few last places
        keywords["normalization"] = "off"
        if np.nanmax(np.abs(image), initial=0) > 100:  # squares of gradients overflow
            image = np.clip(image, np.float16(-100), np.float16(100))
    few = image.size < 50000 and image.dtype.kind != "f"
    if few and keywords["step"] == 16 and rng.random() < 0.2:
        keywords["visualize"] = True
        keywords["sigmas"] = draw_lengths(rng, keywords)
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return Call((image,), keywords, note)


def close_to(call):
    """The reference computes all of a float16 image in float16."""
    return 2e-2 if call.arguments[0].dtype.char == "e" else 1e-10


# ----------------------------------------------------------------------- refusals

IMAGE = np.eye(40)


def wrong(name, value, kind, text, **more):
    call = Call((IMAGE,), {name: value, **more})
    return Refusal(f"{name}={value!r:.20}", call, kind, text)


def daisy_refusals():
    both = (TypeError, ValueError)
    text = "The parameter `img` must be a 2-dimensional array"
    for shape in ((), (40,), (40, 40, 3)):
        yield Refusal(f"{len(shape)}-D", Call((np.zeros(shape),)), ValueError, text)
    empty = "The parameter `img` cannot be an empty array"
    yield Refusal("empty", Call((np.zeros((0, 40)),)), ValueError, empty)
    for dtype in ("c8", "O", "U3"):
        call = Call((np.zeros((40, 40), dtype),))
        yield Refusal(dtype, call, both, "Cannot convert")
    yield Refusal("None", Call((None,)), both, ".")
    yield Refusal("small", Call((np.zeros((29, 40)),)), ValueError, "`image`")
    method = "^Invalid normalization method.$"
    for norm in ("L1", None, 1):
        yield wrong("normalization", norm, ValueError, method)
    yield wrong("step", 0, ValueError, "step")
    yield wrong("step", -2, ValueError, "step")
    yield wrong("step", 1.5, TypeError, "step")
    yield wrong("radius", 0, ValueError, "radius")
    yield wrong("radius", 7.5, TypeError, "radius")
    yield wrong("rings", 2.0, TypeError, "rings")
    yield wrong("histograms", 2.0, TypeError, "histograms")
    yield wrong("orientations", 2.0, TypeError, "orientations")
    yield wrong("orientations", 2001, ValueError, "orientations")
    less = "Sigma values less than zero are not valid"
    yield wrong("sigmas", [1, -1, 2], ValueError, less)
    yield wrong("sigmas", [], ValueError, "sigmas")
    yield wrong("sigmas", 3, TypeError, "sigmas")
    yield wrong("ring_radii", [], ValueError, "ring_radii")
    yield wrong("ring_radii", [12, 5], ValueError, "ring_radii")
    disagree = r"^`len\(sigmas\)-1 != len\(ring_radii\)`$"
    yield wrong("sigmas", [1, 2], ValueError, disagree, ring_radii=[3, 4])


# --------------------------------------------------------------------- benchmarks

SIZES = ((512, 512), (2048, 2048))
CASES = (
    Case(
        "daisy",
        family="daisy",
        draw=daisy_call,
        dtypes=DTYPES,
        more=(4, 5),
        tolerance=close_to,
        refusals=daisy_refusals,
        bench=(
            *(Row(512, 512, "f8", keywords={"step": step}) for step in (4, 16, 64)),
            Row(512, 512, "u1"),
            Row(512, 512, "f4"),
            Row(2048, 2048, "f8", keywords={"step": 16}),
        ),
        random_calls=500,
    ),
)
