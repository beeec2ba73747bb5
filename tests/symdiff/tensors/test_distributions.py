"""Distributions: the numbers are PyTorch's. The literals were printed by PyTorch 2.13 with seed 0."""

import warnings
import zlib

import numpy as np
import pytest
from scipy import stats

from symdiff.errors import SymdiffError
from symdiff.tensors.distributions import (
    bernoulli,
    bernoulli_each,
    dropout_mask,
    exponential,
    fill,
    memory_order,
    normal,
    normal_each,
    uniform,
)
from symdiff.tensors.generator import Generator, get_rng_state, manual_seed
from tests.pytorch_draws import assert_same_draw, pytorch, torch_dtype

DOUBLE = np.float64


@pytest.fixture(autouse=True)
def seeded():
    manual_seed(0)


@pytest.fixture
def torch():
    module = pytorch()
    module.manual_seed(0)
    return module


def each_probability(count):
    return np.linspace(0, 1, count, dtype=np.float32)


def transposed_normal():
    array = np.empty((4, 5), np.float32).T
    fill(array, lambda shape: normal(shape, contiguous=array.flags.c_contiguous))
    return array


# CRC-32 of the array's bytes and of the generator's state afterwards.
@pytest.mark.parametrize(
    ("draw", "numbers", "state"),
    [
        (lambda: uniform(5), 1328454259, 3061319602),
        (lambda: uniform(1000), 2206920785, 3441158039),
        (lambda: uniform(5, dtype=DOUBLE), 3747176466, 1896527822),
        (lambda: uniform((10, 100), -0.3, 0.9), 2927248449, 3441158039),
        (lambda: uniform(1000, -0.3, 0.9, DOUBLE), 3530312054, 131056603),
        (lambda: bernoulli(1000, 0.3), 383463504, 131056603),
        (lambda: bernoulli_each(np.arange(1000) / 1024), 918444875, 131056603),
        (lambda: exponential(1000, 1.5), 3745288794, 131056603),
        (lambda: dropout_mask(1000, 0.1), 3963714949, 131056603),
        (transposed_normal, 260853224, None),
        (lambda: normal_each(np.arange(20, dtype="f").reshape(4, 5), np.arange(5, dtype="f")), 2197398988, None),
    ],
)
def test_the_bytes_are_pytorchs(draw, numbers, state):
    drawn = draw()
    assert zlib.crc32(np.ascontiguousarray(drawn).tobytes()) == numbers
    assert state is None or zlib.crc32(get_rng_state().tobytes()) == state


def test_first_numbers():
    assert uniform(3).tolist() == [0.49625658988952637, 0.7682217955589294, 0.08847743272781372]
    manual_seed(0)
    assert uniform(2, dtype=DOUBLE).tolist() == [0.9700530018065531, 0.707819864399788]
    manual_seed(0)
    assert exponential(2, 1.5).tolist() == [2.338884115219116, 0.8202565312385559]
    manual_seed(0)
    assert dropout_mask(4, 0.1).tolist() == [0.0, 1.1111111640930176, 1.1111111640930176, 0.0]


def test_shapes_dtypes_and_a_generator_of_ones_own():
    for shape, expected in (((), ()), (3, (3,)), ((2, 0), (2, 0)), ([2, 3], (2, 3))):
        for dtype in (np.float32, np.float64):
            for draw in (uniform, normal, exponential, bernoulli, dropout_mask):
                drawn = draw(shape, dtype=dtype, generator=Generator())
                assert (drawn.shape, drawn.dtype) == (expected, dtype)
    state = get_rng_state()
    uniform(3, generator=Generator())
    np.testing.assert_array_equal(get_rng_state(), state)
    assert bernoulli(3, 1.0, np.int64).tolist() == [1, 1, 1] and bernoulli(3, 0.0, bool).tolist() == [False] * 3


def test_an_array_is_filled_as_it_lies_in_memory():
    array = np.empty((2, 3, 4)).transpose(2, 0, 1)
    assert memory_order(array) == (1, 2, 0)
    fill(array, lambda shape: np.arange(24.0).reshape(shape))
    np.testing.assert_array_equal(array.transpose(1, 2, 0).ravel(), np.arange(24.0))


