"""Python objects from the result cells of a kernel, and the tuples they stand in, as LLVM IR.

Everything that can fail comes first: every object is made, then every tuple, each put into a cell of its own; a NULL
drops what was made so far. Only then are the tuples filled, which cannot fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from llvmlite import ir

from .context import I8, I64, POINTER, result_cell
from .kernel import ResultSpec
from .lanes import weigh
from .python_api import DOUBLE, Symbols
from .signature import Template, slots_of
from .support import NULL, is_null, reserve

Value = Any


def array_slots(results: tuple[ResultSpec, ...]) -> tuple[int, ...]:
    """The slots that hold arrays."""
    return tuple(slot for slot, spec in enumerate(results) if spec.is_array)


def emit_results(
    symbols: Symbols, builder: ir.IRBuilder, results: tuple[ResultSpec, ...], template: Template, context: Value
) -> None:
    """
    Emit the return of what a template says.

    Parameters
    ----------
    symbols : Symbols
        Of the module.
    builder : ir.IRBuilder
        Where the kernel has succeeded.
    results : tuple of ResultSpec
        What each result cell holds.
    template : Template
        What the call returns.
    context : Value
        Address of the kernel's context. The arrays in it belong to the call.
    """
    boxes = _Boxes(symbols, builder, results, context)
    uses = slots_of(template)
    boxes.drop_arrays_except(uses)
    if isinstance(template, int):
        # NULL with its exception passes through as it is.
        builder.ret(boxes.array(template) if results[template].is_array else boxes.scalar(template))
        return
    boxes.take_arrays(uses)
    boxes.make_scalars(uses)
    answer = boxes.fill(template, boxes.make_tuples(template), iter(range(len(uses))))
    builder.ret(answer)
    boxes.finish()


class _Boxes:
    """The objects of one return, each in a cell that is NULL until it is made."""

    def __init__(
        self, symbols: Symbols, builder: ir.IRBuilder, results: tuple[ResultSpec, ...], context: Value
    ) -> None:
        self.symbols = symbols
        self.builder = builder
        self.results = results
        self.context = context
        self.cells: list[Value] = []
        self.objects: dict[int, Value] = {}

    @cached_property
    def failed(self) -> ir.Block:
        """Where a return goes that could not make one of its objects."""
        return self.builder.append_basic_block("failed")

    def call(self, name: str, *arguments: Value) -> Value:
        return self.builder.call(self.symbols.function(name), arguments)

    def keep(self, value: Value) -> None:
        """Put a new reference, or NULL, into a cell of its own."""
        cell = reserve(self.builder, POINTER, "owned")
        with self.builder.goto_entry_block():
            self.builder.store(NULL, cell)
        self.cells.append(cell)
        self.builder.store(value, cell)

    def require(self, value: Value) -> Value:
        """Give everything up if a value is NULL."""
        made = self.builder.append_basic_block("made")
        weigh(self.builder.cbranch(is_null(self.builder, value), self.failed, made), (1, 1000))
        self.builder.position_at_end(made)
        return value

    def own(self, value: Value) -> Value:
        """Keep a new reference; give everything up if it is NULL."""
        self.keep(value)
        return self.require(value)

    def array(self, slot: int) -> Value:
        """The array of a slot, as the kernel left it."""
        return self.builder.load(result_cell(self.builder, self.context, slot), typ=POINTER, name="array")

    def scalar(self, slot: int) -> Value:
        """A new object for the scalar of a slot."""
        builder, kind = self.builder, self.results[slot].kind
        cell = result_cell(builder, self.context, slot)
        if kind == "float":
            return self.call("PyFloat_FromDouble", builder.load(cell, typ=DOUBLE))
        if kind == "int":
            return self.call("PyLong_FromLongLong", builder.load(cell, typ=I64))
        if kind == "bool":
            return self.call("PyBool_FromLong", builder.zext(builder.load(cell, typ=I8), I64))
        return self.call("PyArray_Scalar", cell, self.symbols.object(np.dtype(np.float32)), NULL)

    def drop_arrays_except(self, uses: tuple[int, ...]) -> None:
        """Give back arrays that no one asked for."""
        for slot in array_slots(self.results):
            if slot not in uses:
                self.call("Py_DecRef", self.array(slot))

    def take_arrays(self, uses: tuple[int, ...]) -> None:
        """One reference to an array for each time it is used. All are kept before the first can be missing."""
        seen: set[int] = set()
        for index, slot in enumerate(uses):
            if self.results[slot].is_array:
                array = self.objects[index] = self.array(slot)
                if slot in seen:
                    self.call("Py_IncRef", array)
                seen.add(slot)
                self.keep(array)
        for array in self.objects.values():
            self.require(array)

    def make_scalars(self, uses: tuple[int, ...]) -> None:
        """A new object for each use of a scalar."""
        for index, slot in enumerate(uses):
            if index not in self.objects:
                self.objects[index] = self.own(self.scalar(slot))

    def make_tuples(self, template: Template) -> Iterator[Value]:
        """An empty tuple for each one in a template, outer before inner; None is its own object."""
        if template is None:
            none = self.symbols.object(None)
            self.call("Py_IncRef", none)
            return iter((self.own(none),))
        if isinstance(template, int):
            return iter(())
        made = [self.own(self.call("PyTuple_New", I64(len(template))))]
        for item in template:
            made.extend(self.make_tuples(item))
        return iter(made)

    def fill(self, template: Template, tuples: Iterator[Value], leaves: Iterator[int]) -> Value:
        """Put the objects together."""
        if isinstance(template, int):
            return self.objects[next(leaves)]
        whole = next(tuples)
        for index, item in enumerate(template or ()):
            part = self.fill(item, tuples, leaves)
            self.call("PyTuple_SetItem", whole, I64(index), part)
        return whole

    def finish(self) -> None:
        """The way out where something could not be made, if there is anything that could fail."""
        builder = self.builder
        if not self.cells:
            return
        builder.position_at_end(self.failed)
        for cell in self.cells:
            value = builder.load(cell, typ=POINTER)
            with builder.if_then(builder.icmp_unsigned("!=", value, NULL)):
                self.call("Py_DecRef", value)
        builder.ret(NULL)
