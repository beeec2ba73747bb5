"""Real and imaginary parts of quotients, roots and logarithms of complex numbers.

A complex value is a pair of real ones: sums, products and most functions are short formulas over other rows. These are
the ones whose formulas choose between cases, as NumPy's and Python's do: taken apart, their derivatives would be long.
Signs of zeros are NumPy's and Python's too, since they say on which side of a branch cut a number lies.
"""

from __future__ import annotations

import cmath
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.ops import complex_formulas as formulas
from symdiff.ops.failures import domain
from symdiff.ops.primitive import REALS, Check, Domain, Primitive, elementwise

__all__ = [
    "exp_cos",
    "exp_sin",
    "log_modulus",
    "quotient_imag",
    "quotient_real",
    "root_imag",
    "root_real",
    "zero_times",
]

AWAY = Domain(0.3, 3.0)


def helper_text(function: Callable[..., Any]) -> str:
    """The definition of a function, to be printed above a text that uses it."""
    return inspect.getsource(function)


def in_one_type(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of numbers of one floating-point type."""

    def compute(*parts: Any) -> Any:
        dtype = np.result_type(*parts)
        dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
        return function(*(np.asarray(part, dtype)[()] for part in parts))

    return compute


# -- quotients ---------------------------------------------------------------------------------------------------------


def _smith(k: Any, ar: Any, ai: Any, br: Any, bi: Any) -> tuple[Any, ...]:
    """What both parts share: the case, both numerators, the ratio of the parts of b, and the denominator."""
    swap = k.lt(k.abs(br), k.abs(bi))
    big, small = k.select(swap, bi, br), k.select(swap, br, bi)
    ratio = k.div(small, big)
    denominator = k.add(big, k.mul(small, ratio))
    return swap, k.select(swap, ai, ar), k.select(swap, ar, ai), ratio, denominator, k.eq(big, 0.0)


def _quotient_real(k: Any, ar: Any, ai: Any, br: Any, bi: Any) -> Any:
    _, u, v, ratio, denominator, zero = _smith(k, ar, ai, br, bi)
    return k.select(zero, k.div(ar, k.abs(br)), k.div(k.add(u, k.mul(v, ratio)), denominator))


def _quotient_imag(k: Any, ar: Any, ai: Any, br: Any, bi: Any) -> Any:
    swap, u, v, ratio, denominator, zero = _smith(k, ar, ai, br, bi)
    product = k.mul(u, ratio)
    numerator = k.select(swap, k.sub(product, v), k.sub(v, product))
    return k.select(zero, k.div(ai, k.abs(br)), k.div(numerator, denominator))


def _by_zero(k: Any, ar: Any, ai: Any, br: Any, bi: Any) -> Any:
    return k.not_(k.and_(k.eq(br, 0.0), k.eq(bi, 0.0)))


def _quotient(part: str, kernel: Any, function: Any, numerator: Any, vjp: Any) -> Primitive:
    def on_scalars(ar: Any, ai: Any, br: Any, bi: Any) -> Any:
        return getattr(complex(ar, ai) / complex(br, bi), part)

    return elementwise(
        f"quotient_{part}",
        numpy=in_one_type(function),
        scalar=on_scalars,
        python=f"quotient_{part}({{}}, {{}}, {{}}, {{}})",
        spelling=f"(complex({{}}, {{}}) / complex({{}}, {{}})).{part}",
        helper=helper_text(function),
        kernel=kernel,
        sympy=lambda sp, ar, ai, br, bi: numerator(ar, ai, br, bi) / (br**2 + bi**2),
        vjp=vjp,
        domain=(REALS, REALS, AWAY, AWAY),
        checks=(Check(_by_zero, "ZeroDivisionError", "complex division by zero"),),
        cost=20.0,
    )


def _over(ar: Any, ai: Any, br: Any, bi: Any) -> tuple[Any, Any]:
    return quotient_real(ar, ai, br, bi), quotient_imag(ar, ai, br, bi)


# With z = a / b a cotangent G, one real number times 1 or i, gives G conj(1 / b) for a and -G conj(z / b) for b.
quotient_real: Primitive = _quotient(
    "real",
    _quotient_real,
    formulas.quotient_real,
    lambda ar, ai, br, bi: ar * br + ai * bi,
    (
        lambda g, y, ar, ai, br, bi: g * quotient_real(1.0, 0.0, br, bi),
        lambda g, y, ar, ai, br, bi: -g * quotient_imag(1.0, 0.0, br, bi),
        lambda g, y, ar, ai, br, bi: -g * quotient_real(*_over(ar, ai, br, bi), br, bi),
        lambda g, y, ar, ai, br, bi: g * quotient_imag(*_over(ar, ai, br, bi), br, bi),
    ),
)
quotient_imag: Primitive = _quotient(
    "imag",
    _quotient_imag,
    formulas.quotient_imag,
    lambda ar, ai, br, bi: ai * br - ar * bi,
    (
        lambda g, y, ar, ai, br, bi: g * quotient_imag(1.0, 0.0, br, bi),
        lambda g, y, ar, ai, br, bi: g * quotient_real(1.0, 0.0, br, bi),
        lambda g, y, ar, ai, br, bi: -g * quotient_imag(*_over(ar, ai, br, bi), br, bi),
        lambda g, y, ar, ai, br, bi: -g * quotient_real(*_over(ar, ai, br, bi), br, bi),
    ),
)


# -- roots -------------------------------------------------------------------------------------------------------------


def _halves(k: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """The larger part of the root without its sign, and the size of the smaller one.

    The larger is the root of ``(|x| + |z|) / 2``, scaled by a power of two that keeps it from over- and underflowing.
    """
    small = k.not_(k.gt(k.max(k.abs(x), k.abs(y)), 1.0))
    u, v = (k.select(small, k.mul(part, 8.0), k.mul(part, 0.125)) for part in (x, y))
    root = k.sqrt(k.add(k.abs(u), k.hypot(u, v)))
    large = k.select(small, k.mul(root, 0.25), k.mul(root, 2.0))
    plain = k.or_(k.eq(large, 0.0), k.isinf(y))
    return large, k.select(plain, k.abs(y), k.div(k.abs(y), k.mul(2.0, large)))


def _root_real(k: Any, x: Any, y: Any) -> Any:
    large, other = _halves(k, x, y)
    return k.select(k.lt(x, 0.0), other, large)


def _root_imag(k: Any, x: Any, y: Any) -> Any:
    large, other = _halves(k, x, y)
    return k.copysign(k.select(k.lt(x, 0.0), large, other), y)


def _root(part: str, kernel: Any, function: Any, sympy: Any, vjp: Any) -> Primitive:
    return elementwise(
        f"root_{part}",
        numpy=in_one_type(function),
        scalar=lambda x, y: getattr(cmath.sqrt(complex(x, y)), part),
        python=f"root_{part}({{}}, {{}})",
        spelling=f"cmath.sqrt(complex({{}}, {{}})).{part}",
        helper=helper_text(function),
        kernel=kernel,
        sympy=sympy,
        vjp=vjp,
        domain=(AWAY, REALS),
        cost=40.0,
    )


def _slopes(x: Any, y: Any) -> tuple[Any, Any]:
    """Parts of ``1 / (2 w)`` with w the root."""
    parts = root_real(x, y), root_imag(x, y)
    return quotient_real(0.5, 0.0, *parts), quotient_imag(0.5, 0.0, *parts)


root_real: Primitive = _root(
    "real",
    _root_real,
    formulas.root_real,
    lambda sp, x, y: sp.sqrt((sp.sqrt(x**2 + y**2) + x) / 2),
    (lambda g, y, a, b: g * _slopes(a, b)[0], lambda g, y, a, b: -g * _slopes(a, b)[1]),
)
root_imag: Primitive = _root(
    "imag",
    _root_imag,
    formulas.root_imag,
    lambda sp, x, y: y / sp.sqrt(2 * (sp.sqrt(x**2 + y**2) + x)),
    (lambda g, y, a, b: g * _slopes(a, b)[1], lambda g, y, a, b: g * _slopes(a, b)[0]),
)

# -- logarithms --------------------------------------------------------------------------------------------------------


def _log_modulus(k: Any, x: Any, y: Any) -> Any:
    """The logarithm of the modulus: without cancellation near 1, and scaled where the modulus would overflow."""
    a, b = k.max(k.abs(x), k.abs(y)), k.min(k.abs(x), k.abs(y))
    huge, tiny = k.gt(a, 1e300), k.lt(a, 1e-290)
    u, v = (k.select(huge, k.mul(part, 0.125), k.select(tiny, k.mul(part, 2.0**60), part)) for part in (x, y))
    modulus = k.hypot(u, v)
    log = k.log(modulus)
    log = k.select(huge, k.add(log, 3.0 * LOG2), k.select(tiny, k.sub(log, 60.0 * LOG2), log))
    near = k.and_(k.ge(modulus, 0.71), k.le(modulus, 1.73))
    product = k.add(k.mul(k.sub(a, 1.0), k.add(a, 1.0)), k.mul(b, b))
    close = k.mul(0.5, k.log1p(k.select(near, product, 0.0)))
    return k.select(near, close, log)


LOG2 = math.log(2.0)
log_modulus: Primitive = elementwise(
    "log_modulus",
    numpy=in_one_type(formulas.log_modulus),
    scalar=lambda x, y: cmath.log(complex(x, y)).real,
    python="log_modulus({}, {})",
    spelling="cmath.log(complex({}, {})).real",
    helper=helper_text(formulas.log_modulus),
    kernel=_log_modulus,
    sympy=lambda sp, x, y: sp.log(x**2 + y**2) / 2,
    vjp=(
        lambda g, r, x, y: g * quotient_real(1.0, 0.0, x, y),
        lambda g, r, x, y: -g * quotient_imag(1.0, 0.0, x, y),
    ),
    domain=(AWAY, REALS),
    checks=(domain(lambda k, x, y: k.or_(k.ne(x, 0.0), k.ne(y, 0.0))),),
    cost=40.0,
)

# -- exponentials ------------------------------------------------------------------------------------------------------
# A product of the exponential and a cosine may be finite where the exponential is not.

LARGE = 80.0


def _factors(k: Any, x: Any) -> tuple[Any, Any]:
    """Two numbers whose product is the exponential; the second is 1 where that does not overflow."""
    large = k.gt(x, LARGE)
    root = k.exp(k.select(large, k.mul(x, 0.5), x))
    return root, k.select(large, root, 1.0)


def _exp_cos(k: Any, x: Any, y: Any) -> Any:
    root, rest = _factors(k, x)
    return k.mul(k.mul(root, k.cos(y)), rest)


def _exp_sin(k: Any, x: Any, y: Any) -> Any:
    (root, rest), sine = _factors(k, x), k.sin(y)
    return k.select(k.eq(sine, 0.0), sine, k.mul(k.mul(root, sine), rest))


def _parts_are_finite(k: Any, _: Any, x: Any, y: Any) -> Any:
    """What `cmath` looks at: both parts."""
    overflows = k.or_(k.isinf(_exp_cos(k, x, y)), k.isinf(_exp_sin(k, x, y)))
    return k.not_(k.and_(overflows, k.and_(k.isfinite(x), k.isfinite(y))))


def _wave(part: str, kernel: Any, function: Any, sympy: Any, vjp: Any) -> Primitive:
    return elementwise(
        function.__name__,
        numpy=in_one_type(function),
        scalar=lambda x, y: getattr(cmath.exp(complex(x, y)), part),
        python=f"{function.__name__}({{}}, {{}})",
        spelling=f"cmath.exp(complex({{}}, {{}})).{part}",
        helper=helper_text(function),
        kernel=kernel,
        sympy=sympy,
        vjp=vjp,
        domain=(REALS, REALS),
        checks=(
            domain(lambda k, x, y: k.or_(k.isfinite(y), k.or_(k.isnan(y), k.not_(k.gt(x, -math.inf))))),
            Check(_parts_are_finite, "OverflowError", "math range error", after=True),
        ),
        cost=30.0,
    )


exp_cos: Primitive = _wave(
    "real",
    _exp_cos,
    formulas.exp_cos,
    lambda sp, x, y: sp.exp(x) * sp.cos(y),
    (lambda g, r, x, y: g * r, lambda g, r, x, y: -g * exp_sin(x, y)),
)
exp_sin: Primitive = _wave(
    "imag",
    _exp_sin,
    formulas.exp_sin,
    lambda sp, x, y: sp.exp(x) * sp.sin(y),
    (lambda g, r, x, y: g * r, lambda g, r, x, y: g * exp_cos(x, y)),
)

# -- zeros -------------------------------------------------------------------------------------------------------------

# A real number beside a complex one is taken for one with imaginary part 0, whose products decide the signs of zeros.
# Nothing flows back through them.
zero_times: Primitive = elementwise(
    "zero_times",
    numpy=formulas.zero_times,
    result="same",
    scalar=lambda zero, x: zero * x,
    python="zero_times({}, {})",
    helper=helper_text(formulas.zero_times),
    kernel=lambda k, zero, x: (k.and_ if x.type == "i1" else k.mul)(zero, x),
    sympy=lambda sp, zero, x: sp.Function("zero_times")(zero, x),
    vjp=(None, None),
)
