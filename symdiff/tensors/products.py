"""Products of matrices, einsum, and parts of matrices: as methods and as functions of the module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.tensors.arithmetic import FUNCTIONS, first_operand, function
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.linear import matmul
from symdiff.tensors.operations import operation, positions, record
from symdiff.tensors.tensor import Tensor, as_lazy, attach, wrap

__all__: list[str] = []


def _matmul(input: Tensor, other: Tensor) -> Tensor:
    return wrap(matmul(first_operand(input, "matmul"), first_operand(other, "matmul")))


def _of_rank(name: str, left: int, right: int) -> Callable[..., Tensor]:
    """A product that takes matrices of certain ranks only."""

    def call(input: Tensor, other: Tensor) -> Tensor:
        a, b = first_operand(input, name), first_operand(other, name)
        for x, rank, word in ((a, left, "self"), (b, right, "mat2")):
            if len(x.shape) != rank:
                raise RuntimeError(f"{word} must be a {'matrix' if rank == 2 else f'{rank}D tensor'}")
        return wrap(matmul(a, b))

    return call


@operation("tril", "TrilBackward0")
def _tril(x: Any, diagonal: int, below: bool) -> Any:
    rows, columns = x.shape[-2:]
    down = R["reshape"](positions(x, rows), shape=(rows, 1))
    across = positions(x, columns)
    kept = across - down <= diagonal if below else across - down >= diagonal
    return R["where"](kept, x, 0.0 if x.type.is_float else 0)


def _triangle(name: str, below: bool) -> Callable[..., Tensor]:
    def call(input: Tensor, diagonal: int = 0) -> Tensor:
        return wrap(record(_tril, (first_operand(input, name),), (diagonal, below)))

    return call


@operation("diagonal", "DiagonalBackward0")
def _diagonal(x: Any) -> Any:
    return R["diagonal"](x)


@operation("diag", "DiagBackward0")
def _diag(x: Any) -> Any:
    return R["diag"](x)


def _right(self: Tensor, other: Any) -> Any:
    return _matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def _diag_call(input: Tensor, diagonal: int = 0) -> Tensor:
    x: Lazy = first_operand(input, "diag")
    if diagonal:
        beside: Tensor = FUNCTIONS["diag_embed" if len(x.shape) == 1 else "diagonal"](input, diagonal)
        return beside
    return wrap(record(_diag if len(x.shape) == 1 else _diagonal, (x,)))


function("matmul", _matmul)
function("mm", _of_rank("mm", 2, 2))
function("bmm", _of_rank("bmm", 3, 3))
function("mv", _of_rank("mv", 2, 1))
function("dot", _of_rank("dot", 1, 1))
function("tril", _triangle("tril", True))
function("triu", _triangle("triu", False))
function("diag", _diag_call)
function("outer", lambda input, vec2: input.unsqueeze(1) * vec2.unsqueeze(0))
function("trace", lambda input: wrap(record(_diagonal, (as_lazy(input),))).sum())  # type: ignore[attr-defined]
FUNCTIONS["addmm"] = lambda input, mat1, mat2: input + _matmul(mat1, mat2)
attach("__matmul__", _right)
