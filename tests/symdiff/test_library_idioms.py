"""What is seldom in numerical programs and often in libraries: questions that types and surroundings answer."""

import math
import warnings

import numpy as np
import pytest

import symdiff as sd

MANY = {f"key {i}": float(i) for i in range(3000)}
NAMES = {"numpy", "array_api_compat.numpy"}
X = np.array([0.5, -1.5, 2.0])


def test_one_item_of_a_long_dict_outside(monkeypatch):
    @sd.differentiable
    def f(x):
        found = MANY.get("key 7", 0.0) + MANY.get("no such key", 0.25)
        return found * x * x if MANY.get("nothing") is None else x

    assert f(2.0) == f.__wrapped__(2.0) == 29.0
    assert f.grad(2.0) == 29.0
    monkeypatch.setitem(MANY, "key 7", 8.0)
    assert f(2.0) == 33.0
    monkeypatch.setitem(MANY, "no such key", 1.0)
    assert f(2.0) == 36.0
    monkeypatch.setitem(MANY, "nothing", 1.0)
    assert f(2.0) == 2.0


def test_what_a_set_holds(monkeypatch):
    module = {"name": "numpy"}

    @sd.differentiable
    def f(x):
        scale = 3.0 if module["name"] in NAMES else 5.0
        return scale * x if len(module) in {1, 2} and "numpy" not in {"torch", "jax"} else x

    assert f.grad(2.0) == 3.0
    NAMES.discard("numpy")
    try:
        assert f.grad(2.0) == 5.0
    finally:
        NAMES.add("numpy")
    assert f.grad(2.0) == 3.0


def test_a_set_of_what_is_computed_is_refused():
    with pytest.raises(sd.UnsupportedSyntaxError, match="a set is not supported"):
        sd.grad(lambda x: x if x in {x, 2.0 * x} else 2.0 * x)(1.5)
    with pytest.raises(sd.UnsupportedSyntaxError, match="set"):
        sd.grad(lambda x: sum([x * k for k in {1, 2}]))(1.5)


def test_unions_of_types():
    @sd.differentiable
    def f(x, shape):
        if all(isinstance(s, int | None) for s in shape) and not isinstance(x, int | float | complex):
            return np.sum(x * x)
        return np.sum(x)

    np.testing.assert_array_equal(f.grad(X, (3, None)), 2 * X)
    assert f.grad(2.0, (3,)) == 1.0


def test_arrays_in_the_order_of_c():
    @sd.differentiable
    def f(m):
        a = np.asarray(m.T, dtype=float, order="C")
        b = np.asarray(m, order="c")
        return np.sum(a[0] * b[:, 0]) + np.sum(a.ravel() * np.arange(6.0))

    m = np.arange(6.0).reshape(2, 3)
    assert f(m) == f.__wrapped__(m)
    np.testing.assert_array_equal(f.grad(m), [[0.0, 2.0, 4.0], [7.0, 3.0, 5.0]])
    with pytest.raises(sd.UnsupportedSyntaxError, match="order="):
        sd.grad(lambda m: np.sum(np.asarray(m, order="F")))(m)


def test_astype_that_need_not_copy():
    @sd.differentiable
    def f(x):
        same, other = x.astype(float, copy=False), x.astype(float, copy=True)
        single = x.astype(np.float32, copy=False)
        y = same * 2.0
        z = y.astype(np.float64, copy=False)
        z[0] = 10.0  # y as well
        return np.sum(y * other) + np.sum(single)

    assert f(X) == f.__wrapped__(X)
    np.testing.assert_array_equal(f.grad(X), [11.0, 4 * X[1] + 1, 4 * X[2] + 1])


def test_squeeze_of_a_number_is_numpys():
    @sd.differentiable
    def f(x):
        scale = np.squeeze(x).astype(float)
        return scale * scale if scale.ndim == 0 else scale

    assert f.grad(1.5) == 3.0


def test_questions_about_ints():
    @sd.differentiable
    def f(x, k):
        size = math.prod(x.shape)
        known = None if math.isnan(size) or math.isinf(k) else size
        return np.sum(x) * known if math.isfinite(k) else 0.0

    assert f(X, 2) == f.__wrapped__(X, 2) == 3.0
    assert sd.grad(lambda x: x if math.isnan(x) else 2.0 * x)(1.0) == 2.0
    assert sd.grad(lambda x: x if math.isnan(x) else 2.0 * x)(math.nan) == 1.0


def test_a_warning_with_a_stacklevel():
    @sd.differentiable
    def f(x):
        if x > 1.0:
            warnings.warn("large", RuntimeWarning, stacklevel=3)
        return x * x

    with pytest.warns(RuntimeWarning, match="large"):
        assert f.grad(2.0) == 4.0
