"""checkpoint=True: loops in segments that run once more; the gradients are those of a tape, bit for bit."""

import os
import subprocess
import sys

import numpy as np
import pytest

import symdiff as sd


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


def halves(x, n):
    while x > 1e-3 * n:
        x = np.sin(x) * 0.5
    return x


@pytest.mark.parametrize("function, message", [(draws, "draws random numbers"), (halves, "number of trips")])
def test_refused(function, message):
    bounded = sd.differentiable(function, checkpoint=True)
    assert bounded(0.7, 3) == pytest.approx(function(0.7, 3), rel=1e-14)
    with pytest.raises(sd.UnsupportedSyntaxError, match=message):
        bounded.grad(0.7, 3)


def test_a_number_of_bytes_is_refused():
    with pytest.raises(sd.UnsupportedSyntaxError, match="number of bytes"):
        sd.differentiable(wave, checkpoint=1000)


def logarithms(x, chosen, n):
    s = 0.0
    for _ in range(n):
        s = 0.5 * s + np.log(x)
    return np.where(chosen, s, 3.0 * x)


def test_what_a_select_did_not_choose_poisons_nothing():
    assert sd.differentiable(logarithms, checkpoint=True).grad(0.0, False, 5) == 3.0
    assert sd.differentiable(logarithms, checkpoint=True).grad(1.0, True, 3) == 1.75


MEASURED = """
import resource
import numpy as np
import symdiff as sd

def wave(x, k, n):
    v = x * 0.0
    for i in range(n):
        v = v - 1e-3 * k * np.sin(x + 0.001 * i)
        x = x + 1e-3 * v
    return np.sum(x * v)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0

gradient = sd.differentiable(wave, checkpoint=True, wrt=("x", "k")).grad
x = np.linspace(0.0, 1.0, 100)
gradient(x, 2.0, 10)
before = peak()
assert np.isfinite(gradient(x, 2.0, 10**5)[0]).all()
print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_grows_as_the_square_root_of_the_trips(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(MEASURED)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300, env=os.environ)
    assert done.returncode == 0, done.stderr[-3000:]
    assert float(done.stdout) < 8.0  # a tape takes 160 MB
