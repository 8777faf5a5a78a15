# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of Haar-like features and Cascade."""

import functools
import io

import images
import numpy as np
from cases import Call, Case, Refusal, Row, wrap_scalar

INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")
KINDS = ("type-2-x", "type-2-y", "type-3-x", "type-3-y", "type-4")
BOTH = (TypeError, ValueError)


def with_workers(rng, keywords):
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return keywords


def draw_kinds(rng):
    """One type, several, also twice, or all."""
    if rng.random() < 0.4:
        return str(rng.choice(KINDS))
    if rng.random() < 0.5:
        return [str(kind) for kind in rng.choice(KINDS, int(rng.integers(1, 5)))]
    return None if rng.random() < 0.5 else KINDS


# ------------------------------------------------------------------ coordinates


def of_window(function):
    """The function, asked for the window that has an array's shape."""

    def listed(window, *arguments, **keywords):
        rows, cols = np.shape(window)
        return function(cols, rows, *arguments, **keywords)

    return listed


def coord_call(rng, shape=None, layout=None):
    window = np.zeros(rng.integers(0, 11, 2), "u1")
    keywords = with_workers(rng, {"feature_type": draw_kinds(rng)})
    if rng.random() < 0.2:
        keywords["packed"] = True
    return Call((window,), keywords, f"a window of {window.shape}")


def packed(coord, kinds):
    """What `packed=True` should have made of the reference's lists."""
    rows = [
        (KINDS.index(kind), *first, last[0] - first[0] + 1, last[1] - first[1] + 1)
        for kind, ((first, last), *_) in zip(kinds, coord, strict=True)
    ]
    return np.array(rows, np.int32).reshape(-1, 5)


def packed_once(theirs):
    """The reference with our `packed`; made once for a window, then only looked up,
    so that the benchmark times the reference alone."""
    known = {}

    def listed(window, feature_type=None, packed_=None, **keywords):
        found = theirs(window, feature_type)
        if not keywords.get("packed"):
            return found
        key = np.shape(window), str(feature_type)
        if key not in known:
            known[key] = packed(*found)
        return known[key]

    return listed


def coord_refusals():
    window = np.zeros((4, 5), "u1")
    text = "^The given feature type is unknown. Got .* instead of one of"
    for kind in ("type-5", ["type-4", "x"], ["type-2-x", None]):
        yield Refusal(f"{kind}", Call((window, kind)), ValueError, text)
    yield Refusal("no type", Call((window, [])), ValueError, "feature_type")
    yield Refusal("a number", Call((window, 7)), TypeError, "feature_type")


# --------------------------------------------------------------------- features


def draw_window(rng, shape):
    """Rows and columns of a window that fits, and a place for it."""
    height, width = (int(rng.integers(min(n, 2), min(n, 11) + 1)) for n in shape)
    place = [int(rng.integers(0, n - m + 1)) for n, m in zip(shape, (height, width))]
    return height, width, place


def haar_call(rng, shape=None, layout=None):
    """An array taken for an integral image; away from its origin only integers,
    whose sums the right answer can be made of without rounding."""
    if shape is None:
        shape = tuple(max(2, n) for n in images.draw_shape(rng))
    image, note = images.draw_image(rng, (*INTEGERS, "f4", "f8"), shape, layout)
    height, width, place = draw_window(rng, shape)
    if image.dtype.kind == "f" or rng.random() < 0.3:
        place = [0, 0]
    keywords = with_workers(rng, {})
    if rng.random() < 0.5:
        keywords["feature_type"] = draw_kinds(rng)
    else:
        keywords.update(draw_given(rng, width, height))
    return Call((image, *place, width, height), keywords, note)


def draw_given(rng, width, height):
    """Some features in any order: as lists, as one array, or packed."""
    import feature

    coord, kinds = feature.haar_like_feature_coord(width, height)
    count = int(rng.integers(1, 40))
    some = rng.integers(0, len(coord), count) if len(coord) else np.array([], int)
    if rng.random() < 0.3:
        every = feature.haar_like_feature_coord(width, height, packed=True)
        return {"feature_coord": every[some]}
    if rng.random() < 0.3 and len(some):
        some = some[kinds[some] == kinds[some[0]]]
        numbers = np.array(coord[some].tolist(), rng.choice(["i8", "i4", "u1"]))
        return {"feature_coord": numbers, "feature_type": kinds[some]}
    return {"feature_coord": coord[some], "feature_type": kinds[some]}


