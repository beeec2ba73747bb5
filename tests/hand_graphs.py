"""Graphs built by hand: every construct of the grammar, on inputs chosen so that each path is taken.

A graph is a function of a `Maker` that returns the results; `@graph(...)` registers it with the arguments to run it on,
one tuple for each case. The first result is what is differentiated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.ir.graph import Function
from tests.graph_maker import WHOLE, Maker

__all__ = ["CASES", "GRAPHS", "HandGraph"]


@dataclass(frozen=True)
class HandGraph:
    """A graph and what to run it on.

    `wrt` are positions of parameters; `kink` says that differences mean nothing: the arguments are at a kink, or a
    derivative is stopped on purpose.
    """

    name: str
    build: Callable[[Maker], Any]
    arguments: tuple[tuple[Any, ...], ...]
    wrt: tuple[int, ...]
    kink: bool = False
    eps: float = 2.0**-52

    def function(self) -> Function:
        """The graph, new each time."""
        make = Maker()
        results = self.build(make)
        return make.function(self.name, *(results if isinstance(results, tuple) else (results,)))


GRAPHS: dict[str, HandGraph] = {}


def graph(*arguments: tuple[Any, ...], wrt: tuple[int, ...] = (0,), kink: bool = False, eps: float = 2.0**-52):
    """Register a graph."""

    def register(build: Callable[[Maker], Any]) -> Callable[[Maker], Any]:
        GRAPHS[build.__name__] = HandGraph(build.__name__, build, arguments, wrt, kink, eps)
        return build

    return register


V = np.array([0.7, -1.2, 2.1])
W = np.array([1.4, 0.3, -0.6])
M = np.array([[0.5, -1.5, 0.8], [1.1, 0.2, -0.7]])
EMPTY = np.zeros(0)

# -- straight lines ----------------------------------------------------------------------------------------------------


@graph((1.3, -0.4), wrt=(0, 1))
def straight(make):
    x, y = make.float("x"), make.float("y")
    a = make.row("sin", x * y)
    return a * a / (x + 3.0) - y


@graph((0.8,))
def used_many_times(make):
    x = make.float("x")
    y = make.name(make.row("exp", x), "y")
    return y * y * y + y * x + y / (y + x) - y


@graph((1.5,))
def parameter_itself(make):
    return make.float("x")


@graph((1.5, 2.5), wrt=(0, 1))
def parameter_not_used(make):
    make.float("x")
    y = make.float("y")
    return y * y


@graph((1.5,))
def constant_result(make):
    make.float("x")
    return make.traced(3.0)


@graph((1.5, 2.0), kink=True)
def inactive_path(make):
    x, y = make.float("x"), make.float("y")
    passive = make.row("exp", y) * make.row("floor", x)
    return passive * x + make.row("stop_gradient", x) * y


@graph((2.5, 3), wrt=(0,))
def integers(make):
    x, n = make.float("x"), make.int("n")
    half = n // 2
    return x**n / n + x * half - make.row("convert", n * n, dtype="float64", kind="python") * x


@graph((1.5,))
def several_results(make):
    x = make.float("x")
    y = make.row("log", x)
    return y * x, y, x * x


@graph((2.2, 0.5), wrt=(0, 1))
def fallible_scalars(make):
    x, y = make.float("x"), make.float("y")
    return make.row("sqrt", x) / y + x**y + make.row("log", y) * (x % y)


# -- branches ----------------------------------------------------------------------------------------------------------


@graph((1.5, 0.4), (-1.5, 0.4), wrt=(0, 1))
def branch(make):
    x, y = make.float("x"), make.float("y")
    (z,) = make.if_(x > 0.0, lambda: [x * y], lambda: [make.row("exp", y)], ["z"])
    return z * x


@graph((1.5, 0.4), (-1.5, 0.4), wrt=(0, 1))
def branch_passes_through(make):
    x, y = make.float("x"), make.float("y")
    z = make.name(x * y, "z")
    (w,) = make.if_(x > 0.0, lambda: [z * z], lambda: [z], ["z"])
    return w * z + x


@graph((1.5, 0.4), (-1.5, 0.4), wrt=(0, 1))
def branch_same_value_twice(make):
    x, y = make.float("x"), make.float("y")

    def then():
        a = make.row("sin", x * y)
        return [a, a, x]

    a, b, c = make.if_(x > 0.0, then, lambda: [y, x, x], ["a", "b", "c"])
    return a * b + c * c * y


@graph((1.5, 0.4), (1.5, -0.4), (-1.5, 0.4), wrt=(0, 1))
def branch_nested(make):
    x, y = make.float("x"), make.float("y")

    def then():
        z = make.row("exp", x) * y
        (u,) = make.if_(y > 0.0, lambda: [z * y], lambda: [z + make.row("sin", z)], ["u"])
        return [u * z, z]

    u, z = make.if_(x > 0.0, then, lambda: [x * x, y], ["u", "z"])
    return u * z + y


@graph((1.5,), (-1.5,))
def branch_constant_arms(make):
    x = make.float("x")
    (c,) = make.if_(x > 0.0, lambda: [2.0], lambda: [make.traced(-1.0)], ["c"])
    return c * x


@graph((1.5,), (-1.5,))
def branch_saves_for_later(make):
    """What a branch computes at some cost is not computed again by its reverse."""
    x = make.float("x")

    def then():
        e = make.name(make.row("exp", make.row("sin", x)), "e")
        return [e * e * x]

    (z,) = make.if_(x > 0.0, then, lambda: [x], ["z"])
    return z


@graph((1.5, V), (-1.5, V), wrt=(0, 1))
def branch_of_arrays(make):
    x, v = make.float("x"), make.array("v", make.size())
    (w,) = make.if_(x > 0.0, lambda: [v * x], lambda: [make.row("tanh", v)], ["w"])
    return make.sum(w * v)


# -- for ---------------------------------------------------------------------------------------------------------------


@graph((0.7, 0), (0.7, 1), (0.7, 5), (0.7, -3))
def loop(make):
    x, n = make.float("x"), make.int("n")
    (v,) = make.for_(0, n, 1, [x], lambda i, v: [v * x + i], ["v"])
    return v


@graph((0.7,))
def loop_constant_bounds(make):
    x = make.float("x")
    (v,) = make.for_(0, 4, 1, [x], lambda i, v: [make.row("sin", v) * x + v], ["v"])
    return v


@graph((0.7, 9, 2), (0.7, 2, 9), (0.7, 2, 2))
def loop_backwards(make):
    x, a, b = make.float("x"), make.int("start"), make.int("stop")
    (v,) = make.for_(a, b, -2, [x], lambda i, v: [v * v * 0.3 + x * i * 0.1], ["v"])
    return v


@graph((0.7, 2, 9), (0.7, 9, 2), (0.7, -4, 4))
def loop_with_step(make):
    x, a, b = make.float("x"), make.int("start"), make.int("stop")
    (v,) = make.for_(a, b, 3, [x], lambda i, v: [v * x + i * x], ["v"])
    return v


@graph((0.7, 2, 9, 3), (0.7, 9, 2, -2), (0.7, 9, 2, 3))
def loop_step_at_run_time(make):
    x, a, b, s = make.float("x"), make.int("start"), make.int("stop"), make.int("step")
    (v,) = make.for_(a, b, s, [x], lambda i, v: [make.row("sin", v) * x], ["v"])
    return v


@graph((0.9, 1.1, 0), (0.9, 1.1, 5), wrt=(0, 1))
def loop_carries_several(make):
    a, b, n = make.float("a"), make.float("b"), make.int("n")
    p, q, r = make.for_(
        0, n, 1, [a, b, make.traced(1.0)], lambda i, p, q, r: [q, p * q + 0.1 * i, r * p - q], ["p", "q", "r"]
    )
    return p * q + r


@graph((0.9, 1.1, 0), (0.9, 1.1, 5), wrt=(0, 1))
def loop_swaps(make):
    a, b, n = make.float("a"), make.float("b"), make.int("n")
    a, b = make.for_(0, n, 1, [a, b], lambda i, a, b: [b, a + b], ["a", "b"])
    return a * b * b


@graph((0.9, 1.1, 0), (0.9, 1.1, 3), wrt=(0, 1))
def loop_rotates(make):
    a, b, n = make.float("a"), make.float("b"), make.int("n")
    c = make.name(a * b, "c")
    a, b, c = make.for_(0, n, 1, [a, b, c], lambda i, a, b, c: [b, c, a], ["a", "b", "c"])
    return a + b * b + c * c * c


@graph((0.9, 1.1, 0), (0.9, 1.1, 3), wrt=(0, 1))
def loop_leaves_one_unchanged(make):
    x, y, n = make.float("x"), make.float("y"), make.int("n")
    u, v = make.for_(0, n, 1, [x, y], lambda i, u, v: [u, v * u], ["u", "v"])
    return u * v


@graph((0.9, 1.1, 0), (0.9, 1.1, 3), wrt=(0, 1))
def loop_carries_unused(make):
    """One carried value is read by no one after the loop, another by no one at all."""
    x, y, n = make.float("x"), make.float("y"), make.int("n")
    u, _, _ = make.for_(0, n, 1, [x, y, x], lambda i, u, v, w: [u * v, v + 0.1, w * u], ["u", "v", "w"])
    return u


@graph((0.9, 1.1, 0), (0.9, 1.1, 3), wrt=(0, 1))
def loop_result_from_outside(make):
    x, y, n = make.float("x"), make.float("y"), make.int("n")
    z = make.name(make.row("exp", x * y), "z")
    u, v = make.for_(0, n, 1, [x, y], lambda i, u, v: [z, u * v], ["u", "v"])
    return u * v


@graph((0.9, 0), (0.9, 1), (0.9, 3))
def loop_forgets(make):
    """The carried value does not depend on the one before."""
    x, n = make.float("x"), make.int("n")
    (v,) = make.for_(0, n, 1, [x], lambda i, v: [make.row("sin", x * (i + 1))], ["v"])
    return v * v


@graph((0.9, 4))
def loop_without_derivative(make):
    """Carried integers and truth values beside a float."""
    x, n = make.float("x"), make.int("n")

    def body(i, v, count, flag):
        return [v * x + count, count + 2, make.row("logical_not", flag)]

    v, count, _ = make.for_(0, n, 1, [x, make.traced(1), make.traced(True)], body, ["v", "count", "flag"])
    return v * count


@graph((0.7, 0, 3), (0.7, 3, 0), (0.7, 3, 2))
def loop_nested(make):
    x, n, m = make.float("x"), make.int("n"), make.int("m")

    def outer(i, v):
        (w,) = make.for_(0, m, 1, [v], lambda j, w: [w * x + 0.1 * (i - j)], ["w"], "j")
        return [0.5 * w + x * v]

    (v,) = make.for_(0, n, 1, [x], outer, ["v"])
    return v


@graph((0.6, 0), (0.6, 1), (0.6, 4))
def loop_ragged(make):
    x, n = make.float("x"), make.int("n")

    def outer(i, total):
        (p,) = make.for_(0, i, 1, [make.traced(1.0)], lambda j, p: [p * x + 0.2 * j], ["p"], "j")
        return [total + p * make.row("cos", x * i)]

    (total,) = make.for_(0, n, 1, [make.traced(0.0)], outer, ["total"])
    return total


@graph((0.6, 0), (0.6, 4))
def loop_ragged_twice(make):
    x, n = make.float("x"), make.int("n")

    def outer(i, v):
        def middle(j, v):
            (v,) = make.for_(j, i, 1, [v], lambda k, v: [v + 0.01 * x * v * (i + k)], ["v"], "k")
            return [v * 1.1 + x]

        (v,) = make.for_(i, n, 1, [v], middle, ["v"], "j")
        return [make.row("sin", v) + v]

    (v,) = make.for_(0, n, 1, [x], outer, ["v"])
    return v


@graph((1.3, 6), (1.3, 0), (-1.3, 6), (0.4, 5))
def branch_in_loop(make):
    x, n = make.float("x"), make.int("n")

    def body(i, v):
        def otherwise():
            return make.if_(v < -1.0, lambda: [v / 2.0 - x], lambda: [v * v + x], ["v"])

        return make.if_(v > 1.0, lambda: [make.row("sqrt", v) + 0.1 * i], otherwise, ["v"])

    (v,) = make.for_(0, n, 1, [x], body, ["v"])
    return v


@graph((0.6, 0), (0.6, 5), wrt=(0,))
def loop_in_branch_in_loop(make):
    x, n = make.float("x"), make.int("n")

    def body(i, v):
        def then():
            return make.for_(0, i, 1, [v], lambda j, w: [w * x + make.row("sin", w)], ["w"], "j")

        return make.if_((i % 2).__eq__(1), then, lambda: [v * v + x], ["v"])

    (v,) = make.for_(0, n, 1, [x], body, ["v"])
    return v


@graph((0.9, 0), (0.9, 3))
def loop_after_loop(make):
    x, n = make.float("x"), make.int("n")
    (t,) = make.for_(0, n, 1, [x], lambda i, t: [t * x + 0.3], ["t"])
    (u,) = make.for_(0, n + 1, 1, [x], lambda i, u: [u * t - x * 0.1], ["u"])
    return t * u


# -- while -------------------------------------------------------------------------------------------------------------


@graph((1.5,), (101.0,))
def grow(make):
    x = make.float("x")
    (v,) = make.while_([x], lambda v: v < 100.0, lambda v: [v * x], ["v"])
    return v


@graph((0.6, 6), (0.6, 0))
def while_in_for(make):
    x, n = make.float("x"), make.int("n")

    def body(i, total):
        (v,) = make.while_([x + i], lambda v: v > 1.0, lambda v: [v * 0.5 * (1.0 + 0.1 * x)], ["v"])
        return [total + v * v]

    (total,) = make.for_(0, n, 1, [x], body, ["total"])
    return total


@graph((5.3,), (0.2,))
def while_counts(make):
    x = make.float("x")

    def body(v, count):
        return [0.5 * v + 0.01 * v * x, count + 1]

    v, count = make.while_([x, make.traced(0)], lambda v, count: v > 0.5, body, ["v", "count"])
    return v * v + x * count


@graph((3.3, 4), (0.2, 4), (3.3, 0))
def for_in_while(make):
    x, n = make.float("x"), make.int("n")

    def body(v):
        (w,) = make.for_(0, n, 1, [v], lambda i, w: [w * 0.9 - 0.01 * make.row("sin", w)], ["w"])
        return [w * 0.5 * make.row("cos", 0.1 * x)]

    (v,) = make.while_([x], lambda v: v > 0.5, body, ["v"])
    return v * v


# -- stores and reads --------------------------------------------------------------------------------------------------


@graph((1.5,))
def overwrite(make):
    x = make.float("x")
    a = make.store(make.zeros(1, hint="a"), x, 0)
    b = make.store(a, make.read(a, 0) * make.read(a, 0), 0)
    return make.read(b, 0) * x


@graph((0.8, 0), (0.8, 1), (0.8, 5))
def store_in_loop(make):
    x, n = make.float("x"), make.int("n")
    size = make.current.dim((n + 1).value)
    a = make.store(make.zeros(size, hint="a"), x, 0)

    def body(i, a):
        before = make.read(a, i)
        return [make.store(a, before * x + make.row("sin", before), i + 1)]

    (a,) = make.for_(0, n, 1, [a], body, ["a"])
    return make.read(a, n) + make.sum(a * a)


@graph((V,), (np.array([0.4]),))
def store_into_copy(make):
    """The array stored into is a parameter's, which must stay what it was."""
    x = make.array("x", make.size())
    a = make.store(x, make.read(x, 0) * 3.0, -1)
    b = make.store(a, make.read(a, -1) * make.read(x, -1), 0)
    return make.sum(b * x) + make.sum(a * a)


