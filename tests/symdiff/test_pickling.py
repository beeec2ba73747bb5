"""Functions that travel: pickled by name or as function and options, to other processes, copied; and how they look."""

import copy
import functools
import inspect
import multiprocessing
import pickle
import subprocess
import sys
import textwrap

import cloudpickle
import numpy as np
import pytest

import symdiff as sd

MODULE = '''
import functools
import numpy as np
import symdiff as sd

SCALE = 3.0

@sd.differentiable
def loss(w, x):
    """Sum of squares."""
    return SCALE * np.sum((x * w) ** 2)

@sd.differentiable(strict=True, wrt="b")
def two(a, b=2.0):
    return a * b * b

def plain(x):
    return x * x * x

slope = sd.grad(plain)
curvature = sd.grad(slope)

class Model:
    def __init__(self, k):
        self.k = k

    @sd.differentiable
    def energy(self, q):
        return 0.5 * self.k * q * q

    @staticmethod
    @sd.differentiable
    def cube(q):
        return q * q * q

third = sd.grad(functools.partial(lambda a, x: a * x * x, 3.0))
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that other processes can import as well."""
    (tmp_path / "travelling.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(p for p in sys.path if p)}")
    sys.modules.pop("travelling", None)
    import travelling

    yield travelling
    sys.modules.pop("travelling", None)


def again(thing):
    return pickle.loads(pickle.dumps(thing))


def test_a_function_of_a_module_is_itself_again(module):
    assert again(module.loss) is module.loss
    assert again(module.two) is module.two


def test_derivatives_of_a_decorated_function(module):
    w, x = 2.0, np.array([1.0, 2.0])
    assert again(sd.grad(module.loss))(w, x) == module.loss.grad(w, x) == 60.0
    value, gradient = again(sd.value_and_grad(module.loss, ("w", "x")))(w, x)
    assert value == 60.0
    np.testing.assert_array_equal(gradient[1], [24.0, 48.0])
    np.testing.assert_array_equal(again(sd.hessian(module.loss, "x"))(w, x), 24.0 * np.eye(2))


def test_derivatives_of_a_plain_function(module):
    assert again(module.slope)(2.0) == 12.0
    assert again(module.curvature)(2.0) == 12.0
    assert again(sd.differentiable(module.plain)).grad(2.0) == 12.0


def test_options_travel():
    double = sd.differentiable(np.tanh, strict=True)
    assert again(double).options == double.options
    assert again(double).grad(0.0) == 1.0


def test_methods_and_static_methods(module):
    model = module.Model(4.0)
    assert again(model).energy.grad(0.5) == 2.0
    assert again(module.Model.cube).grad(2.0) == 12.0
    assert cloudpickle.loads(cloudpickle.dumps(model.energy)).grad(0.5) == 2.0


def test_after_use_and_before(module):
    module.loss.grad(2.0, np.ones(3))
    assert again(module.loss).grad(2.0, np.ones(3)) == module.loss.grad(2.0, np.ones(3))


def test_spawned_processes(module):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(module.loss, [(1.0, np.ones(2)), (2.0, np.ones(3))]) == [6.0, 36.0]
        assert pool.starmap(sd.grad(module.loss), [(1.0, np.ones(2)), (2.0, np.ones(3))]) == [12.0, 36.0]
        assert pool.map(module.curvature, [1.0, 2.0]) == [6.0, 12.0]


def test_joblib(module):
    joblib = pytest.importorskip("joblib")
    work = joblib.Parallel(n_jobs=2, backend="loky")
    jobs = [(joblib.delayed(module.loss), k) for k in (1.0, 2.0)]
    assert work(job(k, np.ones(2)) for job, k in jobs) == [6.0, 24.0]
    assert work(joblib.delayed(sd.grad(module.loss))(k, np.ones(2)) for k in (1.0, 2.0)) == [12.0, 24.0]
    assert work(joblib.delayed(module.slope)(k) for k in (1.0, 2.0)) == [3.0, 12.0]


def test_joblib_runs_local_functions():
    joblib = pytest.importorskip("joblib")
    scale = 3.0
    slope = sd.grad(lambda x: scale * x * x)
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(slope)(k) for k in (1.0, 2.0)) == [6.0, 12.0]


def test_cloudpickle_of_a_lambda_in_this_process():
    scale = 3.0
    slope = sd.grad(lambda x: scale * x * x)
    found = cloudpickle.loads(cloudpickle.dumps(slope))
    assert found(2.0) == 12.0
    assert cloudpickle.loads(cloudpickle.dumps(sd.differentiable(lambda x: x**3))).grad(2.0) == 12.0


def test_cloudpickle_of_a_lambda_in_another_process(tmp_path):
    cube = sd.differentiable(lambda x: x * x * x)
    (tmp_path / "cube.pkl").write_bytes(cloudpickle.dumps((cube, sd.grad(cube))))
    script = """
        import pickle, sys
        cube, slope = pickle.load(open(sys.argv[1], "rb"))
        print(cube(2.0), cube.grad(2.0), slope(3.0))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "cube.pkl")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["8.0", "12.0", "27.0"]


def test_copies(module):
    for duplicate in (copy.copy, copy.deepcopy):
        assert duplicate(module.loss)(2.0, np.ones(2)) == 24.0
        assert duplicate(module.slope)(2.0) == 12.0
        assert duplicate(sd.differentiable(lambda x: x * x)).grad(3.0) == 6.0
        assert duplicate({"f": module.loss})["f"].grad(2.0, np.ones(2)) == 24.0


# -- how it looks ------------------------------------------------------------------------------------------------------


def test_attributes_of_the_function(module):
    assert module.loss.__name__ == "loss"
    assert module.loss.__qualname__ == "loss"
    assert module.loss.__module__ == "travelling"
    assert module.loss.__doc__ == "Sum of squares."
    assert inspect.unwrap(module.loss).__name__ == "loss"
    assert module.loss.__wrapped__(2.0, np.ones(2)) == 24.0
    assert callable(module.loss)


def test_signature(module):
    assert str(inspect.signature(module.loss)) == "(w, x)"
    assert str(inspect.signature(module.two)) == "(a, b=2.0)"
    assert str(inspect.signature(sd.grad(module.two))) == "(a, b=2.0)"
    assert str(inspect.signature(module.Model(1.0).energy)) == "(q)"
    assert str(inspect.signature(sd.differentiable(functools.partial(module.plain)))) == "(x)"


def test_help(module):
    import pydoc

    assert "Sum of squares." in pydoc.render_doc(module.loss, renderer=pydoc.plaintext)
    assert "(w, x)" in repr(module.loss)


def test_repr(module):
    assert repr(module.loss).startswith("<differentiable loss(w, x): ")
    assert "variant" in repr(module.loss)
    assert "plain" in repr(module.slope)


def test_wraps_on_top(module):
    @functools.wraps(module.loss)
    def logged(*args, **kwargs):
        return module.loss(*args, **kwargs)

    assert logged.__name__ == "loss"
    assert str(inspect.signature(logged)) == "(w, x)"
    assert logged(2.0, np.ones(2)) == 24.0
