"""Arguments by name, as PyTorch takes them: its own names, NumPy's, and tensors that results are stored into."""

import pytest


@pytest.fixture(params=["symdiff", "torch"])
def t(request):
    return pytest.importorskip(request.param, reason="PyTorch is not installed")


CALLS = {
    "flip": lambda t, x: t.flip(x, dims=[0]),
    "permute": lambda t, x: x.permute(dims=(1, 0)),
    "reshape": lambda t, x: t.reshape(x, shape=(3, 2)),
    "view": lambda t, x: x.view(size=(3, 2)),
    "expand": lambda t, x: x.expand(size=(2, 2, 3)),
    "repeat": lambda t, x: x.repeat(repeats=(1, 2)),
    "tile": lambda t, x: t.tile(x, dims=(2,)),
    "zeros": lambda t, x: t.zeros(size=(2, 3)) + x,
    "full": lambda t, x: t.full(size=(2,), fill_value=3.0),
    "mm": lambda t, x: t.mm(input=x, mat2=x.T),
    "dot": lambda t, x: t.dot(x[0], tensor=x[1]),
    "swapaxes": lambda t, x: t.swapaxes(x, axis0=0, axis1=1),
    "diag": lambda t, x: t.diag(x[0], diagonal=-1),
    "diag of a matrix": lambda t, x: t.diag(x, 1),
    "sum": lambda t, x: x.sum(axis=0),
    "mean": lambda t, x: x.mean(axis=1, keepdims=True),
    "max": lambda t, x: x.max(axis=1).values,
    "cat": lambda t, x: t.cat([x, x], axis=1),
    "stack": lambda t, x: t.stack(tensors=[x, x], axis=1),
    "cumprod": lambda t, x: t.cumprod(x, axis=0),
    "softmax": lambda t, x: t.softmax(x, axis=1),
    "all": lambda t, x: t.all(x > 0, axis=1),
    "matmul": lambda t, x: t.matmul(x, x.T, out=t.zeros(2, 2)),
    "add": lambda t, x: t.add(x, 1, out=x),
    "type": lambda t, x: x.type(t.LongTensor),
    "scatter": lambda t, x: x.scatter(1, t.tensor([[0], [1]]), x + 10),
}
PYTORCH = {
    "flip": [[3, 4, 5], [0, 1, 2]],
    "permute": [[0, 3], [1, 4], [2, 5]],
    "reshape": [[0, 1], [2, 3], [4, 5]],
    "view": [[0, 1], [2, 3], [4, 5]],
    "expand": [[[0, 1, 2], [3, 4, 5]], [[0, 1, 2], [3, 4, 5]]],
    "repeat": [[0, 1, 2, 0, 1, 2], [3, 4, 5, 3, 4, 5]],
    "tile": [[0, 1, 2, 0, 1, 2], [3, 4, 5, 3, 4, 5]],
    "zeros": [[0, 1, 2], [3, 4, 5]],
    "full": [3, 3],
    "mm": [[5, 14], [14, 50]],
    "dot": 14,
    "swapaxes": [[0, 3], [1, 4], [2, 5]],
    "diag": [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0]],
    "diag of a matrix": [1, 5],
    "sum": [3, 5, 7],
    "mean": [[1], [4]],
    "max": [2, 5],
    "cat": [[0, 1, 2, 0, 1, 2], [3, 4, 5, 3, 4, 5]],
    "stack": [[[0, 1, 2], [0, 1, 2]], [[3, 4, 5], [3, 4, 5]]],
    "cumprod": [[0, 1, 2], [0, 4, 10]],
    "softmax": None,
    "all": [False, True],
    "matmul": [[5, 14], [14, 50]],
    "add": [[1, 2, 3], [4, 5, 6]],
    "type": [[0, 1, 2], [3, 4, 5]],
    "scatter": [[10, 1, 2], [3, 13, 5]],
}


@pytest.mark.parametrize("name", CALLS)
def test_names(t, name):
    found = CALLS[name](t, t.arange(6.0).reshape(2, 3))
    if name == "softmax":
        assert found.sum(1).tolist() == pytest.approx([1, 1])
    else:
        assert found.tolist() == PYTORCH[name]


def test_a_result_is_stored(t):
    x, out = t.ones(2), t.zeros(2)
    assert t.mul(x, 3, out=out) is out and out.tolist() == [3, 3]
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        t.exp(t.ones(2, requires_grad=True), out=out)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        t.exp(x, out=t.tensor([1, 2]))


def test_a_name_that_is_none_of_them(t):
    with pytest.raises(TypeError):
        t.ones(2).sum(axes=0)


def test_arguments_of_gradients(t):
    x = t.ones(1, requires_grad=True)
    (g,) = t.autograd.grad(outputs=x * 3, inputs=x, grad_outputs=t.ones(1), only_inputs=True, retain_graph=True)
    assert g.item() == 3
