"""Exceptions of the user's: type, arguments and text are CPython's on every route.

PYTEST_DONT_REWRITE: the assertions of the functions here must say what they say in Python.
"""

# ruff: noqa: UP031  (functions are written as users write them)

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff as sd


class PlainError(Exception):
    """Nothing of its own."""


class CodedError(RuntimeError):
    """Keeps what it was made with."""

    def __init__(self, code: int, value: float, *, unit: str = "m") -> None:
        super().__init__(f"code {code}: {value} {unit}")
        self.code, self.value, self.unit = code, value, unit


NO_GOOD = ValueError("no good")


def text(x: float) -> float:
    if x < 0:
        raise ValueError("negative")
    return math.sqrt(x)


def formatted(x: float, i: int) -> float:
    if x < 0:
        raise ValueError(f"bad {x:.3f} at {i}")
    return x * i


def many_arguments(x: float) -> float:
    if x > 1:
        raise PlainError("large", x, (x * x, None), [1, x], {"x": x})
    return x**3


def own_constructor(x: float) -> float:
    if not x < 3:
        raise CodedError(7, x / 2, unit="cm")
    return 2 * x


def class_alone(x: float) -> float:
    if x == 1.0:
        raise KeyError
    return x


def made_before(x: float) -> float:
    if x > 0:
        raise NO_GOOD
    return x


def from_none(x: float) -> float:
    if x > 0:
        raise ArithmeticError(x) from None
    return x


def from_cause(x: float) -> float:
    if x > 0:
        raise ArithmeticError("a") from KeyError(x)
    return x


def of_numpy(A: np.ndarray) -> float:
    if A[0, 0] <= 0:
        raise np.linalg.LinAlgError("bad corner %g of %s" % (A[0, 0], A.shape))
    return np.trace(A)


def of_array(v: np.ndarray) -> float:
    if np.any(v < 0):
        raise ValueError("negative entries in", v, v.sum(), str(v[0]) + "!", f"{v[-1]:>8.2f}|{len(v)}")
    return np.sum(np.sqrt(v))


def in_loop(v: np.ndarray, limit: float) -> float:
    total = 0.0
    for i in range(len(v)):
        if v[i] > limit:
            raise RuntimeError(f"entry {i} is {v[i]:.2f}")
        total += v[i] ** 2
    return total


def in_while(x: float) -> float:
    k = 0
    while x < 100:
        x = 1.5 * x
        k += 1
        if k > 20:
            raise RuntimeError("no convergence after", k)
    return x


def both_diverge(x: float) -> float:
    if x > 1:
        raise ValueError("large")
    elif x < -1:
        raise TypeError("small")
    else:
        y = x * x
    return y


def else_diverges(x: float) -> float:
    if x > 1:
        y = x * x
    else:
        raise ValueError(x)
    return y


def fail(message: str, x: float) -> None:
    raise PlainError(message, x)


def helper_raises(x: float) -> float:
    scale = None
    if x > 1:
        scale = 2.0
    else:
        fail("from a helper", x)
    return scale * x


def make(x: float) -> Exception:
    return PlainError("made", x)


def helper_makes(x: float) -> float:
    if x < 0:
        raise make(x)
    return x


def always(x: float) -> float:
    raise NotImplementedError(f"later: {x!r}")


def always_in_loop(v: np.ndarray) -> float:
    for i in range(len(v)):
        raise IndexError(i, v[i])
    return np.sum(v)


def asserted(x: float) -> float:
    assert x > 0
    assert x < 10, f"{x} is too large"
    assert x != 5, ("five", x)
    return math.log(x)


def with_types(x: float, i: int) -> float:
    if x > 0:
        raise ValueError(x, i, i + 1, x > 1, np.float64(x) * 2, float(i))
    return x


def after_a_store(v: np.ndarray) -> float:
    w = v.copy()
    w[0] = -1.0
    if v[1] > 0:
        raise ValueError(w.copy())
    w[1] = 0.0
    return w.sum()


CASES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (text, (-1.0,)),
    (text, (2.0,)),
    (formatted, (-1.23456, 4)),
    (many_arguments, (1.5,)),
    (own_constructor, (3.25,)),
    (own_constructor, (math.nan,)),
    (class_alone, (1.0,)),
    (made_before, (1.0,)),
    (from_none, (1.0,)),
    (from_cause, (1.0,)),
    (of_numpy, (np.array([[-0.5, 1.0], [1.0, 2.0]]),)),
    (of_array, (np.array([1.0, -2.0, 3.125]),)),
    (of_array, (np.arange(-20.0, 20.0),)),
    (in_loop, (np.array([1.0, 2.0, 7.5]), 3.0)),
    (in_loop, (np.array([1.0, 2.0, 7.5]), 30.0)),
    (in_while, (1e-9,)),
    (in_while, (1.0,)),
    (both_diverge, (2.0,)),
    (both_diverge, (-2.0,)),
    (both_diverge, (0.5,)),
    (else_diverges, (0.5,)),
    (else_diverges, (1.5,)),
    (helper_raises, (0.5,)),
    (helper_raises, (1.5,)),
    (helper_makes, (-0.5,)),
    (always, (1.0,)),
    (always_in_loop, (np.ones(3),)),
    (always_in_loop, (np.ones(0),)),
    (asserted, (-1.0,)),
    (asserted, (11.0,)),
    (asserted, (5.0,)),
    (asserted, (2.0,)),
    (with_types, (2.5, 3)),
    (after_a_store, (np.array([0.0, 1.0]),)),
]


def outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    try:
        return function(*args)
    except Exception as error:
        return error


def same(found: Any, expected: BaseException) -> None:
    assert type(found) is type(expected)
    assert repr(found.args) == repr(expected.args)
    assert [type(a) for a in found.args] == [type(a) for a in expected.args]
    assert str(found) == str(expected)
    assert repr(vars(found)) == repr(vars(expected))
    assert repr(found.__cause__) == repr(expected.__cause__)
    assert found.__suppress_context__ == expected.__suppress_context__


@pytest.fixture(params=["native", "text"])
def route(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SYMDIFF_NATIVE", "1" if request.param == "native" else "0")
    return str(request.param)


@pytest.mark.parametrize(("function", "args"), CASES, ids=[f"{f.__name__}-{k}" for k, (f, _) in enumerate(CASES)])
def test_exceptions_are_cpythons(route: str, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    expected = outcome(function, args)
    routes = sd.differentiable(function), sd.grad(function), sd.value_and_grad(function)
    for k, call in enumerate(routes):
        for _ in range(2):  # the first call builds
            found = outcome(call, args)
            if isinstance(expected, BaseException):
                same(found, expected)
            else:
                value = found[0] if k == 2 else found if k == 0 else expected
                np.testing.assert_allclose(value, expected, rtol=1e-14)


def test_second_derivatives_raise_too() -> None:
    second = sd.grad(sd.grad(own_constructor))
    assert second(1.0) == 0.0
    with pytest.raises(CodedError) as caught:
        second(5.0)
    assert caught.value.value == 2.5


def test_the_traceback_shows_the_users_line() -> None:
    with pytest.raises(ValueError, match="bad") as caught:
        sd.grad(formatted)(-1.0, 2)
    last = caught.traceback[-1]
    assert str(last.path) == __file__ and last.name == "formatted"
    assert last.lineno == formatted.__code__.co_firstlineno + 1


def test_local_classes() -> None:
    class LocalError(Exception):
        pass

    def f(x: float) -> float:
        if x > 1:
            raise LocalError(x)
        return x * x

    assert sd.grad(f)(0.5) == 1.0
    with pytest.raises(LocalError) as caught:
        sd.grad(f)(2.0)
    assert caught.value.args == (2.0,)


FAILING = {
    "log": (lambda x: math.log(x), -1.0),
    "division": (lambda x: 1 / x, 0.0),
    "linear": (lambda x: x / (x - x), 1.0),
    "square root": (lambda x: math.sqrt(x) * 0, -1.0),
    "unused": (lambda x: (math.log(x), 2 * x)[1], -1.0),
    "floor": (lambda x: x // 0.0, 1.0),
    "arccosine": (lambda x: math.acos(x), 2.0),
    "power": (lambda x: x**-1.5, 0.0),
}


@pytest.mark.parametrize("name", FAILING)
def test_gradients_fail_where_the_function_does(name: str) -> None:
    function, x = FAILING[name]
    with pytest.raises(Exception) as expected:
        function(x)
    for call in (sd.differentiable(function), sd.grad(function), sd.grad(sd.grad(function))):
        with pytest.raises(type(expected.value), match=str(expected.value).replace("(", r"\(").replace(")", r"\)")):
            call(x)


def test_a_loop_fails_in_its_gradient() -> None:
    def f(x: float, n: int) -> float:
        total = 0.0
        for k in range(n):
            total += x / (3 - k)
        return total

    assert sd.grad(f)(1.0, 3) == pytest.approx(1 / 3 + 1 / 2 + 1)
    with pytest.raises(ZeroDivisionError):
        sd.grad(f)(1.0, 4)


def test_printed_text_stands_alone() -> None:
    for function, args in ((of_array, (np.ones(3),)), (own_constructor, (1.0,)), (of_numpy, (np.eye(2),))):
        source = sd.differentiable(function).gradient_source(*args)
        namespace: dict[str, Any] = {}
        exec(source, namespace)
        gradient = namespace[f"{function.__name__}_grad"]
        np.testing.assert_array_equal(gradient(*args), sd.grad(function)(*args))
        bad = tuple(-5.0 * abs(a) if function is not own_constructor else 5.0 for a in args)
        same(outcome(gradient, bad), outcome(function, bad))
