"""Workspace used again: fewer arrays, the same numbers."""

import numpy as np
from lowered_graphs import array, check, graph, loop

from symdiff.config import Options
from symdiff.lower.lower import lower
from symdiff.ops.primitive import REGISTRY as R
from symdiff_codegen.kernel import Alloc
from symdiff_codegen.walk import walk


def allocations(function):
    return sum(isinstance(i, Alloc) for i in walk(lower(function, Options()).kernel.body))


def chain(x, w, layers):
    for _ in range(layers):
        x = R["tanh"](R["matmul"](x, w))
    return R["sum"](x, axis=(0, 1), keepdims=False)


def square(seed):
    return np.random.default_rng(seed).normal(size=(20, 20))


def test_a_chain_of_layers_needs_as_much_memory_as_a_few():
    short, long = (graph(lambda x, w, n=n: chain(x, w, n), array("x", 20, 20), array("w", 20, 20)) for n in (3, 12))
    assert allocations(long) == allocations(short) <= 2
    check(long, square(0), square(1))


def test_what_is_still_read_is_left_alone():
    def body(x, w):
        first = R["tanh"](R["matmul"](x, w))
        kept = R["transpose"](first, axes=(1, 0))
        y = first
        for _ in range(4):
            y = R["matmul"](R["tanh"](y), w)
        return R["matmul"](y, kept), first

    check(graph(body, array("x", 20, 20), array("w", 20, 20)), square(0), square(1))


def test_arrays_filled_with_zeros_are_zero_again():
    def body(x, w):
        total = R["matmul"](x, w)
        for k in range(4):
            zeros = R["full"](0.0 * R["sum"](total, axis=(0, 1), keepdims=False), shape=(20, 20), dtype="float64")
            rows = R["sum"](total, axis=(1,), keepdims=False)
            stored = R["put"](zeros, rows, k, index=(("int",), ("slice", None, None, None)))
            total = R["matmul"](stored, w) + R["tanh"](stored)
        return total

    check(graph(body, array("x", 20, 20), array("w", 20, 20)), square(0), square(1))


def test_arrays_that_loops_and_branches_use():
    def body(x, w):
        y = R["matmul"](x, w)

        def trip(i, total):
            return (R["tanh"](R["matmul"](total, w)) + y,)

        (z,) = loop(x, 0, 3, (R["matmul"](y, y),), trip)
        return R["matmul"](z, w) + R["matmul"](R["exp"](-z * z), y)

    check(graph(body, array("x", 20, 20), array("w", 20, 20)), 0.1 * square(0), 0.1 * square(1))
