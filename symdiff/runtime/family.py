"""Families and variants: one graph for all sizes, and the native units built from it.

A *family* belongs to one function's code, one question (value, gradient by these arguments, ...) and one tuple of
argument types. It holds one graph, one text and one run of the simplifier. Its *variants* are native units that
differ in which sizes are constants: small sizes are built in, at most in four variants, and a size that was once
different stays a run-time value for good.
"""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from symdiff import stages
from symdiff.config import Options
from symdiff.frontend.program import Program, Written
from symdiff.ir.graph import Function, Value
from symdiff.ir.python import print_function
from symdiff.ir.sites import spoken_objects
from symdiff.lower.lower import Lowered
from symdiff.runtime.arguments import prepare
from symdiff.runtime.binding import Call
from symdiff.runtime.generators import at_hand, draws
from symdiff.runtime.interface import Interface, has_type
from symdiff.runtime.statuses import RESPECIALISE
from symdiff.runtime.written import refuse_overlap
from symdiff_codegen.kernel import Buffer, Const, Local
from symdiff_codegen.native import Unit
from symdiff_codegen.signature import Fixed, Signature

__all__ = ["Family", "Variant", "run_native"]

SMALLEST_STATIC, LARGEST_STATIC = 2, 16
MOST_VARIANTS = 4


def _dims(param: Local | Buffer) -> str:
    if isinstance(param, Local):
        return ""
    return f"[{', '.join(str(d.value) if isinstance(d, Const) else d.name for d in param.dims)}]"


@dataclass(eq=False, repr=False)
class Variant:
    """One native unit."""

    sizes: dict[Value, int]
    unit: Unit
    lowered: Lowered
    direct: bool = False
    """Whether it takes the arguments as users pass them and returns what they get; else flat values and results."""
    keywords: tuple[tuple[str, Any], ...] = ()
    """What a direct variant wants by name: ``wrt`` as the user spelled it."""
    calls: int = 0

    def __repr__(self) -> str:
        params = ", ".join(f"{p.name}: {p.type}{_dims(p)}" for p in self.lowered.kernel.params)
        sizes = ", ".join(f"{d.hint}={n}" for d, n in self.sizes.items()) or "any sizes"
        way = "called directly" if self.direct else "called through Python"
        return f"<variant {self.lowered.kernel.name}({params}) for {sizes}, {self.unit.seconds:.3f} s, {way}>"

    def fits(self, sizes: dict[Value, int]) -> bool:
        return all(sizes[d] == n for d, n in self.sizes.items())


