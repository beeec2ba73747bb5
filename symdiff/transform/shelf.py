"""Where results of searches are kept: in memory, and one small file each in the directory of the cache.

A file is named by what it is about: the text of the region, and the versions of everything that had a say. It is
written beside its place and moved there. What cannot be read, or is not what it should be, counts as missing; that
nothing can be written is no error either.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from symdiff.config import cache_directory
from symdiff.transform.formula import Candidate, Formula, from_json, text_of, to_json
from symdiff.transform.symbolic import Attempt, Outcome

__all__ = ["Shelf", "key_of"]

FOLDER = "simplify"
FORMAT = 1
LONGEST = 1 << 20
MOST_REMEMBERED = 1000
BROKEN = (ArithmeticError, AttributeError, KeyError, IndexError, OSError, RecursionError, TypeError, ValueError)

_remembered: dict[str, Outcome] = {}


@cache
def _versions() -> str:
    """What results depend on besides the region."""
    package = Path(__file__).parent.parent
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted((*package.glob("transform/*.py"), *package.glob("ops/*.py"))):
        with suppress(OSError):
            digest.update(path.read_bytes())
    for name in ("sympy", "mpmath", "numpy"):
        try:
            digest.update(metadata.version(name).encode())
        except metadata.PackageNotFoundError:
            digest.update(b"?")
    return digest.hexdigest()


def key_of(formula: Formula, *, full: bool) -> str:
    """The name of the result for a region."""
    text = f"{FORMAT} {_versions()} {full} {text_of(formula)}"
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


class Shelf:
    """Finds and keeps outcomes.

    Parameters
    ----------
    on_disk : bool
        Whether files are read and written.
    """

    def __init__(self, *, on_disk: bool) -> None:
        self.on_disk = on_disk

    def find(self, key: str, formula: Formula) -> Outcome | None:
        """The outcome kept under a key."""
        if key in _remembered or not self.on_disk:
            return _remembered.get(key)
        try:
            path = self.path(key)
            if path.stat().st_size > LONGEST:
                return None
            outcome = _outcome(json.loads(path.read_text(encoding="utf-8")), key, formula)
        except BROKEN:
            return None
        _remember(key, outcome)
        return outcome

    def keep(self, key: str, outcome: Outcome) -> None:
        """Remember an outcome, on disk too where that is possible."""
        _remember(key, outcome)
        if self.on_disk:
            with suppress(OSError):
                _write(self.path(key), json.dumps(_data(outcome, key)))

    def path(self, key: str) -> Path:
        return cache_directory() / FOLDER / f"{key}.json"


def _remember(key: str, outcome: Outcome) -> None:
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    _remembered[key] = outcome


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise


def _data(outcome: Outcome, key: str) -> dict[str, Any]:
    attempts = [
        [a.name, a.operations, a.verdict, None if a.candidate is None else to_json(a.candidate)]
        for a in outcome.attempts
    ]
    return {"key": key, "attempts": attempts, "chosen": None if outcome.chosen is None else to_json(outcome.chosen)}


def _outcome(data: Any, key: str, formula: Formula) -> Outcome:
    if data["key"] != key:
        raise ValueError("the file is about something else")
    attempts = []
    for name, operations, verdict, candidate in data["attempts"]:
        attempts.append(Attempt(str(name), int(operations), str(verdict), _candidate(candidate, formula)))
    return Outcome(_candidate(data["chosen"], formula), tuple(attempts))


def _candidate(data: Any, formula: Formula) -> Candidate | None:
    return None if data is None else from_json(data, formula)
