"""Operations on scalars: the row's instruction between conversions, and CPython's exceptions around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.ir.graph import Node
from symdiff.lower.scalars import Scalars, static
from symdiff.lower.state import State
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff.ops.primitive import numeric_attrs
from symdiff_codegen.kernel import Operand

__all__ = ["apply_row", "emit_scalar"]

OVERFLOW = "Python int too large to convert to C long"
CHECKED = {"add": "add_ok", "subtract": "sub_ok", "multiply": "mul_ok", "power": "ipow_ok"}
BOUNDED = {"add": "add", "subtract": "sub", "multiply": "mul"}


def apply_row(state: State, node: Node, operands: Sequence[Operand]) -> Operand:
    """An elementwise row on one element each, in NumPy's types and without checks."""
    k = state.k
    args = _converted(k, node, operands)
    return _finished(k, node, _kernel(k, node, args))


def emit_scalar(state: State, node: Node) -> Operand:
    """An elementwise row on scalars; on Python's, with its exceptions."""
    k = state.k
    operands = [state.scalar(v) for v in node.inputs]
    raises = node.output.type.kind == "python" and k.checks
    args = _converted(k, node, operands)
    if raises:
        _check_before(state, node, args)
    result = _kernel(k, node, args)
    if raises:
        _check_after(state, node, args, result)
    return _finished(k, node, result)


def _converted(k: Scalars, node: Node, operands: Sequence[Operand]) -> list[Operand]:
    op: Any = node.op
    if node.op.name == "convert":
        return list(operands)
    types = op.input_dtypes([v.type for v in node.inputs], dict(node.attrs))
    return [k.convert(o, KERNEL_TYPE[t]) for o, t in zip(operands, types, strict=True)]


def _kernel(k: Scalars, node: Node, args: Sequence[Operand]) -> Operand:
    op: Any = node.op
    k.hint = node.output.hint or ("t" if op.name == "fma" else op.name)
    if isinstance(op.kernel, str):
        result: Operand = getattr(k, op.kernel)(*args)
    else:
        result = op.kernel(k, *args, **numeric_attrs(node.attrs))
    k.hint = ""
    return result


def _finished(k: Scalars, node: Node, result: Any) -> Operand:
    type_ = KERNEL_TYPE[node.output.type.dtype]
    return k.convert(k.operand(result, type_), type_)


# -- exceptions --------------------------------------------------------------------------------------------------------


def _check_before(state: State, node: Node, args: Sequence[Operand]) -> None:
    for check in _applicable(node):
        if not check.after:
            _check(state, check, args)
    if args and args[0].type == "i64" and not node.attrs.get("unchecked"):
        _check_overflow(state, node, args)


def _check_after(state: State, node: Node, args: Sequence[Operand], result: Operand) -> None:
    for check in _applicable(node):
        if check.after:
            _check(state, check, (result, *args))


def _applicable(node: Node) -> list[Any]:
    op: Any = node.op
    if not op.checks or node.attrs.get("unchecked"):
        return []
    if op.name == "convert" and node.output.type.dtype != "int64":
        return []
    # int / int runs on floats, but fails with the words of ints
    kind = "float" if any(v.type.is_float for v in node.inputs) else "int"
    return [check for check in op.checks if check.on in ("", kind)]


def _check(state: State, check: Any, operands: Sequence[Operand]) -> None:
    state.k.hint = "ok"
    condition = state.k.operand(check.passes(state.k, *operands), "i1")
    state.k.check(condition, check.error, check.message.replace("{", "{{").replace("}", "}}"))
    state.k.hint = ""


def _check_overflow(state: State, node: Node, args: Sequence[Operand]) -> None:
    """Arithmetic of Python ints that does not fit into 64 bits."""
    k, name = state.k, node.op.name
    if node.output.type.dtype != "int64":
        return
    if name in ("negative", "absolute"):
        k.check(k.gt(args[0], -(2**63)), "OverflowError", OVERFLOW)
    elif name == "floor_divide":
        if static(args[1]) in (None, -1):
            k.check(k.or_(k.gt(args[0], -(2**63)), k.ne(args[1], -1)), "OverflowError", OVERFLOW)
    elif name in CHECKED and not (name in BOUNDED and k.bounds.fits(BOUNDED[name], args[0], args[1])):
        k.hint = "ok"
        k.check(k.let(CHECKED[name], *args), "OverflowError", OVERFLOW)
        k.hint = ""
