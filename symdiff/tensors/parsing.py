"""Tensors in a program that is compiled: functions of tensors are called while it is parsed.

Each call gets tensors whose elements nobody knows (see `tracing`); what it records is appended to the graph of the
program at its place. So all that tensors can do is there with one set of tables, while branches, loops and names stay
those of the program.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any

from symdiff.errors import SymdiffError
from symdiff.frontend import library
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    DictObject,
    Instance,
    Known,
    ListObject,
    Slice,
    Tuple,
    View,
    is_none,
    root,
)
from symdiff.frontend.core import Parser
from symdiff.frontend.passing import Passed
from symdiff.frontend.program import Path
from symdiff.frontend.resolve import Resolver
from symdiff.frontend.signals import StaticCapture
from symdiff.frontend.structure import Structure
from symdiff.frontend.tables import ARRAYS, MADE, OBJECTS, PACKAGES, PASSED, SHOWN
from symdiff.ir.graph import Type, Value
from symdiff.ops.primitive import REGISTRY
from symdiff.tensors.creation import tensor as made_tensor
from symdiff.tensors.dtypes import DTYPES
from symdiff.tensors.grad_mode import set_grad_enabled
from symdiff.tensors.lazy import Lazy, as_array
from symdiff.tensors.operations import traced_inputs
from symdiff.tensors.plans import cuts, gather, materialise
from symdiff.tensors.tensor import Tensor, as_lazy, wrap
from symdiff.tensors.tracing import DrawsNumbers, Requirement, Trace, ValuesNeeded, is_for_training, tracing

__all__ = [
    "DATA", "ELEMENTS", "ON_NUMBERS", "RECORDING", "Calling", "as_tensor", "call", "content", "initial", "instance_of",
    "static_shape", "tensor_at",
]  # fmt: skip

ELEMENTS = "elements"
"""The attribute under which the parser keeps what a tensor holds."""

DATA = "data"
"""What it is called where it is a batch of a training: contiguous, and without gradient."""
NEEDS_VALUES = "what this gives depends on elements that only a run will tell"
RECORDING = "gradient mode"
OPERATORS = frozenset(f"__{side}{name}__" for name in ("add", "sub", "mul", "truediv") for side in ("", "r")) | {
    "__rpow__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
}
ON_NUMBERS: set[Any] = {getattr(Tensor, name) for name in OPERATORS if name in vars(Tensor)}
"""What takes floats that only a run will tell."""


def instance_of(value: Value, *, origin: str = "") -> Instance:
    """A tensor that holds a value."""
    return Instance(Tensor, {ELEMENTS: Array(value, origin=origin)})


def as_tensor(p: Parser, item: Abstract) -> Abstract:
    """An array as the tensor that shares its memory, as a module takes it; anything else as it is."""
    if isinstance(item, View):
        made = Array(p.read(item))
        made.may_share_all(root(item))
        return Instance(Tensor, {ELEMENTS: made})
    return Instance(Tensor, {ELEMENTS: item}) if isinstance(item, Array) else item


def content(p: Parser, item: Instance) -> Value:
    """What a tensor holds here."""
    return p.read(p.memory.content(item)[ELEMENTS])


# -- calls -------------------------------------------------------------------------------------------------------------


def call(p: Parser, found: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    """The result of a function or class of tensors, which is called now."""
    calling = Calling(p, numbers=_takes_numbers(found))
    given = [calling.given(item) for item in args]
    named = {name: calling.given(item) for name, item in kwargs.items()}
    return calling.result(lambda: found(*given, **named))


def _takes_numbers(found: Any) -> bool:
    """Whether a Python float among the arguments may be a number that only a run will tell."""
    return getattr(found, "__hash__", None) is not None and found in ON_NUMBERS


PACKAGES["symdiff.tensors"] = call
SHOWN[Tensor] = made_tensor
ARRAYS[Tensor] = lambda p, item: p.memory.content(item)[ELEMENTS]


class Calling:
    """One call while a program is parsed: abstracts become tensors, and what is recorded becomes part of the graph.

    Parameters
    ----------
    p : Parser
    numbers : bool
        Whether floats may be passed that only a run will tell: to operators, which do not look at them.
    """

    def __init__(self, p: Parser, *, numbers: bool = False) -> None:
        self.p, self.numbers = p, numbers
        self.values: dict[Any, Value] = {}  # of unknown tensors, and of unknown floats by identity
        self.floats: list[float] = []
        self.tensors: dict[Any, tuple[Tensor, Lazy]] = {}
        self.entered: list[tuple[Instance, Tensor, Lazy]] = []

    # -- arguments -----------------------------------------------------------------------------------------------------

    def given(self, item: Abstract) -> Any:
        """An argument, as a function of tensors takes it."""
        match item:
            case Instance(cls=cls) if issubclass(cls, Tensor):
                return self.tensor(item)
            case Array() | View():
                return self._of_value(item, self.p.read(item))[0]
            case Value():
                return self._number(item)
            case Known(object=tuple() | list() | dict()):
                return self.given(self.p.resolver.materialise(self.p.build, item))
            case Tuple():
                return tuple(map(self.given, item.items))
            case ListObject():
                return [self.given(part) for part in self.p.items(item)]
            case DictObject():
                return {key: self.given(part) for key, part in self.p.memory.content(item).items()}
            case Slice():
                bounds = (item.start, item.stop, item.step)
                return slice(*[None if is_none(b) else self.p.static(b, "the bound of a slice") for b in bounds])
            case Known():
                return item.object
        self.p.unsupported(f"{self.p.describe(item)} cannot be passed to a function of tensors")

    def tensor(self, item: Instance, *, differentiable: bool = True) -> Tensor:
        """The tensor that stands for an object of the program."""
        if item not in self.tensors:
            tensor, value = self._of_value(item, content(self.p, item), differentiable)
            self.entered.append((item, tensor, value))
        return self.tensors[item][0]

    def _of_value(self, key: Any, value: Value, differentiable: bool = True) -> tuple[Tensor, Lazy]:
        if key not in self.tensors:
            shape = static_shape(self.p, value)
            dtype = DTYPES[value.type.dtype]
            differentiable = differentiable and value not in self.p.resolver.without_gradient
            made = Lazy(None, (), (), shape, dtype, differentiable and dtype.category == 2)
            self.values[made] = value
            self.tensors[key] = wrap(made), made
        return self.tensors[key]

    def _number(self, value: Value) -> Any:
        found = self.p.build.constant_of(value)
        if found is not None:
            return found
        if value.type.is_float and self.numbers:
            made = float("nan")  # an object of its own: it stands for the number, and nobody looks at it
            if value.type.kind != "python":
                value = self.p.emit("convert", value, dtype="float64", kind="python")
            self.values[id(made)] = value
            self.floats.append(made)
            return made
        if value.type.kind == "numpy" and not value.type.is_array:
            return self._of_value(value, value)[0]
        captured = {c.value: c.path for c in self.p.resolver.captured.values()}
        if value in captured:
            raise StaticCapture(captured[value])
        return self.p.static(value, "a number that is passed to a function of tensors")

    # -- results -------------------------------------------------------------------------------------------------------

    def result(self, made: Any) -> Abstract:
        """What a call gives, which is made now."""
        p = self.p
        try:
            with tracing() as trace, set_grad_enabled(p.modes.get(RECORDING, True)):
                trace.contiguous |= {x for _, x in self.tensors.values() if self.values[x] in p.resolver.contiguous}
                found = made()
                found = list(found) if isinstance(found, Iterator | KeysView | ValuesView | ItemsView) else found
                tensors = list(_tensors_in(found))
                stored = [(i, t, v) for i, t, v in self.entered if as_lazy(t) is not v]
                self._draw(trace)
                self._require(trace)
                self._append([as_lazy(t) for t in tensors] + [as_lazy(t) for _, t, _ in stored])
        except ValuesNeeded:
            p.unsupported(NEEDS_VALUES, "compute it outside the function, or use operations of whole tensors")
        except DrawsNumbers:
            p.unsupported("drawing random numbers is not supported here", "draw them outside, and pass them")
        except SymdiffError:
            raise
        except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError, AttributeError) as error:
            p.refuse(type(error), str(error))
        for item, changed, before in stored:
            if is_for_training() and before.differentiable and not _reads(as_lazy(changed), before):
                # what was there before gets a gradient of zeros, which weight decay and momentum go by
                message = "replacing all elements of a tensor in place is not known in a step of a training"
                p.unsupported(message, "make a new tensor")
            self._store(item, self.values[as_lazy(changed)])
        own = {id(tensor): item for item, tensor, _ in self.entered}
        for tensor in tensors:
            if id(tensor) not in own:
                own[id(tensor)] = self._instance(tensor)
        return _abstract(p, found, own)

    def _append(self, wanted: Sequence[Lazy]) -> None:
        """Append what was recorded to the graph of the program."""
        p = self.p
        nodes = gather([v for v in wanted if v not in self.values]).nodes
        unknown: set[Lazy] = {v for v in self.values if type(v) is Lazy}
        for node in nodes:
            if not unknown.isdisjoint(x for x in node.inputs if type(x) is Lazy) or self._has_float(node):
                unknown.add(node)
        known_now = {x for node in nodes if node in unknown for x in node.inputs if type(x) is Lazy} | set(wanted)
        materialise([x for x in known_now - unknown if x.array is None])
        for node in nodes:
            if node in unknown:
                assert node.operation is not None
                if node.custom is not None:
                    p.unsupported("a function with a derivative of its own cannot be called here")
                inputs = traced_inputs(p.build, [self._value(x) for x in node.inputs])
                made = node.operation.build(*inputs, *node.attrs)
                self.values[node] = (REGISTRY["stop_gradient"](made) if cuts(node) else made).value
                if not node.differentiable:
                    p.resolver.without_gradient.add(self.values[node])
        for value in wanted:
            self._value(value)

    def _has_float(self, node: Lazy) -> bool:
        return any(id(x) in self.values for x in node.inputs if type(x) is float)

    def _value(self, x: Any) -> Value:
        """The value of the graph for what was recorded."""
        if type(x) is not Lazy:
            found = self.values.get(id(x)) if type(x) is float else None
            if found is None and self.floats and x != x:
                self.p.unsupported(NEEDS_VALUES)
            return self.p.constant(x) if found is None else found
        if x not in self.values:
            self.values[x] = _constant(self.p, x)
            if not x.differentiable:
                self.p.resolver.without_gradient.add(self.values[x])
        return self.values[x]

    def _draw(self, trace: Trace) -> None:
        """Random numbers become something that is read anew whenever the program runs."""
        for drawing, value in trace.drawings:
            if self.p.build.depth:
                raise DrawsNumbers  # they would be drawn on other paths, too
            self.values[value] = self.p.resolver.capture(
                Path(drawing, (("attr", "drawn"),)), Type(value.dtype.name, value.shape), "drawn"
            )
            self.p.resolver.without_gradient.add(self.values[value])

    def _require(self, trace: Trace) -> None:
        self._append([wanted.value for wanted in trace.requirements])
        for wanted in trace.requirements:
            _require(self.p, wanted, self.values[wanted.value])

    def _store(self, item: Instance, value: Value) -> None:
        """What a tensor holds after a store in place."""
        p = self.p
        array = p.memory.content(item)[ELEMENTS]
        before = p.read(array).type
        if (before.dtype, before.shape) == (value.type.dtype, value.type.shape):
            p.memory.write(p.build, array, value)
        else:
            p.memory.replace(item, {ELEMENTS: Array(value)})

    def _instance(self, tensor: Tensor) -> Instance:
        """A new tensor of the program, which may see what is stored into those it shares memory with."""
        made = instance_of(self.values[as_lazy(tensor)])
        if tensor._storage is None:
            value = self.values[as_lazy(tensor)]
            if not any(value is self.values[x] for _, x in self.tensors.values()):
                self.p.resolver.contiguous.add(value)
        else:
            array = made.initial[ELEMENTS]
            for item, other, _ in self.entered:
                if other._storage is tensor._storage:
                    array.may_share_all(self.p.memory.content(item)[ELEMENTS])
        return made


def _reads(value: Lazy, before: Lazy) -> bool:
    """Whether what was recorded reads a value."""
    return value is before or any(x is before for x in gather([value]).leaves)


def static_shape(p: Parser, value: Value) -> tuple[int, ...]:
    """The shape of a value, whose sizes must be known."""
    shape = []
    for dim in value.type.shape:
        size = dim if isinstance(dim, int) else p.build.constant_of(dim)
        if size is None:
            assert isinstance(dim, Value)
            p.ask_for(dim)
            p.unsupported("a tensor whose size only a run will tell is not supported", "give it a size that is known")
        shape.append(int(size))
    return tuple(shape)


def _constant(p: Parser, x: Lazy) -> Value:
    """A tensor that is known by itself: it is passed to each run."""
    array = as_array(x)
    if not x.shape:
        return p.constant(x.dtype.numpy.type(array[()]))
    return p.resolver.capture(Path(array), Type(x.dtype.name, x.shape), "constant")


def _require(p: Parser, wanted: Requirement, value: Value) -> None:
    numbers = [wanted.low, wanted.high] + ([] if wanted.besides is None else [wanted.besides])
    check = library.require_within if wanted.besides is None else library.require_within_or
    args = [p.wrap(value), *map(p.constant, numbers), Known(wanted.error), Known(wanted.message)]
    p.call(Known(check), args, {})


def _tensors_in(found: Any) -> Iterator[Tensor]:
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, tuple | list | dict):
        for part in found.values() if isinstance(found, dict) else found:
            yield from _tensors_in(part)


def _abstract(p: Parser, found: Any, own: Mapping[int, Instance]) -> Abstract:
    """A result of Python's as an abstract."""
    if isinstance(found, Tensor):
        return own[id(found)]
    if isinstance(found, tuple):
        return Tuple(tuple(_abstract(p, x, own) for x in found), type(found) if hasattr(found, "_fields") else None)
    if isinstance(found, list):
        return ListObject(tuple(_abstract(p, x, own) for x in found))
    if isinstance(found, dict):
        return DictObject({key: _abstract(p, x, own) for key, x in found.items()})
    if found is NotImplemented:
        return Known(found)
    return p.resolver.wrap(p.build, found, None)


