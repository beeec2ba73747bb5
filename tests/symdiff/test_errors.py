import pickle
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest

from symdiff import errors, tracebacks
from symdiff.errors import Location, SymdiffError, SymdiffWarning, located
from symdiff.tracebacks import hide_frames, user_facing

PLACE = Location("model.py", 12, 9, None, "model", "        try:")


def subclasses(kind=SymdiffError):
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


KINDS = sorted(subclasses() - {SymdiffError}, key=lambda kind: kind.__name__)


def test_message_with_place_source_caret_and_hint():
    error = errors.UnsupportedSyntaxError(
        "'try' is not differentiable", PLACE, "move it outside the decorated function"
    )
    assert str(error) == (
        "model.py:12:9: 'try' is not differentiable\n"
        "        try:\n"
        "        ^\n"
        "hint: move it outside the decorated function"
    )


@pytest.mark.parametrize(
    ("column", "end", "line", "caret"),
    [
        (5, 10, "y = x @ z", "    ^^^^^"),
        (5, 6, "y = x @ z", "    ^"),
        (5, 99, "y = x @ z   ", "    ^^^^^"),
        (3, None, "\t\tpass", "\t\t^"),
        (7, 8, "s = '漢' @ x", "       ^"),
        (1, 1, "x", "^"),
        (40, 50, "x", " ^"),
    ],
)
def test_caret(column, end, line, caret):
    assert Location("m.py", 1, column, end, "", line).excerpt().split("\n")[1] == caret


def test_without_source_line_there_is_no_caret():
    assert str(located(ValueError, "bad", Location("<stdin>", 3))) == "<stdin>:3:1: bad"


def test_paths_below_the_current_directory_are_shortened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(Location(str(tmp_path / "sub" / "m.py"), 1)) == f"{Path('sub', 'm.py')}:1:1"
    assert str(Location(str(tmp_path.parent / "m.py"), 1)) == f"{tmp_path.parent / 'm.py'}:1:1"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_ours_and_a_builtin_documented_and_pickles(kind):
    error = kind("what", PLACE, "how")
    assert isinstance(error, SymdiffError)
    assert any(base.__module__ in ("builtins", "numpy.linalg") and base is not Exception for base in kind.__bases__)
    assert kind.__doc__
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), copy.message, copy.where, copy.hint) == (str(error), "what", PLACE, "how")
    assert "model.py:12:9: what" in str(error)


@pytest.mark.parametrize(
    "kind", [IndexError, ZeroDivisionError, OverflowError, ValueError, UnboundLocalError, np.linalg.LinAlgError]
)
def test_located_is_of_the_builtin_kind(kind):
    with pytest.raises(kind, match=r"^model.py:12:9: wrong") as caught:
        raise located(kind, "wrong", PLACE)
    assert isinstance(caught.value, SymdiffError)


def test_located_keeps_our_own_kinds():
    assert type(located(errors.ShapeError, "wrong")) is errors.ShapeError


def test_an_internal_error_says_so():
    assert str(errors.InternalError("no rule")) == "bug in symdiff: no rule"


# ---- tracebacks ------------------------------------------------------------------------------------------------------


def as_library(source, **names):
    """Define functions as if they stood in a file of the library."""
    namespace = {**vars(errors), **vars(tracebacks), **names}
    exec(compile(source, errors.__file__.replace("errors.py", "api.py"), "exec"), namespace)
    return namespace


FAILING = """
@user_facing
def entry(action):
    return inner(action)

def inner(action):
    try:
        action()
    except ZeroDivisionError:
        raise located(ShapeError, "wrong shape")
"""


def divide():
    return 1 / 0


def functions_of(error):
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def test_the_librarys_frames_are_hidden():
    entry = as_library(FAILING)["entry"]
    with pytest.raises(errors.ShapeError) as caught:
        entry(divide)
    assert functions_of(caught.value) == ["test_the_librarys_frames_are_hidden"]
    assert "ZeroDivisionError" not in "".join(traceback.format_exception(caught.value))


def test_the_users_frames_below_the_library_stay():
    library = as_library(FAILING)

    def callback():
        library["entry"](divide)

    with pytest.raises(errors.ShapeError) as caught:
        library["entry"](callback)
    assert functions_of(caught.value) == ["test_the_users_frames_below_the_library_stay", "callback"]


def test_all_frames_on_request(monkeypatch):
    monkeypatch.setenv("SYMDIFF_FULL_TRACEBACK", "1")
    with pytest.raises(errors.ShapeError) as caught:
        as_library(FAILING)["entry"](divide)
    assert functions_of(caught.value)[-2:] == ["entry", "inner"]


def test_frames_of_a_bug_are_shown():
    entry = as_library("@user_facing\ndef entry():\n    raise InternalError('x')")["entry"]
    with pytest.raises(errors.InternalError) as caught:
        entry()
    assert functions_of(caught.value)[-1] == "entry"


def test_errors_of_the_users_code_end_there():
    entry = as_library("@user_facing\ndef entry(action):\n    return action()")["entry"]
    with pytest.raises(ZeroDivisionError) as caught:
        entry(divide)
    assert functions_of(caught.value) == ["test_errors_of_the_users_code_end_there", "divide"]


def test_other_errors_pass_untouched():
    entry = as_library("@user_facing\ndef entry():\n    return inner()\ndef inner():\n    return 1 / 0")["entry"]
    with pytest.raises(ZeroDivisionError) as caught:
        entry()
    assert functions_of(caught.value)[-2:] == ["entry", "inner"]


def test_hide_frames_around_a_block():
    entry = as_library("def entry():\n    with hide_frames():\n        raise ShapeError('x')")["entry"]
    with pytest.raises(errors.ShapeError) as caught:
        entry()
    assert functions_of(caught.value) == ["test_hide_frames_around_a_block"]


def test_a_named_cause_stays_without_our_frames():
    source = """
@user_facing
def entry(action):
    try:
        action()
    except ZeroDivisionError as error:
        raise ShapeError("x") from error
"""
    with pytest.raises(errors.ShapeError) as caught:
        as_library(source)["entry"](divide)
    assert functions_of(caught.value.__cause__) == ["divide"]


def test_a_ring_of_causes_ends():
    one, two = located(ValueError, "one"), located(ValueError, "two")
    one.__cause__, two.__cause__ = two, one
    with pytest.raises(ValueError, match="one"), hide_frames():
        raise one


def test_user_facing_keeps_name_and_result():
    @user_facing
    def answer(x, *, y=1):
        """Docstring."""
        return x + y

    assert (answer.__name__, answer.__doc__, answer(1, y=2)) == ("answer", "Docstring.", 3)


# ---- warnings --------------------------------------------------------------------------------------------------------


def test_warning_at_a_place():
    with pytest.warns(SymdiffWarning, match="slow\nhint: do less") as caught:
        tracebacks.warn("slow", PLACE, "do less")
    assert (caught[0].filename, caught[0].lineno) == ("model.py", 12)


def test_warning_without_place_names_the_users_call():
    entry = as_library("def entry():\n    helper()\ndef helper():\n    warn('slow')")["entry"]
    with pytest.warns(SymdiffWarning, match="slow") as caught:
        entry()
    assert caught[0].filename == __file__


def test_warning_can_be_an_error():
    with warnings.catch_warnings(), pytest.raises(SymdiffWarning):
        warnings.simplefilter("error", SymdiffWarning)
        tracebacks.warn("slow")
