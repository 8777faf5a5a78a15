# SPDX-License-Identifier: BSD-3-Clause
"""Lets `from lib import feature` work from the root of a checkout.

It hands out the one module `feature`, not a second copy under another name.
"""

import os
import sys

_folder = os.path.dirname(os.path.abspath(__file__))
if _folder not in sys.path:
    sys.path.insert(0, _folder)

import feature  # noqa: E402  (found in the folder just added)

sys.modules[f"{__name__}.feature"] = feature
