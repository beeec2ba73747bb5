from pathlib import Path

import numpy as np
import pytest

from symdiff import config
from symdiff.config import Options, cache_directory, setting
from symdiff.errors import SymdiffError

READ = [
    ("SYMDIFF_SHOW", "", frozenset()),
    ("SYMDIFF_SHOW", "graph, adjoint,", frozenset({"graph", "adjoint"})),
    ("SYMDIFF_SHOW", "all", frozenset(config.STAGES)),
    ("SYMDIFF_CHECK", "1", True),
    ("SYMDIFF_CHECK", "", False),
    ("SYMDIFF_LOG", "compile", frozenset({"compile"})),
    ("SYMDIFF_NATIVE", "", True),
    ("SYMDIFF_NATIVE", "0", False),
    ("SYMDIFF_FULL_TRACEBACK", "1", True),
    ("SYMDIFF_CACHE_DIR", "", None),
    ("SYMDIFF_CACHE_DIR", "somewhere", Path("somewhere")),
    ("SYMDIFF_OPT_LEVEL", "", 3),
    ("SYMDIFF_OPT_LEVEL", "0", 0),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_variables_are_read_when_asked_for(monkeypatch, name, text, value):
    monkeypatch.setenv(name, text)
    assert setting(name) == value
    assert type(setting(name)) is type(value) or isinstance(value, Path)


def test_every_variable_is_read_by_a_test():
    assert {name for name, _, _ in READ} == set(config.VARIABLES)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("SYMDIFF_CHECK", "yes", "environment variable SYMDIFF_CHECK is 'yes'\nhint: set it to 0 or 1"),
        ("SYMDIFF_SHOW", "grahp", "environment variable SYMDIFF_SHOW is 'grahp'\nhint: set it to all, or names out of"),
        ("SYMDIFF_OPT_LEVEL", "9", "environment variable SYMDIFF_OPT_LEVEL is '9'\nhint: set it to 0, 1, 2 or 3"),
    ],
)
def test_bad_variable(monkeypatch, name, text, message):
    monkeypatch.setenv(name, text)
    with pytest.raises(ValueError) as caught:
        setting(name)
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, SymdiffError)


def test_cache_directory(monkeypatch):
    monkeypatch.setenv("SYMDIFF_CACHE_DIR", "~/here")
    assert cache_directory() == Path.home() / "here"
    monkeypatch.delenv("SYMDIFF_CACHE_DIR")
    assert "symdiff" in cache_directory().parts


def test_description_names_every_variable(monkeypatch):
    monkeypatch.setenv("SYMDIFF_SHOW", "adjoint")
    lines = config.describe_variables().splitlines()
    assert [line.split()[0] for line in lines] == list(config.VARIABLES)
    assert lines[0].split()[1] == "adjoint"


def test_defaults():
    assert Options().changed() == {}
    assert Options.from_keywords({}) == Options()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"wrt": "w"}, {"wrt": "w"}),
        ({"wrt": ["w", 1]}, {"wrt": ("w", 1)}),
        ({"wrt": np.int64(-1)}, {"wrt": -1}),
        ({"simplify": True}, {}),
        ({"simplify": "full"}, {"simplify": "full"}),
        ({"simplify": False}, {"simplify": False}),
        ({"checkpoint": False}, {}),
        ({"checkpoint": True}, {"checkpoint": True}),
        ({"checkpoint": 10**6}, {"checkpoint": 10**6}),
        ({"at_kink": {"maximum": 1.0, "abs": 0.0}}, {"at_kink": (("abs", 0.0), ("maximum", 1.0))}),
        ({"at_kink": {}}, {}),
        ({"strict": True, "boundscheck": False}, {"strict": True, "boundscheck": False}),
    ],
)
def test_accepted(given, expected):
    options = Options.from_keywords(given)
    assert options.changed() == expected
    assert hash(options) == hash(Options(**given))
    assert Options().replace(**given) == options
    assert Options(**options.changed()) == options


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"fasmath": True}, TypeError, "unknown option 'fasmath'\nhint: did you mean 'fastmath'?"),
        ({"zzz": 1}, TypeError, "unknown option 'zzz'\nhint: the options are wrt, fastmath,"),
        ({"argnums": 0}, TypeError, "unknown option 'argnums'\nhint: use wrt=, which takes positions and names"),
        ({"fastmath": 1}, TypeError, "option fastmath is 1\nhint: fastmath is True or False"),
        ({"wrt": 1.5}, TypeError, "option wrt is 1.5\nhint: give an argument's name"),
        ({"wrt": True}, TypeError, "option wrt is True\nhint: give an argument's name"),
        ({"wrt": "not a name"}, TypeError, "option wrt is 'not a name'\nhint: give an argument's name"),
        ({"wrt": ()}, ValueError, "option wrt is empty"),
        ({"wrt": ("w", "w")}, ValueError, "option wrt names the argument 'w' twice"),
        ({"simplify": "hard"}, ValueError, "option simplify is 'hard'\nhint: simplify is 'auto', 'full' or False"),
        ({"simplify": 0}, ValueError, "option simplify is 0"),
        ({"checkpoint": "1MB"}, TypeError, "option checkpoint is '1MB'\nhint: give True or a number of bytes"),
        ({"checkpoint": 0}, ValueError, "option checkpoint is 0"),
        ({"at_kink": 0.5}, TypeError, "option at_kink is 0.5\nhint: give a mapping"),
        ({"at_kink": {"abs": [1]}}, TypeError, "option at_kink is"),
        ({"fastmath": True, "strict": True}, ValueError, "fastmath=True and strict=True contradict each other"),
    ],
)
def test_refused(given, kind, message):
    with pytest.raises(kind) as caught:
        Options.from_keywords(given)
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, SymdiffError)
