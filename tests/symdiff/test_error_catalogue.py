"""Errors that arise when a function is called: kind, line and column of each, and words that help."""

# The table is data.
# ruff: noqa: E501

import linecache
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff as sd

V = np.array([1.0, 2.0, 3.0])
M = np.arange(6.0).reshape(2, 3)
S = np.ones((2, 2))

# name: source of f, what is called, arguments, kind of error, line and column within the source, words
ERRORS: dict[str, tuple[str, str, tuple[Any, ...], type[Exception], int, int, str]] = {
    "index": ("def f(v, i):\n    y = v[i]\n    return y * y", "value", (V, 3), IndexError, 2, 9,
              "index 3 is out of bounds for axis 0 with size 3"),
    "negative index": ("def f(v, i):\n    return v[i] ** 2", "grad", (V, -4), IndexError, 2, 12,
                       "index -4 is out of bounds for axis 0 with size 3"),
    "index of the second axis": ("def f(v, i):\n    return v[1, i]", "value", (M, 3), IndexError, 2, 12,
                                 "index 3 is out of bounds for axis 1 with size 3"),
    "index in a loop": ("def f(v):\n    t = 0.0\n    for i in range(len(v)):\n        t += v[i + 1]\n    return t", "grad",
                        (V,), IndexError, 4, 14, "index 3 is out of bounds for axis 0 with size 3"),
    "store": ("def f(v, i):\n    w = np.zeros(2)\n    w[i] = v[0]\n    return w.sum()", "value", (V, 2), IndexError, 3, 5,
              "index 2 is out of bounds for axis 0 with size 2"),
    "array of indices": ("def f(v, i):\n    return np.sum(v[i])", "value", (V, np.array([0, 5])), IndexError, 2, 19,
                         "index 5 is out of bounds for axis 0 with size 3"),
    "shapes": ("def f(a, b):\n    return np.sum(a + b)", "value", (V, np.ones(2)), ValueError, 2, 19,
               "cannot be broadcast together"),
    "product of shapes": ("def f(a, b):\n    return np.sum(a @ b)", "grad", (M, np.ones(2)), ValueError, 2, 19, "do not fit for a matrix product"),
    "division": ("def f(x, y):\n    return x / y", "value", (1.0, 0.0), ZeroDivisionError, 2, 12,
                 "float division by zero"),
    "division in a gradient": ("def f(x, y):\n    return x / y", "grad", (1.0, 0.0), ZeroDivisionError, 2, 12,
                               "float division by zero"),
    "integer division": ("def f(x, n):\n    return x * (7 // n)", "value", (1.0, 0), ZeroDivisionError, 2, 17,
                         "integer division or modulo by zero"),
    "remainder": ("def f(x, y):\n    return x % y", "value", (1.0, 0.0), ZeroDivisionError, 2, 12, "float modulo"),
    "logarithm": ("def f(x):\n    return math.log(x)", "grad", (-1.0,), ValueError, 2, 12, "math domain error"),
    "exponential": ("def f(x):\n    return math.exp(x)", "value", (1e4,), OverflowError, 2, 12, "math range error"),
    "integers": ("def f(x, n):\n    return x * (n * n)", "value", (1.0, 2**40), OverflowError, 2, 17,
                 "too large to convert"),
    "indices too large": ("def f(v, n):\n    return v[n * n - 1]", "value", (V, 2**40), OverflowError, 2, 14, "too large to convert"),
    "singular": ("def f(A):\n    return np.sum(np.linalg.inv(A))", "grad", (S,), np.linalg.LinAlgError, 2, 19,
                 "Singular matrix"),
    "not definite": ("def f(A):\n    return np.sum(np.linalg.cholesky(A))", "grad", (-S,), np.linalg.LinAlgError, 2, 19,
                     "not positive definite"),
    "step of zero": ("def f(x, n):\n    for i in range(0, 5, n):\n        x += i\n    return x", "value", (1.0, 0),
                     ValueError, 2, 5, "arg 3 must not be zero"),
    "not a scalar": ("def f(v):\n    return v * 2.0", "grad", (V,), sd.NotScalarError, 2, 12, "needs a scalar result"),
}  # fmt: skip


def function_of(source: str) -> Callable[..., Any]:
    """The function of a text, which linecache knows."""
    file = f"<{hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    namespace: dict[str, Any] = {"np": np, "math": math}
    exec(compile(source, file, "exec"), namespace)
    function: Callable[..., Any] = namespace["f"]
    return function


@pytest.mark.parametrize("name", ERRORS)
def test_place_kind_and_words(name: str) -> None:
    source, what, args, kind, line, column, words = ERRORS[name]
    function = function_of(source)
    call: Callable[..., Any] = sd.differentiable(function) if what == "value" else sd.grad(function)
    for _ in range(2):
        with pytest.raises(kind, match=re.escape(words)) as caught:
            call(*args)
        where = caught.value.where  # type: ignore[attr-defined]
        offset = function.__code__.co_firstlineno - 1
        assert (where.line - offset, where.column) == (line, column)
        assert source.splitlines()[line - 1] in str(caught.value)


def test_arguments_are_checked() -> None:
    square = sd.differentiable(function_of("def f(x, y):\n    return x * y"))
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        square(1.0)
    with pytest.raises(TypeError, match="too many positional arguments"):
        square(1.0, 2.0, 3.0)
    with pytest.raises(sd.DtypeError, match="x"):
        square(np.array(["a", "b"]), 1.0)
