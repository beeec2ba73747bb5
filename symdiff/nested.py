"""Derivatives asked for inside a function that is being parsed: ``sd.grad(f)(x)`` as part of a larger program.

The inner function is parsed into a block of its own with fresh parameters for what it is differentiated by (so that
derivatives of different levels cannot be confused). That makes it a program, of which the steps of
:mod:`symdiff.derive` make another; the nodes of that are appended where the call stands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.custom import CustomRule
from symdiff.custom_calls import call_with_rule
from symdiff.derive import argument_levels, derive
from symdiff.errors import DtypeError, LocatedTypeError, ShapeError, SymdiffError, UnsupportedSyntaxError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    BoundMethod,
    Checkpointed,
    DictObject,
    Instance,
    Known,
    ListObject,
    Tuple,
    now,
)
from symdiff.frontend.core import NOT_NONE, Parser
from symdiff.frontend.program import Argument, Path, Program
from symdiff.frontend.structure import LEAF, Static, Structure, has_optional
from symdiff.frontend.targets import Arguments, bound_arguments, parameter_names
from symdiff.frontend.trees import map_numbers, put_together, take_apart
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.rewrite import renew
from symdiff.ir.shapes import require_same
from symdiff.steps import ALONG, MapOf, Step, StepOf
from symdiff.symbolic import SymbolicPrimitive
from symdiff.symbolic_calls import call_symbolic

__all__ = ["NestedDerivative", "TransformHook"]

StepMaker = Callable[[Sequence[str]], Step]


@dataclass(frozen=True, eq=False)
class NestedDerivative:
    """The derivative of a function that exists only while parsing."""

    target: Abstract
    step: StepMaker

    @property
    def parameters(self) -> list[str]:
        """Names of what it takes."""
        names = _names(self.target)
        return [*names, "v"] if getattr(self.step, "kind", "") in ALONG else names


@dataclass(frozen=True, eq=False)
class NestedQuestion:
    """``f.grad`` of a decorated function: a derivative that is told by what to differentiate when it is called."""

    target: Abstract
    kind: str
    wrt: Any


@dataclass(frozen=True, eq=False)
class NestedPullback:
    """The second result of ``sd.vjp``: what it was made of is as it was then."""

    program: Program
    arguments: tuple[Argument, ...]
    actual: Mapping[Value, Value]


class TransformHook:
    """Teaches the front end our own functions.

    Parameters
    ----------
    makers : mapping
        What each public transformation is called here: ``{grad: "grad", ...}``.
    kind : type
        The class of what a decorator makes, whose ``grad`` and ``value_and_grad`` are derivatives too.
    unwrap : callable
        ``unwrap(object)`` gives the function and the step of a derivative made outside the function, else None.
    """

    def __init__(
        self, makers: Mapping[Any, str], kind: type, unwrap: Callable[[Any], tuple[Any, StepMaker] | None]
    ) -> None:
        self.makers, self.kind, self.unwrap = makers, kind, unwrap

    def __call__(self, target: Known, p: Parser, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
        found = target.object
        maker = next((name for made, name in self.makers.items() if made is found), None)
        if maker is not None:
            return self._make(maker, _given(found, p, args, kwargs), p)
        if isinstance(found, CustomRule):
            return call_with_rule(p, target, args, kwargs)
        if isinstance(found, SymbolicPrimitive):
            return call_symbolic(p, found, args, kwargs)
        if isinstance(found, NestedDerivative):
            return _derivative(p, found.target, found.step, args, kwargs)
        if isinstance(found, NestedQuestion):
            rest = {name: item for name, item in kwargs.items() if name != "wrt"}
            wrt = _plain(p, kwargs["wrt"]) if "wrt" in kwargs else found.wrt
            return _derivative(p, found.target, StepOf(found.kind, wrt), args, rest)
        if isinstance(found, NestedPullback):
            return _pull_back(p, found, args, kwargs)
        inner = self.unwrap(found)
        if inner is None:
            return NotImplemented
        # another derivative may stand there at the next call
        path = target.path if target.path is not None else Path(found)
        if not isinstance(found, self.kind):
            p.resolver.guard(path, found, "is")
            return _derivative(p, Known(inner[0], Path(inner[0])), inner[1], args, kwargs)
        p.resolver.guard(path.then("attr", "step"), inner[1], "equal")
        function = p.resolver.wrap(p.build, inner[0], path.then("attr", "inner"))
        return _derivative(p, function, inner[1], args, kwargs)

    def attribute(self, owner: Known | BoundMethod, p: Parser, name: str) -> Abstract:
        """``f.grad`` of a decorated function or method; NotImplemented for any other attribute."""
        function = owner.function if isinstance(owner, BoundMethod) else owner
        if name not in ("grad", "value_and_grad") or not isinstance(function, Known):
            return NotImplemented
        if not isinstance(function.object, self.kind):
            return NotImplemented
        path = function.path if function.path is not None else Path(function.object)
        options: Any = getattr(function.object, "options")  # noqa: B009 - a class of a layer above
        p.resolver.guard(path.then("attr", "options"), options, "equal")
        asked = NestedQuestion(owner, name, options.wrt)
        return Known(asked, Path(asked))

    def _make(self, maker: str, given: Mapping[str, Abstract], p: Parser) -> Abstract:
        if maker == "stop_gradient":
            return map_numbers(p, given["x"], lambda v: p.emit("stop_gradient", v) if v.type.is_float else v)
        if maker == "checkpointed":
            return Checkpointed(given["items"])
        target = given["function"]
        if maker == "vjp":
            return _vjp(p, target, given["args"].items)
        if maker == "jvp":
            return _jvp(p, target, given["primals"], given["tangents"])
        if maker == "vmap":
            axes = [_plain(p, given[name]) for name in ("in_axes", "out_axes")]
            return _made(target, _asked(p, lambda: MapOf.given(*axes)))
        wrt = _plain(p, given["wrt"])
        if maker == "hvp":
            return _made(_made(target, StepOf("grad", wrt)), StepOf("tangent", wrt))
        if maker == "hessian":
            return _made(_made(target, StepOf("grad", wrt)), StepOf("jacobian", wrt))
        return _made(target, StepOf(maker, wrt, "has_aux" in given and bool(_plain(p, given["has_aux"]))))


def _made(target: Abstract, step: StepMaker) -> Known:
    made = NestedDerivative(target, step)
    return Known(made, Path(made))


def _given(found: Any, p: Parser, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> dict[str, Abstract]:
    """The arguments of one of our own functions by name, with its defaults."""
    try:
        bound = inspect.signature(found).bind(*args, **kwargs)
    except TypeError as error:
        p.refuse(LocatedTypeError, f"sd.{found.__name__}: {error}")
    given = dict(bound.arguments)
    for name, parameter in bound.signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            given[name] = Tuple(tuple(given.get(name, ())))
        elif name not in given:
            given[name] = Known(parameter.default)
    return given


def _plain(p: Parser, item: Abstract) -> Any:
    """An option, which must be known."""
    if isinstance(item, DictObject):
        return {key: _plain(p, part) for key, part in p.memory.content(item).items()}
    if isinstance(item, Tuple):
        return tuple(_plain(p, part) for part in item.items)
    return p.static(item, "this argument")


def _names(target: Abstract) -> list[str]:
    """Names of the parameters of a callable."""
    if isinstance(target, Known) and isinstance(target.object, NestedDerivative):
        return target.object.parameters
    if isinstance(target, Known) and isinstance(target.object, NestedQuestion):
        return _names(target.object.target)
    return parameter_names(target)


# -- calls of derivatives ----------------------------------------------------------------------------------------------


def _derivative(
    p: Parser, target: Abstract, step_of: StepMaker, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    """The derivative of a call, appended to the graph."""
    names = _names(target)
    step = _asked(p, lambda: step_of(names))
    direction: list[Argument] = []
    if step.kind in ALONG:
        if not args:
            p.refuse(LocatedTypeError, "the direction, which is the last argument, is missing")
        structure, leaves = take_apart(p, args[-1])
        direction, args = [Argument("v", structure, tuple(leaves))], args[:-1]
    bound = bound_arguments(p, target, names, args, kwargs)
    after = [*(_argument(p, bound, name) for name in names), *direction]
    actual: dict[Value, Value] = {}
    for k in step.wrt:
        if names[k] not in bound.given:
            p.refuse(LocatedTypeError, f"argument {names[k]}, by which is differentiated, is not given")
        if has_optional(after[k].structure):
            p.unsupported(f"argument {names[k]}, by which is differentiated, may be None", NOT_NONE)
        after[k] = _fresh(p, after[k], actual)
    before = list(_asked(p, lambda: argument_levels([step], after)[0]))
    if step.kind == "vmap":
        inner = [leaf for a in before for leaf in a.leaves if isinstance(leaf, Value)]
        outer = {leaf for a in after for leaf in a.leaves if isinstance(leaf, Value)}
        params = [leaf for leaf in inner if leaf not in outer]
    else:
        params = list(actual)
    program = _trace(p, target, bound, before, params)
    made = _asked(p, lambda: derive(program, step, before, after))
    return _appended(p, made.graph.block, made.result, made.result_leaves, actual)


def _asked(p: Parser, make: Callable[[], Any]) -> Any:
    """What a step says; if it refuses, at the place of the call unless it knows a better one."""
    try:
        return make()
    except SymdiffError as error:
        if error.where is not None:
            raise
        p.refuse(type(error), error.message, error.hint or "")


def _argument(p: Parser, bound: Arguments, name: str) -> Argument:
    if name not in bound.given:
        return Argument(name, LEAF, (Static(None),))
    structure, leaves = take_apart(p, bound.given[name])
    return Argument(name, structure, tuple(leaves))


def _fresh(p: Parser, argument: Argument, actual: dict[Value, Value]) -> Argument:
    """An argument to differentiate by: each of its floats is a new value. What that stands for joins ``actual``."""
    leaves: list[Value | Static] = []
    for leaf in argument.leaves:
        if isinstance(leaf, Value) and leaf.type == Type("int64", (), "python") and argument.structure == LEAF:
            leaf = p.emit("convert", leaf, dtype="float64", kind="python")
        if isinstance(leaf, Value) and leaf.type.is_float:
            new = Value(leaf.type, argument.name if argument.structure == LEAF else leaf.hint, leaf.where)
            actual[new] = leaf
            leaf = new
        leaves.append(leaf)
    if argument.structure == LEAF and leaves and not (isinstance(leaves[0], Value) and leaves[0].type.is_float):
        p.refuse(DtypeError, f"cannot differentiate by {argument.name}, which is no float or float array here")
    return Argument(argument.name, argument.structure, tuple(leaves))


def _trace(
    p: Parser, target: Abstract, bound: Arguments, arguments: Sequence[Argument], params: Sequence[Value]
) -> Program:
    """The call as a program of the parameters; other values are read from around it."""
    start, outer = now(), p.build
    given = {a.name: put_together(a.structure, a.leaves, p.wrap) for a in arguments if a.name in bound.given}
    p.build = outer.inner()
    p.memory.push()
    try:
        p.build.adopt(params)
        structure, leaves = take_apart(p, p.call(target, *bound.call(p, given)))
        nodes = tuple(p.build.nodes)
    finally:
        p.build = outer
        layer = p.memory.pop()
    if any(isinstance(item, Array | ListObject | DictObject | Instance) and item.serial < start for item in layer):
        message = "the function that is differentiated here stores into an object from around it"
        p.refuse(UnsupportedSyntaxError, message, "pass the object as an argument, or return what is stored")
    results: list[Value] = []
    places: list[int | Static] = []
    for leaf in leaves:
        places.append(leaf if isinstance(leaf, Static) else len(results))
        results += [leaf] if isinstance(leaf, Value) else []
    graph = Function("inner", Block(tuple(params), nodes, tuple(results)))
    return Program(graph, structure, tuple(places), (), (), ())


def _appended(
    p: Parser,
    block: Block,
    structure: Structure,
    places: Sequence[int | Static],
    actual: Mapping[Value, Value],
) -> Abstract:
    """Append copies of the nodes of a block, reading actual values; the results as the caller sees them."""
    mapping = dict(actual)
    for node in renew(block.nodes, mapping):
        p.build.append(node)
    found = [leaf if isinstance(leaf, Static) else block.results[leaf] for leaf in places]
    leaves = [mapping.get(leaf, leaf) if isinstance(leaf, Value) else leaf for leaf in found]
    return put_together(structure, leaves, lambda value: _result(p, value))


def _result(p: Parser, value: Value) -> Abstract:
    """A result as a call from Python gives it: scalars are Python's, but for float32."""
    dtype = {"int32": "int64"}.get(value.type.dtype, value.type.dtype)
    if not value.type.is_array and value.type.kind == "numpy" and dtype in ("float64", "int64", "bool"):
        return p.emit("convert", value, dtype=dtype, kind="python")
    return p.wrap(value)


