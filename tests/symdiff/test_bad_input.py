"""What is refused, with which error, where it points, and that the caller's arrays are as they were."""

import math

import numpy as np
import pytest

import symdiff as sd


def line_of(function, text):
    """Line number and column of a piece of text in a function of this file."""
    start = function.__code__.co_firstlineno
    with open(__file__) as file:
        lines = file.read().split("\n")
    for number, line in enumerate(lines[start - 1 :], start):
        if text in line:
            return number, line.index(text) + 1, line
    raise AssertionError(text)


def assert_points_at(error, function, text):
    """The message names file, line and column, shows the line, and has a caret below the column."""
    number, column, line = line_of(function, text)
    shown = str(error).split("\n")
    assert f"test_bad_input.py:{number}:{column}: " in shown[0], str(error)
    assert shown[1] == line.rstrip()
    assert shown[2].index("^") == column - 1


@sd.differentiable
def total(x):
    return np.sum(x * x)


def inner(a, b):
    return np.sum(a * b)


def product(a, b):
    return np.sum(a @ b)


# -- shapes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((2, 3), (3, 2)), ((2, 3), (2,)), ((0,), (2,)), ((5, 2), (3, 2))])
@pytest.mark.parametrize("way", ["value", "grad", "value_and_grad"])
def test_shapes_that_do_not_broadcast(shapes, way):
    a, b = (np.ones(s) for s in shapes)
    wrapped = sd.differentiable(inner)
    call = wrapped if way == "value" else getattr(wrapped, way)
    for _ in range(2):
        with pytest.raises(sd.ShapeError) as caught:
            call(a, b)
        assert isinstance(caught.value, ValueError)
        assert_points_at(caught.value, inner, "a * b")
    assert (a == 1).all() and (b == 1).all()


def test_shapes_that_fit_first_and_not_later():
    wrapped = sd.differentiable(inner)
    assert wrapped(np.ones(3), np.ones(3)) == 3.0
    with pytest.raises(sd.ShapeError) as caught:
        wrapped(np.ones(3), np.ones(4))
    assert_points_at(caught.value, inner, "a * b")
    assert wrapped(np.ones(4), np.ones(4)) == 4.0
    assert wrapped(np.ones(4), np.ones(1)) == 4.0
    assert wrapped(np.ones((2, 4)), np.ones(4)) == 8.0


def test_matrix_products():
    wrapped = sd.differentiable(product)
    assert wrapped(np.ones((2, 3)), np.ones(3)) == 6.0
    for shapes in (((2, 3), (2,)), ((2, 3), (2, 3)), ((4,), (3, 2))):
        with pytest.raises(sd.ShapeError) as caught:
            wrapped.grad(*(np.ones(s) for s in shapes))
        assert_points_at(caught.value, product, "a @ b")


# -- types -------------------------------------------------------------------------------------------------------------


def refused_arrays():
    import scipy.sparse

    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0]])
    yield "masked", np.ma.masked_array([1.0, 2.0], [True, False]), "MaskedArray"
    yield "matrix", matrix, "matrix"
    yield "sparse", scipy.sparse.csr_array(np.eye(2)), "sparse"
    yield "object", np.array([1.0, None]), "object"
    yield "text", np.array(["a"]), "<U1"
    yield "float16", np.ones(2, np.float16), "float16"
    yield "longdouble", np.ones(2, np.longdouble), "longdouble|float128"
    yield "complex", np.ones(2, np.clongdouble), "complex"
    yield "complex number", np.clongdouble(1.0 + 2.0j), "complex"
    yield "datetime", np.array(["2020-01-01"], dtype="datetime64[D]"), "datetime64"
    yield "record", np.zeros(2, dtype=[("a", float)]), "a"


@pytest.mark.parametrize("case", range(11))
def test_arrays_refused_by_name(case):
    name, bad, expected = list(refused_arrays())[case]
    for call in (total, total.grad, total.value_and_grad, sd.grad(total)):
        with pytest.raises(sd.DtypeError, match=expected) as caught:
            call(bad)
        assert isinstance(caught.value, TypeError)
        assert "argument x" in str(caught.value)
        assert "hint: " in str(caught.value), name


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("text", "no number"),
        (None, "no number"),
        (True, "bool"),
        (np.True_, "bool"),
        (np.array([1, 2]), r"int64"),
        (np.array([1, 2], np.int32), r"int32"),
        (np.int64(3), "int64"),
        (np.array([True]), "bool"),
        (object(), "no number"),
    ],
)
def test_arguments_without_derivative(bad, expected):
    with pytest.raises(sd.DtypeError, match=expected) as caught:
        total.grad(bad)
    assert "argument x" in str(caught.value)
    if "int" in expected:
        assert "hint: use .astype(float)" in str(caught.value)


