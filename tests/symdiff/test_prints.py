"""print, warnings and logging inside functions show the real values, once, in order, on every route."""

# ruff: noqa: UP031, B028, SIM105, RUF043  (functions are written as users write them)

import io
import logging
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff as sd

logger = logging.getLogger("tests.prints")


@pytest.fixture(params=["native", "text"], autouse=True)
def route(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SYMDIFF_NATIVE", "1" if request.param == "native" else "0")
    return str(request.param)


def plain(x: float) -> float:
    print("x is", x)
    y = x * x
    print(y, y > 1, 3, None, sep=", ", end=";\n")
    return y


def formats(x: float) -> float:
    y = x / 3
    print(f"{x:8.3f}|{y!r:>25}|{x:{10}.{3}e} {{}}")
    print("{} {:.2f} {name}".format(x, y, name="n"))
    print("%g and %5.1f%%" % (x, y))
    print(str(x) + " " + repr(y) + "-" * 5, format(x, ".1f"))
    return math.sin(y)


def arrays(v: np.ndarray) -> float:
    print(v, v.shape, v[0], v.sum(), [v[0], 1], {"a": v[1]}, (v,))
    w = v.copy()
    w[0] = 7.0
    print(w)
    w[1] = 8.0
    print(w)
    return np.sum(w * v)


def loops(n: int, x: float) -> float:
    total = 0.0
    for i in range(n):
        total += math.sin(x * i)
        if total > 0.5:
            print("step", i, total)
        else:
            print(i)
    while total < 10:
        total = total * 2 + 1
        print("doubled", total)
    return total


def no_value(x: float) -> float:
    print()
    print("only text", "twice", sep="")
    print(end="")
    return x


def on_stderr(x: float) -> float:
    print("error", x, file=sys.stderr)
    print("output", x, file=sys.stdout, flush=True)
    return 2 * x


def helper(x: float) -> float:
    print("helper", x)
    return x * x


def nested(x: float) -> float:
    return helper(helper(x) + 1.0)


def before_failing(x: float) -> float:
    y = math.log(x)
    print("after the logarithm")
    return y


def after_showing(x: float) -> float:
    print("before the logarithm")
    return math.log(x)


CASES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (plain, (1.5,)),
    (formats, (2.0,)),
    (arrays, (np.array([1.0, 2.0, 3.5]),)),
    (arrays, (np.linspace(0.0, 1.0, 30),)),
    (loops, (4, 0.7)),
    (loops, (0, 0.7)),
    (no_value, (1.0,)),
    (on_stderr, (1.0,)),
    (nested, (0.5,)),
    (before_failing, (-1.0,)),
    (after_showing, (-1.0,)),
    (after_showing, (3.0,)),
]


def shown(capsys: pytest.CaptureFixture[str], function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[str, str]:
    capsys.readouterr()
    try:
        function(*args)
    except ValueError:
        pass
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.mark.parametrize(("function", "args"), CASES, ids=[f"{f.__name__}-{k}" for k, (f, _) in enumerate(CASES)])
def test_shows_what_cpython_shows(
    capsys: pytest.CaptureFixture[str], function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    expected = shown(capsys, function, args)
    active = 1 if function is loops else 0
    for call in (sd.differentiable(function), sd.grad(function, wrt=active), sd.value_and_grad(function, wrt=active)):
        for _ in range(2):
            assert shown(capsys, call, args) == expected


def test_derivatives_are_those_without_prints() -> None:
    assert sd.grad(plain)(1.5) == 3.0
    assert sd.grad(formats)(2.0) == pytest.approx(math.cos(2 / 3) / 3, rel=1e-15)
    assert sd.grad(sd.grad(plain))(1.5) == 2.0
    v = np.array([1.0, 2.0, 3.5])
    np.testing.assert_array_equal(sd.grad(arrays)(v), [7.0, 8.0, 7.0])


def test_a_size_of_one_shows_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A call that begins anew with known sizes does not repeat what it has shown."""

    def f(v: np.ndarray, w: np.ndarray) -> float:
        print("first", v.sum())
        u = v[1:]
        print("second", len(u))
        return np.sum(u * w)

    args = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    expected = shown(capsys, f, args)
    assert shown(capsys, sd.differentiable(f), args) == expected
    assert shown(capsys, sd.grad(f), args) == expected


def test_warnings_and_errors_made_of_them(route: str) -> None:
    def f(x: float) -> float:
        if x > 1:
            warnings.warn(f"{x} is large", RuntimeWarning)
        return x * x

    for call in (f, sd.differentiable(f), sd.grad(f)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call(2.0)
        (warning,) = caught
        assert warning.category is RuntimeWarning and str(warning.message) == "2.0 is large"
        # a printed text is a file of its own
        assert route == "text" or (warning.filename, warning.lineno) == (__file__, f.__code__.co_firstlineno + 2)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert call(0.5) is not None
            with pytest.raises(RuntimeWarning, match="2.0 is large"):
                call(2.0)


def test_loggers(caplog: pytest.LogCaptureFixture) -> None:
    def f(x: float, n: int) -> float:
        logger.info("start %g", x)
        for i in range(n):
            x = x * x
            logger.debug("step %d: %s", i, x)
        logging.warning("done %r", x)
        return x

    with caplog.at_level(logging.DEBUG):
        f(0.5, 2)
        expected = caplog.record_tuples.copy()
        for call in (sd.differentiable(f), sd.grad(f)):
            caplog.clear()
            call(0.5, 2)
            assert caplog.record_tuples == expected
    assert len(expected) == 4


def test_a_broken_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError("gone")

    gradient = sd.grad(plain)
    assert gradient(1.0) == 2.0
    monkeypatch.setattr(sys, "stdout", Broken())
    with pytest.raises(BrokenPipeError, match="gone"):
        gradient(1.0)
    monkeypatch.undo()
    assert gradient(1.0) == 2.0


def test_a_print_may_differentiate(capsys: pytest.CaptureFixture[str]) -> None:
    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            return len(text) + int(inner(3.0))

    inner = sd.grad(lambda x: x * x)

    outer = sd.grad(plain)
    before, sys.stdout = sys.stdout, Stream()
    try:
        assert outer(1.5) == 3.0
    finally:
        sys.stdout = before
