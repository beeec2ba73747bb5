"""The native hook against Python's own."""

import functools
import sys
import threading

import pytest

from symdiff_codegen.call_meter import CallMeter


class Spent(BaseException):
    pass


def metered(work, calls):
    meter = CallMeter(calls, Spent, "all")
    before = sys.getprofile()
    meter.start()
    try:
        work()
    finally:
        sys.setprofile(before)
    return meter.left


def calls_by_python(work):
    seen = []

    def hook(frame, event, argument):
        seen.append(event)

    before = sys.getprofile()
    sys.setprofile(hook)
    try:
        work()
    finally:
        sys.setprofile(before)
    return seen.count("call")


class Thing:
    def __init__(self):
        self.items = [self.twice(k) for k in range(3)]

    def twice(self, k):
        return 2 * k

    def __len__(self):
        return len(self.items)


def generator(n):
    for k in range(n):
        yield Thing().twice(k)


def failing():
    raise ZeroDivisionError


def handled():
    try:
        failing()
    except ZeroDivisionError:
        return len(Thing())


PIECES = {
    "functions": lambda: [Thing() for _ in range(5)],
    "generators": lambda: sum(generator(7)),
    "errors": lambda: [handled() for _ in range(4)],
    "from C": lambda: sorted(range(9), key=Thing().twice),
    "recursion": functools.partial(eval, "f(f, 9)", {"f": lambda f, n: n and f(f, n - 1)}),
}


@pytest.mark.parametrize("name", PIECES)
def test_it_counts_what_pythons_hook_counts(name):
    assert 10**6 - metered(PIECES[name], 10**6) == calls_by_python(PIECES[name]) > 1


def test_it_raises_once_past_the_limit_and_again_when_armed():
    meter, done = CallMeter(5, Spent, "all"), []

    def stubborn():
        for _ in range(20):
            try:
                done.append(len(Thing()))
            except Spent as error:
                done.append(error.args)
            if len(done) == 10:
                meter.arm(True)

    before = sys.getprofile()
    meter.start()
    try:
        stubborn()
    finally:
        sys.setprofile(before)
    assert done.count(("all",)) == 2
    assert done[-1] == 3
    assert meter.left < 0


def test_other_threads_are_not_counted():
    thread = threading.Thread(target=lambda: [Thing() for _ in range(100)])

    def work():
        thread.start()
        thread.join()

    assert metered(work, 1000) > 800


def test_it_counts_nothing_when_another_hook_is_set():
    meter = CallMeter(100, Spent, "all")
    meter.start()
    sys.setprofile(None)
    before = meter.left
    handled()
    assert meter.left == before
