"""The examiner: what it lets pass, and what it refuses; and the exact values it compares with."""

import math

import pytest

from symdiff.transform.examine import Examiner
from symdiff.transform.formula import Candidate, Formula, Operation, literal
from symdiff.transform.truth import KNOWN_ROWS, UNKNOWN, Exact, Truth
from tests.oracles import MP

HALF, ONE, TWO = literal(0.5), literal(1.0), literal(2.0)


class Writer:
    """Writes operations in a row; `kind` is that of their results."""

    def __init__(self, kind: str, raises: bool = False):
        self.kind, self.raises = kind, raises
        self.operations: list[Operation] = []

    def __call__(self, row: str, *operands):
        self.operations.append(Operation(row, operands, self.raises))
        return (self.kind, len(self.operations) - 1)


def formula(build, inputs: int, *, raises: bool = False) -> Formula:
    write = Writer("n", raises)
    outputs = build(write, *(("i", k) for k in range(inputs)))
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return Formula(inputs, tuple(write.operations), tuple(k for _, k in outputs))


def candidate(build, inputs: int) -> Candidate:
    write = Writer("o")
    output = build(write, *(("i", k) for k in range(inputs)))
    return Candidate(tuple(write.operations), (output,))


def examine(old, new, inputs: int, *, raises: bool = False):
    return Examiner(formula(old, inputs, raises=raises)).examine(candidate(new, inputs))


def times(write, first, *others):
    for x in others:
        first = write("multiply", first, x)
    return first


# Pairs that are equal as mathematics.
AGREE = [
    (lambda w, a, b, c: w("add", times(w, a, b), times(w, a, c)), lambda w, a, b, c: times(w, a, w("add", b, c)), 3),
    (lambda w, x: w("log", w("add", ONE, x)), lambda w, x: w("log1p", x), 1),
    (lambda w, x: w("subtract", w("exp", x), ONE), lambda w, x: w("expm1", x), 1),
    (lambda w, x: w("negative", w("negative", x)), lambda w, x: w("positive", x), 1),
    (lambda w, x: w("divide", ONE, w("add", ONE, w("exp", w("negative", x)))), lambda w, x: w("sigmoid", x), 1),
    (lambda w, x: w("divide", times(w, x, literal(6.0)), TWO), lambda w, x: times(w, x, literal(3.0)), 1),
]

REFUSED = [
    # what was finite overflows
    (lambda w, x: w("sigmoid", x), lambda w, x: w("divide", w("exp", x), w("add", ONE, w("exp", x))), 1),
    (
        lambda w, x, y: times(w, w("divide", x, y), x),
        lambda w, x, y: w("divide", times(w, x, x), y),
        2,
    ),
    # cancellation
    (lambda w, x: w("log1p", x), lambda w, x: w("log", w("add", ONE, x)), 1),
    (lambda w, x: w("expm1", x), lambda w, x: w("subtract", w("exp", x), ONE), 1),
    (
        lambda w, x, y: times(w, w("subtract", x, y), w("add", x, y)),
        lambda w, x, y: w("subtract", times(w, x, x), times(w, y, y)),
        2,
    ),
    # a hidden NaN
    (lambda w, x: w("divide", x, x), lambda w, x: w("positive", ONE), 1),
    (lambda w, x: w("exp", w("log", x)), lambda w, x: w("positive", x), 1),
    (lambda w, x, y: w("divide", times(w, x, y), x), lambda w, x, y: w("positive", y), 2),
    # simply wrong
    (lambda w, x, y: w("add", x, y), lambda w, x, y: w("subtract", x, y), 2),
    (lambda w, x: w("sqrt", times(w, x, x)), lambda w, x: w("positive", x), 1),
    (lambda w, x: w("subtract", x, x), lambda w, x: w("positive", literal(1e-300)), 1),
    (lambda w, x: times(w, x, literal(0.3333333333333333)), lambda w, x: times(w, x, literal(0.33333333)), 1),
]


@pytest.mark.parametrize("case", AGREE)
def test_what_is_no_less_accurate_passes(case):
    assert examine(*case).agrees, examine(*case).reason


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_worse_somewhere_is_refused(case):
    result = examine(*case)
    assert not result.agrees
    assert "at (" in result.reason or "near (" in result.reason


def test_what_fails_must_go_on_failing():
    def old(w, x, y):
        return times(w, w("divide", x, y), y)

    assert not examine(old, lambda w, x, y: w("positive", x), 2, raises=True).agrees
    # NaN is not enough
    assert not examine(old, lambda w, x, y: times(w, w("divide", x, y), y), 2, raises=True).agrees
    assert examine(old, lambda w, x, y: times(w, w("divide", x, y), y), 2).agrees
    # reading the result of the division keeps its failure
    whole = formula(old, 2, raises=True)
    kept = Candidate((Operation("multiply", (("i", 1), ("n", 0))),), (("o", 0),))
    assert Examiner(whole).examine(kept).agrees


def test_failures_of_what_is_pinned_are_there_in_any_case():
    log = Operation("log", (("i", 0),), raises=True, pinned=True)
    whole = Formula(1, (log, Operation("exp", (("n", 0),))), (1,))
    alone = Candidate((Operation("positive", (("i", 0),)),), (("o", 0),))
    assert Examiner(whole).examine(alone).agrees


# -- the vega ----------------------------------------------------------------------------------------------------------
# Inputs: spot, strike, rate, volatility, maturity.


