# SPDX-License-Identifier: BSD-3-Clause
"""What "the same" means: values, errors and warnings of two calls.

Values: same type, element type, shape, and equal elements; NaN equals NaN.
Errors: an exception that the reference raises on purpose keeps class and text; one
that it raises by accident (AttributeError for a list, KeyError for an unknown word)
becomes a ValueError or TypeError that also inherits the reference's class.
Warnings: category and text. NumPy's reports about arithmetic ("overflow encountered
in multiply") describe the reference's temporary arrays: ours may leave them out,
but adds none.
"""

import traceback
import warnings
from dataclasses import dataclass

import numpy as np


class OfLargest(float):
    """A tolerance in units of the largest magnitude, not of each element's."""


class OfAll(OfLargest):
    """The same of all arrays of a result together."""


class Within(float):
    """A tolerance as it is."""


LAST_PLACES = 100 * float(np.finfo(np.float32).smallest_subnormal)  # of tiny float32


@dataclass
class Outcome:
    value: object
    error: Exception | None
    warnings: list

    def __str__(self):
        if self.error is not None:
            return f"{type(self.error).__name__}: {self.error}"
        return f"{type(self.value).__name__} {describe(self.value)}"


def describe(value):
    if isinstance(value, (tuple, list)):
        return ", ".join(map(describe, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {describe(part)}" for key, part in value.items())
    if not isinstance(value, np.ndarray):
        return repr(value)
    return f"{value.dtype} {value.shape}, {np.count_nonzero(value)} not zero"


def outcome(function, call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value, error = function(*call.arguments, **call.keywords), None
        except Exception as exception:
            value, error = None, exception
    return Outcome(value, error, [(w.category, str(w.message)) for w in caught])


def difference(ours, theirs, tolerance=0.0):
    """None when the two outcomes agree, else one sentence."""
    if (ours.error is None) != (theirs.error is None):
        return "one of the two raised"
    if theirs.error is not None:
        return error_difference(ours.error, theirs.error)
    return (
        value_difference(ours.value, theirs.value, tolerance)
        or warning_difference(ours.warnings, theirs.warnings)
    )


def error_difference(ours, theirs):
    expected = public_class(theirs)
    if not isinstance(ours, expected):
        return f"ours is not a {expected.__name__}"
    if is_deliberate(theirs):
        if str(ours) != str(theirs):
            return "another text"
    elif not isinstance(ours, (ValueError, TypeError, MemoryError)):
        return "an accident of the reference must become a ValueError or TypeError"
    return None


def public_class(error):
    """The nearest class that a user can name: not NumPy's private ones."""
    return next(c for c in type(error).__mro__ if c.__module__ == "builtins")


def is_deliberate(error):
    """Whether scikit-image's own code raised it with a `raise` statement."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return "skimage" in last.filename and (last.line or "").startswith("raise")


def warning_difference(ours, theirs):
    expected = [warning for warning in theirs if " encountered in " not in warning[1]]
    found = [warning for warning in ours if warning not in theirs]
    missing = [warning for warning in expected if warning not in ours]
    if found or missing:
        return f"warnings: stray {found}, missing {missing}"
    return None


def largest_of(values):
    """The largest finite magnitude of one array or of several."""
    if isinstance(values, (tuple, list)):
        return max(map(largest_of, values), default=0.0)
    magnitude = np.abs(values)
    return float(magnitude[np.isfinite(magnitude)].max(initial=0))


def value_difference(ours, theirs, tolerance=0.0):
    if isinstance(tolerance, OfAll):
        tolerance = Within(tolerance * largest_of(theirs))
    if isinstance(theirs, (tuple, list)):
        return sequence_difference(ours, theirs, tolerance)
    if isinstance(theirs, dict):
        if not isinstance(ours, dict) or list(ours) != list(theirs):
            return f"{describe(ours)}, not a dict of {', '.join(theirs)}"
        return sequence_difference([*ours.values()], [*theirs.values()], tolerance)
    if not isinstance(theirs, np.ndarray):
        return None if ours == theirs else f"{ours!r}, not {theirs!r}"
    if type(ours) is not np.ndarray:
        return f"a {type(ours).__name__}, not an array"
    if (ours.dtype, ours.shape) != (theirs.dtype, theirs.shape):
        return f"{describe(ours)}, not {describe(theirs)}"
    return element_difference(ours, theirs, tolerance)


def sequence_difference(ours, theirs, tolerance):
    if type(ours) is not type(theirs) or len(ours) != len(theirs):
        return f"{type(ours).__name__}, not {type(theirs).__name__} of {len(theirs)}"
    for one, other in zip(ours, theirs, strict=True):
        if words := value_difference(one, other, tolerance):
            return words
    return None


def element_difference(ours, theirs, tolerance):
    wrong = ours != theirs
    if tolerance:
        magnitude = np.abs(theirs)
        if isinstance(tolerance, OfLargest):
            tolerance = Within(tolerance * largest_of(theirs))
        if isinstance(tolerance, Within):
            magnitude = 1.0
            tolerance += LAST_PLACES * (ours.dtype == np.float32)
        else:
            magnitude = np.maximum(1, magnitude)
            tolerance = max(tolerance, 1e-5 if ours.dtype == np.float32 else 0)
        with np.errstate(all="ignore"):
            near = np.abs(ours - theirs) <= tolerance * magnitude
            wrong &= ~(near & np.isfinite(theirs))
    wrong &= ~((ours != ours) & (theirs != theirs))
    if not wrong.any():
        return None
    where = [tuple(map(int, index)) for index in np.argwhere(wrong)[:5]]
    found = [(ours[index], theirs[index]) for index in where]
    return f"{np.count_nonzero(wrong)} elements differ, first at {where}: {found}"


def canonical(value):
    """Bytes that are equal exactly when two results are the same."""
    if isinstance(value, (tuple, list)):
        return b"".join(canonical(part) for part in value)
    if isinstance(value, dict):
        return b"".join(canonical(part) for pair in value.items() for part in pair)
    array = np.array(value, order="C")
    if array.dtype == object:
        return repr(array.tolist()).encode()
    if array.dtype.kind in "fc":
        array[array != array] = np.nan
    return f"{array.dtype.str}{array.shape}".encode() + array.tobytes()
