"""Every operation of the table, in symdiff and in PyTorch, on the same inputs: values, dtypes, shapes and gradients."""

import warnings
import zlib

import numpy as np
import pytest

import symdiff
from tests.torch_table import TABLE

CASES = [
    pytest.param(entry, words, dtype, id=f"{k}-{entry.name}-{words.replace(' ', ',')}-{dtype}")
    for k, entry in enumerate(TABLE)
    for at, words in enumerate(entry.inputs)
    for dtype in ("float32", "float64")
    if dtype == "float32" or (at == 0 and any(w[0] not in "inbk" for w in words.split()))
]


def array_of(word, dtype, random):
    shape = tuple(int(c) for c in word[1:])
    if word[0] == "s":
        factor = random.standard_normal((*shape, shape[-1]))
        return (factor @ np.swapaxes(factor, -1, -2) + np.eye(shape[-1])).astype(dtype)
    normal = random.standard_normal(shape)
    kinds = {
        "f": lambda: normal.astype(dtype),
        "p": lambda: (np.abs(normal) + 0.3).astype(dtype),
        "g": lambda: (np.abs(normal) + 1.2).astype(dtype),
        "u": lambda: (np.tanh(normal) * 0.9).astype(dtype),
        "i": lambda: random.integers(-5, 6, shape),
        "k": lambda: random.integers(1, 6, shape),
        "n": lambda: random.integers(0, 3, shape),
        "b": lambda: random.random(shape) > 0.5,
    }
    return np.asarray(kinds[word[0]]())


def outcome(t, entry, arrays):
    """Values of the outputs, whether gradients flow to them, and gradients of the inputs."""
    inputs = [t.tensor(a, requires_grad=True) if a.dtype.kind == "f" else t.tensor(a) for a in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = entry.call(t, *inputs)
    outputs = list(found) if isinstance(found, tuple | list) else [found]
    flowing = [o for o in outputs if o.requires_grad]
    random = np.random.default_rng(5)
    seeds = [t.tensor(np.asarray(random.standard_normal(tuple(o.shape)), str(o.dtype)[6:])) for o in flowing]
    if flowing:
        t.autograd.backward(flowing, seeds)
    values = [o.numpy(force=True).copy() for o in outputs]
    grads = [x.grad.numpy(force=True).copy() if x.requires_grad and x.grad is not None else None for x in inputs]
    return values, [o.requires_grad for o in outputs], grads


# PyTorch's own derivative of digamma: its series ends where what is left out is 4e-10 at 0.76, beside 50 digits.
LOOSE = {"digamma": 3e-9}


def assert_near(found, expected, loose=0.0):
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if found.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
        return
    bound = 3e-5 if found.dtype == np.float32 else max(1e-12, loose)
    np.testing.assert_allclose(found, expected, rtol=bound, atol=bound)


@pytest.mark.parametrize(("entry", "words", "dtype"), CASES)
def test_symdiff_does_what_pytorch_does(monkeypatch, entry, words, dtype):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    random = np.random.default_rng(zlib.crc32(words.encode()))
    arrays = [array_of(word, dtype, random) for word in words.split()]
    expected = outcome(torch, entry, arrays)
    first = outcome(symdiff, entry, arrays)
    assert first[1] == expected[1]
    for found, wanted in zip(first[0], expected[0], strict=True):
        assert_near(found, wanted)
    for found, wanted in zip(first[2], expected[2], strict=True):
        assert (found is None) == (wanted is None)
        if found is not None:
            assert_near(found, wanted, LOOSE.get(entry.name, 0.0))
    second = outcome(symdiff, entry, arrays)
    for a, b in zip([*first[0], *first[2]], [*second[0], *second[2]], strict=True):
        assert (a is None and b is None) or a.tobytes() == b.tobytes()
