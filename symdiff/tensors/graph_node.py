"""PyTorch's view of the recorded graph: what gave a tensor."""

from __future__ import annotations

from symdiff.tensors.lazy import Lazy

__all__ = ["Node"]


class Node:
    """What gave a tensor: PyTorch's ``grad_fn``."""

    __slots__ = ("value",)

    def __init__(self, value: Lazy) -> None:
        self.value = value

    def name(self) -> str:
        """PyTorch's name of the node, such as ``MulBackward0``."""
        assert self.value.operation is not None
        return self.value.operation.node

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of its inputs."""
        return tuple(
            (Node(x) if x.operation is not None and x.owner is None else None, 0)
            for x in self.value.inputs
            if isinstance(x, Lazy) and x.differentiable
        )

    def __repr__(self) -> str:
        return f"<{self.name()}>"
