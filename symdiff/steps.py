"""What is asked of a function: which derivative, by which arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.errors import LocatedTypeError

__all__ = ["Step", "StepOf", "required", "wrt_positions"]


@dataclass(frozen=True)
class Step:
    """One derivative to take.

    Attributes
    ----------
    kind : str
        ``grad``, ``value_and_grad``, ``jacobian`` or ``pullback``.
    wrt : tuple of int
        Positions of the arguments.
    single : bool
        Whether one argument was asked for, not a tuple of one.
    has_aux : bool
        Whether the function returns ``(value, aux)``.
    """

    kind: str
    wrt: tuple[int, ...]
    single: bool = True
    has_aux: bool = False


def wrt_positions(wrt: int | str | Sequence[int | str], names: Sequence[str]) -> tuple[tuple[int, ...], bool]:
    """``wrt=`` as positions among the arguments, and whether one was asked for.

    Raises
    ------
    TypeError
        For a name or position that the function does not have.
    """
    single = isinstance(wrt, (int, str))
    if not single and (not isinstance(wrt, (tuple, list)) or not wrt):
        raise _wrong(wrt, names)
    asked = [wrt] if single else list(wrt)  # type: ignore[arg-type]
    found = []
    for item in asked:
        if isinstance(item, str) and item in names:
            found.append(list(names).index(item))
        elif isinstance(item, int) and -len(names) <= item < len(names):
            found.append(item % len(names))
        else:
            raise _wrong(item, names)
    return tuple(found), single


def required(wrt: Any, names: Sequence[str]) -> Any:
    """``wrt=`` as it was given, if it names anything."""
    wrt_positions(wrt, names)
    return wrt


def _wrong(wrt: Any, names: Sequence[str]) -> LocatedTypeError:
    return LocatedTypeError(f"wrt names {wrt!r}, which is no argument", hint=f"the arguments are {', '.join(names)}")


class StepOf:
    """A step whose ``wrt`` is resolved against the arguments of a function; a class, so that it pickles."""

    def __init__(self, kind: str, wrt: int | str | tuple[int | str, ...], has_aux: bool = False) -> None:
        self.kind, self.wrt, self.has_aux = kind, wrt, has_aux

    def __call__(self, names: Sequence[str]) -> Step:
        positions, single = wrt_positions(self.wrt, names)
        return Step(self.kind, positions, single, self.has_aux)
