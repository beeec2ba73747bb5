"""Orders of several epochs against those that samplers give one by one."""

import numpy as np
import pytest

import symdiff as sd
import symdiff.utils.data as data
from symdiff.training.orders import LANES, orders


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("epochs", [1, 3, LANES - 1, LANES, 40])
@pytest.mark.parametrize("rows", [1, 2, 3, 10, 256, 257])
def test_orders_are_those_of_loaders(rows, epochs, shuffle):
    sd.manual_seed(rows + epochs)
    loader = data.DataLoader(data.TensorDataset(sd.arange(rows)), batch_size=rows, shuffle=shuffle)
    expected = [next(iter(loader))[0].tolist() for _ in range(epochs)]
    after = sd.rand(3).tolist()
    sd.manual_seed(rows + epochs)
    found = orders(rows, epochs, shuffle=shuffle, seeded=True)
    assert found.dtype == np.int64 and found.flags.c_contiguous
    assert found.tolist() == expected
    assert sd.rand(3).tolist() == after


def test_orders_are_those_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(7)
    loader = torch.utils.data.DataLoader(torch.arange(50), batch_size=50, shuffle=True)
    expected = [next(iter(loader)).tolist() for _ in range(LANES)]
    sd.manual_seed(7)
    assert orders(50, LANES, shuffle=True, seeded=True).tolist() == expected


def test_orders_without_a_loader_draw_nothing():
    sd.manual_seed(1)
    expected = sd.rand(2).tolist()
    sd.manual_seed(1)
    assert orders(3, 2, shuffle=False, seeded=False).tolist() == [[0, 1, 2]] * 2
    assert sd.rand(2).tolist() == expected
