"""Bessel functions of `scipy.special`: their slopes are Bessel functions of the neighbouring orders."""

from __future__ import annotations

from typing import Any

from symdiff.ops.arithmetic import sign
from symdiff.ops.primitive import POSITIVE, REALS, Domain, Primitive
from symdiff.ops.scipy_row import special, unknown

__all__: list[str] = []

ORDER = Domain(2, 4, integer=True)

iv: Primitive = special(
    "iv",
    unknown("iv", "the order"),
    lambda g, y, v, x: g * (0.5 * (iv(v - 1.0, x) + iv(v + 1.0, x))),
    sympy="besseli",
    domain=[ORDER, POSITIVE],
)
ive: Primitive = special(
    "ive",
    unknown("ive", "the order"),
    lambda g, y, v, x: g * (0.5 * (ive(v - 1.0, x) + ive(v + 1.0, x)) - sign(x) * y),
    sympy=lambda sp, v, x: sp.besseli(v, x) * sp.exp(-sp.Abs(x)),
    domain=[ORDER, POSITIVE],
)
kv: Primitive = special(
    "kv",
    unknown("kv", "the order"),
    lambda g, y, v, x: -g * (0.5 * (kv(v - 1.0, x) + kv(v + 1.0, x))),
    sympy="besselk",
    domain=[ORDER, Domain(1.0, 4.0)],
)
kve: Primitive = special(
    "kve",
    unknown("kve", "the order"),
    lambda g, y, v, x: g * (y - 0.5 * (kve(v - 1.0, x) + kve(v + 1.0, x))),
    sympy=lambda sp, v, x: sp.besselk(v, x) * sp.exp(x),
    domain=[ORDER, Domain(1.0, 4.0)],
)
jv: Primitive = special(
    "jv",
    unknown("jv", "the order"),
    lambda g, y, v, x: g * (0.5 * (jv(v - 1.0, x) - jv(v + 1.0, x))),
    sympy="besselj",
    domain=[ORDER, POSITIVE],
)
yv: Primitive = special(
    "yv",
    unknown("yv", "the order"),
    lambda g, y, v, x: g * (0.5 * (yv(v - 1.0, x) - yv(v + 1.0, x))),
    sympy="bessely",
    domain=[ORDER, Domain(1.0, 4.0)],
)


def _scaled(g: Any, slope: Any, x: Any, y: Any) -> Any:
    """The slope of a function times ``exp(-|x|)``, from that of the function so scaled."""
    return g * (slope - sign(x) * y)


special("i0", lambda g, y, x: g * i1(x), sympy=lambda sp, x: sp.besseli(0, x), cost=60.0)
i1: Primitive = special(
    "i1", lambda g, y, x: g * (0.5 * (iv(0.0, x) + iv(2.0, x))), sympy=lambda sp, x: sp.besseli(1, x), cost=60.0
)
i0e: Primitive = special(
    "i0e",
    lambda g, y, x: _scaled(g, i1e(x), x, y),
    sympy=lambda sp, x: sp.besseli(0, x) * sp.exp(-sp.Abs(x)),
    cost=60.0,
)
i1e: Primitive = special(
    "i1e",
    lambda g, y, x: _scaled(g, 0.5 * (i0e(x) + ive(2.0, x)), x, y),
    sympy=lambda sp, x: sp.besseli(1, x) * sp.exp(-sp.Abs(x)),
    cost=60.0,
)
k0: Primitive = special(
    "k0", lambda g, y, x: -g * k1(x), sympy=lambda sp, x: sp.besselk(0, x), domain=POSITIVE, cost=60.0
)
k1: Primitive = special(
    "k1", lambda g, y, x: -g * (k0(x) + y / x), sympy=lambda sp, x: sp.besselk(1, x), domain=POSITIVE, cost=60.0
)
k0e: Primitive = special(
    "k0e",
    lambda g, y, x: g * (y - k1e(x)),
    sympy=lambda sp, x: sp.besselk(0, x) * sp.exp(x),
    domain=POSITIVE,
    cost=60.0,
)
k1e: Primitive = special(
    "k1e",
    lambda g, y, x: g * (y - k0e(x) - y / x),
    sympy=lambda sp, x: sp.besselk(1, x) * sp.exp(x),
    domain=POSITIVE,
    cost=60.0,
)
j0: Primitive = special("j0", lambda g, y, x: -g * j1(x), sympy=lambda sp, x: sp.besselj(0, x), domain=REALS, cost=60.0)
j1: Primitive = special(
    "j1", lambda g, y, x: g * (0.5 * (j0(x) - jv(2.0, x))), sympy=lambda sp, x: sp.besselj(1, x), cost=60.0
)
y0: Primitive = special(
    "y0", lambda g, y, x: -g * y1(x), sympy=lambda sp, x: sp.bessely(0, x), domain=POSITIVE, cost=60.0
)
y1: Primitive = special(
    "y1", lambda g, y, x: g * (y0(x) - y / x), sympy=lambda sp, x: sp.bessely(1, x), domain=POSITIVE, cost=60.0
)
