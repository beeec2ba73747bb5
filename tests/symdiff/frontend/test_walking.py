"""Our walks against those of `ast`."""

import ast
import inspect

import pytest

from symdiff.frontend import walking
from tests import programs, programs_control, programs_data

TREES = [ast.parse(inspect.getsource(module)) for module in (programs, programs_control, programs_data, ast)]


@pytest.mark.parametrize("tree", TREES)
def test_they_find_the_same_nodes_in_the_same_order(tree):
    expected = list(ast.walk(tree))
    assert walking.walk(tree) == expected
    for node in expected:
        assert walking.children(node) == list(ast.iter_child_nodes(node))


def test_a_scope_ends_at_nested_functions():
    tree = ast.parse("a = 1\ndef f(x=b, *, y=c):\n    d\ne = lambda z=g: h\nk[l]")
    names = {n.id for n in walking.walk_scope(tree.body) if isinstance(n, ast.Name)}
    assert names == {"a", "b", "c", "e", "g", "k", "l"}
