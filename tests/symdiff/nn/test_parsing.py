"""Modules inside functions that are compiled: the numbers and gradients of the tensors by themselves."""

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn.functional as F
from symdiff import nn

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def _repeatable(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    sd.manual_seed(0)


def called(m, x):
    return m(x).sum()


class Compared:
    """A function of a module and an input beside itself compiled; it may be called again after changes."""

    def __init__(self, function=called):
        self.function = function
        self.gradient = sd.value_and_grad(function)

    def check(self, module):
        x = sd.tensor(X)
        module.zero_grad()
        want = self.function(module, x)
        want.backward()
        grads = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
        module.zero_grad()
        value, found = self.gradient(module, x)
        np.testing.assert_allclose(value.item(), want.item(), rtol=1e-5, atol=1e-6)
        assert set(grads) <= set(found)
        for name, g in found.items():
            expected = grads[name].numpy() if name in grads else np.zeros(g.shape)
            np.testing.assert_allclose(g.numpy(), expected, rtol=1e-5, atol=1e-6)


class Layers(nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(3)])
        self.named = nn.ModuleDict({"a": nn.Linear(3, 2), "b": nn.Sequential(nn.Linear(3, 2), nn.Tanh())})
        self.run = forward

    def forward(self, x):
        return self.run(self, x)


def in_turn(m, x):
    for layer in m.layers:
        x = F.relu(layer(x))
    return x


def by_place(m, x):
    return m.layers[0](x) - m.layers[-1](x) * len(m.layers)


def by_slice(m, x):
    for layer in m.layers[1:]:
        x = layer(x)
    return x


def by_key(m, x):
    return m.named["a"](x) * ("a" in m.named) + m.named["b"](x)


def over_items(m, x):
    found = {}
    for key, layer in m.named.items():
        found[key] = layer(x)
    return found["a"] * found["b"]


def over_keys(m, x):
    return sum(m.named[key](x) for key in m.named)


@pytest.mark.parametrize("forward", [in_turn, by_place, by_slice, by_key, over_items, over_keys])
def test_containers(forward):
    Compared().check(Layers(forward))


class Own(nn.Linear):
    def forward(self, x):
        return super().forward(x).relu() + nn.Linear.forward(self, x) + self.weight.sum()


class More(Own):
    def __init__(self):
        super().__init__(3, 2)
        self.scale = nn.Parameter(sd.full((2,), 3.0))

    def forward(self, x, shift=1.0):
        return super().forward(x) * self.scale + shift


class Doubled(nn.Sequential):
    def forward(self, x):
        return super().forward(x) * 2


@pytest.mark.parametrize(
    "make", [lambda: Own(3, 2), More, lambda: Doubled(nn.Linear(3, 2)), lambda: Doubled(Own(3, 2), nn.ReLU())]
)
def test_methods_of_the_class_above(make):
    Compared().check(make())


def penalised(m, x):
    found = m(x).sum()
    for p in m.parameters():
        found = found + 0.1 * (p**2).sum()
    return found


def weights_alone(m, x):
    return m(x).sum() + sum(p.abs().sum() for name, p in m.named_parameters() if "weight" in name)


@pytest.mark.parametrize("function", [penalised, weights_alone])
def test_parameters_by_methods_of_the_module(function):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    compared = Compared(function)
    compared.check(model)
    with sd.no_grad():
        for p in model.parameters():
            p.mul_(2.0)
    compared.check(model)
    model[0].weight = nn.Parameter(sd.ones(4, 3))
    compared.check(model)


class Options:
    scale = 2.0


class Settings(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.act = nn.Linear(3, 2), nn.LeakyReLU(0.1)
        self.options, self.table, self.acts = Options(), {"shift": [1.0]}, [nn.Tanh()]

    def forward(self, x):
        y = self.act(self.layer(x)) * self.options.scale + self.table["shift"][0]
        for act in self.acts:
            y = act(y)
        return y


CHANGES = [
    lambda m: setattr(m.options, "scale", 3.0),
    lambda m: setattr(m, "options", Options()),
    lambda m: m.table["shift"].__setitem__(0, 0.5),
    lambda m: setattr(m, "table", {"shift": (2.0,)}),
    lambda m: setattr(m.act, "negative_slope", 0.7),
    lambda m: setattr(m, "act", nn.ELU(alpha=2.0)),
    lambda m: setattr(m, "act", nn.ELU(alpha=3.0)),
    lambda m: setattr(m.act, "forward", lambda x: x * 0.25),
    lambda m: m.acts.__setitem__(0, nn.Softplus(beta=2.0)),
    lambda m: setattr(m.acts[0], "beta", 5.0),
    lambda m: m.acts.append(nn.Sigmoid()),
    lambda m: setattr(m, "layer", nn.Linear(3, 2, bias=False)),
]


def test_nothing_that_was_changed_is_stale():
    model, compared = Settings(), Compared()
    compared.check(model)
    for change in CHANGES:
        change(model)
        compared.check(model)


def test_a_second_call_compiles_nothing():
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    compiled = sd.differentiable(called)
    counts = []
    for _ in range(3):
        compiled(module, sd.tensor(X))
        compiled.grad(module, sd.tensor(X))
        counts.append(len(compiled.variants))
    assert counts == [counts[0]] * 3


def test_only_parameters_that_are_not_frozen_have_gradients():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval()
    model[0].bias.requires_grad_(False)
    gradient = sd.grad(called)
    assert list(gradient(model, X)) == ["0.weight", "1.weight", "1.bias"]
    model[0].bias.requires_grad_(True)
    assert list(gradient(model, X)) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_methods_that_change_a_module_are_refused():
    with pytest.raises(sd.UnsupportedSyntaxError, match=r"test_parsing.py:\d+.*'eval' of a module"):
        sd.differentiable(lambda m, x: m.eval()(x).sum())(nn.Linear(3, 2), X)


def test_a_loss_that_is_made_anew_compiles_nothing():
    model, x, y = nn.Linear(3, 1), sd.ones(4, 3), sd.zeros(4, 1)
    compiled = sd.differentiable(lambda model, loss, x, y: loss(model(x), y))
    first = nn.MSELoss()
    means = [compiled.value_and_grad(model, loss, x, y)[0].item() for loss in (first, nn.MSELoss(), nn.MSELoss())]
    assert len(compiled.variants) == 1 and len(set(means)) == 1
    assert compiled(model, nn.MSELoss(reduction="sum"), x, y).item() == pytest.approx(4 * means[0])
    first.reduction = "sum"
    for loss, expected in ((first, 4.0), (nn.MSELoss(), 1.0), (first, 4.0), (nn.L1Loss(), None), (nn.MSELoss(), 1.0)):
        found = compiled.value_and_grad(model, loss, x, y)[0].item()
        assert expected is None or found == pytest.approx(expected * means[0])
