"""checkpoint=True: loops in segments that run once more; the gradients are those of a tape, bit for bit."""

import os
import subprocess
import sys

import numpy as np
import pytest

import symdiff as sd


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    """The passes of LLVM do not change the bits, and take most of the time."""
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def wave(x, k, n):
    v = x * 0.0
    for i in range(n):
        v = v - 1e-3 * k * np.sin(x + 0.001 * i)
        x = x + 1e-3 * v
    return np.sum(x * v)


def downwards(x, k, n):
    s = x[0]
    for i in range(2 * n + 1, 1, -2):
        s = s + np.sin(s * k + i) * x[i % 3]
    return s


def inner_loops(x, k, n):
    s = x[0]
    for i in range(n):
        for j in range(i % 4):
            s = np.sin(s * k + x[j % 3])
        if i % 3 == 1:
            for j in range(2, 5):
                s = s * np.cos(k * j)
    return s


def stored(x, k, n):
    out = np.zeros(n + 1)
    out[0] = x[1]
    for i in range(n):
        out[i + 1] = np.sin(k * out[i]) + x[0]
    return np.sum(out * out)


def only_added(x, k, n):
    total = 0.0
    for i in range(n):
        s = x[0]
        for _ in range(3):
            s = np.sin(k * s + i)
        total += s
    return total * total


def prints(x, k, n):
    s = x[0]
    for i in range(n):
        s = np.sin(k * s + i)
        if i % 2:
            print(i, float(s) > 0.0)
    return s


X = np.array([0.4, 0.9, -0.3])


def both(function):
    return (
        sd.differentiable(function, checkpoint=True, wrt=("x", "k")),
        sd.differentiable(function, wrt=("x", "k")),
    )


@pytest.mark.parametrize("function", [wave, downwards, inner_loops, stored, only_added, prints])
def test_gradients_are_those_of_a_tape(function):
    bounded, plain = both(function)
    for n in (0, 1, 2, 3, 4, 5, 10, 17):
        value, found = bounded.value_and_grad(X, 1.3, n)
        assert value == plain(X, 1.3, n)
        expected = plain.grad(X, 1.3, n)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


def test_the_bits_are_the_same():
    bounded, plain = both(wave)
    for a, b in zip(bounded.grad(X, 1.3, 50), plain.grad(X, 1.3, 50), strict=True):
        assert np.array_equal(a, b)


def test_gradients_agree_with_differences():
    bounded, _ = both(inner_loops)
    expected = (inner_loops(X, 1.3 + 1e-6, 11) - inner_loops(X, 1.3 - 1e-6, 11)) / 2e-6
    np.testing.assert_allclose(bounded.grad(X, 1.3, 11)[1], expected, rtol=1e-6)


