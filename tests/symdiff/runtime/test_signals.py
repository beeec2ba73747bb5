"""Signals, threads and forks: loops end at Ctrl-C, handlers may call what they interrupt, threads share compiles."""

import threading

import numpy as np
import pytest

import symdiff as sd
from symdiff_codegen.native import module_builds
from tests.scripts import run_file, script_file

# -- signals -----------------------------------------------------------------------------------------------------------

INTERRUPT = """
def interrupted(call, name):
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.perf_counter()
    try:
        call()
    except KeyboardInterrupt:
        took = time.perf_counter() - start
        print(name, "interrupted" if took < 5.0 else f"late: {took}")
    else:
        print(name, "ran to its end")
"""

LONG = {
    "for": ("t = 0.0\n    for i in range(n):\n        t = t + x * i\n    return t", "1.5, 10**12", "1.5, 4"),
    "nested": (
        "t = 0.0\n    for i in range(n):\n        for j in range(3):\n            t = t + x * j\n    return t",
        "1.5, 10**12",
        "1.5, 4",
    ),
    "while": ("t = x\n    while t < n:\n        t = t + x * 1e-12\n    return t", "1.5, 10**9", "1.5, 1"),
    "inner": (
        "t = 0.0\n    for i in range(2):\n        for j in range(n):\n            t = t + x * j\n    return t",
        "1.5, 10**12",
        "1.5, 4",
    ),
    "vector": (
        "for i in range(n):\n        x = x * 1.0000001 + 1.0\n    return np.sum(x)",
        "np.ones(1000), 10**10",
        "np.ones(3), 2",
    ),
}


@pytest.mark.parametrize("name", LONG)
def test_interrupts_end_native_loops(tmp_path, name):
    body, long, short = LONG[name]
    path = script_file(
        tmp_path,
        INTERRUPT
        + f"""
@sd.differentiable
def f(x, n):
    {body}

expected = f({short})
interrupted(lambda: f({long}), "value")
assert f({short}) == expected
interrupted(lambda: f({long}), "value again")
assert f({short}) == expected
print(f.grad({short}) is not None)
""",
    )
    assert run_file(path).split("\n")[:2] == ["value interrupted", "value again interrupted"]


def test_interrupts_end_long_gradients(tmp_path):
    path = script_file(
        tmp_path,
        INTERRUPT
        + """
@sd.differentiable
def f(x, n):
    t = x
    for i in range(n):
        for j in range(2000):
            t = t + x * 1e-9
    return t

expected = f.grad(1.5, 3)
interrupted(lambda: f.grad(1.5, 10**8), "gradient")
assert f.grad(1.5, 3) == expected

@sd.differentiable
def g(x, n):
    for i in range(n):
        x = np.sin(x)
    return np.sum(x)

g.grad(np.ones(10), 2)
interrupted(lambda: [g.grad(np.ones(1000), 1000) for _ in range(10**9)], "many")
print(np.isfinite(g.grad(np.ones(10), 2)).all())
""",
    )
    assert run_file(path).split("\n")[:3] == ["gradient interrupted", "many interrupted", "True"]


def test_a_handler_may_call_what_it_interrupts(tmp_path):
    path = script_file(
        tmp_path,
        """
        @sd.differentiable
        def f(x, n):
            t = 0.0
            for i in range(n):
                t = t + x * i
            return t

        @sd.differentiable
        def g(x, n):
            t = x
            for i in range(n):
                t = t + x * i
            return t

        sd.grad(lambda x: x * x)(2.0)
        seen = []
        def handler(number, frame):
            seen.append((f(2.0, 3), f.grad(2.0, 4), f(np.float32(2.0), 3), f.grad(np.float64(2.0), 3), g(2.0, 3)))
        signal.signal(signal.SIGALRM, handler)
        found = []
        for call in (f, f, f.grad, f.grad, g, g.grad):
            # the first call of each interrupts a compile or a loop that the dispatcher started, the second native code
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            found.append(call(1.0, 1 << 28))
            while len(seen) < len(found):
                time.sleep(0.01)
        large = 0.5 * (1 << 28) * ((1 << 28) - 1)
        assert all(abs(number / large - 1.0) < 1e-6 for number in found), found
        assert found[0] == found[1] and found[2] == found[3], found
        assert set(seen) == {(6.0, 6.0, 6.0, 3.0, 8.0)}, seen
        """,
    )
    run_file(path)


def test_a_handler_that_raises(tmp_path):
    path = script_file(
        tmp_path,
        """
        @sd.differentiable
        def f(x, n):
            t = 0.0
            for i in range(n):
                t = t + x * i
            return t

        def handler(number, frame):
            raise TimeoutError("enough")
        signal.signal(signal.SIGALRM, handler)
        f(1.0, 3)
        for _ in range(3):
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            try:
                f(1.0, 10**12)
            except TimeoutError as error:
                print(error)
        assert f(1.0, 3) == 3.0
        """,
    )
    assert run_file(path).split() == ["enough"] * 3


# -- threads and processes ---------------------------------------------------------------------------------------------


def test_threads_share_one_compile():
    @sd.differentiable
    def f(x, y):
        total = 0.0
        for k in range(3):
            total = total + np.sum(x * y) * k
        return total

    barrier = threading.Barrier(8)
    found, errors = [], []
    before = module_builds()

    def work(number):
        try:
            barrier.wait()
            for _ in range(5):
                x = np.full(40, number + 1.0)
                found.append((number, f(x, x), f.grad(x, np.ones(40))[0]))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(found) == 40
    assert all(value == 120.0 * (n + 1) ** 2 and slope == 3.0 for n, value, slope in found)
    assert module_builds() - before == 2


def test_threads_with_many_types():
    f = sd.differentiable(lambda x, k: np.sum(x * x) * k)
    errors = []

    def work(number):
        rng = np.random.default_rng(number)
        try:
            for _ in range(40):
                n = int(rng.integers(1, 30))
                dtype = rng.choice([np.float64, np.float32])
                x = np.arange(n, dtype=dtype)
                k = [2, 2.0, np.float64(2.0)][int(rng.integers(3))]
                np.testing.assert_allclose(f(x, k), 2.0 * np.sum(x.astype(float) ** 2), rtol=1e-5)
                np.testing.assert_allclose(f.grad(x, k), 4 * x, rtol=1e-6)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors[0]


def test_fork_after_compiling(tmp_path):
    path = script_file(
        tmp_path,
        """
        import warnings
        warnings.simplefilter("ignore")

        @sd.differentiable
        def f(x):
            return np.sum(x * x)

        f.grad(np.ones(20))
        done = threading.Event()
        def busy():
            while not done.is_set():
                sd.grad(lambda x: x * x)(2.0)
        thread = threading.Thread(target=busy)
        thread.start()
        for _ in range(4):
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                ok = f.grad(np.ones(20))[0] == 2.0 and sd.grad(lambda x: x * x * x)(2.0) == 12.0
                os._exit(0 if ok else 3)
            _, status = os.waitpid(child, 0)
            assert status == 0, status
        done.set()
        thread.join()
        """,
    )
    run_file(path)


def test_many_functions_on_one_line():
    f, g, h = sd.grad(lambda x: x * x), sd.grad(lambda x: x**3), sd.grad(lambda x: x * x)
    assert (f(2.0), g(2.0), h(3.0)) == (4.0, 12.0, 6.0)
