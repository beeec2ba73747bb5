"""The stages of a compilation as texts, for reading at a prompt and in a notebook."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from symdiff import stages
from symdiff.runtime.family import Family, Variant

__all__ = ["Stage", "Stages"]


class Stage(str):
    """The text of one stage; shown as it is, at a prompt and in a notebook."""

    def __repr__(self) -> str:
        return str(self)


class Stages:
    """The artefacts of one compile. Each attribute is a text."""

    def __init__(self, function: Any, family: Family, variant: Variant) -> None:
        self._function, self._family, self._variant = function, family, variant
        # the family shows the variant that was built last; here it is this one
        self._made = replace(family.made, lowered=variant.lowered, unit=variant.unit)

    @property
    def source(self) -> Stage:
        """The user's function."""
        return Stage(inspect.getsource(inspect.unwrap(self._function.__wrapped__)))

    def __getattr__(self, name: str) -> Any:
        if name in ("graph", "adjoint", "simplified", "kernel", "llvm", "llvm_optimised", "asm"):
            return Stage(stages.text(self._made, name))
        raise AttributeError(name)

    @property
    def rewrites(self) -> list[Any]:
        """Every simplification applied, with the operation counts before and after."""
        return self._made.rewrites

    def __dir__(self) -> list[str]:
        return ["source", "graph", "adjoint", "simplified", "kernel", "llvm", "llvm_optimised", "asm", "rewrites"]
