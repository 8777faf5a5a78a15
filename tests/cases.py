# SPDX-License-Identifier: BSD-3-Clause
"""THE LIST: one Case for each public function.

A Case says how to draw a random call, what the right answer is, which calls are
refused and what to time. Parity, invariance, errors, threads and the benchmark
follow from it: a new function of the library adds one Case here and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import images
import numpy as np


@dataclass
class Call:
    """One call; `note` says in words how its arrays were made."""

    arguments: tuple
    keywords: dict = field(default_factory=dict)
    note: str = ""

    def __str__(self):
        with np.printoptions(threshold=60, edgeitems=2, linewidth=88):
            keywords = [f"{key}={value!r}" for key, value in self.keywords.items()]
            return f"({', '.join([*map(repr, self.arguments), *keywords])})"

    def mapped(self, change, skip=()):
        """The same call with `change` applied to every array in it."""
        arguments = tuple(apply(change, value) for value in self.arguments)
        keywords = {
            key: apply(change, value)
            for key, value in self.keywords.items()
            if key not in skip
        }
        return Call(arguments, keywords, self.note)

    def arrays(self):
        values = [*self.arguments, *self.keywords.values()]
        return [value for value in values if is_array(value)]


def is_array(value):
    """A picture or a mask; a pair of numbers may come as an array too."""
    return isinstance(value, np.ndarray) and value.ndim > 1


def apply(change, value):
    return change(value) if is_array(value) else value


@dataclass(frozen=True)
class Refusal:
    """A call that must raise `error` with a text matching `text`."""

    name: str
    call: Call
    error: type | tuple
    text: str


@dataclass(frozen=True)
class Row:
    """One line of the benchmark: a picture, its type and the parameters."""

    rows: int
    cols: int
    dtype: str = "u1"
    picture: str = "camera"
    keywords: dict = field(default_factory=dict)
    mask: bool = False
    of: Callable | None = None  # what the first argument is made of the picture by
    prepare: Callable | None = None  # image -> what is really passed
    more: Callable | None = None  # image -> the arguments behind it
    words: str = ""  # what these are, where the label would not tell


@dataclass(frozen=True)
class Case:
    name: str
    family: str
    draw: Callable  # (rng, shape=None, layout=None) -> Call
    dtypes: tuple
    out: str | None = None  # dtype of out=, whose shape is the first argument's
    formula: Callable | None = None  # the right answer where skimage has no such name
    # 0: every element equal, NaN equal to NaN; a function of the call, or a number
    tolerance: float | Callable = 0.0
    adapt: Callable | None = None  # skimage's function -> what it should have been
    agreement: str = ""  # what README's table says, where `adapt` asks for other words
    use: Callable | None = None  # of a class, ours or skimage's -> a function
    takes_image: bool = True  # else the first argument stands for something else
    small: Callable | None = None  # what becomes of a small image, where it must
    more: tuple = ()  # arguments behind a small image, where they are needed
    refusals: Callable = tuple  # () -> Refusals
    bench: tuple = ()
    random_calls: int = 3000

    def reference(self):
        """The function that gives the right answer."""
        import skimage.feature

        theirs = self.formula or getattr(skimage.feature, self.name)
        theirs = self.use(theirs) if self.use else theirs
        return self.adapt(theirs) if self.adapt else theirs

    def ours(self):
        import feature

        ours = getattr(feature, self.name)
        return self.use(ours) if self.use else ours

    def tolerance_of(self, call):
        return self.tolerance(call) if callable(self.tolerance) else self.tolerance

    def on(self, image, **keywords):
        """Our result for a small image."""
        return self.ours()(image, *self.more, **keywords)

    def call(self, index, **how):
        """The random call number `index` of this run's seed."""
        return self.draw(images.generator(self.name, index), **how)


# -------------------------------------------------------- synthesize_matrix


def synthesize_formula(mat_in, row=None, col=None):
    rows, cols = mat_in.shape
    mid = rows * cols // 2
    value = np.float32(1.5) * (mat_in.astype(np.int64) - mid).astype(np.float32)
    quarter = np.float32(0.25)
    return np.where(value < 0, value + quarter, value - quarter)


def synthesize_call(rng, shape=None, layout=None):
    image, note = images.draw_image(rng, ("u1",), shape, layout)
    keywords = {}
    if rng.random() < 0.3:
        keywords = {"row": image.shape[0], "col": image.shape[1]}
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return Call((image,), keywords, note)


