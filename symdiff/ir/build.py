"""The builder: appends nodes to a block, infers their types, and shares what is equal.

Rules, the front end and every pass build graphs with it, so type inference, folding of sizes and the numbering of equal
values happen in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from symdiff.errors import Location, SymdiffError, located
from symdiff.ir.graph import CONSTANT, FOR, IF, NO_ATTRS, REQUIRE_EQUAL, WHILE, Block, Dim, Node, Op, Type, Value

__all__ = ["Builder", "python_type"]


def python_type(value: object) -> Type:
    """Type of a Python or NumPy scalar constant."""
    match value:
        case bool():
            return Type("bool", (), "python")
        case int():
            return Type("int64", (), "python")
        case float() if type(value) is float:
            return Type("float64", (), "python")
    return Type(str(value.dtype), (), "numpy")  # type: ignore[attr-defined]


def _join(a: Type, b: Type) -> Type:
    """Type of a value that is one of two: a Python scalar beside a NumPy scalar is treated as NumPy's."""
    return a if a.kind == b.kind or a.kind != "python" else b


class Builder:
    """Appends nodes to one block.

    Parameters
    ----------
    parent : Builder, optional
        The builder of the enclosing block, whose values are visible here.
    raising : bool
        Whether operations on Python scalars raise as Python does. Off in reverse sweeps, which follow IEEE arithmetic.
    """

    def __init__(self, parent: Builder | None = None, *, raising: bool | None = None) -> None:
        self.parent = parent
        self.nodes: list[Node] = []
        self.where: Location | None = parent.where if parent else None
        self.raising: bool = raising if raising is not None else (parent.raising if parent else True)
        self.definitions: dict[Value, Node] = parent.definitions if parent else {}
        self._equal: dict[object, tuple[Value, ...]] = {}

    # -- errors ------------------------------------------------------------------------------------------------------

    def refuse(self, kind: type[SymdiffError], message: str, hint: str = "") -> NoReturn:
        """Raise a located error about the node being built."""
        raise located(kind, message, self.where, hint)

    # -- nodes -------------------------------------------------------------------------------------------------------

    def add(self, op: Op, *inputs: Value, hint: str = "", **attrs: Any) -> Value:
        """Append a node with one output and return it."""
        (value,) = self.add_many(op, inputs, attrs, hint)
        return value

    def add_many(self, op: Any, inputs: Sequence[Value], attrs: Mapping[str, Any], hint: str = "") -> tuple[Value, ...]:
        """Append a node whose types the op's row infers; an equal node already visible is shared instead."""
        inputs = tuple(inputs)
        key = self._key(op, inputs, attrs)
        if key is not None and (known := self._find(key)):
            return known
        types = op.infer(self, inputs, attrs)
        types = (types,) if isinstance(types, Type) else types
        outputs = tuple(Value(t, hint, self.where) for t in types)
        self.append(Node(op, inputs, outputs, dict(attrs) or NO_ATTRS, (), self.where))
        if key is not None:
            self._equal[key] = outputs
        return outputs

    def append(self, node: Node) -> Node:
        """Append a finished node."""
        self.nodes.append(node)
        if node.op is REQUIRE_EQUAL:
            self._equal["same", frozenset(node.inputs)] = node.inputs
        for output in node.outputs:
            self.definitions[output] = node
        return node

    def constant(self, value: object, hint: str = "") -> Value:
        """A literal: Python bool, int or float, or a NumPy scalar."""
        # repr tells 0.0 from -0.0 and 1 from 1.0 and True, and finds nan again
        key = (CONSTANT, type(value), repr(value))
        if known := self._find(key):
            return known[0]
        output = Value(python_type(value), hint, self.where)
        self.append(Node(CONSTANT, (), (output,), {"value": value}, (), self.where))
        self._equal[key] = (output,)
        return output

    def _key(self, op: Any, inputs: tuple[Value, ...], attrs: Mapping[str, Any]) -> object | None:
        if not getattr(op, "pure", False):
            return None
        return (op, inputs, tuple(sorted(attrs.items())), self.raising)

    def _find(self, key: object) -> tuple[Value, ...] | None:
        scope: Builder | None = self
        while scope is not None:
            if known := scope._equal.get(key):
                return known
            scope = scope.parent
        return None

    def name(self, value: Value, hint: str, *, force: bool = False) -> Value:
        """Suggest a name for a value that has none (names are cosmetic, so this is no change of the graph)."""
        if hint and (force or not value.hint):
            object.__setattr__(value, "hint", hint)
        return value

    # -- blocks ------------------------------------------------------------------------------------------------------

    def inner(self) -> Builder:
        """A builder for a block owned by a node that will be appended here."""
        return Builder(self)

    def finish(self, params: Sequence[Value], results: Sequence[Value]) -> Block:
        return Block(tuple(params), tuple(self.nodes), tuple(results))

    def if_(
        self,
        condition: Value,
        then: Block,
        otherwise: Block,
        hints: Sequence[str] = (),
        types: Sequence[Type] | None = None,
    ) -> tuple[Value, ...]:
        """Append an ``if``; both blocks have as many results, of the same types up to kind."""
        types = types or [_join(a.type, b.type) for a, b in zip(then.results, otherwise.results, strict=True)]
        return self._structured(IF, (condition,), (then, otherwise), types, hints)

    def for_(
        self,
        start: Value,
        stop: Value,
        step: Value,
        initials: Sequence[Value],
        body: Block,
        hints: Sequence[str] = (),
        *,
        reverse: bool = False,
        attrs: Mapping[str, Any] = NO_ATTRS,
    ) -> tuple[Value, ...]:
        """Append a ``for`` over ``range(start, stop, step)``, or over that range reversed.

        The params of the body are the index and the carried values.
        """
        types = [p.type for p in body.params[1:]]
        attrs = {**attrs, "reversed": True} if reverse else attrs
        return self._structured(FOR, (start, stop, step, *initials), (body,), types, hints, attrs)

    def while_(
        self,
        initials: Sequence[Value],
        test: Block,
        body: Block,
        hints: Sequence[str] = (),
        *,
        attrs: Mapping[str, Any] = NO_ATTRS,
    ) -> tuple[Value, ...]:
        """Append a ``while``; test and body have the carried values as params, test has one result."""
        return self._structured(WHILE, tuple(initials), (test, body), [p.type for p in body.params], hints, attrs)

    def _structured(
        self,
        op: Op,
        inputs: tuple[Value, ...],
        blocks: tuple[Block, ...],
        types: Sequence[Type],
        hints: Sequence[str],
        attrs: Mapping[str, Any] = NO_ATTRS,
    ) -> tuple[Value, ...]:
        names = list(hints) or [""] * len(types)
        outputs = tuple(Value(t, h, self.where) for t, h in zip(types, names, strict=True))
        self.append(Node(op, inputs, outputs, attrs, blocks, self.where))
        return outputs

    # -- sizes -------------------------------------------------------------------------------------------------------

    def constant_of(self, value: Value) -> Any | None:
        """The Python constant a value is known to be, or None."""
        node = self.definitions.get(value)
        return node.attrs["value"] if node is not None and node.op is CONSTANT else None

    def dim(self, value: Value | int) -> Dim:
        """A dimension from an integer value: the int itself where it is known."""
        if isinstance(value, int):
            return value
        known = self.constant_of(value)
        return int(known) if known is not None else value

    def size(self, dim: Dim) -> Value:
        """A dimension as an integer value."""
        return dim if isinstance(dim, Value) else self.constant(dim)

    def known_equal(self, a: Dim, b: Dim) -> bool:
        """Whether two sizes were already required to be equal where this block is reached."""
        return self._find(("same", frozenset((self.size(a), self.size(b))))) is not None