@pytest.mark.parametrize(
    ("numbers", "distribution"),
    [
        (lambda: uniform(5000, -1.0, 3.0, DOUBLE), stats.uniform(-1.0, 4.0)),
        (lambda: exponential(5000, 2.0, DOUBLE), stats.expon(scale=0.5)),
        (lambda: normal_each(np.full(5000, 2.0), np.full(5000, 0.5)), stats.norm(2.0, 0.5)),
        (lambda: normal_each(2.0, np.full(5000, 0.5)), stats.norm(2.0, 0.5)),
        (lambda: normal_each(np.full(5000, 2.0), 0.5), stats.norm(2.0, 0.5)),
    ],
)
def test_the_distributions(numbers, distribution):
    assert stats.kstest(numbers(), distribution.cdf).pvalue > 0.01


def test_the_shares_of_bernoulli_and_dropout():
    for drawn in (bernoulli(20000, 0.3), bernoulli_each(np.float32(0.3), (20000,)), dropout_mask(20000, 0.7) * 0.3):
        assert abs(float(drawn.mean()) - 0.3) < 0.015


def test_a_number_rounded_up_to_the_bound_becomes_the_lower_bound():
    drawn = uniform(1000, 1.0, 1.0 + 2.0**-23)
    assert set(drawn.tolist()) == {1.0}


