"""The graph of many training steps: a loop that carries parameters, buffers and the optimiser's state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import Function, Type, Value
from symdiff.ops.primitive import REGISTRY, Traced
from symdiff.optim.native import NativeOptimizer
from symdiff.tensors.inline import inlined
from symdiff.tensors.operations import traced_inputs
from symdiff.training.step import Step

__all__ = ["Update", "loop_of"]

_INT = Type("int64", (), "python")
_FLOAT = Type("float64", (), "python")
WHOLE = ("slice", None, None, None)


@dataclass(frozen=True, slots=True)
class Update:
    """How the optimiser changes one parameter.

    Attributes
    ----------
    group : int
    flags : tuple
        They choose the formula.
    kept : tuple of str
        The names of what is remembered of the parameter.
    table : int or None
        Which of the tables has the numbers of its steps.
    asked : bool
        Whether only some steps change it: how many did is carried.
    """

    group: int
    flags: tuple[Any, ...]
    kept: tuple[str, ...]
    table: int | None
    asked: bool = False


def loop_of(
    step: Step,
    optimizer: NativeOptimizer,
    updates: Sequence[Update],
    data: Sequence[Type],
    *,
    whole: bool,
) -> Function:
    """The graph of a number of steps.

    Parameters
    ----------
    step : Step
    optimizer : NativeOptimizer
    updates : sequence of Update
        One for each parameter that is trained.
    data : sequence of Type
        Of the inputs and the target, all rows.
    whole : bool
        Whether each batch is all rows in their order, so that none are picked.

    Returns
    -------
    Function
        Parameters: the number of steps, the numbers of the groups, a table for each kind of own numbers (a row each
        step), the rows of each batch unless ``whole``, what is drawn for each step, the data, constants, then what is
        carried: the losses, what is trained, what is remembered, and the steps of each parameter that is asked.
        Results: what is carried.
    """
    made = _Loop(step, optimizer, updates, data, whole)
    return made.function()


class _Loop:
    def __init__(
        self,
        step: Step,
        optimizer: NativeOptimizer,
        updates: Sequence[Update],
        data: Sequence[Type],
        whole: bool,
    ) -> None:
        self.step, self.optimizer, self.updates, self.whole = step, optimizer, updates, whole
        self.build = Builder(raising=False)
        self.params: list[Value] = []
        self.count = self._input(_INT, "steps")
        shared, own = optimizer.counts
        groups = sorted({u.group for u in updates})
        self.shared = {g: [self._input(_FLOAT, "number") for _ in range(shared)] for g in groups}
        trips = Value(_INT, "trips")
        tables = {u.table for u in updates if u.table is not None and own}
        self.tables = {t: self._input(Type("float64", (trips, own)), "table") for t in sorted(tables)}
        rows = step.function.params[0].type.shape[0]
        self.rows = None if whole else self._input(Type("int64", (trips, rows)), "rows")
        self.drawn = [self._input(Type(v.type.dtype, (trips, *v.type.shape)), "drawn") for v in self._places()[1]]
        self.data = [self._input(t, "data") for t in data]
        self.constants = [self._input(v.type, "constant") for v in self._places()[2]]
        self.initials = [self._input(t, "carried") for t in [Type("float64", (trips,)), *self._carried()]]

    def _input(self, type_: Type, hint: str) -> Value:
        self.params.append(Value(type_, hint))
        return self.params[-1]

    def _places(self) -> tuple[Sequence[Value], Sequence[Value], Sequence[Value]]:
        """The step's parameters that are trained, drawn and constant."""
        step, params = self.step, self.step.function.params
        drawn = len(params) - len(step.constants) - len(step.drawn)
        trained = drawn - len(step.trained)
        return params[trained:drawn], params[drawn : drawn + len(step.drawn)], params[drawn + len(step.drawn) :]

    def _carried(self) -> list[Type]:
        """The types of what is trained, then of what is remembered of each parameter."""
        trained = [v.type for v in self._places()[0]]
        kept = [t for t, u in zip(trained, self.updates, strict=False) for _ in u.kept]
        return [*trained, *kept, *[_INT for u in self.updates if u.asked]]

    def function(self) -> Function:
        """The loop."""
        body = self.build.inner()
        index = Value(_INT, "step")
        carried = [Value(v.type, v.hint) for v in self.initials]
        results = self._trip(body, index, carried)
        zero, one = self.build.constant(0), self.build.constant(1)
        block = body.finish((index, *carried), results)
        outputs = self.build.for_(zero, self.count, one, self.initials, block)
        return Function("train", self.build.finish(self.params, outputs))

    def _trip(self, body: Builder, index: Value, carried: Sequence[Value]) -> list[Value]:
        losses, *rest = traced_inputs(body, carried)
        asked = sum(u.asked for u in self.updates)
        counts = rest[len(rest) - asked :]
        trained, kept = rest[: len(self.step.trained)], iter(rest[len(self.step.trained) :])
        batch = self._batch(body, index)
        drawn = [_row(x, index) for x in traced_inputs(body, self.drawn)]
        constants = traced_inputs(body, self.constants)
        loss, *found = inlined(self.step.function, [*batch, *trained, *drawn, *constants])
        loss = REGISTRY["convert"](loss, dtype="float64", kind="numpy")
        noted = REGISTRY["put"](losses, loss, index, index=(("int",),))
        reached, own = iter(found[len(found) - asked :]), iter(counts)
        changed, remembered, taken = [], [], []
        for update, p, g in zip(self.updates, trained, found, strict=False):
            state = [next(kept) for _ in update.kept]
            count = next(own) if update.asked else None
            numbers = self._numbers(body, update, index if count is None else count.value)
            new, *after = self.optimizer.formula(update.flags, p, g, state, numbers)
            if count is not None:
                is_reached = next(reached)
                pairs = zip((new, *after), (p, *state), strict=True)
                new, *after = [REGISTRY["where"](is_reached, x, y) for x, y in pairs]
                taken.append(REGISTRY["where"](is_reached, count + 1, count))
            changed.append(new)
            remembered += after
        buffers = found[len(self.updates) : len(found) - asked]
        taken = [REGISTRY["convert"](x, dtype="int64", kind="python") for x in taken]
        return [x.value for x in (noted, *changed, *buffers, *remembered, *taken)]

    def _batch(self, body: Builder, index: Value) -> list[Traced]:
        data = traced_inputs(body, self.data)
        if self.rows is None:
            return data
        rows = _row(Traced(body, self.rows), index)
        return [REGISTRY["index"](x, rows, index=(("array",), *[WHOLE] * (len(x.shape) - 1))) for x in data]

    def _numbers(self, body: Builder, update: Update, index: Value) -> list[Traced]:
        numbers = traced_inputs(body, self.shared[update.group])
        if update.table in self.tables and update.kept:
            table = Traced(body, self.tables[update.table])
            for k in range(self.optimizer.counts[1]):
                entry = REGISTRY["index"](table, index, k, index=(("int",), ("int",)))
                numbers.append(REGISTRY["convert"](entry, dtype="float64", kind="python"))
        return numbers


def _row(x: Traced, index: Value) -> Traced:
    """What belongs to one step."""
    return REGISTRY["index"](x, index, index=(("int",), *[WHOLE] * (len(x.shape) - 1)))
