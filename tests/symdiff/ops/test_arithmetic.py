"""Powers, and what depends on constants."""

import math
from typing import Any

import numpy as np
import pytest

from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, Type, Value
from symdiff.ops import REGISTRY, Traced
from symdiff.runtime.interpret import interpret
from tests.symdiff.ops.graphs import apply

power = REGISTRY["power"]
FLOAT = Type("float64", (), "python")


def nodes_of_rule(exponent: Any) -> list[str]:
    """Operations of the gradient of ``x ** exponent``."""
    build = Builder()
    x, g = (Traced(build, Value(FLOAT)) for _ in range(2))
    power.vjp[0](g, None, x, Traced(build, build.constant(exponent)))
    return [str(node.op) for node in build.nodes if node.op is not CONSTANT]


def test_constant_exponents_need_no_choice() -> None:
    assert nodes_of_rule(1) == []
    assert nodes_of_rule(2) == ["multiply", "multiply"]
    assert nodes_of_rule(3) == ["power", "multiply", "multiply"]
    assert nodes_of_rule(-0.5) == ["power", "multiply", "multiply"]


def test_constant_base_needs_no_logarithm() -> None:
    build = Builder()
    y, x, g = (Traced(build, Value(FLOAT)) for _ in range(3))
    result = power.vjp[1](g, y, Traced(build, build.constant(2.0)), x)
    assert "log" not in {str(node.op) for node in build.nodes}
    assert math.log(2.0) in {node.attrs.get("value") for node in build.nodes}
    assert result.type.dtype == "float64"


def test_power_of_ints() -> None:
    build = Builder()
    n = Traced(build, Value(Type("int64", (), "python")))
    assert (n**2).type == Type("int64", (), "python")
    assert (n**-1).type == FLOAT
    function = apply(power, [2, 3], {})
    assert interpret(function, 2, 3) == (8,)
    with pytest.raises(ValueError, match="a float base"):
        interpret(function, 2, -1)
    with pytest.raises(OverflowError):
        interpret(function, 2, 64)


def test_int_array_to_a_negative_power_is_refused_as_numpy_does() -> None:
    build = Builder()
    array = Traced(build, Value(Type("int64", (3,))))
    with pytest.raises(ValueError, match="Integers to negative integer powers are not allowed"):
        array**-1
    with pytest.raises(ValueError, match="Integers to negative integer powers are not allowed"):
        interpret(apply(power, [np.array([1, 2]), np.array([1, -2])], {}), np.array([1, 2]), np.array([1, -2]))


def test_complex_powers_are_refused() -> None:
    with pytest.raises(ValueError, match="complex"):
        interpret(apply(power, [-8.0, 0.5], {}), -8.0, 0.5)


@pytest.mark.parametrize(
    ("row", "operands", "message"),
    [
        ("divide", (1, 0), "division by zero"),
        ("divide", (1.0, 0.0), "float division by zero"),
        ("floor_divide", (1, 0), "integer division or modulo by zero"),
        ("floor_divide", (1.0, 0), "float floor division by zero"),
        ("remainder", (1, 0), "integer modulo by zero"),
        ("remainder", (1.0, 0), "float modulo"),
    ],
)
def test_division_by_zero_says_what_python_says(row: str, operands: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ZeroDivisionError, match=f"{message}$"):
        interpret(apply(REGISTRY[row], operands, {}), *operands)


def test_sums_of_truth_values() -> None:
    true = np.array([True, False])
    assert interpret(apply(REGISTRY["add"], [true, true], {}), true, true)[0].dtype == bool
    assert interpret(apply(REGISTRY["add"], [True, True], {}), True, True) == (2,)
