# SPDX-License-Identifier: BSD-3-Clause
"""Promise: every function gives scikit-image 0.26.0's results, errors, warnings.

Random calls of every Case are compared with the reference, which gets contiguous
copies of the arrays. The tests of synthesize_matrix, which scikit-image has not,
stand on NumPy and on numbers worked out by hand.
"""

from collections import Counter

import compare
import images
import numpy as np
import pytest
from cases import CASES

BATCH = 100


def batches():
    """(case, first, last) so that a failure names a small range of calls."""
    for case in CASES:
        total = images.count(case.random_calls)
        for first in range(0, total, BATCH):
            last = min(first + BATCH, total)
            name = f"{case.name}-{first}"
            yield pytest.param(case, first, last, id=name)


def reproduction(case, index, call, ours, theirs, words):
    """All that is needed to run one failing call again."""
    code = (
        f"FEATURE_TEST_SEED={images.SEED} PYTHONPATH=lib:tests python -c "
        f'"import cases; call = cases.find({case.name!r}).call({index})"'
    )
    return (
        f"{case.name}, call {index} of seed {images.SEED}: {words}\n"
        f"  ours:      {ours}\n  reference: {theirs}\n"
        f"  made of:   {call.note}\n  again:     {code}\n  call:      {call}"
    )


def compared(case, index):
    """None, or how ours differs from the reference in one random call."""
    call = case.call(index)
    ours = compare.outcome(case.ours(), call)
    plain = call.mapped(images.plain, skip=("workers",))
    plain.keywords.pop("workers", None)
    theirs = compare.outcome(case.reference(), plain)
    words = compare.difference(ours, theirs, case.tolerance_of(call))
    return words and reproduction(case, index, call, ours, theirs, words)


@pytest.mark.parametrize("case, first, last", list(batches()))
def test_random_calls_agree_with_the_reference(case, first, last):
    failures = [compared(case, index) for index in range(first, last)]
    failures = [words for words in failures if words]
    assert not failures, f"{len(failures)} failures, the first:\n{failures[0]}"


def is_something(value):
    """Whether a result has an element that is not 0."""
    if isinstance(value, (tuple, list)):
        return any(map(is_something, value))
    return bool(np.any(value))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_random_calls_reach_results_of_every_type(case):
    """The comparison above would prove little on errors and empty results."""
    calls = [case.call(index) for index in range(200)]
    small = [c for c in calls if c.arguments[0].size < 4000]
    small = small if len(small) >= 100 else calls[:100]
    results = [compare.outcome(case.ours(), call) for call in small]
    assert sum(r.error is None for r in results) > len(results) / 2
    assert sum(r.error is None and is_something(r.value) for r in results) > (
        len(results) / 6
    )
    dtypes = Counter(call.arguments[0].dtype.newbyteorder("=") for call in calls)
    assert set(dtypes) == {np.dtype(dtype) for dtype in case.dtypes}


def test_synthesize_matrix_gives_the_numbers_worked_out_by_hand():
    import feature

    found = feature.synthesize_matrix(np.arange(6, dtype=np.uint8).reshape(2, 3))
    expected = [[-4.25, -2.75, -1.25], [-0.25, 1.25, 2.75]]
    assert found.dtype == np.float32 and found.tolist() == expected


def test_synthesize_matrix_rounds_half_of_an_odd_size_down():
    import feature

    found = feature.synthesize_matrix(np.full((1, 3), 1, np.uint8))
    assert found.tolist() == [[-0.25] * 3]  # mid = 3 * 1 / 2 = 1


@pytest.mark.parametrize("shape", [(5, 2**23 + 3), (2**17 + 8, 2**14 + 3)])
def test_synthesize_matrix_counts_in_64_bits_and_converts_once(shape):
    """Middles beyond 2**24 (float32 cannot count them) and beyond 2**30 (the
    product is past 2**31). Rows share one row of memory: in and out stay small."""
    import feature

    matrix = np.broadcast_to(np.arange(shape[1]).astype(np.uint8), shape)
    row = np.zeros(shape[1], np.float32)
    out = np.lib.stride_tricks.as_strided(row, shape, (0, 4), writeable=True)
    feature.synthesize_matrix(matrix, out=out)
    mid = shape[0] * shape[1] // 2
    value = np.float32(1.5) * (matrix[0].astype(np.int64) - mid).astype(np.float32)
    assert np.array_equal(row, np.where(value < 0, value + 0.25, value - 0.25))
