# SPDX-License-Identifier: BSD-3-Clause
"""Promise: any number of threads may call, fork works, Ctrl-C is answered.

Everything that could hang runs in a process of its own that is killed in time.
"""

import os
import textwrap
import threading

import cases
import compare
import feature
import helpers
import numpy as np
import pytest
from cases import CASES, Call

SLOW = 10 if helpers.SANITIZED else 1
names = pytest.mark.parametrize("name", [case.name for case in CASES])

# What most children start with: a photograph, and the right answer found alone.
PHOTOGRAPH = """
import os, signal, sys, threading, time
import numpy as np
import helpers, images, feature
photograph = images.mirrored(images.photograph("camera"), 600, 700)
right = feature.canny(photograph, 2.0, workers=1)
def check(workers=2):
    assert np.array_equal(feature.canny(photograph, 2.0, workers=workers), right)
"""


def child(code, *arguments, **how):
    done = helpers.python(PHOTOGRAPH + textwrap.dedent(code), *arguments, **how)
    assert "ignored" not in done.stderr, done.stderr[-2000:]
    return done


@names
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_many_threads_get_the_results_that_one_thread_gets(name):
    case = cases.find(name)
    calls = [case.call(index) for index in range(15)]
    expected = [compare.outcome(case.ours(), call) for call in calls]
    wrong = []

    def work(shift):
        for index in range(len(calls)):
            number = (index * (1 + 2 * shift) + shift) % len(calls)
            try:
                found = case.ours()(*calls[number].arguments, **calls[number].keywords)
            except Exception as error:
                if str(error) != str(expected[number].error):
                    wrong.append((number, error))
            else:
                right = compare.canonical(expected[number].value)
                if compare.canonical(found) != right:
                    wrong.append((number, "another result"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_releasing_memory_while_others_compute_is_harmless():
    child("""
        until = time.time() + 1
        def work():
            while time.time() < until:
                check()
        failed = []
        threading.excepthook = failed.append
        threads = [threading.Thread(target=work) for _ in range(4)]
        [thread.start() for thread in threads]
        while time.time() < until:
            feature.release_memory()
        [thread.join() for thread in threads]
        assert not failed
        check()
    """)


FORK = """
    def forked(times, grandchildren=False):
        for number in range(times):
            child = os.fork()
            if not child:
                code = 1
                try:
                    signal.alarm(20)
                    check(1 + number % 3)
                    check(None)
                    if grandchildren:
                        forked(1)
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0, f"child {number} failed or hung"
"""


def test_200_forks_beside_two_busy_threads_do_not_hang():
    child(FORK + """
    stop = threading.Event()
    failed = []
    threading.excepthook = failed.append
    def busy():
        while not stop.is_set():
            check()
    threads = [threading.Thread(target=busy) for _ in range(2)]
    [thread.start() for thread in threads]
    forked(20 if helpers.SANITIZED else 200)
    stop.set()
    [thread.join() for thread in threads]
    assert not failed
    check()
    """, timeout=120)


def test_a_grandchild_and_then_the_parent_compute_right_results():
    child(FORK + """
    check()
    forked(5, grandchildren=True)
    check()
    """)


def test_forking_from_a_second_thread_works():
    child(FORK + """
    check()
    failed = []
    threading.excepthook = failed.append
    thread = threading.Thread(target=forked, args=(5,))
    thread.start()
    thread.join()
    assert not failed
    check()
    """)


def test_a_thread_that_ends_in_the_child_does_no_harm():
    child(FORK + """
    def check(workers, alone=check):
        thread = threading.Thread(target=alone)
        thread.start()
        thread.join()
        alone()
    check(2)
    forked(5)
    """)


def test_a_forked_child_may_use_several_threads_again():
    """What it is allowed to, not how fast it is: info() still says so."""
    child(FORK + """
    check()
    before = helpers.threads()
    def check(workers):
        assert helpers.threads() in (1, before)
    forked(2)
    assert helpers.threads() == before
    """, OMP_NUM_THREADS=3)


def test_a_multiprocessing_fork_pool_computes_right_results():
    child("""
        import multiprocessing
        check()
        def job(number):
            check(1 + number % 3)
            return number
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert sorted(pool.map(job, range(30))) == list(range(30))
        check()
    """, OMP_NUM_THREADS=2)


LONG = """
    side = 3000 if helpers.SANITIZED else 9000
    image = np.resize(np.rint(photograph * 255).astype(np.uint8), (side, side))
    out = np.empty(image.shape, bool)
    def long_call():
        feature.canny(image, 8.0, workers=int(sys.argv[1]), out=out)
    started = time.perf_counter()
    long_call()
    duration = time.perf_counter() - started
    rng = images.generator("interrupt")
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_a_long_call_within_a_fifth_of_a_second(workers):
    """SIGINT at 20 random times; calls follow each other without a pause."""
    child(LONG + """
    sent = []
    def interrupt(after):
        time.sleep(after)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
    for _ in range(20):
        after = 0.005 + rng.random() * min(0.25, 2 * duration)
        thread = threading.Thread(target=interrupt, args=(after,))
        try:
            thread.start()
            while True:
                long_call()
        except KeyboardInterrupt:
            waited = time.perf_counter() - sent[-1]
        thread.join()
        assert waited < float(sys.argv[2]), waited
    check()
    """, workers, 0.2 * SLOW, timeout=90 * SLOW)


def test_no_interrupt_is_lost_between_the_parts_of_a_call():
    """Calls of many regions, one after the other, with and without Python between."""
    child("""
        fired = raised = 0
        def handler(*_):
            global fired
            fired += 1
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, handler)
        noise = images.generator("parts").random((700, 700))
        calls = [
            lambda: feature.blob_log(noise, max_sigma=5, workers=2),
            lambda: feature.corner_peaks(noise, 2, workers=2),
            lambda: feature.peak_local_max(noise, 1, workers=1),
            lambda: feature.hessian_matrix(noise, use_gaussian_derivatives=True),
        ]
        for number, delay in enumerate(np.linspace(0.011, 0.1, 60)):
            try:
                signal.setitimer(signal.ITIMER_REAL, delay)
                for _ in range(200):
                    calls[number % len(calls)]()
            except KeyboardInterrupt:
                raised += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert fired == raised == 60, (fired, raised)
        check()
    """, timeout=90 * SLOW)


@pytest.mark.parametrize("call", [
    "corner_moravec(photograph, 20, workers=1)",
    "structure_tensor(np.tile(photograph, (4, 4)), sigma=150, workers=1)",
    "local_binary_pattern(greys, 10000, 3, 'uniform', workers=1)",
    "daisy(photograph, orientations=2000, histograms=2, rings=1, workers=1)",
    "ORB(n_scales=1).detect(dots, workers=1)",
    "CENSURE(mode='star').detect(spoilt, workers=1)",
    "match_template(stepped, photograph, workers=1)",
])
def test_ctrl_c_ends_calls_whose_units_of_work_are_large(call):
    """All of these took from half a second to minutes to answer. The best of three:
    other tests run beside this one."""
    child("""
        class Enough(Exception):
            pass
        def handler(*_): # runs when the call asks, not when the signal comes
            raise Enough
        greys = np.rint(photograph * 255).astype(np.uint8)
        dots = np.zeros((2000, 2000), np.uint8)
        dots[4::8, 4::8] = 255  # equal corners
        spoilt, stepped = np.tile(photograph, (2, 5, 5))
        spoilt[5, 5] = np.nan
        stepped[:, :900] += 1e9
        signal.signal(signal.SIGALRM, handler)
        waited = []
        for _ in range(3):
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            until = time.perf_counter() + 0.1
            try:
                while True:
                    feature.%s
            except Enough:
                waited.append(time.perf_counter() - until)
        assert min(waited) < float(sys.argv[1]), waited
    """ % call, 0.2 * SLOW, timeout=60 * SLOW)


def test_the_exception_of_a_users_signal_handler_comes_through():
    child(LONG + """
    class Enough(Exception):
        pass
    def handler(number, frame):
        raise Enough("from the handler")
    signal.signal(signal.SIGALRM, handler)
    for _ in range(5):
        signal.setitimer(signal.ITIMER_REAL, 0.002 + rng.random() * duration / 2)
        try:
            while True:
                long_call()
        except Enough as error:
            assert str(error) == "from the handler" and error.__cause__ is None
    check()
    """, 2, timeout=90 * SLOW)


def test_a_handler_that_returns_does_not_disturb_the_call():
    child("""
        calls = []
        signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        until = time.time() + 1
        while time.time() < until:
            check()
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert len(calls) > 20
    """)


def test_a_handler_may_call_the_library_itself():
    """Long enough that the inner call looks for signals while the outer one does."""
    child("""
        large = images.mirrored(photograph, 2500, 2500)
        expected = feature.canny(large, 4.0)
        results = []
        def handler(*_):
            found = feature.canny(large, 4.0, workers=1)
            results.append(np.array_equal(found, expected))
        signal.signal(signal.SIGALRM, handler)
        for _ in range(5):
            signal.setitimer(signal.ITIMER_REAL, 0.03)
            assert np.array_equal(feature.canny(large, 4.0, workers=1), expected)
            time.sleep(0.05)
        assert len(results) == 5 and all(results)
    """, timeout=60 * SLOW)


def test_signals_in_quick_succession_do_not_break_later_calls():
    """A handler that raises, called again and again while its exception travels."""
    child(LONG + """
    class Again(Exception):
        pass
    def handler(*_):
        raise Again
    signal.signal(signal.SIGALRM, handler)
    caught = 0
    until = time.time() + 1.5
    while time.time() < until:
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
                long_call()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except Again:
            caught += 1
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    assert caught > 20, caught
    check()
    started = time.perf_counter()
    signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        while True:
            long_call()
    except Again:
        assert time.perf_counter() - started < 0.01 + 0.2 * float(sys.argv[2])
    """, 1, SLOW, timeout=90 * SLOW)


def test_a_call_from_a_second_thread_leaves_ctrl_c_to_the_main_thread():
    child("""
        failed = []
        threading.excepthook = failed.append
        until = time.time() + 2
        def work():
            while time.time() < until:
                check()
        thread = threading.Thread(target=work)
        thread.start()
        caught = 0
        for _ in range(5):
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(1)
            except KeyboardInterrupt:
                caught += 1
        thread.join()
        assert caught == 5 and not failed
    """)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_omp_num_threads_is_the_default_number_of_threads(number):
    code = f"import helpers; assert helpers.threads() == {number}, helpers.threads()"
    helpers.python(code, OMP_NUM_THREADS=number)


@pytest.mark.parametrize("words", ["abc", "0", "-1", "1e9", "9" * 20])
def test_an_omp_num_threads_that_openmp_refuses_is_not_set(words):
    code = 'import feature; assert "OMP" not in feature.info()["threads_source"]'
    helpers.python(code, OMP_NUM_THREADS=words)


def test_without_omp_num_threads_no_more_threads_than_processors():
    processors = len(os.sched_getaffinity(0))
    code = f"import helpers; assert 1 <= helpers.threads() <= {processors}"
    helpers.python(code, OMP_NUM_THREADS=None)


def test_threadpoolctl_limits_are_honoured_and_end():
    pytest.importorskip("threadpoolctl")
    child("""
        import threadpoolctl
        assert any(
            "feature" in str(module) or module["user_api"] == "openmp"
            for module in threadpoolctl.threadpool_info()
        )
        before = helpers.threads()
        with threadpoolctl.threadpool_limits(1, user_api="openmp"):
            assert helpers.threads() == 1
            check(None)
        assert helpers.threads() == before == 4
        check(None)
    """, OMP_NUM_THREADS=4)


def test_learn_gmm_lowers_limits_of_scikit_learn_and_raises_none(monkeypatch):
    mixture = pytest.importorskip("sklearn.mixture")
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def counts():
        pools = threadpoolctl.threadpool_info()
        return {pool["filepath"]: pool["num_threads"] for pool in pools}

    fit = mixture.GaussianMixture.fit
    monkeypatch.setattr(
        mixture.GaussianMixture,
        "fit",
        lambda self, x: (seen.append(counts()), fit(self, x))[1],
    )
    seen, points = [], [[0.0], [0.1], [1.0], [1.1]]
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        before = counts()
        for workers in (None, 1, 2, 9):
            feature.learn_gmm(np.array(points), n_modes=2, workers=workers)
        assert counts() == before
    for workers, found in zip((99, 1, 2, 9), seen):
        assert found == {name: min(n, workers) for name, n in before.items()}


def test_workers_decides_how_many_threads_compute():
    """Counted in /proc while the team of the last call still waits."""
    helpers.python("""
        import os
        import numpy as np
        import feature
        image = np.random.default_rng(0).random((900, 900))
        def threads_after(workers):
            feature.canny(image, workers=workers)
            return len(os.listdir("/proc/self/task"))
        alone = len(os.listdir("/proc/self/task"))
        assert threads_after(1) == alone
        assert threads_after(3) == alone + 2
    """, OMP_NUM_THREADS=8, OPENBLAS_NUM_THREADS=1)


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="POSIX only")
def test_threads_that_cannot_be_made_do_not_end_the_process():
    """RLIMIT_NPROC in a process that is not root: fewer threads, right result."""
    done = child("""
        import resource
        if os.getuid() == 0:
            os.setgroups([])
            os.setuid(65534)
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        try:
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()
            print("threads can still be made")
        except RuntimeError:
            check(64)
            check(None)
            check(2)
            print("fewer threads")
    """, OMP_NUM_THREADS=64)
    if "still" in done.stdout:
        pytest.skip("this system does not enforce RLIMIT_NPROC")
    assert "fewer threads" in done.stdout


def test_the_default_call_equals_every_number_of_workers():
    case = cases.find("canny")
    call = case.call(0, shape=(500, 400))
    call.keywords.pop("workers", None)
    expected = compare.outcome(case.ours(), call).value
    for workers in (1, 2, 5, 16, 1000):
        given = Call(call.arguments, {**call.keywords, "workers": workers})
        found = compare.outcome(case.ours(), given).value
        assert compare.canonical(found) == compare.canonical(expected)
