"""From a function to its graph: an interpreter of the syntax tree whose values are values of the graph."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.errors import InternalError, LimitError, Location, UnsupportedSyntaxError, located
from symdiff.frontend import (
    builtins_calls,
    builtins_objects,
    complex_calls,
    complex_functions,
    containers,
    contexts,
    numpy_calls,
    numpy_choices,
    numpy_einsum,
    numpy_fft,
    numpy_grids,
    numpy_joining,
    numpy_linalg,
    numpy_making,
    numpy_moving,
    numpy_ordering,
    numpy_products,
    numpy_quadrature,
    numpy_reductions,
    numpy_selecting,
    numpy_shaping,
    numpy_splitting,
    numpy_written,
    printing,
    questions,
    raising,
    random_calls,
    recursion_loops,
    scipy_calls,
    small_syntax,
)
from symdiff.frontend.abstract import Abstract, DictObject
from symdiff.frontend.attributes import read_attribute
from symdiff.frontend.calls import call, parts_of_call
from symdiff.frontend.comparisons import truth
from symdiff.frontend.core import Parser
from symdiff.frontend.cycles import Cycles, Learned
from symdiff.frontend.expressions import condition
from symdiff.frontend.indexing import read_item
from symdiff.frontend.iteration import known_items
from symdiff.frontend.loops import loop_statement
from symdiff.frontend.memory import Stale
from symdiff.frontend.passing import Passed, Returned
from symdiff.frontend.program import FUNCTION, Argument, Path, Program, StaticNeeded, Written
from symdiff.frontend.raising import require_bound
from symdiff.frontend.resolve import Resolver
from symdiff.frontend.scope import NO_SLOPES, Scope
from symdiff.frontend.signals import Diverged, StaticCapture
from symdiff.frontend.statements import assign
from symdiff.frontend.tables import STATEMENTS
from symdiff.ir.graph import Function, Value

__all__ = ["StaticNeeded", "parse"]

# Imported so that their handlers are registered.
HANDLERS = (
    builtins_calls,
    builtins_objects,
    complex_calls,
    complex_functions,
    containers,
    contexts,
    numpy_calls,
    numpy_choices,
    numpy_grids,
    numpy_quadrature,
    numpy_joining,
    numpy_einsum,
    numpy_fft,
    numpy_linalg,
    numpy_making,
    numpy_moving,
    numpy_ordering,
    numpy_reductions,
    numpy_products,
    numpy_selecting,
    numpy_shaping,
    numpy_splitting,
    random_calls,
    recursion_loops,
    numpy_written,
    scipy_calls,
    questions,
    printing,
    raising,
    small_syntax,
)


class FunctionParser(Parser):
    """A `Parser` with all its handlers."""

    def items(self, item: Abstract) -> tuple[Abstract, ...]:
        return known_items(self, item)

    def truth(self, item: Abstract) -> Value:
        return truth(self, item)

    def condition(self, node: ast.expr) -> Value:
        return condition(self, node)

    def call(self, function: Abstract, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
        return call(self, function, args, kwargs)

    def attribute(self, owner: Abstract, name: str) -> Abstract:
        return read_attribute(self, owner, name)

    def subscript(self, owner: Abstract, key: Abstract) -> Abstract:
        return read_item(self, owner, key)

    def parts_of_call(self, node: ast.Call) -> tuple[Abstract, list[Abstract], dict[str, Abstract]]:
        return parts_of_call(self, node)

    def assign(self, target: ast.expr, item: Abstract) -> None:
        assign(self, target, item)

    def require_bound(self, name: str, bound: Value) -> None:
        require_bound(self, name, bound)

    def block(self, statements: Sequence[ast.stmt]) -> Abstract | None:
        for position, node in enumerate(statements):
            self.at(node)
            if isinstance(node, ast.For | ast.While):
                # what follows is passed along: it may have to be parsed once for no trip and once for some
                done, outcome = loop_statement(self, node, statements[position + 1 :])
                if done:
                    return outcome
                continue
            handler = STATEMENTS.get(type(node))
            if handler is None:
                self.unsupported(f"this statement ({type(node).__name__}) is not supported")
            outcome = handler(self, node)
            if outcome is not None:
                return outcome
        return None


def parse(
    function: Callable[..., Any],
    arguments: Sequence[Argument],
    *,
    transform_hook: Callable[..., Any] | None = None,
    slopes: Mapping[str, float] = NO_SLOPES,
) -> Program:
    """Make the graph of a function.

    Parameters
    ----------
    function : callable
        A Python function, method, lambda, functools.partial, callable object or ufunc.
    arguments : sequence of Argument
        One a parameter, defaults filled in; values among their leaves are the parameters of the graph.
    transform_hook : callable, optional
        ``transform_hook(callable, parser, args, kwargs)`` is asked about every callable that has no handler; it gives
        the result, or NotImplemented.
    slopes : mapping
        Slopes at kinks that differ from the table, by the name of the convention.

    Returns
    -------
    Program

    Raises
    ------
    SymdiffError
        With the place, for what is not supported.
    StaticNeeded
        When an int among the arguments must be known while parsing: parse again with it as `Static`.
    """
    static: frozenset[Path] = frozenset()
    cycles = Cycles()
    while True:
        try:
            attempt = _Parse(function, tuple(arguments), transform_hook, static, slopes)
            attempt.parser.cycles = cycles
            return attempt.run()
        except Learned as found:
            cycles = found.cycles
        except StaticCapture as needed:
            if needed.path in static:
                raise InternalError(f"{needed.path} is a constant already") from None
            static |= {needed.path}
        except RecursionError:
            raise located(LimitError, "the function is nested too deep", None, "split it into helpers") from None


class _Parse:
    """One attempt at a function."""

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Argument, ...],
        hook: Any,
        static: frozenset[Path],
        slopes: Mapping[str, float],
    ) -> None:
        self.function, self.arguments = function, arguments
        self.leaves = [leaf for argument in arguments for leaf in argument.leaves]
        self.build = Scope(slopes=slopes)
        positions: dict[Value, int] = {}
        for position, leaf in enumerate(self.leaves):
            if isinstance(leaf, Value):
                positions.setdefault(leaf, position)
        self.params = list(positions)
        self.resolver = Resolver(self.build, function, static)
        self.parser = FunctionParser(self.build, self.resolver, positions, hook)
        self.passed = Passed(self.build, self.resolver)
        self.returned = Returned(self.parser)

    def run(self) -> Program:
        args, kwargs = self._bound()
        target = self.resolver.wrap(self.build, self.function, Path(FUNCTION))
        try:
            outcome = call(self.parser, target, args, kwargs)
        except Diverged:
            # it always raises: whatever it is said to return, nobody will see it
            outcome = self.build.constant(0.0)
        if hasattr(self.parser, "frame"):
            self.parser.at(self.parser.frame.returned or self.parser.frame.source.tree)
        structure = self.returned.structure_of(outcome)
        written = self._written()
        captured = tuple(self.resolver.captured.values())
        params = (*self.params, *(c.value for c in captured))
        name = getattr(self.function, "__name__", None) or type(self.function).__name__
        block = self.build.finish(params, self.returned.results)
        return Program(
            Function("function" if name == "<lambda>" else name, block),
            structure,
            tuple(self.returned.leaves),
            captured,
            tuple(self.resolver.guards.values()),
            tuple(self.parser.codes),
            written,
            tuple(self.returned.same),
        )

    # -- arguments -----------------------------------------------------------------------------------------------------

    def _bound(self) -> tuple[list[Abstract], dict[str, Abstract]]:
        """Arguments by position where the signature wants it, else by name."""
        try:
            kinds = {p.name: p.kind for p in inspect.signature(self.function).parameters.values()}
        except (TypeError, ValueError):  # some builtins do not tell
            kinds = {}
        args: list[Abstract] = []
        kwargs: dict[str, Abstract] = {}
        by_name = (inspect.Parameter.KEYWORD_ONLY,)
        # a ufunc has more parameters than operands (out, where, ...)
        count = self.function.nin if isinstance(self.function, np.ufunc) else len(self.arguments)
        for argument in self.arguments[:count]:
            item = self.passed.abstract(argument.structure, iter(argument.leaves))
            kind = kinds.get(argument.name)
            if kind is inspect.Parameter.VAR_POSITIONAL:
                args += list(self.parser.items(item))
            elif kind is inspect.Parameter.VAR_KEYWORD:
                assert isinstance(item, DictObject)
                kwargs |= item.initial
            elif kind in by_name:
                kwargs[argument.name] = item
            else:
                args.append(item)
        return args, kwargs

    # -- results -------------------------------------------------------------------------------------------------------

    def _written(self) -> tuple[Written, ...]:
        """Arguments that were stored into; their new contents are results too."""
        found = []
        for value, array in self.passed.arrays.items():
            content = self.parser.memory.content(array)
            if isinstance(content, Stale):
                _refuse_stale(content.where)
            if content is not value:
                assert isinstance(content, Value)
                found.append(Written(self.parser.argument_of[value], self.returned.add(content), content.where))
        return tuple(found)


def _refuse_stale(where: Location | None) -> None:
    message = "this store may change an argument, and it is not known whether it does"
    raise located(UnsupportedSyntaxError, message, where, "make the copy that is meant with .copy()")
