# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and timings of the family "tensors"."""

import images
import numpy as np
from cases import MODES, Call, Case, Refusal, Row, draw_mode
from compare import OfAll, OfLargest

DTYPES = (*images.DTYPES[:4], "i1", "i2", "i4", "i8", "u8", "f2", "f4", "f8")
CLOSE = {"f": OfLargest(1e-5), "d": OfLargest(1e-12)}


def draw_volume_shape(rng, ndim):
    most = {3: 18, 4: 8, 5: 5}[ndim]
    return tuple(int(n) for n in rng.integers(1, most, ndim))


def draw_volume(rng, dtypes, shape, layout=None):
    """A picture cut into `shape`: its last axis is the picture's."""
    kind = str(rng.choice(list(images.KINDS), p=images.ODDS))
    dtype = str(rng.choice(dtypes))
    picture = images.KINDS[kind](rng, int(np.prod(shape[:-1])), shape[-1])
    image = images.convert(picture, dtype).reshape(shape)
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    return images.lay_out(image, layout), f"{kind}, {dtype}, {shape}, {layout}"


def draw_any(rng, shape, layout, volumes=0.25):
    """An image, or now and then a volume of 3 to 5 dimensions."""
    if shape is None and rng.random() < volumes:
        ndim = int(rng.choice([3, 3, 4, 5]))
        return draw_volume(rng, DTYPES, draw_volume_shape(rng, ndim), layout)
    return images.draw_image(rng, DTYPES, shape, layout)


def draw_width(rng, ndim=2):
    """A standard deviation of every kind that the reference takes."""
    kind = rng.random()
    if kind < 0.1:
        return rng.choice([0, 1e-20, 1e-3, 0.12, 0.125, 0.3]).item()
    if kind < 0.25:
        widths = rng.choice([0, 0.4, 1, 2.5, 7], ndim).tolist()
        return tuple(widths) if kind < 0.2 else widths
    if kind < 0.3:
        kinds = (np.float32, np.float16, np.int64, np.uint8, np.float64)
        return kinds[rng.integers(len(kinds))](rng.choice([1, 1.4, 2, 9]))
    if kind < 0.33:
        return float(rng.choice([20, 60]))
    if kind < 0.6:
        return int(rng.integers(1, 5))
    return float(rng.uniform(0.3, 6 if kind > 0.9 else 3))


def draw_borders(rng, ndim):
    keywords = {}
    if rng.random() < 0.6:
        keywords["mode"] = draw_mode(rng)
        if not isinstance(keywords["mode"], str):
            keywords["mode"] = tuple(str(m) for m in rng.choice(MODES, ndim))
    if rng.random() < 0.2:
        keywords["cval"] = rng.choice([0.5, 1, -1.0, 100.0, 1e-3, np.nan, np.inf])
    return keywords


def finished(rng, image, keywords, note):
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    if "sigma" in keywords and rng.random() < 0.2:
        return Call((image, keywords.pop("sigma")), keywords, note)
    return Call((image,), keywords, note)


def filter_keywords(rng, ndim):
    keywords = draw_borders(rng, ndim)
    if rng.random() < 0.7:
        keywords["sigma"] = draw_width(rng, ndim)
    return keywords


def structure_tensor_call(rng, shape=None, layout=None):
    image, note = draw_any(rng, shape, layout)
    keywords = filter_keywords(rng, image.ndim)
    if rng.random() < 0.3:
        keywords["order"] = "xy" if image.ndim == 2 and rng.random() < 0.7 else "rc"
    return finished(rng, image, keywords, note)


def hessian_matrix_call(rng, shape=None, layout=None):
    image, note = draw_any(rng, shape, layout)
    keywords = filter_keywords(rng, image.ndim)
    if rng.random() < 0.3:
        keywords["order"] = "xy" if image.ndim == 2 and rng.random() < 0.7 else "rc"
    keywords["use_gaussian_derivatives"] = bool(rng.random() < 0.3)
    if rng.random() < 0.1:
        del keywords["use_gaussian_derivatives"]  # a FutureWarning
    elif keywords["use_gaussian_derivatives"] and np.max(keywords.get("sigma", 1)) > 9:
        keywords["sigma"] = 2.0
    return finished(rng, image, keywords, note)


