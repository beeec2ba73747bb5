"""Families and variants: one graph for all sizes, and the native units built from it.

A *family* belongs to one function's code, one question (value, gradient by these arguments, ...) and one tuple of
argument types. It holds one graph, one text and one run of the simplifier. Its *variants* are native units that
differ in which sizes are constants: small sizes are built in, at most in four variants, and a size that was once
different stays a run-time value for good.
"""

from __future__ import annotations

import functools
import linecache
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import CellType, ModuleType
from typing import Any

import numpy as np

from symdiff import errors, stages
from symdiff.config import Options
from symdiff.errors import LOCATED, ShapeError, SymdiffError, located
from symdiff.frontend.program import MISSING, Guard, Path, Program, Written
from symdiff.frontend.structure import LEAF, Static, Structure, unflatten
from symdiff.ir.graph import ACT, Function, Type, Value
from symdiff.ir.python import print_function
from symdiff.ir.sites import spoken_objects
from symdiff.ir.walk import all_nodes
from symdiff.lower.draws import DRAWS, Drawing
from symdiff.lower.lower import Lowered
from symdiff.runtime.arguments import Leaf, classify, overlapping, prepare, static_object
from symdiff_codegen.kernel import Buffer, Const, Local, ResultSpec
from symdiff_codegen.native import Unit
from symdiff_codegen.signature import ABSENT, Array, Fixed, Parameter, Scalar, Signature

__all__ = ["Call", "Family", "Respecialise", "Variant", "may_show", "run_native", "showing"]

SMALLEST_STATIC, LARGEST_STATIC = 2, 16
MOST_VARIANTS = 4
RESPECIALISE = 1
HINT_OF_ONE = "a single item broadcasts as a number does: treat that case apart, with its item [0]"
DTYPE_OF = {"f64": "float64", "f32": "float32", "i64": "int64", "i32": "int32", "i1": "bool"}


class Respecialise(Exception):
    """A size that was assumed not to be 1 is 1: the graph must be built for these very sizes."""

    def __init__(self, site: Any) -> None:
        super().__init__(site)
        self.site = site

    def refused(self) -> SymdiffError:
        """The error where the graph was built for these very sizes, and others follow from data."""
        message = f"{self.site.message or 'sizes differ'}: a size that depends on data is 1 here, and would broadcast"
        return located(ShapeError, message, self.site.where, HINT_OF_ONE)


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
    pack : callable
        ``pack(results)`` forms what Python gets from the flat results of the graph.
    template : Template or None
        The same as nested slots, where native code can form it.
    """

    program: Program
    made: stages.Stages
    kinds: tuple[Leaf, ...]
    structures: tuple[Structure, ...]
    options: Options
    pack: Callable[[Sequence[Any]], Any]
    template: Any = None
    effects: bool = False
    stores: tuple[Written, ...] = ()
    """Arguments that the function stores into: memory shared with others must be refused at each call."""
    active: tuple[int, ...] = ()
    """Leaves whose ints count as floats; elsewhere an int is another type, and another family."""
    variants: list[Variant] = field(default_factory=list)
    flat: bool = False
    """Set when a captured value needs preparing at each call: native code then cannot read it by itself."""
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
        return all(_has_type(c.read(function), c.type) for c in self.program.captured)

    def inputs(self, call: Call, function: Any) -> list[Any]:
        """What the graph's parameters get: the leaves that are values, then the captured ones."""
        values = [leaf for leaf, kind in zip(call.leaves, call.kinds, strict=True) if kind.kind != "static"]
        return [*values, *(c.read(function) for c in self.program.captured)]

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
        direct = not self.flat and self.direct(function)

        def signature(lowered: Lowered, graph: Function) -> Signature:
            made = self._signature(lowered, graph, dispatcher, function if direct else None)
            return replace(made, keywords=tuple((k, Fixed(v)) for k, v in keywords)) if direct else made

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

    def with_same_objects(self, results: Sequence[Any], call: Call) -> Any:
        """What the function returns, where some of it is an argument itself."""
        leaves = self.program.unflatten_leaves(results)
        for position, leaf in self.program.same:
            leaves[position] = call.leaves[leaf]
        return unflatten(self.program.result, leaves)

    # -- signatures --------------------------------------------------------------------------------------------------

    def direct(self, function: Any) -> bool:
        """Whether the native unit can be called by users itself, with no Python before or after it."""
        if self.template is None or self.effects or self.draws or self.stores:
            return False
        if any(s != LEAF for s in self.structures):
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

    def _guards(self) -> list[Guard]:
        """What native code must compare; that the function has its code is why this family was looked at."""
        return [g for g in self.program.guards if g.path.steps]

    def _signature(self, lowered: Lowered, graph: Function, dispatcher: Callable[..., Any], function: Any) -> Signature:
        passed = [k for k, kind in enumerate(self.kinds) if kind.kind != "static"]
        active = {n for n, k in enumerate(passed) if k in self.active}
        specs = [
            _parameter(p, v, n in active)
            for n, (p, v) in enumerate(zip(lowered.kernel.params, values_of(graph.params), strict=True))
        ]
        results = tuple(_result_spec(v) for v in graph.results)
        sites = lowered.errors

        def native_error(status: int, cells: tuple[int, ...]) -> Any:
            if status == RESPECIALISE:
                raise Respecialise(lowered.broadcasts[cells[0]])
            raise site_error(sites[status], cells)

        def invoked(number: int, values: list[Any], outputs: Sequence[Any] = ()) -> None:
            run_site(lowered.sites[number], values, outputs)

        calls_back = invoked if lowered.sites else None
        if function is None:
            template = tuple(range(len(results)))
            return Signature(tuple(specs), results, template, _misfit, native_error, work="loop", invoked=calls_back)
        values = iter(specs)
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
            results,
            self.template,
            dispatcher,
            native_error,
            captured=tuple(captured),
            # a size that turned out to be 1 needs another graph, which the dispatcher makes
            elsewhere=RESPECIALISE if RESPECIALISE in sites else None,
            work="loop",
            invoked=calls_back,
            name=graph.name,
        )