def unpacked(features):
    """Packed features as lists, by the definition."""
    kinds = np.array([KINDS[feature[0]] for feature in features], dtype=object)
    coord = np.empty(len(features), dtype=object)
    places = {2: [(0, 0), (0, 1), (0, 2)], 3: [(0, 0), (1, 0), (2, 0)]}
    places |= {0: places[2][:2], 1: places[3][:2]}
    places[4] = [(0, 0), (0, 1), (1, 1), (1, 0)]
    for k, (kind, y, x, dy, dx) in enumerate(np.asarray(features).tolist()):
        corners = [(y + i * dy, x + j * dx) for i, j in places[kind]]
        coord[k] = [[(r, c), (r + dy - 1, c + dx - 1)] for r, c in corners]
    return coord, kinds


def integral_of_window(image, r, c, width, height):
    """The window's own integral image, as if nothing lay around it."""
    padded = np.zeros(np.add(image.shape, 1), image.dtype)
    padded[1:, 1:] = image
    part = padded[r : r + height + 1, c : c + width + 1]
    with np.errstate(over="ignore"):
        own = part[1:, 1:] - part[:1, 1:] - part[1:, :1] + part[:1, :1]
    return np.ascontiguousarray(own)


def right_everywhere(theirs):
    """The reference, which is right at the origin, moved there; given lists."""
    known = {}

    def features(image, r, c, width, height, feature_type=None, feature_coord=None):
        if r or c:
            image = integral_of_window(image, r, c, width, height)
            r = c = 0
        given = feature_coord
        if given is not None and given.ndim == 2 and feature_type is None:
            key = given.tobytes()
            if key not in known:
                known.clear()
                known[key] = unpacked(given)
            feature_coord, feature_type = known[key]
        return theirs(image, r, c, width, height, feature_type, feature_coord)

    return features


def haar_refusals():
    image = np.arange(30).reshape(5, 6)
    unknown = "^The given feature type is unknown. Got"
    coord = np.empty(1, object)
    coord[0] = [[(0, 0), (0, 0)], [(0, 1), (0, 1)]]
    kinds = np.array(["type-2-x", "type-2-x"], dtype=object)

    def refuse(name, arguments, error, text, **keywords):
        return Refusal(name, Call(arguments, keywords), error, text)

    for dtype in ("f2", "c8", "O", "U3", "M8[s]"):
        wrong = np.zeros((5, 6), dtype)
        yield refuse(dtype, (wrong, 0, 0, 3, 3), TypeError, "int_image")
    for shape in ((), (4,), (4, 5, 3)):
        wrong = np.zeros(shape), 0, 0, 3, 3
        yield refuse(f"{len(shape)}-D", wrong, BOTH, "2-dimensional")
    yield refuse("None", (None, 0, 0, 3, 3), TypeError, "int_image")
    yield refuse("type", (image, 0, 0, 3, 3, "x"), ValueError, unknown)
    yield refuse("types", (image, 0, 0, 3, 3, ["type-4", "x"]), ValueError, unknown)
    yield refuse("no type", (image, 0, 0, 3, 3, []), ValueError, "feature_type")
    yield refuse("1 pixel", (image, 0, 0, 1, 1), ValueError, "no such feature")
    yield refuse("0 pixels", (image, 0, 0, 0, 3), ValueError, "no such feature")
    yield refuse("width -1", (image, 0, 0, -1, 3), ValueError, "negative")
    for r in (0.0, "0", None):
        yield refuse(f"r={r!r}", (image, r, 0, 3, 3), TypeError, "`r`")
    for width in (3.0, "3"):
        yield refuse(f"width={width!r}", (image, 0, 0, width, 3), TypeError, "`width`")
    lengths = "^Inconsistent size between feature coordinatesand feature types.$"
    given = (image, 0, 0, 3, 3, kinds, coord)
    yield refuse("lengths", given, ValueError, lengths)
    given = (image, 0, 0, 3, 3, None, coord)
    yield refuse("no types", given, ValueError, "feature_type")
    given = (image, 0, 0, 3, 3, kinds[:0], coord[:0])
    yield refuse("no features", given, ValueError, "no feature")
    given = (image, 0, 0, 3, 3, np.array(["x"], object), coord)
    yield refuse("unknown of two", given, ValueError, "unknown")
    for number in (0.9, "0", None):
        broken = np.empty(1, object)
        broken[0] = [[(number, 0), (0, 0)], [(0, 1), (0, 1)]]
        given = (image, 0, 0, 3, 3, kinds[:1], broken)
        yield refuse(f"coordinate {number!r}", given, BOTH, "feature_coord")


