"""Programs typed as a newcomer types them from PyTorch's tutorials: with our import they print what PyTorch prints.

What PyTorch 2.13 printed stands beside each program in ``tests/tutorials``; where PyTorch is installed, that is printed
again and compared. All numbers in the programs are printed with so few digits that rounding does not show.
"""

import contextlib
import io
import os
import re
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent.parent / "tutorials"
NAMES = sorted(p.stem for p in PROGRAMS.glob("*.py"))
LICENSE = Path(os.__file__).parent / "LICENSE.txt"


def source_of(name):
    source = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    if "sklearn" in source:
        pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    if "LICENSE.txt" in source and not LICENSE.exists():
        pytest.skip("this Python came without its licence")
    return source


def with_our_import(source):
    """``import torch`` becomes ``import symdiff as torch``, and its submodules are found there."""
    source = re.sub(r"^import torch$", "import symdiff as torch", source, flags=re.MULTILINE)
    return re.sub(r"^(import|from) torch\b", r"\1 symdiff", source, flags=re.MULTILINE)


def printed_by(source, name):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(source, f"{name}.py", "exec"), {"__name__": "__main__"})
    return shown.getvalue()


def expected_of(name):
    return (PROGRAMS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_with_our_import_a_tutorial_prints_what_pytorch_printed(name, monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    source = with_our_import(source_of(name))
    assert "symdiff" in source
    assert printed_by(source, name) == expected_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_pytorch_prints_what_is_noted(name):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    assert printed_by(source_of(name), name) == expected_of(name)


if __name__ == "__main__":  # with PyTorch installed: note what it prints
    for program in sys.argv[1:] or NAMES:
        (PROGRAMS / f"{program}.txt").write_text(printed_by(source_of(program), program), encoding="utf-8")
