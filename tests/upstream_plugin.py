# SPDX-License-Identifier: BSD-3-Clause
"""Runs scikit-image's own tests of `skimage.feature` against `feature`.

    PYTHONPATH=lib:tests python -m pytest -p upstream_plugin -c /dev/null DIR

Before collection every public name of `skimage.feature` is replaced, in the module
and in its submodules, by ours; a name that we have not yet becomes a stub. A test
that touches a stub counts as missing, not as passed, whatever it does with it.
Calls are counted with a profile function, not with wrappers: a wrapper's frame
would change what "the caller" is for warnings.
"""

import importlib
import pkgutil
import sys
import threading
from collections import Counter

import pytest

# Part of a node id -> why this test says nothing about a public name.
EXCLUDE = {
    "test_hog.py::test_hog_output_correctness_l1_norm": "fetches an array (network)",
    "test_hog.py::test_hog_output_correctness_l2hys_norm": "fetches an array (network)",
    "test_util.py::test_feature_detector": "private base class",
    "test_util.py::test_descriptor_extractor": "private base class",
    "test_util.py::test_prepare_grayscale_input_2D": "private function",
    "test_util.py::test_mask_border_keypoints": "private function",
    "test_peak.py::TestProminentPeaks::test_isolated_peaks": "private function",
    "test_peak.py::TestProminentPeaks::test_threshold": "private function",
    "test_peak.py::TestProminentPeaks::test_peaks_in_contact": "private function",
    "test_blob.py::test_blob_overlap_3d_anisotropic": "private function",
}
NEVER_CALLED = {"draw_multiblock_lbp"}  # no upstream test calls it
ALL_FILES = 18
IN_THREAD = "ignore:(?s).*feature has no:pytest.PytestUnhandledThreadExceptionWarning"

originals = {}  # public name -> scikit-image's object
swapped = Counter()  # public name -> places where ours stands now
missing = Counter()  # public name -> tests that wanted it
touched = set()  # missing names that the running test has touched
calls = Counter()  # public name -> calls
codes = {}  # code object -> public name


def pytest_configure(config):
    import feature
    import skimage.feature

    config.addinivalue_line("filterwarnings", "error")
    config.addinivalue_line("filterwarnings", IN_THREAD)
    modules = [skimage.feature, *submodules(skimage.feature)]
    for name in skimage.feature.__all__:
        originals[name] = getattr(skimage.feature, name)
        ours = getattr(feature, name, None)
        if ours is not None:
            codes[code_of(ours)] = name
        swap(modules, name, stub(name) if ours is None else ours)
    swap_exceptions()


def submodules(package):
    """The package's modules, imported; optional ones that fail are left out."""
    for entry in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        try:
            yield importlib.import_module(entry.name)
        except ImportError:
            continue


def swap_exceptions():
    """The classes that tests expect of fisher_vector and learn_gmm."""
    from featurelib import fisher
    from skimage.feature import _fisher_vector

    for name in ("FisherVectorException", "DescriptorException"):
        setattr(_fisher_vector, name, getattr(fisher, name))


def code_of(ours):
    function = ours.__init__ if isinstance(ours, type) else ours
    return function.__code__


def swap(modules, name, replacement):
    for module in modules:
        if vars(module).get(name) is originals[name]:
            setattr(module, name, replacement)
            swapped[name] += 1


def stub(name):
    """Stands for a name that we have not: touching it ends the test."""

    class Missing(type):
        def __call__(cls, *arguments, **keywords):
            refuse(name)

        def __getattr__(cls, attribute):
            if attribute.startswith("__"):
                raise AttributeError(attribute)
            refuse(name)

    return Missing(name, (), {"__doc__": f"feature has no {name} yet"})


def refuse(name):
    touched.add(name)
    pytest.skip(f"missing: feature has no {name}", allow_module_level=True)


def is_stub(name):
    return name not in codes.values()


# --------------------------------------------------------------- while running


def pytest_collection_modifyitems(config, items):
    chosen = [item for item in items if not excluded(item)]
    config.hook.pytest_deselected(items=[item for item in items if excluded(item)])
    items[:] = chosen


def excluded(item):
    plain = item.nodeid.split("[")[0]
    return any(plain.endswith(suffix) for suffix in EXCLUDE)


def count_call(frame, event, argument):
    if event == "call" and frame.f_code in codes:
        calls[codes[frame.f_code]] += 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Counts calls; a test that touched a stub, even in a thread, is missing."""
    touched.clear()
    threading.setprofile(count_call)
    sys.setprofile(count_call)
    try:
        return (yield)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        if touched:
            missing.update(touched)
            pytest.skip(f"missing: feature has no {', '.join(sorted(touched))}")


# ---------------------------------------------------------------- at the end


def failures():
    """What is wrong with the swap itself."""
    import feature
    import skimage.feature

    names = set(feature.__all__) & set(originals)
    for name in sorted(names):
        if not swapped[name] or getattr(skimage.feature, name) is originals[name]:
            yield f"{name} was never swapped"
        elif not calls[name] and ran_all and name not in NEVER_CALLED:
            yield f"{name} was never called"


ran_all = False


def pytest_collection_finish(session):
    global ran_all
    ran_all = len({item.path for item in session.items}) >= ALL_FILES


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if list(failures()) and exitstatus in (0, 5):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    write = terminalreporter.write_line
    terminalreporter.section("scikit-image's tests against feature")
    for name in sorted(set(codes.values())):
        write(f"{name}: {calls[name]} calls, swapped in {swapped[name]} places")
    absent = sorted(name for name in originals if is_stub(name))
    wanted = [f"{name} ({missing[name]} tests)" for name in absent]
    write(f"missing, {len(absent)} of {len(originals)} names: {', '.join(wanted)}")
    for suffix, reason in EXCLUDE.items():
        write(f"not run: {suffix}: {reason}")
    for problem in failures():
        write(f"FAILED: {problem}", red=True)
