"""Networks trained for a hundred steps with PyTorch beside them: optimisers, schedules, clipping and the data's order.

Run as a program, this prints the worst difference from PyTorch of each row.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff
import symdiff.nn
import symdiff.optim
import symdiff.utils.data

Make = Callable[[Any, Any], Any]

TOLERANCES = {"float32": 1e-5, "float64": 1e-12}

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.02, "momentum": 0.9}),
    ("SGD", {"lr": 0.02, "momentum": 0.8, "dampening": 0.4}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.02, "momentum": 0.8, "nesterov": True}),
    ("SGD", {"lr": 0.02, "momentum": 0.8, "weight_decay": 0.02, "maximize": True}),
    ("Adam", {"lr": 0.005}),
    ("Adam", {"lr": 0.005, "betas": (0.8, 0.95), "eps": 1e-4}),
    ("Adam", {"lr": 0.005, "amsgrad": True}),
    ("Adam", {"lr": 0.005, "weight_decay": 0.05, "maximize": True}),
    ("AdamW", {"lr": 0.005}),
    ("AdamW", {"lr": 0.005, "betas": (0.7, 0.9), "eps": 1e-5, "weight_decay": 0.3, "amsgrad": True}),
    ("AdamW", {"lr": 0.005, "maximize": True}),
    ("RMSprop", {"lr": 0.002}),
    ("RMSprop", {"lr": 0.002, "alpha": 0.9, "eps": 1e-4, "weight_decay": 0.02}),
    ("RMSprop", {"lr": 0.001, "momentum": 0.7, "centered": True, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.02}),
    ("Adagrad", {"lr": 0.02, "lr_decay": 0.01, "weight_decay": 0.02, "initial_accumulator_value": 0.1}),
]

SCHEDULES: dict[str, Make] = {
    "StepLR": lambda s, o: s.StepLR(o, 30, gamma=0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [20, 70], gamma=0.3),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.98),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 100, eta_min=1e-3),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.2, total_iters=40),
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda k: 1.0 / (1.0 + 0.05 * k)),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.1, total_steps=100),
    "ReduceLROnPlateau": lambda s, o: s.ReduceLROnPlateau(o, patience=3, factor=0.7, threshold=0.05),
}

CLIPPINGS: dict[str, Callable[[Any, Any], Any]] = {
    "the norm": lambda utils, p: utils.clip_grad_norm_(p, 0.3),
    "the largest": lambda utils, p: utils.clip_grad_norm_(p, 0.1, norm_type=float("inf")),
    "values": lambda utils, p: utils.clip_grad_value_(p, 0.05),
}


def mlp(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 1))


def cnn(nn: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 2), nn.Flatten(), nn.Linear(8, 3)
    )


def data_of(network: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    if network is mlp:
        x = rng.normal(size=(16, 3))
        return x, np.sin(x.sum(1, keepdims=True))
    return rng.normal(size=(8, 1, 6, 6)), rng.integers(0, 3, 8)


def hundred_steps(
    lib: Any, network: Any, dtype: str, optimizer: Make, schedule: Make | None = None, clip: Any = None
) -> list[Any]:
    """The losses of a hundred steps, and the parameters after them."""
    rng, kind = np.random.default_rng(3), getattr(lib, dtype)
    x, y = data_of(network, rng)
    inputs = lib.tensor(x, dtype=kind)
    targets = lib.tensor(y, dtype=kind) if network is mlp else lib.tensor(y)
    criterion = lib.nn.MSELoss() if network is mlp else lib.nn.CrossEntropyLoss()
    model = network(lib.nn).to(kind)
    with lib.no_grad():
        for p in model.parameters():
            p.copy_(lib.tensor(rng.normal(size=tuple(p.shape)) * 0.5, dtype=kind))
    o = optimizer(lib.optim, model)
    s = schedule(lib.optim.lr_scheduler, o) if schedule else None
    losses = []
    for _ in range(100):
        o.zero_grad()
        loss = criterion(model(inputs), targets)
        (-loss if o.param_groups[0].get("maximize") else loss).backward()
        if clip:
            clip(lib.nn.utils, model.parameters())
        o.step()
        losses.append(loss.item())
        if s:
            s.step(*([loss] if type(s).__name__ == "ReduceLROnPlateau" else []))
    return [np.array(losses), *[p.detach().numpy() for p in model.parameters()]]


def of_groups(name: str, options: dict[str, Any]) -> Make:
    """An optimiser of two groups, of which the second has options of its own."""

    def make(optim: Any, model: Any) -> Any:
        params = list(model.parameters())
        groups = [{"params": params[::2]}, {"params": params[1::2], "lr": 0.5 * options["lr"], "weight_decay": 0.0}]
        return getattr(optim, name)(groups, **options)

    return make


def difference(torch: Any, *course: Any) -> float:
    """The largest, relative to numbers above one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected, found = hundred_steps(torch, *course), hundred_steps(symdiff, *course)
    assert expected[0][-1] < 0.95 * expected[0][0], "something was learnt"
    return max(float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b)))) for a, b in zip(found, expected, strict=True))


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("network", [mlp, cnn])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=str)
def test_a_hundred_steps(torch: Any, network: Any, dtype: str, name: str, options: dict[str, Any]) -> None:
    assert difference(torch, network, dtype, of_groups(name, options)) <= TOLERANCES[dtype]


