"""The programs of the table of constructs, which docs/accepted.md shows, beside CPython and differences."""

import contextlib
import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest

import symdiff as sd

HEADER = """
from collections import namedtuple
from functools import partial

import numpy as np

import symdiff as sd


class Point(namedtuple("Point", "u v")):
    def norm(self):
        return self.u * self.u + self.v


def f(x, a, n):
"""
PATH = Path(__file__).parent.parent / "tools" / "language_table.py"
SPEC = importlib.util.spec_from_file_location(PATH.stem, PATH)
TABLE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TABLE)
A = np.array([0.7, -1.3, 2.1])


def quiet(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def load(construct, folder):
    """The function of a construct, in a module of its own."""
    path = folder / "language.py"
    body = "\n".join(f"    {line}" for line in construct.source.split("\n"))
    path.write_text(HEADER.lstrip() + body + "\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("language", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


@pytest.mark.parametrize("construct", TABLE.LANGUAGE, ids=lambda c: c.name)
def test_construct(construct, tmp_path):
    f = load(construct, tmp_path)
    if "sd.grad" in construct.source:
        expected, h, at = 2 * 1.5**3, 1e-4, lambda x: 2 * x**3
    else:
        expected, h, at = quiet(f, 1.5, A, 3), 1e-4, lambda x: quiet(f, x, A, 3)
    value, slope = quiet(sd.value_and_grad(f), 1.5, A, 3)
    assert value == pytest.approx(expected, rel=1e-13)
    difference = (8 * (at(1.5 + h) - at(1.5 - h)) - (at(1.5 + 2 * h) - at(1.5 - 2 * h))) / (12 * h)
    assert slope == pytest.approx(difference, rel=1e-8, abs=1e-8)
    assert quiet(sd.grad(f, "a"), 1.5, A, 3).shape == A.shape
