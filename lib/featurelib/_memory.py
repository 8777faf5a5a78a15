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

_LEAST = 2**20  # bytes of a result; memory of smaller ones the allocator keeps
_FEW = _LEAST // 16  # elements; those of results have 8 bytes at most
_MOST = 2**28  # bytes of all blocks, also of those that are in use
_LINE = 64  # results begin with a cache line

_blocks = []
_starts = []  # where in each block results begin
_lock = threading.Lock()


def _references(blocks, number):
    return sys.getrefcount(blocks[number])


def _count_of_unused():
    """What _references gives where only the list refers to a block; None where counts
    say nothing."""
    has_counts = sys.implementation.name == "cpython"
    has_counts &= getattr(sys, "_is_gil_enabled", lambda: True)()
    return _references([np.empty(1)], 0) if has_counts else None


_UNUSED = _count_of_unused()


def _is_unused(number):
    return _references(_blocks, number) == _UNUSED


def _find(size):
    """The number of the smallest unused block for `size` bytes that is not by far too
    large; None when there is none."""
    found, least = None, size + size // 4 + 1
    for number in range(len(_blocks)):
        if size <= _blocks[number].nbytes < least and _is_unused(number):
            found, least = number, _blocks[number].nbytes
    return found


def _make_room(size):
    """Forgets unused blocks, the oldest first, until `size` bytes more are allowed."""
    number = 0
    while (room := _MOST - sum(map(len, _blocks))) < size and number < len(_blocks):
        if _is_unused(number):
            del _blocks[number], _starts[number]
        else:
            number += 1
    return room >= size


def empty(shape, dtype):
    """numpy.empty, for results."""
    if math.prod(shape) < _FEW:
        return np.empty(shape, dtype)
    dtype = np.dtype(dtype)
    size = math.prod(map(int, shape)) * dtype.itemsize
    if _UNUSED is None or not _LEAST <= size < _MOST:
        return np.empty(shape, dtype)
    size += _LINE
    with _lock:
        number = _find(size)
        if number is None:
            if not _make_room(size):
                return np.empty(shape, dtype)
            number = len(_blocks)
            _blocks.append(np.empty(size, np.uint8))
            _starts.append(-_blocks[number].ctypes.data % _LINE)
        return np.ndarray(shape, dtype, _blocks[number], _starts[number])


def forget():
    """Forgets all blocks; those in use stay until nobody holds them."""
    with _lock:
        _blocks.clear()
        _starts.clear()


def _renew_lock():
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # another thread may have held it
    os.register_at_fork(after_in_child=_renew_lock)
