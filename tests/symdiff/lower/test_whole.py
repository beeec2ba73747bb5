"""Products of matrices, linear algebra, stacks, joining, and variants for known sizes; natively too."""

import numpy as np
import pytest
from lowered_graphs import array, check, dim, failure, graph, inside, loop, native, real, run, whole

from symdiff.config import Options
from symdiff.ir.graph import Function
from symdiff.lower.lower import lower
from symdiff.lower.specialise import SizesUnfit, specialise
from symdiff.ops import REGISTRY as R
from symdiff.ops.primitive import Traced

RNG = np.random.default_rng(11)
M, N, K = dim("m"), dim("n"), dim("k")


def transposed(a):
    return R["transpose"](a, axes=(1, 0))


def total(x):
    return R["sum"](x, axis=tuple(range(x.rank)), keepdims=False)


def same_bits(function, *args):
    """The native results of the variants for run-time and for known sizes."""
    found = native(function, *args)
    sizes = {d: args[function.params.index(p)].shape[axis] for d, p, axis in function.bound_dimensions()}
    for one, other in zip(found, native(specialise(function, sizes), *args), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(found, run(function, *args), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("shape", [(2, 2, 2), (3, 2, 3), (4, 4, 4), (5, 3, 9), (16, 16, 16), (17, 5, 3), (30, 20, 25)])
def test_products_of_matrices(shape):
    m, k, n = shape
    a, b = RNG.normal(size=(m, k)), RNG.normal(size=(k, n))
    plain = graph(lambda a, b: R["matmul"](a, b), array("a", M, K), array("b", K, N))
    flipped = graph(lambda a, b: R["matmul"](transposed(a), transposed(b)), array("a", K, M), array("b", N, K))
    same_bits(plain, a, b)
    same_bits(flipped, np.ascontiguousarray(a.T), np.ascontiguousarray(b.T))


def test_products_with_vectors():
    def body(a, x, y):
        at = transposed(a)
        products = R["matmul"](a, x), R["matmul"](y, a), R["matmul"](at, y), R["matmul"](x, at), R["dot"](x, x)
        return *products, R["outer"](y, x)

    function = graph(body, array("a", M, N), array("x", N), array("y", M))
    for m, n in [(2, 3), (4, 4), (3, 20), (20, 3), (33, 17)]:
        same_bits(function, RNG.normal(size=(m, n)), RNG.normal(size=n), RNG.normal(size=m))


def test_batches_and_integers():
    b = dim("b")
    params = array("x", b, M, N), array("y", N, K), array("v", N)
    function = graph(lambda x, y, v: (R["matmul"](x, y), R["matmul"](x, v)), *params)
    for sizes in [(2, 3, 4, 2), (3, 2, 2, 2), (2, 18, 5, 3)]:
        batch, m, n, k = sizes
        check(function, RNG.normal(size=(batch, m, n)), RNG.normal(size=(n, k)), RNG.normal(size=n), sizes=False)
    ints = graph(lambda x, y: R["matmul"](x, y), array("x", M, N, dtype="int64"), array("y", N, K, dtype="int64"))
    check(ints, RNG.integers(-9, 9, (3, 4)), RNG.integers(-9, 9, (4, 5)))


def test_linear_algebra():
    def body(a, b, c):
        return (
            R["solve"](a, b), R["solve"](a, c), R["inv"](a), R["det"](a), R["slogdet_sign"](a), R["slogdet_logabs"](a),
            R["cholesky"](R["matmul"](a, transposed(a))), R["trace"](a), R["diag"](b), R["diagonal"](a) * 2.0,
            R["tril"](a),
        )  # fmt: skip

    function = graph(body, array("a", N, N), array("b", N), array("c", N, K))
    for n in (2, 3, 6, 20):
        a = RNG.normal(size=(n, n)) + 3 * np.eye(n)
        check(function, a, RNG.normal(size=n), RNG.normal(size=(n, 4)), rtol=1e-9, sizes=False)


def test_singular_matrices_fail():
    error = failure(graph(lambda a: R["inv"](a), array("a", N, N)), np.zeros((3, 3)))
    assert error == ("LinAlgError", "Singular matrix")
    error = failure(graph(lambda a: R["cholesky"](a), array("a", N, N)), -np.eye(3))
    assert error == ("LinAlgError", "Matrix is not positive definite")


def test_stacks_of_scalars_and_rows():
    def body(a, n):
        build = a.build
        scalars = Traced(build, build.add(R["new_stack"], dtype="float64", shape=()))
        rows = Traced(build, build.add(R["new_stack"], dtype="float64", shape=a.shape))

        def forward(i, a, s, r):
            return R["sin"](a) + i, R["push"](s, total(a)), R["push"](r, a)

        a, scalars, rows = loop(a, 0, n, [a, scalars, rows], forward)

        def backward(i, g, s, r):
            s, one = R["pop"](s)
            r, row = R["pop"](r)
            return g * R["cos"](row) + one, s, r

        return loop(a, 0, n, [a, scalars, rows], backward)[0]

    function = graph(body, array("a", N), whole())
    for size in (2, 3, 12):
        for n in (0, 1, 4):
            check(function, RNG.normal(size=size), n)


def test_joining_and_packing():
    def body(a, b, x):
        joined = R["concatenate"](a, b * 2.0, axis=0)
        beside = R["concatenate"](a, b, axis=1)
        return joined, beside, total(joined) * x, R["pack"](x, x * x, 1.0, x, x, 3, shape=(2, 3))

    function = graph(body, array("a", M, N), array("b", M, N), real())
    for shape in [(1, 2), (2, 2), (3, 1), (4, 7)]:
        check(function, RNG.normal(size=shape), RNG.normal(size=shape), 0.7, sizes=False)


# -- results -----------------------------------------------------------------------------------------------------------


def test_results_are_arrays_of_their_own():
    function = graph(lambda a: (a, a * 2.0, a), array("a", N))
    doubled = Function("f", type(function.block)(function.params, function.block.nodes, (function.results[1],) * 2))
    a = RNG.normal(size=5)
    first, _, last = native(function, a)
    assert first is not a and first is not last and not np.shares_memory(first, last) and not np.shares_memory(first, a)
    one, two = native(doubled, a)
    np.testing.assert_array_equal(one, two)
    assert not np.shares_memory(one, two)


# -- sizes -------------------------------------------------------------------------------------------------------------


def test_sizes_that_differ_fail_with_both():
    function = graph(lambda a, b: a + b, array("a", M), array("b", N))
    name, message = failure(function, np.zeros(2), np.zeros(3))
    assert name == "ShapeError" and "cannot be broadcast" in message


def test_a_derived_size_of_one_asks_for_a_variant():
    def body(x, y):
        return R["index"](x, index=(("slice", 1, None, None),)) * y

    function = graph(body, array("x", M), array("y", N))
    lowered = lower(function, Options())
    assert failure(function, np.zeros(2), np.zeros(3)) == (lowered.errors[1].exception, lowered.errors[1].message)
    with pytest.raises(SizesUnfit):
        specialise(function, {M: 2, N: 3})


def test_known_sizes_fold_integers_and_branches():
    from lowered_graphs import branch

    def body(a):
        size = Traced(a.build, a.shape[0])
        (y,) = branch(size > 3, lambda b: total(inside(b, a)), lambda b: total(inside(b, a)) * inside(b, size))
        return y, size * 2 + 1

    function = graph(body, array("a", N))
    for n in (2, 5):
        check(function, RNG.normal(size=n))
    assert not specialise(function, {N: 5}).block.nodes[-1].blocks


def test_native_and_text_agree():
    def body(a, v, x):
        h = R["tanh"](a * v + x)
        return total(h * h), h, R["sum"](h, axis=(0,), keepdims=False)

    function = graph(body, array("a", M, N), array("v", N), real())
    for shape in [(2, 3), (4, 20), (3, 2), (20, 4)]:
        same_bits(function, RNG.normal(size=shape), RNG.normal(size=shape[1]), 0.3)