# ---------------------------------------------------------------------- drawing


def drawing_call(rng, shape=None, layout=None):
    import feature

    if shape is None:
        shape = tuple(max(2, n) for n in images.draw_shape(rng))
    if rng.random() < 0.3:
        shape = (*shape, 3)
        image = images.convert(rng.random(shape), rng.choice(images.DTYPES))
        layout = layout or str(rng.choice(list(images.LAYOUTS)))
        image, note = images.lay_out(image, layout), f"RGB, {layout}"
    else:
        image, note = images.draw_image(rng, images.DTYPES, shape, layout)
    height, width, place = draw_window(rng, shape[:2])
    coord, _ = feature.haar_like_feature_coord(width, height, draw_kinds(rng))
    count = min(len(coord), int(rng.integers(0, 20)))
    keywords = with_workers(rng, {})
    if rng.random() < 0.7:
        keywords |= {"max_n_features": count, "rng": int(rng.integers(99))}
    else:
        coord = coord[rng.integers(0, len(coord), count)] if count else coord[:0]
    if rng.random() < 0.3:
        keywords["alpha"] = wrap_scalar(rng, rng.choice([0, 0.25, 1, 0.5]))
    if rng.random() < 0.3:
        keywords["color_positive_block"] = tuple(rng.random(3))
        keywords["color_negative_block"] = list(rng.random(3))
    return Call((image, *place, width, height, coord), keywords, note)


def drawing_refusals():
    import feature

    coord, _ = feature.haar_like_feature_coord(3, 3)
    image = np.zeros((5, 6))

    def refuse(name, arguments, error, text, **keywords):
        return Refusal(name, Call((*arguments, 3, 3, coord), keywords), error, text)

    for shape in ((4, 5, 2), (4, 5, 4), (4, 5, 3, 3)):
        yield refuse(f"{shape}", (np.zeros(shape), 0, 0), ValueError, "image")
    for dtype in ("c8", "O", "U3"):
        wrong = np.zeros((5, 6), dtype)
        yield refuse(dtype, (wrong, 0, 0), BOTH, "Cannot convert")
    yield refuse("below", (image, 3, 0), ValueError, "leaves the image")
    yield refuse("beside", (image, 0, 4), ValueError, "leaves the image")
    yield refuse("above", (image, -1, 0), ValueError, "leaves the image")
    yield refuse("too many", (image, 0, 0), ValueError, "sample", max_n_features=10**6)


# ---------------------------------------------------------------------- Cascade


