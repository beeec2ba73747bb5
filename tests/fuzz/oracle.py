"""One program through every route: CPython, native code, printed text, forward mode, rewritten sources.

`examine(program, folder)` gives an `Outcome`: "right", "refused", or a failure with what was found. All failures are
named by a word, so that a smaller program can be asked whether it fails in the same way.
"""

import random
import re
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import symdiff as sd
from symdiff.errors import InternalError, LimitError, SymdiffError
from symdiff.ir.walk import all_nodes
from symdiff.transform import simplify
from tests.fuzz import dual_run, duals, rewrites
from tests.fuzz.generator import Program
from tests.fuzz.load import function_of

__all__ = ["Failure", "Outcome", "examine"]

HUGE = 1e7
OVERFLOWING = 1e100
ILL = 1e7  # sizes beyond which float64 has too few digits to compare
NEIGHBOURS = 8  # inputs one unit in the last place away, asked where numbers differ
CLOSE = 1e-9  # of the sum of absolute values: leaves room for ill-conditioned intermediate values
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


def examine(program: Program, folder: Path, options: Options | None = None) -> Outcome:
    """Run the program by all routes."""
    options = options or Options.of_seed(program.seed)
    notes: list[str] = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return compared(program, folder, options, notes)
        except Failure as failure:
            return Outcome(failure.word, str(failure), notes=tuple(notes))


def compared(program: Program, folder: Path, options: Options, notes: list[str]) -> Outcome:
    function = function_of(program.source, f"fuzz_{program.seed}", folder)
    cases = [(inputs, plain(function, inputs.arguments())) for inputs in program.inputs]
    cases = [(inputs, found) for inputs, found in cases if ordinary(found)]
    if not cases:
        return Outcome("discarded", "no value is finite")
    compiled = Compiled(function, program, options)
    other = rewritten(program, folder, options) if options.rewritten else None
    refusal = ""
    calls = 0
    for inputs, expected in cases:
        found = compiled.call(inputs.arguments())
        if isinstance(found, Outcome):
            refusal = refusal or found.text
            continue
        calls += 1
        if quiet(expected, found):
            notes.append("what failed in CPython was not needed")
            continue
        dual = along_direction(program, inputs.arguments(), notes) if expected.error is None else None
        try:
            against_cpython(program, expected, found, options, dual)
            against_dual(program, dual, found)
        except Failure as failure:
            if not options.strict and rounding_decides(function, program, options, inputs.arguments(), expected):
                notes.append("a product that is not rounded before it is added decides a branch")
                continue
            if not chaotic(program, function, options, inputs.arguments(), failure):
                raise
            notes.append("a change in the last place, of inputs or on the way, makes as much of a difference")
            continue
        if found.error is not None:
            continue
        if options.forward and dual is not None:
            forward_mode(compiled, inputs.arguments(), dual, notes)
        well = dual is None or dual.sizes < ILL
        if options.printed and well:
            against_text(program, compiled, inputs.arguments(), found, options)
        if other is not None and well:
            against_rewritten(other, inputs.arguments(), found, options, notes)
    return Outcome("right", calls=calls, notes=tuple(notes)) if calls else Outcome("refused", refusal)


# -- running -----------------------------------------------------------------------------------------------------------


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


# -- comparing ---------------------------------------------------------------------------------------------------------


def same_bits(a: Any, b: Any) -> bool:
    return np.asarray(a, float).tobytes() == np.asarray(b, float).tobytes()


def quiet(expected: Found, found: Found) -> bool:
    """Whether CPython's arithmetic failed, and ours did not, or later: what is read by nobody is left out."""
    own = isinstance(found.error, ValueError | AssertionError) and not isinstance(found.error, SymdiffError)
    return arithmetic(expected.error) and (found.error is None or arithmetic(found.error) or own)


def arithmetic(error: Exception | None) -> bool:
    """Whether numbers that do not fit an operation raised this."""
    return isinstance(error, ArithmeticError) or (isinstance(error, ValueError) and "math" in str(error))


def against_cpython(program: Program, expected: Found, found: Found, options: Options, dual: Any) -> None:
    """The same value, or an exception of the same kind."""
    if expected.error is not None or found.error is not None:
        kind = type(expected.error) if expected.error is not None else type(None)
        own = found.error is None or isinstance(found.error, SymdiffError)
        if not own and (type(found.error) is not kind or str(found.error) != str(expected.error)):
            raise Failure(f"foreign {type(found.error).__name__}", f"{shown(expected)}, but we {shown(found)}")
        if not isinstance(found.error, kind):
            raise Failure("exception", f"CPython gives {shown(expected)}, we give {shown(found)}")
        return
    a, b = float(expected.value), float(found.value)
    if program.exact and options.strict:
        if not (same_bits(a, b) or a == b == 0.0):
            raise Failure("value", f"CPython gives {a.hex()}, we give {b.hex()}")
    elif not abs(a - b) <= CLOSE * max(1.0, abs(a), 0.0 if dual is None else dual.sizes):
        raise Failure("value", f"CPython gives {a!r}, we give {b!r}", abs(a - b))


def shown(found: Found) -> str:
    return repr(found.value) if found.error is None else repr(found.error)


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


