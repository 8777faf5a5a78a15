# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of SIFT: a class as a function."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row
from cases_keypoints import BOTH, DTYPES, with_workers

STEPS = ("detect", "detect_and_extract", "extract")
NAMES = ("keypoints", "positions", "scales", "sigmas", "octaves", "scalespace_sigmas")
KINDS = ("photograph", "photograph", "noise", "blobs")
# Shapes of two levels are symmetric: gradients along a diagonal, between two bins of
# the histogram, where the last bit of NumPy's arctangent decides (docs/accuracy.md).
DTYPES = tuple(dtype for dtype in DTYPES if dtype != "?")


def finding(kind):
    """SIFT as a function of the image; `step` is the method. Keypoints, and what is
    random in the last bit of float32 images, as one list: see `keypoints_of`."""

    def find(image, step="detect", **keywords):
        how = {"workers": keywords.pop("workers")} if "workers" in keywords else {}
        one = kind(**keywords)
        if step == "extract":
            one.detect(image, **how)
            one.extract(np.rot90(image, 2), **how)
        else:
            getattr(one, step)(image, **how)
        return keypoints_of(one, step)

    return find


def keypoints_of(one, step):
    """Attributes that must be equal, in the types that ours always have; orientations
    as points on the circle, of float32 images rounded; no descriptors of those."""
    found = [getattr(one, name) for name in NAMES]
    found[1] = found[1].astype(one.float_dtype)
    found[4] = found[4].astype(np.int64)
    if one.float_dtype is np.float32:
        return tuple(found)
    found.append(np.stack((np.sin(one.orientations), np.cos(one.orientations))))
    if step != "detect":
        found.append(one.descriptors)
    return tuple(found)


def sift_call(rng, shape=None, layout=None):
    large = shape is not None
    if not large:
        shape = tuple(int(n) for n in rng.integers(12, 90, 2))
    kind, dtype = str(rng.choice(KINDS)), str(rng.choice(DTYPES))
    picture = 0.9 * images.KINDS[kind](rng, *shape) + 0.1 * rng.random(shape)
    image = images.convert(picture, dtype)
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    keywords = {"step": str(rng.choice(STEPS))}
    if rng.random() < 0.6:
        keywords["c_dog"] = float(rng.choice([0.002, 0.005]))
    if rng.random() < 0.3:
        factor = int(rng.choice([1, 4]))
        keywords.update(upsampling=factor, sigma_min=float(0.8 * factor))
    if rng.random() < 0.3:
        keywords["n_octaves"] = int(rng.choice([1, 2]))
        keywords["n_scales"] = int(rng.choice([1, 2, 5]))
    if rng.random() < 0.3:
        keywords["n_bins"] = int(rng.choice([8, 25]))
        keywords["c_max"] = float(rng.uniform(0.3, 1))
        keywords["lambda_ori"] = float(rng.uniform(0.8, 3))
        keywords["c_edge"] = int(rng.choice([4, 30]))
    if rng.random() < 0.3:
        keywords.update(n_hist=int(rng.integers(1, 6)), n_ori=int(rng.integers(2, 11)))
        if (keywords["n_hist"], keywords["n_ori"]) == (2, 4):  # see docs/accuracy.md
            keywords["n_ori"] = 5
        keywords["lambda_descr"] = float(rng.uniform(2, 9))
    if large:  # made again for every layout and number of threads
        keywords.update(upsampling=1, sigma_min=0.8, step=STEPS[1])
    words = f"{kind}, {dtype}, {shape}, {layout}"
    return Call((images.lay_out(image, layout),), with_workers(rng, keywords), words)


def sift_refusals():
    not_2d = "The parameter `image` must be a 2-dimensional array"
    for shape in ((), (4,), (40, 50, 3)):
        yield Refusal(f"{shape}", Call((np.zeros(shape),)), ValueError, not_2d)
    empty = "The parameter `image` cannot be an empty array"
    yield Refusal("empty", Call((np.zeros((0, 5)),)), ValueError, empty)
    for dtype in ("c8", "U3"):
        call = Call((np.zeros((60, 60), dtype),))
        yield Refusal(dtype, call, BOTH, "convert|image")
    for shape in ((5, 5), (5, 80), (1, 9)):
        call = Call((np.zeros(shape),))
        yield Refusal(f"small {shape}", call, ValueError, "12 pixels")
    image = with_a_blob(np.zeros((24, 19)))

    def wrong(name, error, text, **keywords):
        return Refusal(name, Call((image,), keywords), error, text)

    nothing = "SIFT found no features"
    yield Refusal("flat", Call((np.zeros((60, 60)),)), RuntimeError, nothing)
    for factor in (3, 0, -1, None, "a"):
        text = "upsampling must be 1, 2 or 4"
        yield wrong(f"upsampling {factor}", ValueError, text, upsampling=factor)
    for count in (0, 65):
        yield wrong(f"scales {count}", ValueError, "n_scales", n_scales=count)
    for name in ("n_octaves", "n_bins", "n_hist", "n_ori"):
        yield wrong(f"{name} 0", ValueError, name, **{name: 0})
        yield wrong(f"{name} 2.5", BOTH, name, **{name: 2.5})
    yield wrong("n_bins 5", ValueError, "n_bins", n_bins=5)
    for name in ("sigma_min", "lambda_ori", "lambda_descr"):
        for value in (0, -1, np.inf, "a"):
            yield wrong(f"{name} {value}", BOTH, name, **{name: value})
    for name in ("sigma_in", "c_dog", "c_edge", "c_max"):
        for value in ("a", None):
            yield wrong(f"{name} {value}", BOTH, name, **{name: value})
    yield wrong("lambda_ori nan", ValueError, "lambda_ori", lambda_ori=np.nan)
    yield wrong("sigma_in nan", ValueError, "sigma_in", sigma_in=np.nan)
    yield wrong("sigma_in 2", ValueError, "sigma_in", sigma_in=2)


def with_a_blob(image):
    """A small image of the tests, larger and with a square that is found."""
    large = np.kron(image / 4, np.ones((3, 3)))
    large[8:50, 4:46] = 0
    large[24:34, 20:30] = 0.75
    return large.astype(image.dtype)


CASES = (
    Case(
        "SIFT",
        family="keypoints",
        draw=sift_call,
        dtypes=DTYPES,
        tolerance=1e-9,
        use=finding,
        small=with_a_blob,
        refusals=sift_refusals,
        bench=tuple(
            Row(n, n, dtype, keywords={"step": step})
            for n in (512, 2048)
            for dtype in ("u1", "f8")
            for step in STEPS[:2]
        ),
        random_calls=240,
    ),
)
