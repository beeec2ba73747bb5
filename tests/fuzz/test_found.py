"""Faults that random programs found, each as the smallest program that had it, through the whole oracle."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fuzz.generator import PROLOGUE, generate
from tests.fuzz.inputs import Inputs
from tests.fuzz.oracle import Options, examine

# name: (source, arguments, differentiated by)
FOUND = {
    "two_results_of_a_branch_are_not_one_condition": (
        """def f(w, u):
    if u > 0.0:
        p = 1.0
    elif math.tanh(u):
        if 1.0 < u < np.max(w):
            u = 1.5
    return u
""",
        [(np.array([0.5]), -0.8), (np.array([3.0]), 1.25), (np.array([0.5]), 0.0)],
        ("u",),
    ),
    "zeros_like_what_only_one_arm_assigns": (
        """def helper(tmp, q):
    kk = 1.5
    if 0.25 < abs(1.5) < math.exp(0):
        q[1:] *= tmp
        kk = np.linalg.norm(np.tanh(q))
    return kk


def f(w, tmp):
    w[:] *= w
    w[1] -= helper(w[1:], w)
    if tmp:
        def inner(y):
            return helper(0, w)
        tmp = inner(1.5)
    return tmp
""",
        [(np.array([-0.1, -0.7, 0.4]), 1.3), (np.array([0.1, 0.7]), 0.0)],
        ("w", "tmp"),
    ),
    "a_row_at_a_run_time_index_of_an_array_that_is_scalars": (
        """def f(tmp, k):
    tmp[1] *= 1.5
    q = tmp.T[k]
    return np.sum(q)
""",
        [(np.array([[1.0, 2.0, 3.0]]), 0), (np.array([[1.0, 2.0], [4.0, 5.0]]), 1)],
        ("tmp",),
    ),
    "a_product_of_vectors_that_rounds_otherwise_decides": (
        """def f(z, x):
    if sum(a_ * b_ for a_, b_ in zip(z, z)) < z @ z:
        z[z > 1.0] *= 0.5
    return np.sum(z) * math.sin(x)
""",
        [(np.array([1.5, 1.5, 1.5, float.fromhex("-0x1.9e5c962e09fc0p-5")]), 0.3)],
        ("x",),
    ),
    "a_product_minus_itself": (
        """def f(x, y):
    z = math.atan(1.5) * x
    z -= z
    return x * y if z else y
""",
        [(-1.4225500779496345, 0.5)],
        ("x", "y"),
    ),
    "zeros_of_one_element_minus_a_number": (
        """def f(z0):
    u = np.zeros(1)
    u -= 2.0
    z0 *= np.where(u, z0, z0)
    return z0[0]
""",
        [(np.array([0.5]),), (np.array([0.5, 1.5]),)],
        ("z0",),
    ),
    "an_index_outside_an_array_of_one_element_is_an_error_when_it_runs": (
        """def f(q, x):
    q = q * 1.0
    if x > 100.0:
        q[1] = x
    return 1.5 * x + q[0]
""",
        [(np.ones(1), 2.0), (np.ones(1), 200.0), (np.ones(2), 200.0)],
        ("x",),
    ),
    "a_view_read_after_a_loop_that_stores_into_what_it_views": (
        """def f(best, prev):
    best += best
    z0 = best[0] * np.sum(best, axis=1, keepdims=True)
    for p in range(0, prev.size, 2):
        best[p % 1] = prev
    return np.sum(z0)
""",
        [(np.array([[-0.1, 0.9, -1.4]]), np.array([-1.2, 0.3, 1.1]))],
        ("best", "prev"),
    ),
    "the_test_of_a_loop_leaves_what_the_loop_carries_alone": (
        """def f(t, p):
    p = t
    w = 0
    while w and 2.0 * p:
        w += 1
        if t:
            t += p
        else:
            return t
    return t
""",
        [(0.03, -1.5)],
        ("t",),
    ),
    "what_an_arm_leaves_unassigned_is_not_passed_on": (
        """def f(x):
    z = 0.5
    if x:
        y = x
        if 2 < x < x:
            y = y ** 2 / x
            y = y - y
        z = y * 1
    return z
""",
        [(-0.9,), (2.5,), (0.0,)],
        ("x",),
    ),
    "a_size_that_stands_for_an_equal_one_may_be_computed_later": (
        """def f(x, h):
    y = np.roll(x, h)
    s = 0.0
    if h < 5:
        s = np.sum(np.where(y > 0.1, 0.3, y)) * y[0]
    return s
""",
        [(np.array([0.5, -0.2, 0.7]), 1), (np.array([0.5, -0.2, 0.7, 0.05, 0.3]), 2)],
        ("x",),
    ),
    "a_store_into_a_small_array_reads_another_at_a_running_index": (
        """def f(q, x, n):
    q = q * x
    for s in range(n):
        q[0] = q.T[s]
    return q[0, 0] * x
""",
        [(np.ones((1, 4)), 2.0, 0), (np.ones((1, 4)), 2.0, 3)],
        ("q", "x"),
    ),
    "what_replaces_an_operation_that_cannot_fail_cannot_fail": (
        """def f(x, v, n):
    for i in range(n):
        x = math.sin(-x) if x < v else v
    return x * v
""",
        [(-0.25, 0.04, 0), (-0.25, 0.5, 3), (0.7, 0.5, 2)],
        ("x", "v"),
    ),
    # a carried "_" of the user's was printed under that name, and so was a "_" of the body
    "an underscore carried by a loop that breaks": (
        """
def f(s, x):
    _ = 1.0
    w = 0
    while True:
        _ = np.sum(s)
        if w >= 1 or (x > -0.3):
            break
        w += 1
        _ = _ * 0.5 + x
    return _ * 1.3
""",
        [(np.array([0.1, 0.2, 0.4]), 1.2), (np.array([0.1, 0.2, 0.4]), -1.2)],
        ("s", "x"),
    ),
}


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.mark.parametrize("simplify", [False, "auto"])
@pytest.mark.parametrize("name", FOUND)
def test_found(name, simplify, tmp_path):
    source, calls, wrt = FOUND[name]
    program = generate(0, frozenset())
    program = replace(
        program,
        seed=1,
        source=PROLOGUE + source,
        wrt=wrt,
        inputs=tuple(Inputs(values) for values in calls),
        exact=False,
    )
    outcome = examine(program, tmp_path, Options(simplify, printed=True))
    assert source.count("\n") <= 16
    assert (outcome.word, outcome.calls) == ("right", len(calls)), outcome.text
