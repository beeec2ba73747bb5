"""Python's built-in functions, and those of `math` that are more than a row."""

from __future__ import annotations

import collections
import contextlib
import itertools
import math
import operator
from typing import Any

from symdiff.errors import LocatedTypeError, LocatedValueError, TypeConflictError
from symdiff.frontend import comprehensions, library, library_iteration
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Complex,
    Counted,
    DictObject,
    Generated,
    Known,
    ListObject,
    Range,
    Sequence,
    Tuple,
    View,
    Zipped,
    is_given,
)
from symdiff.frontend.branches import fork
from symdiff.frontend.comparisons import compared
from symdiff.frontend.containers import items_of_dict
from symdiff.frontend.core import Parser
from symdiff.frontend.extending import rows_of
from symdiff.frontend.iteration import count_of, is_runtime
from symdiff.frontend.operators import arithmetic, binary
from symdiff.frontend.signals import Unknown
from symdiff.frontend.special_methods import method_of
from symdiff.frontend.tables import function
from symdiff.ir.graph import Value

__all__: list[str] = []


# -- conversion --------------------------------------------------------------------------------------------------------


@function(float)
def to_float(p: Parser, x: Abstract | None = None) -> Value:
    """``float(x)``."""
    if x is None:
        return p.constant(0.0)
    if isinstance(x, Known) and isinstance(x.object, str):
        return p.constant(float(x.object))
    if method_of(x, "__float__") is not None:
        return p.value(p.call(p.attribute(x, "__float__"), [], {}))
    return _converted(p, x, "float64")


@function(int)
def to_int(p: Parser, x: Abstract | None = None) -> Value:
    """``int(x)`` cuts the fraction, and the gradient with it."""
    if x is None:
        return p.constant(0)
    if method_of(x, "__int__") is not None:
        return p.value(p.call(p.attribute(x, "__int__"), [], {}))
    return _converted(p, x, "int64")


@function(operator.index)
def to_index(p: Parser, a: Abstract) -> Value:
    """``operator.index(a)`` of an integer."""
    value = _scalar(p, a)
    if not value.type.is_integer and value.type.dtype != "bool":
        p.refuse(LocatedTypeError, f"{p.describe(a)} cannot be interpreted as an integer")
    return _converted(p, value, "int64")


@function(bool)
def to_bool(p: Parser, x: Abstract) -> Value:
    """``bool(x)``."""
    found = p.truth(x)
    return _converted(p, found, "bool")


def _converted(p: Parser, x: Abstract, dtype: str) -> Value:
    value = _scalar(p, x)
    if value.type.dtype == dtype and value.type.kind == "python":
        return value
    known = p.build.constant_of(value)
    if known is not None and not (dtype == "int64" and isinstance(known, float) and not math.isfinite(known)):
        return p.constant({"float64": float, "int64": int, "bool": bool}[dtype](known))
    return p.emit("convert", value, dtype=dtype, kind="python")


def _scalar(p: Parser, x: Abstract) -> Value:
    """A number, or the content of an array without axes."""
    value = p.value(x)
    if not value.type.shape:
        return value
    p.refuse(
        LocatedTypeError, "only a number can be converted to a Python number, not an array", "index the array first"
    )


@function(round)
def rounded(p: Parser, x: Abstract, ndigits: Abstract | None = None) -> Value:
    """``round(x)``."""
    if is_given(ndigits):
        p.unsupported("round to a number of digits is not supported", "scale, round and scale back")
    value = _scalar(p, x)
    return value if value.type.dtype == "int64" else p.emit("round_to_int", value, kind="python")


# -- several numbers ---------------------------------------------------------------------------------------------------


@function(max)
def largest(p: Parser, *args: Abstract, default: Abstract | None = None, key: Abstract | None = None) -> Abstract:
    """``max``: the first of those that nothing exceeds."""
    if key is not None:
        return _best_by(p, args, key, 1)
    return _extreme(p, args, "greater", library.largest, default)


@function(min)
def smallest(p: Parser, *args: Abstract, default: Abstract | None = None, key: Abstract | None = None) -> Abstract:
    """``min``: the first of those that exceed nothing."""
    if key is not None:
        return _best_by(p, args, key, -1)
    return _extreme(p, args, "less", library.smallest, default)


def _best_by(p: Parser, args: tuple[Abstract, ...], key: Abstract, sign: int) -> Abstract:
    items = args[0] if len(args) == 1 else Tuple(args)
    return p.call(Known(library.best_by), [items, key, p.constant(sign)], {})


def _extreme(p: Parser, args: tuple[Abstract, ...], name: str, by_loop: Any, default: Abstract | None) -> Abstract:
    items = args
    if len(args) == 1:
        found = comprehensions.items_of(p, args[0]) if isinstance(args[0], Generated) else args[0]
        lists = ListObject | Known
        if isinstance(found, Array | View) or (isinstance(found, lists) and is_runtime(p, found)):
            return p.call(Known(by_loop), [found], {})
        items = p.items(found)
    if not items:
        if default is not None:
            return default
        p.refuse(LocatedValueError, "max() or min() of an empty sequence")
    best = items[0]
    for item in items[1:]:
        best = _better(p, best, item, name)
    return best


