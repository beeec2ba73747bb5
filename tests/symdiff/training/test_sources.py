"""Where batches come from: arrays, several inputs, data sets and loaders; and calls that are refused."""

# The table is data.
# ruff: noqa: E501

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn as nn
import symdiff.utils.data as data
from symdiff.training.sources import Batches, Plan, Rows, source_of
from tests.training_cases import curve, fitted, network, parameters

F4 = np.dtype(np.float32)
PLAN = Plan.of(4, True, False)


def trained(x, y=None, **options):
    model = network()
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    sd.manual_seed(9)
    sd.fit(model, nn.MSELoss(), x, y, optimizer=optimizer, epochs=2, batch_size=4, native=False, **options)
    return parameters(model)


def test_kinds_of_data_are_the_same_data():
    x, y = curve()
    expected = trained(x, y)
    wide = x.astype(np.float64), y.astype(np.float64)
    assert trained(*wide) == expected
    assert trained(x.tolist(), y.tolist()) == expected
    assert trained(sd.tensor(x), sd.tensor(y)) == expected
    assert trained(sd.tensor(wide[0]), sd.tensor(wide[1])) == expected
    pairs = data.TensorDataset(sd.tensor(x), sd.tensor(wide[1]))
    assert trained(pairs) == expected
    assert trained(data.Subset(pairs, range(11))) == expected
    assert trained(data.DataLoader(pairs, batch_size=4, shuffle=True)) == expected
    own = data.DataLoader(pairs, batch_size=4, shuffle=True, collate_fn=data.default_collate.__call__)
    assert trained(own) == expected


def test_data_frames_are_the_same_data():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    x, y = curve()
    frame = pandas.DataFrame(x.astype(np.float64), columns=["a", "b"])
    assert trained(frame, pandas.DataFrame({"y": y[:, 0]})) == trained(x, y)


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.layer = nn.Embedding(3, 2), nn.Linear(4, 1)

    def forward(self, x, k):
        return self.layer(sd.cat([x, self.table(k)], dim=1))


def test_models_of_several_inputs():
    x, y = curve()
    k = np.arange(11) % 3
    found = []
    for given in (((x, k), y), (data.TensorDataset(sd.tensor(x), sd.tensor(k), sd.tensor(y)), None)):
        sd.manual_seed(0)
        model = Two()
        sd.fit(model, nn.MSELoss(), *given, optimizer=sd.optim.Adam(model.parameters()), epochs=2, native=False)
        found.append(parameters(model))
    assert found[0] == found[1]


def test_which_loaders_are_rows():
    x, y = (sd.tensor(a) for a in curve())
    pairs = data.TensorDataset(x, y)

    def kind(**options):
        return type(source_of(data.DataLoader(pairs, **options), None, F4, PLAN))

    assert kind(batch_size=4) is kind(batch_size=4, shuffle=True) is kind(batch_size=4, drop_last=True) is Rows
    part = data.random_split(pairs, [0.5, 0.5], generator=sd.Generator())[0]
    source = source_of(data.DataLoader(data.Subset(part, [2, 0]), batch_size=2), None, F4, PLAN)
    assert source.target.tolist() == y.numpy()[[part.indices[2], part.indices[0]]].tolist()
    assert kind(batch_size=None) is Batches
    assert kind(batch_size=4, shuffle=True, generator=sd.Generator()) is Batches
    assert kind(batch_size=4, sampler=data.RandomSampler(pairs, replacement=True)) is Batches
    assert kind(batch_size=4, sampler=data.RandomSampler(pairs, num_samples=5)) is Batches
    assert kind(batch_size=4, sampler=data.SubsetRandomSampler([1, 2])) is Batches
    assert kind(batch_sampler=[[0, 1], [5]]) is Batches
    assert kind(batch_size=4, collate_fn=lambda batch: batch) is Batches
    grown = data.TensorDataset(x, y.clone().requires_grad_())
    assert type(source_of(data.DataLoader(grown, batch_size=4), None, F4, PLAN)) is Batches


