"""Distributions: densities against their formulas, draws and divergences as PyTorch's, and what is refused."""

import math

import numpy as np
import pytest

import symdiff as torch
from symdiff import distributions as D
from symdiff.distributions import constraints
from symdiff.distributions.normal import Normal


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def close(found, expected, tol=1e-5):
    np.testing.assert_allclose(np.array(found.tolist()), np.array(expected), rtol=tol, atol=tol)


LOC, SCALE = [0.5, -1.0, 2.0], [0.3, 1.5, 2.0]
PROBS = [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]


def parameters():
    return torch.tensor(LOC, requires_grad=True), torch.tensor(SCALE, requires_grad=True)


def test_normal_density_and_its_gradient():
    loc, scale = parameters()
    value = torch.tensor([0.0, 0.0, 1.0])
    found = D.Normal(loc, scale).log_prob(value)
    z = (np.array([0.0, 0.0, 1.0]) - LOC) / SCALE
    close(found, -z * z / 2 - np.log(SCALE) - math.log(math.sqrt(2 * math.pi)))
    found.sum().backward()
    close(loc.grad, z / SCALE)
    close(scale.grad, (z * z - 1) / SCALE)


# what PyTorch 2.13 draws after manual_seed(0) with the parameters above
DRAWS = {
    "Normal": (lambda: D.Normal(*parameters()), [0.962299, -1.440143, -2.357579]),
    "LogNormal": (lambda: D.LogNormal(*parameters()), [2.617707, 0.236894, 0.094649]),
    "Uniform": (lambda: D.Uniform(0.0, torch.tensor(SCALE)), [0.148877, 1.152333, 0.176955]),
    "Exponential": (lambda: D.Exponential(torch.tensor(SCALE)), None),
    "Laplace": (lambda: D.Laplace(*parameters()), [0.497746, 0.153241, -1.46372]),
    "Bernoulli": (lambda: D.Bernoulli(torch.tensor([0.2, 0.9, 0.5])), [0.0, 1.0, 1.0]),
    "Categorical": (lambda: D.Categorical(torch.tensor(PROBS)), None),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_pytorchs(name):
    torch_itself = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = {
        "Normal": lambda: torch_itself.distributions.Normal(torch_itself.tensor(LOC), torch_itself.tensor(SCALE)),
        "LogNormal": lambda: torch_itself.distributions.LogNormal(torch_itself.tensor(LOC), torch_itself.tensor(SCALE)),
        "Uniform": lambda: torch_itself.distributions.Uniform(0.0, torch_itself.tensor(SCALE)),
        "Exponential": lambda: torch_itself.distributions.Exponential(torch_itself.tensor(SCALE)),
        "Laplace": lambda: torch_itself.distributions.Laplace(torch_itself.tensor(LOC), torch_itself.tensor(SCALE)),
        "Bernoulli": lambda: torch_itself.distributions.Bernoulli(torch_itself.tensor([0.2, 0.9, 0.5])),
        "Categorical": lambda: torch_itself.distributions.Categorical(torch_itself.tensor(PROBS)),
    }
    for shape in [(), (4,), (2, 3)]:
        torch.manual_seed(0)
        torch_itself.manual_seed(0)
        ours, other = DRAWS[name][0](), theirs[name]()
        drawn, expected = ours.sample(shape), other.sample(shape)
        close(drawn, expected.tolist())
        close(ours.log_prob(drawn), other.log_prob(expected).tolist())
        assert not drawn.requires_grad


@pytest.mark.parametrize("name", [n for n, (_, drawn) in DRAWS.items() if drawn is not None])
def test_draws_after_a_seed(name):
    make, expected = DRAWS[name]
    torch.manual_seed(0)
    close(make().sample(), expected)


def test_gradients_flow_through_reparameterised_draws():
    loc, scale = parameters()
    torch.manual_seed(0)
    drawn = D.Normal(loc, scale).rsample((2,))
    (drawn * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    close(loc.grad, [2.0, 4.0, 6.0])
    noise = (np.array(drawn.tolist()) - LOC) / SCALE
    close(scale.grad, noise.sum(0) * [1.0, 2.0, 3.0], 1e-4)


def test_categorical():
    d = D.Categorical(torch.tensor([1.0, 2.0, 5.0]))
    close(d.probs, [0.125, 0.25, 0.625])
    close(d.log_prob(torch.tensor([0, 2, 1])), np.log([0.125, 0.625, 0.25]))
    close(d.entropy(), -sum(p * math.log(p) for p in (0.125, 0.25, 0.625)))
    assert d.mode.item() == 2
    assert d.enumerate_support().tolist() == [0, 1, 2]
    assert repr(D.Categorical(torch.ones(3))) == "Categorical(probs: torch.Size([3]))"
    logits = torch.tensor([[0.0, 1.0]], requires_grad=True)
    policy = D.Categorical(logits=logits)
    action = policy.sample()  # the probabilities are needed first where nothing is recorded
    (policy.probs[0, 1] + 0 * policy.log_prob(action).sum()).backward()
    p = 1 / (1 + math.exp(-1.0))
    close(logits.grad, [[-p * (1 - p), p * (1 - p)]])


def test_bernoulli():
    d = D.Bernoulli(logits=torch.tensor([0.0, math.log(3.0)]))
    close(d.probs, [0.5, 0.75])
    close(d.log_prob(torch.tensor([1.0, 0.0])), np.log([0.5, 0.25]))
    close(d.entropy(), [math.log(2.0), -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))])
    close(d.variance, [0.25, 0.1875])
    with pytest.raises(ValueError, match="must be specified, but not both"):
        D.Bernoulli(0.5, torch.tensor(0.0))


