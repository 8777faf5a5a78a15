# SPDX-License-Identifier: BSD-3-Clause
"""Cascade: finds objects of a trained kind. Told at the top of cascade.c."""

import math
import operator

import numpy as np

from . import _native
from ._arguments import as_array, check_number, check_workers, error
from ._draw import as_float


class _Cascade(_native.Structure):
    """feature_cascade."""

    _fields_ = [
        ("ends", _native.address),
        ("thresholds", _native.address),
        ("feature", _native.address),
        ("tables", _native.address),
        ("leaves", _native.address),
        ("blocks", _native.address),
        ("windows", _native.address),
        ("stages", _native.size),
        ("features", _native.size),
        ("scales", _native.size),
    ]


_integral = _native.function(
    "feature_cascade_integral", _native.Array, _native.Array, _native.Run
)
_detect = _native.function(
    "feature_cascade_detect",
    _native.Array,
    _native.pointer_to(_Cascade),
    _native.size,
    _native.address,
    _native.pointer_to(_native.size),
    _native.Run,
)
_group = _native.function(
    "feature_cascade_group",
    _native.address,
    _native.pointer_to(_native.size),
    _native.float32,
    _native.size,
    _native.Run,
)

_TABLE_WORDS = 8
_SIDE_MOST = 2**15  # of a trained window
_SCALES_MOST = 10**6
_INT32_MOST = 2**31 - 1
_GREY_ROWS = 16  # of RGB that are converted at a time, to stay in the caches
_LUMINANCE = (0.2125, 0.7154, 0.0721)


# ---------------------------------------------------------------------------
# The file
# ---------------------------------------------------------------------------


def _malformed(reason, *reference_kinds):
    """The error of a file that is none of ours: of one that is no XML the reference's
    is a ParseError, of another what it stumbled over."""
    kinds = reference_kinds or (TypeError, AttributeError, IndexError)
    return error(ValueError, *kinds)(
        f"`xml_file` is no cascade of local binary patterns: {reason}"
    )


def _parse(data):
    """The tree of an XML text. Document types, which can define entities that grow
    without end, are refused."""
    # Imported here: they take longer than all the rest of `import feature`.
    from xml.etree.ElementTree import ParseError, TreeBuilder
    from xml.parsers import expat

    builder = TreeBuilder()
    parser = expat.ParserCreate()

    def refuse(*_):
        raise _malformed("it has a document type declaration")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, LookupError, AssertionError) as problem:
        malformed = _malformed(problem, ParseError)
        malformed.code = getattr(problem, "code", None)
        malformed.position = parser.ErrorLineNumber, parser.ErrorColumnNumber
        raise malformed from None


def _read(xml_file):
    """The content of a path or of an open file, as bytes or text."""
    if hasattr(xml_file, "read"):
        return xml_file.read()
    with open(xml_file, "rb") as file:
        return file.read()


def _find(element, name):
    found = element.find(f".//{name}")
    if found is None:
        raise _malformed(f"it has no {name}")
    return found


def _numbers(element, kind, count, least=None):
    """The numbers in an element's text, which must be so many."""
    words = (element.text or "").split()
    if len(words) != count:
        raise _malformed(f"{element.tag} has {len(words)} numbers, not {count}")
    try:
        values = [kind(word) for word in words]
    except ValueError:
        raise _malformed(f"{element.tag} is {element.text!r:.60}") from None
    for value in values:
        if not abs(value) <= 2**32 or least is not None and value < least:
            raise _malformed(f"{element.tag} holds {value}")
    return values


def _number(element, name, kind, least=None):
    return _numbers(_find(element, name), kind, 1, least)[0]


def _children(element, count):
    if len(element) < count:
        raise _malformed(f"{element.tag} has {len(element)} entries, not {count}")
    return list(element)[:count]


def _load_features(element, height, width):
    """The first block of each feature: row, column, height, width."""
    blocks = []
    for entry in element:
        x, y, block_width, block_height = _numbers(_find(entry, "rect"), int, 4, 0)
        if not (
            block_width
            and block_height
            and x + 3 * block_width <= width
            and y + 3 * block_height <= height
        ):
            raise _malformed(f"a rect leaves the window of {height} by {width}")
        blocks.append((y, x, block_height, block_width))
    return np.array(blocks, np.int64).reshape(-1, 4)