def test_a_list_of_numbers_is_a_structure_and_not_an_array():
    with pytest.raises(sd.SymdiffError):
        total.grad([1.0, 2.0])


# -- calls -------------------------------------------------------------------------------------------------------------


def price(s, k, t=1.0, *, rate=0.0):
    return s * k * t + rate


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((), {}, "missing a required argument: 's'"),
        ((1.0,), {}, "missing a required argument: 'k'"),
        ((1.0, 2.0, 3.0, 4.0), {}, "too many positional arguments"),
        ((1.0, 2.0), {"nothing": 1.0}, "unexpected keyword argument 'nothing'"),
        ((1.0, 2.0), {"s": 1.0}, "multiple values for argument 's'"),
    ],
)
def test_counts_and_keywords(args, kwargs, expected):
    wrapped = sd.differentiable(price)
    for call in (wrapped, wrapped.grad, wrapped.value_and_grad, sd.grad(price)):
        with pytest.raises(TypeError, match=expected) as caught:
            call(*args, **kwargs)
        assert "(s, k, t=1.0, *, rate=0.0)" in str(caught.value)
    wrapped(1.0, 2.0), wrapped.grad(1.0, 2.0)
    for call in (wrapped, wrapped.grad):
        with pytest.raises(TypeError, match=expected):
            call(*args, **kwargs)


@pytest.mark.parametrize("wrt", ["nothing", 4, -5, ("s", "nothing"), 1.5, None, ()])
def test_wrong_wrt(wrt):
    wrapped = sd.differentiable(price)
    with pytest.raises(TypeError) as caught:
        wrapped.grad(1.0, 2.0, wrt=wrt)
    assert "wrt" in str(caught.value)
    assert "s, k, t, rate" in str(caught.value)
    with pytest.raises(TypeError):
        sd.grad(price, wrt=wrt)(1.0, 2.0)


def test_argnums():
    wrapped = sd.differentiable(price)
    for call in (wrapped.grad, wrapped.value_and_grad):
        with pytest.raises(TypeError, match="wrt"):
            call(1.0, 2.0, argnums=1)
    with pytest.raises(TypeError, match="wrt"):
        sd.differentiable(price, argnums=0)


def test_a_parameter_called_wrt():
    def tune(wrt, x):
        return wrt * x * x

    assert sd.grad(tune, wrt="x")(3.0, 2.0) == 12.0
    assert sd.grad(tune, wrt="wrt")(3.0, 2.0) == 4.0
    assert sd.grad(tune)(wrt=3.0, x=2.0) == 4.0
    assert sd.differentiable(tune)(wrt=3.0, x=2.0) == 12.0


def test_wrong_options():
    for options, expected in (
        ({"strct": True}, "strict"),
        ({"simplify": "hard"}, "simplify"),
        ({"strict": 3}, "strict"),
    ):
        with pytest.raises((TypeError, ValueError), match=expected):
            sd.differentiable(price, **options)


# -- results -----------------------------------------------------------------------------------------------------------


def doubled(x):
    return x * 2.0


def pair(x):
    return x, x


def nothing(x):
    x + 1.0


def count(x):
    return len(x)


@pytest.mark.parametrize(
    ("function", "kind", "hint"),
    [
        (doubled, sd.NotScalarError, "sd.jacobian or sd.vjp"),
        (pair, sd.NotScalarError, "sd.jacobian or sd.vjp"),
        (nothing, sd.NotScalarError, ""),
        (count, sd.DtypeError, ""),
    ],
)
def test_results_without_gradient(function, kind, hint):
    with pytest.raises(kind) as caught:
        sd.grad(function)(np.ones(3))
    assert isinstance(caught.value, TypeError)
    assert hint in str(caught.value)


def test_a_result_of_an_array_points_at_it():
    with pytest.raises(sd.NotScalarError) as caught:
        sd.grad(doubled)(np.ones(3))
    assert_points_at(caught.value, doubled, "x * 2.0")


# -- ints --------------------------------------------------------------------------------------------------------------


def picked(x, k):
    return x[k] * x[k]


def powers(x, n):
    total = 0.0
    for _ in range(n):
        total = total + x
    return total


