# SPDX-License-Identifier: BSD-3-Clause
"""Promise: the benchmark runs, compares before it times, and writes its tables.

One tiny iteration of every row; no time is asserted anywhere.
"""

import dataclasses
import sys

import cases
import helpers
import numpy as np
import pytest

if not (helpers.ROOT / "benchmarks" / "bench.py").exists():
    pytest.skip("no benchmarks here", allow_module_level=True)
sys.path.insert(0, str(helpers.ROOT / "benchmarks"))

import _contender  # noqa: E402
import bench  # noqa: E402
import peers  # noqa: E402
from _report import line, markdown, readme_table, write  # noqa: E402

SIDE = 80


def tiny(row):
    scale = max(1, min(row.rows, row.cols) // SIDE)
    return dataclasses.replace(row, rows=row.rows // scale, cols=row.cols // scale)


def rows():
    for case in cases.CASES:
        for row in dict.fromkeys(bench.label(case, row) for row in case.bench):
            yield pytest.param(case, row, id=f"{case.name}-{row}")


def test_every_row_has_a_label_of_its_own():
    for case in cases.CASES:
        labels = [bench.label(case, row) for row in case.bench]
        assert sorted(set(labels)) == sorted(labels), case.name


def run(case, words):
    row = next(row for row in case.bench if bench.label(case, row) == words)
    return bench.run_row(case, tiny(row), 2, rounds=1, seconds=0)


@pytest.fixture(autouse=True, scope="module")
def without_numba():
    """Compiling the rewrites takes longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_contender, "numba", None)
        yield


@pytest.mark.parametrize("case, words", list(rows()))
def test_a_row_runs_and_its_result_is_the_references(case, words):
    result = run(case, words)
    assert result["milliseconds"] > 0 and result["rounds"] >= 1
    assert result["reference"] in result["peers"]
    assert words.split(", ", 1)[1] in line(result)


def test_a_wrong_result_ends_the_run_before_it_is_timed(monkeypatch):
    case = cases.find("canny")
    right = case.ours()

    def wrong(image, **keywords):
        edges = right(image, **keywords)
        edges[3, 3] ^= True
        return edges

    monkeypatch.setattr(cases.Case, "ours", lambda self: wrong)
    with pytest.raises(SystemExit, match="not the reference's result"):
        bench.run_row(case, tiny(case.bench[0]), 1, rounds=1, seconds=0)


def test_a_wrong_result_of_a_peer_ends_the_run_too(monkeypatch):
    case = cases.find("corner_harris")
    wrong = _contender.Contender(lambda: np.zeros((SIDE, SIDE)))
    monkeypatch.setitem(peers.PEERS, case.name, {"wrong": lambda call, threads: wrong})
    with pytest.raises(SystemExit, match="wrong: not the reference's result"):
        bench.run_row(case, tiny(case.bench[0]), 1, rounds=1, seconds=0)


def test_points_of_another_definition_are_counted():
    case = cases.find("corner_fast")
    row = next(r for r in case.bench if r.dtype == "u1" and r.keywords == {"n": 9})
    result = bench.run_row(case, tiny(row), 1, rounds=1, seconds=0)
    if _contender.cv2 is None:
        pytest.skip("no OpenCV")
    assert result["peers"]["cv2 FAST"]["points"] > 0
    assert " points" in line(result)


def test_every_peer_belongs_to_a_name():
    assert peers.PEERS.keys() <= {case.name for case in cases.CASES}


def test_every_picture_of_the_benchmark_but_the_constant_one_has_edges():
    case = cases.find("canny")
    for row in case.bench:
        if row.rows <= 512 and row.picture != "constant":
            call = bench.call_of(row)
            assert case.reference()(*call.arguments, **call.keywords).any(), row


@pytest.fixture(scope="module")
def measured():
    """One row measured, and passed off as a row of every case."""
    measured, results = cases.find("canny"), []
    for threads in bench.THREADS:
        row = tiny(measured.bench[1])
        result = bench.run_row(measured, row, threads, rounds=1, seconds=0)
        for case in cases.CASES:
            words = bench.label(case, row)
            given = {"case": case.name, "family": case.family, "row": words}
            results.append(result | given)
    return {"header": bench.harness.header(), "results": results}


def test_the_tables_hold_every_case_and_every_family(measured):
    page, table = markdown(measured), readme_table(measured)
    for case in cases.CASES:
        assert f"## {case.name}, 2 threads" in page
        assert case.formula or f"`{case.name}`" in table
    assert "scikit-image 0.26.0" in page and "| edges |" in table


def test_writing_replaces_only_what_lies_between_the_marks(measured, tmp_path):
    readme = tmp_path / "README.md"
    begin, end = "<!-- benchmark:begin -->", "<!-- benchmark:end -->"
    readme.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    write(measured, tmp_path)
    text = readme.read_text()
    assert text.startswith(f"before\n{begin}\n") and text.endswith(f"\n{end}\nafter\n")
    assert "old" not in text and "| edges |" in text
    assert (tmp_path / "docs" / "performance.md").read_text() == markdown(measured)


def test_copies_of_the_limit_move_all_their_bytes():
    jobs = bench.harness.copy_jobs(2**22, 2)
    if not jobs:
        pytest.skip("no C compiler")
    function = bench.harness.compile_copy_limit()
    source = bench.harness.aligned(2**20)
    source[:] = np.random.default_rng(0).integers(0, 255, source.size)
    for nontemporal in (0, 1):
        target = bench.harness.aligned(2**20)
        function(target.ctypes.data, source.ctypes.data, 2**20, 2, nontemporal)
        assert np.array_equal(target, source)


def test_the_overhead_of_a_call_can_be_measured():
    native, whole = bench.call_overhead(seconds=0.01)
    assert 0 < native < whole < 1
