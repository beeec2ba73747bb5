"""Every rule is applied where it fits, and its statement of exactness holds on all pairs of special values."""

import itertools
import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symdiff.ir.graph import Block, Function
from symdiff.ir.verify import verify
from symdiff.ir.walk import all_nodes
from symdiff.runtime.interpret import interpret
from symdiff.transform.rulepass import RULES
from symdiff.transform.simplify import simplify
from tests.graph_maker import WHOLE, Maker

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.1, -2.5, 3e-310, 1.7e308, -1.7e308, math.inf, -math.inf, math.nan]
TRUTHS = [False, True]

Build = Callable[[Maker], Any]


def numbers(*names: str) -> Callable[[Callable[..., Any]], Build]:
    """A graph of NumPy scalars, which never raise."""
    return lambda f: lambda make: f(make, *(make.array(name) for name in names))


def truths(*names: str) -> Callable[[Callable[..., Any]], Build]:
    return lambda f: lambda make: f(make, *(make.array(name, dtype="bool") for name in names))


def choice(f: Callable[..., Any]) -> Build:
    return lambda make: f(make, make.array("c", dtype="bool"), make.array("x"), make.array("y"))


def vector(f: Callable[..., Any]) -> Build:
    return lambda make: f(make, make.array("v", 3))


def kept(value: Any) -> Any:
    return value


# Each: what it is called, and a graph that it applies to.
EXAMPLES: dict[str, Build] = {
    "fold": numbers("x")(lambda m, x: x * (m.traced(0.1) * 3.0)),
    "fold integers": lambda m: m.row("maximum", 3, 5) + m.int("n"),
    "times one": numbers("x")(lambda m, x: 1.0 * x),
    "divided by one": numbers("x")(lambda m, x: x / 1.0),
    "plus negative zero": numbers("x")(lambda m, x: x + -0.0),
    "plus integer zero": lambda m: m.int("n") + 0,
    "minus zero": numbers("x")(lambda m, x: x - 0.0),
    "plus zero": numbers("x")(lambda m, x: 0.0 + x),
    "zero minus": numbers("x")(lambda m, x: 0.0 - x),
    "unary plus": numbers("x")(lambda m, x: m.row("positive", x)),
    "minus minus": numbers("x")(lambda m, x: m.row("negative", -x)),
    "times minus one": numbers("x")(lambda m, x: -1.0 * x),
    "product of negatives": numbers("x", "y")(lambda m, x, y: -x * -y),
    "subtract a negative": numbers("x", "y")(lambda m, x, y: x - -y),
    "add a negative": numbers("x", "y")(lambda m, x, y: -x + y),
    "subtract a negative product": numbers("x", "y")(lambda m, x, y: x - -(x * y)),
    "add a negative product": numbers("x", "y")(lambda m, x, y: x + -(x * y)),
    "sign out of a product": numbers("x", "y")(lambda m, x, y: -x * y),
    "sign into a literal": numbers("x")(lambda m, x: -(x * 3.0)),
    "sign of a difference": numbers("x", "y")(lambda m, x, y: -(x - y)),
    "even": numbers("x")(lambda m, x: m.row("absolute", -x)),
    "power one": numbers("x")(lambda m, x: x**1),
    "power two": numbers("x")(lambda m, x: x**2.0),
    "power minus one": numbers("x")(lambda m, x: x**-1.0),
    "same arms": choice(lambda m, c, x, y: m.row("where", c, x, x) + y),
    "known condition": numbers("x", "y")(lambda m, x, y: m.row("where", m.traced(True), x, y)),
    "negated condition": choice(lambda m, c, x, y: m.row("where", m.row("logical_not", c), x, y)),
    "repeated condition": choice(lambda m, c, x, y: m.row("where", c, m.row("where", c, x, y), x * y)),
    "not not": truths("a")(lambda m, a: m.row("logical_not", m.row("logical_not", a))),
    "known logic": truths("a")(lambda m, a: m.row("logical_and", a, m.traced(True))),
    "logistic": numbers("x", "y")(lambda m, x, y: y / (1.0 + m.row("exp", x)) * m.row("exp", x)),
    "extreme of one": numbers("x")(lambda m, x: m.row("maximum", x, x)),
    "convert to the same": numbers("x")(lambda m, x: m.row("convert", x, dtype="float64", kind="numpy")),
    "convert and back": lambda m: m.row(
        "convert", m.row("convert", m.array("x", dtype="float32"), dtype="float64", kind="numpy"),
        dtype="float32", kind="numpy",
    ),
    "reshape to the same": vector(lambda m, v: m.row("reshape", v, shape=(3,))),
    "reshape twice": vector(lambda m, v: m.row("reshape", m.row("reshape", v, shape=(3, 1)), shape=(1, 3))),
    "reshape a filling": numbers("x")(
        lambda m, x: m.row("reshape", m.row("broadcast_to", x, shape=(3,)), shape=(1, 3))
    ),
    "convert a filling": numbers("x")(
        lambda m, x: m.row("convert", m.row("broadcast_to", x, shape=(3,)), dtype="float32", kind="numpy")
    ),
    "a number for a filling": vector(lambda m, v: m.row("broadcast_to", m.array("x"), shape=(3,)) / v),
    "transpose to the same": lambda m: m.row("transpose", m.array("a", 2, 3), axes=(0, 1)),
    "transpose twice": lambda m: m.row("transpose", m.row("transpose", m.array("a", 2, 3), axes=(1, 0)), axes=(1, 0)),
    "transposed product": lambda m: m.row(
        "transpose",
        m.row("matmul", m.row("transpose", m.array("a", 2, 3), axes=(1, 0)), m.array("b", 2, 4)),
        axes=(1, 0),
    ),
    "reduce over nothing": numbers("x")(lambda m, x: m.row("max", x, axis=(), keepdims=False)),
    "sum over nothing": numbers("x")(lambda m, x: m.sum(x, ())),
    "read what was stored": vector(lambda m, v: m.read(m.row("put", v, v * v, index=(WHOLE,)))),
    "store over a store": vector(
        lambda m, v: m.row("put", m.row("put", v, 1.0, 1, index=(("int",),)), 2.0, 1, index=(("int",),))
    ),
    "read the whole": vector(lambda m, v: m.read(v)),
    "place inside": lambda m: m.row("list_position", -1, m.row("maximum", m.int("n"), 0) + 1),
    "kept bound": lambda m: m.row("maximum", m.row("maximum", m.int("n"), 0), 0),
    "twice": numbers("x")(lambda m, x: x + x),
    "scaled twice": numbers("x")(lambda m, x: x * 0.5 * 3.0),
    "halves and doubles": numbers("x", "y")(lambda m, x, y: (x * 0.5) * (2.0 * y)),
    "scaled quotient": numbers("x")(lambda m, x: (1.0 / x) * 3.0),
    "cancelled factor": numbers("x", "y")(lambda m, x, y: y / (3.0 * x) * 3.0),
}  # fmt: skip


