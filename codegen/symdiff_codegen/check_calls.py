"""The rules of what a kernel calls: products of matrices, linear algebra, Fourier transforms, Python."""

from __future__ import annotations

from collections.abc import Iterable

from .check_names import InvalidKernel, Names
from .instructions import FLOATS, LINALG
from .kernel import Buffer, Const, Fourier, Invoke, Linalg, Matmul, Operand

__all__ = ["check_fourier", "check_invoke", "check_linalg", "check_matmul"]


def _matrices(names: Names, buffers: Iterable[Buffer], shapes: Iterable[tuple[str, ...]]) -> None:
    """Check operands of one float type against core dimensions by name."""
    sizes: dict[str, Operand] = {}
    buffers = tuple(buffers)
    names.see(*buffers)
    for buffer, dims in zip(buffers, shapes, strict=True):
        names.same(buffer.type, buffers[0].type, buffer.name)
        names.require(buffer.type in FLOATS, f"{buffer.name} does not hold floats")
        names.require(buffer.rank == len(dims), f"{buffer.name} has {buffer.rank} dimensions, not {len(dims)}")
        for name, dim in zip(dims, buffer.dims, strict=True):
            known = sizes.setdefault(name, dim)
            differ = isinstance(known, Const) and isinstance(dim, Const) and known != dim
            names.require(not differ, f"a dimension of {buffer.name} does not fit the others")


def check_matmul(names: Names, product: Matmul) -> None:
    """Check a product of matrices."""
    a = ("k", "n") if product.transpose_a else ("n", "k")
    b = ("m", "k") if product.transpose_b else ("k", "m")
    _matrices(names, (product.out, product.a, product.b), (("n", "m"), a, b))
    names.require(product.out not in (product.a, product.b), "a product is not put into one of its factors")


def check_linalg(names: Names, call: Linalg) -> None:
    """Check a call of linear algebra."""
    row = LINALG.get(call.name)
    if row is None:
        raise InvalidKernel(f"there is no function {call.name!r} of linear algebra")
    counts = (len(call.inputs), len(call.outputs)) == (len(row.inputs), len(row.outputs))
    names.require(counts, f"{call.name} takes {row.signature}")
    _matrices(names, (*call.inputs, *call.outputs), row.inputs + row.outputs)
    names.same(call.ok.type, "i1", call.ok.name)
    names.define(call.ok)


def check_invoke(names: Names, call: Invoke) -> None:
    """Check a callback."""
    names.require(call.site >= 0, "the number of a callback is not negative")
    for arg in call.args:
        if isinstance(arg, Buffer):
            names.see(arg)
        else:
            names.expect(arg, arg.type)
    for buffer in call.outputs:
        names.see(buffer)


def check_fourier(names: Names, call: Fourier) -> None:
    """Check a Fourier transform."""
    ranks = {"fft": (4, 4), "ifft": (4, 4), "rfft": (3, 4), "irfft": (4, 3)}.get(call.name)
    if ranks is None:
        raise InvalidKernel(f"there is no Fourier transform {call.name!r}")
    names.require((call.source.rank, call.out.rank) == ranks, f"{call.name} takes and gives arrays of ranks {ranks}")
    names.require(call.out is not call.source, "a transform is not put into what it reads")
    for buffer in (call.source, call.out):
        names.see(buffer)
        names.require(buffer.type in ("f64", "f32"), f"{buffer.name} holds no floats")
        names.require(buffer.rank == 3 or buffer.dims[3] == Const(2, "i64"), f"{buffer.name} holds no pairs")
    names.same(call.out.type, call.source.type, call.out.name)
