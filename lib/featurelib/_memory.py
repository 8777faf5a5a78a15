# SPDX-License-Identifier: BSD-3-Clause
"""New arrays for results, in memory that is used again once nobody holds it.

The system hands out large memory page by page, each filled with zeros: at 2048 x 2048
that takes half as long as computing what is written there. So the blocks of large
results are listed, and one that only the list still refers to serves the next result
(docs/decisions/0011). Small arrays come from NumPy, whose allocator does the same.
"""

import math
import os
import sys
import threading

import numpy as np

_dtype, _getrefcount = np.dtype, sys.getrefcount

_LEAST = 2**20  # bytes of a result; memory of smaller ones the allocator keeps
_MOST = 2**28  # bytes of all blocks, also of those that are in use
_LINE = 64  # results begin with a cache line

_blocks: list = []  # each with the place where results begin
_last: list = []  # of the result made last: one like it, its block, the block's age
_age = 0  # how often blocks were forgotten: then counts have another meaning
_lock = threading.RLock()
_is_busy = False  # the lists: a signal's handler may call in the middle of a change


def _references(blocks, number):
    return _getrefcount(blocks[number][0])


def _entry(shape, dtype, block, start, age):
    """What stands in _last."""
    return np.ndarray(shape, dtype, block, start), block, age


def _counts_of_unused():
    """What these give where nobody else refers to a block; None where counts say
    nothing."""
    has_counts = sys.implementation.name == "cpython"
    has_counts &= getattr(sys, "_is_gil_enabled", lambda: True)()
    if not has_counts:
        return None, None
    blocks = [(np.empty(1, np.uint8), 0)]
    unused = _references(blocks, 0)
    entry = _entry((1,), np.uint8, *blocks[0], 0)
    return unused, _getrefcount(entry[1])


_UNUSED, _UNUSED_LAST = _counts_of_unused()


def _is_unused(number):
    return _references(_blocks, number) == _UNUSED


def _rounded(size):
    """`size` or more: one of four sizes between two powers of two, so that pictures of
    many sizes need few blocks."""
    step = 1 << (size.bit_length() - 3)
    return -(-size // step) * step


def _find(size):
    """The number of the smallest unused block for `size` bytes that is not by far too
    large; None when there is none."""
    found, least = None, size + size // 4 + 1
    for number in range(len(_blocks)):
        held = _blocks[number][0].nbytes
        if size <= held < least and _is_unused(number):
            found, least = number, held
    return found


def _bytes_held():
    return sum(block.nbytes for block, _ in _blocks)


def _make_room(size):
    """How many bytes more are allowed. Forgets unused blocks, the oldest first, until
    that is `size`."""
    number = 0
    while (room := _MOST - _bytes_held()) < size and number < len(_blocks):
        if _is_unused(number):
            del _blocks[number]
        else:
            number += 1
    return room


def _take(size):
    """A block for `size` bytes, the place where results begin, its age; or None."""
    global _is_busy
    with _lock:
        if _is_busy:
            return None
        _is_busy = True
        try:
            _last.clear()  # it counts as references
            number = _find(size + _LINE)
            if number is None:
                wanted = _rounded(size) + _LINE
                held = min(wanted, _make_room(wanted))
                if held < size + _LINE:
                    return None
                block = np.empty(held, np.uint8)
                number = len(_blocks)
                _blocks.append((block, -block.ctypes.data % _LINE))
            return *_blocks[number], _age
        finally:
            _is_busy = False


def _new_entry(shape, dtype):
    """An entry of _last for such a result, or None where NumPy should make it."""
    size = dtype.itemsize * math.prod(shape)
    if size < _LEAST or size >= _MOST or _UNUSED is None:
        return None
    taken = _take(size)
    return None if taken is None else _entry(shape, dtype, *taken)


def empty(shape, dtype):
    """numpy.empty, for results.

    Memory of the result before is given again without a lock, where nobody holds that
    and it was alike: no other thread sees what has left _last. References are counted
    before the age is looked at: see `forget`. Between two calls caches are often lost;
    then each function that is called here takes longer than all this.
    """
    dtype = dtype if isinstance(dtype, _dtype) else _dtype(dtype)
    try:
        entry = _last[0]
        is_alike = entry[0].shape == shape and entry[0].dtype is dtype
        is_ours = is_alike and _last.pop() is entry
    except IndexError:  # nothing is there, or another thread was faster
        is_ours = False
    if not is_ours or _getrefcount(entry[1]) != _UNUSED_LAST or entry[2] != _age:
        entry = None  # it counts as references
        entry = _new_entry(shape, dtype)
    if entry is None:
        return np.empty(shape, dtype)
    _last[:] = [entry]
    return entry[0][...]


def forget():
    """Forgets all blocks; those in use stay until nobody holds them."""
    global _age, _is_busy
    with _lock:
        if _is_busy:
            return
        _is_busy = True
        try:
            _age += 1  # first: another thread may be about to refill _last
            _last.clear()
            _blocks.clear()
        finally:
            _is_busy = False


def _renew_lock():
    global _lock, _is_busy
    _lock, _is_busy = threading.RLock(), False


# Another thread may have held it.
os.register_at_fork(after_in_child=_renew_lock)
