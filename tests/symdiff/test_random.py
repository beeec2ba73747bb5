"""Random numbers are NumPy's own, drawn once, and the generator is left as NumPy leaves it."""

from typing import Any

import numpy as np
import pytest

import symdiff as sd
from symdiff.errors import DtypeError, SymdiffError

GENERATORS = {
    "default": lambda: np.random.default_rng(5),
    "mt19937": lambda: np.random.Generator(np.random.MT19937(5)),
    "philox": lambda: np.random.Generator(np.random.Philox(5)),
    "legacy": lambda: np.random.RandomState(5),
}


def state_of(generator: Any) -> str:
    legacy = isinstance(generator, np.random.RandomState)
    return repr(generator.get_state() if legacy else generator.bit_generator.state)


# name: (function of a float and a generator, whether legacy generators have it)
DRAWS = {
    "standard_normal": (lambda x, rng: x * rng.standard_normal(), True),
    "standard_normal of a size": (lambda x, rng: np.sum(x * rng.standard_normal((2, 3))), True),
    "normal": (lambda x, rng: rng.normal(x), True),
    "normal with scale": (lambda x, rng: rng.normal(x, 0.5), True),
    "normal of a size": (lambda x, rng: np.sum(rng.normal(x, x, 4)), True),
    "normal by keywords": (lambda x, rng: np.sum(rng.normal(scale=x, loc=1.0, size=(2, 2))), True),
    "normal of arrays": (lambda x, rng: np.sum(rng.normal(x * np.arange(3.0), np.ones((2, 1)))), True),
    "uniform": (lambda x, rng: rng.uniform(x, 2 * x), True),
    "uniform of a size": (lambda x, rng: np.sum(rng.uniform(-1.0, x, size=7)), True),
    "exponential": (lambda x, rng: rng.exponential(x) + np.sum(rng.exponential(x, 5)), True),
    "gamma": (lambda x, rng: rng.gamma(1.5, x) + np.sum(rng.gamma(0.5, x, 4)), True),
    "standard_gamma": (lambda x, rng: x * np.sum(rng.standard_gamma(2.0, 3)), True),
    "random": (lambda x, rng: x * rng.random() + np.sum(x * rng.random(3)), True),
    "standard_exponential": (lambda x, rng: x * rng.standard_exponential(), True),
    "float32": (lambda x, rng: x * np.sum(rng.standard_normal(4, dtype=np.float32)), False),
    "integers": (lambda x, rng: x * rng.integers(10) + x * np.sum(rng.integers(-5, 5, size=6)), False),
    "integers with endpoint": (lambda x, rng: x * np.sum(rng.integers(0, 3, 9, endpoint=True)), False),
    "randint": (lambda x, rng: x * rng.randint(10) + x * np.sum(rng.randint(-5, 5, size=6)), None),
    "choice of a range": (lambda x, rng: x * rng.choice(9) + x * np.sum(rng.choice(9, 4)), True),
    "choice of items": (lambda x, rng: np.sum(rng.choice(x * np.arange(5.0), 3)), True),
    "choice without replacement": (lambda x, rng: x * np.sum(rng.choice(9, 4, replace=False)), True),
    "choice with weights": (lambda x, rng: x * np.sum(rng.choice(3, 5, p=np.array([0.2, 0.5, 0.3]))), True),
    "permutation of a range": (lambda x, rng: np.sum(x * rng.permutation(6) * np.arange(6)), True),
    "permutation of items": (lambda x, rng: np.sum(rng.permutation(x * np.arange(6.0)) * np.arange(6)), True),
    "permutation of rows": (lambda x, rng: np.sum(rng.permutation(x * np.ones((4, 2))) * np.arange(2)), True),
    "poisson": (lambda x, rng: x * np.sum(rng.poisson(3.0, 5)), True),
    "binomial": (lambda x, rng: x * np.sum(rng.binomial(9, 0.4, 5)), True),
    "beta": (lambda x, rng: x * np.sum(rng.beta(2.0, 3.0, 5)), True),
    "chisquare": (lambda x, rng: x * rng.chisquare(4.0), True),
    "standard_t": (lambda x, rng: x * rng.standard_t(4.0), True),
    "randn and rand": (lambda x, rng: x * rng.randn() + np.sum(x * rng.rand(2, 3)), None),
}


def cases():
    for name, (function, legacy) in DRAWS.items():
        for kind in GENERATORS:
            if legacy is (kind == "legacy") or legacy is True or (legacy is None and kind == "legacy"):
                yield pytest.param(function, GENERATORS[kind], id=f"{name} ({kind})")


@pytest.mark.parametrize(("function", "make"), list(cases()))
def test_value_gradient_and_state_are_those_of_numpy(function, make):
    wrapped = sd.differentiable(function)
    expected, rng = function(1.5, reference := make()), make()
    single = "float32" in repr(np.asarray(expected).dtype) or isinstance(expected, np.float32)
    exact = 1e-6 if single else 1e-15
    assert wrapped(1.5, rng) == pytest.approx(expected, rel=exact)
    assert state_of(rng) == state_of(reference)
    value, slope = wrapped.value_and_grad(1.5, other := make())
    assert value == pytest.approx(expected, rel=exact)
    assert state_of(other) == state_of(reference), "the gradient draws once"
    h = 1e-6 if not single else 2.0**-5
    difference = (float(function(1.5 + h, make())) - float(function(1.5 - h, make()))) / (2 * h)
    assert slope == pytest.approx(difference, rel=1e-8 if not single else 1e-5, abs=1e-8)


