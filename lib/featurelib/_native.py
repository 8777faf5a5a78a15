# SPDX-License-Identifier: BSD-3-Clause
"""The bridge to libfeature: finds it, loads it, declares and checks its functions.

A family declares what it calls, next to the function that calls it:

    _canny = _native.function("feature_canny", Array, Array, ...)

Arrays are passed as they are: a declared function hands their address, shape and
strides to C without a copy. A status other than OK becomes an exception inside the
call, so that no caller can forget to look at it.
"""

import ctypes
import functools
import os
import threading

import numpy as np

from . import __path__ as _package_folders
from ._version import __version__

# ---------------------------------------------------------------------------
# The library
# ---------------------------------------------------------------------------

_BUILD = (
    "cd lib/cpp && cmake -E make_directory build"
    " && cmake -E chdir ./build cmake -DCMAKE_BUILD_TYPE=Release .."
    " && cmake --build ./build"
)


def _places():
    """Folders that may hold the library: the installed package's, the checkout's.

    A package that is installed to be edited has one with sources, one with results.
    """
    checkout = os.path.join(os.path.dirname(_package_folders[0]), "cpp", "out")
    return *_package_folders, checkout


def _load():
    """The library and its path; from no other place than the two."""
    failures = []
    for folder in _places():
        path = os.path.join(folder, "libfeature.so")
        if not os.path.exists(path):
            failures.append(f"  {path}: no such file")
            continue
        try:
            return np.ctypeslib.load_library("libfeature.so", folder), path
        except (OSError, AttributeError) as problem:
            error = problem.__context__ or problem  # ctypes hides it from 3.12 on
            failures.append(f"  {path}: {error}")
    tried = "\n".join(failures)
    raise ImportError(
        f"libfeature.so cannot be loaded:\n{tried}\nIn a checkout, build it with\n"
        f"  {_BUILD}"
    )


library, library_path = _load()
prototypes: dict = {}  # every function declared so far: name -> (restype, argtypes)


def _declare(name, restype, *argtypes, of=library):
    try:
        function_ = getattr(of, name)
    except AttributeError:
        raise ImportError(
            f"{library_path} has no {name}, so it is another library or another"
            f" version's; in a checkout, build it with\n  {_BUILD}"
        ) from None
    function_.restype = restype
    function_.argtypes = argtypes
    prototypes[name] = (restype, argtypes)
    return function_


def text(name):
    """Declares a function without parameters that returns a text."""
    return lambda: _declare(name, ctypes.c_char_p)().decode()


def plain(name, restype, *argtypes):
    """Declares a function that returns something else than a status."""
    return _declare(name, restype, *argtypes)


_ndarray = np.ndarray


def function(name, *argtypes):
    """Declares a function that returns a status, and checks it in every call.

    Arrays are converted before ctypes sees them: it would turn an exception of a
    signal's handler that comes while it converts arguments into one of its own.
    """
    function_ = _declare(name, ctypes.c_int, *argtypes)
    places = [place for place, kind in enumerate(argtypes) if kind is Array]

    def call(*arguments):
        given = list(arguments)
        for place in places:
            if isinstance(given[place], _ndarray):
                given[place] = _as_argument(given[place])
        status = function_(*given)
        if status != _OK:
            _raise(status, name, arguments)

    return call


# What parameters and structs are made of, so that no other module needs ctypes.
Structure = ctypes.Structure
float32, float64 = ctypes.c_float, ctypes.c_double
int32, size, address = ctypes.c_int32, ctypes.c_ssize_t, ctypes.c_void_p
address_of = ctypes.addressof


def pointer_to(struct):
    """The type of a parameter that takes such a struct by address."""
    return ctypes.POINTER(struct)


# ---------------------------------------------------------------------------
# Status
# ---------------------------------------------------------------------------

_OK, _BAD_ARGUMENT, _BAD_DTYPE, _NO_MEMORY, _INTERRUPTED = range(5)
_EXCEPTIONS = {_BAD_DTYPE: TypeError, _NO_MEMORY: MemoryError}
_status_text = _declare("feature_status_text", ctypes.c_char_p, ctypes.c_int)


def _raise(status, name, arguments):
    if status == _INTERRUPTED:
        run_ = arguments[-1]
        raise run_.poller.exception
    message = f"{name}: {_status_text(status).decode()}"
    raise _EXCEPTIONS.get(status, ValueError)(message)


