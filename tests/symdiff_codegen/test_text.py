"""Kernels printed as Python mean what their native code means: every instruction, every row, every signature."""

import math
import re
from typing import Any, get_args

import numpy as np
import pytest

from symdiff_codegen.instructions import FLOATS, ITEMSIZE, NUMPY_NAME, ROWS, Row
from symdiff_codegen.kernel import Buffer, Const, Instruction, Invoke, Kernel, Local, Mark
from symdiff_codegen.text import kernel_text, run_text
from symdiff_codegen.text_lines import literal
from symdiff_codegen.walk import walk
from tests.symdiff_codegen.build import Block, i64
from tests.symdiff_codegen.harness import Failed, Native
from tests.symdiff_codegen.kernels import EXAMPLES, Example, guarded, reductions, vector_check


def as_list(results: Any) -> list[Any]:
    return list(results) if isinstance(results, (list, tuple)) else [results]


def same_bits(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    bits = f"u{a.dtype.itemsize}"
    both_nan = (a != a) & (b != b)
    return bool(np.all((a.reshape(-1).view(bits) == b.reshape(-1).view(bits)) | both_nan.reshape(-1)))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_text_and_native_agree(example: Example) -> None:
    kernel = example.make()
    native, text = Native(kernel), run_text(kernel)
    for ours, theirs in zip(example.arguments(), example.arguments(), strict=True):
        for a, b in zip(as_list(native(*ours)), as_list(text(*theirs)), strict=True):
            if example.exact:
                assert same_bits(a, np.asarray(b, np.asarray(a).dtype))
            else:
                np.testing.assert_allclose(a, b, rtol=1e-5 if np.asarray(a).dtype == "f4" else 1e-9)


def test_every_instruction_is_in_an_example() -> None:
    used = {type(step) for example in EXAMPLES for step in walk(example.make().body)}
    assert used == set(get_args(Instruction)) - {Invoke}  # see test_invoke.py


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_text_is_the_same_every_time(example: Example) -> None:
    assert kernel_text(example.make()) == kernel_text(example.make())


# Rows.

INTEGERS = [-(2**62) - 5, -7, -3, -2, -1, 0, 1, 2, 3, 7, 40, 63, 64, 2**31 - 1, 2**62 + 3]
SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, -7.0]


def samples(row: Row, type: str, position: int) -> list[Any]:
    """Values for an argument. Conversions to integers and unchecked integers stay where they are defined."""
    generator = np.random.default_rng(position)
    if type == "i1":
        return [False, True]
    if type in FLOATS:
        values = list(generator.uniform(*row.domain, 25))
        if row.name.startswith("special_hyp"):  # SciPy's own takes minutes for infinite parameters
            return values
        fitting = row.name in ("i64", "i32")
        return [value for value in SPECIAL if not fitting or math.isfinite(value)] + values
    if row.name.endswith("_ok") and row.name != "ipow_ok":
        limit = 2 ** (8 * ITEMSIZE[type] - 1)
        return [*(v for v in INTEGERS if -limit <= v < limit), limit - 1, -limit]
    small = [value for value in INTEGERS if abs(value) < 100]
    if position == 1 and row.name in ("shl", "shr", "ipow", "ipow_ok"):
        return [v for v in small if 0 <= v < (8 if row.name == "ipow" else 65)]
    if position == 1 and row.name in ("floordiv", "mod"):
        return [value for value in small if value]
    return [v for v in small if abs(v) < 8] if row.name == "ipow" else small


def columns(row: Row, types: tuple[str, ...]) -> list[np.ndarray]:
    """Arguments for a row: all pairs of a few values, at most 200 in an order of no pattern."""
    grids = np.meshgrid(*(np.arange(len(samples(row, type, p))) for p, type in enumerate(types)), indexing="ij")
    order = np.random.default_rng(1).permutation(grids[0].size)[:203]
    return [
        np.array(samples(row, type, position), NUMPY_NAME[type])[grid.reshape(-1)[order]]
        for position, (type, grid) in enumerate(zip(types, grids, strict=True))
    ]


