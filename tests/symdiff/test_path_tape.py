"""Loops whose trips are independent but for sums keep the history of one trip; their gradients are those of a tape."""

import inspect
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import symdiff as sd
from symdiff.transform import paths

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def call_price(s0, sigma, number, steps):
    rng = np.random.default_rng(1)
    total = 0.0
    for _ in range(number):
        z = rng.standard_normal(steps)
        s = s0
        for t in range(steps):
            s = s * np.exp(-0.005 * sigma**2 + sigma * 0.1 * z[t])
        total += max(s - 100.0, 0.0)
    return np.exp(-0.05) * total / number


def scalar_draws(s0, sigma, number, steps):
    rng = np.random.default_rng(1)
    total = 0.0
    for _ in range(number):
        s, mean = s0, 0.0
        for _ in range(steps):
            s = s + sigma * s * rng.standard_normal()
            mean += s / steps
        total += mean * np.sin(s)
    return total / number


def mean_and_variance(x, y, number, steps):
    rng = np.random.default_rng(2)
    total = squares = 0.0
    for _ in range(number):
        z = rng.standard_normal(steps)
        payoff = np.sum(np.sin(x * z) * y)
        total += payoff
        squares = squares + payoff * payoff
    mean = total / number
    return np.exp(mean) + np.sqrt(squares / number - mean**2)


def stops_early(x, y, number, steps):
    total = 0.0
    for p in range(number):
        s, t = x + 0.01 * p, 0
        while t < steps and s < 3.0:
            s = s + 0.1 * np.cos(y * s) ** 2
            t += 1
        if s > 2.0:
            total += s * s
        elif p % 2:
            total = total - y * s
    return np.log(1.0 + total**2)


def added_inside(x, y, number, steps):
    total = 1.0
    for p in range(number):
        s = x
        for t in range(steps):
            s = s * np.sin(y + t)
            if t % 3 == p % 3:
                total += s
    return total * total


def repeated(x, y, number, steps):
    guess = x
    for _ in range(4):
        total = 0.0
        for p in range(number):
            s = guess
            for t in range(steps):
                s = np.tanh(s * y + 0.1 * (p + t))
            total += s
        guess = guess - 0.1 * total / number
    return guess * guess


def own_numbers(x, y, number, steps):
    state, total = 12345, 0.0
    for _ in range(number):
        s = x
        for _ in range(steps):
            state = (1103515245 * state + 12345) % 2147483648
            s = s * (1.0 + y * (state / 2147483648 - 0.5))
        total += s
    return total


def leaves_early(x, y, number, steps):
    rng = np.random.default_rng(5)
    total = 0.0
    for _ in range(number):
        s = x
        for _ in range(steps):
            s = s * np.exp(y * rng.normal(0.0, 0.3))
            if s < 0.5 * x:
                break
        else:
            total += s
    return total