def _better(p: Parser, best: Abstract, item: Abstract, name: str) -> Abstract:
    left, right = p.value(item), p.value(best)
    test = p.truth(p.wrap(compared(p, name, left, right)))
    decided = p.decided(test)
    if decided is not None:
        return item if decided else best
    if left.type.kind == right.type.kind or {left.type.dtype, right.type.dtype} <= {"float64", "int64"}:
        return p.emit("where", test, left, right)
    return fork(p, test, lambda: left, lambda: right, lambda name: True)


@function(sum)
def summed(p: Parser, items: Abstract, start: Abstract | None = None) -> Abstract:
    """``sum``: one by one, in order."""
    total = p.constant(0) if start is None else start
    if isinstance(items, Generated):
        if not is_plain(p, items):
            try:
                return comprehensions.sum_of(p, items, total)
            except TypeConflictError:
                return comprehensions.sum_of(p, items, total, some=True)
        items = comprehensions.items_of(p, items)
    if isinstance(items, Array | View | Complex | Range | Counted | Zipped) or is_runtime(p, items):
        try:
            return p.call(Known(library.total), [items, total], {})
        except TypeConflictError:
            return p.call(Known(library.total_of_some), [items, total], {})
    found = p.items(items)
    for position, item in enumerate(found):
        # 0 + x is x, but for the sign of a zero
        skip = position == 0 and start is None and isinstance(item, Value) and item.type.dtype in ("int64", "float64")
        total = item if skip else binary(p, "add", total, item)
    return total


def is_plain(p: Parser, found: Generated) -> bool:
    """Whether a generator is one ``for`` over a few items that are known."""
    parts = found.node.generators
    return len(parts) == 1 and not parts[0].ifs and not is_runtime(p, found.first)


@function(all)
def every(p: Parser, items: Abstract) -> Value:
    """``all``: what comes after the first false item is not looked at."""
    if isinstance(items, Generated) and not is_plain(p, items):
        return comprehensions.everything(p, items)
    return _logical(p, items, "logical_and", True)


@function(any)
def some(p: Parser, items: Abstract) -> Value:
    """``any``: what comes after the first true item is not looked at."""
    if isinstance(items, Generated) and not is_plain(p, items):
        return comprehensions.anything(p, items)
    return _logical(p, items, "logical_or", False)


def _logical(p: Parser, items: Abstract, name: str, neutral: bool) -> Value:
    if isinstance(items, Array | View):
        p.unsupported("the builtin all() and any() of an array are not supported", "use np.all or np.any")
    result = p.constant(neutral)
    for item in p.items(items):
        test = p.truth(item)
        decided = p.decided(test)
        if decided is None:
            result = test if p.decided(result) is neutral else p.emit(name, result, test, kind="python")
        elif decided is not neutral:
            return p.constant(not neutral)
    return result


@function(divmod)
def quotient_and_remainder(p: Parser, a: Abstract, b: Abstract) -> Tuple:
    """``divmod(a, b)``."""
    return Tuple((binary(p, "floor_divide", a, b), binary(p, "remainder", a, b)))


