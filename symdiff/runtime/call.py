"""The dispatcher: binds arguments, classifies them, finds or builds the family and variant that fit, and calls it.

Functions of one code share everything built for them (a fresh lambda each call compiles once): the :class:`Store` is
kept by code object. Where native code can find all it needs by itself, users call the native unit directly and the
dispatcher only sees the calls that fit no variant.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symdiff import stages
from symdiff.collecting import seldom_collected
from symdiff.config import Options, setting
from symdiff.errors import LocatedTypeError, Location, SymdiffError, UnsupportedSyntaxError, located
from symdiff.frontend.program import Program, StaticNeeded
from symdiff.frontend.structure import flatten_as
from symdiff.runtime.arguments import cotangent_like, prepare
from symdiff.runtime.binding import Call, arguments_of, exact, settled, taken_apart, taking_over, with_ints, with_static
from symdiff.runtime.effects import may_show, showing
from symdiff.runtime.family import Family, Variant, run_native
from symdiff.runtime.interface import Interface
from symdiff.runtime.results import value_pack, value_template, with_same_objects
from symdiff.runtime.shared import shared_store
from symdiff.runtime.statuses import Respecialise
from symdiff.runtime.written import write_back
from symdiff.steps import Step, required, wrt_positions
from symdiff.tracebacks import strip_frames

__all__ = ["Dispatcher"]


class _Misfit(Exception):
    """A native variant, called with what was prepared for it, came back: something it reads by itself does not fit."""


class Dispatcher:
    """One question about one function: its value, or a derivative.

    Parameters
    ----------
    function : callable
        The user's function.
    signature : inspect.Signature
        As callers see it.
    steps : callable
        ``steps(wrt)`` gives the derivatives to take, in order.
    wrt : int, str or tuple
        The default of ``wrt=``; None for plain values, which do not take it.
    publish : callable
        Called with the native callable of a new variant that users may call directly.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        signature: inspect.Signature,
        options: Options,
        steps: Callable[[tuple[int, ...], bool], tuple[Step, ...]],
        wrt: Any = None,
        publish: Callable[[Any], None] | None = None,
        parse: Callable[..., Program] | None = None,
    ) -> None:
        self.function, self.signature, self.options = function, signature, options
        self.steps, self.wrt, self.publish = steps, wrt, publish
        self.parse = parse or stages.front
        self.store = shared_store(function, options)
        self.names = list(signature.parameters)
        self.published: list[Variant] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # native code that does not take its arguments calls back: into the frame that had called it, here
        if sys._getframe(1).f_code is _EXECUTE:
            raise _Misfit
        try:
            return self.answer(args, kwargs)
        except Exception as error:
            strip_frames(error)
            raise

    def answer(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        keywords: tuple[tuple[str, Any], ...] = ()
        wrt = self.wrt
        if "wrt" in kwargs and self.wrt is not None and "wrt" not in self.names:
            wrt = required(kwargs.pop("wrt"), self.names)
            keywords = (("wrt", wrt),) if not kwargs else ()
        if self.wrt is not None and "argnums" in kwargs and "argnums" not in self.names:
            raise LocatedTypeError("unknown argument 'argnums'", hint="use wrt=, which takes positions and names")
        objects = self.bound(args, kwargs)
        if wrt is None and (others := taking_over(objects)) is not None and not self.steps((), True):
            return others(self, objects)
        return self.run(taken_apart(self.names, objects, self.differentiated(wrt)), wrt, keywords)

    # -- arguments -----------------------------------------------------------------------------------------------------

    def take_apart(self, args: Sequence[Any], kwargs: dict[str, Any], wrt: Any) -> Call:
        """What is passed, bound to the parameters and taken apart into leaves."""
        return taken_apart(self.names, self.bound(args, kwargs), self.differentiated(wrt))

    def bound(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """The objects that are passed, one a parameter."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            name = getattr(self.function, "__name__", "function")
            raise LocatedTypeError(f"{name}{self.signature}: {error}") from None
        bound.apply_defaults()
        return list(bound.arguments.values())

    def differentiated(self, wrt: Any) -> set[int]:
        """Positions of the arguments that a gradient is asked by, whose ints count as floats."""
        asked, single = wrt_positions(wrt, self.names) if wrt is not None else ((), True)
        return {k for step in self.steps(asked, single) if step.kind != "pullback" for k in step.wrt}

    # -- finding and building ------------------------------------------------------------------------------------------

    def run(self, call: Call, wrt: Any, keywords: tuple[tuple[str, Any], ...] = ()) -> Any:
        return self.attempt(call, lambda: self.execute(self.family(call, wrt), call, keywords))

    def attempt(self, call: Call, ask: Callable[[], Any]) -> Any:
        """Ask; where a size is 1 that may broadcast, ask anew with more known: all sizes, then all ints."""
        with showing() as shown:
            for kinds in (call.kinds, exact(call.kinds, call.leaves), settled(call)):
                call.kinds = kinds
                try:
                    return ask()
                except Respecialise as found:
                    shown.again()
                    last = found
        raise last.refused()

    def execute(self, family: Family, call: Call, keywords: tuple[tuple[str, Any], ...] = ()) -> Any:
        """Run a native variant of the family (or its text, with SYMDIFF_NATIVE=0) and form the answer."""
        inputs = family.inputs(call, self.function)
        if not setting("SYMDIFF_NATIVE"):
            return self.finish(family, call, family.in_python(inputs))
        variant = self.variant(family, inputs, keywords)
        if not variant.direct:
            return self.finish(family, call, run_native(family, variant, inputs))
        try:
            return variant.unit.builtin(*map(prepare, call.leaves), **dict(variant.keywords))
        except _Misfit:
            family.flat = True
        return self.execute(family, call, keywords)

    def pull_back(self, call: Call, steps: tuple[Step, ...], cotangent: Any) -> Any:
        """Run a family whose graph takes cotangents after the arguments and captured values."""
        return self.attempt(call, lambda: self._pull_back(call, steps, cotangent))

    def _pull_back(self, call: Call, steps: tuple[Step, ...], cotangent: Any) -> Any:
        family, typed = self.with_cotangents(call, steps, cotangent)
        ones = tuple(tuple(size == 1 for size in np.shape(c)) for c in typed)
        if ones != tuple(tuple(d == 1 for d in seed.type.shape) for seed in family.graph.params[-len(typed) :]):
            family, typed = self.with_cotangents(call, (*steps[:-1], replace(steps[-1], ones=ones)), cotangent)
        inputs = family.inputs(call, self.function)
        inputs = [*inputs, *typed]
        if not setting("SYMDIFF_NATIVE"):
            return family.pack(family.in_python(inputs))
        return family.pack(run_native(family, self.variant(family, inputs), inputs))

    def with_cotangents(self, call: Call, steps: tuple[Step, ...], cotangent: Any) -> tuple[Family, list[Any]]:
        """The family of a pullback, and what its last parameters get."""
        family = self.family_of(call, steps)
        family.flat = True
        cotangents = flatten_as(family.program.seeded_as, cotangent)
        given = [cotangents[n] for n in family.program.seeded]
        seeds = family.graph.params[len(family.graph.params) - len(given) :]
        return family, [cotangent_like(c, seed.type) for c, seed in zip(given, seeds, strict=True)]

    def variant(self, family: Family, inputs: Sequence[Any], keywords: tuple[tuple[str, Any], ...] = ()) -> Variant:
        """The variant for the sizes of these inputs; users get to call it directly where it can stand alone."""
        with self.store.lock:
            variant = family.variant(family.sizes_of(inputs), self, self.function, keywords)
            variant.calls += 1
            if variant.direct and self.publish is not None and variant not in self.published:
                self.published.append(variant)
                self.publish(variant)
            return variant

    def finish(self, family: Family, call: Call, results: Sequence[Any]) -> Any:
        if family.program.written:
            write_back(family.program, call, results)
        return with_same_objects(family.program, results, call.leaves) if family.program.same else family.pack(results)

    def family(self, call: Call, wrt: Any) -> Family:
        positions, single = wrt_positions(wrt, self.names) if wrt is not None else ((), True)
        return self.family_of(call, self.steps(positions, single), positions)

    def family_of(self, call: Call, steps: tuple[Step, ...], positions: Sequence[int] = ()) -> Family:
        with self.store.lock:
            key = self.key(call, steps)
            for known in self.store.families.get(key, ()):
                if known.holds(self.function) and known.same_types(self.function):
                    return known
            with seldom_collected:
                family = self.build(call, steps, positions)
            self.store.families.setdefault(self.key(call, steps), []).append(family)
            return family

    def key(self, call: Call, steps: tuple[Step, ...]) -> Any:
        """What one family serves; what parsing has found to be needed, leaf after leaf, is fixed in the call."""
        while True:
            key = (steps, call.structures, call.kinds)
            static = self.store.static_leaves.get(key)
            if static is None:
                return key
            call.kinds = with_static(call, static)

    def build(self, call: Call, steps: tuple[Step, ...], positions: Sequence[int]) -> Family:
        while True:
            levels = stages.argument_levels(steps, arguments_of(self.names, call))
            try:
                program = self.parse(self.function, levels[0])
                break
            except StaticNeeded as needed:
                self.make_static(call, steps, needed, positions)
            except SymdiffError as error:
                self.refuse_ints(call, steps, error)
                raise
        made = stages.reverse(program, steps, levels, self.options)
        final = made.program
        return Family(
            final,
            made,
            Interface(final, call.kinds, call.structures, call.active, value_template(final)),
            self.options,
            value_pack(final),
            bool(final.same) or may_show(final.graph),
            program.written,
        )

    def refuse_ints(self, call: Call, steps: tuple[Step, ...], error: SymdiffError) -> None:
        """Say so if the function is only in error because ints to differentiate by were taken for floats."""
        if not call.floated:
            return
        ints = replace(call, kinds=with_ints(call), floated=())
        try:
            self.parse(self.function, stages.argument_levels(steps, arguments_of(self.names, ints))[0])
        except StaticNeeded:
            pass
        except SymdiffError:
            return
        names = ", ".join(call.names[k] for k in call.floated)
        raise _no_derivative(names, error.where) from None

    def make_static(self, call: Call, steps: tuple[Step, ...], needed: StaticNeeded, positions: Sequence[int]) -> None:
        owners = [k for k, s in enumerate(call.structures) for _ in range(s.count)]
        if owners[needed.leaf] in positions and not needed.size:
            raise _no_derivative(call.names[needed.leaf], needed.where)
        if call.kinds[needed.leaf].ones and not needed.size:
            message = f"the function maps over {call.names[needed.leaf]}, but must know it before it runs"
            raise located(UnsupportedSyntaxError, message, needed.where, "call the function in a loop")
        base = (steps, call.structures, call.kinds)
        known = self.store.static_leaves.setdefault(base, set())
        known.add(needed.leaf)
        call.kinds = with_static(call, known)


_EXECUTE = Dispatcher.execute.__code__


def _no_derivative(name: str, where: Location | None) -> SymdiffError:
    message = f"argument {name} is used as an index, length or bound, so there is no derivative by it"
    return located(TypeError, message, where, "leave it out of wrt")