PROGRAMS = {
    f.__name__: (f, (1.3, 0.4) if f is not call_price else (100.0, 0.2))
    for f in (
        call_price,
        scalar_draws,
        mean_and_variance,
        stops_early,
        added_inside,
        repeated,
        own_numbers,
        leaves_early,
    )
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("number, steps", [(7, 5), (0, 3), (4, 0)])
def test_gradients_are_those_of_a_tape(name, number, steps, monkeypatch):
    function, at = PROGRAMS[name]
    if number == 0 and name in ("call_price", "scalar_draws", "mean_and_variance", "repeated"):
        pytest.skip("divides by the number of paths")
    names = tuple(function.__code__.co_varnames[:2])
    value, found = sd.value_and_grad(function, wrt=names)(*at, number, steps)
    np.testing.assert_allclose(value, function(*at, number, steps), rtol=1e-14)
    monkeypatch.setattr(paths, "MOST_SUMS", 0)
    expected = sd.grad(lambda a, b, n, k: function(a, b, n, k), wrt=(0, 1))(*at, number, steps)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13, equal_nan=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_agree_with_differences(name):
    function, at = PROGRAMS[name]
    found = sd.grad(function, wrt=(0, 1))(*at, 6, 5)
    for k in range(2):
        ends = []
        for sign in (1.0, -1.0):
            moved = list(at)
            moved[k] += sign * 1e-6 * at[k]
            ends.append(function(*moved, 6, 5))
        np.testing.assert_allclose(found[k], (ends[0] - ends[1]) / (2e-6 * at[k]), rtol=2e-6)


@pytest.mark.parametrize("name", ["call_price", "mean_and_variance", "stops_early", "added_inside"])
def test_the_printed_gradient_gives_the_same(name):
    function, at = PROGRAMS[name]
    made = sd.grad(function, wrt=(0, 1))
    names = {"np": np}
    text = sd.differentiable(function, wrt=(0, 1)).gradient_source(*at, 6, 5)
    exec(text, names)
    np.testing.assert_allclose(names[f"{name}_grad"](*at, 6, 5), made(*at, 6, 5), rtol=1e-13)


@pytest.mark.parametrize("name", ["scalar_draws", "mean_and_variance", "added_inside", "repeated"])
def test_second_derivatives(name):
    function, at = PROGRAMS[name]
    first = sd.grad(function)
    second = sd.grad(first)(*at, 5, 4)
    h = 1e-5
    expected = (first(at[0] + h, at[1], 5, 4) - first(at[0] - h, at[1], 5, 4)) / (2 * h)
    np.testing.assert_allclose(second, expected, rtol=1e-6)
    if "rng" not in function.__code__.co_varnames:
        np.testing.assert_allclose(sd.hessian(function)(*at, 5, 4), second, rtol=1e-10)


def losses(w, x, y):
    total = 0.0
    for i in range(x.shape[0]):
        h = x[i]
        for _ in range(3):
            h = np.tanh(w @ h)
        total += (np.sum(h) - y[i]) ** 2
    return np.sqrt(total)


def test_gradients_by_arrays():
    rng = np.random.default_rng(3)
    w, x, y = rng.normal(size=(3, 3)), rng.normal(size=(5, 3)), rng.normal(size=5)
    text = sd.differentiable(losses).gradient_source(w, x, y)
    assert text.count("reversed") == 1
    found = sd.grad(losses, wrt=("w", "x", "y"))(w, x, y)
    for k, array in enumerate((w, x, y)):
        for place in [(0,) * array.ndim, (2,) * array.ndim]:
            ends = []
            for sign in (1.0, -1.0):
                moved = [w.copy(), x.copy(), y.copy()]
                moved[k][place] += sign * 1e-6
                ends.append(losses(*moved))
            np.testing.assert_allclose(found[k][place], (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-9)


def prints_each(x, number):
    total = 0.0
    for p in range(number):
        s = x
        for t in range(3):
            s = s * np.sin(s + t)
        print(p, total)
        total += s
    return total


def test_effects_happen_once_and_in_order(capsys):
    prints_each(1.1, 3)
    expected = capsys.readouterr().out
    sd.grad(prints_each)(1.1, 3)
    assert capsys.readouterr().out == expected


def read_on(x, number):
    total = 0.5
    for _ in range(number):
        s = x
        for t in range(3):
            s = s * np.sin(s + t)
        total += s * total
    return total


def scaled(x, number):
    total = 0.5
    for _ in range(number):
        s = x
        for t in range(3):
            s = s * np.sin(s + t)
        total = 0.9 * total + s
    return total


def swapped(x, number):
    total, other = 0.5, 0.25
    for _ in range(number):
        s = x
        for t in range(3):
            s = s * np.sin(s + t)
        total, other = other + s, total
    return total


def started_anew(x, number):
    total = 0.5
    for p in range(number):
        s = x
        for t in range(3):
            s = s * np.sin(s + t)
        total = s if p == 2 else total + s
    return total


def taken_from(x, number):
    total = 0.5
    for _ in range(number):
        s = x
        for t in range(3):
            s = s * np.sin(s + t)
        total = s - total
    return total


@pytest.mark.parametrize("function", [read_on, scaled, swapped, started_anew, taken_from])
def test_what_is_no_mere_sum_is_reversed_as_a_whole(function):
    found = sd.grad(function)(0.8, 5)
    expected = (function(0.8 + 1e-6, 5) - function(0.8 - 1e-6, 5)) / 2e-6
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def plain_sum(x, number):
    total = 0.0
    for p in range(number):
        total += np.sin(x * p)
    return total


def test_loops_that_keep_little_are_as_before():
    assert "reversed" in sd.differentiable(read_on).gradient_source(1.0, 3)
    assert plain_sum.__name__ + "_grad" in sd.differentiable(plain_sum).gradient_source(1.0, 3)


GROWTH = """
import numpy as np
import symdiff as sd

{source}

def peak():
    # of this program alone: what getrusage tells may be the parent's
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024.0

gradient = sd.grad({name}, wrt=(0, 1))
gradient({at}, 10, {steps})
before = peak()
assert np.isfinite(gradient({at}, {number}, {steps})).all()
print(peak() - before)
"""


@linux
@pytest.mark.parametrize(
    "name, steps", [("call_price", 250), ("mean_and_variance", 250), ("scalar_draws", 25), ("stops_early", 200)]
)
def test_memory_does_not_grow_with_the_number_of_paths(name, steps, tmp_path):
    function, at = PROGRAMS[name]
    source = textwrap.dedent(inspect.getsource(function))
    text = GROWTH.format(source=source, name=name, at=", ".join(map(str, at)), number=20_000, steps=steps)
    path = tmp_path / "program.py"
    path.write_text(text)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300, env=os.environ)
    assert done.returncode == 0, done.stderr[-3000:]
    assert float(done.stdout) < 2.0  # a tape would take 8 MB or more
