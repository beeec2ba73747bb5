"""The command line: what it prints, its exit codes, and that it leaves no trace in the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from symdiff.__main__ import main

MODEL = """
from dataclasses import dataclass

import numpy as np

import symdiff as sd
from helper_beside import twice


@dataclass
class Spring:
    k: "float"

    def energy(self, x):
        return 0.5 * self.k * x * x


@sd.differentiable
def cube(x):
    return x * x * x


def poly(x, n: int):
    v = x
    for i in range(n):
        v = v * x + i
    return twice(v)


def score(x: np.ndarray, *, power: int):
    return np.sum(x**power)


def refused(x):
    class Local:
        pass
    return 2.0 * x


def wrong(x):
    return sd.stop_gradient(x) * x


def named(words: str):
    return 1.0


def whole(n: int):
    return n * 2
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "helper_beside.py").write_text("def twice(v):\n    return 2.0 * v\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    """Run a command line; gives its exit code, output and errors."""

    def command(*arguments):
        path, modules = list(sys.path), dict(sys.modules)
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code
        assert sys.path == path
        beside = {name for name, module in sys.modules.items() if str(folder) in str(getattr(module, "__file__", ""))}
        assert beside == set()
        assert all(sys.modules[name] is module for name, module in modules.items())
        return code, *capsys.readouterr()

    return command


def test_show_prints_python_that_runs(run):
    code, text, notes = run("show", "model.py:poly", "--args", "1.5, n=4")
    assert (code, notes) == (0, "")
    names: dict = {}
    exec(text, names)
    differences = (names["poly_grad"](1.5, 4), (_poly(1.5 + 1e-6, 4) - _poly(1.5 - 1e-6, 4)) / 2e-6)
    assert differences[0] == pytest.approx(differences[1], rel=1e-8)


def _poly(x, n):
    v = x
    for i in range(n):
        v = v * x + i
    return 2.0 * v


@pytest.mark.parametrize(
    ("stage", "part"),
    [
        ("source", "for i in range(n):"),
        ("graph", "# graph: from source"),
        ("adjoint", "# adjoint: from graph"),
        ("simplified", "def poly_grad(x, n):"),
        ("kernel", "def poly_grad(x, n):"),
        ("llvm", "define internal i64"),
        ("llvm_optimised", "define"),
        ("asm", "poly_grad"),
    ],
)
def test_show_prints_every_stage(run, stage, part):
    code, text, _ = run("show", "model.py:poly", "--stage", stage)
    assert code == 0 and part in text


def test_show_prints_all_stages_in_order(run):
    code, text, _ = run("show", "model.py:cube", "--stage", "all")
    places = [text.index(f" {stage} ---") for stage in ("source", "graph", "adjoint", "simplified", "kernel", "llvm")]
    assert code == 0 and places == sorted(places)


def test_show_says_which_arguments_it_guessed(run):
    _, _, notes = run("show", "model.py:score")
    assert notes == "# guessed arguments: x=np.array([0.5, 0.75, 1.0, 1.25, 1.5]), power=3; give others with --args\n"


def test_arguments_may_use_the_names_of_the_file(run):
    code, text, _ = run("show", "model.py:Spring.energy", "--args", "Spring(2.0), 1.5", "--wrt", "x")
    assert code == 0 and "energy_grad(" in text


def test_a_list_is_an_array(run):
    code, text, _ = run("show", "model.py:score", "--args", "[1, 2], power=2")
    assert code == 0 and "np.sum" not in text


def test_check_agrees(run):
    assert run("check", "model.py:poly") == (
        0,
        "ok: the gradient by x agrees with finite differences\n",
        "# guessed arguments: x=1.5, n=3; give others with --args\n",
    )
    code, text, _ = run("check", "model.py:score", "--args", "[1, 2, 3], power=3", "--order", "2")
    assert (code, text) == (0, "ok: first and second derivatives by x agree with finite differences\n")


def test_check_fails_where_the_gradient_is_not_the_derivative(run):
    code, text, errors = run("check", "model.py:wrong")
    assert (code, text) == (1, "")
    assert "differences" in errors


def test_what_is_refused_is_shown_with_its_place(run):
    code, text, errors = run("show", "model.py:refused", "--args", "1.0")
    assert (code, text) == (1, "")
    line = MODEL.splitlines().index("    class Local:") + 1
    assert errors.startswith(f"model.py:{line}:5: a class inside")
    assert "hint: " in errors and "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), ""),
        (("frobnicate",), "invalid choice: 'frobnicate'"),
        (("show",), "required: FILE.py:FUNCTION"),
        (("show", "model.py"), "'model.py' is not of the form FILE.py:FUNCTION"),
        (("show", "nowhere.py:f"), "there is no file nowhere.py"),
        (("show", "model.py:missing"), "model.py has no function 'missing'; it has cube, poly, score"),
        (("show", "model.py:Spring"), "'Spring' of model.py is not a function"),
        (("show", "model.py:poly", "--args", "1.0"), "poly(x, n: int): missing a required argument: 'n'"),
        (("show", "model.py:poly", "--args", "1.0, y"), "NameError: name 'y' is not defined"),
        (("show", "model.py:poly", "--args", "1.0,,"), "SyntaxError"),
        (("show", "model.py:poly", "--wrt", "z"), "--wrt z: there is no such argument; there are x, n"),
        (("show", "model.py:poly", "--stage", "tape"), "invalid choice: 'tape'"),
        (("show", "model.py:named"), "no guess for the argument 'words' of named: give all with --args"),
        (("check", "model.py:whole"), "none of the arguments holds floats"),
    ],
)
def test_wrong_usage(run, arguments, message):
    code, _, errors = run(*arguments)
    assert code == 2
    assert message in errors and "Traceback" not in errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import not_there_at_all\n", "No module named 'not_there_at_all'"),
        ("def f(x:\n", "SyntaxError"),
        ("raise SystemExit(0)\n", "guard it with __name__ == '__main__'"),
        ("import symdiff as sd\nf = sd.differentiable(3)\n", "3 is not callable"),
    ],
)
def test_a_file_that_cannot_be_loaded(run, folder, text, message):
    (folder / "broken.py").write_text(text)
    code, _, errors = run("show", "broken.py:f")
    assert code == 1
    assert message in errors and "importlib" not in errors and "user_file.py" not in errors


@pytest.mark.parametrize("name", ["inspect", "numpy", "symdiff", "codegen", "my-model"])
def test_a_file_hides_no_module(run, folder, name):
    (folder / "odd").mkdir()
    (folder / "odd" / f"{name}.py").write_text("def f(x):\n    return x * x\n")
    assert run("check", f"odd/{name}.py:f")[0] == 0


def test_a_file_inside_a_package(run, folder):
    inner = folder / "pack" / "inner"
    inner.mkdir(parents=True)
    (folder / "pack" / "__init__.py").touch()
    (inner / "__init__.py").touch()
    (folder / "pack" / "helper.py").write_text("def square(x):\n    return x * x\n")
    (inner / "model.py").write_text("from ..helper import square\n\n\ndef f(x):\n    return square(x) * x\n")
    assert run("check", "pack/inner/model.py:f")[0] == 0


def test_what_the_file_prints_is_not_in_the_output(run, folder):
    (folder / "chatty.py").write_text("print('hello')\n\n\ndef f(x):\n    return x * x\n")
    code, text, notes = run("show", "chatty.py:f", "--args", "1.0")
    assert (code, notes) == (0, "hello\n") and "hello" not in text


def test_doctor(run):
    code, text, _ = run("doctor")
    assert code == 0
    for part in ("numpy", "llvmlite", "processor", "SYMDIFF_SHOW", "values and gradients are right"):
        assert part in text


def test_demo_without_its_packages_says_what_to_install(run, monkeypatch):
    monkeypatch.setattr("symdiff.__main__.EXAMPLES", {"scikit-learn": "not_there_at_all"})
    code, _, errors = run("demo")
    assert code == 1
    assert errors == "symdiff: the demo needs scikit-learn\nhint: pip install 'symdiff[examples]'\n"


def test_demo(run):
    code, text, _ = run("demo")
    assert code == 0
    for part in ("def loss_grad(", "accuracy", "scikit-learn", "by hand in NumPy"):
        assert part in text


def test_as_a_program(folder):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", "symdiff", "show", "model.py:cube", "--stage", "asm"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout.readline()
        process.stdout.close()  # as `| head` does
        assert process.stderr.read() == b"# guessed arguments: x=1.5; give others with --args\n"
    assert process.returncode == 0
    version = subprocess.run([sys.executable, "-m", "symdiff", "--version"], env=environment, capture_output=True)
    assert version.stdout.startswith(b"symdiff ") and Path("model.py").exists()
