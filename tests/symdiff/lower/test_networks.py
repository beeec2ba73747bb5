"""A small network of convolutions as one kernel: its loss and gradients, natively, against PyTorch and differences."""

import numpy as np
import pytest
from lowered_graphs import array, graph, native

from symdiff.ops import REGISTRY as R
from symdiff.ops.correlation import conv2d
from symdiff.ops.pooling import avg_pool2d, max_pool2d
from symdiff.ops.primitive import Traced
from symdiff.runtime.interpret import interpret
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from symdiff.transform.simplify import simplify

RNG = np.random.default_rng(31)
SHAPES = {"x": (3, 2, 9, 8), "w1": (4, 2, 3, 3), "b1": (4,), "w2": (6, 2, 3, 3), "w3": (5, 12)}
CLASSES = np.array([4, 0, 2])


def network(x, w1, b1, w2, w3, classes):
    h = conv2d(x, w1, b1, padding=1)
    h = max_pool2d(R["maximum"](h, 0.0), 3, stride=2, padding=1)
    h = avg_pool2d(R["tanh"](conv2d(h, w2, stride=(2, 1), groups=2)), (2, 1))
    h = R["reshape"](h, shape=(x.shape[0], 12))
    h = R["matmul"](h, R["transpose"](w3, axes=(1, 0)))
    h = h - R["stop_gradient"](R["max"](h, axis=(1,), keepdims=True))
    h = h - R["log"](R["sum"](R["exp"](h), axis=(1,), keepdims=True))
    samples = Traced(x.build, x.build.add(R["arange"], *map(x.build.constant, (0, 1)), length=3, dtype="int64"))
    right = R["index"](h, samples, classes, index=(("array",), ("array",)))
    return -R["mean"](right, axis=(0,), keepdims=False)


def built(dtype):
    params = [array(name, *shape, dtype=dtype) for name, shape in SHAPES.items()]
    return graph(network, *params, array("classes", 3, dtype="int64"))


def gradients(function):
    """Of the loss by everything but the classes, simplified."""
    seeds = list(function.results)
    bar = differentiate(function, range(len(SHAPES)), seeds, name="bar", value=True)
    return simplify(eliminate_dead_code(bar), 1, derivative=True)[0]


def arrays(dtype="float64"):
    return [RNG.normal(size=shape).astype(dtype) for shape in SHAPES.values()]


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-11), ("float32", 1e-4)])
def test_gradients_natively(dtype, rtol):
    bar, given = gradients(built(dtype)), arrays(dtype)
    for found, wanted in zip(native(bar, *given, CLASSES), interpret(bar, *given, CLASSES), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)


def test_gradients_are_slopes():
    function = built("float64")
    given = arrays()
    directions = arrays()
    _, *found = native(gradients(function), *given, CLASSES)
    slope = sum(float(np.sum(g * d)) for g, d in zip(found, directions, strict=True))

    def at(t):
        moved = [a + t * d for a, d in zip(given, directions, strict=True)]
        return float(interpret(function, *moved, CLASSES)[0])

    step = 1e-5
    np.testing.assert_allclose(slope, (at(step) - at(-step)) / (2 * step), rtol=1e-6)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-11), ("float32", 1e-4)])
def test_gradients_are_those_of_pytorch(dtype, rtol):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    f, given = torch.nn.functional, arrays(dtype)
    x, w1, b1, w2, w3 = tensors = [torch.tensor(a, requires_grad=True) for a in given]
    h = f.max_pool2d(f.relu(f.conv2d(x, w1, b1, padding=1)), 3, stride=2, padding=1)
    h = f.avg_pool2d(torch.tanh(f.conv2d(h, w2, stride=(2, 1), groups=2)), (2, 1))
    loss = f.cross_entropy(h.flatten(1) @ w3.T, torch.tensor(CLASSES))
    expected = [loss, *torch.autograd.grad(loss, tensors)]
    for found, wanted in zip(native(gradients(built(dtype)), *given, CLASSES), expected, strict=True):
        np.testing.assert_allclose(found, wanted.detach(), rtol=rtol, atol=rtol)
