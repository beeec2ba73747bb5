"""Learning rates over the epochs: PyTorch's to the last bit, and as literals."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import symdiff
import symdiff.optim as ours
from symdiff.optim import SGD, Adam, lr_scheduler

Make = Callable[[Any, Any], Any]

SCHEDULES: list[Make] = [
    lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    lambda s, o: s.LambdaLR(o, [lambda epoch: 1 / (1 + epoch), lambda epoch: epoch * 0.1]),
    lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.9),
    lambda s, o: s.StepLR(o, 3, gamma=0.3),
    lambda s, o: s.MultiStepLR(o, [7, 3, 3, 12], gamma=0.3),
    lambda s, o: s.ConstantLR(o, factor=0.3, total_iters=4),
    lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.7, total_iters=6),
    lambda s, o: s.ExponentialLR(o, 0.87),
    lambda s, o: s.PolynomialLR(o, total_iters=9, power=1.7),
    lambda s, o: s.CosineAnnealingLR(o, 5, eta_min=0.01),
    lambda s, o: s.CosineAnnealingLR(o, 7),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
    lambda s, o: s.OneCycleLR(o, max_lr=0.5, total_steps=20),
    lambda s, o: s.OneCycleLR(o, max_lr=[0.5, 0.7], epochs=5, steps_per_epoch=4, three_phase=True),
    lambda s, o: s.OneCycleLR(o, 0.5, 20, anneal_strategy="linear", cycle_momentum=False, div_factor=3.0),
    lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)], [5]),
    lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingLR(o, 8), s.StepLR(o, 2)], [4, 12]
    ),
    lambda s, o: s.SequentialLR(o, [s.LambdaLR(o, lambda e: e + 1), s.MultiplicativeLR(o, lambda e: 0.5)], [3]),
    lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]),
]


def optimizer(lib: Any, optim: Any, kind: str = "SGD") -> Any:
    leaves = [lib.tensor([1.0], requires_grad=True) for _ in range(2)]
    groups = [{"params": [leaves[0]], "lr": 0.4}, {"params": [leaves[1]]}]
    return optim.SGD(groups, lr=0.1, momentum=0.9) if kind == "SGD" else optim.Adam(groups, lr=0.1)


def course(lib: Any, optim: Any, make: Make, kind: str, states: list[Any]) -> list[Any]:
    o = optimizer(lib, optim, kind)
    schedule = make(optim.lr_scheduler, o)
    found = [schedule.get_last_lr()]
    states.append(schedule.state_dict())
    for _ in range(18):
        o.step()
        schedule.step()
        found.append([*schedule.get_last_lr(), *(g.get("momentum", g.get("betas")) for g in o.param_groups)])
        assert [g["lr"] for g in o.param_groups] == schedule.get_last_lr()
    states.append(schedule.state_dict())
    return found


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("make", SCHEDULES)
def test_rates_and_states_are_those_of_pytorch(make: Make, kind: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    expected_states: list[Any] = []
    states: list[Any] = []
    expected = course(torch, torch.optim, make, kind, expected_states)
    assert course(symdiff, ours, make, kind, states) == expected
    assert states == expected_states


@pytest.mark.parametrize("make", SCHEDULES[:13])
def test_a_given_epoch_is_that_of_pytorch(make: Make) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def rates(lib: Any, optim: Any) -> list[Any]:
        o = optimizer(lib, optim)
        schedule = make(optim.lr_scheduler, o)
        found = []
        for epoch in (3, 7, None, 0, 5, None):
            o.step()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                schedule.step(epoch)
            found.append(schedule.get_last_lr())
        return found

    assert rates(symdiff, ours) == rates(torch, torch.optim)


@pytest.mark.parametrize("last", [0, 2, 4])
@pytest.mark.parametrize("make", [
    lambda s, o, k: s.LambdaLR(o, lambda epoch: 0.95**epoch, last_epoch=k),
    lambda s, o, k: s.MultiplicativeLR(o, lambda epoch: 0.95, last_epoch=k),
    lambda s, o, k: s.StepLR(o, 3, last_epoch=k),
    lambda s, o, k: s.MultiStepLR(o, [3, 6], last_epoch=k),
    lambda s, o, k: s.ConstantLR(o, 0.3, 3, last_epoch=k),
    lambda s, o, k: s.LinearLR(o, last_epoch=k),
    lambda s, o, k: s.ExponentialLR(o, 0.9, last_epoch=k),
    lambda s, o, k: s.PolynomialLR(o, 8, last_epoch=k),
    lambda s, o, k: s.CosineAnnealingLR(o, 4, last_epoch=k),
    lambda s, o, k: s.CosineAnnealingWarmRestarts(o, 3, last_epoch=k),
])  # fmt: skip
def test_resuming_is_that_of_pytorch(make: Any, last: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def rates(lib: Any, optim: Any) -> list[Any]:
        o = optimizer(lib, optim)
        for group in o.param_groups:
            group["initial_lr"] = 0.8
        schedule = make(optim.lr_scheduler, o, last)
        found = [schedule.get_last_lr()]
        for _ in range(6):
            o.step()
            schedule.step()
            found.append(schedule.get_last_lr())
        return found

    assert rates(symdiff, ours) == rates(torch, torch.optim)


PLATEAUS: list[dict[str, Any]] = [
    {"patience": 1},
    {"patience": 2, "factor": 0.5, "cooldown": 2, "threshold": 0.1},
    {"patience": 0, "mode": "max", "threshold_mode": "abs", "min_lr": [0.3, 0.001]},
    {"patience": 0, "mode": "max", "min_lr": 0.05},
    {"patience": 0, "threshold_mode": "abs", "eps": 0.05},
]
MEASURED = [1.0, 0.9, 0.95, 0.9, 0.899, 0.91, 0.5, 0.6, 0.7, 0.8, 0.9, 0.4, 0.41, 0.42, 0.43, 0.44]


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_a_plateau_is_that_of_pytorch(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def rates(lib: Any, optim: Any) -> list[Any]:
        schedule = optim.lr_scheduler.ReduceLROnPlateau(optimizer(lib, optim), **options)
        found = []
        for number in MEASURED:
            schedule.step(lib.tensor(number))
            found += [schedule.get_last_lr(), schedule.state_dict()]
        return found

    assert rates(symdiff, ours) == rates(torch, torch.optim)


def one(lr: float = 1.0, **options: Any) -> SGD:
    return SGD([symdiff.tensor([1.0], requires_grad=True)], lr=lr, **options)


def rates_of(schedule: Any, o: Any, count: int = 5) -> list[float]:
    found = []
    for _ in range(count):
        o.step()
        schedule.step()
        found += schedule.get_last_lr()
    return found


LITERALS: list[tuple[Callable[[Any], Any], list[float]]] = [
    (lambda o: lr_scheduler.StepLR(o, 2), [1.0, 0.1, 0.1, 0.010000000000000002, 0.010000000000000002]),
    (
        lambda o: lr_scheduler.MultiStepLR(o, [2, 4]),
        [1.0, 0.1, 0.1, 0.010000000000000002, 0.010000000000000002],
    ),
    (lambda o: lr_scheduler.ExponentialLR(o, 0.5), [0.5, 0.25, 0.125, 0.0625, 0.03125]),
    (
        lambda o: lr_scheduler.CosineAnnealingLR(o, 5),
        [0.9045084971874737, 0.6545084971874737, 0.3454915028125263, 0.09549150281252632, 0.0],
    ),
    (
        lambda o: lr_scheduler.LinearLR(o),
        [0.4666666666666667, 0.6000000000000001, 0.7333333333333335, 0.8666666666666669, 1.0000000000000002],
    ),
    (lambda o: lr_scheduler.ConstantLR(o), [1 / 3, 1 / 3, 1 / 3, 1 / 3, 1.0]),
    (
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=2, total_steps=10),
        [1.04, 2.0, 1.9009692640269473, 1.6234913078995261, 1.2225240438725786],
    ),
    (
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3),
        [0.75, 0.2500000000000001, 1.0, 0.75, 0.2500000000000001],
    ),
    (
        lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ConstantLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [3]),
        [1 / 3, 1 / 3, 1.0, 0.9, 0.81],
    ),
]


@pytest.mark.parametrize(("make", "expected"), LITERALS)
def test_rates(make: Callable[[Any], Any], expected: list[float]) -> None:
    o = one(momentum=0.5)
    assert rates_of(make(o), o) == expected


def test_the_state_is_taken_over() -> None:
    first, second = one(), one()
    schedule, other = lr_scheduler.StepLR(first, 2), lr_scheduler.StepLR(second, 5)
    rates_of(schedule, first, 3)
    second.load_state_dict(first.state_dict())
    other.load_state_dict(schedule.state_dict())
    assert rates_of(other, second, 4) == rates_of(schedule, first, 4)


def test_milestones_that_went_through_a_file() -> None:
    o = one()
    schedule = lr_scheduler.MultiStepLR(o, [2, 3])
    state = schedule.state_dict()
    schedule.load_state_dict({**state, "milestones": dict(state["milestones"])})
    o.step()
    with pytest.warns(UserWarning, match="The epoch parameter"):
        schedule.step(2)
    assert schedule.get_last_lr() == [0.1]


def test_a_tensor_as_learning_rate_stays_the_same_tensor() -> None:
    lr = symdiff.tensor(0.5)
    o = SGD([symdiff.tensor([1.0], requires_grad=True)], lr=lr)
    schedule = lr_scheduler.ExponentialLR(o, 0.5)
    o.step()
    schedule.step()
    assert o.param_groups[0]["lr"] is lr
    assert lr.item() == 0.25
    assert o.param_groups[0]["initial_lr"].item() == 0.5


def test_a_step_before_that_of_the_optimizer_warns() -> None:
    o = one()
    schedule = lr_scheduler.StepLR(o, 2)
    with pytest.warns(UserWarning, match=r"`lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        schedule.step()


def test_get_lr_outside_of_a_step_warns() -> None:
    with pytest.warns(UserWarning, match="please use `get_last_lr"):
        lr_scheduler.StepLR(one(), 2).get_lr()


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: lr_scheduler.StepLR(5, 2), TypeError, "int is not an Optimizer"),  # type: ignore[arg-type]
    (lambda: lr_scheduler.StepLR(one(), 2, last_epoch=3), KeyError, "param 'initial_lr' is not specified in"),
    (lambda: lr_scheduler.LambdaLR(one(), [math.sin] * 2), ValueError, "Expected 1 lr_lambdas, but got 2"),
    (lambda: lr_scheduler.ConstantLR(one(), factor=2), ValueError, "Constant multiplicative factor expected"),
    (lambda: lr_scheduler.LinearLR(one(), start_factor=0), ValueError, "Starting multiplicative factor expected"),
    (lambda: lr_scheduler.LinearLR(one(), end_factor=2), ValueError, "Ending multiplicative factor expected"),
    (lambda: lr_scheduler.ReduceLROnPlateau(one(), factor=1), ValueError, "Factor should be < 1.0."),
    (lambda: lr_scheduler.ReduceLROnPlateau(one(), mode="x"), ValueError, "mode x is unknown!"),
    (lambda: lr_scheduler.ReduceLROnPlateau(one(), min_lr=[1, 2]), ValueError, "expected 1 min_lrs, got 2"),
    (lambda: lr_scheduler.OneCycleLR(one(), 1), ValueError, "You must define either total_steps OR"),
    (lambda: lr_scheduler.OneCycleLR(one(), 1, -1), ValueError, "Expected positive integer total_steps, but got -1"),
    (
        lambda: lr_scheduler.OneCycleLR(one(), 1, 5, anneal_strategy="x"),
        ValueError,
        "anneal_strategy must be one of 'cos' or 'linear', instead got x",
    ),
    (lambda: rates_of(lr_scheduler.OneCycleLR(o := one(), 1, 3), o), ValueError, "Tried to step 4 times"),
    (lambda: lr_scheduler.CosineAnnealingWarmRestarts(one(), 0), ValueError, "Expected positive integer T_0"),
    (lambda: lr_scheduler.SequentialLR(one(), [], [1]), ValueError, "at least one scheduler"),
    (lambda: lr_scheduler.SequentialLR(o := one(), [lr_scheduler.StepLR(o, 1)], [1]), ValueError, "milestone points"),
    (
        lambda: lr_scheduler.SequentialLR(one(), [lr_scheduler.StepLR(one(), 1)], []),
        ValueError,
        "all schedulers to belong to the same optimizer",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS, ids=lambda x: x if isinstance(x, str) else "")
def test_errors(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_momentum_of_adam_goes_the_other_way() -> None:
    o = Adam([symdiff.tensor([1.0], requires_grad=True)], lr=0.1)
    schedule = lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=10)
    assert o.param_groups[0]["betas"] == (0.95, 0.999)
    rates_of(schedule, o, 2)
    assert o.param_groups[0]["betas"] == (0.85, 0.999)
