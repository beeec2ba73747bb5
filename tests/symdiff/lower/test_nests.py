"""Elementwise operations, broadcasting and reductions, against the interpreter."""

import numpy as np
import pytest
from lowered_graphs import array, check, dim, graph, instructions, real

from symdiff.ops import REGISTRY as R
from symdiff_codegen.kernel import Alloc, For, Load, Output

RNG = np.random.default_rng(3)
SHAPES = [(0, 3), (3, 0), (1, 1), (2, 3), (3, 2), (5, 4), (4, 17), (20, 3), (6, 40), (33, 1)]


def total(x, axis=None, keepdims=False, name="sum"):
    axes = tuple(range(x.rank)) if axis is None else axis
    return R[name](x, axis=axes, keepdims=keepdims)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 9, 10, 16, 17, 40])
def test_value_and_gradient_in_one_loop(n):
    def body(a):
        e = R["exp"](-a * a)
        return total(R["sin"](a) * e), R["cos"](a) * e - 2.0 * a * R["sin"](a) * e

    function = graph(body, array("a", dim()))
    check(function, RNG.normal(size=n))
    loops = [i for i in instructions(function) if isinstance(i, For)]
    assert len(loops) == 1 and loops[0].vector and len(loops[0].reductions) == 1
    assert sum(isinstance(i, Load) for i in instructions(function)) == 1
    assert not any(isinstance(i, Alloc) for i in instructions(function))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("axis", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "prod"])
def test_reductions_of_matrices(shape, axis, keepdims, name):
    a = RNG.normal(size=shape)
    function = graph(lambda a: total(a * a + a, axis, keepdims, name), array("a", dim("m"), dim("n")))
    check(function, a, rtol=1e-12)


@pytest.mark.parametrize("axis", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 1, 2), (2, 2, 20), (17, 2, 5), (2, 2, 2)])
@pytest.mark.parametrize("name", ["sum", "max", "min"])
def test_reductions_of_three_axes(shape, axis, name):
    function = graph(lambda a: total(R["sin"](a), axis, False, name), array("a", dim("m"), dim("n"), dim("k")))
    check(function, RNG.normal(size=shape))


def test_integers_and_truth_values_are_reduced():
    n = dim()
    function = graph(
        lambda a: (total(a), total(a, name="max"), total(a > 2, name="any"), total(a > 2, name="all"), total(a > 0)),
        array("a", n, dtype="int64"),
    )
    check(function, np.array([3, -1, 4, 1, 5]))
    check(function, np.arange(30) - 2)


def test_negative_zero_survives_a_sum():
    function = graph(lambda a: total(a, (0,)), array("a", dim("m"), dim("n")))
    for shape in [(2, 3), (3, 20), (2, 0), (0, 2)]:
        (found,) = check(function, np.full(shape, -0.0))
        assert np.all(np.signbit(found) == (shape[0] > 0))


def test_maximum_of_nothing_fails():
    from lowered_graphs import failure

    function = graph(lambda a: total(a, name="max"), array("a", dim()))
    message = "zero-size array to reduction operation maximum which has no identity"
    assert failure(function, np.zeros(0)) == ("ValueError", message)


def test_broadcasting():
    m, n = dim("m"), dim("n")
    function = graph(
        lambda a, r, c, s: (total((a + r) * c - s * r), a * r + c, r * s),
        array("a", m, n), array("r", n), array("c", m, 1), real("s"),
    )  # fmt: skip
    for shape in [(3, 4), (2, 3), (5, 20), (4, 1)]:
        args = RNG.normal(size=shape), RNG.normal(size=shape[1]), RNG.normal(size=(shape[0], 1)), 0.7
        check(function, *args)


def test_contiguous_arrays_of_one_shape_take_one_flat_loop():
    m, n = dim("m"), dim("n")
    function = graph(lambda a, b: (a * b + 2.0, -a - b), array("a", m, n), array("b", m, n))
    check(function, RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5)))
    loops = [i for i in instructions(function) if isinstance(i, For)]
    assert len(loops) == 1 and loops[0].vector


def test_what_is_only_used_inside_is_not_stored():
    function = graph(lambda a: R["exp"](R["sin"](a) * a) + R["cos"](a), array("a", dim()))
    found = instructions(function)
    assert sum(isinstance(i, (Alloc, Output)) for i in found) == 1


