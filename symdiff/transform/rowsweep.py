"""Reverse mode through one node: the cotangents that the rule of its row passes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import Node, Value
from symdiff.ops import REGISTRY, Primitive, Traced
from symdiff.ops.kinks import SLOPE, with_slope
from symdiff.ops.primitive import numeric_attrs
from symdiff.transform.activity import differentiable_inputs
from symdiff.transform.alike import fail_alike
from symdiff.transform.cotangents import (
    Contribution,
    Cotangents,
    arm_of,
    fitted,
    mask_of_input,
    named,
    narrow,
    settled,
    spread,
    zero_of,
)
from symdiff.transform.saturating import Saturating

__all__ = ["RowSweep"]


class RowSweep:
    """What a reverse sweep does with the nodes that are rows."""

    varied: set[Value]
    """Values that depend on what is differentiated by."""
    selected: set[Value]
    """Values whose cotangent may be zero because a select did not choose them."""
    saturating: dict[Node, Saturating]
    """Quotients whose rule is written so that it does not overflow."""

    def total(self, value: Value, cotangents: Cotangents, build: Builder) -> Traced:
        """Take the whole cotangent of a value, of its dtype: it crosses the border of a block, or is a result."""
        found = cotangents.total(value)
        return settled(zero_of(value, build) if found is None else found, value.type)

    def primitive(self, node: Node, cotangents: Cotangents, build: Builder) -> None:
        """Pass a cotangent through the rules of a row, to each input that wants one."""
        row, output = node.op, Traced(build, node.output)
        assert isinstance(row, Primitive)
        inputs = [Traced(build, v) for v in node.inputs]
        g, mask = self.arriving(node, inputs, output, cotangents)
        attrs = numeric_attrs(node.attrs)
        before = len(build.nodes)
        own: dict[Value, list[Contribution]] = {}
        wanted = [i for i in differentiable_inputs(node) if node.inputs[i] in self.varied]
        # what a store put down is read from the cotangent before the place is cleared, so that clearing may happen
        # in place
        for i in reversed(wanted) if row.stores else wanted:
            x = node.inputs[i]
            if row.name == "where":
                arm = arm_of(mask, inputs[0], first=i == 1)
                small = narrow(g)
                cotangents.put(x, fitted(Contribution(g if small.shape else small, arm), x.type))
            elif i == 1 and (quotient := self.saturating.get(node)) is not None and quotient.exponent in self.varied:
                x = quotient.exponent
                cotangents.put(x, fitted(Contribution(quotient.cotangent(narrow(g), output), mask), x.type))
            elif i == 0 and row.accumulate is not None:
                added = row.accumulate(self.total(x, cotangents, build), g, *inputs, **attrs)
                cotangents.put(x, Contribution(named(added, x)))
            else:
                part = self.part(node, i, g, output, inputs, attrs)
                if part is not None:
                    own.setdefault(x, []).append(fitted(Contribution(part, mask), x.type))
        for x, parts in own.items():
            # what a square passes on by its two operands is one contribution, twice as large
            alike = len(parts) == 2 and parts[0].value.value is parts[1].value.value
            for contribution in [replace(parts[0], value=parts[0].value + parts[1].value)] if alike else parts:
                cotangents.put(x, contribution)
        fail_alike(node, build, before)

    def part(
        self, node: Node, i: int, g: Traced, output: Traced, inputs: Sequence[Traced], attrs: dict[str, Any]
    ) -> Traced | None:
        """What the rule of one input gives."""
        row: Any = node.op
        build = output.build
        small = narrow(g) if row.elementwise else g
        part = row.vjp[i](small, output, *inputs, **attrs)
        if part is None:
            return None
        if SLOPE in node.attrs:
            part = with_slope(row.kink, i, node.attrs[SLOPE], part, small, *inputs)
        made = part if isinstance(part, Traced) else Traced(build, build.constant(part))
        if small is g or made.shape == output.shape or inputs[i].shape == output.shape:
            return made
        # what is added up over repeated axes must be there as often as it counts
        return spread(made, output.shape)

    def arriving(
        self, node: Node, inputs: Sequence[Traced], output: Traced, cotangents: Cotangents
    ) -> tuple[Traced, Traced | None]:
        """The cotangent of a node's output, and the mask of what its rules make of it."""
        row: Any = node.op
        found = cotangents.combined(node.output)
        assert found is not None
        if found.mask is None and node.output in self.selected and row.elementwise and not row.linear:
            # the select is out of reach, but where it did not choose this value the cotangent is zero
            risky = node.output.type.kind != "python"
            return found.value, REGISTRY["not_equal"](found.value, 0.0) if risky else None
        if found.mask is None or row.elementwise:
            return found.value, found.mask
        if row.stores or row.accumulate is not None:
            # these change the cotangent in place: a select of the whole would cost a copy
            return found.selected(), None
        mask = mask_of_input(node, found.mask, inputs, output)
        return spread(found.selected() if mask is None else found.value, output.shape), mask

    # -- stacks --------------------------------------------------------------------------------------------------------

    def stack(self, node: Node, cotangents: Cotangents, build: Builder) -> None:
        """The adjoint of a push is a pop, and the other way round."""
        before = node.inputs[0]
        if before not in self.varied:
            return
        after = self.total(node.outputs[0], cotangents, build)
        if node.op.name == "push":
            rest, value = build.add_many(REGISTRY["pop"], (after.value,), {})
            if node.inputs[1] in self.varied:
                cotangents.put(node.inputs[1], Contribution(named(Traced(build, value), node.inputs[1])))
        else:
            popped = self.total(node.outputs[1], cotangents, build)
            rest = build.add(REGISTRY["push"], after.value, popped.value)
        cotangents.put(before, Contribution(named(Traced(build, rest), before)))
