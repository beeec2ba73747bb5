"""Tensors from data."""

import numpy as np
import pytest

import symdiff
import symdiff as torch


def test_numbers_are_rounded_once_to_the_dtype_that_is_asked_for() -> None:
    assert symdiff.tensor([0.1], dtype=symdiff.float64).tolist() == [0.1]
    assert symdiff.tensor(0.1, dtype=symdiff.float64).item() == 0.1
    assert symdiff.tensor([0.1]).tolist() == [0.10000000149011612]


def test_arrays_in_any_order_of_memory() -> None:
    for k in range(3):
        array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
        shared = symdiff.from_numpy(array)
        array += k
        assert (shared * 2).tolist() == (array * 2).tolist()
        assert (symdiff.tensor(array) * 2).tolist() == (array * 2).tolist()


def test_the_name_of_a_type() -> None:
    x = symdiff.ones(2)
    assert x.type() == "torch.FloatTensor" and (x > 0).type() == "torch.BoolTensor"
    assert x.type(symdiff.float) is x
    assert x.type(symdiff.long).dtype is symdiff.int64
    assert x.type("torch.DoubleTensor").dtype is symdiff.float64
    with pytest.raises(ValueError, match=r"invalid type: 'torch\.X'"):
        x.type("torch.X")
    with pytest.raises(TypeError, match="dtype must be a type, str, or dtype object"):
        x.type(3)


@pytest.mark.parametrize(
    "call",
    [
        lambda device: torch.tensor([1.0], device=device),
        lambda device: torch.zeros(2, device=device),
        lambda device: torch.randn(2, device=device),
        lambda device: torch.ones(1).to(device),
        lambda device: torch.ones(1).to(device=device, dtype=torch.float64),
    ],
)
def test_there_is_one_device(call):
    for name in ("cpu", torch.device("cpu")):
        call(name)
    with pytest.raises(RuntimeError, match="device 'cuda' is not available"):
        call("cuda")
