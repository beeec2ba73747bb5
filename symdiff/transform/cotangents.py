"""Cotangents: contributions to them, the selects they carry, and how they are added up.

A contribution may come with a *mask*: where it is false the contribution is zero, whatever its value says. Rules are
linear in the cotangent, so masks travel unapplied from node to node, and the select is made where contributions are
added up: there it keeps out what a branch not taken made of ``0 * inf``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from symdiff.errors import Location
from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, Dim, Node, Type, Value
from symdiff.ops import REGISTRY, Traced

__all__ = [
    "Contribution",
    "Cotangents",
    "add_up",
    "arm_of",
    "carrier_of",
    "fitted",
    "hint_of",
    "joined",
    "mask_of_input",
    "narrow",
    "settled",
    "spread",
    "zero_of",
]


@dataclass(frozen=True)
class Contribution:
    """A part of a cotangent.

    Attributes
    ----------
    mask : Traced or None
        Where it is false, the part is zero.
    applied : bool
        Whether the value is itself zero there.
    """

    value: Traced
    mask: Traced | None = None
    applied: bool = False

    def selected(self) -> Traced:
        """The value, zero where the mask is false."""
        if self.mask is None or self.applied:
            return self.value
        return _where(self.mask, self.value)

    def inside(self, build: Builder) -> Contribution:
        """The same contribution, for use in an inner block."""
        mask = None if self.mask is None else Traced(build, self.mask.value)
        return replace(self, value=Traced(build, self.value.value), mask=mask)


@dataclass
class Cotangents:
    """The contributions gathered so far for each value, in the order they came."""

    parts: dict[Value, list[Contribution]] = field(default_factory=dict)

    def __contains__(self, value: Value) -> bool:
        return value in self.parts

    def put(self, value: Value, contribution: Contribution) -> None:
        self.parts.setdefault(value, []).append(contribution)

    def take(self, value: Value) -> list[Contribution]:
        return self.parts.pop(value, [])

    def combined(self, value: Value) -> Contribution | None:
        """Take the sum of the contributions to a value; None if it has none."""
        parts = self.take(value)
        return add_up(parts, value) if parts else None

    def total(self, value: Value) -> Traced | None:
        """The same with its select applied."""
        found = self.combined(value)
        return None if found is None else named(found.selected(), value)


# -- adding up ---------------------------------------------------------------------------------------------------------


def add_up(parts: Sequence[Contribution], value: Value) -> Contribution:
    """The sum of contributions. It has a mask where all of them have."""
    groups: dict[Value | None, list[Contribution]] = {}
    for part in parts:
        groups.setdefault(None if part.mask is None else part.mask.value, []).append(part)
    sums = [_summed(group, value) for group in groups.values()]
    if len(sums) == 1:
        return sums[0]
    if len(sums) == 2 and (chosen := _either(*sums)) is not None:
        return Contribution(named(chosen, value))
    total, mask = sums[0].selected(), sums[0].mask
    named(total, value)
    for part in sums[1:]:
        total = named(_plus(total, part.selected()), value)
        mask = None if mask is None or part.mask is None else REGISTRY["logical_or"](mask, part.mask)
    return Contribution(total, mask, applied=True)


def _summed(parts: Sequence[Contribution], value: Value) -> Contribution:
    """The sum of contributions under one mask."""
    total = parts[0].value
    for part in parts[1:]:
        total = named(_plus(total, part.value), value)
    if parts[0].mask is None:
        named(total, value)
    return Contribution(total, parts[0].mask, all(p.applied for p in parts))


def _either(a: Contribution, b: Contribution) -> Traced | None:
    """One select for two contributions of which exactly one counts."""
    if a.mask is None or b.mask is None or a.mask.shape != b.mask.shape:
        return None
    shapes = {a.value.shape, b.value.shape, a.mask.shape}
    if len(shapes - {()}) > 1:
        return None
    if _negated(b.mask) is a.mask.value:
        return _select(a.mask, a.value, b.value)
    return _select(b.mask, b.value, a.value) if _negated(a.mask) is b.mask.value else None


def _plus(a: Traced, b: Traced) -> Traced:
    """The sum of two parts; what was spread over an array is added before it is, or as it was."""
    small, other = narrow(a), narrow(b)
    if small is a or other is b or a.shape != b.shape:
        total: Traced = (a + other) if small is a else (small + b)
        return total
    return spread(small + other, a.shape)


def narrow(g: Traced) -> Traced:
    """A cotangent before it was spread over an array, if it was: elementwise rules spread it again by themselves."""
    node = g.build.definitions.get(g.value)
    return Traced(g.build, node.inputs[0]) if node is not None and node.op.name == "broadcast_to" else g


def spread(g: Traced, shape: tuple[Dim, ...]) -> Traced:
    """A cotangent of this shape."""
    if g.shape == shape:
        return g
    wide: Traced = REGISTRY["broadcast_to"](g, shape=shape)
    return wide


def _negated(mask: Traced) -> Value | None:
    """What a mask is the negation of."""
    node = mask.build.definitions.get(mask.value)
    return node.inputs[0] if node is not None and node.op.name == "logical_not" else None


def _where(mask: Traced, value: Traced) -> Traced:
    return _select(mask, value, 0.0)


def _select(mask: Traced, then: Traced, otherwise: Any) -> Traced:
    chosen: Traced = REGISTRY["where"](mask, then, otherwise)
    return chosen


def hint_of(value: Value) -> str:
    """The name of a value's cotangent."""
    return f"{value.hint}_bar" if value.hint else ""


