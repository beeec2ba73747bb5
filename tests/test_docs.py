"""The pages that are written from tables in the code are up to date, and links lead somewhere."""

import importlib.util
import re
from pathlib import Path

import pytest

from symdiff.config import VARIABLES, Options
from symdiff.ops import REGISTRY

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("*/README.md")), *sorted((ROOT / "docs").glob("*.md"))]


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_accepted_is_up_to_date(request):
    tool = load(ROOT / "tools" / "accepted.py")
    if request.config.getoption("--update-golden"):
        tool.TARGET.write_text(tool.text(), encoding="utf-8")
    assert tool.text() == tool.TARGET.read_text(encoding="utf-8"), "run `make golden`, or `python tools/accepted.py`"


def test_accepted_names_every_elementwise_function_of_numpy_and_math():
    text = (ROOT / "docs" / "accepted.md").read_text(encoding="utf-8")
    for name in ("exp", "log1p", "arctan2", "hypot", "clip", "where"):
        assert f"`{name}`" in text and REGISTRY[name].elementwise
    for name in ("np.linalg.solve", "np.concatenate", "math.lgamma", ".reshape()", "math.atan2"):
        assert f"`{name}`" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_map_names_the_files_there_are():
    page = ROOT / "symdiff" / "README.md"
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.py)`", text))
    files = {path.relative_to(page.parent).as_posix(): path for path in page.parent.rglob("*.py")}
    last = {name.rsplit("/", 1)[-1] for name in files}
    assert {name for name in named if name not in files and name not in last and not (ROOT / name).exists()} == set()
    ours = {name for name in files if not name.endswith("__init__.py") and "/" not in name}
    assert {name for name in ours if name not in named} == set()


def test_the_readme_lists_every_environment_variable():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in VARIABLES:
        assert f"`{name}`" in text or f"`{name}=" in text, name
    assert Options().simplify == "auto" and "simplify=False" in text