def _load_stump(element, features):
    """Number of the feature, table, leaves."""
    leaves = _numbers(_find(element, "leafValues"), float, 2)
    nodes = _numbers(_find(element, "internalNodes"), int, 3 + _TABLE_WORDS)
    if not 0 <= nodes[2] < features:
        raise _malformed(f"a stump uses feature {nodes[2]} of {features}")
    return nodes[2], [word & 0xFFFFFFFF for word in nodes[3:]], leaves


# ---------------------------------------------------------------------------
# Arguments of a search
# ---------------------------------------------------------------------------


def _check_positive(value, name, above=0):
    """A finite float32 above a bound, as a float."""
    with np.errstate(over="ignore"):
        number = float(np.float32(check_number(value, name)))
    if not above < number < math.inf:
        raise error(ValueError, ZeroDivisionError)(
            f"`{name}` must be a number above {above}, got {value!r}"
        )
    return number


def _check_size(size, name, endless=0):
    """Rows and columns of a window, float32; so many of both may be infinite."""
    try:
        pair = np.array(size, dtype=np.float32)
    except (TypeError, ValueError):
        pair = np.empty(0)
    if pair.ndim != 1 or len(pair) < 2:
        raise error(ValueError, IndexError, TypeError)(
            f"`{name}` must be two numbers, rows and columns, got {size!r}"
        )
    if not (pair[:2] > 0).all() or np.isinf(pair[:2]).sum() > endless:
        limits = "above 0, one of them finite" if endless else "above 0 and finite"
        raise error(ValueError, OverflowError)(
            f"`{name}` must be {limits}, got {size!r}"
        )
    return pair


def _grey(img):
    """The luminance of an RGB image, as by `skimage.color.rgb2gray`.

    The product with the weights is NumPy's, whose last bits are the reference's on
    every machine; it goes row by row, so that some rows at a time change nothing.
    """
    if img.shape[-1] != len(_LUMINANCE):
        raise ValueError(
            f"the input array must have size 3 along `channel_axis`, got {img.shape}"
        )
    stored = np.float32 if img.dtype.char in "ef" else np.result_type(img, np.float64)
    weights = np.array(_LUMINANCE, dtype=stored)
    grey = np.empty(img.shape[:-1], stored)
    for first in range(0, len(img), _GREY_ROWS):
        rows = slice(first, first + _GREY_ROWS)
        rgb = np.ascontiguousarray(as_float(img[rows]), stored)
        np.matmul(rgb, weights, out=grey[rows])
    return grey


def _check_image(img):
    """A grey image of two dimensions."""
    img = as_array(img, "img", "pass `img.data`")
    if img.dtype.kind not in "biuf":
        raise error(ValueError, TypeError)(
            f"`img` must be of bool, integers or floating point, got {img.dtype}"
        )
    if img.ndim > 2:
        img = _grey(img)
    if img.ndim != 2:
        raise error(ValueError, TypeError)(
            f"`img` must have shape (rows, cols) or (rows, cols, 3), got {img.shape}"
        )
    return img


def _integral_image(img, run):
    """The integral image in float32 behind a row and a column of zeros.

    Sums of wide integers, which float64 may not hold, and of longdouble are NumPy's.
    """
    shape = img.shape[0] + 1, img.shape[1] + 1
    if img.dtype.itemsize > 2 and img.dtype.kind in "iu" or img.dtype.char == "g":
        sums = np.zeros(shape, np.float32)
        sums[1:, 1:] = img.cumsum(0).cumsum(1)
        return sums
    sums = np.empty(shape, np.float32)
    _integral(img, sums, run)
    return sums


def _counter(name):
    """A number that the file says, and that can be set as in the reference."""

    def read(self):
        return self._numbers[name]

    def write(self, value):
        value = operator.index(value)
        most = {"stages_number": len(self._ends)}.get(name, _INT32_MOST)
        if not 0 <= value <= most:
            raise ValueError(f"`{name}` must be from 0 to {most}, got {value}")
        self._numbers = {**self._numbers, name: value}  # copies share the dictionary

    return property(read, write)


# ---------------------------------------------------------------------------
# The class
# ---------------------------------------------------------------------------


