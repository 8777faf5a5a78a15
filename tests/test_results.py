# SPDX-License-Identifier: BSD-3-Clause
"""Promise: the memory of a result belongs to it for as long as anybody holds it or a
view of it; afterwards the next result of that size may have it."""

import gc
import os
import threading
import weakref

import feature
import helpers  # noqa: F401  (puts the library on the path)
import numpy as np
import pytest
from featurelib import _memory

SHAPE = 520, 520  # of doubles: 2 MiB


@pytest.fixture(autouse=True)
def no_blocks():
    _memory.forget()
    yield
    _memory.forget()


def address(array):
    return array.__array_interface__["data"][0]


def test_memory_that_nobody_holds_is_used_again():
    first = _memory.empty(SHAPE, np.float64)
    place = address(first)
    assert place % 64 == 0 and first.flags.c_contiguous and first.flags.writeable
    del first
    again = _memory.empty(SHAPE, np.float64)
    assert address(again) == place
    del again
    smaller = _memory.empty((SHAPE[0], SHAPE[1] - 8), np.float64)
    assert address(smaller) == place


@pytest.mark.parametrize(
    "hold",
    [
        lambda a: a[3:5],
        lambda a: a.view(np.uint8),
        lambda a: a.T[1:],
        memoryview,
        lambda a: np.asarray(memoryview(a)),
        lambda a: {"kept": [a.reshape(-1)]},
        lambda a: np.lib.stride_tricks.sliding_window_view(a, (3, 3)),
    ],
)
def test_no_view_ever_loses_its_memory(hold):
    first = _memory.empty(SHAPE, np.float64)
    place, view = address(first), hold(first)
    del first
    assert address(_memory.empty(SHAPE, np.float64)) != place
    del view
    _memory.forget()


def test_results_that_live_together_share_nothing():
    image = np.random.default_rng(1).random(SHAPE)
    expected = feature.corner_harris(image)
    results = [feature.corner_harris(image) for _ in range(5)]
    results += feature.structure_tensor(image)
    kept = [result.copy() for result in results]
    for _ in range(3):
        feature.corner_harris(image[::-1])
        feature.hessian_matrix(image, use_gaussian_derivatives=False)
    for number, result in enumerate(results):
        assert np.array_equal(result, kept[number])
        for other in results[:number]:
            assert not np.may_share_memory(result, other)
    assert np.array_equal(results[0], expected)


def test_small_and_huge_results_are_numpys():
    small = _memory.empty((100, 100), np.float64)
    assert small.base is None and not _memory._blocks
    huge = _memory.empty((2**15, 2**15), np.uint8)  # never touched
    assert huge.base is None and not _memory._blocks
    with pytest.raises(ValueError):
        _memory.empty((-1, 2**30), np.uint8)


def test_what_is_kept_has_a_limit():
    """Blocks in use count; where they fill the limit, results are NumPy's."""
    size = 2**26 - 2**12
    held = [_memory.empty((size,), np.uint8) for _ in range(6)]
    assert _memory._bytes_held() <= 2**28
    assert [array.base is None for array in held] == [False] * 4 + [True] * 2
    held.clear()
    others = [_memory.empty((2**20 + 4096 * k,), np.uint8) for k in range(40)]
    assert _memory._bytes_held() <= 2**28
    assert all(array.base is not None for array in others)


def test_pictures_of_many_sizes_need_few_blocks():
    """Four sizes from 2^k to below 2^(k + 1) bytes, here from 2^20 to 2^23."""
    for k in range(0, 220, 2):
        _memory.empty((2**20 + 2**15 * k,), np.uint8)
    assert len(_memory._blocks) <= 13
    most = 2**28 - 2**12
    assert _memory.empty((most,), np.uint8).base is not None  # fits without rounding up


def test_release_memory_lets_go_of_unused_blocks_only():
    first, second = (_memory.empty(SHAPE, np.float64) for _ in range(2))
    second[...] = 7
    unused = weakref.ref(first.base)
    del first
    assert unused() is not None
    feature.release_memory()
    gc.collect()
    assert unused() is None and (second == 7).all()


@pytest.mark.parametrize("forgetting", [False, True])
def test_threads_never_get_the_same_memory(forgetting):
    wrong = []

    def work(number):
        before, ends = np.zeros(SHAPE), slice(None, None, SHAPE[0] - 1)
        for turn in range(200):
            array = _memory.empty(SHAPE, np.float64)
            array[ends] = number * 1000 + turn
            if forgetting and turn % 7 == number:
                _memory.forget()
            if turn and not (before[ends] == number * 1000 + turn - 1).all():
                wrong.append((number, turn))
            before = array

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(_memory._blocks) <= 12  # each holds one while it asks for the next


def test_a_call_within_a_call_gets_memory_of_its_own():
    """As a signal's handler makes it, in the middle of the lists' change."""
    listed, inner = _memory._make_room, []

    def interrupted(size):
        inner.append(_memory.empty(SHAPE, np.float64))
        feature.release_memory()
        return listed(size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_memory, "_make_room", interrupted)
        outer = _memory.empty(SHAPE, np.float64)
    assert inner[0].base is None and outer.base is not None
    assert len(_memory._blocks) == 1
    assert _memory.empty(SHAPE, np.float64).base is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_does_not_wait_for_a_lock():
    with _memory._lock:  # as another thread may at that moment
        child = os.fork()
        if child == 0:
            _memory.empty(SHAPE, np.float64)
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_where_counts_say_nothing_results_are_numpys(monkeypatch):
    monkeypatch.setattr(_memory, "_UNUSED", None)
    assert _memory.empty(SHAPE, np.float64).base is None and not _memory._blocks
