# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of textures."""

import images
import numpy as np
from cases import Call, Case, Refusal, Row

REAL = (*images.DTYPES[:-1], "u8", "i8", "f8")
INTEGERS = ("?", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "u1")
BOTH = (TypeError, ValueError)


def with_workers(rng, keywords):
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return keywords


def draw_shape(rng):
    return tuple(max(1, n) for n in images.draw_shape(rng))


def any_layout(rng, layout):
    return layout or str(rng.choice(list(images.LAYOUTS)))


def image_refusals(name, more=()):
    yield Refusal("1-D", Call((np.zeros(4, "u1"), *more)), ValueError, "2-?dimension")
    wrong = Call((np.zeros((4, 5, 2), "u1"), *more))
    yield Refusal("3-D", wrong, ValueError, "2-?dimension")
    for dtype in ("c8", "c16", "O", "U3", "M8[s]"):
        wrong = Call((np.zeros((9, 9), dtype), *more))
        yield Refusal(dtype, wrong, BOTH, name)
    yield Refusal("None", Call((None, *more)), BOTH, ".")


# ------------------------------------------------------------------- graycomatrix

ANGLES = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]


def draw_levels(rng, shape, layout, many=True):
    """A picture of a few or of many grey levels, their number, and words."""
    shape = draw_shape(rng) if shape is None else shape
    dtype = str(rng.choice(INTEGERS))
    levels = int(rng.choice([1, 2, 3, 8, 17, 32, 64, 127, 200, 256, 600]))
    levels = min(levels, 2 if dtype == "?" else 127 if dtype == "i1" else levels)
    if dtype == "u1" or not many:
        levels = min(levels, 256)
    kind = str(rng.choice(list(images.KINDS), p=images.ODDS))
    picture = np.clip(images.KINDS[kind](rng, *shape), 0, 1)
    image = np.rint(picture * (levels - 1)).astype(dtype)
    layout = any_layout(rng, layout)
    words = f"{kind}, {levels} levels, {dtype}, {shape}, {layout}"
    return images.lay_out(image, layout), levels, words


def draw_offsets(rng, most):
    count, turns = rng.integers(1, most, 2)
    distances = rng.choice([0, 1, 1, 2, 3, 3.3, 5, 0.5, -2, 17, 400, 1e10], count)
    angles = rng.choice([*np.arange(-8, 9) * np.pi / 4, np.pi / 6, 1, 2.5], turns)
    if rng.random() < 0.5:
        return distances.tolist(), angles.tolist()
    return distances, angles


def graycomatrix_call(rng, shape=None, layout=None):
    image, levels, note = draw_levels(rng, shape, layout, many=rng.random() < 0.3)
    distances, angles = draw_offsets(rng, 2 if levels > 256 else 4)
    keywords = {"levels": levels}
    if image.dtype.itemsize == 1 and image.dtype != bool and rng.random() < 0.2:
        keywords = {}
    for name in ("symmetric", "normed"):
        if rng.random() < 0.5:
            keywords[name] = bool(rng.integers(2))
    return Call((image, distances, angles), with_workers(rng, keywords), note)