def test_a_users_own_loader():
    x, y = curve()

    class Loader:
        def __iter__(self):
            return iter([(x[:8], y[:8]), (x[8:], y[8:])])

    model, twin = network(), network()
    history = sd.fit(model, nn.MSELoss(), Loader(), optimizer=sd.optim.SGD(model.parameters(), lr=0.1), epochs=2)
    expected = fitted(twin, sd.optim.SGD(twin.parameters(), lr=0.1), epochs=2, batch_size=8, shuffle=False)
    assert history.loss == expected.loss
    assert parameters(model) == parameters(twin)


def test_endless_names_of_batches():
    class Stream(data.IterableDataset):
        def __iter__(self):
            return iter([(np.array([k, 1.0]), np.array([1.0])) for k in range(5)])

    model = network()
    history = sd.fit(model, nn.MSELoss(), Stream(), optimizer=sd.optim.SGD(model.parameters(), lr=0.1), batch_size=2)
    assert history.epochs == 1


def test_rows_weigh_the_losses():
    source = source_of(np.zeros((3, 1)), np.array([[1.0], [1.0], [4.0]]), F4, Plan.of(2, False, False))
    model = nn.Linear(1, 1)
    model.load_state_dict({"weight": sd.zeros(1, 1), "bias": sd.zeros(1)})
    optimizer = sd.optim.SGD(model.parameters(), lr=0.0)
    history = sd.fit(
        model, nn.MSELoss(), source.inputs[0], source.target, optimizer=optimizer, batch_size=2, shuffle=False,
        native=False, validation_data=(source.inputs[0], source.target),
    )  # fmt: skip
    assert history.loss == history.val_loss == [(1.0 * 2 + 16.0) / 3]


# -- refusals ----------------------------------------------------------------------------------------------------------

X, Y = curve()
PAIRS = data.TensorDataset(sd.tensor(X), sd.tensor(Y))

