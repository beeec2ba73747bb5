"""Activations, as functions of tensors: each one recorded operation, a graph over the rows of the compiler."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.tensors import elementwise, reductions
from symdiff.tensors.dtypes import DType
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import Operation, operation, record
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["FUNCTIONS", "stored"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""

SELF_NORMALISING = (1.6732632423543772, 1.0507009873554805, 1.0)
"""The constants of SELU: alpha, and the scales of the result and of the argument."""


def _require_float(x: Lazy, name: str) -> None:
    if x.dtype.category < 2:
        raise NotImplementedError(f"\"{name}\" not implemented for '{x.dtype.tensor_type[6:-6]}'")


def _checked(name: str) -> Callable[..., None]:
    return lambda x, *rest: _require_float(x, name)


@operation("leaky_relu", "LeakyReluBackward0", _checked("leaky_relu_cpu"))
def _leaky_relu(x: Any, slope: float) -> Any:
    return R["where"](x > 0, x, x * slope)


@operation("elu", "EluBackward0", _checked("elu_cpu"))
def _elu(x: Any, alpha: float, scale: float, input_scale: float) -> Any:
    # the branch not taken must not overflow: its derivative would be infinite
    low = R["where"](x > 0, 0.0, x)
    return R["where"](x > 0, x * scale, alpha * scale * R["expm1"](low * input_scale))


_celu = Operation("celu", _elu.build, "CeluBackward0", _elu.check)


@operation("softplus", "SoftplusBackward0", _checked("softplus_cpu"))
def _softplus(x: Any, beta: float, threshold: float) -> Any:
    scaled = x * beta
    return R["where"](scaled > threshold, x, R["logaddexp"](scaled, 0.0) / beta)


@operation("gelu", "GeluBackward0", _checked("GeluKernelImpl"))
def _gelu(x: Any) -> Any:
    # by erfc, since 1 + erf(x) cancels where x is very negative
    return 0.5 * x * R["erfc"](x * -0.7071067811865476)


@operation("gelu", "GeluBackward0", _checked("GeluKernelImpl"))
def _gelu_by_tanh(x: Any) -> Any:
    return 0.5 * x * (1.0 + R["tanh"](0.7978845608028654 * (x + 0.044715 * x * x * x)))


@operation("hardtanh", "HardtanhBackward0")
def _hardtanh(x: Any, low: float, high: float) -> Any:
    # the slope at a bound is zero, as PyTorch has it
    return R["where"](x <= low, low, R["where"](x >= high, high, x))


@operation("log_sigmoid", "LogSigmoidBackward0", _checked("log_sigmoid_cpu"))
def _log_sigmoid(x: Any) -> Any:
    return -R["logaddexp"](-x, 0.0)


@operation("softsign", "DivBackward0")
def _softsign(x: Any) -> Any:
    return x / (R["absolute"](x) + 1.0)


@operation("mish", "MishBackward0", _checked("mish_cpu"))
def _mish(x: Any) -> Any:
    return x * R["tanh"](R["logaddexp"](x, 0.0))


def stored(input: Tensor, result: Lazy, inplace: bool) -> Tensor:
    """A result, or where it is asked for the input with the result stored into it."""
    if not inplace:
        return wrap(result)
    result.replaces = as_lazy(input)
    return overwrite(input, result)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """The larger of x and 0."""
    return stored(input, record(elementwise.UNARY["relu"], (as_lazy(input),)), inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where it is positive, else ``negative_slope * x``."""
    return stored(input, record(_leaky_relu, (as_lazy(input),), (float(negative_slope),)), inplace)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, else ``alpha * (exp(x) - 1)``."""
    return stored(input, record(_elu, (as_lazy(input),), (float(alpha), 1.0, 1.0)), inplace)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` with the constants of self-normalising networks."""
    return stored(input, record(_elu, (as_lazy(input),), SELF_NORMALISING), inplace)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, else ``alpha * (exp(x / alpha) - 1)``."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return stored(input, record(_celu, (as_lazy(input),), (float(alpha), 1.0, 1.0 / alpha)), inplace)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """x times the probability that a normal number is less."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return wrap(record(_gelu if approximate == "none" else _gelu_by_tanh, (as_lazy(input),)))


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * sigmoid(x)``."""
    x = as_lazy(input)
    _require_float(x, "silu_cpu")
    return stored(input, elementwise.silu(x), inplace)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``; x itself where ``beta * x`` is above the threshold."""
    return wrap(record(_softplus, (as_lazy(input),), (float(beta), float(threshold))))


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x between two bounds, and these outside."""
    return stored(input, record(_hardtanh, (as_lazy(input),), (float(min_val), float(max_val))), inplace)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x between 0 and 6."""
    return hardtanh(input, 0.0, 6.0, inplace)


def logsigmoid(input: Tensor) -> Tensor:
    """The logarithm of the sigmoid."""
    return wrap(record(_log_sigmoid, (as_lazy(input),)))


def softsign(input: Tensor) -> Tensor:
    """``x / (1 + abs(x))``."""
    return wrap(record(_softsign, (as_lazy(input),)))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * tanh(softplus(x))``."""
    return stored(input, record(_mish, (as_lazy(input),)), inplace)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return wrap(elementwise.unary("tanh", as_lazy(input)))


def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return wrap(elementwise.unary("sigmoid", as_lazy(input)))


def _softmax_axis(name: str, rank: int) -> int:
    """The axis that PyTorch took before it wanted to be told."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        UserWarning,
        stacklevel=3,
    )
    return 0 if rank in (0, 1, 3) else 1


def _along(name: str, make: Callable[[Lazy, int], Lazy], op_name: str) -> Callable[..., Tensor]:
    def call(input: Tensor, dim: int | None = None, dtype: DType | None = None) -> Tensor:
        x = as_lazy(input)
        if dtype is not None:
            x = elementwise.convert(x, dtype)
        _require_float(x, op_name)
        return wrap(make(x, _softmax_axis(name, len(x.shape)) if dim is None else dim))

    call.__name__ = call.__qualname__ = name
    return call


def softmin(input: Tensor, dim: int | None = None, dtype: DType | None = None) -> Tensor:
    """`softmax` of the negative."""
    return softmax(wrap(elementwise.unary("neg", as_lazy(input))), dim, dtype)


softmax = _along("softmax", reductions.softmax, "softmax_lastdim_kernel_impl")
log_softmax = _along("log_softmax", reductions.log_softmax, "log_softmax_lastdim_kernel_impl")

for _function in (
    *(relu, leaky_relu, elu, selu, celu, gelu, silu, softplus, hardtanh, relu6, logsigmoid, softsign, mish),
    *(tanh, sigmoid, softmax, log_softmax, softmin),
):
    FUNCTIONS[_function.__name__] = _function
