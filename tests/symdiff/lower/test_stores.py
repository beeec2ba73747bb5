"""Stores in place, loops that carry arrays, subscripts: the right elements, and no copy where none is needed."""

import numpy as np
import pytest
from lowered_graphs import array, branch, check, dim, failure, graph, inside, instructions, loop, real, while_, whole

from symdiff.config import Options
from symdiff.lower.lower import lower
from symdiff.ops import REGISTRY as R
from symdiff.ops.primitive import Traced
from symdiff_codegen.kernel import Alloc, Check, Copy, Fill, For, Store
from symdiff_codegen.walk import walk

RNG = np.random.default_rng(5)
INT = (("int",),)
ROW = (("int",), ("slice", None, None, None))


def zeros(x, *shape):
    return R["full"](Traced(x.build, x.build.constant(0.0)), shape=shape, dtype="float64")


def total(x):
    return R["sum"](x, axis=tuple(range(x.rank)), keepdims=False)


def in_loops(function, *kinds):
    """Instructions of these kinds inside the loops of a kernel."""
    loops = [i for i in lower(function, Options()).kernel.body if isinstance(i, For)]
    return [i for one in loops for i in walk(one.body) if isinstance(i, kinds)]


# -- loops of stores ---------------------------------------------------------------------------------------------------


def test_a_loop_of_stores_writes_into_one_buffer():
    def body(x, n):
        a = zeros(x, R["maximum"](n, 0).value)
        return loop(x, 0, n, [a], lambda i, a: R["put"](a, R["sin"](inside(a.build, x) * i), i, index=INT))

    function = graph(body, real(), whole())
    for n in (0, 1, 7):
        check(function, 0.3, n)
    found = in_loops(function, Copy, Fill, Alloc, Store, Check)
    # one store a trip; the check is that of math.sin
    assert [type(i) for i in found] == [Check, Store]
    assert not any(isinstance(i, (Copy, Fill, Alloc)) for i in instructions(function))


def test_values_read_and_stored_in_one_loop():
    """Fibonacci-like: a[i] = a[i - 1] + x * a[i - 2]; the indices need no check."""

    def body(x, n):
        a = zeros(x, n.value)
        a = R["put"](a, 1.0, 1, index=INT)

        def trip(i, a):
            y = R["index"](a, i - 1, index=INT) + inside(a.build, x) * R["index"](a, i - 2, index=INT)
            return R["put"](a, y, i, index=INT)

        return loop(x, 2, n, [a], trip)

    function = graph(body, real(), whole())
    check(function, 0.5, 9)
    assert not in_loops(function, Copy, Fill, Alloc, Check)
    assert not any(isinstance(i, Copy) for i in instructions(function))


def test_parameters_are_copied_once_and_never_written():
    def body(a, x):
        return loop(a, 0, a.shape[0], [a], lambda i, b: R["put"](b, R["index"](b, i, index=INT) * 2.0, i, index=INT))

    function = graph(body, array("a", dim()), real())
    check(function, RNG.normal(size=6), 1.0)
    assert not in_loops(function, Copy, Check)
    assert sum(isinstance(i, Copy) for i in instructions(function)) == 1


def test_the_old_array_is_kept_where_it_is_read_later():
    def body(a):
        b = R["put"](a * 2.0, 5.0, 0, index=INT)
        c = R["put"](b, 7.0, 1, index=INT)
        return total(b), c

    check(graph(body, array("a", dim())), RNG.normal(size=20))


def test_rows_of_a_tape():
    m = dim("m")

    def body(h, w, n):
        tape = zeros(h, n.value, m)

        def trip(i, h, tape):
            tape = R["put"](tape, h, i, index=ROW)
            return R["tanh"](h * inside(h.build, w) + 0.1), tape

        h, tape = loop(h, 0, n, [h, tape], trip)
        return h, tape

    function = graph(body, array("h", m), real("w"), whole())
    check(function, RNG.normal(size=5), 0.3, 4)
    check(function, RNG.normal(size=3), 0.3, 4)
    assert not in_loops(function, Fill, Alloc)


def test_swapped_arrays():
    def body(a, b, n):
        return loop(a, 0, n, [a * 1.0, b], lambda i, a, b: (b, R["put"](a, 3.0, 0, index=INT)))

    for n in (0, 1, 2, 5):
        check(graph(body, array("a", k := dim()), array("b", k), whole()), RNG.normal(size=4), RNG.normal(size=4), n)
        check(graph(body, array("a", k := dim()), array("b", k), whole()), RNG.normal(size=20), RNG.normal(size=20), n)


