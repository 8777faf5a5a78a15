# SPDX-License-Identifier: BSD-3-Clause
"""Runs what the documents say: README's commands and the docstrings' examples.

Every ```sh block of README.md runs in a fresh copy of the checkout, line after line
as a visitor would type it, with the copy's .venv/bin first on PATH. What needs a
container engine or a second machine, and what is a check of its own, is named with
NOT RUN. Every public function must have an example, and it must print what it says.
"""

import doctest
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Commands that are shown but not run here, with the reason.
NOT_RUN = {
    r"docker(-compose)?\b|docker compose\b": "needs a container engine: scripts/docker",
    r"jupyter\b": "a server that does not end: scripts/run_notebook.py",
    r"make (test|check|bench|upstream|docs-check|wheel|clean)\b": "a check of its own",
    r"(bash )?\.ci/run\b": "a check of its own",
}


def copy_checkout(folder):
    """What a clone would hold, with what is not committed yet."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout
    there = [n for n in names.split(b"\0") if n and os.path.lexists(ROOT / n.decode())]
    pack = ["tar", "-c", "--null", "-T", "-"]
    packed = subprocess.run(
        pack, cwd=ROOT, check=True, input=b"\0".join(there), stdout=subprocess.PIPE
    )
    subprocess.run(["tar", "-x"], cwd=folder, check=True, input=packed.stdout)


def runnable(block):
    """The block without the lines that are not run here; those are named."""
    lines = []
    for line in block.splitlines():
        command = re.sub(r"\s+#.*$", "", line.strip())
        reason = next((NOT_RUN[p] for p in NOT_RUN if re.match(p, command)), None)
        if reason:
            print(f"NOT RUN  {command}  ({reason})", flush=True)
        elif command:
            lines.append(line)
    return "\n".join(lines)


def run_readme(folder):
    """Runs the blocks in their order; stops at the first command that fails."""
    # A visitor's environment: nothing of the check's own Makefile or .venv.
    hidden = ("MAKE", "MFLAGS", "PYTHONPATH", "VIRTUAL_ENV", "ROOT")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    others = [p for p in os.environ["PATH"].split(":") if p != str(ROOT / ".venv/bin")]
    environment["PATH"] = ":".join([str(folder / ".venv/bin"), *others])

    text = (ROOT / "README.md").read_text()
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        script = runnable(block)
        if not script:
            continue
        print("RUN", *script.splitlines(), sep="\n    ", flush=True)
        start = time.perf_counter()
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        print(f"    {time.perf_counter() - start:.1f} s", flush=True)
        if result.returncode:
            sys.exit(f"{result.stdout}\nREADME.md: exit code {result.returncode}")


def run_docstrings():
    """The examples of every public function, and of the front page itself."""
    sys.path.insert(0, str(ROOT / "lib"))
    import feature
    import numpy

    finder = doctest.DocTestFinder(recurse=False, exclude_empty=True)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=options)
    missing = []
    for name in ["feature", *feature.__all__]:
        thing = feature if name == "feature" else getattr(feature, name)
        if name != "feature" and not callable(thing):
            continue
        context = {"np": numpy, "feature": feature}
        tests = [t for t in finder.find(thing, name, globs=context) if t.examples]
        if not tests and thing is not feature:
            missing.append(name)
        for test in tests:
            runner.run(test)
    failed, tried = runner.summarize(verbose=False)
    print(f"Docstrings: {tried} examples tried, {failed} failed")
    if missing:
        sys.exit(f"no example in the docstring of: {', '.join(missing)}")
    if failed or not tried:
        sys.exit(1)


if __name__ == "__main__":
    run_docstrings()
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "pycextension"
        clone.mkdir()
        copy_checkout(clone)
        run_readme(clone)
    print("Documents: all commands ran")
