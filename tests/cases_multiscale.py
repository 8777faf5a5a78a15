# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of the family multiscale."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row, wrap_scalar

DTYPES = ("?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8")
SWITCHES = ("intensity", "edges", "texture")

# ------------------------------------------------------------------ random calls


def draw_image(rng, shape, layout):
    """Two dimensions as for every function, sometimes one, three or four."""
    if shape is not None or rng.random() < 0.7:
        shape = shape or images.draw_shape(rng)
        return images.draw_image(rng, DTYPES, shape, layout)
    ndim = int(rng.choice([1, 3, 4], p=[0.15, 0.65, 0.2]))
    shape = tuple(int(n) for n in rng.integers(1, {1: 200, 3: 24, 4: 7}[ndim], ndim))
    dtype = str(rng.choice(DTYPES))
    image = images.convert(rng.random(shape) ** rng.choice([1, 8]), dtype)
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    layout = layout if ndim > 1 else "contiguous"
    return images.lay_out(image, layout), f"noise, {dtype}, {shape}, {layout}"


def draw_scales(rng):
    keywords = {}
    kind = rng.random()
    if kind < 0.4:
        return keywords  # the default: 0.5 to 16
    smallest = float(rng.choice([0.05, 0.1, 0.3, 0.5, 1, 1.7, 3]))
    ratio = float(rng.choice([1, 1.5, 2, 4, 7]))
    keywords["sigma_min"] = wrap_scalar(rng, smallest)
    keywords["sigma_max"] = wrap_scalar(rng, smallest * ratio)
    if keywords["sigma_min"] == 0 or keywords["sigma_max"] == 0:  # int(0.5)
        keywords = {"sigma_min": smallest, "sigma_max": smallest * ratio}
    if kind > 0.7:
        keywords["num_sigma"] = int(rng.integers(1, 5))
    if kind > 0.95:
        ends = keywords["sigma_max"], keywords["sigma_min"]
        keywords["sigma_min"], keywords["sigma_max"] = ends
    return keywords


def multiscale_call(rng, shape=None, layout=None):
    image, note = draw_image(rng, shape, layout)
    keywords = draw_scales(rng)
    if rng.random() < 0.5:
        keywords.update({name: bool(rng.random() < 0.6) for name in SWITCHES})
    if shape is None and image.ndim > 1 and rng.random() < 0.2:
        axis = int(rng.integers(-image.ndim, image.ndim))
        if image.shape[axis] < 6:
            keywords["channel_axis"] = axis
    if image.ndim > 2 and image.dtype.kind == "f" and not np.isfinite(image).all():
        keywords["texture"] = False  # the reference raises LinAlgError
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return Call((image,), keywords, note)


def tolerance(call):
    """To the last bit, but for the eigenvalues of larger matrices."""
    spatial = call.arguments[0].ndim - (call.keywords.get("channel_axis") is not None)
    return 1e-5 if spatial > 2 else 0.0


# ---------------------------------------------------------------------- refusals


def multiscale_refusals():
    image = np.zeros((9, 8))
    both = (TypeError, ValueError)

    def wrong(name, value, error, text, **more):
        call = Call((image,), {name: value, **more})
        return Refusal(f"{name}={value!r:.20}", call, error, text)

    nothing = dict.fromkeys(SWITCHES, False)
    text = "^At least one of `intensity`, `edges` or `textures`must be True"
    yield Refusal("no feature", Call((image,), nothing), ValueError, text)
    for name in ("sigma_min", "sigma_max"):
        for value in (0, -1, np.inf, np.nan):
            yield wrong(name, value, ValueError, name)
            yield wrong(name, value, ValueError, name, num_sigma=2)
        for value in (None, "a", 1j, (1, 2), np.ones(2)):
            yield wrong(name, value, both, name)
    yield wrong("sigma_max", 1e300, ValueError, "sigma", num_sigma=2)
    yield wrong("sigma_max", 0.2, ValueError, "scale")
    for count in (0, -1):
        yield wrong("num_sigma", count, ValueError, "num_sigma")
    for count in (2.0, "a", (1,)):
        yield wrong("num_sigma", count, TypeError, "num_sigma")
    for axis in (2, -3):
        yield wrong("channel_axis", axis, ValueError, "channel_axis")
    for axis in (1.0, "a", (0,)):
        yield wrong("channel_axis", axis, TypeError, "channel_axis")
    yield Refusal("no channel", Call((np.zeros((4, 5, 0)),), {"channel_axis": 2}),
                  ValueError, "channel")
    for shape in ((), (4,), (1, 5), (5, 1), (0, 5), (3, 1, 3), (0, 0)):
        yield Refusal(f"{shape}", Call((np.zeros(shape),)), ValueError, "texture")
    yield Refusal("9-D", Call((np.zeros((2,) * 9),), {"num_sigma": 1}), ValueError,
                  "at most 8")
    for dtype in ("c8", "c16", "O", "U3", "S3", "M8[s]", "m8[s]", "V4", "g"):
        call = Call((np.zeros((4, 4), dtype),))
        name = "Cannot convert from .* to float32"
        yield Refusal(dtype, call, ValueError, name)
    yield Refusal("None", Call((None,)), both, ".")
    yield Refusal("text", Call(("image",)), both, ".")
    yield Refusal("ragged", Call(([[1.0], [2, 3]],)), both, ".")


# -------------------------------------------------------------------- benchmarks


def cube(image):
    """The pixels as a volume of 64 planes of 64 by 64."""
    return np.resize(image, (64, 64, 64))


def coloured(image):
    return np.stack([image, image[::-1], image[:, ::-1]], axis=-1)


CASES = (
    Case(
        "multiscale_basic_features",
        family="multiscale",
        draw=multiscale_call,
        dtypes=DTYPES,
        tolerance=tolerance,
        refusals=multiscale_refusals,
        bench=(
            Row(512, 512),
            Row(512, 512, "f4"),
            Row(512, 512, "f8"),
            Row(2048, 2048),
            Row(4096, 64, of=cube),
            Row(512, 512, of=coloured, keywords={"channel_axis": -1}),
            Row(512, 512, keywords={"texture": False}),
            Row(512, 512, keywords={"sigma_max": 2}),
        ),
        random_calls=500,
    ),
)