class Cascade:
    """Find objects by a trained cascade of classifiers.

    Windows of several sizes are moved over the image. A window is an object when it
    passes all stages of the cascade; most fail at the first. The features are
    multi-block local binary patterns: which of the eight blocks around a block have at
    least its sum.

    Parameters
    ----------
    xml_file : str, path or file
        The cascade in OpenCV's XML format, such as the one for faces whose path is
        `skimage.data.lbp_frontal_face_cascade_filename()`.
    eps : float, optional
        By how much a stage's sum may miss its threshold.

    Attributes
    ----------
    eps : float
        As given, in float32.
    stages_number, stumps_number, features_number : int
        Stages, stumps of all stages, and features that stumps use. With a smaller
        number of stages only the first are asked.
    window_width, window_height : int
        Sides of the window that the cascade was trained with.

    Raises
    ------
    ValueError
        If the file is malformed, has a document type declaration, or holds another
        kind of cascade.
    OSError
        If the file cannot be read.

    Notes
    -----
    Detections equal those of `skimage.feature.Cascade` (0.26.0), in the same order.
    Objects of this class can be pickled and copied, and used by several threads.

    References
    ----------
    P. Viola and M. Jones, "Rapid Object Detection using a Boosted Cascade of Simple
    Features", Computer Vision and Pattern Recognition (2001), I-511-518.

    S. Liao, X. Zhu, Z. Lei, L. Zhang and S. Z. Li, "Learning Multi-scale Block Local
    Binary Patterns for Face Recognition", International Conference on Biometrics
    (2007), 828-837.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> import feature
    >>> bright_middle = io.StringIO('''
    ... <cascade><height>3</height><width>3</width><stageNum>1</stageNum>
    ... <stages><_><maxWeakCount>1</maxWeakCount><stageThreshold>0.5</stageThreshold>
    ... <weakClassifiers><_><internalNodes>0 -1 0 1 0 0 0 0 0 0 0</internalNodes>
    ... <leafValues>1 -1</leafValues></_></weakClassifiers></_></stages>
    ... <features><_><rect>0 0 1 1</rect></_></features></cascade>''')
    >>> cascade = feature.Cascade(bright_middle)
    >>> image = np.zeros((8, 9))
    >>> image[4, 5] = 1
    >>> cascade.detect_multi_scale(image, 1.2, 1, (3, 3), (4, 4), min_neighbor_number=1)
    [{'r': 3, 'c': 4, 'width': 3, 'height': 3}]
    """

    def __init__(self, xml_file, eps=1e-5):
        root = _parse(_read(xml_file))
        kind = root.find(".//featureType")
        if kind is not None and (kind.text or "").strip() != "LBP":
            raise _malformed(f"its featureType is {kind.text!r:.40}")
        height, width = (
            _number(root, name, int, 1) for name in ("height", "width")
        )
        if max(height, width) > _SIDE_MOST:
            raise _malformed(f"its window has {height} by {width} pixels")
        self._blocks = _load_features(_find(root, "features"), height, width)
        stages = _children(_find(root, "stages"), _number(root, "stageNum", int, 1))
        self._load_stages(stages)
        self._numbers = {
            "stages_number": len(stages),
            "stumps_number": int(self._ends[-1]),
            "features_number": len(self._blocks),
            "window_height": height,
            "window_width": width,
        }
        self.eps = eps

    def _load_stages(self, stages):
        thresholds, ends, stumps = [], [], []
        for stage in stages:
            thresholds.append(_number(stage, "stageThreshold", float))
            count = _number(stage, "maxWeakCount", int, 0)
            for stump in _children(_find(stage, "weakClassifiers"), count):
                stumps.append(_load_stump(stump, len(self._blocks)))
            ends.append(len(stumps))
        self._ends = np.array(ends, np.int32)
        self._thresholds = np.array(thresholds, np.float32)
        self._feature = np.array([stump[0] for stump in stumps], np.int32)
        self._tables = np.array([stump[1] for stump in stumps], np.uint32)
        self._leaves = np.array([stump[2] for stump in stumps], np.float32)

    stages_number = _counter("stages_number")
    stumps_number = _counter("stumps_number")
    features_number = _counter("features_number")
    window_width = _counter("window_width")
    window_height = _counter("window_height")

    @property
    def eps(self):
        return float(self._eps)

    @eps.setter
    def eps(self, value):
        with np.errstate(over="ignore"):
            self._eps = np.float32(check_number(value, "eps"))

    def _scale_factors(self, min_size, max_size, scale_factor):
        """Powers of the factor that make the window as large as was asked for."""
        sides = np.array((self.window_height, self.window_width))
        if not sides.all():
            raise error(ValueError, ZeroDivisionError)("the window has no pixels")
        powers = [
            [math.log(size[axis] / sides[axis], scale_factor) for axis in (0, 1)]
            for size in (min_size, max_size)
        ]
        least, most = max(*powers[0], 0), min(powers[1])
        if most - least > _SCALES_MOST:
            raise error(ValueError, MemoryError)(
                f"`scale_factor` {scale_factor} makes too many sizes"
            )
        exponents = np.arange(least, most)
        return np.power(scale_factor, exponents, dtype=np.float32)

    def _windows(self, scales, step_ratio, shape):
        """Step, height and width at each scale, and the scales that fit the image."""
        steps = (scales * np.float32(step_ratio)).astype(np.float64) + 0.5
        sides = np.float32([self.window_height, self.window_width])
        sizes = sides * scales[:, np.newaxis]
        fits = (sizes[:, 0] < shape[0] + 1) & (sizes[:, 1] < shape[1] + 1)
        if (steps[fits] < 1).any():
            raise ValueError(f"`step_ratio` {step_ratio} makes a step of no pixel")
        steps = np.minimum(steps[fits], _INT32_MOST)
        windows = np.column_stack((steps, sizes[fits])).astype(np.int32)
        return np.ascontiguousarray(windows), scales[fits]

    def detect_multi_scale(
        self,
        img,
        scale_factor,
        step_ratio,
        min_size,
        max_size,
        min_neighbor_number=4,
        intersection_score_threshold=0.5,
        *,
        workers=None,
    ):
        """Search an image for objects of several sizes.

        Parameters
        ----------
        img : (rows, cols) or (rows, cols, 3) array
            Grey values of any real type, as they are, or RGB.
        scale_factor : float
            By which the window grows from one size to the next; above 1.
        step_ratio : float
            The window moves by the scale times this many pixels, rounded; 1 looks
            everywhere that counts, more is faster.
        min_size, max_size : (int, int)
            Rows and columns of the smallest window, and of those that are too large,
            of which one may be infinite.
        min_neighbor_number : int, optional
            How many windows must have found the same object.
        intersection_score_threshold : float, optional
            Windows find the same object when they share more than this part of the
            smaller one's area.
        workers : int, optional
            Number of threads, at least 1. By default as many as `feature.info()` says.

        Returns
        -------
        detections : list of dict
            ``{'r': row, 'c': column, 'width': width, 'height': height}`` of each
            object, the mean of the windows that found it.

        Raises
        ------
        ValueError
            If the image is of another shape or complex, `scale_factor` is not above 1,
            `step_ratio` is so small that a window would not move, a size is not above 0
            or has no end, or `workers` is below 1.
        TypeError
            If `img` is a masked array, or a parameter is no number.
        """
        img = _check_image(img)
        run = _native.run(check_workers(workers))
        scale_factor = _check_positive(scale_factor, "scale_factor", above=1)
        step_ratio = _check_positive(step_ratio, "step_ratio")
        sizes = (
            _check_size(min_size, "min_size"),
            _check_size(max_size, "max_size", endless=1),
        )
        least = self._check_neighbors(min_neighbor_number)
        threshold = check_number(
            intersection_score_threshold, "intersection_score_threshold"
        )
        scales = self._scale_factors(*sizes, scale_factor)
        windows, scales = self._windows(scales, step_ratio, img.shape)
        found, count = self._search(_integral_image(img, run), windows, scales, run)
        _group(_native.data_of(found), count, threshold, least, run)
        names = ("r", "c", "height", "width")
        order = ("r", "c", "width", "height")
        detections = [
            dict(zip(names, values)) for values in found[: count.value].tolist()
        ]
        return [{name: one[name] for name in order} for one in detections]

    @staticmethod
    def _check_neighbors(number):
        try:
            return max(-_INT32_MOST, min(operator.index(number), _INT32_MOST))
        except TypeError:
            raise TypeError(
                f"`min_neighbor_number` must be an integer, got {number!r}"
            ) from None

    def _search(self, integral, windows, scales, run):
        """The windows that pass, in order; asked for again where they are many."""
        blocks = self._blocks.astype(np.float32) * scales[:, np.newaxis, np.newaxis]
        blocks = np.ascontiguousarray(blocks.astype(np.int32))
        thresholds = self._thresholds - self._eps
        held = self._ends, thresholds, self._feature, self._tables, self._leaves
        addresses = [_native.data_of(array) for array in (*held, blocks, windows)]
        sizes = self.stages_number, len(self._blocks), len(scales)
        cascade = _Cascade(*addresses, *sizes)
        capacity, count = 4096, _native.size()
        while True:
            found = np.empty((capacity, 4), np.int32)
            _detect(integral, cascade, capacity, _native.data_of(found), count, run)
            if count.value <= capacity:
                return found, count
            capacity = count.value