def synthesize_refusals():
    matrix = np.zeros((4, 5), np.uint8)
    agree = r"(?s)(?=.*{})(?=.*{})"
    yield Refusal("row", Call((matrix, 5)), ValueError, agree.format("row", 5))
    yield Refusal("col", Call((matrix, 4, 4)), ValueError, agree.format("col", 4))
    yield Refusal("row text", Call((matrix, "4")), (TypeError, ValueError), "row")
    yield Refusal("row -1", Call((matrix, -1)), ValueError, "row")
    for dtype in ("i1", "u2", "f4", "?", "c8", "O", "U1", "M8[s]"):
        wrong = Call((np.zeros((4, 5), dtype),))
        yield Refusal(dtype, wrong, TypeError, f"uint8.*{np.dtype(dtype)!s:.4}")
    for shape in ((), (4,), (4, 5, 1)):
        wrong = Call((np.zeros(shape, np.uint8),))
        yield Refusal(f"{len(shape)}-D", wrong, ValueError, "2.?(D|-?dimensional)")
    yield Refusal("None", Call((None,)), TypeError, "mat_in")
    yield Refusal("ragged", Call(([[1], [2, 3]],)), (TypeError, ValueError), ".")


# -------------------------------------------------------------------- canny

MODES = ("constant", "nearest", "reflect", "mirror", "wrap")
ALIASES = ("grid-constant", "grid-mirror", "grid-wrap")


def draw_mask(rng, shape):
    """Where the image counts: every shape and type that the reference takes."""
    kind = rng.choice(["noise", "blobs", "all", "none"], p=[0.3, 0.55, 0.1, 0.05])
    if kind in ("all", "none"):
        mask = np.full(shape, kind == "all")
    else:
        mask = images.KINDS[kind](rng, *shape) > rng.choice([0.05, 0.3, 0.6])
    dtype = rng.choice(["?", "?", "u1", "i4", "f4", "f8"])
    mask = mask.astype(dtype) * (1 if dtype == "?" else rng.integers(1, 5))
    layout = str(rng.choice(list(images.LAYOUTS)[:9]))
    return images.lay_out(mask.astype(dtype), layout)


def draw_sigma(rng):
    kind = rng.random()
    if kind > 0.95:
        kinds = (np.float32, np.float16, np.int64, np.uint8, np.array, np.float64)
        return kinds[rng.integers(len(kinds))](rng.choice([1, 1.4, 2, 17]))
    if kind > 0.93:
        return rng.choice([0.7, 1, 3], 2).astype(rng.choice(["f4", "f8", "i4"]))
    if kind < 0.1:
        return rng.choice([0, 1e-20, 1e-3, 0.12, 0.125, 0.3])
    if kind < 0.25:
        pair = [float(value) for value in rng.choice([0, 0.4, 1, 2.5, 7], 2)]
        return tuple(pair) if kind < 0.2 else pair
    if kind < 0.3:
        return float(rng.choice([20, 60, 150]))
    if kind < 0.6:
        return int(rng.integers(1, 5))
    return float(rng.uniform(0.3, 8 if kind > 0.85 else 3))


def draw_mode(rng):
    if rng.random() < 0.12:
        return tuple(str(mode) for mode in rng.choice(MODES, 2))
    return str(rng.choice(MODES + (ALIASES if rng.random() < 0.1 else ())))


def dtype_max(image):
    return 1 if image.dtype.kind in "bf" else np.iinfo(image.dtype).max


def wrap_scalar(rng, value):
    """`value` as one of the scalar types that people pass."""
    kind = rng.random()
    if kind < 0.1:
        return np.float32(value)
    if kind < 0.2:
        return np.float64(value)
    if kind < 0.3 and -(2**31) < value < 2**31:
        return int(value) if kind < 0.25 else np.int64(value)
    return float(value)


def exact_magnitude(rng, image, keywords):
    """The gradient magnitude of one pixel: a threshold that some pixel equals."""
    from scipy import ndimage
    from skimage.feature import _canny

    how = {"sigma": keywords.get("sigma", 1.0), "cval": keywords.get("cval", 0.0)}
    how["mode"] = keywords.get("mode", "constant")
    with np.errstate(all="ignore"):
        smooth, _ = _canny._preprocess(images.plain(image), None, **how)
        down = ndimage.sobel(smooth, axis=0)
        right = ndimage.sobel(smooth, axis=1)
        square = down * down
        square += right * right
    return np.sqrt(square.flat[rng.integers(square.size)])


