"""The command line: ``symdiff show|check|demo|doctor``, also as ``python -m symdiff``.

Exit codes: 0 ok, 1 a check failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import ast
import importlib.metadata
import importlib.util
import inspect
import platform
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import symdiff
from symdiff.api import Differentiable, differentiable, gradcheck
from symdiff.config import STAGES, cache_directory, describe_variables
from symdiff.errors import LocatedAssertionError, SymdiffError
from symdiff_codegen import entry
from symdiff_codegen.targets import cpu

__all__ = ["main"]

OK, FAILED, USAGE = 0, 1, 2


class UsageError(Exception):
    """The command line names something that is not there."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except UsageError as error:
        print(f"symdiff: {error}", file=sys.stderr)
        return USAGE
    except LocatedAssertionError as error:
        print(error, file=sys.stderr)
        return FAILED
    except SymdiffError as error:
        print(error, file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="symdiff", description="Differentiation of ordinary numerical Python.")
    parser.add_argument("--version", action="version", version=f"symdiff {symdiff.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="print a stage of a function's compilation")
    _target(show)
    show.add_argument(
        "--stage", choices=[*STAGES, "all"], default="simplified", help="which stage (default: simplified)"
    )
    show.set_defaults(run=_show)
    check = commands.add_parser("check", help="compare a function's gradient with finite differences")
    _target(check)
    check.add_argument("--order", type=int, choices=(1, 2), default=1, help="2 checks second derivatives too")
    check.set_defaults(run=_check)
    demo = commands.add_parser("demo", help="train a classifier on real data with a compiled gradient")
    demo.set_defaults(run=_demo)
    doctor = commands.add_parser("doctor", help="what this installation has, and what it lacks")
    doctor.set_defaults(run=_doctor)
    return parser


def _target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="FILE.py:FUNCTION")
    parser.add_argument(
        "--args", default=None, help="arguments as Python literals, lists for arrays: '1.0, [1.0, 2.0]'"
    )
    parser.add_argument("--wrt", default=None, help="argument names, separated by commas (default: the first argument)")


# -- finding the function
# ------------------------------------------------------------------------------------------------


def _function(target: str) -> Differentiable:
    file, colon, name = target.rpartition(":")
    if not colon or not Path(file).is_file():
        raise UsageError(f"{target!r} is not FILE.py:FUNCTION")
    module = _module(Path(file))
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise UsageError(f"{file} has no function {name!r}")
    return found if isinstance(found, Differentiable) else differentiable(found)


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file.resolve())
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    sys.path.insert(0, str(file.resolve().parent))
    spec.loader.exec_module(module)
    return module


def _arguments(function: Differentiable, text: str | None) -> list[Any]:
    if text is None:
        return [_guess(p) for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    try:
        given = ast.literal_eval(f"[{text}]")
    except (ValueError, SyntaxError):
        raise UsageError(f"--args {text!r} is not a list of Python literals") from None
    return [np.array(item, dtype=float) if isinstance(item, list) else item for item in given]


def _guess(parameter: inspect.Parameter) -> Any:
    """An argument of the annotated type; a float where nothing is said."""
    annotation = parameter.annotation
    word = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if word == "int":
        return 3
    if "ndarray" in word or "NDArray" in word or "ArrayLike" in word:
        return np.linspace(0.5, 1.5, 5)
    return 1.5


def _wrt(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    names = tuple(name.strip() for name in text.split(","))
    return {"wrt": names[0] if len(names) == 1 else names}


# -- commands
# ------------------------------------------------------------------------------------------------------------


def _show(options: argparse.Namespace) -> int:
    function = _function(options.target)
    arguments = _arguments(function, options.args)
    if options.stage in ("simplified",):
        print(function.gradient_source(*arguments, **_wrt(options.wrt)))
        return OK
    made = function.stages(*arguments, **_wrt(options.wrt))
    for stage in STAGES if options.stage == "all" else [options.stage]:
        print(getattr(made, stage))
    return OK


def _check(options: argparse.Namespace) -> int:
    function = _function(options.target)
    gradcheck(function, *_arguments(function, options.args), order=options.order)
    print("ok: gradients agree with finite differences")
    return OK


def _demo(options: argparse.Namespace) -> int:
    here = Path(__file__).resolve().parent
    for folder in (here / "examples", here.parent / "examples"):
        example = folder / "logistic_regression.py"
        if example.is_file():
            runpy.run_path(str(example), run_name="__main__")
            return OK
    raise UsageError("the examples are not installed")


def _doctor(options: argparse.Namespace) -> int:
    name, features = cpu()
    has = [f[1:] for f in features.split(",") if f in ("+fma", "+avx2", "+avx512f", "+neon")]
    print(f"symdiff {symdiff.__version__}, Python {platform.python_version()} ({platform.python_implementation()})")
    for package in ("numpy", "sympy", "llvmlite"):
        print(f"  {package} {importlib.metadata.version(package)}")
    print(f"  processor {name}: {', '.join(has) or 'no vector extensions that matter'}")
    way = "directly" if entry.AVAILABLE else "through ctypes (slower): this Python is not known"
    print(f"  calls enter native code {way}")
    print(f"  cache {cache_directory()}")
    print(describe_variables())
    value, gradient = differentiable(_probe).value_and_grad(1.5)
    right = abs(value - 2.5) < 1e-12 and abs(gradient - 1.5) < 1e-12
    print("a compiled function gives the right value and gradient" if right else f"WRONG: {value}, {gradient}")
    return OK if right else FAILED


def _probe(x: float) -> float:
    total = 0.0
    for k in range(3):
        total = total + x**k / (k + 1.0)
    return total


if __name__ == "__main__":
    sys.exit(main())
