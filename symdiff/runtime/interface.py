"""How Python calls native code: what a unit expects of its arguments, and whether it can be called by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import CellType, ModuleType
from typing import Any

from symdiff.frontend.program import MISSING, Guard, Path, Program
from symdiff.frontend.structure import LEAF, Structure
from symdiff.ir.graph import Function, Type, Value
from symdiff.lower.lower import Lowered
from symdiff.runtime.arguments import Leaf, classify, static_object
from symdiff.runtime.effects import invoking
from symdiff.runtime.generators import values_of
from symdiff.runtime.statuses import RESPECIALISE, raising
from symdiff_codegen.kernel import Buffer, Local
from symdiff_codegen.signature import ABSENT, Array, Fixed, Parameter, Scalar, Signature

__all__ = ["Interface", "has_type", "parameter_of"]


@dataclass(frozen=True, eq=False)
class Interface:
    """How users pass the arguments of a function and get its results.

    Attributes
    ----------
    program : Program
        The final one, whose graph native code is made of.
    kinds : tuple of Leaf
    structures : tuple of Structure
    active : tuple of int
        Leaves whose ints count as floats; elsewhere an int is another type, and another family.
    template : Template or None
        How the results are nested, where native code can form it.
    """

    program: Program
    kinds: tuple[Leaf, ...]
    structures: tuple[Structure, ...]
    active: tuple[int, ...]
    template: Any

    def direct(self, function: Any) -> bool:
        """Whether native code can take the arguments as users pass them, with no Python before or after it."""
        if self.template is None or any(s != LEAF for s in self.structures):
            return False
        # native code takes NumPy's ints as Python's, which promote otherwise
        types: list[tuple[str, str, tuple[Any, ...]]] = [(k.kind, k.dtype, k.ones) for k in self.kinds]
        types += [(c.type.kind, c.type.dtype, c.type.shape) for c in self.program.captured]
        if any(kind == "numpy" and not shape and not dtype.startswith("float") for kind, dtype, shape in types):
            return False
        if any(g.by not in ("is", "code") for g in self._guards()):
            return False
        paths = [*(c.path for c in self.program.captured), *(g.path for g in self._guards())]
        return all(native_container(path, function) is not None for path in paths)

    def flat(self, lowered: Lowered, graph: Function) -> Signature:
        """Of a unit that takes the values of the graph's parameters, and returns its results."""
        results = lowered.kernel.results
        params = tuple(self._specs(lowered, graph))
        template = tuple(range(len(results)))
        return Signature(params, results, template, _misfit, raising(lowered), work="loop", invoked=invoking(lowered))

    def standing_alone(
        self, lowered: Lowered, graph: Function, dispatcher: Callable[..., Any], function: Any
    ) -> Signature:
        """Of a unit that users call; it finds captured values by itself, and calls the dispatcher where they misfit."""
        values = iter(self._specs(lowered, graph))
        params = tuple(Fixed(static_object(k)) if k.kind == "static" else next(values) for k in self.kinds)
        captured: list[Any] = []
        for item in self._guards():
            holder, key = native_container(item.path, function)  # type: ignore[misc]
            found = item.path.read(function)
            captured.append((holder, key, ABSENT if found is MISSING else Fixed(found)))
        for read in self.program.captured:
            holder, key = native_container(read.path, function)  # type: ignore[misc]
            captured.append((holder, key, next(values)))
        return Signature(
            params,
            lowered.kernel.results,
            self.template,
            dispatcher,
            raising(lowered),
            captured=tuple(captured),
            # a size that turned out to be 1 needs another graph, which the dispatcher makes
            elsewhere=RESPECIALISE if RESPECIALISE in lowered.errors else None,
            work="loop",
            invoked=invoking(lowered),
            name=graph.name,
        )

    def _guards(self) -> list[Guard]:
        """What native code must compare; that the function has its code is why this family was looked at."""
        return [g for g in self.program.guards if g.path.steps]

    def _specs(self, lowered: Lowered, graph: Function) -> list[Parameter]:
        passed = [k for k, kind in enumerate(self.kinds) if kind.kind != "static"]
        active = {n for n, k in enumerate(passed) if k in self.active}
        pairs = zip(lowered.kernel.params, values_of(graph.params), strict=True)
        return [parameter_of(p, v, n in active) for n, (p, v) in enumerate(pairs)]


def has_type(found: Any, wanted: Type) -> bool:
    """Whether a captured number or array has the type that the graph was built for."""
    kind = classify(found, "captured value")
    ones = tuple(d == 1 for d in wanted.shape)
    return (kind.kind, kind.dtype, kind.ones) == (wanted.kind, wanted.dtype, ones)


def native_container(path: Path, function: Any) -> tuple[dict[Any, Any] | CellType, Any] | None:
    """Where native code finds an object again: a dict and a key.

    None where it cannot: in closures, which differ between functions of one code, and in objects with attributes of
    their own.
    """
    if not path.steps or path.steps[0][0] != "global":
        return None
    container, how, key = path.container(function)
    if how == "attr" and isinstance(container, ModuleType):
        container = vars(container)
    elif how != "item" or len(path.steps) > 1:
        return None
    return (container, key) if type(container) is dict else None


def _misfit(*args: Any) -> Any:
    raise TypeError(f"arguments do not fit the variant they were classified for: {[type(a).__name__ for a in args]}")


def parameter_of(param: Local | Buffer, value: Value, ints: bool) -> Parameter:
    """What native code expects for a parameter of the graph; ``ints`` says whether an int serves for a float."""
    if isinstance(param, Buffer):
        return Array(param.type, param.dims)
    if value.type.kind == "numpy":
        if value.type.dtype not in ("float64", "float32"):
            return Scalar("bool" if value.type.dtype == "bool" else "int")
        return Scalar(value.type.dtype)  # type: ignore[arg-type]
    python = {"float64": "float", "int64": "int", "bool": "bool"}[value.type.dtype]
    return Scalar(python, accept_int=ints and python == "float")  # type: ignore[arg-type]
