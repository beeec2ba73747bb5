"""Recurrent networks, transformers, layers of images, distances and their losses, as PyTorch has them."""

import types
import warnings

import numpy as np
import pytest

import symdiff as torch
import symdiff.nn as nn
import symdiff.nn.functional as F
from symdiff.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence, pad_sequence, unpad_sequence
from tests.nn_cases import OWN, fingerprint, outcome
from tests.nn_further_cases import CASES, SHOWN
from tests.nn_further_numbers import PYTORCH, TEXTS


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.mark.parametrize("name", PYTORCH)
def test_fingerprint(name):
    make, inputs = CASES[name]
    np.testing.assert_allclose(fingerprint(OWN, make, inputs), PYTORCH[name], rtol=2e-5, atol=1e-5)


def test_every_case_has_numbers():
    assert set(PYTORCH) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_beside_pytorch(name):
    theirs = pytest.importorskip("torch", reason="PyTorch is not installed")
    other = types.SimpleNamespace(top=theirs, nn=theirs.nn, F=theirs.nn.functional)
    make, inputs = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, found = outcome(other, make, inputs), outcome(OWN, make, inputs)
    assert found[2] == expected[2], "the same initial numbers"
    for mine, wanted in zip((found[0], *found[1]), (expected[0], *expected[1]), strict=True):
        if wanted is not None or mine is not None:
            np.testing.assert_allclose(mine, wanted, rtol=2e-5, atol=3e-6)


@pytest.mark.parametrize("k", range(len(SHOWN)))
def test_texts(k):
    assert repr(SHOWN[k](nn)) == TEXTS[k]


ones = torch.ones
REFUSED = [
    (lambda: nn.LSTM(3, 0), ValueError, "hidden_size must be greater than zero"),
    (lambda: nn.GRU(3, 2, proj_size=1), ValueError, "proj_size argument is only supported for LSTM"),
    (lambda: nn.RNN(3, 2, nonlinearity="sin"), ValueError, "Unknown nonlinearity 'sin'"),
    (lambda: nn.RNN(3, 2)(ones(4, 2, 5)), RuntimeError, "Expected 3, got 5"),
    (lambda: nn.RNN(3, 2)(ones(4, 2, 3), ones(1, 3, 2)), RuntimeError, r"Expected hidden size \(1, 2, 2\), got"),
    (lambda: nn.GRUCell(3, 2)(ones(1, 4)), RuntimeError, "input has inconsistent input_size: got 4 expected 3"),
    (lambda: pack_sequence([ones(1), ones(2)]), RuntimeError, "must be sorted in decreasing order"),
    (lambda: pad_sequence([]), RuntimeError, "received an empty list of sequences"),
    (lambda: nn.TransformerEncoderLayer(4, 2, activation="sin"), RuntimeError, "activation should be relu/gelu"),
    (lambda: F.conv_transpose2d(ones(1, 3, 2, 2), ones(2, 1, 2, 2)), RuntimeError, "to have 2 channels, but got 3"),
    (lambda: nn.ConvTranspose1d(1, 1, 2, output_padding=1)(ones(1, 1, 2)), RuntimeError, "output padding must be"),
    (lambda: nn.ConvTranspose2d(1, 1, 2, padding_mode="reflect"), ValueError, 'Only "zeros" padding mode'),
    (lambda: nn.ConvTranspose1d(1, 1, 2, 2)(ones(1, 1, 2), [9]), ValueError, "it is between 4 and 5"),
    (lambda: F.interpolate(ones(1, 1, 2, 2), 4, mode="bicubic"), NotImplementedError, "mode='bicubic'"),
    (lambda: F.interpolate(ones(1, 1, 2)), ValueError, "either size or scale_factor should be defined"),
    (lambda: F.interpolate(ones(1, 1, 2), 3, align_corners=True), ValueError, "align_corners option can only be set"),
    (lambda: F.pad(ones(1, 1, 2), (2, 0), mode="reflect"), RuntimeError, "Padding size should be less than"),
    (lambda: F.pad(ones(2), (1, 1), mode="reflect"), NotImplementedError, "Padding size 2 is not supported for 1D"),
    (lambda: F.prelu(ones(2, 3), ones(2)), RuntimeError, "parameter numbers = 2 and channel size = 3"),
    (lambda: F.glu(ones(3)), RuntimeError, "Halving dimension must be even, but dimension 0 is size 3"),
    (lambda: nn.EmbeddingBag(3, 2)(torch.tensor([1])), ValueError, "input has to be 1D with offsets, or 2D"),
    (lambda: nn.EmbeddingBag(3, 2, max_norm=1.0), NotImplementedError, "max_norm"),
    (lambda: nn.TripletMarginLoss(0.0), ValueError, "expected margin to be greater than 0, got 0.0 instead"),
    (lambda: F.gaussian_nll_loss(ones(2), ones(2), -ones(2)), ValueError, "var has negative entry/entries"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_refusal(case):
    call, kind, text = REFUSED[case]
    with pytest.raises(kind, match=text):
        call()


def test_sequences_of_several_lengths():
    parts = [torch.tensor([1.0, 2.0]), torch.tensor([3.0])]
    assert pad_sequence(parts, batch_first=True, padding_value=-1.0).tolist() == [[1, 2], [3, -1]]
    assert pad_sequence(parts, padding_side="left").tolist() == [[1, 0], [2, 3]]
    packed = pack_sequence(parts)
    assert isinstance(packed, PackedSequence) and packed.data.tolist() == [1, 3, 2]
    assert packed.batch_sizes.tolist() == [2, 1]
    padded, lengths = pad_packed_sequence(packed, batch_first=True, total_length=3)
    assert padded.tolist() == [[1, 2, 0], [3, 0, 0]] and lengths.tolist() == [2, 1]
    assert [x.tolist() for x in unpad_sequence(padded, lengths, batch_first=True)] == [[1, 2], [3]]


def test_bags_by_offsets():
    bag = nn.EmbeddingBag.__new__(nn.EmbeddingBag)
    nn.EmbeddingBag.__init__(bag, 3, 1, mode="sum", _weight=torch.tensor([[1.0], [2.0], [4.0]]))
    integers, offsets = torch.tensor([0, 1, 2, 2]), torch.tensor([0, 2, 2])
    assert bag(integers, offsets).tolist() == [[3], [0], [8]]
    assert bag(integers, offsets, torch.tensor([1.0, 0.5, 2.0, 1.0])).tolist() == [[2], [0], [12]]


def test_a_dict_of_parameters():
    table = nn.ParameterDict({"a": ones(2)})
    table["b"] = nn.Parameter(ones(1))
    assert [name for name, _ in table.named_parameters()] == ["a", "b"] and "a" in table and len(table) == 2
    assert table.pop("a").requires_grad and list(table) == ["b"]
    assert list(nn.ParameterDict({"z": ones(1), "b": ones(1)})) == ["b", "z"]
    assert list(nn.ParameterDict([("z", ones(1)), ("b", ones(1))])) == ["z", "b"]


def test_a_recurrent_network_is_the_same_padded_and_packed():
    torch.manual_seed(0)
    layer = nn.GRU(2, 3, batch_first=True)
    parts = [torch.randn(3, 2), torch.randn(1, 2)]
    _, last = layer(pack_sequence(parts))
    for k, part in enumerate(parts):
        np.testing.assert_allclose(last[0, k].tolist(), layer(part)[1][0].tolist(), rtol=1e-6)
