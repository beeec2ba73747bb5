"""Layers, losses and functions beside PyTorch itself: the same initial numbers, results and gradients."""

import types
import warnings

import numpy as np
import pytest

from tests.nn_cases import ACTIVATIONS, OTHERS, OWN, REGRESSION, arrays, outcome, trained


@pytest.fixture(scope="module")
def pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return types.SimpleNamespace(top=torch, nn=torch.nn, F=torch.nn.functional)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def check(pytorch, make, inputs, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, found = outcome(pytorch, make, inputs, **how), outcome(OWN, make, inputs, **how)
    assert found[2] == expected[2], "the same initial numbers"
    for mine, theirs in zip((found[0], *found[1], *found[3]), (expected[0], *expected[1], *expected[3]), strict=True):
        if theirs is None or mine is None:
            assert mine is theirs or not np.any(theirs if mine is None else mine)
        else:
            np.testing.assert_allclose(mine, theirs, rtol=2e-4 if how else 2e-5, atol=2e-5 if how else 3e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_functions_of_one_matrix(pytorch, name):
    check(pytorch, ACTIVATIONS[name], arrays((3, 4)))


@pytest.mark.parametrize("name", ["tanh", "gelu", "silu", "softmax", "layer_norm", "sequential", "normalize"])
def test_second_derivatives(pytorch, name):
    check(pytorch, ACTIVATIONS[name], arrays((3, 4)), second=True)


@pytest.mark.parametrize("name", OTHERS)
def test_functions_of_other_shapes(pytorch, name):
    make, *shapes = OTHERS[name]
    check(pytorch, make, arrays(*shapes))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", REGRESSION)
def test_losses_of_numbers(pytorch, name, reduction):
    x, y = arrays((3, 4), (3, 4))
    check(pytorch, lambda t: REGRESSION[name](t, reduction), [x, np.abs(y) if name == "kl_div" else y])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_binary_cross_entropy(pytorch, reduction):
    x, y, w = (np.abs(np.tanh(a)) for a in arrays((3, 4), (3, 4), (4,)))
    check(pytorch, lambda t: t.nn.BCELoss(reduction=reduction), [x, y])
    check(pytorch, lambda t: t.nn.BCELoss(weight=t.top.tensor(w), reduction=reduction), [x, y])


def test_kl_div_by_batch(pytorch):
    x, y = arrays((3, 4), (3, 4))
    check(pytorch, lambda t: t.nn.KLDivLoss(reduction="batchmean"), [x, np.abs(y)])


SHAPES = {
    "matrix": ((5, 3), (5,)),
    "vector": ((3,), ()),
    "sequence": ((2, 3, 4), (2, 4)),
    "image": ((2, 3, 2, 2), (2, 2, 2)),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy(pytorch, shape, weighted, reduction, smoothing):
    (x,) = arrays(SHAPES[shape][0])
    target = np.random.default_rng(1).integers(0, 3, size=SHAPES[shape][1])

    def make(t):
        weight = t.top.tensor([0.5, 1.0, 2.0]) if weighted else None
        return t.nn.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=smoothing)

    check(pytorch, make, [x, np.asarray(target, np.int64)])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ignored_classes(pytorch, reduction):
    (x,) = arrays((4, 3))
    target = np.array([0, -100, 2, 1])
    check(pytorch, lambda t: t.nn.CrossEntropyLoss(reduction=reduction, label_smoothing=0.1), [x, target])
    check(pytorch, lambda t: t.nn.CrossEntropyLoss(reduction=reduction, ignore_index=2), [x, np.array([0, 2, 2, 1])])

    def weighted(t):
        return t.nn.NLLLoss(t.top.tensor([0.5, 2.0, 3.0]), reduction=reduction, ignore_index=1)

    check(pytorch, weighted, [x, abs(target) % 3])


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_probabilities_of_classes(pytorch, reduction, smoothing):
    x, y = arrays((4, 3, 2), (4, 3, 2))
    check(
        pytorch,
        lambda t: t.nn.CrossEntropyLoss(
            t.top.tensor([0.5, 2.0, 3.0]), reduction=reduction, label_smoothing=smoothing
        ),
        [x, np.abs(y)],
    )


def test_second_derivative_of_cross_entropy(pytorch):
    check(pytorch, lambda t: t.nn.CrossEntropyLoss(), [*arrays((4, 3)), np.array([0, 2, 1, 1])], second=True)


@pytest.mark.parametrize("padding", [None, 1, -1])
def test_embedding(pytorch, padding):
    check(pytorch, lambda t: t.nn.Embedding(5, 3, padding_idx=padding), [np.array([[0, 1, 4], [1, 1, 3]])])


def test_one_hot(pytorch):
    for t in (pytorch, OWN):
        assert t.F.one_hot(t.top.tensor([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
        assert t.F.one_hot(t.top.tensor([[1]]), 4).tolist() == [[[0, 1, 0, 0]]]


INITIALISERS = {
    "uniform_": {"a": -1.0, "b": 2.0},
    "normal_": {"mean": 1.0, "std": 2.0},
    "trunc_normal_": {"std": 0.7, "a": -1.0},
    "constant_": {"val": 0.3},
    "ones_": {},
    "zeros_": {},
    "eye_": {},
    "xavier_uniform_": {"gain": 1.5},
    "xavier_normal_": {},
    "kaiming_uniform_": {"a": 0.2, "mode": "fan_out"},
    "kaiming_normal_": {"nonlinearity": "relu"},
    "orthogonal_": {"gain": 2.0},
}


@pytest.mark.parametrize("shape", [(4, 6), (6, 3)])
@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers(pytorch, name, shape):
    found = []
    for t in (pytorch, OWN):
        t.top.manual_seed(3)
        tensor = t.top.empty(*shape)
        assert getattr(t.nn.init, name)(tensor, **INITIALISERS[name]) is tensor
        found.append(np.array(tensor.tolist(), np.float32))
    if name == "orthogonal_":
        np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5)
    else:
        assert (found[0] == found[1]).all()


@pytest.mark.parametrize("norm", [2.0, 1.0, 3.0, float("inf")])
def test_clipping(pytorch, norm):
    found = []
    for t in (pytorch, OWN):
        t.top.manual_seed(0)
        model = t.nn.Sequential(t.nn.Linear(3, 2), t.nn.Linear(2, 1))
        model(t.top.ones(4, 3)).sum().backward()
        before = t.nn.utils.clip_grad_norm_(model.parameters(), 0.5, norm).item()
        t.nn.utils.clip_grad_value_(model.parameters(), 0.2)
        found.append([before, *t.nn.utils.parameters_to_vector([p.grad for p in model.parameters()]).tolist()])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-7)


TEXTS = [
    lambda n: n.Bilinear(1, 2, 3), lambda n: n.Embedding(3, 4, padding_idx=1), lambda n: n.Dropout(0.2, True),
    lambda n: n.LayerNorm((3, 4), elementwise_affine=False), lambda n: n.BatchNorm1d(3), lambda n: n.Flatten(),
    lambda n: n.BatchNorm2d(3, affine=False), lambda n: n.GroupNorm(2, 4), lambda n: n.RMSNorm(3),
    lambda n: n.Conv2d(4, 4, 3, padding="same", groups=2, dilation=2),
    lambda n: n.Conv1d(3, 4, 2, stride=2, bias=False),
    lambda n: n.MaxPool2d(2), lambda n: n.AvgPool1d(2), lambda n: n.AvgPool2d(2), lambda n: n.AdaptiveAvgPool2d((1, 1)),
    lambda n: n.ReLU(inplace=True), lambda n: n.LeakyReLU(0.2, inplace=True), lambda n: n.ELU(), lambda n: n.GELU(),
    lambda n: n.Softplus(), lambda n: n.Softmax(dim=1), lambda n: n.Hardtanh(), lambda n: n.CrossEntropyLoss(),
    lambda n: n.Unflatten(1, (2, 3)), lambda n: n.Linear(1, 2, bias=False), lambda n: n.MSELoss(), lambda n: n.ReLU6(),
]  # fmt: skip


@pytest.mark.parametrize("make", TEXTS)
def test_text_and_state_of_layers(pytorch, make):
    own, theirs = make(OWN.nn), make(pytorch.nn)
    assert repr(own) == repr(theirs)
    assert list(own.state_dict()) == list(theirs.state_dict())
    assert [tuple(v.shape) for v in own.state_dict().values()] == [tuple(v.shape) for v in theirs.state_dict().values()]


def test_training(pytorch):
    expected, found = trained(pytorch), trained(OWN)
    assert len(found[1]) == len(expected[1])
    for mine, theirs in zip((found[0], *found[1], found[2]), (expected[0], *expected[1], expected[2]), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)
