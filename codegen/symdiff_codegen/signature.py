"""What a native function expects from Python and gives back: the data that `entry` turns into guards and results.

A `Signature` says nothing about how a call is made; it lists, per argument, the test that must hold and the kernel
argument that comes of it. A call for which any test fails belongs to another variant, or to the dispatcher.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import CellType
from typing import Any, Literal

from .kernel import Buffer, Kernel, Local, Operand, ResultSpec

ScalarKind = Literal["float", "int", "bool", "float64", "float32"]

#: The type a kernel receives for each kind of Python or NumPy scalar.
SCALAR_TYPES: dict[str, str] = {"float": "f64", "int": "i64", "bool": "i1", "float64": "f64", "float32": "f32"}

#: Scalar operations a kernel does in about 20 microseconds: beyond this the interpreter lock is worth releasing.
RELEASE_AFTER = 40_000

#: Estimated scalar operations of one call: a constant; `"loop"` where only the run tells; or a sum of terms, each a
#: cost per trip and the sizes whose product is the number of trips.
Work = int | Literal["loop"] | tuple[tuple[int, tuple[Local, ...]], ...]


@dataclass(frozen=True)
class Scalar:
    """
    An argument that must be a scalar of exactly this type.

    Parameters
    ----------
    kind : str
        `"float"`, `"int"`, `"bool"` (Python's own types) or `"float64"`, `"float32"` (NumPy's scalars). An int that
        does not fit 64 bits fails the test.
    accept_int : bool
        For `"float"`: an exact int that fits 64 bits is taken too, converted.
    accept_float64 : bool
        For `"float"`: an exact `np.float64` is taken too.
    """

    kind: ScalarKind
    accept_int: bool = False
    accept_float64: bool = False


@dataclass(frozen=True)
class Array:
    """
    An argument that must be exactly an `ndarray`: C-contiguous, aligned, of native byte order.

    Parameters
    ----------
    type : str
        Scalar type of the elements, as in kernels.
    dims : tuple of Const or Local
        Those of the kernel's buffer. A constant must equal the size; a local seen for the first time stands for any
        size but 1, and must equal the size wherever it is seen again (or the scalar argument that it is).
    writable : bool
        The kernel stores into the array: it must be writeable and share no memory with any other array argument.
    """

    type: str
    dims: tuple[Operand, ...]
    writable: bool = False


@dataclass(frozen=True, eq=False)
class Fixed:
    """An argument that must be this very object, or a tuple of these very objects; the kernel does not see it."""

    value: object


Parameter = Scalar | Array | Fixed


class _Absent:
    """Expected of a dictionary: that it has no such key. A builtin's name is resolved so until a global hides it."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()

#: A dictionary and a key of it, or a closure cell (the key is then ignored), and what is expected there now. An
#: expected value that is no `Scalar`, `Array` or `Fixed` stands for `Fixed` of it.
Captured = tuple[dict[Any, Any] | CellType, object, object]

#: An int is a result slot; None and tuples stand for themselves.
Template = int | None | tuple["Template", ...]