def joined(type_: Type) -> Type:
    """Type of a carried cotangent: Python and NumPy scalars may both arrive."""
    return type_ if type_.kind == "stack" else Type(type_.dtype, type_.shape, "numpy")


def carrier_of(value: Value, where: Location | None) -> Value:
    """A new value in which a loop carries the cotangent of ``value``."""
    return Value(joined(value.type), hint_of(value), where)


def named(traced: Traced, value: Value) -> Traced:
    """Suggest the name of the cotangent of ``value`` for what was computed."""
    node = traced.build.definitions.get(traced.value)
    if node is not None and node.op is not CONSTANT:
        traced.build.name(traced.value, hint_of(value))
    return traced


def zero_of(value: Value, build: Builder) -> Traced:
    """The cotangent of a value that nothing contributed to."""
    type_, hint = value.type, hint_of(value)
    if type_.kind == "stack":
        return Traced(build, build.add(REGISTRY["new_stack"], dtype=type_.dtype, shape=type_.shape, hint=hint))
    zero = build.constant(0.0)
    if not type_.shape:
        return Traced(build, zero)
    return Traced(build, build.add(REGISTRY["full"], zero, shape=type_.shape, dtype=type_.dtype, hint=hint))


def settled(total: Traced, wanted: Type) -> Traced:
    """A cotangent of the dtype of its value: within a block one of Python's kind stays weak beside a float32."""
    if wanted.shape or wanted.kind == "stack" or total.type.dtype == wanted.dtype:
        return total
    known = total.build.constant_of(total.value)
    if known is not None:
        return Traced(total.build, total.build.constant(np.dtype(wanted.dtype).type(known)))
    return REGISTRY["convert"](total, dtype=wanted.dtype, kind="numpy")  # type: ignore[no-any-return]


# -- fitting to a value ------------------------------------------------------------------------------------------------


def fitted(part: Contribution, wanted: Type) -> Contribution:
    """A contribution with the shape and dtype of its value: broadcasting undone, and converted.

    A scalar mask selects the whole and stays. Another is applied before anything is added up, and still says where
    nothing at all arrived.
    """
    value, mask, applied = part.value, part.mask, part.applied
    if mask is not None and mask.shape == wanted.shape and not value.shape and not applied:
        # one number for all that is selected
        return Contribution(_converted(value, wanted), mask)
    if mask is not None and mask.shape and not mask.shape == value.shape == wanted.shape:
        value, applied = _where(mask, value), True
        mask = _reduced(mask, wanted)
    return Contribution(_converted(_reduced(value, wanted), wanted), mask, applied)


def _reduced(part: Traced, wanted: Type) -> Traced:
    """Sum (of truth values, whether any is true) over the axes along which broadcasting repeated the value."""
    name = "any" if part.type.dtype == "bool" else "sum"
    extra = part.rank - wanted.rank
    repeated = [
        k + extra for k, size in enumerate(wanted.shape) if k + extra >= 0 and size == 1 and part.shape[k + extra] != 1
    ]
    if extra > 0:
        part = REGISTRY[name](part, axis=tuple(range(extra)), keepdims=False)
    if repeated:
        part = REGISTRY[name](part, axis=tuple(k - max(extra, 0) for k in repeated), keepdims=True)
    if name == "any" or part.shape == wanted.shape:
        return part
    if part.rank != wanted.rank and part.rank and _same_but_ones(part, wanted):
        return REGISTRY["reshape"](part, shape=wanted.shape)  # type: ignore[no-any-return]
    if part.rank != wanted.rank or any(p == 1 and w != 1 for p, w in zip(part.shape, wanted.shape, strict=True)):
        return REGISTRY["broadcast_to"](part, shape=wanted.shape)  # type: ignore[no-any-return]
    return part


def _same_but_ones(part: Traced, wanted: Type) -> bool:
    """Whether two shapes differ by axes of size 1 only, so that a reshape leads from one to the other."""
    return [d for d in part.shape if d != 1] == [d for d in wanted.shape if d != 1]


def _converted(part: Traced, wanted: Type) -> Traced:
    if part.type.dtype == wanted.dtype or (part.type.kind == "python" and part.type.is_float and not wanted.shape):
        return part
    return REGISTRY["convert"](part, dtype=wanted.dtype, kind="numpy")  # type: ignore[no-any-return]


# -- masks through rows that are not elementwise -----------------------------------------------------------------------


def mask_of_input(node: Node, mask: Traced, inputs: Sequence[Traced], output: Traced) -> Traced | None:
    """The mask of the first input's cotangent, where that of the output is known; None where it cannot be said."""
    if not mask.shape:
        return mask
    row: Any = node.op
    if row.name in ("reshape", "transpose"):
        # a condition may have been broadcast against what it selects
        return row.vjp[0](spread(mask, output.shape), output, *inputs, **node.attrs)  # type: ignore[no-any-return]
    if "axis" in node.attrs and "keepdims" in node.attrs and inputs[0].shape:
        axes = {k: node.attrs[k] for k in ("axis", "keepdims")}
        whole = spread(mask, output.shape)
        return REGISTRY["sum"].vjp[0](whole, output, inputs[0], **axes)  # type: ignore[misc, no-any-return]
    return mask if row.name == "broadcast_to" else None


def arm_of(mask: Traced | None, condition: Traced, *, first: bool) -> Traced:
    """The mask of one arm of a ``where``, inside the mask that is there already."""
    arm: Traced = condition if first else REGISTRY["logical_not"](condition)
    return arm if mask is None else REGISTRY["logical_and"](mask, arm)
