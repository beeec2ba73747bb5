"""Names and types while a kernel is checked: what is defined, what is visible, what an operand may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .instructions import INTEGERS, MAGNITUDE_BITS
from .kernel import Buffer, Const, Local, Mark, Operand, Stack


class InvalidKernel(ValueError):
    """A kernel breaks a rule; the message names the kernel and the instruction."""


class Names:
    """What is visible where a walk stands."""

    def __init__(self) -> None:
        self.defined: set[Any] = set()
        self.visible: set[Any] = set()
        self.scopes: list[list[Any]] = [[]]

    def require(self, condition: bool, message: str) -> None:
        """Raise unless a condition holds."""
        if not condition:
            raise InvalidKernel(message)

    def define(self, name: Local | Buffer | Stack | Mark) -> None:
        """Make a name visible from here to the end of its block."""
        self.require(name not in self.defined, f"{name.name} is defined twice")
        self.defined.add(name)
        self.visible.add(name)
        self.scopes[-1].append(name)

    def define_buffer(self, buffer: Buffer) -> None:
        """Make a buffer visible; its dimensions are."""
        for dim in buffer.dims:
            self.expect(dim, "i64")
            self.require(isinstance(dim, Local) or dim.value >= 0, f"a dimension of {buffer.name} is negative")
        self.define(buffer)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """A block: what it defines is not visible afterwards."""
        self.scopes.append([])
        yield
        self.visible.difference_update(self.scopes.pop())

    def see(self, *names: Buffer | Stack) -> None:
        """Require names to be visible."""
        for name in names:
            self.require(name in self.visible, f"{name.name} is not visible")

    def expect(self, operand: Operand, *types: str) -> None:
        """Require an operand to be visible and of one of these types."""
        if isinstance(operand, Const):
            self.require(_fits(operand), f"{operand.value!r} is not of type {operand.type}")
        else:
            self.require(operand in self.visible, f"{operand.name} is not visible")
        wanted = " or ".join(types)
        self.require(operand.type in types, f"{_name(operand)} is of type {operand.type}, not {wanted}")

    def same(self, type: str, wanted: str, what: str) -> None:
        """Require a type."""
        self.require(type == wanted, f"{what} is of type {type}, not {wanted}")


def _name(operand: Operand) -> str:
    return repr(operand.value) if isinstance(operand, Const) else operand.name


def _fits(constant: Const) -> bool:
    """Whether a constant's value can be one of its type."""
    value, type = constant.value, constant.type
    if type == "i1":
        return value in (0, 1)
    if type in INTEGERS:
        limit = 2 ** MAGNITUDE_BITS[type]
        return isinstance(value, int) and -limit <= value < limit
    return isinstance(value, (int, float))
