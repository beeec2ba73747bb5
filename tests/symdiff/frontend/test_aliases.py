"""Objects that two names hold before a loop which binds one of them anew: right, or refused; never another number."""

from dataclasses import dataclass
from typing import Any

import pytest

import symdiff as sd
from symdiff.errors import UnsupportedSyntaxError


@dataclass
class Pair:
    a: Any
    b: Any


def changed_by_the_other_name(x, n):
    v = [x]
    s = Pair(v, [x])
    for _ in range(n):
        s = Pair(s.a, s.a)
        v[0] = v[0] + 1
    return s.a[0] + s.b[0] * 10 + v[0] * 100


def changed_by_the_name_bound_anew(x, n):
    v = [x, x]
    w = v
    for i in range(n):
        w[0] = w[0] + i
        w = [w[1], w[0]]
    return v[0] + w[1] * 10 + w[0] * 100


def changed_after_the_loop(x, n):
    v = {"p": x}
    w = v
    for _ in range(n):
        w = {"p": w["p"] * 2}
    v["p"] = 7.0
    return w["p"] + v["p"] * 10


def changed_where_it_ends(x, n):
    v = [x]
    w = v
    for _ in range(n):
        w = [w[0] * 2]
    w.append(3.0)
    return len(v) + w[0]


def changed_in_a_helper(x, n):
    v = [x]

    def run(w):
        for _ in range(n):
            w[0] = w[0] * 2
            w = [w[0] + 1]
        return w[0]

    return run(v) + v[0] * 10


def held_by_a_list(x, n):
    v = [x]
    held = (1.0, [v])
    for i in range(n):
        v[0] = v[0] + 1
        v = [v[0] * 2 + i]
    return held[1][0][0] + v[0] * 10


@pytest.mark.parametrize(
    "function",
    [
        changed_by_the_other_name,
        changed_by_the_name_bound_anew,
        changed_after_the_loop,
        changed_where_it_ends,
        changed_in_a_helper,
        held_by_a_list,
    ],
)
def test_an_object_of_two_names_is_not_copied_in_silence(function):
    for n in (0, 1, 2, 5):
        try:
            found = sd.differentiable(function)(1.5, n)
        except UnsupportedSyntaxError as refused:
            assert refused.where is not None
            continue
        assert found == pytest.approx(function(1.5, n), rel=1e-14)


def read_by_both(x, n):
    v = [x, 2.0]
    w = v
    for i in range(n):
        w = [w[0] * v[1], w[1] + i]
    return w[0] * v[0] + w[1]


def replaced_wholly(x, n):
    start = Pair([x, x], 1.0)
    s = start
    for i in range(n):
        s = Pair([s.a[0] + i, s.a[1] * start.b], s.b)
    return s.a[0] * start.a[1] * s.a[1]


@pytest.mark.parametrize("function", [read_by_both, replaced_wholly])
def test_an_object_of_two_names_may_be_read_by_both(function):
    for n in (0, 1, 2, 5):
        assert sd.differentiable(function)(1.5, n) == pytest.approx(function(1.5, n), rel=1e-14)
