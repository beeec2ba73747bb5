"""The truncated normal distribution as in PyTorch 2.13, which printed the literals with seed 0."""

import warnings
import zlib

import numpy as np
import pytest
from scipy import stats

from symdiff.errors import SymdiffWarning
from symdiff.tensors.generator import get_rng_state, manual_seed
from symdiff.tensors.truncated_normal import truncated_normal
from tests.pytorch_draws import assert_same_draw, pytorch, torch_dtype


@pytest.fixture(autouse=True)
def seeded():
    manual_seed(0)


@pytest.mark.parametrize(
    ("arguments", "numbers", "state"),
    [((), 424224230, 1423585954), ((0.1, 0.7, 1.0, 6.0), 2412928911, 3048840758)],
)
def test_the_bytes_are_pytorchs(arguments, numbers, state):
    assert zlib.crc32(truncated_normal(1000, *arguments).tobytes()) == numbers
    assert zlib.crc32(get_rng_state().tobytes()) == state


@pytest.mark.parametrize("bounds", [(-2.0, 2.0), (-0.1, 0.2), (1.5, 4.0)])
def test_the_distribution(bounds):
    drawn = truncated_normal(4000, 0.25, 0.9, *bounds, np.float64)
    distribution = stats.truncnorm(*((bound - 0.25) / 0.9 for bound in bounds), 0.25, 0.9)
    assert stats.kstest(drawn, distribution.cdf).pvalue > 0.01


def test_a_mean_far_outside_warns():
    with pytest.warns(SymdiffWarning, match="mean is more than 2 std from"):
        assert (truncated_normal(100, 0.0, 1.0, 3.0, 4.0) >= 3.0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_with_pytorch(dtype):
    torch = pytorch()
    torch.manual_seed(0)
    kind = torch_dtype(torch, dtype)
    ranges = [(0, 1, -2, 2), (0, 0.02, -2, 2), (0, 1, -0.1, 0.2), (1, 2, -0.5, 0.5), (0, 0.02, -0.04, 0.04)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for arguments in (*ranges, (0.1, 0.7, 1.0, 6.0), (0, 1, 2.5, 3)):
            for size in (0, 1, 15, 16, 17, 100, 1000):
                theirs = torch.nn.init.trunc_normal_(torch.empty(size, 2, dtype=kind), *map(float, arguments))
                assert_same_draw(torch, theirs, truncated_normal((size, 2), *arguments, dtype))
