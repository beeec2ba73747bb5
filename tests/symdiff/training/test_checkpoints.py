"""Saving a training, and going on with the bits of one that was never interrupted."""

import json

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn as nn
import symdiff.utils.data as data
from tests.training_cases import curve, fitted, network, parameters

SCHEDULES = {
    "none": lambda o: None,
    "steps": lambda o: sd.optim.lr_scheduler.StepLR(o, 2),
    "milestones": lambda o: sd.optim.lr_scheduler.MultiStepLR(o, [1, 3]),
    "cosine": lambda o: sd.optim.lr_scheduler.CosineAnnealingLR(o, 6),
    "function": lambda o: sd.optim.lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
    "plateau": lambda o: sd.optim.lr_scheduler.ReduceLROnPlateau(o, patience=0),
    "sequence": lambda o: sd.optim.lr_scheduler.SequentialLR(
        o, [sd.optim.lr_scheduler.ConstantLR(o), sd.optim.lr_scheduler.ExponentialLR(o, 0.9)], [2]
    ),
}


def made(dropout=0.2):
    sd.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(dropout), nn.Linear(4, 1))


class Interrupted(Exception):
    pass


def interrupt_after(epoch):
    def callback(state):
        if state.epoch == epoch + 1:
            raise Interrupted

    return callback


def course(path=None, resume=None, schedule="none", optimizer=None, model=None, **options):
    """A training and everything that it leaves."""
    model = (model or made)()
    optimizer = (optimizer or (lambda p: sd.optim.Adam(p, lr=0.05)))(model.parameters())
    options = {"epochs": 6, "checkpoint": path, "resume": resume, "validation_data": curve(5), **options}
    if resume is not None:
        sd.manual_seed(999)
    history = fitted(model, optimizer, scheduler=SCHEDULES[schedule](optimizer), **options)
    kept = [{k: np.asarray(v).tolist() for k, v in state.items()} for state in optimizer.state_dict()["state"].values()]
    columns = {k: v for k, v in history.to_dict().items() if k != "seconds"}
    return parameters(model), kept, columns, history.stopped_early, sd.rand(3).tolist()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_going_on_gives_the_bits_of_an_uninterrupted_training(tmp_path, schedule):
    path = tmp_path / "model.safetensors"
    expected = course(schedule=schedule)
    with pytest.raises(Interrupted):
        course(path, schedule=schedule, callbacks=interrupt_after(3))
    assert sd.load(path)["epoch"] == 3
    assert course(resume=path, schedule=schedule) == expected


@pytest.mark.parametrize("batch_size", [4, None])
def test_other_optimizers_and_orders(tmp_path, batch_size):
    path = tmp_path / "model.safetensors"
    options = {"optimizer": lambda p: sd.optim.SGD(p, lr=0.05, momentum=0.9), "batch_size": batch_size}
    expected = course(**options)
    with pytest.raises(Interrupted):
        course(path, callbacks=interrupt_after(2), **options)
    assert course(resume=path, **options) == expected


def test_native_trainings_go_on(tmp_path):
    path = tmp_path / "model.safetensors"
    options = {"native": True, "model": lambda: network(dropout=0.2), "schedule": "steps"}
    expected = course(**options)
    with pytest.raises(Interrupted):
        course(path, callbacks=interrupt_after(3), **options)
    assert course(resume=path, **options) == expected
    assert course(resume=path, **{**options, "native": False}) == expected


def test_early_stopping_goes_on(tmp_path):
    path = tmp_path / "model.safetensors"
    values = {1: 5.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0, 6: 0.0}

    def score():
        calls = []

        def metric(output, target):
            calls.append(1)
            return values[len(calls) + start[0]]

        return {"score": metric}

    start = [0]
    stopping = lambda: sd.EarlyStopping(3, monitor="score")
    expected = course(early_stopping=stopping(), metrics=score())
    assert expected[2]["score"] == [5.0, 1.0, 2.0, 3.0, 4.0] and expected[3]
    with pytest.raises(Interrupted):
        course(path, early_stopping=stopping(), metrics=score(), callbacks=interrupt_after(3))
    start[0] = 3
    assert course(resume=path, early_stopping=stopping(), metrics=score()) == expected