@pytest.mark.parametrize("make", GENERATORS.values(), ids=GENERATORS)
def test_the_numbers_are_numpys_to_the_bit(make):
    @sd.differentiable
    def numbers(x, rng):
        return rng.normal(x, 0.3, 50), rng.uniform(x, 2.0, 50), rng.exponential(x, 50), rng.gamma(2.5, x, 50)

    found = numbers(0.7, make())
    rng = make()
    expected = rng.normal(0.7, 0.3, 50), rng.uniform(0.7, 2.0, 50), rng.exponential(0.7, 50), rng.gamma(2.5, 0.7, 50)
    for a, b in zip(found, expected, strict=True):
        assert a.tobytes() == b.tobytes()


def test_draws_in_loops_and_branches_come_in_order():
    def walk(x, n, rng):
        s = x
        for i in range(n):
            s = s + 0.1 * rng.normal() if rng.random() < 0.6 else s * x + rng.exponential(x) * i
        return s

    wrapped = sd.differentiable(walk)
    for n in (0, 1, 5, 40):
        rng, reference = np.random.default_rng(n), np.random.default_rng(n)
        assert wrapped(0.5, n, rng) == pytest.approx(walk(0.5, n, reference), rel=1e-13)
        assert state_of(rng) == state_of(reference)
        slope = wrapped.grad(0.5, n, np.random.default_rng(n))
        h = 1e-7
        up, down = (walk(0.5 + d, n, np.random.default_rng(n)) for d in (h, -h))
        assert slope == pytest.approx((up - down) / (2 * h), rel=1e-5, abs=1e-6)


SHARED = np.random.default_rng(3)


def test_a_generator_of_the_module_goes_on_from_call_to_call():
    @sd.differentiable
    def noisy(x):
        return x * SHARED.normal()

    reference = np.random.default_rng(3)
    SHARED.bit_generator.state = reference.bit_generator.state
    assert [noisy(2.0) for _ in range(3)] == [2.0 * reference.normal() for _ in range(3)]


def test_legacy_functions_use_the_global_state():
    @sd.differentiable
    def noisy(x):
        np.random.seed(4)
        return np.random.normal(x, 1.0) + np.random.rand() + np.sum(np.random.randn(3)) + np.random.uniform(0.0, x)

    value, slope = noisy.value_and_grad(2.0)
    after = np.random.random()
    np.random.seed(4)
    draws = np.random.normal(2.0, 1.0), np.random.rand(), np.random.randn(3), np.random.random()
    assert value == pytest.approx(draws[0] + draws[1] + draws[2].sum() + 2.0 * draws[3], rel=1e-15)
    assert slope == pytest.approx(1.0 + draws[3])
    assert after == np.random.random()


def test_a_fresh_generator_compiles_nothing_new():
    wrapped = sd.differentiable(lambda x, rng: x * rng.normal())
    for seed in range(5):
        wrapped(1.0, np.random.default_rng(seed))
    assert len(wrapped.variants) == 1


def test_a_call_that_begins_anew_draws_the_same_numbers():
    def broadcast(x, y, rng):
        z = rng.normal(size=len(y))
        return np.sum(x[1:] * y + z)

    wrapped = sd.differentiable(broadcast)
    rng, reference = np.random.default_rng(1), np.random.default_rng(1)
    x, y = np.array([1.0, 3.0]), np.arange(5.0)
    assert wrapped(x, y, rng) == pytest.approx(broadcast(x, y, reference))
    assert state_of(rng) == state_of(reference)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, rng: rng.gamma(x),
        lambda x, rng: np.sum(rng.poisson(x, 3) * x),
        lambda x, rng: x * rng.beta(x, 2.0),
    ],
    ids=["gamma", "poisson", "beta"],
)
def test_other_parameters_have_no_derivative(function):
    with pytest.raises(DtypeError, match=r"derivative of \w+ by its parameter"):
        sd.grad(function)(1.5, np.random.default_rng(0))


def test_what_is_not_known_is_refused():
    with pytest.raises(SymdiffError, match="of a random generator is not supported"):
        sd.differentiable(lambda x, rng: x * rng.zipf(2.0))(1.0, np.random.default_rng(0))


def test_the_printed_gradient_draws_as_the_function_does():
    def f(x, rng):
        return np.sum(np.tanh(rng.normal(x, 0.5, 6)))

    text = sd.differentiable(f).gradient_source(0.3, np.random.default_rng(0))
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    found = namespace["f_grad"](0.3, np.random.default_rng(9))
    assert found == pytest.approx(sd.grad(f)(0.3, np.random.default_rng(9)), rel=1e-14)
