"""What `sd.grad` and the others mean inside a program, for the oracles that run the Python function itself.

Everything is differences of four points in arithmetic of 50 digits: with steps of 1e-9 they are right to 35 digits, and
those of differences of differences to 25. Nothing of the compiler is used.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tests.digits import NotCovered

__all__ = ["Derivatives", "Undifferentiated"]

STEP = 2.0**-30


class Undifferentiated:
    """Stands for the module `symdiff` in a program that asks for no derivative itself."""

    def __getattr__(self, name: str) -> Any:
        raise NotCovered(f"symdiff.{name}")

    def checkpointed(self, items: Iterable[Any]) -> Iterable[Any]:
        return items


class Derivatives(Undifferentiated):
    """Stands for the module `symdiff` in a program that runs on numbers of another kind.

    `tools` is the module of the oracles: its functions for trees.
    """

    def __init__(self, kind: Any, tools: Any):
        self.kind, self.tools = kind, tools

    def differentiable(self, function: Any = None, **options: Any) -> Any:
        return function if function is not None else (lambda f: f)

    def again(self, step: Any, function: Any) -> Any:
        """The derivative that a decorated function has been made to give."""
        return getattr(self, step.kind)(function, step.wrt)

    # -- by differences ------------------------------------------------------------------------------------------------

    def slope(self, along: Callable[[Any], Any]) -> list[Any]:
        """How every number of a result moves with a parameter."""
        one = self.kind.of(1.0)
        ends = [[one * v for v in self.tools.flatten(along(self.kind.of(k * STEP)))] for k in (-2, -1, 1, 2)]
        return [((c - b) * 8 - (d - a)) / (12 * STEP) for a, b, c, d in zip(*ends, strict=True)]

    def columns(self, function: Callable[..., Any], args: Sequence[Any], k: int) -> list[list[Any]]:
        """For each number of an argument, how every number of the result moves with it."""
        numbers = self.tools.flatten(args[k])

        def moved(j: int, step: Any) -> Any:
            changed = [v + step if i == j else v for i, v in enumerate(numbers)]
            before, after = own(args[:k]), own(args[k + 1 :])
            return function(*before, self.tools.rebuild(args[k], changed), *after)

        return [self.slope(functools.partial(moved, j)) for j in range(len(numbers))]

    def asked(self, function: Callable[..., Any], wrt: Any) -> tuple[list[int], bool]:
        names = list(inspect.signature(function).parameters)
        single = not isinstance(wrt, (tuple, list))
        return [names.index(w) if isinstance(w, str) else w for w in ([wrt] if single else wrt)], single

    def derived(self, function: Callable[..., Any], answer: Callable[..., Any], more: int = 0) -> Callable[..., Any]:
        """A function of the same arguments (and `more` at the end), bound as Python binds them."""
        signature = inspect.signature(function)

        @functools.wraps(answer)
        def call(*args: Any, **kwargs: Any) -> Any:
            own = args[: len(args) - more]
            bound = signature.bind(*own, **kwargs)
            bound.apply_defaults()
            return answer(list(bound.args), *args[len(args) - more :])

        last = [inspect.Parameter("v", inspect.Parameter.POSITIONAL_OR_KEYWORD)] * more
        call.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *last])  # type: ignore[attr-defined]
        return call

    # -- what users call -----------------------------------------------------------------------------------------------

    def grad(self, function: Any, wrt: Any = 0, has_aux: bool = False) -> Any:
        both = self.value_and_grad(function, wrt, has_aux)

        def answer(args: list[Any]) -> Any:
            value, gradient = both(*args)
            return (gradient, value[1]) if has_aux else gradient

        return self.derived(function, answer)

    def value_and_grad(self, function: Any, wrt: Any = 0, has_aux: bool = False) -> Any:
        positions, single = self.asked(function, wrt)
        alone = (lambda *args: function(*args)[0]) if has_aux else function

        def answer(args: list[Any]) -> Any:
            found = [self.tools.rebuild(args[k], [c[0] for c in self.columns(alone, args, k)]) for k in positions]
            return function(*own(args)), found[0] if single else tuple(found)

        return self.derived(function, answer)

    def jacobian(self, function: Any, wrt: Any = 0) -> Any:
        positions, single = self.asked(function, wrt)

        def answer(args: list[Any]) -> Any:
            value = function(*own(args))
            columns = [self.columns(function, args, k) for k in positions]
            return self.nested(value, [args[k] for k in positions], columns, single)

        return self.derived(function, answer)

    def nested(self, value: Any, arguments: list[Any], columns: list[list[list[Any]]], single: bool) -> Any:
        """Jacobians as the results are nested, and for each result as the arguments are."""
        if isinstance(value, tuple):
            parts, start = [], 0
            for part in value:
                stop = start + int(np.size(part))
                cut = [[column[start:stop] for column in table] for table in columns]
                parts.append(self.nested(part, arguments, cut, single))
                start = stop
            return tuple(parts)
        found = [self.table(value, x, table) for x, table in zip(arguments, columns, strict=True)]
        return found[0] if single else tuple(found)

    def table(self, value: Any, argument: Any, columns: list[list[Any]]) -> Any:
        """The Jacobian of one array or number by another."""
        if any(isinstance(part, (tuple, list, dict)) for part in (value, argument)):
            raise self.tools.NotCovered("the Jacobian of a structure")
        rows = [column[r] for r in range(int(np.size(value))) for column in columns]
        shape = (*np.shape(value), *np.shape(argument))
        return self.tools.object_array(rows, shape) if shape else rows[0]

    def hessian(self, function: Any, wrt: Any = 0) -> Any:
        return self.jacobian(self.grad(function, wrt), wrt)

    def jvp(self, function: Any, primals: Any, tangents: Any) -> Any:
        value = function(*primals)
        flat = [None if t is None else self.tools.flatten(t) for t in tangents]

        def along(step: Any) -> Any:
            moved = []
            for x, t in zip(primals, flat, strict=True):
                numbers = self.tools.flatten(x)
                changed = numbers if t is None else [v + d * step for v, d in zip(numbers, t, strict=True)]
                moved.append(x if t is None else self.tools.rebuild(x, changed))
            return function(*moved)

        return value, self.tools.rebuild(value, self.slope(along))

    def hvp(self, function: Any, wrt: Any = 0) -> Any:
        positions, single = self.asked(function, wrt)
        gradient = self.grad(function, wrt)

        def answer(args: list[Any], v: Any) -> Any:
            tangents: list[Any] = [None] * len(args)
            for k, t in zip(positions, [v] if single else v, strict=True):
                tangents[k] = t
            return self.jvp(gradient, args, tangents)[1]

        return self.derived(function, answer, more=1)

    def vjp(self, function: Any, *args: Any) -> Any:
        def pullback(cotangent: Any) -> Any:
            weights = self.tools.flatten(cotangent)
            found = []
            for k, argument in enumerate(args):
                sums = [sum(w * d for w, d in zip(weights, c, strict=True)) for c in self.columns(function, args, k)]
                found.append(self.tools.rebuild(argument, sums))
            return tuple(found)

        return function(*args), pullback

    def vmap(self, function: Any, in_axes: Any = 0, out_axes: int = 0) -> Any:
        if out_axes != 0:
            raise self.tools.NotCovered("out_axes")

        def answer(args: list[Any]) -> Any:
            axes = [in_axes] * len(args) if isinstance(in_axes, int) else list(in_axes)
            size = next(np.shape(x)[axis] for x, axis in zip(args, axes, strict=True) if axis is not None)
            rows = [
                function(*(x if axis is None else self.row(x, axis, i) for x, axis in zip(args, axes, strict=True)))
                for i in range(size)
            ]
            return self.stacked(rows)

        return self.derived(function, answer)

    def row(self, x: Any, axis: int, i: int) -> Any:
        return x[(slice(None),) * (axis % np.ndim(x)) + (i,)]

    def stacked(self, rows: list[Any]) -> Any:
        """The results of all rows as arrays."""
        if isinstance(rows[0], tuple):
            return tuple(self.stacked(list(part)) for part in zip(*rows, strict=True))
        if isinstance(rows[0], dict):
            return {key: self.stacked([row[key] for row in rows]) for key in rows[0]}
        one = self.kind.of(1.0)
        flat = [one * v for row in rows for v in self.tools.flatten(row)]
        return self.tools.object_array(flat, (len(rows), *np.shape(rows[0])))


def own(args: Sequence[Any]) -> list[Any]:
    """Arguments that a function may store into."""
    return [x.copy() if isinstance(x, np.ndarray) else x for x in args]
