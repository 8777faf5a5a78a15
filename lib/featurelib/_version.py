# SPDX-License-Identifier: BSD-3-Clause
"""The one place that says the version; CMake and pyproject.toml read it here."""

__version__ = "0.1.0"
REFERENCE_VERSION = "0.26.0"  # the scikit-image release whose results are matched
