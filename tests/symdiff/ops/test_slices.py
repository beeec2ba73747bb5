"""Lengths of slices: against Python's ranges, shared where equal, and readable where usual."""

import itertools
from typing import Any

import pytest

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ops.sizes import at_least, ceil_divide, minus, plus, product, times
from symdiff.ops.slices import slice_bounds, slice_length
from symdiff.runtime.interpret import interpret

INT = Type("int64", (), "python")
PARTS = [None, 0, 1, 2, 5, -1, -2, -6]
STEPS = [None, 1, 2, 3, -1, -2]


def evaluate(build: Builder, params: list[Value], dim: Any, *arguments: int) -> int:
    if isinstance(dim, int):
        return dim
    (value,) = interpret(Function("length", Block(tuple(params), tuple(build.nodes), (dim,))), *arguments)
    return value


@pytest.mark.parametrize("step", STEPS)
def test_known_parts(step: int | None) -> None:
    for start, stop in itertools.product(PARTS, PARTS):
        build, n = Builder(raising=False), Value(INT, "n")
        length = slice_length(build, n, start, stop, step)
        for size in range(8):
            expected = len(range(size)[start:stop:step])
            assert evaluate(build, [n], length, size) == expected, (start, stop, size)
            assert slice_length(Builder(), size, start, stop, step) == expected


@pytest.mark.parametrize("which", ["start", "stop", "both", "all"])
def test_parts_at_run_time(which: str) -> None:
    build = Builder()
    n, a, b, s = (Value(INT, name) for name in "nabs")
    parts: dict[str, tuple[Any, Any, Any]] = {"start": (a, None, None), "stop": (None, b, 1)}
    parts |= {"both": (a, b, 2), "all": (a, b, s)}
    length = slice_length(build, n, *parts[which])
    for size, start, stop, step in itertools.product((0, 2, 5), range(-6, 7, 3), range(-6, 7, 2), (-2, -1, 1, 2, 3)):
        values = {n: size, a: start, b: stop, s: step, None: None}
        known = [values.get(part, part) for part in parts[which]]
        expected = len(range(size)[known[0] : known[1] : known[2]])
        assert evaluate(build, [n, a, b, s], length, size, start, stop, step) == expected


def test_bounds_are_those_of_slice_indices() -> None:
    for start, stop, step in itertools.product(PARTS, PARTS, (1, 2, -1)):
        build, n = Builder(), Value(INT, "n")
        first, last = slice_bounds(build, n, start, stop, step)
        for size in (0, 2, 5):
            found = [evaluate(build, [n], bound, size) for bound in (first, last)]
            if len(range(size)[start:stop:step]):
                assert tuple(found) == slice(start, stop, step).indices(size)[:2], (start, stop, step, size)


def test_a_step_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="slice step cannot be zero"):
        slice_length(Builder(), 5, None, None, 0)


def test_equal_slices_have_the_same_length() -> None:
    build, n = Builder(), Value(INT, "n")
    assert slice_length(build, n, 1, None, None) is slice_length(build, n, None, -1, None)
    shorter = slice_length(build, n, 1, None, None)
    assert slice_length(build, shorter, 1, None, None) is slice_length(build, n, 1, -1, None)
    assert slice_length(build, n, None, None, None) is n
    assert slice_length(build, n, None, None, -1) is n
    reverse = Builder(build, raising=False)
    assert slice_length(reverse, n, 1, None, None) is shorter


def test_sizes_fold() -> None:
    build, n = Builder(), Value(INT, "n")
    assert minus(build, plus(build, n, 3), 3) is n
    assert minus(build, plus(build, n, 3), n) == 3
    assert minus(build, plus(build, n, 1), plus(build, n, 1)) == 0
    assert times(build, 1, n) is n and times(build, n, 0) == 0
    assert product(build, (2, 3)) == 6 and product(build, (1, n)) is n
    assert product(build, (2, n, 3)) is product(build, (n, 6))
    assert ceil_divide(build, 7, 2) == 4 and ceil_divide(build, n, 1) is n
    assert at_least(build, -3, 0) == 0
    clipped = at_least(build, minus(build, n, 1), 0)
    assert at_least(build, clipped, 0) is clipped
