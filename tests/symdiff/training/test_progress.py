"""The bar: in a pipe and in a terminal, and how often it is drawn."""

import os
import re
import struct
import sys
import time

import pytest

import symdiff as sd
import symdiff.nn as nn
from symdiff.training.callbacks import State
from symdiff.training.history import History
from symdiff.training.progress import Progress
from tests.training_cases import curve, fitted, network


def lines(text):
    return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


def shown(capfd, **options):
    model = network()
    history = fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), progress=True, **options)
    captured = capfd.readouterr()
    assert captured.out == ""
    return history, lines(captured.err)


def test_the_last_line_has_the_last_numbers(capfd):
    history, found = shown(capfd, epochs=3, validation_data=curve(5), metrics={"one": lambda output, target: 1})
    assert found[0].startswith("epoch 0/3   0%|")
    assert found[-1].startswith("epoch 3/3 100%|")
    assert f"loss={history.loss[-1]:.4g}, val_loss={history.val_loss[-1]:.4g}, one=1" in found[-1]


def test_no_epochs(capfd):
    _, found = shown(capfd, epochs=0)
    assert found[-1].startswith("epoch 0/0")


def test_a_training_that_ends_early(capfd):
    _, found = shown(capfd, epochs=10, callbacks=lambda state: state.epoch == 4 and state.stop())
    assert found[-1].startswith("epoch 4/10  40%|")


def test_going_on(capfd, tmp_path):
    path = tmp_path / "model.safetensors"
    shown(capfd, epochs=2, checkpoint=path)
    _, found = shown(capfd, epochs=4, resume=path)
    assert found[0].startswith("epoch 2/4  50%|")
    assert found[-1].startswith("epoch 4/4 100%|")


def test_an_error_leaves_the_bar_at_its_place(capfd):
    def fail(state):
        raise LookupError

    with pytest.raises(LookupError):
        shown(capfd, epochs=4, callbacks=fail)
    assert capfd.readouterr().err.endswith("\n")


def test_loaders_of_unknown_length(capfd):
    class Loader:
        def __iter__(self):
            x, y = curve()
            return iter([(x, y)] * 3)

    model = network()
    sd.fit(model, nn.MSELoss(), Loader(), optimizer=sd.optim.SGD(model.parameters(), lr=0.1), epochs=2, progress=True)
    found = lines(capfd.readouterr().err)
    assert found[-1].startswith("epoch 2/2 100%|") and "epoch/s" in found[-1]


def test_it_is_drawn_ten_times_a_second_at_most(capfd, monkeypatch):
    clock = [time.time()]
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])
    state = State(None, None, History(), epochs=100)
    bar = Progress(100, 10, 0)
    for epoch in range(1, 101):
        for _ in range(10):
            clock[0] += 0.005
            bar.tick(1)
        state.epoch, state.loss = epoch, 1.0
        bar.epoch_end(state)
    bar.close()
    # five seconds, the first line and the last
    assert 40 <= len(lines(capfd.readouterr().err)) <= 52


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [0, 60, 120])
def test_in_a_terminal(monkeypatch, columns):
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    main, other = os.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with open(other, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        model = network()
        fitted(model, sd.optim.SGD(model.parameters(), lr=0.1), progress=True, epochs=2)
        terminal.flush()
        text = ""
        while "\n" not in text:
            text += os.read(main, 100_000).decode()
    os.close(main)
    assert "epoch 2/2 100%|" in text
    assert max(map(len, lines(text))) <= (columns or 80)
