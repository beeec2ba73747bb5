"""The graph becomes a kernel: each node as scalars, as part of a loop nest, or as an operation on whole arrays.

    prepare      composite rows expanded, products and sums fused, dead nodes dropped
    Usage        who reads what until when; which small arrays are scalars
    Plan         a block's nodes grouped into nests, in order
    nests, ...   instructions
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.config import Options
from symdiff.ir.graph import ACT, CONSTANT, FOR, IF, REQUIRE_EQUAL, TRY, WHILE, Block, Function, Node, Type, Value
from symdiff.lower.control import emit_structured
from symdiff.lower.emit import ErrorSite, index_const
from symdiff.lower.linalg import LINEAR_ALGEBRA, emit_linalg
from symdiff.lower.mapped import emit_mapped
from symdiff.lower.nests import emit_group
from symdiff.lower.prepare import prepare
from symdiff.lower.products import emit_matmul
from symdiff.lower.reuse import reuse_workspace
from symdiff.lower.scalar_nodes import emit_scalar
from symdiff.lower.schedule import REDUCTIONS, Group, Plan
from symdiff.lower.state import State, Stored
from symdiff.lower.stores import emit_store
from symdiff.lower.subscript import subscript
from symdiff.lower.tidy import tidy
from symdiff.lower.usage import STORES, is_virtual
from symdiff.lower.whole import emit_whole
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.kernel import Buffer, Const, Kernel, Local, Operand, Result, ResultSpec

__all__ = ["ErrorSite", "Lowered", "lower"]


@dataclass(frozen=True)
class Lowered:
    """A kernel, and what its errors mean.

    Attributes
    ----------
    kernel : Kernel
        Parameters in the order of the function's, one result slot for each of its results.
    errors : dict
        `ErrorSite` by the status with which the kernel was left. Status 1 asks for a variant of known sizes.
    sites : tuple
        For each number that an `Invoke` passes: the statement or draw, and the kinds and dtypes of its values.
    broadcasts : tuple of ErrorSite
        For each number that comes with status 1: where a size may be 1 and broadcast.
    """

    kernel: Kernel
    errors: dict[int, ErrorSite]
    sites: tuple[tuple[Any, tuple[str, ...]], ...] = ()
    broadcasts: tuple[ErrorSite, ...] = ()


def lower(function: Function, options: Options) -> Lowered:
    """Lower a graph to loops.

    Parameters
    ----------
    function : Function
        The graph; dimensions that are values are run-time sizes.
    options : Options
        ``fastmath``, ``strict`` and ``boundscheck`` have a meaning here.
    """
    prepared = prepare(function, fma=not options.strict)
    state = State(prepared, options)
    # random generators are numbered, the parameters first
    state.generators = {p: n for n, p in enumerate(p for p in prepared.params if p.type.kind == "object")}
    params = tuple(_param(state, p) for p in prepared.params if p.type.kind != "object")
    _plan_outputs(state)
    _emit_block(state, prepared.block)
    _emit_results(state)
    specs = tuple(ResultSpec(_result_kind(r.type)) for r in prepared.results)
    body = reuse_workspace(tidy(tuple(state.k.scope.instructions)))
    kernel = Kernel(_identifier(function.name), params, body, specs, noalias=True, fastmath=options.fastmath)
    return Lowered(kernel, state.k.errors, tuple(state.k.sites), tuple(state.k.broadcasts))


def _identifier(name: str) -> str:
    return name if name.isidentifier() else "kernel"


def _result_kind(type_: Type) -> str:
    if type_.is_array:
        return f"array:{KERNEL_TYPE[type_.dtype]}"
    return {"float64": "float", "float32": "float32", "int64": "int", "int32": "int", "bool": "bool"}[type_.dtype]


# -- parameters and results --------------------------------------------------------------------------------------------


def _param(state: State, param: Value) -> Local | Buffer:
    """A parameter of the kernel; the first with a dimension binds it."""
    type_ = KERNEL_TYPE[param.type.dtype]
    if not param.type.is_array:
        local = state.k.define(Local(type_, param.hint or "x"))
        state.set(param, local)
        return local
    for dim in param.type.shape:
        if isinstance(dim, Value) and dim not in state.reps:
            size = state.k.define(Local("i64", dim.hint or "n"))
            state.k.bounds.size(size)
            state.bound.add(size)
            state.set(dim, size)
    buffer = Buffer(param.hint or "x", type_, state.dims(param.type))
    state.set(param, Stored(buffer))
    return buffer


def _plan_outputs(state: State) -> None:
    """Find the arrays that end up as results, so that they are made in the caller's array from the start."""
    function = state.function
    for slot, result in enumerate(function.results):
        value: Value | None = result if result.type.is_array else None
        while value is not None and value not in state.slots and value not in function.params:
            state.slots[value] = slot
            value = _forerunner(state, value)


