"""What a program of the corpus is: the records, the tags, and makers of inputs that `tests/programs*.py` share."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TAGS = {
    "special": "named in the definition of done, with its derivative known exactly",
    "scalar": "Python floats only",
    "array": "works on arrays",
    "loop": "has a `for` or a `while`",
    "while": "has a `while`",
    "nested": "has a loop in a loop",
    "ragged": "the trips of an inner loop depend on the outer one",
    "carried": "carries a value through the loop in a non-linear way",
    "zero-trip": "a case named `zero...` runs some loop zero times",
    "store": "stores into an array",
    "branch": "has an `if` statement or conditional expression on run-time values",
    "logic": "has `and`, `or`, `not` or a chained comparison",
    "return": "returns early",
    "helper": "calls a function of the user's",
    "closure": "reads a variable of an enclosing function",
    "global": "reads a number or array of the module",
    "method": "is, or calls, a method",
    "lambda": "is, or calls, a lambda",
    "partial": "is, or calls, a functools.partial",
    "builtin": "calls sum, min, max, abs, len, int or float",
    "unpack": "unpacks a tuple or an array",
    "augment": "has an augmented assignment",
    "make": "makes an array: np.zeros, np.array of scalars, ...",
    "reduction": "reduces along some axis",
    "broadcast": "broadcasts",
    "shape": "changes a shape, joins or splits",
    "index": "reads by slice, integer, array of integers, None or Ellipsis",
    "select": "where, maximum, minimum, clip",
    "linalg": "matmul, dot, solve, inv, det, cholesky, ...",
    "derivative": "asks for a derivative, or maps a function, inside",
    "elementary": "one of many elementary functions",
    "names": "has names that generated code would like to use",
    "structure": "takes a tuple, list, dict or NamedTuple of floats and arrays",
    "effect": "may raise, asserts, prints, warns, or catches an exception",
    "app": "a model someone would fit or price",
    "size-0": "a case has an array without elements",
    "size-1": "a case has an axis of length one where others are longer",
    "int": "an integer takes part in the arithmetic",
    "syntax": "walrus, del, match, a local import, or another small piece of syntax",
    "complex": "computes with complex numbers between real arguments and a real result",
    "random": "draws random numbers",
    "recursion": "calls itself as often as its data say",
    "mask": "selects by an array of truth values",
}


@dataclass(frozen=True)
class Case:
    """One set of inputs of a program: its name (`label`), and how to make them again."""

    program: str
    label: str
    make: Callable[[np.random.Generator], tuple]

    @property
    def id(self) -> str:
        """The name of the case in a test's report."""
        return f"{self.program}-{self.label}"

    def arguments(self) -> tuple:
        """Fresh positional arguments: the same numbers on every call and in every process."""
        seed = zlib.crc32(self.id.encode())
        return self.make(np.random.default_rng(seed))


@dataclass(frozen=True)
class Program:
    """A function and what the tests know about it.

    `wrt` is what to differentiate: a parameter's name or a tuple of them. `second` says that the gradient's own
    gradient is tested too. `expected` gives exact gradients by case. `kinks` lists the cases that sit on a kink or an
    edge of a domain, where finite differences say nothing and only `expected` counts. `note` says what is peculiar.
    """

    name: str
    function: Callable[..., Any]
    wrt: str | tuple[str, ...]
    cases: tuple[Case, ...]
    tags: frozenset[str]
    second: bool = False
    expected: dict[str, Any] = field(default_factory=dict)
    kinks: frozenset[str] = frozenset()
    note: str = ""


PROGRAMS: dict[str, Program] = {}


def program(inputs, wrt, tags, *, second=False, expected=None, kinks=(), note="", name=None):
    """Register a function; `inputs` is one maker of arguments, or a dict of them by case name."""
    makers = inputs if isinstance(inputs, dict) else {"only": inputs}
    labels = frozenset(tags.split())
    assert labels <= TAGS.keys(), f"unknown tags {labels - TAGS.keys()}"

    def register(function):
        key = name or function.__name__
        assert key not in PROGRAMS, f"two programs are called {key}"
        cases = tuple(Case(key, label, make) for label, make in makers.items())
        PROGRAMS[key] = Program(key, function, wrt, cases, labels, second, expected or {}, frozenset(kinks), note)
        return function

    return register


def tagged(*tags):
    """The programs that have all of these tags."""
    return [p for p in PROGRAMS.values() if p.tags.issuperset(tags)]


def away(rng, *shape):
    """Normal numbers, each at least 0.2 from zero: for what has a kink or a pole there."""
    x = rng.normal(size=shape)
    return x + 0.2 * np.sign(x)


def positive(rng, *shape):
    """Numbers between 0.5 and 2."""
    return rng.uniform(0.5, 2.0, size=shape)


def definite(rng, n):
    """A well-conditioned symmetric positive definite matrix."""
    a = rng.normal(size=(n, n))
    return a @ a.T + n * np.eye(n)
