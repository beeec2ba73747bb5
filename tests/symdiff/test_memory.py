"""Memory: tapes of scalar loops are small, repeated calls and compiles do not grow, dropped functions are freed."""

import gc
import os
import subprocess
import sys
import textwrap
import weakref

import numpy as np
import pytest

import symdiff as sd

HEADER = """
import gc
import numpy as np
import symdiff as sd

def peak():
    # of this program alone: what getrusage tells may be the parent's
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024.0

def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024.0
"""

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def run(tmp_path, text):
    path = tmp_path / "program.py"
    path.write_text(HEADER + textwrap.dedent(text))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300, env=os.environ)
    assert done.returncode == 0, done.stderr[-3000:]
    return float(done.stdout.split()[-1])


@linux
def test_a_loop_that_carries_two_floats(tmp_path):
    grown = run(
        tmp_path,
        """
        @sd.differentiable
        def orbit(x, v, k, n):
            for _ in range(n):
                a = -k * np.sin(x)
                v = v + 1e-3 * a
                x = x + 1e-3 * v
            return x * x + v * v

        orbit.grad(1.0, 0.0, 2.0, 10, wrt=("x", "v", "k"))
        before = peak()
        gradient = orbit.grad(1.0, 0.0, 2.0, 10**6, wrt=("x", "v", "k"))
        assert np.isfinite(gradient).all()
        print(peak() - before)
        """,
    )
    assert grown < 64.0


@linux
def test_repeated_calls_do_not_grow(tmp_path):
    grown = run(
        tmp_path,
        """
        @sd.differentiable
        def f(x, k):
            total = 0.0
            for i in range(k):
                total = total + np.sum(x * x) * i
            return total

        @sd.differentiable
        def store(a):
            a[0] = a[1] * 2.0
            return np.sum(a * a)

        x, number = np.ones(20), np.float64(2.0)
        def rounds(n):
            for _ in range(n):
                f(x, 3), f.grad(x, 3), f.value_and_grad(x[::2], 3), store(x), store.grad(x)
                try:
                    f(x)
                except TypeError:
                    pass
        rounds(2000)
        gc.collect()
        before = resident()
        rounds(20000)
        gc.collect()
        print(resident() - before)
        """,
    )
    assert grown < 2.0


@linux
def test_failing_calls_do_not_grow(tmp_path):
    grown = run(
        tmp_path,
        """
        @sd.differentiable
        def f(x, k):
            a = np.zeros(20000)
            a[0] = x[0]
            a[k] = x[1]
            return np.sum(np.log(a + 1.0)) * np.sum(x)

        x = np.ones(2)
        def rounds(n):
            for _ in range(n):
                for call in (f, f.grad):
                    try:
                        call(x, 30000)
                    except IndexError:
                        pass
        f(x, 1), f.grad(x, 1)
        rounds(200)
        before = resident()
        rounds(2000)
        gc.collect()
        print(resident() - before)
        """,
    )
    assert grown < 4.0


@linux
def test_compiling_and_dropping_does_not_grow(tmp_path):
    grown = run(
        tmp_path,
        """
        import linecache

        def fresh(number):
            text = f"def f(x):\\n    return np.sum(x * x) * {number}.0 + x[0]\\n"
            name = "<fresh>"
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
            names = {"np": np}
            exec(compile(text, name, "exec"), names)
            return sd.grad(names["f"])

        def rounds(start, n):
            for number in range(start, start + n):
                assert fresh(number)(np.ones(3))[1] == 2.0 * number
        rounds(0, 150)
        gc.collect()
        before = resident()
        rounds(150, 150)
        gc.collect()
        print(resident() - before)
        """,
    )
    assert grown < 20.0


@linux
def test_fresh_lambdas_do_not_grow(tmp_path):
    grown = run(
        tmp_path,
        """
        def rounds(n):
            for k in range(n):
                scale = float(k)
                assert sd.grad(lambda x: scale * x * x)(3.0) == 6.0 * k
        rounds(500)
        gc.collect()
        before = resident()
        rounds(5000)
        gc.collect()
        print(resident() - before)
        """,
    )
    assert grown < 2.0


def test_a_dropped_function_is_freed():
    def make(scale):
        data = np.ones(1000)
        return data, sd.differentiable(lambda x: scale * np.sum(x * data))

    data, f = make(2.0)
    f(data), f.grad(data), f.value_and_grad(data), sd.grad(f)(data)
    captured, function, wrapper = weakref.ref(data), weakref.ref(f.__wrapped__), weakref.ref(f)
    del data, f
    gc.collect()
    assert wrapper() is None
    assert function() is None
    assert captured() is None


def test_arguments_are_not_kept():
    f = sd.differentiable(lambda p, x: np.sum(p["w"] * x))
    p, x = {"w": np.ones(100)}, np.ones(100)
    seen = [weakref.ref(x), weakref.ref(p["w"])]
    f(p, x), f.grad(p, x), f.grad(p, x, wrt="x"), sd.grad(f)(p, x)
    with pytest.raises(sd.ShapeError):
        f(p, np.ones(7))
    del p, x
    gc.collect()
    assert [r() for r in seen] == [None, None]
    f({"w": np.ones(3)}, np.ones(3))


def test_objects_with_methods_are_freed():
    class Model:
        def __init__(self):
            self.w = np.ones(4)

        @sd.differentiable
        def loss(self, x):
            return np.sum(self.w * x)

    model = Model()
    np.testing.assert_array_equal(model.loss.grad(np.ones(4)), 1.0)
    model.loss(np.ones(4))
    seen = weakref.ref(model)
    del model
    gc.collect()
    assert seen() is None


def test_results_own_their_memory():
    f = sd.differentiable(lambda x: x * 2.0)
    x = np.ones(5)
    first = f(x)
    second = f(x + 1.0)
    np.testing.assert_array_equal(first, 2.0)
    np.testing.assert_array_equal(second, 4.0)
    g = sd.differentiable(lambda a, b: np.sum(a + b))
    da, db = g.grad(x, x, wrt=(0, 1))
    da[0] = 9.0
    assert db[0] == 1.0
    assert not np.shares_memory(da, db)
    assert not np.shares_memory(sd.grad(lambda a: np.sum(a * x))(x), x)