def graph_of(build: Build) -> Function:
    make = Maker()
    return make.function("f", build(make))


def arguments_of(graph: Function) -> list[tuple[Any, ...]]:
    """All combinations of special values for the parameters; arrays hold them all."""
    choices: list[list[Any]] = []
    for param in graph.params:
        count = int(np.prod([int(d) for d in param.type.shape])) if param.type.shape else 1
        pool = TRUTHS if param.type.dtype == "bool" else SPECIAL if param.type.is_float else [-7, 0, 1, 2**40]
        if not param.type.shape:
            choices.append([np.dtype(param.type.dtype).type(x) for x in pool])
            if param.type.kind == "python":
                choices[-1] = [x.item() for x in choices[-1]]
        else:
            rows = [np.resize(pool[k:], count).reshape(param.type.shape) for k in range(0, len(pool), count)]
            choices.append(rows)
    return list(itertools.product(*choices))


def bits(x: Any) -> Any:
    """A value by its bits; all NaN are one."""
    array = np.asarray(x)
    if array.dtype.kind != "f":
        return array.tolist()
    return np.where(np.isnan(array), np.nan, array).view(f"i{array.itemsize}").tolist()


def same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f"))


def overflows(graph: Function, arguments: tuple[Any, ...]) -> bool:
    """Whether something on the way from finite numbers to a finite result is too large."""
    if not all(np.isfinite(x).all() for x in arguments):
        return False
    block = graph.block
    values = tuple(v for node in block.nodes for v in node.outputs)
    everything = Function("everything", Block(block.params, block.nodes, values))
    return not all(np.isfinite(x).all() for x in interpret(everything, *arguments))


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_rule_is_applied_and_as_exact_as_it_says(rule):
    with np.errstate(all="ignore"):
        graph = graph_of(EXAMPLES[rule.name])
        made, rewrites = simplify(graph, "auto", pinned=())
        verify(made)
        assert rule.name in {r.name for r in rewrites}
        for arguments in arguments_of(graph):
            (before,), (after,) = interpret(graph, *arguments), interpret(made, *arguments)
            if rule.exactness == "exact":
                assert bits(before) == bits(after), arguments
            elif rule.exactness == "derivative":
                assert same(before, after), arguments
            elif np.isfinite(before).all() and not overflows(graph, arguments):
                np.testing.assert_allclose(after, before, rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_only_exact_rules_touch_what_is_pinned(rule):
    graph = graph_of(EXAMPLES[rule.name])
    names = {r.name for r in simplify(graph, "auto")[1]}
    assert (rule.name in names) == (rule.exactness == "exact")


def test_every_example_belongs_to_a_rule():
    assert set(EXAMPLES) == {rule.name for rule in RULES}
    assert all(rule.exactness in ("exact", "derivative", "stable") and rule.statement for rule in RULES)


def rows_of(graph: Function) -> list[str]:
    return [n.op.name for n in all_nodes(graph.block) if n.op.name != "constant"]


@pytest.mark.parametrize(
    "build",
    [
        numbers("x")(lambda m, x: x * 0.0),
        numbers("x")(lambda m, x: x - x),
        numbers("x")(lambda m, x: x / x),
        numbers("x")(lambda m, x: (x + 0.1) + 0.2),
        numbers("x")(lambda m, x: (x * 0.1) * 10.0),
        numbers("x")(lambda m, x: x / 49.0),
        numbers("x")(lambda m, x: m.row("log", m.row("exp", x))),
        lambda m: m.float("x") ** 2.0,
        numbers("x")(lambda m, x: m.row("sqrt", x * x)),
    ],
)
def test_what_would_hide_a_nan_or_round_otherwise_is_left(build):
    graph = graph_of(build)
    assert rows_of(simplify(graph, "auto", pinned=())[0]) == rows_of(graph)


def fused(graph: Function, *arguments: float) -> float:
    """The result where each sum is fused with the product that is its first operand, else with its second."""
    values = {p: Fraction(x) for p, x in zip(graph.params, arguments, strict=True)}
    made = {o: n for n in graph.block.nodes for o in n.outputs}

    def product(value: Any) -> Fraction | None:
        node = made.get(value)
        if node is None or node.op.name != "multiply":
            return None
        return values[node.inputs[0]] * values[node.inputs[1]]

    for node in graph.block.nodes:
        x = [values[v] for v in node.inputs]
        match node.op.name:
            case "constant":
                exact = Fraction(node.attrs["value"])
            case "add" | "subtract":
                whole = [product(v) for v in node.inputs]
                a = x[0] if whole[0] is None else whole[0]
                b = x[1] if whole[1] is None or whole[0] is not None else whole[1]
                exact = a + b if node.op.name == "add" else a - b
            case "multiply":
                exact = x[0] * x[1]
            case "divide":
                exact = x[0] / x[1]
            case "negative":
                exact = -x[0]
            case other:
                raise AssertionError(other)
        values[node.output] = Fraction(float(exact))
    return float(values[graph.results[0]])


@pytest.mark.parametrize(
    "build",
    [
        lambda m, a, b, c: a * b * 1.0 + c,
        lambda m, a, b, c: a * 1.0 + b * c,
        lambda m, a, b, c: m.row("negative", -(a * b)) + c,
        lambda m, a, b, c: c - -(a * b),
        lambda m, a, b, c: a * b - -c,
        lambda m, a, b, c: -a + b * c,
        lambda m, a, b, c: (-a) * b + c,
        lambda m, a, b, c: -1.0 * (a * b) + c,
        lambda m, a, b, c: (a * b) / 1.0 - (b * c - 0.0),
        lambda m, a, b, c: m.traced(0.1) * 0.2 + a,
    ],
)
def test_sums_that_are_pinned_are_fused_with_the_product_they_were(build):
    graph = graph_of(numbers("a", "b", "c")(build))
    made, _ = simplify(graph, "auto")
    rng = random.Random(1)
    for _ in range(200):
        arguments = [rng.uniform(-2, 2) for _ in graph.params]
        assert fused(graph, *arguments) == fused(made, *arguments)
    assert len(rows_of(simplify(graph, "auto", pinned=())[0])) <= len(rows_of(graph))


def test_an_index_array_may_name_a_place_twice():
    def build(m, v):
        place = m.array("k", 2, dtype="int64")
        stored = m.row("put", v, m.array("w", 2), place, index=(("array",),))
        return m.row("index", stored, place, index=(("array",),))

    graph = graph_of(vector(build))
    assert rows_of(simplify(graph, "auto", pinned=())[0]) == ["put", "index"]


def test_the_power_of_python_floats_still_overflows():
    make = Maker()
    graph = make.function("f", make.float("x") ** 2.0)
    with pytest.raises(OverflowError):
        interpret(simplify(graph, "auto", pinned=())[0], 1e200)


@pytest.mark.parametrize("u", [-800.0, -700.0, -1.0, 0.0, 1.0, 700.0, 800.0])
def test_the_logistic_derivative_neither_overflows_nor_loses_itself(u):
    make = Maker()
    x, y = make.array("x"), make.array("y")
    power = make.row("exp", x)
    made, _ = simplify(make.function("f", y / (1.0 + power) * power), "auto", pinned=())
    with np.errstate(all="ignore"):
        (found,) = interpret(made, np.float64(u), np.float64(3.0))
    assert found == pytest.approx(
        3.0 * float(1 / (1 + Fraction(math.exp(-abs(u))))) if u > 0 else 3.0 * math.exp(u) / (1 + math.exp(u)),
        rel=1e-14,
    )
