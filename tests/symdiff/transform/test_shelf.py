"""Results of searches in memory and in files: kept, found, and ignored where they are broken."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from symdiff.transform import shelf
from symdiff.transform.formula import Candidate, Formula, Operation, from_json, text_of, to_json
from symdiff.transform.shelf import Shelf, key_of
from symdiff.transform.simplify import simplify
from symdiff.transform.symbolic import Attempt, Outcome
from tests.black_scholes import derivative, operations

ROOT = Path(__file__).parents[3]
FORMULA = Formula(2, (Operation("add", (("i", 0), ("i", 1))), Operation("exp", (("n", 0),), raises=True)), (1,))
TENTH = Operation("multiply", (("n", 0), ("k", (0.1).hex())))
CANDIDATE = Candidate((TENTH, Operation("exp", (("o", 0),))), (("o", 1),))
OUTCOME = Outcome(CANDIDATE, (Attempt("tried", 0, "gave up: budget"), Attempt("factored", 3, "applied", CANDIDATE)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of its own, and nothing in memory."""
    monkeypatch.setenv("SYMDIFF_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(shelf, "_remembered", {})
    return tmp_path / "cache" / "simplify"


def forget():
    shelf._remembered.clear()


def test_what_is_kept_is_found_in_memory_and_on_disk(folder):
    key = key_of(FORMULA, full=False)
    Shelf(on_disk=True).keep(key, OUTCOME)
    assert Shelf(on_disk=False).find(key, FORMULA) == OUTCOME
    forget()
    assert Shelf(on_disk=False).find(key, FORMULA) is None
    assert Shelf(on_disk=True).find(key, FORMULA) == OUTCOME
    assert [p.name for p in folder.iterdir()] == [f"{key}.json"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_written_where_the_cache_is_off(folder):
    Shelf(on_disk=False).keep("key", OUTCOME)
    assert not folder.exists()


def test_keys_tell_apart_what_differs():
    other = Formula(2, FORMULA.operations, (0,))
    pinned = Formula(2, (Operation("add", (("i", 0), ("i", 1)), pinned=True), FORMULA.operations[1]), (1,))
    keys = {key_of(f, full=full) for f in (FORMULA, other, pinned) for full in (False, True)}
    assert len(keys) == 6
    assert text_of(FORMULA) == text_of(Formula(2, tuple(FORMULA.operations), (1,)))


def whole() -> dict:
    key = key_of(FORMULA, full=False)
    return {"key": key, "attempts": [], "chosen": to_json(CANDIDATE)}


def broken() -> list[str]:
    """Contents that are not what they should be."""
    good = whole()
    ways = [
        {**good, "key": "another"},
        {**good, "chosen": {"operations": [["system", [["i", 0]]]], "outputs": [["o", 0]]}},
        {**good, "chosen": {"operations": [["exp", [["i", 0], ["i", 1]]]], "outputs": [["o", 0]]}},
        {**good, "chosen": {"operations": [["sum", [["i", 0]]]], "outputs": [["o", 0]]}},
        {**good, "chosen": {"operations": [["exp", [["o", 0]]]], "outputs": [["o", 0]]}},
        {**good, "chosen": {"operations": [["exp", [["i", 7]]]], "outputs": [["o", 0]]}},
        {**good, "chosen": {"operations": [["exp", [["i", -1]]]], "outputs": [["o", 0]]}},
        {**good, "chosen": {"operations": [["exp", [["i", True]]]], "outputs": [["o", 0]]}},
        {**good, "chosen": {"operations": [["exp", [["k", "rubbish"]]]], "outputs": [["o", 0]]}},
        {**good, "chosen": {"operations": [], "outputs": []}},
        {**good, "chosen": {"operations": [], "outputs": [["n", 5]]}},
        {**good, "attempts": [["name"]]},
        [],
        None,
    ]
    text = json.dumps(good)
    return [*map(json.dumps, ways), "", text[:-1], "[" * 100_000, "\0", text + "x"]


@pytest.mark.parametrize("content", broken(), ids=range(len(broken())))
def test_a_file_that_is_broken_counts_as_missing(folder, content):
    key = key_of(FORMULA, full=False)
    folder.mkdir(parents=True)
    (folder / f"{key}.json").write_text(content)
    assert Shelf(on_disk=True).find(key, FORMULA) is None


def test_a_file_that_is_whole_is_read(folder):
    key = key_of(FORMULA, full=False)
    folder.mkdir(parents=True)
    (folder / f"{key}.json").write_text(json.dumps(whole()))
    assert Shelf(on_disk=True).find(key, FORMULA) == Outcome(CANDIDATE, ())


def test_bytes_that_are_no_text_count_as_missing(folder):
    key = key_of(FORMULA, full=False)
    folder.mkdir(parents=True)
    (folder / f"{key}.json").write_bytes(b"\xff\xfe\x00")
    assert Shelf(on_disk=True).find(key, FORMULA) is None
    (folder / f"{key}.json").unlink()
    (folder / f"{key}.json").mkdir()
    assert Shelf(on_disk=True).find(key, FORMULA) is None


def test_a_directory_that_cannot_be_written_is_no_error(folder, monkeypatch):
    folder.parent.mkdir()
    folder.write_text("a file where the directory should be")
    Shelf(on_disk=True).keep("key", OUTCOME)
    assert Shelf(on_disk=True).find("key", FORMULA) == OUTCOME
    folder.unlink()

    def full(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    Shelf(on_disk=True).keep("other", OUTCOME)
    assert list(folder.iterdir()) == []


def test_candidates_survive_the_way_there_and_back():
    assert from_json(json.loads(json.dumps(to_json(CANDIDATE))), FORMULA) == CANDIDATE


PROGRAM = """
import sys
from symdiff.transform.simplify import simplify
from tests.black_scholes import derivative
made, rewrites = simplify(derivative("spot"), "auto", pinned=(), on_disk=True)
print([(n.op.name) for n in made.block.nodes], rewrites, sep="\\n")
print("sympy" in sys.modules, "mpmath" in sys.modules, file=sys.stderr)
"""


def test_sympy_is_imported_once_per_machine(folder):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "codegen")])}
    command = [sys.executable, "-c", PROGRAM]
    runs = [subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(2)]
    assert [run.stderr.strip() for run in runs] == ["True True", "False False"]
    assert runs[0].stdout == runs[1].stdout


def test_that_nothing_was_found_is_kept_too(folder, monkeypatch):
    graph = derivative("spot")
    made, _ = simplify(graph, "auto", pinned=(), on_disk=True)
    assert operations(made) <= 30
    again, _ = simplify(made, "auto", pinned=(), on_disk=True)
    files = sorted(folder.iterdir())
    forget()
    monkeypatch.setattr("symdiff.transform.regionpass.search", None)
    found, _ = simplify(graph, "auto", pinned=(), on_disk=True)
    assert operations(found) == operations(made)
    assert operations(simplify(again, "auto", pinned=(), on_disk=True)[0]) == operations(made)
    assert sorted(folder.iterdir()) == files