def graycomatrix_refusals():
    image = np.arange(20, dtype=np.uint8).reshape(4, 5)
    yield from image_refusals("image", ([1], [0], 4))
    empty = "The parameter `image` cannot be an empty array"
    yield Refusal("empty", Call((image[:0], [1], [0])), ValueError, empty)
    for dtype in ("f2", "f4", "f8", "g"):
        wrong = Call((image.astype(dtype), [1], [0], 20))
        yield Refusal(dtype, wrong, ValueError, "^Float images are not supported")
    for dtype in ("u2", "i4", "i8", "?"):
        wrong = Call((image.astype(dtype), [1], [0]))
        yield Refusal(f"levels of {dtype}", wrong, ValueError, "levels argument is req")
    for dtype in ("i1", "i2", "i8"):
        wrong = Call((-image.astype(dtype), [1], [0], 256))
        yield Refusal(f"negative {dtype}", wrong, ValueError, "^Negative-valued")
    for levels in (19, 0, -1):
        for dtype in ("u1", "i8", "u8"):
            wrong = Call((image.astype(dtype), [1], [0], levels))
            yield Refusal(f"{levels} {dtype}", wrong, ValueError, "^The maximum grays")
    for levels in (20.5, "20"):
        yield Refusal(
            f"{levels!r}", Call((image, [1], [0], levels)), TypeError, "level"
        )
    for name, at in (("distances", 1), ("angles", 2)):

        def wrong(values):
            arguments = [image, [1], [0.0]]
            arguments[at] = values
            return Call(tuple(arguments))

        for values in (1, [[1, 2]]):
            text = f"The parameter `{name}` must be a 1-dimensional array"
            yield Refusal(f"{name} {values}", wrong(values), ValueError, text)
        text = f"The parameter `{name}` cannot be an empty array"
        yield Refusal(f"no {name}", wrong([]), ValueError, text)
        for values in (["a"], [1j], [None]):
            yield Refusal(f"{name} {values}", wrong(values), BOTH, ".")


# --------------------------------------------------------------------- graycoprops

PROPERTIES = (
    "contrast dissimilarity homogeneity ASM energy correlation mean variance std"
    " entropy"
).split()


def graycoprops_call(rng, shape=None, layout=None):
    """Matrices of pictures, and of noise; in a third of them most is 0."""
    levels = int(rng.choice([1, 2, 3, 8, 17, 32])) if shape is None else 130
    planes = tuple(int(n) for n in rng.integers(1, 4, 2))
    dtype = str(rng.choice(["u4", "f8", "f4", "u1", "i8", "?", "f2"]))
    P = rng.random((levels, levels, *planes)) * 20
    P *= rng.random(P.shape) < rng.choice([0.1, 0.5, 1.0])
    if rng.random() < 0.05:
        P[...] = 0
    if dtype in ("f4", "f8"):
        P /= rng.choice([1, max(1, P.sum()), 1e-10, 1e10])
    if dtype == "f8" and rng.random() < 0.2:
        P *= rng.choice([1e-318, 1e-170, 1e150, 1e290])
    if dtype in ("f4", "f8", "i8") and rng.random() < 0.1:
        P = -P
    P = images.lay_out(P.astype(dtype), any_layout(rng, layout))
    arguments = (P, str(rng.choice(PROPERTIES))) if rng.random() < 0.9 else (P,)
    if rng.random() < 0.1:
        some = rng.permutation(PROPERTIES)[: rng.integers(1, len(PROPERTIES) + 1)]
        arguments = P, some.tolist()
    return Call(arguments, with_workers(rng, {}), f"{dtype}, {P.shape}")


def one_value_correlates(theirs):
    """1 where i or j has one value: the reference means to, but tests a rounded
    deviation for 0."""

    def correlation(P, prop="contrast"):
        if not isinstance(prop, (str, type(None))):
            return {name: correlation(P, name) for name in prop}
        result = theirs(P, prop)
        if prop == "correlation":
            rows, columns = (P != 0).any(axis=1), (P != 0).any(axis=0)
            one = (rows.sum(axis=0) < 2) | (columns.sum(axis=0) < 2)
            result[one] = 1
        return result

    return correlation


def graycoprops_refusals():
    P = np.ones((3, 3, 1, 2))
    for shape in ((3, 3), (3, 3, 1), (3, 3, 1, 1, 1)):
        text = "The parameter `P` must be a 4-dimensional array"
        yield Refusal(f"{shape}", Call((np.ones(shape),)), ValueError, text)
    empty = "The parameter `P` cannot be an empty array"
    for shape in ((0, 0, 1, 1), (3, 3, 0, 1), (3, 3, 1, 0)):
        yield Refusal(f"{shape}", Call((np.ones(shape),)), ValueError, empty)
    square = "num_level and num_level2 must be equal."
    yield Refusal("oblong", Call((P[:2],)), ValueError, square)
    for prop in ("x", "asm", None, "", 3):
        wrong = Call((P, prop))
        yield Refusal(
            f"{prop!r}", wrong, ValueError, f"^{prop} is an invalid property$"
        )
    for dtype in ("c16", "O", "U3"):
        yield Refusal(dtype, Call((P.astype(dtype),)), TypeError, "`P`")


