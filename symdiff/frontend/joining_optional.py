"""Where paths meet that leave None and something else, or what may be None: a truth value says which it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.frontend.abstract import (
    Abstract,
    Array,
    DictObject,
    Instance,
    Known,
    ListObject,
    Optional,
    Tuple,
    View,
    is_none,
)
from symdiff.ir.graph import Value

__all__ = ["join_optional"]

Use = Callable[[Abstract], None]


def join_optional(join: Any, a: Abstract, b: Abstract, hint: str, use: Use) -> None:
    """Join two abstracts of which one is None or may be, for a `joins.Join`; raises `Conflict`."""
    items = [None if is_none(item) else item.item if isinstance(item, Optional) else item for item in (a, b)]
    flags = [item.none if isinstance(item, Optional) else is_none(item) for item in (a, b)]
    found: dict[str, Abstract] = {}

    def note(key: str) -> Use:
        def keep(item: Abstract) -> None:
            found[key] = item
            if len(found) == 2:
                use(Optional(found["none"], found["item"]))

        return keep

    present = items[1] if items[0] is None else items[0]
    outside = _outside(join, present) if None in items else None
    if outside is not None:
        note("item")(outside)
    else:
        left, right = (
            join.stand_in(side, present) if item is None else item
            for side, item in zip(join.sides, items, strict=True)
        )
        join.join(left, right, hint, note("item"))
    _join_flags(join, flags, f"{hint.partition(' ')[0]}_is_none", note("none"))


def _join_flags(join: Any, flags: Sequence[Value | bool], hint: str, use: Use) -> None:
    """Whether something is None: what is None on one path only is None as the condition says."""
    p = join.p
    if flags == [True, False]:
        use(join.condition)
    elif flags == [False, True]:
        use(p.build.name(p.emit("logical_not", join.condition, kind="python"), hint))
    else:
        values = []
        for side, flag in zip(join.sides, flags, strict=True):
            with p.inside(side.build):
                values.append(p.constant(flag) if isinstance(flag, bool) else flag)
        join.join(values[0], values[1], hint, use)


def _outside(join: Any, item: Abstract) -> Abstract | None:
    """What is there where the paths meet, whichever was taken; None for what was made on one of them."""
    match item:
        case Value():
            known = join.p.build.constant_of(item)
            if known is not None and item.type.kind == "python":
                return join.p.constant(known)
            return item if join.p.build.sees(item) else None
        case Tuple():
            parts = [_outside(join, part) for part in item.items]
            return None if None in parts else Tuple(tuple(parts), item.cls)
        case Known():
            return item
        case Array() | View() | ListObject() | DictObject() | Instance() if item.serial <= join.start:
            return item
    return None
