"""Recorded graphs: run op by op at first sight and as one unit from the second on, with the same bits."""

import gc
import weakref

import numpy as np
import pytest

import symdiff as torch
from symdiff.tensors import backward, plans, segments
from symdiff.tensors.operations import DEEPEST
from symdiff.tensors.tensor import as_lazy


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def units() -> int:
    return plans.COUNTS["units"]


def data(*shape: int, seed: int = 0, dtype: type = np.float32) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape).astype(dtype))


def loss(w, b, x, y):
    h = torch.tanh(x @ w + b)
    return ((h - y) ** 2).mean() + 0.1 * (w * w).sum() + torch.logsumexp(h, 1).sum()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_tiers_give_the_same_bits(dtype):
    x, y = data(7, 3, dtype=dtype), data(7, 4, seed=1, dtype=dtype)
    found = []
    for _ in range(3):
        w, b = (data(3, 4, seed=2, dtype=dtype).requires_grad_(), data(4, seed=3, dtype=dtype).requires_grad_())
        value = loss(w, b, x, y)
        value.backward()
        found.append((value.detach().numpy().tobytes(), w.grad.numpy().tobytes(), b.grad.numpy().tobytes()))
    assert found[0] == found[1] == found[2]


def test_a_training_loop_compiles_nothing_after_its_second_step():
    x, y = data(5, 3), data(5, 2)
    w = data(3, 2).requires_grad_()
    counts = []
    for step in range(6):
        w.grad = None
        ((x @ w - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= (0.1 / (step + 1)) * w.grad  # a schedule: numbers are inputs at run time
        w.tolist()
        counts.append((plans.COUNTS["units"], plans.COUNTS["kernels"]))
    assert counts[2] == counts[5]


def test_second_derivatives_compile_nothing_after_the_second_step():
    x = torch.linspace(-1.0, 1.0, 9).reshape(9, 1).requires_grad_()
    w = data(1, 4).requires_grad_()
    counts = []
    for _ in range(5):
        w.grad = None
        u = torch.tanh(x @ w).sum(1)
        (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        (curve,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
        ((curve + u.unsqueeze(1)) ** 2).mean().backward()
        counts.append((plans.COUNTS["units"], plans.COUNTS["kernels"]))
    assert counts[2] == counts[4]


def test_what_is_pending_is_computed_when_somebody_looks():
    x = data(4, dtype=np.float64)
    y = x * 2.0 + 1.0
    assert as_lazy(y).array is None
    assert y.tolist() == [2.0 * v + 1.0 for v in x.tolist()]
    assert as_lazy(y).array is not None


def test_a_long_chain_stays_bounded():
    x = torch.tensor(1.0)
    for _ in range(3 * DEEPEST):
        x = x + 1.0
        assert as_lazy(x).depth <= DEEPEST
    assert x.item() == 3 * DEEPEST + 1.0


def test_a_deep_graph_builds_runs_backward_and_frees():
    count = 5000
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(count):
        y = y * 1.0001
    y.backward()
    # count steps, each of which multiplies rounding errors of half a unit
    assert x.grad.item() == pytest.approx(np.exp(count * np.log1p(1e-4)), rel=count * 1e-15)
    kept = weakref.ref(as_lazy(y))
    del y
    assert kept() is None


@pytest.mark.parametrize("way", ["no_grad", "dropped"])
def test_a_hundred_thousand_operations(way):
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    y = x
    with torch.set_grad_enabled(way == "dropped"):
        for _ in range(50_000):
            y = y * 1.0001 + 0.0
    if way == "no_grad":
        assert y.item() == pytest.approx(np.exp(50_000 * np.log1p(1e-4)), rel=50_000 * 1e-15)
    kept = weakref.ref(as_lazy(y))
    del y
    assert kept() is None


def test_a_hundred_thousand_operations_and_their_gradient():
    """Segments that are alike share their code; nothing recurses."""
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(50_000):
        y = y * 1.0001 + 0.0
    before = units()
    y.backward()
    assert x.grad.item() == pytest.approx(np.exp(50_000 * np.log1p(1e-4)), rel=50_000 * 2e-15)
    assert units() - before <= 4
    kept = weakref.ref(as_lazy(y))
    del y
    assert kept() is None


def rolled_out(w, u, xs):
    """Gradients of the sum of squares of all states of a recurrent layer, by hand."""
    states = [np.zeros(w.shape[0])]
    for x in xs:
        states.append(np.tanh(states[-1] @ w + x @ u))
    g, gw, gu = np.zeros_like(states[0]), np.zeros_like(w), np.zeros_like(u)
    for t in range(len(xs), 0, -1):
        g = (g + 2.0 * states[t]) * (1.0 - states[t] ** 2)
        gw += np.outer(states[t - 1], g)
        gu += np.outer(xs[t - 1], g)
        g = w @ g
    return gw, gu


def test_a_graph_in_segments_has_the_gradients_of_the_whole(monkeypatch):
    monkeypatch.setattr(backward, "LARGEST", 100)
    monkeypatch.setattr(segments, "SIZE", 32)
    rng = np.random.default_rng(3)
    w, u, xs = rng.normal(size=(3, 3)) * 0.5, rng.normal(size=(2, 3)), rng.normal(size=(60, 2))
    found = []
    for _ in range(3):
        a, b = torch.tensor(w, requires_grad=True), torch.tensor(u, requires_grad=True)
        h, total = torch.zeros(3, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
        for x in torch.tensor(xs):
            h = torch.tanh(h @ a + x @ b)
            total = total + (h * h).sum()
        total.backward()
        found.append((a.grad.numpy().copy(), b.grad.numpy().copy()))
        with pytest.raises(RuntimeError, match="backward through the graph a second time"):
            total.backward()
    for one, wanted in zip(found[0], rolled_out(w, u, xs), strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-11, atol=1e-11)
    assert [[g.tobytes() for g in pair] for pair in found[1:]] == [[g.tobytes() for g in found[0]]] * 2


def test_without_gradients_nothing_is_kept():
    x = data(1000)
    with torch.no_grad():
        y = (x * 2.0).exp()
        middle = weakref.ref(as_lazy(y).inputs[0])
        y.sum().item()
    # y was computed with its sum, since a name still refers to it; what is between is forgotten
    gc.collect()
    assert middle() is None
    assert as_lazy(y).inputs == ()


@pytest.mark.parametrize("source", ["known", "pending", "view", "shared"])
def test_the_samples_of_a_data_set_compile_nothing_each(source):
    array = np.random.default_rng(5).normal(size=(40, 3)).astype(np.float32)
    x, scale = torch.tensor(array), 1
    if source == "pending":
        x, scale = x * 2.0, 2
    elif source == "view":
        x = x.view(-1, 3, 1).squeeze(2)
    elif source == "shared":
        x = torch.from_numpy(array).view(40, -1)
    before = units()
    for _ in range(3):
        for k in range(40):
            np.testing.assert_array_equal(x[k].numpy(), scale * array[k])
            assert (x[k, 1:].sum() + x[k, 0]).item() == pytest.approx(scale * float(array[k].sum()), rel=1e-5, abs=1e-5)
    assert units() - before <= 3


def test_parts_taken_at_once_share_memory():
    x = torch.arange(12.0).reshape(3, 4)
    x.tolist()
    row, part = x[1], x[:, 1:3]
    x[1] = -1.0
    assert row.tolist() == [-1.0] * 4 and part[1].tolist() == [-1.0, -1.0]
    part[0] = 7.0
    assert x[0].tolist() == [0.0, 7.0, 7.0, 3.0] and row.tolist() == [-1.0] * 4


@pytest.mark.parametrize("exponent", [-1, 2, 3, 4, 5, 0.5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_powers_are_the_same_bits_in_both_tiers(exponent, dtype):
    found = []
    for _ in range(2):
        x = data(50, seed=9, dtype=dtype).abs().requires_grad_()
        y = x**exponent
        y.sum().backward()
        found.append((y.detach().numpy().tobytes(), x.grad.numpy().tobytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize("shape", [(4, 512, 9), (5, 3, 2), (64, 30, 1), (1, 40, 6)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_of_transposes_are_the_same_bits_in_both_tiers(shape, dtype):
    rows, inner, columns = shape
    found = []
    for _ in range(2):
        a = data(inner, rows, seed=1, dtype=dtype).requires_grad_()
        b = data(columns, inner, seed=2, dtype=dtype).requires_grad_()
        y = a.T @ b.T
        (y * y).sum().backward()
        found.append([t.detach().numpy() for t in (y, a.grad, b.grad)])
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))
    a, b = (x.astype(np.float64) for x in (data(inner, rows, seed=1).numpy(), data(columns, inner, seed=2).numpy()))
    np.testing.assert_allclose(found[0][0], a.T @ b.T, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(found[0][1], (2 * (a.T @ b.T) @ b).T, rtol=2e-4, atol=1e-3)
