# SPDX-License-Identifier: BSD-3-Clause
"""What `import feature` is made of: a module a family, or some.

`_native` is the only module that knows ctypes, `_arguments` holds the rules that
several families share. Nothing here is imported by users; `feature` is.
"""
