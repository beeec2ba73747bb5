"""Elementwise functions: their operands, and ``out=`` and ``where=``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symdiff.errors import LocatedTypeError
from symdiff.frontend import library_iteration
from symdiff.frontend.abstract import Abstract, Known, ListObject, Tuple, is_given, is_none
from symdiff.frontend.core import Parser
from symdiff.frontend.operators import as_array, check_exponent
from symdiff.frontend.storing import store_result
from symdiff.ir.graph import Value
from symdiff.ops.primitive import Primitive

__all__ = ["call_row"]


def call_row(
    p: Parser, row: Primitive, kind: str | None, name: str, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    """An elementwise function."""
    count = len(row.domain)
    out = kwargs.get("out", args[count] if kind == "numpy" and len(args) == count + 1 else None)
    mask = kwargs.get("where")
    if kind == "numpy" and is_given(out):
        return _into(p, row, name, (args[:count], out, mask), kwargs)
    # a signature with its defaults filled in says out=None, where=True, ...
    for key, item in kwargs.items():
        if not isinstance(item, Known) and not (isinstance(item, Value) and p.build.constant_of(item) is True):
            p.unsupported(f"the argument {key!r} of {name} is not supported")
        if isinstance(item, Known) and item.object not in (None, "K", "same_kind"):
            p.unsupported(f"the argument {key!r} of {name} is not supported")
    args = [a for i, a in enumerate(args) if i < len(row.domain) or not is_none(a)]
    if len(args) != count and name == "math.hypot":
        return p.call(Known(library_iteration.hypot_of_several), args, {})
    if len(args) != count:
        p.refuse(LocatedTypeError, f"{name} takes {len(row.domain)} arguments, not {len(args)}")
    if kind == "numpy":
        args = [as_array(p, a) if isinstance(a, Tuple | ListObject) or _is_sequence(a) else a for a in args]
    operands = [p.value(a) for a in args]
    if row.name == "power" and kind == "numpy":
        check_exponent(p, *operands)
    return p.wrap(p.emit(row, *operands, kind=kind))


def _into(p: Parser, row: Primitive, name: str, given: Any, kwargs: Mapping[str, Abstract]) -> Abstract:
    """A ufunc with ``out=``, and maybe ``where=``: elsewhere it is not evaluated, so nothing flows back from there."""
    args, out, mask = given
    rest = {key: item for key, item in kwargs.items() if key not in ("out", "where")}
    if mask is None or (isinstance(mask, Value) and p.build.constant_of(mask) is True):
        return store_result(p, out, call_row(p, row, "numpy", name, args, rest), broadcasts=True)
    test = p.value(as_array(p, mask) if isinstance(mask, Tuple | ListObject) else mask)
    safe: list[Abstract] = []
    for item, domain in zip(args, row.domain, strict=True):
        value = p.value(as_array(p, item) if isinstance(item, Tuple | ListObject) or _is_sequence(item) else item)
        middle = p.constant(0.5 * (domain.low + domain.high) + 0.125)
        safe.append(p.wrap(p.emit("where", test, value, middle, kind="numpy")) if value.type.is_float else item)
    result = p.value(call_row(p, row, "numpy", name, safe, rest))
    target = out.items[0] if isinstance(out, Tuple) and len(out.items) == 1 else out
    chosen = p.wrap(p.emit("where", test, result, p.value(target), kind="numpy"))
    return store_result(p, target, chosen, broadcasts=False)


def _is_sequence(item: Abstract) -> bool:
    return isinstance(item, Known) and isinstance(item.object, tuple | list)