@dataclass(frozen=True, eq=False)
class Signature:
    """
    How Python calls one native function.

    Parameters
    ----------
    params : tuple of Scalar, Array or Fixed
        One for each positional argument.
    results : tuple of ResultSpec
        What each result slot of the kernel holds.
    template : nested tuples of result slots
        What the call returns: `0`, `(0, 1)`, `(0, (1, 2))` or None.
    dispatcher : callable
        Called with the very same arguments where a test fails and there is no further variant.
    native_error : callable
        `native_error(status, cells)` is called where the kernel left with a positive status. It should raise; if it
        returns, the call returns what it returned. `cells` are four ints: the values a `Check` stored (the bits of a
        double where it stored one, see `float_of_bits`).
    keywords : tuple of (name, Fixed)
        Keyword arguments that must be present, in this order, and no others.
    captured : tuple of (dict, key, expected) or (cell, None, expected)
        Read at every call, after the arguments. A scalar or an array found there is a further kernel argument.
    elsewhere : int, optional
        A status by which the kernel says, before it has had any effect, that the call is not for it: the call is handed
        on as if a test had failed.
    invoked : callable, optional
        `invoked(site, values)`, or `invoked(site, values, outputs)`, is called by each `Invoke` of the kernel; what it
        raises leaves the call.
    work : int, "loop" or terms
        Estimate of scalar operations, which decides whether the interpreter lock is released.
    name, doc : str, optional
        Of the function as Python shows it; the name is the kernel's if not given.
    """

    params: tuple[Parameter, ...]
    results: tuple[ResultSpec, ...]
    template: Template
    dispatcher: Callable[..., Any]
    native_error: Callable[[int, tuple[int, ...]], Any]
    keywords: tuple[tuple[str, Fixed], ...] = ()
    captured: tuple[Captured, ...] = ()
    elsewhere: int | None = None
    work: Work = 0
    invoked: Callable[..., object] | None = None
    name: str | None = None
    doc: str | None = None

    def named(self, name: str) -> Signature:
        """This signature, with a name for the function if it has none."""
        return self if self.name is not None else replace(self, name=name)

    @property
    def captured_specs(self) -> tuple[Parameter, ...]:
        """The test for each captured value."""
        return tuple(
            expected if isinstance(expected, Scalar | Array | Fixed) else Fixed(expected)
            for _, _, expected in self.captured
        )

    @property
    def kernel_specs(self) -> tuple[Scalar | Array, ...]:
        """The specifications that become kernel arguments, in the kernel's order."""
        return tuple(spec for spec in (*self.params, *self.captured_specs) if not isinstance(spec, Fixed))

    @property
    def may_release(self) -> bool:
        """Whether a call may release the interpreter lock."""
        return not isinstance(self.work, int) or self.work > RELEASE_AFTER


def check_signature(signature: Signature, kernel: Kernel) -> None:
    """
    Compare a signature with the kernel it calls.

    Raises
    ------
    ValueError
        If the kernel has other parameters or results, naming the first difference.
    """
    specs = signature.kernel_specs
    if len(specs) != len(kernel.params):
        raise ValueError(f"{kernel.name} has {len(kernel.params)} parameters, its signature passes {len(specs)}")
    for spec, param in zip(specs, kernel.params, strict=True):
        _check_param(spec, param)
    if signature.results != kernel.results:
        raise ValueError(f"the signature of {kernel.name} names other results than the kernel")
    known = {param for param in kernel.params if isinstance(param, Local)}
    known.update(dim for dims in kernel.bound_dims().values() for dim in dims)
    if isinstance(signature.work, tuple) and not all(known.issuperset(dims) for _, dims in signature.work):
        raise ValueError(f"the work of {kernel.name} depends on a size that no argument has")
    for slot in slots_of(signature.template):
        if not 0 <= slot < len(kernel.results):
            raise ValueError(f"{kernel.name} has no result slot {slot}")


def _check_param(spec: Scalar | Array, param: Local | Buffer) -> None:
    if isinstance(spec, Array) != isinstance(param, Buffer):
        raise ValueError(f"parameter {param.name!r} is {param}, the signature says {spec}")
    expected = spec.type if isinstance(spec, Array) else SCALAR_TYPES[spec.kind]
    if expected != param.type:
        raise ValueError(f"parameter {param.name!r} has type {param.type}, the signature passes {expected}")
    if isinstance(spec, Array) and isinstance(param, Buffer) and spec.dims != param.dims:
        raise ValueError(f"parameter {param.name!r} has dimensions {param.dims}, the signature says {spec.dims}")


def slots_of(template: Template) -> tuple[int, ...]:
    """Every slot a template mentions, in order, as often as it is mentioned."""
    if template is None:
        return ()
    if isinstance(template, int):
        return (template,)
    return tuple(slot for item in template for slot in slots_of(item))


def float_of_bits(cell: int) -> float:
    """The double whose bits a `Check` has stored in a cell."""
    value: float = struct.unpack("=d", struct.pack("=q", cell))[0]
    return value
