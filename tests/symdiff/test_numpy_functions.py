"""Every accepted function of NumPy and method of arrays, with its options: values against NumPy, gradients against
differences.

Several calls are compiled together, as one function that returns all results and one that returns a weighted sum of
all their elements; where a batch is wrong, its calls are tried one by one to name the one at fault.
"""

import functools
import linecache
import re
from pathlib import Path

import numpy as np
import pytest

import symdiff as sd
from symdiff.frontend import parse
from symdiff.frontend.abstract import Array
from symdiff.frontend.tables import FUNCTIONS, METHODS
from symdiff.frontend.written import HINTS
from symdiff.ops import ROW_OF
from tests.numpy_table import CONSTANTS, FLOATS, GROUPS

assert parse.HANDLERS  # the modules that fill the tables

BATCH = 12
NAMES = [*FLOATS, *CONSTANTS]
ARGUMENTS = {**FLOATS, **CONSTANTS}


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    """The passes of LLVM do not change the bits, and take most of the time."""
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def calls_of(text):
    return [line for line in text.strip().splitlines() if exists(line)]


def exists(call):
    """Whether this NumPy has the function."""
    return all(hasattr(np, name) for name in re.findall(r"\bnp\.(\w+)", call))


BATCHES = [
    pytest.param(calls_of(text)[start : start + BATCH], id=f"{group}{start // BATCH}")
    for group, text in GROUPS.items()
    for start in range(0, len(calls_of(text)), BATCH)
]


def compiled(lines):
    """A function of all arguments with this body, in a file that `inspect` finds."""
    text = f"def program({', '.join(NAMES)}):\n" + "".join(f"    {line}\n" for line in lines)
    name = f"<numpy functions {hash(text)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope = {"np": np, "__name__": __name__}
    exec(compile(text, name, "exec"), scope)
    return scope["program"]


def computing(calls):
    """The results of the calls."""
    return compiled([f"r{n} = {call}" for n, call in enumerate(calls)] + [f"return [{names(calls)}]"])


def names(calls):
    return ", ".join(f"r{n}" for n in range(len(calls)))


def summing(calls):
    """A weighted sum of all elements of all results that are floats."""
    lines = ["total = 0.0"]
    for n, (call, result) in enumerate(zip(calls, plainly(computing(calls)), strict=True)):
        lines.append(f"r{n} = {call}")
        parts = [f"r{n}[{j}]" for j in range(len(result))] if isinstance(result, tuple | list) else [f"r{n}"]
        values = result if isinstance(result, tuple | list) else [result]
        for part, value in zip(parts, values, strict=True):
            if np.asarray(value).dtype.kind == "f":
                lines.append(f"v = np.ravel({part})")
                lines.append("total = total + np.sum(np.where(np.isfinite(v), v, 0.0) * np.cos(np.arange(v.size)))")
    return compiled([*lines, "return total"])


def plainly(function, **changed):
    with np.errstate(all="ignore"):
        return function(**{**ARGUMENTS, **changed})


# -- values ------------------------------------------------------------------------------------------------------------


def differs(found, expected):
    """Whether a result is not what NumPy gives: structure, shape, dtype and numbers."""
    if isinstance(expected, tuple | list):
        return len(found) != len(expected) or any(map(differs, found, expected))
    shape, dtype = np.shape(expected), np.asarray(expected).dtype
    if np.shape(found) != shape or np.asarray(found).dtype != dtype:
        return True
    if dtype.kind != "f":
        return not np.array_equal(found, expected)
    scale = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    precision = 1e-5 if dtype == np.float32 else 1e-13
    return not np.allclose(found, expected, rtol=precision, atol=precision * scale, equal_nan=True)


def wrong_values(calls):
    function = computing(calls)
    found = sd.differentiable(function, simplify=False)(**ARGUMENTS)
    return [call for call, f, e in zip(calls, found, plainly(function), strict=True) if differs(f, e)]


@pytest.mark.parametrize("calls", BATCHES)
def test_value(calls):
    assert wrong_values(calls) == []


# -- gradients ---------------------------------------------------------------------------------------------------------


def differences(function):
    """Central differences of fourth order, one argument after the other; entries that are NaN do not vary."""
    found = {}
    for name, value in FLOATS.items():
        slopes = np.zeros(np.shape(value))
        for place in np.ndindex(np.shape(value)):
            if np.isfinite(np.asarray(value)[place]):
                near, far = (slope(function, name, place, step) for step in (1e-4, 2e-4))
                slopes[place] = (4.0 * near - far) / 3.0
        found[name] = slopes
    return found


