# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and timings of the family "blobs".

The reference prunes pairs in the order of a Python set. Here its pruning is replaced by
`prune_in_order`, the documented order in plain Python with the reference's own overlap;
with an overlap of 1 nothing is pruned and the lists themselves are compared.
"""

import functools
import math

import images
import numpy as np
from cases import Call, Case, Refusal, Row
from cases_tensors import DTYPES, draw_volume

# ------------------------------------------------------------------- the reference


def prune_in_order(blobs, overlap, *, sigma_dim=1):
    """Pairs (i, j), i < j, in the order of i, then j."""
    from scipy import spatial
    from skimage.feature import blob as theirs

    ndim = blobs.shape[1] - sigma_dim
    distance = 2 * blobs[:, -sigma_dim:].max() * math.sqrt(ndim)
    tree = spatial.cKDTree(blobs[:, :-sigma_dim])
    if tree.count_neighbors(tree, distance) == len(blobs):
        return blobs  # each is near itself only
    for i in range(len(blobs) if overlap < 1 else 0):
        if blobs[i, -1] == 0:
            continue  # what has no size drops nothing
        for j in sorted(tree.query_ball_point(blobs[i, :-sigma_dim], distance)):
            if j <= i or blobs[j, -1] == 0:
                continue
            shared = theirs._blob_overlap(blobs[i], blobs[j], sigma_dim=sigma_dim)
            if not shared > overlap:
                continue
            if blobs[i, -1] > blobs[j, -1]:
                blobs[j, -1] = 0
            else:
                blobs[i, -1] = 0
                break
    return blobs[blobs[:, -1] > 0]


def in_order(function):
    """The reference, pruning in the documented order."""
    from skimage.feature import blob as theirs

    @functools.wraps(function)
    def reference(*arguments, **keywords):
        before = theirs._prune_blobs
        theirs._prune_blobs = prune_in_order
        try:
            return function(*arguments, **keywords)
        finally:
            theirs._prune_blobs = before

    return reference


# -------------------------------------------------------------------- random calls


def draw_shape(rng, ndim):
    most = {1: 200, 3: 14, 4: 7}[ndim]
    return tuple(int(n) for n in rng.integers(1, most, ndim))


def draw_image(rng, shape, layout):
    """Two dimensions most often; empty, of one pixel, up to 200 on a side."""
    if shape is None and rng.random() < 0.25:
        ndim = int(rng.choice([1, 3, 3, 4]))
        layout = layout or str(rng.choice(list(images.LAYOUTS)))
        layout = layout if ndim > 1 else "contiguous"
        return draw_volume(rng, DTYPES, draw_shape(rng, ndim), layout)
    return draw_plane(rng, shape, layout)


def draw_plane(rng, shape, layout):
    if shape is None:
        most = int(rng.choice([10, 40, 80, 201], p=[0.2, 0.4, 0.3, 0.1]))
        shape = tuple(int(n) for n in rng.integers(0 if most < 20 else 3, most, 2))
    return images.draw_image(rng, DTYPES, shape, layout)


def draw_sigmas(rng, ndim, least):
    """min_sigma and max_sigma of every kind that the reference takes."""
    low = float(rng.choice([least, 0.4, 1, 1, 1.5, 3]))
    high = low + float(rng.choice([0, 0.5, 3, 6, 9]))
    if rng.random() < 0.3:
        return {"min_sigma": int(low) or 1, "max_sigma": int(high) or 1}
    if rng.random() < 0.2:
        wrap = (np.float32, np.float64)[rng.integers(2)]
        return {"min_sigma": wrap(low), "max_sigma": wrap(high)}
    if rng.random() < 0.3 and ndim > 1:
        many = tuple((low * rng.choice([1, 1.5, 2], ndim)).tolist())
        more = [value + high - low for value in many]
        either = [{"min_sigma": value} for value in (many, low, np.array(many))]
        upper = high + low if rng.random() < 0.3 else more
        return {**either[rng.integers(3)], "max_sigma": upper}
    return {"min_sigma": low, "max_sigma": high}


def draw_thresholds(rng, image, typical):
    """None, and 0 on plateaus, give as many blobs as pixels: for small images only."""
    small = image.size <= 600
    kinds = [typical, typical / 5, typical * 3]
    kinds += [None, 0, -0.1, np.inf, np.nan] if small else []
    keywords = {"threshold": kinds[rng.integers(len(kinds))]}
    if rng.random() < 0.1:
        keywords["threshold"] = np.float32(typical)
    if rng.random() < 0.2:
        share = [0, 0.3, 0.5, 0.9, 1.0, -1.0] if small else [0.3, 0.5, 0.9]
        keywords["threshold_rel"] = float(rng.choice(share))
        if rng.random() < 0.5:
            keywords["threshold"] = None
    return keywords


def draw_border(rng, ndim):
    many = tuple(int(n) for n in rng.integers(0, 6, ndim))
    kinds = (True, False, 0, 1, 3, 300, many)
    return kinds[rng.integers(len(kinds))]


def shared_keywords(rng, image, typical):
    keywords = draw_thresholds(rng, image, typical)
    if rng.random() < 0.6:
        keywords["overlap"] = rng.choice([0, 0.1, 0.5, 0.8, 1, 1, 1, 1.5, -0.5]).item()
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return keywords


def finished(rng, image, keywords, note):
    if rng.random() < 0.2:
        return Call((image, keywords.pop("min_sigma")), keywords, note)
    return Call((image,), keywords, note)


def blob_dog_call(rng, shape=None, layout=None):
    image, note = draw_image(rng, shape, layout)
    keywords = shared_keywords(rng, image, 0.1)
    keywords |= draw_sigmas(rng, image.ndim, 0.2)
    if rng.random() < 0.4:
        keywords["sigma_ratio"] = rng.choice([1.2, 1.6, 2, 5]).item()
    if rng.random() < 0.4:
        keywords["exclude_border"] = draw_border(rng, image.ndim)
    return finished(rng, image, keywords, note)


def blob_log_call(rng, shape=None, layout=None):
    image, note = draw_image(rng, shape, layout)
    keywords = shared_keywords(rng, image, 0.15)
    keywords |= draw_sigmas(rng, image.ndim, 0.2)
    keywords["num_sigma"] = int(rng.integers(0 if image.size < 600 else 1, 8))
    if rng.random() < 0.3:
        keywords["log_scale"] = bool(rng.random() < 0.7)
    if rng.random() < 0.4:
        keywords["exclude_border"] = draw_border(rng, image.ndim)
    return finished(rng, image, keywords, note)


def blob_doh_call(rng, shape=None, layout=None):
    image, note = draw_plane(rng, shape, layout)
    keywords = shared_keywords(rng, image, 0.005)
    low = float(rng.choice([0, 0.34, 1, 1.5, 3], p=[0.05, 0.2, 0.3, 0.3, 0.15]))
    keywords |= {"min_sigma": low, "max_sigma": low + float(rng.choice([0, 2, 9, 25]))}
    keywords["num_sigma"] = int(rng.integers(1, 8))
    if low > 0 and rng.random() < 0.3:
        keywords["log_scale"] = bool(rng.random() < 0.7)
    return finished(rng, image, keywords, note)


# ------------------------------------------------------------------------ refusals


def shared_refusals():
    image = np.random.default_rng(1).random((12, 13))

    def wrong(name, value, error, text, **more):
        call = Call((image,), {name: value, "max_sigma": 3, **more})
        return Refusal(f"{name}={value!r:.20}", call, error, text)

    both = (TypeError, ValueError)
    for dtype in ("c8", "c16", "O", "U3", "M8[s]"):
        text = f"Cannot convert from .*{np.dtype(dtype).kind}?.* to float64"
        yield Refusal(dtype, Call((np.zeros((4, 4), dtype),)), ValueError, text)
    for value in ("a", 1j, np.nan, np.inf, -1, None):
        for name in ("min_sigma", "max_sigma"):
            call = Call((image,), {"min_sigma": 1, "max_sigma": 3} | {name: value})
            yield Refusal(f"{name}={value!r}", call, both, name)
    for name in ("threshold", "threshold_rel"):
        for value in ("a", (0.1, 0.2), 1j):
            yield wrong(name, value, both, name)
    for value in ("a", None, 1j):
        yield wrong("overlap", value, both, "overlap")
    for value in ("minmax", "none", None, "x"):
        yield wrong("prescale", value, ValueError, "unsupported mode")


def border_refusals():
    image = np.random.default_rng(1).random((12, 13))

    def wrong(value, text):
        call = Call((image,), {"max_sigma": 3, "exclude_border": value})
        return Refusal(f"exclude_border={value!r}", call, ValueError, text)

    yield wrong(-1, "^`exclude_border` can not be a negative value$")
    yield wrong((1, -1), "^`exclude_border` can not be a negative value$")
    yield wrong((1,), "same length as the dimensionality")
    yield wrong((1, 2.5), "must only contain ints.$")
    for value in (1.5, "a", None, [1, 1]):
        yield wrong(value, "^Unsupported value .* for exclude_border$")
    for sigmas in ((1,), (1, 2, 3), ()):
        call = Call((image,), {"min_sigma": sigmas, "max_sigma": (3,)})
        yield Refusal(f"sigmas {sigmas}", call, ValueError, "sigma")
    yield Refusal("0-D", Call((np.float64(1),)), ValueError, "dimension")
    empty = Call((image[:0],), {"max_sigma": 3, "threshold": None})
    yield Refusal("empty", empty, ValueError, "zero-size array to reduction")


def blob_dog_refusals():
    yield from shared_refusals()
    yield from border_refusals()
    image = np.random.default_rng(1).random((12, 13))
    for ratio in (1, 1.0, 0.5, -2):
        call = Call((image,), {"sigma_ratio": ratio})
        yield Refusal(f"ratio={ratio}", call, ValueError, "^sigma_ratio must be > 1.0$")
    for ratio in (np.nan, np.inf, "a", None, (1.6,)):
        call = Call((image,), {"sigma_ratio": ratio})
        yield Refusal(f"ratio={ratio}", call, (TypeError, ValueError), "sigma_ratio")
    for sigmas in ((0, 3), (5, 1), (1, 0)):
        call = Call((image,), dict(zip(("min_sigma", "max_sigma"), sigmas)))
        yield Refusal(f"sigmas={sigmas}", call, ValueError, "sigma")


def num_sigma_refusals():
    image = np.random.default_rng(1).random((12, 13))
    yield Refusal("num -1", Call((image,), {"num_sigma": -1}), ValueError, "num_sigma")
    for count in (2.0, 2.5, None, "a"):
        call = Call((image,), {"num_sigma": count})
        yield Refusal(f"num {count!r}", call, TypeError, "num_sigma")
    for low in (0, -1):
        call = Call((image,), {"min_sigma": low, "log_scale": True})
        yield Refusal(f"log_scale {low}", call, ValueError, "min_sigma")
    call = Call((image,), {"num_sigma": 0, "threshold": None})
    yield Refusal("no scale", call, ValueError, "zero-size array to reduction")


def blob_log_refusals():
    yield from shared_refusals()
    yield from border_refusals()
    yield from num_sigma_refusals()


def blob_doh_refusals():
    yield from shared_refusals()
    yield from num_sigma_refusals()
    for shape in ((), (5,), (3, 4, 5)):
        text = "The parameter `image` must be a 2-dimensional array"
        yield Refusal(f"{len(shape)}-D", Call((np.ones(shape),)), ValueError, text)
    for shape in ((0, 5), (5, 0)):
        text = "The parameter `image` cannot be an empty array"
        yield Refusal(f"{shape}", Call((np.ones(shape),)), ValueError, text)
    for sigmas in ((1, 2), [1]):
        call = Call((np.ones((9, 9)),), {"min_sigma": sigmas})
        yield Refusal(f"{sigmas}", call, (TypeError, ValueError), "min_sigma")


# ----------------------------------------------------------------------- benchmark


def cube_of(image):
    """A volume of balls, 64 on a side, from a picture of any size."""
    rng = np.random.default_rng(len(image))
    grid = np.indices((64, 64, 64))
    volume = 0.1 * rng.random((64, 64, 64))
    for centre in rng.integers(8, 56, (12, 3)):
        apart = ((grid - centre[:, None, None, None]) ** 2).sum(0)
        volume += np.exp(-apart / (2 * rng.uniform(2, 6) ** 2))
    return volume


def rows(**keywords):
    return tuple(
        Row(n, n, dtype, keywords=keywords)
        for n in (512, 2048)
        for dtype in ("f8", "u1")
    )


FLOATS = tuple(Row(512, 512, "f4", keywords={"max_sigma": s}) for s in (8, 30))
PICTURES = tuple(
    Row(512, 512, "f8", picture, {"max_sigma": 30})
    for picture in ("coins", "noise", "constant", "checkerboard")
)
CUBE = Row(64, 64, "f8", keywords={"max_sigma": 8, "num_sigma": 5}, of=cube_of)

CASES = (
    Case(
        "blob_dog",
        family="blobs",
        draw=blob_dog_call,
        dtypes=DTYPES,
        adapt=in_order,
        agreement="identical before pruning",
        refusals=blob_dog_refusals,
        bench=(*rows(max_sigma=30), *FLOATS, *PICTURES),
        random_calls=600,
    ),
    Case(
        "blob_log",
        family="blobs",
        draw=blob_log_call,
        dtypes=DTYPES,
        adapt=in_order,
        agreement="identical before pruning",
        refusals=blob_log_refusals,
        bench=(*rows(max_sigma=30), *FLOATS, *PICTURES, CUBE),
        random_calls=600,
    ),
    Case(
        "blob_doh",
        family="blobs",
        draw=blob_doh_call,
        dtypes=DTYPES,
        adapt=in_order,
        agreement="identical before pruning",
        refusals=blob_doh_refusals,
        bench=(*rows(max_sigma=30), *FLOATS, *PICTURES),
        random_calls=600,
    ),
)
