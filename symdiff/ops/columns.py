"""What stands in the columns of a row: domains, ways to fail, and rules for any number of arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.errors import DtypeError

__all__ = [
    "ABOVE_ONE",
    "AROUND_ZERO",
    "POSITIVE",
    "REALS",
    "TRUTH",
    "UNIT",
    "Check",
    "Domain",
    "EachArgument",
    "NoDerivative",
    "Rule",
]

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Domain:
    """Where a test may sample an argument: an open interval, and points to stay away from."""

    low: float = -3.0
    high: float = 3.0
    integer: bool = False


REALS = Domain()
POSITIVE = Domain(0.1, 4.0)
UNIT = Domain(-0.9, 0.9)
ABOVE_ONE = Domain(1.1, 4.0)
AROUND_ZERO = Domain(-0.9, 3.0)
TRUTH = Domain(0, 1, integer=True)


@dataclass(frozen=True)
class Check:
    """A way in which the operation fails on Python scalars.

    Attributes
    ----------
    passes : callable
        ``passes(k, *operands)`` emits the condition under which the operation is defined; ``k`` is the kernel emitter.
    error : str
        Name of the exception CPython raises.
    message : str
        CPython's message.
    after : bool
        Whether the condition looks at the result (its first operand then), as overflow does.
    on : str
        ``int`` or ``float``: only where the operation runs on operands of this type; empty for both.
    """

    passes: Callable[..., Any]
    error: str
    message: str
    after: bool = False
    on: str = ""


class NoDerivative:
    """The rule of an argument whose derivative is not known: a varying one is refused, never taken for a constant.

    Attributes
    ----------
    message, hint : str
        ``message`` may mention the attributes of the node, ``{method}`` say.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = message, hint

    def refusal(self, attrs: Any, where: Any) -> DtypeError:
        """The error."""
        return DtypeError(self.message.format(**attrs), where, self.hint)

    def __call__(self, g: Any, y: Any, *inputs: Any, **attrs: Any) -> Any:
        raise self.refusal(attrs, None)


class EachArgument(Sequence[Rule | None]):
    """The rules of a row that takes any number of arguments: ``make(position)`` gives the rule of one.

    As a sequence it has one entry, the rule of the first argument; but it can be indexed by any position.
    """

    def __init__(self, make: Callable[[int], Rule | None]) -> None:
        self._make = functools.cache(make)

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Rule | None]:
        return iter((self[0],))

    def __getitem__(self, position: Any) -> Any:
        return self._make(position)
