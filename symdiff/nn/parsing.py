"""Modules in a program that is compiled: those of the library are called while it is parsed, users' are parsed.

What is passed as an argument is taken apart into its parameters and buffers, by their names; what stands outside the
function is read anew at each call, like everything else outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from symdiff.frontend.abstract import Abstract, Array, Instance, Known
from symdiff.frontend.core import Parser
from symdiff.frontend.passing import Passed
from symdiff.frontend.program import Path
from symdiff.frontend.resolve import Resolver
from symdiff.frontend.structure import Structure
from symdiff.frontend.tables import OBJECTS, PACKAGES, PASSED
from symdiff.ir.graph import Value
from symdiff.nn.containers import Sequential
from symdiff.nn.module import Module
from symdiff.runtime.arguments import ByIdentity
from symdiff.tensors.parsing import ELEMENTS, Calling, as_tensor, call, initial
from symdiff.tensors.programs import called
from symdiff.tensors.tensor import Held, Tensor
from symdiff.tensors.tracing import is_for_training

__all__ = ["entries", "named_tensors", "options_of"]

_TABLES = ("_parameters", "_buffers")
_CHANGING = frozenset([
    "add_module", "append", "apply", "bfloat16", "clear", "cpu", "cuda", "double", "eval", "extend", "float", "half",
    "insert", "load_state_dict", "pop", "requires_grad_", "reset_parameters", "reset_running_stats", "to", "to_empty",
    "train", "type", "update", "zero_grad",
])  # fmt: skip
"""Methods that change a module."""


def _called(p: Parser, found: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    """A function, class or module of the library."""
    if isinstance(found, Module):
        return _call_module(p, found, args, kwargs)
    if found is Module.__call__ and args and isinstance(args[0], Known) and isinstance(args[0].object, Module):
        return _call_module(p, args[0].object, args[1:], kwargs)
    if args and isinstance(args[0], Known) and isinstance(args[0].object, Module):
        return _call_method(p, args[0].object, found, args[1:], kwargs)
    return call(p, found, args, kwargs)


PACKAGES["symdiff.nn"] = _called


def _call_module(p: Parser, module: Module, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    p.resolver.guard(Path(module, (("attr", "_hooks"),)), _Same(module, ("_hooks", "_pre_hooks")), "by")
    if module._hooks or module._pre_hooks:
        p.unsupported("a module with hooks cannot be called in a function that is compiled", "remove its hooks")
    if _is_ours(module) and "forward" not in vars(module):
        return _call_method(p, module, type(module).forward, args, kwargs)
    given = [as_tensor(p, item) for item in args]
    return p.call(p.attribute(Known(module, Path(module)), "forward"), given, kwargs)


def _is_ours(module: Module) -> bool:
    return type(module).forward.__module__.startswith("symdiff.")


def _call_method(
    p: Parser, module: Module, found: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    """Call a method of the library's now, with tensors in the place of the module's whose elements nobody knows."""
    name = getattr(found, "__name__", "")
    if name in _CHANGING or name.startswith(("register_", "__set", "__del")):
        p.unsupported(f"{name!r} of a module is not supported in a function that is compiled", "call it outside")
    for part in module.modules():
        _rely_on(p, part)
    if name == "forward" and not all(_is_ours(part) for part in module.modules() if part is not module):
        if found is not Sequential.forward or len(args) != 1:
            p.unsupported(f"{type(module).__name__} with modules in it that are not the library's is not supported")
        (item,) = args
        for part in module._modules.values():
            item = p.call(Known(part, Path(part)), [item], {})
        return item
    calling = Calling(p)
    given = [calling.given(item) for item in args]
    named = {name: calling.given(item) for name, item in kwargs.items()}
    stand_ins = {}
    for part, table, name, tensor in entries(module):
        item = p.resolver.wrap(p.build, tensor, Path(part, (("attr", name),)), name)
        assert isinstance(item, Instance)
        stand_ins[part, table, name] = calling.tensor(item, differentiable=tensor.requires_grad)

    def made() -> Any:
        with _replaced(stand_ins):
            result = found(module, *given, **named)
            return list(result) if isinstance(result, Iterator) else result

    return calling.result(made)


def entries(module: Module) -> Iterator[tuple[Module, str, str, Tensor]]:
    """The tensors of a module and of those in it: where each stands, and itself."""
    for part in module.modules():
        for table in _TABLES:
            for name, tensor in part.__dict__[table].items():
                if tensor is not None:
                    yield part, table, name, tensor


@contextmanager
def _replaced(tensors: Mapping[tuple[Module, str, str], Tensor]) -> Iterator[None]:
    """Other tensors under the names of modules, for a while."""
    before = {key: key[0].__dict__[key[1]][key[2]] for key in tensors}
    try:
        for (part, table, name), tensor in tensors.items():
            part.__dict__[table][name] = tensor
        yield
    finally:
        for (part, table, name), tensor in before.items():
            part.__dict__[table][name] = tensor


# -- what a program relies on ------------------------------------------------------------------------------------------


class _Same:
    """Says whether attributes of a module are what they were."""

    def __init__(self, module: Module, names: Sequence[str] | None = None) -> None:
        self.module, self.names = module, names
        self.expected = _state(module, self.names)

    def __call__(self, found: object) -> bool:
        return _state(self.module, self.names) == self.expected

    def bound_to(self, others: Mapping[int, Any]) -> _Same | None:
        """The same asked of another module; nothing of one that is known to be like it."""
        return None if id(self.module) in others else self


def _state(module: Module, names: Sequence[str] | None) -> Any:
    """Attributes, or all of them, comparable: tables by what they hold, numbers by value and all else by identity."""
    own = module.__dict__
    return _comparable(own if names is None else {name: own.get(name) for name in names})


def options_of(module: Any) -> Any:
    """What stands for a module of the library that holds nothing but options: equal for those that do the same.

    None for any other.
    """
    if not isinstance(module, Module) or not type(module).__module__.startswith("symdiff."):
        return None
    if named_tensors(module) or len(list(module.modules())) > 1:
        return None
    return type(module), _state(module, None)


def _comparable(found: Any) -> Any:
    if isinstance(found, dict):
        return tuple((key, _comparable(value)) for key, value in found.items())
    if isinstance(found, bool | int | float | str | None):
        return type(found), found
    if isinstance(found, tuple | list):
        return type(found), tuple(map(_comparable, found))
    if isinstance(found, set | frozenset):
        return type(found), frozenset(map(_comparable, found))
    return ByIdentity(found)


def _rely_on(p: Parser, module: Module) -> None:
    """The program holds for the module as it is: its options, and what is registered in it."""
    p.resolver.guard(Path(module, (("attr", "__dict__"),)), _Same(module), "by")


def _outside(resolver: Resolver, found: Module, path: Path, hint: str) -> Known:
    """A module outside the function: another one is another program."""
    resolver.guard(path, found, "is")
    return Known(found, Path(found))


OBJECTS[Module] = _outside


# -- arguments ---------------------------------------------------------------------------------------------------------


def named_tensors(module: Module) -> list[tuple[str, Tensor]]:
    """What is passed of a module: its parameters, then its buffers, by their names."""
    return [*module.named_parameters(), *module.named_buffers()]


def _parts(module: Module) -> tuple[tuple[Any, ...], list[Any]]:
    found = named_tensors(module)
    # what no gradient is asked for has no name in the result: buffers, and parameters that are frozen
    names = [name if tensor.requires_grad else None for name, tensor in found]
    options = None if found else options_of(module)
    leaf = ByIdentity(module) if options is None else _ByOptions(module, options)
    return (None, *names), [leaf, *[Held(tensor) for _, tensor in found]]


class _ByOptions(ByIdentity):
    """A module that holds nothing but options, as part of a key: equal to those that do the same."""

    def __init__(self, held: Module, options: Any) -> None:
        super().__init__(held)
        self.options = options

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByOptions) and other.options == self.options

    def __hash__(self) -> int:
        return hash(self.options)


def _passed(passed: Passed, structure: Structure, children: Sequence[Abstract]) -> Known:
    """A module that is an argument: its tensors are what is passed for them."""
    module = children[0].object
    passed.resolver.passed_with.append(module)
    for (_, tensor), item in zip(named_tensors(module), children[1:], strict=True):
        if is_for_training() and not tensor.requires_grad:
            passed.resolver.without_gradient.add(initial(item))
        if isinstance(item, Value):
            item = passed.arrays.setdefault(item, Array(item, origin="argument"))
        passed.resolver.passed[tensor] = Instance(Tensor, {ELEMENTS: item})
    return Known(module, Path(module))


PASSED["module"] = _passed


def _built(names: tuple[Any, ...], parts: Sequence[Any]) -> dict[str, Any]:
    """Gradients by the names of parameters."""
    pairs = list(zip(names, parts, strict=True))
    return {name: Tensor.__symdiff_built__((), [part]) for name, part in pairs if part is not None and name is not None}


Module.__symdiff_kind__ = "module"  # type: ignore[attr-defined]
Module.__symdiff_parts__ = _parts  # type: ignore[attr-defined]
Module.__symdiff_built__ = staticmethod(_built)  # type: ignore[attr-defined]
Module.__symdiff_call__ = staticmethod(called)  # type: ignore[attr-defined]
