"""Derivatives of functions of tensors, against derivatives by hand."""

import numpy as np
import pytest

import symdiff as torch
from symdiff.autograd import Variable, functional
from symdiff.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


X = torch.tensor([1.0, 2.0, -1.0])
V = torch.tensor([1.0, 0.5, -2.0])


def cubes(x):
    return (x**3).sum() + x[0] * x[1]


HESSIAN = np.array([[6.0, 1.0, 0.0], [1.0, 12.0, 0.0], [0.0, 0.0, -6.0]])


def close(found, expected):
    np.testing.assert_allclose(np.array(found.tolist()), np.array(expected), rtol=1e-6, atol=1e-6)


def test_jacobian():
    assert jacobian(lambda t: t.cumsum(0) ** 2, X).tolist() == [[2.0, 0.0, 0.0], [6.0, 6.0, 0.0], [4.0, 4.0, 4.0]]
    a, b = torch.ones(2, 3), torch.ones(3, 4)
    both = jacobian(lambda a, b: a @ b, (a, b))
    assert [tuple(j.shape) for j in both] == [(2, 4, 2, 3), (2, 4, 3, 4)]
    assert both[0][1, 2].tolist() == [[0.0] * 3, [1.0] * 3]
    pairs = jacobian(lambda t: (t * 2, t[0] * 3), X)
    close(pairs[0], 2 * np.eye(3))
    close(pairs[1], [3.0, 0.0, 0.0])
    assert not pairs[0].requires_grad
    assert jacobian(lambda t: torch.ones(2), X).tolist() == [[0.0] * 3] * 2
    with pytest.raises(RuntimeError, match="independent of the input"):
        jacobian(lambda t: torch.ones(2), X, strict=True)
    close(jacobian(lambda t: t * 2, X, vectorize=True), 2 * np.eye(3))


def test_a_jacobian_that_is_differentiated_in_turn():
    x = torch.tensor([2.0], requires_grad=True)
    jacobian(lambda t: t**3, x, create_graph=True).sum().backward()
    assert x.grad.item() == 12.0


def test_products():
    close(hessian(cubes, X), HESSIAN)
    for product in (hvp, vhp):
        value, found = product(cubes, X, V)
        assert value.item() == 10.0
        close(found, HESSIAN @ V.numpy())
    value, found = vjp(lambda t: t**2, X, V)
    assert value.tolist() == [1.0, 4.0, 1.0]
    close(found, [2.0, 2.0, 4.0])
    close(jvp(lambda t: t.cumsum(0), X, V)[1], [1.0, 1.5, -0.5])
    assert vjp(cubes, X)[1].tolist() == [5.0, 13.0, 3.0]
    with pytest.raises(RuntimeError, match="vector v"):
        vjp(lambda t: t**2, X)
    with pytest.raises(RuntimeError, match="single element"):
        hvp(lambda t: t**2, X, V)
    assert torch.autograd.functional is functional


def test_variables_are_tensors():
    y = torch.ones(2, requires_grad=True) * 2
    assert isinstance(y, Variable)
    assert not Variable(y).requires_grad
    leaf = Variable(y, requires_grad=True)
    assert leaf.is_leaf and leaf.requires_grad
    leaf.sum().backward()
    assert leaf.grad.tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="has to be a tensor"):
        Variable(1.0)


def test_the_old_argument_of_grad():
    x = torch.tensor([3.0], requires_grad=True)
    found = torch.autograd.grad(outputs=x * x, inputs=x, only_inputs=True)
    assert found[0].tolist() == [6.0]
    with pytest.warns(FutureWarning, match="only_inputs"):
        torch.autograd.grad(x * x, x, only_inputs=False)
