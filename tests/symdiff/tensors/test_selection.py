"""The largest elements, also among equal ones. The literals were printed by PyTorch 2.13 (its ``topk``, for Linux)."""

import numpy as np
import pytest

from symdiff.tensors import selection
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


def slowest_values(n, k, monkeypatch):
    """Values, found by answering the comparisons, on which every pivot is bad, so that heaps must take over."""
    values, candidate = {}, [-1]

    def before(x, y):
        x, y = x[1], y[1]
        if x not in values and y not in values:
            values[x if x == candidate[0] else y] = -len(values)
        if x not in values or y not in values:
            candidate[0] = y if x in values else x
        return values.get(x, -n) > values.get(y, -n)

    with monkeypatch.context() as patched:
        patched.setattr(selection, "_before", before)
        selection._step_by_step(np.zeros(n), k)
    return np.array([values.get(index, -n) for index in range(n)], np.float32)


@pytest.mark.parametrize(
    ("n", "k", "step", "fallback"),
    [(300, 150, 1, "_heap_select"), (1000, 1000, 2, "_heap_select"), (1000, 500, 3, "_partial_sort")],
)
def test_bad_pivots(n, k, step, fallback, monkeypatch):
    row = np.floor(slowest_values(n, k, monkeypatch) / step)
    calls = []
    original = getattr(selection, fallback)
    monkeypatch.setattr(selection, fallback, lambda *arguments: calls.append(1) or original(*arguments))
    chosen = selection._step_by_step(row, k)
    assert calls
    np.testing.assert_array_equal(row[chosen], -np.sort(-row)[:k])
    assert len(set(chosen)) == k
    torch = pytorch()
    assert chosen == torch.topk(torch.from_numpy(row), k).indices.tolist()


def test_with_pytorch():
    torch = pytorch()
    rng = np.random.default_rng(0)
    cases = [rng.integers(0, rng.integers(1, 40), rng.integers(1, 300)) for _ in range(300)]
    for values in cases:
        row = values.astype(np.float32)
        for k in {1, max(1, len(row) // 64), max(1, len(row) // 2), len(row)}:
            theirs = torch.topk(torch.from_numpy(row), k).indices.tolist()
            assert largest_indices(row, k).tolist() == theirs
