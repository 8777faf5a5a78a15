# SPDX-License-Identifier: BSD-3-Clause
"""synthesize_matrix: the tutorial, and the shortest complete family."""

import numpy as np

from . import _native
from ._arguments import FLOAT32, as_array, check_workers, compute_out

_synthesize_matrix = _native.function(
    "feature_synthesize_matrix", _native.Array, _native.Array, _native.Run
)


def synthesize_matrix(mat_in, row=None, col=None, *, out=None, workers=None):
    """Transform a matrix of bytes element by element.

    With ``mid = row * col // 2``, each element becomes ``v = (x - mid) * 1.5``,
    moved a quarter towards zero: ``v + 0.25`` if ``v < 0``, else ``v - 0.25``.

    Parameters
    ----------
    mat_in : (row, col) array of uint8
        Any strides; read-only and empty arrays too.
    row, col : int, optional
        The shape of `mat_in`, for code that says it; nothing else is accepted.
    out : (row, col) array of float32, optional
        Where the result is written; any strides. It may share memory with `mat_in`.
    workers : int, optional
        Number of threads, at least 1. By default as many as `feature.info()` says.

    Returns
    -------
    mat_out : (row, col) array of float32
        `out` where that is given. ``x - mid`` is exact and rounded once to float32.

    Raises
    ------
    TypeError
        If `mat_in` is not of uint8, or a masked array.
    ValueError
        If `mat_in` is not 2-dimensional, `row` or `col` differ from its shape, `out`
        does not fit, or `workers` is below 1.

    Notes
    -----
    The function that this library began with; ARCHITECTURE.md walks through it.

    Examples
    --------
    >>> import numpy as np
    >>> import feature
    >>> feature.synthesize_matrix(np.array([[0, 1], [2, 3]], dtype=np.uint8))
    array([[-2.75, -1.25],
           [-0.25,  1.25]], dtype=float32)
    """
    mat_in = as_array(mat_in, "mat_in", "pass its data, `mat_in.data`")
    workers = check_workers(workers)
    if mat_in.dtype != np.uint8:
        raise TypeError(f"`mat_in` must have dtype uint8, got {mat_in.dtype}")
    if mat_in.ndim != 2:
        raise ValueError(
            f"`mat_in` must be 2-dimensional, got {mat_in.ndim} dimensions"
        )
    for name, given, found in zip(("row", "col"), (row, col), mat_in.shape):
        if given is not None and given != found:
            raise ValueError(f"`{name}` is {given}, but `mat_in` has {found}")
    run = _native.run(workers)
    return compute_out(
        out,
        mat_in.shape,
        FLOAT32,
        (mat_in,),
        lambda result: _synthesize_matrix(mat_in, result, run),
    )
