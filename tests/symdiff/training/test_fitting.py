"""`fit` against loops written out, ours and PyTorch's; and when it runs what."""

import warnings

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn as nn
import symdiff.utils.data as data
from symdiff.training import fitting, native
from symdiff.training.eager import EagerLoop
from symdiff.training.engine import Refused
from tests.training_cases import curve, fitted, network, parameters, written_out

OPTIMIZERS = {
    "sgd": lambda optim, p: optim.SGD(p, lr=0.1),
    "momentum": lambda optim, p: optim.SGD(p, lr=0.1, momentum=0.9),
    "adam": lambda optim, p: optim.Adam(p, lr=0.02),
}
LOADERS = {
    "shuffled": {"batch_size": 4, "shuffle": True},
    "in order": {"batch_size": 4, "shuffle": False},
    "whole batches": {"batch_size": 4, "shuffle": True, "drop_last": True},
    "one batch": {"batch_size": 100, "shuffle": True},
}

# -- the same as written out -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_bits_are_those_of_the_loop_written_out(name, loader, native):
    models = [network(), network()]
    x, y = curve()
    optimizer = OPTIMIZERS[name](sd.optim, models[0].parameters())
    sd.manual_seed(5)
    expected = written_out(models[0], nn.MSELoss(), x, y, optimizer, 3, **LOADERS[loader])
    sd.manual_seed(5)
    optimizer = OPTIMIZERS[name](sd.optim, models[1].parameters())
    history = fitted(models[1], optimizer, native=native, **LOADERS[loader])
    assert history.native == native
    assert history.loss == expected
    assert parameters(models[1]) == parameters(models[0])


@pytest.mark.parametrize("native", [False, True])
def test_random_numbers_are_drawn_as_in_the_loop_written_out(native):
    models = [network(dropout=0.3), network(dropout=0.3)]
    x, y = curve()
    found = []
    for model, fit in zip(models, (False, True), strict=True):
        optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
        sd.manual_seed(1)
        if fit:
            fitted(model, optimizer, native=native)
        else:
            written_out(model, nn.MSELoss(), x, y, optimizer, 3, batch_size=4, shuffle=True)
        found.append((parameters(model), sd.rand(3).tolist()))
    assert found[0] == found[1]


def test_all_rows_at_once_draw_nothing():
    model, twin = network(), network()
    x, y = (sd.tensor(a) for a in curve())
    optimizer, loss = sd.optim.SGD(twin.parameters(), lr=0.1), nn.MSELoss()
    for _ in range(3):
        optimizer.zero_grad()
        loss(twin(x), y).backward()
        optimizer.step()
    sd.manual_seed(2)
    expected = sd.rand(2).tolist()
    sd.manual_seed(2)
    fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), batch_size=None)
    assert sd.rand(2).tolist() == expected
    assert parameters(model) == parameters(twin)


def test_shuffling_is_chosen_by_the_batch_size():
    orders = []
    for options in ({}, {"shuffle": True}, {"shuffle": False}):
        model = network()
        sd.manual_seed(4)
        orders.append(fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), **options).loss)
    assert orders[0] == orders[1] != orders[2]