# ---------------------------------------------------------------------------
# Runs
# ---------------------------------------------------------------------------

_Poll = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)
_check_signals = ctypes.pythonapi.PyErr_CheckSignals


class _Run(ctypes.Structure):
    """feature_run."""

    _fields_ = [
        ("poll", _Poll),
        ("context", ctypes.c_void_p),
        ("threads", ctypes.c_int32),
    ]


Run = ctypes.POINTER(_Run)


def _answers(poller):
    """Yields 0 while a call may go on, and 1 from when a signal's handler has raised.

    A generator, and not a function, because Python runs handlers at the first
    bytecode already: a generator resumes inside its `try`, a function starts outside.
    From the `except` to the 1 there are only stores, at which no handler runs.
    """
    try:
        while True:
            yield 0
            _check_signals()
    except GeneratorExit:
        return
    except BaseException as exception:
        poller.exception = exception
    while True:
        yield 1


class _Poller:
    """Answers one call after the other, until one is interrupted."""

    def __init__(self):
        self.exception = None
        self.answers = _answers(self)
        next(self.answers)
        self.poll = _Poll(self.answers.send)
        self.runs = {}  # what a call with so many threads is given

    def is_idle(self):
        """Not spent, and not just running a handler in which another call is made."""
        return self.exception is None and not self.answers.gi_running

    def run(self, threads):
        if threads not in self.runs:
            self.runs[threads] = ctypes.pointer(_Run(self.poll, None, threads))
            self.runs[threads].poller = self
        return self.runs[threads]


_poller = _Poller()

_get_ident = threading.get_ident
_main_thread = threading.main_thread().ident


def _find_main_thread():
    global _main_thread
    _main_thread = threading.main_thread().ident


os.register_at_fork(after_in_child=_find_main_thread)


@functools.lru_cache(maxsize=None)
def _run_without_polls(threads):
    return ctypes.pointer(_Run(_Poll(), None, threads))


def run(workers):
    """How a call runs: `workers` threads, or the library's choice for None.

    Signals are answered on the main thread, where Python's handlers run.
    """
    global _poller
    threads = 0 if workers is None else min(workers, 1 << 20)
    if _get_ident() != _main_thread:
        return _run_without_polls(threads)
    if not _poller.is_idle():
        _poller = _Poller()
    return _poller.run(threads)


# ---------------------------------------------------------------------------
# Arrays
# ---------------------------------------------------------------------------


class _Array(ctypes.Structure):
    """feature_array."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("ndim", ctypes.c_int32),
        ("dtype", ctypes.c_int32),
    ]


Array = ctypes.POINTER(_Array)  # in prototypes: a NumPy array, or None where allowed

# The one function that needs Python's lock: it calls what it is given, _pointer_of.
_with_lock = ctypes.PyDLL(None, handle=library._handle)
_describe = _declare(
    "feature_describe",
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.py_object,
    Array,
    of=_with_lock,
)
_pointer_of = ctypes.cast(ctypes.pythonapi.PyCapsule_GetPointer, ctypes.c_void_p)


def _as_argument(array):
    capsule = array.__array_struct__
    described = _Array()
    if _describe(_pointer_of, capsule, described) != _OK:
        raise TypeError(f"libfeature has no arrays of {array.dtype}")
    described.owner = capsule  # shape and strides live in it, data lives as long
    return described


def data_of(array):
    """The address of an array's elements; `array.ctypes.data`, in fewer steps."""
    return _as_argument(array).data


def arrays(planes):
    """Several NumPy arrays as C takes them: side by side."""
    described = [_as_argument(plane) for plane in planes]
    block = (_Array * len(described))(*described)
    block.owners = described  # shapes and strides live in them
    return block


# ---------------------------------------------------------------------------
# The library as a whole
# ---------------------------------------------------------------------------

version = text("feature_version")
isa = text("feature_isa")
isas = text("feature_isas")
threads_source = text("feature_threads_source")
threads = plain("feature_threads", ctypes.c_int32)
release_memory = plain("feature_release_memory", None)


def _check_library():
    if version() != __version__:
        raise ImportError(
            f"{library_path} has version {version()}, the Python package {__version__}."
            f" Build the library again:\n  {_BUILD}"
        )
    if not isa():
        raise ImportError(
            f"FEATURE_ISA is {os.environ.get('FEATURE_ISA')!r}, not one of base, avx2,"
            f" avx512; this processor has {isas()}."
        )


_check_library()
