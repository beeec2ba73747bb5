"""Draws of categories are PyTorch's. The literals were printed by PyTorch 2.13 with seed 0."""

import zlib

import numpy as np
import pytest

from symdiff.errors import SymdiffError
from symdiff.tensors.generator import Generator, get_rng_state, manual_seed
from symdiff.tensors.multinomial import multinomial
from tests.pytorch_draws import assert_same_draw, pytorch


def floats(*values):
    return np.array(values, np.float32)


@pytest.fixture(autouse=True)
def seeded():
    manual_seed(0)


# The first indices, CRC-32 of the array's bytes, and of the generator's state afterwards.
@pytest.mark.parametrize(
    ("draw", "first", "numbers", "state"),
    [
        (lambda: multinomial(floats(1, 2, 3, 4), 8, replacement=True), [3, 3, 2, 3], 898595322, 4144883509),
        (lambda: multinomial(floats([1, 2, 3, 4], [9, 1, 1, 1]), 1), [2, 0], 1796959798, 4144883509),
        (lambda: multinomial(floats(*range(1, 11)), 10), [6, 9, 7, 8], 1818923656, 4149390774),
        (lambda: multinomial(floats(*range(1, 1001)), 1000), [436, 907, 906, 934], 4273326383, 131056603),
        # more samples than categories with a weight: the others follow in the order of PyTorch's selection
        (lambda: multinomial(floats(1, 0, 0, 0, 2, 0), 5), [4, 0, 3, 5], 1494158637, 256044346),
    ],
)
def test_the_indices_are_pytorchs(draw, first, numbers, state):
    drawn = draw()
    assert drawn.dtype == np.int64 and drawn.ravel()[: len(first)].tolist() == first
    assert zlib.crc32(drawn.tobytes()) == numbers
    assert zlib.crc32(get_rng_state().tobytes()) == state


@pytest.mark.parametrize(("samples", "replacement"), [(1, False), (1, True), (2, True)])
def test_the_shares(samples, replacement):
    weights = np.tile(floats(1, 0, 5, 4), (8000, 1))
    drawn = multinomial(weights, samples, replacement)
    shares = np.bincount(drawn.ravel(), minlength=4) / drawn.size
    np.testing.assert_allclose(shares, [0.1, 0.0, 0.5, 0.4], atol=0.02)


def test_without_replacement_no_category_comes_twice():
    drawn = multinomial(np.random.default_rng(0).random((50, 30)), 30)
    np.testing.assert_array_equal(np.sort(drawn), np.tile(np.arange(30), (50, 1)))


def test_no_rows_draw_nothing():
    state = get_rng_state()
    assert multinomial(np.ones((0, 3)), 2).shape == (0, 2)
    np.testing.assert_array_equal(get_rng_state(), state)


@pytest.mark.parametrize(
    ("weights", "samples", "replacement", "message"),
    [
        (np.ones(3), 4, False, r"n_sample > prob_dist.size\(-1\) samples without replacement"),
        (np.ones(3), 0, False, "cannot sample n_sample <= 0 samples"),
        (np.zeros(3), 1, False, r"sum of probabilities <= 0"),
        (np.array([[1.0, 2.0], [0.0, 0.0]]), 2, True, r"sum of probabilities <= 0"),
        (np.array([1.0, -1.0]), 1, False, "contains either `inf`, `nan` or element < 0"),
        (np.array([1.0, np.inf]), 1, True, "contains either `inf`, `nan` or element < 0"),
        (np.array([1.0, -1.0]), 2, True, "encountering probability entry < 0"),
        (np.array([1.0, np.nan]), 2, True, "encountering probability entry < 0"),
        (np.array([1.0, np.inf]), 2, True, "encountering probability entry = infinity or NaN"),
        (np.ones(3, int), 1, False, "only supports floating-point dtypes for input"),
        (np.ones((2, 3, 4)), 1, False, "prob_dist must be 1 or 2 dim"),
        (np.array(1.0), 1, False, "prob_dist must be 1 or 2 dim"),
    ],
)
def test_wrong_arguments(weights, samples, replacement, message):
    with pytest.raises(RuntimeError, match=message) as caught:
        multinomial(weights, samples, replacement, Generator())
    assert isinstance(caught.value, SymdiffError)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("replacement", [False, True])
def test_with_pytorch(dtype, replacement):
    torch = pytorch()
    torch.manual_seed(0)
    rng = np.random.default_rng(4)
    for count in (1, 2, 7, 40, 130, 500):
        for samples in {1, 2 if count > 1 else 1, count // 2 or 1, count}:
            weights = rng.random((5, count)).astype(dtype)
            sparse = weights * (rng.random(weights.shape) < 0.5)
            sparse[:, 0] = 0.5
            for array in (weights, weights[0], np.asfortranarray(weights), sparse):
                theirs = torch.multinomial(torch.from_numpy(array), samples, replacement=replacement)
                assert_same_draw(torch, theirs, multinomial(array, samples, replacement))


def test_equal_ranks_with_pytorch():
    # In float32 some of many quotients are equal, and their order is that of PyTorch's selection.
    torch = pytorch()
    weights = np.ones(3000, np.float32)
    for seed in range(4):
        torch.manual_seed(seed)
        manual_seed(seed)
        assert_same_draw(torch, torch.multinomial(torch.from_numpy(weights), 3000), multinomial(weights, 3000))
