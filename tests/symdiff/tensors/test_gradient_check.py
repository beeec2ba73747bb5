"""``autograd.gradcheck`` tells right gradients from wrong ones."""

import pytest

import symdiff as torch


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


class Doubled(torch.autograd.Function):
    """Its gradient is too small by half."""

    @staticmethod
    def forward(ctx, x):
        return x * 2.0

    @staticmethod
    def backward(ctx, g):
        return g


def data(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def test_right_gradients_pass():
    assert torch.autograd.gradcheck(lambda a, b: (a * b.exp(), a.sum()), (data(1.0, 2.0), data(0.5, -1.0)))


def test_a_wrong_gradient_is_found():
    with pytest.raises(torch.autograd.GradcheckError, match="Jacobian mismatch for output 0"):
        torch.autograd.gradcheck(Doubled.apply, data(1.0, 2.0))
    assert not torch.autograd.gradcheck(Doubled.apply, data(1.0), raise_exception=False)


def test_single_precision_warns():
    with pytest.warns(UserWarning, match="not a double precision"):
        torch.autograd.gradcheck(lambda x: x * 2.0, data(1.0, dtype=torch.float32), eps=1e-2)


def test_an_input_must_require_gradients():
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        torch.autograd.gradcheck(lambda x: x, (torch.tensor(1.0),))
