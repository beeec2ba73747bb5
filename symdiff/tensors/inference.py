"""``inference_mode``: what is made within it can never be part of a graph.

Values are told by when they were made: the mode notes the serial numbers at which it begins and ends.
"""

from __future__ import annotations

import bisect
import threading
import weakref
from typing import Any

from symdiff.tensors import grad_mode
from symdiff.tensors.grad_mode import decorated
from symdiff.tensors.lazy import Lazy, next_serial
from symdiff.tensors.operations import watchers
from symdiff.tensors.saved import saved_inputs
from symdiff.tensors.storage import inference_rules
from symdiff.tensors.tensor import Tensor, as_lazy, attach

__all__ = ["inference_mode", "is_inference_mode_enabled"]

_begins: list[int] = []
_ends: list[float] = []
_ordinary: weakref.WeakSet[Lazy] = weakref.WeakSet()
"""Made in the mode by stores into tensors from outside it: these stay what they are."""


class _State(threading.local):
    depth = 0


_state = _State()


def is_inference_mode_enabled() -> bool:
    """Whether what is made now can never be part of a graph."""
    return _state.depth > 0


class inference_mode:
    """Within it, nothing is recorded, and what is made stays out of graphs; a context manager, and a decorator.

    Parameters
    ----------
    mode : bool
        With False, the mode is off inside the block.
    """

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if callable(mode):
            made.__init__(True)  # type: ignore[misc]
            return made(mode)
        return made

    def __init__(self, mode: bool = True) -> None:
        self.mode = bool(mode)
        self.before: list[tuple[int, bool]] = []

    def __enter__(self) -> None:
        self.before.append((_state.depth, grad_mode.enabled()))
        if not _begins:
            watchers.append(_check_saved)
            inference_rules.append(Rules)
        if self.mode and not _state.depth:
            _begins.append(next_serial())
            _ends.append(float("inf"))
        elif not self.mode and _state.depth:
            _ends[-1] = next_serial()
        _state.depth = _state.depth + 1 if self.mode else 0
        grad_mode.switch(not self.mode)

    def __exit__(self, *exception: object) -> None:
        depth, recording = self.before.pop()
        if self.mode and not depth:
            _ends[-1] = next_serial()
        elif not self.mode and depth:
            _begins.append(next_serial())
            _ends.append(float("inf"))
        _state.depth = depth
        grad_mode.switch(recording)

    def __call__(self, function: Any) -> Any:
        return decorated(function, lambda: type(self)(self.mode))


def _made_within(value: Lazy) -> bool:
    k = bisect.bisect_right(_begins, value.serial) - 1
    return k >= 0 and value.serial < _ends[k] and value not in _ordinary


def _is_inference(value: Lazy) -> bool:
    return _made_within(value.memory.value if value.memory is not None else value)


def _check_saved(made: Lazy) -> None:
    """Refuse to record an operation whose derivative reads such a value."""
    if not made.differentiable:
        return
    positions = None
    for k, x in enumerate(made.inputs):
        if type(x) is Lazy and _is_inference(x):
            positions = saved_inputs(made) if positions is None else positions
            if k in positions:
                raise RuntimeError(
                    "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference "
                    "mode in computation tracked by autograd. To work around this, use a clone made outside of it."
                )


class Rules:
    """What stores and tensors ask, once the mode was used."""

    @staticmethod
    def holds(tensor: Tensor) -> bool:
        """Whether a tensor was made in the mode."""
        value = as_lazy(tensor)
        return _made_within(value if tensor._storage is None else tensor._storage.value)

    @staticmethod
    def check_store(tensor: Tensor) -> bool:
        """Refuse a store from outside the mode; whether the tensor has to be kept ordinary after it."""
        if not Rules.holds(tensor):
            return _state.depth > 0
        if not _state.depth:
            raise RuntimeError(
                "Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to get "
                "a normal tensor before doing inplace update."
            )
        return False

    @staticmethod
    def keep_ordinary(tensor: Tensor) -> None:
        """Note that a tensor from outside the mode is one still, whatever was stored into it."""
        _ordinary.add(tensor._value if tensor._storage is None else tensor._storage.value)


attach("is_inference", lambda self: Rules.holds(self))