def draw_thresholds(rng, image, keywords):
    """Two thresholds, or one, most often in order and of a useful size."""
    top = dtype_max(image)
    pair = np.sort(np.exp(rng.uniform(-6, 1, 2)) * top)
    if rng.random() < 0.25:
        pair = rng.choice([0, 0.0, 0.1 * top, 0.2 * top, -1.0, top, np.nan], 2)
        pair = pair if rng.random() < 0.1 else np.sort(pair)
    elif rng.random() < 0.25 and image.size:
        pair[0] = exact_magnitude(rng, image, keywords) * top
        pair[1] = max(pair) if rng.random() < 0.5 else pair[0]
    pair = [wrap_scalar(rng, value) if value == value else value for value in pair]
    if rng.random() < 0.1:
        pair[1] = pair[0]
    return pair


def draw_quantiles(rng):
    pair = np.sort(rng.choice([0, 0.0, 0.05, 0.5, 0.77, 0.9, 0.99, 1.0, 1], 2))
    if rng.random() < 0.05:
        pair[rng.integers(2)] = rng.choice([-0.1, 1.5, np.nan])
    return [wrap_scalar(rng, value) if value % 1 else value for value in pair]


def canny_keywords(rng, image):
    keywords = {}
    if rng.random() < 0.7:
        keywords["sigma"] = draw_sigma(rng)
    if rng.random() < 0.6:
        keywords["mode"] = draw_mode(rng)
    if rng.random() < 0.2:
        keywords["cval"] = rng.choice([0.5, 1, -1.0, 100.0, 1e-3, np.nan, np.inf])
    quantiles = rng.random() < 0.2
    if quantiles:
        keywords["use_quantiles"] = True
    if quantiles or rng.random() < 0.6:
        drawn = draw_quantiles(rng) if quantiles else None
        low, high = drawn or draw_thresholds(rng, image, keywords)
        names = {"low_threshold": low, "high_threshold": high}
        choice = ["", "low_threshold", "high_threshold"]
        left_out = rng.choice(choice, p=[0.8, 0.15, 0.05])
        keywords.update({k: v for k, v in names.items() if k != left_out})
    return keywords


def canny_call(rng, shape=None, layout=None):
    image, note = images.draw_image(rng, images.DTYPES, shape, layout)
    keywords = canny_keywords(rng, image)
    if rng.random() < 0.35:
        grow = (0, int(rng.random() < 0.02))  # rarely a mask of the wrong shape
        keywords["mask"] = draw_mask(rng, tuple(np.add(image.shape, grow)))
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    if "sigma" in keywords and rng.random() < 0.2:
        return Call((image, keywords.pop("sigma")), keywords, note)
    return Call((image,), keywords, note)


def canny_refusals():
    image = np.zeros((9, 8), np.uint8)
    not_2d = "The parameter `image` must be a 2-dimensional array"
    empty = "The parameter `image` cannot be an empty array"
    for shape in ((), (4,), (4, 5, 1)):
        wrong = Call((np.zeros(shape),))
        yield Refusal(f"{len(shape)}-D", wrong, ValueError, not_2d)
    for shape in ((0, 5), (5, 0), (0, 0)):
        wrong = Call((np.zeros(shape),))
        yield Refusal(f"{shape}", wrong, ValueError, empty)
    for dtype in ("i8", "u8"):
        wrong = Call((np.zeros((4, 4), dtype),))
        text = "^64-bit integer images are not supported$"
        yield Refusal(dtype, wrong, ValueError, text)
    for dtype in ("c8", "c16", "O", "U3", "S3", "M8[s]", "m8[s]", "V4", "i4,f4"):
        wrong = Call((np.zeros((4, 4), dtype),))
        yield Refusal(dtype, wrong, (TypeError, ValueError), "`image`.*got")
    yield Refusal("None", Call((None,)), (TypeError, ValueError), "image")
    yield Refusal("text", Call(("image",)), (TypeError, ValueError), "image")
    yield Refusal("ragged", Call(([[1.0], [2, 3]],)), (TypeError, ValueError), ".")
    yield from canny_parameter_refusals(image)


def canny_parameter_refusals(image):
    def wrong(name, value, error, text, **more):
        call = Call((image,), {name: value, **more})
        return Refusal(f"{name}={value!r:.20}", call, error, text)

    less = "Sigma values less than zero are not valid"
    order = "^low_threshold should be lower then high_threshold$"
    range_ = "^Quantile thresholds must be between 0 and 1.$"
    both = (TypeError, ValueError)
    yield wrong("sigma", -1, ValueError, less)
    yield wrong("sigma", (1, -0.5), ValueError, less)
    yield wrong("sigma", np.inf, ValueError, "sigma")
    yield wrong("sigma", np.nan, ValueError, "sigma")  # the reference: no smoothing
    yield wrong("sigma", 1e300, (ValueError, MemoryError), "(?i)sigma|memory|allocate")
    for sigma in ((1,), (1, 2, 3), ()):
        yield wrong("sigma", sigma, ValueError, "sigma|sequence")
    for sigma in (None, "a", 1j):
        yield wrong("sigma", sigma, both, "sigma")
    for mode in ("x", None, 3, ("nearest",), ("nearest", "x"), b"wrap"):
        yield wrong("mode", mode, both, "mode")
    for cval in (None, "a", 1j, (1, 2)):
        yield wrong("cval", cval, both, "cval")
    for low in ("a", np.ones(3), 1j):
        yield wrong("low_threshold", low, both, "low_threshold")
    for high in ("a", np.ones(3), 1j):
        yield wrong("high_threshold", high, both, "high_threshold")
    yield wrong("low_threshold", 60, ValueError, order)
    yield wrong("low_threshold", 3, ValueError, order, high_threshold=2)
    for low in (-0.1, 1.1, np.nan):
        yield wrong("low_threshold", low, ValueError, range_, use_quantiles=True)
    yield wrong("high_threshold", 2, ValueError, range_, use_quantiles=True)
    for shape in ((3, 3), (9, 8, 1), (9,), (8, 9)):
        yield wrong("mask", np.ones(shape, bool), ValueError, "mask")
    yield wrong("mask", np.ma.ones((9, 8)), TypeError, "mask")


SIZES = ((64, 64), (512, 512), (1021, 767), (2048, 2048), (4096, 4096))
QUANTILES = {"use_quantiles": True, "low_threshold": 0.8, "high_threshold": 0.9}
CANNY_ROWS = (
    *(Row(*size, dtype) for size in SIZES for dtype in ("u1", "f8", "f4")),
    *(
        Row(*size, dtype, keywords={"sigma": 2.0})
        for size in SIZES
        for dtype in ("u1", "f8", "f4")
    ),
    *(
        Row(512, 512, "u1", picture)
        for picture in ("coins", "text", "noise", "constant", "checkerboard", "ramp")
    ),
    Row(512, 512, "u1", keywords={"sigma": 8.0}),
    Row(512, 512, "u1", keywords={"mode": "nearest"}),
    Row(512, 512, "u1", keywords=QUANTILES),
    Row(2048, 2048, "f8", keywords=QUANTILES),
    Row(512, 512, "u1", mask=True),
)

# ----------------------------------------------------------------- the list

# These modules use what stands above.
import cases_blobs  # noqa: E402
import cases_censure  # noqa: E402
import cases_corner_points  # noqa: E402
import cases_corners  # noqa: E402
import cases_haar  # noqa: E402
import cases_matching  # noqa: E402
import cases_daisy  # noqa: E402
import cases_hog  # noqa: E402
import cases_multiscale  # noqa: E402
import cases_fisher  # noqa: E402
import cases_keypoints  # noqa: E402
import cases_peaks  # noqa: E402
import cases_sift  # noqa: E402
import cases_template  # noqa: E402
import cases_tensors  # noqa: E402
import cases_texture  # noqa: E402

CASES = (
    Case(
        "synthesize_matrix",
        family="tutorial",
        draw=synthesize_call,
        dtypes=("u1",),
        out="f4",
        formula=synthesize_formula,
        refusals=synthesize_refusals,
        bench=tuple(Row(*size, picture="noise") for size in SIZES),
        random_calls=500,
    ),
    Case(
        "canny",
        family="edges",
        draw=canny_call,
        dtypes=images.DTYPES,
        out="?",
        refusals=canny_refusals,
        bench=CANNY_ROWS,
    ),
    *cases_tensors.CASES,
    *cases_corners.CASES,
    *cases_corner_points.CASES,
    *cases_peaks.CASES,
    *cases_blobs.CASES,
    *cases_censure.CASES,
    *cases_haar.CASES,
    *cases_matching.CASES,
    *cases_texture.CASES,
    *cases_hog.CASES,
    *cases_daisy.CASES,
    *cases_multiscale.CASES,
    *cases_template.CASES,
    *cases_fisher.CASES,
    *cases_keypoints.CASES,
    *cases_sift.CASES,
)



def find(name):
    """The Case of one public name."""
    return next(case for case in CASES if case.name == name)