def test_a_chain_of_reductions_takes_two_loops():
    """Softmax: the maximum, then the exponentials and their sum, then the quotients."""
    def softmax(a):
        e = R["exp"](a - total(a, name="max"))
        return e / total(e)

    function = graph(softmax, array("a", dim()))
    for n in (1, 2, 5, 40):
        check(function, RNG.normal(size=n))
    assert sum(isinstance(i, For) for i in instructions(function)) == 3


def test_virtual_arrays():
    m, n = dim("m"), dim("n")

    def body(a, v):
        t = R["transpose"](a, axes=(1, 0))
        w = R["reshape"](v, shape=(v.shape[0], 1))
        b = R["broadcast_to"](w, shape=t.shape)
        f = R["full"](total(v), shape=t.shape, dtype="float64")
        return t * b + f, total(t * t, (0,)), R["transpose"](b, axes=(1, 0)) - a

    function = graph(body, array("a", m, n), array("v", n))
    for shape in [(3, 4), (2, 2), (5, 20), (20, 3)]:
        check(function, RNG.normal(size=shape), RNG.normal(size=shape[1]))


def test_general_reshapes():
    m, n = dim("m"), dim("n")

    def body(a):
        from symdiff.ops.sizes import product

        flat = R["reshape"](R["sin"](a), shape=(product(a.build, a.shape),))
        back = R["reshape"](flat * 2.0, shape=(n, m))
        return flat, back, total(back, (0,))

    function = graph(body, array("a", m, n))
    for shape in [(3, 4), (2, 2), (5, 20)]:
        check(function, RNG.normal(size=shape))


def test_variance_and_norm_are_expanded():
    m, n = dim("m"), dim("n")
    function = graph(
        lambda a: (
            R["var"](a, axis=(0, 1), keepdims=False),
            R["std"](a, axis=(1,), keepdims=True),
            R["mean"](a, axis=(0,), keepdims=False),
            R["norm"](a, axis=(1,), keepdims=False),
        ),
        array("a", m, n),
    )
    for shape in [(3, 4), (2, 2), (5, 20)]:
        check(function, RNG.normal(size=shape))


def test_arange_linspace_and_conversion():
    n = dim()

    def body(a):
        build = a.build
        from symdiff.ops.primitive import Traced

        ends = [Traced(build, build.constant(c)) for c in (2, 3)]
        t = R["arange"](*ends, length=n, dtype="int64")
        u = R["linspace"](Traced(build, build.constant(0.5)), total(a), length=n)
        small = R["convert"](t, dtype="float32", kind="numpy")
        positive = R["convert"](a > 0, dtype="int64", kind="numpy")
        return a * t, u, small, positive

    function = graph(body, array("a", n))
    for size in (2, 3, 12, 30):
        check(function, RNG.normal(size=size))


def test_single_precision():
    n = dim()
    function = graph(lambda a: (total(a * a), R["exp"](a) * 2.0 + a), array("a", n, dtype="float32"))
    check(function, RNG.normal(size=20).astype("float32"), rtol=1e-5)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [(0,), (1,), (0, 1)])
def test_positions(name, axis):
    function = graph(lambda a: R[name](a, axis=axis, keepdims=False), array("a", dim("m"), dim("n")))
    for shape in [(3, 4), (2, 2), (5, 20)]:
        a = RNG.normal(size=shape)
        check(function, a)
        a[1, 1] = np.nan
        check(function, a)
        check(function, np.round(RNG.normal(size=shape)))


def test_costly_operations_before_a_reduction_along_rows_are_vectorised():
    def body(a, y):
        d = R["exp"](a) - y
        return total(d * d), total(d, (0,)), d

    function = graph(body, array("a", dim(), 1), array("y", 1))
    check(function, RNG.normal(size=(30, 1)), RNG.normal(size=1))
    loops = [i for i in instructions(function) if isinstance(i, For)]
    assert [loop.vector for loop in loops] == [True, False]


def test_a_virtual_array_that_was_stored_for_another_use():
    def body(a, b):
        t = -a
        return R["matmul"](t, b), t * a + 1.0

    m, n = dim("m"), dim("n")
    function = graph(body, array("a", m, n), array("b", n, m))
    check(function, RNG.normal(size=(5, 7)), RNG.normal(size=(7, 5)))
