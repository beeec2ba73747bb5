"""The kernel as data: constants, dims, walks; and the order of a reduction."""

import math

import pytest

from symdiff_codegen.instructions import LANES, LINALG, REDUCTIONS, ROWS, TYPES, lane_tree, result_type
from symdiff_codegen.kernel import (
    Alloc,
    Buffer,
    Const,
    Copy,
    Fill,
    For,
    If,
    Kernel,
    Local,
    Mark,
    Release,
    ResultSpec,
    Store,
    View,
)
from symdiff_codegen.walk import blocks, walk, written_buffers
from tests.symdiff_codegen.build import f64, i64, vector


def test_constants_are_equal_when_their_bits_and_types_are() -> None:
    assert f64(0.5) == f64(0.5) and hash(f64(0.5)) == hash(f64(0.5))
    assert f64(0.0) != f64(-0.0)
    assert f64(math.nan) == f64(math.nan)
    assert i64(1) != f64(1.0) and i64(1) != Const(1, "i32")


def test_locals_are_told_apart_by_identity() -> None:
    assert Local("f64", "x") != Local("f64", "x")


@pytest.mark.parametrize("make", [lambda: Local("f16", "x"), lambda: Const(1, "u8"), lambda: ResultSpec("array:f16")])
def test_unknown_types_are_refused_when_made(make: object) -> None:
    with pytest.raises(ValueError, match=r"f16|u8"):
        make()  # type: ignore[operator]


def test_result_kinds() -> None:
    kinds = {"float": ("f64", False), "int": ("i64", False), "bool": ("i1", False), "array:f32": ("f32", True)}
    assert {kind: (ResultSpec(kind).type, ResultSpec(kind).is_array) for kind in kinds} == kinds


def test_dims_are_bound_once_in_axis_order() -> None:
    n, m, k = (Local("i64", name) for name in "nmk")
    x, y, z = Buffer("x", "f64", (n, m, n)), Buffer("y", "f64", (m, k)), Buffer("z", "f64", (i64(3), n))
    kernel = Kernel("f", (x, k, y, z), (), ())
    assert kernel.bound_dims() == {x: (n, m), y: (), z: ()}


def test_static_size() -> None:
    assert Buffer("x", "f64", (i64(3), i64(4))).static_size == 12
    assert Buffer("x", "f64", ()).static_size == 1
    assert vector("x").static_size is None


def test_walk_meets_an_instruction_before_what_it_contains() -> None:
    marks = [Mark(str(number)) for number in range(6)]
    branch = If(Const(True, "i1"), (marks[1], marks[2]), (marks[3],))
    loop = For(Local("i64", "i"), i64(0), i64(2), 1, (), (marks[0], branch, marks[4]))
    assert list(walk((loop, marks[5]))) == [loop, marks[0], branch, *marks[1:]]
    assert blocks(branch) == ((marks[1], marks[2]), (marks[3],))


def test_walk_is_not_limited_by_depth() -> None:
    body: tuple = (Mark("m"),)
    for _ in range(5000):
        body = (If(Const(True, "i1"), body, ()),)
    assert sum(1 for _ in walk(body)) == 5001


def test_written_buffers_look_through_views() -> None:
    x, y, w = vector("x"), vector("y"), vector("w")
    row, part = vector("row"), vector("part")
    body = (
        View(row, x, i64(0)), View(part, row, i64(0)), Store(part, (i64(0),), f64(1.0)), Alloc(w), Copy(w, y),
        Fill(w, f64(0.0)), Release("m"),
    )  # fmt: skip
    assert written_buffers(body) == {part, row, x, w}


# Rows.


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_every_row_is_complete(row: object) -> None:
    for types, result in row.signatures.items():  # type: ignore[attr-defined]
        assert {*types, result} <= set(TYPES)
        assert result_type(row.name, types) == result  # type: ignore[attr-defined]
        assert row.spelling(types).format("a", "b", "c", "d", bits=63)  # type: ignore[attr-defined]


def test_wrong_types_are_named() -> None:
    with pytest.raises(TypeError, match=r"div does not take \(i64, i64\)"):
        result_type("div", ["i64", "i64"])
    with pytest.raises(TypeError, match="frobnicate"):
        result_type("frobnicate", [])


def test_linear_algebra_has_core_dimensions() -> None:
    assert LINALG["solve"].inputs == (("m", "m"), ("m", "n")) and LINALG["solve"].outputs == (("m", "n"),)
    assert LINALG["slogdet"].outputs == ((), ())


# The order of a reduction.


def test_lanes_then_tree() -> None:
    text = lane_tree([str(number) for number in range(18)], lambda a, b: f"({a}+{b})")
    assert text.startswith("(((((0+16)+8)+(4+12))+((2+10)+(6+14)))+((((1+17)+9)+")


@pytest.mark.parametrize("count", range(1, 50))
def test_absent_lanes_change_nothing(count: int) -> None:
    """Sixteen lanes that start from the start value give the same bits as those that have terms."""
    terms = [(-1) ** k * math.sqrt(k + 2) for k in range(count)]
    for row, combine in ((REDUCTIONS["sum"], float.__add__), (REDUCTIONS["prod"], float.__mul__)):
        lanes = [float(row.start("f64"))] * LANES
        for position, term in enumerate(terms):
            lanes[position % LANES] = combine(lanes[position % LANES], term)
        for half in (8, 4, 2, 1):
            lanes = [combine(lanes[lane], lanes[lane + half]) for lane in range(half)]
        assert lane_tree(terms, combine) == lanes[0]


def test_a_sum_keeps_the_sign_of_zero_and_is_zero_when_empty() -> None:
    assert math.copysign(1, lane_tree([-0.0], float.__add__)) == -1
    assert math.copysign(1, REDUCTIONS["sum"].empty_value("f64")) == 1
    with pytest.raises(ValueError, match="no term"):
        lane_tree([], float.__add__)
