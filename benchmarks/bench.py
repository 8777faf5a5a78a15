# SPDX-License-Identifier: BSD-3-Clause
"""Times every Case of tests/cases.py against its peers and the limit of memory.

    python benchmarks/bench.py [--quick] [--filter WORDS] [--json FILE] [--write]
                               [--seconds S] [--large FAMILY ...]

Every row runs with one thread and with two, set for everyone. Our result is
compared with the reference's before anything is timed; a difference ends the run.
--write puts the tables into docs/performance.md and README.md.
"""

import argparse
import functools
import json
import os
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
for variable in ("OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "2")
# Numba's own threads sleep between calls; those of OpenMP would spin beside ours.
os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")
sys.path[:0] = [str(ROOT / "tests"), str(HERE)]

import helpers  # noqa: E402, F401  (puts the library on the path)

import _harness as harness  # noqa: E402
import _report as report  # noqa: E402
import cases  # noqa: E402
import compare  # noqa: E402
import images  # noqa: E402
import numpy as np  # noqa: E402
import peers  # noqa: E402

THREADS = (1, 2)


@functools.lru_cache(maxsize=4)
def picture(name, rows, cols):
    """A picture in [0, 1]: a photograph's middle, continued by mirroring where it
    is too small, or a drawn one."""
    if name in images.PHOTOGRAPHS:
        whole = images.photograph(name)
        down, right = (whole.shape[0] - rows) // 2, (whole.shape[1] - cols) // 2
        return images.mirrored(whole, rows, cols, max(0, down), max(0, right))
    return images.KINDS[name](np.random.default_rng(1), rows, cols)


def call_of(row):
    """The call that one row of a Case makes."""
    image = images.convert(picture(row.picture, row.rows, row.cols), row.dtype)
    if row.of is not None:
        image = row.of(image)
    keywords = dict(row.keywords)
    if row.mask:
        keywords["mask"] = picture("blobs", row.rows, row.cols) > 0.3
    image = row.prepare(image) if row.prepare else image
    more = row.more(image) if row.more else ()
    return cases.Call((image, *more), keywords)


def ours(case, call, threads, expected):
    """Our function as a drop-in, and with out= where the result is large."""
    function = case.ours()
    keywords = {**call.keywords, "workers": threads}
    if case.formula:
        keywords["out"] = np.empty_like(expected)
    return lambda: function(*call.arguments, **keywords)


def text_of(value):
    if isinstance(value, list):
        return f"of {len(value)}"
    return value.__name__ if isinstance(value, type) else value


def label(case, row):
    words = [f"{row.rows} x {row.cols}", np.dtype(row.dtype).name, row.picture]
    words += [row.of.__name__.replace("_", " ")] if row.of is not None else []
    words += [row.words] if row.words else []
    if "use_quantiles" in row.keywords:
        words.append("quantiles")
    else:
        words += [f"{key} {text_of(value)}" for key, value in row.keywords.items()]
    words += [row.prepare.__name__] if row.prepare else []
    return ", ".join(words + ["mask"] * row.mask)


def check(case, call, found, expected, words, tolerance=0.0):
    tolerance = tolerance or case.tolerance_of(call)
    difference = compare.value_difference(found, expected, tolerance)
    if difference:
        sys.exit(f"{case.name}, {words}: not the reference's result: {difference}")


def counts(contenders, expected):
    """What the results of another definition hold: edges and how many differ from
    the reference's, or how many points; nothing of other planes."""
    notes = {}
    for name, contender in contenders.items():
        if contender.same:
            continue
        found = contender.run()
        if is_map(expected):
            wrong = np.count_nonzero(found.astype(bool) != expected)
            notes[name] = {"edges": edges_in(found.astype(bool)), "differ": int(wrong)}
        elif not isinstance(found, np.ndarray):
            notes[name] = {"points": len(found)}
    return notes


def is_map(result):
    return isinstance(result, np.ndarray) and result.dtype == bool


def edges_in(result):
    """How many pixels a map of edges has; None for other results."""
    return int(np.count_nonzero(result)) if is_map(result) else None


def run_row(case, row, threads, rounds=harness.ROUNDS, seconds=harness.SECONDS):
    """One row with one number of threads: everything that is reported."""
    call, words = call_of(row), label(case, row)
    rivals = peers.contenders(case, call, threads)
    reference, *others = rivals
    expected = rivals[reference].run()
    job = ours(case, call, threads, expected)
    check(case, call, job(), expected, words)
    for name in others:
        rival = rivals[name]
        if rival.same:
            which = f"{words}, {name}"
            check(case, call, rival.run(), expected, which, rival.tolerance)
    notes = counts(rivals, expected)
    jobs = {"feature": job} | {name: rival.run for name, rival in rivals.items()}
    if case.formula and row.rows * row.cols >= 2**20:
        traffic = call.arguments[0].nbytes + expected.nbytes
        jobs |= harness.copy_jobs(traffic, threads)
    timings = harness.interleave(jobs, rounds, seconds)
    mine = timings.pop("feature")
    return {
        "case": case.name,
        "family": case.family,
        "row": words,
        "pixels": row.rows * row.cols,
        "threads": threads,
        "reference": reference,
        "milliseconds": mine.least * 1e3,
        "faults": statistics.median(mine.faults),
        "rounds": len(mine.seconds),
        "edges": edges_in(expected),
        "peers": {
            name: {
                "milliseconds": timing.least * 1e3,
                "ratio": timing.over(mine),
                "faults": statistics.median(timing.faults),
                **notes.get(name, {}),
            }
            for name, timing in timings.items()
        },
    }


def selected(words, quick, large):
    """(case, row) pairs whose description holds all the words; rows of more than
    1024 x 1024 only of the families named in `large`, or of all."""
    for case in cases.CASES:
        for row in case.bench:
            text = f"{case.name} {case.family} {label(case, row)}"
            if quick and row.rows * row.cols > 2**19:
                continue
            if large and case.family not in large and row.rows * row.cols > 2**20:
                continue
            if all(word in text for word in words.split()):
                yield case, row


def call_overhead(seconds=1.0):
    """Seconds of a two-array call beyond the bare C call on one pixel: of the way
    through ctypes, and of the whole function with all that it checks."""
    import feature
    from featurelib import _native
    from featurelib import matrix as tutorial

    matrix, out = np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.float32)
    bare = _native.library["synthesize_matrix"]  # another object: no argtypes
    bare.argtypes = [helpers.ctypes.c_int] * 2 + [helpers.ctypes.c_void_p] * 2
    bare.restype = None
    addresses = matrix.ctypes.data, out.ctypes.data
    run = _native.run(None)
    jobs = {
        "native": lambda: tutorial._synthesize_matrix(matrix, out, run),
        "whole": lambda: feature.synthesize_matrix(matrix, out=out),
        "bare": lambda: bare(1, 1, *addresses),
    }
    timings = harness.interleave(jobs, seconds=seconds)
    median = {name: statistics.median(t.seconds) for name, t in timings.items()}
    return median["native"] - median["bare"], median["whole"] - median["bare"]


