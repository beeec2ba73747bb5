"""A kernel as data: loops, branches and stores over typed scalars and arrays, each value defined once.

    kernel  ::= name params body results           body ::= instruction ...
    operand ::= Local | Const

    scalars     Let  Load  Result
    arrays      Alloc  Output  View  Store  Accumulate  Fill  Copy  Mark  Release
    control     For  While  If  Check  Attempt
    calls       Matmul  Linalg  Fourier  Invoke
    stacks      NewStack  Push  Pop

A ``Local`` is defined once: as a parameter, by Let, Load, Pop or Linalg, as the index, a param or an out of a loop, or
as the out of a merge. It is visible in its block after the definition and in the blocks nested there. What a loop
carries from one trip to the next stands in ``carried``, what a branch chooses in ``merges``; nothing is assigned twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from .instructions import TYPES
from .operands import Buffer, Const, Local, Operand, Stack

__all__ = [
    "Accumulate", "Alloc", "Attempt", "Body", "Buffer", "Carried", "Check", "Const", "Copy", "Fill", "For",
    "Fourier", "If",
    "Instruction", "Invoke", "Kernel", "Let", "Linalg", "Load", "Local", "Mark", "Matmul", "Merge", "NewStack",
    "Operand", "Output", "Pop", "Push", "Reduction", "Release", "Result", "ResultSpec", "Stack", "Store", "View",
    "While",
]  # fmt: skip


# Scalars and elements of arrays.


@dataclass(frozen=True, eq=False, slots=True)
class Let:
    """``target = op(args)``: a scalar operation of ``instructions.ROWS``."""

    target: Local
    op: str
    args: tuple[Operand, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Load:
    """``target = buffer[indices]``; one index per dimension, each known to be in range."""

    target: Local
    buffer: Buffer
    indices: tuple[Operand, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Store:
    """``buffer[indices] = value``."""

    buffer: Buffer
    indices: tuple[Operand, ...]
    value: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Accumulate:
    """``buffer[indices] += value``."""

    buffer: Buffer
    indices: tuple[Operand, ...]
    value: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """Put a scalar in a result slot."""

    slot: int
    value: Operand


# Whole arrays.


@dataclass(frozen=True, eq=False, slots=True)
class Alloc:
    """Workspace that lives until the kernel returns or until a Release of an earlier Mark."""

    buffer: Buffer
    zeroed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Output:
    """The NumPy array that is returned in a result slot; it exists from here on."""

    buffer: Buffer
    slot: int
    zeroed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """``buffer`` is the part of ``source`` that starts ``offset`` elements in (a row, a reshape)."""

    buffer: Buffer
    source: Buffer
    offset: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Fill:
    """Set every element of a buffer."""

    buffer: Buffer
    value: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Copy:
    """Copy every element of ``source`` to a ``target`` with as many elements. They do not overlap."""

    target: Buffer
    source: Buffer


@dataclass(frozen=True, eq=False, slots=True)
class Mark:
    """Remember how much workspace is in use."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Release:
    """Give back the workspace allocated since the Mark of this name; its buffers are not used any more."""

    name: str


# Control.


@dataclass(frozen=True, eq=False, slots=True)
class Carried:
    """A value carried around a loop: ``param`` inside, from ``init`` and then from ``next``; ``out`` afterwards."""

    param: Local
    init: Operand
    next: Operand
    out: Local


@dataclass(frozen=True, eq=False, slots=True)
class Reduction:
    """A reduction over the trips of a vector loop (``instructions.REDUCTIONS``) in lane order."""

    op: str
    value: Operand
    out: Local


