"""Normal numbers to the last digit. The literals were printed by PyTorch 2.13."""

import math
import zlib
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from symdiff.tensors.generator import Generator
from symdiff.tensors.normal_draws import c_library, fused, grouped, pairwise, unit_uniform
from tests.pytorch_draws import pytorch, torch_dtype

FLOAT, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def draw(count, mean=0.0, std=1.0, dtype=FLOAT, seed=0):
    way = grouped if count >= 16 else pairwise
    return way(count, mean, std, dtype, Generator().manual_seed(seed))


# CRC-32 of the bytes of PyTorch's arrays with seed 0.
@pytest.mark.parametrize(
    ("count", "mean", "std", "first", "expected"),
    [
        (5, 0.0, 1.0, 1.5409960746765137, 3342953934),
        (15, 0.0, 1.0, 1.5409960746765137, 3874830326),
        (16, 0.0, 1.0, -1.1258398294448853, 2298586490),
        (17, 0.0, 1.0, -1.1258398294448853, 2694473487),
        (1000, 0.3, 1.7, -1.6139277219772339, 367402603),
        (10000, 0.0, 1.0, -1.1258398294448853, 18695251),
    ],
)
def test_float32(count, mean, std, first, expected):
    numbers = draw(count, mean, std)
    assert numbers.dtype == FLOAT and numbers[0] == np.float32(first)
    assert zlib.crc32(numbers.tobytes()) == expected


@pytest.mark.parametrize(
    ("count", "mean", "std", "first"),
    [
        (5, 0.0, 1.0, [1.5409961082440433, -0.2934289057609464, -2.1787893820745574, 0.5684312772806678]),
        (20, 0.0, 1.0, [-2.310411800234176, -0.3732508612577643, -1.0608166785462863, 0.9995093547811761]),
        (20, 0.3, 1.7, [-3.6277000603980993, -0.3345264641381993, -1.5033883535286865, 1.9991659031279994]),
    ],
)
def test_float64(count, mean, std, first):
    # The C library may round the last digit otherwise than the one PyTorch was run with.
    np.testing.assert_allclose(draw(count, mean, std, DOUBLE)[:4], first, rtol=4e-16)


def test_the_second_of_a_pair_is_kept():
    generator = Generator().manual_seed(0)
    parts = [pairwise(count, 0.0, 1.0, DOUBLE, generator) for count in (1, 1, 3, 0, 1)]
    np.testing.assert_array_equal(np.concatenate(parts), draw(6, dtype=DOUBLE))
    assert generator.take_next_normal() is None


@pytest.mark.parametrize("dtype", [FLOAT, DOUBLE])
def test_the_transform_against_its_definition(dtype):
    uniform = unit_uniform(4800, dtype, Generator().manual_seed(2)).astype(np.float64).reshape(-1, 2, 8)
    radius = np.sqrt(-2 * np.log1p(-uniform[:, 0]))
    expected = np.stack([radius * np.cos(2 * np.pi * uniform[:, 1]), radius * np.sin(2 * np.pi * uniform[:, 1])], 1)
    tolerance = 64 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(draw(4800, dtype=dtype, seed=2), expected.ravel(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [FLOAT, DOUBLE])
@pytest.mark.parametrize("way", [grouped, pairwise])
def test_the_numbers_are_normal(way, dtype):
    numbers = way(20000, -2.0, 3.0, dtype, Generator().manual_seed(1))
    assert stats.kstest(numbers, stats.norm(-2.0, 3.0).cdf).pvalue > 0.01


def exactly_rounded(a, b, c, dtype):
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    near = dtype.type(float(exact))  # perhaps rounded twice: one of the neighbours may be nearer
    candidates = [near, np.nextafter(near, dtype.type(-np.inf)), np.nextafter(near, dtype.type(np.inf))]
    bits = {FLOAT: np.int32, DOUBLE: np.int64}[dtype]
    return min(candidates, key=lambda x: (abs(Fraction(float(x)) - exact), x.view(bits) & 1))


@pytest.mark.parametrize("dtype", [FLOAT, DOUBLE])
def test_a_fused_product_and_sum_is_rounded_once(dtype):
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal((2, 400)).astype(dtype)
    c = (-a * b * rng.choice([0, 1, 1, 1, 1e-3], 400)).astype(dtype) + rng.standard_normal(400).astype(
        dtype
    ) * dtype.type(1e-4)
    expected = [exactly_rounded(*row, dtype) for row in zip(a, b, c, strict=True)]
    np.testing.assert_array_equal(fused(a, b, c), expected)


@pytest.mark.parametrize(("tiny", "expected"), [(2.0**-60, 2.0**-23), (0.0, 0.0), (-(2.0**-60), 0.0)])
def test_a_float64_sum_that_hides_on_which_side_of_a_tie_it_is(tiny, expected):
    # (1 + 2**-12)**2 lies midway between two float32; float64 does not see the 2**-60 that decides.
    factor = np.array([1 + 2.0**-12], np.float32)
    assert float(fused(factor, factor, np.float32(tiny))[0]) == 1 + 2.0**-11 + expected


def test_infinite_and_vanishing_parameters():
    assert np.isinf(draw(20, 1.0, 1e308, DOUBLE)).any() and np.isinf(draw(20, 0.0, 1e40)).all()
    assert draw(20, 2.5, 0.0).tolist() == [2.5] * 20
    np.testing.assert_array_equal(c_library(math.sqrt, np.array([[4.0, 9.0]])), [[2.0, 3.0]])


@pytest.mark.parametrize("dtype", [FLOAT, DOUBLE])
@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 31, 32, 100, 12345, 33000])
def test_every_number_is_pytorchs(count, dtype):
    torch = pytorch()
    for seed, (mean, std) in enumerate([(0.0, 1.0), (0.3, 1.7), (-2.5, 0.01), (0.0, 0.02), (3.3, 0.0), (1e6, 1e-3)]):
        torch.manual_seed(seed)
        theirs = torch.empty(count, dtype=torch_dtype(torch, dtype)).normal_(mean, std)
        np.testing.assert_array_equal(draw(count, mean, std, dtype, seed), theirs.numpy())


def test_a_long_array_of_pytorchs():
    torch = pytorch()
    torch.manual_seed(9)
    np.testing.assert_array_equal(draw(1_000_003, seed=9), torch.randn(1_000_003).numpy())
