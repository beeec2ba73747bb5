"""Convolutions against nested loops and PyTorch, with their derivatives of first and second order."""

import itertools
from typing import Any

import numpy as np
import pytest

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops.correlation import conv1d, conv2d
from symdiff.ops.primitive import Traced
from symdiff.runtime.interpret import interpret
from tests.symdiff.ops.graphs import check_pullback, program, pullback

CONVOLUTIONS = {1: conv1d, 2: conv2d}
# shape of the input, shape of the weights, parameters
CASES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 4, 5), (4, 3, 3, 2), {}),
    ((2, 3, 5, 6), (2, 3, 3, 2), {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}),
    ((1, 2, 5, 5), (3, 2, 2, 2), {"stride": 3, "padding": 1}),
    ((2, 4, 3, 4), (6, 2, 3, 2), {"groups": 2, "padding": 1}),
    ((2, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "stride": 2, "padding": 1}),
    ((2, 3, 2, 3), (4, 3, 1, 1), {}),
    ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    ((1, 1, 1, 1), (1, 1, 3, 3), {"padding": 1}),
    ((1, 2, 3, 4), (2, 2, 3, 4), {}),
    ((0, 2, 4, 4), (3, 2, 3, 3), {}),
    ((4, 4, 4), (2, 2, 2, 2), {"groups": 2}),
    ((1, 2, 4, 5), (2, 2, 2, 3), {"padding": "same", "dilation": 2}),
    ((1, 2, 4, 5), (2, 2, 2, 3), {"padding": "valid"}),
    ((2, 3, 6), (2, 3, 3), {"stride": 2, "padding": 1}),
    ((2, 4, 6), (4, 2, 4), {"padding": "same", "groups": 2}),
    ((3, 5), (2, 3, 5), {}),
]


def operands(x: tuple[int, ...], w: tuple[int, ...], dtype: str = "float64") -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.normal(size=shape).astype(dtype) for shape in (x, w, w[:1])]


def convolved(kwargs: dict[str, Any], arrays: list[np.ndarray], types: Any = None) -> Any:
    return program(lambda x, w, b: CONVOLUTIONS[w.rank - 2](x, w, b, **kwargs), arrays, types)


def ids(case: Any) -> str:
    x, w, kwargs = case
    return "-".join(["x".join(map(str, x)), "x".join(map(str, w)), *map(str, itertools.chain(*kwargs.items()))])


def by_loops(x: np.ndarray, w: np.ndarray, b: np.ndarray, kwargs: dict[str, Any]) -> np.ndarray:
    """The definition: every term of every sum by itself."""
    n = w.ndim - 2
    if x.ndim == n + 1:
        return by_loops(x[None], w, b, kwargs)[0]
    each = {name: np.broadcast_to(kwargs.get(name, 1), n) for name in ("stride", "dilation")}
    reach = (np.array(w.shape[2:]) - 1) * each["dilation"]
    padding = kwargs.get("padding", 0)
    before = reach // 2 if padding == "same" else np.broadcast_to(0 if padding == "valid" else padding, n)
    after = reach - before if padding == "same" else before
    sizes = (np.array(x.shape[2:]) + before + after - reach - 1) // each["stride"] + 1
    groups = kwargs.get("groups", 1)
    y = np.zeros((x.shape[0], w.shape[0], *sizes))
    for image, channel, *place in np.ndindex(*y.shape):
        first = channel // (w.shape[0] // groups) * w.shape[1]
        total = b[channel]
        for c, *offset in np.ndindex(*w.shape[1:]):
            at = np.array(place) * each["stride"] + np.array(offset) * each["dilation"] - before
            if np.all(at >= 0) and np.all(at < x.shape[2:]):
                total += w[(channel, c, *offset)] * x[(image, first + c, *at)]
        y[(image, channel, *place)] = total
    return y


@pytest.mark.parametrize("symbols", [False, True], ids=["known", "symbols"])
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_value_is_the_sum_over_loops(case: Any, symbols: bool) -> None:
    x, w, kwargs = case
    arrays = operands(x, w)
    types = None
    if symbols:  # the sizes of the input; weights are of known shape
        sizes = {d: Value(Type("int64", (), "python"), f"n{d}") for d in x if d > 1}
        channels = len(x) - len(w) + 1
        shape = tuple(d if axis == channels else sizes.get(d, d) for axis, d in enumerate(x))
        types = [Type("float64", shape), *(Type("float64", a.shape) for a in arrays[1:])]
    function = convolved(kwargs, arrays, types)
    (found,) = interpret(function, *arrays)
    expected = by_loops(*arrays, kwargs)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


SMALL = [case for case in CASES if 0 < np.prod(case[0]) * np.prod(case[1][1:]) <= 700]