REFUSED = {
    "lengths": ((X, Y[:5]), {}, ValueError, "x has 11 rows and y has 5"),
    "lengths of one input": (((X, X[:3]), Y), {}, ValueError, r"x\[1\] has 3 rows and y has 11"),
    "validation lengths": ((X, Y), {"validation_data": (X, Y[1:])}, ValueError, "validation x has 11 rows and validation y has 10"),
    "no inputs": (((), Y), {}, ValueError, "x is an empty tuple"),
    "empty": ((X[:0], Y[:0]), {}, ValueError, "x has no rows"),
    "no target": ((X,), {}, TypeError, "y is missing"),
    "target twice": ((PAIRS, Y), {}, TypeError, "x is a TensorDataset and has the targets"),
    "iterator": ((iter([1]),), {}, TypeError, "x is an iterator"),
    "not data": ((3,), {}, TypeError, "y is missing"),
    "batch size 0": ((X, Y), {"batch_size": 0}, ValueError, "batch_size is at least 1, not 0"),
    "batch size": ((X, Y), {"batch_size": 1.5}, TypeError, "batch_size is an integer or None, not 1.5"),
    "shuffle": ((X, Y), {"shuffle": "yes"}, TypeError, "shuffle is True, False or None"),
    "nothing left": ((X, Y), {"batch_size": 12, "drop_last": True}, ValueError, "drop_last leaves no batch of 12 rows: there are 11"),
    "epochs": ((X, Y), {"epochs": -1}, ValueError, "epochs is not negative, but -1 is"),
    "kind of epochs": ((X, Y), {"epochs": 2.0}, TypeError, "epochs is an integer, not 2.0"),
    "keyword": ((X, Y), {"epoch": 3}, TypeError, "unexpected keyword argument 'epoch'"),
    "validation": ((X, Y), {"validation_data": (X, Y, X)}, ValueError, "validation_data is .x, y., but has 3 parts"),
    "validation array": ((X, Y), {"validation_data": X}, TypeError, "validation y is missing"),
    "metrics alone": ((X, Y), {"metrics": {"a": abs}}, ValueError, "metrics are of the validation data, which is missing"),
    "metrics": ((X, Y), {"metrics": [abs], "validation_data": (X, Y)}, TypeError, "metrics is a dict of names"),
    "metric named": ((X, Y), {"metrics": {"loss": abs}, "validation_data": (X, Y)}, ValueError, "cannot be called 'loss'"),
    "metric": ((X, Y), {"metrics": {"a": lambda o, t: "x"}, "validation_data": (X, Y)}, TypeError, "the metric 'a' gave str"),
    "callbacks": ((X, Y), {"callbacks": 3}, TypeError, "callbacks is a list of callables, not int"),
    "callback": ((X, Y), {"callbacks": [3]}, TypeError, "a callback of type int cannot be called"),
    "callback class": ((X, Y), {"callbacks": [sd.EarlyStopping]}, TypeError, "the callback EarlyStopping is a class"),
    "checkpoint as a callback": ((X, Y), {"callbacks": [sd.Checkpoint("a")]}, TypeError, "a Checkpoint is no callback"),
    "tuple of numbers": (((1.0, 2.0), (2.0, 4.0)), {}, ValueError, "x.0. is a single number.*\nhint: .*use a list"),
    "patience": ((X, Y), {"early_stopping": 0}, ValueError, "patience is at least 1, not 0"),
    "early stopping": ((X, Y), {"early_stopping": True}, TypeError, "early_stopping is EarlyStopping"),
    "monitor": ((X, Y), {"early_stopping": sd.EarlyStopping(monitor="val_loss")}, ValueError, "no 'val_loss' to monitor\nhint: give validation_data"),
    "checkpoint": ((X, Y), {"checkpoint": 3}, TypeError, "checkpoint is a path"),
    "native": ((X, Y), {"native": "yes"}, ValueError, 'native is True, False or "auto"'),
    "scheduler": ((X, Y), {"scheduler": 3}, TypeError, "scheduler is one of optim.lr_scheduler, not int"),
    "resume": ((X, Y), {"resume": "/nowhere/at.all"}, OSError, "No such file"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    given, options, kind, words = REFUSED[name]
    model = network()
    before = parameters(model)
    optimizer = sd.optim.SGD(model.parameters(), lr=0.0)
    with pytest.raises(kind, match=words):
        sd.fit(model, nn.MSELoss(), *given, optimizer=optimizer, **{"native": False, **options})
    assert parameters(model) == before


def test_refusals_of_objects():
    model = network()
    optimizer, loss = sd.optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()
    with pytest.raises(TypeError, match="loss is the class MSELoss"):
        sd.fit(model, nn.MSELoss, X, Y, optimizer=optimizer)
    with pytest.raises(TypeError, match=r"model is an nn\.Module, not function"):
        sd.fit(lambda x: x, loss, X, Y, optimizer=optimizer)
    with pytest.raises(TypeError, match="but str is not callable"):
        sd.fit(model, "mse", X, Y, optimizer=optimizer)
    with pytest.raises(TypeError, match=r"optimizer is one of symdiff\.optim, not str"):
        sd.fit(model, loss, X, Y, optimizer="adam")
    with pytest.raises(ValueError, match="the optimizer has none of the model's parameters"):
        sd.fit(network(), loss, X, Y, optimizer=optimizer)
    other = sd.optim.lr_scheduler.StepLR(sd.optim.SGD(model.parameters(), lr=0.1), 1)
    with pytest.raises(ValueError, match="the scheduler belongs to another optimizer"):
        sd.fit(model, loss, X, Y, optimizer=optimizer, scheduler=other)
    with pytest.raises(TypeError, match="required keyword-only argument: 'optimizer'"):
        sd.fit(model, loss, X, Y)


def test_refusals_of_what_loaders_give():
    model = network()
    optimizer, loss = sd.optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()
    single = data.DataLoader(data.TensorDataset(sd.tensor(X)), batch_size=4)
    with pytest.raises(TypeError, match="the loader gives list, not a sequence of inputs and a target"):
        sd.fit(model, loss, single, optimizer=optimizer)
    with pytest.raises(ValueError, match="the loader gave no batch"):
        sd.fit(model, loss, data.DataLoader(PAIRS, batch_sampler=[]), optimizer=optimizer)
    with pytest.raises(ValueError, match="the validation data has no batch"):
        sd.fit(
            model,
            loss,
            PAIRS,
            optimizer=optimizer,
            native=False,
            validation_data=data.DataLoader(PAIRS, batch_sampler=[]),
        )
