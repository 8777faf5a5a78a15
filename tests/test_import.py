# SPDX-License-Identifier: BSD-3-Clause
"""Promise: `import feature` finds our library, only ours, fast, or says why not."""

import ast
import importlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import feature
import helpers
import pytest
from featurelib import _native

checkout = pytest.mark.skipif(
    Path(helpers.WHERE) != helpers.ROOT / "lib", reason="not testing the checkout"
)
ANSWER = "import numpy as np; print(feature.canny(np.eye(20)).sum())"


def run(code, **how):
    return helpers.python(code, **how).stdout.strip()


def test_the_package_is_importable_with_its_folder_on_the_path(tmp_path):
    assert int(run(f"import feature; {ANSWER}", cwd=tmp_path)) >= 0


@checkout
@pytest.mark.parametrize(
    "first, second",
    [
        ("import feature", "from lib import feature as other"),
        ("from lib import feature", "import feature as other"),
        ("import lib.feature; from lib import feature", "import feature as other"),
        ("from lib.feature import canny; import lib.feature as feature",
         "import feature as other"),
    ],
)
def test_both_names_are_one_module_in_both_orders(first, second, tmp_path):
    code = f"""{first}
{second}
import sys, lib
assert feature is other is lib.feature is sys.modules["lib.feature"]
assert feature.canny is other.canny
assert sum(name.endswith("_native") for name in sys.modules) == 1
{ANSWER}
"""
    path = f"{helpers.ROOT}{os.pathsep}{helpers.ROOT / 'lib'}"
    done = helpers.python(code, cwd=tmp_path, PYTHONPATH=path)
    assert int(done.stdout) >= 0


@checkout
def test_lib_is_enough_when_only_the_root_is_on_the_path(tmp_path):
    code = f"from lib import feature; {ANSWER}"
    done = helpers.python(code, cwd=tmp_path, PYTHONPATH=helpers.ROOT)
    assert int(done.stdout) >= 0


@pytest.mark.plain_build
def test_importing_costs_at_most_15_ms_more_than_numpy(tmp_path):
    """Of what has been imported before, or installed: Python has compiled it once.

    With everything that ours import and NumPy has not.
    """

    def cost():
        done = helpers.python(
            "import numpy, feature",
            options=("-X", "importtime"),
            PYTHONDONTWRITEBYTECODE=None,
            PYTHONPYCACHEPREFIX=tmp_path,
        )
        (microseconds,) = re.findall(r"(\d+) \| feature$", done.stderr, re.MULTILINE)
        return int(microseconds)

    assert min(cost() for _ in range(5)) <= 15_000


def test_a_family_is_imported_when_its_name_is_asked_for():
    code = """
        import sys
        import feature
        assert "featurelib.edges" not in sys.modules
        assert set(feature.__all__) <= set(dir(feature))
        canny = feature.canny
        assert "featurelib.edges" in sys.modules and "canny" in vars(feature)
        assert feature.canny is canny
        from feature import *
        assert set(feature.__all__) <= set(vars(feature)) & set(globals())
    """
    run(code)


def test_a_name_that_is_not_ours_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'feature' has no attribute 'cany'"):
        feature.cany  # noqa: B018
    with pytest.raises(ImportError):
        from feature import cany  # noqa: F401


def test_the_stub_hands_out_what_the_module_does():
    stub = ast.parse(Path(feature.__file__).with_suffix(".pyi").read_text())
    found = {}
    for statement in stub.body:
        for name in statement.names:
            assert name.asname == name.name, name.name
            module = importlib.import_module(statement.module)
            found[name.name] = getattr(module, name.name)
    assert found == {name: getattr(feature, name) for name in feature.__all__}


@pytest.mark.plain_build
def test_importing_adds_only_our_modules_to_numpy():
    code = """
        import sys, numpy, numpy.ctypeslib
        before = set(sys.modules)
        import feature
        print(*sorted(name.split(".")[0] for name in set(sys.modules) - before))
    """
    heavy = {"scipy", "skimage", "sklearn", "PIL", "multiprocessing", "asyncio"}
    heavy |= {"unittest", "pytest", "subprocess", "email", "http", "matplotlib"}
    assert not heavy & set(run(code).split())


