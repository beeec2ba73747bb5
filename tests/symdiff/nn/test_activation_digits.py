"""Activations against many digits, far out too: neither they nor their derivatives overflow or cancel."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import symdiff as sd
import symdiff.nn.functional as f

MP = mpmath.mp.clone()
MP.dps = 500  # 1 + exp(-1000) is not 1
POINTS = [-1000.0, -90.0, -30.0, -5.0, -1e-3, -1e-9, 0.0, 1e-9, 0.25, 3.0, 19.5, 40.0, 90.0, 1000.0]
DTYPES = [("float64", 2e-13, 1e-290), ("float32", 2e-5, 1e-36)]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + MP.exp(-x))


def normal(x: Any) -> Any:
    return MP.exp(-x * x / 2) / MP.sqrt(2 * MP.pi)


def probability(x: Any) -> Any:
    return MP.erfc(-x / MP.sqrt(2)) / 2


# the activation, its value and its first and second derivative
CURVES: list[tuple[str, Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = [
    (
        "silu",
        lambda x: x * sigmoid(x),
        lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
        lambda x: sigmoid(x) * sigmoid(-x) * (2 + x * (sigmoid(-x) - sigmoid(x))),
    ),
    ("gelu", lambda x: x * probability(x), lambda x: probability(x) + x * normal(x), lambda x: (2 - x * x) * normal(x)),
    ("logsigmoid", lambda x: -MP.log(1 + MP.exp(-x)), lambda x: sigmoid(-x), lambda x: -sigmoid(x) * sigmoid(-x)),
    ("softplus", lambda x: MP.log(1 + MP.exp(x)), sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
]


@pytest.mark.parametrize(("dtype", "rtol", "tiny"), DTYPES)
@pytest.mark.parametrize("case", CURVES, ids=lambda case: case[0])
def test_curves_have_all_their_digits(case: Any, dtype: str, rtol: float, tiny: float) -> None:
    name, *forms = case
    kwargs = {"threshold": 1e9} if name == "softplus" else {}
    x = sd.tensor(np.array(POINTS, dtype), requires_grad=True)
    y = getattr(f, name)(x, **kwargs)
    (first,) = sd.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = sd.autograd.grad(first.sum(), x)
    for order, (found, form) in enumerate(zip((y, first, second), forms, strict=True)):
        array = found.detach().numpy()
        assert array.dtype == dtype
        expected = np.array([float(form(MP.mpf(float(t)))) for t in x.detach().numpy()])
        # second derivatives vanish far out, as differences of numbers near 1
        np.testing.assert_allclose(array, expected, rtol=rtol, atol=tiny if order < 2 else 16 * np.finfo(dtype).eps)


ROWS = [[0.5, -1.0, 2.0], [1000.0, 999.0, -1000.0], [-1e4, -1e4 + 1, -1e4], [88.5, 89.0, 0.0], [0.0, -np.inf, 1.0]]


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-13), ("float32", 1e-5)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_softmax_and_its_kin_have_all_their_digits(name: str, dtype: str, rtol: float) -> None:
    x = sd.tensor(np.array(ROWS, dtype), requires_grad=True)
    y = getattr(sd if name == "logsumexp" else f, name)(x, dim=1)
    g = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    y.backward(sd.tensor(g))
    given, values, slopes = x.detach().numpy(), y.detach().numpy(), x.grad.numpy()
    assert values.dtype == slopes.dtype == dtype
    for row, value, slope, seed in zip(given, values, slopes, g, strict=True):
        weights = [MP.exp(MP.mpf(float(t))) if np.isfinite(t) else MP.mpf(0) for t in row]
        p = [w / sum(weights) for w in weights]
        if name == "logsumexp":
            expected = MP.log(sum(weights))
            gradient = [float(seed) * q for q in p]
        elif name == "softmax":
            expected = p
            inner = sum(float(s) * q for s, q in zip(seed, p, strict=True))
            gradient = [q * (float(s) - inner) for s, q in zip(seed, p, strict=True)]
        else:
            expected = [MP.log(q) if q else -mpmath.inf for q in p]
            gradient = [float(s) - q * float(np.sum(seed.astype(float))) for s, q in zip(seed, p, strict=True)]
        np.testing.assert_allclose(value, np.array(expected, float), rtol=rtol, atol=np.finfo(dtype).tiny)
        np.testing.assert_allclose(slope, np.array(gradient, float), rtol=rtol, atol=rtol)
