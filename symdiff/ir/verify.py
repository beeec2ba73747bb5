"""The verifier: definition before use, fitting blocks, and every type inferred once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

from symdiff.errors import InternalError, SymdiffError
from symdiff.ir.build import Builder, python_type
from symdiff.ir.graph import (
    ACT,
    CONSTANT,
    FOR,
    IF,
    REQUIRE_EQUAL,
    TRY,
    WHILE,
    Block,
    Function,
    Node,
    Type,
    Value,
    dims_in,
)

__all__ = ["verify"]


def verify(function: Function) -> Function:
    """Check a function, and return it.

    Raises
    ------
    InternalError
        Naming the node, its place and what is wrong with it.
    """
    check = _Verifier(function)
    check.block(function.block)
    return function


class _Verifier:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.visible: set[Value] = {dim for dim, _, _ in function.bound_dimensions()}
        self.defined: set[Value] = set(self.visible)
        self.definitions: dict[Value, Node] = {}

    def fail(self, node: Node | None, message: str) -> NoReturn:
        name = f"node {node.op.name!r}" if node is not None else "the block"
        where = node.where if node is not None else None
        raise InternalError(f"{name} of {self.function.name!r} {message}", where)

    # -- definition before use -----------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        """Check all nodes. Blocks inside are entered and left on a stack of their own."""
        stack = [self.entered(block, None)]
        while stack:
            inner = next(stack[-1], None)
            if inner is None:
                stack.pop()
            else:
                stack.append(self.entered(*inner))

    def entered(self, block: Block, owner: Node | None) -> Iterator[tuple[Block, Node]]:
        """Check one block, yielding each block inside it where it stands."""
        added: list[Value] = []
        self.define(block.params, owner, added)
        for node in block.nodes:
            # sizes in the types of its outputs are checked where these are defined
            self.use(node.inputs, node)
            self.use(dims_in(node.attrs), node)
            for inner in node.blocks:
                yield inner, node
            self.node(node)
            self.define(node.outputs, node, added)
            for output in node.outputs:
                self.definitions[output] = node
        self.use(block.results, owner)
        self.visible.difference_update(added)

    def use(self, values: Iterable[Value], node: Node | None) -> None:
        for value in values:
            if value not in self.visible:
                state = "outside the block that defines it" if value in self.defined else "before it is defined"
                self.fail(node, f"reads {value!r} {state}")

    def define(self, values: Sequence[Value], node: Node | None, added: list[Value]) -> None:
        for value in values:
            if value in self.defined:
                self.fail(node, f"defines {value!r} a second time")
            self.defined.add(value)
            self.visible.add(value)
            added.append(value)
        # a parameter may be the size of another one
        for value in values:
            self.use((d for d in value.type.shape if isinstance(d, Value)), node)

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def node(self, node: Node) -> None:
        if node.op is CONSTANT:
            self.same_types(node, [python_type(node.attrs["value"])], [v.type for v in node.outputs], "the constant")
        elif node.op is REQUIRE_EQUAL:
            self.sizes(node)
        elif node.op is ACT:
            self.act(node)
        elif node.op is IF:
            self.branches(node)
        elif node.op is FOR or node.op is WHILE:
            self.loop(node)
        elif node.op is TRY:
            parts = (len(node.inputs), len(node.blocks), len(node.outputs))
            self.arity(node, parts == (0, 1, 1), "has the wrong number of parts")
        elif node.blocks:
            self.fail(node, "has blocks")
        else:
            self.row(node)

    def sizes(self, node: Node) -> None:
        if len(node.inputs) != 2 or node.outputs or any(v.type.shape or not v.type.is_integer for v in node.inputs):
            self.fail(node, "must compare two integers")

    def act(self, node: Node) -> None:
        self.arity(node, not node.outputs and len(node.inputs) == node.attrs["site"].count, "passes the wrong values")

    def branches(self, node: Node) -> None:
        self.arity(node, len(node.inputs) == 1 and len(node.blocks) == 2, "takes a condition and two blocks")
        self.scalar(node, node.inputs[0], "the condition")
        for block in node.blocks:
            self.arity(node, not block.params, "has blocks with parameters")
            self.same_kinds(
                node, [v.type for v in block.results], [v.type for v in node.outputs], "the results of a block"
            )

    def loop(self, node: Node) -> None:
        is_for = node.op is FOR
        blocks, bounds = (1, 3) if is_for else (2, 0)
        self.arity(node, len(node.blocks) == blocks and len(node.inputs) >= bounds, "has the wrong number of parts")
        types = [v.type for v in node.outputs]
        for bound in node.inputs[:bounds]:
            self.scalar(node, bound, "a bound")
        self.same_kinds(node, [v.type for v in node.inputs[bounds:]], types, "the initial values")
        for block in node.blocks:
            params = block.params[1:] if is_for else block.params
            self.same_kinds(node, [v.type for v in params], types, "the carried values")
        self.same_kinds(node, [v.type for v in node.blocks[-1].results], types, "the results of the body")
        if is_for:
            self.scalar(node, node.blocks[0].params[0], "the index")
        else:
            self.arity(node, len(node.blocks[0].results) == 1, "has a test with several results")
            self.scalar(node, node.blocks[0].results[0], "the test")

    def arity(self, node: Node, holds: bool, message: str) -> None:
        if not holds:
            self.fail(node, message)

    def scalar(self, node: Node, value: Value, what: str) -> None:
        if value.type.shape or value.type.kind == "stack":
            self.fail(node, f"has {what} that is not a scalar: {show_type(value.type)}")

    def row(self, node: Node) -> None:
        """Infer the types of a row once more, in a builder whose nodes are thrown away."""
        probe = Builder(raising=any(v.type.kind == "python" for v in node.outputs))
        probe.definitions = dict_view(self.definitions)
        probe.where = node.where
        try:
            types: Any = node.op.infer(probe, node.inputs, dict(node.attrs))  # type: ignore[attr-defined]
        except SymdiffError as error:
            self.fail(node, f"does not accept its inputs: {error.message}")
        types = [types] if isinstance(types, Type) else list(types)
        # a read from a tape gives NumPy's scalar where the graph had Python's: that matters only for what can raise
        may_raise = getattr(node.op, "fallible", False) and not node.attrs.get("unchecked")
        compare = self.same_types if may_raise else self.same_kinds
        compare(node, types, [v.type for v in node.outputs], "the inferred types")

    # -- types ---------------------------------------------------------------------------------------------------------

    def same_types(self, node: Node, found: Sequence[Type], recorded: Sequence[Type], what: str) -> None:
        self.same_kinds(node, found, recorded, what)
        for a, b in zip(found, recorded, strict=True):
            if a.kind != b.kind:
                self.fail(node, f"has outputs of types {show_types(recorded)}, but {what} {show_types(found)}")

    def same_kinds(self, node: Node, found: Sequence[Type], recorded: Sequence[Type], what: str) -> None:
        """As many types, alike but for Python's and NumPy's scalars."""
        if len(found) != len(recorded) or not all(map(_alike, found, recorded)):
            self.fail(node, f"has outputs of types {show_types(recorded)}, but {what} {show_types(found)}")


def dict_view(definitions: dict[Value, Node]) -> dict[Value, Node]:
    """Definitions a probing builder may add to without changing ours."""
    return _Layered(definitions)


class _Layered(dict[Value, Node]):
    """A dict over another one."""

    def __init__(self, below: dict[Value, Node]) -> None:
        super().__init__()
        self.below = below

    def get(self, key: Value, default: Any = None) -> Any:
        return super().get(key) or self.below.get(key, default)


def _alike(a: Type, b: Type) -> bool:
    stacks = (a.kind == "stack") == (b.kind == "stack")
    return stacks and a.dtype == b.dtype and a.rank == b.rank and all(map(_may_equal, a.shape, b.shape))


def _may_equal(a: Any, b: Any) -> bool:
    """Sizes that are values are compared when the program runs, if at all: two formulas may say the same."""
    return isinstance(a, Value) or isinstance(b, Value) or a == b


def show_type(type_: Type) -> str:
    """A type in a message."""
    sizes = ", ".join(str(d) if isinstance(d, int) else (d.hint or "?") for d in type_.shape)
    return f"{type_.kind} {type_.dtype}[{sizes}]"


def show_types(types: Sequence[Type]) -> str:
    return f"({', '.join(map(show_type, types))})"