def test_history_of_one_trip():
    """`old, a = a, a with a store`: the old array lives on, so it is copied."""

    def body(a, n):
        def trip(i, old, a):
            return a, R["put"](a, R["index"](old, 0, index=INT) + 1.0, 0, index=INT)

        return loop(a, 0, n, [a, a], trip)

    for n in (0, 1, 3):
        check(graph(body, array("a", dim()), whole()), RNG.normal(size=11), n)


def test_a_mapped_result_that_reads_what_it_replaces():
    """a = a[::-1] + 0 * a, and a = -a: the elements are read before they are overwritten."""

    def body(a, n):
        def trip(i, a, b):
            turned = R["index"](a, index=(("slice", None, None, -1),))
            return turned, -b

        return loop(a, 0, n, [a, a], trip)

    for n in (0, 1, 2, 3):
        check(graph(body, array("a", dim()), whole()), RNG.normal(size=12), n)


def test_nested_loops_fill_a_matrix():
    m, n = dim("m"), dim("n")

    def body(x, y):
        a = zeros(x, m, n)

        def outer(i, a):
            def inner(j, a):
                xi = R["index"](inside(a.build, x), inside(a.build, i), index=INT)
                product = xi * R["index"](inside(a.build, y), j, index=INT)
                return R["put"](a, product, inside(a.build, i), j, index=INT * 2)

            return loop(a, 0, n, [a], inner)

        return loop(x, 0, m, [a], outer)

    function = graph(body, array("x", m), array("y", n))
    check(function, RNG.normal(size=4), RNG.normal(size=11))
    check(function, RNG.normal(size=2), RNG.normal(size=3))
    assert not in_loops(function, Copy, Fill, Alloc, Check)


def test_a_store_on_one_branch_stays_in_place():
    def body(a, n):
        b = a * 1.0

        def trip(i, b):
            ai = R["index"](inside(b.build, a), i, index=INT)
            return branch(
                ai > 0.0,
                lambda build: R["put"](Traced(build, b.value), 9.0, Traced(build, i.value), index=INT),
                lambda build: Traced(build, b.value),
            )

        return loop(a, 0, a.shape[0], [b], trip)

    function = graph(body, array("a", dim()), whole())
    check(function, RNG.normal(size=15), 3)
    assert not in_loops(function, Copy, Fill, Alloc)


def test_branches_with_different_arrays():
    def body(a, x):
        return branch(
            x > 0.0,
            lambda build: Traced(build, a.value) * 2.0,
            lambda build: R["transpose"](Traced(build, a.value), axes=(0,)),
        )

    for size in (3, 20):
        for x in (1.0, -1.0):
            check(graph(body, array("a", dim()), real()), RNG.normal(size=size), x)


def test_while_loops_carry_arrays():
    def body(a):
        def trip(a, k):
            return R["put"](a, R["index"](a, k, index=INT) * 0.5, k, index=INT), k + 1

        return while_([a, 0], lambda a, k: R["logical_and"](k < 3, R["index"](a, k, index=INT) > 0.1), trip)

    function = graph(body, array("a", dim()))
    check(function, np.abs(RNG.normal(size=20)))
    check(function, np.abs(RNG.normal(size=4)))


# -- subscripts --------------------------------------------------------------------------------------------------------

SLICES = [
    (None, None, None), (1, None, None), (None, -1, None), (2, 5, None), (-3, None, None), (None, None, 2),
    (None, None, -1), (1, -1, 3), (-1, 0, -2), (5, 1, -1), (None, 2, -1), (30, None, None), (None, 40, None),
    (-40, 3, None), (3, 2, None),
]  # fmt: skip


@pytest.mark.parametrize("parts", SLICES, ids=str)
def test_slices(parts):
    entry = (("slice", *parts),)

    def body(a, x):
        part = R["index"](a, index=entry)
        return part * 2.0, R["put"](a, x, index=entry), R["accumulate_at"](a, part, index=entry)

    for n in (0, 2, 3, 7, 25):
        check(graph(body, array("a", dim()), real()), RNG.normal(size=n), 0.5)


@pytest.mark.parametrize("step", [None, 1, 2, -1, -3])
def test_slices_with_bounds_at_run_time(step):
    entry = (("slice", "in", "in", step),)

    def body(a, i, j, x):
        return R["index"](a, i, j, index=entry) * 1.0, R["put"](a, x, i, j, index=entry)

    function = graph(body, array("a", dim()), whole("i"), whole("j"), real())
    for i in (-12, -3, 0, 2, 9, 12):
        for j in (-12, -1, 0, 4, 9, 12):
            check(function, RNG.normal(size=9), i, j, 0.5)


