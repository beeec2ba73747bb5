"""``np.einsum``: what users write, brought into the form of the row.

Dots become letters, axes named twice in an operand become its diagonal, and axes of length 1 that stand for longer ones
are dropped.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np

from symdiff.errors import LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Known, View
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_products import FULL
from symdiff.frontend.numpy_shaping import array_of
from symdiff.frontend.tables import function
from symdiff.ir.build import Builder
from symdiff.ir.graph import Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.primitive import REGISTRY, Traced

__all__: list[str] = []

READ_ONLY = "what einsum makes of one array without adding anything up is a view, which cannot be written here"


@function(np.einsum)
def einsum(p: Parser, *operands: Abstract, optimize: Abstract | None = None) -> Abstract:
    """Strings and lists of numbers; ``optimize=`` has no effect."""
    if not operands:
        p.refuse(LocatedValueError, "einsum takes a string and arrays")
    text, arrays = _subscripts(p, operands)
    items = [array_of(p, item) for item in arrays]
    terms, result = _explicit(p, text, [p.value(item).type.rank for item in items])
    if len(items) == 1 and set(result) == set(terms[0]):
        return _view(p, items[0], terms[0], result)
    values = [p.value(item) for item in items]
    values, terms = _distinct(p, values, terms)
    values, terms = _unbroadcast(p, values, terms)
    made = p.emit("einsum", *values, subscripts=f"{','.join(terms)}->{result}")
    return p.wrap(made, contiguous=True)


# -- what is written ---------------------------------------------------------------------------------------------------


def _subscripts(p: Parser, operands: Sequence[Abstract]) -> tuple[str, list[Abstract]]:
    """The string and the arrays, from either form."""
    first = operands[0]
    if isinstance(first, Known) and isinstance(first.object, str):
        return first.object.replace(" ", ""), list(operands[1:])
    pairs = len(operands) // 2
    arrays = list(operands[0 : 2 * pairs : 2])
    lists = [p.static(item, "the axes of einsum") for item in operands[1 : 2 * pairs : 2]]
    if len(operands) % 2:
        lists.append(p.static(operands[-1], "the axes of einsum"))
    # in the order of the numbers, as NumPy orders the axes of the result where none are given
    numbers = sorted({k for each in lists for k in each if k is not Ellipsis})
    letters = dict(zip(numbers, string.ascii_letters, strict=False))
    texts = ["".join("..." if k is Ellipsis else letters[k] for k in each) for each in lists]
    return ",".join(texts[:pairs]) + "".join(f"->{text}" for text in texts[pairs:]), arrays


def _explicit(p: Parser, text: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """Letters for every axis of every operand, and those of the result."""
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        p.refuse(LocatedValueError, f"einsum: {text!r} is about {len(terms)} operands, but {len(ranks)} are given")
    unused = [letter for letter in string.ascii_letters if letter not in text]
    hidden = [_hidden(p, term, rank) for term, rank in zip(terms, ranks, strict=True)]
    dots = "".join(unused[: max(hidden, default=0)])
    terms = [term.replace("...", dots[len(dots) - count :]) for term, count in zip(terms, hidden, strict=True)]
    if arrow:
        result = right.replace("...", dots)
        if "..." not in right and dots:
            p.refuse(LocatedValueError, f"einsum: the result of {text!r} has no '...' for the axes behind it")
    else:
        counts = "".join(terms)
        result = dots + "".join(sorted(c for c in set(counts) - set(dots) if counts.count(c) == 1))
    _check(p, text, terms, result)
    return terms, result


def _hidden(p: Parser, term: str, rank: int) -> int:
    """How many axes the dots of a term stand for."""
    named = len(term.replace("...", ""))
    count = rank - named
    if count < 0 or (count and "..." not in term):
        p.refuse(LocatedValueError, f"einsum: {term!r} does not name the axes of an array of {rank} dimensions")
    return count


def _check(p: Parser, text: str, terms: Sequence[str], result: str) -> None:
    for letter in "".join(terms) + result:
        if letter not in string.ascii_letters:
            p.refuse(LocatedValueError, f"einsum: invalid subscript {letter!r} in {text!r}")
    if len(set(result)) != len(result) or not set(result) <= set("".join(terms)):
        p.refuse(LocatedValueError, f"einsum: the result of {text!r} must name axes of operands, each once")


# -- the form of the row -----------------------------------------------------------------------------------------------


def _diagonals(build: Builder, x: Value, term: str) -> tuple[Value, str]:
    """Axes with one name as one axis."""
    for letter in dict.fromkeys(term):
        axes = [axis for axis, other in enumerate(term) if other == letter]
        if len(axes) == 1:
            continue
        rest = [axis for axis in range(len(term)) if axis not in axes]
        sizes = [x.type.shape[axis] for axis in axes]
        message = f"einsum: the axes {letter!r} of an operand of shape {show_shape(x.type.shape)} differ in length"
        for size in sizes[1:]:
            require_same(build, sizes[0], size, message)
        turned = REGISTRY["transpose"](Traced(build, x), axes=(*rest, *axes))
        if not rest and len(axes) == 2:
            x = build.add(REGISTRY["diagonal"], turned.value)
        else:
            ends = build.constant(0), build.constant(1)
            places = build.add(REGISTRY["arange"], *ends, length=sizes[0], dtype="int64")
            index = ((FULL,) * len(rest)) + (("array",),) * len(axes)
            x = build.add(REGISTRY["index"], turned.value, *[places] * len(axes), index=index)
        term = "".join(term[axis] for axis in rest) + letter
    return x, term


def _distinct(p: Parser, values: Sequence[Value], terms: Sequence[str]) -> tuple[list[Value], list[str]]:
    found = [_diagonals(p.build, v, term) for v, term in zip(values, terms, strict=True)]
    return [v for v, _ in found], [term for _, term in found]


def _unbroadcast(p: Parser, values: Sequence[Value], terms: Sequence[str]) -> tuple[list[Value], list[str]]:
    """Without axes of length 1 that another operand has longer."""
    longer = {letter for v, term in zip(values, terms, strict=True)
              for letter, dim in zip(term, v.type.shape, strict=True) if dim != 1}  # fmt: skip
    made, names = [], []
    for v, term in zip(values, terms, strict=True):
        keep = [dim != 1 or letter not in longer for letter, dim in zip(term, v.type.shape, strict=True)]
        if not all(keep):
            shape = tuple(dim for dim, k in zip(v.type.shape, keep, strict=True) if k)
            v = p.emit("reshape", v, shape=shape)
        made.append(v)
        names.append("".join(letter for letter, k in zip(term, keep, strict=True) if k))
    return made, names


def _view(p: Parser, item: Abstract, term: str, result: str) -> Abstract:
    """One operand with its axes in another order, or its diagonals."""

    def read(build: Builder, x: Value) -> Value:
        made, letters = _diagonals(build, x, term)
        axes = tuple(letters.index(letter) for letter in result)
        if axes == tuple(range(len(axes))):
            return made
        return build.add(REGISTRY["transpose"], made, axes=axes)

    if isinstance(item, Array | View):
        return View(item, read, None, READ_ONLY)
    return p.wrap(read(p.build, p.value(item)))