@graph((V, 0), (V, 3))
def store_one_cell_always(make):
    x, n = make.array("x", make.size()), make.int("n")

    def body(i, a):
        return [make.store(a, make.read(a, 1) * make.read(a, i) + make.read(a, 1), 1)]

    (a,) = make.for_(0, n, 1, [x], body, ["a"])
    return make.read(a, 1) * make.sum(a)


@graph((V, 4), (V, 0), (EMPTY, 3))
def carried_array(make):
    x, n = make.array("x", make.size()), make.int("n")
    (v,) = make.for_(0, n, 1, [x], lambda i, v: [make.row("tanh", v * 0.5 + x)], ["v"])
    return make.sum(v * v)


@graph((V, W, 3), (V, W, 0), wrt=(0, 1))
def swapped_arrays(make):
    n = make.size()
    x, y, k = make.array("x", n), make.array("y", n), make.int("k")

    def body(i, a, b):
        b = make.store(b, make.read(a, 0) * make.read(b, 1), i)
        return [b, a]

    a, b = make.for_(0, k, 1, [x, y], body, ["a", "b"])
    return make.sum(a * a) + make.read(b, 0)


@graph((M,))
def rows_in_loop(make):
    a = make.array("a", make.size("n"), make.size("m"))

    def body(i, total):
        row = make.name(make.read(a, i), "row")
        return [total + make.sum(row * row) * make.read(row, 0)]

    (total,) = make.for_(0, a.shape[0], 1, [make.traced(0.0)], body, ["total"])
    return total


