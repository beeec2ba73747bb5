"""Recurrent networks over sequences: several layers, one or two directions, also of packed sequences."""

from __future__ import annotations

import warnings
from typing import Any

from symdiff.nn import functional as F
from symdiff.nn.linear_layers import fresh_parameter
from symdiff.nn.module import Module
from symdiff.nn.recurrent_cells import GATES, STEPS, draw_uniformly
from symdiff.nn.sequences import PackedSequence
from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.dtypes import DType

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]


class RNNBase(Module):
    """What the recurrent networks share.

    Parameters
    ----------
    mode : str
        ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``.
    input_size, hidden_size : int
    num_layers : int
    bias : bool
    batch_first : bool
        Whether sequences are ``(batch, positions, features)``; else positions come first.
    dropout : float
        Of the results of all layers but the last, in training.
    bidirectional : bool
        Whether each layer also reads the sequence from its end.
    proj_size : int
        The size that an LSTM's result is brought to by a further matrix; 0 for none.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                UserWarning,
                stacklevel=3,
            )
        if proj_size and mode != "LSTM":
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if not 0 <= proj_size < hidden_size:
            raise ValueError("proj_size has to be at least 0 and smaller than hidden_size")
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self._names = self._registered(dtype, device)
        self.reset_parameters()

    def _registered(self, dtype: DType | None, device: Any) -> list[list[str]]:
        """Enter the parameters; their names, for each layer and direction."""
        rows, size = GATES[self.mode] * self.hidden_size, self.proj_size or self.hidden_size
        found: list[list[str]] = []
        for layer in range(self.num_layers):
            width = size * (2 if self.bidirectional else 1) if layer else self.input_size
            for suffix in ("", "_reverse")[: 2 if self.bidirectional else 1]:
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, size)}
                if self.bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if self.proj_size:
                    shapes["weight_hr"] = (size, self.hidden_size)
                found.append([f"{name}_l{layer}{suffix}" for name in shapes])
                for name, shape in zip(found[-1], shapes.values(), strict=True):
                    self.register_parameter(name, fresh_parameter(shape, dtype, device))
        return found

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters, for each layer and direction."""
        return [[self._parameters[name] for name in names] for names in self._names]

    def flatten_parameters(self) -> None:
        """Nothing is to be done."""

    def reset_parameters(self) -> None:
        """Draw all parameters uniformly within ``1 / sqrt(hidden_size)``."""
        draw_uniformly(self, self.hidden_size)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0,
                 "bidirectional": False}  # fmt: skip
        return text + "".join(f", {k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v)

    # -- a call --------------------------------------------------------------------------------------------------------

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """The results at all positions of the last layer, and the last state of each layer and direction.

        Parameters
        ----------
        input : Tensor or PackedSequence
            Three axes, or two without a batch.
        hx : Tensor or tuple of Tensor, optional
            The first state, zeros unless given; that of an LSTM is a pair.
        """
        if isinstance(input, PackedSequence):
            steps, sizes = _split(input.data, input.batch_sizes.tolist()), input.batch_sizes.tolist()
            order, back = input.sorted_indices, input.unsorted_indices
            found, state = self._through_layers(steps, sizes, self._first(input.data, sizes[0], hx, order))
            result = PackedSequence(FUNCTIONS["cat"](found, 0), input.batch_sizes, order, back)
            return result, _permuted(state, back)
        if input.ndim not in (2, 3):
            raise ValueError(f"{self.mode[:4]}: Expected input to be 2D or 3D, got {input.ndim}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )
        batched = input.ndim == 3
        x = input.transpose(0, 1) if batched and self.batch_first else input if batched else input.unsqueeze(1)
        if not batched and hx is not None:
            hx = tuple(h.unsqueeze(1) for h in hx) if self.mode == "LSTM" else hx.unsqueeze(1)
        sizes = [x.shape[1]] * x.shape[0]
        found, state = self._through_layers(x, sizes, self._first(x, x.shape[1], hx, None))
        y = FUNCTIONS["stack"](found, 1 if batched and self.batch_first else 0)
        if batched:
            return y, state
        return y.squeeze(1), tuple(s.squeeze(1) for s in state) if self.mode == "LSTM" else state.squeeze(1)

    def _first(self, like: Any, batch: int, hx: Any, order: Any) -> list[Any]:
        """The first state of each layer and direction."""
        count = len(self._names)
        sizes = [self.proj_size or self.hidden_size, self.hidden_size][: 2 if self.mode == "LSTM" else 1]
        if hx is None:
            parts = [like.new_zeros((count, batch, size)) for size in sizes]
        else:
            parts = list(hx) if self.mode == "LSTM" else [hx]
            for part, size in zip(parts, sizes, strict=True):
                if tuple(part.shape) != (count, batch, size):
                    wanted, got = (count, batch, size), list(part.shape)
                    raise RuntimeError(f"Expected hidden size {wanted}, got {got}")
            if order is not None:
                parts = [part.index_select(1, order) for part in parts]
        return [tuple(p[k] for p in parts) if self.mode == "LSTM" else parts[0][k] for k in range(count)]

    def _through_layers(self, x: Any, sizes: list[int], states: list[Any]) -> tuple[list[Any], Any]:
        """The results of the last layer at each position, and the last states; ``x`` holds rows for each position."""
        last: list[Any] = []
        weights = self.all_weights
        directions = 2 if self.bidirectional else 1
        for layer in range(self.num_layers):
            both = []
            for side in range(directions):
                k = layer * directions + side
                found, state = self._along(x, sizes, states[k], weights[k], backwards=bool(side))
                both.append(found)
                last.append(state)
            x = both[0] if directions == 1 else [FUNCTIONS["cat"](pair, -1) for pair in zip(*both, strict=True)]
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = _split(F.dropout(FUNCTIONS["cat"](list(x), 0), self.dropout), sizes)
        if self.mode == "LSTM":
            return list(x), tuple(FUNCTIONS["stack"](part, 0) for part in zip(*last, strict=True))
        return list(x), FUNCTIONS["stack"](last, 0)

    def _along(
        self, x: Any, sizes: list[int], state: Any, weights: list[Any], *, backwards: bool
    ) -> tuple[list[Any], Any]:
        """One layer in one direction; the sequences are sorted, so those that end early are the last rows."""
        w_ih, w_hh, *rest = weights
        biases = rest[:2] if self.bias else [None, None]
        given = _projected(x, sizes, w_ih, biases[0])
        step, found = STEPS[self.mode], [None] * len(sizes)
        running = _Rows(state, backwards)
        for t in range(len(sizes) - 1, -1, -1) if backwards else range(len(sizes)):
            before = running.of(sizes[t])
            hidden = before[0] if isinstance(before, tuple) else before
            new = step(given[t], F.linear(hidden, w_hh, biases[1]), before)
            if self.proj_size:
                new = (F.linear(new[0], rest[-1]), new[1])
            running.state = new
            found[t] = new[0] if isinstance(new, tuple) else new
        return found, running.last()


class _Rows:
    """The state of the sequences that go on at a position: the first rows."""

    def __init__(self, state: Any, backwards: bool) -> None:
        self.first, self.backwards = state, backwards
        self.state = _each(state, lambda s: s[:0]) if backwards else state
        self.ended: list[Any] = []

    def of(self, count: int) -> Any:
        """The state before a position at which there are so many sequences."""
        have = (self.state[0] if isinstance(self.state, tuple) else self.state).shape[0]
        if count < have:
            self.ended.append(_each(self.state, lambda s: s[count:]))
            self.state = _each(self.state, lambda s: s[:count])
        elif count > have:
            begun = _each(self.first, lambda s: s[have:count])
            self.state = _joined([self.state, begun]) if have else begun
        return self.state

    def last(self) -> Any:
        """The last state of all sequences."""
        return _joined([self.state, *self.ended[::-1]]) if self.ended else self.state


def _each(state: Any, function: Any) -> Any:
    return tuple(function(s) for s in state) if isinstance(state, tuple) else function(state)


def _joined(states: list[Any]) -> Any:
    if isinstance(states[0], tuple):
        return tuple(FUNCTIONS["cat"](list(parts), 0) for parts in zip(*states, strict=True))
    return FUNCTIONS["cat"](states, 0)


def _projected(x: Any, sizes: list[int], weight: Any, bias: Any) -> Any:
    """What the gates get from the inputs at all positions: one product."""
    if not isinstance(x, list | tuple):
        return F.linear(x, weight, bias)
    return _split(F.linear(FUNCTIONS["cat"](list(x), 0), weight, bias), sizes)


def _split(rows: Any, sizes: list[int]) -> list[Any]:
    return list(rows.split(sizes, 0))


def _permuted(state: Any, back: Any) -> Any:
    return state if back is None else _each(state, lambda s: s.index_select(1, back))


class LSTM(RNNBase):
    """Long short-term memory; its state is a pair.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size
        As of `RNNBase`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)


class GRU(RNNBase):
    """Gated recurrent units.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        As of `RNNBase`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("GRU", *args, **kwargs)


class RNN(RNNBase):
    """The recurrent network of Elman.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        As of `RNNBase`; a fourth positional argument is the nonlinearity.
    nonlinearity : str
        ``"tanh"`` or ``"relu"``.
    """

    def __init__(self, *args: Any, nonlinearity: str = "tanh", **kwargs: Any) -> None:
        if len(args) > 3:
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity
