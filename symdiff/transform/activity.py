"""Activity: which values a derivative can reach.

A value is *varied* when it depends on an input asked for, and *wanted* when an output used depends on it. Cotangents
exist only for values that are both, so that a derivative costs what the question costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symdiff.ir.graph import ACT, CONSTANT, FOR, IF, REQUIRE_EQUAL, TRY, WHILE, Block, Node, Value
from symdiff.ops.columns import EachArgument, NoDerivative
from symdiff.ops.given import refuse_varied_values

__all__ = ["differentiable_inputs", "varied_values", "wanted_values"]


def can_vary(value: Value) -> bool:
    """Whether a value of this type has a derivative at all."""
    return value.type.is_float


def differentiable_inputs(node: Node) -> list[int]:
    """Positions of the inputs that the row of a primitive node has a rule for."""
    vjp = node.op.vjp  # type: ignore[attr-defined]
    if isinstance(vjp, tuple):
        return [i for i, rule in enumerate(vjp) if rule is not None and i < len(node.inputs)]
    return [i for i in range(len(node.inputs)) if vjp[i] is not None]


# -- forward: varied ---------------------------------------------------------------------------------------------------


def varied_values(block: Block, seeds: Iterable[Value]) -> set[Value]:
    """All values, in this block and those inside it, that depend on ``seeds`` through derivatives."""
    varied = set(seeds)
    _mark_varied(block, varied)
    return varied


def _mark_varied(block: Block, varied: set[Value]) -> None:
    for node in block.nodes:
        if node.op is IF:
            for branch in node.blocks:
                _mark_varied(branch, varied)
            for k, output in enumerate(node.outputs):
                if can_vary(output) and any(b.results[k] in varied for b in node.blocks):
                    varied.add(output)
        elif node.op is FOR or node.op is WHILE:
            _mark_loop_varied(node, varied)
        elif node.op is CONSTANT or node.op is REQUIRE_EQUAL or node.op is ACT or node.op is TRY:
            continue
        elif any(node.inputs[i] in varied for i in differentiable_inputs(node)):
            _refuse_unknown(node, varied)
            varied.update(o for o in node.outputs if can_vary(o))


def _refuse_unknown(node: Node, varied: set[Value]) -> None:
    """Refuse a varying argument whose derivative is not known, whatever becomes of the result."""
    refuse_varied_values(node, varied)
    for position, value in enumerate(node.inputs):
        rules: Any = getattr(node.op, "vjp", ())
        rule = rules[position] if isinstance(rules, EachArgument) or position < len(rules) else None
        if value in varied and isinstance(rule, NoDerivative):
            raise rule.refusal(node.attrs, node.where)


def carried(node: Node) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """Initial values and parameters of a loop's carried values."""
    if node.op is FOR:
        return node.inputs[3:], node.blocks[0].params[1:]
    return node.inputs, node.blocks[-1].params


def _mark_loop_varied(node: Node, varied: set[Value]) -> None:
    initials, params = carried(node)
    body = node.blocks[-1]
    varied.update(p for p, init in zip(params, initials, strict=True) if init in varied and can_vary(p))
    while True:
        before = len(varied)
        _mark_varied(body, varied)
        varied.update(p for p, r in zip(params, body.results, strict=True) if r in varied and can_vary(p))
        if len(varied) == before:
            break
    varied.update(o for o, p in zip(node.outputs, params, strict=True) if p in varied)


# -- backward: wanted --------------------------------------------------------------------------------------------------


def wanted_values(block: Block, results: Iterable[Value], varied: set[Value]) -> set[Value]:
    """Values that get a cotangent when ``results`` of this block have one: of this block and of those around it."""
    wanted = {r for r in results if r in varied}
    for node in reversed(block.nodes):
        mark_wanted(node, wanted, varied)
    return wanted


def mark_wanted(node: Node, wanted: set[Value], varied: set[Value]) -> None:
    """Propagate from a node's outputs to what it reads."""
    if not any(o in wanted for o in node.outputs):
        return
    if node.op is IF:
        for branch in node.blocks:
            used = [r for r, o in zip(branch.results, node.outputs, strict=True) if o in wanted]
            wanted |= wanted_values(branch, used, varied)
    elif node.op is FOR or node.op is WHILE:
        initials, _ = carried(node)
        live, inside = wanted_carried(node, wanted, varied)
        wanted |= inside
        wanted.update(initials[k] for k in live if initials[k] in varied)
    else:
        inputs = (node.inputs[i] for i in differentiable_inputs(node))
        wanted.update(v for v in inputs if v in varied)


def wanted_carried(node: Node, wanted: set[Value], varied: set[Value]) -> tuple[list[int], set[Value]]:
    """Which carried values of a loop get a cotangent, and every value its body gives one to."""
    _, params = carried(node)
    body = node.blocks[-1]
    live = {k for k, o in enumerate(node.outputs) if o in wanted and params[k] in varied}
    while True:
        inside = wanted_values(body, [body.results[k] for k in sorted(live)], varied)
        more = {k for k, p in enumerate(params) if p in inside} | live
        if more == live:
            return sorted(live), inside
        live = more
