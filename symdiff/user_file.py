"""A user's file as a module, for the command line: as Python would load it, and without a trace afterwards."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType

from symdiff.errors import SymdiffError

__all__ = ["LoadError", "UsageError", "loaded"]


class UsageError(Exception):
    """The command line names something that is not there."""


class LoadError(Exception):
    """The user's file failed while it was loaded; the message is its traceback."""


@contextmanager
def loaded(file: Path) -> Iterator[ModuleType]:
    """The file as a module, for the length of a command; ``sys.path`` and ``sys.modules`` are then as before.

    As when Python runs a script, what stands beside the file can be imported. Once it is loaded its folder goes to the
    end of the path, so that a file of the user's hides nothing that is imported later.
    """
    name, root = _module_name(file)
    path, modules = list(sys.path), dict(sys.modules)
    try:
        sys.path.insert(0, str(root))
        with redirect_stdout(sys.stderr):  # what the file prints is no part of a command's output
            module = _load(file, name)
        sys.path.append(sys.path.pop(0))
        yield module
    finally:
        sys.path[:] = path
        for key in [key for key, value in sys.modules.items() if modules.get(key) is not value]:
            if key == name or _beside(root, key):
                del sys.modules[key]
                sys.modules.update({key: modules[key]} if key in modules else {})


def _beside(root: Path, name: str) -> bool:
    top = root / name.partition(".")[0]
    return top.with_suffix(".py").is_file() or (top / "__init__.py").is_file()


def _module_name(file: Path) -> tuple[str, Path]:
    """A name that no other module has or could be imported by, and the folder that imports start from."""
    file = file.resolve()
    parts, root = [file.stem], file.parent
    while (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    name = ".".join(parts)
    present = sys.modules.get(parts[0])
    taken = parts[0] in sys.stdlib_module_names or (present is not None and not _stands_in(present, root))
    try:
        spec = None if taken else importlib.util.find_spec(parts[0])
    except (ImportError, ValueError):
        spec = None
    if taken or (spec is not None and spec.origin is not None and root not in Path(spec.origin).resolve().parents):
        return f"_symdiff_{file.stem}", root
    return name, root


def _stands_in(module: ModuleType, root: Path) -> bool:
    origin = getattr(module, "__file__", None)
    return origin is not None and root in Path(origin).resolve().parents


def _load(file: Path, name: str) -> ModuleType:
    try:
        # inside a package, whose own modules the file may import, the search imports the packages above it
        inside = "." in name
        spec = (
            importlib.util.find_spec(name) if inside else importlib.util.spec_from_file_location(name, file.resolve())
        )
        if spec is None or spec.loader is None:
            raise UsageError(f"{file} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    except (UsageError, SymdiffError):
        raise
    except SystemExit:
        raise LoadError(f"{file} ended the program while it was loaded; guard it with __name__ == '__main__'") from None
    except Exception as error:
        raise LoadError(f"{file} could not be loaded:\n{_users_traceback(error, file)}") from None


def _users_traceback(error: Exception, file: Path) -> str:
    """The traceback from the first frame in the user's file on."""
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename != str(file.resolve()):
        tb = tb.tb_next
    return "".join(traceback.format_exception(type(error), error, tb)).rstrip()
