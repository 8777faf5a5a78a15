#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Times calls of two checkouts, each built by scripts/build, in turns.

    git worktree add ../before HEAD~1 && ../before/scripts/build
    benchmarks/turns.py ../before "feature.hog(photograph)" --threads 2 --cold

Each checkout has a process of its own, as one process can load one library. The two
answer in turns, so that what disturbs one disturbs the other. Calls may name `np`,
`feature`, `data` (scikit-image's images), `rng`, what --setup makes, and `camera`
(512 x 512 bytes), `photograph` (the same as doubles) and `noise` (doubles).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
TURNS, SECONDS = 12, 0.15
OTHER_WORK = 2**26  # bytes: what --cold copies before each call


def names_of(checkout):
    sys.path.insert(0, str(checkout / "lib"))
    import feature
    from skimage import data

    rng, camera = np.random.default_rng(0), data.camera()
    names = {"np": np, "feature": feature, "data": data, "rng": rng, "camera": camera}
    return names | {"photograph": camera / 255.0, "noise": rng.random(camera.shape)}


def seconds_of(call, names, read, written):
    """What calls of one turn take, after other work: a copy."""
    timings, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(timings) < 3:
        np.copyto(written, read)
        start = time.perf_counter()
        eval(call, names)
        timings.append(time.perf_counter() - start)
    return timings


def answer(arguments):
    """One checkout's process: reads numbers of calls, writes timings."""
    names = names_of(Path(arguments.checkout))
    read, written = np.zeros((2, OTHER_WORK if arguments.cold else 0), np.uint8)
    exec(arguments.setup, names)  # noqa: S102 (what it is for)
    calls = [compile(call, call, "eval") for call in arguments.calls]
    for call in calls:
        eval(call, names)
    for line in sys.stdin:
        timings = seconds_of(calls[int(line)], names, read, written)
        print(json.dumps(timings), flush=True)


def start(checkout, arguments):
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "1")
    threads["OMP_NUM_THREADS"] = str(arguments.threads)
    command = [sys.executable, "-W", "ignore", __file__, "--answer", str(checkout)]
    command += [*arguments.calls, "--setup", arguments.setup]
    return subprocess.Popen(
        command + ["--cold"] * arguments.cold,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | threads,
        text=True,
    )


def ask(process, number):
    print(number, file=process.stdin, flush=True)
    return json.loads(process.stdout.readline())


def compare(processes, number, call):
    timings = [[], []]
    for turn in range(TURNS):
        for side in (0, 1) if turn % 2 else (1, 0):
            timings[side] += ask(processes[side], number)
    least = [1e3 * min(side) for side in timings]
    middle = [1e3 * statistics.median(side) for side in timings]
    change = 100 * (middle[1] / middle[0] - 1)
    print(
        f"{call[:60]:60}  least {least[0]:8.3f} -> {least[1]:8.3f}"
        f"  median {middle[0]:8.3f} -> {middle[1]:8.3f} ms  {change:+5.1f} %"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", help="the other checkout")
    parser.add_argument("calls", nargs="+", metavar="call")
    parser.add_argument("--setup", default="", help="statements before all calls")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--cold", action="store_true", help="copy 64 MiB before each call"
    )
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.answer:
        return answer(arguments)
    processes = [start(root, arguments) for root in (arguments.checkout, HERE.parent)]
    for number, call in enumerate(arguments.calls):
        compare(processes, number, call)
    for process in processes:
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
