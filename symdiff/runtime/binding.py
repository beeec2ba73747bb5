"""What is passed in one call: taken apart into leaves, each classified."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symdiff.frontend.program import Argument
from symdiff.frontend.structure import LEAF, Static, Structure, flatten, leaf_paths
from symdiff.ir.graph import Value
from symdiff.runtime.arguments import (
    Leaf,
    as_array,
    check_fits,
    check_same_index,
    classify,
    is_foreign_array,
    refuse_inactive,
    static_object,
)

__all__ = ["Call", "arguments_of", "exact", "settled", "taken_apart", "taking_over", "with_ints", "with_static"]


NESTED = 100
"""Items of a list, and lists in lists, that are looked at for one of another world: they may be long, and deep."""


@dataclass
class Call:
    """Arguments of one call, taken apart.

    Attributes
    ----------
    objects : list
        One a parameter, defaults filled in.
    structures : tuple of Structure
    leaves : list
        All leaves of all parameters, in order.
    kinds : tuple of Leaf
        What each leaf is.
    names : list of str
        How a user would write each leaf.
    active : tuple of int
        The leaves that are arguments to differentiate by.
    floated : tuple of int
        Those of them that were ints and are floats now.
    """

    objects: list[Any]
    structures: tuple[Structure, ...]
    leaves: list[Any]
    kinds: tuple[Leaf, ...]
    names: list[str]
    active: tuple[int, ...] = ()
    floated: tuple[int, ...] = ()


def taken_apart(
    names: Sequence[str],
    objects: list[Any],
    differentiated: Collection[int],
    converted: Callable[[Any, str], Any] = as_array,
) -> Call:
    """The objects that are passed, one a parameter; a gradient is asked by those at some positions.

    ``converted(leaf, path)`` gives what is passed for a leaf that may be an array of another library.
    """
    call = Call(objects, (), [], (), [])
    structures: list[Structure] = []
    kinds: list[Leaf] = []
    for k, (name, value) in enumerate(zip(names, objects, strict=True)):
        found, structure = flatten(value, is_foreign_array)
        structures.append(structure)
        for leaf, path in zip(found, leaf_paths(structure, name), strict=True):
            leaf = converted(leaf, path)
            kind = classify(leaf, path)
            if k in differentiated:
                kind = _differentiable(call, kind, path, is_argument=structure == LEAF, alone=len(found) == 1)
            call.leaves.append(_plain(leaf, kind, path))
            call.names.append(path)
            kinds.append(kind)
    check_same_index([o for o in objects if is_foreign_array(o)])
    call.structures, call.kinds = tuple(structures), tuple(kinds)
    return call


def _differentiable(call: Call, kind: Leaf, path: str, is_argument: bool, alone: bool) -> Leaf:
    """The kind of the next leaf, of an argument to differentiate by: its ints count as floats."""
    if is_argument:
        call.active += (len(call.leaves),)
    if not alone and not kind.dtype.startswith("float"):
        return kind
    as_float = refuse_inactive(kind, path)
    if as_float.dtype != kind.dtype:
        call.floated += (len(call.leaves),)
    return as_float


def taking_over(objects: Sequence[Any]) -> Callable[..., Any] | None:
    """What the type of an argument, or of something in one, does with calls of differentiable functions.

    Such a type has ``__symdiff_call__``: the call becomes part of a graph of its own.
    """
    stack = [list(objects)]
    for _ in range(NESTED):
        if not stack:
            break
        inner: list[Any] = []
        for value in stack.pop():
            found = getattr(type(value), "__symdiff_call__", None)
            if found is not None:
                return found
            if isinstance(value, tuple | list | dict):
                inner += list(value.values() if isinstance(value, dict) else value)[:NESTED]
        if inner:
            stack.append(inner)
    return None


def _plain(leaf: Any, kind: Leaf, path: str) -> Any:
    """The leaf as the graph takes it."""
    if getattr(leaf, "ndim", None) == 0:
        leaf = leaf[()]
    if kind.kind == "python" and kind.dtype == "int64":
        check_fits(leaf, path)
    return float(leaf) if kind.kind == "python" and kind.dtype == "float64" else leaf


def arguments_of(names: Sequence[str], call: Call) -> tuple[Argument, ...]:
    """What parsing gets for the parameters: new values of the graph, and the objects of static leaves."""
    found, k = [], 0
    for name, structure in zip(names, call.structures, strict=True):
        leaves: list[Value | Static] = []
        for kind, path in zip(call.kinds[k : k + structure.count], call.names[k:], strict=False):
            leaves.append(Static(static_object(kind)) if kind.kind == "static" else kind.value(_hint(path)))
        found.append(Argument(name, structure, tuple(leaves)))
        k += structure.count
    return tuple(found)


def exact(kinds: tuple[Leaf, ...], leaves: Sequence[Any]) -> tuple[Leaf, ...]:
    """The kinds with every size known."""
    return tuple(replace(k, sizes=leaf.shape) if k.ones else k for k, leaf in zip(kinds, leaves, strict=True))


def settled(call: Call) -> tuple[Leaf, ...]:
    """The kinds with every size and every int known, from which sizes may be reckoned."""
    whole = Leaf("python", "int64")
    return tuple(
        Leaf("static", static=Static(leaf)) if kind == whole and k not in call.active else kind
        for k, (kind, leaf) in enumerate(zip(exact(call.kinds, call.leaves), call.leaves, strict=True))
    )


def with_ints(call: Call) -> tuple[Leaf, ...]:
    """The kinds with the ints that were taken for floats as ints."""
    return tuple(Leaf("python", "int64") if k in call.floated else kind for k, kind in enumerate(call.kinds))


def with_static(call: Call, leaves: set[int]) -> tuple[Leaf, ...]:
    """The kinds with some ints fixed at their values, and some arrays at their sizes."""
    sized = exact(call.kinds, call.leaves)

    def known(k: int, kind: Leaf) -> Leaf:
        return sized[k] if kind.ones else Leaf("static", static=Static(call.leaves[k]))

    return tuple(known(k, kind) if k in leaves else kind for k, kind in enumerate(call.kinds))


def _hint(path: str) -> str:
    """A name for a leaf of a structure: ``p['rate']`` is ``p_rate``."""
    text = "".join(c if c.isalnum() or c == "_" else " " for c in path)
    return "_".join(text.split())
