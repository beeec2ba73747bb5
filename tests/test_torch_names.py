"""The page of PyTorch's names is what the package has."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parent.parent


def tool():
    spec = importlib.util.spec_from_file_location("torch_names", ROOT / "tools" / "torch_names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date():
    made = tool().page()
    assert (ROOT / "docs" / "torch.md").read_text(encoding="utf-8") == made, "run python tools/torch_names.py"


def test_what_is_said_to_be_partial_is_there():
    module = tool()
    for name, partial in module.PARTIAL.items():
        for entry in partial:
            assert module.has(module.holder(name), entry), f"{name}.{entry}"
