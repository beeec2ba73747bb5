"""The wheel, installed into an empty environment outside the checkout, works there by itself."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import symdiff

ROOT = Path(__file__).parent.parent
NEEDED = ("numpy", "sympy", "mpmath", "llvmlite", "scipy", "sklearn", "joblib", "threadpoolctl", "matplotlib")

SMOKE = """
import sys
import numpy as np
import symdiff as sd
import codegen                                     # the user's own, beside this file

assert codegen.NAME == "the user's own"
assert sys.prefix in sd.__file__, sd.__file__


@sd.differentiable
def loss(w, x, y):
    total = 0.0
    for k in range(len(y)):
        r = x[k] @ w - y[k]
        total += codegen.weight(k) * r * r
    return total


x, y, w = np.eye(3) + 1.0, np.arange(3.0), np.ones(3)
value, gradient = loss.value_and_grad(w, x, y)
weights = np.array([codegen.weight(k) for k in range(3)])
assert abs(value - weights @ (x @ w - y) ** 2) < 1e-12
assert np.allclose(gradient, 2.0 * x.T @ (weights * (x @ w - y)), rtol=1e-13)
assert len(loss.variants) >= 1

names = {}
exec(loss.gradient_source(w, x, y), names)
assert np.allclose(names["loss_grad"](w, x, y), gradient, rtol=1e-13)
assert np.allclose(sd.grad(lambda a: np.sum(np.linalg.solve(a, y)))(x).shape, (3, 3))
assert sys.prefix in sys.modules["symdiff_codegen"].__file__
print("works")
"""

OWN_CODEGEN = """
NAME = "the user's own"


def weight(k):
    return 1.0 + 0.5 * k
"""


def run(*command, folder, code=0):
    """What a program prints, run in a folder without this process's search path."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run([str(part) for part in command], cwd=folder, env=kept, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    have = importlib.util.find_spec("hatchling") is not None
    way = ["--no-build-isolation", "--no-index"] if have else []
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", *way, "--wheel-dir", folder, ROOT, folder=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The scripts of an environment that holds the wheel, and otherwise sees only what it depends on."""
    base = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", base, folder=base)
    places = {
        key: Path(sysconfig.get_path(key, "venv", {"base": base, "platbase": base})) for key in ("scripts", "purelib")
    }
    python = places["scripts"] / Path(sys.executable).name
    if not python.exists():
        python = places["scripts"] / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    run(*pip, wheel, folder=base)
    # .pth files are not read in folders that a .pth file names, so an editable installation there is not seen
    dependencies = sorted({str(Path(importlib.util.find_spec(name).origin).parent.parent) for name in NEEDED})
    (places["purelib"] / "dependencies.pth").write_text("\n".join(dependencies) + "\n")
    return python, places["scripts"] / "symdiff"


def test_the_wheel_holds_both_packages_and_the_examples_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"symdiff", "symdiff_codegen"}
    for name in ("symdiff/py.typed", "symdiff_codegen/py.typed", "symdiff/examples/logistic_regression.py"):
        assert name in names
    sources = {str(p.relative_to(ROOT)) for p in (ROOT / "symdiff").rglob("*.py")}
    assert sources <= set(names)
    assert not [name for name in names if "test" in name or name.endswith((".pyc", ".so"))]
    assert wheel.name == f"symdiff-{symdiff.__version__}-py3-none-any.whl"


def test_the_installed_wheel_works_beside_a_codegen_of_the_users_own(installed, tmp_path):
    (tmp_path / "codegen.py").write_text(OWN_CODEGEN)
    (tmp_path / "smoke.py").write_text(SMOKE)
    python, _ = installed
    assert run(python, "-W", "error", "smoke.py", folder=tmp_path) == "works\n"


def test_the_installed_commands_work(installed, tmp_path):
    _, script = installed
    (tmp_path / "codegen.py").write_text(OWN_CODEGEN)
    (tmp_path / "model.py").write_text("import codegen\n\n\ndef f(x):\n    return codegen.weight(2) * x * x\n")
    assert run(script, "check", "model.py:f", folder=tmp_path).startswith("ok: ")
    assert "def f_grad(x):" in run(script, "show", "model.py:f", folder=tmp_path)
    assert "are right" in run(script, "doctor", folder=tmp_path)
    assert "scikit-learn" in run(script, "demo", folder=tmp_path)
    assert run(script, "show", "nowhere.py:f", folder=tmp_path, code=2) == ""
