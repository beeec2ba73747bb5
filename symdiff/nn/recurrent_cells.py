"""One step of recurrent networks: the formulas, and the cells as modules."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from symdiff.nn import functional as F
from symdiff.nn import init
from symdiff.nn.linear_layers import fresh_parameter
from symdiff.nn.module import Module
from symdiff.tensors.dtypes import DType
from symdiff.tensors.tensor import Tensor

__all__ = ["GATES", "STEPS", "GRUCell", "LSTMCell", "RNNCell", "draw_uniformly"]

GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}
"""How many gates there are, for each of which a weight has rows."""


def _plain(activation: str) -> Callable[..., Any]:
    def step(given: Any, own: Any, state: Any) -> Any:
        total = given + own
        return total.tanh() if activation == "tanh" else total.relu()

    return step


def _lstm(given: Any, own: Any, state: Any) -> Any:
    i, f, g, o = (given + own).chunk(4, -1)
    cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def _gru(given: Any, own: Any, state: Any) -> Any:
    (r, z, n), (own_r, own_z, own_n) = given.chunk(3, -1), own.chunk(3, -1)
    update = (z + own_z).sigmoid()
    new = (n + (r + own_r).sigmoid() * own_n).tanh()
    return (state - new) * update + new


STEPS: dict[str, Callable[..., Any]] = {
    "RNN_TANH": _plain("tanh"), "RNN_RELU": _plain("relu"), "LSTM": _lstm, "GRU": _gru,
}  # fmt: skip
"""The next state, of what the gates get from the input, what they get from the state, and the state."""


def draw_uniformly(module: Module, hidden_size: int) -> None:
    """Draw all parameters within one over the root of the size of the state."""
    bound = 1.0 / math.sqrt(hidden_size) if hidden_size > 0 else 0
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


class _Cell(Module):
    """One step of a recurrent network.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    """

    mode = ""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = GATES[self.mode or "RNN_TANH"] * hidden_size
        shapes: dict[str, tuple[int, ...] | None] = {
            "weight_ih": (rows, input_size), "weight_hh": (rows, hidden_size),
            "bias_ih": (rows,) if bias else None, "bias_hh": (rows,) if bias else None,
        }  # fmt: skip
        for name, shape in shapes.items():
            self.register_parameter(name, None if shape is None else fresh_parameter(shape, dtype, device))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters uniformly within ``1 / sqrt(hidden_size)``."""
        draw_uniformly(self, self.hidden_size)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else f", bias={self.bias}")

    def _check(self, input: Any, state: Any, name: str) -> None:
        if input.ndim not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 1D or 2D, got {input.ndim}D instead"
            )
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {input.shape[-1]} expected {self.input_size}"
            )
        if state is not None and state.ndim != input.ndim:
            raise ValueError(
                f"{type(self).__name__}: Expected {name} to have {input.ndim} axes like the input, got {state.ndim}"
            )

    def _next(self, input: Any, hidden: Any, state: Any) -> Any:
        own: Any = self
        given = F.linear(input, own.weight_ih, own.bias_ih)
        return STEPS[self.mode](given, F.linear(hidden, own.weight_hh, own.bias_hh), state)

    def _zeros(self, input: Any) -> Any:
        return input.new_zeros((*input.shape[:-1], self.hidden_size))


class RNNCell(_Cell):
    """``tanh(W_ih x + b_ih + W_hh h + b_hh)``, or `relu` of it.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    nonlinearity : str
        ``"tanh"`` or ``"relu"``.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {nonlinearity}")
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity
        self.mode = f"RNN_{nonlinearity.upper()}"

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        self._check(input, hx, "hidden")
        state = self._zeros(input) if hx is None else hx
        found: Tensor = self._next(input, state, state)
        return found

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")


class GRUCell(_Cell):
    __doc__ = _Cell.__doc__
    mode = "GRU"

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        self._check(input, hx, "hidden")
        state = self._zeros(input) if hx is None else hx
        found: Tensor = self._next(input, state, state)
        return found


class LSTMCell(_Cell):
    __doc__ = _Cell.__doc__
    mode = "LSTM"

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        self._check(input, None if hx is None else hx[0], "hx[0]")
        state = (self._zeros(input), self._zeros(input)) if hx is None else hx
        found: tuple[Tensor, Tensor] = self._next(input, state[0], state)
        return found
