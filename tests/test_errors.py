# SPDX-License-Identifier: BSD-3-Clause
"""Promise: wrong input raises a clear error that names the parameter; no crash.

What every function refuses alike is tried here for each Case; what only one
refuses stands in its Case (`refusals`). Whatever scikit-image refuses too keeps
its class: ours is an instance of it.
"""

import warnings

import cases
import compare
import feature
import images
import numpy as np
import pytest
from cases import CASES, Call

names = pytest.mark.parametrize("name", [case.name for case in CASES])
on_images = pytest.mark.parametrize(
    "name", [case.name for case in CASES if case.takes_image]
)
writers = pytest.mark.parametrize("name", [case.name for case in CASES if case.out])


def refused():
    for case in CASES:
        for number, refusal in enumerate(case.refusals()):
            label = f"{case.name}-{refusal.name}"
            yield pytest.param(case.name, number, id=label)


@pytest.mark.parametrize("name, number", list(refused()))
def test_a_wrong_call_raises_and_says_why(name, number):
    case = cases.find(name)
    refusal = list(case.refusals())[number]
    with pytest.raises(refusal.error, match=refusal.text):
        case.ours()(*refusal.call.arguments, **refusal.call.keywords)


@pytest.mark.parametrize("name, number", list(refused()))
def test_a_wrong_call_raises_what_the_reference_raises(name, number):
    case = cases.find(name)
    call = list(case.refusals())[number].call
    if case.formula or as_array(call) is None:
        return
    ours = compare.outcome(case.ours(), call)
    theirs = compare.outcome(case.reference(), as_array(call))
    if theirs.error is None:
        return  # stricter than the reference, on purpose
    words = compare.difference(ours, theirs)
    assert not words, f"{words}\n  ours: {ours}\n  reference: {theirs}"


def as_array(call):
    """The same call for a reference that wants an array where we take array-likes."""
    try:
        first = np.asanyarray(call.arguments[0])
    except ValueError:  # ragged: for the reference any list is an accident
        return None
    if first.dtype.kind in "OUS" and first is not call.arguments[0]:
        return call  # no array at all
    return Call((first, *call.arguments[1:]), call.keywords)


def valid(case):
    """A small call that succeeds, and its result."""
    picture = images.draw_steps(images.generator("errors"), 24, 19)
    image = images.convert(picture, case.dtypes[-1])
    image = case.small(image) if case.small else image
    return image, case.on(image)


@names
@pytest.mark.parametrize("workers", [0, -1, -(2**40), 1.5, True, "2", np.nan, (1,)])
def test_workers_must_be_a_whole_number_above_zero(name, workers):
    case = cases.find(name)
    image, _ = valid(case)
    number = isinstance(workers, int) and not isinstance(workers, bool)
    error = ValueError if number else (TypeError, ValueError)
    with pytest.raises(error, match="workers"):
        case.on(image, workers=workers)


@names
@pytest.mark.parametrize("workers", [None, 1, np.int8(2), np.uint64(3), 2**31, 10**30])
def test_workers_may_be_any_whole_number_above_zero(name, workers):
    case = cases.find(name)
    image, expected = valid(case)
    found = case.on(image, workers=workers)
    assert compare.canonical(found) == compare.canonical(expected)


@on_images
def test_a_masked_array_is_refused_with_the_way_out(name):
    case = cases.find(name)
    image, _ = valid(case)
    with pytest.raises(TypeError, match="(?i)mask"):
        case.on(np.ma.masked_array(image, image > 0))


@on_images
def test_array_likes_are_accepted(name):
    case = cases.find(name)
    image, expected = valid(case)

    class Arrayish:
        def __array__(self, dtype=None, copy=None):
            return image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.asmatrix(image) if image.ndim == 2 else Arrayish()
    for like in (Arrayish(), memoryview(image), matrix):
        found = case.on(like)
        assert type(found) is type(expected)
        assert compare.canonical(found) == compare.canonical(expected), type(like)


