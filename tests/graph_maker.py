"""Building graphs by hand, in tests: ordinary Python over values of the graph, wherever the next node goes.

    make = Maker()
    x, n = make.float("x"), make.int("n")
    (v,) = make.for_(0, n, 1, [x], lambda i, v: [v * x + i])
    graph = make.function("f", v)
"""

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Function, Type, Value
from symdiff.ir.verify import verify
from symdiff.ops import REGISTRY, Traced
from symdiff.ops.primitive import lift

__all__ = ["Maker"]

FLOAT = Type("float64", (), "python")
INT = Type("int64", (), "python")
WHOLE = ("slice", None, None, None)


class Current:
    """Stands for the builder of the block that is being built."""

    def __init__(self, builders: list[Builder]):
        self._builders = builders

    def __getattr__(self, name: str) -> Any:
        return getattr(self._builders[-1], name)


class Maker:
    """One function of the graph in the making; `row(name, ...)` adds a node of any row to the current block."""

    def __init__(self) -> None:
        self.builders = [Builder()]
        self.current: Any = Current(self.builders)
        self.params: list[Value] = []

    def traced(self, value: Any) -> Traced:
        """A value or number as an operand."""
        return value if isinstance(value, Traced) else Traced(self.current, lift(self.current, value))

    # -- parameters ----------------------------------------------------------------------------------------------------

    def param(self, type_: Type, hint: str) -> Traced:
        self.params.append(Value(type_, hint))
        return self.traced(self.params[-1])

    def float(self, hint: str) -> Traced:
        return self.param(FLOAT, hint)

    def int(self, hint: str) -> Traced:
        return self.param(INT, hint)

    def array(self, hint: str, *dims: Dim, dtype: str = "float64") -> Traced:
        return self.param(Type(dtype, dims, "numpy"), hint)

    def size(self, hint: str = "n") -> Value:
        """A dimension that parameters bind."""
        return Value(INT, hint)

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def row(self, name: str, *operands: Any, hint: str = "", **attrs: Any) -> Any:
        values = [lift(self.current, x) for x in operands]
        found = tuple(self.traced(v) for v in self.current.add_many(REGISTRY[name], values, attrs, hint))
        return found if len(found) > 1 else found[0]

    def sum(self, x: Traced, axis: Sequence[int] | None = None, keepdims: bool = False) -> Traced:
        axes = tuple(range(x.rank)) if axis is None else tuple(axis)
        return self.row("sum", x, axis=axes, keepdims=keepdims)

    def zeros(self, *dims: Dim, dtype: str = "float64", hint: str = "") -> Traced:
        return self.row("full", 0.0, shape=dims, dtype=dtype, hint=hint)

    def read(self, x: Traced, *place: Any, hint: str = "") -> Traced:
        """`x[i, j]`, further axes whole."""
        return self.row("index", x, *place, index=entries(x, place), hint=hint)

    def store(self, x: Traced, v: Any, *place: Any, hint: str = "") -> Traced:
        """`x` with `x[i, j] = v`."""
        return self.row("put", x, v, *place, index=entries(x, place), hint=hint or x.value.hint)

    def name(self, x: Traced, hint: str) -> Traced:
        self.current.name(x.value, hint, force=True)
        return x

    # -- control flow --------------------------------------------------------------------------------------------------

    def inside(self, params: Sequence[Value], body: Callable[..., Sequence[Any]]) -> Any:
        """A block: `body` gets its parameters and returns its results."""
        builder = self.builders[-1].inner()
        self.builders.append(builder)
        results = [lift(builder, r) for r in body(*(self.traced(p) for p in params))]
        self.builders.pop()
        return builder.finish(params, results)

    def if_(
        self, condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any], hints: Sequence[str] = ()
    ) -> list[Traced]:
        blocks = [self.inside((), arm) for arm in (then, otherwise)]
        outputs = self.builders[-1].if_(lift(self.current, condition), *blocks, hints)
        return [self.traced(v) for v in outputs]

    def for_(
        self,
        start: Any,
        stop: Any,
        step: Any,
        initials: Sequence[Any],
        body: Callable[..., Sequence[Any]],
        hints: Sequence[str] = (),
        index: str = "i",
    ) -> list[Traced]:
        bounds = [lift(self.current, b) for b in (start, stop, step)]
        first = [lift(self.current, v) for v in initials]
        block = self.settled(first, hints, lambda carried: self.inside((Value(INT, index), *carried), body))
        outputs = self.builders[-1].for_(*bounds, first, block, [p.hint for p in block.params[1:]])
        return [self.traced(v) for v in outputs]

    def while_(
        self,
        initials: Sequence[Any],
        test: Callable[..., Any],
        body: Callable[..., Sequence[Any]],
        hints: Sequence[str] = (),
    ) -> list[Traced]:
        first = [lift(self.current, v) for v in initials]
        block = self.settled(first, hints, lambda carried: self.inside(carried, body))
        again = [Value(p.type, p.hint) for p in block.params]
        condition = self.inside(again, lambda *carried: [test(*carried)])
        outputs = self.builders[-1].while_(first, condition, block, [p.hint for p in block.params])
        return [self.traced(v) for v in outputs]

    def settled(self, initials: Sequence[Value], hints: Sequence[str], build: Callable[[Sequence[Value]], Any]) -> Any:
        """A loop's body; a carried Python scalar that becomes NumPy's in the loop is NumPy's from the start."""
        names = list(hints) or [v.hint for v in initials]
        types = [v.type for v in initials]
        while True:
            block = build([Value(t, name) for t, name in zip(types, names, strict=True)])
            joined = [r.type if t.kind == "python" else t for t, r in zip(types, block.results, strict=True)]
            if joined == types:
                return block
            types = joined

    def function(self, name: str, *results: Any) -> Function:
        """The finished function, verified."""
        block = self.builders[-1].finish(self.params, [lift(self.current, r) for r in results])
        return verify(Function(name, block))


def entries(x: Traced, place: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    """The attribute `index` of a subscript of integers and index arrays; axes not named are whole."""
    kinds = [("array",) if isinstance(p, Traced) and p.rank else ("int",) for p in place]
    return (*kinds, *[WHOLE] * (x.rank - len(place)))
