"""What a loss reads besides its arguments is read as the loop step by step reads it."""

import numpy as np
import pytest

import symdiff as sd
from symdiff import nn

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(12, 1)).astype(np.float32)


def square(output, target):
    return ((output - target) ** 2).mean()


class Penalised:
    def __init__(self, weight):
        self.weight = weight

    def __call__(self, output, target):
        return square(output, target) + (self.weight**2).sum()


def own(model):
    s = nn.Parameter(sd.zeros(1))
    return lambda o, y: (sd.exp(-s) * (o - y) ** 2 + s).mean(), [s]


def detached(model):
    w = model.weight.detach()
    return lambda o, y: square(o, y) * (1 + w.abs().sum()), []


def of_state(model):
    state = model.state_dict()
    return lambda o, y: square(o, y) * (1 + state["weight"].abs().sum()), []


def as_array(model):
    b = model.bias.detach().numpy()
    return lambda o, y: square(o, y) * float(2 + b[0]), []


def in_a_graph(model):
    row = model.weight[0]
    return lambda o, y: square(o, y) + row.detach().abs().sum(), []


def as_they_were(model):
    before = [p.detach().clone() for p in model.parameters()]

    def loss(o, y):
        moved = zip(model.parameters(), before, strict=True)
        return square(o, y) + sum(((p - q) ** 2).sum() for p, q in moved)

    return loss, []


def trained(native, make):
    sd.manual_seed(0)
    model = nn.Linear(3, 1)
    loss, more = make(model)
    optimizer = sd.optim.SGD([*model.parameters(), *more], lr=0.05)
    history = sd.fit(model, loss, X, Y, optimizer=optimizer, epochs=2, batch_size=5, native=native)
    return [history.loss, [p.tolist() for p in [*model.parameters(), *more]]], history.reason


MEMORY = "a parameter or buffer shares its memory with "


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (own, None),
        (as_they_were, None),
        (lambda model: (Penalised(model.weight), []), None),
        (detached, MEMORY + "another tensor that is read"),
        (of_state, MEMORY + "another tensor that is read"),
        (as_array, MEMORY + "an array that is read"),
        (in_a_graph, "the loss reads a tensor that is part of a graph already"),
    ],
)
@pytest.mark.filterwarnings("ignore::symdiff.errors.SymdiffWarning")
def test_what_a_loss_reads_from_outside(make, reason):
    want, _ = trained(False, make)
    got, found = trained("auto", make)
    assert got == want
    assert found == reason


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)
        self.register_buffer("also", self.layer.bias.data)

    def forward(self, x):
        return self.layer(x) + self.also


@pytest.mark.filterwarnings("ignore::symdiff.errors.SymdiffWarning")
def test_a_buffer_in_the_memory_of_a_parameter():
    found = []
    for native in (False, "auto"):
        sd.manual_seed(0)
        model = Shared()
        optimizer = sd.optim.SGD(model.parameters(), lr=0.05)
        history = sd.fit(model, square, X, Y, optimizer=optimizer, batch_size=5, native=native)
        found.append([history.loss, model.also.tolist()])
    assert found[0] == found[1]


def test_memory_that_is_shared_only_later_is_seen():
    sd.manual_seed(0)
    model, held = nn.Linear(3, 1), {"weight": sd.zeros(1, 3)}

    def loss(output, target):
        return square(output, target) + held["weight"].sum()

    def share(state):
        if state.epoch == 1:
            held["weight"] = model.weight.data

    optimizer = sd.optim.SGD(model.parameters(), lr=0.05)
    with pytest.warns(sd.SymdiffWarning, match="shares its memory"):
        history = sd.fit(model, loss, X, Y, optimizer=optimizer, batch_size=5, epochs=2, callbacks=share)
    assert not history.native


@pytest.mark.parametrize("native", [False, "auto"])
def test_parameters_under_other_names_may_change(native):
    sd.manual_seed(0)
    model, held = nn.Linear(3, 1), {"w": sd.ones(1, 3)}
    start = model.weight.detach().numpy()[0].copy(), model.bias.item()

    def change(state):
        held["w"] = model.weight if state.epoch == 1 else sd.ones(1, 3)

    def loss(output, target):
        return square(output, target) + held["w"].abs().sum()

    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    history = sd.fit(model, loss, X, Y, optimizer=optimizer, epochs=3, native=native, callbacks=change)
    assert history.native is (native == "auto")
    weight, bias, w = start[0].astype(float), start[1], np.ones(3)
    for epoch in range(3):
        error = X @ weight[:, None] + bias - Y
        assert history.loss[epoch] == pytest.approx((error**2).mean() + abs(weight if epoch == 1 else w).sum(), 1e-5)
        slope = 2 * (error * X).mean(0) + (np.sign(weight) if epoch == 1 else 0.0)
        weight, bias = weight - 0.1 * slope, bias - 0.2 * error.mean()