@graph((V, np.array([2, 0, 2, 1])))
def gather_with_repeats(make):
    x, k = make.array("x", make.size()), make.array("k", make.size("m"), dtype="int64")
    y = make.read(x, k)
    return make.sum(y * y) + make.read(y, 0)


@graph((V, np.array([1, 1, 0])), wrt=(0,))
def scatter_with_repeats(make):
    n = make.size()
    x, k = make.array("x", n), make.array("k", n, dtype="int64")
    a = make.store(x, x * x, k)
    b = make.row("accumulate_at", a, x, k, index=(("array",),))
    return make.sum(b * b)


@graph((np.linspace(-1, 1, 7),))
def slices(make):
    x = make.array("x", make.size())
    even = make.row("index", x, index=(("slice", None, None, 2),))
    odd = make.row("index", x, index=(("slice", 5, 0, -2),))
    a = make.row("put", x, odd * odd, index=(("slice", 1, None, 2),))
    return make.sum(a * a) + make.sum(even) * make.read(odd, 0)


@graph((2.5, V), wrt=(0, 1))
def store_broadcasts(make):
    y, x = make.float("y"), make.array("x", make.size())
    a = make.row("put", x, y, index=(("slice", 1, None, None),))
    b = make.row("accumulate_at", a, y * y, index=(WHOLE,))
    return make.sum(b * x)


