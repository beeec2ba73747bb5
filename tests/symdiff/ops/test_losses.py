"""The loss of a classifier against its definition and PyTorch."""

import itertools
from typing import Any

import numpy as np
import pytest

from symdiff.errors import DtypeError, ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops import losses
from symdiff.ops.primitive import Traced
from symdiff.runtime.interpret import interpret
from tests.symdiff.ops.graphs import check_pullback, program, pullback

SHAPES = [(4, 3), (2, 3, 4), (2, 3, 2, 2), (3,)]
HOW: list[dict[str, Any]] = [
    {},
    {"weighted": True},
    {"ignore_index": 1},
    {"weighted": True, "ignore_index": -100, "label_smoothing": 0.1},
    {"label_smoothing": 1.0},
    {"weighted": True, "label_smoothing": 0.2, "probabilities": True},
    {"probabilities": True},
]
CASES = list(itertools.product(SHAPES, HOW, ["mean", "sum", "none"]))


def operands(shape: tuple[int, ...], how: dict[str, Any], dtype: str = "float64") -> list[Any]:
    rng = np.random.default_rng(9)
    x = (4 * rng.normal(size=shape)).astype(dtype)
    classes = shape[min(1, len(shape) - 1)]
    target = rng.integers(0, classes, size=shape[:1] * (len(shape) > 1) + shape[2:])
    if "ignore_index" in how and len(shape) > 1:
        target = np.where(rng.random(target.shape) < 0.3, how["ignore_index"], target)
    target = rng.random(shape).astype(dtype) if how.get("probabilities") else np.asarray(target)
    weight = rng.uniform(0.5, 2.0, classes).astype(dtype)
    return [x, target[()], weight][: 3 if how.get("weighted") else 2]


def options(how: dict[str, Any], reduction: str) -> dict[str, Any]:
    return {k: v for k, v in how.items() if k not in ("weighted", "probabilities")} | {"reduction": reduction}


def built(arrays: list[Any], kwargs: dict[str, Any], name: str = "cross_entropy") -> Any:
    return program(lambda *xs: getattr(losses, name)(*xs, **kwargs), arrays)


def by_definition(arrays: list[Any], kwargs: dict[str, Any]) -> np.ndarray:
    x, target, *rest = arrays
    axis = min(1, x.ndim - 1)
    classes = x.shape[axis]
    weight = np.broadcast_to(rest[0] if rest else 1.0, classes)
    p = np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)
    ignored: Any = False
    q = target
    if np.asarray(target).dtype.kind == "i":
        ignored = target == kwargs.get("ignore_index", -100)
        q = np.moveaxis(np.eye(classes)[np.where(ignored, 0, target)], -1, axis)
    s = kwargs.get("label_smoothing", 0.0)
    along = weight.reshape(-1, *(1,) * (x.ndim - 1 - axis))
    each = -np.sum(((1 - s) * q + s / classes) * along * np.log(p), axis=axis)
    if np.asarray(target).dtype.kind == "i":
        count = np.sum(np.where(ignored, 0.0, weight[np.where(ignored, 0, target)]))
    else:
        count = each.size
    each = np.where(ignored, 0.0, each)
    return {"none": each, "sum": np.sum(each), "mean": np.sum(each) / count}[kwargs["reduction"]]


@pytest.mark.parametrize(("shape", "how", "reduction"), CASES, ids=str)
def test_cross_entropy_is_its_definition(shape: Any, how: Any, reduction: str) -> None:
    arrays, kwargs = operands(shape, how), options(how, reduction)
    function = built(arrays, kwargs)
    (found,) = interpret(function, *arrays)
    np.testing.assert_allclose(found, by_definition(arrays, kwargs), rtol=1e-12, atol=1e-14)
    if reduction == "mean":
        bar = check_pullback(function, arrays, 0, tolerance=1e-7)
        check_pullback(bar, [*arrays, np.float64(0.7)], 1, tolerance=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("shape", "how", "reduction"), CASES, ids=str)
def test_cross_entropy_agrees_with_pytorch(shape: Any, how: Any, reduction: str, dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    arrays, kwargs = operands(shape, how, dtype), options(how, reduction)
    x, *rest = (torch.tensor(a) for a in arrays)
    x.requires_grad_()
    theirs = torch.nn.functional.cross_entropy(x, *rest, **kwargs)
    function = built(arrays, kwargs)
    (ours,) = interpret(function, *arrays)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, theirs.detach(), rtol=tolerance, atol=tolerance)
    seed = np.random.default_rng(5).normal(size=np.shape(ours)).astype(dtype)[()]
    theirs.backward(torch.tensor(seed))
    found = interpret(pullback(function), *arrays, seed)[0]
    np.testing.assert_allclose(found, x.grad, rtol=tolerance, atol=tolerance)


def test_numbers_of_pytorch() -> None:
    """Computed by PyTorch 2.13."""
    x, target = np.array([[1.0, 2.0, 0.5], [1000.0, 0.0, -1000.0]]), np.array([1, 2])
    function = built([x, target], {})
    (found,) = interpret(function, x, target)
    np.testing.assert_allclose(found, 1000.232184, rtol=1e-9)
    (gradient,) = interpret(pullback(function), x, target, np.float64(1.0))
    expected = [[0.1156119488, -0.1857341404, 0.0701221916], [0.5, 0.0, -0.5]]
    np.testing.assert_allclose(gradient, expected, rtol=1e-7)


def test_samples_without_a_class_count_nothing() -> None:
    log_p = np.array([[np.log(0.2), np.log(0.8)], [-1.0, -1.0], [0.0, -np.inf]])
    target = np.array([1, -100, -100])
    function = built([log_p, target], {}, "nll_loss")
    np.testing.assert_allclose(interpret(function, log_p, target)[0], -np.log(0.8))
    (gradient,) = interpret(pullback(function), log_p, target, np.float64(1.0))
    assert gradient.tolist() == [[0.0, -1.0], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.filterwarnings("ignore:invalid value")
def test_the_mean_of_no_samples_is_not_a_number() -> None:
    log_p, target = np.zeros((2, 3)), np.array([-100, -100])
    assert np.isnan(interpret(built([log_p, target], {}, "nll_loss"), log_p, target)[0])


@pytest.mark.parametrize("target", [[0, 3], [-1, 0], [-3, 1]])
def test_classes_that_do_not_exist_are_refused(target: list[int]) -> None:
    log_p, classes = np.zeros((2, 3)), np.array(target)
    with pytest.raises(IndexError):
        interpret(built([log_p, classes], {}, "nll_loss"), log_p, classes)


@pytest.mark.parametrize(
    ("x", "target", "kwargs", "message"),
    [
        ((2, 3), (3,), {}, "the classes have shape"),
        ((2, 3), (2, 3), {}, "the classes have shape"),
        ((2, 3), (2,), {"reduction": "max"}, "reduction must be"),
        ((2, 3), (2,), {"label_smoothing": 1.5}, "label_smoothing must be"),
    ],
)
def test_refused(x: Any, target: Any, kwargs: Any, message: str) -> None:
    build = Builder()
    given = Traced(build, Value(Type("float64", x))), Traced(build, Value(Type("int64", target)))
    with pytest.raises(ShapeError, match=message):
        losses.cross_entropy(*given, **kwargs)


def test_truth_values_are_no_classes() -> None:
    build = Builder()
    given = Traced(build, Value(Type("float64", (2, 2)))), Traced(build, Value(Type("bool", (2,))))
    with pytest.raises(DtypeError, match="classes are integers"):
        losses.nll_loss(*given)
