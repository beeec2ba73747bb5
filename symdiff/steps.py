"""What is asked of a function: which derivative, by which arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.errors import LocatedTypeError

__all__ = ["ALONG", "MapOf", "Step", "StepOf", "required", "wrt_positions"]

ALONG = frozenset({"jvp", "tangent"})
"""Kinds of steps that take tangents, as one argument more than the function has."""


@dataclass(frozen=True)
class Step:
    """One derivative to take.

    Attributes
    ----------
    kind : str
        ``grad``, ``value_and_grad``, ``jacobian``, ``pullback``, ``jvp`` (value and tangent), ``tangent`` or ``vmap``.
    wrt : tuple of int
        Positions of the arguments.
    single : bool
        Whether one argument was asked for, not a tuple of one.
    has_aux : bool
        Whether the function returns ``(value, aux)``.
    axes : Axes or None
        Of a ``vmap``: which axes are mapped.
    ones : tuple of tuple of bool
        Of a pullback: for each cotangent, which of its axes have size 1 (empty where none is known to).
    """

    kind: str
    wrt: tuple[int, ...]
    single: bool = True
    has_aux: bool = False
    axes: Axes | None = None
    ones: tuple[tuple[bool, ...], ...] = ()


@dataclass(frozen=True)
class Axes:
    """The axes that a function is mapped over.

    Attributes
    ----------
    inputs : object
        An int for all arguments, or a tuple with an entry for each: an int, None, or containers of them, as nested
        tuples of ``(key, entry)``.
    output : int
        Where the axis goes in the results.
    """

    inputs: Any
    output: int = 0


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


@dataclass(frozen=True)
class StepOf:
    """A step whose ``wrt`` is resolved against the arguments of a function; a class, so that it pickles."""

    kind: str
    wrt: int | str | tuple[int | str, ...]
    has_aux: bool = False

    def __call__(self, names: Sequence[str]) -> Step:
        positions, single = wrt_positions(self.wrt, names)
        return Step(self.kind, positions, single, self.has_aux)


@dataclass(frozen=True)
class MapOf:
    """A step that maps a function over an axis; a class, so that it pickles."""

    axes: Axes

    @classmethod
    def given(cls, in_axes: Any, out_axes: Any) -> MapOf:
        """The step for axes as users write them.

        Raises
        ------
        TypeError
            For axes that are no ints, None or containers of them.
        """
        if not isinstance(out_axes, int) or isinstance(out_axes, bool):
            raise LocatedTypeError(f"out_axes must be an int, not {out_axes!r}")
        return cls(Axes(_hashable_axes(in_axes, outermost=True), out_axes))

    def __call__(self, names: Sequence[str]) -> Step:
        return Step("vmap", (), axes=self.axes)


def _hashable_axes(axes: Any, *, outermost: bool = False) -> Any:
    if isinstance(axes, int) and not isinstance(axes, bool):
        return axes
    if axes is None and not outermost:
        return None
    if isinstance(axes, dict):
        return tuple((key, _hashable_axes(item)) for key, item in axes.items())
    if isinstance(axes, (tuple, list)):
        return tuple((k, _hashable_axes(item)) for k, item in enumerate(axes))
    raise LocatedTypeError(f"in_axes holds {axes!r}", hint="give an int, or a tuple with an int or None per argument")