def test_multivariate_normal_and_independent():
    factor = np.array([[1.0, 0.0], [0.5, 2.0]])
    value = np.array([0.3, -0.7])
    d = D.MultivariateNormal(torch.zeros(2), scale_tril=torch.tensor(factor, dtype=torch.float32))
    covariance = factor @ factor.T
    expected = -0.5 * value @ np.linalg.solve(covariance, value) - math.log(2 * math.pi) - math.log(2.0)
    close(d.log_prob(torch.tensor(value, dtype=torch.float32)), expected)
    close(d.covariance_matrix, covariance)
    close(d.precision_matrix, np.linalg.inv(covariance))
    same = D.MultivariateNormal(torch.zeros(2), torch.tensor(covariance, dtype=torch.float32))
    close(same.scale_tril, factor)
    assert d.sample((5, 3)).shape == (5, 3, 2)
    rows = D.Independent(D.Normal(torch.zeros(4, 3), torch.ones(4, 3)), 1)
    assert (rows.batch_shape, rows.event_shape) == ((4,), (3,))
    close(rows.log_prob(torch.zeros(4, 3)), [-1.5 * math.log(2 * math.pi)] * 4)


def test_divergences():
    kl = D.kl_divergence
    close(kl(D.Normal(1.0, 2.0), D.Normal(0.0, 1.0)), 0.5 * (4 + 1 - 1 - math.log(4.0)))
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.1, 0.1, 0.8])
    ours = [D.Categorical(torch.tensor(a, dtype=torch.float32)) for a in (p, q)]
    close(kl(*ours), np.sum(p * np.log(p / q)))
    close(kl(D.Bernoulli(0.25), D.Bernoulli(0.5)), 0.25 * math.log(0.5) + 0.75 * math.log(1.5))
    close(kl(D.Bernoulli(1.0), D.Bernoulli(0.0)), math.inf)
    close(kl(D.Exponential(2.0), D.Exponential(1.0)), math.log(2.0) + 0.5 - 1)
    close(kl(D.Uniform(0.0, 1.0), D.Uniform(0.0, 4.0)), math.log(4.0))
    close(kl(D.Uniform(0.0, 5.0), D.Uniform(0.0, 4.0)), math.inf)
    close(kl(D.Laplace(0.0, 1.0), D.Laplace(0.0, 2.0)), math.log(2.0) + 0.5 - 1)
    wide = D.MultivariateNormal(torch.zeros(2), 4 * torch.eye(2))
    close(kl(wide, D.MultivariateNormal(torch.ones(2), torch.eye(2))), 0.5 * (8 + 2 - 2 - math.log(16.0)))
    with pytest.raises(NotImplementedError, match="No KL"):
        kl(D.Normal(0.0, 1.0), D.Uniform(0.0, 1.0))

    class Own(Normal):
        pass

    D.register_kl(Own, Own)(lambda p, q: "own")
    assert kl(Own(0.0, 1.0), Own(0.0, 1.0)) == "own"


REFUSED = {
    "a scale below zero": (
        lambda: D.Normal(torch.zeros(2), torch.tensor([1.0, -1.0])),
        r"parameter scale .* to satisfy the constraint GreaterThan\(lower_bound=0.0\), but found invalid values",
    ),
    "nan": (lambda: D.Normal(math.nan, 1.0), r"parameter loc .* constraint Real\(\)"),
    "log-probabilities of nan": (
        lambda: D.Categorical(logits=torch.tensor([0.5, math.nan])), r"IndependentConstraint\(Real\(\), 1\)"
    ),
    "a probability below zero": (lambda: D.Categorical(torch.tensor([0.5, -0.1])), r"constraint Simplex\(\)"),
    "a place that is none": (
        lambda: D.Categorical(torch.ones(3)).log_prob(torch.tensor(3)), r"within the support \(IntegerInterval\(lower"
    ),
    "half a one": (lambda: D.Bernoulli(0.3).log_prob(torch.tensor(0.5)), r"within the support \(Boolean\(\)\)"),
    "another shape": (lambda: D.Normal(torch.zeros(2), 1.0).log_prob(torch.zeros(3)), "Value is not broadcastable"),
    "a number": (lambda: D.Normal(0.0, 1.0).log_prob(1.0), "must be a Tensor"),
    "bounds the wrong way": (lambda: D.Uniform(1.0, 0.0), r"LessThan\(upper_bound=0.0\)"),
    "not positive definite": (
        lambda: D.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 2.0], [2.0, 1.0]])), r"PositiveDefinite\(\)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    make, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        make()


def test_unchecked_where_that_is_asked_for():
    d = D.Normal(torch.zeros(2), torch.tensor([1.0, -1.0]), validate_args=False)
    assert d.stddev.tolist() == [1.0, -1.0]
    assert repr(constraints.positive) == "GreaterThan(lower_bound=0.0)"
    assert repr(D.Normal(0.0, 1.0)) == "Normal(loc: 0.0, scale: 1.0)"
    assert repr(D.Independent(D.Normal(torch.zeros(2), 1.0), 1)) == (
        "Independent(Normal(loc: torch.Size([2]), scale: torch.Size([2])), 1)"
    )