def row_kernel(row: Row, vector: bool) -> Kernel:
    """One loop per signature; it stores the operation of the arguments' elements."""
    block, params = Block(), []
    for slot, (types, result) in enumerate(row.signatures.items()):
        length = Local("i64", f"n{slot}")
        buffers = [Buffer(f"x{slot}_{position}", type, (length,)) for position, type in enumerate(types)]
        out = block.output(slot, length, type=result, name=f"y{slot}")
        params += buffers

        def trip(body: Block, i: Local, buffers: list[Buffer] = buffers, out: Buffer = out) -> None:
            body.store(out, i, body.let(row.name, *(body.load(buffer, i) for buffer in buffers)))

        block.loop(length, trip, vector=vector)
    return block.kernel("row", params, arrays=tuple(row.signatures.values()))


def ulps_apart(a: np.ndarray, b: np.ndarray) -> float:
    """Distance in units of the last place; NaN and infinities have to be the same."""
    finite = np.isfinite(a) & np.isfinite(b)
    assert same_bits(a[~finite], b[~finite]), (a[~finite], b[~finite])
    if not finite.any():
        return 0.0
    step = np.spacing(np.maximum(np.abs(b[finite]), np.finfo(b.dtype).tiny))
    return float(np.max(np.abs(a[finite] - b[finite]) / step))


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_row(row: Row) -> None:
    """The scalar loop and the vector loop have the same bits, and mean what the spelling says."""
    args = [column for types in row.signatures for column in columns(row, types)]
    scalar, lanes = (as_list(Native(row_kernel(row, vector))(*args)) for vector in (False, True))
    text = as_list(run_text(row_kernel(row, False))(*args))
    for a, b, c in zip(scalar, lanes, text, strict=True):
        assert same_bits(a, b)
        if row.ulps and a.dtype.kind == "f":
            assert ulps_apart(a, c) <= row.ulps
        elif row.name in ("min", "max"):
            np.testing.assert_array_equal(a, c)
        else:
            assert same_bits(a, c), [(x, y) for x, y in zip(a, c, strict=True) if x != y][:5]


# Text itself.


def test_a_failed_check_raises_its_error_and_operands() -> None:
    with pytest.raises(RuntimeError, match=re.escape("(3, -1.0, 2)")):
        run_text(guarded())(-1.0, 2)
    with pytest.raises(Failed):
        Native(guarded())(-1.0, 2)


def test_vector_checks_agree_on_the_first_failure() -> None:
    x = np.arange(40.0)
    with pytest.raises(RuntimeError) as raised:
        run_text(vector_check())(x, 20.0)
    with pytest.raises(Failed) as failed:
        Native(vector_check())(x, 20.0)
    status, index, *bits = failed.value.args
    assert (status, index, *np.array(bits[:2]).view("f8")) == raised.value.args == (9, 20, 20.0, 20.0)


@pytest.mark.parametrize("value", [0.1, -0.0, 1e308, 5e-324, math.inf, -math.inf, 1 / 3])
@pytest.mark.parametrize("type", FLOATS)
def test_literals_read_back_as_the_same_bits(value: float, type: str) -> None:
    with np.errstate(over="ignore"):
        wanted = np.dtype(NUMPY_NAME[type]).type(value)
        assert same_bits(np.asarray(eval(literal(Const(value, type))), wanted.dtype), wanted)


def test_names_do_not_clash() -> None:
    names = ("np", "x", "x", "lambda", "1st", "a b", "range", "hostile", "_", "in_lanes")
    params = [Local("f64", name) for name in names]
    block = Block()
    total = params[0]
    for param in params[1:]:
        total = block.let("add", total, param, name="x")
    kernel = block.kernel("hostile", params, total)
    assert run_text(kernel)(*map(float, range(10))) == 45.0


def test_empty_blocks_print_as_blocks_that_run() -> None:
    n, block = Local("i64", "n"), Block()
    block.loop(n, lambda body, i: None)
    block.branch(block.let("gt", n, i64(0)), lambda then: None)
    block.put(Mark("here"))
    assert run_text(block.kernel("empty", (n,)))(3) is None


def test_reduction_reads_as_a_loop_and_a_combination() -> None:
    text = kernel_text(reductions())
    assert "i_out_terms.append(e)" in text
    assert "in_lanes(lambda a, b: a + b, -0.0, i_out_terms) if i_out_terms else 0.0" in text
