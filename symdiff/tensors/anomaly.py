"""``detect_anomaly``: a backward pass that stops at the first operation whose derivative gives a NaN."""

from __future__ import annotations

import threading
import traceback
import warnings
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from symdiff.tensors.grad_mode import decorated
from symdiff.tensors.lazy import Lazy, as_array
from symdiff.tensors.operations import watchers
from symdiff.tensors.plans import materialise

__all__ = ["check", "detect_anomaly", "inputs_of", "is_anomaly_enabled", "set_detect_anomaly"]


class _State(threading.local):
    on = False
    check_nan = True


_state = _State()
_stacks: weakref.WeakKeyDictionary[Lazy, list[str]] = weakref.WeakKeyDictionary()


def is_anomaly_enabled() -> bool:
    """Whether backward passes look for NaNs."""
    return _state.on


def _note(made: Lazy) -> None:
    if _state.on and made.differentiable:
        _stacks[made] = traceback.format_stack()[:-2]


class set_detect_anomaly:
    """Switch the search for NaNs on or off: at once, or until the end of a ``with``."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = (_state.on, _state.check_nan)
        if mode and _note not in watchers:
            watchers.append(_note)
        _state.on, _state.check_nan = bool(mode), check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _state.on, _state.check_nan = self.before


class detect_anomaly:
    """Within it, a backward pass that meets a NaN is an error that names the operation, and shows where it was called.

    Parameters
    ----------
    check_nan : bool
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.inner: list[set_detect_anomaly] = []
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self.inner.append(set_detect_anomaly(True, self.check_nan))

    def __exit__(self, *exception: object) -> None:
        self.inner.pop().__exit__()

    def __call__(self, function: Any) -> Any:
        return decorated(function, lambda: set_detect_anomaly(True, self.check_nan))


def inputs_of(work: Sequence[tuple[Lazy, Any]]) -> dict[Lazy, tuple[Any, ...]]:
    """The inputs of the values that a sweep begins at, which it may forget; nothing while the search is off."""
    return {value: value.inputs for value, _ in work} if _state.on and _state.check_nan else {}


def check(inputs: dict[Lazy, tuple[Any, ...]], found: Iterable[tuple[Lazy, Lazy | None]]) -> None:
    """Refuse a NaN among the cotangents that one operation's derivative gave.

    Raises
    ------
    RuntimeError
    """
    for x, cotangent in found:
        if cotangent is None:
            continue
        materialise([cotangent])
        if np.isnan(as_array(cotangent)).any():
            _refuse(inputs, x)


def _refuse(inputs: dict[Lazy, tuple[Any, ...]], x: Lazy) -> None:
    value = next(iter(inputs))
    tensors = [v for v in inputs[value] if isinstance(v, Lazy)]
    name = value.operation.node if value.operation is not None else "Function"
    stack = _stacks.get(value)
    where = "".join(stack) if stack else "(it was called before the search began)"
    warnings.warn(
        f"Error detected in {name}. Traceback of forward call that caused the error:\n{where}",
        UserWarning,
        stacklevel=6,
    )
    position = tensors.index(x) if x in tensors else 0
    raise RuntimeError(f"Function '{name}' returned nan values in its {position}th output.")
