"""What all tests share: the environment they run in, golden files, and how Hypothesis searches."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

GOLDEN = Path(__file__).parent / "golden"
WORKER = "PYTEST_XDIST_WORKER"

hypothesis.settings.register_profile("ci", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("wild", deadline=None, max_examples=5000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    """Verify every graph, and keep compiled code of the tests out of the user's cache.

    Where Python is told to write no bytecode, it goes into a directory of the tests' own: programs that run in a
    process of their own would compile all modules anew, which takes longer than most of them run. The workers of
    pytest-xdist inherit all settings, so that the directories are made and removed once.
    """
    os.environ["SYMDIFF_CHECK"] = "1"
    if WORKER in os.environ:
        return
    directory = tempfile.mkdtemp(prefix="symdiff-tests-")
    config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    os.environ.setdefault("SYMDIFF_CACHE_DIR", os.path.join(directory, "cache"))
    os.makedirs(os.environ["SYMDIFF_CACHE_DIR"], exist_ok=True)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", os.path.join(directory, "bytecode"))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of that name in tests/golden; ``--update-golden`` writes the file instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            assert path.exists(), f"{path} does not exist: write it with `make golden`, and read it"
            assert text == path.read_text(encoding="utf-8"), f"{path} differs: if that is meant, run `make golden`"

    return compare


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one program of the corpus run after one another: what was compiled for the first serves the others."""
    places: dict[tuple[Path, str], int] = {}

    def place(item: pytest.Item) -> int:
        case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
        name = case.split("-")[0] if isinstance(case, str) else getattr(item, "originalname", item.name)
        return places.setdefault((item.path, name), len(places))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Whatever is imported and collected stays: Python's garbage collector need not look through it all run long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
