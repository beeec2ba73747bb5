"""The kink table: every example of it, and that rows and table name each other."""

from typing import Any

import numpy as np
import pytest

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ops import REGISTRY, Traced
from symdiff.ops.kinks import KINKS, Example, with_slope
from symdiff.runtime.interpret import interpret
from tests.symdiff.ops.graphs import type_of

EXAMPLES = [example for kink in KINKS.values() for example in kink.examples]


def gradients(example: Example, operands: list[Any], slope: tuple[str, float] | None = None) -> list[Any]:
    """What each rule gives, interpreted."""
    row, build = REGISTRY[example.row], Builder(raising=False)
    params = [Value(type_of(x, None)) for x in operands]
    xs = [Traced(build, p) for p in params]
    y = row(*xs, **example.attrs)
    g = Traced(build, Value(y.type))
    found = []
    for position, rule in enumerate(row.vjp):
        part = rule(g, y, *xs, **example.attrs) if rule is not None else None
        if slope is not None and part is not None:
            part = with_slope(slope[0], position, slope[1], part, g, *xs)
        found.append(part)
    results = tuple(part.value for part in found if part is not None)
    function = Function(example.row, Block((*params, g.value), tuple(build.nodes), results))
    values = iter(interpret(function, *operands, np.full(y.shape, example.cotangent, y.type.dtype)))
    return [None if part is None else next(values) for part in found]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.row}{example.arguments}")
@pytest.mark.parametrize("form", ["python", "scalar", "float32", "vector"])
def test_convention(example: Example, form: str) -> None:
    found = gradients(example, [shaped(x, form) for x in example.arguments])
    for gradient, expected in zip(found, example.gradients, strict=True):
        if expected is None:
            assert gradient is None
        else:
            wanted = np.broadcast_to(expected, np.shape(gradient))
            np.testing.assert_allclose(gradient, wanted, rtol=1e-6)


def shaped(x: Any, form: str) -> Any:
    if isinstance(x, list):
        return np.array(x, np.float32 if form == "float32" else float)
    if form == "python":
        return x
    if form == "vector":
        return np.full(3, x)
    return np.asarray(x, "float32" if form == "float32" and isinstance(x, float) else None)[()]


def test_a_constant_exponent_of_zero_has_no_gradient() -> None:
    build = Builder()
    x = Traced(build, Value(Type("float64", (), "python")))
    y = x**0.0
    assert REGISTRY["power"].vjp[0](y, y, x, Traced(build, build.constant(0.0))) is None


def test_rows_name_entries_that_name_them() -> None:
    for row in REGISTRY.values():
        if row.kink is not None:
            assert row.name in {example.row for example in KINKS[row.kink].examples}, row.name


def test_the_slope_at_a_kink_can_be_chosen() -> None:
    (at_zero,) = gradients(Example("absolute", (), ()), [np.array([-2.0, 0.0, 3.0])], ("abs", 1.0))
    np.testing.assert_array_equal(at_zero, [-1.0, 1.0, 1.0])
    a, b = np.array([1.0, 2.0]), np.array([1.0, 3.0])
    first, second = gradients(Example("maximum", (), ()), [a, b], ("maximum", 1.0))
    np.testing.assert_array_equal(first, [1.0, 0.0])
    np.testing.assert_array_equal(second, [0.0, 1.0])
    with pytest.raises(ValueError, match="cannot be changed"):
        with_slope("norm", 0, 1.0, 0.0, 1.0, 0.0)
