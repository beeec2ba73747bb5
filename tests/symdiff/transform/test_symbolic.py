"""Symbolic simplification: what SymPy finds, what it is written as, and that it is found alike everywhere."""

import math
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, Block, Function, Type, Value
from symdiff.ir.verify import verify
from symdiff.ir.walk import all_nodes
from symdiff.ops import REGISTRY
from symdiff.runtime.interpret import interpret
from symdiff.transform import shelf
from symdiff.transform.adjoint import differentiate
from symdiff.transform.algebra import exact_root, small_fraction
from symdiff.transform.dce import eliminate_dead_code
from symdiff.transform.simplify import simplify
from tests.black_scholes import ARGUMENTS, NAMES, call, derivative, operations
from tests.graph_maker import Maker
from tests.graph_oracle import assert_close, exact_gradient

ROOT = Path(__file__).parents[3]
FLOAT = Type("float64", (), "python")


def rows_of(graph: Function) -> list[str]:
    return [n.op.name for n in all_nodes(graph.block) if n.op is not CONSTANT]


def cumulative_normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def d1(spot, strike, rate, volatility, maturity):
    drift = (rate + 0.5 * volatility**2) * maturity
    return (math.log(spot / strike) + drift) / (volatility * math.sqrt(maturity))


# -- Black-Scholes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cdf", ["erf", "erfc", "literal"])
def test_delta_is_the_cumulative_normal(cdf):
    before = derivative("spot", cdf=cdf)
    made, rewrites = simplify(before, "auto", pinned=())
    verify(made)
    assert operations(before) > 40
    assert operations(made) <= 30
    assert "exp" not in rows_of(made)
    (delta,) = interpret(made, *ARGUMENTS)
    assert delta == pytest.approx(cumulative_normal(d1(*ARGUMENTS)), rel=1e-14)
    applied = [r for r in rewrites if r.name.startswith("symbolic") and r.verdict == "applied"]
    assert [r.operations_after <= 30 for r in applied] == [True]
    assert "exp" in applied[0].before and "exp" not in applied[0].after


def test_delta_beside_the_price_costs_nothing():
    both = derivative("spot", value=True)
    made, _ = simplify(both, "auto", pinned=both.results[:1])
    alone, _ = simplify(call(), "auto", derivative=False)
    verify(made)
    assert operations(made) == operations(alone)
    price, delta = interpret(made, *ARGUMENTS)
    assert price == interpret(alone, *ARGUMENTS)[0]
    assert delta == pytest.approx(cumulative_normal(d1(*ARGUMENTS)), rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [False, True])
def test_every_greek_agrees_with_50_digits(name, value):
    before = derivative(name, value=value)
    made, _ = simplify(before, "auto", pinned=before.results[:-1])
    verify(made)
    assert operations(made) < operations(before) - 15
    for moneyness in (0.5, 0.9, 1.0, 1.3, 3.0):
        arguments = (ARGUMENTS[0] * moneyness, *ARGUMENTS[1:])
        exact = exact_gradient(call(), arguments, [NAMES.index(name)])
        assert_close(interpret(made, *arguments)[-1:], exact.gradients, exact.sizes)


def test_all_greeks_at_once():
    before = derivative(*NAMES)
    made, _ = simplify(before, "auto", pinned=())
    assert operations(verify(made)) < 50
    exact = exact_gradient(call(), ARGUMENTS, range(5))
    assert_close(interpret(made, *ARGUMENTS), exact.gradients, exact.sizes)


def test_where_the_price_fails_the_delta_fails():
    made, _ = simplify(derivative("spot"), "auto", pinned=())
    spot, strike, rate, volatility, maturity = ARGUMENTS
    with pytest.raises(ZeroDivisionError):
        interpret(made, spot, strike, rate, 0.0, maturity)
    with pytest.raises(ValueError):
        interpret(made, -spot, strike, rate, volatility, maturity)
    with pytest.raises(ValueError):
        interpret(made, spot, strike, rate, volatility, -maturity)


def test_without_simplification_nothing_is_searched():
    made, rewrites = simplify(derivative("spot"), False, pinned=())
    assert operations(made) == operations(derivative("spot"))
    assert rewrites == []


# -- other functions ---------------------------------------------------------------------------------------------------


def simplified(build, *arguments, level="auto"):
    make = Maker()
    graph = make.function("f", build(make, *(make.float(f"x{k}") for k in range(len(arguments)))))
    made, rewrites = simplify(graph, level, pinned=())
    verify(made)
    assert interpret(made, *arguments) == pytest.approx(interpret(graph, *arguments), rel=1e-12)
    return made, rewrites


