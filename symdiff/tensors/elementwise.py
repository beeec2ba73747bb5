"""Operations on each element, as graphs over the rows of the compiler."""

from __future__ import annotations

from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.tensors.dtypes import DType, bool_, default_dtype
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import Operation, common_dtype, operation, record
from symdiff.tensors.tracing import current

__all__ = [
    "BINARY",
    "COMPARISONS",
    "FLOAT_UNARY",
    "LOGICAL",
    "UNARY",
    "binary",
    "clamp",
    "cloned",
    "common_dtype",
    "compare",
    "convert",
    "copied",
    "expanded",
    "fitting",
    "logical",
    "masked_fill",
    "power",
    "silu",
    "test",
    "truths",
    "unary",
    "where",
]


def _row(name: str) -> Any:
    row = R[name]
    return lambda *xs: row(*xs)


def _check_broadcast(*inputs: Any) -> None:
    """PyTorch's message for shapes that do not broadcast."""
    a, b, *_ = (x.shape if isinstance(x, Lazy) else () for x in inputs)
    for back in range(1, min(len(a), len(b)) + 1):
        m, n = a[-back], b[-back]
        if m != n and 1 not in (m, n):
            axis = max(len(a), len(b)) - back
            raise RuntimeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension {axis}"
            )


def _binary(name: str, row: str, node: str) -> Operation:
    return Operation(name, _row(row), node, _check_broadcast)


@operation("to", "ToCopyBackward0")
def _convert(x: Any, dtype: str) -> Any:
    return R["convert"](x, dtype=dtype, kind="numpy")


@operation("pow", "PowBackward0")
def _power_static(x: Any, exponent: float) -> Any:
    if exponent == 2:
        return x * x
    if exponent == 1:
        return x * 1.0 if x.type.is_float else x * 1
    return R["power"](x, exponent)


@operation("relu", "ReluBackward0")
def _relu(x: Any) -> Any:
    # the slope at zero is zero, as PyTorch has it
    return R["where"](x <= 0, _zero(x), x)


def _zero(x: Any) -> Any:
    return 0.0 if x.type.is_float else 0


@operation("silu", "SiluBackward0")
def _silu(x: Any) -> Any:
    return x * R["sigmoid"](x)


@operation("where", "WhereBackward0")
def _where(condition: Any, a: Any, b: Any) -> Any:
    return R["where"](condition, a, b)


BINARY: dict[str, Operation] = {
    "add": _binary("add", "add", "AddBackward0"),
    "sub": _binary("sub", "subtract", "SubBackward0"),
    "mul": _binary("mul", "multiply", "MulBackward0"),
    "div": _binary("div", "divide", "DivBackward0"),
    "pow": _binary("pow", "power", "PowBackward1"),
    "maximum": _binary("maximum", "maximum", "MaximumBackward0"),
    "minimum": _binary("minimum", "minimum", "MinimumBackward0"),
    "atan2": _binary("atan2", "arctan2", "Atan2Backward0"),
    "floor_divide": _binary("floor_divide", "floor_divide", "NotImplemented"),
    "remainder": _binary("remainder", "remainder", "RemainderBackward0"),
}
"""Of two operands, which are brought to one dtype."""

NUMBER_FIRST: dict[str, Operation] = {
    "sub": _binary("rsub", "subtract", "RsubBackward1"),
    "div": _binary("rdiv", "divide", "MulBackward0"),
    "pow": _binary("rpow", "power", "PowBackward2"),
}
"""Those that PyTorch names otherwise where the first operand is a number."""

