"""The corpus and its oracles examine each other: no part of the compiler takes part.

If these pass, every program's inputs are away from kinks and from the edges of its domain, three independent ways of
differentiating it agree, and the tags say what is true.
"""

import ast
import inspect
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests import oracles, program_helpers, programs
from tests.oracles import (
    MP,
    NotCovered,
    central_differences,
    complex_step,
    directional_difference,
    dual_hessian_vector,
    dual_numbers,
    flatten,
    reference,
)
from tests.program_model import TAGS, tagged
from tests.programs import CASES, PROGRAMS, Case, Program

# numbers of 50 digits and complex steps do not mix with Python's complex numbers
AT_EASE = [(p, c) for p, c in CASES if c.label not in p.kinks and "complex" not in p.tags]
EACH_CASE = pytest.mark.parametrize(("program", "case"), CASES, ids=[c.id for _, c in CASES])
EACH_SMOOTH_CASE = pytest.mark.parametrize(("program", "case"), AT_EASE, ids=[c.id for _, c in AT_EASE])
SECOND = [(p, c) for p, c in AT_EASE if p.second]
EACH_SECOND_CASE = pytest.mark.parametrize(("program", "case"), SECOND, ids=[c.id for _, c in SECOND])
EACH_PROGRAM = pytest.mark.parametrize("program", PROGRAMS.values(), ids=list(PROGRAMS))

# How many programs a tag must have at least.
LEAST = {
    "loop": 60,
    "zero-trip": 40,
    "store": 24,
    "helper": 24,
    "branch": 16,
    "nested": 12,
    "ragged": 8,
    "carried": 30,
    "while": 5,
    "linalg": 18,
    "broadcast": 14,
    "reduction": 10,
    "index": 20,
    "names": 7,
    "app": 24,
    "closure": 4,
    "lambda": 3,
    "method": 3,
    "partial": 2,
}


def numbers(tree: Any) -> np.ndarray:
    """A gradient as a flat vector."""
    return np.array([float(v) for v in flatten(tree)])


def scale_of(vector: np.ndarray) -> float:
    """The size to which an error is compared."""
    return 1.0 + float(np.max(np.abs(vector), initial=0.0))


# ---------------------------------------------------------------------------------------------------------------------
# The corpus is what it says
# ---------------------------------------------------------------------------------------------------------------------


def test_the_corpus_is_large_enough():
    assert len(PROGRAMS) >= 120
    counts = {tag: len(tagged(tag)) for tag in LEAST}
    assert {tag: n for tag, n in counts.items() if n < LEAST[tag]} == {}
    assert sum(p.second for p in PROGRAMS.values()) >= 60
    assert TAGS.keys() == set().union(*(p.tags for p in PROGRAMS.values()))


@EACH_CASE
def test_cpython_runs_it_to_a_finite_scalar_and_the_inputs_repeat(program: Program, case: Case):
    arguments = case.arguments()
    with np.errstate(all="ignore"):
        value = program.function(*arguments)
        again = program.function(*case.arguments())
    assert np.ndim(value) == 0
    assert math.isfinite(value)
    assert value == again
    assert repr(arguments) == repr(case.arguments()), "a program may not change its caller's arrays"


@EACH_PROGRAM
def test_what_it_names_exists(program: Program):
    labels = {case.label for case in program.cases}
    wrt = {program.wrt} if isinstance(program.wrt, str) else set(program.wrt)
    assert wrt <= set(inspect.signature(program.function).parameters)
    assert labels >= set(program.expected) | program.kinks
    assert program.kinks <= set(program.expected), "at a kink only an exact expectation says anything"
    assert ("zero-trip" in program.tags) == any(label.startswith("zero") for label in labels - program.kinks)


# every file of the corpus, and the helpers they call
MODULES = [m for name, m in sorted(sys.modules.items()) if name.startswith(("tests.programs", "tests.program_helpers"))]
FILES = {m.__file__: ast.parse(inspect.getsource(m)) for m in MODULES}
DEFINED = {
    (file, node.name): node for file, tree in FILES.items() for node in tree.body if isinstance(node, ast.FunctionDef)
}
FUNCTIONS = {  # those of the programs that are functions of a module
    name: DEFINED[place]
    for name, program in PROGRAMS.items()
    if isinstance(program.function, types.FunctionType)
    and (place := (program.function.__code__.co_filename, name)) in DEFINED
}


