# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of keypoints: classes as functions."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row

BOTH = (TypeError, ValueError)
DTYPES = (*images.DTYPES[:-1], "f8")


def with_workers(rng, keywords):
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return keywords


def refused_images(keywords=None):
    """Calls that every class refuses because of the image."""
    keywords = keywords or {}
    not_2d = "The parameter `image` must be a 2-dimensional array"
    for shape in ((), (4,), (4, 5, 3), (1, 9), (9, 1)):
        call = Call((np.zeros(shape),), keywords)
        yield Refusal(f"{shape}", call, ValueError, not_2d)
    empty = "The parameter `image` cannot be an empty array"
    yield Refusal("empty", Call((np.zeros((0, 5)),), keywords), ValueError, empty)
    for dtype in ("c8", "U3"):
        call = Call((np.zeros((60, 60), dtype),), keywords)
        yield Refusal(dtype, call, BOTH, "convert|image")


# ------------------------------------------------------------------------ BRIEF


USUAL = np.array([[30, 30], [31, 25]])


def describing(kind):
    """BRIEF as a function of the image, ours or skimage's."""

    def describe(image, keypoints=USUAL, patch_size=49, **keywords):
        how = {"workers": keywords.pop("workers")} if "workers" in keywords else {}
        extractor = kind(patch_size=patch_size, **keywords)
        extractor.extract(image, keypoints, **how)
        return extractor.descriptors, extractor.mask

    return describe


def with_mirror_beyond(describe):
    """The reference on an image that goes on beyond the border as the smoothing
    has it, so that it reads no foreign memory."""

    def right(image, keypoints=USUAL, **keywords):
        if keywords.get("mode", "normal").lower() != "uniform":
            return describe(image, keypoints, **keywords)
        from skimage.feature.util import _mask_border_keypoints

        plain = describe(image, keypoints, **keywords)
        distance = keywords.get("patch_size", 49) // 2
        mask = _mask_border_keypoints(image.shape, keypoints, distance)
        larger = np.pad(image, 40, mode="symmetric")
        inside = keypoints[mask].astype(np.int64) + 40
        described, described_mask = describe(larger, inside, **keywords)
        assert described_mask.all() and np.array_equal(mask, plain[1])
        return described, mask

    return right


def draw_keypoints(rng, shape, patch_size):
    """Anywhere, beyond the border too, and many just where the border begins."""
    count = int(rng.choice([0, 1, 5, 70, 200]))
    distance = patch_size // 2
    points = rng.uniform(-5, np.add(shape, 5), (count, 2))
    edges = np.array([[distance, n - distance] for n in shape])
    near = rng.random((count, 2)) < 0.3
    moved = rng.integers(-1, 2, (count, 2))
    chosen = edges[[0, 1], rng.integers(0, 2, (count, 2))] + moved
    points = np.where(near, chosen, points)
    if rng.random() < 0.6:
        return points.astype(rng.choice(["i8", "i4", "i2"]))
    return points.astype(rng.choice(["f8", "f4"]))


def brief_call(rng, shape=None, layout=None):
    if shape is None:
        shape = tuple(int(n) for n in rng.integers(2, 130, 2))
    image, note = images.draw_image(rng, DTYPES, shape, layout)
    keywords = {"patch_size": int(rng.choice([3, 5, 8, 9, 15, 20, 31, 49]))}
    keywords["descriptor_size"] = int(rng.choice([1, 8, 63, 64, 65, 128, 256]))
    keywords["mode"] = str(rng.choice(["normal", "uniform", "Uniform"]))
    if rng.random() < 0.5:
        keywords["sigma"] = [0, 0.5, 2, 3.3, (1, 2)][int(rng.integers(5))]
    if rng.random() < 0.5:
        keywords["rng"] = int(rng.integers(1000))
    keypoints = draw_keypoints(rng, image.shape, keywords["patch_size"])
    return Call((image, keypoints), with_workers(rng, keywords), note)


def brief_refusals():
    image, points = np.zeros((60, 60)), np.array([[30, 30]])
    yield from refused_images()

    def wrong(name, error, text, keypoints=points, **keywords):
        return Refusal(name, Call((image, keypoints), keywords), error, text)

    word = "`mode` must be 'normal' or 'uniform'."
    yield wrong("mode", ValueError, word, mode="other")
    yield wrong("mode None", TypeError, "mode", mode=None)
    yield wrong("sigma -1", ValueError, "Sigma values less than", sigma=-1)
    yield wrong("sigma a", BOTH, "sigma", sigma="a")
    yield wrong("sigma 3", ValueError, "sigma", sigma=(1, 2, 3))
    for size in (2, 0, -4, float("nan")):
        yield wrong(f"patch {size}", ValueError, "patch_size", patch_size=size)
    yield wrong("patch -4", ValueError, "patch_size", patch_size=-4, mode="uniform")
    yield wrong("patch a", BOTH, "patch_size", patch_size="a")
    for bits in (-1, 1.5, "a", None):
        yield wrong(f"bits {bits}", BOTH, "descriptor_size", descriptor_size=bits)
    for shape in ((2,), (3, 1), (3, 3), (1, 2, 2)):
        yield wrong(f"points {shape}", BOTH, "keypoints", np.full(shape, 30))
    yield wrong("points a", BOTH, "keypoints", np.array([["a", "b"]]))
    yield wrong("points mask", TypeError, "keypoints", np.ma.array(points))


