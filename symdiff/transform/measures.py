"""What checkpoints keep, in bytes: measured on a reverse sweep made for that, and segments that fit into a budget.

A loop of n trips in segments of s trips keeps C bytes for each segment and H bytes for each trip of one segment, which
is C n/s + H s, and at most C more. The longest segment within the budget is taken: it is the larger root of a quadratic
equation. If there is none, nothing is allocated, and the loop is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from symdiff.errors import LimitError, Location, located
from symdiff.ir.build import Builder
from symdiff.ir.graph import IF, NO_ATTRS, REQUIRE_EQUAL, Dim, Node, Type, Value
from symdiff.ops import REGISTRY
from symdiff.transform.history import History
from symdiff.transform.levels import Saved

__all__ = ["Measure", "longest_segment"]

BYTES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "bool": 1}


@dataclass
class Measure:
    """What one loop keeps.

    Attributes
    ----------
    of_trip, of_segment : list of Type
        Values kept of each trip of a segment, and of each segment.
    made : dict of Value to Node
        How sizes among them are computed, where that is not part of the function.
    unbounded : Location or None
        Where something is kept whose size is not known before the loop runs.
    """

    of_trip: list[Type] = field(default_factory=list)
    of_segment: list[Type] = field(default_factory=list)
    made: dict[Value, Node] = field(default_factory=dict)
    unbounded: Location | None = None

    def note(self, history: History, saved: Iterable[Saved], types: list[Type]) -> None:
        """Add what a sweep saved in a loop; the first axis counts the trips of that."""
        for build in history.preparations.values():
            self.made.update((o, node) for node in build.nodes for o in node.outputs)
        for one in saved:
            if one.form == "tape":
                types.append(Type(one.type.dtype, one.type.shape[1:]))
            elif one.form == "stack" and sum(p.node is not None and p.node.op is not IF for p in one.path) == 1:
                # it grows by doubling
                types += [one.type] * 2
            elif one.form == "stack":
                self.unbounded = one.value.where


def longest_segment(measure: Measure, trips: Value, budget: int, known: Collection[Value], build: Builder) -> Value:
    """Append the number of trips in a segment; and that there is one is checked.

    Parameters
    ----------
    measure : Measure
        What the loop keeps.
    trips : Value
        How many trips there are.
    budget : int
        So many bytes.
    known : collection of Value
        What is known before the loop.
    """
    if measure.unbounded is not None:
        message = "a number of bytes cannot bound the history of a loop whose size is only known when it has run"
        raise located(LimitError, message, measure.unbounded, "write checkpoint=True, or give the inner loop a range")
    sizes = _Sizes(build, measure.made, known)
    a, b = sizes.total(measure.of_trip), sizes.total(measure.of_segment)
    n = _real(build, trips)
    room = _do(build, "subtract", build.constant(float(budget)), b)
    least = _do(build, "multiply", build.constant(4.0), _do(build, "multiply", a, _do(build, "multiply", b, n)))
    square = _do(build, "subtract", _do(build, "multiply", room, room), least)
    root = _do(build, "sqrt", _do(build, "maximum", square, build.constant(0.0)))
    longest = _do(build, "divide", _do(build, "add", room, root), _do(build, "multiply", build.constant(2.0), a))
    longest = _do(build, "minimum", longest, _do(build, "maximum", n, build.constant(1.0)))
    size = build.add(
        REGISTRY["convert"], _do(build, "floor", longest), dtype="int64", kind="python", unchecked=True, hint="size"
    )
    _require(build, square, size, trips, budget)
    return build.add(REGISTRY["maximum"], size, build.constant(1))


def _require(build: Builder, square: Value, size: Value, trips: Value, budget: int) -> None:
    """Raise where no segment fits, unless there is no trip."""
    fits = build.add(REGISTRY["greater_equal"], square, build.constant(0.0), kind="numpy")
    fits = build.add(REGISTRY["logical_and"], fits, build.add(REGISTRY["greater"], size, build.constant(0)))
    fits = build.add(REGISTRY["logical_or"], fits, build.add(REGISTRY["less_equal"], trips, build.constant(0)))
    # sizes of 0 and 1 have a meaning of their own
    chosen = build.add(REGISTRY["where"], fits, build.constant(2), build.constant(3))
    chosen = build.add(REGISTRY["convert"], chosen, dtype="int64", kind="python", unchecked=True)
    message = f"checkpoint={budget}: the history of this loop does not fit into so many bytes"
    attrs = {"message": message, "error": "MemoryError"}
    build.append(Node(REQUIRE_EQUAL, (chosen, build.constant(2)), (), attrs or NO_ATTRS, (), build.where))


class _Sizes:
    """Numbers of bytes as values of the graph."""

    def __init__(self, build: Builder, made: Mapping[Value, Node], known: Collection[Value]) -> None:
        self.build, self.made, self.known = build, made, known
        self.again: dict[Value, Value] = {}

    def total(self, types: Iterable[Type]) -> Value:
        """How many bytes values of these types take; 1 for nothing."""
        result = self.build.constant(1.0)
        for type_ in types:
            part = self.build.constant(float(BYTES[type_.dtype]))
            for dim in type_.shape:
                part = _do(self.build, "multiply", part, _real(self.build, self.size(dim)))
            result = _do(self.build, "add", result, part)
        return result

    def size(self, dim: Dim) -> Value:
        if isinstance(dim, int):
            return self.build.constant(dim)
        if dim in self.known or self.build.constant_of(dim) is not None:
            return dim
        if dim not in self.again:
            node = self.made.get(dim)
            if node is None:
                message = "a number of bytes cannot bound the history of a loop that makes arrays of sizes of its own"
                raise located(LimitError, message, self.build.where, "write checkpoint=True")
            attrs = {**node.attrs, "unchecked": True} if node.inputs else node.attrs
            inputs = [self.size(v) for v in node.inputs]
            constant = not node.inputs
            self.again[dim] = (
                self.build.constant(attrs["value"]) if constant else self.build.add(node.op, *inputs, **attrs)
            )
        return self.again[dim]


def _do(build: Builder, row: str, *operands: Value) -> Value:
    return build.add(REGISTRY[row], *operands, kind="numpy")


def _real(build: Builder, value: Value) -> Value:
    return build.add(REGISTRY["convert"], value, dtype="float64", kind="numpy")
