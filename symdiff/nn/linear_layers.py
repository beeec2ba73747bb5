"""Layers that multiply by a matrix, and what leaves its input as it is or gives it another shape."""

from __future__ import annotations

import math
from typing import Any

from symdiff.nn import init
from symdiff.nn.functional import bilinear
from symdiff.nn.module import Module
from symdiff.nn.parameter import Parameter
from symdiff.tensors.devices import device
from symdiff.tensors.dtypes import DType, default_dtype
from symdiff.tensors.linear import linear
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["Bilinear", "Flatten", "Identity", "Linear", "Unflatten", "fresh_parameter"]


def fresh_parameter(shape: tuple[int, ...], dtype: DType | None, on: Any = None) -> Parameter:
    """A parameter of zeros, to be initialised; on another device than the CPU it is an error."""
    if on is not None:
        device(on)
    return Parameter(init.fresh(shape, (dtype or default_dtype()).numpy))


class Identity(Module):
    """Gives its input; any arguments are taken and not used."""

    def forward(self, input: Tensor) -> Tensor:
        return input


class Linear(Module):
    """``x @ weight.T + bias``, for inputs of any number of axes.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool
    dtype : dtype, optional
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = fresh_parameter((out_features, in_features), dtype, device)
        if bias:
            self.bias = fresh_parameter((out_features,), dtype, device)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both uniformly within ``1 / sqrt(in_features)``."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        bias = self.bias
        return wrap(linear(as_lazy(input), as_lazy(self.weight), None if bias is None else as_lazy(bias)))

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """``input1 @ weight[k] @ input2`` for each k, plus the bias."""

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = fresh_parameter((out_features, in1_features, in2_features), dtype, device)
        self.register_parameter("bias", fresh_parameter((out_features,), dtype, device) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both uniformly within ``1 / sqrt(in1_features)``."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Flatten(Module):
    """Joins the axes from ``start_dim`` to ``end_dim``."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits an axis into several."""

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, input: Any) -> Tensor:
        at = self.dim % input.ndim
        return input.reshape(*input.shape[:at], *self.unflattened_size, *input.shape[at + 1 :])

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
