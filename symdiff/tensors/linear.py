"""Products of matrices, reductions, and what networks are made of, as graphs over the rows of the compiler."""

from __future__ import annotations

from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import Operation, operation, record

__all__ = ["linear", "matmul", "mse_loss"]


def _check_product(a: Lazy, b: Lazy) -> None:
    _same_dtype(a, b)
    if not a.shape or not b.shape:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {len(a.shape)}D and {len(b.shape)}D"
        )
    rows = b.shape[-2] if len(b.shape) > 1 else b.shape[0]
    if a.shape[-1] != rows:
        if len(a.shape) == 2 == len(b.shape):
            text = f"{a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]}"
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({text})")
        raise RuntimeError(f"size mismatch, got input ({a.shape}), mat ({b.shape})")


def _same_dtype(*inputs: Lazy) -> None:
    first = inputs[0].dtype
    for x in inputs[1:]:
        if x.dtype is not first:
            raise RuntimeError(
                f"expected m1 and m2 to have the same dtype, but got: {_c_name(first)} != {_c_name(x.dtype)}"
            )


def _c_name(dtype: Any) -> str:
    return {"float32": "float", "float64": "double", "int64": "long", "int32": "int", "bool": "bool"}[dtype.name]


def _of_ranks(node: str) -> Operation:
    return Operation("matmul", lambda a, b: R["matmul"](a, b), node, _check_product)


_MATMUL = {
    (1, 1): _of_ranks("DotBackward0"),
    (2, 1): _of_ranks("MvBackward0"),
    (2, 2): _of_ranks("MmBackward0"),
    (1, 2): _of_ranks("SqueezeBackward4"),
    (3, 3): _of_ranks("UnsafeViewBackward0"),
}
_OTHER_RANKS = _of_ranks("UnsafeViewBackward0")


def _check_linear(x: Lazy, w: Lazy, b: Lazy | None = None) -> None:
    _same_dtype(x, w)
    if x.shape[-1:] != w.shape[-1:]:
        rows = 1
        for n in x.shape[:-1]:
            rows *= n
        text = f"{rows}x{x.shape[-1]} and {w.shape[1]}x{w.shape[0]}"
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({text})")


@operation("linear", "AddmmBackward0", _check_linear)
def _linear(x: Any, w: Any, b: Any) -> Any:
    return _product(x, w) + b


@operation("linear", "MmBackward0", _check_linear)
def _linear_without_bias(x: Any, w: Any) -> Any:
    return _product(x, w)


def _product(x: Any, w: Any) -> Any:
    turned = R["transpose"](w, axes=(1, 0))
    if x.rank < 3:
        return R["matmul"](x, turned)
    rows = 1
    for n in x.shape[:-1]:
        rows *= n
    flat = R["matmul"](R["reshape"](x, shape=(rows, x.shape[-1])), turned)
    return R["reshape"](flat, shape=(*x.shape[:-1], w.shape[0]))


@operation("mse_loss", "MseLossBackward0")
def _mse_mean(x: Any, y: Any) -> Any:
    d = x - y
    return R["mean"](d * d, axis=tuple(range(d.rank)), keepdims=False)


@operation("mse_loss", "MseLossBackward0")
def _mse_sum(x: Any, y: Any) -> Any:
    d = x - y
    return R["sum"](d * d, axis=tuple(range(d.rank)), keepdims=False)


@operation("mse_loss", "MseLossBackward0")
def _mse_none(x: Any, y: Any) -> Any:
    d = x - y
    return d * d


_MSE = {"mean": _mse_mean, "sum": _mse_sum, "none": _mse_none}


def matmul(a: Lazy, b: Lazy) -> Lazy:
    """A product of matrices, vectors, or stacks of them."""
    return record(_MATMUL.get((len(a.shape), len(b.shape)), _OTHER_RANKS), (a, b))


def linear(x: Lazy, weight: Lazy, bias: Lazy | None = None) -> Lazy:
    """``x @ weight.T + bias``."""
    return record(_linear_without_bias, (x, weight)) if bias is None else record(_linear, (x, weight, bias))


def mse_loss(x: Lazy, y: Lazy, reduction: str) -> Lazy:
    """Mean, or sum, of the squared differences; or these themselves."""
    return record(_MSE[reduction], (x, y))
