"""Attention of several heads as a module."""

from __future__ import annotations

import math
from typing import Any

from symdiff.nn import functional as F
from symdiff.nn import init
from symdiff.nn.linear_layers import Linear, fresh_parameter
from symdiff.nn.module import Module
from symdiff.nn.parameter import Parameter
from symdiff.tensors.creation import CREATION
from symdiff.tensors.dtypes import DType, bool_
from symdiff.tensors.tensor import Tensor

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """The last layer of `MultiheadAttention`, under PyTorch's name for it."""


class MultiheadAttention(Module):
    """Attention in several subspaces at once.

    Parameters
    ----------
    embed_dim : int
    num_heads : int
        Divides ``embed_dim``.
    dropout : float
        Of the weights, in training.
    bias : bool
    batch_first : bool
        Whether inputs are ``(batch, positions, features)``; else positions come first.
    """

    in_proj_weight: Parameter
    in_proj_bias: Parameter | None
    out_proj: Linear

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError("embed_dim must be divisible by num_heads")
        if add_bias_kv or add_zero_attn or kdim not in (None, embed_dim) or vdim not in (None, embed_dim):
            raise NotImplementedError("MultiheadAttention: add_bias_kv, add_zero_attn, kdim and vdim are not supported")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.dropout, self.batch_first = dropout, batch_first
        self.in_proj_weight = fresh_parameter((3 * embed_dim, embed_dim), dtype, device)
        self.register_parameter("in_proj_bias", fresh_parameter((3 * embed_dim,), dtype, device) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, dtype=dtype)
        init.xavier_uniform_(self.in_proj_weight)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The result, and the weights if they are needed.

        Parameters
        ----------
        query, key, value : Tensor
            Two axes, or three with a batch.
        key_padding_mask : Tensor, optional
            For each position of ``key``: True where it does not take part, or what is added to its scores.
        need_weights : bool
        attn_mask : Tensor, optional
            For each pair of positions: True where the second is not seen, or what is added to the score.
        average_attn_weights : bool
            Whether the weights are the mean over heads.
        is_causal : bool
            A hint about ``attn_mask``, which has to be given with it.
        """
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        batched = query.ndim == 3
        if not batched:
            query, key, value = (x.unsqueeze(0) for x in (query, key, value))
        elif not self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        q, k, v = (self._projected(x, part) for part, x in enumerate((query, key, value)))
        mask = self._mask(key_padding_mask, attn_mask, q)
        result, weights = self._attended(q, k, v, mask, need_weights)
        # positions come first in memory, as in PyTorch, whatever comes first in the result
        joined = result.permute(2, 0, 1, 3).reshape(query.shape[1], query.shape[0], self.embed_dim)
        out = self.out_proj(joined)
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        if not batched:
            return out.squeeze(1), None if weights is None else weights.squeeze(0)
        return (out.transpose(0, 1) if self.batch_first else out), weights

    def _projected(self, x: Any, part: int) -> Any:
        """The query, key or value of each head: ``(batch, heads, positions, features)``."""
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        weight: Any = self.in_proj_weight
        bias: Any = self.in_proj_bias
        y: Any = F.linear(x, weight[rows], None if bias is None else bias[rows])
        return y.reshape(x.shape[0], x.shape[1], self.num_heads, self.head_dim).transpose(1, 2)

    def _mask(self, padding: Any, pairs: Any, q: Any) -> Any:
        """What is added to the scores."""
        found: Any = None
        if pairs is not None:
            found = _added(pairs, q)
            if found.ndim == 3:
                found = found.reshape(q.shape[0], self.num_heads, *found.shape[1:])
        if padding is not None:
            other = _added(padding, q)
            other = other.reshape(q.shape[0], 1, 1, other.shape[-1])
            found = other if found is None else found + other
        return found

    def _attended(self, q: Any, k: Any, v: Any, mask: Any, need_weights: bool) -> tuple[Any, Any]:
        p = self.dropout if self.training else 0.0
        if not need_weights:
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=p), None
        scores = (q * math.sqrt(1.0 / self.head_dim)) @ k.transpose(-2, -1)
        weights = F.softmax(scores if mask is None else scores + mask, -1)
        weights = F.dropout(weights, p)
        return weights @ v, weights


def _added(mask: Any, like: Tensor) -> Any:
    """A mask as what is added to scores: minus infinity where it is True."""
    if mask.dtype is not bool_:
        return mask
    zeros: Any = CREATION["zeros"](*mask.shape, dtype=like.dtype)
    return zeros.masked_fill(mask, -math.inf)
