"""Arguments by name: what may be passed one by one, PyTorch's names where ours are others, and ``out``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from symdiff.tensors import grad_mode
from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.tensor import Tensor, as_lazy, attach

__all__ = ["accept_keywords", "with_out", "with_sizes"]

LISTED = {
    "flip": "dims", "permute": "dims", "tile": "dims", "reshape": "shape", "view": "size", "expand": "size",
    "repeat": "repeats",
}  # fmt: skip
"""What is passed one by one, or as one sequence, may be given by a name."""

RENAMED = {
    "mm": {"mat2": "other"}, "bmm": {"mat2": "other"}, "mv": {"vec": "other"}, "dot": {"tensor": "other"},
    "swapaxes": {"axis0": "dim0", "axis1": "dim1"},
}  # fmt: skip

STORED = (
    "add", "sub", "mul", "div", "pow", "matmul", "mm", "bmm", "mv", "dot", "exp", "log", "sqrt", "sin", "cos", "tanh",
    "sigmoid", "abs", "neg", "maximum", "minimum", "clamp", "cat", "stack", "sum", "mean", "cumsum", "round", "floor",
)  # fmt: skip
"""Functions whose result may be stored into a tensor that is given."""


def _named(call: Callable[..., Any], names: dict[str, str], listed: str = "") -> Callable[..., Any]:
    """The same function, of which some arguments have other names as well."""

    @functools.wraps(call)
    def named(*args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            return call(*args)
        if listed in kwargs:
            args = (*args, kwargs.pop(listed))
        for name in names:
            if name in kwargs:
                if names[name] in kwargs:
                    raise TypeError(f"{call.__name__}() got {name!r} and {names[name]!r}, which are one argument")
                kwargs[names[name]] = kwargs.pop(name)
        return call(*args, **kwargs)

    return named


def with_sizes(create: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes tensors, whose size may be given by name."""
    return _named(create, {}, "size")


def accept_keywords() -> None:
    """Let the functions and methods of tensors be called with these names."""
    for name, listed in LISTED.items():
        call = vars(Tensor).get(name)
        if call is not None:
            attach(name, _named(call, {}, listed))
        if name in FUNCTIONS:
            FUNCTIONS[name] = _named(FUNCTIONS[name], {}, listed)
    for name, names in RENAMED.items():
        call = FUNCTIONS[name]
        accepting = FUNCTIONS[name] = _named(call, names)
        if vars(Tensor).get(name) is call:
            attach(name, accepting)


def with_out(functions: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The functions of the module: some store their result into a tensor that is given."""
    return functions | {name: _storing(functions[name]) for name in STORED}


def _storing(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def storing(*args: Any, **kwargs: Any) -> Any:
        if "out" not in kwargs:
            return call(*args, **kwargs)
        target = kwargs.pop("out")
        found = call(*args, **kwargs)
        if target is None:
            return found
        if grad_mode.enabled() and (target.requires_grad or found.requires_grad):
            raise RuntimeError(
                f"{call.__name__}(): functions with out=... arguments don't support automatic differentiation, but one "
                "of the arguments requires grad."
            )
        new, old = as_lazy(found), as_lazy(target)
        if new.dtype.category > old.dtype.category:
            raise RuntimeError(
                f"result type {new.dtype.tensor_type[6:-6]} can't be cast to the desired output type "
                f"{old.dtype.tensor_type[6:-6]}"
            )
        if new.shape != old.shape:
            raise RuntimeError(
                f"{call.__name__}(): out has shape {list(old.shape)}, but the result has shape {list(new.shape)}: "
                "tensors are not resized"
            )
        return target.copy_(found)

    return storing
