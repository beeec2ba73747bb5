"""What is called between epochs, and stopping early."""

import math

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn as nn
from tests.training_cases import curve, fitted, network, parameters


def sgd(model, lr=0.1):
    return sd.optim.SGD(model.parameters(), lr=lr)


def test_callbacks_see_each_epoch():
    model = network()
    optimizer, seen = sgd(model), []

    def note(state):
        assert (state.model, state.optimizer, state.epochs) == (model, optimizer, 3)
        assert state.history.loss[-1] == state.loss and state.history.epochs == state.epoch
        assert len(state.history.seconds) == state.epoch
        seen.append((state.epoch, state.loss, state.val_loss, state.metrics, state.lr))

    metrics = {"largest": lambda output, target: output.max()}
    history = fitted(model, optimizer, callbacks=note, validation_data=curve(5), metrics=metrics)
    assert [entry[0] for entry in seen] == [1, 2, 3]
    assert [entry[1] for entry in seen] == history.loss
    assert [entry[2] for entry in seen] == history.val_loss
    assert [entry[3] for entry in seen] == [{"largest": v} for v in history.metrics["largest"]]
    assert [entry[4] for entry in seen] == history.lr == [0.1] * 3
    fitted(model, optimizer, callbacks=[lambda state: seen.append(state.val_loss)])
    assert seen[3:] == [None] * 3


def test_objects_with_methods():
    class Log:
        def __init__(self):
            self.events = []

        def on_train_begin(self, state):
            self.events.append(("begin", state.epoch))

        def on_epoch_end(self, state):
            self.events.append(("epoch", state.epoch))

        def on_train_end(self, state):
            self.events.append(("end", state.history.stopped_early))

    log, model = Log(), network()
    fitted(model, sgd(model), epochs=2, callbacks=[log])
    assert log.events == [("begin", 0), ("epoch", 1), ("epoch", 2), ("end", False)]


def test_a_callback_stops():
    model = network()
    history = fitted(model, sgd(model), epochs=9, callbacks=lambda state: state.epoch == 2 and state.stop())
    assert (history.epochs, history.stopped_early) == (2, True)
    history = fitted(model, sgd(model), epochs=2, callbacks=lambda state: state.epoch == 2 and state.stop())
    assert (history.epochs, history.stopped_early) == (2, False)


def test_an_error_of_a_callback_passes():
    model = network()

    def fail(state):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fitted(model, sgd(model), callbacks=fail)


def test_metrics_are_of_all_rows_together():
    model = network()
    seen = []

    def spread(output, target):
        seen.append((output.shape, target.shape, output.requires_grad))
        return float(np.std(output.numpy()))

    history = fitted(model, sgd(model), epochs=1, validation_data=curve(10), metrics={"spread": spread})
    with sd.no_grad():
        whole = model(sd.tensor(curve(10)[0])).numpy()
    assert history.metrics["spread"] == [pytest.approx(np.std(whole), rel=1e-6)]
    assert seen == [((10, 1), (10, 1), False)]


def test_outputs_with_parts_are_put_together():
    class Parts(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 1)

        def forward(self, x):
            return self.layer(x), {"x": x}

    model = Parts()
    metrics = {"same": lambda output, target: np.array_equal(output[1]["x"].numpy(), curve(9)[0])}
    history = fitted(
        model, sgd(model), epochs=1, loss=lambda output, target: ((output[0] - target) ** 2).mean(),
        validation_data=curve(9), metrics=metrics,
    )  # fmt: skip
    assert history.metrics["same"] == [1.0]


# -- stopping early ----------------------------------------------------------------------------------------------------


class Course:
    """Validation losses as they are given: a model whose output is the next of them."""

    def __init__(self, values):
        self.values, self.weights = iter(values), []

    def fit(self, stopping, epochs=8):
        model = nn.Linear(2, 1)
        outer = self

        class Loss(nn.Module):
            def forward(self, output, target):
                if sd.is_grad_enabled():
                    return output.sum()
                outer.weights.append(model.weight.tolist())
                return sd.tensor(next(outer.values))

        history = fitted(
            model, sgd(model, 1e-3), epochs=epochs, batch_size=None, loss=Loss(), validation_data=curve(3),
            early_stopping=stopping,
        )  # fmt: skip
        return history, model.weight.tolist()


