"""Every other row: its type against what NumPy returns, its rules twice, what it is built from, and its text."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Value
from symdiff.ir.shapes import show_shape
from symdiff.ir.verify import verify
from symdiff.ops import REGISTRY, Primitive, Traced
from symdiff.runtime.interpret import interpret
from tests.symdiff.ops.graphs import apply, check_pullback, pullback, symbolic, type_of

FULL = ("slice", None, None, None)
RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Case:
    """A row with operands; ``smooth`` says that differences can be taken there."""

    row: str
    operands: tuple[Any, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True

    @property
    def primitive(self) -> Primitive:
        return REGISTRY[self.row]


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


def definite(n: int) -> Any:
    a = normal(n, n)
    return a @ a.T + n * np.eye(n)


def places(*numbers: Any) -> Any:
    return np.array(numbers, np.int64)


def reductions() -> list[Case]:
    cases = []
    shapes = [((5,), (0,)), ((2, 3), (0,)), ((2, 3), (1,)), ((2, 3), (0, 1)), ((2, 3, 2), (0, 2)), ((1, 4), (0,))]
    for name in ("sum", "prod", "max", "min", "mean", "var", "std", "norm", "any", "all"):
        for shape, axis in shapes:
            for keepdims in (False, True):
                smooth = name != "std" or shape[0] > 1  # one entry deviates from nothing: see the kink table
                cases.append(Case(name, (normal(*shape),), {"axis": axis, "keepdims": keepdims}, smooth))
        if name not in ("max", "min", "mean", "var", "std"):
            cases.append(Case(name, (normal(0),), {"axis": (0,), "keepdims": False}))
            cases.append(Case(name, (normal(0, 3),), {"axis": (0,), "keepdims": True}))
        cases.append(Case(name, (normal(0, 3),), {"axis": (1,), "keepdims": False}))
    for zeros in ([2.0, 0.0, 3.0], [0.0, 0.5, 0.0, 3.0], [0.0, 0.0, 0.0], [0.0]):
        cases.append(Case("prod", (np.array(zeros),), {"axis": (0,), "keepdims": False}))
    cases.append(Case("prod", (np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 4.0]]),), {"axis": (0, 1), "keepdims": True}))
    for name in ("argmax", "argmin"):
        for shape, axis in (((5,), (0,)), ((2, 3), (1,)), ((2, 3), (0, 1))):
            cases.append(Case(name, (normal(*shape),), {"axis": axis, "keepdims": False}))
    for name in ("var", "std"):
        cases.append(Case(name, (normal(4, 3),), {"axis": (0,), "keepdims": False, "ddof": 1}))
    return cases


def shaping() -> list[Case]:
    return [
        Case("reshape", (normal(2, 3),), {"shape": (6,)}),
        Case("reshape", (normal(2, 3),), {"shape": (3, 1, 2)}),
        Case("reshape", (normal(1),), {"shape": ()}),
        Case("reshape", (normal(0, 3),), {"shape": (3, 0)}),
        Case("transpose", (normal(2, 3),), {"axes": (1, 0)}),
        Case("transpose", (normal(2, 3, 4),), {"axes": (2, 0, 1)}),
        Case("broadcast_to", (normal(3),), {"shape": (2, 3)}),
        Case("broadcast_to", (1.5,), {"shape": (3,)}),
        Case("broadcast_to", (normal(2, 1),), {"shape": (2, 0)}),
        Case("concatenate", (normal(3), normal(2), normal(1)), {"axis": 0}),
        Case("concatenate", (normal(2, 3), normal(2, 2)), {"axis": 1}),
        Case("concatenate", (normal(0), normal(2)), {"axis": 0}),
        Case("concatenate", (normal(2).astype(np.float32), normal(2)), {"axis": 0}, smooth=False),
        Case("pack", (1.5, -2.0, 3.0, 0.5), {"shape": (2, 2)}),
        Case("pack", (1.5, np.float64(2.0), 3), {"shape": (3,)}),
        Case("pack", (1, 2), {"shape": (2,)}),
        Case("pack", (True, 2.0), {"shape": (2,)}),
        Case("pack", (1, 2.0), {"shape": (2,), "dtype": "float32"}, smooth=False),
        Case("diag", (normal(3),)),
        Case("diag", (normal(1),)),
        Case("diagonal", (normal(3, 3),)),
        Case("diagonal", (normal(2, 4),)),
        Case("diagonal", (normal(1, 3),)),
        Case("tril", (normal(3, 3),)),
        Case("tril", (normal(2, 4),)),
        Case("trace", (normal(3, 3),)),
        Case("trace", (normal(2, 3),)),
    ]


def creation() -> list[Case]:
    return [
        Case("full", (2.5,), {"shape": (2, 3), "dtype": "float64"}),
        Case("full", (0,), {"shape": (0,), "dtype": "float32"}, smooth=False),
        Case("full", (1,), {"shape": (), "dtype": "int64"}),
        Case("arange", (0, 1), {"length": 4, "dtype": "int64"}),
        Case("arange", (0.5, 0.25), {"length": 5, "dtype": "float64"}),
        Case("arange", (3, -1), {"length": 0, "dtype": "int64"}),
        Case("linspace", (0.5, 2.5), {"length": 5}),
        Case("linspace", (0.5, 2.5), {"length": 4, "endpoint": False}),
        Case("linspace", (0.5, 2.5), {"length": 1}),
        Case("linspace", (0, 3), {"length": 0}),
    ]


def products() -> list[Case]:
    shapes = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2))]
    shapes += [((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((0, 3), (3,)), ((2, 0), (0, 3))]
    cases = [Case("matmul", (normal(*a), normal(*b))) for a, b in [*shapes, ((1, 3), (3, 1)), ((1,), (1,))]]
    cases += [Case("dot", (normal(*a), normal(*b))) for a, b in [*shapes[:5], ((), (3,)), ((2, 3), ())]]
    cases += [Case("outer", (normal(3), normal(2))), Case("outer", (normal(0), normal(2)))]
    return cases


def symmetric(n: int) -> Any:
    """Distinct eigenvalues, vectors whose signs are stable, and something else in the triangle that is not read."""
    return np.diag(np.arange(1.0, n + 1)) + 0.2 * normal(n, n)


def spread(*shape: int) -> Any:
    """Distinct singular values, none of them near 0, and vectors whose signs are stable."""
    return np.eye(*shape[-2:]) * np.arange(shape[-1] + 1.0, 1.0, -1.0) + 0.15 * normal(*shape)


def triangular(n: int, *batch: int) -> Any:
    return normal(*batch, n, n) + 3 * np.eye(n)


def solving() -> list[Case]:
    stack = np.stack([definite(3), definite(3) + normal(3, 3)])
    return [
        Case("solve", (definite(3), normal(3))),
        Case("solve", (definite(3) + normal(3, 3), normal(3, 2))),
        Case("solve", (definite(1), normal(1))),
        Case("solve", (stack, normal(3))),
        Case("solve", (stack, normal(2, 3, 2))),
        Case("solve", (stack, normal(3, 2))),
        Case("solve", (definite(3), normal(2, 3, 2))),
        Case("solve_triangular", (triangular(3), normal(3)), {"lower": True}),
        Case("solve_triangular", (triangular(3), normal(3, 2)), {"lower": False}),
        Case("solve_triangular", (triangular(3, 2), normal(3)), {"lower": False}),
        Case("solve_triangular", (triangular(3, 2), normal(2, 3, 2)), {"lower": True}),
        Case("inv", (definite(3) + normal(3, 3),)),
        Case("inv", (definite(1),)),
        Case("inv", (stack,)),
        Case("det", (normal(3, 3),)),
        Case("det", (definite(2),)),
        Case("det", (stack,)),
        Case("slogdet_sign", (-definite(3),), smooth=False),
        Case("slogdet_sign", (-stack,), smooth=False),
        Case("slogdet_logabs", (normal(3, 3),)),
        Case("slogdet_logabs", (stack,)),
        Case("cholesky", (definite(3),)),
        Case("cholesky", (definite(1),)),
        Case("cholesky", (definite(2) + np.array([[0.0, 5.0], [0.0, 0.0]]),)),
        Case("cholesky", (np.stack([definite(3), definite(3)]),)),
    ]


def decompositions() -> list[Case]:
    cases = []
    for name in ("eigvalsh", "eigh_values", "eigh_vectors"):
        cases += [
            Case(name, (symmetric(3),), {"upper": False}),
            Case(name, (symmetric(3).T,), {"upper": True}),
            Case(name, (symmetric(1),), {"upper": False}),
            Case(name, (np.stack([symmetric(2), symmetric(2)]),), {"upper": False}),
        ]
    for name in ("svd_u", "svd_s", "svd_vt"):
        for shape in ((3, 3), (4, 2), (2, 3), (2, 3, 2), (1, 1)):
            cases.append(Case(name, (spread(*shape),), {"full": False}))
        cases.append(Case(name, (spread(3, 3),), {"full": True}))
    # the other vectors of full_matrices=True have no derivative, and their rules refuse it
    cases.append(Case("svd_s", (spread(3, 2),), {"full": True}))
    cases += [Case("svdvals", (spread(*shape),)) for shape in ((3, 3), (4, 2), (2, 2, 3))]
    for name in ("qr_q", "qr_r"):
        cases += [Case(name, (spread(*shape),)) for shape in ((3, 3), (4, 2), (2, 4, 2), (1, 1))]
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
        cases.append(Case("pinv", (spread(*shape),), {"rcond": 1e-15 if shape[0] == 4 else None}))
    for shape in ((3, 3), (4, 2), (2, 4)):
        cases.append(Case("lstsq", (spread(*shape), normal(shape[0])), {"rcond": None}))
        cases.append(Case("lstsq", (spread(*shape), normal(shape[0], 2)), {"rcond": 1e-10}))
    return cases


SUMS = (
    "ij,jk->ik ij,kj->ki ij,ij->ij ij,ij-> ij,ij->i ij,j->i j,ij->i bij,bjk->bik bij,bj->bi i,j->ij i,i-> ij->ji ij->j "
    "ij-> ij,jk,kl->il bi,ij,bj->b ijk,jl,km->ilm ijk,kl->ij ,ij->ij ij,jk->k abc,cd,adb->db i,i,i->i ijk->ki "
    "bqd,bkd->bqk ij,kl->ikjl"
)


def sums() -> list[Case]:
    cases = []
    lengths = {letter: 2 + k % 3 for k, letter in enumerate("ijklmbqdac")}
    for subscripts in SUMS.split():
        terms = subscripts.split("->")[0].split(",")
        operands = tuple(normal(*(lengths[letter] for letter in term)) for term in terms)
        cases.append(Case("einsum", operands, {"subscripts": subscripts}))
    cases.append(Case("einsum", (normal(0, 2), normal(2, 3)), {"subscripts": "ij,jk->ik"}))
    cases.append(Case("einsum", (normal(2, 0), normal(0, 3)), {"subscripts": "ij,jk->ik"}))
    cases.append(Case("einsum", (normal(1, 1), normal(1, 3)), {"subscripts": "ij,jk->k"}))
    return cases


def indexing() -> list[Case]:
    reads: list[tuple[Any, tuple[Any, ...], tuple[Any, ...]]] = [
        (normal(5), (2,), (("int",),)),
        (normal(5), (-1,), (("int",),)),
        (normal(5), (np.int64(3),), (("int",),)),
        (normal(4, 3), (1,), (("int",), FULL)),
        (normal(4, 3), (1, 2), (("int",), ("int",))),
        (normal(4, 3), (-1,), (FULL, ("int",))),
        (normal(6), (), (("slice", 1, None, None),)),
        (normal(6), (), (("slice", None, -1, None),)),
        (normal(6), (), (("slice", None, None, 2),)),
        (normal(6), (), (("slice", None, None, -1),)),
        (normal(6), (), (("slice", 4, 0, -2),)),
        (normal(6), (1, 4), (("slice", "in", "in", None),)),
        (normal(6), (4, 1, -1), (("slice", "in", "in", "in"),)),
        (normal(3), (), (("new",), FULL)),
        (normal(3), (), (FULL, ("new",))),
        (normal(4, 3), (places(0, 2, 0),), (("array",), FULL)),
        (normal(4, 3), (places([0, 1], [-1, 2]),), (FULL, ("array",))),
        (normal(4, 3), (places(0, 2), places(1, -1)), (("array",), ("array",))),
        (normal(4, 3), (places([[0], [2]]).reshape(2, 1), places(1, 0, 2)), (("array",), ("array",))),
        (normal(4, 3, 2), (places(0, 2), places(1, 0)), (("array",), FULL, ("array",))),
        (normal(4, 3, 2), (places(0, 2), 1), (("array",), ("int",), FULL)),
        (normal(4, 3, 2), (1, places(0, -1)), (("int",), FULL, ("array",))),
        (normal(2, 4, 3), (places(0, 2), places(1, 0)), (FULL, ("array",), ("array",))),
        (normal(4, 3), (places(0, 2),), (("array",), ("new",), ("slice", 1, None, None))),
        (normal(4, 3), (places(0, 2), 1), (("array",), ("new",), ("int",))),
        (normal(5), (places(0, 0).reshape(2, 1)[:0],), (("array",),)),
        (normal(1, 3), (0,), (("int",), FULL)),
    ]
    cases = [Case("index", (x, *operands), {"index": index}) for x, operands, index in reads]
    for x, operands, index in reads:
        subscript = REGISTRY["index"].numpy(x, *operands, index=index)
        for name in ("put", "accumulate_at"):
            cases.append(Case(name, (x, normal(*np.shape(subscript)), *operands), {"index": index}))
            cases.append(Case(name, (x, 0.7, *operands), {"index": index}))
    cases.append(Case("put", (normal(3, 4), normal(4), places(1, 1)), {"index": (("array",), FULL)}))
    cases.append(Case("put", (normal(4), normal(1, 2), places(1, 1)), {"index": (("array",),)}))
    return cases


def stacks_and_scans() -> list[Case]:
    return [
        Case("linear_scan", (normal(5), normal(5)), {"start": 1.0}),
        Case("linear_scan", (normal(2, 4), normal(2, 4)), {"start": 0.0, "reverse": True}),
        Case("linear_scan", (normal(0), normal(0)), {"start": 1.0}),
        Case("linear_scan", (normal(1), normal(1)), {"start": 1.0, "reverse": True}),
    ]


def selecting() -> list[Case]:
    masks = [[True, False, True], [False, False], [True], []]
    return [Case("flatnonzero", (np.array(m, bool),), {"length": sum(m)}) for m in masks]


def apart(*shape: int) -> np.ndarray:
    """Numbers in a random order, none close to another: their order is the same a step away."""
    count = math.prod(shape)
    return (0.5 * RNG.permutation(count) - 0.2 * count).reshape(shape)


def ordering() -> list[Case]:
    tied = np.array([2.0, 1.0, 2.0, 0.5, 1.0])
    cases = [Case(name, (apart(*s),), {"axis": a}) for name in ("sort", "argsort") for s, a in RUNS]
    cases += [Case(name, (tied,), {"axis": 0}, smooth=False) for name in ("sort", "argsort")]
    cases += [Case(name, (normal(*s),), {"axis": a}) for name in ("cumsum", "cumprod") for s, a in RUNS]
    for zeros in ([2.0, 0.0, 3.0], [0.0, 0.5, 0.0, 3.0]):
        cases.append(Case("cumprod", (np.array(zeros),), {"axis": 0}))
    cases.append(Case("cumprod", (np.array([[2.0, 0.0, 3.0], [0.0, 1.0, 2.0]]),), {"axis": 0}))
    for side in ("left", "right"):
        cases.append(Case("searchsorted", (np.sort(normal(6)), normal(2, 3)), {"side": side}))
        cases.append(Case("searchsorted", (np.sort(tied), tied), {"side": side}))
        cases.append(Case("searchsorted", (np.sort(tied), 1.0), {"side": side}))
        cases.append(Case("searchsorted", (normal(0), normal(2)), {"side": side}))
    return cases


def convolutions() -> list[Case]:
    cases = [Case("convolve", (normal(n), normal(m)), {"mode": "full"}) for n, m in ((5, 3), (2, 4), (1, 3), (1, 1))]
    cases += [Case("convolve", (normal(n), normal(m)), {"mode": "valid"}) for n, m in ((5, 3), (4, 4), (3, 1))]
    return cases


def windows() -> list[Case]:
    cases = []
    for shape, kernel, stride, dilation in [
        ((6,), (3,), (1,), (1,)),
        ((7,), (2,), (3,), (2,)),
        ((5,), (5,), (2,), (1,)),
        ((2,), (3,), (1,), (1,)),
        ((1,), (1,), (1,), (1,)),
        ((2, 5), (2,), (2,), (1,)),
        ((2, 3, 5, 6), (2, 3), (1, 2), (2, 1)),
        ((3, 4), (1, 1), (2, 3), (1, 1)),
        ((0, 4, 4), (2, 2), (1, 1), (1, 1)),
    ]:
        attrs = {"kernel": kernel, "stride": stride, "dilation": dilation}
        cases.append(Case("sliding_windows", (normal(*shape),), attrs))
        found = REGISTRY["sliding_windows"](np.empty(shape), **attrs).shape
        cases.append(Case("overlap_add", (normal(*found),), {"shape": shape, **attrs}))
    for shape, kernel, stride, dilation in [
        ((4,), (2,), (2,), (1,)),
        ((2, 5, 6), (2, 3), (2, 1), (1, 2)),
        ((2, 5, 6), (5, 4), (1, 1), (1, 1)),
        ((0, 3, 3), (1, 2), (1, 1), (1, 1)),
    ]:
        attrs = {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": (0,) * len(kernel)}
        cases.append(Case("max_pool", (apart(*shape),), {**attrs, "ceil": False}))
    return cases


def moving() -> list[Case]:
    shifts = [((5,), 2, 0), ((5,), -7, 0), ((1,), 3, 0), ((0,), 1, 0), ((3, 4), 1, 0), ((3, 4), -2, 1)]
    return [Case("roll", (normal(*shape), shift), {"axis": axis}) for shape, shift, axis in shifts]


def fourier() -> list[Case]:
    cases = []
    for shape, axis in (((5,), 0), ((4,), 0), ((1,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 2), 1), ((0, 3), 1)):
        n = shape[axis]
        pairs, half = normal(*shape, 2), (*shape[:axis], n // 2 + 1, *shape[axis + 1 :], 2)
        cases += [Case(name, (pairs,), {"axis": axis}) for name in ("fourier", "fourier_inverse")]
        cases.append(Case("real_fourier", (normal(*shape),), {"axis": axis, "length": n // 2 + 1}))
        cases.append(Case("real_fourier_inverse", (normal(*half),), {"axis": axis, "length": n}))
    return cases


RUNS = [((5,), 0), ((1,), 0), ((0,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 2), 1), ((3, 0), 0)]
STACKS = {"new_stack", "push", "pop"}
RANDOM = {"draw", "default_rng", "reseed"}  # tests/symdiff/test_random.py
RULES = {"given", "held"}  # tests/symdiff/test_custom.py
CASES = (
    reductions()
    + shaping()
    + creation()
    + products()
    + solving()
    + decompositions()
    + sums()
    + indexing()
    + stacks_and_scans()
    + ordering()
    + convolutions()
    + windows()
    + moving()
    + selecting()
    + fourier()
)


def ids(case: Case) -> str:
    return f"{case.row}-{'-'.join('x'.join(map(str, np.shape(x))) or '0d' for x in case.operands)}"


def test_no_row_is_left_out() -> None:
    covered = {case.row for case in CASES} | STACKS | RANDOM | RULES
    assert {name for name, row in REGISTRY.items() if not row.elementwise} == covered


# -- types -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbols", [False, True], ids=["known", "symbols"])
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_type_and_value(case: Case, symbols: bool) -> None:
    """The interpreter checks each inferred shape; here the dtype is NumPy's too, and the value is the row's."""
    function = apply(case.primitive, case.operands, case.attrs, symbols=symbols)
    (found,) = interpret(function, *case.operands)
    expected = case.primitive(*case.operands, **case.attrs)
    np.testing.assert_array_equal(found, expected)
    assert str(np.asarray(expected).dtype) == function.results[0].type.dtype


CAST = [case for case in CASES if case.row in {"sum", "prod", "max", "mean", "var", "norm", "any", "argmax", "matmul"}]
CAST += [
    c for c in CASES if c.row in {"reshape", "index", "concatenate", "solve", "inv", "outer", "trace", "std", "dot"}
]
CAST += [c for c in CASES if c.row in {"sort", "argsort", "cumsum", "cumprod", "searchsorted"}]
CAST += [c for c in CASES if c.row == "sliding_windows"]
CAST += [c for c in CASES if c.row in {"diag", "tril", "transpose", "min", "diagonal"}]


@pytest.mark.parametrize("dtype", ["float32", "int64", "int32", "bool"])
@pytest.mark.parametrize("case", CAST, ids=ids)
def test_dtype_is_what_numpy_returns(case: Case, dtype: str) -> None:
    if dtype == "bool" and case.row in ("norm", "matmul", "dot", "solve", "inv", "outer", "trace"):
        return
    cast = tuple(
        np.abs(10 * x).astype(dtype) if np.asarray(x).dtype == np.float64 and np.ndim(x) else x for x in case.operands
    )
    if case.row in ("solve", "inv") and dtype.startswith("int"):
        cast = (np.broadcast_to(np.eye(cast[0].shape[-1]) * 2, cast[0].shape).astype(dtype), *cast[1:])
    function = apply(case.primitive, cast, case.attrs)
    with np.errstate(all="ignore"):
        expected = np.asarray(case.primitive(*cast, **case.attrs))
    assert function.results[0].type.dtype == str(expected.dtype)
    (found,) = interpret(function, *cast)
    np.testing.assert_array_equal(found, expected)


# -- rules -------------------------------------------------------------------------------------------------------------

SMOOTH = [case for case in CASES if case.smooth and any(rule is not None for rule in case.primitive.vjp)]
SMOOTH = [case for case in SMOOTH if any(np.asarray(x).dtype.kind == "f" for x in case.operands)]


@pytest.mark.parametrize("case", SMOOTH, ids=ids)
def test_differentiated_twice(case: Case) -> None:
    function = apply(case.primitive, case.operands, case.attrs)
    bar = check_pullback(function, case.operands, 0, tolerance=1e-6)
    seeds = [RNG.uniform(0.5, 1.5, size=np.shape(r)) for r in interpret(function, *case.operands)]
    check_pullback(bar, [*case.operands, *seeds], 1, tolerance=1e-5)


@pytest.mark.parametrize("case", SMOOTH, ids=ids)
def test_gradient_of_float32(case: Case) -> None:
    single = [np.asarray(x, np.float32)[()] if np.asarray(x).dtype == np.float64 else x for x in case.operands]
    attrs = {**case.attrs, "dtype": "float32"} if case.attrs.get("dtype") == "float64" else case.attrs
    results = []
    for operands, given in ((case.operands, case.attrs), (single, attrs)):
        function = apply(case.primitive, operands, given)
        (value,) = interpret(function, *operands)
        results.append(interpret(pullback(function), *operands, np.ones(np.shape(value), value.dtype)))
    for wide, narrow in zip(*results, strict=True):
        assert narrow.dtype == np.float32
        np.testing.assert_allclose(narrow, wide, rtol=3e-3, atol=3e-3)


# -- expansion and text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in CASES if case.primitive.expand], ids=ids)
def test_expansion_computes_the_same(case: Case) -> None:
    sizes: dict[int, Value] = {}
    params = [Value(type_of(x, sizes), f"x{k}") for k, x in enumerate(case.operands)]
    build = Builder()
    attrs = {name: symbolic(name, value, sizes) for name, value in case.attrs.items()}
    expand = case.primitive.expand
    assert expand is not None
    result = expand(*(Traced(build, p) for p in params), **attrs)
    function = verify(Function(case.row, Block(tuple(params), tuple(build.nodes), (result.value,))))
    inferred = apply(case.primitive, case.operands, case.attrs).results[0].type
    assert (result.type.dtype, result.type.rank) == (inferred.dtype, inferred.rank)
    if any(isinstance(d, Value) and d not in sizes.values() for d in [attrs.get("length"), *attrs.get("shape", ())]):
        return
    (found,) = interpret(function, *case.operands)
    np.testing.assert_allclose(found, case.primitive(*case.operands, **case.attrs), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_text_computes_the_same(case: Case) -> None:
    row = case.primitive
    function = apply(row, case.operands, case.attrs, symbols=False)
    node = function.block.nodes[-1]
    assert node.op is row
    names = [f"x{k}" if np.ndim(x) or k == 0 else repr(np.asarray(x).item()) for k, x in enumerate(case.operands)]
    scope = {"np": np, "math": math, **{f"x{k}": np.copy(x)[()] for k, x in enumerate(case.operands)}}
    exec(row.helper, scope)
    text = row.text(node, names, show_shape)
    expected = row(*case.operands, **case.attrs)
    if row.stores:
        exec(text, scope)
        found = scope["x0"]
    else:
        found = eval(text, scope)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