def lines_run(function: Callable[..., Any], arguments: tuple) -> set[tuple[str, int]]:
    """File and line of everything in the corpus that runs."""
    seen = set()

    def trace(frame, event, argument):
        if frame.f_code.co_filename not in FILES:
            return None
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with np.errstate(all="ignore"):
            function(*arguments)
    finally:
        sys.settrace(before)
    return seen


@pytest.mark.parametrize("program", tagged("zero-trip"), ids=lambda p: p.name)
def test_some_loop_runs_zero_times(program: Program):
    loops = [
        ((name, node.lineno), (name, node.body[0].lineno))
        for name, tree in FILES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.While)
    ]
    for case in program.cases:
        if case.label.startswith("zero") and case.label not in program.kinks:
            seen = lines_run(program.function, case.arguments())
            skipped = any(head in seen and body not in seen for head, body in loops)
            assert skipped, case.id


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_line_runs_in_some_case(name: str):
    program = PROGRAMS[name]
    seen = set().union(*(lines_run(program.function, case.arguments()) for case in program.cases))
    run = {line for _, line in seen}
    statements = [n for n in ast.walk(FUNCTIONS[name]) if isinstance(n, ast.stmt) and n is not FUNCTIONS[name]]
    declares = (ast.Nonlocal, ast.Global)
    if "effect" in program.tags:  # an exception leaves no value to compare: see tests/symdiff/test_raise.py
        run |= {n.lineno for n in statements if isinstance(n, ast.Raise)}
        run |= {n.lineno for n in statements if isinstance(n, ast.Expr) and "refuse(" in ast.unparse(n)}
    if "derivative" in program.tags:  # what is differentiated or mapped runs as native code
        inner = [n for n in statements if isinstance(n, ast.FunctionDef)]
        run |= {n.lineno for f in inner for n in ast.walk(f) if isinstance(n, ast.stmt)}
    run |= {n.lineno for n in statements if isinstance(n, declares) or getattr(n, "value", n) is None}
    assert [n.lineno for n in statements if n.lineno not in run] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tags_of_loops_and_branches_are_true(name: str):
    tags = PROGRAMS[name].tags
    kinds = {type(n) for n in ast.walk(FUNCTIONS[name]) if isinstance(n, ast.stmt | ast.expr)}
    body = FUNCTIONS[name].body
    if kinds & {ast.For, ast.While}:
        assert "loop" in tags
    assert ("while" in tags) == (ast.While in kinds)
    if "branch" in tags and not tags & {"helper", "builtin"}:
        assert kinds & {ast.If, ast.IfExp, ast.Match}
    if any(isinstance(inner, ast.For | ast.While) for n in body for inner in inner_statements(n)):
        assert "nested" in tags


def inner_statements(node: ast.stmt) -> list[ast.stmt]:
    """The statements inside a loop; none for what is not a loop."""
    if not isinstance(node, ast.For | ast.While):
        return []
    return [n for child in node.body for n in ast.walk(child) if isinstance(n, ast.stmt)]


# ---------------------------------------------------------------------------------------------------------------------
# The oracles agree
# ---------------------------------------------------------------------------------------------------------------------


@EACH_SMOOTH_CASE
def test_three_ways_agree(program: Program, case: Case):
    arguments = case.arguments()
    exact = dual_numbers(program.function, arguments, program.wrt)
    differences = central_differences(program.function, arguments, program.wrt)
    assert exact.value == pytest.approx(differences.value, rel=1e-12, abs=1e-12)
    assert np.all(np.isfinite(exact.vector))
    assert np.all(np.abs(exact.vector - differences.vector) <= differences.errors)
    assert np.all(differences.errors <= 1e-6 * scale_of(exact.vector)), "the differences are too rough to mean anything"
    if "derivative" not in program.tags:  # differences of complex steps in float64 would say nothing
        steps = complex_step(program.function, arguments, program.wrt)
        assert np.all(np.abs(exact.vector - steps.vector) <= steps.errors)
    assert repr(arguments) == repr(case.arguments())


