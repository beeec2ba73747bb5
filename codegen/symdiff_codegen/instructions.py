"""The scalar operations of a kernel, one row each, and the fixed order of a reduction.

A row says everything about an operation that does not need LLVM: the types it takes and gives, how it is spelled in
Python, what it costs, how exact the native result is, and where to sample it. ``llvm_ops`` holds one emitter per row,
and the tests enumerate the rows, so a new row without an emitter or with another meaning than its spelling fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from .special import ARITY, PREFIX

T = TypeVar("T")

FLOATS = ("f64", "f32")
INTEGERS = ("i64", "i32")
MAGNITUDE_BITS = {"i64": 63, "i32": 31}  # without the sign
NUMBERS = FLOATS + INTEGERS
TYPES = (*NUMBERS, "i1")
ITEMSIZE = MappingProxyType({"f64": 8, "f32": 4, "i64": 8, "i32": 4, "i1": 1})
NUMPY_NAME = MappingProxyType({"f64": "float64", "f32": "float32", "i64": "int64", "i32": "int32", "i1": "bool"})
KIND = MappingProxyType({"f64": "float", "f32": "float", "i64": "integer", "i32": "integer", "i1": "boolean"})

Signatures = Mapping[tuple[str, ...], str]
Spelling = str | Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """One scalar operation.

    Attributes
    ----------
    name
        The operation's name in ``Let``.
    signatures
        Argument types to result type.
    python
        A template for ``str.format``, or one template per kind of the last argument (float, integer, boolean).
        ``{bits}`` stands for the bits of an integer besides its sign. Functions that neither Python nor NumPy has are
        helpers of ``text``.
    cost
        Roughly how many additions it costs.
    ulps
        How far the native result may be from the spelling's result; 0 means the same bits.
    domain
        Where tests draw floating-point arguments from.
    """

    name: str
    signatures: Signatures
    python: Spelling
    cost: float = 1
    ulps: float = 0
    domain: tuple[float, float] = (-4.0, 4.0)

    def spelling(self, types: Sequence[str]) -> str:
        """Return the Python template for arguments of these types."""
        return self.python if isinstance(self.python, str) else self.python[KIND[types[-1]]]


def _same(count: int, *types: str) -> Signatures:
    return {(t,) * count: t for t in types}


def _test(count: int, *types: str) -> Signatures:
    return {(t,) * count: "i1" for t in types}


def _function(
    name: str,
    python: str,
    cost: float = 20,
    arity: int = 1,
    ulps: float = 4,
    domain: tuple[float, float] = (-4.0, 4.0),
) -> Row:
    """Return the row of an elementary function of floats."""
    arguments = ", ".join(f"{{{position}}}" for position in range(arity))
    return Row(name, _same(arity, *FLOATS), f"{python}({arguments})", cost, ulps, domain)


_ARITHMETIC = (
    # Integers wrap around; where the program must notice, `add_ok` and its kin guard the operation.
    Row("add", _same(2, *NUMBERS), "{0} + {1}"),
    Row("sub", _same(2, *NUMBERS), "{0} - {1}"),
    Row("mul", _same(2, *NUMBERS), "{0} * {1}"),
    Row("div", _same(2, *FLOATS), "np.divide({0}, {1})", cost=5),
    Row("neg", _same(1, *NUMBERS), "-{0}"),
    Row("abs", _same(1, *NUMBERS), "abs({0})"),
    Row("fma", _same(3, *FLOATS), "fma({0}, {1}, {2})"),
    Row("sqrt", _same(1, *FLOATS), "np.sqrt({0})", cost=6, domain=(0.0, 9.0)),
    Row("floor", _same(1, *FLOATS), "np.floor({0})"),
    Row("ceil", _same(1, *FLOATS), "np.ceil({0})"),
    Row("trunc", _same(1, *FLOATS), "np.trunc({0})"),
    Row("rint", _same(1, *FLOATS), "np.rint({0})"),
    Row("copysign", _same(2, *FLOATS), "np.copysign({0}, {1})"),
    # A NaN wins over a number, and the second of two equal arguments is taken: exactly np.minimum and np.maximum.
    Row("min", _same(2, *NUMBERS), {"float": "np.minimum({0}, {1})", "integer": "min({0}, {1})"}, cost=2),
    Row("max", _same(2, *NUMBERS), {"float": "np.maximum({0}, {1})", "integer": "max({0}, {1})"}, cost=2),
    Row("fmod", _same(2, *FLOATS), "np.fmod({0}, {1})", cost=20),
    Row("fremainder", _same(2, *FLOATS), "np.remainder({0}, {1})", cost=25),
    Row("ffloordiv", _same(2, *FLOATS), "np.floor_divide({0}, {1})", cost=30),
)

_ELEMENTARY = (
    _function("exp", "np.exp", cost=15),
    _function("log", "np.log", cost=15, domain=(1e-6, 50.0)),
    _function("sin", "np.sin"),
    _function("cos", "np.cos"),
    _function("tan", "np.tan", cost=30),
    _function("tanh", "np.tanh", cost=20),
    _function("pow", "np.power", cost=50, arity=2, domain=(0.0, 6.0)),
    _function("expm1", "np.expm1"),
    _function("log1p", "np.log1p", domain=(-0.99, 50.0)),
    _function("exp2", "np.exp2", cost=15),
    _function("log2", "np.log2", cost=15, domain=(1e-6, 50.0)),
    _function("log10", "np.log10", cost=15, domain=(1e-6, 50.0)),
    _function("cbrt", "np.cbrt"),
    _function("sinh", "np.sinh", cost=30),
    _function("cosh", "np.cosh", cost=30),
    _function("asin", "np.arcsin", domain=(-1.0, 1.0)),
    _function("acos", "np.arccos", domain=(-1.0, 1.0)),
    _function("atan", "np.arctan"),
    _function("atan2", "np.arctan2", cost=30, arity=2),
    _function("asinh", "np.arcsinh", cost=30),
    _function("acosh", "np.arccosh", cost=30, domain=(1.0, 50.0)),
    _function("atanh", "np.arctanh", cost=30, domain=(-0.99, 0.99)),
    _function("hypot", "np.hypot", cost=20, arity=2),
    _function("erf", "math.erf", cost=25),
    _function("erfc", "math.erfc", cost=30),
    _function("gamma", "gamma", cost=60, ulps=12, domain=(0.1, 20.0)),
    # Near its zeros the last places of lgamma are noise in every library.
    _function("lgamma", "lgamma", cost=60, ulps=200, domain=(3.0, 20.0)),
)

_INTEGER = (
    # Python's signs. Division by zero gives 0 here as in NumPy; a program that must notice checks before.
    Row("floordiv", _same(2, *INTEGERS), "{0} // {1}", cost=12),
    Row("mod", _same(2, *INTEGERS), "{0} % {1}", cost=12),
    Row("shl", _same(2, *INTEGERS), "shl({0}, {1}, {bits})", cost=2),
    Row("shr", _same(2, *INTEGERS), "{0} >> {1}", cost=2),
    Row("ipow", _same(2, *INTEGERS), "{0} ** {1}", cost=20),
    Row("add_ok", _test(2, *INTEGERS), "fits({0} + {1}, {bits})"),
    Row("sub_ok", _test(2, *INTEGERS), "fits({0} - {1}, {bits})"),
    Row("mul_ok", _test(2, *INTEGERS), "fits({0} * {1}, {bits})"),
    Row("ipow_ok", _test(2, *INTEGERS), "fits({0} ** {1}, {bits})", cost=20),
)

_LOGIC = (
    Row("and", _same(2, *INTEGERS, "i1"), {"integer": "{0} & {1}", "boolean": "{0} and {1}"}),
    Row("or", _same(2, *INTEGERS, "i1"), {"integer": "{0} | {1}", "boolean": "{0} or {1}"}),
    Row("xor", _same(2, *INTEGERS, "i1"), {"integer": "{0} ^ {1}", "boolean": "{0} != {1}"}),
    Row("not", _same(1, "i1"), "not {0}"),
    Row("eq", _test(2, *TYPES), "{0} == {1}"),
    Row("ne", _test(2, *TYPES), "{0} != {1}"),
    Row("lt", _test(2, *NUMBERS), "{0} < {1}"),
    Row("le", _test(2, *NUMBERS), "{0} <= {1}"),
    Row("gt", _test(2, *NUMBERS), "{0} > {1}"),
    Row("ge", _test(2, *NUMBERS), "{0} >= {1}"),
    Row("select", {("i1", t, t): t for t in TYPES}, "{1} if {0} else {2}"),
    Row("isnan", _test(1, *FLOATS), "np.isnan({0})"),
    Row("isinf", _test(1, *FLOATS), "np.isinf({0})"),
    Row("isfinite", _test(1, *FLOATS), "np.isfinite({0})"),
    Row("signbit", _test(1, *FLOATS), "np.signbit({0})"),
)

_CONVERSION = (
    Row("f64", {(t,): "f64" for t in TYPES}, "float({0})"),
    Row("f32", {(t,): "f32" for t in TYPES}, "np.float32({0})"),
    # A float is cut towards zero; that it fits has been checked before.
    Row("i64", {(t,): "i64" for t in TYPES}, "int({0})"),
    Row("i32", {(t,): "i32" for t in TYPES}, "int({0})"),
    Row("i1", {(t,): "i1" for t in TYPES}, "{0} != 0"),
)

# SciPy's: `special` finds them, and says what they are.
_SPECIAL = tuple(
    Row(
        f"{PREFIX}{name}",
        {("f64",) * arity: "f64"},
        f"special.{name}({', '.join(f'{{{position}}}' for position in range(arity))})",
        cost=100,
        domain=(0.1, 0.9),
    )
    for name, arity in ARITY.items()
)

ROWS: Mapping[str, Row] = MappingProxyType(
    {row.name: row for row in _ARITHMETIC + _ELEMENTARY + _INTEGER + _LOGIC + _CONVERSION + _SPECIAL}
)

ELEMENTARY = tuple(row.name for row in _ELEMENTARY)
SPECIAL = tuple(row.name for row in _SPECIAL)


def result_type(op: str, types: Sequence[str]) -> str:
    """Return the type of ``op`` applied to arguments of these types.

    Parameters
    ----------
    op
        The name of a row.
    types
        The types of the arguments.

    Raises
    ------
    TypeError
        If there is no such row, or the row does not take these types.
    """
    row = ROWS.get(op)
    if row is None:
        raise TypeError(f"there is no scalar operation {op!r}")
    found = row.signatures.get(tuple(types))
    if found is None:
        raise TypeError(f"{op} does not take ({', '.join(types)})")
    return found


# Reductions.

LANES = 16


@dataclass(frozen=True)
class ReductionRow:
    """One reduction: the operation that combines two values, and the value each lane starts from."""

    name: str
    combine: str
    starts: Mapping[str, float | int | bool]
    empty: float | int | bool | None = None

    def start(self, type: str) -> float | int | bool:
        """Return what a lane holds before it has met an element."""
        return self.starts[type]

    def empty_value(self, type: str) -> float | int | bool:
        """Return the result over no elements at all."""
        return self.starts[type] if self.empty is None else self.empty


def _limits(float_value: float, lowest: bool) -> Mapping[str, float | int | bool]:
    bits = {"i64": 63, "i32": 31}
    integers = {t: -(2**b) if lowest else 2**b - 1 for t, b in bits.items()}
    return {"f64": float_value, "f32": float_value, **integers}


REDUCTIONS: Mapping[str, ReductionRow] = MappingProxyType(
    {
        row.name: row
        for row in (
            # -0.0 is the one start that leaves every element as it is, -0.0 included.
            ReductionRow("sum", "add", {"f64": -0.0, "f32": -0.0, "i64": 0, "i32": 0}, empty=0),
            ReductionRow("prod", "mul", dict.fromkeys(NUMBERS, 1)),
            ReductionRow("max", "max", _limits(float("-inf"), lowest=True)),
            ReductionRow("min", "min", _limits(float("inf"), lowest=False)),
            ReductionRow("any", "or", {"i1": False}),
            ReductionRow("all", "and", {"i1": True}),
        )
    }
)


def lane_tree(terms: Sequence[T], combine: Callable[[T, T], T]) -> T:
    """Combine terms in the order of a vector reduction, so that unrolled code gives the same bits.

    Lane ``l`` combines the terms ``l, l + 16, l + 32, ...`` in order; then lanes are combined in the tree
    ``(l, l+8), (l, l+4), (l, l+2), (l, l+1)``. A lane without terms takes no part: its start value changes nothing.

    Parameters
    ----------
    terms
        At least one term. The result over none is ``REDUCTIONS[name].empty_value(type)``.
    combine
        Called with two terms (or results of earlier calls), the left one first.
    """
    if not terms:
        raise ValueError("there is no term to combine")
    lanes: list[T] = list(terms[:LANES])
    for position in range(LANES, len(terms)):
        lane = position % LANES
        lanes[lane] = combine(lanes[lane], terms[position])
    half = LANES // 2
    while half:
        for lane in range(min(half, len(lanes) - half)):
            lanes[lane] = combine(lanes[lane], lanes[lane + half])
        lanes = lanes[:half]
        half //= 2
    return lanes[0]


# Linear algebra by name, with the core signature of the function that does it (as NumPy writes them).


@dataclass(frozen=True)
class LinalgRow:
    """A function of whole matrices: NumPy's inner loop, the core dimensions of its operands, and its spelling.

    ``helper`` names a function of ``text_helpers`` that the spelling calls.
    """

    symbol: str
    signature: str
    python: str
    helper: str = ""

    @property
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """The core dimensions of each input."""
        return _operands(self.signature.split("->")[0])

    @property
    def outputs(self) -> tuple[tuple[str, ...], ...]:
        """The core dimensions of each output."""
        return _operands(self.signature.split("->")[1])


def _operands(text: str) -> tuple[tuple[str, ...], ...]:
    groups = text.removeprefix("(").removesuffix(")").split("),(")
    return tuple(tuple(name for name in group.split(",") if name) for group in groups)


LINALG: Mapping[str, LinalgRow] = MappingProxyType(
    {
        "solve": LinalgRow("solve", "(m,m),(m,n)->(m,n)", "np.linalg.solve({0}, {1})"),
        "solve1": LinalgRow("solve1", "(m,m),(m)->(m)", "np.linalg.solve({0}, {1})"),
        "inv": LinalgRow("inv", "(m,m)->(m,m)", "np.linalg.inv({0})"),
        "cholesky": LinalgRow("cholesky_lo", "(m,m)->(m,m)", "np.linalg.cholesky({0})"),
        "det": LinalgRow("det", "(m,m)->()", "np.linalg.det({0})"),
        "slogdet": LinalgRow("slogdet", "(m,m)->(),()", "np.linalg.slogdet({0})"),
        "eigh": LinalgRow("eigh_lo", "(m,m)->(m),(m,m)", "np.linalg.eigh({0})"),
        "eigh_upper": LinalgRow("eigh_up", "(m,m)->(m),(m,m)", "np.linalg.eigh({0}, 'U')"),
        "eigvalsh": LinalgRow("eigvalsh_lo", "(m,m)->(m)", "np.linalg.eigvalsh({0})"),
        "eigvalsh_upper": LinalgRow("eigvalsh_up", "(m,m)->(m)", "np.linalg.eigvalsh({0}, 'U')"),
        "svdvals": LinalgRow("svd", "(m,n)->(p)", "np.linalg.svd({0}, compute_uv=False)"),
        "svd": LinalgRow("svd_s", "(m,n)->(m,p),(p),(p,n)", "np.linalg.svd({0}, full_matrices=False)"),
        "svd_full": LinalgRow("svd_f", "(m,n)->(m,m),(p),(n,n)", "np.linalg.svd({0})"),
        # Householder's reflections take the place of the matrix; the second function makes columns of them.
        "reflections": LinalgRow("qr_r_raw", "(m,n)->(p)", "reflections({0})", "reflections"),
        "orthogonal": LinalgRow("qr_reduced", "(m,n),(k)->(m,k)", "orthogonal({0}, {1})", "orthogonal"),
    }
)
