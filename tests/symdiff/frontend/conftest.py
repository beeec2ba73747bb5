import importlib.util
import sys
import textwrap
from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture
def load(tmp_path, monkeypatch) -> Callable[..., ModuleType]:
    """Write a module's text into a file, import it, and give it back; the module knows its path."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write_and_import(text: str | bytes, name: str = "model") -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return write_and_import