def shape_index_call(rng, shape=None, layout=None):
    image, note = images.draw_image(rng, DTYPES, shape, layout)
    return finished(rng, image, filter_keywords(rng, 2), note)


def is_calm(image):
    """Whether products of its second differences are ordinary numbers."""
    if image.dtype.kind != "f":
        return True
    magnitude = np.abs(images.plain(image)[images.plain(image) != 0].astype(float))
    return bool(np.all((magnitude > 1e-15) & (magnitude < 1e15)))


def hessian_matrix_det_call(rng, shape=None, layout=None):
    image, note = draw_any(rng, shape, layout)
    keywords = {}
    if image.ndim == 2 and (rng.random() < 0.6 or not is_calm(image)):
        if rng.random() < 0.7:
            widths = [0.34, 0.5, 1, 2, 3.7, 4, 8, 30.0, 200, np.float64(2.5)]
            keywords["sigma"] = widths[rng.integers(len(widths))]
        if rng.random() < 0.3:
            keywords["approximate"] = True
    else:
        keywords["approximate"] = False
        if rng.random() < 0.7:
            keywords["sigma"] = draw_width(rng, image.ndim)
    return finished(rng, image, keywords, note)


def det_tolerance(call):
    exact = call.arguments[0].ndim > 2 or call.keywords.get("approximate") is False
    return exact and close_to(call)


def close_to(call):
    return CLOSE["f" if call.arguments[0].dtype.char in "ef" else "d"]


def is_in_floats(image):
    """Whether sums over windows are made in float: in two dimensions."""
    return np.squeeze(image).ndim <= 2 and image.dtype.char in "ef"


def tensor_tolerance(call):
    """Of elements that cancel nothing is left but in units of the others."""
    return OfAll(1e-5) if is_in_floats(call.arguments[0]) else 0.0


