# SPDX-License-Identifier: BSD-3-Clause
"""How things are timed: interleaved, compared before, with the machine's state.

One round calls every contender once; ratios are taken within a round, so that
what disturbs one disturbs its neighbour. Reported are the least time of each and
the median of the ratios, never a ratio of two runs.
"""

import ctypes
import datetime
import functools
import importlib.metadata
import os
import platform
import re
import resource
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROUNDS, SECONDS, FEWEST = 20, 1.0, 3  # of short calls more: a quarter of SECONDS


@dataclass
class Timing:
    seconds: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    @property
    def least(self):
        return min(self.seconds)

    def over(self, other):
        """How many times as long as `other`: the median over the rounds."""
        pairs = zip(self.seconds, other.seconds, strict=True)
        return statistics.median(mine / its for mine, its in pairs)


def minor_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def time_once(job, timing):
    faults, start = minor_faults(), time.perf_counter()
    job()
    timing.seconds.append(time.perf_counter() - start)
    timing.faults.append(minor_faults() - faults)


def warm_up(jobs):
    """Three calls of each, one of those that take long."""
    for job in jobs.values():
        for _ in range(3):
            start = time.perf_counter()
            job()
            if time.perf_counter() - start > 0.2:
                break


def interleave(jobs, rounds=ROUNDS, seconds=SECONDS):
    """{name: Timing}: at least `rounds` rounds or `seconds` for each job; cold ones
    where `seconds` is 0."""
    if seconds:
        warm_up(jobs)
    timings = {name: Timing() for name in jobs}
    start, done, each = time.perf_counter(), 0, 0.0
    fewest = min(FEWEST, rounds)
    while done < fewest or each < seconds / 4 or (done < rounds and each < seconds):
        for name, job in jobs.items():
            time_once(job, timings[name])
        done += 1
        each = (time.perf_counter() - start) / len(jobs)
    return timings


# ----------------------------------------------------------------- the machine


def cpu():
    """Model and the instruction sets that matter here."""
    text = Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    model = re.search(r"model name\s*: (.*)", text)
    family = re.search(r"cpu family\s*: (.*)", text)
    flags = set(text.partition("flags")[2].partition("\n")[0].split())
    levels = [
        name for name in ("avx2", "avx512f", "avx512_vbmi", "avx512_vnni")
        if name in flags
    ]
    name = model[1] if model else platform.machine()
    number = f", family {family[1]}" if family else ""
    return f"{name}{number} ({' '.join(levels) or 'no AVX2'})"


def load():
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def huge_pages():
    path = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return re.search(r"\[(.*)\]", path.read_text())[1] if path.exists() else "unknown"


def header():
    """{what: value}: the machine and the versions of a run."""
    import feature

    info = feature.info()
    packages = ("numpy", "scipy", "scikit-image", "opencv-python-headless", "numba")
    today = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": f"{today:%Y-%m-%d %H:%M} UTC",
        "processor": cpu(),
        "processors to run on": len(os.sched_getaffinity(0)),
        "load average before": load(),
        "transparent huge pages": huge_pages(),
        "system": f"{platform.system()} {platform.release()}",
        "feature": f"{feature.__version__}, ISA {info['isa']} of {info['isas']}",
        "versions": ", ".join(f"{name} {version(name)}" for name in packages),
        "Python": f"{platform.python_version()} ({platform.python_compiler()})",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "not set"),
    }


# ------------------------------------------------------------- limits of copies


@functools.cache
def compile_copy_limit():
    """The function of copy_limit.c, or None where there is no compiler."""
    with tempfile.TemporaryDirectory() as folder:
        target = f"{folder}/copy_limit.so"
        command = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-fopenmp"]
        command += ["-shared", "-fPIC", "-o", target, str(HERE / "copy_limit.c")]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        function = ctypes.CDLL(target).copy_limit
    address, number = ctypes.c_void_p, ctypes.c_int
    function.argtypes = [address, address, ctypes.c_size_t, number, number]
    function.restype = None
    return function


def aligned(size):
    """`size` bytes that begin at a multiple of 2 MiB, all touched."""
    store = np.ones(size + 2**21, np.uint8)
    start = -store.ctypes.data % 2**21
    return store[start : start + size]


def copy_jobs(total, threads):
    """Copies that read and write `total` bytes together, ordinary and streamed."""
    function = compile_copy_limit()
    if function is None:
        return {}
    half = total // 2 // 2**18 * 2**18
    source, target = aligned(half), aligned(half)

    def job(nontemporal):
        def run():
            address = target.ctypes.data, source.ctypes.data
            function(*address, half, threads, nontemporal)

        return run

    return {"ordinary copy": job(0), "non-temporal copy": job(1)}
