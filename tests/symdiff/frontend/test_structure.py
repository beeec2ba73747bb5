"""Trees are taken apart and put together again."""

import dataclasses
from collections import namedtuple

import numpy as np
import pytest

from symdiff.errors import LimitError
from symdiff.frontend.structure import LEAF, flatten, leaf_paths, unflatten

Point = namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: float
    b: tuple


class Plain:
    def __init__(self, value):
        self.value = value
        self.made = True


TREES = [1.0, (1.0, [2, None]), {"b": 1, "a": (2.0,)}, Point(1.0, (2.0, 3.0)), Frozen(1.0, (2.0, "s")), [], ((), {})]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_round_trip(tree):
    leaves, structure = flatten(tree)
    assert unflatten(structure, leaves) == tree
    assert structure.count == len(leaves)
    assert structure == flatten(tree)[1]
    assert hash(structure) == hash(flatten(tree)[1])


def test_objects_are_rebuilt_without_init():
    leaves, structure = flatten(Plain((1.0, np.ones(2))))
    made = unflatten(structure, [2.0, *leaves[1:]])
    assert type(made) is Plain
    assert made.value[0] == 2.0
    assert made.made is True


def test_paths_are_what_users_write():
    assert leaf_paths(flatten(Point(1, {"k": [2, 3]}))[1], "p") == ["p.x", "p.y['k'][0]", "p.y['k'][1]"]


def test_functions_and_modules_are_leaves():
    assert flatten(np)[1] is LEAF
    assert flatten(len)[1] is LEAF
    assert flatten(Plain)[1] is LEAF


def test_a_list_in_itself_ends():
    tree = [1.0]
    tree.append(tree)
    assert len(flatten(tree)[0]) == 2


def test_a_list_too_deep_is_refused():
    tree = []
    for _ in range(1000):
        tree = [tree]
    with pytest.raises(LimitError):
        flatten(tree)
