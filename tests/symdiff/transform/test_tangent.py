"""Forward mode: of every row against reverse mode and differences; of graphs built by hand against 50 digits.

A row added to the table comes here by itself, through the cases that the tests of the rows have for it. If this fails
for a new row, what it lacks is a column: ``linear=True`` where it can be applied to tangents as it is, else ``jvp``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from symdiff.ir.graph import Function, Type, Value
from symdiff.ir.verify import verify
from symdiff.ir.walk import all_nodes
from symdiff.runtime.interpret import interpret
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from symdiff.transform.tangent import push_forward
from tests.graph_maker import Maker
from tests.graph_oracle import assert_close, exact_gradient, exact_hessian_vector
from tests.hand_gradients import directions, gradient_of, primal_of
from tests.hand_graphs import CASES, GRAPHS
from tests.oracles import MP
from tests.symdiff.ops import test_elementwise as elementwise
from tests.symdiff.ops import test_rows as rows
from tests.symdiff.ops.graphs import apply, pullback

GRAPH_IDS = [f"{g.name}-{k}" for g in GRAPHS.values() for k, _ in enumerate(g.arguments)]
over_graphs = pytest.mark.parametrize(("graph", "arguments"), CASES, ids=GRAPH_IDS)
both_ways = pytest.mark.parametrize("clean", [False, True], ids=["raw", "clean"])


def floats(function: Function) -> list[int]:
    return [k for k, p in enumerate(function.params) if p.type.is_float]


def pushed(function: Function, wrt: Sequence[int], value: bool = False, clean: bool = True) -> Function:
    """The forward mode of a function, with a tangent for each parameter asked for."""
    params = [function.params[k] for k in wrt]
    tangents = [Value(Type(p.type.dtype, p.type.shape, p.type.kind), f"{p.hint}_dot") for p in params]
    made = verify(push_forward(function, wrt, tangents, name=f"{function.name}_jvp", value=value))
    return verify(eliminate_dead_code(made)) if clean else made


def random_like(x: Any, rng: np.random.Generator, dtype: str = "float64") -> Any:
    made = rng.uniform(0.5, 1.5, size=np.shape(x))
    return float(made) if isinstance(x, float) else made.astype(dtype)[()]


def check_row(function: Function, operands: Sequence[Any], smooth: bool, tolerance: float = 1e-11) -> None:
    """The products agree from both sides, and the tangent with differences."""
    rng = np.random.default_rng(5)
    wrt = floats(function)
    if not wrt or not function.results[0].type.is_float:
        return
    along = [random_like(operands[k], rng, function.params[k].type.dtype) for k in wrt]
    (tangent,) = interpret(pushed(function, wrt), *operands, *along)
    (value,) = interpret(function, *operands)
    assert np.shape(tangent) == np.shape(value)
    assert np.asarray(tangent).dtype == np.asarray(value).dtype
    weight = random_like(value, rng, function.results[0].type.dtype)
    gradients = interpret(pullback(function), *operands, weight)
    forward = float(np.sum(np.asarray(tangent, float) * weight))
    reverse = sum(float(np.sum(np.asarray(g, float) * t)) for g, t in zip(gradients, along, strict=True))
    assert forward == pytest.approx(reverse, rel=tolerance, abs=tolerance)
    if smooth:
        np.testing.assert_allclose(tangent, differences(function, operands, wrt, along), rtol=2e-8, atol=2e-8)


def differences(function: Function, operands: Sequence[Any], wrt: Sequence[int], along: Sequence[Any]) -> Any:
    def at(t: float) -> Any:
        moved = list(operands)
        for k, d in zip(wrt, along, strict=True):
            moved[k] = moved[k] + t * d
        return np.asarray(interpret(function, *moved)[0])

    h = 2e-3
    d1, d2, d4 = ((at(s) - at(-s)) / (2 * s) for s in (h, 2 * h, 4 * h))
    return (16 * (4 * d1 - d2) / 3 - (4 * d2 - d4) / 3) / 15


# -- rows --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", rows.CASES, ids=rows.ids)
def test_row(case: rows.Case) -> None:
    function = apply(case.primitive, case.operands, case.attrs)
    single = any(np.asarray(x).dtype == np.float32 for x in case.operands) or case.attrs.get("dtype") == "float32"
    check_row(function, case.operands, case.smooth, 1e-5 if single else 1e-11)


@pytest.mark.parametrize("shapes", [((),) * 4, ((3,),) * 4, ((2, 1), (3,), (), ())], ids=["0d", "1d", "spread"])
@pytest.mark.parametrize("row", elementwise.SMOOTH, ids=elementwise.ids)
def test_elementwise_row(row: Any, shapes: Any) -> None:
    operands = elementwise.sample(row, shapes[: len(row.domain)], 3)
    operands = [x.item() if x.ndim == 0 else x for x in operands]
    function = apply(row, operands, elementwise.attrs_of(row), raising=False)
    check_row(function, operands, smooth=row.kink is None)


def test_one_varying_argument_of_several() -> None:
    """A tangent of zero is not made up where the other argument is the one that varies."""
    make = Maker()
    n = make.size()
    x, w = make.array("x", n), make.array("w", n)
    graph = make.function("f", make.sum(x * w + x))
    made = pushed(graph, [0])
    assert "full" not in [node.op.name for node in all_nodes(made.block)]
    (found,) = interpret(made, np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([1.0, 10.0]))
    assert found == 4.0 + 50.0


# -- graphs ------------------------------------------------------------------------------------------------------------


@both_ways
@over_graphs
def test_tangent_agrees_with_50_digits(graph, arguments, clean):
    primal = primal_of(graph.name)
    along = directions(graph, arguments)
    found = interpret(pushed(primal, graph.wrt, clean=clean), *arguments, *along)[0]
    exact = exact_gradient(primal, arguments, graph.wrt)
    total, size = MP.mpf(0), 0.0
    for gradient, sizes, d in zip(exact.gradients, exact.sizes, along, strict=True):
        for g, s, t in zip(gradient.ravel(), sizes.ravel(), np.ravel(d), strict=True):
            total += g * MP.mpf(float(t))
            size += s * abs(float(t))
    assert_close([found], [np.array(total)], [np.array(size)], eps=graph.eps)


@both_ways
@over_graphs
def test_forward_over_reverse_is_the_product_with_the_hessian(graph, arguments, clean):
    along = directions(graph, arguments)
    gradient = gradient_of(graph.name, clean)
    found = interpret(pushed(gradient, graph.wrt, clean=clean), *arguments, *along)
    expected = exact_hessian_vector(primal_of(graph.name), arguments, graph.wrt, along)
    sizes = exact_gradient(gradient, arguments, graph.wrt, weights=along).sizes
    assert_close(found, expected, sizes, eps=graph.eps)


@over_graphs
def test_reverse_over_forward_is_the_product_with_the_hessian(graph, arguments):
    along = directions(graph, arguments)
    primal = primal_of(graph.name)
    forward = pushed(primal, graph.wrt)
    seeds = [forward.results[0], *[None] * (len(forward.results) - 1)]
    made = verify(differentiate(forward, graph.wrt, seeds, name="product", value=False))
    found = interpret(made, *arguments, *along)
    expected = exact_hessian_vector(primal, arguments, graph.wrt, along)
    sizes = exact_gradient(gradient_of(graph.name, True), arguments, graph.wrt, weights=along).sizes
    assert_close(found, expected, sizes, eps=graph.eps)


@over_graphs
def test_the_value_is_returned_before_the_tangents(graph, arguments):
    primal = primal_of(graph.name)
    found = interpret(pushed(primal, graph.wrt, value=True), *arguments, *directions(graph, arguments))
    for got, expected in zip(found, interpret(primal, *arguments), strict=False):
        np.testing.assert_array_equal(got, expected)


# -- what is not computed ----------------------------------------------------------------------------------------------


def test_what_does_not_vary_has_no_tangent():
    make = Maker()
    x, c = make.float("x"), make.float("c")
    constant = make.row("exp", c)
    graph = make.function("f", x * constant, make.row("sin", c))
    made = pushed(graph, [0])
    names = [node.op.name for node in all_nodes(made.block)]
    assert names.count("exp") == 1
    assert "cos" not in names
    np.testing.assert_allclose(interpret(made, 2.0, 0.5, 3.0), (3.0 * np.exp(0.5), 0.0))


def test_a_tangent_of_one_is_a_constant():
    make = Maker()
    x = make.float("x")
    graph = make.function("f", make.row("sin", x))
    made = verify(push_forward(graph, [0], [x.value], name="g", value=False))
    assert made.params == graph.params
    assert interpret(made, 0.3) == (np.cos(0.3),)


def test_tangents_of_stacks_are_as_high_as_the_stacks():
    """Something constant is pushed before anything that varies."""
    make = Maker()
    x = make.float("x")
    stack = make.row("new_stack", dtype="float64", shape=())
    stack = make.row("push", stack, 2.0)
    stack = make.row("push", stack, x * x)
    stack, top = make.row("pop", stack)
    _, below = make.row("pop", stack)
    graph = make.function("f", top * below)
    assert interpret(pushed(graph, [0]), 3.0, 1.0) == (12.0,)