def measure(arguments):
    rounds, seconds = (
        (5, 0.2) if arguments.quick else (harness.ROUNDS, arguments.seconds)
    )
    head, results = harness.header(), []
    for case, row in selected(arguments.filter, arguments.quick, arguments.large):
        for threads in THREADS:
            result = run_row(case, row, threads, rounds, seconds)
            results.append(result)
            print(report.line(result), flush=True)
    if arguments.large:
        head["rows above 1024 x 1024"] = f"of {', '.join(arguments.large)} only"
    head["seconds for each"] = f"{seconds:g}, or {rounds} rounds"
    head["load average after"] = harness.load()
    native, whole = (f"{1e6 * seconds:.1f} µs" for seconds in call_overhead())
    head["call overhead"] = f"{native} for two arrays, {whole} with all checks"
    return {"header": head, "results": results}


def parse(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small rows, few rounds")
    parser.add_argument("--filter", default="", help="words that a row must hold")
    parser.add_argument("--json", help="file for all that was measured")
    parser.add_argument(
        "--seconds", type=float, default=harness.SECONDS, help="for each function"
    )
    parser.add_argument(
        "--large", nargs="*", metavar="FAMILY", help="no large rows of other families"
    )
    parser.add_argument("--write", action="store_true", help="write the documents")
    return parser.parse_args(words)


def main():
    arguments = parse()
    if arguments.write and (arguments.quick or arguments.filter):
        sys.exit("--write needs the whole benchmark: leave out --quick and --filter")
    measured = measure(arguments)
    print("\n" + report.markdown(measured))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(measured, indent=1))
    if arguments.write:
        report.write(measured, ROOT)


if __name__ == "__main__":
    main()
