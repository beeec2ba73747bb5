"""Windows are read in place and added up in place; convolutions and pooling in the kernel, natively too."""

import numpy as np
import pytest
from lowered_graphs import array, check, dim, graph, instructions, native

from symdiff.ir.graph import Value
from symdiff.ir.python import print_function
from symdiff.ir.rewrite import substitute
from symdiff.ops import REGISTRY as R
from symdiff.ops.correlation import conv1d, conv2d
from symdiff.ops.pooling import avg_pool2d, max_pool2d
from symdiff.ops.primitive import Traced
from symdiff.runtime.interpret import interpret
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from symdiff_codegen.kernel import Alloc, For, Matmul

RNG = np.random.default_rng(21)
B, H, W = dim("b"), dim("h"), dim("w")


def numbers(*shape, dtype="float64"):
    return RNG.normal(size=shape).astype(dtype)


def pulled(function):
    """The function that gives the gradients by all parameters, with a seed for the result."""
    seed = Value(function.results[0].type, "seed")
    bar = differentiate(function, range(len(function.params)), [seed], name="bar", value=False)
    return eliminate_dead_code(bar)


def same_natively(function, *args, rtol=1e-12):
    for found, wanted in zip(native(function, *args), interpret(function, *args), strict=True):
        assert found.dtype == wanted.dtype and found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 5, 7), (4, 9, 20), (2, 2, 2)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_windows_and_their_sums(shape, dtype):
    how = {"kernel": (2, 2), "stride": (1, 2), "dilation": (2, 1)}

    def body(x):
        windows = R["sliding_windows"](x * 2, **how)
        return windows, R["overlap_add"](windows + 1, shape=x.shape, **how), R["max"](x, axis=(0,), keepdims=False)

    x = (10 * numbers(*shape)).astype(dtype)
    function = graph(body, array("x", B, H, W, dtype=dtype))
    check(function, x)
    for found, wanted in zip(native(function, x), interpret(function, x), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (2, 5)])
def test_windows_of_few_elements(shape):
    how = {"kernel": (1, 2), "stride": (1, 1), "dilation": (1, 1)}

    def body(x):
        windows = R["sliding_windows"](x * 2.0, **how)
        return windows, R["overlap_add"](windows * windows, shape=x.shape, **how)

    x = numbers(*shape)
    check(graph(body, array("x", *shape)), x, sizes=False)


def test_windows_are_not_stored():
    how = {"kernel": (3,), "stride": (1,), "dilation": (1,)}
    function = graph(
        lambda x: R["sum"](R["exp"](R["sliding_windows"](x, **how)), axis=(1,), keepdims=False), array("x", 40)
    )
    assert not [i for i in instructions(function) if isinstance(i, Alloc)]
    check(function, numbers(40))


def test_windows_of_an_array_that_changes():
    """What is stored later is not seen through them, in the kernel and in the text."""
    how = {"kernel": (3,), "stride": (1,), "dilation": (1,)}
    rows = (("slice", None, 2, None), ("slice", None, None, None))

    def body(x):
        a = x * 2.0
        before = R["sliding_windows"](a, **how)
        b = R["put"](a, 0.0, index=(("slice", 2, 6, None),))
        after = R["sliding_windows"](b, **how)
        return R["sum"](before * before, axis=(1,), keepdims=False), R["put"](after, 5.0, index=rows), after, b

    x = numbers(12)
    function = graph(body, array("x", 12))
    scope = {}
    exec(print_function(function), scope)
    wanted = check(function, x)
    for one, other, third in zip(native(function, x), scope["f"](x), wanted, strict=True):
        np.testing.assert_array_equal(one, third)
        np.testing.assert_allclose(other, third, rtol=1e-14)


def test_a_convolution_copies_its_windows_once_and_is_one_product():
    x, w = (4, 2, 9, 9), (3, 2, 3, 3)
    body = instructions(graph(lambda x, w: conv2d(x, w), array("x", *x), array("w", *w)))
    assert len([i for i in body if isinstance(i, Matmul)]) == 1
    assert len([i for i in body if isinstance(i, Alloc)]) == 2  # the windows, and the product
    assert len([i for i in body if isinstance(i, For) and i.vector]) == 2


CONVOLUTIONS = [
    ((2, 3, 5, 6), (4, 3, 3, 2), {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}),
    ((2, 4, 5, 4), (6, 2, 3, 2), {"groups": 2, "padding": 1}),
    ((2, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "stride": 2, "padding": 1}),
    ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    ((1, 2, 4, 4), (3, 2, 4, 4), {}),
    ((0, 2, 4, 4), (3, 2, 3, 3), {}),
    ((2, 17, 5, 5), (18, 17, 3, 3), {"padding": "same"}),
    ((2, 3, 7), (4, 3, 3), {"stride": 2, "padding": 1}),
]


