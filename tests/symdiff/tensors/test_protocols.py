"""NumPy's functions of tensors, DLPack, copies, and small questions about tensors."""

import copy

import numpy as np
import pytest

import symdiff as sd
import symdiff.utils.data
from symdiff.tensors import tensor as tensor_module


def test_numpy_functions_of_tensors_are_part_of_the_graph():
    x = sd.tensor([0.5, 2.0], dtype=sd.float64, requires_grad=True)
    y = np.exp(x) + np.arctan2(x, 2.0)
    assert isinstance(y, sd.Tensor) and y.requires_grad
    y.sum().backward()
    np.testing.assert_allclose(x.grad.tolist(), np.exp([0.5, 2.0]) + 2.0 / (4.0 + np.array([0.25, 4.0])), rtol=1e-14)


def test_an_array_on_the_left():
    x = sd.tensor([1.0, 2.0], dtype=sd.float64, requires_grad=True)
    y = np.array([3.0, 4.0]) * x
    assert isinstance(y, sd.Tensor)
    y.sum().backward()
    assert x.grad.tolist() == [3, 4]
    assert isinstance(np.float64(2.0) * x, sd.Tensor)


def test_a_numpy_function_without_a_derivative_is_refused_where_gradients_flow():
    x = sd.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="Can't call numpy"):
        np.cbrt(x)
    np.testing.assert_allclose(np.cbrt(x.detach()).tolist(), np.cbrt(np.float32([1.0, 2.0])), rtol=1e-6)


def test_dlpack_both_ways():
    array = np.arange(3.0)
    x = sd.from_dlpack(array)
    x[0] = 7.0
    assert array.tolist() == [7, 1, 2]
    y = sd.tensor([1.0, 2.0])
    seen = np.from_dlpack(y)
    assert seen.tolist() == [1, 2] and seen.dtype == np.float32
    with pytest.raises(BufferError):
        np.from_dlpack(sd.ones(2, requires_grad=True))


def test_dlpack_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = sd.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert torch.from_dlpack(x).tolist() == x.tolist()
    assert sd.from_dlpack(torch.arange(3)).tolist() == [0, 1, 2]


def test_dtypes_of_two():
    assert sd.result_type(sd.tensor([1]), 2.0) is sd.float32
    assert sd.result_type(sd.tensor([1.0]), sd.tensor(1.0, dtype=sd.float64)) is sd.float32
    assert sd.promote_types(sd.int64, sd.float32) is sd.float32
    assert not sd.can_cast(sd.float32, sd.int64)
    assert sd.finfo(sd.float32).eps == 2.0**-23
    assert sd.iinfo(sd.int32).max == 2**31 - 1


def test_questions():
    x = sd.ones(2, 3)
    assert str(x.device) == "cpu" and not x.is_cuda
    assert x.nbytes == 24 and x.itemsize == 4
    assert sd.is_floating_point(x) and not sd.tensor([1]).is_floating_point()
    assert x.new_zeros(4).dtype is sd.float32


def test_user_attributes_are_copied():
    x = sd.ones(2)
    x.note = ["a"]
    twin = copy.deepcopy(x)
    assert twin.note == ["a"] and twin.note is not x.note


def test_einsum_refuses_what_does_not_fit():
    x = sd.ones(2, 3)
    with pytest.raises(RuntimeError, match="does not broadcast"):
        sd.einsum("ij,kj,ki->k", x, x, sd.ones(2, 4))
    with pytest.raises(RuntimeError, match="sizes don't match"):
        sd.einsum("ii", x)
    with pytest.raises(RuntimeError, match="does not appear"):
        sd.einsum("ij->k", x)


def test_parts_of_shared_memory_are_looked_at_alone(monkeypatch):
    array = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    x = symdiff.from_numpy(array)
    row, corner, turned = x[1], x[:2].T[1:, 0], x.view(2, 6).T
    monkeypatch.setattr(tensor_module, "refresh", lambda storage: pytest.fail("all of the memory was looked at"))
    array[1] = 7.0
    array[0, 2] = -1.0
    assert row.tolist() == [7.0] * 4 and corner.tolist() == [1.0, -1.0, 3.0]
    assert turned.tolist() == array.reshape(2, 6).T.tolist()
    assert x[0].view(2, 2).tolist() == [[0.0, 1.0], [-1.0, 3.0]]
    assert (row * 2.0).sum().item() == 56.0
    assert next(iter(symdiff.utils.data.DataLoader(symdiff.utils.data.TensorDataset(x), 2)))[0].tolist() == [
        [0.0, 1.0, -1.0, 3.0], [7.0] * 4,
    ]  # fmt: skip
    monkeypatch.undo()
    row[0] = 5.0
    turned += 1.0
    assert array[1].tolist() == [6.0, 8.0, 8.0, 8.0] and x[0, 2].item() == 0.0
    seen = x[2]
    array[0] = 100.0
    seen.zero_()
    assert array.tolist() == [[100.0] * 4, [6.0, 8.0, 8.0, 8.0], [0.0] * 4] and x.tolist() == array.tolist()
