"""Pullbacks of values whose shapes the function computes, of every size."""

import numpy as np
import pytest

import symdiff as sd


def chosen(x):
    return x[x > 1] * x[0]


def outer_of_chosen(x):
    y = x[x > 1]
    return np.outer(y, y * y)


def listed(x, n):
    out = []
    for i in range(n):
        out.append(x[0] * x[i] * i)
    return np.array(out) * 2.0


def two(x):
    y = x[x > 1]
    return {"some": y * y, "all": x * x[0]}


CASES = [
    *[(f, (np.array(x),)) for f in (chosen, outer_of_chosen, two)
      for x in ([0.5, 2.0, 3.0, 4.0], [0.5, -1.0, 2.0, 0.25], [0.5, 0.25, 0.75, -2.0])],
    *[(listed, (np.array([0.5, 2.0, 3.0]), n)) for n in (1, 2, 3)],
]


@pytest.mark.parametrize(("function", "args"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_pullbacks_agree_with_differences(function, args):
    value, pullback = sd.vjp(function, *args)
    expected = function(*args)
    leaves = value.values() if isinstance(value, dict) else [value]
    wanted = expected.values() if isinstance(value, dict) else [expected]
    for a, b in zip(leaves, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)
    weights = [np.cos(np.arange(np.size(leaf)) + 1.0).reshape(np.shape(leaf)) for leaf in wanted]
    found = pullback(dict(zip(value, weights, strict=True)) if isinstance(value, dict) else weights[0])

    def paired(x):
        result = function(x, *args[1:])
        parts = result.values() if isinstance(result, dict) else [result]
        return sum(np.sum(w * p) for w, p in zip(weights, parts, strict=True))

    x, h = args[0], 1e-6
    slopes = [(paired(x + h * e) - paired(x - h * e)) / (2 * h) for e in np.eye(len(x))]
    np.testing.assert_allclose(found[0], slopes, rtol=1e-7, atol=1e-8)


def in_a_list(x, n):
    out = []
    for i in range(n):
        out.append(x * x * i + x)
    return out


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_pullback_of_a_list_of_run_time_length(n):
    value, pullback = sd.vjp(in_a_list, 1.5, n)
    assert value == in_a_list(1.5, n)
    weights = [0.5 + i for i in range(n)]
    assert pullback(weights)[0] == pytest.approx(sum(w * (2 * 1.5 * i + 1) for i, w in enumerate(weights)), rel=1e-14)
