"""Every option of the optimisers over a hundred steps, with PyTorch's own numbers beside them."""

from typing import Any

import numpy as np
import pytest

import symdiff
import symdiff.optim as ours

SHAPES = [(3, 2), (4,), ()]
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.5, "nesterov": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.5, "nesterov": True, "weight_decay": 0.01, "maximize": True}),
    ("SGD", {"lr": 0.02, "weight_decay": 0.2, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.03, "betas": (0.8, 0.9), "eps": 1e-3}),
    ("Adam", {"lr": 0.03, "betas": (0.4, 0.3)}),
    ("Adam", {"lr": 0.03, "amsgrad": True, "betas": (0.5, 0.6)}),
    ("Adam", {"lr": 0.03, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.03, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {"lr": 0.03}),
    ("AdamW", {"lr": 0.03, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.7, "centered": True, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.3, "centered": True, "eps": 1e-3, "maximize": True}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.7}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.3}),
    ("Adagrad", {"lr": 0.1, "maximize": True}),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def leaves(lib: Any, dtype: str) -> list[Any]:
    rng = np.random.default_rng(1)
    return [
        lib.tensor(rng.normal(size=shape).tolist(), dtype=getattr(lib, dtype), requires_grad=True) for shape in SHAPES
    ]


def run(lib: Any, optim: Any, name: str, options: dict[str, Any], dtype: str) -> tuple[list[Any], Any]:
    params = leaves(lib, dtype)
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.017}]
    optimizer = getattr(optim, name)(groups, **options)
    rng = np.random.default_rng(2)
    for step in range(100):
        optimizer.zero_grad()
        for k, p in enumerate(params):
            g = rng.normal(size=SHAPES[k]).tolist()
            if (step, k) not in [(0, 1), (50, 1), (51, 2)]:
                p.grad = lib.tensor(g, dtype=getattr(lib, dtype))
        if step % 10 == 9:
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * 0.9
        optimizer.step()
    return params, optimizer


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), CASES, ids=lambda x: str(x))
def test_a_hundred_steps(torch: Any, name: str, options: dict[str, Any], dtype: str) -> None:
    expected, theirs = run(torch, torch.optim, name, options, dtype)
    found, mine = run(symdiff, ours, name, options, dtype)
    tolerance = TOLERANCES[dtype]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance)
    mine_state, their_state = mine.state_dict(), theirs.state_dict()
    assert mine_state["param_groups"] == their_state["param_groups"]
    assert {k: list(v) for k, v in mine_state["state"].items()} == {k: list(v) for k, v in their_state["state"].items()}
    for k, kept in their_state["state"].items():
        for key, value in kept.items():
            here = mine_state["state"][k][key]
            assert str(here.dtype) == str(value.dtype)
            np.testing.assert_allclose(here.numpy(), value.numpy(), rtol=10 * tolerance, atol=10 * tolerance)
    assert repr(mine) == repr(theirs)
