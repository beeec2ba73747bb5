"""The README is true: its programs run, and print what it shows. ``make golden`` writes what they print into it.

The Python blocks are run as one program. A ``text`` block right after one holds
what it prints; where it begins and ends with ``...``, a part of that, from its first line to its last. Times in
milliseconds are not compared.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TIME = re.compile(r"[\d.]+ ms$", re.MULTILINE)
MARK = "<end of block>"


def blocks(text):
    """Every fenced block: where it is, its language, what is in it, and the output block that follows, if any."""
    found = list(BLOCK.finditer(text))
    for k, match in enumerate(found):
        following = found[k + 1] if k + 1 < len(found) else None
        is_output = (
            following is not None and following[1] == "text" and not text[match.end() : following.start()].strip()
        )
        yield match, following if is_output else None


def program(text):
    """The Python blocks one after the other; where a block ends, a line says so."""
    return "".join(f"{match[2]}print({MARK!r})\n" for match, _ in blocks(text) if match[1] == "python")


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What each Python block prints, in order."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "model.py").write_text(program(README.read_text(encoding="utf-8")), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-W", "error", "model.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [part.removeprefix("\n").rstrip() + "\n" for part in done.stdout.split(MARK)][:-1]


def expected(block, output):
    """What an output block should hold: all of the output, or the part between its first and last line."""
    shown = block.splitlines()
    if not block.startswith("...\n"):
        return output
    inner = [line for line in shown if line != "..."]
    lines = output.splitlines()
    start = lines.index(inner[0])
    end = lines.index(inner[-1], start) + 1
    return "\n".join(["...", *lines[start:end], "..."]) + "\n"


def test_the_programs_print_what_is_shown(printed, request):
    text = README.read_text(encoding="utf-8")
    programs = [(match, output) for match, output in blocks(text) if match[1] == "python"]
    assert len(printed) == len(programs)
    changes = []
    for (_, block), output in zip(programs, printed, strict=True):
        if block is None:
            assert not output.strip(), "a program of the README prints something that is not shown"
            continue
        wanted = expected(block[2], output)
        if TIME.sub("ms", wanted) != TIME.sub("ms", block[2]):
            changes.append((block, wanted))
    if request.config.getoption("--update-golden"):
        for block, wanted in reversed(changes):
            text = text[: block.start(2)] + wanted + text[block.end(2) :]
        README.write_text(text, encoding="utf-8")
    else:
        assert [(block[2], wanted) for block, wanted in changes] == [], "run `make golden`, and read the difference"


def test_every_output_belongs_to_a_program():
    text = README.read_text(encoding="utf-8")
    outputs = [match for match, _ in blocks(text) if match[1] == "text"]
    assert len(outputs) == sum(output is not None for _, output in blocks(text))


def test_the_worked_row_is_one_that_exists():
    folder = README.parent / "symdiff"
    rows = [match[2] for match, _ in blocks((folder / "README.md").read_text(encoding="utf-8")) if match[1] == "python"]
    sources = [path.read_text(encoding="utf-8") for path in (folder / "ops").glob("*.py")]
    assert rows and all(any(row in source for source in sources) for row in rows)
