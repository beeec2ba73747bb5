"""What may be None: Python's own errors at their lines, results that are None, and derivatives of these."""

import traceback

import numpy as np
import pytest

import symdiff as sd

A = np.array([0.7, 0.9, 0.05])
OPERATIONS = {
    "difference": "return x - y",
    "product": "return y * x",
    "power of two": "return y ** z",
    "in place": "y += x\nreturn y",
    "in place of a number": "x += y\nreturn x",
    "sign": "return -y",
    "comparison": "return x if y < 2 else 3 * x",
    "comparison reversed": "return x if 2.0 >= y else 3 * x",
    "absolute value": "return abs(y)",
    "to a float": "return float(y)",
    "of math": "return math.sqrt(y)",
    "of NumPy": "return np.sin(y)",
    "extremes": "return max(x, y)",
    "length": "return x * len(w)",
    "method": "return w.sum()",
    "item": "return w[0]",
    "store": "w[0] = x\nreturn w[0]",
    "loop": "for v in w:\n    x += v\nreturn x",
    "unpacking": "u, v, t = w\nreturn u * v",
    "call": "f = math.sin if a[0] > 5 else None\nreturn f(x)",
    "trips": "for i in range(k):\n    x += i\nreturn x",
    "in a branch": "prev = None\nfor v in a:\n    if v < x:\n        x += v - prev\n    prev = v\nreturn x",
}
HEADER = """import math

import numpy as np


def f(a, x):
    y = x if a[0] > 5 else None
    z = x if a[1] > 5 else None
    w = a * x if a[0] > 5 else None
    k = 2 if a[0] > 5 else None
"""


def raised(function, *args):
    """Class, words and line of what a call raises."""
    with pytest.raises((TypeError, AttributeError)) as caught:
        function(*args)
    frames = [f for f in traceback.extract_tb(caught.value.__traceback__) if f.filename.endswith("model.py")]
    return caught.type, str(caught.value), frames[-1].lineno


@pytest.mark.parametrize("name", OPERATIONS)
def test_none_raises_what_python_raises(name, load):
    body = "".join(f"    {line}\n" for line in OPERATIONS[name].split("\n"))
    f = load(HEADER + body, "model").f
    expected = raised(f, A.copy(), 1.5)
    assert raised(sd.differentiable(f, wrt="x"), A.copy(), 1.5) == expected


def early(x, n):
    if n == 0:
        return None
    return x * x * n


def both(x, n):
    return x * x, (3 * x if n else None)


def test_a_result_may_be_none():
    assert sd.differentiable(early)(1.5, 2) == 4.5
    assert sd.differentiable(early)(1.5, 0) is None
    assert sd.differentiable(both)(1.5, 0) == (2.25, None)
    assert sd.grad(both, has_aux=True)(1.5, 0) == (3.0, None)
    assert sd.grad(both, has_aux=True)(1.5, 1) == (3.0, 4.5)


ASKED = {
    "grad": lambda n: sd.grad(early)(1.5, n),
    "second": lambda n: sd.grad(sd.grad(early))(1.5, n) * 1.5,
    "value_and_grad": lambda n: sd.value_and_grad(early)(1.5, n)[1],
    "jvp": lambda n: sd.jvp(early, (1.5, n), (1.0, None))[1],
    "vjp": lambda n: sd.vjp(early, 1.5, n)[1](1.0)[0],
    "jacobian": lambda n: sd.jacobian(early)(1.5, n),
    "inside": lambda n: sd.differentiable(lambda x: sd.grad(lambda y: early(y, n))(x))(1.5),
}


@pytest.mark.parametrize("name", ASKED)
def test_there_is_no_derivative_of_none(name):
    assert ASKED[name](2) == pytest.approx(6.0, rel=1e-14)
    with pytest.raises(sd.errors.NotScalarError, match="returns None"):
        ASKED[name](0)


def test_no_rows_of_none():
    with pytest.raises(sd.errors.UnsupportedSyntaxError, match="None for some rows"):
        sd.vmap(early, (0, None))(A, 2)


def averaged(a, x, weighted):
    weights = a * x if weighted else None
    return np.average(a * x, weights=weights)


@pytest.mark.parametrize("weighted", [True, False])
def test_numpy_takes_none_where_it_does(weighted):
    value, slope = sd.value_and_grad(averaged, 1)(A, 1.5, weighted)
    assert value == pytest.approx(averaged(A, 1.5, weighted), rel=1e-14)
    h = 1e-6
    difference = (averaged(A, 1.5 + h, weighted) - averaged(A, 1.5 - h, weighted)) / (2 * h)
    assert slope == pytest.approx(difference, rel=1e-8)


def shown(a):
    best = None
    for v in a:
        if v > 0.8:
            best = float(v)
    print(best, f"<{best}>")
    return a[0]


@pytest.mark.parametrize("count", [1, 3])
def test_none_is_shown(count, capsys):
    shown(A[:count])
    expected = capsys.readouterr().out
    sd.differentiable(shown)(A[:count])
    assert capsys.readouterr().out == expected


def dropped(x, a):
    root = None
    for v in a:
        root = np.sqrt(x - v) if v < 0.8 else None
    return x if root is None else root


def test_what_was_dropped_has_no_slope():
    # the slope of the root is infinite at x = 0.7, where the root is not used
    assert sd.grad(dropped)(0.7, A[:2]) == 1.0


class Box:
    def __init__(self, v):
        self.v = v


def one_of_two(x, c):
    if c > 0:
        u = Box(x)
        v = u
    else:
        u = Box(x)
        v = Box(2 * x)
    u.v = 3 * x
    return v.v


def one_after_a_trip(x, n):
    u, v, t = Box(x), Box(x), 0.0
    for _ in range(n):
        u.v += x
        t += v.v
        u = Box(x)
        v = u
    return t


def test_two_names_for_one_object_after_one_branch_are_not_stored_into():
    with pytest.raises(sd.errors.UnsupportedSyntaxError, match="another name holds too"):
        sd.differentiable(one_of_two)(1.5, 3)


def test_two_names_for_one_object_after_a_trip():
    assert sd.differentiable(one_after_a_trip)(1.5, 4) == one_after_a_trip(1.5, 4)


def test_the_text_tells_what_is_none():
    def best(a, x):
        found = None
        for v in a:
            if found is None or v * x < found:
                found = v * x
        return found

    text = sd.differentiable(best, wrt="x").gradient_source(A, 1.5)
    assert "found_is_none = True" in text
    assert "raise NotScalarError(" in text
