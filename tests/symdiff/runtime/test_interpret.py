"""The interpreter on graphs built by hand: kinds, control flow, stacks, sizes and errors with their place."""

import math
from typing import Any

import numpy as np
import pytest

from symdiff.errors import InternalError, Location, ShapeError, SymdiffError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.shapes import require_same
from symdiff.ir.verify import verify
from symdiff.ops import REGISTRY, Traced
from symdiff.runtime.interpret import interpret

FLOAT, INT = Type("float64", (), "python"), Type("int64", (), "python")
HERE = Location("model.py", 12, 9)


def function(build: Builder, params: list[Value], *results: Value | Traced) -> Function:
    values = tuple(r.value if isinstance(r, Traced) else r for r in results)
    return verify(Function("f", Block(tuple(params), tuple(build.nodes), values)))


def loop(build: Builder, start: Any, stop: Any, step: Any, carried: list[Value], body: Any) -> tuple[Value, ...]:
    """A ``for``; ``body(build, index, *carried)`` gives the carried values of the next trip."""
    inner = build.inner()
    index = Value(INT, "i")
    params = [Value(v.type) for v in carried]
    results = body(inner, *(Traced(inner, v) for v in (index, *params)))
    block = inner.finish((index, *params), [r.value for r in results])
    bounds = [b if isinstance(b, Value) else build.constant(b) for b in (start, stop, step)]
    return build.for_(*bounds, carried, block)


def test_python_scalars_stay_python_and_raise() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    build.where = HERE
    result = function(build, [x], REGISTRY["log"](Traced(build, x)))
    (value,) = interpret(result, 2.0)
    assert type(value) is float and value == math.log(2.0)
    with pytest.raises(ValueError, match=r"model.py:12:9: math domain error") as caught:
        interpret(result, 0.0)
    assert isinstance(caught.value, SymdiffError)


def test_numpy_scalars_follow_ieee() -> None:
    build, x = Builder(), Value(Type("float64"), "x")
    result = function(build, [x], 1.0 / Traced(build, x), REGISTRY["log"](Traced(build, x)))
    inverse, log = interpret(result, np.float64(0.0))
    assert (inverse, log) == (math.inf, -math.inf)
    assert type(inverse) is np.float64


def test_float32_stays_float32() -> None:
    build, x = Builder(), Value(Type("float32", (3,)), "x")
    (value,) = interpret(function(build, [x], 2.0 * Traced(build, x)), np.ones(3, np.float32))
    assert value.dtype == np.float32


@pytest.mark.parametrize(("n", "expected"), [(0, 1.5), (1, 2.25), (5, 27.765625)])
def test_for_loop(n: int, expected: float) -> None:
    build, x, trips = Builder(), Value(FLOAT, "x"), Value(INT, "n")
    (out,) = loop(build, 0, trips, 1, [x], lambda b, i, v: [v * Traced(b, x) + i])
    assert interpret(function(build, [x, trips], out), 1.5, n) == (expected,)


def test_for_loop_backwards_and_by_zero() -> None:
    build, step = Builder(), Value(INT, "step")
    (out,) = loop(build, 5, 0, step, [build.constant(0)], lambda b, i, total: [10 * total + i])
    result = function(build, [step], out)
    assert interpret(result, -2) == (531,)
    with pytest.raises(ValueError, match=r"range\(\) arg 3 must not be zero"):
        interpret(result, 0)


def test_carried_int_that_is_a_float() -> None:
    """``total = 0`` before a loop of floats: the carried value is a float from the start."""
    build, trips = Builder(), Value(INT, "n")
    inner = build.inner()
    index, total = Value(INT), Value(FLOAT)
    block = inner.finish((index, total), ((Traced(inner, total) + 0.5).value,))
    zero, one = build.constant(0), build.constant(1)
    start = REGISTRY["convert"](Traced(build, zero), dtype="float64", kind="python")
    (out,) = build.for_(zero, trips, one, [start.value], block)
    result = function(build, [trips], out)
    assert interpret(result, 3) == (1.5,)
    assert type(interpret(result, 0)[0]) is float


def test_while_loop() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    test, body = build.inner(), build.inner()
    before, inside = Value(FLOAT), Value(FLOAT)
    condition = (Traced(test, before) < 100.0).value
    following = (Traced(body, inside) * Traced(body, x)).value
    (out,) = build.while_([x], test.finish([before], [condition]), body.finish([inside], [following]))
    result = function(build, [x], out)
    assert interpret(result, 1.5) == (1.5**12,)
    assert interpret(result, 200.0) == (200.0,)


def test_only_the_branch_taken_runs() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    then, otherwise = build.inner(), build.inner()
    log = REGISTRY["log"](Traced(then, x))
    zero = otherwise.constant(0.0)
    condition = (Traced(build, x) > 0.0).value
    (out,) = build.if_(condition, then.finish((), [log.value]), otherwise.finish((), [zero]))
    result = function(build, [x], out)
    assert interpret(result, 1.0) == (0.0,)
    assert interpret(result, -1.0) == (0.0,)


