"""Every environment variable and every option of `differentiable`, each in one table.

Environment variables are read when they are asked for, so that changing ``os.environ`` in a running program (or in a
test) has an effect. Options are checked once, when an `Options` is made, and are hashable: they are part of every key.
"""

from __future__ import annotations

import dataclasses
import difflib
import operator
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symdiff.errors import located
from symdiff.tracebacks import FULL_TRACEBACK

STAGES = ("source", "graph", "adjoint", "simplified", "kernel", "llvm", "llvm_optimised", "asm")
LOG_TOPICS = ("compile", "cache")


# ---- environment variables -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variable:
    """A row of the table of environment variables."""

    name: str
    read: Callable[[Variable, str], Any]
    default: str
    meaning: str


def _flag(variable: Variable, text: str) -> bool:
    if text in ("0", "1"):
        return text == "1"
    raise _bad_value(variable, text, "0 or 1")


def _level(variable: Variable, text: str) -> int:
    if text in ("0", "1", "2", "3"):
        return int(text)
    raise _bad_value(variable, text, "0, 1, 2 or 3")


def _names(allowed: tuple[str, ...]) -> Callable[[Variable, str], frozenset[str]]:
    def read(variable: Variable, text: str) -> frozenset[str]:
        words = frozenset(word.strip() for word in text.split(",") if word.strip())
        if "all" in words:
            return frozenset(allowed)
        if words - set(allowed):
            raise _bad_value(variable, text, f"all, or names out of {', '.join(allowed)} joined by commas")
        return words

    return read


def _path(variable: Variable, text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _bad_value(variable: Variable, text: str, wanted: str) -> Exception:
    return located(ValueError, f"environment variable {variable.name} is {text!r}", hint=f"set it to {wanted}")


VARIABLES: dict[str, Variable] = {
    row.name: row
    for row in (
        Variable("SYMDIFF_SHOW", _names(STAGES), "", "stages to print while compiling: names joined by commas, or all"),
        Variable("SYMDIFF_CHECK", _flag, "0", "1 verifies the graph after every stage"),
        Variable("SYMDIFF_LOG", _names(LOG_TOPICS), "", "compile: one line per compile, and which guard asked for it"),
        Variable("SYMDIFF_NATIVE", _flag, "1", "0 runs the plain function and the printed gradient in Python"),
        Variable(FULL_TRACEBACK, _flag, "0", "1 shows the library's own frames in errors"),
        Variable("SYMDIFF_CACHE_DIR", _path, "", "where results are kept; default: the user's cache directory"),
        Variable("SYMDIFF_OPT_LEVEL", _level, "3", "optimisation level of LLVM, 0 to 3; results are the same bits"),
    )
}


def setting(name: str) -> Any:
    """Return the value of an environment variable of the table, checked and converted.

    Parameters
    ----------
    name : str
        A key of `VARIABLES`.

    Returns
    -------
    bool, int, frozenset of str, or Path or None
        What the row's reader makes of the text; an unset or empty variable has the row's default.

    Examples
    --------
    >>> os.environ["SYMDIFF_SHOW"] = "graph,adjoint"
    >>> sorted(setting("SYMDIFF_SHOW"))
    ['adjoint', 'graph']
    >>> del os.environ["SYMDIFF_SHOW"]
    """
    row = VARIABLES[name]
    return row.read(row, os.environ.get(name, "").strip() or row.default)


def cache_directory() -> Path:
    """Return the directory of the cache on disk; it need not exist."""
    given: Path | None = setting("SYMDIFF_CACHE_DIR")
    if given is not None:
        return given
    # Imported here: it is needed only when something is compiled, and `import symdiff` has a budget.
    import platformdirs

    return platformdirs.user_cache_path("symdiff", appauthor=False)


def describe_variables() -> str:
    """Return the table of environment variables as text, with the values in force."""
    width = max(map(len, VARIABLES))
    value = {name: os.environ.get(name, "") or "-" for name in VARIABLES}
    return "\n".join(f"{name:{width}}  {value[name]:8}  {row.meaning}" for name, row in VARIABLES.items())


# ---- options of differentiable() -------------------------------------------------------------------------------------

Wrt = int | str | tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `differentiable`, checked.

    Attributes
    ----------
    wrt : int, str or tuple of them
        Arguments to differentiate with respect to, by position or name.
    fastmath : bool
        Allow LLVM to reassociate, contract and approximate, and drop Python's scalar exceptions.
    strict : bool
        Form no fused multiply-add: scalar arithmetic gives CPython's bits.
    boundscheck : bool
        Check every index that is not provably inside.
    parallel : bool
        Allow several threads.
    simplify : {"auto", "full", False}
        How hard the gradient is simplified; True means "auto".
    cache : bool
        Keep compiled code on disk.
    checkpoint : True, int or None
        Bound the memory of the tape of every ``for`` loop. True: loops run in segments, of about the square root of
        their trips each, which the reverse sweep runs once more. A number of bytes: loops that stand in no other
        loop run in the longest segments whose history fits, together; where none fits, the call is refused.
    at_kink : tuple of (name, slope), or None
        Slopes at kinks that differ from the table, given as a mapping from the convention's name: ``{"abs": 1.0}``.
        Where arguments share the slope, as those of ``maximum`` do, it is that of the first.
    """

    wrt: Wrt = 0
    fastmath: bool = False
    strict: bool = False
    boundscheck: bool = True
    parallel: bool = False
    simplify: str | bool = "auto"
    cache: bool = True
    checkpoint: bool | int | None = None
    at_kink: tuple[tuple[str, float], ...] | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            check: Callable[[str, Any], Any] = _CHECKS.get(field.name, _check_flag)
            object.__setattr__(self, field.name, check(field.name, getattr(self, field.name)))
        if self.fastmath and self.strict:
            raise located(ValueError, "fastmath=True and strict=True contradict each other", hint="choose one of them")

    @classmethod
    def from_keywords(cls, given: Mapping[str, Any]) -> Options:
        """Make options from keyword arguments; an unknown name is a TypeError that suggests the nearest."""
        return cls(**_known(given))

    def replace(self, **changes: Any) -> Options:
        """Return a copy with some options changed."""
        return dataclasses.replace(self, **_known(changes))

    def changed(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, in the order of the table."""
        fields = dataclasses.fields(self)
        return {field.name: getattr(self, field.name) for field in fields if getattr(self, field.name) != field.default}


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(Options)]
    for name in given:
        if name == "argnums":
            raise located(TypeError, "unknown option 'argnums'", hint="use wrt=, which takes positions and names")
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the options are {', '.join(names)}"
            raise located(TypeError, f"unknown option {name!r}", hint=hint)
    return dict(given)


