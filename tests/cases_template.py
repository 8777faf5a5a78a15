# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of the family template."""

import functools

import images
import numpy as np
from cases import Call, Case, Refusal, Row

DTYPES = images.DTYPES
MODES = (
    *("constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum"),
    *("reflect", "symmetric", "wrap"),
)
WORK = 10**7  # products of the definition, at most

# ------------------------------------------------------------------ random calls


def draw_volume(rng):
    shape = tuple(int(n) for n in rng.integers(1, 20, 3))
    dtype = str(rng.choice(DTYPES))
    picture = rng.random(shape)
    kind = rng.choice(["noise", "ties", "blocks"])
    if kind == "ties":
        picture = np.floor(picture * 3) / 2
    elif kind == "blocks":
        picture = np.repeat(picture, 5, axis=2)[..., : shape[2]]
    layout = str(rng.choice(list(images.LAYOUTS)))
    image = images.lay_out(images.convert(picture, dtype), layout)
    return image, f"{kind}, {dtype}, {shape}, {layout}"


def draw_sides(rng, shape):
    """Sides of a template whose definition can be computed in time."""
    most = int(rng.choice([3, 9, 24, 70]))
    sides = [int(rng.integers(1, min(n, most) + 1)) if n else 1 for n in shape]
    while float(np.prod(shape)) * np.prod(sides) > WORK:
        sides = [max(1, side // 2) for side in sides]
    return sides


def draw_template(rng, image):
    """A part of the image, sometimes with noise, or something else of another type."""
    sides = draw_sides(rng, image.shape)
    kind = rng.random()
    if kind < 0.7 and image.size:
        corner = [int(rng.integers(n - m + 1)) for n, m in zip(image.shape, sides)]
        part = image[tuple(slice(c, c + m) for c, m in zip(corner, sides))]
        return part.copy() if kind < 0.5 else part
    picture = rng.random(sides) if kind < 0.95 else np.full(sides, 0.3)
    return images.convert(picture, str(rng.choice(DTYPES)))


def draw_padding(rng, ndim):
    keywords = {"pad_input": True} if rng.random() < 0.8 else {}
    if rng.random() < 0.7:
        keywords["mode"] = str(rng.choice(MODES))
    if keywords.get("mode", "constant") == "constant" and rng.random() < 0.5:
        pairs = [tuple(pair) for pair in rng.integers(0, 9, (ndim, 2)).tolist()]
        values = (1, 0.5, 255, -3, 300, (2, 7), tuple(pairs))
        keywords["constant_values"] = values[rng.integers(len(values))]
    return keywords


def template_call(rng, shape=None, layout=None):
    if shape is None and rng.random() < 0.25:
        image, note = draw_volume(rng)
    else:
        image, note = images.draw_image(rng, DTYPES, shape, layout)
    template = draw_template(rng, image)
    keywords = draw_padding(rng, image.ndim) if rng.random() < 0.5 else {}
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return Call((image, template), keywords, f"{note}, template {template.shape}")


# ---------------------------------------------------------------- the right answer


def padded(image, sides, pad_input, mode, constant_values):
    """What the windows of the result lie in."""
    if not pad_input:
        return image
    more = {"constant_values": constant_values} if mode == "constant" else {}
    wide = np.pad(image, [(side, side) for side in sides], mode=mode, **more)
    cuts = [slice(m - m // 2, n - m + (m - 1) // 2) for n, m in zip(wide.shape, sides)]
    return wide[tuple(cuts)]


def definition(image, template, least):
    """Coefficients and windows' sums of squared deviations, each window by itself."""
    axes = tuple(range(-template.ndim, 0))
    views = np.lib.stride_tricks.sliding_window_view(image, template.shape)
    model = template - template.flat[0]
    model = model - model.mean()
    square = np.sum(model * model)
    out, deviation = np.zeros((2, *views.shape[: template.ndim]))
    for index in np.ndindex(*views.shape[: template.ndim - 1]):
        window = views[index]
        first = window[(..., *(slice(0, 1),) * template.ndim)]
        moved = window - first
        moved = moved - moved.mean(axes, keepdims=True)
        squares = np.sum(moved * moved, axes)
        denominator = np.sqrt(squares * square)
        numbers = np.sum(moved * model, axes) / denominator
        wanted = (denominator > least) & ~(np.abs(window) > 1e150).any(axes)
        out[index] = np.where(wanted, np.clip(numbers, -1, 1), 0)
        deviation[index] = squares
    return out, deviation


def work(image, template):
    """Products of the definition, about."""
    return float(image.size) * template.size if image.ndim == template.ndim else 0


def tolerance(call):
    """Of pictures in the benchmark the reference itself is off by some 1e-10."""
    return 1e-10 if work(*call.arguments[:2]) <= WORK else 1e-8


def where_it_is_right(function):
    """The reference in float64 where its sums over the whole image keep ten digits;
    elsewhere the definition, whose windows know nothing of each other."""

    @functools.wraps(function)
    def reference(image, template, pad_input=False, mode="constant", constant_values=0):
        how = (pad_input, mode, constant_values)
        if work(image, template) > WORK:
            return function(image, template, *how)
        kept = image.dtype.newbyteorder("=") in (np.float16, np.float32)
        dtype = np.dtype(np.float32 if kept else np.float64)
        if image.ndim not in (2, 3) or image.dtype.kind not in "biuf" or (
            template.dtype.kind not in "biuf" or template.size == 0
        ):
            return function(image, template, *how)
        stored = np.ascontiguousarray(image, dtype)  # as means beyond the border are
        image, template = image.astype(float), template.astype(float)
        with np.errstate(all="ignore"):
            theirs = function(image, template, *how)
            whole = padded(stored, template.shape, *how).astype(float)
            exact, deviation = definition(whole, template, np.finfo(dtype).eps)
            size = np.prod(np.add(image.shape, 2 * np.array(template.shape)))
            border = constant_values if mode == "constant" else 0  # always summed
            largest = np.square(max(np.abs(whole).max(), np.abs(border).max())) * size
            spread = np.var(template) * template.size
            right = (deviation > 1e-4 * largest) & np.isfinite(largest) & (
                spread > 1e-5 * np.square(template).max() * size
            ) & (np.sqrt(deviation * spread) > 2 * np.finfo(dtype).eps)
        return np.where(right, theirs, exact).astype(dtype)

    return reference


# ----------------------------------------------------------------------- refusals


def refusals():
    image, template = np.arange(42.0).reshape(6, 7), np.eye(3)
    both = (TypeError, ValueError)
    for dtype in ("c8", "c16", "O", "U3", "M8[s]", "V4"):
        wrong = np.zeros((4, 4), dtype)
        yield Refusal(dtype, Call((wrong, template)), both, "image|complex|convert")
        yield Refusal(f"template {dtype}", Call((image, wrong)), both, "convert")
    dimensions = "^The parameter `image` must be a 2-or-3-dimensional array$"
    for shape in ((), (4,), (4, 4, 4, 4)):
        wrong = Call((np.zeros(shape), template))
        yield Refusal(f"{len(shape)}-D", wrong, ValueError, dimensions)
    empty = "^The parameter `image` cannot be an empty array$"
    yield Refusal("empty", Call((np.zeros((0, 4)), template)), ValueError, empty)
    for shape in ((7, 3), (3, 8), (9, 9)):
        wrong = Call((image, np.ones(shape)))
        smaller = "^Image must be larger than template.$"
        yield Refusal(f"larger {shape}", wrong, ValueError, smaller)
    for shape in ((3,), (), (0, 3), (3, 0)):
        wrong = Call((image, np.ones(shape)))
        yield Refusal(f"template {shape}", wrong, ValueError, "`template`")
    wrong = Call((image, np.ones((2, 2, 2))))
    yield Refusal("3-D in 2-D", wrong, ValueError, "^Dimensionality of template")
    wrong = Call((np.ones((5, 5, 5)), template))
    yield Refusal("2-D in 3-D", wrong, ValueError, "`template` must have as many")
    for pad_input in (False, True):
        for mode in ("mirror", "x", None, 3):
            wrong = Call((image, template, pad_input, mode))
            yield Refusal(f"mode={mode} {pad_input}", wrong, both, "mode|callable")
        for value in ("a", (1, 2, 3)):
            wrong = Call((image, template, pad_input), {"constant_values": value})
            yield Refusal(f"constant={value} {pad_input}", wrong, both, ".")
    masked = np.ma.masked_array(template, template > 0)
    yield Refusal("masked template", Call((image, masked)), TypeError, "mask")


# --------------------------------------------------------------------- benchmark


def volume_of(image):
    """The pixels of a photograph as a cube."""
    side = int(image.size ** (1 / 3) + 1e-9)
    return image.reshape(-1)[: side**3].reshape(side, side, side)


def part_of(side):
    """The template: a square, or cube, out of the middle."""

    def template(image):
        middle = [slice(max(0, n // 2 - side // 2), n // 2 + side // 2 + 1)
                  for n in image.shape]
        return (image[tuple(middle)][(slice(0, side),) * image.ndim].copy(),)

    return template


ROWS = tuple(
    Row(
        n, n, dtype, keywords=keywords, more=part_of(side), words=f"{side} x {side}"
    )
    for n in (512, 2048)
    for dtype, side, keywords in (
        ("u1", 64, {}),
        ("u1", 16, {}),
        ("u1", 64, {"pad_input": True}),
        ("f8", 32, {}),
    )
)
CUBE = Row(512, 512, "f8", prepare=volume_of, more=part_of(16), words="16 x 16 x 16")


CASES = (
    Case(
        "match_template",
        family="template",
        draw=template_call,
        dtypes=DTYPES,
        tolerance=tolerance,
        adapt=where_it_is_right,
        more=(np.arange(12).reshape(3, 4) % 5,),
        refusals=refusals,
        bench=(*ROWS, CUBE),
        random_calls=600,
    ),
)