@pytest.mark.parametrize(("x", "w", "kwargs"), CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_convolutions_and_their_gradients(x, w, kwargs, dtype):
    convolve = conv1d if len(w) == 3 else conv2d
    arrays = [numbers(*shape, dtype=dtype) for shape in (x, w, w[:1])]
    params = [array(name, *a.shape, dtype=dtype) for name, a in zip("xwb", arrays, strict=True)]
    function = graph(lambda x, w, b: convolve(x, w, b, **kwargs), *params)
    (y,) = interpret(function, *arrays)
    rtol = 1e-12 if dtype == "float64" else 1e-4
    same_natively(function, *arrays, rtol=rtol)
    bar, seed = pulled(function), numbers(*y.shape, dtype=dtype)
    same_natively(bar, *arrays, seed, rtol=rtol)
    if dtype == "float64" and np.prod(x) < 200:
        same_natively(pulled(squared(bar)), *arrays, seed, 0.7, rtol=rtol)


def squared(function):
    """The sum of the squares of all results."""

    def body(*params):
        build = params[0].build
        mapping = dict(zip(function.params, (p.value for p in params), strict=True))
        nodes = substitute(function.block.nodes, mapping)
        for node in nodes:
            build.append(node)
        total = 0.0
        for result in function.results:
            one = Traced(build, mapping.get(result, result))
            total = total + R["sum"](one * one, axis=tuple(range(one.rank)), keepdims=False)
        return total

    return graph(body, *(Value(p.type, p.hint) for p in function.params))


def test_a_convolution_of_run_time_sizes():
    function = graph(lambda x, w: conv2d(x, w, padding=1), array("x", B, 3, H, W), array("w", 4, 3, 3, 2))
    bar = pulled(function)
    w = numbers(4, 3, 3, 2)
    for shape in [(2, 3, 4, 5), (5, 3, 8, 3), (3, 3, 2, 2)]:
        x = numbers(*shape)
        check(function, x, w, rtol=1e-11)
        (y,) = interpret(function, x, w)
        same_natively(bar, x, w, numbers(*y.shape))


POOLING = [
    (max_pool2d, {"kernel_size": 2}),
    (max_pool2d, {"kernel_size": 3, "stride": 2, "padding": 1}),
    (max_pool2d, {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
    (max_pool2d, {"kernel_size": (9, 2), "stride": 1, "padding": (4, 1)}),
    (avg_pool2d, {"kernel_size": 2}),
    (avg_pool2d, {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
]


@pytest.mark.parametrize(("pool", "kwargs"), POOLING, ids=lambda v: getattr(v, "__name__", str(v)))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_pooling_and_its_gradient(pool, kwargs, dtype):
    for shape in [(2, 1, 6, 21)] if dtype == "float32" else [(2, 3, 6, 8), (1, 1, 2, 2), (0, 2, 4, 4)]:
        x = RNG.integers(-3, 4, size=shape).astype(dtype)
        x[..., :1] = np.nan if pool is max_pool2d else 0.0
        function = graph(lambda x: pool(x, **kwargs), array("x", *shape, dtype=dtype))
        (y,) = interpret(function, x)
        same_natively(function, x, rtol=1e-6 if dtype == "float32" else 1e-14)
        same_natively(pulled(function), x, numbers(*y.shape, dtype=dtype), rtol=1e-6)


def test_transposed_stacks_are_factors_as_they_are():
    """Each matrix of a stack is read transposed, not copied."""
    how = {"axes": (0, 2, 1)}

    def body(x, y, z):
        turned = R["transpose"](y, **how)
        return R["matmul"](x, turned), R["matmul"](R["transpose"](x, **how), y), R["matmul"](z, turned)

    known = array("x", 3, 20, 18), array("y", 3, 20, 18), array("z", 5, 18)
    function = graph(body, *known)
    assert not [i for i in instructions(function) if isinstance(i, Alloc)]
    k, m, n = dim("k"), dim("m"), dim("n")
    unknown = graph(body, array("x", k, m, n), array("y", k, m, n), array("z", dim("l"), n))
    for sizes in [(3, 20, 18), (2, 3, 4), (4, 5, 2)]:
        args = numbers(*sizes), numbers(*sizes), numbers(6, sizes[-1])
        check(unknown, *args, rtol=1e-11)
        same_natively(unknown, *args)