def _forerunner(state: State, value: Value) -> Value | None:
    """The array that a value of the outermost block is made from in place."""
    node = state.usage.definition.get(value)
    if node is None:
        return None
    if node.op.name in STORES:
        operand = 0
    elif node.op in (FOR, WHILE):
        operand = (3 if node.op is FOR else 0) + node.outputs.index(value)
    else:
        return None
    block = state.function.block
    dies = state.usage.dies(node.inputs[operand], block, state.usage.position[node], operand)
    return node.inputs[operand] if dies else None


def _emit_results(state: State) -> None:
    k = state.k
    given: set[int] = set()
    for slot, result in enumerate(state.function.results):
        if not result.type.is_array:
            value = state.scalar(result)
            k.append(Result(slot, k.i64(value) if value.type == "i32" else value))
            continue
        buffer = state.filled.get(slot)
        if buffer is None:
            buffer = Buffer(result.hint or "result", KERNEL_TYPE[result.type.dtype], state.dims(result.type))
            k.output(buffer, slot)
        if state.spilled.get(result) is not buffer:
            state.write(buffer, result)
        given.add(slot)


# -- blocks ------------------------------------------------------------------------------------------------------------


def _emit_block(state: State, block: Block, heirs: Sequence[tuple[Value, Value, Buffer]] = ()) -> None:
    """Emit the nodes of a block; its results are read by the caller.

    An heir is a result that replaces a param at the end of a trip: where nothing reads the param any more when the
    result is computed, it is computed into the param's buffer.
    """
    plan = Plan(block, state.usage, state.sizes)
    for result, param, buffer in heirs:
        if plan.may_replace(result, param) and state.sizes.same(result.type.shape, param.type.shape):
            state.targets.setdefault(result, buffer)
    for step in plan.steps:
        if isinstance(step, Group):
            emit_group(state, step, plan.stored)
        else:
            _emit_node(state, step, state.usage.position[step])


def _emit_node(state: State, node: Node, position: int) -> None:
    state.k.where = node.where
    if node.op is CONSTANT:
        _emit_constant(state, node)
    elif node.op is REQUIRE_EQUAL:
        _emit_require(state, node)
    elif node.op is ACT:
        _emit_act(state, node)
    elif node.op in (IF, FOR, WHILE, TRY):
        emit_structured(state, node, position, lambda *args: _emit_block(state, *args))
    elif is_virtual(node):
        emit_mapped(state, node)
    elif node.op.name in STORES:
        emit_store(state, node, position)
    elif node.op.name == "matmul":
        emit_matmul(state, node)
    elif node.op.name in LINEAR_ALGEBRA:
        emit_linalg(state, node)
    elif not node.outputs[0].type.is_array:
        _emit_scalar_node(state, node)
    else:
        emit_whole(state, node)


def _emit_scalar_node(state: State, node: Node) -> None:
    k, name = state.k, node.op.name
    if getattr(node.op, "elementwise", False):
        state.set(node.output, emit_scalar(state, node))
    elif name == "index":
        x = node.inputs[0]
        place = subscript(state, x, node, 1).locate(())
        if not all(isinstance(index, Const) for index in place):
            state.ready(x)
        state.set(node.output, state.read(x, place))
    elif name in REDUCTIONS and not node.inputs[0].type.is_array:
        state.set(node.output, k.convert(state.scalar(node.inputs[0]), KERNEL_TYPE[node.output.type.dtype]))
    elif name in ("reshape", "broadcast_to", "transpose"):
        x = node.inputs[0]
        state.set(node.output, state.read(x, [index_const(0)] * x.type.rank))
    else:
        emit_whole(state, node)


def _emit_constant(state: State, node: Node) -> None:
    value = node.attrs["value"]
    type_ = KERNEL_TYPE[node.output.type.dtype]
    state.set(node.output, state.k.operand(value, type_))


def _emit_act(state: State, node: Node) -> None:
    """A statement that Python runs."""
    site = node.attrs["site"]
    if site.raises and any(clause.catches(site.kind) for clauses in state.catching for clause in clauses):
        state.k.fail(site.kind)
        return
    args = [state.buffer(v) if v.type.is_array else state.scalar(v) for v in node.inputs]
    state.k.invoke(node.attrs["site"], [f"{v.type.kind} {v.type.dtype}" for v in node.inputs], args)


def _emit_require(state: State, node: Node) -> None:
    """Two sizes must be equal. One of 1 may be meant to broadcast, which only a variant of known sizes can do."""
    k = state.k
    a, b = (state.dim(v) for v in node.inputs)
    equal = k.eq(a, b)
    if isinstance(equal, Const) and equal.value:
        return
    broadcasts: Operand = Const(False, "i1")
    for size in (a, b):
        if size not in state.bound:
            broadcasts = k.or_(broadcasts, k.eq(size, 1))
    what = node.attrs.get("message", "")
    k.check_respecialise(k.or_(equal, k.not_(broadcasts)), what)
    message = what.replace("{", "{{").replace("}", "}}") or "sizes {0} and {1} differ"
    k.check(equal, node.attrs.get("error", "ShapeError"), message, (a, b))
    pairs = zip((a, b), node.inputs, strict=True)
    state.checked.unite(*(int(size.value) if isinstance(size, Const) else value for size, value in pairs))