def slope(function, name, place, step):
    values = []
    for sign in (1.0, -1.0):
        moved = np.array(FLOATS[name], float)
        moved[place] += sign * step
        values.append(plainly(function, **{name: moved if moved.ndim else float(moved)}))
    return (values[0] - values[1]) / (2.0 * step)


def gradient_error(calls):
    """How far the gradient is off, relative to its largest entry."""
    function = summing(calls)
    used = tuple(name for name in FLOATS if any(re.search(rf"\b{name}\b", call) for call in calls))
    if not used:
        return 0.0
    answers = sd.grad(sd.differentiable(function, simplify=False), wrt=used)(**ARGUMENTS)
    expected = differences(function)
    size = 1.0 + max(np.max(np.abs(expected[name]), initial=0.0) for name in used)
    return max(np.max(np.abs(a - expected[n]), initial=0.0) for n, a in zip(used, answers, strict=True)) / size


@pytest.mark.parametrize("calls", [batch for batch in BATCHES if not batch.id.startswith("truth")])
def test_gradient(calls):
    if not gradient_error(calls) < 1e-7:
        assert {call: error for call in calls if not (error := gradient_error([call])) < 1e-7} == {}


# -- nothing is left out -----------------------------------------------------------------------------------------------

# what these files handle is the business of other tests
ELSEWHERE = {"builtins_calls", "numpy_linalg", "containers", "complex_calls", "complex_functions", "complex_values"}


TESTS = Path(__file__).parent.parent
# tables and programs of the functions that are tested beside what they belong to
TABLES = (
    "symdiff/test_numpy_functions.py",
    "symdiff/test_linalg_functions.py",
    "programs_mutation.py",
    "programs_linalg.py",
    "programs_calls.py",
)


@functools.cache
def every_call():
    calls = [call for text in GROUPS.values() for call in calls_of(text)]
    return "\n".join([*calls, *((TESTS / name).read_text(encoding="utf-8") for name in TABLES)])


def spellings(function):
    """Every name of a function in NumPy, and of a method of a ufunc."""
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return [f"np.{function.__self__.__name__}.{function.__name__}"]
    return [f"np.{name}" for name in dir(np) if not name.startswith("_") and getattr(np, name, None) is function]


def test_every_function_has_an_entry():
    handled = {f for f, handler in FUNCTIONS.items() if handler.__module__.rpartition(".")[2] not in ELSEWHERE}
    rows = {function for function, row in ROW_OF.items() if row.elementwise}
    missing = []
    # questions about types, answered while parsing
    static = {np.isdtype, np.issubdtype, np.iterable}
    for function in (handled | rows) - static:
        known = spellings(function)
        if (
            known
            and not known[0].endswith(".outer")
            and not any(re.search(rf"{re.escape(name)}[(,\]]", every_call()) for name in known)
        ):
            missing.append(known)
    assert missing == []


def test_every_method_of_arrays_has_an_entry():
    elsewhere = {"fill", "sort", "tolist"}
    methods = {name for owner, name in METHODS if owner is Array} - elsewhere
    assert {name for name in methods if not re.search(rf"[\w\])]\.{name}\(", every_call())} == set()


# -- what cannot be in the table ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [np.power.at, np.logaddexp.at, np.minimum.at], ids=lambda at: at.__self__.__name__)
def test_in_place_at_places(at):
    places = np.array([3, 0, 2])

    def program(x, y):
        z = x * 1.0
        at(z, places, y[:3])
        return np.sum(z * np.arange(5.0))

    check_program(program, np.abs(FLOATS["x"]) + 0.1, FLOATS["y"])


def test_masks_in_place():
    def program(x, y):
        z, w = x * 1.0, y * 2.0
        np.place(z, z < 0, [1.5, 2.5])
        np.putmask(w, w > 1, x)
        return np.sum(z * z) + np.sum(w * z)

    check_program(program, FLOATS["x"], FLOATS["y"])


def check_program(program, x, y):
    """Value as NumPy's, gradient as differences."""
    value, slopes = sd.value_and_grad(program, wrt=("x", "y"))(x, y)
    assert value == pytest.approx(float(program(x, y)), rel=1e-13)
    h = 1e-6
    for k, step in enumerate(np.eye(5) * h):
        for slope, up, down in ((slopes[0], (x + step, y), (x - step, y)), (slopes[1], (x, y + step), (x, y - step))):
            assert slope[k] == pytest.approx((program(*up) - program(*down)) / (2 * h), rel=1e-7, abs=1e-7)


