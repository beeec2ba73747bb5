"""What optimisers share: groups, errors, state, and how many compilations a step costs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff
from symdiff.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from symdiff.tensors.plans import COUNTS


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def leaf(*numbers: float, dtype: Any = None) -> Any:
    return symdiff.tensor([float(x) for x in numbers], dtype=dtype, requires_grad=True)


def test_two_steps_with_momentum() -> None:
    p = leaf(1, 2, dtype=symdiff.float64)
    optimizer = SGD([p], lr=0.1, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        (p * p).sum().backward()
        optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), [0.46, 0.92], rtol=1e-14)


def test_two_steps_on_a_stale_gradient() -> None:
    p = leaf(1, 2, dtype=symdiff.float64)
    optimizer = SGD([p], lr=0.1, momentum=0.9, weight_decay=0.5, dampening=0.1)
    (p * p).sum().backward()
    optimizer.step()
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), [0.31125, 0.6225], rtol=1e-14)


def test_the_first_step_of_adam_has_the_length_of_the_learning_rate() -> None:
    p = leaf(1, -2, dtype=symdiff.float64)
    p.grad = symdiff.tensor([0.3, -40.0], dtype=symdiff.float64)
    Adam([p], lr=0.01, eps=0.0).step()
    np.testing.assert_allclose(p.detach().numpy(), [0.99, -1.99], rtol=1e-14)


def test_decoupled_decay_shrinks_the_parameter_alone() -> None:
    p = leaf(2.0, dtype=symdiff.float64)
    p.grad = symdiff.tensor([0.0], dtype=symdiff.float64)
    AdamW([p], lr=0.1, weight_decay=0.5).step()
    assert p.item() == pytest.approx(2.0 * (1 - 0.05), rel=1e-15)


def test_the_first_steps_of_rmsprop_and_adagrad_forget_the_size_of_the_gradient() -> None:
    p, q = leaf(1, -2, dtype=symdiff.float64), leaf(1, -2, dtype=symdiff.float64)
    p.grad = q.grad = symdiff.tensor([0.3, -40.0], dtype=symdiff.float64)
    RMSprop([p], lr=0.01, alpha=0.75, eps=0.0).step()
    np.testing.assert_allclose(p.detach().numpy(), [0.98, -1.98], rtol=1e-14)
    second = Adagrad([q], lr=0.01, eps=0.0)
    second.step()
    np.testing.assert_allclose(q.detach().numpy(), [0.99, -1.99], rtol=1e-14)
    second.step()
    step = 0.01 / np.sqrt(2)
    np.testing.assert_allclose(q.detach().numpy(), [0.99 - step, -1.99 + step], rtol=1e-14)


def test_nothing_compiles_after_the_second_step() -> None:
    p, q = leaf(1, 2, 3, 4, 5), leaf(3)
    optimizer = Adam([{"params": [p]}, {"params": [q], "lr": 0.5}], amsgrad=True)
    for step in range(6):
        p.grad, q.grad = symdiff.tensor([1.0, 2, 3, 4, 5]), symdiff.tensor([float(step)])
        optimizer.step()
        optimizer.param_groups[0]["lr"] *= 0.5
        if step == 1:
            counts = dict(COUNTS)
    assert counts == COUNTS


def test_options_that_change_in_place_are_seen() -> None:
    p = leaf(1.0)
    p.grad = symdiff.tensor([1.0])
    lr = symdiff.tensor(0.5)
    optimizer = SGD([p], lr=lr)
    optimizer.step()
    lr.fill_(0.25)
    optimizer.step()
    assert p.tolist() == [0.25]
    optimizer.param_groups[0]["maximize"] = True
    optimizer.step()
    assert p.tolist() == [0.5]


def test_many_parameters() -> None:
    params = [leaf(*[float(k)] * (1 + k % 2)) for k in range(20)]
    optimizer = SGD([{"params": params[:15]}, {"params": params[15:], "lr": 1.0}], lr=0.5, momentum=0.5)
    for p in params:
        p.grad = symdiff.full_like(p, 2.0)
    optimizer.step()
    before = dict(COUNTS)
    optimizer.step()
    assert [p.tolist()[-1] for p in params] == [k - 2.5 for k in range(15)] + [k - 5.0 for k in range(15, 20)]
    # one for each shape and learning rate's group at most
    assert COUNTS["units"] <= before["units"] + 2


def test_a_gradient_that_is_transposed() -> None:
    for step in range(3):
        w = symdiff.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        ones = symdiff.ones(2, 2)
        for _ in range(step):
            ones = ones * 1.0
        (w.t() * symdiff.tensor([[1.0, 2.0], [3.0, 4.0]]) * ones).sum().backward()
        SGD([w], lr=1.0).step()
        assert w.tolist() == [[0.0, -1.0], [1.0, 0.0]]


def test_a_parameter_without_gradient_is_left_alone() -> None:
    p, q = leaf(1), leaf(2)
    optimizer = SGD([p, q], lr=0.5, momentum=0.5)
    p.grad = symdiff.tensor([1.0])
    optimizer.step()
    assert (p.tolist(), q.tolist()) == ([0.5], [2.0])
    assert list(optimizer.state_dict()["state"]) == [0]


def test_the_parameter_stays_the_same_leaf_and_its_version_grows() -> None:
    p = leaf(1, 2)
    loss = (p * p).sum()
    p.grad = symdiff.tensor([1.0, 1.0])
    SGD([p], lr=0.5).step()
    assert p.is_leaf
    assert p.requires_grad
    assert p._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    p.grad = None
    (p * p).sum().backward()
    assert p.grad is not None
    assert p.grad.tolist() == [1.0, 3.0]


def test_views_and_arrays_of_a_parameter_see_its_steps() -> None:
    p = leaf(1, 2)
    array, view = p.detach().numpy(), p.detach()[1:]
    p.grad = symdiff.tensor([1.0, 1.0])
    SGD([p], lr=0.5).step()
    assert array.tolist() == [0.5, 1.5]
    assert view.tolist() == [1.5]
    assert p.requires_grad
    array[0] = 7.0
    assert p.tolist() == [7.0, 1.5]
    assert p.requires_grad
    (p * p).sum().backward()
    assert p.grad.tolist() == [15.0, 4.0]


def test_a_closure_runs_with_recording_and_its_result_is_returned() -> None:
    p = leaf(1.0)
    optimizer = SGD([p], lr=0.25)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with symdiff.no_grad():
        assert optimizer.step(closure).item() == 1.0
    assert p.tolist() == [0.5]


def test_zero_grad() -> None:
    p = leaf(1.0)
    optimizer = SGD([p])
    p.grad = symdiff.tensor([3.0])
    before = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is before
    assert p.grad.tolist() == [0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_state_goes_from_one_optimizer_to_another() -> None:
    p, q = leaf(1, 2), leaf(1, 2, dtype=symdiff.float64)
    first = Adam([p], lr=0.5)
    p.grad = symdiff.tensor([1.0, -1.0])
    first.step()
    saved = first.state_dict()
    second = Adam([q], lr=0.1)
    second.load_state_dict(saved)
    assert second.param_groups[0]["lr"] == 0.5
    assert second.param_groups[0]["params"] == [q]
    kept = second.state[q]
    assert kept["step"].item() == 1.0
    assert str(kept["step"].dtype) == "torch.float32"
    assert str(kept["exp_avg"].dtype) == "torch.float64"
    assert kept["exp_avg"] is not first.state[p]["exp_avg"]


def test_a_learning_rate_that_is_a_tensor_is_not_shared_by_a_copy() -> None:
    lr = symdiff.tensor(0.5)
    first, second = SGD([leaf(1.0)], lr=lr), SGD([leaf(1.0)])
    second.load_state_dict(first.state_dict())
    lr.fill_(0.25)
    assert second.param_groups[0]["lr"].item() == 0.5


def test_a_group_can_be_added_and_options_changed() -> None:
    p, q = leaf(1.0), leaf(1.0)
    optimizer = SGD([p], lr=0.5)
    optimizer.add_param_group({"params": q, "lr": 0.25})
    p.grad = q.grad = symdiff.tensor([1.0])
    optimizer.step()
    assert (p.item(), q.item()) == (0.5, 0.75)
    for group in optimizer.param_groups:
        group["lr"] = symdiff.tensor(0.125)
    optimizer.step()
    assert (p.item(), q.item()) == (0.375, 0.625)


P = leaf(1.0)

ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: SGD([P], lr=-1), ValueError, "Invalid learning rate: -1"),
    (lambda: SGD([]), ValueError, "optimizer got an empty parameter list"),
    (lambda: SGD([P * 2]), ValueError, "can't optimize a non-leaf Tensor"),
    (lambda: SGD([P], nesterov=True), ValueError, "Nesterov momentum requires a momentum and zero dampening"),
    (lambda: SGD([{"params": [P]}, {"params": [P]}]), ValueError, "more than one parameter group"),
    (lambda: SGD(P), TypeError, "should be an iterable of Tensors or dicts, but got torch.FloatTensor"),
    (lambda: SGD([1]), TypeError, "optimizer can only optimize Tensors, but one of the params is int"),
    (lambda: SGD([{"params": {P}}]), TypeError, "ordered collections"),
    (lambda: SGD([P], momentum=-1), ValueError, "Invalid momentum value: -1"),
    (lambda: SGD([P], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    (lambda: SGD([P], lr=symdiff.tensor([0.1, 0.2])), ValueError, "Tensor lr must be 1-element"),
    (lambda: SGD([P], differentiable=True), NotImplementedError, "differentiable=True"),
    (lambda: SGD([P, P]), ValueError, "duplicate parameters"),
    (lambda: SGD([("a", P), leaf(1.0)]), ValueError, "Some param names are missing"),
    (lambda: Adam([P], eps=-1), ValueError, "Invalid epsilon value: -1"),
    (lambda: Adam([P], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
    (lambda: Adam([P], betas=(0.9, 1.0)), ValueError, "Invalid beta parameter at index 1: 1.0"),
    (lambda: Adam([P], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    (lambda: RMSprop([P], alpha=-1), ValueError, "Invalid alpha value: -1"),
    (lambda: Adagrad([P], lr_decay=-1), ValueError, "Invalid lr_decay value: -1"),
    (lambda: Adagrad([P], initial_accumulator_value=-1), ValueError, "Invalid initial_accumulator_value value: -1"),
    (
        lambda: SGD([P]).load_state_dict(SGD([P, leaf(1.0)]).state_dict()),
        ValueError,
        "doesn't match the size of optimizer's group",
    ),
    (
        lambda: SGD([P]).load_state_dict(SGD([{"params": [P]}, {"params": [leaf(1.0)]}]).state_dict()),
        ValueError,
        "different number of parameter groups",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS, ids=lambda x: x if isinstance(x, str) else "")
def test_errors(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_repr() -> None:
    assert repr(SGD([("w", leaf(1.0))], lr=0.1)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n"
        "    lr: 0.1\n    maximize: False\n    momentum: 0\n    nesterov: False\n    param_names: ['w']\n"
        "    weight_decay: 0\n)"
    )


def test_an_optimizer_of_the_users_own() -> None:
    class Signed(Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})

        def step(self, closure: Any = None) -> None:
            with symdiff.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p -= group["lr"] * p.grad.sign()

    p = leaf(1, 2)
    optimizer = Signed([p], lr=0.5)
    (p * symdiff.tensor([1.0, -3.0])).sum().backward()
    optimizer.step()
    assert p.tolist() == [0.5, 2.5]
    assert p.requires_grad


def test_hooks_run_around_a_step() -> None:
    p = leaf(1.0)
    optimizer = SGD([p])
    seen: list[str] = []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    optimizer.step()
    before.remove()
    optimizer.step()
    assert seen == ["before", "after", "after"]
