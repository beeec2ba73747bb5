"""Layers, losses and functions beside PyTorch itself: the same initial numbers, results and gradients.

A case is a function of the library (its top, ``nn`` and ``F``) that gives a layer or a function of tensors, and the
shapes of its inputs; it is run with both libraries on the same numbers.
"""

import importlib
import types
import warnings

import numpy as np
import pytest

import symdiff

OWN = types.SimpleNamespace(
    top=symdiff, nn=importlib.import_module("symdiff.nn"), F=importlib.import_module("symdiff.nn.functional")
)


@pytest.fixture(scope="module")
def pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return types.SimpleNamespace(top=torch, nn=torch.nn, F=torch.nn.functional)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


ACTIVATIONS = {
    "relu": lambda t: t.F.relu,
    "leaky_relu": lambda t: t.nn.LeakyReLU(0.2),
    "elu": lambda t: t.nn.ELU(0.7),
    "selu": lambda t: t.F.selu,
    "celu": lambda t: t.nn.CELU(0.5),
    "tanh": lambda t: t.nn.Tanh(),
    "sigmoid": lambda t: t.nn.Sigmoid(),
    "gelu": lambda t: t.nn.GELU(),
    "gelu tanh": lambda t: t.nn.GELU(approximate="tanh"),
    "silu": lambda t: t.nn.SiLU(),
    "mish": lambda t: t.nn.Mish(),
    "softplus": lambda t: t.nn.Softplus(2.0, 3.0),
    "softsign": lambda t: t.nn.Softsign(),
    "hardtanh": lambda t: t.nn.Hardtanh(-0.5, 0.7),
    "relu6": lambda t: t.nn.ReLU6(),
    "logsigmoid": lambda t: t.nn.LogSigmoid(),
    "softmax": lambda t: t.nn.Softmax(dim=1),
    "softmax 0": lambda t: lambda x: t.F.softmax(x, 0),
    "log_softmax": lambda t: t.nn.LogSoftmax(dim=-1),
    "softmin": lambda t: t.nn.Softmin(dim=1),
    "normalize": lambda t: t.F.normalize,
    "normalize 1": lambda t: lambda x: t.F.normalize(x, p=1.0, dim=0),
    "normalize 3": lambda t: lambda x: t.F.normalize(x, p=3.0),
    "pad": lambda t: lambda x: t.F.pad(x, (1, 2, 3, 0)),
    "pad value": lambda t: lambda x: t.F.pad(x, (2, -1), value=1.5),
    "flatten": lambda t: t.nn.Flatten(),
    "unflatten": lambda t: t.nn.Unflatten(1, (2, 2)),
    "layer_norm": lambda t: t.nn.LayerNorm(4),
    "layer_norm all": lambda t: t.nn.LayerNorm((3, 4), eps=1e-3, elementwise_affine=False),
    "layer_norm no bias": lambda t: t.nn.LayerNorm(4, bias=False),
    "rms_norm": lambda t: t.nn.RMSNorm(4),
    "group_norm": lambda t: t.nn.GroupNorm(2, 4),
    "batch_norm": lambda t: t.nn.BatchNorm1d(4),
    "batch_norm eval": lambda t: t.nn.BatchNorm1d(4).eval(),
    "linear": lambda t: t.nn.Linear(4, 3),
    "linear no bias": lambda t: t.nn.Linear(4, 3, bias=False),
    "sequential": lambda t: t.nn.Sequential(t.nn.Linear(4, 5), t.nn.Tanh(), t.nn.Linear(5, 2)),
    "dropout": lambda t: t.nn.Dropout(0.3),
    "dropout one": lambda t: t.nn.Dropout(1.0),
    "dropout eval": lambda t: t.nn.Dropout(0.3).eval(),
}
OTHERS = {
    "linear 3": (lambda t: t.nn.Linear(4, 3), (2, 3, 4)),
    "linear 1": (lambda t: t.nn.Linear(4, 3), (4,)),
    "bilinear": (lambda t: t.nn.Bilinear(2, 3, 4), (5, 2), (5, 3)),
    "batch_norm 3": (lambda t: t.nn.BatchNorm1d(3, momentum=None), (2, 3, 4)),
    "batch_norm 2d": (lambda t: t.nn.BatchNorm2d(3, affine=False), (2, 3, 4, 2)),
    "group_norm 4": (lambda t: t.nn.GroupNorm(1, 4), (2, 4, 3, 2)),
    "conv1d": (lambda t: t.nn.Conv1d(3, 4, 2, stride=2, padding=1), (2, 3, 7)),
    "conv2d": (lambda t: t.nn.Conv2d(3, 4, 3, padding=1), (2, 3, 5, 6)),
    "conv2d groups": (lambda t: t.nn.Conv2d(4, 4, (2, 3), groups=2, dilation=(1, 2), bias=False), (2, 4, 5, 6)),
    "conv2d same": (lambda t: t.nn.Conv2d(2, 3, 2, padding="same"), (1, 2, 4, 4)),
    "conv2d one image": (lambda t: t.nn.Conv2d(2, 3, 3), (2, 4, 4)),
    "max_pool1d": (lambda t: t.nn.MaxPool1d(2), (2, 3, 7)),
    "max_pool2d": (lambda t: t.nn.MaxPool2d(3, 2, 1), (2, 3, 6, 7)),
    "max_pool2d ceil": (lambda t: t.nn.MaxPool2d((2, 3), ceil_mode=True), (2, 3, 5, 7)),
    "avg_pool1d": (lambda t: t.nn.AvgPool1d(2), (2, 3, 7)),
    "avg_pool2d": (lambda t: t.nn.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 3, 6, 7)),
    "avg_pool2d divisor": (lambda t: t.nn.AvgPool2d(2, divisor_override=3), (2, 3, 4, 4)),
    "adaptive 1": (lambda t: t.nn.AdaptiveAvgPool2d(1), (2, 3, 4, 5)),
    "adaptive 2": (lambda t: t.nn.AdaptiveAvgPool2d((2, None)), (2, 3, 5, 4)),
    "adaptive 1d": (lambda t: t.nn.AdaptiveAvgPool1d(2), (2, 3, 5)),
    "dropout2d": (lambda t: t.nn.Dropout2d(0.4), (2, 5, 2, 2)),
    "dropout1d": (lambda t: t.nn.Dropout1d(0.4), (2, 5, 3)),
    "attention": (lambda t: t.F.scaled_dot_product_attention, (2, 3, 4), (2, 5, 4), (2, 5, 6)),
    "attention causal": (
        lambda t: lambda q, k, v: t.F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3),
        (2, 2, 3, 4), (2, 2, 3, 4), (2, 2, 3, 4),
    ),
    "attention mask": (
        lambda t: lambda q, k, v: t.F.scaled_dot_product_attention(
            q, k, v, attn_mask=t.top.tensor([[True, False, True], [False, False, False], [True, True, True]])
        ),
        (2, 3, 4), (2, 3, 4), (2, 3, 4),
    ),
    "attention added": (
        lambda t: lambda q, k, v, m: t.F.scaled_dot_product_attention(q, k, v, attn_mask=m),
        (2, 3, 4), (2, 3, 4), (2, 3, 4), (3, 3),
    ),
}  # fmt: skip
REGRESSION = {
    "mse": lambda t, r: t.nn.MSELoss(reduction=r),
    "l1": lambda t, r: t.nn.L1Loss(reduction=r),
    "smooth_l1": lambda t, r: t.nn.SmoothL1Loss(reduction=r, beta=0.5),
    "smooth_l1 0": lambda t, r: t.nn.SmoothL1Loss(reduction=r, beta=0.0),
    "huber": lambda t, r: t.nn.HuberLoss(reduction=r, delta=0.4),
    "bce logits": lambda t, r: t.nn.BCEWithLogitsLoss(reduction=r),
    "bce logits weights": lambda t, r: t.nn.BCEWithLogitsLoss(
        reduction=r, weight=t.top.tensor([0.5, 1.0, 2.0, 3.0]), pos_weight=t.top.tensor([2.0, 1.0, 0.5, 3.0])
    ),
    "kl_div": lambda t, r: t.nn.KLDivLoss(reduction=r),
    "kl_div log": lambda t, r: t.nn.KLDivLoss(reduction=r, log_target=True),
}