@pytest.mark.parametrize(
    ("draw", "kind", "message"),
    [
        (lambda: uniform((2, -3)), RuntimeError, r"Trying to create tensor with negative dimension -3: \[2, -3\]"),
        (lambda: uniform(3, 1, 0), RuntimeError, r"expects to return a \[from, to\) range, but found from=1 > to=0"),
        (lambda: uniform(3, np.nan, 0), RuntimeError, "from is out of bounds for float"),
        (lambda: uniform(3, 0, 1e39), RuntimeError, "to is out of bounds for float"),
        (lambda: uniform(3, -3e38, 3e38), RuntimeError, r"found to=3e\+38 and from=-3e\+38 which result in to-from"),
        (lambda: uniform(3, dtype=np.int64), TypeError, "not implemented for int64"),
        (lambda: normal(3, 0, -1), RuntimeError, "normal expects std >= 0.0, but found std -1"),
        (lambda: normal(0, 0, np.nan), RuntimeError, "normal expects std >= 0.0, but found std nan"),
        (lambda: normal(3, dtype=np.int64), TypeError, "not implemented for int64"),
        (lambda: normal_each(0.0, np.array([1.0, -1.0])), RuntimeError, "normal expects all elements of std >= 0.0"),
        (lambda: normal_each(np.zeros(2, int), np.ones(2)), TypeError, "not implemented for int64"),
        (lambda: exponential(3, 0.0), RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=0"),
        (lambda: exponential(3, np.nan), RuntimeError, "but found lambda=nan"),
        (lambda: exponential(3, dtype=np.int64), RuntimeError, "is a continuous probability distribution"),
        (lambda: bernoulli(3, 1.5), RuntimeError, r"bernoulli_ expects p to be in \[0, 1\], but got p=1.5"),
        (lambda: bernoulli(3, np.nan), RuntimeError, "but got p=nan"),
        (lambda: bernoulli_each(np.array([0.5, 1.5])), RuntimeError, "Expected p_in >= 0 && p_in <= 1 to be true"),
        (lambda: bernoulli_each(np.array([0.5, np.nan])), RuntimeError, "Expected p_in >= 0 && p_in <= 1 to be true"),
        (lambda: bernoulli_each(np.array([1])), TypeError, "not implemented for int64"),
        (lambda: dropout_mask(3, 1.5), ValueError, "probability has to be between 0 and 1, but got 1.5"),
    ],
)
def test_wrong_arguments(draw, kind, message):
    state = get_rng_state()
    with pytest.raises(kind, match=message) as caught:
        draw()
    assert isinstance(caught.value, SymdiffError)
    np.testing.assert_array_equal(get_rng_state(), state)


def test_dropout_of_all_or_nothing_draws_nothing():
    state = get_rng_state()
    assert dropout_mask(3, 0.0).tolist() == [1.0] * 3 and dropout_mask(3, 1.0).tolist() == [0.0] * 3
    np.testing.assert_array_equal(get_rng_state(), state)


# ---- against PyTorch -------------------------------------------------------------------------------------------------

SIZES = [0, 1, 15, 16, 17, 33, 311, 312, 313, 624, 1000]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_and_exponential_with_pytorch(torch, dtype):
    rng = np.random.default_rng(3)
    kind = torch_dtype(torch, dtype)
    for size in SIZES:
        assert_same_draw(torch, torch.rand(size, dtype=kind), uniform(size, dtype=dtype))
        low = float(rng.normal())
        high = low + float(rng.random() * 10.0 ** rng.integers(-7, 7))
        assert_same_draw(torch, torch.empty(size, dtype=kind).uniform_(low, high), uniform(size, low, high, dtype))
        for rate in (1.0, 0.3, 1e-40, np.inf):
            assert_same_draw(torch, torch.empty(size, dtype=kind).exponential_(rate), exponential(size, rate, dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_with_pytorch(torch, dtype):
    kind = torch_dtype(torch, dtype)
    for size in SIZES:
        assert_same_draw(torch, torch.randn(size, 1, dtype=kind), normal((size, 1), dtype=dtype))
        theirs = torch.empty(size, dtype=kind).normal_(0.7, 1.3)
        assert_same_draw(torch, theirs, normal(size, 0.7, 1.3, dtype))
        means, deviations = np.linspace(-1, 1, size, dtype=dtype)[:, None], np.linspace(0, 2, 3)
        for second in (deviations, deviations.astype(np.float32)):
            theirs = torch.normal(torch.from_numpy(means), torch.from_numpy(second))
            assert_same_draw(torch, theirs, normal_each(means, second))
            assert_same_draw(torch, torch.normal(0.37, torch.from_numpy(second)), normal_each(0.37, second))
        assert_same_draw(torch, torch.normal(torch.from_numpy(means), 1.3), normal_each(means, 1.3))
        theirs = torch.normal(torch.from_numpy(means), torch.tensor(1.3, dtype=torch.float64))
        assert_same_draw(torch, theirs, normal_each(means, np.array(1.3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, np.bool_])
def test_bernoulli_with_pytorch(torch, dtype):
    kind = torch_dtype(torch, dtype)
    for size in SIZES:
        for p in (0.0, 0.1, 0.5, 1 / 3, 1.0):
            assert_same_draw(torch, torch.empty(size, dtype=kind).bernoulli_(p), bernoulli(size, p, dtype))
        for p in (np.linspace(0, 1, 3), np.linspace(0, 1, 3, dtype=np.float32), np.array(0.25), np.float32([0.25])):
            theirs = torch.empty((size, 3), dtype=kind).bernoulli_(torch.from_numpy(p))
            assert_same_draw(torch, theirs, bernoulli_each(p, (size, 3), dtype))
    for p in (np.random.default_rng(1).random((7, 5)), np.random.default_rng(1).random((5, 7)).T):
        assert_same_draw(torch, torch.bernoulli(torch.from_numpy(p)), bernoulli_each(p))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_with_pytorch(torch, dtype):
    for size in SIZES:
        for p in (0.0, 0.1, 0.5, 0.73, 1.0):
            values = np.random.default_rng(size).standard_normal((size, 2)).astype(dtype)
            for array in (values, values.T):
                mask = np.empty_like(array)
                fill(mask, lambda shape, p=p: dropout_mask(shape, p, dtype))
                theirs = torch.nn.functional.dropout(torch.from_numpy(array), p)
                assert_same_draw(torch, theirs, array * mask if size else array)


def test_arrays_of_any_layout_with_pytorch(torch):
    for axes in ((0, 1, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1)):
        for size in (1, 2, 5):
            ours, theirs = np.empty((2, size, 3), "f").transpose(axes), torch.empty(2, size, 3).permute(*axes)
            fill(ours, lambda shape, ours=ours: normal(shape, 0.1, 2.0, contiguous=ours.flags.c_contiguous))
            assert_same_draw(torch, theirs.normal_(0.1, 2.0), ours)
            fill(ours, lambda shape: uniform(shape, -1, 2))
            assert_same_draw(torch, theirs.uniform_(-1, 2), ours)
            ours = np.empty_like(ours)
            fill(ours, lambda shape, ours=ours: normal(shape, contiguous=ours.flags.c_contiguous))
            assert_same_draw(torch, torch.randn_like(theirs), ours)
    ours, theirs = np.zeros((6, 10), "f"), torch.zeros(6, 10)
    part = ours[::2, 1:8:3]
    fill(part, lambda shape: normal(shape, contiguous=part.flags.c_contiguous))
    theirs[::2, 1:8:3].normal_()
    assert_same_draw(torch, theirs, ours)


def test_no_warning_where_pytorch_gives_none(torch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same_draw(torch, torch.empty(20).normal_(0, 1e39), normal(20, 0, 1e39))
        assert_same_draw(torch, torch.empty(3).normal_(0, 1e300), normal(3, 0, 1e300))