@pytest.mark.parametrize("case", SMALL, ids=ids)
def test_differentiated_twice(case: Any) -> None:
    x, w, kwargs = case
    arrays = operands(x, w)
    bar = check_pullback(convolved(kwargs, arrays), arrays, 0, tolerance=1e-7)
    seed = np.random.default_rng(1).normal(size=by_loops(*arrays, kwargs).shape)
    check_pullback(bar, [*arrays, seed], 2, tolerance=1e-6)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_agrees_with_pytorch(case: Any, dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x, w, kwargs = case
    arrays, rng = operands(x, w, dtype), np.random.default_rng(3)
    tolerance = 1e-11 if dtype == "float64" else 2e-4
    reference = [torch.tensor(a, requires_grad=True) for a in arrays]
    theirs = getattr(torch.nn.functional, f"conv{len(w) - 2}d")(*reference, **kwargs)
    function = convolved(kwargs, arrays)
    (ours,) = interpret(function, *arrays)
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, theirs.detach(), rtol=tolerance, atol=tolerance)
    given = rng.normal(size=ours.shape).astype(dtype)
    seed = torch.tensor(given, requires_grad=True)
    first = torch.autograd.grad(theirs, reference, seed, create_graph=True)
    bar = pullback(function)
    found = interpret(bar, *arrays, given)
    for a, b in zip(found, first, strict=True):
        np.testing.assert_allclose(a, b.detach(), rtol=tolerance, atol=tolerance)
    weights = [rng.normal(size=a.shape).astype(dtype) for a in found]
    joined = sum((torch.tensor(v) * a).sum() for v, a in zip(weights, first, strict=True))
    second = torch.autograd.grad(joined, [*reference, seed], allow_unused=True, materialize_grads=True)
    for a, b in zip(interpret(pullback(bar), *arrays, given, *weights), second, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_numbers_of_pytorch() -> None:
    """Computed by PyTorch 2.13."""
    x, w = np.arange(16.0).reshape(1, 1, 4, 4), np.arange(6.0).reshape(1, 1, 2, 3)
    kwargs = {"stride": 2, "padding": 1}
    function = program(lambda x, w: conv2d(x, w, **kwargs), [x, w])
    (y,) = interpret(function, x, w)
    assert y.tolist() == [[[[5.0, 26.0], [91.0, 142.0], [38.0, 44.0]]]]
    x_bar, w_bar = interpret(pullback(function), x, w, np.ones_like(y))
    assert x_bar.tolist() == [
        [[[4.0, 8.0, 4.0, 5.0], [1.0, 2.0, 1.0, 2.0], [4.0, 8.0, 4.0, 5.0], [1.0, 2.0, 1.0, 2.0]]]
    ]
    assert w_bar.tolist() == [[[[18.0, 36.0, 40.0], [10.0, 20.0, 24.0]]]]


@pytest.mark.parametrize(
    ("x", "w", "kwargs", "message"),
    [
        ((2, 3, 4, 4), (2, 3, 5, 2), {}, "a window of 5 does not fit"),
        ((2, 3, 4, 4), (2, 3, 3, 3), {"dilation": 2}, "a window of 5 does not fit"),
        ((2, 3, 4, 4), (2, 2, 2, 2), {}, "do not fit for a convolution of 1 groups"),
        ((2, 4, 4, 4), (3, 2, 2, 2), {"groups": 2}, "3 channels cannot be divided into 2 groups"),
        ((2, 3, 4), (2, 3, 2), {"stride": 0}, "stride must be a positive integer"),
        ((2, 3, 4), (2, 3, 2), {"padding": (1, 1)}, "padding must be a non-negative integer"),
        ((2, 3, 4), (2, 3, 2), {"padding": "same", "stride": 2}, "for a stride of 1"),
        ((2, 3, 4), (2, 3, 2), {"padding": "full"}, "padding must be 'same', 'valid' or integers"),
        ((2, 3, 4), (2, 3, 2), {"groups": 0}, "groups must be a positive integer"),
        ((2, 3), (2, 3, 2, 2), {}, "takes an input of 3 or 4 axes"),
        ((2, 0, 3), (2, 0, 2), {}, "sums over nothing"),
    ],
)
def test_refused(x: Any, w: Any, kwargs: Any, message: str) -> None:
    build = Builder()
    traced = [Traced(build, Value(Type("float64", shape))) for shape in (x, w)]
    with pytest.raises(ShapeError, match=message):
        CONVOLUTIONS[len(w) - 2](*traced, **kwargs)


def test_kernel_larger_than_a_run_time_size_is_refused() -> None:
    x, w = np.ones((1, 1, 2)), np.ones((1, 1, 3))
    size = Value(Type("int64", (), "python"), "n")
    types = [Type("float64", (1, 1, size)), Type("float64", w.shape)]
    function = program(lambda x, w: conv1d(x, w), [x, w], types)
    assert interpret(function, np.ones((1, 1, 3)), w)[0].tolist() == [[[3.0]]]
    with pytest.raises(ShapeError, match="a window of 3 does not fit"):
        interpret(function, x, w)
