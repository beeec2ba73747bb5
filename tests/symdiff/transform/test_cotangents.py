"""Cotangents across the borders of blocks: of the dtype of their values, also where nothing arrived."""

import numpy as np
import pytest

import symdiff as sd


def power_by_branches(x, n):
    r = x * 0
    while n > -3:
        if n > 2:
            n -= 1
        else:
            if n > 0:
                r = x
                n -= 1
            else:
                r = x * r
                n -= 1
    return r


def power_by_trips(x, n):
    r = x
    for i in range(n):
        if i > 0:
            r = x * r
    return r


def twice_if_large(x, n):
    r = x * 0
    if n > 2:
        r = x
        n = 0
    else:
        r = x * r
    return r + r + n * 0


@pytest.mark.parametrize("simplify", ["auto", False])
@pytest.mark.parametrize(
    ("function", "n", "slope"),
    [
        (power_by_branches, 5, 4 * 1.5**3),
        (power_by_branches, -3, 0.0),
        (power_by_trips, 3, 3 * 1.5**2),
        (twice_if_large, 3, 2.0),
        (twice_if_large, 1, 0.0),
    ],
)
def test_float32_scalars_through_loops_and_branches(function, n, slope, simplify, monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    compiled = sd.differentiable(function, simplify=simplify)
    x = np.float32(1.5)
    found = compiled.grad(x, n)
    assert found == slope and type(found) is np.float32
    names = {"np": np}
    exec(compiled.gradient_source(x, n), names)
    printed = names[f"{function.__name__}_grad"](x, n)
    assert printed == slope and type(printed) is np.float32
