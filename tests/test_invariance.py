# SPDX-License-Identifier: BSD-3-Clause
"""Promise: the same bytes on every instruction set, thread count and layout.

One process for each instruction set makes the same calls with 1, 2, 3 and 7
threads and in every layout, over all calls each pair of the two, and returns
hashes; this one compares them. The processes
also hold that inputs stay as they were and that nothing outside `out=` is written.
"""

import functools
import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from unittest import mock

import cases
import compare
import helpers
import images
import numpy as np
import pytest
from cases import CASES, Call

WORKERS = (1, 2, 3, 7)
CALLS = 12
LARGE = ((500, 651), (1100, 250))  # beyond the break-even for threads

names = pytest.mark.parametrize("name", [case.name for case in CASES])


def calls(case):
    """The calls that every process makes: small random ones and large ones."""
    many = max(4, min(CALLS, images.count(1000) // 20))
    drawn = [case.call(index, layout="contiguous") for index in range(many)]
    for index, shape in enumerate(LARGE):
        drawn.append(case.call(10**6 + index, shape=shape, layout="contiguous"))
    return [settled(call) for call in drawn]


def settled(call):
    call.keywords.pop("workers", None)
    return call


def canaries(image):
    """Every byte of the memory that a view belongs to."""
    while isinstance(image.base, np.ndarray):
        image = image.base
    return image.tobytes(order="A")


def answer(case, call, workers):
    """The hash of one result; the arrays of the call must stay as they were."""
    before = [canaries(array) for array in call.arrays()]
    call = Call(call.arguments, {**call.keywords, "workers": workers})
    with np.errstate(all="ignore"):
        found = compare.outcome(case.ours(), call)
    assert before == [canaries(array) for array in call.arrays()], "input changed"
    if found.error is not None:
        return f"{type(found.error).__name__}: {found.error}"
    return hashlib.sha256(compare.canonical(found.value)).hexdigest()


def answers(name):
    """{"call/layout/workers": hash}, for this process's instruction set."""
    case = cases.find(name)
    found = {}
    for number, call in enumerate(calls(case)):
        large = call.arguments[0].size > 10**5
        for position, layout in enumerate(images.LAYOUTS):
            if large and position % 4:
                continue
            view = call.mapped(functools.partial(images.lay_out, layout=layout))
            for workers in threads_of(number, position):
                found[f"{number}/{layout}/{workers}"] = answer(case, view, workers)
    return found


def threads_of(number, position):
    """All counts in the first layout; in others one, another one in the next call."""
    return WORKERS if position == 0 else (WORKERS[(number + position) % len(WORKERS)],)


@pytest.fixture(scope="session")
def processes():
    """{instruction set: a process that computes with it}, slowest first."""
    found = {
        isa: ProcessPoolExecutor(1, get_context("spawn")) for isa in helpers.isas()
    }
    for isa, process in found.items():
        with mock.patch.dict(os.environ, FEATURE_ISA=isa):
            assert process.submit(helpers.text, "feature_isa").result(60) == isa
    yield found
    for process in found.values():
        process.shutdown()


@names
def test_nothing_but_the_values_changes_a_byte(name, processes):
    found = {
        isa: process.submit(answers, name).result(300)
        for isa, process in processes.items()
    }
    base = found["base"]
    for key, value in base.items():
        number, layout, _ = key.split("/")
        if not layout.startswith("one "):  # those are other pictures
            first = base[f"{number}/contiguous/1"]
            assert value == first, f"{key}, seed {images.SEED}"
    for isa, others in found.items():
        assert base.keys() == others.keys()
        differing = [key for key in base if base[key] != others[key]]
        assert not differing, f"{isa}: {differing[:5]}, seed {images.SEED}"


@names
def test_a_repeated_row_or_column_equals_its_copy(name):
    case = cases.find(name)
    for call in calls(case)[:12]:
        for layout in ("one row repeated", "one column repeated"):
            view = call.mapped(functools.partial(images.lay_out, layout=layout))
            copy = view.mapped(images.plain)
            assert answer(case, view, 2) == answer(case, copy, 1), (layout, call)


def with_out(case):
    """Calls whose result is one plane, and their results."""
    for call in calls(case):
        found = compare.outcome(case.ours(), call)
        if found.error is None and found.value.ndim == 2:
            yield call, found.value


writers = pytest.mark.parametrize("name", [case.name for case in CASES if case.out])
OUTS = ("contiguous", "fortran", "upside down", "mirrored", "every second")


@writers
@pytest.mark.parametrize("layout", OUTS)
def test_out_receives_the_result_and_nothing_around_it_changes(name, layout):
    case = cases.find(name)
    for call, expected in with_out(case):
        store = np.full(expected.nbytes * 8 + 4096, 0xA5, np.uint8)
        out = carve(store, expected, layout)
        given = Call(call.arguments, {**call.keywords, "out": out})
        found = compare.outcome(case.ours(), given)
        assert found.error is None, found
        assert found.value is out
        assert compare.canonical(out) == compare.canonical(expected), str(call)
        outside = ~written(store.size, expected, layout)
        assert (store[outside] == 0xA5).all(), f"{layout}, {call}"


def carve(store, like, layout):
    """A view of `like`'s type and shape in the middle of the bytes `store`."""
    rows, cols = like.shape
    item = like.dtype.itemsize
    down, right = item * cols, item
    if layout == "fortran":
        down, right = item, item * rows
    elif layout == "every second":
        down, right = 6 * item * cols, 3 * item
    flat = store[1024:].view(like.dtype)
    view = np.lib.stride_tricks.as_strided(flat, like.shape, (down, right))
    flip = {"upside down": np.s_[::-1], "mirrored": np.s_[:, ::-1]}
    return view[flip.get(layout, np.s_[:])]


def written(size, like, layout):
    """Which of `size` bytes belong to the view that `carve` cuts out."""
    marks = np.zeros(size, np.uint8)
    ones = np.frombuffer(b"\xff" * like.dtype.itemsize, like.dtype)[0]
    carve(marks, like, layout)[...] = ones
    return marks != 0


@writers
def test_out_may_overlap_the_input_at_any_shift(name):
    """As if there were no overlap, whatever the two share."""
    case = cases.find(name)
    rng = images.generator("overlap")
    shape = (37, 41)
    picture = images.convert(rng.random(shape), "u1")
    expected = case.ours()(picture)
    for shift in (*range(-8, 9), -41, 41, 83, 500):
        store = np.zeros(32768, np.uint8)
        view = store[4096 : 4096 + picture.size].reshape(shape)
        view[...] = picture
        start = 4096 + shift * expected.dtype.itemsize
        out = store[start : start + expected.nbytes].view(expected.dtype)
        out = out.reshape(shape)
        assert case.ours()(view, out=out, workers=1 + shift % 3) is out
        assert compare.canonical(out) == compare.canonical(expected), shift


@writers
def test_out_may_be_the_mirrored_input(name):
    case = cases.find(name)
    picture = images.convert(images.generator("mirror").random((64, 64)), "u1")
    expected = case.ours()(picture)
    store = np.zeros((64, expected.nbytes // 64), np.uint8)
    store[:, :64] = picture
    out = store.view(expected.dtype)[::-1, ::-1]
    assert case.ours()(store[:, :64], out=out) is out
    assert compare.canonical(out) == compare.canonical(expected)
