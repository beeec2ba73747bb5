"""Loops whose state nobody looks at: each turn is computed once, as a piece of one structure."""

import numpy as np
import pytest

import symdiff as torch
from symdiff.tensors import plans
from symdiff.tensors.pending import whole_turns


@pytest.fixture
def structures(monkeypatch):
    """The numbers of operations of the structures that are met for the first time."""
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    made = []
    primal = plans.primal
    monkeypatch.setattr(plans, "primal", lambda piece, targets: made.append(len(piece.nodes)) or primal(piece, targets))
    return made


def test_turns_are_counted_from_where_the_repetition_begins():
    assert whole_turns("xyabcabcabcab") == len("xyabcabcabc")
    assert whole_turns("abababab") == 8
    assert whole_turns("abcdefg") == 7
    assert whole_turns("a") == 1
    assert whole_turns("") == 0


def test_the_memory_of_a_hand_written_momentum_is_computed_with_the_parameter(structures):
    w, v = torch.tensor([1.0, -3.0], requires_grad=True), torch.zeros(2)
    for _ in range(12):
        (w**2).sum().backward()
        with torch.no_grad():
            v = 0.5 * v + w.grad
            w -= 0.25 * v
            w.grad = None
    # each step halves the velocity, adds 2w and subtracts a quarter of the result
    expected, velocity = np.array([1.0, -3.0]), np.zeros(2)
    for _ in range(12):
        velocity = 0.5 * velocity + 2 * expected
        expected = expected - 0.25 * velocity
    np.testing.assert_array_equal(w.detach().numpy(), expected.astype(np.float32))
    assert max(structures) <= 8, structures
    assert len(structures) <= 4, structures


def test_a_state_that_lags_behind_does_not_pile_up(structures):
    """As Lion's average, which is changed after the parameter was."""
    p, average = torch.zeros(3), torch.zeros(3)
    for k in range(20):
        gradient = torch.full((3,), float(k))
        p.add_(average * 0.5 + gradient * 0.5, alpha=-0.125)
        average.mul_(0.75).add_(gradient, alpha=0.25)
        p.tolist()
    values, mean = 0.0, 0.0
    for k in range(20):
        values -= 0.125 * (0.5 * mean + 0.5 * k)
        mean = 0.75 * mean + 0.25 * k
    np.testing.assert_allclose(p.numpy(), np.full(3, values), rtol=1e-5)
    np.testing.assert_allclose(average.numpy(), np.full(3, mean), rtol=1e-5)
    assert max(structures) <= 12, structures


def test_a_long_loop_is_computed_in_parts_of_one_structure(structures):
    y = torch.tensor([1.0, 0.5])
    kept = []
    for k in range(1000):
        slope = 0.5 - y
        middle = 0.5 - (y + 0.005 * slope)
        y = y + 0.01 * middle
        if k % 100 == 0:
            kept.append(y)
    assert len(structures) <= 20, structures
    turn = 1 - 0.01 * (1 - 0.005)
    np.testing.assert_allclose(y.numpy(), [0.5 + 0.5 * turn**1000, 0.5], rtol=1e-4)
    np.testing.assert_allclose(kept[3].numpy(), [0.5 + 0.5 * turn**301, 0.5], rtol=1e-4)


def test_a_trajectory_under_no_grad_meets_few_structures(structures):
    with torch.no_grad():
        y, path = torch.tensor([1.0, 0.0]), []
        for _ in range(300):
            a = torch.stack([y[1], -y[0]])
            b = torch.stack([(y + 0.05 * a)[1], -(y + 0.05 * a)[0]])
            y = y + 0.1 * b
            path.append(y)
    assert len(structures) <= 12, structures
    whole = torch.stack(path).numpy()
    real, imaginary = whole.T
    exact = np.cumprod(np.full(300, 1 - 0.005 - 0.1j))
    np.testing.assert_allclose(real + 1j * imaginary, exact, rtol=1e-3)


def test_graphs_that_never_come_again_are_soon_not_compiled_for_the_next_step(monkeypatch):
    """An episode has another length each time, and its graph another structure."""
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    monkeypatch.setattr(plans._bets, "lost", 0)
    w = torch.tensor([0.5], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.0)

    def step(length):
        before = plans.COUNTS["units"]
        state = w * 1.25
        for _ in range(length):
            state = state * w
        optimizer.zero_grad()
        state.sum().backward()
        assert w.grad.item() == pytest.approx(1.25 * (length + 1) * 0.5**length, rel=1e-5)
        optimizer.step()
        return plans.COUNTS["units"] - before

    compiled = [step(length) for length in range(3, 15)]
    assert sum(compiled[6:]) == 0, compiled
    # what does come again is compiled at its second sight, and believed in from then on
    assert [step(30), step(30), step(30)] == [0, 1, 0]
    assert [step(31), step(31)] == [1, 0]
