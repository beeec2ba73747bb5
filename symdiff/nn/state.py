"""What a module holds, as a dict of tensors by their names; and putting such a dict back."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping
from typing import Any

from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.tensor import Tensor

__all__ = ["IncompatibleKeys", "load_entries", "module_state"]


class IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """The names that a state dict lacked, and those that had no place."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_{super().__repr__()}"

    __str__ = __repr__


def own_entries(module: Any) -> Iterator[tuple[str, Tensor]]:
    """The parameters and persistent buffers of a module itself."""
    for name, tensor in module._parameters.items():
        if tensor is not None:
            yield name, tensor
    for name, tensor in module._buffers.items():
        if tensor is not None and name not in module._non_persistent_buffers_set:
            yield name, tensor


def module_state(module: Any, into: dict[str, Any], prefix: str, keep_vars: bool) -> dict[str, Any]:
    """Enter a module's tensors, and those of its parts, under their names."""
    for name, tensor in own_entries(module):
        into[prefix + name] = tensor if keep_vars else tensor.detach()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=into, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    return into


def load_entries(module: Any, state_dict: Any, strict: bool, assign: bool) -> IncompatibleKeys:
    """Copy a dict's tensors into a module.

    Raises
    ------
    RuntimeError
        If a size differs; with ``strict`` also if a name is missing or has no place. What fits was copied before.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    wanted: dict[str, tuple[Any, str, Tensor]] = {}
    for prefix, part in module.named_modules(remove_duplicate=False):
        dot = f"{prefix}." if prefix else ""
        wanted.update({dot + name: (part, name, tensor) for name, tensor in own_entries(part)})
    problems: list[str] = []
    missing = [name for name in wanted if name not in state_dict]
    unexpected = [name for name in state_dict if name not in wanted]
    if strict and unexpected:
        problems.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
    if strict and missing:
        problems.insert(0, f"Missing key(s) in state_dict: {_quoted(missing)}. ")
    for name, (part, own, tensor) in wanted.items():
        if name in state_dict:
            problems += _stored(part, own, name, tensor, state_dict[name], assign)
    if problems:
        raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(problems))
    return IncompatibleKeys(missing, unexpected)


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _stored(part: Any, own: str, name: str, tensor: Any, given: Any, assign: bool) -> list[str]:
    """Put one tensor in its place; a sentence where it does not fit."""
    if not isinstance(given, Tensor):
        return [
            f'While copying the parameter named "{name}", expected torch.Tensor or Tensor-like object from '
            f"checkpoint but received {type(given)}"
        ]
    if given.shape != tensor.shape:
        return [
            f"size mismatch for {name}: copying a param with shape {given.shape!r} from checkpoint, the shape in "
            f"current model is {tensor.shape!r}."
        ]
    with no_grad():
        if not assign:
            tensor.copy_(given)
        elif own in part._parameters:
            part._parameters[own] = type(tensor)(given, tensor.requires_grad)
        else:
            part._buffers[own] = given
    return []
