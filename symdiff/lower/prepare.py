"""Rewrites before loops are made: composite rows are expanded, products and sums are fused, what is dead is dropped.

The rule for ``fma`` looks only at the nodes that define a sum: a float product that is added to something else than a
product is fused, whatever else uses it. So a value has the same bits in every function that contains it. A sum of two
products is left alone: fusing one of them would make ``x * y - y * x`` differ from zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.ir.graph import FOR, IF, WHILE, Block, Function, Node, Op, Type, Value
from symdiff.lower.rebuild import Keeper, Rebuilder
from symdiff.ops.linalg import matmul
from symdiff.ops.primitive import REGISTRY, Traced
from symdiff.ops.reduction import sum_
from symdiff.ops.shaping import reshape, transpose
from symdiff.transform.dce import eliminate_dead_code

__all__ = ["FMA", "prepare"]


class _Fused(Op):
    """``a * b + c`` rounded once; ``signs`` say which of the product and the addend are negated."""

    pure = True
    elementwise = True
    checks = ()

    def __init__(self) -> None:
        super().__init__("fma")

    def input_dtypes(self, types: Sequence[Type], attrs: Any) -> tuple[str, ...]:
        return (attrs["dtype"],) * 3

    def kernel(self, k: Any, a: Any, b: Any, c: Any, dtype: str, negative: str) -> Any:
        return k.fma(k.neg(a) if negative == "product" else a, b, k.neg(c) if negative == "addend" else c)


FMA = _Fused()


def prepare(function: Function, *, fma: bool) -> Function:
    """Return the function as the rest of the lowering wants it.

    Parameters
    ----------
    function : Function
        Any graph.
    fma : bool
        Whether products and sums are fused.
    """
    return eliminate_dead_code(_Preparer(fma).function(function))


class _Preparer(Rebuilder):
    def __init__(self, fma: bool) -> None:
        super().__init__()
        self.fma = fma

    def row(self, build: Keeper, node: Node) -> Sequence[Value]:
        op: Any = node.op
        if getattr(op, "expand", None) is not None:
            return self._expanded(build, node, op.expand)
        if op is matmul and (expand := _product_as_sum(node)) is not None:
            return self._expanded(build, node, expand)
        if self.fma and op.name in ("add", "subtract") and op is REGISTRY.get(op.name):
            node = _fused(build, node) or node
        return build.keep(node)

    def _expanded(self, build: Keeper, node: Node, expand: Any) -> Sequence[Value]:
        """Build a row from simpler ones, which may be composite themselves."""
        scratch = Keeper(build, raising=False)
        scratch.where = node.where
        operands = [Traced(scratch, v) for v in node.inputs]
        made = expand(*operands, **node.attrs)
        made = made if isinstance(made, tuple) else (made,)
        results = [m.value if isinstance(m, Traced) else scratch.constant(m) for m in made]
        self.nodes(build, scratch.nodes)
        for result, output in zip(results, node.outputs, strict=True):
            build.name(self.value(result), output.hint)
        return self.values(results)

    def structured(self, build: Keeper, node: Node) -> None:
        """Values that a loop or branch hands through unchanged are not its business."""
        node = _without_invariants(node, self.mapping)
        super().structured(build, node)
        made = build.nodes[-1]
        if made.op is IF:
            for output, *results in zip(node.outputs, *(b.results for b in made.blocks), strict=True):
                # one value for both branches was made outside; the output is dead then
                if results[0] is results[1] and results[0].type == self.value(output).type:
                    self.mapping[output] = results[0]


def _without_invariants(node: Node, mapping: dict[Value, Value]) -> Node:
    if node.op not in (FOR, WHILE):
        return node
    first = 3 if node.op is FOR else 0
    body = node.blocks[-1]
    carried = body.params[1:] if node.op is FOR else body.params
    fixed = [r is p and r.type.kind != "stack" for p, r in zip(carried, body.results, strict=True)]
    initials = node.inputs[first:]
    fixed = [f and p.type == mapping.get(v, v).type for f, p, v in zip(fixed, carried, initials, strict=True)]
    if not any(fixed):
        return node
    for position, value in enumerate(initials):
        if fixed[position]:
            new = mapping.get(value, value)
            mapping[node.outputs[position]] = new
            for block in node.blocks:
                mapping[block.params[len(block.params) - len(carried) + position]] = new
    blocks = tuple(_block_without(b, fixed, is_test=b is not body) for b in node.blocks)
    keep = [not f for f in fixed]
    inputs = (*node.inputs[:first], *_kept(initials, keep))
    return Node(node.op, inputs, _kept(node.outputs, keep), node.attrs, blocks, node.where)


def _kept(values: Sequence[Value], keep: Sequence[bool]) -> tuple[Value, ...]:
    return tuple(v for v, k in zip(values, keep, strict=True) if k)


def _block_without(block: Block, fixed: Sequence[bool], *, is_test: bool) -> Block:
    lead = len(block.params) - len(fixed)
    keep = [not f for f in fixed]
    params = (*block.params[:lead], *_kept(block.params[lead:], keep))
    return Block(params, block.nodes, block.results if is_test else _kept(block.results, keep))


# -- products of vectors -----------------------------------------------------------------------------------------------


def _product_as_sum(node: Node) -> Any:
    """How a product with a vector is written as a sum of products, or None for a product of matrices."""
    left, right = (v.type.rank for v in node.inputs)
    return {(1, 1): _dot, (2, 1): _matrix_vector, (1, 2): _vector_matrix}.get((left, right))


def _dot(a: Any, b: Any) -> Any:
    return sum_(a * b, axis=(0,), keepdims=False)


def _matrix_vector(a: Any, v: Any) -> Any:
    if (flipped := _untransposed(a)) is not None:
        return _weighted_rows(v, flipped)
    return sum_(a * v, axis=(1,), keepdims=False)


def _vector_matrix(v: Any, a: Any) -> Any:
    if (flipped := _untransposed(a)) is not None:
        return sum_(flipped * v, axis=(1,), keepdims=False)
    return _weighted_rows(v, a)


def _weighted_rows(v: Any, a: Any) -> Any:
    return sum_(reshape(v, shape=(*v.shape, 1)) * a, axis=(0,), keepdims=False)


def _untransposed(a: Any) -> Any:
    """The matrix of which this is the transpose: rows are read along memory then."""
    node = a.build.definitions.get(a.value)
    if node is None or node.op is not transpose:
        return None
    return Traced(a.build, node.inputs[0])


# -- fused multiply-add ------------------------------------------------------------------------------------------------


def _fused(build: Keeper, node: Node) -> Node | None:
    dtype = node.output.type.dtype
    if not dtype.startswith("float"):
        return None
    minus = node.op.name == "subtract"
    products = [_product(build, v, dtype) for v in node.inputs]
    for product, addend, negative in zip(products, reversed(node.inputs), ("addend", "product"), strict=True):
        if product is not None and products.count(None) == 1:
            attrs = {"dtype": dtype, "negative": negative if minus else ""}
            return Node(FMA, (*product.inputs, addend), node.outputs, attrs, (), node.where)
    return None


def _product(build: Keeper, value: Value, dtype: str) -> Node | None:
    """The multiplication that gives the value, without a conversion after it."""
    made = build.definitions.get(value)
    is_product = made is not None and made.op is REGISTRY["multiply"] and value.type.dtype == dtype
    return made if is_product else None
