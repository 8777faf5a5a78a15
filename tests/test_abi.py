# SPDX-License-Identifier: BSD-3-Clause
"""Promise: feature.h, the exported symbols and the Python prototypes are one list.

The header is read with a small pattern, the library with nm and readelf, the
Python side through `_native.prototypes`. Also: every public name has a Case, and
every name of scikit-image is here.
"""

import ctypes
import re
import shutil
import subprocess
import sys

import cases
import feature
import helpers
import numpy as np
import pytest
from featurelib import _native

HEADER = helpers.ROOT / "lib/cpp/lib/feature/feature.h"
needs_header = pytest.mark.skipif(not HEADER.exists(), reason="no source tree")
OF_THE_LIBRARY = {"__version__", "info", "release_memory"}
ADDITIONS = {"out", "workers", "dtype", "prescale", "packed"}
KINDS = "? u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8"
DTYPES = [np.dtype(word) for word in KINDS.split()]  # feature_dtype
DRAWING = {"plot_matched_features"}  # returns nothing; tests/test_matching.py looks
for name in feature.__all__:
    getattr(feature, name)  # its family declares what it calls when it is imported
feature.info()  # declares what is declared at its first use


def header():
    """feature.h without comments."""
    return re.sub(r"/\*.*?\*/", " ", HEADER.read_text(), flags=re.DOTALL)


def declarations():
    """{name: [kind of result, kinds of parameters]} of the header."""
    pattern = r"FEATURE_API\s+([\w\s*]+?)(\w+)\s*\(([^)]*)\)\s*;"
    found = re.findall(pattern, header())
    assert len(found) == header().count("FEATURE_API ") - 1  # its #define
    return {
        name: [kind_in_c(result), *map(kind_in_c, parameters(words))]
        for result, name, words in found
    }


def parameters(words):
    return [] if words.strip() == "void" else words.split(",")


def kind_in_c(words):
    """pointer, f4, f8, i4, ... of a C declaration such as `const char *name`."""
    if "*" in words:
        return "pointer"
    sizes = {"double": "f8", "float": "f4", "int64_t": "i8", "ptrdiff_t": "word"}
    sizes |= {"int32_t": "i4", "int": "i4", "feature_status": "i4", "void": "void"}
    (kind,) = {sizes[word] for word in words.split() if word in sizes}
    return kind


def kind_in_python(ctype):
    """The same for a ctypes type."""
    if ctype is None:
        return "void"
    sizes = {ctypes.c_double: "f8", ctypes.c_float: "f4", ctypes.c_int32: "i4"}
    if ctype in sizes:
        return sizes[ctype]
    if ctype in (ctypes.c_ssize_t, ctypes.c_int64):
        return "word"
    if hasattr(ctype, "_type_") and isinstance(ctype._type_, str):
        return "pointer" if ctype._type_ in "PzZO" else ctype._type_
    return "pointer"  # POINTER(x), ndpointer, CFUNCTYPE


def tool(*command):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_header
def test_the_library_exports_what_the_header_declares_and_nothing_else():
    listing = tool("nm", "-D", "--defined-only", str(_native.library_path))
    symbols = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
    versions = {line.split()[-1] for line in listing.splitlines() if " A " in line}
    sanitizer = {name for name in symbols if re.match("__(asan|ubsan|odr)", name)}
    assert symbols - versions - sanitizer == set(declarations())


@needs_header
def test_every_prototype_has_the_number_and_kinds_of_parameters_of_the_header():
    declared = declarations()
    assert set(_native.prototypes) <= set(declared)
    for name, (result, arguments) in _native.prototypes.items():
        found = [kind_in_python(result), *map(kind_in_python, arguments)]
        assert found == declared[name], name


@needs_header
def test_every_function_of_the_header_is_called_from_python():
    for_c_users = {"synthesize_matrix", "feature_gaussian_weights"}
    assert set(declarations()) - set(_native.prototypes) <= for_c_users


def structures_in_c():
    """{names of the members: name of the structure} of the header."""
    found = re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", header(), re.DOTALL)
    return {tuple(re.findall(r"(\w+)(?:\[\d+\])?\s*(?:\)\([^)]*\))?;", body)): name
            for body, name in found}


def structures_in_python():
    """{names of the fields: structure} of all modules of the package."""
    modules = [m for name, m in sys.modules.items() if name.startswith("featurelib")]
    values = [value for module in modules for value in vars(module).values()]
    kinds = [value for value in values if isinstance(value, type)]
    return {
        tuple(field[0] for field in kind._fields_): kind
        for kind in kinds
        if issubclass(kind, ctypes.Structure) and hasattr(kind, "_fields_")
    }


