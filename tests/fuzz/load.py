"""From the text of a program to its function, through a file, as users' functions come."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def function_of(source: str, name: str, folder: Path) -> Callable[..., Any]:
    """The function `f` of a module with this text."""
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module.f
