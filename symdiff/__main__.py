"""The command line: ``symdiff show|check|demo|doctor``, also as ``python -m symdiff``.

Exit codes: 0 ok, 1 a check failed or a function was refused, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import importlib.util
import inspect
import os
import platform
import runpy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import symdiff
from symdiff import Differentiable, differentiable, gradcheck
from symdiff.config import STAGES, describe_variables
from symdiff.errors import InternalError, MissingExtraError, SymdiffError
from symdiff.user_file import LoadError, UsageError, loaded
from symdiff_codegen import entry
from symdiff_codegen.targets import cpu

__all__ = ["main"]

OK, FAILED, USAGE = 0, 1, 2

BASE = ("numpy", "sympy", "llvmlite")
EXAMPLES = {"scikit-learn": "sklearn", "scipy": "scipy", "matplotlib": "matplotlib"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; by default that of this process.

    Returns
    -------
    int
        The exit code.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return USAGE
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except UsageError as error:
        print(f"symdiff: {error}", file=sys.stderr)
        return USAGE
    except LoadError as error:
        print(error, file=sys.stderr)
        return FAILED
    except InternalError:
        raise
    except SymdiffError as error:
        print(f"symdiff: {error}" if error.where is None else error, file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the reader of our output has seen enough: `symdiff show ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symdiff",
        description="Exact gradients of ordinary numerical Python, as native code and as readable source.",
        epilog="exit codes: 0 ok, 1 a check failed or a function was refused, 2 wrong usage",
    )
    parser.add_argument("--version", action="version", version=f"symdiff {symdiff.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")

    show = commands.add_parser("show", help="print a stage of the compilation of a function's gradient")
    _add_target(show)
    show.add_argument("--wrt", metavar="NAMES", help="arguments to differentiate by: names joined by commas")
    show.add_argument(
        "--stage", choices=[*STAGES, "all"], default="simplified", help="default: simplified, which is Python that runs"
    )
    show.set_defaults(run=_show)

    check = commands.add_parser("check", help="compare a function's gradient with finite differences")
    _add_target(check)
    check.add_argument("--order", type=int, choices=(1, 2), default=1, help="2 checks the gradient's gradient too")
    check.add_argument("--seed", type=int, default=0, help="of the random directions (default: 0)")
    check.set_defaults(run=_check)

    demo = commands.add_parser("demo", help="train a classifier on real data with a compiled gradient")
    demo.set_defaults(run=_demo)
    doctor = commands.add_parser("doctor", help="tell what this installation has, and whether it works")
    doctor.set_defaults(run=_doctor)
    return parser


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="FILE.py:FUNCTION", help="the function; the file is loaded, as by import")
    parser.add_argument(
        "--args",
        metavar="ARGS",
        help="its arguments as in a call, with the names of the file; a list is an array: '1.5, [1, 2.5], n=3'. "
        "Without it arguments are guessed from the annotations: a float, 3 for int, five numbers for np.ndarray",
    )


# -- the function and its arguments
# ------------------------------------------------------------------------------------------------


@contextmanager
def _target(options: argparse.Namespace) -> Iterator[tuple[Differentiable, inspect.BoundArguments]]:
    """The function of the command line, and its arguments; says so where they were guessed."""
    file, colon, name = options.target.rpartition(":")
    if not colon or not name or not file:
        raise UsageError(f"{options.target!r} is not of the form FILE.py:FUNCTION")
    if not Path(file).is_file():
        raise UsageError(f"there is no file {file}")
    with loaded(Path(file)) as module:
        function = _find(module, file, name)
        args, kwargs = _given(module, options.args) if options.args is not None else _guessed(function, name)
        try:
            bound = inspect.signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise UsageError(f"{name}{inspect.signature(function)}: {error}") from None
        if options.args is None and bound.arguments:
            shown = ", ".join(f"{key}={_shown(value)}" for key, value in bound.arguments.items())
            print(f"# guessed arguments: {shown}; give others with --args", file=sys.stderr)
        yield function, bound


def _find(module: ModuleType, file: str, name: str) -> Differentiable:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(f"{file} has no function {name!r}{_candidates(module)}")
        found = getattr(found, part)
    if not callable(found) or isinstance(found, type):
        raise UsageError(f"{name!r} of {file} is not a function{_candidates(module)}")
    return found if isinstance(found, Differentiable) else differentiable(found)


def _candidates(module: ModuleType) -> str:
    own = [
        key
        for key, value in vars(module).items()
        if isinstance(value, Differentiable) or (inspect.isfunction(value) and value.__module__ == module.__name__)
    ]
    return f"; it has {', '.join(own)}" if own else ""


def _given(module: ModuleType, text: str) -> tuple[list[Any], dict[str, Any]]:
    """Arguments as they would stand in a call in the user's file."""
    names = {"np": np, **vars(module)}
    try:
        args, kwargs = eval(f"(lambda *args, **kwargs: (args, kwargs))({text})", names)
    except Exception as error:
        raise UsageError(f"--args {text!r}: {type(error).__name__}: {error}") from None
    return [_array(a) for a in args], {key: _array(a) for key, a in kwargs.items()}


def _array(argument: Any) -> Any:
    """A list of numbers as an array of floats; everything else as it is."""
    if not isinstance(argument, list):
        return argument
    try:
        return np.array(argument, dtype=float)
    except (TypeError, ValueError):
        return argument