def test_a_finished_training_has_nothing_left(tmp_path):
    path = tmp_path / "model.safetensors"
    expected = course(path)
    assert course(resume=path) == expected
    longer = course(resume=path, epochs=8)
    assert longer == course(epochs=8)


def test_a_training_that_was_stopped_stays_stopped(tmp_path):
    path = tmp_path / "model.safetensors"
    expected = course(path, callbacks=lambda state: state.epoch == 2 and state.stop())
    assert expected[3] and expected[2]["epoch"] == [1, 2]
    assert course(resume=path) == expected


def test_generators_of_loaders_go_on(tmp_path):
    path = tmp_path / "model.safetensors"

    def run(**options):
        model = made()
        x, y = (sd.tensor(a) for a in curve())
        loader = data.DataLoader(
            data.TensorDataset(x, y), batch_size=4, shuffle=True, generator=sd.Generator().manual_seed(7)
        )
        optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
        history = sd.fit(model, nn.MSELoss(), loader, optimizer=optimizer, epochs=4, **options)
        return parameters(model), history.loss

    expected = run()
    with pytest.raises(Interrupted):
        run(checkpoint=path, callbacks=interrupt_after(2))
    assert run(resume=path) == expected
    with pytest.raises(ValueError, match="whose loader has other generators"):
        course(resume=path, validation_data=None)


def test_a_loss_with_a_state_goes_on(tmp_path):
    path = tmp_path / "model.safetensors"

    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", sd.zeros(1))

        def forward(self, output, target):
            self.calls = self.calls + 1.0
            return ((output - target) ** 2).mean() * self.calls.sum()

    expected = course(loss=Counting(), validation_data=None)
    with pytest.raises(Interrupted):
        course(path, loss=Counting(), validation_data=None, callbacks=interrupt_after(2))
    assert course(resume=path, loss=Counting(), validation_data=None) == expected


def test_callbacks_with_a_state_go_on(tmp_path):
    path = tmp_path / "model.safetensors"

    class Sum:
        total = 0.0

        def __call__(self, state):
            self.total += state.loss
            state.optimizer.param_groups[0]["lr"] = 0.1 / self.total

        def state_dict(self):
            return {"total": self.total}

        def load_state_dict(self, saved):
            self.total = saved["total"]

    expected = course(callbacks=[Sum(), sd.EarlyStopping(4)])
    with pytest.raises(Interrupted):
        course(path, callbacks=[Sum(), sd.EarlyStopping(4), interrupt_after(3)])
    assert course(resume=path, callbacks=[Sum(), sd.EarlyStopping(4)]) == expected


# -- files -------------------------------------------------------------------------------------------------------------


def saved_epochs(path, **options):
    """After which epochs the file was another one."""
    found = []

    def look(state):
        if path.exists() and sd.load(path)["epoch"] not in found:
            found.append(sd.load(path)["epoch"])

    class Watch:
        # the last file is seen when the training ends
        on_epoch_end = on_train_end = staticmethod(look)

    model = network()
    fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), callbacks=[Watch()], **options)
    return found


def test_when_it_saves(tmp_path):
    path = tmp_path / "model.safetensors"
    assert saved_epochs(path, epochs=5, checkpoint=sd.Checkpoint(path, every=2)) == [2, 4, 5]
    values = iter([3.0, 2.0, 2.5, 1.0, 4.0])
    path.unlink()
    best = sd.Checkpoint(path, best_only=True, monitor="score")
    options = {"validation_data": curve(), "metrics": {"score": lambda output, target: next(values)}}
    assert saved_epochs(path, epochs=5, checkpoint=best, **options) == [1, 2, 4]
    assert best.best == 1.0


def test_what_the_file_has(tmp_path):
    path = tmp_path / "model.safetensors"
    model = network()
    optimizer = sd.optim.Adam(model.parameters(), lr=0.1)
    history = fitted(model, optimizer, checkpoint=str(path), validation_data=curve())
    saved = sd.load(path)
    twin = network()
    twin.load_state_dict(saved["model"])
    assert parameters(twin) == parameters(model)
    sd.optim.Adam(twin.parameters()).load_state_dict(saved["optimizer"])
    assert saved["history"]["loss"].tolist() == history.loss
    assert saved["history"]["val_loss"].tolist() == history.val_loss
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        assert "model.0.weight" in json.loads(file.read(size))


