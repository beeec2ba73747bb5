"""The corpus on its way through the compiler: for each program and case the graphs, texts and native functions.

`Prepared` is one case: its arguments as the dispatcher classifies them, the family of graphs it belongs to, and what
the graphs take and give. Everything is made once for each process and shared between tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

import symdiff as sd
from symdiff.errors import ShapeError
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.python import print_function
from symdiff.ir.verify import verify
from symdiff.runtime.arguments import prepare
from symdiff.runtime.binding import Call, exact
from symdiff.runtime.call import Dispatcher
from symdiff.runtime.family import Family
from symdiff.runtime.interpret import interpret
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from tests.graph_oracle import Exact, exact_gradient, exact_hessian_vector
from tests.programs import CASES, PROGRAMS, Case, Program

__all__ = ["BY_ID", "Prepared", "prepared", "run_text"]

KEPT = 30  # how many programs and cases stay in memory: tests of one program run after one another

BY_ID: dict[str, tuple[Program, Case]] = {case.id: (program, case) for program, case in CASES}


@lru_cache(maxsize=KEPT)
def wrapped(name: str, simplify: bool) -> sd.Differentiable:
    """The program as users would decorate it; called through its dispatcher, it builds each family once."""
    return sd.differentiable(PROGRAMS[name].function, wrt=PROGRAMS[name].wrt, simplify=simplify)


@lru_cache(maxsize=KEPT)
def wrapped_gradient(name: str) -> sd.Differentiable:
    """The gradient of a program as a function of its own, to be differentiated again."""
    return sd.grad(PROGRAMS[name].function, PROGRAMS[name].wrt)


@lru_cache(maxsize=KEPT)
def unit_for_any_sizes(family: Family, dispatcher: Dispatcher) -> Any:
    """Native code that takes every size at run time."""
    before, family.flat = family.flat, True
    unit = family._build({}, dispatcher, dispatcher.function, ()).unit
    family.flat = before
    return unit


@lru_cache(maxsize=KEPT)
def exact_of(identifier: str) -> Exact:
    """The gradient of a case in 50 digits, of the graph as parsed: simplification comes later."""
    one = prepared(identifier)
    return exact_gradient(one.primal, one.inputs, one.wrt)


@lru_cache(maxsize=KEPT)
def exact_product_of(identifier: str) -> tuple[np.ndarray, ...]:
    """The Hessian of a case times its directions, likewise."""
    one = prepared(identifier)
    return exact_hessian_vector(one.primal, one.inputs, one.wrt, one.directions)


@lru_cache(maxsize=KEPT)
def prepared(identifier: str, simplify: bool = True) -> "Prepared":
    """One case, made ready."""
    program, case = BY_ID[identifier]
    return Prepared(program, case, simplify)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case of the corpus, and what the compiler makes of it."""

    program: Program
    case: Case
    simplify: bool

    @cached_property
    def public(self) -> sd.Differentiable:
        return wrapped(self.program.name, self.simplify)

    @property
    def public_gradient(self) -> sd.Differentiable:
        return wrapped_gradient(self.program.name)

    @property
    def unit_for_any_sizes(self) -> Any:
        """Native code of value and gradient for sizes known at run time only; None where no argument has a size."""
        dispatcher, _, family = self.gradient_question
        if not family._static(family.sizes_of([prepare(v) for v in self.inputs])):
            return None
        return unit_for_any_sizes(family, dispatcher)

    @cached_property
    def plain(self) -> float:
        """What CPython computes."""
        with np.errstate(all="ignore"):
            return float(self.program.function(*self.case.arguments()))

    # -- graphs --------------------------------------------------------------------------------------------------------

    def question(self, kind: str) -> tuple[Dispatcher, Call, Family]:
        """The family that answers ``_value``, ``grad`` or ``value_and_grad``."""
        dispatcher = self.public._dispatcher(kind)
        call = dispatcher.take_apart(self.case.arguments(), {}, dispatcher.wrt)
        family = dispatcher.family(call, dispatcher.wrt)
        try:
            interpret(family.made.graph, *family.inputs(call, dispatcher.function))
        except ShapeError:
            # a size that is 1 by chance: as the dispatcher does when native code finds out
            call.kinds = exact(call.kinds, call.leaves)
            family = dispatcher.family(call, dispatcher.wrt)
        return dispatcher, call, family

    @cached_property
    def gradient_question(self) -> tuple[Dispatcher, Call, Family]:
        return self.question("value_and_grad")

    @property
    def family(self) -> Family:
        return self.gradient_question[2]

    @property
    def primal(self) -> Function:
        """The graph of the function itself, as parsed."""
        return self.family.made.graph

    @property
    def gradient(self) -> Function:
        """The graph of value and gradient, simplified."""
        return self.family.made.simplified

    @cached_property
    def inputs(self) -> list[Any]:
        """What the parameters of these graphs get."""
        dispatcher, call, family = self.gradient_question
        return family.inputs(call, dispatcher.function)

    @cached_property
    def wrt(self) -> list[int]:
        """Positions of the parameters that vary."""
        dispatcher, call, _ = self.gradient_question
        names = [self.program.wrt] if isinstance(self.program.wrt, str) else self.program.wrt
        asked = [dispatcher.names.index(name) for name in names]
        owners = [k for k, s in enumerate(call.structures) for _ in range(s.count)]
        positions = {}
        for leaf, kind in enumerate(call.kinds):
            if kind.kind != "static":
                positions[leaf] = len(positions)
        return [
            positions[leaf]
            for k in asked
            for leaf, owner in enumerate(owners)
            if owner == k and call.kinds[leaf].dtype.startswith("float")
        ]

    @property
    def exact(self) -> Exact:
        return exact_of(self.case.id)

    @property
    def exact_product(self) -> tuple[np.ndarray, ...]:
        return exact_product_of(self.case.id)

    @cached_property
    def sizes_of_product(self) -> tuple[np.ndarray, ...]:
        """How large an error rounding can explain in the Hessian times the directions."""
        return exact_gradient(self.gradient_alone, self.inputs, self.wrt, weights=self.directions).sizes

    def gradients_of(self, results: Sequence[Any]) -> list[Any]:
        """The gradients among the results of a graph of value and gradient."""
        return list(results[len(results) - len(self.wrt) :])

    # -- second derivatives --------------------------------------------------------------------------------------------

    @cached_property
    def directions(self) -> list[Any]:
        """A random direction for each varying parameter."""
        rng = np.random.default_rng(7)
        found = []
        for k in self.wrt:
            like = np.asarray(self.inputs[k])
            made = rng.normal(size=like.shape)
            found.append(made.astype(like.dtype) if like.ndim else float(made))
        return found

    @cached_property
    def gradient_alone(self) -> Function:
        """The gradient without the value."""
        graph = self.gradient
        block = Block(graph.params, graph.block.nodes, tuple(self.gradients_of(graph.results)))
        return eliminate_dead_code(Function(f"{self.primal.name}_grad", block))

    @cached_property
    def hessian_product(self) -> Function:
        """The Hessian times a direction: the simplified gradient, differentiated with the direction as cotangent."""
        graph = self.gradient_alone
        params = [graph.params[k] for k in self.wrt]
        types = [Type(p.type.dtype, p.type.shape, "numpy" if p.type.shape else "python") for p in params]
        seeds = [Value(t, f"{p.hint}_dot") for t, p in zip(types, params, strict=True)]
        made = differentiate(graph, self.wrt, seeds, name=f"{self.primal.name}_product", value=False)
        return verify(eliminate_dead_code(made))


def run_text(function: Function, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """What the printed text returns, run with NumPy alone."""
    namespace: dict[str, Any] = {}
    exec(compile(print_function(function), f"<{function.name}>", "exec"), namespace)
    with np.errstate(all="ignore"):
        found = namespace[function.name](*arguments)
    return found if isinstance(found, tuple) else (found,)
