"""The tests a call must pass before the kernel runs, and the kernel arguments they read on the way, as LLVM IR.

Nothing here runs Python code or changes a reference count, so an object that passed its test is still there, and the
same, when the kernel starts: the interpreter lock is held throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import CellType
from typing import Any

import numpy as np
from llvmlite import ir

from . import numpy_layout as layout
from .context import I8, I32, I64, POINTER, field
from .kernel import Const, Local, Operand
from .lanes import weigh
from .python_api import DOUBLE, Symbols
from .signature import ABSENT, Array, Fixed, Scalar
from .support import NULL, is_null, reserve

Value = Any
FLOAT = ir.FloatType()

_KIND = {"f64": "f", "f32": "f", "i64": "i", "i32": "i", "i1": "b"}


class Guards:
    """
    Emits tests, each of which leaves for `elsewhere` where it fails.

    Parameters
    ----------
    symbols : Symbols
        Of the module.
    builder : ir.IRBuilder
        Where the tests are emitted.
    elsewhere : ir.Block
        Where a call goes that fails a test.
    """

    def __init__(self, symbols: Symbols, builder: ir.IRBuilder, elsewhere: ir.Block) -> None:
        self.symbols = symbols
        self.builder = builder
        self.elsewhere = elsewhere
        self.sizes: dict[Local, Value] = {}

    def require(self, condition: Value) -> None:
        """Go on only where the condition holds."""
        holds = self.builder.append_basic_block("holds")
        weigh(self.builder.cbranch(condition, holds, self.elsewhere), (1000, 1))
        self.builder.position_at_end(holds)

    def same(self, pointer: Value, value: object) -> Value:
        """Whether a pointer is that of a Python object."""
        return self.builder.icmp_unsigned("==", pointer, self.symbols.object(value))

    def load(self, pointer: Value, offset: int, type: ir.Type, name: str = "") -> Value:
        """The field of a struct at an offset."""
        return self.builder.load(field(self.builder, pointer, offset), typ=type, name=name)

    def has_type(self, pointer: Value, type: type) -> Value:
        """Whether an object is of exactly this type."""
        return self.same(self.load(pointer, layout.TYPE, POINTER, "type"), type)

    def fixed(self, pointer: Value, spec: Fixed) -> None:
        """Require an object to be the expected one; a tuple may be another tuple of the expected objects."""
        if type(spec.value) is not tuple:
            self.require(self.same(pointer, spec.value))
            return
        self.require(self.has_type(pointer, tuple))
        size = self.load(pointer, layout.TUPLE_SIZE, I64, "size")
        self.require(self.builder.icmp_signed("==", size, I64(len(spec.value))))
        for index, item in enumerate(spec.value):
            self.fixed(self.load(pointer, layout.TUPLE_ITEMS + 8 * index, POINTER, "item"), Fixed(item))

    def scalar(self, pointer: Value, spec: Scalar) -> Value:
        """Require a scalar and return its value."""
        if spec.kind == "float":
            return self._float_or_int(pointer, spec) if spec.accept_int else self._float(pointer, spec)
        if spec.kind == "int":
            self.require(self.has_type(pointer, int))
            return self._integer(pointer)
        if spec.kind == "bool":
            return self._bool(pointer)
        if spec.kind == "float64":
            self.require(self.has_type(pointer, np.float64))
            return self.load(pointer, layout.FLOAT_VALUE, DOUBLE, "value")
        self.require(self.has_type(pointer, np.float32))
        return self.load(pointer, layout.SCALAR_VALUE, FLOAT, "value")

    def _is_float(self, pointer: Value, spec: Scalar) -> Value:
        type_ = self.load(pointer, layout.TYPE, POINTER, "type")
        exact = self.same(type_, float)
        # np.float64 is a subclass of float and keeps its value in the same place.
        return self.builder.or_(exact, self.same(type_, np.float64)) if spec.accept_float64 else exact

    def _float(self, pointer: Value, spec: Scalar) -> Value:
        self.require(self._is_float(pointer, spec))
        return self.load(pointer, layout.FLOAT_VALUE, DOUBLE, "value")

    def _float_or_int(self, pointer: Value, spec: Scalar) -> Value:
        builder = self.builder
        as_float, as_int, done = (builder.append_basic_block(name) for name in ("as_float", "as_int", "done"))
        builder.cbranch(self._is_float(pointer, spec), as_float, as_int)
        builder.position_at_end(as_float)
        value = self.load(pointer, layout.FLOAT_VALUE, DOUBLE, "value")
        builder.branch(done)
        builder.position_at_end(as_int)
        self.require(self.has_type(pointer, int))
        converted = builder.sitofp(self._integer(pointer), DOUBLE, name="converted")
        last = builder.block
        builder.branch(done)
        builder.position_at_end(done)
        merged = builder.phi(DOUBLE, "number")
        merged.add_incoming(value, as_float)
        merged.add_incoming(converted, last)
        return merged

    def _integer(self, pointer: Value) -> Value:
        """Value of an exact int. For those the API call runs no Python code and sets no exception."""
        overflow = reserve(self.builder, I32, "overflow")
        value = self.builder.call(self.symbols.function("PyLong_AsLongLongAndOverflow"), [pointer, overflow])
        flag = self.builder.load(overflow, typ=I32)
        self.require(self.builder.icmp_signed("==", flag, I32(0)))
        return value

    def _bool(self, pointer: Value) -> Value:
        true = self.same(pointer, True)
        self.require(self.builder.or_(true, self.same(pointer, False)))
        return self.builder.zext(true, I8)

    def array(self, pointer: Value, spec: Array) -> tuple[Value, list[Value]]:
        """Require an array and return the address of its data and its sizes."""
        builder = self.builder
        self.require(self.has_type(pointer, np.ndarray))
        self._dtype(self.load(pointer, layout.ARRAY_DESCR, POINTER, "descr"), spec.type)
        ndim = self.load(pointer, layout.ARRAY_NDIM, I32, "ndim")
        self.require(builder.icmp_signed("==", ndim, I32(len(spec.dims))))
        needed = layout.C_CONTIGUOUS | layout.ALIGNED | (layout.WRITEABLE if spec.writable else 0)
        flags = self.load(pointer, layout.ARRAY_FLAGS, I32, "flags")
        self.require(builder.icmp_signed("==", builder.and_(flags, I32(needed)), I32(needed)))
        sizes: list[Value] = []
        if spec.dims:
            dimensions = self.load(pointer, layout.ARRAY_DIMENSIONS, POINTER, "dimensions")
            sizes = [self.load(dimensions, 8 * axis, I64, "size") for axis in range(len(spec.dims))]
        for size, dim in zip(sizes, spec.dims, strict=True):
            self.size(size, dim)
        return self.load(pointer, layout.ARRAY_DATA, POINTER, "data"), sizes

    def size(self, size: Value, dim: Operand) -> None:
        """Require one dimension to be what a signature says."""
        if isinstance(dim, Const):
            self.require(self.builder.icmp_signed("==", size, I64(int(dim.value))))
        elif dim in self.sizes:
            self.require(self.builder.icmp_signed("==", size, self.sizes[dim]))
        else:
            self.require(self.builder.icmp_signed("!=", size, I64(1)))
            self.sizes[dim] = size

    def _dtype(self, descr: Value, type: str) -> None:
        """Require a dtype: the usual object, or another one of NumPy's own types with the same meaning."""
        builder = self.builder
        other, good = builder.append_basic_block("other_dtype"), builder.append_basic_block("good_dtype")
        usual = layout.DTYPES[type]
        weigh(builder.cbranch(self.same(descr, usual), good, other), (1000, 1))
        builder.position_at_end(other)
        number = self.load(descr, layout.DESCR_TYPE_NUMBER, I32, "number")
        self.require(builder.icmp_unsigned("<", number, I32(layout.BUILTIN_TYPE_NUMBERS)))
        self.require(builder.icmp_unsigned("==", self.load(descr, layout.DESCR_KIND, I8), I8(ord(_KIND[type]))))
        self.require(builder.icmp_signed("==", self.load(descr, layout.DESCR_ITEMSIZE, I64), I64(usual.itemsize)))
        order = self.load(descr, layout.DESCR_BYTEORDER, I8)
        allowed = [builder.icmp_unsigned("==", order, I8(ord(mark))) for mark in "=<|"]
        self.require(builder.or_(allowed[0], builder.or_(allowed[1], allowed[2])))
        builder.branch(good)
        builder.position_at_end(good)

    def disjoint(self, first: tuple[Value, Value], second: tuple[Value, Value]) -> None:
        """Require two blocks of memory, each an address and a number of bytes, to share nothing."""
        builder = self.builder
        ends = [builder.gep(data, [size], source_etype=I8) for data, size in (first, second)]
        before = builder.icmp_unsigned("<=", ends[0], second[0])
        after = builder.icmp_unsigned("<=", ends[1], first[0])
        self.require(builder.or_(before, after))

    def absent(self, container: Mapping[Any, Any], key: object) -> Value:
        """Require a dictionary not to have a key (a str: looking it up leaves no exception); returns `ABSENT`."""
        arguments = [self.symbols.object(container), self.symbols.object(key)]
        found = self.builder.call(self.symbols.function("PyDict_GetItemWithError"), arguments)
        self.require(is_null(self.builder, found))
        return self.symbols.object(ABSENT)

    def captured(self, container: Mapping[Any, Any] | CellType, key: object) -> Value:
        """Require a dictionary to have a key, or a cell to have a value, and return what is there, borrowed."""
        builder = self.builder
        if isinstance(container, CellType):
            held = builder.call(self.symbols.function("PyCell_Get"), [self.symbols.object(container)])
            self.require(builder.icmp_unsigned("!=", held, NULL))
            # The cell holds it still, and nothing that could change the cell runs before the last test.
            builder.call(self.symbols.function("Py_DecRef"), [held])
            return held
        arguments = [self.symbols.object(container), self.symbols.object(key)]
        found = builder.call(self.symbols.function("PyDict_GetItemWithError"), arguments)
        with builder.if_then(is_null(builder, found), likely=False):
            # A missing key leaves no exception, but a key with its own comparison may.
            builder.call(self.symbols.function("PyErr_Clear"), [])
            builder.branch(self.elsewhere)
        return found
