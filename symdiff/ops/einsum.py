"""Sums of products over named axes: ``np.einsum``.

The row takes letters that say where each axis goes: every letter stands at most once in an operand, every letter of the
result is in some operand, and an operand is not broadcast. The front end brings what users write into this form. It is
lowered pair by pair, as products of matrices where two operands share an axis that is summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.errors import DtypeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.dtypes import promoted
from symdiff.ops.linalg import matmul
from symdiff.ops.primitive import EachArgument, Primitive, primitive
from symdiff.ops.reduction import sum_
from symdiff.ops.shaping import broadcast_to, reshape, transpose
from symdiff.ops.sizes import product

__all__ = ["einsum"]


def _split(subscripts: str) -> tuple[list[str], str]:
    operands, result = subscripts.split("->")
    return operands.split(","), result


def _infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    operands, result = _split(attrs["subscripts"])
    sizes: dict[str, Dim] = {}
    shapes = " and ".join(show_shape(x.type.shape) for x in inputs)
    for letters, x in zip(operands, inputs, strict=True):
        for letter, dim in zip(letters, x.type.shape, strict=True):
            message = f"operands of shapes {shapes} do not fit for einsum with {attrs['subscripts']!r}: axis {letter!r}"
            require_same(build, sizes.setdefault(letter, dim), dim, message)
    dtype = promoted([Type(x.type.dtype, (), "numpy") for x in inputs])
    if dtype == "bool":
        build.refuse(DtypeError, "einsum of truth values is not supported", "convert them with .astype(float)")
    return Type(dtype, tuple(sizes[letter] for letter in result), "numpy")


def _numpy(*operands: Any, subscripts: str) -> Any:
    return np.asarray(np.einsum(subscripts, *operands)).copy()[()]


def _text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    return f"np.einsum({attrs['subscripts']!r}, {', '.join(arguments)})"


# -- products of two ---------------------------------------------------------------------------------------------------


def _arranged(x: Any, letters: str, order: str) -> Any:
    """The axes in another order."""
    axes = tuple(letters.index(letter) for letter in order)
    return x if axes == tuple(range(len(axes))) else transpose(x, axes=axes)


def _summed(x: Any, letters: str, keep: str) -> tuple[Any, str]:
    """The axes that are not kept, added up."""
    gone = tuple(axis for axis, letter in enumerate(letters) if letter not in keep)
    if not gone:
        return x, letters
    return sum_(x, axis=gone, keepdims=False), "".join(letter for letter in letters if letter in keep)


def _grouped(x: Any, letters: str, groups: Sequence[str]) -> Any:
    """The axes of each group next to each other, and as one axis unless the group is the batch, which is the first."""
    sizes = dict(zip(letters, x.shape, strict=True))
    x = _arranged(x, letters, "".join(groups))
    shape = tuple(sizes[letter] for letter in groups[0])
    return _reshaped(x, (*shape, *(product(x.build, [sizes[letter] for letter in group]) for group in groups[1:])))


def _reshaped(x: Any, shape: tuple[Dim, ...]) -> Any:
    same = len(shape) == x.rank and all(a is b or a == b for a, b in zip(shape, x.shape, strict=True))
    return x if same else reshape(x, shape=shape)


def _aligned(x: Any, letters: str, order: str) -> Any:
    """An operand with axes of length 1 for the letters it lacks, to be broadcast."""
    sizes = dict(zip(letters, x.shape, strict=True))
    own = "".join(letter for letter in order if letter in letters)
    shape = tuple(sizes[letter] if letter in letters else 1 for letter in order)
    return _reshaped(_arranged(x, letters, own), shape)


def _pair(a: Any, left: str, b: Any, right: str, keep: str) -> tuple[Any, str]:
    """One operand in place of two: the letters that are not kept are summed."""
    a, left = _summed(a, left, right + keep)
    b, right = _summed(b, right, left + keep)
    sizes = dict(zip(left + right, (*a.shape, *b.shape), strict=True))
    batch = "".join(letter for letter in left if letter in right and letter in keep)
    inner = "".join(letter for letter in left if letter in right and letter not in keep)
    rows = "".join(letter for letter in left if letter not in right)
    columns = "".join(letter for letter in right if letter not in left)
    if not inner or (batch and not (rows and columns)):
        order = batch + rows + columns + inner
        x = _aligned(a, left, order) * _aligned(b, right, order)
        return _summed(x, order, keep)
    if not batch and not rows and not columns:
        return matmul(_grouped(a, left, ("", inner)), _grouped(b, right, ("", inner))), ""
    groups = (batch, rows, inner) if rows else (batch, inner), (batch, inner, columns) if columns else (batch, inner)
    x = matmul(_grouped(a, left, groups[0]), _grouped(b, right, groups[1]))
    return _reshaped(x, tuple(sizes[letter] for letter in batch + rows + columns)), batch + rows + columns


def _next_pair(terms: Sequence[str], result: str) -> tuple[int, int]:
    """The two operands whose product has the fewest axes; the first of those."""
    best, chosen = None, (0, 1)
    for i in range(len(terms)):
        for j in range(i + 1, len(terms)):
            others = "".join(t for k, t in enumerate(terms) if k not in (i, j)) + result
            union = set(terms[i] + terms[j])
            cost = len(union & set(others)), len(union)
            if best is None or cost < best:
                best, chosen = cost, (i, j)
    return chosen


def _expand(*operands: Any, subscripts: str) -> Any:
    terms, result = _split(subscripts)
    left = list(operands)
    while len(left) > 1:
        i, j = _next_pair(terms, result)
        others = "".join(t for k, t in enumerate(terms) if k not in (i, j)) + result
        made, letters = _pair(left[i], terms[i], left[j], terms[j], others)
        for k in (j, i):
            del left[k], terms[k]
        left.append(made)
        terms.append(letters)
    x, letters = _summed(left[0], terms[0], result)
    return _arranged(x, letters, result) if letters else x


# -- derivative --------------------------------------------------------------------------------------------------------


def _rule(position: int) -> Any:
    """The sum with the cotangent in the place of the operand; an axis that only the operand had is repeated."""

    def rule(g: Any, y: Any, *operands: Any, subscripts: str) -> Any:
        terms, result = _split(subscripts)
        own, x = terms[position], operands[position]
        others = [(t, v) for k, (t, v) in enumerate(zip(terms, operands, strict=True)) if k != position]
        reached = "".join(t for t, _ in others) + result
        found = "".join(letter for letter in own if letter in reached)
        inputs = ",".join([result, *(t for t, _ in others)])
        needed = others or found != result
        part = einsum(g, *(v for _, v in others), subscripts=f"{inputs}->{found}") if needed else g
        if found == own:
            return part
        shape = tuple(dim if letter in found else 1 for letter, dim in zip(own, x.shape, strict=True))
        return broadcast_to(reshape(part, shape=shape), shape=x.shape)

    return rule


einsum: Primitive = primitive(
    "einsum",
    infer=_infer,
    numpy=_numpy,
    python=_text,
    expand=_expand,
    vjp=EachArgument(_rule),
    cost=100.0,
)
