"""Integers and permutations: the numbers are PyTorch's. The literals were printed by PyTorch 2.13 with seed 0."""

import warnings
import zlib

import numpy as np
import pytest

from symdiff.errors import SymdiffError, SymdiffWarning
from symdiff.tensors.generator import get_rng_state, manual_seed
from symdiff.tensors.integer_draws import randint, random_integers, randperm
from tests.pytorch_draws import assert_same_draw, pytorch, torch_dtype

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"]


@pytest.fixture(autouse=True)
def seeded():
    manual_seed(0)


@pytest.fixture
def torch():
    module = pytorch()
    module.manual_seed(0)
    return module


# The first numbers, CRC-32 of the array's bytes, and of the generator's state afterwards.
@pytest.mark.parametrize(
    ("draw", "first", "numbers", "state"),
    [
        (lambda: randint(0, 10, 1000), [4, 9, 3, 0], 2097697032, 3441158039),
        # from 2**28 values on a number takes 64 bits
        (lambda: randint(-5, 2**28 - 6, 1000), [209652399, 130329139], 2586154760, 3441158039),
        (lambda: randint(-5, 2**28 - 5, 1000), [130329130, 136432827], 3779308121, 131056603),
        (lambda: randint(-(2**63), 2**63 - 1, 1000), [900450186894289455], 4289789549, 131056603),
        (lambda: randint(-(2**31), 2**31 - 1, 1000, np.int32), [-1539066660, 255357750], 2589822120, 131056603),
        (lambda: randint(0, 2**20, 1000, np.float32), [985772.0, 305711.0], 867732965, 3441158039),
        (lambda: random_integers(1000, "bool"), [False, True, True, False], 1801515195, 3441158039),
        (lambda: random_integers(1000, "uint8"), [172, 47, 117, 192], 3664262737, 3441158039),
        (lambda: random_integers(1000, "int8"), [44, 47, 117, 64], 2197980551, 3441158039),
        (lambda: random_integers(1000, "int16"), [2732, 10799, 9845, 19648], 4151218889, 3441158039),
        (lambda: random_integers(1000, "int32"), [209652396, 398764591], 29922408, 3441158039),
        (lambda: random_integers(1000, "int64"), [900450186894289455], 3291633353, 131056603),
        (lambda: random_integers(1000, "float32"), [8325664.0, 12888472.0], 2511178221, 3441158039),
        (lambda: random_integers(1000, "float64"), [8737460674930124.0], 3667093994, 131056603),
        (lambda: random_integers(1000, "int64", -(2**63)), [-8322921849960486353], 1224225283, 131056603),
        (lambda: randperm(10), [4, 1, 7, 5], 1883426623, 1256763994),
        (lambda: randperm(1000), [44, 37, 675, 775], 1167042831, 3274824014),
        (lambda: randperm(100000), [36044, 73702, 76369, 2549], 3571348916, 2174834714),
    ],
)
def test_the_bytes_are_pytorchs(draw, first, numbers, state):
    drawn = draw()
    assert drawn[: len(first)].tolist() == first
    assert zlib.crc32(drawn.tobytes()) == numbers
    assert zlib.crc32(get_rng_state().tobytes()) == state


@pytest.mark.parametrize("n", [0, 1, 2, 3, 50, 1000])
def test_a_permutation_is_one(n):
    for _ in range(20):
        assert sorted(randperm(n).tolist()) == list(range(n))


def test_all_permutations_are_equally_frequent():
    counts = np.zeros((4, 4, 4), int)
    for _ in range(2400):
        counts[tuple(randperm(4)[:3])] += 1
    assert ((counts > 60) & (counts < 145)).sum() == 24


def test_the_numbers_are_in_their_range():
    drawn = randint(-3, 4, 5000)
    assert np.unique(drawn).tolist() == list(range(-3, 4))
    assert np.unique(random_integers(2000, "int8", 120)).tolist() == list(range(120, 128))
    assert random_integers(3, "int64", 2**63 - 1).tolist() == [2**63 - 1] * 3
    assert randint(5, 6, (2, 0)).shape == (2, 0) and randint(5, 6, ()).tolist() == 5


def test_an_upper_bound_that_a_float_cannot_hold_is_not_reached():
    with pytest.warns(SymdiffWarning, match="integers that float32 can tell apart"):
        drawn = random_integers(2000, "float32", 2**26 - 12, 2**26 - 1)
    assert set(drawn.tolist()) == {2.0**26 - 12, 2.0**26 - 8, 2.0**26 - 4}