def _guessed(function: Differentiable, name: str) -> tuple[list[Any], dict[str, Any]]:
    """An argument for every parameter that needs one."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        several = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if several or parameter.default is not parameter.empty:
            continue
        value = _guess(parameter, name)
        if parameter.kind is parameter.KEYWORD_ONLY:
            kwargs[parameter.name] = value
        else:
            args.append(value)
    return args, kwargs


def _guess(parameter: inspect.Parameter, name: str) -> Any:
    """An argument of the annotated type; a float where nothing is said."""
    annotation = parameter.annotation
    word = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    if annotation is parameter.empty or word in ("float", "float64", "np.float64", "Any"):
        return 1.5
    if word in ("int", "bool"):
        return 3 if word == "int" else True
    if any(kind in word for kind in ("ndarray", "NDArray", "ArrayLike")):
        return np.linspace(0.5, 1.5, 5)
    raise UsageError(f"no guess for the argument {parameter.name!r} of {name}: give all with --args")


def _shown(value: Any) -> str:
    return f"np.array({value.tolist()})" if isinstance(value, np.ndarray) else repr(value)


# -- commands
# ------------------------------------------------------------------------------------------------------------


def _show(options: argparse.Namespace) -> int:
    with _target(options) as (function, bound):
        chosen = {**bound.kwargs, **_wrt(options.wrt, list(inspect.signature(function).parameters))}
        if options.stage == "simplified":
            print(function.gradient_source(*bound.args, **chosen).rstrip())
            return OK
        made = function.stages(*bound.args, **chosen)
        if options.stage != "all":
            print(str(getattr(made, options.stage)).rstrip())
            return OK
        for stage in STAGES:
            print(f"{'-' * 20} {stage} {'-' * (98 - len(stage))}\n")
            print(f"{str(getattr(made, stage)).strip()}\n")
    return OK


def _wrt(text: str | None, parameters: Sequence[str]) -> dict[str, Any]:
    if text is None:
        return {}
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in parameters:
            raise UsageError(f"--wrt {name}: there is no such argument; there are {', '.join(parameters)}")
    return {"wrt": names if len(names) > 1 else names[0]}


def _check(options: argparse.Namespace) -> int:
    with _target(options) as (function, bound):
        names = [
            name
            for name, value in zip(inspect.signature(function).parameters, bound.args, strict=False)
            if not isinstance(value, np.ndarray | np.generic | int | str) or np.asarray(value).dtype.kind == "f"
        ]
        if not names:
            raise UsageError("none of the arguments holds floats: there is nothing to check")
        if bound.kwargs:
            function = differentiable(functools.partial(function, **bound.kwargs))
        gradcheck(function, *bound.args, order=options.order, seed=options.seed)
    if options.order == 1:
        print(f"ok: the gradient by {', '.join(names)} agrees with finite differences")
    else:
        print(f"ok: first and second derivatives by {', '.join(names)} agree with finite differences")
    return OK


def _demo(options: argparse.Namespace) -> int:
    missing = [package for package, module in EXAMPLES.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingExtraError(f"the demo needs {', '.join(missing)}", hint="pip install 'symdiff[examples]'")
    here = Path(__file__).resolve().parent
    for folder in (here / "examples", here.parent / "examples"):  # installed from a wheel, or a checkout
        example = folder / "logistic_regression.py"
        if example.is_file():
            runpy.run_path(str(example), run_name="__main__")
            return OK
    raise UsageError("the examples are not installed")


def _doctor(options: argparse.Namespace) -> int:
    print(f"symdiff {symdiff.__version__} in {Path(symdiff.__file__).parent}")
    print(f"Python {platform.python_version()} ({platform.python_implementation()}, {platform.platform()})\n")
    for package in (*BASE, *EXAMPLES):
        hint = "" if package in BASE else ", which the examples need: pip install 'symdiff[examples]'"
        print(f"{package:14} {_version(package) or f'not installed{hint}'}")
    name, features = cpu()
    has = [f[1:] for f in features.split(",") if f in ("+fma", "+avx2", "+avx512f", "+neon")]
    print(f"{'processor':14} {name}: {', '.join(has) or 'no vector extensions that matter'}")
    way = "directly" if entry.AVAILABLE else "through ctypes, which is slower: the layout of this Python is not known"
    print(f"{'calls':14} enter native code {way}")
    print(f"\nEnvironment variables:\n{describe_variables()}\n")
    wrong = _probe()
    if wrong:
        print(f"Something is wrong: {wrong}")
        return FAILED
    print("A loop and a matrix product were compiled: their values and gradients are right.")
    return OK


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _probe() -> str:
    """Compile a loop and a matrix product; what is wrong with their results, if anything."""
    found = differentiable(_loop).value_and_grad(1.5)
    if not np.allclose(found, (3.75, 4.0), rtol=1e-12):
        return f"the loop gave {found}, not (3.75, 4.0)"
    a, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.0])
    value, gradient = differentiable(_product).value_and_grad(x, a)
    if not (np.isclose(value, 27.0) and np.allclose(gradient, (12.0, 21.0), rtol=1e-12)):
        return f"the product gave {value} and {gradient}, not 27 and (12, 21)"
    return ""


def _loop(x: float) -> float:
    total = 0.0
    for k in range(3):
        total = total + x**k
    return total - 1.0


def _product(x: Any, a: Any) -> Any:
    return x @ (a @ x)


if __name__ == "__main__":
    sys.exit(main())