def _has_type(found: Any, wanted: Type) -> bool:
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


def _parameter(param: Local | Buffer, value: Value, ints: bool) -> Parameter:
    if isinstance(param, Buffer):
        return Array(param.type, param.dims)
    if value.type.kind == "numpy":
        if value.type.dtype not in ("float64", "float32"):
            return Scalar("bool" if value.type.dtype == "bool" else "int")
        return Scalar(value.type.dtype)  # type: ignore[arg-type]
    python = {"float64": "float", "int64": "int", "bool": "bool"}[value.type.dtype]
    return Scalar(python, accept_int=ints and python == "float")  # type: ignore[arg-type]


def _result_spec(value: Value) -> ResultSpec:
    names = {"float64": "f64", "float32": "f32", "int64": "i64", "int32": "i32", "bool": "i1"}
    if value.type.shape:
        return ResultSpec(f"array:{names[value.type.dtype]}")
    return ResultSpec({"float64": "float", "float32": "float32", "bool": "bool"}.get(value.type.dtype, "int"))


def site_error(site: Any, cells: Sequence[int]) -> Exception:
    """The exception of a failed check, with the values that the native code stored for its message."""
    kind = next((k for k in LOCATED if k.__name__ == site.exception), None) or getattr(errors, site.exception)
    return located(kind, site.message.format(*cells), site.where)


class Shown:
    """How many effects of a call have run, and how many of them are not to be repeated.

    A call that finds that it needs a variant of known sizes begins anew, and meets what it has shown once more.
    """

    def __init__(self) -> None:
        self.count = self.skip = 0

    def again(self) -> None:
        """The call begins anew."""
        self.count, self.skip = 0, max(self.count, self.skip)

    def next(self) -> bool:
        """Whether the effect that is met now is to run."""
        self.count += 1
        return self.count > self.skip


_calls = threading.local()


@contextmanager
def showing() -> Iterator[Shown]:
    """Count the effects of a call; calls may be made within an effect of another."""
    before = getattr(_calls, "shown", None)
    _calls.shown = shown = Shown()
    try:
        yield shown
    finally:
        _calls.shown = before


def may_show(graph: Function) -> bool:
    """Whether a function has effects besides exceptions."""
    return any(node.op is ACT and not node.attrs["site"].raises for node in all_nodes(graph.block))


def draws(graph: Function) -> bool:
    """Whether a function draws random numbers."""
    return any(getattr(node.op, "name", "") in DRAWS for node in all_nodes(graph.block))


