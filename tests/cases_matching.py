# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of matching."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row

DTYPES = ("?", "u1", "i2", "i8", "f2", "f4", "f8")
METRICS = (None, None, None, "hamming", "euclidean", "sqeuclidean", "cityblock")
METRICS += ("chebyshev", "minkowski", "Euclid", "cosine", "seuclidean", "pnorm")
LENGTHS = (1, 2, 3, 7, 8, 16, 31, 64, 65, 128, 130, 256)


def draw_descriptors(rng, count, length, dtype):
    """Many equal and many nearly equal ones, so that ties decide; or plain noise."""
    few = rng.random((max(1, count // 2), length))
    kind = rng.choice(["noise", "few values", "repeated", "nearly repeated"])
    if kind == "noise":
        drawn = rng.random((count, length))
    elif kind == "few values":
        drawn = rng.integers(0, 3, (count, length)) / 2
    else:
        drawn = few[rng.integers(0, len(few), count)]
    if kind == "nearly repeated":
        drawn = drawn + rng.choice([1e-16, 1e-8, 1e-3]) * rng.random(drawn.shape)
    if np.dtype(dtype).kind in "iu":
        drawn = np.rint(drawn * min(np.iinfo(dtype).max, 10**4))
    return drawn > 0.5 if dtype == "?" else drawn.astype(dtype)


def spoil(rng, descriptors):
    """What float32 cannot screen: NaN, infinities, huge and tiny numbers."""
    how = rng.random()
    if how < 0.3:
        few = rng.random(descriptors.shape) < 0.02
        descriptors[few] = rng.choice([np.nan, np.inf, -np.inf])
    elif how < 0.6:
        descriptors *= 10.0 ** rng.integers(-180, 150)
    return descriptors


def match_call(rng, shape=None, layout=None):
    count, length = shape or (int(rng.integers(1, 90)), int(rng.choice(LENGTHS)))
    if shape is not None:
        count, length = count // 2, min(length, 130)
    other = int(rng.integers(1, 90)) if shape is None else count + 1
    dtype = str(rng.choice(DTYPES))
    pair = [draw_descriptors(rng, n, length, dtype) for n in (count, other)]
    if rng.random() < 0.5:
        same = min(count, other) // 2
        pair[1][:same] = pair[0][:same]
    if dtype == "f8" and rng.random() < 0.3:
        pair = [spoil(rng, descriptors) for descriptors in pair]
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    keywords = {"cross_check": bool(rng.random() < 0.5)}
    metric = METRICS[rng.integers(len(METRICS))]
    if metric is not None:
        keywords["metric"] = metric
    if metric == "minkowski":
        keywords["p"] = [1, 2, np.inf, 3][rng.integers(4)]
    if rng.random() < 0.5:
        keywords["max_ratio"] = float(rng.choice([0.5, 0.8, 0.95, 1.0]))
    if rng.random() < 0.3:
        keywords["max_distance"] = float(rng.choice([0.0, 0.3, 0.5, 5, 100]))
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    note = f"{dtype}, {count} and {other} of {length}, {layout}"
    pair = [images.lay_out(descriptors, layout) for descriptors in pair]
    return Call(tuple(pair), keywords, note)


def refusals():
    ones, both = np.ones((3, 4)), (TypeError, ValueError)
    for name, pair in (("first", (np.ones(4), ones)), ("second", (ones, np.ones(4)))):
        yield Refusal(f"1-D {name}", Call(pair), ValueError, "2-dimensional")
    length = "^Descriptor length must equal.$"
    yield Refusal("length", Call((ones, np.ones((3, 5)))), ValueError, length)
    yield Refusal("none", Call((ones, ones[:0])), ValueError, "descriptors")
    yield Refusal("none first", Call((ones[:0], ones)), ValueError, "descriptors")
    for dtype in ("c16", "O", "U3", "M8[s]"):
        wrong = Call((np.zeros((3, 4), dtype), ones))
        yield Refusal(dtype, wrong, both, "descriptors1")
    unknown = Call((ones, ones), {"metric": "no such"})
    yield Refusal("metric", unknown, ValueError, "(?i)metric")
    for name in ("max_distance", "max_ratio"):
        wrong = Call((ones, ones), {name: "a"})
        yield Refusal(name, wrong, both, name)


def descriptors_of(length, dtype):
    """Descriptors to match, half of which have a counterpart."""

    def more(first):
        rng = np.random.default_rng(3)
        second = draw_plain(rng, len(first), length, dtype)
        half = len(first) // 2
        changed = rng.random((half, length)) < 0.1
        second[:half] = np.where(changed, second[:half], first[:half])
        return (second,)

    return more


def draw_plain(rng, count, length, dtype):
    drawn = rng.random((count, length))
    return drawn > 0.5 if dtype == "?" else images.convert(drawn, dtype)


def row(count, length, dtype, **keywords):
    def prepare(image):
        return draw_plain(np.random.default_rng(2), count, length, dtype)

    prepare.__name__ = f"{count} x {length} {np.dtype(dtype).name}"
    more = descriptors_of(length, dtype)
    return Row(16, 16, "u1", keywords=keywords, prepare=prepare, more=more)


CASES = (
    Case(
        "match_descriptors",
        family="matching",
        draw=match_call,
        dtypes=DTYPES,
        more=(np.random.default_rng(1).random((30, 19)),),
        refusals=refusals,
        bench=(
            row(2000, 256, "?", max_ratio=0.8),
            row(2000, 256, "?"),
            row(2000, 128, "f4"),
            row(2000, 128, "u1"),
            row(200, 256, "?"),
        ),
        random_calls=1500,
    ),
)