# -- arrays ------------------------------------------------------------------------------------------------------------


@graph((V, W), (EMPTY, EMPTY), wrt=(0, 1))
def elementwise(make):
    n = make.size()
    x, w = make.array("x", n), make.array("w", n)
    return make.sum(make.row("log1p", make.row("exp", -(x * w))))


@graph((M, V, 0.7), (np.zeros((0, 3)), V, 0.7), wrt=(0, 1, 2))
def broadcast_row_and_scalar(make):
    m = make.size("m")
    a, r, s = make.array("a", make.size("n"), m), make.array("r", m), make.float("s")
    return make.sum((a + r) * r * s - a / (2.0 + r * r)) * s


@graph((M[:, :1], V), wrt=(0, 1))
def broadcast_column(make):
    c, r = make.array("c", make.size("n"), 1), make.array("r", make.size("m"))
    return make.sum(make.row("sin", c * r) + c) + make.sum(r * r * make.sum(c))


@graph((M[:1, :1], V, np.array(2.0)), wrt=(0, 1))
def broadcast_ones(make):
    o, r = make.array("o", 1, 1), make.array("r", make.size("m"))
    z = make.array("z")
    return make.sum(o * r + z) * make.sum(o)


@graph((V, M), wrt=(0, 1))
def broadcast_to_and_reshape(make):
    m = make.size("m")
    n = make.size("n")
    v, a = make.array("v", m), make.array("a", n, m)
    wide = make.row("broadcast_to", v, shape=(n, m))
    turned = make.row("transpose", a, axes=(1, 0))
    column = make.row("reshape", v, shape=(m, 1))
    return make.sum(wide * a) + make.sum(turned * column * column)