@dataclass(frozen=True, eq=False, slots=True)
class For:
    """``for index in range(start, stop, step)``.

    ``vector`` promises that trips are independent: step 1, no carried values, and a body of Let, Load, Store,
    Accumulate and Check only, where no trip reads or writes an element that another one writes.
    """

    index: Local
    start: Operand
    stop: Operand
    step: Operand | int
    carried: tuple[Carried, ...]
    body: Body
    vector: bool = False
    reductions: tuple[Reduction, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class While:
    """``test_body`` runs with the params in scope; while ``test`` holds, ``body`` runs and the params move on."""

    carried: tuple[Carried, ...]
    test_body: Body
    test: Operand
    body: Body


@dataclass(frozen=True, eq=False, slots=True)
class Merge:
    """``out`` is ``then`` (visible in the first branch) or ``otherwise`` (visible in the second)."""

    out: Local
    then: Operand
    otherwise: Operand


@dataclass(frozen=True, eq=False, slots=True)
class If:
    """One of two blocks."""

    test: Operand
    then: Body
    otherwise: Body
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Check:
    """Unless ``condition`` holds, leave the kernel with status ``error`` > 0 and up to four f64 or i64 operands."""

    condition: Operand
    error: int
    args: tuple[Operand, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Attempt:
    """Run ``body``: ``status`` is 0 where it ends, or the number of the failed check if that is in ``caught``.

    What the body defines is gone after it.
    """

    status: Local
    caught: frozenset[int]
    body: Body


# Calls.


@dataclass(frozen=True, eq=False, slots=True)
class Matmul:
    """``out = a @ b`` or ``out += a @ b`` of matrices, each factor transposed on request; ``out`` overlaps neither.

    ``fma`` fuses the products and sums of small matrices, which are multiplied in line in the order of the inner index.
    """

    out: Buffer
    a: Buffer
    b: Buffer
    transpose_a: bool = False
    transpose_b: bool = False
    accumulate: bool = False
    fma: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Linalg:
    """A function of ``instructions.LINALG`` on whole buffers; ``ok`` is false for a singular or unfit matrix."""

    ok: Local
    name: str
    outputs: tuple[Buffer, ...]
    inputs: tuple[Buffer, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Invoke:
    """Call Python back with values, and leave the kernel with its exception if it raises.

    ``site`` tells the callbacks of a kernel apart; scalars and whole arrays are passed. The buffers of ``outputs`` are
    filled by the callback.
    """

    site: int
    args: tuple[Operand | Buffer, ...] = ()
    outputs: tuple[Buffer, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Fourier:
    """A Fourier transform along the middle axis of three, unscaled; a complex number is two elements side by side.

    ``name`` is ``fft`` or ``ifft`` (complex to complex), ``rfft`` (real to complex) or ``irfft`` (complex to real).
    """

    name: str
    out: Buffer
    source: Buffer


# Stacks.


@dataclass(frozen=True, eq=False, slots=True)
class NewStack:
    """An empty stack; where it is executed again, the stack is emptied."""

    stack: Stack


@dataclass(frozen=True, eq=False, slots=True)
class Push:
    """Put a scalar on top."""

    stack: Stack
    value: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Pop:
    """Take the scalar on top, which is known to be there."""

    target: Local
    stack: Stack


Instruction = (
    Let | Load | Store | Accumulate | Result | Alloc | Output | View | Fill | Copy | Mark | Release
    | For | While | If | Check | Attempt | Matmul | Linalg | Fourier | Invoke | NewStack | Push | Pop
)  # fmt: skip
Body = tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """What a result slot holds: float, float32, int, bool, or ``array:<type>``."""

    kind: str

    def __post_init__(self) -> None:
        _require_kind(self.kind)

    @property
    def type(self) -> str:
        """The scalar type of the slot or of the array's elements."""
        return SCALAR_KINDS.get(self.kind) or self.kind.removeprefix("array:")

    @property
    def is_array(self) -> bool:
        """Whether the slot holds an array."""
        return self.kind not in SCALAR_KINDS


@dataclass(frozen=True, eq=False, slots=True)
class Kernel:
    """A function over scalars and arrays.

    Attributes
    ----------
    name
        The name of the native function.
    params
        Scalars and buffers. A Local among a buffer's dims is bound by the first buffer that has it.
    body
        The instructions.
    results
        What each result slot holds.
    noalias
        The caller has checked that no parameter written to overlaps another parameter.
    fastmath
        Allow reassociation, contraction, approximate functions and no regard for the sign of zero.
    """

    name: str
    params: tuple[Local | Buffer, ...]
    body: Body
    results: tuple[ResultSpec, ...]
    noalias: bool = False
    fastmath: bool = False

    def bound_dims(self) -> dict[Buffer, tuple[Local, ...]]:
        """Return, per buffer parameter, the dims it binds: those the native function takes after its pointer."""
        seen = {param for param in self.params if isinstance(param, Local)}
        bound: dict[Buffer, tuple[Local, ...]] = {}
        for param in self.params:
            if isinstance(param, Buffer):
                fresh = dict.fromkeys(dim for dim in param.dims if isinstance(dim, Local) and dim not in seen)
                seen.update(fresh)
                bound[param] = tuple(fresh)
        return bound


SCALAR_KINDS = {"float": "f64", "float32": "f32", "int": "i64", "bool": "i1"}


def _require_kind(kind: str) -> None:
    if kind not in SCALAR_KINDS and kind.removeprefix("array:") not in TYPES:
        raise ValueError(f"{kind!r} is not a kind of result")