def test_terms_that_cancel_go():
    made, _ = simplified(lambda m, a, b, c: a * b + c * a - b * a + 2.0 * (c * a) - c * a * 3.0 + b * c, 1.5, -0.7, 2.5)
    assert rows_of(made) == ["multiply"]


def test_common_factors_are_taken_out():
    made, _ = simplified(lambda m, a, b, c, d, e: a * b + a * c + d * a + a * e, 1.5, -0.7, 2.5, 3.5, 4.5)
    assert rows_of(made) == ["add", "add", "add", "multiply"]


def test_literals_of_a_product_become_one():
    made, _ = simplified(lambda m, x: 0.1 * (x * 0.3) * (x * 7.0) * (0.9 * x), 1.1)
    literals = [n.attrs["value"] for n in made.block.nodes if n.op is CONSTANT]
    assert literals == [0.189]


def test_literals_survive_to_the_last_digit():
    third, other = 1 / 3, 0.1 + 0.2
    made, _ = simplified(lambda m, x, y: x * third + y * other + x * x + y * y + x * y + x * third, 1.1, 2.2)
    literals = {n.attrs["value"] for n in made.block.nodes if n.op is CONSTANT}
    assert other in literals


def test_a_division_by_three_stays_a_division():
    made, _ = simplified(lambda m, x, y, z: x / 3.0 + y * y + z * z - y * y + y * z + z * y, 1.1, 2.2, 0.7)
    assert "divide" in rows_of(made)
    assert 1 / 3 not in [n.attrs["value"] for n in made.block.nodes if n.op is CONSTANT]


def test_a_quotient_of_equals_is_left():
    made, rewrites = simplified(lambda m, x, y: (x * y) / x + (y * x) / y + x * y - y * x, 1.5, 2.5)
    assert "divide" in rows_of(made)
    assert any(r.verdict.endswith("what fails would go on at (0, 0)") for r in rewrites)


def test_a_logistic_slope_does_not_overflow():
    def build(m, x):
        e = m.row("exp", x, kind="numpy")
        return e / (1.0 + e) * (x * x) + x * x

    made, _ = simplified(build, 0.3)
    assert "sigmoid" in rows_of(made)
    assert interpret(made, 800.0)[0] == 2 * 800.0**2


def test_arrays_are_simplified_element_by_element():
    make = Maker()
    x, s = make.array("x", make.size()), make.float("s")
    graph = make.function("f", x * s + s * x * 2.0 - x * s * 3.0 + x * x * s + s * x * x)
    made, rewrites = simplify(graph, "auto", pinned=())
    assert len(rows_of(verify(made))) < len(rows_of(graph)) / 2
    values = np.array([0.5, -1.5, 2.5])
    assert np.allclose(interpret(made, values, 3.0)[0], interpret(graph, values, 3.0)[0], rtol=1e-14)
    assert any(r.verdict == "applied" and r.name.startswith("symbolic") for r in rewrites)


def test_inside_loops_and_branches():
    make = Maker()
    x, n = make.float("x"), make.int("n")

    def body(i, v):
        (w,) = make.if_(v > 1.0, lambda: [v * x + x * v * 2.0 - v * x * 3.0 + v * v * x + x * v * v], lambda: [v])
        return [w * v + w * x * 2.0 + v * w - w * x + w * x * v + w * w + x]

    (v,) = make.for_(0, n, 1, [x], body)
    graph = make.function("f", v)
    made, rewrites = simplify(graph, "auto", pinned=())
    assert len(rows_of(verify(made))) < len(rows_of(graph)) - 8
    for count in (0, 1, 4):
        assert interpret(made, 1.3, count) == pytest.approx(interpret(graph, 1.3, count), rel=1e-13)
    assert sum(r.verdict == "applied" and r.name.startswith("symbolic") for r in rewrites) == 2


def test_a_region_that_is_left_and_entered_again_is_two():
    """The sum is an array's, made of what the first region computed: the second region must come after it."""
    make = Maker()
    x, v = make.float("x"), make.array("v", make.size())
    first = x * x * 2.0 + x * x - x * x * 3.0 + x * x * x + x
    total = make.sum(v * first)
    second = total * x + x * total - total * x * 2.0 + first * total + total * first
    graph = make.function("f", second)
    made, _ = simplify(graph, "auto", pinned=())
    verify(made)
    values = np.array([0.5, 2.0])
    assert interpret(made, 1.5, values) == pytest.approx(interpret(graph, 1.5, values), rel=1e-13)
    assert len(rows_of(made)) < len(rows_of(graph)) - 6


