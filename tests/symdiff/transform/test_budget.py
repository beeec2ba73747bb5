"""Budgets of calls."""

import sys

import pytest

from symdiff.transform.budget import Budget


def call():
    return 1


def calls(count):
    return sum(call() for _ in range(count))


def test_work_within_the_budget_is_done_and_counted():
    budget = Budget(1000)
    assert budget.run(lambda: calls(100), 500) == 100
    used = 1000 - budget.left
    assert budget.run(lambda: calls(100), 500) == 100
    assert budget.left == 1000 - 2 * used


def test_work_beyond_its_part_is_given_up():
    budget = Budget(1000)
    assert budget.run(lambda: calls(1000), 100) is None
    assert budget.left == 900


def test_what_is_left_is_all_there_is():
    budget = Budget(150)
    assert budget.run(lambda: calls(1000), 100) is None
    assert budget.run(lambda: calls(1000), 100) is None
    assert budget.left == 0
    assert budget.run(call, 100) is None


def test_catching_everything_is_of_no_use():
    done = []

    def stubborn():
        for _ in range(1000):
            try:
                done.append(call())
            except BaseException:
                continue
        return len(done)

    assert Budget(50).run(stubborn, 50) is None
    assert len(done) < 60


def test_hooks_are_put_back():
    seen = []

    def hook(frame, event, argument):
        seen.append(event)

    before = sys.getprofile()
    sys.setprofile(hook)
    try:
        Budget(10).run(lambda: calls(100), 10)
        assert sys.getprofile() is hook
        with pytest.raises(ZeroDivisionError):
            Budget(10).run(lambda: 1 / 0, 10)
        assert sys.getprofile() is hook
    finally:
        sys.setprofile(before)
