"""Programs as the compiler has them, and what comes of a call."""

import random
import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

import symdiff as sd
from symdiff.errors import InternalError, LimitError, SymdiffError
from symdiff.ir.walk import all_nodes
from symdiff.transform import simplify
from tests.fuzz import dual_run, duals, rewrites
from tests.fuzz.generator import Program

__all__ = [
    "Along",
    "Compiled",
    "Failure",
    "Found",
    "Options",
    "Outcome",
    "along_direction",
    "ordinary",
    "plain",
    "positions",
    "same_bits",
]

HUGE = 1e7
OVERFLOWING = 1e100
ADDING = ("sum", "matmul", "mean", "prod", "cumsum")  # rows whose additions NumPy orders in its own way
RAISED = (ArithmeticError, LookupError, NameError, TypeError, ValueError, AttributeError, AssertionError, RuntimeError)


class Failure(Exception):
    """Something is wrong: the word that names it, what was found, and how far two numbers are apart."""

    def __init__(self, word: str, text: str, gap: float = np.inf):
        super().__init__(f"{word}: {text}")
        self.word, self.gap = word, gap


@dataclass(frozen=True)
class Outcome:
    """What came of a program: a word and a text; how many calls were compared, and which checks could not be made."""

    word: str
    text: str = ""
    calls: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What one call gave: value and gradients, or what it raised."""

    value: Any = None
    gradients: tuple[Any, ...] = ()
    error: Exception | None = None


@dataclass(frozen=True)
class Options:
    """How a program is compiled and what is asked; `simplify` may also be "rules": all but the search by SymPy."""

    simplify: Any = False
    strict: bool = True
    printed: bool = True
    rewritten: str | None = None
    forward: bool = False

    @classmethod
    def of_seed(cls, seed: int) -> "Options":
        """Cheap ones mostly."""
        simplify = "auto" if seed % 64 == 3 else "rules" if seed % 4 == 3 else False
        rewritten = rewrites.NAMES[(seed // 6) % len(rewrites.NAMES)] if seed % 6 == 1 else None
        return cls(simplify, seed % 5 != 4, printed=seed % 2 == 0, rewritten=rewritten, forward=seed % 10 == 2)


def plain(function: Any, arguments: Sequence[Any]) -> Found:
    """What CPython gives."""
    try:
        return Found(function(*arguments))
    except RAISED as error:
        return Found(error=error)


def ordinary(found: Found) -> bool:
    """Whether a result is worth comparing."""
    return found.error is not None or (np.ndim(found.value) == 0 and abs(found.value) < HUGE)


class Compiled:
    """The program as the compiler has it."""

    def __init__(self, function: Any, program: Program, options: Options):
        self.program, self.function, self.rules_only = program, function, options.simplify == "rules"
        simplify = "auto" if self.rules_only else options.simplify
        self.compiled = sd.differentiable(function, simplify=simplify, strict=options.strict, cache=False)

    def call(self, arguments: tuple[Any, ...]) -> Found | Outcome:
        """Value and gradient; an Outcome where the program is refused."""
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        try:
            with without_regions() if self.rules_only else nullcontext():
                self.question(arguments)
        except Exception as error:
            return refusal_or_failure(error)
        try:
            value, gradients = self.compiled.value_and_grad(*arguments, wrt=self.program.wrt)
        except InternalError as error:
            raise Failure(f"internal {type(error).__name__}", repr(error)) from error
        except LimitError as error:
            return Outcome("refused", error.message)
        except SymdiffError as error:
            if "shares memory" in str(error):
                return Outcome("refused", "an argument stored into shares memory with another")
            return Found(error=error)
        except Exception as error:
            # what the program raises itself comes as it is
            return Found(error=error)
        for argument, copy in zip(arguments, copies, strict=True):
            if isinstance(argument, np.ndarray) and not same_bits(argument, copy):
                raise Failure("modified", "an argument was changed by a gradient call")
        self.check_form(arguments, gradients)
        return Found(value, tuple(gradients))

    def question(self, arguments: tuple[Any, ...]) -> Any:
        return self.compiled._family("value_and_grad", arguments, {"wrt": self.program.wrt})

    def check_form(self, arguments: tuple[Any, ...], gradients: Sequence[Any]) -> None:
        """Gradients have the shape and dtype of their arguments."""
        for k, gradient in zip(positions(self.program), gradients, strict=True):
            argument = np.asarray(arguments[k], float)
            found = np.asarray(gradient)
            if found.shape != argument.shape or found.dtype != argument.dtype:
                raise Failure("form", f"a gradient is {found.dtype} of shape {found.shape}, not {argument.shape}")

    def in_python(self, arguments: tuple[Any, ...]) -> tuple[Sequence[Any], bool]:
        """The results of the printed gradient, and whether NumPy adds up numbers in it, in an order of its own."""
        family, _, call = self.question(arguments)
        added = any(node.op.name in ADDING for node in all_nodes(family.graph.block))
        return family.in_python(family.inputs(call, self.function)), added


def without_regions() -> Any:
    """The simplifier without its search by SymPy."""
    return mock.patch.object(simplify, "simplify_regions", lambda function, pinned, **options: (function, []))


def positions(program: Program) -> list[int]:
    head = program.source.split("def f(")[1].split(")")[0]
    names = [name.strip() for name in head.split(",")]
    return [names.index(name) for name in program.wrt]


def refusal_or_failure(error: Exception) -> Outcome:
    """A refusal names a line; everything else is a fault of the compiler."""
    if isinstance(error, LimitError):
        return Outcome("refused", error.message)
    if isinstance(error, InternalError) or not isinstance(error, SymdiffError):
        raise Failure(f"internal {type(error).__name__}", repr(error)) from error
    if error.where is None:
        raise Failure("unlocated", repr(error)) from error
    first = str(error).splitlines()[0].split(": ", 1)[-1]
    return Outcome("refused", re.sub(r" (stored into|held|assigned)? ?(at|on) (line \d+|\S+:\d+:\d+)", r" \1", first))


def same_bits(a: Any, b: Any) -> bool:
    return np.asarray(a, float).tobytes() == np.asarray(b, float).tobytes()


# -- forward mode of the oracle's own ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Along:
    """What forward mode gives along a direction: the slope, and the size of what it was added up from."""

    directions: list[Any]
    slope: float
    sizes: float


def along_direction(program: Program, arguments: tuple[Any, ...], notes: list[str]) -> Along | None:
    """The derivative along one random direction; None where the duals lack something."""
    r = random.Random(program.seed)
    directions: list[Any] = [None] * len(arguments)
    for k in positions(program):
        shape = np.shape(arguments[k])
        d = np.array([r.choice([-1, 1]) * r.uniform(0.5, 1.5) for _ in range(int(np.prod(shape)))]).reshape(shape)
        directions[k] = d if shape else float(d)
    duals.LARGEST[0] = 0.0
    try:
        dual = dual_run.run(program.source, "f", arguments, directions)
    except dual_run.NotCovered as error:
        notes.append(str(error))
        return None
    # where values nearly overflow, products of slopes do
    return Along(directions, dual.t, dual.s if duals.LARGEST[0] < OVERFLOWING else np.inf)
