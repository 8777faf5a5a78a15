# SPDX-License-Identifier: BSD-3-Clause
"""Rules about arguments that several families share."""

import functools
import operator
import sys

import numpy as np

from . import _memory

_ndarray = np.ndarray


@functools.lru_cache(maxsize=None)
def error(kind, *reference_kinds):
    """The exception class `kind` that code written for scikit-image catches too.

    Where the reference stumbles (a KeyError for an unknown word), we say what is
    wrong with the class that fits, and inherit the one that was raised there.
    """
    return type(
        kind.__name__,
        (kind, *reference_kinds),
        {"__module__": "builtins", "__str__": Exception.__str__},
    )


def _is_masked(value):
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(value, masked.MaskedArray)


def as_array(value, name, way_out="pass its data"):
    """`value` as an array that C can read: native byte order, aligned, any strides.

    Masked arrays are refused, since nothing below would see their mask; `way_out`
    says what to do instead.
    """
    if type(value) is _ndarray:
        return _readable(value)
    if _is_masked(value):
        raise TypeError(
            f"`{name}` is a masked array, whose mask would be lost: {way_out}"
        )
    try:
        array = np.asarray(value)
    except ValueError as problem:
        message = f"`{name}` cannot be made an array: {problem}"
        raise error(ValueError, TypeError)(message) from None
    return _readable(array)


def _readable(array):
    if array.dtype.isnative and array.flags.aligned:
        return array
    return array.astype(array.dtype.newbyteorder("="))


def check_2d(array, name="image"):
    """Refuses arrays without elements or with other than two dimensions."""
    if array.size == 0:
        raise ValueError(f"The parameter `{name}` cannot be an empty array")
    if array.ndim != 2:
        raise ValueError(f"The parameter `{name}` must be a 2-dimensional array")


MASK_HINT = "pass its data and treat what the mask hides yourself"

# What the library reads; longdouble is converted.
_READ = "?bBhHiIlLqQefd"


def check_scalable(image, name="image", way_out=MASK_HINT):
    """`image` as an array of a type that can be scaled as by `img_as_float`."""
    return _scalable(as_array(image, name, way_out))


def _scalable(image):
    if image.dtype.char == "g":
        return image.astype(np.float64)
    if image.dtype.char not in _READ:
        raise error(ValueError, TypeError)(
            f"Cannot convert from {image.dtype} to float64."
        )
    return image


def check_grey(image, dimensions):
    """`image` without axes of length 1, which must leave one of `dimensions`."""
    image = as_array(image, "image", MASK_HINT)
    image = image.squeeze() if 1 in image.shape else image
    if image.size == 0:
        raise ValueError("The parameter `image` cannot be an empty array")
    if image.ndim not in dimensions:
        words = "-or-".join(map(str, dimensions))
        raise ValueError(f"The parameter `image` must be a {words}-dimensional array")
    return _scalable(image)


BOOL, FLOAT32, FLOAT64 = map(np.dtype, (np.bool_, np.float32, np.float64))


def stored_type(image):
    """What planes made from `image` are stored in."""
    return FLOAT32 if image.dtype.char in "ef" else FLOAT64


def check_number(value, name):
    """`value` as a float; refuses what is not one real number, also in a text."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        message = f"`{name}` must be a number, got {value!r}"
        raise error(TypeError, ValueError)(message) from None
    except OverflowError:
        message = f"`{name}` is an integer that no float64 holds"
        raise error(ValueError, OverflowError)(message) from None


def is_integer(value):
    """Whether it is one of Python's or NumPy's integers, or a bool."""
    return isinstance(value, (int, np.integer, np.bool_))


def check_index(value, name, *reference_kinds):
    """`value` as an int; refuses what is no integer."""
    try:
        return operator.index(value)
    except TypeError:
        message = f"`{name}` must be an integer, got {value!r}"
        raise error(TypeError, *reference_kinds)(message) from None


def check_count(value, name, least, *kinds_of_zero):
    """`value` as an integer that is at least `least`; the error about a 0 is also of
    the kinds that the reference raises there."""
    count = check_index(value, name)
    if count < least:
        kinds = kinds_of_zero if count == 0 else ()
        raise error(ValueError, *kinds)(
            f"`{name}` must be at least {least}, got {value}"
        )
    return count


def combined_type(dtype, number):
    """The type of `number` together with an array of `dtype`; fractions and decimals,
    of which NumPy knows nothing, are as Python's floats."""
    known = isinstance(number, (int, float, np.generic, np.ndarray))
    return np.result_type(dtype, number if known else float(number))