# -------------------------------------------------------------------------- ORB

STEPS = ("detect", "detect_and_extract", "extract")


def finding(kind):
    """ORB as a function of the image; `step` is the method. More keypoints than asked
    for are chosen here, as the reference's sort is unstable."""

    def find(image, step="detect", n_keypoints=500, **keywords):
        how = {"workers": keywords.pop("workers")} if "workers" in keywords else {}
        ours = kind.__module__.startswith("featurelib")
        one = kind(n_keypoints=n_keypoints if ours else 10**9, **keywords)
        getattr(one, "detect" if step == "extract" else step)(image, **how)
        names = ["keypoints", "scales", "orientations", "responses"]
        names += ["descriptors"] * (step == "detect_and_extract")
        found = [getattr(one, name) for name in names]
        if not ours and len(found[0]) >= n_keypoints:
            order = found[3].argsort(kind="stable")[::-1][:n_keypoints]
            found = [array[order] for array in found]
        if step == "extract":
            return extracted(one, image, *found[:3], ours, how)
        return tuple(a.view("u1") if a.dtype == bool else a for a in found)

    return find


def extracted(one, image, keypoints, scales, angles, ours, how):
    """The reference's own steps, on the right level and in the order given."""
    if ours:
        one.extract(image, keypoints, scales, angles, **how)
        return one.descriptors.view("u1"), one.mask_.view("u1")
    bits, mask = np.zeros((len(keypoints), 256), bool), np.zeros(len(keypoints), bool)
    octaves = np.rint(np.log(scales) / np.log(one.downscale))
    for number, level in enumerate(one._build_pyramid(image)):
        (which,) = np.nonzero(octaves == number)
        if len(which):
            points = np.rint(keypoints[which] / one.downscale**number)
            found, inside = one._extract_octave(level, points, angles[which])
            mask[which], bits[which[inside]] = inside, found.astype(bool)
    return bits[mask].view("u1"), mask.view("u1")


def orb_call(rng, shape=None, layout=None):
    if shape is None:
        shape = tuple(int(n) for n in rng.integers(36, 140, 2))
    kind = str(rng.choice(["photograph", "noise", "blobs", "steps", "checkerboard"]))
    dtype = str(rng.choice(DTYPES))
    image = images.convert(images.KINDS[kind](rng, *shape), dtype)
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    keywords = {"step": str(rng.choice(STEPS))}
    keywords["n_keypoints"] = int(rng.choice([0, 5, 50, 500]))
    keywords["downscale"] = [1.2, 1.2, 1.5, 2, 1.07][int(rng.integers(5))]
    keywords["n_scales"] = int(rng.choice([1, 3, 8]))
    keywords["fast_n"] = int(rng.choice([9, 12]))
    keywords["fast_threshold"] = float(rng.choice([0.02, 0.08, 0.2]))
    words = f"{kind}, {dtype}, {shape}, {layout}"
    image = images.lay_out(image, layout)
    return Call((image,), with_workers(rng, keywords), words)


def orb_refusals():
    yield from refused_images()
    image = np.zeros((60, 60))

    def wrong(name, error, text, **keywords):
        return Refusal(name, Call((image,), keywords), error, text)

    factor = "scale factor must be greater than 1"
    yield wrong("downscale 1", ValueError, factor, downscale=1)
    yield wrong("downscale a", BOTH, "downscale", downscale="a")
    yield wrong("keypoints -1", ValueError, "n_keypoints", n_keypoints=-1)
    yield wrong("harris a", BOTH, "harris_k", harris_k="a")
    nothing = {"step": "detect_and_extract"}
    yield wrong("nothing", RuntimeError, "ORB found no features", **nothing)


def two_thousand_points(image):
    rng = np.random.default_rng(3)
    return (rng.integers(24, np.subtract(image.shape, 24), (2000, 2)),)


CASES = (
    Case(
        "BRIEF",
        family="keypoints",
        draw=brief_call,
        dtypes=DTYPES,
        more=(np.array([[10, 9], [12, 8]]), 9),
        use=describing,
        adapt=with_mirror_beyond,
        refusals=brief_refusals,
        bench=tuple(
            Row(n, n, dtype, more=two_thousand_points)
            for n in (512, 2048)
            for dtype in ("u1", "f8", "f4")
        ),
        random_calls=400,
    ),
    Case(
        "ORB",
        family="keypoints",
        draw=orb_call,
        dtypes=DTYPES,
        tolerance=1e-12,
        use=finding,
        refusals=orb_refusals,
        bench=tuple(
            Row(n, n, dtype, keywords={"step": STEPS[1], "n_keypoints": most})
            for n in (512, 2048)
            for dtype in ("u1", "f8")
            for most in (500, 2000)
        ),
        random_calls=200,
    ),
)
