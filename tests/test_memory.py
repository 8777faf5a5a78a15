# SPDX-License-Identifier: BSD-3-Clause
"""Promise: out of memory is a MemoryError, and a call needs little memory.

(That the n-th allocation fails, for every n, is tried in C: lib/cpp/test.)
"""

import textwrap

import helpers
import pytest

pytestmark = pytest.mark.plain_build  # ASan keeps memory of its own

SETUP = """
import os, re, resource, sys
import numpy as np
import images, feature
def status(name):
    text = open("/proc/self/status").read()
    return int(re.search(name + r":\\s+(\\d+)", text)[1]) * 1024
"""


def child(code, *arguments, **how):
    return helpers.python(SETUP + textwrap.dedent(code), *arguments, **how)


def test_any_limit_of_address_space_gives_the_result_or_a_memory_error():
    """A forked child for each limit, from nothing free to plenty; threads are
    made anew in each, so their stacks may be what there is no room for."""
    done = child("""
        image = np.rint(images.mirrored(images.photograph("camera"), 900, 1100) * 255)
        image = image.astype(np.uint8)
        def limited(step, **keywords):
            right = feature.canny(image, workers=1, **keywords)
            feature.release_memory()
            free = (status("VmSize") + int(2 ** (12 + step / 2))) // 4096 * 4096
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (free, hard))
            try:
                found = feature.canny(image, workers=3, **keywords)
            except MemoryError:
                return 10
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
            return 11 if np.array_equal(found, right) else 1
        ends = []
        for step in range(36):
            for keywords in ({}, {"use_quantiles": True, "sigma": 8}):
                if not (child := os.fork()):
                    os._exit(limited(step, **keywords))
                ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        assert set(ends) <= {10, 11}, ends
        print(ends.count(10), ends.count(11))
    """, timeout=120, OMP_NUM_THREADS=3)
    errors, results = map(int, done.stdout.split())
    assert errors and results


def test_memory_errors_leave_the_library_usable():
    child("""
        image = np.zeros((3000, 3000))
        image[1000:2000, 500:2500] = 1
        right = feature.canny(image)
        feature.release_memory()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + 2**20, hard))
        failed = 0
        for _ in range(5):
            try:
                feature.canny(image)
            except MemoryError:
                failed += 1
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        assert failed
        assert np.array_equal(feature.canny(image), right)
    """)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("sigma", [1, 2, 8])
def test_one_canny_call_takes_at_most_8_mib_for_each_thread(workers, sigma):
    """Beyond input and output, 4096 x 4096 uint8 photograph, first call of all."""
    done = child("""
        workers, sigma = int(sys.argv[1]), int(sys.argv[2])
        small = np.rint(images.photograph("camera") * 255).astype(np.uint8)
        image = images.mirrored(small, 4096, 4096)
        out = np.ones(image.shape, bool)
        feature.canny(small, workers=1)
        feature.release_memory()
        open("/proc/self/clear_refs", "w").write("5")
        before = status("VmRSS")
        feature.canny(image, sigma, workers=workers, out=out)
        print(status("VmHWM") - before)
    """, workers, sigma)
    assert int(done.stdout) <= workers * 8 * 2**20


def test_released_memory_goes_back_to_the_system():
    done = child("""
        image = images.mirrored(images.photograph("camera"), 3000, 3000)
        out = np.ones(image.shape, bool)
        def kept():
            feature.release_memory()
            return status("VmRSS")
        feature.canny(image, out=out)
        before = kept()
        for sigma in (1, 8, 20):
            feature.canny(image, sigma, use_quantiles=True, low_threshold=0.5,
                          high_threshold=0.9, out=out)
        print(kept() - before)
    """)
    assert int(done.stdout) < 2**20


def test_a_thousand_calls_do_not_grow_the_process():
    done = child("""
        image = images.mirrored(images.photograph("coins"), 200, 300)
        def calls(times):
            for number in range(times):
                feature.canny(image[: 100 + number % 100], 1 + number % 3)
                try:
                    feature.canny(image, sigma=-1)
                except ValueError:
                    pass
            return status("VmRSS")
        before = calls(300)
        print(calls(1000) - before)
    """)
    assert int(done.stdout) < 2**20


def test_arrays_are_let_go_after_a_call_and_after_an_error():
    child("""
        image, out = np.zeros((90, 80)), np.zeros((90, 80), bool)
        counts = sys.getrefcount(image), sys.getrefcount(out)
        for _ in range(10):
            feature.canny(image, out=out)
            try:
                feature.canny(image, -1, out=out)
            except ValueError:
                pass
        assert counts == (sys.getrefcount(image), sys.getrefcount(out))
    """)


def test_pictures_of_many_sizes_leave_little_behind():
    """A block for each size, and what lies between them, were 385 MiB."""
    done = child("""
        before = status("VmRSS")
        for _ in range(3):
            for rows in range(64, 700, 7):
                feature.structure_tensor(np.zeros((rows, rows + 3)))
        print(status("VmRSS") - before)
    """)
    assert int(done.stdout) < 160 * 2**20