@pytest.mark.parametrize(
    ("program", "label"), [pytest.param(p, k, id=f"{p.name}-{k}") for p in PROGRAMS.values() for k in p.expected]
)
def test_expected_gradients_are_right(program: Program, label: str):
    case = next(c for c in program.cases if c.label == label)
    found = reference(program.function, case.arguments(), program.wrt)
    assert found.vector == pytest.approx(numbers(program.expected[label]), rel=1e-14, abs=1e-14)


@EACH_SECOND_CASE
def test_second_derivatives_agree_with_differences_of_first(program: Program, case: Case):
    arguments = case.arguments()
    problem = oracles.pose(program.function, arguments, program.wrt)
    x = np.array(problem.start())
    rng = np.random.default_rng(len(x))
    u, v = rng.normal(size=len(x)), rng.normal(size=len(x))
    hu = numbers(dual_hessian_vector(program.function, arguments, program.wrt, problem.structure(u)))
    hv = numbers(dual_hessian_vector(program.function, arguments, program.wrt, problem.structure(v)))
    assert v @ hu == pytest.approx(u @ hv, rel=1e-10, abs=1e-10)
    copied = oracles.rebind(program.function, oracles.Dual)

    def slope(h: float) -> np.ndarray:
        up = oracles.dual_vector(problem, copied, [MP.mpf(t) for t in x + h * u])[1]
        down = oracles.dual_vector(problem, copied, [MP.mpf(t) for t in x - h * u])[1]
        return np.array([float(a - b) for a, b in zip(up, down, strict=True)]) / (2 * h)

    h = 1e-4 * min(1.0, float(np.min(np.abs(x[x != 0.0]), initial=1.0)))
    found = (4 * slope(h / 2) - slope(h)) / 3
    assert found == pytest.approx(hu, rel=1e-6, abs=1e-6 * scale_of(hu))


# ---------------------------------------------------------------------------------------------------------------------
# Closed forms
# ---------------------------------------------------------------------------------------------------------------------


def black_scholes_greeks(S, sigma, K, r, T):
    """Delta, vega, strike delta, rho and the derivative in T."""
    root = math.sqrt(T)
    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * root)
    d2 = d1 - sigma * root
    density = math.exp(-0.5 * d1 * d1) / math.sqrt(2 * math.pi)
    cdf = program_helpers.normal_cdf
    discount = math.exp(-r * T)
    theta = S * density * sigma / (2 * root) + r * K * discount * cdf(d2)
    return cdf(d1), S * density * root, -discount * cdf(d2), K * T * discount * cdf(d2), theta


def logistic_gradient(w, b, x, y):
    """The textbook gradient of the mean loss and the ridge term."""
    weight = -y / (1.0 + np.exp(y * (x @ w + b))) / len(y)
    return x.T @ weight + 0.1 * w, np.sum(weight)


def tanh_network_gradient(w1, b1, w2, b2, x, y):
    """Back-propagation by hand."""
    h = np.tanh(x @ w1 + b1)
    out_bar = 2.0 * (h @ w2 + b2 - y) / y.size
    z_bar = out_bar @ w2.T * (1.0 - h * h)
    return x.T @ z_bar, z_bar.sum(axis=0), h.T @ out_bar, out_bar.sum(axis=0)


def softmax_gradient(z, labels):
    """Probabilities less the labels."""
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return (p - np.eye(z.shape[1])[labels]) / len(labels)


def horner_gradient(c, x):
    """Powers of x, and the derivative of the polynomial."""
    powers = x ** np.arange(len(c))
    return powers, float(np.sum(c[1:] * np.arange(1, len(c)) * powers[:-1]))


def gaussian_gradient(a, x):
    """The well-known matrix formula, and minus the weighted residual."""
    sigma = 0.5 * (a + a.T)
    weighted = np.linalg.solve(sigma, x)
    return 0.5 * (np.outer(weighted, weighted) - np.linalg.inv(sigma)), -weighted


