"""What LLVM may assume of two accesses: arrays that cannot overlap say so, and loads move out of loops.

Each array that has memory of its own (a view has its source's) gets an alias scope, and each access says which scope it
is in and which it is not in. An attribute on the call that made the array would say too much: LLVM would take the
stores to an array of the caller, who sees it after the return, for dead.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

from .kernel import Alloc, Buffer, Kernel, Output, View
from .walk import walk

# The lists of scopes grow with the square of the number of arrays.
_MOST = 32


@dataclass
class Aliases:
    """The arrays of a kernel with memory of their own, and the metadata of accesses to them."""

    roots: dict[Buffer, Buffer] = field(default_factory=dict)
    metadata: dict[Buffer, tuple[Any, Any]] = field(default_factory=dict)

    def note(self, access: Any, buffer: Buffer) -> Any:
        """Say of a load or store which memory it accesses."""
        known = self.metadata.get(self.roots.get(buffer, buffer))
        if known is not None:
            access.set_metadata("alias.scope", known[0])
            access.set_metadata("noalias", known[1])
        return access

    def share(self, buffer: Buffer, source: Buffer) -> None:
        """Let a buffer be in the memory of another."""
        self.roots[buffer] = self.roots.get(source, source)


def find_aliases(kernel: Kernel, module: ir.Module, released: Collection[Buffer]) -> Aliases:
    """Give scopes to the parameters and to all arrays a kernel makes.

    Parameters that may overlap share a scope, and so does workspace that is ``released``: it may come again as
    another array.
    """
    aliases = Aliases()
    steps = list(walk(kernel.body))
    for step in steps:
        if isinstance(step, View):
            aliases.share(step.buffer, step.source)
    params = [param for param in kernel.params if isinstance(param, Buffer)]
    groups = [[param] for param in params] if kernel.noalias else [params]
    made = [step.buffer for step in steps if isinstance(step, (Output, Alloc))]
    groups += [list(released), *([buffer] for buffer in made if buffer not in released)]
    groups = [group for group in groups if group][:_MOST]
    domain = module.add_metadata([kernel.name])
    scopes = [module.add_metadata([f"{kernel.name}.{number}", domain]) for number in range(len(groups))]
    for number, group in enumerate(groups):
        others = module.add_metadata([scope for scope in scopes if scope is not scopes[number]])
        for buffer in group:
            aliases.metadata[buffer] = module.add_metadata([scopes[number]]), others
    return aliases