# Losses of the epochs, and weights of the last layer, that PyTorch 2.13 gives; three epochs of momentum with dropout.
PYTORCH = {
    (True, 4): (
        [0.3354643800041892, 0.10895019397139549, 0.0825410011139783, 0.09112956154752862],
        [-0.4784863293170929, 0.4634602665901184, 0.05930311605334282, 0.5015237331390381],
    ),
    (False, 4): (
        [0.26140086352825165, 0.13824828240004453, 0.0739421820776029, 0.11155156926675276],
        [-0.5146559476852417, 0.36280930042266846, 0.3235550820827484, 0.12313451617956161],
    ),
    (True, 11): (
        [0.4029349386692047, 0.25642359256744385, 0.09360428154468536, 0.08951824903488159],
        [-0.3692752420902252, 0.2859329581260681, -0.26070377230644226, 0.20310156047344208],
    ),
}


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(("shuffle", "batch"), PYTORCH)
def test_numbers_are_those_that_pytorch_gave(shuffle, batch, native):
    losses, weights = PYTORCH[shuffle, batch]
    model = network(dropout=0.2)
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    history = fitted(model, optimizer, epochs=4, batch_size=batch, shuffle=shuffle, native=native)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-6)
    np.testing.assert_allclose(model[3].weight.detach().numpy()[0], weights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_losses_and_weights_are_those_of_pytorch(name, loader, native):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs, ours = network(torch), network()
    x, y = curve()
    optimizer = OPTIMIZERS[name](torch.optim, theirs.parameters())
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    expected = written_out(
        theirs, torch.nn.MSELoss(), x, y, optimizer, 5, lib=torch, d=torch.utils.data, scheduler=schedule,
        **LOADERS[loader],
    )  # fmt: skip
    optimizer = OPTIMIZERS[name](sd.optim, ours.parameters())
    schedule = sd.optim.lr_scheduler.StepLR(optimizer, 2)
    history = fitted(ours, optimizer, epochs=5, scheduler=schedule, native=native, **LOADERS[loader])
    np.testing.assert_allclose(history.loss, expected, rtol=1e-5)
    for a, b in zip(parameters(ours), parameters(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


VALIDATED = [0.1721878401003778, 0.12455893121659756, 0.13603216782212257]
"""Validation losses that PyTorch 2.13 gives."""


def validated(lib, d, fit):
    """Losses of a loader of validation data, which is shuffled too: it takes random numbers between the epochs."""
    model = network(lib, dropout=0.2)
    optimizer = lib.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    pairs = d.TensorDataset(*(lib.tensor(a) for a in curve()))
    first, second = d.random_split(pairs, [7, 4])
    train, valid = d.DataLoader(first, batch_size=3, shuffle=True), d.DataLoader(second, batch_size=3, shuffle=True)
    loss = lib.nn.MSELoss()
    if fit:
        history = sd.fit(model, loss, train, optimizer=optimizer, epochs=3, validation_data=valid, native=False)
        return history.val_loss
    found = []
    for _ in range(3):
        model.train()
        for x, y in train:
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
        model.eval()
        with lib.no_grad():
            found.append(sum(loss(model(x), y).item() * len(y) for x, y in valid) / len(second))
    return found


def test_loaders_of_validation_data_draw_their_numbers():
    found = validated(sd, data, True)
    assert found == validated(sd, data, False)
    np.testing.assert_allclose(found, VALIDATED, rtol=1e-6)


def test_loaders_of_validation_data_with_pytorch_beside():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    np.testing.assert_allclose(validated(torch, torch.utils.data, False), VALIDATED, rtol=1e-6)


@pytest.mark.parametrize("native", [False, True])
def test_classes_with_pytorch_beside(native):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 4))
    labels = (x[:, 0] > 0).astype(np.int32) + (x[:, 1] > 0)
    models = []
    for lib in (torch, sd):
        lib.manual_seed(0)
        # a bias before the normalisation would have no gradient but roundings, which Adam makes large
        first = (lib.nn.Linear(4, 8, bias=False), lib.nn.BatchNorm1d(8))
        models.append(lib.nn.Sequential(*first, lib.nn.ReLU(), lib.nn.Linear(8, 3)))
    theirs, ours = models
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.05)
    written_out(
        theirs, torch.nn.CrossEntropyLoss(), x.astype(np.float32), labels.astype(np.int64), optimizer, 6, lib=torch,
        d=torch.utils.data, batch_size=8, shuffle=True,
    )  # fmt: skip
    accuracy = {"accuracy": lambda output, target: (output.argmax(1) == target).float().mean()}
    history = sd.fit(
        ours, nn.CrossEntropyLoss(), x, labels, optimizer=sd.optim.Adam(ours.parameters(), lr=0.05), epochs=6,
        batch_size=8, validation_data=(x, labels), metrics=accuracy, native=native,
    )  # fmt: skip
    for a, b in zip(parameters(ours), parameters(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    theirs.eval()
    with torch.no_grad():
        output, target = theirs(torch.tensor(x, dtype=torch.float32)), torch.tensor(labels, dtype=torch.int64)
    assert history.metrics["accuracy"][-1] == pytest.approx((output.argmax(1) == target).float().mean().item())
    assert history.val_loss[-1] == pytest.approx(torch.nn.functional.cross_entropy(output, target).item(), rel=1e-4)


def test_a_schedule_steps_after_each_epoch():
    model, twin = network(), network()
    optimizers = [sd.optim.SGD(m.parameters(), lr=0.1) for m in (model, twin)]
    schedules = [sd.optim.lr_scheduler.ExponentialLR(optimizer, 0.5) for optimizer in optimizers]
    history = fitted(model, optimizers[0], scheduler=schedules[0])
    sd.manual_seed(3)
    network()
    written_out(twin, nn.MSELoss(), *curve(), optimizers[1], 3, batch_size=4, shuffle=True, scheduler=schedules[1])
    assert parameters(model) == parameters(twin)
    assert history.lr == [0.1, 0.05, 0.025]
    assert optimizers[0].param_groups[0]["lr"] == 0.0125


def test_a_plateau_follows_the_validation_loss():
    model = nn.Linear(2, 1)
    optimizer = sd.optim.SGD(model.parameters(), lr=0.0)
    schedule = sd.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, min_lr=0.0, eps=0.0)
    optimizer.param_groups[0]["lr"] = 1e-30
    history = fitted(model, optimizer, epochs=4, scheduler=schedule, validation_data=curve(5))
    assert history.val_loss == [history.val_loss[0]] * 4
    assert schedule.best == history.val_loss[0] != history.loss[0]
    assert history.lr == pytest.approx([1e-30, 1e-30, 1e-30, 1e-31])


# -- modes -------------------------------------------------------------------------------------------------------------


class Modes(nn.Module):
    """Notes the mode of each call."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 1)
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, self.inner.training, sd.is_grad_enabled()))
        return self.inner(x)


def test_modes_while_training_and_evaluating():
    model = Modes()
    model.inner.eval()
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    modes = []
    options = {"batch_size": 11, "callbacks": lambda state: modes.append(model.training)}
    fitted(model, optimizer, epochs=2, validation_data=curve(), **options)
    assert model.seen == [(True, True, True), (False, False, False)] * 2
    assert (model.training, model.inner.training, modes) == (True, False, [True, True])
    model.eval()
    with sd.no_grad():
        fitted(model, optimizer, epochs=1, batch_size=11)
        assert not sd.is_grad_enabled()
    assert model.seen[-1] == (True, True, True)
    assert not model.training


def test_an_error_of_the_model_is_the_models_and_modes_are_put_back():
    model = nn.Linear(3, 1)
    model.eval()
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied") as caught:
        fitted(model, sd.optim.SGD(model.parameters(), lr=0.1))
    [note] = caught.value.__notes__
    assert note.startswith("fit was given x of shape (11, 2) and dtype float32, y of shape (11, 1) and dtype float32;")
    assert not model.training


def test_targets_of_another_shape_give_the_warning_of_the_loss():
    model = network()
    x, y = curve()
    with pytest.warns(UserWarning, match="Using a target size"):
        sd.fit(model, nn.MSELoss(), x, y[:, 0], optimizer=sd.optim.SGD(model.parameters(), lr=0.1), native=False)


def test_a_loss_that_is_no_tensor():
    model = network()
    with pytest.raises(TypeError, match="the loss gave float, not a Tensor"):
        fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), loss=lambda output, target: 1.0)


def test_nan_is_a_number_like_others():
    model = network()
    x, y = curve()
    y[3] = np.nan
    history = sd.fit(model, nn.MSELoss(), x, y, optimizer=sd.optim.SGD(model.parameters(), lr=0.1), native=False)
    assert np.isnan(history.loss[0])


def test_no_epochs():
    model = network()
    before = parameters(model)
    history = fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), epochs=0, validation_data=curve())
    assert (history.epochs, history.loss, history.val_loss, parameters(model) == before) == (0, [], [], True)


# -- engines -----------------------------------------------------------------------------------------------------------


class Recorder:
    """An engine that notes what it is asked for."""

    native = True

    def __init__(self, draws=False):
        self.draws = draws
        self.orders = []

    def run(self, order, tick):
        self.orders.append(order)
        tick(2 * len(order))
        return np.arange(1.0, len(order) + 1)


def recorded(monkeypatch, engine, rows=8, **options):
    asked = []

    def compiled(*args):
        asked.append(args)
        return engine

    monkeypatch.setattr(native, "compiled", compiled)
    model = nn.Linear(2, 1)
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    x = np.arange(2.0 * rows).reshape(rows, 2)
    options = {"batch_size": 4, "epochs": 5, **options}
    sd.manual_seed(8)
    return sd.fit(model, nn.MSELoss(), x, x[:, :1], optimizer=optimizer, **options), asked


def test_a_native_engine_runs_many_epochs_at_once(monkeypatch):
    engine = Recorder()
    history, asked = recorded(monkeypatch, engine)
    sd.manual_seed(8)
    loader = data.DataLoader(data.TensorDataset(sd.arange(8)), batch_size=8, shuffle=True)
    expected = [next(iter(loader))[0].tolist() for _ in range(5)]
    assert [order.tolist() for order in engine.orders] == [expected]
    assert engine.orders[0].dtype == np.int64
    assert (history.loss, history.native, history.reason) == ([1.0, 2.0, 3.0, 4.0, 5.0], True, None)
    assert len(history.seconds) == len(history.lr) == 5
    [(_, _, _, inputs, target, batch_size, _)] = asked
    assert [a.dtype for a in (*inputs, target)] == [np.float32] * 2
    assert (batch_size, inputs[0].flags.c_contiguous, target.flags.c_contiguous) == (4, True, True)


def test_orders_are_bounded(monkeypatch):
    monkeypatch.setattr(fitting, "LARGEST_ORDER", 20)
    engine = Recorder()
    history, _ = recorded(monkeypatch, engine)
    assert [order.shape for order in engine.orders] == [(2, 8), (2, 8), (1, 8)]
    assert history.epochs == 5


@pytest.mark.parametrize(
    "options",
    [
        {"callbacks": [lambda state: None]},
        {"validation_data": (np.ones((2, 2)), np.ones((2, 1)))},
        {"early_stopping": 9},
        {"draws": True},
    ],
)
def test_one_epoch_at_a_time_where_something_is_between(monkeypatch, options):
    engine = Recorder(options.pop("draws", False))
    history, _ = recorded(monkeypatch, engine, **options)
    assert [order.shape for order in engine.orders] == [(1, 8)] * 5
    assert (history.epochs, len(history.seconds)) == (5, 5)


def test_what_drop_last_leaves(monkeypatch):
    engine = Recorder()
    recorded(monkeypatch, engine, rows=9, drop_last=True)
    assert engine.orders[0].shape == (5, 8)
    assert len({*engine.orders[0][0].tolist()}) == 8
    _, [asked] = recorded(monkeypatch, Recorder(), rows=3, batch_size=None)
    assert asked[-2] == 3


def test_a_loader_that_only_cuts_tensors_runs_natively_in_its_order(monkeypatch):
    x, y = (sd.tensor(a) for a in curve())
    loader = data.DataLoader(data.TensorDataset(x, y), batch_size=3, shuffle=True)
    engine = Recorder()
    monkeypatch.setattr(native, "compiled", lambda *args: engine)
    model = network()
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    sd.manual_seed(6)
    assert sd.fit(model, nn.MSELoss(), loader, optimizer=optimizer, epochs=2).native
    sd.manual_seed(6)
    expected = [np.concatenate([b.tolist() for _, b in loader]) for _ in range(2)]
    np.testing.assert_array_equal(y.numpy()[engine.orders[0]], expected)


def refuse(*args):
    raise Refused("the optimizer is of a kind that is not compiled")


def test_a_refusal_is_told(monkeypatch):
    monkeypatch.setattr(native, "compiled", refuse)
    model = network()
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    with pytest.warns(sd.SymdiffWarning, match="not as native code: the optimizer is of a kind") as caught:
        history = fitted(model, optimizer, native="auto")
    assert len(caught) == 1
    assert caught[0].filename.endswith("training_cases.py")
    assert (history.native, history.reason) == (False, "the optimizer is of a kind that is not compiled")
    with pytest.raises(sd.CompileError, match="the optimizer is of a kind that is not compiled"):
        fitted(model, optimizer, native=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = fitted(model, optimizer, native=False)
    assert (history.native, history.reason) == (False, "native=False was asked for")


def test_a_refusal_on_the_way_is_an_error():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    with pytest.raises(sd.CompileError, match="cannot run as native code: Expected more than 1 value per channel"):
        fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), batch_size=5, native=True)
    fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), batch_size=5, native=True, drop_last=True)


def test_loaders_run_step_by_step_without_a_warning():
    class Squares(data.Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, k):
            return np.array([k, 1.0]), np.array([k * k / 36])

    model, twin = nn.Linear(2, 1), nn.Linear(2, 1)
    twin.load_state_dict(model.state_dict())
    sd.manual_seed(0)
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    history = sd.fit(model, nn.MSELoss(), Squares(), optimizer=optimizer, epochs=2, batch_size=4)
    assert (history.native, history.epochs) == (False, 2)
    assert "loader" in history.reason
    k = np.arange(6, dtype=np.float32)
    sd.manual_seed(0)
    x, y = np.stack([k, np.ones_like(k)], 1), (np.arange(6.0) ** 2 / 36).astype(np.float32)[:, None]
    optimizer = sd.optim.SGD(twin.parameters(), lr=0.1)
    assert history.loss == written_out(twin, nn.MSELoss(), x, y, optimizer, 2, batch_size=4, shuffle=True)
    assert parameters(model) == parameters(twin)
    with pytest.raises(sd.CompileError, match="the batches come from a loader"):
        sd.fit(model, nn.MSELoss(), Squares(), optimizer=sd.optim.SGD(model.parameters(), lr=0.1), native=True)


def test_an_eager_loop_leaves_the_last_finished_step():
    model = network()
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    done = []

    def failing(output, target):
        if len(done) == 2:
            raise RuntimeError("enough")
        return ((output - target) ** 2).mean()

    class Ticks:
        def __call__(self, steps):
            done.append(parameters(model))

    x, y = curve()
    source = fitting.source_of(x, y, np.dtype(np.float32), fitting.Plan.of(4, False, False))
    with pytest.raises(RuntimeError, match="enough"):
        EagerLoop(model, failing, optimizer, source).run(np.arange(11)[None], Ticks())
    assert parameters(model) == done[-1] != done[0]
    assert optimizer.steps_taken == 2


def test_the_callers_of_fit_are_not_held_up_by_its_frames():
    with pytest.raises(sd.SymdiffError) as caught:
        sd.fit(None, None, None, optimizer=None)
    assert "fitting.py" not in [entry.path.name for entry in caught.traceback]