@dataclass(eq=False)
class Family:
    """One graph and its native variants.

    Attributes
    ----------
    interface : Interface
        How users call it.
    pack : callable
        ``pack(results)`` forms what Python gets from the flat results of the graph.
    effects : bool
        Whether Python must do something at each call besides running native code.
    stores : tuple of Written
        Arguments that the function stores into: memory shared with others must be refused at each call.
    flat : bool
        Set when a captured value needs preparing at each call: native code then cannot read it by itself.
    at_run_time : set of Value
        Sizes that have differed between calls.
    """

    program: Program
    made: stages.Stages
    interface: Interface
    options: Options
    pack: Callable[[Sequence[Any]], Any]
    effects: bool = False
    stores: tuple[Written, ...] = ()
    variants: list[Variant] = field(default_factory=list)
    flat: bool = False
    at_run_time: set[Value] = field(default_factory=set)

    @functools.cached_property
    def draws(self) -> bool:
        """Whether it draws random numbers."""
        return draws(self.graph)

    @property
    def graph(self) -> Function:
        return self.made.simplified

    def holds(self, function: Any) -> bool:
        """Whether what the graph was built from is as it was: helpers, modules, types of captured values."""
        return all(g.holds(function) for g in self.program.guards)

    def same_types(self, function: Any) -> bool:
        """Whether the captured numbers and arrays have the types the graph was built for."""
        return all(has_type(c.read(function), c.type) for c in self.program.captured)

    def inputs(self, call: Call, function: Any) -> list[Any]:
        """What the graph's parameters get: the leaves that are values, then the captured ones.

        Raises
        ------
        ValueError
            If one of them is stored into and shares memory with another.
        """
        values = [leaf for leaf, kind in zip(call.leaves, call.kinds, strict=True) if kind.kind != "static"]
        captured = [c.read(function) for c in self.program.captured]
        if self.stores:
            names = [str(c.path) for c in self.program.captured]
            refuse_overlap(self.stores, call, [*zip(names, captured, strict=True)])
        return [*values, *captured]

    def sizes_of(self, inputs: Sequence[Any]) -> dict[Value, int]:
        positions = {p: k for k, p in enumerate(self.graph.params)}
        return {d: int(inputs[positions[p]].shape[axis]) for d, p, axis in self.graph.bound_dimensions()}

    def variant(
        self,
        sizes: dict[Value, int],
        dispatcher: Callable[..., Any],
        function: Any,
        keywords: tuple[tuple[str, Any], ...] = (),
    ) -> Variant:
        """The variant for these sizes and this spelling of the call, built if there is none."""
        for variant in self.variants:
            usable = not self.flat and variant.keywords == keywords if variant.direct else True
            if usable and variant.fits(sizes):
                return variant
        for variant in self.variants:
            self.at_run_time.update(d for d, n in variant.sizes.items() if sizes[d] != n)
        return self._build(self._static(sizes), dispatcher, function, keywords)

    def _static(self, sizes: dict[Value, int]) -> dict[Value, int]:
        if len(self.variants) >= MOST_VARIANTS - 1:
            return {}
        small = {d: n for d, n in sizes.items() if SMALLEST_STATIC <= n <= LARGEST_STATIC}
        return {d: n for d, n in small.items() if d not in self.at_run_time}

    def _build(
        self,
        sizes: dict[Value, int],
        dispatcher: Callable[..., Any],
        function: Any,
        keywords: tuple[tuple[str, Any], ...],
    ) -> Variant:
        direct = not self.flat and not (self.effects or self.draws or self.stores) and self.interface.direct(function)

        def signature(lowered: Lowered, graph: Function) -> Signature:
            if not direct:
                return self.interface.flat(lowered, graph)
            made = self.interface.standing_alone(lowered, graph, dispatcher, function)
            return replace(made, keywords=tuple((k, Fixed(v)) for k, v in keywords))

        try:
            lowered, unit = stages.native(self.made, sizes, self.options, signature)
        except stages.SizesUnfit:
            # whether it broadcasts is asked when the program runs, and answered by a graph for these very sizes
            self.at_run_time.update(sizes)
            sizes = {}
            lowered, unit = stages.native(self.made, sizes, self.options, signature)
        variant = Variant(sizes, unit, lowered, direct, keywords if direct else ())
        self.variants.append(variant)
        return variant

    def in_python(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """Run the printed text of the graph instead of native code; flat results."""
        # before the text's own imports, which may find less: the user's class may be local to a function
        namespace: dict[str, Any] = spoken_objects(self.graph)
        source = print_function(self.graph)
        filename = f"<symdiff {self.graph.name}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        exec(compile(source, filename, "exec"), namespace)
        found = namespace[self.graph.name](*inputs)
        return found if len(self.graph.results) != 1 else (found,)


def run_native(family: Family, variant: Variant, inputs: Sequence[Any]) -> Any:
    """Call native code with what the graph's parameters get; random generators lie ready for its callbacks."""
    pairs = list(zip(inputs, family.graph.params[: len(inputs)], strict=True))
    passed = [x for x, param in pairs if param.type.kind == "object"]
    values = map(prepare, (x for x, param in pairs if param.type.kind != "object"))
    if not passed and not family.draws:
        return variant.unit.builtin(*values)
    with at_hand(passed, may_begin_anew=RESPECIALISE in variant.lowered.errors):
        return variant.unit.builtin(*values)