def test_sort_in_place():
    def program(x):
        y = x * 1.0
        y.sort()
        return np.sum(y * np.arange(3.0))

    x = np.array([3.0, 1.0, 2.0])
    assert program(x.copy()) == sd.differentiable(program)(x)
    assert sd.grad(sd.differentiable(program))(x).tolist() == [2.0, 0.0, 1.0]


def test_gradient_of_a_conversion():
    f = sd.differentiable(lambda x: np.sum(x.astype(np.float32) * np.arange(3.0)) + np.sum(np.float32(x)))
    assert sd.grad(f)(np.array([3.0, 1.0, 2.0])).tolist() == [1.0, 2.0, 3.0]


def test_tolist():
    def program(a, b):
        total = 0.0
        for row in np.array([[a, b], [b, 1.0]]).tolist():
            total = total + row[0] * row[1]
        return total

    assert sd.differentiable(program)(2.0, 3.0) == program(2.0, 3.0)
    assert sd.grad(sd.differentiable(program), wrt=(0, 1))(2.0, 3.0) == (3.0, 3.0)


def test_derivative_of_a_running_product_at_zeros():
    x = np.array([2.0, 0.0, 3.0, 0.0])
    found = sd.grad(sd.differentiable(lambda x: np.sum(np.cumprod(x) * np.arange(1.0, 5.0))))(x)
    # 1 to x0 + 2 x0 x1 + 3 x0 x1 x2 + 4 x0 x1 x2 x3
    assert found.tolist() == [1.0, 22.0, 0.0, 0.0]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 17, 64, 100])
def test_order_of_numbers_that_tie_and_of_nan(size):
    rng = np.random.default_rng(size)
    x = rng.integers(0, 5, size).astype(float)
    x[rng.random(size) < 0.2] = np.nan
    x[rng.random(size) < 0.1] = np.inf
    f = sd.differentiable(lambda x: (np.sort(x), np.argsort(x), np.searchsorted(np.sort(x), x, side="right")))
    found = f(x)
    expected = np.sort(x), np.argsort(x, kind="stable"), np.searchsorted(np.sort(x), x, side="right")
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got, want)


REFUSED = {
    "np.choose(k - 3, [x, y])": IndexError,
    "np.take(x, [9])": IndexError,
    "np.bincount(k - 2)": IndexError,
    "np.delete(x, 7)": IndexError,
    "np.delete(x[: k[1] - 2], -2)": IndexError,
    "np.insert(x, 9, 1.0)": IndexError,
    "np.split(x, 2)": ValueError,
    "np.convolve(x, e)": ValueError,
    "np.poly(e)": ValueError,
    "np.cov(m[: k[1] - 2])": ValueError,
    "np.quantile(x, s + 1.0)": ValueError,
    "np.percentile(x, [50.0, 101.0])": ValueError,
    "np.nanmedian(x) + np.nanquantile(x, s - 1.0)": ValueError,
    "np.average(x, weights=x - x)": ZeroDivisionError,
    "np.repeat(x, k - 1)": IndexError,
    "np.pad(x, 2, mode='linear_ramp')": sd.UnsupportedSyntaxError,
    "np.average(x, weights=y, returned=True)": sd.UnsupportedSyntaxError,
    "np.piecewise(x, [x > 0], [np.cumsum])": sd.UnsupportedSyntaxError,
    "np.linspace(0.0, s, 5, retstep=True)": sd.UnsupportedSyntaxError,
    "np.max(x, where=b)": ValueError,
    "np.unique(m, axis=0)": sd.UnsupportedSyntaxError,
    "np.nextafter(x, y)": sd.UnknownFunctionError,
    "np.frexp(x)": sd.UnknownFunctionError,
}


@pytest.mark.parametrize("call", REFUSED)
def test_what_fails_or_is_refused(call):
    with pytest.raises(REFUSED[call]):
        sd.differentiable(computing([call]), simplify=False)(**ARGUMENTS)


@pytest.mark.parametrize("name", HINTS)
def test_hints_are_given(name):
    with pytest.raises(sd.UnknownFunctionError) as caught:
        sd.differentiable(computing([f"np.{name}(x)"]), simplify=False)(**ARGUMENTS)
    assert HINTS[name] in str(caught.value)