def arrays(*shapes):
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def outcome(t, make, inputs, *, second=False):
    """The result, and gradients of a weighted sum of it, by inputs and parameters; with ``second`` of gradients."""
    t.top.manual_seed(7)
    call = make(t)
    tensors = [t.top.tensor(x) for x in inputs]
    wanted = [x.requires_grad_() for x in tensors if x.dtype == t.top.float32]
    if isinstance(call, t.nn.Module):
        wanted += list(call.parameters())
    y = call(*tensors)
    numbers = np.random.default_rng(5).normal(size=tuple(y.shape)).astype(np.float32)
    total = (y * t.top.tensor(numbers)).sum()
    grads = t.top.autograd.grad(total, wanted, create_graph=second, allow_unused=True)
    if second:
        total = sum((g * g).sum() for g in grads)
        grads = t.top.autograd.grad(total, wanted, allow_unused=True)
    buffers = [b.tolist() for b in call.buffers()] if isinstance(call, t.nn.Module) else []
    return y.tolist(), [None if g is None else g.tolist() for g in grads], [p.tolist() for p in wanted], buffers


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


SHAPES = {"matrix": ((5, 3), (5,)), "vector": ((3,), ()), "sequence": ((2, 3, 4), (2, 4)), "image": ((2, 3, 2, 2), (2, 2, 2))}


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
    weight = [0.5, 2.0, 3.0]
    check(pytorch, lambda t: t.nn.NLLLoss(t.top.tensor(weight), reduction=reduction, ignore_index=1), [x, abs(target) % 3])


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
    lambda n: n.Conv2d(4, 4, 3, padding="same", groups=2, dilation=2), lambda n: n.Conv1d(3, 4, 2, stride=2, bias=False),
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
