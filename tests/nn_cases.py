"""Layers, losses and functions of networks, to be run with any library of PyTorch's names.

A case is a function of the library (its top, ``nn`` and ``F``) that gives a layer or a function of tensors, and the
shapes of its inputs.
"""

import functools
import importlib
import types

import numpy as np

import symdiff

OWN = types.SimpleNamespace(
    top=symdiff, nn=importlib.import_module("symdiff.nn"), F=importlib.import_module("symdiff.nn.functional")
)

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


def heads(t, part=0, **how):
    """One of the results of an attention of two heads, which is causal with a padded position."""
    layer = t.nn.MultiheadAttention(4, 2, **how)
    causal = t.top.tensor([[False, True, True], [False, False, True], [False, False, False]])
    padding = t.top.tensor([[False, False, False], [False, True, False]])

    class First(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return layer(x, x, x, attn_mask=causal, key_padding_mask=padding, need_weights=part < 2)[part % 2]

    return First()


OTHERS |= {
    "heads": (lambda t: heads(t), (3, 2, 4)),
    "heads first": (lambda t: heads(t, batch_first=True, dropout=0.2), (2, 3, 4)),
    "weights of heads": (lambda t: heads(t, 1, batch_first=True, bias=False), (2, 3, 4)),
    "heads without weights": (lambda t: heads(t, 2, batch_first=True), (2, 3, 4)),
    "heads alone": (lambda t: lambda x: t.nn.MultiheadAttention(4, 2)(x, x, x)[0], (3, 4)),
}
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


CLASSES = {
    "cross_entropy": (lambda t: t.nn.CrossEntropyLoss(), (5, 3), (5,)),
    "cross_entropy weighted": (
        lambda t: t.nn.CrossEntropyLoss(t.top.tensor([0.5, 1.0, 2.0]), label_smoothing=0.2), (2, 3, 4), (2, 4)
    ),
    "cross_entropy ignoring": (lambda t: t.nn.CrossEntropyLoss(ignore_index=1, reduction="sum"), (5, 3), (5,)),
    "nll_loss": (lambda t: t.nn.NLLLoss(reduction="none"), (5, 3), (5,)),
    "embedding": (lambda t: t.nn.Embedding(3, 2, padding_idx=1), (), (2, 4)),
}  # fmt: skip


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


def classes_of(shape, seed=1):
    """Classes from 0 to 2."""
    return np.asarray(np.random.default_rng(seed).integers(0, 3, size=shape), np.int64)


def cases():
    """All cases by name: the function and its inputs."""
    found = {name: (make, arrays((3, 4))) for name, make in ACTIVATIONS.items()}
    found |= {name: (make, arrays(*shapes)) for name, (make, *shapes) in OTHERS.items()}
    for name, make in REGRESSION.items():
        x, y = arrays((3, 4), (3, 4))
        found[name] = (functools.partial(make, r="mean"), [x, np.abs(y) if name == "kl_div" else y])
    for name, (make, shape, target) in CLASSES.items():
        found[name] = (make, [*(arrays(shape) if shape else ()), classes_of(target)])
    return found


def fingerprint(t, make, inputs):
    """A few numbers that tell whether a result and its gradients are right."""
    y, grads, _, buffers = outcome(t, make, inputs)
    return [float(np.sum(np.asarray(a, np.float64) * np.cos(np.arange(np.size(a))).reshape(np.shape(a))))
            for a in (y, *[g for g in grads if g is not None], *buffers)]


def trained(t):
    """Losses and parameters of a small network of images over a few steps, with every kind of layer."""
    t.top.manual_seed(0)
    nn = t.nn
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.25), nn.Linear(16, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3),
    )  # fmt: skip
    (x,) = arrays((6, 1, 4, 4))
    images, classes = t.top.tensor(x), t.top.tensor(classes_of((6,)))
    losses = []
    for _ in range(4):
        model.zero_grad()
        loss = nn.CrossEntropyLoss()(model(images), classes)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        with t.top.no_grad():
            for p in model.parameters():
                p -= 0.5 * p.grad
        losses.append(loss.item())
    model.eval()
    return losses, [v.tolist() for v in model.state_dict().values()], model(images).tolist()