@graph((M,))
def reductions(make):
    a = make.array("a", make.size("n"), make.size("m"))
    rows = make.sum(a, (1,))
    mean = make.row("mean", a, axis=(0,), keepdims=True)
    top = make.row("max", a, axis=(1,), keepdims=True)
    spread = make.row("var", a, axis=(0, 1), keepdims=False)
    norm = make.row("norm", a, axis=(1,), keepdims=False)
    return make.sum(rows * rows) + make.sum(mean * a * top) + spread + make.sum(norm)


@graph((M, V), wrt=(0, 1))
def matrix_products(make):
    m = make.size("m")
    a, v = make.array("a", make.size("n"), m), make.array("v", m)
    y = make.row("tanh", make.row("matmul", a, v))
    square = make.row("matmul", a, make.row("transpose", a, axes=(1, 0)))
    return make.sum(y * y) + make.sum(square * square)


@graph((np.eye(3) * 2 + 0.3 * M.T @ M, V), wrt=(0, 1))
def linear_algebra(make):
    n = make.size()
    a, b = make.array("a", n, n), make.array("b", n)
    x = make.row("solve", a, b)
    return make.sum(x * b) + make.row("det", a) + make.row("slogdet_logabs", make.row("inv", a))


@graph((0.4, 1.2), wrt=(0, 1))
def pack_of_scalars(make):
    x, y = make.float("x"), make.float("y")
    c, s = make.row("cos", x), make.row("sin", x)
    a = make.row("pack", c, -s, s, c, shape=(2, 2))
    v = make.row("pack", y, x * y, shape=(2,))
    return make.sum(make.row("matmul", a, v) * v)


