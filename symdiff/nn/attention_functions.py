"""Attention and unit vectors, as functions of tensors: each one recorded operation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.tensors.distributions import dropout_mask
from symdiff.tensors.lazy import Lazy, known
from symdiff.tensors.operations import operation, positions, record
from symdiff.tensors.reductions import axis_of
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""


def _turned(x: Any) -> Any:
    rank = x.rank
    return R["transpose"](x, axes=(*range(rank - 2), rank - 1, rank - 2))


def _weights(scores: Any) -> Any:
    """The softmax along the last axis; all zero where every score is minus infinity."""
    axis = (scores.rank - 1,)
    top = R["stop_gradient"](R["max"](scores, axis=axis, keepdims=True))
    e = R["exp"](scores - R["where"](R["isfinite"](top), top, 0.0))
    total = R["sum"](e, axis=axis, keepdims=True)
    return e / R["where"](total > 0, total, 1.0)


def _masked(scores: Any, mask: Any) -> Any:
    if mask.type.dtype == "bool":
        return R["where"](mask, scores, -math.inf)
    return scores + mask


@operation("scaled_dot_product_attention", "ScaledDotProductAttentionBackward0")
def _attention(query: Any, key: Any, value: Any, *args: Any) -> Any:
    *rest, has_mask, causal, scale = args
    scores = R["matmul"](query * scale, _turned(key))
    if causal:
        rows, columns = scores.shape[-2:]
        down = R["reshape"](positions(scores, rows), shape=(rows, 1))
        scores = R["where"](positions(scores, columns) <= down, scores, -math.inf)
    if has_mask:
        scores = _masked(scores, rest[0])
    weights = _weights(scores)
    if len(rest) > has_mask:
        weights = weights * rest[-1]
    return R["matmul"](weights, value)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(query @ key.T * scale + mask) @ value``.

    Parameters
    ----------
    query, key, value : Tensor
        The last two axes are positions and features.
    attn_mask : Tensor, optional
        What is added to the scores; or of dtype bool, True where a position takes part.
    dropout_p : float
        The probability with which a weight is dropped.
    is_causal : bool
        Whether a position sees only those up to its own.
    scale : float, optional
        ``1 / sqrt(features)`` unless given.
    """
    if enable_gqa:
        raise NotImplementedError("scaled_dot_product_attention: enable_gqa is not supported")
    if is_causal and attn_mask is not None:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    q, k, v = as_lazy(query), as_lazy(key), as_lazy(value)
    _check(q, k, v)
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else float(scale)
    inputs: tuple[Lazy, ...] = (q, k, v)
    if attn_mask is not None:
        mask = as_lazy(attn_mask)
        if mask.dtype.category and mask.dtype is not q.dtype:
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                f"{mask.dtype.tensor_type[6:-6].lower()} and  query.dtype: {q.dtype.tensor_type[6:-6].lower()} instead."
            )
        inputs = (*inputs, mask)
    if dropout_p > 0.0:
        shape = (*q.shape[:-1], k.shape[-2])
        inputs = (*inputs, known(dropout_mask(shape, dropout_p, q.dtype.numpy), q.dtype, shape))
    return wrap(record(_attention, inputs, (attn_mask is not None, bool(is_causal), factor)))


def _check(q: Lazy, k: Lazy, v: Lazy) -> None:
    if not q.dtype is k.dtype is v.dtype:
        names = ", ".join(
            f"{name}.dtype: {x.dtype.tensor_type[6:-6].lower()}" for name, x in (("query", q), ("key", k), ("value", v))
        )
        raise RuntimeError(f"Expected query, key, and value to have the same dtype, but got {names} instead.")
    if min(len(x.shape) for x in (q, k, v)) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got "
            f"query.dim: {len(q.shape)}, key.dim: {len(k.shape)} and value.dim: {len(v.shape)} instead."
        )
    if q.dtype.category < 2:
        raise NotImplementedError(f"scaled_dot_product_attention of dtype {q.dtype.name}")


@operation("normalize", "DivBackward0")
def _unit(x: Any, p: float, axis: int, eps: float) -> Any:
    if p == 2:
        square = R["sum"](x * x, axis=(axis,), keepdims=True)
        # the slope of the norm at zero is zero, as PyTorch has it
        norm = R["where"](square > 0, R["sqrt"](R["where"](square > 0, square, 1.0)), square)
    elif p == 1:
        norm = R["sum"](R["absolute"](x), axis=(axis,), keepdims=True)
    elif p == math.inf:
        norm = R["max"](R["absolute"](x), axis=(axis,), keepdims=True)
    else:
        norm = R["power"](R["sum"](R["power"](R["absolute"](x), p), axis=(axis,), keepdims=True), 1.0 / p)
    return x / R["where"](norm < eps, eps, norm)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divided by the norm along a dimension, or by ``eps`` where the norm is less."""
    x = as_lazy(input)
    return wrap(record(_unit, (x,), (float(p), axis_of(dim, len(x.shape)), float(eps))))


FUNCTIONS["scaled_dot_product_attention"] = scaled_dot_product_attention
FUNCTIONS["normalize"] = normalize
