"""Normalisation layers, embedding and dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.nn import init
from symdiff.nn import normalisation_functions as functions
from symdiff.nn.linear_layers import fresh_parameter
from symdiff.nn.module import Module
from symdiff.nn.parameter import Parameter
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import DType, default_dtype
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.requirements import compute_now
from symdiff.tensors.tensor import Tensor, as_lazy

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Embedding",
    "GroupNorm",
    "LayerNorm",
    "RMSNorm",
]


class _Affine(Module):
    """A layer that multiplies by a weight of ones and adds a bias of zeros, to begin with."""

    weight: Parameter | None
    bias: Parameter | None

    def _register(self, shape: tuple[int, ...], weight: bool, bias: bool, dtype: DType | None, device: Any) -> None:
        self.register_parameter("weight", fresh_parameter(shape, dtype, device) if weight else None)
        self.register_parameter("bias", fresh_parameter(shape, dtype, device) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Ones and zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_Affine):
    """Mean 0 and variance 1 over the last axes, then times the weight, plus the bias.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The sizes of these axes.
    eps : float
    elementwise_affine : bool
        Whether there is a weight.
    bias : bool
        Whether there is a bias as well.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._register(self.normalized_shape, elementwise_affine, elementwise_affine and bias, dtype, device)

    def forward(self, input: Tensor) -> Tensor:
        return functions.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divided by the root of the mean square over the last axes, then times the weight."""

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.register_parameter(
            "weight", fresh_parameter(self.normalized_shape, dtype, device) if elementwise_affine else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Ones."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        return functions.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Mean 0 and variance 1 over groups of channels, then times the weight, plus the bias."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._register((num_channels,), affine, affine, dtype, device)

    def forward(self, input: Tensor) -> Tensor:
        return functions.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class _BatchNorm(_Affine):
    """Mean 0 and variance 1 of each channel: of the batch in training, and of what was seen then afterwards.

    Parameters
    ----------
    num_features : int
        How many channels there are.
    eps : float
    momentum : float or None
        How far the running statistics move towards a batch's; None makes them the mean over all batches.
    affine : bool
        Whether there are a weight and a bias.
    track_running_stats : bool
        Whether there are running statistics; without them the batch's always count.
    """

    ranks: tuple[int, ...] = ()
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        kind = (dtype or default_dtype()).numpy
        buffers = {
            "running_mean": np.zeros(num_features, kind),
            "running_var": np.ones(num_features, kind),
            "num_batches_tracked": np.array(0, np.int64),
        }
        for name, array in buffers.items():
            self.register_buffer(name, made(array) if track_running_stats else None)
        self._register((num_features,), affine, affine, dtype, device)

    def reset_running_stats(self) -> None:
        """Forget what was seen."""
        if self.track_running_stats:
            for buffer, number in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
                assert buffer is not None
                init.constant_(buffer, number)

    def reset_parameters(self) -> None:
        """Forget what was seen, and what was learned."""
        self.reset_running_stats()
        super().reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        self._check_rank(input)
        use_batch = self.training or self.running_mean is None
        mean, variance = (self.running_mean, self.running_var) if self._moves() or not use_batch else (None, None)
        return functions.batch_norm(input, mean, variance, self.weight, self.bias, use_batch, self._factor(), self.eps)

    def _check_rank(self, input: Tensor) -> None:
        if input.ndim not in self.ranks:
            wanted = " or ".join(f"{rank}D" for rank in self.ranks)
            raise ValueError(f"expected {wanted} input (got {input.ndim}D input)")

    def _moves(self) -> bool:
        return self.training and self.track_running_stats

    def _factor(self) -> float:
        """How far the running statistics move; counts the batch."""
        seen: Any = self.num_batches_tracked
        if not self._moves() or seen is None:
            return 0.0 if self.momentum is None else self.momentum
        with no_grad():
            seen.add_(1)
            if self.momentum is None:
                return 1.0 / float(seen.item())
        compute_now([as_lazy(seen)])
        return self.momentum

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    ranks = (4,)


class Embedding(Module):
    """Rows of a matrix, by integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        The shape of the matrix.
    padding_idx : int, optional
        A row that stands for nothing: zero, and not trained.
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.weight = fresh_parameter((num_embeddings, embedding_dim), dtype, device)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw normal numbers; the row for padding is zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            row: Any = self.weight
            with no_grad():
                row[self.padding_idx] = 0.0

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None) -> Embedding:
        """A layer with given rows, which are not trained unless ``freeze`` is False."""
        rows, columns = embeddings.shape
        layer = cls(rows, columns, padding_idx=padding_idx)
        layer.weight = Parameter(embeddings, requires_grad=not freeze)
        return layer

    def forward(self, input: Tensor) -> Tensor:
        return functions.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"


class Dropout(Module):
    """In training, zero with probability ``p``, else times ``1 / (1 - p)``."""

    function = staticmethod(functions.dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """`Dropout` of whole channels of signals."""

    function = staticmethod(functions.dropout1d)


class Dropout2d(Dropout):
    """`Dropout` of whole channels of images."""

    function = staticmethod(functions.dropout2d)