@function(pow)
def raised(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``pow(a, b)``."""
    return binary(p, "power", a, b)


@function(abs)
def magnitude(p: Parser, x: Abstract) -> Abstract:
    """``abs(x)``."""
    if method_of(x, "__abs__") is not None:
        return p.call(p.attribute(x, "__abs__"), [], {})
    value = p.value(x)
    known = p.build.constant_of(value)
    return p.constant(abs(known)) if type(known) is int else p.wrap(p.emit("absolute", value))


@function(math.log)
def logarithm(p: Parser, x: Abstract, base: Abstract | None = None) -> Value:
    """``math.log(x, base)``, which CPython computes as a quotient."""
    value = p.emit("log", p.value(x), kind="python")
    return value if base is None else arithmetic(p, "divide", value, p.emit("log", p.value(base), kind="python"))


@function(math.isclose)
def is_close(
    p: Parser, a: Abstract, b: Abstract, *, rel_tol: Abstract | None = None, abs_tol: Abstract | None = None
) -> Value:
    """As CPython, but for infinities."""
    x, y = p.value(a), p.value(b)
    relative = p.constant(1e-9) if rel_tol is None else p.value(rel_tol)
    absolute = p.constant(0.0) if abs_tol is None else p.value(abs_tol)
    distance = p.emit("absolute", p.emit("subtract", x, y))
    sizes = _better(p, p.emit("absolute", x), p.emit("absolute", y), "greater")
    bound = _better(p, p.emit("multiply", relative, p.value(sizes)), absolute, "greater")
    return p.emit("logical_or", p.emit("equal", x, y), p.emit("less_equal", distance, p.value(bound)))


# -- iteration ---------------------------------------------------------------------------------------------------------


@function(range)
def make_range(p: Parser, first: Abstract, second: Abstract | None = None, third: Abstract | None = None) -> Range:
    """``range`` of run-time integers."""
    start, stop = (p.constant(0), first) if second is None else (first, second)
    return Range(*(_integer(p, item) for item in (start, stop, p.constant(1) if third is None else third)))


def _integer(p: Parser, item: Abstract) -> Value:
    value = p.value(item)
    if value.type.shape or value.type.is_float:
        p.refuse(LocatedTypeError, f"range() takes integers, not {p.describe(item)}", "convert with int()")
    return _converted(p, value, "int64")


@function(enumerate)
def enumerated(p: Parser, iterable: Abstract, start: Abstract | None = None) -> Counted:
    """``enumerate``."""
    return Counted(iterable, p.constant(0) if start is None else _integer(p, start))


@function(zip)
def zipped(p: Parser, *items: Abstract, strict: Abstract | None = None) -> Abstract:
    """``zip``."""
    if strict is not None and p.static(strict, "strict="):
        lengths = [count_of(p, item) for item in items]
        for other in lengths[1:]:
            p.call(Known(library.require_same_length), [lengths[0], other], {})
    return Zipped(items) if items else Tuple(())


@function(reversed)
def backwards(p: Parser, items: Abstract) -> Abstract:
    """``reversed``."""
    if isinstance(items, Range) and p.build.constant_of(items.step) in (1, -1):
        step = p.build.constant_of(items.step)
        first = arithmetic(p, "subtract", items.stop, items.step)
        return Range(first, arithmetic(p, "subtract", items.start, items.step), p.constant(-step))  # type: ignore[operator]
    return Sequence(items)


@function(len)
def length(p: Parser, items: Abstract) -> Value:
    """``len``."""
    return count_of(p, items)


@function(tuple)
def to_tuple(p: Parser, items: Abstract | None = None) -> Tuple:
    """``tuple(items)``."""
    return Tuple(() if items is None else p.items(items))


@function(list)
def to_list(p: Parser, items: Abstract | None = None) -> ListObject:
    """``list(items)``."""
    if items is None:
        return ListObject(())
    rows = rows_of(p, items)
    if rows is None and is_runtime(p, items):
        return p.call(Known(library.listed), [items], {})
    return ListObject(p.items(items) if rows is None else rows)


@function(dict)
@function(collections.OrderedDict)
def to_dict(p: Parser, other: Abstract | None = None, /, **items: Abstract) -> DictObject:
    """``dict(other, a=1)``."""
    return DictObject({**({} if other is None else items_of_dict(p, other)), **items})


@function(dict.fromkeys)
def from_keys(p: Parser, iterable: Abstract, value: Abstract | None = None) -> DictObject:
    """``dict.fromkeys(keys, value)``."""
    item = Known(None) if value is None else value
    return DictObject({p.static(key, "a key of a dict"): item for key in p.items(iterable)})


@function(collections.defaultdict)
def default_dict(
    p: Parser, factory: Abstract | None = None, other: Abstract | None = None, /, **items: Abstract
) -> DictObject:
    """``defaultdict(float)``."""
    made = to_dict(p, other, **items)
    none = factory is None or (isinstance(factory, Known) and factory.object is None)
    made.factory = None if none else factory
    return made


@function(sorted)
def in_order(
    p: Parser, iterable: Abstract, /, *, key: Abstract | None = None, reverse: Abstract | None = None
) -> Abstract:
    """``sorted(items, key=f)``: decided now where the keys are known, as of names."""
    backwards = bool(p.static(reverse, "reverse=")) if is_given(reverse) else False
    arrays = False
    if not is_runtime(p, iterable):
        items = p.items(iterable)
        arrays = bool(items) and all(isinstance(item, Array | View) and p.read(item).type.rank for item in items)
        with contextlib.suppress(Unknown, TypeError):
            keys = [p.known(p.call(key, [item], {}) if is_given(key) else item) for item in items]
            order = sorted(range(len(items)), key=keys.__getitem__, reverse=backwards)
            return ListObject(tuple(items[i] for i in order))
    if is_given(key):
        flags = [p.constant(backwards), p.constant(arrays)]
        return p.call(Known(library_iteration.sorted_by_key), [iterable, key, *flags], {})
    return p.call(Known(library_iteration.sorted_numbers), [iterable, p.constant(backwards)], {})


@function(map)
def mapped(p: Parser, target: Abstract, *items: Abstract) -> Abstract:
    """``map(f, items)``, computed at once."""
    if any(is_runtime(p, item) for item in items):
        rows = items[0] if len(items) == 1 else Zipped(items)
        return p.call(Known(library.mapped if len(items) == 1 else itertools.starmap), [target, rows], {})
    columns = [p.items(item) for item in items]
    return Tuple(tuple(p.call(target, list(row), {}) for row in zip(*columns, strict=False)))
