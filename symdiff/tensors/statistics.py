"""Covariances, running extremes, the most frequent elements, histograms, and matrices of places."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.tensors.arithmetic import FUNCTIONS, first_operand, function
from symdiff.tensors.creation import linspace, made
from symdiff.tensors.dtypes import DType, default_dtype, int64
from symdiff.tensors.ordering import pair_at
from symdiff.tensors.reductions import axis_of
from symdiff.tensors.return_types import return_type
from symdiff.tensors.tensor import Tensor

__all__: list[str] = []


# -- covariances -------------------------------------------------------------------------------------------------------


def _cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """How the rows vary together."""
    x = input.reshape((1, -1)) if input.ndim < 2 else input
    if input.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim}")
    weights: Any = None
    for given in (fweights, aweights):
        if given is not None:
            share = given.to(x.dtype)
            weights = share if weights is None else weights * share
    total = x.shape[1] if weights is None else weights.sum()
    mean = x.mean(1, keepdim=True) if weights is None else (x * weights).sum(1, keepdim=True) / total
    apart = x - mean
    if correction != 0 and aweights is not None:
        norm = total - correction * (weights * aweights).sum() / total
    else:
        norm = total - correction
    found = (apart if weights is None else apart * weights) @ apart.mT / norm
    return found.squeeze() if input.ndim < 2 else found


def _corrcoef(input: Any) -> Any:
    """The correlations of the rows."""
    found = _cov(input)
    if not found.ndim:
        return found / found
    deviations = found.diagonal().sqrt()
    return (found / deviations[:, None] / deviations[None, :]).clip(-1, 1)


# -- along an axis -----------------------------------------------------------------------------------------------------


def _running(name: str) -> Any:
    sign = 1 if name == "cummax" else -1

    def call(input: Any, dim: int) -> Any:
        x = first_operand(input, name)
        if not x.shape:
            return pair_at(name, input.reshape(1), 0, made(np.zeros(1, np.int64)), keepdim=False)
        axis = axis_of(dim, len(x.shape))
        array = np.moveaxis(input._array(), axis, 0)
        places = np.zeros(array.shape, np.int64)
        for k in range(1, len(array)):
            best = np.take_along_axis(array, places[k - 1][None], 0)[0]
            better = array[k] >= best if sign > 0 else array[k] <= best
            better |= np.isnan(array[k]) if array.dtype.kind == "f" else False
            places[k] = np.where(better, k, places[k - 1])
        return pair_at(name, input, axis, made(np.moveaxis(places, 0, axis)))

    return call


def _mode(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element, the smallest where there are several, and its last place."""
    axis = axis_of(dim, input.ndim)
    array = np.moveaxis(input._array(), axis, -1)
    places = np.zeros((*array.shape[:-1], 1), np.int64)
    for where in np.ndindex(array.shape[:-1]):
        values, counts = np.unique(array[where], return_counts=True)
        places[where] = np.flatnonzero(array[where] == values[counts.argmax()])[-1]
    return pair_at("mode", input, axis, made(np.moveaxis(places, -1, axis)), keepdim)