def fake_library(folder):
    """A libfeature.so that says so when somebody loads it."""
    source = folder / "fake.c"
    source.write_text(
        "#include <stdio.h>\n__attribute__((constructor)) static void loaded(void)"
        '{ puts("ATTACK"); fflush(stdout); }\n'
    )
    compiler = shutil.which("cc") or pytest.skip("no C compiler")
    target = folder / "libfeature.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(target), str(source)]
    subprocess.run(command, check=True)
    return target


@pytest.mark.parametrize("variable", ["none", "LD_LIBRARY_PATH", "ROOT", "PATH"])
def test_a_library_of_that_name_elsewhere_is_not_loaded(variable, tmp_path):
    target = fake_library(tmp_path)
    for folder in ("lib/cpp/out", "featurelib", "cpp/out", "lib/featurelib"):
        (tmp_path / folder).mkdir(parents=True)
        shutil.copy(target, tmp_path / folder)
    changes = {} if variable == "none" else {variable: f"{tmp_path}:{os.defpath}"}
    if variable == "ROOT":
        changes = {"ROOT": tmp_path}
    code = f"import feature; {ANSWER}"
    assert "ATTACK" not in run(code, cwd=tmp_path, **changes)


@pytest.mark.parametrize("word", ["sse9", "AVX2", " base", "base,avx2"])
def test_an_unknown_instruction_set_is_an_import_error(word):
    done = helpers.python("import feature", check=False, FEATURE_ISA=word)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError") and "FEATURE_ISA" in last
    assert all(known in done.stderr for known in (word, "base", "avx2", "avx512"))


def test_an_empty_instruction_set_means_the_best_one():
    code = "import helpers; print(helpers.text('feature_isa'))"
    assert run(code, FEATURE_ISA="") == helpers.isas()[-1]
    assert run(code, FEATURE_ISA=None) == helpers.isas()[-1]


def copied_package(folder):
    """The package's Python files alone, without a library."""
    source = Path(_native.__file__).parent
    shutil.copytree(source, folder / "featurelib")
    shutil.copy(source.parent / "feature.py", folder)
    for library in folder.rglob("*.so"):
        library.unlink()
    return folder


def refusal(folder):
    done = helpers.python("import feature", check=False, cwd="/", PYTHONPATH=folder)
    assert done.returncode == 1, done.stdout
    assert "ImportError" in done.stderr
    return done.stderr[done.stderr.index("ImportError") :]


def test_a_missing_library_says_where_it_was_sought_and_how_to_build_it(tmp_path):
    words = refusal(copied_package(tmp_path))
    assert str(tmp_path / "featurelib") in words
    assert str(tmp_path / "cpp" / "out") in words
    assert "cmake" in words or "make" in words
    assert "no such file" in words.lower() or "cannot open" in words


def test_a_library_that_cannot_be_loaded_says_what_the_loader_said(tmp_path):
    copied_package(tmp_path)
    (tmp_path / "featurelib" / "libfeature.so").write_bytes(b"not a library")
    words = refusal(tmp_path)
    assert "too short" in words or "invalid ELF" in words


def test_a_foreign_library_of_that_name_is_refused(tmp_path):
    copied_package(tmp_path)
    source, foreign = tmp_path / "x.c", tmp_path / "featurelib" / "libfeature.so"
    source.write_text("int unrelated;\n")
    subprocess.run(["cc", "-shared", "-o", foreign, source], check=True)
    words = refusal(tmp_path)
    assert "ImportError" in words and str(foreign) in words and "cmake" in words


@pytest.mark.plain_build
def test_a_library_of_another_version_is_refused(tmp_path):
    copied_package(tmp_path)
    shutil.copy(_native.library_path, tmp_path / "featurelib" / "libfeature.so")
    version = tmp_path / "featurelib" / "_version.py"
    version.write_text(re.sub(r"\d+\.\d+\.\d+", "98.76.54", version.read_text()))
    words = refusal(tmp_path)
    assert "98.76.54" in words and helpers.text("feature_version") in words


@pytest.mark.plain_build
def test_importing_leaves_the_floating_point_state_alone():
    code = """
        import numpy as np
        tiny = np.array([1e-310, 5e-324])
        import feature
        feature.canny(np.eye(20))
        assert (tiny / 2 > 0).tolist() == [True, False]
        assert (tiny * 1 == tiny).all()
    """
    run(code)
