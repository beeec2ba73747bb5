"""Errors that point at the user's line.

Every error is a `SymdiffError` and also the builtin exception that fits, so both ``except sd.SymdiffError`` and
``except IndexError`` work. An error that knows where it arose prints like this::

    model.py:12:9: 'try' is not differentiable
            try:
            ^
    hint: move it outside the decorated function

An error of our own kind is constructed directly, ``ShapeError(message, where, hint)``; one that Python or NumPy would
have raised is made by ``located(IndexError, message, where, hint)``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the user's source, as an editor shows it.

    Attributes
    ----------
    file : str
        Path of the file, or a name such as ``<ipython-input-3>``.
    line : int
        Line, counted from 1.
    column : int
        Column in characters, counted from 1 (the syntax tree counts from 0, in bytes).
    end_column : int or None
        Column after the last character when the place ends on the same line; the caret then becomes an underline.
    function : str
        Qualified name of the function that contains the place.
    source_line : str
        The text of the line.
    """

    file: str
    line: int
    column: int = 1
    end_column: int | None = None
    function: str = ""
    source_line: str = ""

    def __str__(self) -> str:
        return f"{_shown_path(self.file)}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """Return the source line and a line with the caret below it; empty if the text is unknown."""
        source = self.source_line.rstrip()
        if not source:
            return ""
        margin = "".join(_blank(character) for character in source[: self.column - 1])
        last = min(self.end_column or 0, len(source) + 1)
        width = sum(_cells(character) for character in source[self.column - 1 : last - 1]) if last else 1
        return f"{source}\n{margin}{'^' * max(width, 1)}"


def _shown_path(file: str) -> str:
    """Shorten a path below the current directory; elsewhere, and for ``<stdin>`` and the like, keep it."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


