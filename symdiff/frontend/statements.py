"""Statements other than ``if`` and loops."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from symdiff.errors import LocatedTypeError, LocatedValueError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Closure,
    Complex,
    DictObject,
    Instance,
    Known,
    ListObject,
    Optional,
    View,
)
from symdiff.frontend.core import Parser
from symdiff.frontend.extending import extend_list
from symdiff.frontend.frames import Frame
from symdiff.frontend.indexing import store
from symdiff.frontend.jumps import is_hidden
from symdiff.frontend.objects import set_attribute
from symdiff.frontend.operators import OPERATORS, binary
from symdiff.frontend.optional import never_none, none_counts, without_none
from symdiff.frontend.special_methods import in_place_method
from symdiff.frontend.storing import cast_same_kind
from symdiff.frontend.tables import ARRAYS, statement
from symdiff.ir.graph import Value
from symdiff.ir.shapes import require_same, show_shape

__all__ = ["assign", "assign_name", "frame_of", "make_closure"]


@statement(ast.Pass, ast.Global, ast.Nonlocal)
def nothing(p: Parser, node: ast.stmt) -> None:
    """Statements without effect; a global that is assigned is refused at the assignment."""


@statement(ast.Return)
def return_statement(p: Parser, node: ast.Return) -> Abstract:
    """``return``: the path ends here."""
    p.frame.returned = node
    return Known(None) if node.value is None else p.evaluate(node.value)


@statement(ast.Expr)
def expression_statement(p: Parser, node: ast.Expr) -> None:
    """An expression for its effects; a docstring has none."""
    if not isinstance(node.value, ast.Constant):
        p.evaluate(node.value)


@statement(ast.FunctionDef)
def nested_function(p: Parser, node: ast.FunctionDef) -> None:
    """A function inside the function."""
    assign_name(p, node.name, make_closure(p, node))


def make_closure(p: Parser, node: ast.FunctionDef | ast.Lambda) -> Closure:
    """The function object that ``def`` or ``lambda`` makes: its defaults are evaluated now."""
    defaults = tuple(p.evaluate_all(node.args.defaults))
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    keyword_defaults = {arg.arg: p.evaluate(default) for arg, default in pairs if default is not None}
    return Closure(node, p.frame, defaults, keyword_defaults)


# -- assignment --------------------------------------------------------------------------------------------------------


@statement(ast.Assign)
def assign_statement(p: Parser, node: ast.Assign) -> None:
    """``a = b = value``."""
    item = p.evaluate(node.value)
    for target in node.targets:
        assign(p, target, item)


@statement(ast.AnnAssign)
def annotated(p: Parser, node: ast.AnnAssign) -> None:
    """``a: float = value``; the annotation is not evaluated."""
    if node.value is not None:
        assign(p, node.target, p.evaluate(node.value))


def assign(p: Parser, target: ast.expr, item: Abstract) -> None:
    """Bind a target."""
    p.at(target)
    match target:
        case ast.Name():
            assign_name(p, target.id, item)
        case ast.Tuple() | ast.List():
            _unpack(p, target, item)
        case ast.Subscript():
            owner = p.evaluate(target.value)
            key = p.evaluate(target.slice)
            p.at(target)
            store(p, owner, key, item)
        case ast.Attribute(attr="flat"):
            store(p, p.evaluate(target), Known(...), item)
        case ast.Attribute():
            owner = p.evaluate(target.value)
            p.at(target)
            if isinstance(owner, Complex) and target.attr in ("real", "imag"):
                store(p, p.attribute(owner, target.attr), Known(...), item)
            else:
                set_attribute(p, owner, target.attr, item)
        case _:
            p.unsupported("this target of an assignment is not supported")


def assign_name(p: Parser, name: str, item: Abstract) -> None:
    """Bind a name of the function, or of one around it."""
    frame = frame_of(p, name)
    _suggest_name(p, name, item)
    if is_hidden(name):
        frame.reached.add(name)
    if name in frame.cells:
        p.memory.replace(frame.cells[name], {name: item})
        return
    frame.names[name] = item
    if p.build.where is not None:
        frame.places[name] = p.build.where


def _suggest_name(p: Parser, name: str, item: Abstract) -> None:
    if isinstance(item, Optional):
        _name_optional(p, name, item)
    elif isinstance(item, Value) and p.build.constant_of(item) is None:
        p.build.name(item, name)
    elif isinstance(item, Array) and item.initial.type.is_array:
        p.build.name(item.initial, name)
    elif isinstance(item, Instance) and len(item.initial) == 1:
        # a tensor is an object of one part
        _suggest_name(p, name, *item.initial.values())


def _name_optional(p: Parser, name: str, item: Optional) -> None:
    for value, hint in ((item.none, f"{name}_is_none"), (item.item, name)):
        if isinstance(value, Value) and p.build.constant_of(value) is None:
            p.build.name(value, hint)


def frame_of(p: Parser, name: str) -> Frame:
    """The call whose variable a name is that is assigned here."""
    frame: Frame | None = p.frame
    while frame is not None and name not in p.frame.outside:
        # what a function inside assigns is a cell; other names of frames around belong to a comprehension's function
        if name in frame.local and (frame is p.frame or name in frame.cells or frame.live is p.frame.live):
            return frame
        frame = frame.parent
    p.unsupported(
        f"assigning {name!r}, which is outside the function, is not supported",
        "return the value, and assign it outside",
    )


def _unpack(p: Parser, target: ast.Tuple | ast.List, item: Abstract) -> None:
    item = never_none(p, item, _unpacked)
    starred = [i for i, t in enumerate(target.elts) if isinstance(t, ast.Starred)]
    count = len(target.elts)
    if isinstance(item, Array | View) and not starred:
        _require_count(p, item, count)
        items = tuple(p.subscript(item, p.constant(i)) for i in range(count))
    else:
        items = p.items(item)
    if starred:
        at = starred[0]
        after = count - at - 1
        if len(items) < count - 1:
            _wrong_count(p, len(items), count, starred=True)
        middle = ListObject(items[at : len(items) - after])
        items = (*items[:at], middle, *items[len(items) - after :])
    if len(items) != count:
        _wrong_count(p, len(items), count)
    for part, value in zip(target.elts, items, strict=True):
        assign(p, part.value if isinstance(part, ast.Starred) else part, value)


def _unpacked(none: Any) -> Any:
    (one,) = none
    return one


def _wrong_count(p: Parser, have: int, want: int, *, starred: bool = False) -> None:
    least = "at least " if starred else ""
    want -= starred
    if have > want:
        p.refuse(LocatedValueError, f"too many values to unpack (expected {want})")
    p.refuse(LocatedValueError, f"not enough values to unpack (expected {least}{want}, got {have})")


def _require_count(p: Parser, array: Array | View, count: int) -> None:
    """An array of run-time length is unpacked into as many names as it must have rows."""
    type_ = p.read(array).type
    if not type_.shape:
        p.refuse(LocatedTypeError, "cannot unpack a number")
    length = type_.shape[0]
    if isinstance(length, int) and length != count:
        _wrong_count(p, length, count)
    message = f"cannot unpack an array of length {show_shape((length,)).strip('(),')} into {count} names"
    require_same(p.build, length, count, message)


# -- augmented assignment ----------------------------------------------------------------------------------------------


@statement(ast.AugAssign)
def augmented(p: Parser, node: ast.AugAssign) -> None:
    """``x += v``: in place for arrays and lists, a new value for everything else."""
    name = OPERATORS[type(node.op)]
    target = node.target
    if isinstance(target, ast.Name):
        frame_of(p, target.id)
        old = p.evaluate(target)
        value = p.evaluate(node.value)
        p.at(node)
        assign_name(p, target.id, in_place(p, name, old, value))
    elif isinstance(target, ast.Subscript):
        owner, key = p.evaluate(target.value), p.evaluate(target.slice)
        p.at(target)
        old = p.subscript(owner, key)
        value = p.evaluate(node.value)
        p.at(node)
        if isinstance(old, Instance) and old.cls in ARRAYS:
            # what the brackets give is a view of the object, which the store changes
            store(p, owner, key, binary(p, name, old, value))
            return
        new = in_place(p, name, old, value)
        changed = new.re if isinstance(new, Complex) else new
        if new is not old or not isinstance(changed, View):  # a view was stored into already
            store(p, owner, key, new)
    elif isinstance(target, ast.Attribute):
        owner = p.evaluate(target.value)
        p.at(target)
        old = p.attribute(owner, target.attr)
        value = p.evaluate(node.value)
        p.at(node)
        has_parts = isinstance(owner, Complex) and isinstance(old, Array | View)
        new = in_place(p, name, old, value) if has_parts or isinstance(owner, Instance) else old
        if new is not old or not (has_parts or isinstance(owner, Instance)):
            set_attribute(p, owner, target.attr, new)


IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.iadd,
    "subtract": operator.isub,
    "multiply": operator.imul,
    "divide": operator.itruediv,
    "floor_divide": operator.ifloordiv,
    "remainder": operator.imod,
    "power": operator.ipow,
    "matmul": operator.imatmul,
    "bitwise_and": operator.iand,
    "bitwise_or": operator.ior,
    "bitwise_xor": operator.ixor,
    "left_shift": operator.ilshift,
    "right_shift": operator.irshift,
}


def in_place(p: Parser, name: str, old: Abstract, value: Abstract) -> Abstract:
    """``old op= value``: the object itself where it can change, else the result."""
    if none_counts(p, [old, value]):
        return without_none(p, [old, value], lambda items: _in_place(p, name, *items), IN_PLACE[name])
    return _in_place(p, name, old, value)


def _in_place(p: Parser, name: str, old: Abstract, value: Abstract) -> Abstract:
    if isinstance(old, ListObject) and name == "add":
        if old.outside:
            p.unsupported("changing a list from outside the function is not supported", "return a new one")
        extend_list(p, old, value)
        return old
    changed = in_place_method(p, name, old, value)
    if changed is not None:
        return changed
    if isinstance(old, DictObject) and name == "bitwise_or":
        p.call(p.attribute(old, "update"), [value], {})
        return old
    result = binary(p, name, old, value)
    if isinstance(old, Complex) and isinstance(result, Complex) and not isinstance(old.re, Value):
        _replace(p, old.re, p.value(result.re))
        _replace(p, old.im, p.value(result.im))
        return old
    if not isinstance(old, Array | View):
        return result
    _replace(p, old, p.value(result))
    return old


def _replace(p: Parser, old: Array | View, new: Value) -> None:
    """Give an array a new content, which must have its shape."""
    content = p.read(old)
    if new.type.rank != content.type.rank:
        message = "the result of shape {} does not fit in place into shape {}"
        p.refuse(LocatedValueError, message.format(*map(show_shape, (new.type.shape, content.type.shape))))
    for have, want in zip(new.type.shape, content.type.shape, strict=True):
        fits = f"the result of shape {show_shape(new.type.shape)} does not fit in place into shape "
        require_same(p.build, have, want, fits + show_shape(content.type.shape))
    new = cast_same_kind(p, new, content.type.dtype)
    if isinstance(old, Array):
        p.build.name(new, content.hint)
    p.memory.write(p.build, old, new)