def matrices_of(image):
    """256 levels, two distances, four angles."""
    from skimage.feature import graycomatrix

    return graycomatrix(image, [1, 2], ANGLES)


def matrix_of_window(image):
    """32 levels, one distance, four angles."""
    from skimage.feature import graycomatrix

    return graycomatrix(image // 8, [1], ANGLES, 32)


# ------------------------------------------------------------ local_binary_pattern

METHODS = ("default", "ror", "uniform", "nri_uniform", "var")


def local_binary_pattern_call(rng, shape=None, layout=None):
    shape = draw_shape(rng) if shape is None else shape
    image, note = images.draw_image(rng, REAL, shape, layout)
    most = 3e6 if image.size < 1e5 else 1e7
    count = int(rng.choice([8, 8, 8, 1, 2, 3, 4, 7, 12, 16, 24, 31]))
    count = min(count, max(1, int(most / image.size)))
    radius = float(rng.choice([1, 1, 1, 2, 3, 1.5, 0.4, 0, 5, 7.3, 20, 500, -1, 1e9]))
    method = str(rng.choice(METHODS))
    keywords = {"method": method.upper()} if rng.random() < 0.5 else {}
    more = () if keywords else (method,)
    if rng.random() < 0.3 and method != "var":
        keywords["dtype"] = draw_code_type(rng, method, count)
    return Call((image, count, radius, *more), with_workers(rng, keywords), note)


def draw_code_type(rng, method, count):
    """An integer type in which the codes have room."""
    short = {"uniform": count + 1, "nri_uniform": count * (count - 1) + 2}
    largest = short.get(method, 2**count - 1)
    types = (np.uint8, np.uint16, np.uint32, np.uint64)
    return rng.choice([t for t in types if np.iinfo(t).max >= largest])


def as_integers(theirs):
    """The reference with our `dtype`."""

    def patterns(*arguments, dtype=None, **keywords):
        codes = theirs(*arguments, **keywords)
        return codes if dtype is None else codes.astype(dtype)

    return patterns


def local_binary_pattern_refusals():
    yield from image_refusals("image", (8, 1))
    empty = "The parameter `image` cannot be an empty array"
    yield Refusal("empty", Call((np.zeros((0, 4)), 8, 1)), ValueError, empty)
    image = np.zeros((5, 6), np.uint8)

    def wrong(error, text, *more, **keywords):
        name = f"{more}, {keywords}"
        return Refusal(name, Call((image, *more), keywords), error, text)

    yield wrong(ValueError, "`P`", 0, 1)
    yield wrong(ValueError, "`P`", -1, 1)
    yield wrong(ValueError, "`P`", 2**40, 1)
    for count in ("8", None, 1j, np.nan):
        yield wrong(BOTH, "`P`", count, 1)
    for radius in ("1", None, 1j):
        yield wrong(TypeError, "`R`", 8, radius)
    for radius in (np.inf, np.nan):
        yield wrong(ValueError, "`R`", 8, radius)
    for method in ("x", None, 3, ""):
        yield wrong(ValueError, "`method`", 8, 1, method)
    for dtype in (np.float32, np.int32, bool, "c16"):
        yield wrong(BOTH, "`dtype`", 8, 1, dtype=dtype)
    yield wrong(ValueError, "var", 8, 1, "var", dtype=np.uint8)
    yield wrong(ValueError, "bits", 9, 1, dtype=np.uint8)
    yield wrong(ValueError, "bits", 17, 1, "nri_uniform", dtype=np.uint8)
    yield wrong(ValueError, "bits", 54, 1)
    yield wrong(ValueError, "bits", 65, 1, "ror", dtype=np.uint64)


# ------------------------------------------------------------------- blocks


def multiblock_lbp_call(rng, shape=None, layout=None):
    shape = tuple(max(3, n) for n in shape or images.draw_shape(rng))
    dtype = str(rng.choice(REAL))
    picture = images.KINDS[str(rng.choice(list(images.KINDS)))](rng, *shape)
    sums = np.rint(picture * 255).cumsum(axis=0).cumsum(axis=1)
    limit = {"?": 1, "f2": 2000}.get(dtype) or (
        1e300 if dtype[0] == "f" else np.iinfo(dtype).max
    )
    sums = np.minimum(sums * rng.choice([1, 0.1, 1e6]), float(limit) * 0.99)
    image = images.lay_out(sums.astype(dtype), any_layout(rng, layout))
    height, width = (int(rng.integers(1, n // 3 + 1)) for n in shape)
    row = int(rng.integers(0, shape[0] - 3 * height + 1))
    column = int(rng.integers(0, shape[1] - 3 * width + 1))
    keywords = with_workers(rng, {})
    return Call((image, row, column, width, height), keywords, f"{dtype}, {shape}")


def multiblock_lbp_refusals():
    yield from image_refusals("int_image", (0, 0, 1, 1))
    image = np.zeros((9, 12))
    for window in ((0.0, 0, 1, 1), (0, "0", 1, 1), (0, 0, None, 1), (0, 0, 1, 1.5)):
        yield Refusal(f"{window}", Call((image, *window)), TypeError, "`")


def draw_multiblock_lbp_call(rng, shape=None, layout=None):
    shape = draw_shape(rng) if shape is None else shape
    if rng.random() < 0.5:
        image, note = images.draw_image(rng, REAL, shape, layout)
    else:
        dtype = str(rng.choice(REAL))
        image = images.convert(rng.random((*shape, 3)), dtype)
        layout, note = any_layout(rng, layout), f"colours, {dtype}"
        image = images.lay_out(image, layout)
    row, column = (int(rng.integers(-3, n)) for n in shape)
    width, height = (int(n) for n in rng.integers(0, 9, 2))
    keywords = {"lbp_code": int(rng.integers(0, 256))} if rng.random() < 0.8 else {}
    if rng.random() < 0.3:
        keywords["alpha"] = float(rng.choice([0, 0.25, 1]))
    if rng.random() < 0.3:
        keywords["color_greater_block"] = tuple(map(float, rng.random(3)))
    if rng.random() < 0.3:
        keywords["color_less_block"] = rng.random(3).tolist()
    arguments = (image, row, column, width, height)
    return Call(arguments, with_workers(rng, keywords), note)


def draw_multiblock_lbp_refusals():
    window = (0, 0, 1, 1)
    for shape in ((), (4,), (4, 4, 4), (4, 4, 2), (4, 4, 3, 1)):
        yield Refusal(
            f"{shape}", Call((np.zeros(shape), *window)), ValueError, "`image`"
        )
    for dtype in ("c8", "O", "U3"):
        yield Refusal(dtype, Call((np.zeros((9, 9), dtype), *window)), BOTH, "onvert")
    image = np.zeros((9, 9))
    for wrong in ((0.5, 0, 1, 1), (0, None, 1, 1), (0, 0, "1", 1), (0, 0, 1, 1, 2.5)):
        yield Refusal(f"{wrong}", Call((image, *wrong)), TypeError, "`")
    for name, value in (
        ("color_greater_block", (1, 2)),
        ("color_less_block", "red"),
        ("alpha", "a"),
    ):
        yield Refusal(name, Call((image, *window), {name: value}), BOTH, name)


# --------------------------------------------------------------------- benchmark

SIZES = ((512, 512), (2048, 2048))


def quarter(image):
    return image // 4


def integral_of(image):
    return image.astype(np.float64).cumsum(axis=0).cumsum(axis=1)


def pattern_rows(count, radius, *methods, **keywords):
    return tuple(
        Row(
            *size,
            more=lambda image: (count, radius),
            keywords={"method": method, **keywords},
            words=f"P {count}, R {radius}",
        )
        for size in SIZES
        for method in methods
    )


def offsets(distances, angles, *levels):
    return lambda image: (distances, angles, *levels)


EIGHT = [k * np.pi / 8 for k in range(8)]
FOUR = "1 distance, 4 angles"
BOTH_WAYS = {"symmetric": True, "normed": True}


def eighth(image):
    return image // 8


MATRIX_ROWS = tuple(
    row
    for size in SIZES
    for row in (
        Row(*size, more=offsets([1], ANGLES), words=FOUR),
        Row(
            *size, of=quarter, more=offsets([1], ANGLES, 64), words=f"{FOUR}, 64 levels"
        ),
        Row(*size, more=offsets([1], ANGLES), keywords=BOTH_WAYS, words=FOUR),
        Row(
            *size,
            more=offsets([1, 2, 3, 4, 5], EIGHT),
            keywords={"levels": 256},
            words="5 distances, 8 angles",
        ),
    )
)
WINDOW_ROWS = tuple(
    Row(
        11,
        11,
        of=eighth,
        more=offsets([1], ANGLES, 32),
        keywords=keywords,
        words=f"{FOUR}, 32 levels",
    )
    for keywords in ({}, BOTH_WAYS)
)


def small_matrix(image):
    """Frequencies made of the values of a small image."""
    return np.abs(image[:16, :16, None, None])


CASES = (
    Case(
        "graycomatrix",
        family="texture",
        draw=graycomatrix_call,
        dtypes=INTEGERS,
        more=([1], [0.0, 1.0]),
        refusals=graycomatrix_refusals,
        bench=(*MATRIX_ROWS, *WINDOW_ROWS),
        random_calls=1000,
    ),
    Case(
        "graycoprops",
        family="texture",
        draw=graycoprops_call,
        dtypes=("u4", "f4", "u1", "i8", "?", "f2", "f8"),
        tolerance=1e-12,
        adapt=one_value_correlates,
        small=small_matrix,
        refusals=graycoprops_refusals,
        bench=(
            *(
                Row(512, 512, of=matrices_of, keywords={"prop": prop})
                for prop in (*PROPERTIES, list(PROPERTIES))
            ),
            Row(11, 11, of=matrix_of_window, keywords={"prop": "contrast"}),
        ),
        random_calls=1000,
    ),
    Case(
        "local_binary_pattern",
        family="texture",
        draw=local_binary_pattern_call,
        dtypes=REAL,
        more=(8, 1.0),
        refusals=local_binary_pattern_refusals,
        adapt=as_integers,
        bench=(
            *pattern_rows(8, 1, *METHODS),
            *pattern_rows(8, 1, *METHODS[:4], dtype=np.uint8),
            *pattern_rows(24, 3, "uniform", "ror"),
        ),
        random_calls=1000,
    ),
    Case(
        "multiblock_lbp",
        family="texture",
        draw=multiblock_lbp_call,
        dtypes=REAL,
        more=(1, 2, 3, 4),
        refusals=multiblock_lbp_refusals,
        bench=tuple(
            Row(*size, of=integral_of, more=lambda image: (10, 12, 20, 10))
            for size in SIZES
        ),
        random_calls=1000,
    ),
    Case(
        "draw_multiblock_lbp",
        family="texture",
        draw=draw_multiblock_lbp_call,
        dtypes=REAL,
        more=(1, 2, 3, 4),
        refusals=draw_multiblock_lbp_refusals,
        bench=tuple(Row(*size, more=lambda image: (10, 12, 20, 10)) for size in SIZES),
        random_calls=500,
    ),
)
