"""The whole corpus through every mode: CPython, the graph, its adjoint, the printed gradient, native code; and again.

Gradients are compared with 50-digit arithmetic on the graph (`tests/graph_oracle.py`), within 64 eps of the
conditioning sum; and that arithmetic with 50 digits through the Python function itself (`tests/oracles.py`), so that a
graph that means something else than the function cannot pass.
"""

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symdiff as sd
from symdiff.runtime.arguments import prepare
from symdiff.runtime.interpret import interpret
from tests.corpus import BY_ID, Prepared, prepared, run_text
from tests.graph_oracle import EPS, assert_close
from tests.oracles import central_differences, flatten, rebuild, reference
from tests.programs import PROGRAMS

SECOND = [name for name, (program, _) in BY_ID.items() if program.second]
SMOOTH = [name for name, (program, case) in BY_ID.items() if case.label not in program.kinks]
EXPECTED = [name for name, (program, case) in BY_ID.items() if case.label in program.expected]

over_cases = pytest.mark.parametrize("case", BY_ID)
both_levels = pytest.mark.parametrize("simplify", [True, False], ids=["simplified", "plain"])


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    """The passes of LLVM do not change the bits, and take most of the time."""
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def numbers(tree: Any) -> list[Any]:
    """The float leaves of a result as float64 arrays, in order."""
    leaves: list[Any] = []

    def visit(part: Any) -> None:
        if isinstance(part, (tuple, list)):
            for inner in part:
                visit(inner)
        elif isinstance(part, dict):
            for inner in part.values():
                visit(inner)
        elif part is not None:
            leaves.append(part)

    visit(tree)
    return leaves


def assert_unchanged(arguments: Any, one: Prepared) -> None:
    """Require that arguments hold what the case made."""
    for now, then in zip(numbers(list(arguments)), numbers(list(one.case.arguments())), strict=True):
        np.testing.assert_array_equal(now, then)


# -- the function ------------------------------------------------------------------------------------------------------


@over_cases
def test_graph_computes_what_cpython_computes(case):
    one = prepared(case)
    for graph in (one.primal, one.question("_value")[2].graph):
        (value, *_) = interpret(graph, *one.inputs)
        assert value == pytest.approx(one.plain, rel=1e-13, nan_ok=True)
        (value, *_) = run_text(graph, one.inputs)
        assert value == pytest.approx(one.plain, rel=1e-13, nan_ok=True)


@pytest.mark.parametrize("case", SMOOTH)
def test_derivative_of_the_graph_is_that_of_the_function(case):
    one = prepared(case)
    exact = one.exact
    # numbers of 50 digits do not mix with Python's complex ones
    by_differences = "complex" in one.program.tags
    derive = central_differences if by_differences else reference
    answer = derive(one.program.function, one.case.arguments(), one.program.wrt)
    found = np.array([float(g) for part in exact.gradients for g in part.ravel()])
    sizes = np.array([s for part in exact.sizes for s in part.ravel()])
    # of the differences, which their errors estimate from a few values only
    rounding = 1e-11 * np.max(np.abs(found), initial=0.0) if by_differences else 0.0
    # the function's own constants are rounded where the graph's are folded, and the other way round
    off = np.abs(found - answer.vector) > answer.errors + 8 * EPS * sizes + rounding
    assert not np.any(off & ~(np.isnan(found) & np.isnan(answer.vector)))


# -- its gradient ------------------------------------------------------------------------------------------------------