# The last losses of such courses, from PyTorch: the row of `OPTIMIZERS`, and the number.
LAST_LOSSES = [
    (mlp, 1, 0.02759186763934256), (mlp, 6, 0.13849549007563117), (mlp, 10, 0.13858760763403918),
    (mlp, 14, 0.41842606484554556), (mlp, 16, 0.15609267028780413), (cnn, 1, 0.0005382369607789292),
    (cnn, 10, 0.021334520612113442),
]  # fmt: skip


@pytest.mark.parametrize(("network", "row", "last"), LAST_LOSSES)
def test_the_last_of_a_hundred_losses(network: Any, row: int, last: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    losses, *_ = hundred_steps(symdiff, network, "float64", of_groups(*OPTIMIZERS[row]))
    assert losses[-1] == pytest.approx(last, rel=1e-12)


def momentum(optim: Any, model: Any) -> Any:
    return optim.SGD(model.parameters(), lr=0.05, momentum=0.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_hundred_steps_with_a_schedule(torch: Any, dtype: str, schedule: str) -> None:
    assert difference(torch, mlp, dtype, momentum, SCHEDULES[schedule]) <= TOLERANCES[dtype]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("network", [mlp, cnn])
@pytest.mark.parametrize("clip", CLIPPINGS)
def test_a_hundred_steps_with_clipped_gradients(torch: Any, network: Any, dtype: str, clip: str) -> None:
    assert difference(torch, network, dtype, momentum, None, CLIPPINGS[clip]) <= TOLERANCES[dtype]


# -- with the data in batches ------------------------------------------------------------------------------------------

COURSES: list[tuple[Make, Make]] = [
    (lambda optim, p: optim.SGD(p, lr=0.1, momentum=0.9), lambda optim, o: optim.lr_scheduler.StepLR(o, 3)),
    (lambda optim, p: optim.AdamW(p, lr=0.01), lambda optim, o: optim.lr_scheduler.CosineAnnealingLR(o, 12)),
]


def trained(lib: Any, optimizer: Make, schedule: Make) -> tuple[list[float], list[Any]]:
    lib.manual_seed(0)
    model = lib.nn.Sequential(lib.nn.Linear(3, 8), lib.nn.Tanh(), lib.nn.Linear(8, 1))
    rng = np.random.default_rng(0)
    x, y = (lib.tensor(rng.normal(size=(40, n)).astype(np.float32)) for n in (3, 1))
    o = optimizer(lib.optim, model.parameters())
    s = schedule(lib.optim, o)
    data, criterion, losses = lib.utils.data, lib.nn.MSELoss(), []
    for _ in range(12):
        for a, b in data.DataLoader(data.TensorDataset(x, y), batch_size=16, shuffle=True):
            o.zero_grad()
            loss = criterion(model(a), b)
            loss.backward()
            o.step()
            losses.append(loss.item())
        s.step()
    return losses, [p.detach().numpy() for p in model.parameters()]


@pytest.mark.parametrize(("optimizer", "schedule"), COURSES)
def test_losses_and_weights_are_those_of_pytorch(torch: Any, optimizer: Make, schedule: Make) -> None:
    expected_losses, expected = trained(torch, optimizer, schedule)
    losses, weights = trained(symdiff, optimizer, schedule)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    for a, b in zip(weights, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def rows() -> Any:
    """Each row that is compared: what it is, and its course."""
    for network in (mlp, cnn):
        for name, options in OPTIMIZERS:
            yield f"{network.__name__} {name} {options}", (network, of_groups(name, options))
        for clip, call in CLIPPINGS.items():
            yield f"{network.__name__} clipped by {clip}", (network, momentum, None, call)
    for schedule, make in SCHEDULES.items():
        yield f"mlp {schedule}", (mlp, momentum, make)


if __name__ == "__main__":
    pytorch = pytest.importorskip("torch")
    for row, (network, *course) in rows():
        found = [difference(pytorch, network, dtype, *course) for dtype in TOLERANCES]
        print(f"{row:110s} float32 {found[0]:.1e}  float64 {found[1]:.1e}", flush=True)
