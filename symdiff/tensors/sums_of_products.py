"""``einsum``: what users write, brought into the form that the compiler's row takes.

Dots become letters, axes named twice in an operand become its diagonal, and axes of length 1 that stand for longer ones
are dropped.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.tensors.arithmetic import first_operand, function
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import operation, positions, record
from symdiff.tensors.tensor import Tensor, wrap

__all__: list[str] = []


@operation("einsum", "EinsumBackward0")
def _einsum(*args: Any) -> Any:
    *xs, terms, result = args
    pairs = [_diagonal(x, term) for x, term in zip(xs, terms, strict=True)]
    longer = {c for x, term in pairs for c, n in zip(term, x.shape, strict=True) if n != 1}
    pairs = [_without_ones(x, term, longer) for x, term in pairs]
    return R["einsum"](*[x for x, _ in pairs], subscripts=f"{','.join(term for _, term in pairs)}->{result}")


def _diagonal(x: Any, term: str) -> tuple[Any, str]:
    """Axes with one name as one axis."""
    for letter in dict.fromkeys(term):
        axes = [k for k, other in enumerate(term) if other == letter]
        if len(axes) == 1:
            continue
        rest = [k for k in range(len(term)) if k not in axes]
        places = positions(x, x.shape[axes[0]])
        index = tuple(("slice", 0, x.shape[k], 1) for k in rest) + (("array",),) * len(axes)
        x = R["index"](R["transpose"](x, axes=(*rest, *axes)), *[places] * len(axes), index=index)
        term = "".join(term[k] for k in rest) + letter
    return x, term


def _without_ones(x: Any, term: str, longer: set[str]) -> tuple[Any, str]:
    keep = [n != 1 or c not in longer for c, n in zip(term, x.shape, strict=True)]
    if all(keep):
        return x, term
    shape = tuple(n for n, k in zip(x.shape, keep, strict=True) if k)
    return R["reshape"](x, shape=shape), "".join(c for c, k in zip(term, keep, strict=True) if k)


def _explicit(text: str, values: Sequence[Lazy]) -> tuple[tuple[str, ...], str]:
    """Letters for every axis of every operand, and those of the result."""
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(values):
        raise ValueError(
            f"einsum(): {'more' if len(values) > len(terms) else 'fewer'} operands were provided than specified in "
            "the equation"
        )
    unused = [c for c in string.ascii_letters if c not in text]
    hidden = [_hidden(k, term, v) for k, (term, v) in enumerate(zip(terms, values, strict=True))]
    dots = "".join(unused[: max(hidden, default=0)])
    terms = [term.replace("...", dots[len(dots) - n :]) for term, n in zip(terms, hidden, strict=True)]
    letters = "".join(terms)
    once = "".join(sorted(c for c in set(letters) - set(dots) if letters.count(c) == 1))
    result = right.replace("...", dots) if arrow else dots + once
    _check(terms, result, values)
    return tuple(terms), result


def _hidden(position: int, term: str, value: Lazy) -> int:
    count = len(value.shape) - len(term.replace("...", ""))
    if count < 0 or (count and "..." not in term):
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({len(term.replace('...', ''))}) does not match the "
            f"number of dimensions ({len(value.shape)}) for operand {position} and no ellipsis was given"
        )
    return count


def _check(terms: Sequence[str], result: str, values: Sequence[Lazy]) -> None:
    letters = "".join(terms)
    for c in letters + result:
        if c not in string.ascii_letters:
            raise RuntimeError(f"einsum(): invalid subscript given: {c!r}, subscripts must be in [a-zA-Z]")
    for c in result:
        if result.count(c) > 1:
            raise RuntimeError(f"einsum(): output subscript {c} appears more than once in the output")
        if c not in letters:
            raise RuntimeError(f"einsum(): output subscript {c} does not appear in the equation for any input operand")
    sizes: dict[str, int] = {}
    for position, (term, v) in enumerate(zip(terms, values, strict=True)):
        for c, n in zip(term, v.shape, strict=True):
            m = sizes.get(c, 1)
            if n != m and 1 not in (n, m):
                raise RuntimeError(
                    f"einsum(): subscript {c} has size {n} for operand {position} which does not broadcast with "
                    f"previously seen size {m}"
                )
            if term.count(c) > 1 and len({size for d, size in zip(term, v.shape, strict=True) if d == c}) > 1:
                raise RuntimeError(
                    f"einsum(): subscript {c} is repeated for operand {position} but the sizes don't match"
                )
            sizes[c] = max(m, n) if n != 0 else 0


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products over named axes.

    Parameters
    ----------
    equation : str
        Such as ``"ij,jk->ik"``.
    *operands : Tensor
    """
    if not isinstance(equation, str):
        raise NotImplementedError("einsum takes a string and tensors; lists of axes are not supported")
    tensors = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    values = tuple(first_operand(t, "einsum") for t in tensors)
    terms, result = _explicit(equation.replace(" ", ""), values)
    return wrap(record(_einsum, values, (terms, result)))


function("einsum", einsum, method=False)
