"""The reference interpreter: runs a graph with NumPy and plain Python, a node at a time.

It shares nothing with lowering, so that each can be tested against the other. Python scalars are Python objects here
and fail as CPython does; everything else is NumPy and follows IEEE arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.errors import LOCATED, InternalError, ShapeError, SymdiffError, kind_named, located
from symdiff.ir.graph import ACT, CONSTANT, FOR, IF, REQUIRE_EQUAL, TRY, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.rewrite import references
from symdiff.ops.arithmetic import FLOAT_POWER
from symdiff.ops.primitive import Primitive, numeric_attrs

__all__ = ["interpret"]

PYTHON_TYPE: Mapping[str, Callable[[Any], Any]] = {"float64": float, "int64": int, "bool": bool}
TOO_LARGE = "Python int too large to convert to C long"


Rows = Callable[[Node, tuple[Any, ...]], Any]
"""Computes a row in another way: the results of a node from its inputs, or None for NumPy's."""


def interpret(function: Function, *arguments: Any, rows: Rows | None = None) -> tuple[Any, ...]:
    """Run a function of the graph.

    Parameters
    ----------
    function : Function
        What to run.
    *arguments
        One for each parameter: Python scalars and arrays.
    rows : callable, optional
        Computes some rows in another way than NumPy's.

    Returns
    -------
    tuple
        The results, flat.

    Raises
    ------
    SymdiffError
        Of the builtin kind Python or NumPy raises, with the user's line.
    """
    if len(arguments) != len(function.params):
        raise InternalError(f"{function.name!r} takes {len(function.params)} arguments, not {len(arguments)}")
    frame = _Frame(rows)
    with np.errstate(all="ignore"):
        for param, argument in zip(function.params, arguments, strict=True):
            frame.values[param] = _argument(param, argument)
        for dim, param, axis in function.bound_dimensions():
            frame.values[dim] = int(np.shape(frame.values[param])[axis])
        for param in function.params:
            frame.check_shape(param, frame.values[param], None)
        frame.run_through(function.block)
    return tuple(frame.values[result] for result in function.results)


def _argument(param: Value, argument: Any) -> Any:
    type_ = param.type
    if np.ndim(argument) != type_.rank:
        raise ShapeError(f"argument {param.hint!r} has {np.ndim(argument)} dimensions, not {type_.rank}")
    return _converted(argument, type_)


def _converted(value: Any, type_: Type) -> Any:
    """A value in the form its type says."""
    if type_.kind == "python":
        return PYTHON_TYPE[type_.dtype](value)
    return np.asarray(value).astype(type_.dtype, copy=False)[()]


