"""Activations against many digits and PyTorch, far out too, with their derivatives, in both precisions."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops import activations
from symdiff.ops.primitive import Traced
from symdiff.runtime.interpret import interpret
from tests.symdiff.ops.graphs import check_pullback, program, pullback

MP = mpmath.mp.clone()
MP.dps = 500  # 1 + exp(-1000) is not 1
POINTS = [-1000.0, -90.0, -30.0, -5.0, -1e-3, -1e-9, 0.0, 1e-9, 0.25, 3.0, 19.5, 40.0, 90.0, 1000.0]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + MP.exp(-x))


def normal(x: Any) -> Any:
    return MP.exp(-x * x / 2) / MP.sqrt(2 * MP.pi)


def probability(x: Any) -> Any:
    return MP.erfc(-x / MP.sqrt(2)) / 2


# name, value, first and second derivative
CURVES: list[tuple[str, Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = [
    (
        "silu",
        lambda x: x * sigmoid(x),
        lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
        lambda x: sigmoid(x) * sigmoid(-x) * (2 + x * (sigmoid(-x) - sigmoid(x))),
    ),
    ("gelu", lambda x: x * probability(x), lambda x: probability(x) + x * normal(x), lambda x: (2 - x * x) * normal(x)),
    ("log_sigmoid", lambda x: -MP.log(1 + MP.exp(-x)), lambda x: sigmoid(-x), lambda x: -sigmoid(x) * sigmoid(-x)),
    ("softplus", lambda x: MP.log(1 + MP.exp(x)), sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
]


def curve(name: str, x: np.ndarray, **kwargs: Any) -> list[np.ndarray]:
    """An activation, its derivative and its second derivative."""
    function = program(lambda x: getattr(activations, name)(x, **kwargs), [x])
    one = np.ones_like(x)
    bar = pullback(function)
    (value,), (first,) = interpret(function, x), interpret(bar, x, one)
    return [value, first, interpret(pullback(bar), x, one, one)[0]]


@pytest.mark.parametrize(("dtype", "rtol", "tiny"), [("float64", 2e-13, 1e-290), ("float32", 2e-5, 1e-36)])
@pytest.mark.parametrize("case", CURVES, ids=lambda case: case[0])
def test_curves_have_all_their_digits(case: Any, dtype: str, rtol: float, tiny: float) -> None:
    name, *forms = case
    x = np.array(POINTS, dtype)
    kwargs = {"threshold": 1e9} if name == "softplus" else {}
    for order, (found, form) in enumerate(zip(curve(name, x, **kwargs), forms, strict=True)):
        assert found.dtype == dtype
        expected = np.array([float(form(MP.mpf(float(t)))) for t in x])
        # second derivatives vanish far out, as differences of numbers near 1
        floor = tiny if order < 2 else 16 * np.finfo(dtype).eps
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=floor)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("name", "theirs", "kwargs"),
    [
        ("silu", "silu", {}),
        ("gelu", "gelu", {}),
        ("gelu", "gelu", {"approximate": "tanh"}),
        ("log_sigmoid", "logsigmoid", {}),
        ("softplus", "softplus", {}),
        ("softplus", "softplus", {"beta": 2.0, "threshold": 5.0}),
    ],
)
def test_curves_agree_with_pytorch(name: str, theirs: str, kwargs: dict[str, Any], dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = np.array([p for p in POINTS if abs(p) < 200], dtype)
    t = torch.tensor(x, requires_grad=True)
    y = getattr(torch.nn.functional, theirs)(t, **kwargs)
    (first,) = torch.autograd.grad(y.sum(), t, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), t)
    tolerance = 1e-13 if dtype == "float64" else 1e-5
    for found, expected in zip(curve(name, x, **kwargs), (y, first, second), strict=True):
        np.testing.assert_allclose(found, expected.detach(), rtol=tolerance, atol=tolerance)


ROWS = [[0.5, -1.0, 2.0], [1000.0, 999.0, -1000.0], [-1e4, -1e4 + 1, -1e4], [88.5, 89.0, 0.0], [0.0, -np.inf, 1.0]]


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-13), ("float32", 1e-5)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_softmax_and_its_kin_have_all_their_digits(name: str, dtype: str, rtol: float) -> None:
    x = np.array(ROWS, dtype)
    axis: Any = (1,) if name == "logsumexp" else 1
    function = program(lambda x: getattr(activations, name)(x, axis), [x])
    (found,) = interpret(function, x)
    g = np.random.default_rng(1).normal(size=found.shape).astype(dtype)
    (bar,) = interpret(pullback(function), x, g)
    assert found.dtype == bar.dtype == dtype
    for row, value, slope, seed in zip(x, found, bar, g, strict=True):
        weights = [MP.exp(MP.mpf(float(t))) if np.isfinite(t) else MP.mpf(0) for t in row]
        total = sum(weights)
        p = [w / total for w in weights]
        if name == "logsumexp":
            expected = MP.log(total)
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


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_softmax_and_its_kin_are_differentiated_twice(name: str) -> None:
    x = np.random.default_rng(2).normal(size=(2, 3, 2))
    for axis in (0, 1, 2):
        where: Any = (axis,) if name == "logsumexp" else axis
        function = program(lambda x, where=where: getattr(activations, name)(x, where), [x])
        bar = check_pullback(function, [x], 0)
        check_pullback(bar, [x, np.random.default_rng(3).normal(size=interpret(function, x)[0].shape)], 1, 1e-7)


def test_logsumexp_of_infinite_entries() -> None:
    x = np.array([[-np.inf, -np.inf], [np.inf, 0.0], [np.nan, 0.0]])
    (found,) = interpret(program(lambda x: activations.logsumexp(x, (1,), keepdims=True), [x]), x)
    np.testing.assert_array_equal(found, [[-np.inf], [np.inf], [np.nan]])


def test_refused() -> None:
    x = Traced(Builder(), Value(Type("float64", (2,))))
    with pytest.raises(ShapeError, match="approximate must be"):
        activations.gelu(x, "sigmoid")
    with pytest.raises(ShapeError, match="beta must not be 0"):
        activations.softplus(x, beta=0.0)