def vega(w, s, k, r, v, t):
    """``s * sqrt(t) * pdf(d1)``."""
    d1 = w("log", w("divide", s, k))
    d1 = w("add", d1, times(w, w("add", r, times(w, HALF, v, v)), t))
    d1 = w("divide", d1, times(w, v, w("sqrt", t)))
    density = w("exp", times(w, literal(-0.5), d1, d1))
    return times(w, s, w("sqrt", t), literal(0.3989422804014327), density)


def vega_with_a_power(w, s, k, r, v, t):
    """The same with the exponent multiplied out, and exponentials of logarithms as powers: ``k ** (r / v**2)``."""
    square = times(w, v, v)
    log = w("log", w("divide", s, k))
    power = w("divide", w("power", k, w("divide", r, square)), w("power", s, w("divide", r, square)))
    inside = w("divide", times(w, log, log), times(w, TWO, square, t))
    inside = w("add", inside, w("divide", times(w, r, r, t), times(w, TWO, square)))
    inside = w("add", inside, w("add", times(w, HALF, r, t), times(w, literal(0.125), square, t)))
    density = w("exp", w("negative", inside))
    root = w("sqrt", w("divide", k, s))
    return times(w, s, w("sqrt", t), literal(0.3989422804014327), power, root, density)


def test_both_forms_of_the_vega_are_the_same_function():
    point = (100.0, 110.0, 0.03, 0.4, 1.5)
    values = [Truth(formula(build, 5)).outputs(point)[0] for build in (vega, vega_with_a_power)]
    assert all(isinstance(x, Exact) for x in values)
    assert abs(values[0].value / values[1].value - 1) < 1e-15


def test_the_form_of_the_vega_that_overflows_is_refused():
    result = examine(vega, vega_with_a_power, 5)
    assert not result.agrees
    # 100 ** (r / v**2) is infinite for a volatility of one percent, and the vega is not
    old, new = (Examiner(formula(build, 5)) for build in (vega, vega_with_a_power))
    point = (100.0, 110.0, 0.05, 0.01, 1.0)
    for examiner in (old, new):
        examiner.inputs, examiner.count = [[x] for x in point], 1
    (first,), (second,) = (e.evaluate_formula()[0][-1] for e in (old, new))
    assert math.isfinite(first)
    assert not math.isfinite(second)


# -- exact values ------------------------------------------------------------------------------------------------------

UNARY = sorted(KNOWN_ROWS - {"add", "subtract", "multiply", "divide", "power", "math_pow"})


@pytest.mark.parametrize("row", UNARY)
@pytest.mark.parametrize("x", [0.3, 2.5, 1e-9, 40.0, -0.7])
def test_exact_values_have_the_digits_they_claim(row, x):
    (few,) = Truth(formula(lambda w, a: w(row, a), 1)).outputs([x])
    (many,) = Truth(formula(lambda w, a: w(row, a), 1)).outputs_with(900, [x])
    assert type(few) is type(many)
    if few is not None:
        assert few.is_sharp
        assert abs(few.value - many.value) <= MP.mpf(2) ** max(few.doubt, -(10**6))


def test_cancellation_is_noticed():
    whole = formula(lambda w, x, y: w("subtract", w("add", w("exp", x), y), w("exp", x)), 2)
    truth = Truth(whole)
    (small,) = truth.outputs_with(60, [1.0, 1e-30])
    assert not small.is_sharp
    assert abs(small.value - MP.mpf(1e-30)) < MP.mpf(2) ** small.doubt
    (right,) = truth.outputs([1.0, 1e-30])
    assert float(right.value) == 1e-30


def test_what_is_zero_for_all_arguments_is_known_to_be_small():
    whole = formula(lambda w, x: w("subtract", times(w, w("exp", x), w("exp", w("negative", x))), ONE), 1)
    (zero,) = Truth(whole).outputs([1.7])
    assert not zero.is_sharp
    assert zero.doubt < -190


@pytest.mark.parametrize(
    ("build", "x", "expected"),
    [
        (lambda w, x: w("log", x), -1.0, None),
        (lambda w, x: w("log", x), 0.0, None),
        (lambda w, x: w("sqrt", x), -1.0, None),
        (lambda w, x: w("divide", ONE, x), 0.0, None),
        (lambda w, x: w("exp", x), 1e6, UNKNOWN),
        (lambda w, x: w("exp", x), -1e6, 0.0),
        (lambda w, x: w("erf", x), 1e300, 1.0),
        (lambda w, x: w("erfc", x), 1e300, 0.0),
        (lambda w, x: w("power", x, HALF), -2.0, None),
        (lambda w, x: w("power", x, literal(3.0)), -2.0, -8.0),
        (lambda w, x: w("power", x, literal(-1.0)), 0.0, None),
        (lambda w, x: w("sqrt", x), 0.0, 0.0),
        (lambda w, x: w("sigmoid", x), -1e6, 0.0),
    ],
)
def test_what_is_undefined_and_what_is_out_of_reach(build, x, expected):
    (found,) = Truth(formula(build, 1)).outputs([x])
    assert found is expected if expected in (None, UNKNOWN) else float(found.value) == expected


def test_a_literal_that_stands_for_the_root_of_two_is_one():
    whole = formula(lambda w, x: times(w, x, literal(math.sqrt(2.0)), literal(math.sqrt(2.0))), 1)
    (found,) = Truth(whole).outputs([1.0])
    assert abs(found.value - 2) < MP.mpf(2) ** -190
