"""Models that are alike are trained by one native loop; nothing of one is seen by another."""

import warnings

import numpy as np
import pytest

import symdiff as sd
from symdiff import nn
from symdiff.training import native, session

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(12, 2)).astype(np.float32)


@pytest.fixture
def compiled(monkeypatch):
    """How many steps were parsed, and loops compiled."""
    counts = {"step_of": 0, "unit_of": 0}

    def counted(name, before):
        def call(*args):
            counts[name] += 1
            return before(*args)

        return call

    for module, name in ((native, "step_of"), (session, "unit_of")):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    native._KEPT.clear()
    return counts


def fitted(model, loss=None, native=True, **options):
    sd.manual_seed(5)
    optimizer = sd.optim.Adam(model.parameters(), lr=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = sd.fit(
            model, loss or nn.MSELoss(), X, Y, optimizer=optimizer, batch_size=5, epochs=2, native=native, **options
        )
    return [history.loss, {name: t.tolist() for name, t in model.state_dict().items()}]


def both(make, loss=lambda model: nn.MSELoss(), native="auto", **options):
    """A training by one native loop, beside the loop step by step of an equal model."""
    found = []
    for choice in (False, native):
        model = make()
        found.append(fitted(model, loss(model), choice, **options))
    assert found[0] == found[1]


class Net(nn.Module):
    def __init__(self, seed, scale=1.0, times=1, width=3):
        sd.manual_seed(seed)
        super().__init__()
        self.a, self.norm, self.b = nn.Linear(3, width), nn.BatchNorm1d(width), nn.Linear(width, 2)
        self.scale, self.times, self.sizes = scale, times, [3, {"width": width}]
        self.register_buffer("calls", sd.zeros(1))

    def forward(self, x):
        for _ in range(self.times):
            x = sd.tanh(self.norm(self.a(x)) * self.scale)
        if self.training:
            with sd.no_grad():
                self.calls.add_(x.mean())
        return self.b(x) + self.calls


def layers(seed):
    sd.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))


def test_a_search_over_seeds_compiles_once(compiled):
    for seed in range(4):
        both(lambda seed=seed: Net(seed))
    assert compiled == {"step_of": 2, "unit_of": 2}  # whole batches, and the last one
    for seed in range(2):
        both(lambda seed=seed: layers(seed))
    assert compiled["step_of"] == 4


def test_numbers_are_those_of_each_model(compiled):
    for scale in (1.0, 0.5, 2.0):
        both(lambda scale=scale: Net(0, scale))
    assert compiled["step_of"] == 6  # a number may be told apart by a condition


@pytest.mark.parametrize("options", [{"times": 2}, {"width": 4}])
def test_what_differs_is_compiled_anew(compiled, options):
    both(lambda: Net(0))
    both(lambda: Net(0, **options))
    assert compiled["step_of"] == 4


def test_a_model_that_was_changed_later_does_not_change_others(compiled):
    first = Net(0)
    fitted(first)
    first.scale, first.times = 3.0, 2
    first.a.requires_grad_(False)
    both(lambda: Net(1))
    assert compiled["step_of"] == 2


def test_losses_of_one_code(compiled):
    def made(weight, model):
        def loss(output, target):
            return ((output - target) ** 2).mean() * weight + sum(p.abs().sum() for p in model.parameters())

        return loss

    other = Net(7)
    for seed, weight in enumerate((1.0, 2.0, 0.5)):
        both(lambda seed=seed: Net(seed), lambda model, weight=weight: made(weight, model))
    assert compiled["step_of"] == 2
    both(lambda: Net(0), lambda model: made(1.0, other))  # parameters of another model are no arguments
    assert compiled["step_of"] == 4
    fitted(other, made(1.0, other))
    both(lambda: Net(3), lambda model: made(1.0, model))


def test_the_model_that_a_loss_names_is_trained_later():
    """Where it is another model it is a constant, and where it is the one that is trained it is not."""
    named = {"model": Net(0)}

    def loss(output, target):
        return ((output - target) ** 2).mean() + (named["model"].a.weight ** 2).sum()

    for native_ in (False, True):
        named["model"] = Net(0)
        found = [fitted(Net(1), loss, native_), fitted(named["model"], loss, native_), fitted(Net(2), loss, native_)]
        if not native_:
            want = found
    assert found == want


def test_shared_weights_are_no_others(compiled):
    class Tied(nn.Module):
        def __init__(self, tied):
            sd.manual_seed(0)
            super().__init__()
            self.a, self.b, self.c = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 2)
            if tied:
                self.b.weight = self.a.weight

        def forward(self, x):
            return self.c(sd.tanh(self.b(sd.tanh(self.a(x)))))

    both(lambda: Tied(False))
    both(lambda: Tied(True))
    assert compiled["step_of"] == 4


def test_methods_as_losses(compiled):
    class Own(nn.Module):
        def __init__(self, seed):
            sd.manual_seed(seed)
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            return self.layer(x)

        def loss(self, output, target):
            return ((output - target) ** 2).mean() + (self.layer.weight**2).sum()

    for seed in range(3):
        both(lambda seed=seed: Own(seed), lambda model: model.loss)
    assert compiled["step_of"] == 2


def test_losses_that_are_modules(compiled):
    class Weighted(nn.Module):
        def __init__(self, weights):
            super().__init__()
            self.log = nn.Parameter(sd.zeros(1))
            self.register_buffer("weights", sd.tensor(weights))

        def forward(self, output, target):
            return ((output - target) ** 2 * self.weights * sd.exp(-self.log) + self.log).mean()

    for seed, weights in enumerate(([1.0, 2.0], [0.5, 1.0])):
        both(lambda seed=seed: Net(seed), lambda model, weights=weights: Weighted(weights))
    assert compiled["step_of"] == 2


def test_a_model_is_not_kept_when_another_like_it_was_trained():
    import gc
    import weakref

    first = Net(0)
    fitted(first)
    held = weakref.ref(first)
    del first
    fitted(Net(1))
    gc.collect()
    assert held() is None