def _check_flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise located(TypeError, f"option {name} is {value!r}", hint=f"{name} is True or False")


def check_wrt(name: str, value: Any) -> Wrt:
    """Return ``wrt`` as an int, a str or a tuple of them; raise a TypeError or ValueError if it is none of these."""
    if not isinstance(value, tuple | list):
        return _one_argument(value)
    several = tuple(_one_argument(item) for item in value)
    if not several:
        raise located(ValueError, "option wrt is empty", hint="name at least one argument")
    for item in several:
        if several.count(item) > 1:
            raise located(ValueError, f"option wrt names the argument {item!r} twice")
    return several


def _one_argument(value: Any) -> int | str:
    if isinstance(value, str) and value.isidentifier():
        return value
    if not isinstance(value, bool | str):
        try:
            return operator.index(value)
        except TypeError:
            pass
    raise located(TypeError, f"option wrt is {value!r}", hint="give an argument's name or position, or a tuple of them")


def _check_simplify(name: str, value: Any) -> str | bool:
    if value is True:
        return "auto"
    if value is False or (isinstance(value, str) and value in ("auto", "full")):
        return value
    raise located(ValueError, f"option simplify is {value!r}", hint="simplify is 'auto', 'full' or False")


def _check_checkpoint(name: str, value: Any) -> bool | int | None:
    if value is None or value is False:
        return None
    if value is True:
        return True
    try:
        size = operator.index(value)
    except TypeError:
        raise located(TypeError, f"option checkpoint is {value!r}", hint="give True or a number of bytes") from None
    if size <= 0:
        raise located(ValueError, f"option checkpoint is {size}", hint="a number of bytes is positive")
    return size


def _check_at_kink(name: str, value: Any) -> tuple[tuple[str, float], ...] | None:
    if value is None:
        return None
    try:
        choices = dict(value)
        hash(tuple(choices.items()))
    except (TypeError, ValueError):
        choices = {None: value}
    slopes = [slope for slope in choices.values() if not isinstance(slope, (int, float)) or isinstance(slope, bool)]
    if slopes or not all(isinstance(operation, str) for operation in choices):
        raise located(TypeError, f"option at_kink is {value!r}", hint='give a mapping such as {"abs": 1.0}')
    return tuple(sorted((operation, float(slope)) for operation, slope in choices.items())) or None


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "wrt": check_wrt,
    "simplify": _check_simplify,
    "checkpoint": _check_checkpoint,
    "at_kink": _check_at_kink,
}
