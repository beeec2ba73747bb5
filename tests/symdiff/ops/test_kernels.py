"""The kernel column of every elementwise row against NumPy, and its checks against CPython's exceptions.

Kernels are run here in plain Python: an instruction is its spelling in the code generator's table.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import special

from symdiff.ir.graph import Type
from symdiff.ops import REGISTRY, Primitive
from symdiff.ops.arithmetic import COMPLEX_POWER
from symdiff.ops.convert import KERNEL_TYPE
from symdiff.ops.scipy_row import SCIPY
from symdiff_codegen.instructions import NUMPY_NAME, ROWS, result_type
from symdiff_codegen.text_helpers import HELPERS

ELEMENTWISE = [row for row in REGISTRY.values() if row.elementwise]
ATTRS: dict[str, dict[str, Any]] = {"polygamma": {"order": 1}, "convert": {"dtype": "float32", "kind": "numpy"}}
INF, NAN = math.inf, math.nan
TOO_LARGE = "Python int too large to convert to C long"


@dataclass(frozen=True)
class Operand:
    """A typed number; ``value`` of a constant is known to kernels, as in the code generator."""

    number: Any
    type: str


class Constant(Operand):
    @property
    def value(self) -> Any:
        return self.number


NAMES = {"math": math, "np": np, "Fraction": Fraction, "special": special}
for source in HELPERS.values():
    exec(source, NAMES)


class Emitter:
    """Runs instructions at once. Python numbers take the type of the operand beside them."""

    def __getattr__(self, name: str) -> Any:
        return lambda *operands: self.emit(name.rstrip("_"), operands)

    def emit(self, name: str, operands: tuple[Any, ...]) -> Operand:
        known = [x.type for x in operands if isinstance(x, Operand) and (x.type != "i1" or name != "select")]
        typed = [x if isinstance(x, Operand) else Operand(x, lifted(x, known)) for x in operands]
        numbers = [number(x) for x in typed]
        types = [x.type for x in typed]
        spelling = ROWS[name].spelling(types).format(*(f"a[{k}]" for k in range(len(numbers))))
        result = eval(spelling, {**NAMES, "a": numbers})
        kind = result_type(name, types)
        return Operand(np.dtype(NUMPY_NAME[kind]).type(result), kind)


def lifted(x: Any, known: list[str]) -> str:
    if known:
        return known[0]
    return "i1" if isinstance(x, bool) else "f64" if isinstance(x, float) else "i64"


def number(operand: Operand) -> Any:
    plain = {"f64": np.float64, "f32": np.float32, "i64": int, "i32": int, "i1": bool}
    return plain[operand.type](operand.number)


def run(row: Primitive, operands: list[Operand], attrs: dict[str, Any]) -> Operand:
    k = Emitter()
    if isinstance(row.kernel, str):
        return getattr(k, row.kernel)(*operands)
    return row.kernel(k, *operands, **attrs)


def converted(row: Primitive, values: tuple[Any, ...], types: list[Type], attrs: dict[str, Any]) -> list[Operand]:
    dtypes = row.input_dtypes(types, attrs) if row.name != "convert" else [t.dtype for t in types]
    return [
        Operand(np.dtype(d).type(v) if not isinstance(v, int) or d != "int64" else v, KERNEL_TYPE[d])
        for v, d in zip(values, dtypes, strict=True)
    ]


FLOATS = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.75, -2.0, 3.0, 171.0, 800.0, -800.0, 1e308, -1e308, 5e-324, INF, -INF, NAN]
INTS = [0, 1, -1, 2, 3, -7, 12]
TRUTHS = [False, True]
DIVISIONS = {"floor_divide", "remainder", "fmod", "reciprocal"}
# NumPy's own value at these points is another convention than its loops elsewhere, or of other digits
LOOSE = {"gamma", "gammaln", "digamma", "polygamma", "sinc", "logaddexp", "power", "math_pow", "sigmoid", "rad2deg"}

# SciPy has algorithms of their own for these in single precision
SINGLE = {"powm1", "fdtr", "fdtrc", "fdtri"}


def grid(row: Primitive, dtype: str) -> Iterator[tuple[Any, ...]]:
    values = FLOATS if dtype.startswith("float") else TRUTHS if dtype == "bool" else INTS
    if row.name == "polygamma" or row.name in SCIPY:  # SciPy's own series take hours for huge parameters
        values = [v for v in values if not 200 < abs(v) < INF]
    if row.name.startswith("hyp"):
        values = [v for v in values if abs(v) < 200]
    pools = [values] * len(row.domain)
    if row.name == "where":
        pools[0] = TRUTHS
    if len(pools) == 3:
        pools = [pool[::2] for pool in pools]
    if len(pools) == 4:
        pools = [pool[::6] for pool in pools]
    return itertools.product(*pools)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
@pytest.mark.parametrize("row", ELEMENTWISE, ids=lambda row: row.name)
def test_kernel_computes_what_numpy_does(row: Primitive, dtype: str) -> None:
    attrs = ATTRS.get(row.name, {})
    types = [Type(dtype, (), "numpy")] * len(row.domain)
    for values in [] if dtype == "float32" and row.name in SINGLE else grid(row, dtype):
        given = [np.dtype("bool" if t is True or t is False else dtype).type(t) for t in values]
        try:
            expected = np.asarray(row(*given, **attrs))
        except (TypeError, ValueError, OverflowError):
            return
        if str(expected.dtype) not in KERNEL_TYPE:
            return
        if row.name.endswith("_to_int") and not abs(values[0]) < 2**63:
            continue
        if expected.dtype.kind == "i" and row.name in DIVISIONS and values[-1] == 0:
            continue  # NumPy gives 0 and a warning; who writes it on Python ints gets the exception
        if row.name == "math_pow" and given == [-INF, 0.5]:
            continue  # np.power, the spelling of the instruction, takes a square root there
        found = run(row, converted(row, tuple(given), types, attrs), attrs).number
        if row.name in LOOSE or dtype == "float32":
            rtol = 1e-5 if dtype == "float32" else 1e-11
            assert found == pytest.approx(expected[()], rel=rtol, abs=1e-300, nan_ok=True) or both_huge(found, expected)
        else:
            np.testing.assert_array_max_ulp(np.asarray(found, expected.dtype), expected, 2) if finite(
                found, expected
            ) else np.testing.assert_array_equal(found, expected, err_msg=f"{row.name} {values}")


def finite(*values: Any) -> bool:
    return all(np.asarray(v).dtype.kind == "f" and np.isfinite(v) for v in values)


def both_huge(found: Any, expected: Any) -> bool:
    """Where a float overflows is a matter of the order of operations."""
    return bool(abs(found) > 1e30 and abs(expected) > 1e30)


# -- checks ------------------------------------------------------------------------------------------------------------

PYTHON = [row for row in ELEMENTWISE if row.scalar is not None]


def first_failure(row: Primitive, values: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[str, str] | None:
    """The exception native code raises."""
    kinds = {bool: "bool", int: "int64", float: "float64"}
    types = [Type(kinds[type(v)], (), "python") for v in values]
    ints = not any(t.is_float for t in types)
    operands = converted(row, values, types, attrs)
    k = Emitter()
    for check in row.checks:
        if check.on and (check.on == "int") != ints:
            continue
        seen = [run(row, operands, attrs), *operands] if check.after else operands
        passed = check.passes(k, *seen)
        if not (passed if isinstance(passed, bool) else bool(passed.number)):
            return check.error, check.message
    return None


@pytest.mark.parametrize("ints", [False, True], ids=["float", "int"])
@pytest.mark.parametrize("row", PYTHON, ids=lambda row: row.name)
def test_checks_fail_where_python_does(row: Primitive, ints: bool) -> None:
    attrs = {"convert": {"dtype": "int64", "kind": "python"}}.get(row.name, {})
    numeric = {"dtype": "int64"} if row.name == "convert" else {}
    for values in grid(row, "int64" if ints else "float64"):
        if row.name == "power" and ints and values[1] < 0 and values[0] != 0:
            continue  # a float in Python, see test_power_of_ints
        if row.name == "range_length" and (not ints or values[2] == 0):
            continue  # it takes ints, and the loop itself refuses a step of 0
        if row.name == "list_position" and not ints:
            continue
        try:
            expected = None
            result = row.scalar(*values, **numeric)
            if isinstance(result, int) and not -(2**63) <= result < 2**63:
                expected = ("OverflowError", TOO_LARGE)
        except (ArithmeticError, LookupError, ValueError) as error:
            expected = (type(error).__name__, str(error))
        except TypeError:
            return
        if expected and expected[1] == TOO_LARGE and ints:
            continue  # overflow of integer instructions is checked by lowering
        if expected and expected[1] == "complex exponentiation":
            expected = ("ValueError", COMPLEX_POWER)  # complex, and too large for that
        assert first_failure(row, values, attrs) == expected, (row.name, values)