def test_a_failing_save_leaves_the_file_before(tmp_path):
    path = tmp_path / "model.safetensors"

    class Odd(nn.Module):
        def state_dict(self, **options):
            return {"odd": object()}

        def forward(self, output, target):
            return ((output - target) ** 2).mean()

    model = network()
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1)
    fitted(model, optimizer, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(TypeError, match="cannot be saved"):
        fitted(model, optimizer, checkpoint=path, loss=Odd())
    assert path.read_bytes() == before


def test_only_what_fits_is_resumed(tmp_path):
    path = tmp_path / "model.safetensors"
    course(path, schedule="steps", early_stopping=3, epochs=1)
    for options, words in (
        ({"early_stopping": 3}, "the checkpoint has a scheduler, but this call has none"),
        ({"schedule": "steps"}, "the checkpoint has states of 1 callbacks, but 0 of this call have one"),
        ({"schedule": "steps", "early_stopping": 3, "validation_data": None}, "this call has no validation_data"),
        (
            {"schedule": "steps", "early_stopping": 3, "metrics": {"a": lambda output, target: 1.0}},
            "the metrics of the checkpoint are others: none",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            course(resume=path, **options)


def test_another_model_is_left_as_it_was(tmp_path):
    path = tmp_path / "model.safetensors"
    model = network()
    optimizer = sd.optim.Adam(model.parameters())
    fitted(model, optimizer, checkpoint=path)
    sd.manual_seed(1)
    other = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2))
    optimizer = sd.optim.Adam(other.parameters())
    before = parameters(other)
    with pytest.raises(RuntimeError, match=r"size mismatch for 2\.weight"):
        fitted(other, optimizer, resume=path)
    assert parameters(other) == before
    assert optimizer.state_dict()["state"] == {}
    fewer = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="parameter group that doesn't match the size"):
        fitted(fewer, sd.optim.Adam(fewer.parameters()), resume=path)


def changed(saved, change):
    """A file's contents, damaged in some way."""
    if change == "foreign":
        return saved["model"]
    if change == "version":
        saved["fit"] = 7
    elif change == "history":
        saved["history"] = {"loss": 3}
    elif change == "length of the history":
        saved["history"]["loss"] = saved["history"]["loss"][:-1]
    elif change == "random":
        saved["random"] = [1]
    elif change == "random state":
        saved["random"][0][:] = 255
    elif change == "optimizer":
        saved["optimizer"] = {}
    elif change == "shapes":
        saved["optimizer"]["state"][0]["momentum_buffer"] = sd.zeros(1)
    return saved


@pytest.mark.parametrize(
    "change",
    ["foreign", "version", "history", "length of the history", "random", "random state", "optimizer", "shapes", "cut"],
)
def test_damaged_files(tmp_path, change):
    path = tmp_path / "model.safetensors"
    model = network()
    optimizer = sd.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    fitted(model, optimizer, checkpoint=path)
    sd.save(changed(sd.load(path), change), path)
    if change == "cut":
        path.write_bytes(path.read_bytes()[:-3])
    fitted(model, optimizer, epochs=1)
    before, state, random = parameters(model), optimizer.state, sd.get_rng_state().tolist()
    with pytest.raises(sd.CheckpointFormatError):
        fitted(model, optimizer, resume=path)
    assert (parameters(model), sd.get_rng_state().tolist()) == (before, random)
    assert optimizer.state is state


def test_a_missing_directory_is_told_before_anything_is_trained(tmp_path):
    model = network()
    before = parameters(model)
    with pytest.raises(FileNotFoundError, match="no such directory for the checkpoint"):
        fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), checkpoint=tmp_path / "none" / "model.safetensors")
    assert parameters(model) == before


def test_arguments():
    with pytest.raises(ValueError, match="every is at least 1"):
        sd.Checkpoint("a", every=0)
    with pytest.raises(TypeError, match="every is a number of epochs, not 'b'"):
        sd.Checkpoint("a", "b")
    assert "every=2" in repr(sd.Checkpoint("a", every=2))
