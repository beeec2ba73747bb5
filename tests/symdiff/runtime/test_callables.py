"""Callables of every kind, what they capture, and what pullbacks keep."""

import functools

import numpy as np
import pytest

import symdiff as sd

# -- callables ---------------------------------------------------------------------------------------------------------


class Model:
    factor = 2.0

    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        return self.k * x * x

    def method(self, x):
        return self(x) * self.factor

    @classmethod
    def of_class(cls, x):
        return cls.factor * x * x

    @staticmethod
    def static(x):
        return x * x * x

    @property
    def doubled(self):
        return 2.0 * self.k

    def through_property(self, x):
        return self.doubled * x


def test_callables_of_all_kinds():
    model = Model(3.0)
    assert sd.grad(model)(2.0) == 12.0
    assert sd.grad(model.method)(2.0) == 24.0
    assert sd.grad(Model.of_class)(2.0) == 8.0
    assert sd.grad(Model.static)(2.0) == 12.0
    assert sd.grad(model.through_property)(2.0) == 6.0
    assert sd.grad(functools.partial(model.method))(2.0) == 24.0
    assert sd.grad(functools.partial(lambda a, b, c: a * b * b + c, 3.0, c=1.0))(2.0) == 12.0
    model.k = 5.0
    assert sd.grad(model)(2.0) == 20.0
    assert sd.grad(np.exp)(0.0) == 1.0
    assert sd.grad(np.multiply, wrt=(0, 1))(2.0, 3.0) == (3.0, 2.0)


def helper(x):
    return 2.0 * x


def test_redefined_helpers_are_seen(monkeypatch):
    f = sd.differentiable(lambda x: helper(x) * x)
    assert f.grad(3.0) == 12.0
    monkeypatch.setitem(globals(), "helper", lambda x: 5.0 * x)
    assert f.grad(3.0) == 30.0 and f(3.0) == 45.0
    monkeypatch.undo()
    assert f.grad(3.0) == 12.0 and f(3.0) == 18.0


def test_closures_bind_late():
    def make():
        functions = []
        for k in range(3):
            functions.append(sd.differentiable(lambda x: x * k))  # noqa: B023
        return functions

    assert [f.grad(1.0) for f in make()] == [2.0, 2.0, 2.0]
    scale = 2.0
    f = sd.differentiable(lambda x: x * scale)
    assert f.grad(1.0) == 2.0
    scale = 3.0
    assert f.grad(1.0) == 3.0
    scale = np.array([1.0, 2.0])
    assert sd.grad(lambda x: np.sum(x * scale))(1.0) == 3.0


TABLE = np.arange(12.0).reshape(3, 4)
NUMBERS = [1.0, 2.0, 3.0]


def test_captured_arrays_and_lists(monkeypatch):
    f = sd.differentiable(lambda x: np.sum(TABLE * x))
    g = sd.differentiable(lambda x: x * NUMBERS[1] + len(NUMBERS))
    for table in (TABLE, TABLE[::2], TABLE.T, TABLE[:, ::-1], np.asfortranarray(TABLE), TABLE.astype(">f8"), TABLE[:1]):
        monkeypatch.setitem(globals(), "TABLE", table)
        for _ in range(2):
            assert f.grad(2.0) == float(np.sum(table))
            assert f(2.0) == 2.0 * float(np.sum(table))
    assert g(2.0) == 7.0 and g.grad(2.0) == 2.0
    monkeypatch.setitem(globals(), "NUMBERS", [1.0, 5.0])
    assert g(2.0) == 12.0 and g.grad(2.0) == 5.0
    NUMBERS[1] = 6.0
    assert g(2.0) == 14.0 and g.grad(2.0) == 6.0


def test_vjp_keeps_its_arguments():
    x = np.array([1.0, 2.0])
    _, pullback = sd.vjp(lambda x: x * x, x)
    x[:] = 100.0
    np.testing.assert_array_equal(pullback(np.ones(2))[0], [2.0, 4.0])


def test_vjp_of_what_is_returned_twice_and_of_mixed_arguments():
    value, pullback = sd.vjp(lambda x, k, name: (x * k, x * k, {"n": k, "s": name}), 2.0, 3, "a")
    assert value == (6.0, 6.0, {"n": 3, "s": "a"})
    assert pullback((1.0, 10.0, {"n": None, "s": None})) == (33.0, None, None)


def test_derivatives_made_outside_belong_to_their_functions():
    """Two functions from one factory have one code, but call derivatives of different functions."""

    def make(power):
        gradient = sd.grad(lambda x: x**power)
        return sd.differentiable(lambda x: gradient(x) * x)

    square, cube = make(2), make(3)
    assert square.grad(3.0) == pytest.approx(12.0)
    assert cube.grad(3.0) == pytest.approx(81.0)
    assert square.grad(3.0) == pytest.approx(12.0)