COMPARISONS: dict[str, Operation] = {
    name: _binary(name, row, "")
    for name, row in {
        "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    }.items()
}  # fmt: skip

LOGICAL: dict[str, Operation] = {
    name: _binary(name, f"bitwise_{row}", "") for name, row in {"and": "and", "or": "or", "xor": "xor"}.items()
}

UNARY: dict[str, Operation] = {
    name: Operation(name, _row(row), node)
    for name, row, node in [
        ("neg", "negative", "NegBackward0"),
        ("abs", "absolute", "AbsBackward0"),
        ("sign", "sign", "SignBackward0"),
        ("floor", "floor", "FloorBackward0"),
        ("ceil", "ceil", "CeilBackward0"),
        ("round", "rint", "RoundBackward0"),
        ("trunc", "trunc", "TruncBackward0"),
    ]
}
"""Of one operand, whose dtype is kept."""

FLOAT_UNARY: dict[str, Operation] = {
    name: Operation(name, _row(row), f"{node}Backward0")
    for name, row, node in [
        ("exp", "exp", "Exp"), ("log", "log", "Log"), ("sqrt", "sqrt", "Sqrt"), ("tanh", "tanh", "Tanh"),
        ("sin", "sin", "Sin"), ("cos", "cos", "Cos"), ("tan", "tan", "Tan"), ("sigmoid", "sigmoid", "Sigmoid"),
        ("log1p", "log1p", "Log1P"), ("expm1", "expm1", "Expm1"), ("log2", "log2", "Log2"), ("log10", "log10", "Log10"),
        ("exp2", "exp2", "Exp2"), ("sinh", "sinh", "Sinh"), ("cosh", "cosh", "Cosh"), ("asin", "arcsin", "Asin"),
        ("acos", "arccos", "Acos"), ("atan", "arctan", "Atan"), ("asinh", "arcsinh", "Asinh"),
        ("acosh", "arccosh", "Acosh"), ("atanh", "arctanh", "Atanh"), ("erf", "erf", "Erf"), ("erfc", "erfc", "Erfc"),
        ("erfinv", "erfinv", "Erfinv"), ("lgamma", "gammaln", "Lgamma"), ("digamma", "digamma", "Digamma"),
        ("reciprocal", "reciprocal", "Reciprocal"), ("expit", "sigmoid", "Sigmoid"),
    ]
}  # fmt: skip
"""Of one operand; integers become the default float dtype first."""
FLOAT_UNARY["rsqrt"] = Operation("rsqrt", lambda x: 1.0 / R["sqrt"](x), "RsqrtBackward0")
UNARY["relu"] = _relu
UNARY["invert"] = Operation("bitwise_not", _row("bitwise_not"), "")


def convert(x: Lazy, dtype: DType) -> Lazy:
    """In another dtype; the value itself where it has it."""
    return x if x.dtype is dtype else record(_convert, (x,), (dtype.name,))


def fitting(x: Any, dtype: DType) -> Any:
    """An operand of a dtype; a number keeps being one."""
    if isinstance(x, Lazy):
        return x if x.dtype is dtype else convert(x, dtype)
    return (float if dtype.category == 2 else int if dtype.category == 1 else bool)(x)


def binary(name: str, a: Any, b: Any) -> Lazy:
    """An operation of two operands, each a value or a Python number."""
    if type(a) is Lazy and a.dtype.category == 2 and (type(b) is float or (type(b) is Lazy and b.dtype is a.dtype)):
        return record(BINARY[name], (a, b))  # the most common case, told from the others at once
    dtype = common_dtype((a, b))
    if name == "div" and dtype.category < 2:
        dtype = default_dtype()
    if dtype is bool_ and name == "sub":
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
            "Use the `^` or `logical_xor()` operator instead."
        )
    op = BINARY[name] if isinstance(a, Lazy) else NUMBER_FIRST.get(name, BINARY[name])
    return record(op, (fitting(a, dtype), fitting(b, dtype)))


def compare(name: str, a: Any, b: Any) -> Lazy:
    """A comparison, of dtype bool."""
    dtype = common_dtype((a, b))
    return record(COMPARISONS[name], (fitting(a, dtype), fitting(b, dtype)))


def logical(name: str, a: Any, b: Any) -> Lazy:
    """``&``, ``|`` and ``^`` of bools and integers."""
    dtype = common_dtype((a, b))
    if dtype.category == 2:
        raise RuntimeError(f"\"bitwise_{name}_cpu\" not implemented for '{dtype.tensor_type[6:-6]}'")
    return record(LOGICAL[name], (fitting(a, dtype), fitting(b, dtype)))


def unary(name: str, x: Lazy) -> Lazy:
    """An operation of one operand."""
    op = UNARY.get(name)
    if op is not None:
        return record(op, (x,))
    return record(FLOAT_UNARY[name], (x if x.dtype.category == 2 else convert(x, default_dtype()),))


def power(x: Lazy, exponent: Any) -> Lazy:
    """A power; an exponent that is a number is static, so its derivative is simple."""
    if isinstance(exponent, Lazy):
        return binary("pow", x, exponent)
    if isinstance(exponent, float) and x.dtype.category < 2:
        x = convert(x, default_dtype())
    return record(_power_static, (x,), (exponent,))


def where(condition: Lazy, a: Any, b: Any) -> Lazy:
    """One of two, by element."""
    dtype = common_dtype((a, b))
    return record(_where, (condition, fitting(a, dtype), fitting(b, dtype)))


