# SPDX-License-Identifier: BSD-3-Clause
"""Processes that tests start, and where the library under test lies."""

import ctypes
import os
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
SANITIZED = os.environ.get("FEATURE_SANITIZED") == "1"
WHERE = os.environ.get("FEATURE_TEST_PATH") or str(ROOT / "lib")
INSTALLED = WHERE == "installed"

if not INSTALLED:
    sys.path.insert(0, WHERE)


def environment(**changes):
    """The environment of a child: same library, `changes` applied, None removes."""
    folders = [] if INSTALLED else [WHERE]
    folders += [str(TESTS), os.environ.get("PYTHONPATH", "")]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    variables.update({k: str(v) for k, v in changes.items() if v is not None})
    for name in [name for name, value in changes.items() if value is None]:
        variables.pop(name, None)
    return variables


def python(code, *arguments, timeout=60, cwd=None, options=(), check=True, **changes):
    """Runs `code` in a new interpreter that is killed after `timeout` seconds."""
    # A shell's background jobs, and so these children, are born deaf to Ctrl-C.
    listen = "import signal; signal.signal(2, signal.default_int_handler)\n"
    command = [sys.executable, *options, "-c", listen + textwrap.dedent(code)]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        env=environment(**changes),
        cwd=cwd,
        timeout=timeout,
        capture_output=True,
        text=True,
    )
    if check and done.returncode:
        raise AssertionError(f"exit code {done.returncode}\n{done.stderr[-4000:]}")
    return done


@cache
def library():
    """The loaded libfeature.so, seen through plain ctypes."""
    from featurelib import _native

    return ctypes.CDLL(str(_native.library_path))


def text(name):
    """What a function `const char *name(void)` of the library returns."""
    function = getattr(library(), name)
    function.restype = ctypes.c_char_p
    return function().decode()


def isas():
    """The instruction sets of this library on this processor, slowest first."""
    return text("feature_isas").split()


def threads():
    """How many threads a call without workers= uses."""
    function = library().feature_threads
    function.restype = ctypes.c_int32
    return function()
