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


def strict(x):
    if x > 1.0:
        raise KeyError("large")
    return x * 2.0


def frames_of(call, *args):
    with pytest.raises(LookupError) as caught:
        call(*args)
    return [(frame.filename, frame.line) for frame in traceback.extract_tb(caught.tb)]


@pytest.mark.parametrize("way", ["value", "grad", "value_and_grad", "derived", "structure"])
def test_what_the_function_raises_ends_at_its_line(way):
    wrapped = sd.differentiable(strict if way != "structure" else lambda tree: strict(tree[0]))
    call = {"value": wrapped, "structure": wrapped, "derived": sd.grad(strict)}.get(way) or getattr(wrapped, way)
    bad = [2.0] if way == "structure" else 2.0
    for _ in range(2):  # native code is called by the dispatcher the first time, then by itself
        frames = frames_of(call, bad)
        assert {file for file, _ in frames} == {__file__} and len(frames) == 2, frames
        assert frames[-1][1] == 'raise KeyError("large")'


def picked(x, k):
    return x[k] * 2.0


def test_native_errors_show_no_frame():
    wrapped = sd.differentiable(picked)
    for call in (wrapped, wrapped, wrapped.grad, wrapped.grad):
        assert frames_of(call, np.ones(3), 7) == [(__file__, "call(*args)")]


def test_faults_of_the_library_are_shown_with_its_frames(monkeypatch):
    monkeypatch.setattr("symdiff.stages.front", None)
    with pytest.raises(TypeError) as caught:
        sd.grad(lambda x: x * 3.25)(1.0)
    assert any("symdiff/runtime" in frame.filename for frame in traceback.extract_tb(caught.tb))


def test_full_traceback_on_request(monkeypatch):
    monkeypatch.setenv("SYMDIFF_FULL_TRACEBACK", "1")
    try:
        sd.grad(inner)(np.ones(3), np.ones(4))
    except sd.ShapeError as error:
        assert any("runtime/call.py" in f.filename for f in traceback.extract_tb(error.__traceback__))
