"""What is known while a kernel is lowered: the function being built, the values so far, and the one way out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from .context import ERROR_ARGS_OFFSET, I8, I64, POINTER, field
from .kernel import Body, Buffer, Const, Kernel, Local, Operand, Stack
from .lanes import LLVM_TYPE, weigh
from .llvm_alias import Aliases
from .llvm_ops import FAST, emit_op
from .llvm_workspace import Workspace

Value = Any

# How often a branch is taken that leads out of the kernel, as weights for LLVM.
LIKELY = (1 << 20, 1)


@dataclass(frozen=True)
class StackCells:
    """The three cells of a stack: its data, how many scalars it holds, and how many fit."""

    data: Value
    count: Value
    capacity: Value


@dataclass
class State:
    """A kernel being lowered.

    Attributes
    ----------
    kernel, function, context
        The source, the function being built, and its first argument.
    builder
        Emits where lowering stands.
    entry
        Emits in the entry block, which holds the allocas and runs once.
    exit, status
        The block through which every path leaves, and what it returns.
    workspace
        Where workspace goes.
    aliases
        Which memory the buffers are in.
    values, buffers, stacks, marks
        What the kernel's names stand for.
    catchers
        The attempts around: the numbers they catch, where they go on, and the phi that collects the numbers.
    lower_body
        Lowers a nested block in place.
    """

    kernel: Kernel
    function: ir.Function
    context: Value
    builder: ir.IRBuilder
    entry: ir.IRBuilder
    exit: ir.Block
    status: Value
    workspace: Workspace
    aliases: Aliases
    lower_body: Callable[[State, Body], None]
    values: dict[Local, Value] = dataclasses.field(default_factory=dict)
    buffers: dict[Buffer, Value] = dataclasses.field(default_factory=dict)
    stacks: dict[Stack, StackCells] = dataclasses.field(default_factory=dict)
    marks: dict[str, tuple[Value, Value]] = dataclasses.field(default_factory=dict)
    catchers: list[tuple[frozenset[int], ir.Block, Value]] = dataclasses.field(default_factory=list)

    @property
    def module(self) -> ir.Module:
        """The module the function is in."""
        return self.function.module

    @property
    def flags(self) -> tuple[str, ...]:
        """The fast-math flags of the kernel."""
        return FAST if self.kernel.fastmath else ()

    def operand(self, operand: Operand) -> Value:
        """Return the LLVM value of a scalar."""
        if isinstance(operand, Const):
            return constant(operand.type, operand.value)
        return self.values[operand]

    def operands(self, operands: Sequence[Operand]) -> list[Value]:
        """Return the LLVM values of scalars."""
        return [self.operand(operand) for operand in operands]

    def op(self, op: str, *args: Value) -> Value:
        """Emit a scalar operation here."""
        return emit_op(self.builder, op, args, self.flags)

    def block(self, name: str) -> ir.Block:
        """Append a block to the function."""
        return self.function.append_basic_block(name)

    def leave(self, status: Value | int) -> None:
        """Leave the kernel from here."""
        value = I64(status) if isinstance(status, int) else status
        self.status.add_incoming(value, self.builder.block)
        self.builder.branch(self.exit)

    def guard(self, condition: Value, status: int, on_failure: Callable[[], None] | None = None) -> None:
        """Go on if a condition holds, else leave the kernel with a status, or the innermost attempt that catches it."""
        failed, passed = self.block("failed"), self.block("passed")
        weigh(self.builder.cbranch(condition, passed, failed), LIKELY)
        self.builder.position_at_end(failed)
        if on_failure is not None:
            on_failure()
        for caught, landing, phi in reversed(self.catchers):
            if status in caught:
                phi.add_incoming(I64(status), self.builder.block)
                self.builder.branch(landing)
                break
        else:
            self.leave(status)
        self.builder.position_at_end(passed)

    def store_error_arg(self, position: int, scalar: Value) -> None:
        """Put an operand of a failed check where the caller finds it."""
        cell = field(self.builder, self.context, ERROR_ARGS_OFFSET + 8 * position)
        self.builder.store(scalar, cell, align=8)

    def alloca(self, type: ir.Type, name: str, align: int | None = None) -> Value:
        """Reserve space in the frame, once per call."""
        cell = self.entry.alloca(type, name=name)
        cell.align = align
        # llvmlite gives a pointer to the type; what stands there may be addressed by element.
        cell.type = POINTER
        return cell


def constant(type: str, value: float | int | bool) -> ir.Constant:
    """Return a constant of a scalar type."""
    return ir.Constant(LLVM_TYPE[type], float(value) if type in ("f64", "f32") else int(value))


def memory_type(type: str) -> ir.Type:
    """Return how an element is stored: a truth value takes a byte."""
    return I8 if type == "i1" else LLVM_TYPE[type]


def from_memory(builder: ir.IRBuilder, type: str, raw: Value) -> Value:
    """Return the scalar (or vector) that stored bits stand for."""
    return builder.icmp_unsigned("!=", raw, ir.Constant(raw.type, 0)) if type == "i1" else raw


def to_memory(builder: ir.IRBuilder, type: str, value: Value) -> Value:
    """Return what is stored for a scalar (or vector)."""
    if type != "i1":
        return value
    stored = ir.VectorType(I8, value.type.count) if isinstance(value.type, ir.VectorType) else I8
    return builder.zext(value, stored)

