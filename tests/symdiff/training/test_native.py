"""Training in one native loop leaves what the loop step by step leaves, bit by bit."""

import warnings

import numpy as np
import pytest

import symdiff as sd
from symdiff import nn

X = np.random.default_rng(0).normal(size=(19, 4)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(19, 2)).astype(np.float32)
DECAY = {"lr": 0.1, "weight_decay": 0.5}


@pytest.fixture(autouse=True)
def _unoptimised(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def trained(native, make, loss, optimizer, before=None, fits=1, **options):
    """Everything that some trainings leave, and whether they were native."""
    sd.manual_seed(0)
    model = make()
    opt = optimizer(model)
    left, found = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(fits):
            if before is not None:
                before(model, k)
            chosen = {"epochs": 2, "batch_size": 8, **options}
            history = sd.fit(model, loss, X, Y, optimizer=opt, native=native, **chosen)
            left += [history.loss, {name: t.detach().numpy().tolist() for name, t in model.state_dict().items()}]
            found.append(history.native)
    state = opt.state_dict()
    state["state"] = dict(sorted(state["state"].items()))  # else in the order of the first steps
    return [*left, repr(state), sd.rand(2).tolist()], found


def same(make, loss=None, optimizer=None, *, native=True, **options):
    """Check that both ways leave the same."""
    loss = loss or nn.MSELoss()
    optimizer = optimizer or (lambda m: sd.optim.SGD(m.parameters(), **DECAY))
    want, _ = trained(False, make, loss, optimizer, **options)
    got, found = trained("auto", make, loss, optimizer, **options)
    assert got == want
    assert found[-1] is native


class Pair(nn.Module):
    def __init__(self, join):
        super().__init__()
        self.a, self.u, self.join = nn.Linear(4, 2), nn.Linear(4, 2), join

    def forward(self, x):
        return self.join(self.a(x), self.u(x))


def no_gradient(a, u):
    with sd.no_grad():
        more = u * 2
    return a + more


def in_condition(a, u):
    if u.mean() > 0:
        a = a * 2
    return a


def in_branch(a, u):
    if a.mean() > 0:
        a = a + u
    return a


def in_loop(a, u):
    while a.abs().mean() > 1e6:
        a = a * u
    return a


def in_every_trip(a, u):
    for k in range(3):
        a = a + u * k
    return a


@pytest.mark.parametrize(
    ("join", "native"),
    [
        (lambda a, u: a, True),
        (lambda a, u: a + 0 * u, True),
        (lambda a, u: a + u.detach(), True),
        (lambda a, u: a * (u > 0), True),
        (lambda a, u: a * u.mean().item(), True),
        (no_gradient, True),
        (in_condition, True),
        (in_every_trip, True),
        (in_branch, True),
        (in_loop, True),
        (lambda a, u: a if a.mean() > 0 else u, True),
        (lambda a, u: a if a.mean() > 0 else u.detach(), False),
    ],
)
def test_parameters_without_gradient_are_left_alone(join, native):
    if native:
        same(lambda: Pair(join), native=native)
        return
    with pytest.raises(sd.CompileError, match="the loss may depend on no parameter at all for some batches"):
        trained(True, lambda: Pair(join), nn.MSELoss(), lambda m: sd.optim.SGD(m.parameters(), **DECAY))


def nested(a, u):
    for k in range(4):
        if a[k].mean() > 0:
            if a[k, 0] > 0.3:
                a = a + 0.1 * u
            else:
                continue
        elif a[k, 1] > 1.0:
            break
    return a


def in_while(a, u):
    count = 0
    while a.abs().mean() > 0.5 and count < 3:
        a = 0.5 * a
        if a[0, 0] > 0:
            a = a + 0.1 * u
        count += 1
    return a


def by_turns(a, u):
    more = a.detach()
    for k in range(3):
        a, more = (more, a) if a[0, k - 2] > 0 else (a + more, u)
    return a + more


@pytest.mark.parametrize("join", [in_branch, nested, in_while, by_turns, lambda a, u: a if a[0, 0] > 0 else u])
@pytest.mark.parametrize(
    "make",
    [
        lambda m: sd.optim.Adam(m.parameters(), lr=0.1, weight_decay=0.1, amsgrad=True),
        lambda m: sd.optim.SGD(m.parameters(), lr=0.1, momentum=0.9, dampening=0.1),
        lambda m: sd.optim.RMSprop([{"params": m.a.parameters()}, {"params": m.u.parameters(), "lr": 0.01}], lr=0.1),
    ],
)
def test_parameters_that_some_batches_lead_to_are_stepped_by_those(join, make):
    same(lambda: Pair(join), optimizer=make, fits=2, batch_size=5)


class Weighted:
    def __init__(self):
        self.weight, self.shift = 1.0, sd.zeros(2)

    def __call__(self, output, target):
        return ((output - target - self.shift) ** 2).mean() * self.weight


def test_a_loss_that_was_changed_is_read_anew():
    loss = Weighted()

    def change(model, k):
        loss.weight, loss.shift = 1.0 + k, sd.ones(2) * k

    same(lambda: nn.Linear(4, 2), loss, before=change, fits=3)


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.scale, self.times, self.options = nn.Linear(4, 2), 1.0, 1, {"shift": [0.5]}

    def forward(self, x):
        for _ in range(self.times):
            x = x * self.scale
        return self.layer(x) + self.options["shift"][0]


def test_attributes_that_were_changed_are_read_anew():
    def change(model, k):
        model.scale, model.times, model.options["shift"][0] = 1.0 + k, 1 + k, 0.5 * k

    same(Scaled, before=change, fits=3)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.model[0].requires_grad_(state.epoch % 2 == 0),
        lambda state: state.optimizer.param_groups[0]["params"].reverse(),
        lambda state: state.optimizer.param_groups[0]["params"].pop(),
        lambda state: state.optimizer.param_groups[0].update(lr=0.02, momentum=0.5),
        lambda state: setattr(state.model, "1", nn.ReLU()),
    ],
)
def test_callbacks_may_change_what_is_trained(change):
    def make():
        return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))

    same(make, optimizer=lambda m: sd.optim.SGD(list(m.parameters()), lr=0.1), callbacks=change, epochs=4)