def test_an_int_used_as_index_or_bound_has_no_derivative():
    for function, text in ((picked, "x[k]"), (powers, "range(n)")):
        argument = np.ones(3) if function is picked else 1.5
        wrapped = sd.differentiable(function)
        with pytest.raises(TypeError) as caught:
            wrapped.grad(argument, 2, wrt=1)
        assert "test_bad_input.py:" in str(caught.value)
        assert line_of(function, text)[2] in str(caught.value)
        wrapped.grad(argument, 2)


def test_ints_that_are_no_index_are_floats():
    wrapped = sd.differentiable(lambda x, k: x * k * k)
    assert wrapped.grad(2.0, 3, wrt="k") == 12.0
    assert type(wrapped.grad(2, 3)) is float


# -- memory ------------------------------------------------------------------------------------------------------------


def stored(a, b):
    a[0] = b[1] * b[0]
    return np.sum(a * b)


@pytest.mark.parametrize("way", ["value", "grad", "value_and_grad", "derived", "vjp"])
def test_memory_shared_with_what_is_stored_into(way):
    base = np.arange(1.0, 6.0)
    wrapped = sd.differentiable(stored)
    calls = {"value": wrapped, "derived": sd.grad(stored, 1), "vjp": lambda a, b: sd.vjp(stored, a, b)}
    call = calls.get(way) or getattr(wrapped, way)
    call(base[:2].copy(), base[2:4].copy())
    for a, b in (
        (base, base),
        (base[:3], base[1:4]),
        (base[::-1], base),
        (base[::2], base[:3]),
        (base[1:3], base[2:4]),
    ):
        with pytest.raises(ValueError, match="shares memory") as caught:
            call(a, b)
        assert_points_at(caught.value, stored, "a[0]")
        assert "hint: pass a copy" in str(caught.value)
        np.testing.assert_array_equal(base, [1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_array_equal(sd.grad(stored)(base[:2], base[2:4]), [0.0, 4.0])


TABLE = np.array([3.0, 4.0])


def test_memory_shared_with_a_captured_array():
    def fill(a):
        a[0] = TABLE[1] * 2.0
        return np.sum(a * TABLE)

    wrapped = sd.differentiable(fill)
    assert wrapped(np.array([1.0, 2.0])) == 32.0
    with pytest.raises(ValueError, match="TABLE"):
        wrapped(TABLE)
    np.testing.assert_array_equal(TABLE, [3.0, 4.0])


def test_read_only_arrays():
    fixed = np.array([1.0, 3.0])
    fixed.setflags(write=False)
    wrapped = sd.differentiable(stored)
    with pytest.raises(ValueError, match="read-only") as caught:
        wrapped(fixed, np.ones(2))
    assert_points_at(caught.value, stored, "a[0]")
    np.testing.assert_array_equal(fixed, [1.0, 3.0])
    np.testing.assert_array_equal(wrapped.grad(fixed, np.ones(2), wrt=1), [2.0, 4.0])
    np.testing.assert_array_equal(fixed, [1.0, 3.0])


def test_nothing_is_stored_when_the_call_fails():
    def half_done(a, k):
        a[0] = 9.0
        a[k] = 8.0
        return np.sum(a)

    array = np.ones(3)
    with pytest.raises(IndexError):
        sd.differentiable(half_done)(array, 5)
    np.testing.assert_array_equal(array, 1.0)


# -- what is in the function -------------------------------------------------------------------------------------------


def calls_unknown(x):
    return math.sumprod_of(x) if False else open(x)


def test_unknown_functions():
    with pytest.raises(sd.UnknownFunctionError) as caught:
        sd.grad(calls_unknown)(2.0)
    assert "test_bad_input.py" in str(caught.value)


def with_class(x):
    class Local:
        value = 2.0

    return x * Local.value


def test_statements_that_are_refused():
    with pytest.raises(sd.UnsupportedSyntaxError) as caught:
        sd.grad(with_class)(3.0)
    assert_points_at(caught.value, with_class, "class Local:")
    assert isinstance(caught.value, NotImplementedError)
    assert "hint:" in str(caught.value)


def beginning(x, share):
    y = x
    if share < 1.0:
        y = x[: int(share * len(x))]
    return np.sum(y)


def test_lengths_of_paths_that_differ_when_it_runs():
    wrapped = sd.differentiable(beginning)
    assert wrapped(np.ones(4), 1.0) == 4.0
    with pytest.raises(sd.ShapeError, match=r"'?y'? has shape .* on one path and") as caught:
        wrapped(np.ones(4), 0.5)
    assert_points_at(caught.value, beginning, "share < 1.0")