def test_stores_leave_the_old_value() -> None:
    n = Value(INT, "n")
    build, x = Builder(), Value(Type("float64", (n,)), "x")
    where = Traced(build, build.constant(1))
    stored = REGISTRY["put"](Traced(build, x), 7.0, where, index=(("int",),))
    given = np.zeros(3)
    old, new = interpret(function(build, [x], x, stored), given)
    np.testing.assert_array_equal(old, np.zeros(3))
    np.testing.assert_array_equal(new, [0.0, 7.0, 0.0])


def test_stacks_are_values() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    empty = Traced(build, build.add(REGISTRY["new_stack"], dtype="float64", shape=()))
    first = REGISTRY["push"](empty, Traced(build, x))
    second = REGISTRY["push"](first, 2.0)
    rest, top = REGISTRY["pop"](second)
    _, bottom = REGISTRY["pop"](rest)
    _, again = REGISTRY["pop"](first)
    assert interpret(function(build, [x], top, bottom, again), 1.5) == (2.0, 1.5, 1.5)
    build = Builder()
    empty = Traced(build, build.add(REGISTRY["new_stack"], dtype="float64", shape=()))
    with pytest.raises(IndexError, match="empty stack"):
        interpret(function(build, [], REGISTRY["pop"](empty)[1]))


def test_rule_of_push_is_pop_and_of_pop_is_push() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    empty = Traced(build, build.add(REGISTRY["new_stack"], dtype="float64", shape=()))
    stack = REGISTRY["push"](empty, Traced(build, x))
    rest, top = REGISTRY["pop"](stack)
    cotangent = REGISTRY["pop"].vjp[0]((None, Traced(build, build.constant(3.0))), (rest, top), stack)
    value_bar = REGISTRY["push"].vjp[1](cotangent, stack, empty, Traced(build, x))
    assert interpret(function(build, [x], value_bar), 1.5) == (3.0,)


# -- sizes and errors --------------------------------------------------------------------------------------------------


def test_sizes_are_bound_by_parameters_and_checked() -> None:
    n, m = Value(INT, "n"), Value(INT, "m")
    build, x, y = Builder(), Value(Type("float64", (n,)), "x"), Value(Type("float64", (m,)), "y")
    build.where = HERE
    result = function(build, [x, y], Traced(build, x) + Traced(build, y), n)
    total, size = interpret(result, np.ones(3), np.ones(3))
    assert size == 3 and total.shape == (3,)
    with pytest.raises(ShapeError, match=r"model.py:12:9: operands of shapes .* cannot be broadcast"):
        interpret(result, np.ones(3), np.ones(4))


def test_sizes_required_to_be_equal_say_so() -> None:
    n, m = Value(INT, "n"), Value(INT, "m")
    build = Builder()
    require_same(build, n, m, "")
    result = function(build, [n, m], n)
    assert interpret(result, 2, 2) == (2,)
    with pytest.raises(ShapeError, match="sizes 2 and 3 differ"):
        interpret(result, 2, 3)


def test_one_symbol_has_one_size() -> None:
    n = Value(INT, "n")
    build, x, y = Builder(), Value(Type("float64", (n,)), "x"), Value(Type("float64", (n,)), "y")
    result = function(build, [x, y], x)
    with pytest.raises(ShapeError, match=r"argument 'y' has shape \(4,\), not \(3,\)"):
        interpret(result, np.ones(3), np.ones(4))
    with pytest.raises(ShapeError, match="argument 'x' has 2 dimensions, not 1"):
        interpret(result, np.ones((3, 1)), np.ones(4))
    with pytest.raises(InternalError, match="takes 2 arguments, not 1"):
        interpret(result, np.ones(3))


@pytest.mark.parametrize(
    ("operand", "index", "kind", "message"),
    [
        (5, (("int",),), IndexError, "index 5 is out of bounds for axis 0 with size 3"),
        (-4, (("int",),), IndexError, "index -4 is out of bounds for axis 0 with size 3"),
    ],
)
def test_index_errors_have_their_place(operand: int, index: Any, kind: type[Exception], message: str) -> None:
    n, i = Value(INT, "n"), Value(INT, "i")
    build, x = Builder(), Value(Type("float64", (n,)), "x")
    build.where = HERE
    result = function(build, [x, i], REGISTRY["index"](Traced(build, x), Traced(build, i), index=index))
    with pytest.raises(kind, match=f"model.py:12:9: {message}"):
        interpret(result, np.ones(3), operand)


def test_singular_matrix() -> None:
    build, a = Builder(), Value(Type("float64", (2, 2)), "a")
    build.where = HERE
    result = function(build, [a], REGISTRY["inv"](Traced(build, a)))
    with pytest.raises(np.linalg.LinAlgError, match=r"model.py:12:9: Singular matrix"):
        interpret(result, np.zeros((2, 2)))


def test_integers_overflow() -> None:
    build, n = Builder(), Value(INT, "n")
    result = function(build, [n], Traced(build, n) * 2)
    assert interpret(result, 2**61) == (2**62,)
    with pytest.raises(OverflowError):
        interpret(result, 2**62)


def test_a_long_graph_needs_no_deep_stack() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    value = Traced(build, x)
    for _ in range(20_000):
        value = value + 1.0
    assert interpret(function(build, [x], value), 0.0) == (20_000.0,)