def against_dual(program: Program, dual: Along | None, found: Found) -> None:
    """The gradient times the direction is the slope; not asked where rounding decides the first digits."""
    if found.error is not None or dual is None or not np.isfinite(dual.slope) or not dual.sizes < ILL:
        return
    parts = [(np.asarray(g), dual.directions[k]) for k, g in zip(positions(program), found.gradients, strict=True)]
    ours = float(sum(np.sum(g * d) for g, d in parts))
    scale = max(dual.sizes, 1e-3, *(float(np.sum(np.abs(g * d))) for g, d in parts))
    if not abs(ours - dual.slope) <= CLOSE * 10.0 * scale:
        text = f"forward mode gives {dual.slope!r} (size {dual.sizes:.3g}), we give {ours!r}"
        raise Failure("gradient", text, abs(ours - dual.slope))


def rounding_decides(
    function: Any, program: Program, options: Options, arguments: tuple[Any, ...], expected: Found
) -> bool:
    """Whether the same program without fused operations gives CPython's bits."""
    found = Compiled(function, program, replace(options, strict=True)).call(arguments)
    return isinstance(found, Found) and program.exact and found.error is None and same_bits(found.value, expected.value)


def chaotic(
    program: Program, function: Any, options: Options, arguments: tuple[Any, ...], failure: Failure
) -> bool:
    """Whether the number moves by as much where inputs move by one unit in the last place, or roundings are others.

    The first is asked of CPython, the second of the same program with and without fused operations.
    Only for programs that are not compared to the bit, and never for a gap that is not a number.
    """
    if program.exact or not np.isfinite(failure.gap):
        return False
    r = np.random.default_rng(program.seed)
    found = []
    if failure.word == "value":
        for strict in (True, False):
            again = Compiled(function, program, replace(options, strict=strict)).call(arguments)
            found.append(again.value if isinstance(again, Found) else None)
        if moves(found, failure.gap):
            return True
        found = []
    for _ in range(NEIGHBOURS):
        moved = [neighbour(r, a) for a in arguments]
        if failure.word == "value":
            found.append(plain(function, moved).value)
        else:
            dual = along_direction(program, tuple(moved), [])
            found.append(None if dual is None else dual.slope)
    return moves(found, failure.gap)


def moves(found: Sequence[Any], gap: float) -> bool:
    """Whether numbers are apart by about as much."""
    numbers = [float(v) for v in found if v is not None]
    return len(numbers) > 1 and max(numbers) - min(numbers) > 0.1 * gap


def neighbour(r: np.random.Generator, argument: Any) -> Any:
    """Floats moved to a neighbour, up or down; anything else as it is."""
    if isinstance(argument, bool | int):
        return argument
    moved = np.nextafter(argument, r.choice([-np.inf, np.inf], np.shape(argument)))
    return moved if isinstance(argument, np.ndarray) else float(moved)


def forward_mode(compiled: Compiled, arguments: tuple[Any, ...], dual: Along, notes: list[str]) -> None:
    """The compiler's own forward mode, along the same direction."""
    try:
        _, slope = sd.jvp(compiled.compiled, arguments, tuple(dual.directions))
    except SymdiffError as error:
        if isinstance(error, InternalError):
            raise Failure("forward internal", repr(error)) from error
        notes.append(f"forward mode: {error.message}")
        return
    comparable = np.isfinite(dual.slope) and dual.sizes < ILL
    if comparable and not abs(slope - dual.slope) <= CLOSE * 10.0 * max(dual.sizes, 1e-3):
        raise Failure("forward", f"duals give {dual.slope!r}, the compiler's forward mode {slope!r}")


def against_text(
    program: Program, compiled: Compiled, arguments: tuple[Any, ...], found: Found, options: Options
) -> None:
    """The printed gradient, executed by CPython."""
    try:
        results, added = compiled.in_python(arguments)
    except Exception as error:
        raise Failure("printed", f"the printed gradient raises {error!r}") from error
    count = len(found.gradients)
    bits = program.exact and options.strict
    compare(np.asarray(results[0], float), np.asarray(found.value, float), bits, "printed")
    for a, b in zip(results[len(results) - count :], found.gradients, strict=True):
        compare(np.asarray(a, float), np.asarray(b, float), bits and not added, "printed")


def compare(a: np.ndarray, b: np.ndarray, bits: bool, word: str) -> None:
    """Equal numbers: with bits, but for the sign of zero, the same ones."""
    if a.shape != b.shape:
        raise Failure(word, f"shapes {a.shape} and {b.shape}")
    if bits:
        good = bool(np.array_equal(a, b, equal_nan=True))
    else:
        scale = max(1.0, float(np.max(np.abs(b), initial=0.0)))
        good = bool(np.allclose(a, b, rtol=0, atol=CLOSE * 10 * scale, equal_nan=True))
    if not good:
        raise Failure(word, f"{a.ravel().tolist()} is not {b.ravel().tolist()}")


def rewritten(program: Program, folder: Path, options: Options) -> Compiled | None:
    """The program after a rewrite that changes no bit; None where it does not apply."""
    source = rewrites.apply(options.rewritten or "", program.source, program.seed)
    if source == program.source:
        return None
    function = function_of(source, f"fuzz_{program.seed}_rewritten", folder)
    return Compiled(function, program, options)


def against_rewritten(
    other: Compiled, arguments: tuple[Any, ...], found: Found, options: Options, notes: list[str]
) -> None:
    again = other.call(arguments)
    if isinstance(again, Outcome):
        notes.append(f"refused after {options.rewritten}: {again.text}")
        return
    if again.error is not None:
        raise Failure("rewrite", f"{options.rewritten}: raises {again.error!r}")
    for a, b in zip([again.value, *again.gradients], [found.value, *found.gradients], strict=True):
        bits = options.strict and options.simplify is False and options.rewritten in rewrites.BITWISE
        compare(np.asarray(a, float), np.asarray(b, float), bits, f"rewrite {options.rewritten}")
