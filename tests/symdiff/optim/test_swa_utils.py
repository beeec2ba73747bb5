"""Averages of models, and their learning rates; the numbers of the schedule are PyTorch's."""

import pytest

import symdiff as torch
from symdiff import nn
from symdiff.optim import swa_utils


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def fill(model, value):
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 4.0),
        ({"avg_fn": swa_utils.get_ema_avg_fn(0.5)}, 5.25),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5)}, 5.25),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, 4.0),
    ],
)
def test_average_of_three(options, expected):
    model = nn.Linear(2, 1)
    averaged = swa_utils.AveragedModel(model, **options)
    for value in (1.0, 4.0, 7.0 + (0.5 if expected == 5.25 else 0.0) * 2):
        fill(model, value)
        averaged.update_parameters(model)
    assert averaged.n_averaged.item() == 3
    # the mean of 1, 4, 7; or (1/2 + 4/2)/2 + 8/2
    assert averaged.module.weight.tolist() == [[expected] * 2]
    assert averaged(torch.ones(1, 2)).item() == 3 * expected
    assert "module.weight" in averaged.state_dict()


def test_buffers_are_copied_or_averaged():
    for use, expected in ((False, 4.0), (True, 3.0)):
        model = nn.BatchNorm1d(1)
        averaged = swa_utils.AveragedModel(model, use_buffers=use)
        for value in (2.0, 4.0):
            model.running_mean.fill_(value)
            averaged.update_parameters(model)
        assert averaged.module.running_mean.item() == expected


def test_running_statistics_anew():
    model = nn.Sequential(nn.BatchNorm1d(1))
    model.eval()
    batches = [(torch.tensor([[1.0], [3.0]]), "label"), (torch.tensor([[5.0], [5.0]]), "label")]
    swa_utils.update_bn(batches, model)
    assert model[0].running_mean.item() == 3.5  # of 2 and 5
    assert model[0].running_var.item() == 1.0  # of 2 and 0
    assert model[0].momentum == 0.1
    assert not model.training


def test_the_learning_rate_goes_to_its_value():
    w = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([w], lr=1.0)
    schedule = swa_utils.SWALR(optimizer, swa_lr=0.2, anneal_epochs=4, anneal_strategy="linear")
    rates = []
    for _ in range(6):
        optimizer.step()
        schedule.step()
        rates.append(round(optimizer.param_groups[0]["lr"], 6))
    assert rates == [0.8, 0.6, 0.4, 0.2, 0.2, 0.2]
    optimizer = torch.optim.SGD([w], lr=1.0)
    schedule = swa_utils.SWALR(optimizer, swa_lr=0.2, anneal_epochs=2)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.6)
    with pytest.raises(ValueError, match="anneal_strategy"):
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="steep")


def test_cycles_of_the_learning_rate():
    w = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([w], lr=9.0, momentum=0.5)
    schedule = torch.optim.lr_scheduler.CyclicLR(optimizer, 0.1, 0.5, step_size_up=2, mode="triangular2")
    found = []
    for _ in range(8):
        group = optimizer.param_groups[0]
        found.append((round(group["lr"], 6), round(group["momentum"], 6)))
        optimizer.step()
        schedule.step()
    up = [(0.1, 0.9), (0.3, 0.85), (0.5, 0.8), (0.3, 0.85)]
    assert found == [*up, (0.1, 0.9), (0.2, 0.875), (0.3, 0.85), (0.2, 0.875)]
    plain = torch.optim.Adagrad([w])
    with pytest.raises(ValueError, match="must support momentum"):
        torch.optim.lr_scheduler.CyclicLR(plain, 0.1, 0.5)
    schedule = torch.optim.lr_scheduler.CyclicLR(
        plain, 1.0, 2.0, step_size_up=1, step_size_down=3, mode="exp_range", gamma=0.5, cycle_momentum=False
    )
    rates = []
    for _ in range(4):
        plain.step()
        schedule.step()
        rates.append(schedule.get_last_lr()[0])
    assert rates == pytest.approx([1 + 0.5, 1 + 2 / 3 * 0.25, 1 + 1 / 3 * 0.125, 1.0])
    assert issubclass(type(schedule), torch.optim.lr_scheduler._LRScheduler)
