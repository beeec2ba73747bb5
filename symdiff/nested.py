"""Derivatives asked for inside a function that is being parsed: ``sd.grad(f)(x)`` as part of a larger program.

The inner function is parsed into a block of its own with fresh parameters for what it is differentiated by (so that
derivatives of different levels cannot be confused), differentiated, and the nodes of the gradient are appended where
the call stands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.derive import jacobian_rows
from symdiff.errors import DtypeError, NotScalarError
from symdiff.frontend.abstract import Abstract, Array, Closure, Known, PartialCall, Tuple, View
from symdiff.frontend.core import Parser
from symdiff.frontend.program import Path
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.rewrite import substitute
from symdiff.steps import Step, wrt_positions
from symdiff.transform.adjoint import differentiate

__all__ = ["NestedDerivative", "TransformHook"]


@dataclass(frozen=True, eq=False)
class NestedDerivative:
    """The derivative of a function that exists only while parsing: a nested def or a lambda."""

    target: Abstract
    kind: str
    wrt: Any


class TransformHook:
    """Teaches the front end our own functions.

    Parameters
    ----------
    makers : mapping
        The kind of derivative each public transformation makes: ``{grad: "grad", ...}``.
    unwrap : callable
        ``unwrap(object)`` gives the function and the step of a derivative made outside the function, else None.
    stop : callable
        The public ``stop_gradient``.
    """

    def __init__(
        self,
        makers: Mapping[Any, str],
        unwrap: Callable[[Any], tuple[Any, Callable[[Sequence[str]], Step]] | None],
        stop: Any,
    ) -> None:
        self.makers, self.unwrap, self.stop = makers, unwrap, stop

    def __call__(self, found: Any, p: Parser, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
        if found is self.stop and len(args) == 1:
            return p.wrap(p.emit("stop_gradient", p.value(args[0])))
        if any(found is maker for maker in self.makers):
            return self._make(found, p, args, kwargs)
        if isinstance(found, NestedDerivative):
            positions, single = wrt_positions(found.wrt, _names(found.target))
            return _derivative(p, found.target, Step(found.kind, positions, single), args, kwargs)
        inner = self.unwrap(found)
        if inner is None:
            return NotImplemented
        function, step = inner
        target = Known(function, Path(function))
        return _derivative(p, target, step(_names(target)), args, kwargs)

    def _make(self, found: Any, p: Parser, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
        names = ("function", "wrt")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        if set(given) - set(names) or "function" not in given:
            p.unsupported(f"only function and wrt can be given to sd.{self.makers[found]} inside a function")
        wrt = p.known(given["wrt"]) if "wrt" in given else 0
        made = NestedDerivative(given["function"], self.makers[found], wrt)
        if made.kind == "hessian":
            first = NestedDerivative(given["function"], "grad", wrt)
            made = NestedDerivative(Known(first, Path(first)), "jacobian", wrt)
        return Known(made, Path(made))


def _names(target: Abstract) -> list[str]:
    """Names of the parameters of a callable."""
    if isinstance(target, Closure):
        arguments = target.node.args
        return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    if isinstance(target, PartialCall):
        return [n for n in _names(target.function)[len(target.args) :] if n not in target.kwargs]
    found = target.object
    return _names(found.target) if isinstance(found, NestedDerivative) else list(inspect.signature(found).parameters)


def _derivative(
    p: Parser, target: Abstract, step: Step, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    """The derivative of a call, appended to the graph."""
    names = _names(target)
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    actual: list[Value] = []
    fresh: list[Value] = []
    for position in step.wrt:
        name = names[position]
        item = given.get(name)
        if not isinstance(item, (Value, Array, View)) or not p.value(item).type.is_float:
            p.refuse(DtypeError, f"cannot differentiate by {name}, which is no float or float array here")
        value = p.value(item)
        actual.append(value)
        fresh.append(Value(value.type, name, value.where))
        given[name] = fresh[-1] if not value.type.is_array else Array(fresh[-1])
    function = _trace(p, target, given, fresh, names)
    return _append(p, function, step, dict(zip(fresh, actual, strict=True)))


def _trace(p: Parser, target: Abstract, given: dict[str, Abstract], params: list[Value], names: list[str]) -> Function:
    """The call as a function of the parameters; other values are read from around it."""
    outer, p.build = p.build, p.build.inner()
    try:
        p.build.adopt(params)
        ordered = [given[n] for n in names if n in given]
        outcome = p.call(target, ordered, {n: v for n, v in given.items() if n not in names})
        if not isinstance(outcome, (Value, Array, View)):
            p.refuse(NotScalarError, "a derivative inside a function needs one that returns a number or an array")
        result = p.value(outcome)
        return Function("inner", Block(tuple(params), tuple(p.build.nodes), (result,)))
    finally:
        p.build = outer


def _append(p: Parser, function: Function, step: Step, actual: dict[Value, Value]) -> Abstract:
    """Append the nodes of the derivative, reading the actual arguments."""
    (result,) = function.results
    if step.kind != "jacobian" and (result.type.is_array or not result.type.is_float):
        p.refuse(NotScalarError, "the gradient needs a function that returns one float", "use sd.jacobian")
    positions = list(range(len(function.params)))
    if step.kind == "jacobian":
        made = jacobian_rows(function, 0, positions)
    else:
        keep = step.kind == "value_and_grad"
        made = differentiate(function, positions, (result,), name="inner", value=keep)
    mapping = dict(actual)
    for node in substitute(made.block.nodes, mapping):
        p.build.append(node)
    found = [_result(p, mapping.get(r, r), like) for r, like in zip(made.results, _likes(made, function), strict=True)]
    value, gradients = (found[:1], found[1:]) if step.kind == "value_and_grad" else ([], found)
    answer = gradients[0] if step.single else Tuple(tuple(gradients))
    return Tuple((value[0], answer)) if value else answer


def _likes(made: Function, function: Function) -> list[Type]:
    """The types whose kinds the results take."""
    extra = len(made.results) - len(function.params)
    return [*(r.type for r in function.results[:extra]), *(param.type for param in function.params)]


def _result(p: Parser, value: Value, like: Type) -> Abstract:
    """A result as the caller sees it: what belongs to a Python float is one."""
    if not value.type.is_array and like.kind == "python" and value.type.kind != "python":
        return p.emit("convert", value, dtype=value.type.dtype, kind="python")
    return p.wrap(value)
