"""What stands in the brackets: the results are PyTorch's."""

import pytest

import symdiff


def test_sequences_are_positions():
    x = symdiff.arange(12.0).reshape(3, 4)
    assert x[range(2)].tolist() == [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]
    assert x[range(3), symdiff.tensor([0, 1, 2])].tolist() == [0.0, 5.0, 10.0]
    assert x[(0, 1), (1, 2)].tolist() == [1.0, 6.0]
    assert x[(0, 1), 1:3].tolist() == [[1.0, 2.0], [5.0, 6.0]]
    assert x[0, range(1, 3)].tolist() == [1.0, 2.0]
    assert x[range(0)].shape == (0, 4)
    x[range(2), range(2)] = 7.0
    assert x[:2, :2].tolist() == [[7.0, 1.0], [4.0, 7.0]]


def test_a_source_of_a_scatter_may_be_larger_than_its_index():
    torch = symdiff
    src = torch.arange(6.0).reshape(2, 3)
    found = torch.zeros(2, 3).scatter(1, torch.tensor([[2, 0]]), src)
    assert found.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    with pytest.raises(RuntimeError, match="Expected index"):
        torch.zeros(2, 3).scatter(1, torch.tensor([[2, 0]]), src[:, :1])


def test_dim_may_be_called_axis():
    torch = symdiff
    x = torch.arange(6.0).reshape(2, 3)
    assert x.sum(axis=1, keepdims=True).tolist() == [[3.0], [12.0]]
    assert torch.cat([x, x], axis=1).shape == (2, 6)
    assert torch.cumsum(x, axis=0).tolist() == [[0.0, 1.0, 2.0], [3.0, 5.0, 7.0]]
    with pytest.raises(TypeError):
        x.sum(dim=0, axis=1)