_masked = Operation("masked_fill", lambda mask, filler, x: R["where"](mask, filler, x), "MaskedFillBackward0")


def masked_fill(x: Lazy, mask: Lazy, filler: Any) -> Lazy:
    """A number, or a value without axes, where the mask holds."""
    return record(_masked, (mask, fitting(filler, x.dtype), x))


def silu(x: Lazy) -> Lazy:
    """``x * sigmoid(x)``."""
    return record(_silu, (x,))


@operation("clone", "CloneBackward0")
def _clone(x: Any) -> Any:
    return x


@operation("clamp", "ClampBackward1")
def _clamp_numbers(x: Any, low: Any, high: Any) -> Any:
    # the slope at a bound is one, as PyTorch has it
    if low is not None:
        x = R["where"](x < low, low, x)
    return x if high is None else R["where"](x > high, high, x)


@operation("expand", "ExpandBackward0")
def _expand(x: Any, shape: tuple[int, ...]) -> Any:
    return R["broadcast_to"](x, shape=shape) if shape != x.shape else x


def cloned(x: Lazy) -> Lazy:
    """The same elements, as a result of an operation."""
    return record(_clone, (x,))


_copy = Operation("copy", _clone.build, "CopyBackwards")


def copied(x: Lazy) -> Lazy:
    """The same elements, as what a store of another tensor leaves."""
    return record(_copy, (x,))


def expanded(x: Lazy, shape: tuple[int, ...]) -> Lazy:
    """Broadcast to a shape; the value itself where it has it."""
    return x if x.shape == shape else record(_expand, (x,), (shape,))


@operation("clamp", "ClampBackward1")
def _clamp_between(x: Any, *bounds: Any) -> Any:
    *numbers, has_low, has_high = bounds
    return _clamp_numbers.build(x, numbers[0] if has_low else None, numbers[-1] if has_high else None)


@operation("clamp", "ClampBackward0", _check_broadcast)
def _clamp_elements(x: Any, *bounds: Any) -> Any:
    # the slope of all but a bound that is beyond is the element's own, as PyTorch has it
    *arrays, has_low, has_high = bounds
    if not (has_low and has_high):
        (bound,) = arrays
        inside, beyond = (x >= bound, x < bound) if has_low else (x <= bound, x > bound)
        return R["where"](inside, x, R["where"](beyond, bound, R["stop_gradient"](x + bound)))
    low, high = arrays
    known = R["logical_and"](x == x, low == low)
    above = R["logical_and"](known, R["logical_or"](x > high, high < low))
    rest = R["where"](above, high, R["stop_gradient"](R["minimum"](R["maximum"](x, low), high)))
    below = R["where"](R["logical_and"](x < low, low < high), low, rest)
    return R["where"](R["logical_and"](x >= low, x <= high), x, below)


def clamp(x: Lazy, low: Any, high: Any) -> Lazy:
    """Between two bounds, each a number, a value, or None."""
    bounds = [bound for bound in (low, high) if bound is not None]
    given = (low is not None, high is not None)
    if isinstance(low, Lazy) or isinstance(high, Lazy):
        dtype = common_dtype((x, *bounds))
        if dtype.category < 2:
            x = x if low is None else binary("maximum", x, low)
            return x if high is None else binary("minimum", x, high)
        values = [convert(value, dtype) if isinstance(value, Lazy) else value for value in (x, *bounds)]
        return record(_clamp_elements, tuple(values), given)
    if any(isinstance(bound, float) for bound in (low, high)) and x.dtype.category < 2:
        x = convert(x, default_dtype())
    if current() is not None and any(bound != bound for bound in bounds):  # it may stand for one that a run will tell
        return record(_clamp_between, (x, *map(float, bounds)), given)
    return record(_clamp_numbers, (x,), (low, high))


def truths(name: str, a: Any, b: Any) -> Lazy:
    """``and``, ``or`` and ``xor`` of what is not zero."""
    a, b = (compare("ne", x, 0) if isinstance(x, Lazy) else bool(x) for x in (a, b))
    return record(LOGICAL[name], (a, b))


_TESTS = {name: Operation(name, _row(name), "") for name in ("isnan", "isinf", "isfinite")}


def test(name: str, x: Lazy) -> Lazy:
    """``isnan``, ``isinf`` and ``isfinite``."""
    return record(_TESTS[name], (x if x.dtype.category == 2 else convert(x, default_dtype()),))
