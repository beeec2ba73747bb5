"""``python -m tests.fuzz FIRST COUNT [--jobs 2] [--shrink] [--out FOLDER]``: fuzz, report, write reproducers."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz import features
from tests.fuzz.generator import generate
from tests.fuzz.reproducer import script
from tests.fuzz.runner import run, work
from tests.fuzz.shrink import shrunk

MOST_SHRUNK = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--shrink", action="store_true", help="reduce each failing program")
    parser.add_argument("--out", type=Path, default=Path("fuzz_failures"))
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.first, given.count)
        return 0
    on = features.available()
    print(f"features: {' '.join(sorted(on))}\nnot yet: {' '.join(sorted(set(features.PROBES) - on))}")
    for name, error in features.BROKEN.items():
        print(f"the probe of {name} fails: {error}")

    def told(seed: int, word: str, text: str) -> None:
        print(f"seed {seed}, {word}: {text[:300]}", flush=True)
        write(seed, word, text, given.out, shrink=False)

    tally = run(given.first, given.count, given.jobs, told)
    print(tally.report())
    for seed, word, text in tally.failures[:MOST_SHRUNK] if given.shrink else ():
        write(seed, word, text, given.out, shrink=True)
    return 1 if tally.failures else 0


def write(seed: int, word: str, text: str, folder: Path, *, shrink: bool) -> None:
    """A reproducer, of the program as it is or reduced."""
    program = generate(seed, features.available())
    if shrink:
        with tempfile.TemporaryDirectory() as work_folder:
            program = shrunk(program, word, Path(work_folder))
    folder.mkdir(exist_ok=True)
    path = folder / f"seed_{seed}{'_shrunk' if shrink else ''}.py"
    path.write_text(script(program, text.replace("\\", "\\\\").replace('"""', "'''")), encoding="utf-8")
    print(f"{path}: {word}")


if __name__ == "__main__":
    sys.exit(main())