# -- values along tangents, and pullbacks ------------------------------------------------------------------------------


def _jvp(p: Parser, target: Abstract, primals: Abstract, tangents: Abstract) -> Abstract:
    """``sd.jvp(f, primals, tangents)``."""
    given, along = p.items(primals), p.items(tangents)
    if len(given) != len(along):
        p.refuse(LocatedTypeError, f"there are {len(given)} primals and {len(along)} tangents")
    moving = tuple(k for k, t in enumerate(along) if not (isinstance(t, Known) and t.object is None))
    if not moving:
        p.refuse(LocatedTypeError, "no tangent is given", "give one for an argument that holds floats")
    direction = Tuple(tuple(along[k] for k in moving))
    return _derivative(p, target, StepOf("jvp", moving), (*given, direction), {})


def _vjp(p: Parser, target: Abstract, args: Sequence[Abstract]) -> Abstract:
    """``sd.vjp(f, *args)``: the value, and a function that pulls cotangents back."""
    names = _names(target)
    bound = bound_arguments(p, target, names, args, {})
    actual: dict[Value, Value] = {}
    arguments = []
    for name in names:
        argument = _argument(p, bound, name)
        floats = any(isinstance(leaf, Value) and leaf.type.is_float for leaf in argument.leaves)
        arguments.append(_fresh(p, argument, actual) if floats else argument)
    program = _trace(p, target, bound, arguments, list(actual))
    value = _appended(p, program.graph.block, program.result, program.result_leaves, actual)
    used = tuple(a for a in arguments if a.name in bound.given)
    pullback = NestedPullback(program, used, actual)
    return Tuple((value, Known(pullback, Path(pullback))))