@graph((V, np.array([0.5, -0.1])), wrt=(0, 1))
def concatenation(make):
    x, y = make.array("x", make.size("n")), make.array("y", make.size("m"))
    z = make.row("concatenate", x, y, x * 2.0, axis=0)
    return make.sum(z * z * z)


@graph((V.astype("float32"), np.float32(0.7)), wrt=(0, 1), eps=2.0**-23)
def single_precision(make):
    x = make.array("x", make.size(), dtype="float32")
    s = make.array("s", dtype="float32")
    return make.sum(make.row("sin", x * s) * 0.5 + x)


@graph((V.astype("float32"), W), wrt=(0, 1), eps=2.0**-23)
def mixed_precision(make):
    n = make.size()
    x, w = make.array("x", n, dtype="float32"), make.array("w", n)
    y = make.row("convert", x * x, dtype="float64", kind="numpy")
    return make.sum(y * w + x)


# -- selects -----------------------------------------------------------------------------------------------------------


@graph((np.array([0.0, -1.0, 2.0]),), kink=True)
def select_log(make):
    x = make.array("x", make.size())
    return make.sum(make.row("where", x > 0.0, make.row("log", x), x))


@graph((np.array([0.0, -1.0, 2.0]), np.array([1.0, -1.0, 0.5])), kink=True, wrt=(0, 1))
def select_of_quotient(make):
    """The arm not taken is 1/0 times something, and is broadcast and added up on its way."""
    n = make.size()
    x, y = make.array("x", n), make.array("y", n)
    bad = make.row("sqrt", x) * (y / x)
    return make.sum(make.row("where", x > 0.0, bad * y, x * y) * y)