def _nanmedian(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower one of the two in the middle, of what is a number."""
    if dim is None:
        return _nanmedian(input.reshape(-1), 0).values
    axis = axis_of(dim, input.ndim)
    array = input._array()
    order = np.argsort(array, axis=axis, kind="stable")
    missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    middle = np.maximum((~missing).sum(axis, keepdims=True) - 1, 0) // 2
    return pair_at("nanmedian", input, axis, made(np.take_along_axis(order, middle, axis)), keepdim)


def _cumulative_trapezoid(y: Any, x: Any = None, *, dx: float = 1.0, dim: int = -1) -> Any:
    size = y.shape[axis_of(dim, y.ndim)]
    mean = (y.narrow(dim, 1, size - 1) + y.narrow(dim, 0, size - 1)) / 2.0
    if x is None:
        return (mean * dx).cumsum(dim)
    steps = x.diff()
    return (mean.movedim(dim, -1) * steps).cumsum(-1).movedim(-1, dim)


for _name in ("cummax", "cummin"):
    function(_name, _running(_name))
for _name, _call in {"cov": _cov, "corrcoef": _corrcoef, "mode": _mode, "nanmedian": _nanmedian}.items():
    function(_name, _call)
function("cumulative_trapezoid", _cumulative_trapezoid, method=False)


# -- histograms --------------------------------------------------------------------------------------------------------

_HISTOGRAM = return_type("histogram", "hist", "bin_edges")


def _histogram(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    """How many elements lie between edges, which are given or equally spaced."""
    array = input._array().reshape(-1)
    if array.dtype.kind != "f":
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{input.dtype.tensor_type[6:-6]}'")
    weights = None if weight is None else weight._array().reshape(-1)
    if isinstance(bins, Tensor):
        edges = bins._array()
    else:
        low, high = (array.min(), array.max()) if range is None else range
        low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
        edges = linspace(float(low), float(high), bins + 1, dtype=input.dtype)._array()
    counts, _ = np.histogram(array, edges, weights=weights, density=density)
    return _HISTOGRAM(made(counts.astype(array.dtype)), made(np.array(edges)))


# -- matrices of places, and joined tensors ----------------------------------------------------------------------------


def _triangle(lower: bool) -> Any:
    def call(row: int, col: int, offset: int = 0, *, dtype: DType | None = None, device: Any = None) -> Tensor:
        found = np.tril_indices(row, offset, col) if lower else np.triu_indices(row, offset, col)
        return made(np.stack(found).astype((dtype or int64).numpy))

    return call


def _logspace(
    start: float, end: float, steps: int, base: float = 10.0, *, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    kind = (dtype or default_dtype()).numpy
    lines = np.linspace(start, end, steps)
    return made((float(base) ** lines).astype(kind), requires_grad=requires_grad)


def _block_diag(*tensors: Any) -> Any:
    """Matrices along the diagonal of one."""
    parts = [t.reshape((1, -1)) if t.ndim < 2 else t for t in tensors]
    width, before, rows = sum(t.shape[1] for t in parts), 0, []
    for t in parts:
        after = width - before - t.shape[1]
        pieces = [t.new_zeros((t.shape[0], before)), t, t.new_zeros((t.shape[0], after))]
        rows.append(FUNCTIONS["cat"](pieces, 1))
        before += t.shape[1]
    return FUNCTIONS["cat"](rows, 0)


def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    count = x.shape[-1] if N is None else N
    powers = [x**k for k in range(count)]
    return FUNCTIONS["stack"](powers if increasing else powers[::-1], -1)


def _tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> Any:
    """Parts of about one size, or between places."""
    size = input.shape[axis_of(dim, input.ndim)]
    given = indices_or_sections.tolist() if isinstance(indices_or_sections, Tensor) else indices_or_sections
    if isinstance(given, int):
        small, more = divmod(size, given)
        ends = np.cumsum([small + 1] * more + [small] * (given - more)).tolist()
        starts = [0, *ends[:-1]]
    else:
        places = [min(max(p + size if p < 0 else p, 0), size) for p in given]
        starts, ends = [0, *places], [*places, size]
    return tuple(input.narrow(dim, a, max(b - a, 0)) for a, b in zip(starts, ends, strict=True))


def _split_evenly(dim: int) -> Any:
    def call(input: Any, indices_or_sections: Any) -> Any:
        axis = 0 if dim == 1 and input.ndim == 1 else dim
        if isinstance(indices_or_sections, int) and input.shape[axis] % indices_or_sections:
            raise RuntimeError(
                f"split: the size {input.shape[axis]} along dimension {axis} is not divisible by {indices_or_sections}"
            )
        return _tensor_split(input, indices_or_sections, axis)

    return call

function("histogram", _histogram)
function("tensor_split", _tensor_split)
function("split_with_sizes", lambda input, split_sizes, dim=0: input.split(list(split_sizes), dim))
for _axis, _name in enumerate(("vsplit", "hsplit", "dsplit")):
    function(_name, _split_evenly(_axis))
function("vander", _vander, method=False)
for _name, _call in {
    "tril_indices": _triangle(True), "triu_indices": _triangle(False), "logspace": _logspace,
    "block_diag": _block_diag,
}.items():  # fmt: skip
    function(_name, _call, method=False)
