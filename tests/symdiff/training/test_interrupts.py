"""Ctrl-C: the step that runs is finished, and nothing of another one is begun."""

import signal
import threading

import pytest

from symdiff.training.interrupts import Interrupts
from tests.scripts import run_file, script_file

HEADER = """
import symdiff.nn as nn
signal.signal(signal.SIGINT, signal.default_int_handler)
sd.manual_seed(0)
x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
y = x[:, :1] * 2
torch = sd

def made():
    sd.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1))
    return model, sd.optim.Adam(model.parameters(), lr=0.01)

def state(model, optimizer):
    kept = optimizer.state_dict()["state"]
    return ([t.tolist() for t in model.state_dict().values()],
            [{k: np.asarray(v).tolist() for k, v in entry.items()} for entry in kept.values()])

def steps_of(optimizer):
    return int(np.asarray(optimizer.state_dict()["state"][0]["step"]))

def twin(steps):
    model, optimizer = made()
    loss = nn.MSELoss()
    for k in range(steps):
        rows = slice(k % 8 * 8, k % 8 * 8 + 8)
        optimizer.zero_grad()
        loss(model(sd.tensor(x[rows])), sd.tensor(y[rows])).backward()
        optimizer.step()
    return state(model, optimizer)
"""


@pytest.mark.parametrize("native", [False, True])
def test_a_signal_leaves_the_last_finished_step(tmp_path, native):
    path = script_file(
        tmp_path,
        HEADER
        + """
for delay in (0.01, 0.013, 0.02, 0.037):
    model, optimizer = made()
    sd.fit(model, nn.MSELoss(), x, y, optimizer=optimizer, epochs=1, batch_size=8, shuffle=False, native=NATIVE)
    threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.perf_counter()
    try:
        sd.fit(model, nn.MSELoss(), x, y, optimizer=optimizer, epochs=10**6, batch_size=8, shuffle=False, native=NATIVE)
    except KeyboardInterrupt:
        assert time.perf_counter() - start < 5.0
        print("interrupted", state(model, optimizer) == twin(steps_of(optimizer)), model.training)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
""".replace("NATIVE", str(native)),
    )
    assert run_file(path).split("\n")[:4] == ["interrupted True True"] * 4


def test_a_second_signal_does_not_wait(tmp_path):
    path = script_file(
        tmp_path,
        HEADER
        + """
class Endless(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)
    def forward(self, x):
        print("in", flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        print("waits", flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            time.sleep(0.01)

model = Endless()
try:
    sd.fit(model, nn.MSELoss(), x, y, optimizer=sd.optim.SGD(model.parameters(), lr=0.1), native=False)
except KeyboardInterrupt:
    print("out")
""",
    )
    assert run_file(path).split() == ["in", "waits", "out"]


@pytest.fixture
def default_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_waits_within_a_step_only(default_handler):
    done = []

    def step(number):
        signal.raise_signal(signal.SIGINT)
        done.append(number)
        return 1.0

    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        interrupts.step(step, 1)
    assert done == [1]
    with pytest.raises(KeyboardInterrupt), Interrupts():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handlers_of_others_are_left_alone():
    own = lambda number, frame: None
    before = signal.signal(signal.SIGINT, own)
    try:
        with Interrupts() as interrupts:
            assert signal.getsignal(signal.SIGINT) is own
            assert interrupts.step(lambda: 2.0) == 2.0
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_no_handlers(default_handler):
    found = []

    def work():
        with Interrupts() as interrupts:
            found.append(interrupts.step(lambda: 3.0))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [3.0]