@graph((np.array([0.0, -1.0, 2.0]), 0.0), (np.array([0.0, -1.0, 2.0]), 3.0), kink=True, wrt=(0, 1))
def select_through_sum(make):
    x, s = make.array("x", make.size()), make.float("s")
    scaled = make.row("log", x * x * s)
    total = make.sum(make.row("where", (x * s).__gt__(0.0), scaled, s * x))
    return total * total


@graph((np.array([[0.0], [2.0]]), np.array([1.0, -1.0, 0.0])), kink=True, wrt=(0, 1))
def select_through_broadcast(make):
    c, r = make.array("c", make.size("n"), 1), make.array("r", make.size("m"))
    ratio = r / c
    return make.sum(make.row("where", c > 0.0, ratio * r, c - r))


@graph((0.0, 3), (2.0, 3), (-1.0, 0), kink=True)
def select_in_loop(make):
    x, n = make.float("x"), make.int("n")

    def body(i, v):
        # as np.where of scalars: both arms are computed
        root = make.row("log", make.row("convert", v, dtype="float64", kind="numpy"), kind="numpy")
        return [make.row("where", v > 0.5, root + v, v * x + 0.1)]

    (v,) = make.for_(0, n, 1, [x], body, ["v"])
    return v


@graph((np.array([0.0, -1.0, 2.0, 0.3]),), kink=True)
def select_of_select(make):
    x = make.array("x", make.size())
    inner = make.row("where", x > 1.0, make.row("log", x), make.row("sqrt", x))
    outer = make.row("where", x > 0.0, inner * inner, x)
    return make.sum(outer * 2.0)


@graph((np.array([0.0, -1.0, 2.0]),), kink=True)
def select_used_twice(make):
    x = make.array("x", make.size())
    log = make.row("log", x)
    a = make.row("where", x > 0.0, log, 0.0)
    b = make.row("where", x > 1.0, log * log, x)
    return make.sum(a * b + b)


@graph((V,))
def select_scalar_arms(make):
    x = make.array("x", make.size())
    s = make.sum(x)
    return make.sum(make.row("where", x > 0.0, s, x * 0.5)) + make.sum(make.row("maximum", x, 0.0) * s)


# -- stacks ------------------------------------------------------------------------------------------------------------


@graph((0.7, 0), (0.7, 4))
def stacks(make):
    """A loop that pushes and one that pops: what a printed gradient contains, differentiated itself."""
    x, n = make.float("x"), make.int("n")
    stack = make.row("new_stack", dtype="float64", shape=(), hint="tape")

    def push(i, v, tape):
        return [v * x + 0.1, make.row("push", tape, v * v)]

    v, tape = make.for_(0, n, 1, [x, stack], push, ["v", "tape"])

    def pop(i, u, tape):
        tape, w = make.row("pop", tape)
        return [u * w + x, tape]

    u, _ = make.for_(0, n, 1, [v, tape], pop, ["u", "tape"])
    return u


@graph((0.7, 0), (0.7, 4))
def stack_filled_and_emptied(make):
    """One loop that pushes and pops, as a recursion does: nothing is left, and nobody asks for the stack after it."""
    x, n = make.float("x"), make.int("n")
    stack = make.row("new_stack", dtype="float64", shape=(), hint="kept")

    def trip(i, v, kept):
        def push():
            return [v * x + 0.1, make.row("push", kept, v * v)]

        def pop():
            rest, w = make.row("pop", kept)
            return [v + w * x, rest]

        return make.if_(make.row("equal", make.row("remainder", i, 2), 0), push, pop)

    return make.for_(0, n, 1, [x, stack], trip, ["v", "kept"])[0]


CASES = [(g, case) for g in GRAPHS.values() for case in g.arguments]
