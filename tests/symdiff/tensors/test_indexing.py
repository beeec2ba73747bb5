"""What stands in the brackets: the results are PyTorch's."""

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
