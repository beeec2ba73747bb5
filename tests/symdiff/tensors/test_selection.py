"""The largest elements, also among equal ones. The literals were printed by PyTorch 2.13 (its ``topk``, for Linux)."""

import numpy as np
import pytest

from symdiff.tensors.selection import largest_indices
from tests.pytorch_draws import pytorch


def test_without_equal_elements_it_is_a_sort():
    values = np.random.default_rng(0).permutation(300).reshape(3, 100).astype(np.float32)
    expected = np.argsort(-values, axis=1)
    for k in (1, 2, 50, 99, 100):
        np.testing.assert_array_equal(largest_indices(values, k), expected[:, :k])
        np.testing.assert_array_equal(largest_indices(values[1], k), expected[1, :k])


# Periodic values: which of the equal ones come, and in which order.
@pytest.mark.parametrize(
    ("values", "k", "expected"),
    [
        (np.arange(100) % 7, 5, [62, 83, 13, 48, 41]),
        (np.arange(100) % 7, 1, [6]),
        (np.arange(40) % 3, 20, [20, 5, 32, 2, 38, 35, 8, 11, 26, 14, 23, 17, 29, 37, 31, 22, 1, 28, 25, 34]),
        (np.arange(400) * 7919 % 13, 6, [6, 19, 32, 71, 58, 45]),
    ],
)
def test_equal_elements(values, k, expected):
    assert largest_indices(values.astype(np.float32), k).tolist() == expected


def adversary(n):
    """Values on which the median of three splits badly, so that the sorts fall back to heaps."""
    half = n // 2
    values = np.empty(n)
    values[0::2], values[1::2] = np.arange(half) * 2, np.arange(half, n)
    return -values


def test_with_pytorch():
    torch = pytorch()
    rng = np.random.default_rng(0)
    cases = [rng.integers(0, rng.integers(1, 40), rng.integers(1, 300)) for _ in range(300)]
    cases += [np.floor(adversary(n) / step) for n in (64, 500, 2000) for step in (1, 2, 5)]
    for values in cases:
        row = values.astype(np.float32)
        for k in {1, max(1, len(row) // 64), max(1, len(row) // 2), len(row)}:
            theirs = torch.topk(torch.from_numpy(row), k).indices.tolist()
            assert largest_indices(row, k).tolist() == theirs