def _pull_back(p: Parser, found: NestedPullback, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    if len(args) != 1 or kwargs:
        p.refuse(LocatedTypeError, "a pullback takes one argument, the cotangent")
    structure, leaves = take_apart(p, args[0])
    if structure != found.program.result:
        p.refuse(LocatedTypeError, "the cotangent must have the structure of the value")
    step = Step("pullback", tuple(range(len(found.arguments))), False)
    made = _asked(p, lambda: derive(found.program, step, found.arguments, found.arguments))
    seeds = made.graph.params[len(found.program.graph.params) :]
    mapping = dict(found.actual)
    for place, seed in zip(made.seeded, seeds, strict=True):
        result = found.program.graph.results[found.program.result_leaves[place]]
        _seed(p, leaves[place], seed, result.type, mapping)
    return _appended(p, made.graph.block, made.result, made.result_leaves, mapping)


def _seed(p: Parser, cotangent: Value | Static, seed: Value, result: Type, mapping: dict[Value, Value]) -> None:
    """Give a parameter of a pullback what was passed for it; its sizes too, where they are not those of the result."""
    wanted = seed.type
    if not isinstance(cotangent, Value) or cotangent.type.rank != wanted.rank:
        p.refuse(ShapeError, f"the cotangent has not the {wanted.rank} dimensions of the value")
    for given, size, own in zip(cotangent.type.shape, wanted.shape, result.shape, strict=True):
        if isinstance(size, int) or size is own:
            require_same(p.build, given, size, "the cotangent must have the shape of the value")
        else:
            mapping[size] = p.build.size(given)
    if cotangent.type.dtype != wanted.dtype:
        cotangent = p.emit("convert", cotangent, dtype=wanted.dtype, kind=wanted.kind)
    mapping[seed] = cotangent
