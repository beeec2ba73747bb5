"""How the table of PyTorch's operations is written: entries, and short ways to make them.

An entry has PyTorch's name, a call that takes the module and the inputs, and inputs: words such as ``f23``, a kind and
the sizes. The kinds are f (floats of both signs), p (positive floats), g (floats above 1), u (floats within -1 and 1),
s (symmetric positive definite), i (integers of both signs), k (positive integers), n (natural numbers below 3) and
b (bools).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["MIXED", "PAIRS", "Entry", "after", "binary", "calls", "reduction", "unary"]


def after(x: Any, index: Any, value: Any) -> Any:
    x[index] = value
    return x


SHAPES = ("f", "f3", "f23", "f0")
PAIRS = ("f23 f23", "f23 f3", "f21 f13", "f f3", "f0 f0", "f3 f1")
MIXED = ("f3 i3", "i3 i3", "f3 i", "i3 f")


@dataclass(frozen=True)
class Entry:
    """One of PyTorch's names.

    Attributes
    ----------
    name : str
    call : callable
        Takes the module, then tensors.
    inputs : tuple of str
        What it is called with: words for the tensors.
    note : str
        In what it differs from PyTorch's; empty where it does not.
    """

    name: str
    call: Callable[..., Any]
    inputs: tuple[str, ...]
    note: str = ""


def unary(names: str, kind: str) -> list[Entry]:
    words = tuple(kind + shape[1:] for shape in SHAPES)
    return [Entry(name, lambda t, x, name=name: getattr(t, name)(x), words) for name in names.split()]


def binary(names: str, inputs: tuple[str, ...], **options: Any) -> list[Entry]:
    return [Entry(name, lambda t, x, y, name=name: getattr(t, name)(x, y), inputs, **options) for name in names.split()]


def reduction(names: str, inputs: tuple[str, ...] = ("f23", "f3", "f234")) -> list[Entry]:
    found = []
    for name in names.split():
        found += [
            Entry(name, lambda t, x, name=name: getattr(t, name)(x), (*inputs, "f")),
            Entry(name, lambda t, x, name=name: getattr(t, name)(x, 0), inputs),
            Entry(name, lambda t, x, name=name: getattr(x, name)(-1, keepdim=True), inputs),
        ]
    return found


def calls(name: str, *cases: tuple[Callable[..., Any], str], **options: Any) -> list[Entry]:
    return [Entry(name, call, tuple(words.split(", ")), **options) for call, words in cases]