@on_images
def test_a_list_is_taken_as_the_array_that_numpy_makes_of_it(name):
    case = cases.find(name)
    image, expected = valid(case)
    if case.dtypes[-1] == "f8":
        found = case.on(image.tolist())
        assert compare.canonical(found) == compare.canonical(expected)
    else:  # integers become int64, which the function may refuse, but clearly
        with pytest.raises((TypeError, ValueError), match="int64|levels argument"):
            case.on(image.tolist())


@names
def test_unknown_keywords_are_refused(name):
    case = cases.find(name)
    image, _ = valid(case)
    with pytest.raises(TypeError, match="no_such_keyword"):
        case.on(image, no_such_keyword=1)


def wrong_outs(expected):
    """(name, out=) pairs that must be refused."""
    shape, dtype = expected.shape, expected.dtype
    other = np.dtype("f8" if dtype != "f8" else "f4")
    locked = np.empty(shape, dtype)
    locked.setflags(write=False)
    yield "another dtype", np.empty(shape, other)
    yield "bytes", np.empty(shape, "u1" if dtype != "u1" else "i1")
    yield "too small", np.empty((shape[0] - 1, shape[1]), dtype)
    yield "turned", np.empty(shape[::-1], dtype)
    yield "3-D", np.empty((*shape, 1), dtype)
    yield "flat", np.empty(expected.size, dtype)
    yield "read-only", locked
    yield "a list", expected.tolist()
    yield "text", "out"
    yield "a type", np.float32
    if dtype.itemsize > 1:
        yield "byte-swapped", np.empty(shape, dtype.newbyteorder())


WRONG_OUTS = [name for name, _ in wrong_outs(np.zeros((3, 4), np.float32))]


@writers
@pytest.mark.parametrize("wrong", WRONG_OUTS)
def test_out_must_fit_exactly(name, wrong):
    case = cases.find(name)
    image, expected = valid(case)
    out = dict(wrong_outs(expected)).get(wrong)
    if out is None:
        pytest.skip("one byte has no order")
    array = isinstance(out, np.ndarray)
    with pytest.raises(ValueError if array else (TypeError, ValueError), match="out"):
        case.on(image, out=out)


@writers
def test_an_unaligned_out_is_filled(name):
    case = cases.find(name)
    image, expected = valid(case)
    out = images.unaligned(np.zeros_like(expected))
    case.ours()(image, out=out)
    assert compare.canonical(out) == compare.canonical(expected)


@writers
def test_out_may_be_a_subclass_and_comes_back_itself(name):
    case = cases.find(name)
    image, expected = valid(case)
    out = np.zeros_like(expected).view(images.Mapped)
    assert case.on(image, out=out) is out
    assert compare.canonical(out) == compare.canonical(expected)


@names
def test_an_error_leaves_the_library_usable(name):
    case = cases.find(name)
    image, expected = valid(case)
    for refusal in case.refusals():
        assert compare.outcome(case.ours(), refusal.call).error is not None
    assert compare.canonical(case.on(image)) == compare.canonical(expected)


@pytest.mark.parametrize("name, keyword", [
    ("canny", "sigma"), ("canny", "cval"), ("canny", "low_threshold"),
    ("structure_tensor", "sigma"), ("structure_tensor", "cval"),
    ("hessian_matrix_det", "sigma"), ("corner_harris", "k"),
    ("corner_fast", "threshold"), ("peak_local_max", "threshold_rel"),
    ("peak_local_max", "min_distance"), ("blob_log", "threshold"),
])
def test_a_number_in_a_text_is_none(name, keyword):
    with pytest.raises((TypeError, ValueError), match=f"`{keyword}` must be a number"):
        getattr(feature, name)(np.eye(5), **{keyword: "1"})


def test_a_border_beyond_all_images_leaves_nothing():
    for width in (2**70, (2**70, 0)):
        assert feature.peak_local_max(np.eye(5), exclude_border=width).shape == (0, 2)
