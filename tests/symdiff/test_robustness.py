"""Nothing the user passes ends the process: what CPython raises is raised, with the line, and the next call works."""


import numpy as np
import pytest

import symdiff as sd
from tests.scripts import run_file, script_file

HUGE = 2**62
I64 = 2**63


# Each case: the body of a function of x (five floats) and k, and values of k that are out of range.
OUT_OF_RANGE = {
    "read": ("return x[k] * 2.0", [5, -6, HUGE, -HUGE, I64 - 1, -I64]),
    "read of a matrix": ("m = x.reshape(5, 1) * np.ones((1, 2))\n    return m[1, k] + m[k, 0]", [5, -6, I64 - 1, -I64]),
    "store": ("a = x * 1.0\n    a[k] = 3.0\n    return np.sum(a)", [5, -6, HUGE, I64 - 1, -I64]),
    "add in place": ("a = x * 1.0\n    a[k] += x[0]\n    return np.sum(a)", [5, -6, I64 - 1, -I64]),
    "computed": ("return x[k + 1] * x[k - 1]", [4, -6, HUGE, I64 - 1, -I64]),
    "in a loop": ("t = 0.0\n    for i in range(k):\n        t = t + x[i]\n    return t", [6, 1000]),
    "in a loop, down": ("t = 0.0\n    for i in range(4, k, -1):\n        t = t + x[i - 1]\n    return t", [-6, -1000]),
    "row": ("m = x.reshape(1, 5) * np.ones((3, 1))\n    return np.sum(m[k])", [3, -4, HUGE]),
    "while": (
        "i = 0\n    t = 0.0\n    while t < 1e9:\n        t = t + x[i] + k\n        i = i + 1\n    return t",
        [0, 1],
    ),
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_index_out_of_range(tmp_path, name):
    body, values = OUT_OF_RANGE[name]
    path = script_file(
        tmp_path,
        f"""
def f(x, k):
    {body}

for k in {values!r}:
    for call in (sd.differentiable(f), sd.differentiable(f).grad, sd.grad(f)):
        for _ in range(2):
            try:
                call(np.arange(5.0), k)
            except IndexError as error:
                assert "program.py:" in str(error), error
                assert "^" in str(error), error
                assert "out of bounds" in str(error), error
            except OverflowError as error:
                assert abs(k) > 2**60 and "program.py:" in str(error), error
            else:
                raise AssertionError((k, call))
""",
    )
    run_file(path)


def test_arrays_of_indexes(tmp_path):
    path = script_file(
        tmp_path,
        """
        def f(x, k):
            return np.sum(x[k] * x[k])

        def g(x, k):
            a = x * 1.0
            a[k] = x[0]
            return np.sum(a * a)

        for function in (f, g):
            wrapped = sd.differentiable(function)
            for good in ([0, 4, -5, 4], [1]):
                k = np.array(good)
                assert abs(wrapped(np.arange(5.0), k) - function(np.arange(5.0), k)) < 1e-12
            for bad in ([0, 5], [-6], [2**62], [-2**63, 1], [2**63 - 1]):
                for call in (wrapped, wrapped.grad):
                    try:
                        call(np.arange(5.0), np.array(bad))
                    except IndexError as error:
                        assert "program.py:" in str(error) and "^" in str(error), error
                    else:
                        raise AssertionError(bad)
        """,
    )
    run_file(path)


def test_slices_are_cut_off_as_in_python(tmp_path):
    path = script_file(
        tmp_path,
        """
        def f(x, a, b):
            return np.sum(x[a:b] * x[a:b])

        def g(x, a, b):
            y = x * 1.0
            y[a:b] = 2.0 * x[0]
            return np.sum(y * x)

        def h(x, a, b):
            return np.sum(x[a:b:2]) + 3.0 * np.sum(x[b:a:-1])

        edges = [0, 1, 3, 5, 6, 100, -1, -5, -6, -100, 2**62, -2**62]
        x = np.arange(5.0) + 1.0
        for function in (f, g, h):
            wrapped = sd.differentiable(function)
            for a in edges:
                for b in edges:
                    expected = function(x, a, b)
                    found = wrapped(x, a, b)
                    assert abs(found - expected) < 1e-12, (function.__name__, a, b, found, expected)
                    gradient = wrapped.grad(x, a, b)
                    step = 1e-6
                    difference = (function(x * (1 + step), a, b) - function(x * (1 - step), a, b)) / (2 * step)
                    assert abs(gradient @ x - difference) < 1e-6, (function.__name__, a, b)
        """,
    )
    run_file(path)


# Each case: expression of a Python float x and a Python int k, arguments, the exception.
ARITHMETIC = [
    ("x / k", (1.0, 0), "ZeroDivisionError"),
    ("x // k", (1.0, 0), "ZeroDivisionError"),
    ("x % k", (1.0, 0), "ZeroDivisionError"),
    ("x / (x - x)", (1.0, 0), "ZeroDivisionError"),
    ("x * (7 // k)", (1.0, 0), "ZeroDivisionError"),
    ("x * (7 % k)", (1.0, 0), "ZeroDivisionError"),
    ("x * (k // -1)", (1.0, -(2**63)), "OverflowError"),
    ("x * (k % -1)", (1.0, -(2**63)), None),
    ("x * (k * k)", (1.0, 2**40), "OverflowError"),
    ("x * (k + k)", (1.0, 2**62), "OverflowError"),
    ("x * (k - 2)", (1.0, -(2**63)), "OverflowError"),
    ("x * -k", (1.0, -(2**63)), "OverflowError"),
    ("x * abs(k)", (1.0, -(2**63)), "OverflowError"),
    ("x * k ** 70", (1.0, 3), "OverflowError"),
    ("x * int(x * k)", (1e20, 3), "OverflowError"),
    ("x * int(x * 1e300 * 10.0 ** k)", (1.0, 20), "OverflowError"),
    ("math.log(x * k)", (1.0, 0), "ValueError"),
    ("math.log(x * k)", (1.0, -1), "ValueError"),
    ("math.sqrt(x * k)", (1.0, -1), "ValueError"),
    ("math.acos(x * k)", (1.0, 2), "ValueError"),
    ("math.atanh(x * k)", (1.0, 1), "ValueError"),
    ("math.exp(x * k)", (1.0, 1000), "OverflowError"),
    ("math.cosh(x * k)", (1.0, 1000), "OverflowError"),
    ("math.gamma(x * k)", (1.0, 0), "ValueError"),
    ("math.lgamma(x * k)", (1.0, 0), "ValueError"),
    ("math.pow(x * k, 0.5)", (1.0, -1), "ValueError"),
    ("math.pow(x * k, 200.0)", (1.0, 10**9), "OverflowError"),
    ("(x * k) ** 200.0", (1.0, 10**9), "OverflowError"),
    ("(x * k) ** -1.5", (1.0, 0), "ZeroDivisionError"),
    ("math.fmod(x, x * k)", (1.0, 0), "ValueError"),
    ("x * 2.0 ** k", (1.0, 5000), "OverflowError"),
]


@pytest.mark.parametrize("number", range(0, len(ARITHMETIC), 4))
def test_python_scalars_raise_as_python_does(tmp_path, number):
    cases = ARITHMETIC[number : number + 4]
    functions = "\n".join(f"def f{n}(x, k):\n    return {c[0]}\n" for n, c in enumerate(cases))
    path = script_file(
        tmp_path,
        functions
        + f"""
for n, (text, args, kind) in enumerate({cases!r}):
    function = globals()[f"f{{n}}"]
    wrapped = sd.differentiable(function)
    try:
        wrapped(0.25, 1)
    except ArithmeticError:
        pass
    for way in ("_value", "grad", "value_and_grad"):
        try:
            found = getattr(wrapped, way)(*args)
        except Exception as error:
            assert kind in [c.__name__ for c in type(error).__mro__], (text, error)
            assert "program.py:" in str(error) and "return" in str(error), error
            try:
                function(*args)
            except Exception as plain:
                if kind != "OverflowError" and type(plain).__name__ == kind:
                    assert str(plain) in str(error), (str(plain), str(error))
        else:
            # a failing operation whose value the gradient does not need is not run
            assert kind is None or way == "grad", (text, found)
            if way == "_value":
                assert found == function(*args), (text, found)
""",
    )
    run_file(path)


def test_numpy_gives_infinities_without_warnings():
    def f(x, y):
        return x / y + np.log(y) * 0.0

    wrapped = sd.differentiable(f)
    found = wrapped(np.array([1.0, -1.0, 0.0]), np.array([0.0, 0.0, 0.0]))
    assert np.isnan(found).all()
    assert np.isinf(sd.differentiable(lambda x, y: x / y)(np.float64(1.0), np.float64(0.0)))
    assert np.isinf(sd.grad(lambda x: np.sum(np.sqrt(x)))(np.array([0.0, 1.0]))[0])
    assert np.isnan(sd.differentiable(lambda x: np.sum(np.log(x)))(np.array([-1.0])))
    floor = sd.differentiable(lambda k, m: np.sum(k // m) + np.sum(k % m))
    assert floor(np.array([1.0, 2.0]), np.array([3.0, 0.5])) == 5.0


def test_division_of_int_arrays_by_zero(tmp_path):
    path = script_file(
        tmp_path,
        """
        lowest = np.array([-2**63, 5, 7])
        for divisor in (np.array([-1, 2, 3]), np.array([0, 0, 1])):
            for function in (lambda x, k, m: x * np.sum(k // m), lambda x, k, m: x * np.sum(k % m)):
                with np.errstate(all="ignore"):
                    expected = function(1.0, lowest, divisor)
                assert sd.differentiable(function)(1.0, lowest, divisor) == expected
                assert sd.differentiable(function).grad(1.0, lowest, divisor) == expected
        """,
    )
    run_file(path)


def solve(a, b):
    return np.sum(np.linalg.solve(a, b))


def inverse(a):
    return np.sum(np.linalg.inv(a))


def factor(a):
    return np.sum(np.linalg.cholesky(a))


def test_singular_matrices_name_the_line():
    for function, args in ((solve, (np.zeros((3, 3)), np.ones(3))), (inverse, (np.ones((2, 2)),))):
        for call in (sd.differentiable(function), sd.grad(function)):
            with pytest.raises(np.linalg.LinAlgError, match="Singular matrix") as caught:
                call(*args)
            assert "test_robustness.py:" in str(caught.value)
            assert f"np.linalg.{'solve' if function is solve else 'inv'}" in str(caught.value)
    for call in (sd.differentiable(factor), sd.grad(factor)):
        with pytest.raises(np.linalg.LinAlgError, match="positive definite") as caught:
            call(-np.eye(2))
        assert "test_robustness.py:" in str(caught.value)
    assert sd.differentiable(solve)(np.eye(3), np.ones(3)) == 3.0


def test_huge_allocations_and_negative_sizes(tmp_path):
    path = script_file(
        tmp_path,
        """
        def f(x, n):
            a = np.zeros(n)
            a[0] = x
            return np.sum(a) * x

        def g(x, n):
            a = np.ones((n, n))
            a[0, 0] = x
            return x * np.sum(a)

        for function in (f, g):
            wrapped = sd.differentiable(function)
            wrapped(2.0, 3), wrapped.grad(2.0, 3)
            for n in (10**14, 2**62, 2**63 - 1):
                for call in (wrapped, wrapped.grad):
                    try:
                        call(2.0, n)
                    except (MemoryError, ValueError, OverflowError):
                        pass
                    else:
                        raise AssertionError(n)
            for call in (wrapped, wrapped.grad):
                try:
                    call(2.0, -1)
                except ValueError as error:
                    assert "negative dimensions" in str(error) and "program.py:" in str(error), error
                else:
                    raise AssertionError("negative")
            assert wrapped(2.0, 3) == function(2.0, 3)
        try:
            sd.differentiable(f)(2.0, 10**14)
        except MemoryError as error:
            print("memory")
        """,
    )
    assert "memory" in run_file(path)


def test_a_tape_too_large_for_memory(tmp_path):
    path = script_file(
        tmp_path,
        """
        def f(x, n):
            v = x
            for _ in range(n):
                v = np.sin(v) * v
            return v

        wrapped = sd.differentiable(f)
        expected = wrapped.grad(0.5, 10)
        try:
            wrapped.grad(0.5, 2**55)
        except MemoryError:
            pass
        assert wrapped.grad(0.5, 10) == expected
        """,
    )
    run_file(path)


def test_deep_nesting():
    depth = 150
    nested = 1.5
    for _ in range(depth):
        nested = (nested,)
    with pytest.raises((sd.LimitError, sd.SymdiffError)):
        sd.grad(lambda p: p[0])(nested)
    deep = []
    deep.append(deep)
    with pytest.raises(sd.SymdiffError):
        sd.grad(lambda p: p[0])(deep)
    text = "def f(x):\n    return " + "(" * 80 + "x * 1.0" + ")" * 80
    assert "(" in text


def test_a_long_chain_of_statements(tmp_path):
    lines = "\n".join("    v = v * 1.0001 + x" for _ in range(1500))
    path = script_file(
        tmp_path, f"def f(x):\n    v = x\n{lines}\n    return v\n\nprint(f(1.0), sd.differentiable(f)(1.0))\n"
    )
    expected, found = map(float, run_file(path, SYMDIFF_OPT_LEVEL="0", SYMDIFF_CHECK="0").split())
    assert found == pytest.approx(expected, rel=1e-12)