def test_arrays_of_integers():
    m, n, k = dim("m"), dim("n"), dim("k")
    whole_axis = ("slice", None, None, None)

    def body(a, i, j):
        return (
            R["index"](a, i, index=(("array",), whole_axis)) + 0.0,
            R["index"](a, j, index=(whole_axis, ("array",))) + 0.0,
            R["index"](a, i, j, index=(("array",), ("array",))) + 0.0,
            R["index"](a, i, 1, index=(("array",), ("new",), ("int",))) + 0.0,
            R["accumulate_at"](a, 1.5, i, j, index=(("array",), ("array",))),
            R["put"](a, 2.5, i, index=(("array",), whole_axis)),
        )

    function = graph(body, array("a", m, n), array("i", k, dtype="int64"), array("j", k, dtype="int64"))
    for shape in [(4, 5), (2, 2), (20, 17)]:
        i, j = (RNG.integers(-size, size, 6) for size in shape)
        check(function, RNG.normal(size=shape), i, j)


def test_indices_outside_fail_with_index_and_size():
    function = graph(lambda a, i: R["index"](a, i, index=INT), array("a", dim()), whole("i"))
    message = "index {} is out of bounds for axis 0 with size 3"
    for i in (3, -4, 2**62):
        assert failure(function, np.zeros(3), i) == ("IndexError", message.format(i))
    check(function, np.arange(3.0), -3)
    params = array("a", dim()), array("i", dim("k"), dtype="int64")
    gather = graph(lambda a, i: R["index"](a, i, index=(("array",),)), *params)
    assert failure(gather, np.zeros(3), np.array([0, 7])) == ("IndexError", message.format(7))
    unchecked = graph(lambda a, i: R["index"](a, i, index=INT), array("a", dim()), whole("i"))
    assert not [i for i in instructions(unchecked, Options(boundscheck=False)) if isinstance(i, Check)]


def test_small_arrays_of_known_shape_need_no_memory():
    def body(x, y):
        v = R["pack"](x, y, x * y, shape=(3,))
        v = R["put"](v, x + 1.0, 1, index=INT)
        m = R["pack"](x, y, -y, x, shape=(2, 2))
        w = R["matmul"](m, R["transpose"](m, axes=(1, 0)))
        return total(v * v) + total(w), R["index"](w, 0, 1, index=INT * 2)

    function = graph(body, real("x"), real("y"))
    check(function, 0.3, -0.7)
    assert not any(isinstance(i, (Alloc, Store)) for i in instructions(function))


def test_small_arrays_are_carried_in_scalars():
    def body(x, n):
        v = R["pack"](x, x * 2.0, shape=(2,))
        return loop(x, 0, n, [v], lambda i, v: R["tanh"](v) + 0.1 * v)

    function = graph(body, real(), whole())
    check(function, 0.4, 5)
    assert not in_loops(function, Store, Alloc)


def test_a_state_that_is_replaced_is_computed_in_place():
    """h = tanh(h * w + x) reads h only where it writes it."""

    def body(h, w, n):
        return loop(h, 0, n, [h], lambda i, h: R["tanh"](h * inside(h.build, w) + 0.1))

    function = graph(body, array("h", dim()), real("w"), whole())
    for n in (0, 1, 4):
        check(function, RNG.normal(size=20), 0.7, n)
    assert not in_loops(function, Copy, Alloc, Fill)


def test_a_state_that_is_read_elsewhere_is_computed_beside_it():
    def shifted(h):
        left = R["index"](h, index=(("slice", None, -1, None),))
        right = R["index"](h, index=(("slice", 1, None, None),))
        return R["concatenate"](right * 0.5 + left, R["index"](h, index=(("slice", 0, 1, None),)), axis=0)

    def body(h, w, n):
        return loop(h, 0, n, [h, h], lambda i, h, g: (shifted(h), R["sin"](g) + total(g) + R["sin"](h)))

    function = graph(body, array("h", dim()), real("w"), whole())
    for n in (0, 1, 2, 5):
        for size in (2, 3, 20):
            check(function, RNG.normal(size=size), 0.7, n, sizes=False)


def test_matrix_times_state():
    m = dim("m")

    def body(w, h, n):
        return loop(h, 0, n, [h], lambda i, h: R["tanh"](R["matmul"](inside(h.build, w), h)))

    function = graph(body, array("w", m, m), array("h", m), whole())
    for size in (2, 3, 4, 20):
        check(function, RNG.normal(size=(size, size)), RNG.normal(size=size), 4)
    assert not in_loops(function, Alloc)
