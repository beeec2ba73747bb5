"""Values of the recorded graph: what an operation will give, or has given.

A value is defined once, by an operation and its inputs, and knows its shape and dtype at once. Its elements are there
when somebody has looked. What a tensor is now is one of these values; a store gives the tensor another one.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.tensors.dtypes import DType

__all__ = ["KEEPER", "Check", "Lazy", "Operation", "as_array", "known", "next_serial", "scalar", "version_now"]

KEEPER = -1
"""The key of the hook that keeps a gradient."""
Check = Callable[..., None]
_serial = itertools.count()


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """One entry of the tables of operations.

    Attributes
    ----------
    name : str
    build : callable
        ``build(*inputs, *attrs)`` with `Traced` inputs gives a `Traced` output.
    node : str
        What PyTorch calls the node of its graph, such as ``MulBackward0``.
    check : callable or None
        ``check(*inputs, *attrs)`` with lazy inputs raises as PyTorch does where they do not fit.
    """

    name: str
    build: Callable[..., Any]
    node: str
    check: Check | None = None

    def __repr__(self) -> str:
        return self.name


class Lazy:
    """A value of the graph.

    Attributes
    ----------
    operation : Operation or None
        What gives it; None for what came from outside, and for what no gradient can flow through any more.
    inputs : tuple
        Lazy values, and Python numbers: these are inputs at run time, too.
    attrs : tuple
        Static arguments of the operation, hashable.
    shape : tuple of int
    dtype : DType
    array : numpy.ndarray, numpy scalar, int or bool, or None
        Its elements, once they are known; never changed in place, since graphs read it later. Without axes it is a
        scalar: NumPy's for floats, Python's for ints and bools.
    differentiable : bool
        Whether gradients flow to or through it.
    serial : int
        Grows with the time of its making, so inputs come first.
    version : int
        That of the tensor it was made for, at that time.
    owner : weakref or None
        The leaf tensor whose ``.grad`` takes what flows to it.
    depth : int
        How many pending operations stand between it and what is known.
    freed : bool
        Whether a backward pass has used up what was saved for it.
    overwritten : int or None
        The version of the tensor by which a store replaced this value.
    hooks : dict or None
        Called with its cotangent.
    memory : object or None
        The storage that a view was read from, whose ``version`` tells whether it was stored into since.
    custom : object or None
        A call of a function with a derivative of the user's, of which this is a result.
    replaces : Lazy or None
        What a store in place computed this from, in order to put this in its place.
    has_parts : bool
        Whether a part of it was read while it was pending.
    """

    __slots__ = (
        "__dict__", "__weakref__", "array", "attrs", "depth", "differentiable", "dtype", "inputs", "operation",
        "serial", "shape",
    )  # fmt: skip

    # what few values have is not set when a value is made
    owner: weakref.ref[Any] | None = None
    version: int = 0
    freed: bool = False
    overwritten: int | None = None
    hooks: dict[int, Any] | None = None
    memory: Any = None
    replaces: Lazy | None = None
    has_parts: bool = False
    custom: Any = None

    def __init__(
        self,
        operation: Operation | None,
        inputs: tuple[Any, ...],
        attrs: tuple[Any, ...],
        shape: tuple[int, ...],
        dtype: DType,
        differentiable: bool,
        depth: int = 0,
    ) -> None:
        self.operation, self.inputs, self.attrs = operation, inputs, attrs
        self.shape, self.dtype, self.differentiable = shape, dtype, differentiable
        self.array: Any = None
        self.depth = depth
        self.serial = next(_serial)

    def __repr__(self) -> str:
        name = self.operation.name if self.operation is not None else "known"
        return f"<{name}: {self.dtype.name}{list(self.shape)}>"


def version_now(value: Lazy) -> int:
    """The version of the memory that a value was read from; another than its own, where that was stored into since."""
    if value.overwritten is not None:
        return value.overwritten
    return value.version if value.memory is None else int(value.memory.version)


def next_serial() -> int:
    """A number above those of all values made so far, and below those of all to come."""
    return next(_serial)


def known(array: Any, dtype: DType, shape: tuple[int, ...]) -> Lazy:
    """A value that came from outside."""
    value = Lazy(None, (), (), shape, dtype, False)
    value.array = array if shape else scalar(array, dtype)
    return value


def scalar(number: Any, dtype: DType) -> Any:
    """A number as native code takes it for a value without axes."""
    if dtype.category == 2:
        return dtype.numpy.type(number)
    return bool(number) if dtype.category == 0 else int(number)


def as_array(value: Lazy) -> np.ndarray[Any, Any]:
    """The elements of a value that is known, as an array of its own dtype."""
    return np.asarray(value.array, value.dtype.numpy)