@both_levels
@over_cases
def test_gradient_interpreted_and_printed(case, simplify):
    one = prepared(case, simplify)
    exact = one.exact
    inputs = copy.deepcopy(one.inputs)
    ways = [
        interpret(one.family.made.adjoint, *inputs),
        interpret(one.gradient, *inputs),
        run_text(one.family.made.adjoint, inputs),
        run_text(one.gradient, inputs),
    ]
    for results in ways:
        found = one.gradients_of(results)
        assert_close(found, exact.gradients, exact.sizes)
        for gradient, k in zip(found, one.wrt, strict=True):
            assert np.asarray(gradient).dtype == np.asarray(one.inputs[k]).dtype
    for now, then in zip(inputs, one.inputs, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("case", EXPECTED)
def test_gradient_known_exactly(case):
    one = prepared(case)
    expected = one.program.expected[one.case.label]
    found = one.public.grad(*one.case.arguments())
    for got, wanted in zip(flatten(found), flatten(expected), strict=True):
        assert got == pytest.approx(wanted, rel=1e-14, abs=1e-15)


# -- native code -------------------------------------------------------------------------------------------------------


def assert_native(one: Prepared) -> None:
    """Value and gradient of the native function, and the value's bits."""
    arguments = one.case.arguments()
    value = one.public(*arguments)
    again, gradient = one.public.value_and_grad(*arguments)
    assert_unchanged(arguments, one)
    assert value == pytest.approx(one.plain, rel=1e-12, nan_ok=True)
    assert same_bits(value, again), f"f(x) is {value!r}, but value_and_grad(x)[0] is {again!r}"
    exact = one.exact
    assert_close(numbers(gradient), exact.gradients, exact.sizes)


def same_bits(a: Any, b: Any) -> bool:
    return np.asarray(a, float).tobytes() == np.asarray(b, float).tobytes()


@over_cases
def test_native(case):
    assert_native(prepared(case))


@over_cases
def test_native_without_simplification(case):
    assert_native(prepared(case, simplify=False))


@over_cases
def test_native_for_any_sizes_has_the_bits_of_that_for_known_sizes(case):
    one = prepared(case)
    inputs = [prepare(v) for v in one.inputs]
    unit = one.unit_for_any_sizes
    if unit is None:
        return
    known, running = numbers(one.public.value_and_grad(*one.case.arguments())), numbers(unit.builtin(*inputs))
    for a, b in zip(known, running, strict=True):
        assert same_bits(a, b)


# -- the gradient's own gradient ---------------------------------------------------------------------------------------


def test_at_least_forty_programs_have_second_derivatives():
    assert sum(program.second for program in PROGRAMS.values()) >= 40


@both_levels
@pytest.mark.parametrize("case", SECOND)
def test_second_derivative_interpreted_and_printed(case, simplify):
    one = prepared(case, simplify)
    arguments = (*one.inputs, *one.directions)
    assert_close(interpret(one.hessian_product, *arguments), one.exact_product, one.sizes_of_product)
    assert_close(run_text(one.hessian_product, arguments), one.exact_product, one.sizes_of_product)


@pytest.mark.parametrize("case", SECOND)
def test_second_derivative_native(case):
    one = prepared(case)
    arguments = one.case.arguments()
    gradient, pullback = sd.vjp(one.public_gradient, *arguments)
    flat = [float(v) for d in one.directions for v in np.ravel(d)]
    found = pullback(rebuild(gradient, flat))
    assert_unchanged(arguments, one)
    dispatcher = one.gradient_question[0]
    names = (one.program.wrt,) if isinstance(one.program.wrt, str) else one.program.wrt
    products = numbers([found[dispatcher.names.index(name)] for name in names])
    assert_close(products, one.exact_product, one.sizes_of_product)


# -- one text in every process -----------------------------------------------------------------------------------------

PRINT_ALL = """
from tests.corpus import BY_ID, prepared
from symdiff.ir.python import print_function
for name in list(BY_ID)[::3]:
    print(name, print_function(prepared(name).gradient), print_function(prepared(name, False).gradient))
"""


def test_the_text_is_the_same_in_every_process():
    texts = set()
    for seed in ("1", "2"):
        root = Path(__file__).parent.parent
        path = os.pathsep.join([str(root), str(root / "codegen"), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        command = [sys.executable, "-c", PRINT_ALL]
        texts.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(texts) == 1