def test_large_regions_are_cut_and_long_ones_go_in_parts():
    build = Builder()
    x, y = Value(FLOAT, "x"), Value(FLOAT, "y")
    value = x
    rows = REGISTRY
    for k in range(400):
        value = build.add(rows["multiply"], value, y)
        value = build.add(rows["add"], value, x if k % 3 else value)
    graph = Function("f", Block((x, y), tuple(build.nodes), (value,)))
    made, _ = simplify(graph, "auto", pinned=())
    verify(made)
    assert interpret(made, 0.9, 0.4) == pytest.approx(interpret(graph, 0.9, 0.4), rel=1e-11)


def test_full_simplification_finds_more():
    def build(m, x, y):
        s, c = m.row("sin", x, kind="numpy"), m.row("cos", x, kind="numpy")
        return (s * s + c * c) * y + y * (s * s + c * c)

    (plain, _), (full, rewrites) = (simplified(build, 0.7, 1.3, level=level) for level in ("auto", "full"))
    assert "sin" not in rows_of(full)
    assert len(rows_of(full)) <= len(rows_of(plain))
    assert any(r.name == "symbolic: simplified" for r in rewrites)


def random_program(seed: int) -> Function:
    """Sums, products and safe quotients and functions, parts used again and again."""
    choose = random.Random(seed)
    make = Maker()
    values = [make.float(name) for name in ("x", "y", "z")[: choose.randint(1, 3)]]
    for _ in range(choose.randint(6, 14)):
        a, b = choose.choice(values[-4:]), choose.choice(values)
        match choose.randint(0, 8):
            case 0 | 1:
                made = a * b
            case 2:
                made = a + b
            case 3:
                made = a - b * choose.choice([0.5, 2.0, 0.1, 3.0])
            case 4:
                made = a / (1.0 + b * b)
            case 5:
                made = make.row("exp", make.row("tanh", a)) * b
            case 6:
                made = make.row("log", 1.0 + a * a)
            case 7:
                made = make.row("sqrt", 1.0 + a * a)
            case _:
                made = make.row(choose.choice(["sin", "erf", "tanh"]), a)
        values.append(made)
    return make.function("f", values[-1] + values[-2] * values[-3])


@pytest.mark.parametrize("seed", range(40))
def test_gradients_of_random_programs(seed):
    graph = random_program(seed)
    wrt = range(len(graph.params))
    before = eliminate_dead_code(differentiate(graph, wrt, [graph.results[0]], name="g", value=False))
    made, _ = simplify(before, "auto", pinned=())
    verify(made)
    assert len(rows_of(made)) <= len(rows_of(before))
    choose = random.Random(seed)
    for decades in (0.1, 1.0):
        arguments = [choose.choice([-1, 1]) * 10 ** choose.uniform(-decades, decades) for _ in graph.params]
        exact = exact_gradient(graph, arguments, wrt)
        assert_close(interpret(made, *arguments), exact.gradients, exact.sizes)


def test_numbers_that_sympy_may_calculate_with():
    assert small_fraction(0.5) == 0.5
    assert small_fraction(-3.0) == -3
    assert [small_fraction(x) for x in (0.1, 0.0, math.inf, math.nan, 1e6)] == [None] * 5
    roots = [math.sqrt(2.0), 1 / math.sqrt(2.0), math.sqrt(0.5), 1.41421356, math.pi]
    assert [exact_root(x) for x in roots] == [1, -1, -1, 0, 0]


# -- the same everywhere -----------------------------------------------------------------------------------------------

PROGRAM = """
import sympy
x, y = sympy.symbols("x y")
for _ in range({before}):
    sympy.simplify(sympy.sin(x) ** 2 + sympy.cos(x) ** 2 + sympy.exp(x) * sympy.exp(y))
from symdiff.ir.python import print_function
from symdiff.transform.simplify import simplify
from tests.black_scholes import NAMES, derivative
for names in (*((n,) for n in NAMES), NAMES):
    made, rewrites = simplify(derivative(*names), "auto", pinned=())
    print([(n.op.name, [str(i.hint) for i in n.inputs]) for n in made.block.nodes])
    print([(r.name, r.before, r.after, r.verdict) for r in rewrites])
"""


def test_every_process_comes_to_the_same_result():
    found = set()
    for seed, before in (("0", 0), ("1", 3), ("2", 0)):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "codegen")])}
        command = [sys.executable, "-c", PROGRAM.format(before=before)]
        found.add(subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert len(found) == 1
    assert "related exponentials" in found.pop()


def test_the_state_of_sympy_is_left_as_it_was():
    from sympy.core import random as chance

    shelf._remembered.clear()
    chance.seed(7)
    expected = [chance.random() for _ in range(3)]
    chance.seed(7)
    simplify(derivative("spot"), "auto", pinned=())
    assert [chance.random() for _ in range(3)] == expected
    assert sys.getprofile() is None