class _Frame:
    """The values of one run."""

    def __init__(self, rows: Rows | None) -> None:
        self.values: dict[Value, Any] = {}
        self.rows = rows

    def run(self, block: Block) -> tuple[Any, ...]:
        """Run the nodes of a block and return its results."""
        for node in block.nodes:
            STRUCTURAL.get(node.op, _Frame.row)(self, node)
        return self.read(block.results)

    def run_through(self, block: Block) -> None:
        """Run the nodes of the outermost block; what nothing reads any more is let go."""
        last: dict[Value, int] = {}
        for k, node in enumerate(block.nodes):
            last.update(dict.fromkeys(references(node), k))
        kept = set(block.results)
        for k, node in enumerate(block.nodes):
            STRUCTURAL.get(node.op, _Frame.row)(self, node)
            for value in references(node):
                if last[value] == k and value not in kept:
                    self.values.pop(value, None)

    def read(self, values: Sequence[Value]) -> tuple[Any, ...]:
        return tuple(self.values[v] for v in values)

    def write(self, targets: Sequence[Value], results: Sequence[Any]) -> None:
        self.values.update(zip(targets, results, strict=True))

    # -- structure -----------------------------------------------------------------------------------------------------

    def constant(self, node: Node) -> None:
        self.values[node.output] = node.attrs["value"]

    def require_equal(self, node: Node) -> None:
        a, b = self.read(node.inputs)
        if a != b:
            message = node.attrs.get("message") or "two sizes must be equal"
            kind = kind_named(node.attrs.get("error", "ShapeError"))
            raise located(kind, f"{message}: sizes {a} and {b} differ", node.where)

    def act(self, node: Node) -> None:
        node.attrs["site"].run(self.read(node.inputs))

    def attempt(self, node: Node) -> None:
        clauses = node.attrs["clauses"]
        number = 0
        try:
            self.run(node.blocks[0])
        except tuple(kind for clause in clauses for kind in clause.classes) as error:
            number = 1 + next(k for k, clause in enumerate(clauses) if isinstance(error, clause.classes))
        self.values[node.output] = number

    def branch(self, node: Node) -> None:
        condition = self.values[node.inputs[0]]
        results = self.run(node.blocks[0 if condition else 1])
        self.write(node.outputs, [_joined(r, o.type) for r, o in zip(results, node.outputs, strict=True)])

    def for_loop(self, node: Node) -> None:
        start, stop, step, *carried = self.read(node.inputs)
        (body,) = node.blocks
        if step == 0:
            raise located(ValueError, "range() arg 3 must not be zero", node.where)
        indices = range(int(start), int(stop), int(step))
        for index in reversed(indices) if node.attrs.get("reversed") else indices:
            self.values[body.params[0]] = _converted(index, body.params[0].type)
            self.carry(body.params[1:], carried)
            carried = list(self.run(body))
        self.carry(node.outputs, carried)

    def while_loop(self, node: Node) -> None:
        test, body = node.blocks
        carried: Sequence[Any] = self.read(node.inputs)
        while True:
            self.carry(test.params, carried)
            if not self.run(test)[0]:
                break
            self.carry(body.params, carried)
            carried = self.run(body)
        self.carry(node.outputs, carried)

    def carry(self, targets: Sequence[Value], values: Sequence[Any]) -> None:
        self.write(targets, [_joined(v, t.type) for v, t in zip(values, targets, strict=True)])

    # -- rows ----------------------------------------------------------------------------------------------------------

    def row(self, node: Node) -> None:
        found = self.rows(node, self.read(node.inputs)) if self.rows is not None else None
        if found is not None:
            self.write(node.outputs, found)
            return
        row = node.op
        if not isinstance(row, Primitive):
            raise InternalError(f"there is no meaning of {row.name!r}", node.where)
        attrs = numeric_attrs({name: self.attribute(value) for name, value in node.attrs.items()})
        scalar = row.scalar if all(o.type.kind == "python" for o in node.outputs) else None
        try:
            results = (scalar or row.numpy)(*self.read(node.inputs), **attrs)
        except SymdiffError:
            raise
        except tuple(LOCATED) as error:
            raise located(_builtin(error), str(error), node.where) from None
        results = results if len(node.outputs) > 1 else (results,)
        for output, result in zip(node.outputs, results, strict=True):
            self.values[output] = self.checked(output, result, node)

    def attribute(self, value: Any) -> Any:
        """An attribute with the sizes in it as ints."""
        if isinstance(value, Value):
            return int(self.values[value])
        return tuple(map(self.attribute, value)) if isinstance(value, tuple) else value

    def checked(self, output: Value, result: Any, node: Node) -> Any:
        """A result in the form the graph says; that it has the shape inferred for it is checked on the way."""
        type_ = output.type
        if type_.kind in ("stack", "object") or node.op.name == "pop":
            return result
        if type_.kind == "python":
            return _python_result(result, type_, node)
        self.check_shape(output, result, node)
        return _converted(result, type_)

    def check_shape(self, value: Value, result: Any, node: Node | None) -> None:
        type_ = value.type
        if type_.kind == "stack":
            return
        expected = tuple(d if isinstance(d, int) else int(self.values[d]) for d in type_.shape)
        if np.shape(result) == expected:
            return
        if node is None:
            raise ShapeError(f"argument {value.hint!r} has shape {np.shape(result)}, not {expected}")
        message = f"{node.op.name!r} gave shape {np.shape(result)} where {expected} was inferred"
        raise InternalError(message, node.where)


def _joined(value: Any, type_: Type) -> Any:
    """A value that leaves a block: an int where floats are carried becomes one."""
    return value if type_.kind == "stack" else _converted(value, type_)


def _python_result(result: Any, type_: Type, node: Node) -> Any:
    if type_.dtype == "int64":
        if isinstance(result, float):
            # a run-time exponent that turned out negative
            raise located(ValueError, FLOAT_POWER, node.where)
        if not -(2**63) <= result < 2**63:
            raise located(OverflowError, TOO_LARGE, node.where)
    return PYTHON_TYPE[type_.dtype](result)


def _builtin(error: Exception) -> type[Exception]:
    """The kind of error to raise with a place: the most precise one there is."""
    return next(kind for kind in type(error).__mro__ if kind in LOCATED)


STRUCTURAL: Mapping[Any, Callable[[_Frame, Node], None]] = {
    ACT: _Frame.act,
    TRY: _Frame.attempt,
    CONSTANT: _Frame.constant,
    REQUIRE_EQUAL: _Frame.require_equal,
    IF: _Frame.branch,
    FOR: _Frame.for_loop,
    WHILE: _Frame.while_loop,
}
