"""``try``: values, exceptions and output are CPython's on every path and route; gradients agree with differences.

PYTEST_DONT_REWRITE: the assertions of the functions here must say what they say in Python.
"""

# ruff: noqa: SIM105, RUF021  (functions are written as users write them)

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff as sd


class ModelError(Exception):
    """A model's own exception."""


class NarrowError(ModelError):
    """A more special one."""


def loglik(K: np.ndarray, r: np.ndarray) -> float:
    try:
        L = np.linalg.cholesky(K)
    except np.linalg.LinAlgError:
        return -np.inf
    z = np.linalg.solve(L, r)
    return -0.5 * np.sum(z * z) - np.sum(np.log(np.diag(L)))


def with_jitter(K: np.ndarray, r: np.ndarray) -> float:
    try:
        L = np.linalg.cholesky(K)
    except np.linalg.LinAlgError:
        L = np.linalg.cholesky(K + 3.0 * np.eye(len(r)))
    return np.sum(np.linalg.solve(L, r) ** 2) + np.trace(K)


def default_before(x: float) -> float:
    y = 3.0 * x
    try:
        y = math.log(x)
    except ValueError:
        pass
    return y * y


def division(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        return 2 * x


def stored_and_divided(v: np.ndarray, x: float) -> float:
    v += v
    return float(v[0]) / x


def divided_and_stored(v: np.ndarray, x: float) -> float:
    v[1] = float(v[0]) / x
    return float(v[1])


def a_helper_fills_scratch(q: np.ndarray, x: float) -> float:
    scratch = q * 2.0
    try:
        y = stored_and_divided(scratch, x)
    except ZeroDivisionError:
        y = float(q[1])
    return y + float(q[0])


def a_helper_stores_last(q: np.ndarray, x: float) -> float:
    w = q * 2.0
    try:
        divided_and_stored(w, x)
    except ZeroDivisionError:
        w[0] = 5.0
    return float(w[0] + w[1])


def flagged(x: float) -> float:
    try:
        y = math.sqrt(x)
        ok = True
    except ValueError:
        ok = False
    if ok:
        return y * x
    return -x * x


def several(x: float, v: np.ndarray, i: int) -> float:
    try:
        y = math.log(x) + float(v[i]) / (x - 2.0)
    except ValueError:
        y = 1.5 * x
    except ZeroDivisionError:
        y = x**3
    except (IndexError, KeyError):
        y = math.sin(x)
    return y + v[0]


def with_else(x: float) -> float:
    try:
        y = math.log(x)
    except ValueError:
        z = x
    else:
        z = y * y + math.exp(x)
    return z * x


def else_is_not_guarded(x: float) -> float:
    try:
        y = 2 * x
    except ValueError:
        y = 0.0
    else:
        y = math.log(y)
    return y


def own_exception(x: float) -> float:
    try:
        if x > 1:
            raise ModelError("large", x)
        y = x * x
    except ModelError:
        y = 3 * x
    return y


def narrow_and_wide(x: float) -> float:
    try:
        if x > 2:
            raise ModelError("very large")
        if x > 1:
            raise NarrowError("large")
        y = x
    except NarrowError:
        y = x**2
    except ModelError:
        y = x**3
    return y


def helper(x: float) -> float:
    if x < 0:
        raise ValueError(f"negative: {x}")
    return math.sqrt(x)


def raised_in_a_helper(x: float) -> float:
    try:
        y = helper(x - 1.0)
    except ValueError:
        y = helper(1.0 - x) * 2
    return y


def not_caught(x: float) -> float:
    try:
        y = helper(x)
    except KeyError:
        y = 0.0
    return y


def bare_exception(x: float) -> float:
    try:
        y = math.log(x) / x
    except Exception:
        y = x * x
    return y


def everything(x: float) -> float:
    try:
        y = 1 / x
    except:  # noqa: E722
        y = 7.0 * x
    return y


def translated(x: float) -> float:
    try:
        y = math.log(x)
    except ValueError as error:
        raise ModelError("log failed", x) from error
    return y


def translated_alone(x: float) -> float:
    try:
        y = math.log(x)
    except ValueError:
        raise ModelError(f"no logarithm of {x}") from None
    return y


def re_raised(x: float) -> float:
    try:
        y = helper(x)
    except ValueError:
        print("failed at", x)
        raise
    return y * y


def re_raised_cholesky(K: np.ndarray, r: np.ndarray) -> float:
    scale = 1.0
    try:
        L = np.linalg.cholesky(K * scale)
    except np.linalg.LinAlgError:
        scale = 2.0
        print("scale", scale)
        raise
    return np.sum(L) * scale + r[0]


def finally_prints(x: float) -> float:
    y = 0.0
    try:
        y = helper(x)
    finally:
        print("done", x)
    return y


def finally_and_handler(x: float) -> float:
    try:
        y = math.log(x) / (x - 1)
    except ValueError:
        y = 2 * x
    finally:
        print("checked", x)
    return y


def nested(x: float) -> float:
    try:
        try:
            y = 1 / x
        except ZeroDivisionError:
            y = math.log(x)
        z = math.sqrt(y)
    except ValueError:
        z = 5 * x
    return z + x


def in_a_loop(v: np.ndarray) -> float:
    total = 0.0
    for i in range(len(v)):
        try:
            y = math.log(v[i])
        except ValueError:
            y = v[i] * 2
        total += y * y * (i + 1)
    return total


def break_on_failure(v: np.ndarray) -> float:
    total = 0.0
    for i in range(len(v)):
        try:
            y = math.sqrt(v[i])
        except ValueError:
            break
        total += y * (i + 1)
    return total


def continue_on_failure(v: np.ndarray) -> float:
    total = 0.0
    for x in v:
        try:
            y = 1 / float(x)
        except ZeroDivisionError:
            continue
        total += y
    return total


def loop_inside(v: np.ndarray) -> float:
    try:
        total = 0.0
        for i in range(len(v)):
            if v[i] < 0:
                raise ValueError("negative")
            total += math.sqrt(v[i])
    except ValueError:
        total = np.sum(v**2)
    return total


def while_inside(x: float) -> float:
    try:
        y, k = x, 0
        while y < 100:
            y = y * x
            k += 1
            if k > 30:
                raise ModelError("no end")
    except ModelError:
        y = 3 * x
    return y


def retries(K: np.ndarray, r: np.ndarray) -> float:
    jitter, L = 0.0, np.zeros_like(K)
    for _ in range(6):
        try:
            L = np.linalg.cholesky(K + jitter * np.eye(len(r)))
            break
        except np.linalg.LinAlgError:
            jitter = 10 * jitter + 0.5
    else:
        raise ModelError("not positive definite", jitter)
    z = np.linalg.solve(L, r)
    return np.sum(z * z)


def asserted(x: float) -> float:
    try:
        assert x > 0, "positive"
        y = math.log(x)
    except AssertionError:
        y = -x
    return y


def prints_inside(x: float) -> float:
    try:
        print("trying", x)
        y = math.log(x)
        print("logarithm", y)
    except ValueError as error:
        print("caught:", error)
        y = 0.5 * x
    print("after")
    return y


def index_in_try(v: np.ndarray, i: int) -> float:
    try:
        x = v[i]
    except IndexError:
        x = v[-1] * 3
    return x * x


def shapes(a: np.ndarray, b: np.ndarray) -> float:
    try:
        c = a + b
    except ValueError:
        c = a * b[0]
    return np.sum(c**2)


def overflow(x: float) -> float:
    try:
        y = math.exp(x)
    except OverflowError:
        y = 4 * x
    return y


def nothing_fails(x: float) -> float:
    try:
        y = np.sin(x)
    except ValueError:
        y = 0.0
    return y


def always_fails(x: float) -> float:
    try:
        raise KeyError(x)
    except LookupError:
        y = 2 * x
    return y


GOOD = np.array([[2.0, 0.5, 0.1], [0.5, 1.5, 0.2], [0.1, 0.2, 1.0]])
BAD = GOOD - 1.4 * np.eye(3)
R = np.array([1.0, -0.5, 2.0])
CASES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (loglik, (GOOD, R)),
    (loglik, (BAD, R)),
    (with_jitter, (GOOD, R)),
    (with_jitter, (BAD, R)),
    (with_jitter, (BAD - 9 * np.eye(3), R)),
    *((f, (x,)) for f in (default_before, flagged, with_else, else_is_not_guarded) for x in (2.5, -1.5)),
    *((bare_exception, (x,)) for x in (2.5, -1.5)),
    *((division, (3.0, y)) for y in (2.0, 0.0)),
    (several, (3.0, R, 1)),
    (several, (-3.0, R, 1)),
    (several, (2.0, R.tolist()[0] * R, 1)),
    (several, (3.0, R, 3)),
    (several, (3.0, R, -4)),
    *((own_exception, (x,)) for x in (0.5, 1.5)),
    *((narrow_and_wide, (x,)) for x in (0.5, 1.5, 2.5)),
    *((raised_in_a_helper, (x,)) for x in (0.25, 2.5)),
    *((f, (x,)) for f in (not_caught, re_raised, finally_prints) for x in (-0.5, 2.5)),
    *((f, (x,)) for f in (translated, translated_alone, asserted, prints_inside) for x in (-0.5, 2.5)),
    *((everything, (x,)) for x in (0.0, 2.5)),
    *((f, (K, R)) for f in (re_raised_cholesky, retries) for K in (GOOD, BAD)),
    (retries, (BAD - 1e7 * np.eye(3), R)),
    *((finally_and_handler, (x,)) for x in (-0.5, 2.5, 1.0)),
    *((nested, (x,)) for x in (2.0, 0.0, -1.0)),
    *((f, (v,)) for f in (in_a_loop, break_on_failure, continue_on_failure, loop_inside)
      for v in (np.array([0.5, 1.5, 2.5]), np.array([0.5, -1.5, 2.5]), np.zeros(0))),
    (continue_on_failure, (np.array([0.5, 0.0, 2.5]),)),
    *((while_inside, (x,)) for x in (2.0, 1.01)),
    *((index_in_try, (R, i)) for i in (1, 3, -3, -4)),
    (shapes, (R, R * 2)),
    (shapes, (R, np.ones(2) * 1.5)),
    *((overflow, (x,)) for x in (2.0, 1e4)),
    *((f, (R, x)) for f in (a_helper_fills_scratch, a_helper_stores_last) for x in (0.5, 0.0)),
    (nothing_fails, (0.5,)),
    (always_fails, (0.5,)),
]  # fmt: skip
IDS = [f"{function.__name__}-{k}" for k, (function, _) in enumerate(CASES)]


