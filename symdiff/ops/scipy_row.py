"""Rows for the functions of `scipy.special`: SciPy's own in every form, and imported by nothing but their use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from symdiff.ops.columns import Domain, NoDerivative, Rule
from symdiff.ops.comparison import equal, where
from symdiff.ops.primitive import REALS, Primitive, elementwise

__all__ = ["CALLS", "HELPER", "SCIPY", "LazyFunction", "polynomial", "ratio", "special", "unknown"]

HELPER = "from scipy import special\n"

SCIPY: dict[str, Primitive] = {}
"""The row of each function of `scipy.special`, by its name there."""


CALLS: dict[str, LazyFunction] = {}
"""What stands for each of them, and for some other rows, in the library's own functions."""


class LazyFunction:
    """A function of `scipy.special`, imported where it is first called: SciPy is no dependency."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def ufunc(self) -> Any:
        """The function itself."""
        return getattr(importlib.import_module("scipy.special"), self.name)

    def __call__(self, *operands: Any) -> Any:
        return self.ufunc(*operands)


def _called(name: str) -> Callable[..., Any]:
    """SciPy's C function, which is of doubles."""

    def kernel(k: Any, *xs: Any) -> Any:
        found = getattr(k, f"special_{name}")(*(x if x.type == "f64" else k.f64(x) for x in xs))
        return k.f32(found) if xs[0].type == "f32" else found

    return kernel


def special(
    name: str,
    *rules: Rule | None,
    sympy: str | Callable[..., Any] = "",
    domain: Sequence[Domain] | Domain = REALS,
    kernel: Callable[..., Any] | None = None,
    **columns: Any,
) -> Primitive:
    """A row for the function of this name.

    Parameters
    ----------
    *rules : callable or None
        One an argument, as in the column ``vjp``.
    sympy : str or callable
        As for other rows; without one the function is opaque to SymPy.
    kernel : callable, optional
        Instructions that compute it; without them SciPy's C function is called.
    """

    def opaque(sp: Any, *xs: Any) -> Any:
        return sp.Function(name, real=True)(*xs)

    row = elementwise(
        name,
        numpy=LazyFunction(name),
        sympy=sympy or opaque,
        kernel=kernel or _called(name),
        python=f"special.{name}({', '.join(['{}'] * len(rules))})",
        helper=HELPER,
        vjp=rules,
        domain=domain,
        cost=columns.pop("cost", 100.0),
        **columns,
    )
    SCIPY[name] = row
    return row


def unknown(name: str, argument: str) -> NoDerivative:
    """The rule of an argument whose derivative has no closed form."""
    return NoDerivative(
        f"the derivative of scipy.special.{name} with respect to {argument} is not known",
        f"differentiate with respect to its other arguments, or keep {argument} fixed with sd.stop_gradient",
    )


# -- for rules ---------------------------------------------------------------------------------------------------------


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """The sum of ``coefficients[n] * x**n``."""
    total: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = coefficient + x * total
    return total


def ratio(x: Any, y: Any) -> Any:
    """``x / y``, but 0 where both are 0."""
    return x / where(equal(x, 0) & equal(y, 0), 1.0, y)
