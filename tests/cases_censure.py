# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of CENSURE: a class as a function."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row

BOTH = (TypeError, ValueError)
DTYPES = images.DTYPES
MODES = ("DoB", "Octagon", "STAR")
KINDS = tuple(kind for kind in images.KINDS if kind != "constant")


def finding(kind):
    """CENSURE as a function of the image, ours or skimage's."""

    def find(image, **keywords):
        how = {"workers": keywords.pop("workers")} if "workers" in keywords else {}
        detector = kind(**keywords)
        detector.detect(image, **how)
        return detector.keypoints, detector.scales

    return find


def draw_scales(rng, mode):
    """The usual ones, a few of the first, or large ones."""
    kind = rng.random()
    if kind < 0.25:
        return {}
    if kind < 0.85:
        first = int(rng.integers(1, 4))
        return {"min_scale": first, "max_scale": first + int(rng.integers(2, 5))}
    last = {"DoB": 13, "Octagon": 11, "STAR": 9}[mode]
    return {"min_scale": last - 2, "max_scale": last}


def draw_shape(rng, mode, scales):
    """Small; for boxes at least as large as the largest one, sometimes just so."""
    most = int(rng.choice([20, 45, 60, 100], p=[0.1, 0.4, 0.4, 0.1]))
    rows, cols = (int(n) for n in rng.integers(2 if most == 20 else 20, most, 2))
    if mode == "DoB":
        least = 4 * scales.get("max_scale", 7) + 1
        if rng.random() < 0.1:
            return least, least
        return least + rows, least + cols
    return rows, cols


def censure_call(rng, shape=None, layout=None):
    mode = MODES[rng.integers(3)]
    scales = draw_scales(rng, mode)
    if shape is None:
        shape = draw_shape(rng, mode, scales)
    kind, dtype = str(rng.choice(KINDS)), str(rng.choice(DTYPES))
    image = images.convert(images.KINDS[kind](rng, *shape), dtype)
    if rng.random() < 0.2:
        image = images.spoil(rng, image)
    keywords = {"mode": mode if rng.random() < 0.7 else mode.upper(), **scales}
    if rng.random() < 0.7:
        values = [0, 1e-9, 0.003, 0.03, 0.1, 0.3, -0.1, np.nan, -np.inf, 1e9]
        odds = [0.1, 0.05, 0.25, 0.3, 0.1, 0.05, 0.05, 0.05, 0.03, 0.02]
        keywords["non_max_threshold"] = float(rng.choice(values, p=odds))
    if rng.random() < 0.6:
        values = [4, 6, 30, 100, 100, 1000, 1000, np.inf, np.nan, -1]
        value = values[rng.integers(len(values))]
        wrap = [lambda v: v, float, np.float64, np.float32][rng.integers(4)]
        keywords["line_threshold"] = wrap(value)
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    words = f"{kind}, {dtype}, {shape}, {layout}"
    return Call((images.lay_out(image, layout),), keywords, words)


def censure_refusals():
    image = np.zeros((40, 41))
    not_2d = "The parameter `image` must be a 2-dimensional array"
    for shape in ((), (4,), (40, 50, 3), (1, 90), (90, 1)):
        yield Refusal(f"{shape}", Call((np.zeros(shape),)), ValueError, not_2d)
    empty = "The parameter `image` cannot be an empty array"
    yield Refusal("empty", Call((np.zeros((0, 5)),)), ValueError, empty)
    for dtype in ("c8", "U3"):
        wrong = Call((np.zeros((60, 60), dtype),))
        yield Refusal(dtype, wrong, BOTH, "convert|image")

    def wrong(name, error, text, **keywords):
        return Refusal(name, Call((image,), keywords), error, text)

    word = "`mode` must be one of 'DoB', 'Octagon', 'STAR'."
    yield wrong("mode", ValueError, word, mode="dummy")
    yield wrong("mode None", BOTH, "mode", mode=None)
    yield wrong("mode bytes", BOTH, "mode", mode=b"dob")
    few = "The scales must be >= 1 and the number of scales should be >= 3."
    for scales in ((1, 2), (0, 5), (-3, 1), (5, 1), (4, 4)):
        some = dict(zip(("min_scale", "max_scale"), scales, strict=True))
        yield wrong(f"scales {scales}", ValueError, few, **some)
    for value in (3.5, "a", None, 4.0):
        yield wrong(f"min_scale {value}", BOTH, "min_scale", min_scale=value)
        yield wrong(f"max_scale {value}", BOTH, "max_scale", max_scale=value)
    yield wrong("octagon 12", ValueError, "max_scale", mode="octagon", max_scale=12)
    yield wrong("star 13", ValueError, "max_scale", mode="star", max_scale=13)
    yield wrong("star 1e30", ValueError, "max_scale", mode="star", max_scale=10**30)
    yield wrong("box 10", ValueError, "4 max_scale", max_scale=10)
    yield wrong("box 1e30", ValueError, "4 max_scale", max_scale=10**30)
    for value in ("a", None, (1, 2), 1j):
        threshold = {"non_max_threshold": value}
        yield wrong(f"threshold {value}", BOTH, "non_max_threshold", **threshold)
        line = {"line_threshold": value}
        yield wrong(f"line {value}", BOTH, "line_threshold", **line)


def enlarged(image):
    """What the largest usual box fits into."""
    return np.kron(image, np.ones((4, 4), image.dtype))


CASES = (
    Case(
        "CENSURE",
        family="keypoints",
        draw=censure_call,
        dtypes=DTYPES,
        use=finding,
        small=enlarged,
        refusals=censure_refusals,
        bench=tuple(
            Row(n, n, dtype, keywords={"mode": mode})
            for n in (512, 2048)
            for dtype in ("u1", "f8")
            for mode in MODES
        ),
        random_calls=220,
    ),
)
