"""Tracebacks without the library's frames, and warnings at the user's line."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import ParamSpec, TypeVar

from symdiff.errors import InternalError, Location, SymdiffError, SymdiffWarning, format_message

__all__ = ["FULL_TRACEBACK", "hide_frames", "is_own", "strip_frames", "user_facing", "warn"]

# `config.py` lists this variable with all others but imports this module.
FULL_TRACEBACK = "SYMDIFF_FULL_TRACEBACK"

P = ParamSpec("P")
R = TypeVar("R")


def user_facing(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a public entry so that errors leave it without the library's frames.

    Set ``SYMDIFF_FULL_TRACEBACK=1`` to see them.
    """

    @functools.wraps(function)
    def entry(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            strip_frames(error)
            # A bare `raise` keeps the traceback just set; naming the error would add this very frame to it again.
            raise

    return entry


class hide_frames:  # named like `contextlib.suppress`, which it resembles
    """Context manager that does for a block what `user_facing` does for a function."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if isinstance(error, Exception):
            strip_frames(error)


def strip_frames(error: Exception) -> None:
    """Remove the library's frames from the traceback of an error and of what caused it.

    The error is one of ours, or one that the user's own code raised; of any other the library's frames tell what went
    wrong. Frames of the user below the library (a callback, a helper run as Python) stay. Errors met on the way that
    nobody named with ``from`` are dropped: they are how the library noticed, not what went wrong.
    """
    if isinstance(error, InternalError) or os.environ.get(FULL_TRACEBACK, "0") not in ("", "0"):
        return
    if not isinstance(error, SymdiffError) and not _is_users(error):
        return
    for link in _chain(error):
        link.__traceback__ = _users_part(link.__traceback__)
        if isinstance(link, SymdiffError):
            link.__suppress_context__ = True


def _is_users(error: Exception) -> bool:
    """Whether an error was raised by code of the user's: the innermost frame is there."""
    tb = error.__traceback__
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    return tb is not None and not _is_hidden(tb.tb_frame.f_code.co_filename)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and the explicit causes behind it, each once (a chain can be a ring)."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__


def _users_part(tb: TracebackType | None) -> TracebackType | None:
    """Copy a traceback without the frames of the library and of what it is built on."""
    kept: list[TracebackType] = []
    while tb is not None:
        if not _is_hidden(tb.tb_frame.f_code.co_filename):
            kept.append(tb)
        tb = tb.tb_next
    result: TracebackType | None = None
    for entry in reversed(kept):
        result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result


_OWN = str(Path(__file__).parent) + os.sep
_STDLIB = sysconfig.get_paths()["stdlib"] + os.sep
_FOUNDATION = tuple(f"{os.sep}{name}{os.sep}" for name in ("symdiff_codegen", "llvmlite", "numpy", "sympy"))


def is_own(file: str) -> bool:
    """Whether a file is one of the library's."""
    return file.startswith(_OWN)


def _is_hidden(file: str) -> bool:
    if is_own(file) or file.startswith("<frozen "):
        return True
    _, installed, inside = file.rpartition("-packages")  # site- or dist-
    if installed:
        return inside.startswith(_FOUNDATION)
    return file.startswith(_STDLIB) or _FOUNDATION[0] in file


def warn(message: str, where: Location | None = None, hint: str | None = None) -> None:
    """Give a `SymdiffWarning` at the user's line: the place if one is known, else the call that entered the library."""
    text = format_message(message, None, hint)
    if where is not None:
        warnings.warn_explicit(text, SymdiffWarning, where.file, where.line)
        return
    level = 2
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_hidden(frame.f_code.co_filename):
        frame = frame.f_back
        level += 1
    warnings.warn(text, SymdiffWarning, stacklevel=level - 1 if frame is None else level)
