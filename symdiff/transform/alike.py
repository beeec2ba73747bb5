"""Functions of Python scalars whose derivatives fail where they do, so that they are functions of :mod:`math` too."""

from __future__ import annotations

from symdiff.ir.build import Builder
from symdiff.ir.graph import Node, Type

__all__ = ["fail_alike"]

ALIKE = {"sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh"}
"""Functions of Python scalars that fail on the same arguments as their derivatives."""


def fail_alike(node: Node, build: Builder, start: int) -> None:
    """Let a derivative be a function of :mod:`math` if the value is: where the one did not fail, neither does it."""
    if node.outputs[0].type.kind != "python" or node.op.name not in ALIKE:
        return
    for k, made in enumerate(build.nodes[start:], start):
        if made.op.name == ALIKE[node.op.name] and made.inputs == node.inputs:
            object.__setattr__(made.output, "type", Type(made.output.type.dtype, (), "python"))
            build.nodes[k] = Node(made.op, made.inputs, made.outputs, {"unchecked": True}, (), made.where)
            build.definitions[made.output] = build.nodes[k]