def test_the_printed_gradient_gives_the_same():
    bounded, _ = both(downwards)
    text = bounded.gradient_source(X, 1.3, 9)
    assert "for segment in reversed(range(" in text
    names = {"np": np}
    exec(text, names)
    for a, b in zip(names["downwards_grad"](X, 1.3, 9), bounded.grad(X, 1.3, 9), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


@pytest.mark.parametrize("function", [wave, inner_loops])
def test_second_derivatives(function):
    bounded, plain = both(function)
    second = sd.grad(sd.grad(bounded, "k"), "k")(X, 1.3, 7)
    np.testing.assert_allclose(second, sd.grad(sd.grad(plain, "k"), "k")(X, 1.3, 7), rtol=1e-12)
    h = 1e-5
    moved = [sd.grad(plain, "k")(X, 1.3 + sign * h, 7) for sign in (1, -1)]
    np.testing.assert_allclose(second, (moved[0] - moved[1]) / (2 * h), rtol=1e-6)


def test_what_is_shown_is_shown_once(capsys):
    prints(X, 1.3, 9)
    expected = capsys.readouterr().out
    both(prints)[0].grad(X, 1.3, 9)
    assert capsys.readouterr().out == expected


def raises(x, k, n):
    s = x[0]
    for i in range(n):
        s = np.sin(k * s + i)
        if i == 6:
            raise ValueError(f"trip {i}")
    return s


def test_errors_are_raised_as_before():
    bounded, _ = both(raises)
    assert bounded.grad(X, 1.3, 6)[1] != 0.0
    with pytest.raises(ValueError, match="trip 6"):
        bounded.grad(X, 1.3, 7)


def draws(x, n):
    rng = np.random.default_rng(1)
    for _ in range(n):
        x = x * np.exp(0.1 * rng.standard_normal())
    return x


def draws_two(x, rng, n):
    s = x
    for i in range(3, 2 * n + 3, 2):
        noise = rng.normal(0.1, 0.3, size=3)
        flip = rng.uniform()
        s = np.sin(s + noise * x) * (flip + 0.01 * i)
    return np.sum(s)


def draws_if(x, n):
    rng = np.random.default_rng(1)
    for i in range(n):
        if i % 2:
            x = x * rng.normal()
    return x


def test_numbers_are_drawn_once_and_in_order():
    bounded = sd.differentiable(draws, checkpoint=True)
    two, plain = sd.differentiable(draws_two, checkpoint=True), sd.differentiable(draws_two)
    for n in (0, 1, 2, 7, 20):
        assert bounded.grad(0.7, n) == pytest.approx(draws(0.7, n) / 0.7, rel=1e-14)
        own, other, fresh = (np.random.default_rng(5) for _ in range(3))
        np.testing.assert_allclose(two.grad(X, own, n), plain.grad(X, other, n), rtol=1e-13)
        draws_two(X, fresh, n)
        assert own.bit_generator.state == fresh.bit_generator.state == other.bit_generator.state


def halves(x, n):
    while x > 1e-3 * n:
        x = np.sin(x) * 0.5
    return x


@pytest.mark.parametrize("function, message", [(draws_if, "draws random numbers"), (halves, "number of trips")])
def test_refused(function, message):
    bounded = sd.differentiable(function, checkpoint=True)
    assert bounded(0.7, 3) == pytest.approx(function(0.7, 3), rel=1e-14)
    with pytest.raises(sd.UnsupportedSyntaxError, match=message):
        bounded.grad(0.7, 3)


def two_loops(x, k, n):
    s = x
    if n > 3:
        for i in range(n):
            s = np.sin(s * k + i)
    for _ in range(2 * n):
        for j in range(3):
            s = np.cos(s + k * j)
    return np.sum(s)


def summed(x, k, n):
    total = 0.0
    for i in range(n):
        s = x
        for _ in range(n):
            s = np.sin(k * s + i)
        total += np.sum(s)
    return total


@pytest.mark.parametrize("function", [wave, downwards, stored, two_loops, summed])
def test_a_number_of_bytes(function):
    """The numbers are those of a tape, whatever the segments: 3000 bytes make a few of them, a million one."""
    plain = sd.differentiable(function, wrt=("x", "k"))
    for memory in (3000, 10**6):
        bounded = sd.differentiable(function, checkpoint=memory, wrt=("x", "k"))
        for n in (0, 1, 2, 5, 17):
            for a, b in zip(bounded.grad(X, 1.3, n), plain.grad(X, 1.3, n), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_a_number_of_bytes_that_is_too_small():
    bounded = sd.differentiable(wave, checkpoint=1000)
    assert bounded.grad(X, 1.3, 0).tolist() == [0.0, 0.0, 0.0]
    assert np.isfinite(bounded.grad(X, 1.3, 3)).all()
    for n in (1000, 10**9):
        with pytest.raises(MemoryError, match="checkpoint=1000: the history of this loop does not fit") as caught:
            bounded.grad(X, 1.3, n)
        assert "for i in range(n):" in str(caught.value)


def test_a_number_of_bytes_and_draws():
    with pytest.raises(sd.UnsupportedSyntaxError, match="which are all kept"):
        sd.differentiable(draws, checkpoint=1000).grad(0.7, 3)


@pytest.mark.parametrize("function, words", [(inner_loops, "only known when it has run"), (halves, "number of trips")])
def test_a_number_of_bytes_cannot_bound(function, words):
    args = (X, 1.3, 7) if function is inner_loops else (0.7, 3)
    with pytest.raises(sd.SymdiffError, match=words):
        sd.differentiable(function, checkpoint=1000).grad(*args)


# -- sd.checkpointed ---------------------------------------------------------------------------------------------------


def marked(x, k, n):
    s = x
    for i in sd.checkpointed(range(n)):
        s = np.sin(s * k + i)
    for i in range(n):
        s = np.cos(s * k - i)
    return np.sum(s)


def unmarked(x, k, n):
    s = x
    for i in range(n):
        s = np.sin(s * k + i)
    for i in range(n):
        s = np.cos(s * k - i)
    return np.sum(s)


def test_one_loop_is_marked():
    own, plain = (sd.differentiable(f, wrt=("x", "k")) for f in (marked, unmarked))
    assert own.gradient_source(X, 1.3, 9).count("for segment in reversed(") == 1
    assert own(X, 1.3, 9) == plain(X, 1.3, 9) == marked(X, 1.3, 9)
    for n in (0, 1, 6, 20):
        for a, b in zip(own.grad(X, 1.3, n), plain.grad(X, 1.3, n), strict=True):
            assert np.array_equal(a, b)


def test_marks_inside_nested_derivatives_and_mapped_functions():
    rows = np.array([X, X + 1.0])
    found = sd.vmap(sd.grad(marked), in_axes=(0, None, None))(rows, 1.3, 6)
    np.testing.assert_allclose(found, [sd.grad(unmarked)(row, 1.3, 6) for row in rows], rtol=1e-14)
    inner = sd.differentiable(lambda x: np.sum(sd.grad(marked)(x, 1.3, 6) ** 2))
    expected = sd.grad(lambda x: np.sum(sd.grad(unmarked)(x, 1.3, 6) ** 2))(X)
    np.testing.assert_allclose(inner.grad(X), expected, rtol=1e-12)


def test_what_is_checkpointed_is_iterated_over_as_it_is():
    assert list(sd.checkpointed(range(3))) == [0, 1, 2]

    def f(x):
        s = 1.0
        for i, v in sd.checkpointed(enumerate(x)):
            s = s * v + i
        return s

    assert sd.differentiable(f)(X) == f(X)
    np.testing.assert_allclose(sd.grad(f)(X), [X[1] * X[2], X[0] * X[2], X[0] * X[1] + 1.0], rtol=1e-15)


def left(x, n):
    for _ in sd.checkpointed(range(n)):
        x = np.sin(x) * 2.0
        if x > 1.9:
            break
    return x


def over_a_tuple(x, n):
    for v in sd.checkpointed((x, 2.0)):
        x = x * v
    return x


@pytest.mark.parametrize("function, words", [(left, "number of trips"), (over_a_tuple, "nothing to checkpoint")])
def test_marks_that_cannot_be_kept(function, words):
    with pytest.raises(sd.UnsupportedSyntaxError, match=words):
        sd.grad(function)(0.7, 3)


MEASURED = """
import numpy as np
import symdiff as sd

def wave(x, k, n):
    v = x * 0.0
    for i in range(n):
        v = v - 1e-3 * k * np.sin(x + 0.001 * i)
        x = x + 1e-3 * v
    return np.sum(x * v)

def peak():
    # of this program alone: what getrusage tells may be the parent's
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024.0

x = np.linspace(0.0, 1.0, 100)
for memory in (2_500_000, True, 10_000_000):
    gradient = sd.differentiable(wave, checkpoint=memory, wrt=("x", "k")).grad
    gradient(x, 2.0, 10)
    before = peak()
    assert np.isfinite(gradient(x, 2.0, 10**3 if memory == 2_500_000 else 10**5)[0]).all()
    print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_grows_as_the_square_root_of_the_trips(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(MEASURED)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300, env=os.environ)
    assert done.returncode == 0, done.stderr[-3000:]
    # peaks only grow: a tape of all trips takes 160 MB, and one of a thousand 3.2 MB
    assert [float(grown) < most for grown, most in zip(done.stdout.split(), (4.0, 8.0, 12.0), strict=True)] == [
        True
    ] * 3