def test_a_last_batch_that_is_too_small_fails_after_the_others():
    def run(native):
        sd.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
        opt = sd.optim.SGD(model.parameters(), lr=0.1)
        with warnings.catch_warnings(), pytest.raises(ValueError, match="more than 1 value per channel"):
            warnings.simplefilter("ignore")
            sd.fit(model, nn.MSELoss(), X, Y, optimizer=opt, batch_size=9, native=native)
        return [t.detach().numpy().tolist() for t in model.state_dict().values()]

    assert run("auto") == run(False)


class Noisy(nn.Module):
    def __init__(self, noise):
        super().__init__()
        self.layer, self.noise = nn.Linear(4, 2), noise

    def forward(self, x):
        if self.training:
            x = x + self.noise(x)
        return self.layer(x)


@pytest.mark.parametrize(
    ("noise", "native"),
    [
        (lambda x: 0.1 * sd.randn_like(x), True),
        (lambda x: sd.rand(x.shape) + sd.randint(0, 3, (4,)), True),
        (lambda x: sd.empty_like(x).normal_(0.0, 0.1), True),
        (lambda x: sd.normal(0.0, 0.1, (4,)) * (sd.rand(4) < 0.5).float(), True),
        (lambda x: x[sd.randperm(len(x))], True),
        (lambda x: sd.randn_like(x.t()).t(), False),  # drawn in the order of the memory
        (lambda x: sd.zeros(2, 4).t().normal_().sum() + x * 0, False),
        (lambda x: sum(sd.rand(4) * k for k in range(x.shape[1] - 2)), True),
    ],
)
def test_random_numbers_of_a_step(noise, native):
    same(lambda: Noisy(noise), native=native)


class Running(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)
        self.register_buffer("mean", sd.zeros(4))

    def forward(self, x):
        if self.training:
            with sd.no_grad():
                self.mean.mul_(0.9).add_(x.mean(0), alpha=0.1)
        return self.layer(x - self.mean)


def test_buffers_that_are_stored_into_without_gradient():
    same(Running)


def test_probabilities_are_checked_whenever_it_runs():
    def make():
        return nn.Sequential(nn.Linear(4, 2), nn.Sigmoid())

    same(make, lambda output, target: nn.functional.binary_cross_entropy(output, (target > 0).float()))
    model = nn.Linear(4, 2)
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RuntimeError, match="all elements of input should be between 0 and 1"):
        sd.fit(model, nn.BCELoss(), X, (Y > 0) * 1.0, optimizer=optimizer, native=True)
