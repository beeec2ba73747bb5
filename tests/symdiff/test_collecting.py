"""The garbage collector's pace while the compiler works, and after."""

import gc
import os
import threading
import weakref

import numpy as np
import pytest

import symdiff as sd
from symdiff.collecting import CONTEXTS, PACE, seldom_collected


@pytest.fixture(autouse=True)
def pace_of_python():
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_it_is_slowed_and_restored_also_where_contexts_lie_in_one_another():
    with seldom_collected:
        with seldom_collected:
            assert gc.get_threshold() == (PACE, 10, 10)
        assert gc.get_threshold() == (PACE, 10, 10)
    assert gc.get_threshold() == (700, 10, 10)


def test_it_is_restored_after_an_error():
    with pytest.raises(ZeroDivisionError), seldom_collected:
        raise ZeroDivisionError
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("thresholds", [(0, 10, 10), (50_000, 5, 5)])
def test_a_collector_that_is_off_or_slower_stays_so(thresholds):
    gc.set_threshold(*thresholds)
    with seldom_collected:
        assert gc.get_threshold() == thresholds
    assert gc.get_threshold() == thresholds


def test_a_pace_set_in_the_meantime_is_left():
    with seldom_collected:
        gc.set_threshold(123, 10, 10)
    assert gc.get_threshold() == (123, 10, 10)


def test_the_last_thread_to_leave_restores_it():
    inside, leave = threading.Event(), threading.Event()

    def other():
        with seldom_collected:
            inside.set()
            leave.wait()

    with seldom_collected:
        thread = threading.Thread(target=other)
        thread.start()
        inside.wait()
    assert gc.get_threshold() == (PACE, 10, 10)
    leave.set()
    thread.join()
    assert gc.get_threshold() == (700, 10, 10)


def test_compiling_leaves_the_pace_there_was(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    with pytest.raises(sd.SymdiffError):
        sd.grad(lambda x: [][x])(1.0)
    assert sd.grad(lambda x: np.sin(x) * 3.0)(0.0) == 3.0
    assert gc.get_threshold() == (700, 10, 10)


class Cycle:
    def __init__(self):
        self.itself = self


@pytest.mark.parametrize("enabled", [True, False])
def test_what_is_dropped_is_found_after_some_contexts(enabled):
    gc.collect()  # what was made before is old
    dropped = Cycle()
    gc.collect()
    seen = weakref.ref(dropped)
    del dropped
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        for _ in range(CONTEXTS):
            with seldom_collected:
                pass
        assert (seen() is None) == enabled
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_has_the_pace_there_was():
    """Threads that were inside are not there any more; nobody would restore it."""
    with seldom_collected:
        child = os.fork()
        if child == 0:
            with seldom_collected:
                slowed = gc.get_threshold() == (PACE, 10, 10)
            os._exit(0 if slowed and gc.get_threshold() == (700, 10, 10) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
