"""Tensors from data."""

import symdiff


def test_numbers_are_rounded_once_to_the_dtype_that_is_asked_for() -> None:
    assert symdiff.tensor([0.1], dtype=symdiff.float64).tolist() == [0.1]
    assert symdiff.tensor(0.1, dtype=symdiff.float64).item() == 0.1
    assert symdiff.tensor([0.1]).tolist() == [0.10000000149011612]
