"""Adadelta, Adamax, RAdam, Rprop, NAdam and LBFGS: losses of a small network, as PyTorch has them."""

import pytest

import symdiff as own

PYTORCH = {
    "Adadelta": [1.040757455, 1.032402696, 1.024242836, 1.016299192, 1.008561383, 1.001006312],
    "Adadelta decay": [1.05787569, 1.067081827, 1.076822809, 1.08711503, 1.097985769, 1.109468762],
    "Adamax": [1.043835866, 1.038588525, 1.033465872, 1.028463275, 1.023575915, 1.018798812],
    "Adamax decay": [1.043932971, 1.038709187, 1.03355284, 1.028470625, 1.023465318, 1.018537019],
    "RAdam": [0.9891746742, 0.9414004185, 0.9025323578, 0.8700228389, 0.8420024822, 0.8383620453],
    "RAdam decay": [0.9887930124, 0.941858276, 0.9044926603, 0.87382902, 0.8478314162, 0.8459454694],
    "Rprop": [1.023217129, 0.9951294136, 0.9653433461, 0.9344642043, 0.8994546192, 0.8597046827],
    "NAdam": [0.9166648128, 0.7823140016, 0.7125953971, 0.6649050416, 0.632492001, 0.600399332],
    "NAdam decay": [0.8954854081, 0.7760555927, 0.7091583356, 0.6710632257, 0.6483142094, 0.6327273358],
    "NAdam decoupled": [0.915592714, 0.7845595714, 0.7172926077, 0.6713436168, 0.635987851, 0.6083142185],
    "LBFGS": [0.7175608169, 0.6012737762, 0.4780143423, 0.3817956704, 0.2514401294, 0.1713470454],
    "LBFGS short": [0.6235842806, 0.3892962081, 0.173173632, 0.09807944108, 0.06119211551, 0.04096179731],
    "LBFGS search": [0.6012737762, 0.3577963564, 0.2148718282, 0.08367563253, 0.04703109407, 0.03078295411],
}  # fmt: skip

OPTIONS = {
    "Adadelta": ("Adadelta", {}),
    "Adadelta decay": ("Adadelta", {"weight_decay": 0.1, "maximize": True}),
    "Adamax": ("Adamax", {}),
    "Adamax decay": ("Adamax", {"weight_decay": 0.1, "betas": (0.3, 0.9)}),
    "RAdam": ("RAdam", {"lr": 0.1}),
    "RAdam decay": ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "Rprop": ("Rprop", {}),
    "NAdam": ("NAdam", {"lr": 0.1}),
    "NAdam decay": ("NAdam", {"lr": 0.1, "weight_decay": 0.1}),
    "NAdam decoupled": ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "LBFGS": ("LBFGS", {"max_iter": 3}),
    "LBFGS short": ("LBFGS", {"lr": 0.5, "max_iter": 4, "history_size": 2}),
    "LBFGS search": ("LBFGS", {"line_search_fn": "strong_wolfe", "max_iter": 4}),
}


def losses(torch, name, steps=7):
    """Losses before each step of a regression, in float64."""
    kind, options = OPTIONS[name]
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    x = torch.randn(20, 3).double()
    y = x[:, :1] * x[:, 1:2]
    optimizer = getattr(torch.optim, kind)(net.parameters(), **options)

    def closure():
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        return loss

    return [optimizer.step(closure).item() for _ in range(steps)]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.mark.parametrize("name", OPTIONS)
def test_losses(name):
    assert losses(own, name)[1:] == pytest.approx(PYTORCH[name], rel=2e-8)


@pytest.mark.parametrize("name", OPTIONS)
def test_beside_pytorch(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert losses(own, name, 5) == pytest.approx(losses(torch, name, 5), rel=2e-8)


@pytest.mark.parametrize("name", ["NAdam", "RAdam", "LBFGS short"])
def test_a_state_is_taken_over(name):
    kind, options = OPTIONS[name]
    p, q = (own.nn.Parameter(own.tensor([1.0, -2.0])) for _ in range(2))
    first, second = (getattr(own.optim, kind)([x], **options) for x in (p, q))

    def step(optimizer, x):
        def closure():
            optimizer.zero_grad()
            loss = (x**4).sum()
            loss.backward()
            return loss

        optimizer.step(closure)

    step(first, p)
    with own.no_grad():
        q.copy_(p)
    second.load_state_dict(first.state_dict())
    step(first, p)
    step(second, q)
    assert p.tolist() == q.tolist()


def test_refusals():
    p = own.nn.Parameter(own.ones(1))
    with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
        own.optim.LBFGS([{"params": [p]}, {"params": [own.nn.Parameter(own.ones(1))]}])
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        own.optim.LBFGS([p], line_search_fn="armijo")
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'closure'"):
        own.optim.LBFGS([p]).step()
    with pytest.raises(ValueError, match="Invalid eta values"):
        own.optim.Rprop([p], etas=(1.5, 2.0))
    with pytest.raises(ValueError, match=r"Invalid beta parameter at index 1: 1\.0"):
        own.optim.NAdam([p], betas=(0.9, 1.0))
