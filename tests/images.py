# SPDX-License-Identifier: BSD-3-Clause
"""Pictures, element types and memory layouts that every promise is tried on.

A picture is drawn as float64 in [0, 1], turned into an element type over that
type's whole range, sometimes spoiled (NaN, infinities, tiny and huge values, few
levels), and stored in one of the layouts NumPy allows. Everything random comes
from `generator`, so that a seed, a name and a number give the same picture again.
"""

import os
import time
import zlib
from functools import cache

import numpy as np

SEED = int(os.environ.get("FEATURE_TEST_SEED") or time.time_ns() % 2**32)
os.environ["FEATURE_TEST_SEED"] = str(SEED)  # processes started by tests share it

DTYPES = ("?", "u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8")


def generator(name, index=0):
    """The random numbers of one test: a function of the seed, `name`, `index`."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode()), index])


def count(default):
    """How many random cases to run; FEATURE_TEST_CASES overrides the default."""
    return int(os.environ.get("FEATURE_TEST_CASES") or default)


# ---------------------------------------------------------------- pictures


@cache
def photograph(name):
    """One of scikit-image's photographs, grey, in [0, 1]."""
    from skimage import color, data

    picture = getattr(data, name)()
    return color.rgb2gray(picture) if picture.ndim == 3 else picture / 255


PHOTOGRAPHS = ("camera", "coins", "moon", "page", "text", "astronaut")


def mirrored(picture, rows, cols, top=0, left=0):
    """`picture` continued by mirroring, cut to (rows, cols) at (top, left)."""
    height, width = picture.shape
    down, right = np.arange(top, top + rows), np.arange(left, left + cols)
    down, right = down % (2 * height), right % (2 * width)
    down = np.minimum(down, 2 * height - 1 - down)
    right = np.minimum(right, 2 * width - 1 - right)
    return picture[np.ix_(down, right)]


def draw_photograph(rng, rows, cols):
    picture = photograph(str(rng.choice(PHOTOGRAPHS)))
    top, left = rng.integers(picture.shape[0]), rng.integers(picture.shape[1])
    return mirrored(picture, rows, cols, top, left)


def draw_noise(rng, rows, cols):
    return rng.random((rows, cols))


def draw_constant(rng, rows, cols):
    return np.full((rows, cols), rng.choice([0.0, 0.5, 1.0]))