@pytest.mark.parametrize(
    ("draw", "kind", "message"),
    [
        (lambda: randint(5, 5, 3), RuntimeError, "'from' to be less than 'to', but got from=5 >= to=5"),
        (lambda: random_integers(3, high=0), RuntimeError, "'from' to be less than 'to', but got from=0 >= to=0"),
        (lambda: randint(0, 300, 3, "uint8"), RuntimeError, "to - 1 is out of bounds for unsigned char"),
        (lambda: randint(-1, 3, 3, "uint8"), RuntimeError, "from is out of bounds for unsigned char"),
        (lambda: randint(0, 3, 3, "bool"), RuntimeError, "to - 1 is out of bounds for bool"),
        (lambda: randint(0, 2**33, 3, "int32"), RuntimeError, "to - 1 is out of bounds for int"),
        (lambda: randint(0, 2**63, 3), ValueError, "Overflow when unpacking long long"),
        (lambda: randint(0, 3, -3), RuntimeError, "negative dimension -3"),
        (lambda: randint(0, 3, 3, "complex64"), TypeError, "not implemented for complex64"),
        (lambda: random_integers(3, "int32", -(2**63)), RuntimeError, "handles only int64, double, float"),
        (lambda: random_integers(3, "float32", 2**24), RuntimeError, "'from' casted to dtype to be less than"),
        (lambda: randperm(-1), RuntimeError, "negative dimension -1"),
        (lambda: randperm(5, "bool"), TypeError, "not implemented for bool"),
        (lambda: randperm(300, "uint8"), RuntimeError, "value cannot be converted to type uint8_t without overflow"),
        (lambda: randperm(2**24 + 2, "float32"), RuntimeError, r"n cannot be greater than 2\^24\+1 for Float type"),
        (lambda: randperm(214748364), ValueError, "the largest supported has 214748363"),
    ],
)
def test_wrong_arguments(draw, kind, message):
    state = get_rng_state()
    with pytest.raises(kind, match=message) as caught:
        draw()
    assert isinstance(caught.value, SymdiffError)
    np.testing.assert_array_equal(get_rng_state(), state)


@pytest.mark.parametrize("dtype", DTYPES)
def test_integers_with_pytorch(torch, dtype):
    rng = np.random.default_rng(8)
    kind = torch_dtype(torch, dtype)
    smallest, largest = {
        "bool": (0, 2),
        "float32": (-(2**24), 2**24 + 1),
        "float64": (-(2**53), 2**53 + 1),
        "int64": (-(2**63), 2**63 - 1),
    }.get(dtype) or (np.iinfo(dtype).min, np.iinfo(dtype).max + 1)
    for size in (0, 1, 17, 311, 625):
        assert_same_draw(torch, torch.empty(size, dtype=kind).random_(), random_integers(size, dtype))
        bounds = [(smallest, largest), (0, 2), *np.sort(rng.integers(smallest, largest, (5, 2)), axis=1).tolist()]
        for low, high in bounds:
            theirs = torch.randint(low, max(high, low + 1), (size,), dtype=kind)
            assert_same_draw(torch, theirs, randint(low, max(high, low + 1), size, dtype))
        theirs = torch.empty(size, dtype=kind).random_(1, None)
        assert_same_draw(torch, theirs, random_integers(size, dtype, 1))
        assert_same_draw(torch, torch.empty(size, dtype=kind).random_(2), random_integers(size, dtype, high=2))
        if dtype in ("int64", "float32", "float64"):
            theirs = torch.empty(size, dtype=kind).random_(-(2**63), None)
            assert_same_draw(torch, theirs, random_integers(size, dtype, -(2**63)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bounds_that_a_float_cannot_hold_with_pytorch(torch, dtype):
    rng = np.random.default_rng(9)
    kind = torch_dtype(torch, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for exponent in range(20, 62):
            low, high = np.sort(rng.integers(-(2**exponent), 2**exponent, 2)).tolist()
            theirs = torch.empty(20, dtype=kind).random_(low, high)
            assert_same_draw(torch, theirs, random_integers(20, dtype, low, high))


@pytest.mark.parametrize("n", [0, 1, 2, 5, 127, 128, 623, 624, 625, 626, 1249, 50000])
def test_permutations_with_pytorch(torch, n):
    for dtype in ("int64", "int32", "float32", "float64", *(["uint8"] if n < 256 else [])):
        assert_same_draw(torch, torch.randperm(n, dtype=torch_dtype(torch, dtype)), randperm(n, dtype))