def draw_planes(rng, shape=None, layout=None):
    """The upper triangle of matrices, as one array: planes along axis 0."""
    dtype = str(rng.choice(["f4", "f8"]))
    order = 2 if shape or rng.random() < 0.5 else int(rng.choice([3, 3, 3, 4, 5]))
    if order == 2:
        shape = shape or images.draw_shape(rng)
    else:
        shape = draw_volume_shape(rng, order)
    scale = rng.choice([1, 1, 1e-200, 1e-30, 1e30, 255]) if dtype == "f8" else 1
    planes = rng.normal(size=(order * (order + 1) // 2, *shape)) * scale
    kind = rng.choice(["general", "equal", "product", "zero", "rounded"])
    diagonal = [order * p - p * (p - 1) // 2 for p in range(order)]
    if kind == "equal":  # eigenvalues that differ in the last digits, or not at all
        planes *= 10.0 ** -rng.integers(6, 18)
        planes[diagonal] += scale
    elif kind == "product":
        part = iter([(p, q) for p in range(order) for q in range(p, order)])
        vector = rng.normal(size=(order, *shape))
        planes = np.stack([vector[p] * vector[q] for p, q in part])
    elif kind == "zero":
        planes[rng.random(planes.shape) < 0.5] = 0
    elif kind == "rounded":
        planes = np.rint(planes / scale)
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    return images.lay_out(planes.astype(dtype), layout), f"{kind}, {dtype}, {layout}"


def eigenvalues_call(rng, shape=None, layout=None):
    planes, note = draw_planes(rng, shape, layout)
    keywords = {"workers": int(rng.integers(1, 5))} if rng.random() < 0.5 else {}
    return Call((planes,), keywords, note)


def eigenvalues_tolerance(call):
    return len(call.arguments[0]) != 3 and close_to(call)


# ---------------------------------------------------------------------- refusals


def filter_refusals(image, keywords=("sigma", "mode", "cval")):
    """Wrong filters and borders."""

    def wrong(name, value, error, text):
        call = Call((image,), {name: value})
        return Refusal(f"{name}={value!r:.20}", call, error, text)

    both = (TypeError, ValueError)
    if "sigma" in keywords:
        less = "Sigma values less than zero are not valid"
        yield wrong("sigma", -1, ValueError, less)
        yield wrong("sigma", (1, -0.5), ValueError, less)
        for sigma in (np.inf, np.nan, (1,), (1, 2, 3), ()):
            yield wrong("sigma", sigma, ValueError, "(?i)sigma|sequence")
        for sigma in (None, "a", 1j):
            yield wrong("sigma", sigma, both, "sigma")
    if "mode" in keywords:
        for mode in ("x", None, 3, ("nearest",), ("nearest", "x"), b"wrap"):
            yield wrong("mode", mode, both, "mode")
    if "cval" in keywords:
        for cval in (None, "a", 1j, (1, 2)):
            yield wrong("cval", cval, both, "cval")


def type_refusals():
    for dtype in ("c8", "c16", "O", "U3", "S3", "M8[s]", "m8[s]", "V4", "i4,f4"):
        wrong = Call((np.zeros((4, 4), dtype),))
        yield Refusal(dtype, wrong, (TypeError, ValueError), "Cannot convert|Invalid")
    yield Refusal("None", Call((None,)), (TypeError, ValueError), "image|convert")
    yield Refusal("text", Call(("image",)), (TypeError, ValueError), "image|convert")
    yield Refusal("ragged", Call(([[1.0], [2, 3]],)), (TypeError, ValueError), ".")


def structure_tensor_refusals():
    yield from filter_refusals(np.zeros((9, 8)))
    yield from type_refusals()
    for shape in ((), (4,), (1, 5), (2,) * 6):
        text = "2-or-3-or-4-or-5-dimensional"
        yield Refusal(f"{len(shape)}-D", Call((np.zeros(shape),)), ValueError, text)
    empty = "The parameter `image` cannot be an empty array"
    yield Refusal("empty", Call((np.zeros((0, 5)),)), ValueError, empty)
    image, volume = np.zeros((4, 5)), np.zeros((4, 5, 6))
    yield Refusal("order", Call((image,), {"order": "cr"}), ValueError, "order cr is")
    xy = Call((volume,), {"order": "xy"})
    yield Refusal("xy of a volume", xy, ValueError, 'Only "rc" order')


def small_refusals():
    for shape in ((1, 5), (5, 1), (0, 5), (1, 1)):
        text = "too small to calculate"
        yield Refusal(f"{shape}", Call((np.zeros(shape),)), ValueError, text)


def hessian_matrix_refusals():
    def by_differences(refusal):
        keywords = {"use_gaussian_derivatives": False, **refusal.call.keywords}
        call = Call(refusal.call.arguments, keywords)
        return Refusal(refusal.name, call, refusal.error, refusal.text)

    yield from map(by_differences, filter_refusals(np.zeros((9, 8))))
    yield from map(by_differences, type_refusals())
    yield from map(by_differences, small_refusals())
    image, volume = np.zeros((4, 5)), np.zeros((4, 5, 6))
    order = Call((image,), {"order": "cr"})
    yield Refusal("order", order, ValueError, "unrecognized order: cr")
    xy = Call((volume,), {"order": "xy"})
    yield Refusal("xy of a volume", xy, ValueError, "only supported for 2D")
    for ndim in (0, 1, 9):
        call = Call((np.zeros((2,) * ndim),), {"use_gaussian_derivatives": False})
        yield Refusal(f"{ndim}-D", call, (ValueError, TypeError), "dimensions")


def shape_index_refusals():
    yield from filter_refusals(np.zeros((9, 8)))
    yield from type_refusals()
    yield from small_refusals()
    for shape in ((), (4,), (4, 5, 6)):
        call = Call((np.zeros(shape),))
        yield Refusal(f"{len(shape)}-D", call, (ValueError, TypeError), "2-dimensional")


def hessian_matrix_det_refusals():
    yield from type_refusals()
    image = np.zeros((9, 8))
    for sigma in (0, 0.33, -1, 2.0**63, np.inf, np.nan):
        yield Refusal(f"sigma {sigma}", Call((image, sigma)), ValueError, "sigma")
    for sigma in (None, "a", 1j, (1, 2)):
        wrong = Call((image, sigma))
        yield Refusal(f"sigma {sigma}", wrong, (TypeError, ValueError), "sigma")
    exact = Call((image, -1, False))
    yield Refusal("exact", exact, ValueError, "Sigma values less than zero")


def eigenvalues_refusals():
    plane = np.zeros((4, 5))
    both = (TypeError, ValueError)
    yield Refusal("none", Call(([],)), ValueError, "empty")
    yield Refusal("two", Call(([plane] * 2,)), ValueError, "2 arrays")
    other = [plane, np.zeros((3, 5)), plane]
    yield Refusal("shapes", Call((other,)), ValueError, "shape")
    yield Refusal("integers", Call(([plane.astype(int)] * 3,)), both, "float64")
    yield Refusal("complex", Call(([plane.astype(complex)] * 3,)), both, "float64")
    yield Refusal("None", Call((None,)), both, ".")
    yield Refusal("a number", Call((3.0,)), both, ".")
    yield Refusal("text", Call(("abc",)), both, ".")
    masked = [np.ma.zeros((4, 5))] * 3
    yield Refusal("masked", Call((masked,)), TypeError, "mask")


# -------------------------------------------------------------------- benchmarks


def cube(image):
    """The pixels as a volume of 64 planes of 64 by 64."""
    return np.resize(image, (64, 64, 64))


def planes_of(image):
    from skimage.feature import structure_tensor

    return np.stack(structure_tensor(image))


def planes_of_cube(image):
    return planes_of(cube(image))


SIZES = ((512, 512), (2048, 2048))
DIFFERENCES = {"use_gaussian_derivatives": False}
DERIVATIVES = {"use_gaussian_derivatives": True, "sigma": 2}


def rows(*dtypes, of=None, **keywords):
    return tuple(
        Row(*size, dtype, keywords=keywords, of=of)
        for size in SIZES
        for dtype in dtypes
    )


VOLUME = {"rows": 4096, "cols": 64, "dtype": "f8"}
CASES = (
    Case(
        "structure_tensor",
        family="tensors",
        draw=structure_tensor_call,
        dtypes=DTYPES,
        tolerance=tensor_tolerance,
        refusals=structure_tensor_refusals,
        bench=(*rows("f8", "u1", "f4"), Row(**VOLUME, of=cube)),
        random_calls=1000,
    ),
    Case(
        "structure_tensor_eigenvalues",
        family="tensors",
        draw=eigenvalues_call,
        dtypes=("f4", "f8"),
        tolerance=eigenvalues_tolerance,
        refusals=eigenvalues_refusals,
        bench=(*rows("f8", "f4", of=planes_of), Row(**VOLUME, of=planes_of_cube)),
        random_calls=500,
    ),
    Case(
        "hessian_matrix",
        family="tensors",
        draw=hessian_matrix_call,
        dtypes=DTYPES,
        refusals=hessian_matrix_refusals,
        bench=(
            *rows("f8", "u1", "f4", **DIFFERENCES),
            *rows("f8", **DERIVATIVES),
            Row(**VOLUME, of=cube, keywords=DIFFERENCES),
        ),
        random_calls=1000,
    ),
    Case(
        "hessian_matrix_eigvals",
        family="tensors",
        draw=eigenvalues_call,
        dtypes=("f4", "f8"),
        tolerance=eigenvalues_tolerance,
        refusals=eigenvalues_refusals,
        bench=(Row(**VOLUME, of=planes_of_cube), Row(512, 512, "f8", of=planes_of)),
        random_calls=500,
    ),
    Case(
        "hessian_matrix_det",
        family="tensors",
        draw=hessian_matrix_det_call,
        dtypes=DTYPES,
        out="f8",
        tolerance=det_tolerance,
        refusals=hessian_matrix_det_refusals,
        bench=(
            *rows("f8", "u1", sigma=4),
            *rows("f8", sigma=4, approximate=False),
            Row(**VOLUME, of=cube),
        ),
        random_calls=500,
    ),
    Case(
        "shape_index",
        family="tensors",
        draw=shape_index_call,
        dtypes=DTYPES,
        out="f8",
        tolerance=close_to,
        refusals=shape_index_refusals,
        bench=rows("f8", "u1", "f4"),
        random_calls=500,
    ),
)