def random_cascade(seed):
    """An XML text of a few stages of random stumps, half of which are passed."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(4, 14, 2)
    rects, stages = [], []
    for _ in range(int(rng.integers(2, 9))):
        w, h = rng.integers(1, width // 3 + 1), rng.integers(1, height // 3 + 1)
        x, y = rng.integers(0, width - 3 * w + 1), rng.integers(0, height - 3 * h + 1)
        rects.append(f"<_><rect>{x} {y} {w} {h}</rect></_>")
    for _ in range(int(rng.integers(1, 5))):
        stumps = ""
        count = int(rng.integers(1, 5))
        for _ in range(count):
            table = " ".join(map(str, rng.integers(-(2**31), 2**31, 8)))
            left, right = rng.normal(size=2)
            stumps += (
                f"<_><internalNodes>0 -1 {rng.integers(len(rects))} {table}"
                f"</internalNodes><leafValues>{left} {right}</leafValues></_>"
            )
        stages.append(
            f"<_><maxWeakCount>{count}</maxWeakCount><stageThreshold>"
            f"{rng.normal() / 2 - 1}</stageThreshold><weakClassifiers>{stumps}"
            "</weakClassifiers></_>"
        )
    return (
        f"<opencv_storage><cascade><height>{height}</height><width>{width}</width>"
        f"<stageNum>{len(stages)}</stageNum><stages>{''.join(stages)}</stages>"
        f"<features>{''.join(rects)}</features></cascade></opencv_storage>"
    )


# Seeds whose cascades find something in most images, and one (6) that finds nothing.
RANDOM_CASCADES = (0, 1, 2, 3, 4, 5, 6, 8, 9, 10)


@functools.cache
def detector(kind, which):
    """One object of a class for each cascade: "face", or the seed of a random one."""
    from skimage import data

    if which == "face":
        return kind(data.lbp_frontal_face_cascade_filename())
    return kind(io.StringIO(random_cascade(which)))


def searching(kind):
    """A class as a function of the image, with its detections as numbers."""

    def search(image, *arguments, which="face", **keywords):
        found = detector(kind, which).detect_multi_scale(image, *arguments, **keywords)
        rows = [[one[name] for name in ("r", "c", "width", "height")] for one in found]
        return np.array(rows, int).reshape(-1, 4)

    return search


CASCADE_DTYPES = (*images.DTYPES[:-1], "u8", "i8", "f8")


def photograph_call(rng):
    """Part of a photograph, with a face or without one, searched for faces."""
    name = str(rng.choice(["astronaut", "astronaut", "camera", "brick"]))
    top, left = (int(n) for n in rng.integers(0, 60, 2) + (10, 110))
    whole = images.photograph(name)
    part = whole[top : top + 170, left : left + int(rng.integers(150, 190))]
    dtype = str(rng.choice([d for d in CASCADE_DTYPES if d != "?"]))
    keywords = {
        "scale_factor": float(rng.choice([1.1, 1.2, 1.5])),
        "step_ratio": float(rng.choice([1, 1.5, 2])),
        "min_size": (int(rng.integers(24, 60)),) * 2,
        "max_size": (int(rng.integers(80, 150)),) * 2,
        "min_neighbor_number": int(rng.choice([1, 2, 4])),
    }
    image = images.convert(part, dtype)
    note = f"{dtype}, {name} at {top}, {left}"
    return Call((image,), with_workers(rng, keywords), note)


def cascade_call(rng, shape=None, layout=None):
    if shape is None and rng.random() < 0.1:
        return photograph_call(rng)
    if shape is None:
        shape = images.draw_shape(rng)
        if rng.random() < 0.5:  # as large as any random cascade's window
            shape = tuple(max(n, 14) for n in shape)
    if rng.random() < 0.2:
        image = images.KINDS["noise"](rng, shape[0], 3 * shape[1])
        image = images.convert(image.reshape(*shape, 3), rng.choice(CASCADE_DTYPES))
        layout = layout or str(rng.choice(list(images.LAYOUTS)))
        image, note = images.lay_out(image, layout), f"RGB, {layout}"
    else:
        image, note = images.draw_image(rng, CASCADE_DTYPES, shape, layout)
    face = rng.random() < 0.1
    keywords = {"which": "face" if face else int(rng.choice(RANDOM_CASCADES))}
    keywords["scale_factor"] = float(rng.choice([1.05, 1.2, 1.5, 2]))
    keywords["step_ratio"] = float(rng.choice([0.5, 1, 1, 1.5, 3]))
    if image.size > 10**5:  # random cascades find so much there that grouping takes all
        keywords.update(which="face", scale_factor=2.0)
    if image.size > 4000:
        keywords["scale_factor"] = max(1.2, keywords["scale_factor"])
        keywords["step_ratio"] = max(1.5, keywords["step_ratio"])
    keywords["min_size"] = tuple(int(n) for n in rng.integers(1, 14, 2))
    keywords["max_size"] = tuple(int(n) for n in rng.integers(30, 90, 2))
    if rng.random() < 0.9:
        keywords["min_neighbor_number"] = int(rng.choice([0, 0, 0, 1, 1, 2, 5]))
    if rng.random() < 0.3:
        keywords["intersection_score_threshold"] = float(rng.choice([0, 0.3, 0.9]))
    return Call((image,), with_workers(rng, keywords), note)


def cascade_refusals():
    image = np.zeros((40, 50))
    usual = {"scale_factor": 1.2, "step_ratio": 1.0}
    usual |= {"min_size": (24, 24), "max_size": (40, 40)}

    def refuse(name, error, text, first=image, **keywords):
        return Refusal(name, Call((first,), usual | keywords), error, text)

    for dtype in ("c8", "O", "U3"):
        yield refuse(dtype, BOTH, "img", np.zeros((40, 50), dtype))
    for shape in ((), (40,), (40, 50, 3, 3)):
        yield refuse(f"{len(shape)}-D", BOTH, "img", np.zeros(shape))
    channels = "^the input array must have size 3 along `channel_axis`, got"
    for shape in ((40, 50, 4), (40, 50, 1)):
        yield refuse(f"{shape}", ValueError, channels, np.zeros(shape))
    for factor in (0, -1, 1, 0.5, np.inf, np.nan):
        yield refuse(f"factor {factor}", ValueError, "factor", scale_factor=factor)
    yield refuse("factor a", TypeError, "scale_factor", scale_factor="a")
    yield refuse("ratio a", TypeError, "step_ratio", step_ratio="a")
    for size in ((0, 0), (24, -1), (np.nan, 24)):
        yield refuse(f"min {size}", ValueError, "min_size", min_size=size)
    for size in ((np.inf, np.inf), (0, 24), 24, (24,), "ab"):
        yield refuse(f"max {size}", BOTH, "max_size", max_size=size)
    for least in (1.5, "a", None):
        yield refuse(f"least {least}", TypeError, "neighbor", min_neighbor_number=least)
    word = {"intersection_score_threshold": "a"}
    yield refuse("threshold a", TypeError, "intersection", **word)


# -------------------------------------------------------------------- benchmark


def all_of_24(image):
    return 0, 0, 24, 24


def two_thousand(image):
    """2,000 features as lists."""
    return (*all_of_24(image), *two_thousand_packed(image, as_lists=True))


def two_thousand_packed(image, as_lists=False):
    import feature

    every = feature.haar_like_feature_coord(24, 24, packed=True)
    some = every[np.random.default_rng(2).integers(0, len(every), 2000)]
    if as_lists:
        coord, kinds = unpacked(some)
        return kinds, coord
    return (*all_of_24(image), None, some)


def integral(image):
    return image.cumsum(0).cumsum(1)


def faces(image):
    """Scale, step, smallest and largest window."""
    return 1.2, 1.0, (60, 60), (123, 123)


def rgb(image):
    from skimage import data

    return data.astronaut()[: image.shape[0], : image.shape[1]]


def drawn_features(image):
    import feature

    return (*all_of_24(image), feature.haar_like_feature_coord(24, 24, "type-4")[0])


HAAR_ROWS = tuple(
    Row(24, 24, dtype, of=integral, more=more, words=words)
    for dtype in ("u1", "f8", "f4")
    for more, words in (
        (all_of_24, "all types"),
        (two_thousand, "2,000 given"),
        (two_thousand_packed, "2,000 given packed"),
    )
)

TWENTY = {"max_n_features": 20, "rng": 1}
CASCADE_ROWS = (
    *(Row(n, n, dtype, more=faces) for n in (512, 2048) for dtype in ("u1", "f8")),
    Row(512, 512, prepare=rgb, more=faces),
)

CASES = (
    Case(
        "haar_like_feature",
        family="haar",
        draw=haar_call,
        dtypes=(*INTEGERS, "f4", "f8"),
        more=(1, 2, 5, 6),
        adapt=right_everywhere,
        refusals=haar_refusals,
        bench=HAAR_ROWS,
        random_calls=1000,
    ),
    Case(
        "haar_like_feature_coord",
        family="haar",
        draw=coord_call,
        dtypes=("u1",),
        more=("type-4",),
        use=of_window,
        takes_image=False,
        adapt=packed_once,
        refusals=coord_refusals,
        bench=(Row(24, 24), Row(24, 24, keywords={"packed": True})),
        random_calls=500,
    ),
    Case(
        "draw_haar_like_feature",
        family="haar",
        draw=drawing_call,
        dtypes=images.DTYPES,
        more=(0, 0, 2, 2, unpacked([(4, 0, 0, 1, 1), (0, 1, 0, 1, 1)])[0]),
        refusals=drawing_refusals,
        bench=(Row(512, 512, more=drawn_features, keywords=TWENTY),),
        random_calls=500,
    ),
    Case(
        "Cascade",
        family="haar",
        draw=cascade_call,
        dtypes=CASCADE_DTYPES,
        more=(1.2, 1.0, (4, 4), (20, 20), 1),
        use=searching,
        refusals=cascade_refusals,
        bench=CASCADE_ROWS,
        random_calls=600,
    ),
)