COURSES = {
    "patience 2": ([3.0, 2.0, 2.5, 2.25, 1.0], {"patience": 2}, 4, 2),
    "better in time": ([3.0, 2.0, 2.5, 1.5, 1.75, 2.0, 0.5], {"patience": 2}, 6, 4),
    "to the end": ([3.0, 2.0, 2.5], {"patience": 5}, 3, 2),
    "differences too small": ([3.0, 2.75, 2.5, 2.25], {"patience": 2, "min_delta": 0.5}, 3, 1),
    "from below": ([1.0, 2.0, 1.5, 1.75, 9.0], {"patience": 2, "mode": "max"}, 4, 2),
    "nan": ([3.0, math.nan, 2.0, math.nan, math.nan, 1.0], {"patience": 2}, 5, 3),
    "equal is not better": ([3.0, 3.0, 3.0], {"patience": 1}, 2, 1),
}


@pytest.mark.parametrize("name", COURSES)
def test_the_best_epoch_decides(name):
    values, options, epochs, best = COURSES[name]
    course, stopping = Course(values), sd.EarlyStopping(**options)
    history, weight = course.fit(stopping, len(values))
    assert history.epochs == epochs
    assert history.stopped_early == (epochs < len(values))
    assert (stopping.best_epoch, stopping.best) == (best, values[best - 1])
    assert weight == course.weights[best - 1] != course.weights[best]
    course = Course(values)
    _, weight = course.fit(sd.EarlyStopping(restore_best=False, **options), len(values))
    assert weight == course.weights[epochs - 1]


def test_a_number_stands_for_patience():
    assert Course([2.0, 3.0, 3.0, 3.0, 3.0]).fit(3)[0].epochs == 4


def test_all_nan_leaves_the_model():
    course = Course([math.nan] * 5)
    history, weight = course.fit(2, 5)
    assert (history.epochs, weight) == (2, course.weights[-1])


def test_without_validation_the_training_loss_decides():
    model = nn.Linear(2, 1)
    stopping = sd.EarlyStopping(1)
    history = fitted(model, sgd(model, 0.0), batch_size=None, early_stopping=stopping)
    assert (history.epochs, stopping.best) == (2, history.loss[0])


def test_one_object_serves_several_trainings():
    stopping = sd.EarlyStopping(2)
    for _ in range(2):
        assert Course([3.0, 2.0, 2.5, 2.5]).fit(stopping, 9)[0].epochs == 4


def test_a_metric_decides():
    model = network()
    values = iter([1.0, 2.0, 1.0, 1.0])
    stopping = sd.EarlyStopping(2, monitor="score", mode="max")
    history = fitted(
        model, sgd(model), epochs=9, early_stopping=stopping, validation_data=curve(),
        metrics={"score": lambda output, target: next(values)},
    )  # fmt: skip
    assert (history.epochs, stopping.best_epoch) == (4, 2)
    with pytest.raises(ValueError, match="there is no 'accuracy' to monitor\nhint: there are loss"):
        fitted(model, sgd(model), early_stopping=sd.EarlyStopping(monitor="accuracy"))


def test_arguments():
    for options, words in ({"min_delta": -1.0}, "is not negative"), ({"mode": "up"}, "mode is 'min'"):
        with pytest.raises(ValueError, match=words):
            sd.EarlyStopping(**options)
    with pytest.raises(TypeError, match=r"patience is a number of epochs, not 1\.5"):
        sd.EarlyStopping(1.5)
    assert "patience=5" in repr(sd.EarlyStopping(5))


def test_buffers_of_the_best_epoch_come_back():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    states = []
    stopping = sd.EarlyStopping(9, monitor="score")
    values = iter([2.0, 1.0, 3.0])
    fitted(
        model, sgd(model), early_stopping=stopping, validation_data=curve(),
        metrics={"score": lambda output, target: next(values)},
        callbacks=lambda state: states.append(parameters(model)),
    )  # fmt: skip
    assert parameters(model) == states[1] != states[2]