def draw_checkerboard(rng, rows, cols):
    down, right = np.ogrid[:rows, :cols]
    return ((down // 8 + right // 8) % 2).astype(float)


def draw_ramp(rng, rows, cols):
    """A slope in a random direction, cut into plateaus."""
    down, right = np.ogrid[:rows, :cols]
    slope = rng.normal() * down + rng.normal() * right
    return np.mod(np.floor(slope), 16) / 15


def draw_steps(rng, rows, cols):
    """Straight edges through random points; some exactly along an axis."""
    down, right = np.ogrid[:rows, :cols]
    picture = np.zeros((rows, cols))
    for _ in range(4):
        normal = rng.integers(-2, 3, 2)
        at = rng.integers(-3, max(rows, cols) + 3)
        picture += normal[0] * down + normal[1] * right > at
    return picture / 4


def draw_ties(rng, rows, cols):
    """Four levels only: equal neighbours and equal gradients everywhere."""
    return rng.integers(0, 4, (rows, cols)) / 3


def draw_blobs(rng, rows, cols):
    """Noise in blocks of 7 pixels: regions with random outlines."""
    coarse = rng.random((rows // 7 + 1, cols // 7 + 1))
    return np.kron(coarse, np.ones((7, 7)))[:rows, :cols]


def draw_dots(rng, rows, cols):
    """A few bright pixels on black: what wraps round or falls off a border."""
    picture = np.zeros((rows, cols))
    if picture.size:
        picture.flat[rng.integers(picture.size, size=min(5, picture.size))] = 1
    return picture


KINDS = {
    "photograph": draw_photograph,
    "noise": draw_noise,
    "constant": draw_constant,
    "checkerboard": draw_checkerboard,
    "ramp": draw_ramp,
    "steps": draw_steps,
    "ties": draw_ties,
    "blobs": draw_blobs,
    "dots": draw_dots,
}
ODDS = np.array([8, 4, 1, 2, 3, 3, 3, 2, 2]) / 28

# ----------------------------------------------------------- element types


def convert(picture, dtype):
    """`picture` in [0, 1] spread over the whole range of `dtype`."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return picture > 0.5
    if dtype.kind == "f":
        return picture.astype(dtype)
    limits = np.iinfo(dtype)
    spread = picture * (float(limits.max) - float(limits.min)) + float(limits.min)
    return np.clip(np.rint(spread), limits.min, limits.max).astype(dtype)


def spoil_integer(rng, image):
    """A narrow range of grey, so that gradients are small and often equal."""
    return (image // max(1, np.iinfo(image.dtype).max // 20)).astype(image.dtype)


def spoil_float(rng, image):
    """Values that are not numbers, tiny, huge, or outside [-1, 1]."""
    scale = rng.choice([1e-20, 1e-310, 1e300, 255.0, -1.0, 0.0])
    if scale == 0 and image.size:
        odd = rng.choice([np.nan, np.inf, -np.inf], size=3)
        image.flat[rng.integers(image.size, size=3)] = odd
        return image
    with np.errstate(all="ignore"):
        return (image * np.float64(scale)).astype(image.dtype)


def spoil(rng, image):
    if image.dtype.kind == "b":
        return image
    return (spoil_float if image.dtype.kind == "f" else spoil_integer)(rng, image)


# ------------------------------------------------------------------ layouts


class Mapped(np.ndarray):
    """A subclass as np.memmap is one: no meaning of its own."""


def every_second(image):
    """Every second pixel of a larger array whose other pixels are garbage."""
    rows, cols, *rest = image.shape
    store = np.full((2 * rows + 1, 3 * cols + 1, *rest), 85, image.dtype)
    view = store[1::2, 1::3]
    view[...] = image
    return view


def unaligned(image):
    """The same values one byte off the address that the type asks for."""
    store = np.zeros(image.nbytes + 1, np.uint8)
    view = np.frombuffer(store.data, image.dtype, image.size, offset=1)
    view = view.reshape(image.shape)
    view[...] = image
    return view


def read_only(image):
    copy = image.copy()
    copy.setflags(write=False)
    return copy


LAYOUTS = {
    "contiguous": lambda image: image.copy(),
    "fortran": lambda image: np.asfortranarray(image),
    "upside down": lambda image: image[::-1].copy()[::-1],
    "mirrored": lambda image: image[:, ::-1].copy()[:, ::-1],
    "turned": lambda image: image.T[::-1].copy()[::-1].T,
    "every second": every_second,
    "every second, transposed": lambda image: every_second(image.T).T,
    "read-only": read_only,
    "byte-swapped": lambda image: image.astype(image.dtype.newbyteorder()),
    "unaligned": unaligned,
    "subclass": lambda image: image.copy().view(Mapped),
    # These two repeat the first row or column of the picture: other values.
    "one row repeated": lambda image: np.broadcast_to(image[:1], image.shape),
    "one column repeated": lambda image: np.broadcast_to(image[:, :1], image.shape),
}


def lay_out(image, layout):
    if not image.size and layout.startswith("one "):
        return image
    return LAYOUTS[layout](image)


def plain(value):
    """A contiguous array in native byte order with the values of `value`."""
    native = value.dtype.newbyteorder("=")
    return np.array(np.asarray(value), dtype=native, order="C")


# ------------------------------------------------------------- random draws


def draw_shape(rng):
    """Mostly small, sometimes up to 300, empty, one pixel wide, or a ribbon."""
    kind = rng.random()
    if kind < 0.15:
        return tuple(int(n) for n in rng.integers(0, 10, 2))
    if kind < 0.95:
        most = 48 if kind < 0.45 else 150 if kind < 0.75 else 301
        return tuple(int(n) for n in rng.integers(3, most, 2))
    shape = int(rng.integers(1, 6)), int(rng.integers(300, 1500))
    return shape if rng.random() < 0.5 else shape[::-1]


def draw_image(rng, dtypes=DTYPES, shape=None, layout=None):
    """A random image and the words that describe it."""
    shape = draw_shape(rng) if shape is None else shape
    kind = str(rng.choice(list(KINDS), p=ODDS))
    dtype = str(rng.choice(dtypes))
    image = convert(KINDS[kind](rng, *shape), dtype)
    spoiled = rng.random() < 0.15
    if spoiled:
        image = spoil(rng, image)
    layout = layout or str(rng.choice(list(LAYOUTS)))
    words = f"{kind}{' (spoiled)' if spoiled else ''}, {dtype}, {shape}, {layout}"
    return lay_out(image, layout), words
