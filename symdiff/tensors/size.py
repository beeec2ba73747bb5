"""The shape of a tensor, as PyTorch shows it."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Size"]


class Size(tuple[int, ...]):
    """The shape of a tensor."""

    __slots__ = ()

    def numel(self) -> int:
        """How many elements that makes."""
        return int(np.prod(self)) if self else 1

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(found) if isinstance(key, slice) else found
