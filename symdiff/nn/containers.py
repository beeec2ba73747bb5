"""Modules, and parameters, in order or by names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from symdiff.nn.module import Module, indented
from symdiff.nn.parameter import Parameter
from symdiff.tensors.tensor import Tensor

__all__ = ["ModuleDict", "ModuleList", "ParameterList", "Sequential"]


class _Ordered(Module):
    """Modules numbered from 0 on."""

    def _renumbered(self, modules: Iterable[Module]) -> None:
        found = list(modules)
        self._modules.clear()
        for k, module in enumerate(found):
            self.add_module(str(k), module)

    def _key(self, index: int) -> str:
        keys = list(self._modules)
        place = index.__index__()
        if not -len(keys) <= place < len(keys):
            raise IndexError(f"index {place} is out of range")
        return keys[place]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._modules.values()))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(*self._arguments(list(self._modules.items())[index]))
        return self._modules[self._key(index)]

    def _arguments(self, items: list[tuple[str, Module]]) -> tuple[Any, ...]:
        raise NotImplementedError

    def __setitem__(self, index: int, module: Module) -> None:
        key = self._key(index)
        if not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._modules[key] = module

    def __delitem__(self, index: Any) -> None:
        keys = list(self._modules)
        for key in keys[index] if isinstance(index, slice) else [self._key(index)]:
            del self._modules[key]
        self._renumbered(self._modules.values())

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> None:
        """Add a module before the one at a place."""
        found = list(self._modules.values())
        found.insert(index, module)
        self._renumbered(found)

    def pop(self, key: int) -> Any:
        """Take a module out."""
        found = self[key]
        del self[key]
        return found


class Sequential(_Ordered):
    """Calls modules one after the other, each with the result of the one before.

    Parameters
    ----------
    *args : Module
        Or one ordered dict of modules by their names.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for k, module in enumerate(args):
                self.add_module(str(k), module)

    def _arguments(self, items: list[tuple[str, Module]]) -> tuple[Any, ...]:
        return (OrderedDict(items),)

    def forward(self, input: Any) -> Any:
        for module in self._modules.values():
            input = module(input)
        return input


class ModuleList(_Ordered):
    """Modules in a list; it does not call them itself."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def _arguments(self, items: list[tuple[str, Module]]) -> tuple[Any, ...]:
        return ([module for _, module in items],)

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __repr__(self) -> str:
        groups: list[tuple[int, int, str]] = []
        for k, module in enumerate(self):
            text = repr(module)
            if groups and groups[-1][2] == text:
                groups[-1] = (groups[-1][0], k, text)
            else:
                groups.append((k, k, text))
        lines = [f"({a}): {indented(t)}" if a == b else f"({a}-{b}): {b - a + 1} x {indented(t)}" for a, b, t in groups]
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{self._get_name()}()"


class ModuleDict(Module):
    """Modules by names; it does not call them itself."""

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and modules."""
        return self._modules.items()

    def clear(self) -> None:
        """Take all out."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take a module out."""
        found = self[key]
        del self[key]
        return found

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Enter several."""
        for name, module in dict(modules).items():
            self[name] = module


class ParameterList(Module):
    """Parameters in a list; tensors that are put into it become parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend(values or ())

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._parameters.values()))

    def __getitem__(self, index: Any) -> Any:
        found = list(self)[index]
        return ParameterList(found) if isinstance(index, slice) else found

    def __setitem__(self, index: int, value: Any) -> None:
        self._parameters[str(range(len(self))[index])] = _as_parameter(value)

    def append(self, value: Any) -> Self:
        """Add a parameter at the end."""
        self._parameters[str(len(self))] = _as_parameter(value)
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add parameters at the end."""
        for value in values:
            self.append(value)
        return self

    def extra_repr(self) -> str:
        return "\n".join(
            f"  ({k}): Parameter containing: [{p.dtype!r} of size {'x'.join(map(str, p.shape))}]"
            for k, p in enumerate(self)
        )


def _as_parameter(value: Any) -> Parameter:
    if isinstance(value, Parameter):
        return value
    if not isinstance(value, Tensor):
        raise TypeError(f"a ParameterList takes tensors, not {type(value).__name__}")
    return Parameter(value)