CLOSED_FORMS: dict[str, Callable[..., Any]] = {
    "sum_of_squares_over_elements": lambda x: 2.0 * x,
    "product_by_index": lambda x: np.prod(x + 2.0) / (x + 2.0),
    "builtin_sum_of_array": lambda x: 2.0 * x / (len(x) + 1),
    "newton_square_root": lambda a, tol: 1.0 if tol > 2.0 else 0.5 / math.sqrt(a),
    "black_scholes_call": lambda S, K, r, sigma, T: black_scholes_greeks(S, sigma, K, r, T),
    "logistic_regression": logistic_gradient,
    "tanh_network": tanh_network_gradient,
    "softmax_cross_entropy": softmax_gradient,
    "horner_polynomial": horner_gradient,
    "gaussian_log_likelihood": gaussian_gradient,
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_forms(name: str):
    program = PROGRAMS[name]
    for case in program.cases:
        arguments = case.arguments()
        found = dual_numbers(program.function, arguments, program.wrt).vector
        rel = 1e-5 if name == "newton_square_root" else 1e-11
        assert found == pytest.approx(numbers(CLOSED_FORMS[name](*arguments)), rel=rel, abs=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# The oracles themselves
# ---------------------------------------------------------------------------------------------------------------------


def test_the_special_derivatives():
    expected = {
        "polynomial_loop": 61.3125,
        "grow_past_hundred": 1037.970703125,
        "overwrite_one": 6.75,
        "sine_times": 1.103600789105609,
        "float_times": 3.0,
    }
    for name, slope in expected.items():
        program = PROGRAMS[name]
        found = dual_numbers(program.function, program.cases[0].arguments(), program.wrt)
        assert found.gradient == pytest.approx(slope, rel=1e-10)


def test_fifty_digits():
    found = dual_numbers(PROGRAMS["sine_times"].function, (1.5,), "x")
    truth = MP.sin(MP.mpf(1.5)) + MP.mpf(1.5) * MP.cos(MP.mpf(1.5))
    assert abs(found.exact[0] - truth) < MP.mpf(10) ** -48


def test_gradients_have_the_structure_of_what_was_asked():
    program = PROGRAMS["named_tuple_state"]
    state, dt = program.cases[0].arguments()
    found = reference(program.function, (state, dt), "state").gradient
    assert isinstance(found, programs.State)
    assert isinstance(found.position, float)
    assert found.speed.shape == state.speed.shape
    both = reference(program.function, (state, dt), ("dt", "state")).gradient
    assert isinstance(both[0], float)
    assert isinstance(both[1], programs.State)
    nested = PROGRAMS["dict_of_parameters"]
    found = reference(nested.function, nested.cases[0].arguments(), "params").gradient
    assert set(found) == {"w", "b"}


def test_what_is_not_covered_falls_back_to_differences():
    def spectrum(x):
        return float(np.sum(np.abs(np.fft.rfft(x)) ** 2))

    x = np.array([0.3, -1.2, 0.8, 2.0])
    with pytest.raises(NotCovered):
        dual_numbers(spectrum, (x,), "x")
    found = reference(spectrum, (x,), "x")
    assert found.method == "central differences"
    w = np.fft.rfft(np.eye(4), axis=0)
    truth = 2.0 * (w.conj().T @ w).real @ x
    assert np.all(np.abs(found.vector - truth) <= found.errors)
    assert np.all(found.errors < 1e-7)


def test_numbers_stored_where_only_floats_fit_are_not_covered():
    buffer = np.zeros(3)

    def stores_outside(x):
        buffer[0] = x
        return buffer[0] * x

    with pytest.raises(NotCovered):
        dual_numbers(stores_outside, (1.5,), "x")


def test_differences_know_their_error():
    found = central_differences(lambda x: math.exp(x) * math.sin(20 * x), (0.3,), "x")
    truth = math.exp(0.3) * (math.sin(6.0) + 20 * math.cos(6.0))
    assert abs(found.gradient - truth) <= found.error < 1e-4


def test_direction_through_many_elements():
    rng = np.random.default_rng(0)
    x, d = rng.normal(size=1000), rng.normal(size=1000)
    slope, error = directional_difference(lambda x: np.sum(np.sin(x)), (x,), "x", d)
    assert abs(slope - np.sum(np.cos(x) * d)) <= error < 1e-6


def test_a_helper_that_calls_itself_is_copied_once():
    program = PROGRAMS["plain_lambda"]

    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    assert dual_numbers(power, (1.5, 5), "x").gradient == pytest.approx(5 * 1.5**4, rel=1e-15)
    assert complex_step(program.function, (0.9, 0.3), ("x", "y")).gradient[1] == pytest.approx(-0.81 * math.exp(-0.27))