def compared_with(threshold, dtype):
    """The number that a comparison with an array of `dtype` really uses."""
    return float(np.asarray(threshold, combined_type(dtype, threshold)))


def check_workers(workers):
    """None, or a number of threads that is at least 1."""
    if workers is None:
        return None
    if isinstance(workers, bool) or not hasattr(workers, "__index__"):
        raise TypeError(f"`workers` must be an integer or None, got {workers!r}")
    try:
        workers = operator.index(workers)
    except TypeError:  # an array
        raise TypeError(
            f"`workers` must be an integer or None, got {workers!r}"
        ) from None
    if workers < 1:
        raise ValueError(f"`workers` must be at least 1, got {workers}")
    return workers


def check_out(out, shape, dtype):
    """`out` when it fits; a new array when it is None."""
    if out is None:
        return _memory.empty(shape, dtype)
    dtype = np.dtype(dtype)
    if not isinstance(out, np.ndarray):
        raise ValueError(f"`out` must be a NumPy array, got {type(out).__name__}")
    if _is_masked(out):
        raise TypeError("`out` is a masked array, whose mask would stay: pass its data")
    if out.dtype != dtype or not out.dtype.isnative:
        raise ValueError(f"`out` must have dtype {dtype}, got {out.dtype}")
    if out.shape != tuple(shape):
        raise ValueError(f"`out` must have shape {tuple(shape)}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("`out` is read-only")
    return out


def shares_memory(out, others):
    """Whether `out` may have bytes in common with one of the arrays in `others`."""
    for other in others:
        if other is not None and np.may_share_memory(out, other):
            return True
    return False


def compute_into(out, inputs, compute, contiguous=False):
    """compute(array) with `out`, or with a copy where C cannot write to it at once:
    where it shares memory with an input or lies unaligned, with `contiguous` also where
    it is not in C's order."""
    in_order = not contiguous or out.flags.c_contiguous
    if shares_memory(out, inputs) or not out.flags.aligned or not in_order:
        fresh = _memory.empty(out.shape, out.dtype)
        compute(fresh)
        out[...] = fresh
    else:
        compute(out)
    return out


def compute_out(out, shape, dtype, inputs, compute, contiguous=False):
    """compute(array) with `out`, when it fits, or with a new array."""
    if out is None:  # which shares no memory with anything
        out = _memory.empty(shape, dtype)
        compute(out)
        return out
    return compute_into(check_out(out, shape, dtype), inputs, compute, contiguous)


def check_outs(out, count, shape, dtype):
    """A list of `count` arrays that fit: those in the tuple `out`, or new ones.

    New ones are parts of one block: from 4 MiB on NumPy asks for huge pages.
    """
    if out is None:
        return list(_memory.empty((count, *shape), dtype))
    if not isinstance(out, (tuple, list)) or len(out) != count:
        raise ValueError(f"`out` must be a tuple of {count} arrays, got {out!r:.60}")
    if any(plane is None for plane in out):
        raise ValueError("`out` must be a tuple of arrays, and None is not one")
    return [check_out(plane, shape, dtype) for plane in out]


def compute_all_into(outs, inputs, compute, contiguous=False):
    """compute(arrays) with `outs`, copies standing in where C cannot write at once;
    with `contiguous` also where one is not in C's order."""
    written = []
    for number, out in enumerate(outs):
        usable = out.flags.aligned and (out.flags.c_contiguous or not contiguous)
        if not usable or shares_memory(out, [*inputs, *outs[:number]]):
            written.append(_memory.empty(out.shape, out.dtype))
        else:
            written.append(out)
    compute(written)
    for out, fresh in zip(outs, written):
        if fresh is not out:
            out[...] = fresh
    return outs


def compute_outs(out, count, shape, dtype, inputs, compute):
    """compute(arrays) with those in `out`, when they fit, or with new ones."""
    outs = check_outs(out, count, shape, dtype)
    if out is None:
        compute(outs)
        return outs
    return compute_all_into(outs, inputs, compute)
