"""Rules that users give, in the sweeps: applied where a value is differentiated, and removed when all is done.

A rule of reverse mode serves forward mode as well, and the other way round: reverse mode applied to the rule itself
gives its transpose. That is the same derivative only if the rule is linear in what it passes on, which is examined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.rewrite import renew, substitute_block
from symdiff.ir.walk import all_nodes
from symdiff.ops import REGISTRY
from symdiff.ops.given import Pull, Push, Rule, arguments_of, given, held
from symdiff.transform.activity import differentiable_inputs
from symdiff.transform.dce import eliminate_dead_code

__all__ = ["is_elementwise", "is_linear", "pulled", "pushed", "without_rules"]

Differentiate = Callable[..., Function]


def pulled(node: Node, cotangents: Sequence[Value], build: Builder, differentiate: Differentiate) -> list[Value | None]:
    """Append the rule of reverse mode; the cotangent of each argument, None where nothing flows back."""
    rule: Rule = node.attrs["rule"]
    pull = _required(rule, node)
    if isinstance(pull, Push):
        pull = _transposed_push(rule, pull, node, differentiate)
    found = _applied(pull.function, (*cotangents, *node.outputs, *arguments_of(node)), build)
    return [None if place is None else found[place] for place in pull.places]


def pushed(node: Node, tangents: Callable[[Value], Value], build: Builder, differentiate: Differentiate) -> list[Value]:
    """Append the rule of forward mode; the tangent of each value."""
    rule: Rule = node.attrs["rule"]
    _required(rule, node)
    push = rule.push
    if push is None:
        assert rule.pull is not None
        push = _transposed_pull(rule, rule.pull, node, differentiate)
    arguments = arguments_of(node)
    along = [tangents(arguments[k]) for k in push.moving]
    return _applied(push.function, (*along, *node.outputs, *arguments), build)


def _required(rule: Rule, node: Node) -> Pull | Push:
    if rule.error is not None:
        raise rule.error
    found = rule.pull or rule.push
    if found is None:
        message = f"{rule.name!r} has no rule yet for its derivative"
        hint = f"give one with @{rule.name}.vjp or @{rule.name}.jvp"
        raise located(UnsupportedSyntaxError, message, node.where, hint)
    return found


def _applied(function: Function, actual: Sequence[Value], build: Builder) -> list[Value]:
    """Append the body of a function, with actual values for its parameters."""
    mapping: dict[Value, Value] = {}
    for param, value in zip(function.params, actual, strict=True):
        mapping[param] = value
        for dim, size in zip(param.type.shape, value.type.shape, strict=True):
            if isinstance(dim, Value):
                assert isinstance(size, Value), "sizes become known after the last derivative"
                mapping.setdefault(dim, size)
    for node in renew(function.block.nodes, mapping):
        build.append(node)
    return [mapping.get(r, r) for r in function.results]


# -- one rule from the other -------------------------------------------------------------------------------------------


def _transposed_pull(rule: Rule, pull: Pull, node: Node, differentiate: Differentiate) -> Push:
    """Forward mode from a rule of reverse mode."""
    arguments = arguments_of(node)
    function = pull.function
    made = _transpose(function, rule, "vjp", "jvp", node, differentiate)
    seeds = made.params[len(function.params) :]
    by_result = dict(enumerate(seeds))
    moving = tuple(k for k, place in enumerate(pull.places) if place is not None)
    order = [by_result[pull.places[k]] for k in moving]  # type: ignore[index]
    assert len(arguments) == len(pull.places)
    params = (*order, *function.params[rule.count :])
    return Push(Function(made.name, Block(params, made.block.nodes, made.results)), moving)


def _transposed_push(rule: Rule, push: Push, node: Node, differentiate: Differentiate) -> Pull:
    """Reverse mode from a rule of forward mode."""
    function = push.function
    made = _transpose(function, rule, "jvp", "vjp", node, differentiate)
    seeds = made.params[len(function.params) :]
    params = (*seeds, *function.params[len(push.moving) :])
    places = {k: n for n, k in enumerate(push.moving)}
    return Pull(
        Function(made.name, Block(params, made.block.nodes, made.results)),
        tuple(places.get(k) for k in range(len(arguments_of(node)))),
    )


def _transpose(
    function: Function, rule: Rule, own: str, other: str, node: Node, differentiate: Differentiate
) -> Function:
    """The transpose of a rule by its first parameters, as a function of those after them and of seeds."""
    count = rule.count if own == "vjp" else len(rule.push.moving)  # type: ignore[union-attr]
    made = _derivative(function, count, differentiate)
    if made is None:
        what = "the cotangent" if own == "vjp" else "the tangents"
        message = f"the {own} rule of {rule.name!r} is not linear in {what}, so no rule for {other} follows from it"
        raise located(UnsupportedSyntaxError, message, node.where, f"give one with @{rule.name}.{other}")
    # of a cotangent by which a rule is linear at most its shape counts
    build = Builder(raising=False)
    mapping = {p: _zero(p.type, build) for p in function.params[:count]}
    found = _applied_to(made, mapping, build)
    return Function(made.name, Block(made.params, tuple(build.nodes), tuple(found)))


def _applied_to(function: Function, mapping: dict[Value, Value], build: Builder) -> list[Value]:
    for node in renew(function.block.nodes, mapping):
        build.append(node)
    return [mapping.get(r, r) for r in function.results]


def _zero(type_: Type, build: Builder) -> Value:
    zero = build.constant(0.0)
    return build.add(REGISTRY["full"], zero, shape=type_.shape, dtype=type_.dtype) if type_.shape else zero


def _derivative(function: Function, count: int, differentiate: Differentiate) -> Function | None:
    """The derivative of a rule by its first parameters; None unless it is linear in them."""
    first = function.params[:count]
    if not _vanishes(function, first):
        return None
    seeds = [Value(Type(r.type.dtype, r.type.shape), "t") for r in function.results]
    made = eliminate_dead_code(differentiate(function, range(count), seeds, name=function.name, value=False))
    read = {v for node in made.block.nodes for v in _values_read(node)} | set(made.results)
    return None if read & set(first) else made


def _values_read(node: Node) -> list[Value]:
    """What a node, or one inside it, reads otherwise than for its shape."""
    inside = [inner for block in node.blocks for inner in all_nodes(block)]
    results = [r for n in (node, *inside) for block in n.blocks for r in block.results]
    return [v for n in (node, *inside) for v in n.inputs] + results


def is_linear(rule: Rule, differentiate: Differentiate) -> bool:
    """Whether the rule of reverse mode is linear in the cotangent: one that is made from the other always is."""
    if rule.linear is None:
        function = rule.pull.function if rule.pull is not None and rule.error is None else None
        rule.linear = function is None or _derivative(function, rule.count, differentiate) is not None
    return rule.linear


def is_elementwise(rule: Rule) -> bool:
    """Whether each element of a cotangent follows from that element of the others alone."""
    nodes = rule.pull.function.block.nodes if rule.pull is not None else ()
    return rule.pull is not None and all(n.op is CONSTANT or getattr(n.op, "elementwise", False) for n in nodes)


# -- what is zero where the cotangent is -------------------------------------------------------------------------------

FACTORS = {"multiply": (0, 1), "matmul": (0, 1), "dot": (0, 1), "outer": (0, 1), "divide": (0,), "solve": (1,)}
"""Rows that give zero where one of these inputs is zero."""


def _vanishes(function: Function, params: Sequence[Value]) -> bool:
    """Whether all results are surely zero where these parameters are."""
    zero = set(params)
    _mark(function.block, zero)
    return all(r in zero for r in function.results)


def _mark(block: Block, zero: set[Value]) -> None:
    for node in block.nodes:
        if node.op is IF:
            for arm in node.blocks:
                _mark(arm, zero)
            arms = zip(node.outputs, *(arm.results for arm in node.blocks), strict=True)
            zero.update(output for output, *results in arms if all(r in zero for r in results))
        elif node.op is FOR or node.op is WHILE:
            _mark_loop(node, zero)
        elif _is_zero(node, zero):
            zero.update(node.outputs)


def _mark_loop(node: Node, zero: set[Value]) -> None:
    """What a loop carries stays zero if it begins so and every trip leaves it so."""
    initials = node.inputs[3:] if node.op is FOR else node.inputs
    body = node.blocks[-1]
    params = body.params[1:] if node.op is FOR else body.params
    chosen = {k for k, v in enumerate(initials) if v in zero}
    while True:
        inside = zero | {params[k] for k in chosen}
        _mark(body, inside)
        kept = {k for k in chosen if body.results[k] in inside}
        if kept == chosen:
            zero.update(node.outputs[k] for k in kept)
            return
        chosen = kept


def _is_zero(node: Node, zero: set[Value]) -> bool:
    row: Any = node.op
    if node.op is CONSTANT:
        return bool(node.attrs["value"] == 0)
    if node.op is given:
        return all(v in zero for v in node.inputs[: node.attrs["rule"].count])
    if row.name in FACTORS:
        return any(node.inputs[k] in zero for k in FACTORS[row.name])
    if row.name == "where":
        return all(v in zero for v in node.inputs[1:])
    if row.name in ("full", "stop_gradient", "held"):
        return node.inputs[0] in zero
    chosen = differentiable_inputs(node) if getattr(row, "linear", False) else []
    return bool(chosen) and all(node.inputs[k] in zero for k in chosen)


# -- when all derivatives are taken ------------------------------------------------------------------------------------


def without_rules(function: Function) -> Function:
    """The function with plain values in the place of those that have a rule; the same object where there is none."""
    if not any(node.op in (given, held) for node in all_nodes(function.block)):
        return function
    mapping: dict[Value, Value] = {}
    block = _stripped(function.block, mapping)
    return Function(function.name, substitute_block(block, mapping))


def _stripped(block: Block, mapping: dict[Value, Value]) -> Block:
    nodes = []
    for node in block.nodes:
        if node.op in (given, held):
            count = len(node.outputs)
            mapping.update(zip(node.outputs, (mapping.get(v, v) for v in node.inputs[:count]), strict=True))
            continue
        if node.blocks:
            inner = tuple(_stripped(b, mapping) for b in node.blocks)
            node = Node(node.op, node.inputs, node.outputs, node.attrs, inner, node.where)
        nodes.append(node)
    return Block(block.params, tuple(nodes), block.results)