def _cells(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _blank(character: str) -> str:
    """White space as wide as the character: a tab stays a tab, so the caret lines up whatever the tab width."""
    return "\t" if character == "\t" else " " * _cells(character)


class SymdiffError(Exception):
    """Base of every error symdiff raises.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence.
    where : Location, optional
        The place in the user's source.
    hint : str, optional
        What to do about it.
    """

    def __init__(self, message: str = "", where: Location | None = None, hint: str | None = None) -> None:
        self.message = message
        self.where = where
        self.hint = hint
        super().__init__(format_message(message, where, hint))

    def __str__(self) -> str:
        # Not inherited: KeyError prints its argument's repr, which would hide the line breaks.
        return format_message(self.message, self.where, self.hint)


def format_message(message: str, where: Location | None = None, hint: str | None = None) -> str:
    """Join place, message, source line, caret and hint into the text of an error."""
    parts = [message if where is None else f"{where}: {message}"]
    if where is not None and (excerpt := where.excerpt()):
        parts.append(excerpt)
    if hint:
        parts.append(f"hint: {hint}")
    return "\n".join(parts)


# ---- what symdiff refuses --------------------------------------------------------------------------------------------


class UnsupportedSyntaxError(SymdiffError, NotImplementedError):
    """A construct of Python that cannot be differentiated, or not yet."""


class UnknownFunctionError(SymdiffError, NotImplementedError):
    """A call of a function whose derivative is not known and whose source cannot be read."""


class SourceUnavailableError(SymdiffError, OSError):
    """The source of a function cannot be found (`inspect.getsource` raises OSError in the same case)."""


class SourceMismatchError(SymdiffError, RuntimeError):
    """The file says something else than the code that runs: it was edited after it was imported."""


class TypeConflictError(SymdiffError, TypeError):
    """One variable would have two types that cannot be joined."""


class NotScalarError(SymdiffError, TypeError):
    """A gradient was asked of a function that does not return a scalar."""


class DtypeError(SymdiffError, TypeError):
    """An argument's element type cannot be used, or not for a derivative."""


class ShapeError(SymdiffError, ValueError):
    """Shapes do not fit each other."""


class LimitError(SymdiffError, RuntimeError):
    """A named limit, of graph size or tape memory, would be exceeded."""


class AnomalyError(SymdiffError, RuntimeError):
    """A NaN arose in the reverse sweep while anomalies are looked for."""


class CheckpointFormatError(SymdiffError, ValueError):
    """A file of saved tensors is corrupt or of a foreign format."""


class CompileError(SymdiffError, RuntimeError):
    """No native code could be built."""


class MissingExtraError(SymdiffError, ImportError):
    """An optional package is not installed."""


class InternalError(SymdiffError, RuntimeError):
    """A bug in symdiff; the library's frames are always shown."""

    def __str__(self) -> str:
        return f"bug in symdiff: {super().__str__()}"


class SymdiffWarning(UserWarning):
    """The one category of every warning symdiff gives."""


# ---- what Python and NumPy would have raised, with the user's line ---------------------------------------------------


class LocatedArithmeticError(SymdiffError, ArithmeticError):
    """An ArithmeticError with its place."""


class LocatedAssertionError(SymdiffError, AssertionError):
    """An AssertionError with its place."""


class LocatedAttributeError(SymdiffError, AttributeError):
    """An AttributeError with its place."""


class LocatedFloatingPointError(SymdiffError, FloatingPointError):
    """A FloatingPointError with its place."""


class LocatedIndexError(SymdiffError, IndexError):
    """An IndexError with its place."""


class LocatedKeyError(SymdiffError, KeyError):
    """A KeyError with its place."""


class LocatedLinAlgError(SymdiffError, np.linalg.LinAlgError):
    """A LinAlgError of NumPy with its place."""


class LocatedMemoryError(SymdiffError, MemoryError):
    """A MemoryError with its place."""


class LocatedNameError(SymdiffError, NameError):
    """A NameError with its place."""


class LocatedOverflowError(SymdiffError, OverflowError):
    """An OverflowError with its place."""


class LocatedRecursionError(SymdiffError, RecursionError):
    """A RecursionError with its place."""


class LocatedRuntimeError(SymdiffError, RuntimeError):
    """A RuntimeError with its place."""


class LocatedTypeError(SymdiffError, TypeError):
    """A TypeError with its place."""


class LocatedUnboundLocalError(SymdiffError, UnboundLocalError):
    """An UnboundLocalError with its place."""


class LocatedValueError(SymdiffError, ValueError):
    """A ValueError with its place."""


class LocatedZeroDivisionError(SymdiffError, ZeroDivisionError):
    """A ZeroDivisionError with its place."""


LOCATED: dict[type[Exception], type[SymdiffError]] = {
    kind.__bases__[1]: kind for kind in SymdiffError.__subclasses__() if kind.__name__.startswith("Located")
}


def kind_named(name: str) -> type[Exception]:
    """The exception of a failed check: one that `located` makes, or one of ours."""
    found: type[Exception] = next((k for k in LOCATED if k.__name__ == name), None) or globals()[name]
    return found


def located(
    kind: type[Exception], message: str, where: Location | None = None, hint: str | None = None
) -> SymdiffError:
    """Make an error of a builtin kind, or of one of ours, that knows its place.

    Parameters
    ----------
    kind : type
        A subclass of `SymdiffError`, or a builtin (or NumPy) exception named in `LOCATED`.
    message, where, hint
        As for `SymdiffError`.

    Returns
    -------
    SymdiffError
        An instance of ``kind``, to be raised by the caller.

    Examples
    --------
    >>> error = located(IndexError, "index 3 is out of bounds for size 3", Location("model.py", 12, 9))
    >>> isinstance(error, IndexError), str(error)
    (True, 'model.py:12:9: index 3 is out of bounds for size 3')
    """
    own = kind if issubclass(kind, SymdiffError) else LOCATED[kind]
    return own(message, where, hint)