@needs_header
def test_a_structure_has_the_size_and_offsets_that_the_compiler_gives_it(tmp_path):
    in_c, in_python = structures_in_c(), structures_in_python()
    assert len(in_c) == header().count("typedef struct")
    assert set(in_c) <= set(in_python), "a structure of the header is not in Python"
    lines = ['#include "feature.h"', "#define CHECK(x) _Static_assert(x, #x);"]
    for fields, name in in_c.items():
        kind = in_python[fields]
        lines.append(f"CHECK(sizeof({name}) == {ctypes.sizeof(kind)})")
        for field in fields:
            offset = getattr(kind, field).offset
            lines.append(f"CHECK(offsetof({name}, {field}) == {offset})")
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines) + "\n")
    tool("cc", "-std=c11", "-fsyntax-only", f"-I{HEADER.parent}", str(source))


@pytest.mark.parametrize("dtype", "?bBhHiIlLqQefd")
def test_an_array_is_described_as_it_is(dtype):
    array = np.zeros((4, 6), dtype)[::-2, 1::3]
    described = _native._as_argument(array)
    axes = (ctypes.c_ssize_t * 2).from_address
    assert described.data == array.ctypes.data == _native.data_of(array)
    assert tuple(axes(described.shape)) == array.shape
    assert tuple(axes(described.strides)) == array.strides
    assert described.ndim == 2 and described.dtype == DTYPES.index(array.dtype)


SWAPPED = np.dtype(float).newbyteorder()


@pytest.mark.parametrize("dtype", ["longdouble", "complex64", "O", "U3", SWAPPED])
def test_an_array_of_other_elements_is_refused(dtype):
    with pytest.raises(TypeError):
        _native._as_argument(np.zeros((2, 3), dtype))


def test_header_library_and_package_have_one_version():
    assert helpers.text("feature_version") == feature.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", feature.__version__)


@pytest.mark.plain_build
def test_the_library_needs_only_the_c_library_and_openmp():
    dynamic = tool("readelf", "-d", str(_native.library_path))
    needed = re.findall(r"NEEDED.*\[(.+?)\]", dynamic)
    allowed = r"lib(c|m|gomp|omp|iomp5|pthread|gcc_s)\b.*|ld-linux.*"
    assert needed and all(re.fullmatch(allowed, name) for name in needed), needed
    for path in re.findall(r"R(?:UN)?PATH.*\[(.*?)\]", dynamic):
        assert all(part.startswith("$ORIGIN") for part in path.split(":")), path


def test_the_library_asks_for_no_executable_stack():
    listing = tool("readelf", "-lW", str(_native.library_path))
    (stack,) = [line for line in listing.splitlines() if "GNU_STACK" in line]
    assert "RWE" not in stack


def test_every_public_name_exists_and_has_a_docstring():
    assert len(set(feature.__all__)) == len(feature.__all__)
    for name in feature.__all__:
        assert getattr(feature, name).__doc__, name


def test_every_name_of_scikit_image_is_here():
    import skimage.feature

    assert set(feature.__all__) >= set(skimage.feature.__all__)


def test_every_public_name_has_a_case():
    assert {case.name for case in cases.CASES} == (
        set(feature.__all__) - OF_THE_LIBRARY - DRAWING
    )


def original(case):
    import skimage.feature

    return getattr(skimage.feature, case.name)


def test_signatures_are_those_of_the_reference_with_our_keywords_last():
    import inspect

    for case in cases.CASES:
        if case.formula or isinstance(original(case), type):
            continue  # classes have tests of their own
        theirs = list(inspect.signature(original(case)).parameters.values())
        ours = inspect.signature(getattr(feature, case.name)).parameters.values()
        ours = list(ours)
        assert [str(p).split(":")[0] for p in ours[: len(theirs)]] == [
            str(p).split(":")[0] for p in theirs
        ]
        extra = {p.name: p for p in ours[len(theirs) :]}
        assert set(extra) <= ADDITIONS
        assert "workers" in [p.name for p in ours]
        assert all(p.kind is p.KEYWORD_ONLY for p in extra.values())


def test_every_status_has_a_text_of_its_own():
    function = helpers.library().feature_status_text
    function.restype = ctypes.c_char_p
    texts = [function(status) for status in (0, 1, 2, 3, 4, 99, -1, 2**31 - 1)]
    assert all(text and text.decode().strip() for text in texts)
    assert len(set(texts[:5])) == 5
