"""Pooling against nested loops and PyTorch: also where entries tie, are infinite or not numbers."""

from typing import Any

import numpy as np
import pytest

from symdiff.errors import DtypeError, ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops import pooling
from symdiff.ops.primitive import Traced
from symdiff.runtime.interpret import interpret
from symdiff.transform.tangent import push_forward
from tests.symdiff.ops.graphs import check_pullback, program, pullback

MAXIMA: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 4, 6), {"kernel_size": 2}),
    ((1, 2, 5, 7), {"kernel_size": (3, 2)}),
    ((2, 1, 5, 6), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ((2, 1, 7, 6), {"kernel_size": (3, 2), "stride": 1, "dilation": (2, 3)}),
    ((1, 1, 7, 6), {"kernel_size": 4, "stride": (2, 1), "padding": 2, "dilation": (2, 1)}),
    ((2, 1, 5, 5), {"kernel_size": 2, "stride": 3, "ceil_mode": True}),
    ((2, 1, 6, 5), {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
    ((1, 1, 5, 4), {"kernel_size": 2, "stride": 2, "dilation": 2, "padding": 1, "ceil_mode": True}),
    ((1, 1, 1, 1), {"kernel_size": 1}),
    ((1, 1, 1, 1), {"kernel_size": 3, "padding": 1}),
    ((1, 2, 3, 4), {"kernel_size": (3, 4)}),
    ((0, 2, 4, 4), {"kernel_size": 2}),
    ((2, 4, 4), {"kernel_size": 2, "stride": 1}),
    ((1, 2, 7, 6), {"kernel_size": (6, 5), "stride": 1}),
    ((1, 1, 9, 8), {"kernel_size": 5, "stride": (3, 2), "padding": (2, 1), "ceil_mode": True}),
    ((1, 1, 5, 5), {"kernel_size": 6, "stride": 3, "ceil_mode": True}),
    ((2, 3, 7), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ((2, 5), {"kernel_size": 2}),
]
MEANS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    *[(x, k) for x, k in MAXIMA if "dilation" not in k],
    ((2, 1, 5, 6), {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    ((2, 1, 5, 6), {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True, "count_include_pad": False}),
    ((2, 1, 5, 6), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "divisor_override": 4}),
    ((2, 3, 6), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False}),
]
ADAPTIVE: list[tuple[tuple[int, ...], Any]] = [
    ((2, 3, 4, 6), 1),
    ((2, 3, 4, 6), (2, 3)),
    ((1, 2, 5, 7), (3, 4)),
    ((1, 2, 2, 3), (3, 5)),
    ((2, 3, 5), 2),
    ((3, 5), 5),
]


def function_of(kind: str, shape: tuple[int, ...], kwargs: dict[str, Any]) -> str:
    is_line = len(shape) < 3 or (len(shape) == 3 and shape[1] == 3)
    return f"{kind}_pool{1 if is_line else 2}d"


def built(name: str, x: np.ndarray, kwargs: dict[str, Any], types: Any = None) -> Any:
    return program(lambda x: getattr(pooling, name)(x, **kwargs), [x], types)


def entries(dtype: str, shape: tuple[int, ...], special: float | None = None) -> np.ndarray:
    """Few different numbers, so that many tie; some are special."""
    rng = np.random.default_rng(8)
    x = rng.integers(-2, 3, size=shape).astype(dtype)
    return x if special is None else np.where(rng.random(shape) < 0.4, np.asarray(special, dtype), x)


def windows(name: str, shape: tuple[int, ...], kwargs: dict[str, Any]) -> Any:
    """Each window: its place, the places of the array in it in order, and how many it has with padding."""
    n = int(name[-2])
    given = {"stride": kwargs["kernel_size"], "padding": 0, "dilation": 1, **kwargs}
    k, s, p, d = (np.broadcast_to(given[key], n) for key in ("kernel_size", "stride", "padding", "dilation"))
    sizes = np.array(shape[-n:])
    room = sizes + 2 * p - d * (k - 1) - 1
    counts = (-(-room // s) if given.get("ceil_mode") else room // s) + 1
    counts = np.where((counts - 1) * s >= sizes + p, counts - 1, counts) if given.get("ceil_mode") else counts
    for place in np.ndindex(*counts):
        start = np.array(place) * s - p
        inside = [start + np.array(offset) * d for offset in np.ndindex(*k)]
        padded = int(np.prod(np.minimum(start + k, sizes + p) - start))
        yield place, [tuple(at) for at in inside if np.all(at >= 0) and np.all(at < sizes)], padded
    yield tuple(counts), [], 0


def by_loops(name: str, x: np.ndarray, kwargs: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The value, and the gradient of its sum."""
    *found, (counts, _, _) = windows(name, x.shape, kwargs)
    lead = x.shape[: x.ndim - len(counts)]
    y, x_bar = np.zeros((*lead, *counts), x.dtype), np.zeros(x.shape, x.dtype)
    for row in np.ndindex(*lead):
        for place, inside, padded in found:
            values = [x[(*row, *at)] for at in inside]
            if name.startswith("max"):
                best = 0
                for k, value in enumerate(values):
                    if value > values[best] or np.isnan(value):
                        best = k
                y[(*row, *place)] = values[best]
                x_bar[(*row, *inside[best])] += 1
            else:
                number = padded if kwargs.get("count_include_pad", True) else len(inside)
                number = kwargs.get("divisor_override") or number
                y[(*row, *place)] = sum(values) / number
                for at in inside:
                    x_bar[(*row, *at)] += 1 / number
    return y, x_bar


CASES = [(function_of("max", shape, k), shape, k) for shape, k in MAXIMA]
CASES += [(function_of("avg", shape, k), shape, k) for shape, k in MEANS]
SPECIAL = [None, np.nan, -np.inf, np.inf]


def ids(case: Any) -> str:
    if not isinstance(case, tuple):
        return str(case)
    return "-".join([case[0], "x".join(map(str, case[1])), *(f"{k}={v}" for k, v in case[2].items())])


@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_is_what_loops_find(case: Any, special: float | None) -> None:
    name, shape, kwargs = case
    if special is not None and name.startswith("avg"):
        return
    x = entries("float64", shape, special)
    function = built(name, x, kwargs)
    y, x_bar = by_loops(name, x, kwargs)
    np.testing.assert_allclose(interpret(function, x)[0], y, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(interpret(pullback(function), x, np.ones_like(y))[0], x_bar, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_agrees_with_pytorch(case: Any, special: float | None, dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    name, shape, kwargs = case
    if special is not None and (name.startswith("avg") or dtype == "float32"):
        return
    x, tolerance = entries(dtype, shape, special), 1e-13 if dtype == "float64" else 1e-6
    reference = torch.tensor(x, requires_grad=True)
    theirs = getattr(torch.nn.functional, name)(reference, **kwargs)
    function = built(name, x, kwargs)
    (ours,) = interpret(function, x)
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, theirs.detach(), rtol=tolerance, atol=tolerance)
    seed = np.random.default_rng(2).normal(size=ours.shape).astype(dtype)
    (expected,) = torch.autograd.grad(theirs, reference, torch.tensor(seed))
    (found,) = interpret(pullback(function), x, seed)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", [c for c in CASES if 0 < np.prod(c[1]) <= 36], ids=ids)
def test_differentiated_twice(case: Any) -> None:
    name, shape, kwargs = case
    rng = np.random.default_rng(4)
    x = 0.5 * rng.permutation(int(np.prod(shape))).reshape(shape)  # no two are close
    y = by_loops(name, x, kwargs)[0]
    bar = check_pullback(built(name, x, kwargs), [x], 0, tolerance=1e-8)
    check_pullback(bar, [x, rng.normal(size=y.shape)], 1, tolerance=1e-8)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_forward_mode_is_the_transpose_of_reverse_mode(case: Any) -> None:
    name, shape, kwargs = case
    rng, x = np.random.default_rng(11), entries("float64", shape)
    function = built(name, x, kwargs)
    forward = push_forward(function, [0], [Value(Type("float64", shape))], name="dot", value=False)
    tangent, seed = rng.normal(size=shape), rng.normal(size=function.results[0].type.shape)
    (moved,), (back,) = interpret(forward, x, tangent), interpret(pullback(function), x, seed)
    np.testing.assert_allclose(np.sum(moved * seed), np.sum(tangent * back), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("shape", "size"), ADAPTIVE)
def test_adaptive_means(shape: tuple[int, ...], size: Any) -> None:
    """Window i of an axis of n entries is that from ``i * n // count`` to ``(i + 1) * n / count`` rounded up."""
    n = 2 if len(shape) == 4 else 1
    counts = np.broadcast_to(size, n)
    x = np.random.default_rng(6).normal(size=shape)
    function = program(lambda x: getattr(pooling, f"adaptive_avg_pool{n}d")(x, size), [x])
    (found,) = interpret(function, x)
    assert found.shape == (*shape[:-n], *counts)
    for place in np.ndindex(*counts):
        spans = zip(place, shape[-n:], counts, strict=True)
        part = tuple(slice(i * m // count, -(-(i + 1) * m // count)) for i, m, count in spans)
        expected = np.mean(x[(..., *part)], axis=tuple(range(-n, 0)))
        np.testing.assert_allclose(found[(..., *place)], expected, rtol=1e-13)
    check_pullback(function, [x], 0, tolerance=1e-8)


@pytest.mark.parametrize(("shape", "size"), ADAPTIVE)
def test_adaptive_means_agree_with_pytorch(shape: tuple[int, ...], size: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    name = f"adaptive_avg_pool{2 if len(shape) == 4 else 1}d"
    x = np.random.default_rng(7).normal(size=shape)
    (found,) = interpret(program(lambda x: getattr(pooling, name)(x, size), [x]), x)
    np.testing.assert_allclose(found, getattr(torch.nn.functional, name)(torch.tensor(x), size), rtol=1e-13)


def test_integers_have_a_largest() -> None:
    x = np.array([[[3, 1, 4, 1, 5, 9]]])
    (found,) = interpret(built("max_pool1d", x, {"kernel_size": 3, "stride": 2, "padding": 1}), x)
    assert found.tolist() == [[[3, 4, 9]]] and found.dtype == np.int64


@pytest.mark.parametrize("name", ["max_pool1d", "avg_pool1d"])
def test_sizes_known_at_run_time(name: str) -> None:
    sizes = [Value(Type("int64", (), "python"), n) for n in "bcn"]
    x = np.arange(12.0).reshape(2, 1, 6)
    kwargs = {"kernel_size": 3, "stride": 2}
    function = built(name, x, kwargs, [Type("float64", tuple(sizes))])
    for length in (3, 4, 5, 6):
        (found,) = interpret(function, x[..., :length])
        np.testing.assert_array_equal(found, by_loops(name, x[..., :length], kwargs)[0])
    with pytest.raises(ShapeError, match="a window of 3 does not fit"):
        interpret(function, x[..., :2])


@pytest.mark.parametrize(
    ("name", "shape", "kwargs", "message"),
    [
        ("max_pool2d", (1, 1, 3, 3), {"kernel_size": 4}, "a window of 4 does not fit"),
        ("avg_pool2d", (1, 1, 3, 3), {"kernel_size": 4}, "a window of 4 does not fit"),
        ("max_pool2d", (1, 1, 0, 3), {"kernel_size": 2, "padding": 1}, "does not fit"),
        ("max_pool2d", (1, 1, 5, 5), {"kernel_size": 3, "padding": 2}, "more than half"),
        ("max_pool2d", (1, 1, 5, 5), {"kernel_size": 3, "stride": 0}, "stride must be a positive integer"),
        ("max_pool2d", (1, 1, 5, 2), {"kernel_size": 2, "padding": 1, "dilation": 3}, "dilation of 3 and padding"),
        ("max_pool1d", (1, 1, 5, 5), {"kernel_size": 3}, "takes arrays of 2 or 3 axes"),
        ("avg_pool2d", (1, 1, 5, 5), {"kernel_size": 2, "divisor_override": 0}, "must not be 0"),
        ("adaptive_avg_pool1d", (1, 5), {"output_size": 0}, "output_size must be a positive integer"),
    ],
)
def test_refused(name: str, shape: tuple[int, ...], kwargs: dict[str, Any], message: str) -> None:
    x = Traced(Builder(), Value(Type("float64", shape)))
    with pytest.raises(ShapeError, match=message):
        getattr(pooling, name)(x, **kwargs)


def test_the_largest_of_truth_values_is_refused() -> None:
    x = Traced(Builder(), Value(Type("bool", (1, 4))))
    with pytest.raises(DtypeError, match="of floats or integers"):
        pooling.max_pool1d(x, 2)


def test_means_of_integers_are_refused() -> None:
    x = Traced(Builder(), Value(Type("int64", (1, 4))))
    for make in (lambda: pooling.avg_pool1d(x, 2), lambda: pooling.adaptive_avg_pool1d(x, 2)):
        with pytest.raises(DtypeError, match="the mean of windows is of floats"):
            make()
