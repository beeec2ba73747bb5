"""Forward mode: from a graph to the graph of its value and of its derivative along given tangents.

The nodes stay in their order, each followed by those of its tangent; the tangents of what a loop carries and of what a
branch gives stand beside the values. Only values that vary have a tangent: a zero is made where a row or a block needs
one, and nowhere else.

The rows are shared with reverse mode. The rule of an elementwise row multiplies a cotangent by a derivative, element by
element, so it pushes a tangent forward as well. A row that is linear is applied to the tangents. Others may say in the
column ``jvp`` how; and where nothing is said, the rule of reverse mode is transposed: it is linear in its cotangent, so
reverse mode applied to the rule itself, by its cotangent, gives the derivative forward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symdiff.errors import InternalError
from symdiff.ir.build import Builder
from symdiff.ir.graph import FOR, IF, NO_ATTRS, TRY, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.rewrite import references, substitute
from symdiff.ops import REGISTRY, Primitive, Traced
from symdiff.ops.given import given
from symdiff.ops.kinks import SLOPE, with_slope
from symdiff.ops.primitive import numeric_attrs
from symdiff.transform.activity import can_vary, carried, differentiable_inputs, varied_values
from symdiff.transform.adjoint import differentiate
from symdiff.transform.cotangents import Contribution, fitted, spread
from symdiff.transform.dce import eliminate_dead_code
from symdiff.transform.given import pushed
from symdiff.transform.preparation import all_definitions
from symdiff.transform.webs import stacks_that_vary

__all__ = ["push_forward"]

Tangents = dict[Value, Value]


def push_forward(
    function: Function, wrt: Sequence[int], tangents: Sequence[Value], *, name: str, value: bool
) -> Function:
    """The derivative of a function along tangents, as a function.

    Parameters
    ----------
    function : Function
        The primal.
    wrt : sequence of int
        Positions of the parameters that vary.
    tangents : sequence of Value
        For each of them: a new value that becomes a parameter and holds its tangent, or the primal's own parameter to
        mean a tangent of one.
    name : str
        Name of the new function.
    value : bool
        Whether the primal's results are returned, before the tangents.

    Returns
    -------
    Function
        Parameters: those of the primal, then the tangents. Results: those of the primal if asked for, then one tangent
        for each of them that is a float, of its dtype and shape.
    """
    return _Forward(function, dict(zip((function.params[k] for k in wrt), tangents, strict=True))).build(name, value)


class _Forward:
    def __init__(self, function: Function, seeds: Mapping[Value, Value]) -> None:
        self.function, self.seeds = function, seeds
        self.varied = varied_values(function.block, seeds)
        stacks = stacks_that_vary(function.block, self.varied)
        if stacks:
            self.varied = varied_values(function.block, [*seeds, *stacks])

    def build(self, name: str, value: bool) -> Function:
        build = Builder(raising=False)
        build.definitions.update(all_definitions(self.function.block))
        known: Tangents = {p: build.constant(1.0) if t is p else t for p, t in self.seeds.items()}
        self.block(self.function.block, known, build)
        results = self.function.results
        found = [self.total(r, known, build) for r in results if can_vary(r)]
        params = (*self.function.params, *(t for p, t in self.seeds.items() if t is not p))
        return Function(name, Block(params, tuple(build.nodes), (*(results if value else ()), *found)))

    def total(self, value: Value, known: Tangents, build: Builder) -> Value:
        """The tangent of a value, made if it is zero."""
        found = known.get(value)
        return _zero(value.type, value.type.dtype, build) if found is None else found

    # -- blocks --------------------------------------------------------------------------------------------------------

    def block(self, block: Block, known: Tangents, build: Builder) -> None:
        """Append the nodes of a block with those of their tangents."""
        for node in block.nodes:
            build.where = node.where
            if node.op is IF:
                self.branch(node, known, build)
            elif node.op is FOR or node.op is WHILE:
                self.loop(node, known, build)
            elif node.op is TRY:
                build.append(node)
            elif node.blocks:
                raise InternalError(f"forward mode does not know {node.op.name!r}", node.where)
            else:
                build.append(node)
                if any(o in self.varied for o in node.outputs):
                    self.row(node, known, build)

    def inside(self, block: Block, known: Tangents, build: Builder, chosen: Sequence[int]) -> tuple[Value, ...]:
        """Append a whole block to the builder of its own; its results, then the tangents of those chosen."""
        self.block(block, known, build)
        return (*block.results, *(self.total(block.results[k], known, build) for k in chosen))

    def branch(self, node: Node, known: Tangents, build: Builder) -> None:
        chosen = [k for k, o in enumerate(node.outputs) if o in self.varied]
        blocks = []
        for block in node.blocks:
            inner = build.inner()
            results = self.inside(block, dict(known), inner, chosen)
            blocks.append(inner.finish((), results))
        self.append(node, node.inputs, tuple(blocks), chosen, known, build)

    def loop(self, node: Node, known: Tangents, build: Builder) -> None:
        initials, params = carried(node)
        chosen = [k for k, p in enumerate(params) if p in self.varied]
        starts = [self.total(initials[k], known, build) for k in chosen]
        *tests, body = node.blocks
        blocks = [self._test(test, chosen, build) for test in tests]
        tangents = [_tangent_of(params[k]) for k in chosen]
        inner = build.inner()
        own = {**known, **{params[k]: t for k, t in zip(chosen, tangents, strict=True)}}
        results = self.inside(body, own, inner, chosen)
        blocks.append(inner.finish((*body.params, *tangents), results))
        self.append(node, (*node.inputs, *starts), tuple(blocks), chosen, known, build)

    def _test(self, test: Block, chosen: Sequence[int], build: Builder) -> Block:
        """The test of a ``while``, which takes all that is carried and reads no tangent."""
        return Block((*test.params, *(_tangent_of(test.params[k]) for k in chosen)), test.nodes, test.results)

    def append(
        self,
        node: Node,
        inputs: tuple[Value, ...],
        blocks: tuple[Block, ...],
        chosen: Sequence[int],
        known: Tangents,
        build: Builder,
    ) -> None:
        """Append a branch or loop with the tangents of its outputs beside them."""
        more = [_tangent_of(node.outputs[k]) for k in chosen]
        build.append(Node(node.op, inputs, (*node.outputs, *more), node.attrs, blocks, node.where))
        known.update((node.outputs[k], t) for k, t in zip(chosen, more, strict=True))

    # -- rows ----------------------------------------------------------------------------------------------------------

    def row(self, node: Node, known: Tangents, build: Builder) -> None:
        """Append the tangents of what a row gives."""
        if node.op is given:
            moved = pushed(node, lambda v: self.total(v, known, build), build, differentiate)
            known.update((o, _fitted(Traced(build, t), o, build)) for o, t in zip(node.outputs, moved, strict=True))
            return
        row: Any = node.op
        attrs = numeric_attrs(node.attrs)
        active = {i: known[node.inputs[i]] for i in differentiable_inputs(node) if node.inputs[i] in known}
        if row.jvp is not None and SLOPE not in node.attrs:
            along = tuple(_traced(build, active.get(i)) for i in range(len(node.inputs)))
            found = row.jvp(along, _output(node, build), *(Traced(build, v) for v in node.inputs), **attrs)
        elif row.linear and not (row.elementwise and _is_real(node)):
            found = _applied(node, active, build)
        else:
            found = self._added_up(node, active, attrs, build)
        parts = found if isinstance(found, tuple) else (found,)
        for output, part in zip(node.outputs, parts, strict=True):
            if part is not None and output in self.varied:
                known[output] = _fitted(part, output, build)

    def _added_up(self, node: Node, active: Mapping[int, Value], attrs: dict[str, Any], build: Builder) -> Any:
        """The sum of what each argument contributes."""
        row: Any = node.op
        total: list[Traced | None] = [None] * len(node.outputs)
        for i, tangent in active.items():
            if row.elementwise and _is_real(node):
                along, operands = Traced(build, tangent), [Traced(build, v) for v in node.inputs]
                part = row.vjp[i](along, _output(node, build), *operands, **attrs)
                if part is not None and SLOPE in node.attrs:
                    part = with_slope(row.kink, i, node.attrs[SLOPE], part, along, *operands)
                parts: Sequence[Any] = (part,)
            else:
                parts = _transposed(node, i, tangent, attrs, build)
            for k, more in enumerate(parts):
                if more is not None:
                    so_far = total[k]
                    total[k] = _lifted(more, build) if so_far is None else so_far + more
        return tuple(total)


def _is_real(node: Node) -> bool:
    """Whether no complex number takes part: with one, a rule of reverse mode may conjugate."""
    return not any(v.type.dtype.startswith("complex") for v in (*node.inputs, *node.outputs))


def _output(node: Node, build: Builder) -> Any:
    """What the rules get as y."""
    made = tuple(Traced(build, o) for o in node.outputs)
    return made if len(made) > 1 else made[0]


def _traced(build: Builder, tangent: Value | None) -> Traced | None:
    return None if tangent is None else Traced(build, tangent)


def _lifted(part: Any, build: Builder) -> Traced:
    return part if isinstance(part, Traced) else Traced(build, build.constant(part))


def _fitted(part: Any, output: Value, build: Builder) -> Value:
    """A tangent with the shape and dtype of its value."""
    made = _lifted(part, build)
    if output.type.kind == "stack":
        return made.value
    if made.type.dtype != output.type.dtype:
        made = REGISTRY["convert"](made, dtype=output.type.dtype, kind="numpy")
    if made.shape != output.type.shape:
        made = spread(made, output.type.shape)
    return build.name(made.value, _hint(output)) if made.value is not output else made.value


def _applied(node: Node, active: Mapping[int, Value], build: Builder) -> Any:
    """A linear row applied to the tangents of its arguments; its shapes are those of the values."""
    row: Any = node.op
    attrs = {k: v for k, v in node.attrs.items() if k != "unchecked"}
    if "kind" in attrs:
        attrs["kind"] = "numpy"
    if row.name == "new_stack":
        return Traced(build, build.add(row, **attrs))
    linear = set(differentiable_inputs(node))
    dtype = next(o.type.dtype for o in node.outputs if can_vary(o))
    inputs = [
        v if i not in linear else active[i] if i in active else _zero(v.type, dtype, build)
        for i, v in enumerate(node.inputs)
    ]
    types = row.infer(Builder(build), tuple(inputs), dict(attrs))
    types = (types,) if isinstance(types, Type) else types
    outputs = tuple(
        Value(Type(t.dtype, o.type.shape, t.kind), _hint(o), node.where)
        for t, o in zip(types, node.outputs, strict=True)
    )
    build.append(Node(row, tuple(inputs), outputs, attrs or NO_ATTRS, (), node.where))
    made = tuple(Traced(build, o) for o in outputs)
    return made if len(made) > 1 else made[0]


def _transposed(node: Node, i: int, tangent: Value, attrs: dict[str, Any], build: Builder) -> list[Any]:
    """What the tangent of one argument contributes to each output, by reverse mode through the rule itself."""
    row: Primitive = node.op  # type: ignore[assignment]
    inner = build.inner()
    cotangents = {o: Value(Type(o.type.dtype, o.type.shape), "g", node.where) for o in node.outputs if can_vary(o)}
    parts = [Traced(inner, cotangents[o]) if o in cotangents else None for o in node.outputs]
    rule: Any = row.vjp[i]
    pulled = rule(
        tuple(parts) if len(parts) > 1 else parts[0],
        _output(node, inner),
        *(Traced(inner, v) for v in node.inputs),
        **attrs,
    )
    if pulled is None:
        return [None] * len(node.outputs)
    x = node.inputs[i]
    result = fitted(Contribution(_lifted(pulled, inner)), x.type).value.value
    gs = tuple(cotangents.values())
    function = Function(row.name, Block(gs, tuple(inner.nodes), (result,)))
    made = differentiate(function, range(len(gs)), (tangent,), name=row.name, value=False)
    made = eliminate_dead_code(made)
    mapping = {g: _zero(g.type, g.type.dtype, build) for g in _mentioned(made.block.nodes, gs)}
    for copied in substitute(made.block.nodes, mapping):
        build.append(copied)
    found = {o: mapping.get(r, r) for o, r in zip(cotangents, made.results, strict=True)}
    return [Traced(build, found[o]) if o in found else None for o in node.outputs]


def _mentioned(nodes: Sequence[Node], values: Sequence[Value]) -> list[Value]:
    """Those of the values that the nodes read: of a cotangent by which a rule is linear, at most its shape counts."""
    read = {v for node in nodes for v in references(node)}
    return [v for v in values if v in read]


# -- types -------------------------------------------------------------------------------------------------------------


def _hint(value: Value) -> str:
    return f"{value.hint}_dot" if value.hint else ""


def _tangent_of(value: Value) -> Value:
    """A new value that holds a tangent: Python and NumPy scalars may both arrive."""
    kind = "stack" if value.type.kind == "stack" else "numpy"
    return Value(Type(value.type.dtype, value.type.shape, kind), _hint(value), value.where)


def _zero(type_: Type, dtype: str, build: Builder) -> Value:
    """A tangent of zero."""
    zero = build.constant(0.0)
    if type_.kind == "stack":
        return build.add(REGISTRY["new_stack"], dtype=type_.dtype, shape=type_.shape)
    if not type_.shape:
        return zero
    return build.add(REGISTRY["full"], zero, shape=type_.shape, dtype=dtype)