# -- tensors from outside ----------------------------------------------------------------------------------------------


class _Outside:
    """Says whether a tensor is no parameter of the modules that are passed: those are arguments."""

    def __init__(self, modules: tuple[Any, ...]) -> None:
        self.modules = modules

    def __call__(self, found: object) -> bool:
        if type(found) is Tensor:
            return True
        return not any(found is tensor for module in self.modules for tensor in module.parameters())

    def bound_to(self, others: Mapping[int, Any]) -> _Outside:
        """The same asked with other modules."""
        return _Outside(tuple(others.get(id(module), module) for module in self.modules))


def _from_outside(resolver: Resolver, found: Tensor, path: Path, hint: str) -> Abstract:
    """A tensor outside the function: its elements are read at each call."""
    if found in resolver.passed:
        if (Path(path.root, (("attr", "__dict__"),)), "by") not in resolver.guards:  # which says so already
            resolver.guard(path, found, "is")
        return resolver.passed[found]
    if resolver.passed_with:
        resolver.guard(path, _Outside(tuple(resolver.passed_with)), "by")
    value = as_lazy(found)
    resolver.guard(path.then("attr", "shape"), found.shape, "equal")
    resolver.guard(path.then("attr", "dtype"), found.dtype, "is")
    captured = resolver.capture(path.then("attr", "_elements"), Type(value.dtype.name, value.shape), hint)
    return instance_of(captured, origin="captured")


OBJECTS[Tensor] = _from_outside


def tensor_at(path: Path, function: Any) -> tuple[Path, Tensor] | None:
    """The tensor whose elements a path leads to, and the path to it; None for anything else."""
    if not path.steps or path.steps[-1] != ("attr", "_elements"):
        return None
    place = Path(path.root, path.steps[:-1])
    found = place.read(function)
    return (place, found) if isinstance(found, Tensor) else None


def initial(item: Any) -> Value:
    """What was passed for an argument that is a number or an array."""
    found: Value = item if isinstance(item, Value) else item.initial
    return found


def _passed(passed: Passed, structure: Structure, children: Sequence[Abstract]) -> Instance:
    """A tensor that is an argument."""
    (item,) = children
    if structure.keys == (DATA,):
        passed.resolver.without_gradient.add(initial(item))
        passed.resolver.contiguous.add(initial(item))
    if isinstance(item, Value):
        item = passed.arrays.setdefault(item, Array(item, origin="argument"))
    return Instance(Tensor, {ELEMENTS: item})


PASSED["tensor"] = _passed
MADE["tensor"] = instance_of