def values_of(params: Sequence[Value]) -> list[Value]:
    """The parameters that native code has: all but random generators."""
    return [param for param in params if param.type.kind != "object"]


def run_native(family: Family, variant: Variant, inputs: Sequence[Any]) -> Any:
    """Call native code with what the graph's parameters get; random generators lie ready for its callbacks."""
    pairs = list(zip(inputs, family.graph.params[: len(inputs)], strict=True))
    passed = [x for x, param in pairs if param.type.kind == "object"]
    values = map(prepare, (x for x, param in pairs if param.type.kind != "object"))
    if not passed and not family.draws:
        return variant.unit.builtin(*values)
    before = getattr(_calls, "generators", None)
    states = [_state(generator) for generator in passed] if RESPECIALISE in variant.lowered.errors else []
    _calls.generators = dict(enumerate(passed))
    try:
        return variant.unit.builtin(*values)
    except Respecialise:
        # the call begins anew, and draws the same numbers
        for generator, state in zip(passed, states, strict=True):
            _set_state(generator, state)
        raise
    finally:
        _calls.generators = before


def _state(generator: Any) -> Any:
    legacy = isinstance(generator, np.random.RandomState)
    return generator.get_state() if legacy else generator.bit_generator.state


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.bit_generator.state = state


def run_site(site: tuple[Any, tuple[str, ...]], values: Sequence[Any], outputs: Sequence[Any] = ()) -> None:
    """Run a statement of the user's in the middle of a native call, or draw random numbers."""
    statement, kinds = site
    if isinstance(statement, Drawing):
        if getattr(_calls, "generators", None) is None:
            _calls.generators = {}  # a unit called by itself: its generators are made inside
        statement.run(_calls.generators, values, outputs)
        return
    shown = getattr(_calls, "shown", None)
    if not statement.raises and shown is not None and not shown.next():
        return
    typed = [v if k.startswith("python") or isinstance(v, np.ndarray) else np.dtype(k.split()[1]).type(v)
             for v, k in zip(values, kinds, strict=True)]
    statement.run(typed)


# -- effects of plain calls
# ------------------------------------------------------------------------------------------------


def write_back(program: Program, call: Call, results: Sequence[Any]) -> None:
    """Give the caller's arrays the content that the function stored into them.

    Raises
    ------
    ValueError
        If such an array is read-only, before anything is changed.
    """
    for written in program.written:
        array = call.leaves[written.leaf]
        if isinstance(array, np.ndarray) and not array.flags.writeable:
            raise located(ValueError, "assignment destination is read-only", written.where)
    for written in program.written:
        call.leaves[written.leaf][...] = results[written.result]


def refuse_overlap(family: Family, call: Call, inputs: Sequence[Any]) -> None:
    """Refuse a call where an array that is stored into shares memory with another argument or captured array.

    Raises
    ------
    ValueError
        Naming both.
    """
    captured = inputs[len(inputs) - len(family.program.captured) :]
    others = [*zip(call.names, call.leaves, strict=True)]
    others += [(str(c.path), array) for c, array in zip(family.program.captured, captured, strict=True)]
    for written in family.stores:
        own = call.leaves[written.leaf]
        for k, (name, other) in enumerate(others):
            if k != written.leaf and isinstance(other, np.ndarray) and overlapping([own, other]):
                message = f"argument {call.names[written.leaf]} is stored into and shares memory with {name}"
                raise located(ValueError, message, written.where, "pass a copy of one of them")


def value_pack(program: Program) -> Callable[[Sequence[Any]], Any]:
    """How the results of the graph form what the function returns."""

    def pack(results: Sequence[Any]) -> Any:
        return unflatten(program.result, program.unflatten_leaves(results))

    return pack


def value_template(program: Program) -> Any:
    """The same for native code: tuples of slots, or None where Python must help."""
    if program.written or program.same or any(not isinstance(leaf, int) for leaf in program.result_leaves):
        return None
    return _template(program.result, iter(program.result_leaves))


def _template(structure: Structure, leaves: Any) -> Any:
    if structure.kind == "leaf":
        return next(leaves)
    if structure.kind != "tuple":
        return None
    parts = tuple(_template(child, leaves) for child in structure.children)
    return None if any(p is None for p in parts) else parts


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
