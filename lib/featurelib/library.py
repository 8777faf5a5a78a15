# SPDX-License-Identifier: BSD-3-Clause
"""The library as a whole: what runs here, and the memory it keeps."""

from . import _memory, _native
from ._version import REFERENCE_VERSION, __version__


class Info(dict):
    """A dictionary that prints one line an entry."""

    def __str__(self):
        width = max(map(len, self))
        return "\n".join(f"{key:<{width}}  {value}" for key, value in self.items())


def info():
    """Say which library is loaded and how it runs on this machine.

    Returns
    -------
    info : dict
        ``version`` of this package; ``reference``, the scikit-image release whose
        results it matches; ``isa``, the instruction set in use, and ``isas``, all
        that this processor could use (FEATURE_ISA in the environment lowers the
        choice); ``threads``, the number a call uses when `workers` is not given, and
        ``threads_source``, what decided it; ``library``, the path of the loaded file.
        ``print(info())`` shows one line an entry.

    Examples
    --------
    >>> import feature
    >>> feature.info()["reference"]
    'scikit-image 0.26.0'
    """
    return Info(
        version=__version__,
        reference=f"scikit-image {REFERENCE_VERSION}",
        isa=_native.isa(),
        isas=_native.isas(),
        threads=_native.threads(),
        threads_source=_native.threads_source(),
        library=_native.library_path,
    )


def release_memory():
    """Give the memory that is kept between calls back to the system.

    The library keeps working memory, and memory of large results that nobody refers to
    any more, at most 256 MiB a process of each, because new memory costs as much as
    the arithmetic on it. Calls that are running, and results, keep theirs.

    Examples
    --------
    >>> import feature
    >>> feature.release_memory()
    """
    _memory.forget()
    _native.release_memory()
