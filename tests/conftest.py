# SPDX-License-Identifier: BSD-3-Clause
"""Which library is tested, and the seed of the run.

FEATURE_TEST_PATH   folder that holds feature.py (default: lib/ of this checkout);
                    "installed" tests what `import feature` finds by itself
FEATURE_TEST_SEED   seed of all random cases (default: the time; always printed)
FEATURE_TEST_CASES  number of random cases for each function
FEATURE_SANITIZED   1 when the library is built with sanitizers
"""

import os
import platform

import helpers  # puts the library to test on sys.path; keep it first
import images
import pytest


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "plain_build: means nothing in a build with sanitizers"
    )


def pytest_report_header():
    import feature
    import numpy
    import skimage

    seed = f"FEATURE_TEST_SEED={images.SEED}"
    versions = f"numpy {numpy.__version__}, scikit-image {skimage.__version__}"
    return [
        f"feature {feature.__version__} from {os.path.dirname(feature.__file__)}",
        f"{versions}, Python {platform.python_version()}",
        f"{seed} FEATURE_TEST_CASES={os.environ.get('FEATURE_TEST_CASES', '')}",
    ]


def pytest_terminal_summary(terminalreporter):
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"seed of this run: {images.SEED}")


def pytest_collection_modifyitems(items):
    if not helpers.SANITIZED:
        return
    skip = pytest.mark.skip(reason="FEATURE_SANITIZED=1: means nothing under ASan")
    for item in items:
        if item.get_closest_marker("plain_build"):
            item.add_marker(skip)
