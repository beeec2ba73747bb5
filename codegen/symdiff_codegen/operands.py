"""What instructions work on: scalars, arrays and stacks, told apart by identity; and constants."""

from __future__ import annotations

from dataclasses import dataclass

from .instructions import ITEMSIZE, TYPES


@dataclass(frozen=True, eq=False, slots=True)
class Local:
    """A scalar defined once, told apart by identity; the name is a hint for readers."""

    type: str
    name: str

    def __post_init__(self) -> None:
        _require_type(self.type)


@dataclass(frozen=True, eq=False, slots=True)
class Const:
    """A scalar constant. Two constants are equal if their types and their bits are (so -0.0 is not 0.0)."""

    value: float | int | bool
    type: str

    def __post_init__(self) -> None:
        _require_type(self.type)

    def _key(self) -> tuple[str, str]:
        return self.type, repr(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


Operand = Local | Const


@dataclass(frozen=True, eq=False, slots=True)
class Buffer:
    """A C-contiguous array, told apart by identity. ``dims`` are i64 operands; an i1 buffer has a byte per element."""

    name: str
    type: str
    dims: tuple[Operand, ...]

    def __post_init__(self) -> None:
        _require_type(self.type)

    @property
    def rank(self) -> int:
        """The number of dimensions; 0 is one element."""
        return len(self.dims)

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return ITEMSIZE[self.type]

    @property
    def static_size(self) -> int | None:
        """The number of elements where all dimensions are constants, else None."""
        size = 1
        for dim in self.dims:
            if isinstance(dim, Local):
                return None
            size *= int(dim.value)
        return size


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """Growable last-in-first-out storage of scalars of one type, told apart by identity."""

    name: str
    type: str

    def __post_init__(self) -> None:
        _require_type(self.type)


def _require_type(type: str) -> None:
    if type not in TYPES:
        raise ValueError(f"{type!r} is not a scalar type: {', '.join(TYPES)}")
