"""One program through every route: CPython, native code, printed text, forward mode, rewritten sources.

`examine(program, folder)` gives an `Outcome`: "right", "refused", or a failure with what was found. All failures are
named by a word, so that a smaller program can be asked whether it fails in the same way.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

import symdiff as sd
from symdiff.errors import InternalError, SymdiffError
from tests.fuzz import rewrites
from tests.fuzz.compiled import (
    Along,
    Compiled,
    Failure,
    Found,
    Options,
    Outcome,
    along_direction,
    ordinary,
    plain,
    positions,
    same_bits,
)
from tests.fuzz.doubts import chaotic, rounding_decides
from tests.fuzz.generator import Program
from tests.fuzz.load import function_of

__all__ = ["Failure", "Options", "Outcome", "along_direction", "examine"]

ILL = 1e7  # sizes beyond which float64 has too few digits to compare
CLOSE = 1e-9  # of the sum of absolute values: leaves room for ill-conditioned intermediate values


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
            try:
                against_text(program, compiled, inputs.arguments(), found, options)
            except Failure as failure:
                if not chaotic(program, function, options, inputs.arguments(), failure):
                    raise
                notes.append("a change in the last place of inputs makes as much of a difference to the slope")
        if other is not None and well:
            against_rewritten(other, inputs.arguments(), found, options, notes)
    return Outcome("right", calls=calls, notes=tuple(notes)) if calls else Outcome("refused", refusal)


# -- comparing ---------------------------------------------------------------------------------------------------------


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
        gap = float(np.max(np.abs(a - b), initial=0.0))
        raise Failure(word, f"{a.ravel().tolist()} is not {b.ravel().tolist()}", gap)


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
