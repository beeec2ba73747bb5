"""Sums, means and maxima of rows of a matrix, by bags of integers; parameters by names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from symdiff.nn import functional as F
from symdiff.nn import init
from symdiff.nn.linear_layers import fresh_parameter
from symdiff.nn.module import Module
from symdiff.nn.parameter import Parameter
from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import DType
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.tensor import Tensor

__all__ = ["EmbeddingBag", "ParameterDict"]


class EmbeddingBag(Module):
    """The sum, mean or maximum of rows of a matrix, for each bag of integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        The shape of the matrix.
    max_norm, norm_type, scale_grad_by_freq, sparse
        Only as they are.
    mode : str
        ``"sum"``, ``"mean"`` or ``"max"``.
    include_last_offset : bool
        Whether the offsets end with the number of all integers.
    padding_idx : int, optional
        A row that stands for nothing: it does not count, and is not trained.
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if max_norm is not None or scale_grad_by_freq or sparse:
            raise NotImplementedError("EmbeddingBag: max_norm, scale_grad_by_freq and sparse are not supported")
        if mode not in ("sum", "mean", "max"):
            raise ValueError("mode has to be one of sum, mean or max")
        self.num_embeddings, self.embedding_dim, self.mode = num_embeddings, embedding_dim, mode
        self.include_last_offset = include_last_offset
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = fresh_parameter((num_embeddings, embedding_dim), dtype, device)
        if _weight is None:
            self.reset_parameters()
        else:
            self.weight = Parameter(_weight)

    def reset_parameters(self) -> None:
        """Draw normal numbers; the row for padding is zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            row: Any = self.weight
            with no_grad():
                row[self.padding_idx] = 0.0

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        """The result for each bag.

        Parameters
        ----------
        input : Tensor
            Integers: rows of two axes, or all bags one after the other.
        offsets : Tensor, optional
            Where the bags begin, of an input of one axis.
        per_sample_weights : Tensor, optional
            What each row is multiplied by; of sums only.
        """
        if per_sample_weights is not None and self.mode != "sum":
            raise NotImplementedError(
                f"embedding_bag: per_sample_weights was not None. It is only supported for mode='sum' (got mode="
                f"'{self.mode}')."
            )
        if input.ndim == 2:
            if offsets is not None:
                raise ValueError("if input is 2D, then offsets has to be None, as input is treated is a mini-batch")
            starts = np.arange(input.shape[0]) * input.shape[1]
        elif input.ndim != 1 or offsets is None:
            raise ValueError("input has to be 1D with offsets, or 2D")
        else:
            starts = offsets._array()[:-1] if self.include_last_offset else offsets._array()
        weights = None if per_sample_weights is None else per_sample_weights.reshape(-1)
        return self._of_bags(input.reshape(-1), starts, weights)

    def _of_bags(self, flat: Any, starts: Any, weights: Any) -> Any:
        bags = np.searchsorted(starts, np.arange(flat.shape[0]), side="right") - 1
        counts = np.bincount(bags, minlength=len(starts))
        rows: Any = F.embedding(flat, self.weight, self.padding_idx)
        if self.padding_idx is not None:
            kept = np.flatnonzero(flat._array() != self.padding_idx)
            rows, bags, counts = rows[kept], bags[kept], np.bincount(bags[kept], minlength=len(starts))
        if weights is not None:
            rows = rows * weights.unsqueeze(1)
        start = rows.new_zeros((len(starts), self.embedding_dim))
        if self.mode == "max":
            spread = made(bags.astype(np.int64)).unsqueeze(1).expand(tuple(rows.shape))  # type: ignore[attr-defined]
            return FUNCTIONS["scatter_reduce"](start, 0, spread, rows, "amax", include_self=False)
        total = start.index_add(0, made(bags.astype(np.int64)), rows)
        if self.mode == "sum":
            return total
        return total / made(np.maximum(counts, 1).astype(rows.dtype.numpy)[:, None])

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}, mode={self.mode!r}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"


class ParameterDict(Module):
    """Parameters by names; tensors that are put into it become parameters."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self.update(parameters or {})

    def __getitem__(self, key: str) -> Any:
        return self._parameters[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"a ParameterDict takes tensors, not {type(value).__name__}")
        self.register_parameter(str(key), value if isinstance(value, Parameter) else Parameter(value))

    def __delitem__(self, key: str) -> None:
        del self._parameters[key]

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, key: str) -> bool:
        return key in self._parameters

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._parameters.keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return self._parameters.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and parameters."""
        return self._parameters.items()

    def get(self, key: str, default: Any = None) -> Any:
        """A parameter, or what is given in its place."""
        return self._parameters.get(key, default)

    def pop(self, key: str) -> Any:
        """Take a parameter out."""
        found = self[key]
        del self[key]
        return found

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Enter several; those of a plain dict by name, as in PyTorch."""
        ordered = isinstance(parameters, OrderedDict | ParameterDict) or not isinstance(parameters, Mapping)
        items = list(dict(parameters).items())
        for name, value in items if ordered else sorted(items):
            self[name] = value

    def extra_repr(self) -> str:
        return "\n".join(
            f"  ({name}): Parameter containing: [{p.dtype.tensor_type} of size {'x'.join(map(str, p.shape))}]"
            for name, p in self.items()
        )
