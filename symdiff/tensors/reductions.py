"""Reductions, softmax and its kin, and what sorts: as methods and as functions of the module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.tensors import elementwise
from symdiff.tensors.arithmetic import first_operand, function
from symdiff.tensors.dtypes import DType, default_dtype, int64
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import Operation, operation, positions, record
from symdiff.tensors.return_types import return_type
from symdiff.tensors.tensor import Tensor, wrap

__all__ = ["axes_of", "axis_of", "log_softmax", "logsumexp", "reduce", "softmax"]

Axes = tuple[int, ...]


def axis_of(dim: int, rank: int) -> int:
    """A dimension counted from the front.

    Raises
    ------
    IndexError
        If there is none.
    """
    bound = max(rank, 1)
    if not -bound <= dim < bound:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})")
    return dim % bound


def axes_of(dim: Any, rank: int) -> Axes:
    """The axes that a ``dim`` argument names; all where it is None or empty."""
    if dim is None or dim == ():
        return tuple(range(rank))
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    return tuple(sorted({axis_of(d, rank) for d in dims})) if rank else ()


def _reduction(name: str, row: str, node: str) -> Operation:
    def build(x: Any, axis: Axes, keepdims: bool) -> Any:
        return R[row](x, axis=axis, keepdims=keepdims)

    return Operation(name, build, node)


def _variation(name: str, row: str, node: str) -> Operation:
    def build(x: Any, axis: Axes, keepdims: bool, ddof: int) -> Any:
        return R[row](x, axis=axis, keepdims=keepdims, ddof=ddof)

    return Operation(name, build, node)


_OPERATIONS = {
    "sum": _reduction("sum", "sum", "SumBackward0"),
    "mean": _reduction("mean", "mean", "MeanBackward0"),
    "prod": _reduction("prod", "prod", "ProdBackward0"),
    "amax": _reduction("amax", "max", "AmaxBackward0"),
    "amin": _reduction("amin", "min", "AminBackward0"),
    "all": _reduction("all", "all", ""),
    "any": _reduction("any", "any", ""),
}
_ALONG = {
    "sum": _reduction("sum", "sum", "SumBackward1"),
    "mean": _reduction("mean", "mean", "MeanBackward1"),
    "prod": _reduction("prod", "prod", "ProdBackward1"),
}
"""Those that PyTorch names otherwise where dimensions are given."""
_WHOLE = {"amax": _reduction("max", "max", "MaxBackward1"), "amin": _reduction("min", "min", "MinBackward1")}
"""``x.max()`` and ``x.min()``, by the names of what they do."""
_VAR = _variation("var", "var", "VarBackward0")
_STD = _variation("std", "std", "StdBackward0")


@operation("logsumexp", "LogsumexpBackward0")
def _logsumexp(x: Any, axis: Axes, keepdims: bool) -> Any:
    top = R["stop_gradient"](R["max"](x, axis=axis, keepdims=True))
    top = R["where"](R["isfinite"](top), top, 0.0)
    total = R["log"](R["sum"](R["exp"](x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else R["reshape"](total, shape=_without(x.shape, axis))


def _without(shape: Any, axis: Axes) -> tuple[int, ...]:
    return tuple(n for k, n in enumerate(shape) if k not in axis)


@operation("softmax", "SoftmaxBackward0")
def _softmax(x: Any, axis: Axes) -> Any:
    top = R["stop_gradient"](R["max"](x, axis=axis, keepdims=True))
    e = R["exp"](x - top)
    return e / R["sum"](e, axis=axis, keepdims=True)


@operation("log_softmax", "LogSoftmaxBackward0")
def _log_softmax(x: Any, axis: Axes) -> Any:
    shifted = x - R["stop_gradient"](R["max"](x, axis=axis, keepdims=True))
    return shifted - R["log"](R["sum"](R["exp"](shifted), axis=axis, keepdims=True))


@operation("argmax", "")
def _argmax(x: Any, axis: int, which: str) -> Any:
    return R[which](x, axis=(axis,), keepdims=False)


@operation("cumsum", "CumsumBackward0")
def _cumsum(x: Any, axis: int) -> Any:
    return R["cumsum"](x, axis=axis)


@operation("cumprod", "CumprodBackward0")
def _cumprod(x: Any, axis: int) -> Any:
    return R["cumprod"](x, axis=axis)


def reduce(name: str, x: Lazy, dim: Any, keepdim: bool, dtype: DType | None = None) -> Lazy:
    """A reduction over some dimensions."""
    if dtype is not None:
        x = elementwise.convert(x, dtype)
    if name in ("sum", "prod") and x.dtype.category < 2:
        x = elementwise.convert(x, int64)
    if name == "mean" and x.dtype.category < 2:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {x.dtype.tensor_type[6:-6]}"
        )
    if name in ("all", "any") and x.dtype.category:
        x = elementwise.compare("ne", x, 0)
    if not x.shape:
        return x if name not in ("all", "any") or not x.dtype.category else elementwise.compare("ne", x, 0)
    op = _OPERATIONS[name] if dim is None else _ALONG.get(name, _OPERATIONS[name])
    return record(op, (x,), (axes_of(dim, len(x.shape)), bool(keepdim)))


def softmax(x: Lazy, dim: int) -> Lazy:
    """Exponentials that add up to one along a dimension."""
    return record(_softmax, (x,), ((axis_of(dim, len(x.shape)),),))


def log_softmax(x: Lazy, dim: int) -> Lazy:
    """The logarithm of `softmax`, without its overflow."""
    return record(_log_softmax, (x,), ((axis_of(dim, len(x.shape)),),))


def logsumexp(x: Lazy, dim: Any, keepdim: bool = False) -> Lazy:
    """The logarithm of the sum of exponentials, without overflow."""
    return record(_logsumexp, (x,), (axes_of(dim, len(x.shape)), bool(keepdim)))


# -- functions ---------------------------------------------------------------------------------------------------------

_Pair: dict[str, Any] = {name: return_type(name, "values", "indices") for name in ("max", "min")}


def _plain(name: str) -> Callable[..., Tensor]:
    def call(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
        return wrap(reduce(name, first_operand(input, name), dim, keepdim, dtype))

    return call


def _extreme(name: str) -> Callable[..., Any]:
    def call(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        x = first_operand(input, name)
        if dim is None:
            return wrap(record(_WHOLE[f"a{name}"], (x,), (axes_of(None, len(x.shape)), False)) if x.shape else x)
        if isinstance(dim, Tensor):
            return wrap(elementwise.binary(f"{name}imum", x, first_operand(dim, name)))
        indices = _position(x, dim, keepdim, f"arg{name}")
        return _Pair[name](wrap(_picked(x, indices, axis_of(dim, len(x.shape)), keepdim)), wrap(indices))

    return call


@operation("gather", "MaxBackward0")
def _at_position(x: Any, where: Any, axis: int, keepdim: bool) -> Any:
    """The elements at one position each along an axis."""
    at = where if keepdim else R["reshape"](where, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :]))
    steps = R["reshape"](
        positions(x, x.shape[axis]),
        shape=(*[1] * axis, x.shape[axis], *[1] * (x.rank - axis - 1)),
    )
    return R["sum"](R["where"](R["equal"](steps, at), x, 0.0 if x.type.is_float else 0), axis=(axis,), keepdims=keepdim)


def _picked(x: Lazy, indices: Lazy, axis: int, keepdim: bool) -> Lazy:
    return record(_at_position, (x, indices), (axis, keepdim)) if x.shape else x


def _position(x: Lazy, dim: int | None, keepdim: bool, which: str) -> Lazy:
    if dim is None:
        flat = record(_flat, (x,), ())
        return record(_argmax, (flat,), (0, which))
    axis = axis_of(dim, len(x.shape))
    found = record(_argmax, (x,), (axis, which))
    return record(_kept, (found,), (axis,)) if keepdim else found


@operation("reshape", "ViewBackward0")
def _flat(x: Any) -> Any:
    count = 1
    for n in x.shape:
        count *= n
    return R["reshape"](x, shape=(count,))


@operation("unsqueeze", "UnsqueezeBackward0")
def _kept(x: Any, axis: int) -> Any:
    return R["reshape"](x, shape=(*x.shape[:axis], 1, *x.shape[axis:]))


def _arg(which: str) -> Callable[..., Tensor]:
    def call(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return wrap(_position(first_operand(input, which), dim, keepdim, which))

    return call


def _spread(op: Operation) -> Callable[..., Tensor]:
    def call(
        input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> Tensor:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        x = first_operand(input, op.name)
        ddof = int(unbiased) if correction is None else correction
        return wrap(record(op, (x,), (axes_of(dim, len(x.shape)), bool(keepdim), ddof)))

    return call


def _norm(input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    x = first_operand(input, "norm")
    if p in (2, "fro", 2.0):
        return wrap(elementwise.unary("sqrt", reduce("sum", elementwise.power(x, 2), dim, keepdim)))
    size = elementwise.unary("abs", x)
    if p in (1, 1.0):
        return wrap(reduce("sum", size, dim, keepdim))
    if p == float("inf"):
        return wrap(reduce("amax", size, dim, keepdim))
    return wrap(elementwise.power(reduce("sum", elementwise.power(size, float(p)), dim, keepdim), 1.0 / p))


def _softmax_of(name: str, make: Callable[[Lazy, int], Lazy]) -> Callable[..., Tensor]:
    def call(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
        x = first_operand(input, name)
        x = x if x.dtype.category == 2 else elementwise.convert(x, dtype or default_dtype())
        return wrap(make(x, dim))

    return call


def _cumulative(op: Operation) -> Callable[..., Tensor]:
    def call(input: Tensor, dim: int) -> Tensor:
        x = first_operand(input, op.name)
        return wrap(record(op, (x,), (axis_of(dim, len(x.shape)),)))

    return call


for _name in _OPERATIONS:
    function(_name, _plain(_name))
function("max", _extreme("max"))
function("min", _extreme("min"))
function("argmax", _arg("argmax"))
function("argmin", _arg("argmin"))
function("var", _spread(_VAR))
function("std", _spread(_STD))
function("norm", _norm)
function("softmax", _softmax_of("softmax", softmax))
function("log_softmax", _softmax_of("log_softmax", log_softmax))
function(
    "logsumexp", lambda input, dim, keepdim=False: wrap(logsumexp(first_operand(input, "logsumexp"), dim, keepdim))
)
function("cumsum", _cumulative(_cumsum))
function("cumprod", _cumulative(_cumprod))
