"""Several tensors as one result, whose parts have names; shown as PyTorch shows it."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

__all__ = ["return_type"]


def return_type(name: str, *fields: str) -> Any:
    """A named tuple for what a function returns.

    Parameters
    ----------
    name : str
        PyTorch's name of it.
    *fields : str
    """
    make: Any = namedtuple
    made = make(name, fields)
    made.__repr__ = _text
    return made


def _text(self: Any) -> str:
    parts = [f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True)]
    return f"torch.return_types.{type(self).__name__}(\n" + ",\n".join(parts) + ")"
