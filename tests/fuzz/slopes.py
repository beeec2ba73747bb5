"""Derivatives of elementary functions and operators, as a textbook has them: (function, slopes), with NumPy."""

import operator
from typing import Any

import numpy as np

ZERO = np.float64(0.0)


def _power(a: Any, b: Any, y: Any) -> tuple[Any, Any]:
    """0 in the base where the exponent is 0, and 0 in the exponent where the base is 0."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    base = np.where(b == 0.0, 0.0, b * np.power(a, np.where(b == 0.0, 1.0, b - 1.0)))
    return base, np.where(a == 0.0, 0.0, y * np.log(np.where(a == 0.0, 1.0, a)))


def _choice(better: Any) -> Any:
    def slopes(a: Any, b: Any, y: Any) -> tuple[Any, Any]:
        first = np.where(better(a, b), 1.0, np.where(a == b, 0.5, 0.0))
        return first, 1.0 - first

    return slopes


def _of_hypot(a: Any, b: Any, y: Any) -> tuple[Any, Any]:
    safe = np.where(y == 0.0, 1.0, y)
    return a / safe, b / safe


_TESTS = "less less_equal greater greater_equal equal not_equal logical_and logical_or"

# name: (operation, slopes by both arguments from them and the result; None where the result does not vary)
BINARY: dict[str, tuple[Any, Any]] = {
    "add": (operator.add, lambda a, b, y: (1.0, 1.0)),
    "sub": (operator.sub, lambda a, b, y: (1.0, -1.0)),
    "mul": (operator.mul, lambda a, b, y: (b, a)),
    "truediv": (operator.truediv, lambda a, b, y: (1.0 / b, -a / (b * np.asarray(b, float)))),
    "floordiv": (operator.floordiv, lambda a, b, y: (0.0, 0.0)),
    "mod": (operator.mod, lambda a, b, y: (1.0, -np.floor(a / b))),
    "pow": (operator.pow, _power),
    "maximum": (np.maximum, _choice(np.greater)),
    "minimum": (np.minimum, _choice(np.less)),
    "fmax": (np.fmax, _choice(np.greater)),
    "fmin": (np.fmin, _choice(np.less)),
    "hypot": (np.hypot, _of_hypot),
    "arctan2": (np.arctan2, lambda a, b, y: (b / (a * a + b * b), -a / (a * a + b * b))),
    "logaddexp": (np.logaddexp, lambda a, b, y: (np.exp(a - y), np.exp(b - y))),
    "copysign": (np.copysign, lambda a, b, y: (np.sign(a) * np.where(np.signbit(b), -1.0, 1.0), 0.0)),
    **{name: (getattr(np, name), None) for name in _TESTS.split()},
    **{name: (getattr(np, name), None) for name in ("logical_and", "logical_or")},
}

# name: (function, slope from the argument and the result)
UNARY: dict[str, tuple[Any, Any]] = {
    "negative": (operator.neg, lambda x, y: -1.0),
    "positive": (operator.pos, lambda x, y: 1.0),
    "absolute": (np.absolute, lambda x, y: np.sign(x)),
    "fabs": (np.fabs, lambda x, y: np.sign(x)),
    "exp": (np.exp, lambda x, y: y),
    "expm1": (np.expm1, lambda x, y: np.exp(x)),
    "log": (np.log, lambda x, y: 1.0 / x),
    "log1p": (np.log1p, lambda x, y: 1.0 / (1.0 + x)),
    "sqrt": (np.sqrt, lambda x, y: 0.5 / y),
    "cbrt": (np.cbrt, lambda x, y: 1.0 / (3.0 * y * y)),
    "square": (np.square, lambda x, y: 2.0 * x),
    "reciprocal": (np.reciprocal, lambda x, y: -y * y),
    "sin": (np.sin, lambda x, y: np.cos(x)),
    "cos": (np.cos, lambda x, y: -np.sin(x)),
    "tan": (np.tan, lambda x, y: 1.0 + y * y),
    "sinh": (np.sinh, lambda x, y: np.cosh(x)),
    "cosh": (np.cosh, lambda x, y: np.sinh(x)),
    "tanh": (np.tanh, lambda x, y: 1.0 / np.cosh(x) ** 2),
    "arctan": (np.arctan, lambda x, y: 1.0 / (1.0 + x * x)),
    "arcsin": (np.arcsin, lambda x, y: 1.0 / np.sqrt(1.0 - x * x)),
    "arccos": (np.arccos, lambda x, y: -1.0 / np.sqrt(1.0 - x * x)),
    "arcsinh": (np.arcsinh, lambda x, y: 1.0 / np.sqrt(1.0 + x * x)),
    "sign": (np.sign, lambda x, y: 0.0),
    "floor": (np.floor, lambda x, y: 0.0),
    "ceil": (np.ceil, lambda x, y: 0.0),
    "isnan": (np.isnan, None),
    "isfinite": (np.isfinite, None),
    "logical_not": (np.logical_not, None),
}