@pytest.fixture(params=["native", "text"])
def route(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SYMDIFF_NATIVE", "1" if request.param == "native" else "0")
    return str(request.param)


def outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    try:
        return function(*args)
    except Exception as error:
        return error


def plain(error: BaseException) -> str:
    """The message without our place."""
    return str(getattr(error, "message", error))


def differences(function: Callable[..., float], args: tuple[Any, ...]) -> np.ndarray:
    """Central differences by the first argument."""
    x = np.asarray(args[0], float)
    slopes = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        h = 1e-6 * max(1.0, abs(x[place]))
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * h
            ends.append(function(moved if x.shape else float(moved), *args[1:]))
        slopes[place] = (ends[0] - ends[1]) / (2 * h)
    return slopes


@pytest.mark.parametrize(("function", "args"), CASES, ids=IDS)
def test_outcomes_are_cpythons(
    route: str, capsys: pytest.CaptureFixture[str], function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    expected = outcome(function, args)
    shown = capsys.readouterr()
    for k, call in enumerate((sd.differentiable(function), sd.grad(function), sd.value_and_grad(function))):
        for _ in range(2):
            found = outcome(call, args)
            assert capsys.readouterr() == shown
            if not isinstance(expected, BaseException):
                assert not isinstance(found, BaseException), found
                if k != 1:
                    np.testing.assert_allclose(found if k == 0 else found[0], expected, rtol=1e-13)
                continue
            assert isinstance(found, type(expected)) and plain(found) == str(expected)
            if not isinstance(found, sd.SymdiffError):
                assert type(found) is type(expected) and repr(found.args) == repr(expected.args)
                assert repr(found.__cause__) == repr(expected.__cause__)
                assert found.__suppress_context__ == expected.__suppress_context__


SMOOTH = [k for k, (f, a) in enumerate(CASES) if not isinstance(outcome(f, a), Exception)
          and not (f in (everything, nested, division) and (a[-1] == 0.0))
          and not (f is continue_on_failure and 0.0 in a[0])
          and f is not loglik or (f is loglik and a[0] is GOOD)]  # fmt: skip


@pytest.mark.parametrize(("function", "args"), [CASES[k] for k in SMOOTH], ids=[IDS[k] for k in SMOOTH])
def test_gradients_agree_with_differences(route: str, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if np.isinf(function(*args)) or (function is several and args[0] == 2.0):
        pytest.skip("no neighbourhood")

    def lower(K: Any, *rest: Any) -> float:  # NumPy reads the lower triangle only
        return float(function(K, *rest))

    np.testing.assert_allclose(sd.grad(function)(*args), differences(lower, args), rtol=2e-6, atol=1e-7)


def test_second_derivatives() -> None:
    second = sd.grad(sd.grad(default_before))
    assert second(-1.5) == 18.0
    assert second(2.5) == pytest.approx((2 - 2 * math.log(2.5)) / 2.5**2, rel=1e-14)
    assert sd.grad(sd.grad(narrow_and_wide))(1.5) == 2.0
    assert sd.grad(sd.grad(narrow_and_wide))(2.5) == 15.0


def test_forward_mode() -> None:
    for x in (2.5, -1.5):
        _, slope = sd.jvp(default_before, (x,), (1.0,))
        assert slope == pytest.approx(sd.grad(default_before)(x), rel=1e-15)


def test_gradient_of_the_failed_branch_is_exact() -> None:
    assert sd.grad(division)(3.0, 0.0) == 2.0
    assert sd.grad(everything)(0.0) == 7.0
    np.testing.assert_array_equal(sd.grad(loglik)(BAD, R), np.zeros((3, 3)))


def half_done_name(x: float) -> float:
    y = 1.0
    try:
        y = x * x
        z = math.log(x)
    except ValueError:
        z = 0.0
    return y + z


def half_done_store(v: np.ndarray) -> float:
    w = np.zeros(2)
    try:
        w[0] = v[0]
        w[1] = math.log(v[1])
    except ValueError:
        pass
    return np.sum(w)


def half_done_loop(v: np.ndarray) -> float:
    total = 0.0
    try:
        for i in range(len(v)):
            total += math.log(v[i])
    except ValueError:
        pass
    return total


def unreadable(x: float) -> float:
    try:
        y = helper(x) + math.log(x)
    except ValueError as error:
        print(error)
        y = 0.0
    return y


def draws(x: float) -> float:
    rng = np.random.default_rng(1)
    try:
        y = math.log(x) * rng.normal()
    except ValueError:
        y = 0.0
    return y


@pytest.mark.parametrize(
    ("function", "args", "line", "words"),
    [
        (half_done_name, (1.0,), 2, "'y' may be assigned or not"),
        (half_done_store, (R,), 3, "this store may have happened or not"),
        (half_done_loop, (R,), 2, "'total' may be assigned or not"),
        (unreadable, (1.0,), 4, "cannot be read"),
        (draws, (1.0,), 3, "random numbers"),
    ],
    ids=lambda item: getattr(item, "__name__", None),
)
def test_what_a_failure_leaves_half_done_is_refused(
    function: Callable[..., Any], args: tuple[Any, ...], line: int, words: str
) -> None:
    with pytest.raises(sd.UnsupportedSyntaxError, match=words) as caught:
        sd.differentiable(function)(*args)
    assert caught.value.where is not None
    assert caught.value.where.line == function.__code__.co_firstlineno + line


def or_else(A, f):
    try:
        s = f(A)
    except np.linalg.LinAlgError:
        s = np.sum(A * A)
    return s


NEED_SQUARE = {
    "cholesky": lambda A: np.sum(np.linalg.cholesky(A)),
    "inv": lambda A: np.sum(np.linalg.inv(A)),
    "det": np.linalg.det,
    "solve": lambda A: np.sum(np.linalg.solve(A, np.ones(len(A)))),
    "eigvalsh": lambda A: np.sum(np.linalg.eigvalsh(A)),
}


@pytest.mark.parametrize("name", NEED_SQUARE)
def test_a_matrix_that_is_not_square_raises_what_numpy_raises(name):
    f = NEED_SQUARE[name]
    rectangle, square = np.linspace(1.0, 2.0, 6).reshape(2, 3), np.array([[2.0, 0.5], [0.5, 1.0]])
    with pytest.raises(np.linalg.LinAlgError) as expected:
        f(rectangle)
    for ask in (sd.differentiable(f), sd.grad(f)):
        with pytest.raises(np.linalg.LinAlgError) as found:
            ask(rectangle)
        assert str(expected.value) in str(found.value)
    caught = sd.differentiable(lambda A: or_else(A, f))
    for A in (rectangle, square, rectangle):
        assert caught(A) == pytest.approx(or_else(A, f), rel=1e-12)
    np.testing.assert_allclose(caught.grad(rectangle), 2 * rectangle, rtol=1e-12)
