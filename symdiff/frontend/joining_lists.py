"""Lists that are of one length after one path and of another after the other: of run-time length from there on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from symdiff.frontend.core import Parser
from symdiff.frontend.growing import form_of_all, join_forms, larger, reserve, trim, with_form
from symdiff.frontend.joined_types import Conflict
from symdiff.frontend.joins import Join
from symdiff.frontend.rows import Form, Growth, Rows
from symdiff.ir.graph import Dim, Value
from symdiff.ops.sizes import minus

__all__ = ["join_lists"]


def join_lists(p: Parser, join: Join, a: Any, b: Any, use: Callable[[Any], None]) -> None:
    """Join two contents of a list and pass on the result; raises `Conflict`."""
    form = _form(p, join, a, b)
    if form is None:
        use(())
        return
    contents = [a, b]
    loose = not all(isinstance(c, Rows) and (c.room or c.counting) for c in contents)
    length = _longest(p, a, b) if loose else 0
    sides: list[Rows] = []
    for side, content in zip(join.sides, contents, strict=True):
        p.memory.push(side.layer)
        with p.inside(side.build):
            side.build.where = p.build.where
            sides.append(reserve(p, content, form, length) if loose else with_form(p, content, form))
        p.memory.pop()
    growths = [c.growth if isinstance(c, Rows) else Growth() for c in contents]
    bases = [c.base if isinstance(c, Rows) else None for c in contents]
    joined = replace(sides[0], growth=_either(p, *growths), base=bases[0] if bases[0] == bases[1] else None)
    _pair(p, join, sides, joined, loose, use)


def _pair(p: Parser, join: Join, sides: list[Rows], joined: Rows, loose: bool, use: Callable[[Any], None]) -> None:
    outputs: list[Value] = []
    left, right = sides
    pairs = [*zip(left.columns, right.columns, strict=True)]
    same = left.count is right.count or (isinstance(left.count, int) and left.count == right.count)
    if not same:
        counts = []
        for side, rows in zip(join.sides, sides, strict=True):
            with p.inside(side.build):
                counts.append(p.build.size(rows.count))
        pairs.append((counts[0], counts[1]))

    def keep(output: Value) -> None:
        outputs.append(output)
        if len(outputs) < len(pairs):
            return
        count: Dim = joined.count if same else p.build.dim(outputs[-1])
        rows = replace(joined, columns=tuple(outputs[: len(joined.columns)]), count=count)
        use(replace(trim(p, rows), growth=rows.growth, base=rows.base) if loose else rows)

    if not pairs:
        use(joined)
    for a, b in pairs:
        join.pair(a, b, a.hint, keep)


def _form(p: Parser, join: Join, a: Any, b: Any) -> Form | None:
    forms = []
    for side, content in zip(join.sides, (a, b), strict=True):
        p.memory.push(side.layer)
        with p.inside(side.build):
            forms.append(content.form if isinstance(content, Rows) else form_of_all(p, content))
        p.memory.pop()
    found = [form for form in forms if form is not None]
    if not found:
        return None
    return found[0] if len(found) == 1 else join_forms(found[0], found[1])


def _longest(p: Parser, a: Any, b: Any) -> Dim:
    """Room for either, as it is known where the paths meet."""
    lengths = [p.build.hoist(c.count if isinstance(c, Rows) else len(c)) for c in (a, b)]
    if not all(p.build.sees(length) for length in lengths):
        raise Conflict
    found = larger(p, lengths[0], lengths[1])
    assert found is not None
    return found


def _either(p: Parser, a: Growth, b: Growth) -> Growth:
    a, b = _seen(p, a), _seen(p, b)
    return Growth(_smaller(p, a.low, b.low), larger(p, a.high, b.high), larger(p, a.peak, b.peak))


def _seen(p: Parser, growth: Growth) -> Growth:
    """What of a growth is known where the paths meet."""
    found: list[Dim | None] = []
    for dim in (growth.low, growth.high, growth.peak):
        outer = None if dim is None else p.build.hoist(dim)
        found.append(outer if outer is not None and p.build.sees(outer) else None)
    return Growth(*found)


def _smaller(p: Parser, a: Dim | None, b: Dim | None) -> Dim | None:
    if a is None or b is None or a is b:
        return a if a is b else None
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    gap = minus(p.build, b, a)
    if isinstance(gap, int):
        return a if gap > 0 else b
    return None
