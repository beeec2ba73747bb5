"""What a native step relies on, and when it is made anew."""

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn.functional as F
from symdiff import nn
from symdiff.training import native, session

X = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)


class Repeated(nn.Module):
    """An int chooses what is computed, a float is a number."""

    def __init__(self):
        super().__init__()
        self.layer, self.times, self.scale = nn.Linear(3, 1), 1, 0.5

    def forward(self, x):
        h = self.layer(x)
        if self.times == 0:
            h = F.dropout(h)
        for _ in range(self.times):
            h = h * self.scale
        return h


@pytest.fixture
def made(monkeypatch):
    """How many steps were read, and how many loops compiled."""
    counts = {"steps": 0, "units": 0}

    def counting(module, name, key):
        before = getattr(module, name)

        def call(*args):
            counts[key] += 1
            return before(*args)

        monkeypatch.setattr(module, name, call)

    counting(native, "step_of", "steps")
    counting(session, "unit_of", "units")
    return counts


def trained(model, loss=None, **options):
    sd.manual_seed(1)
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    options = {"epochs": 2, "batch_size": 5, "native": True, **options}
    sd.fit(model, loss or nn.MSELoss(), X, Y, optimizer=optimizer, **options)
    return [p.detach().numpy().copy() for p in model.parameters()]


def test_options_that_change_between_trainings_are_seen():
    found = {}
    for choice in (True, False):
        sd.manual_seed(0)
        model = Repeated()
        found[choice] = [trained(model, native=choice)]
        model.times, model.scale = 3, 0.75
        found[choice].append(trained(model, native=choice))
    for one, other in zip(found[True], found[False], strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_second_training_of_a_model_compiles_nothing(made):
    model = nn.Linear(3, 1)
    trained(model)
    before = dict(made)
    assert before == {"steps": 1, "units": 1}
    trained(model, nn.MSELoss(), epochs=5)
    assert made == before
    trained(model, nn.MSELoss(reduction="sum"))
    assert made == {"steps": 2, "units": 2}


def test_what_only_a_smaller_last_batch_refuses_is_refused_before_the_first_step():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    before = [p.detach().numpy().copy() for p in model.parameters()]
    with pytest.raises(sd.SymdiffError, match="more than 1 value per channel"):
        trained(model, batch_size=3)
    assert all(np.array_equal(p.detach().numpy(), q) for p, q in zip(model.parameters(), before, strict=True))
    trained(model, batch_size=3, drop_last=True)


class Overwritten(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.other = nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, x):
        y = self.other(x)
        y.zero_()
        return self.used(x) + y


def test_what_is_replaced_in_place_has_a_gradient_of_zeros():
    """So weight decay goes on, as in PyTorch; native code would leave such parameters alone."""
    model = Overwritten()
    with pytest.raises(sd.SymdiffError, match="replacing all elements"):
        trained(model)
    before = model.other.weight.detach().numpy().copy()
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.5)
    with pytest.warns(sd.SymdiffWarning, match="replacing all elements"):
        history = sd.fit(model, nn.MSELoss(), X, Y, optimizer=optimizer, epochs=1, batch_size=None)
    assert history.native is False
    np.testing.assert_allclose(model.other.weight.detach().numpy(), before * 0.95, rtol=1e-6)
