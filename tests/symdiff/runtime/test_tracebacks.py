"""Errors leave the library without its frames."""

import traceback

import numpy as np
import pytest

import symdiff as sd


def inner(a, b):
    return np.sum(a * b)


@pytest.mark.parametrize("way", ["value", "grad", "value_and_grad", "derived"])
def test_only_frames_of_the_user(way):
    wrapped = sd.differentiable(inner)
    call = {"value": wrapped, "derived": sd.grad(inner)}.get(way) or getattr(wrapped, way)
    call(np.ones(3), np.ones(3))
    for bad in ((np.ones(3), np.ones(4)), (np.ones(3, np.clongdouble), np.ones(3)), (1.0,)):
        try:
            call(*bad)
        except sd.SymdiffError as error:
            files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
            assert all("symdiff/tests" in f or f.endswith("test_tracebacks.py") for f in files), files
            assert error.__cause__ is None
        else:
            raise AssertionError("no error")


def test_full_traceback_on_request(monkeypatch):
    monkeypatch.setenv("SYMDIFF_FULL_TRACEBACK", "1")
    try:
        sd.grad(inner)(np.ones(3), np.ones(4))
    except sd.ShapeError as error:
        assert any("runtime/call.py" in f.filename for f in traceback.extract_tb(error.__traceback__))
