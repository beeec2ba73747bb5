"""Where a reverse sweep stands in the primal: its levels, and what the forward sweep saved for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from symdiff.ir.graph import IF, Block, Node, Type, Value

__all__ = ["Level", "Saved", "outputs_of", "stack_at"]


@dataclass(eq=False)
class Saved:
    """One value saved by the forward sweep."""

    value: Value
    form: str
    path: tuple[Level, ...]
    type: Type
    final: Value
    """The storage as the forward sweep leaves it."""


@dataclass(eq=False)
class Level:
    """A primal block that the reverse sweep has entered, and the reverse block that mirrors it."""

    parent: Level | None
    node: Node | None
    block: Block
    index: Value | None = None
    """The primal index of a ``for`` loop."""
    reverse_index: Value | None = None
    defined: set[Value] = field(default_factory=set)
    saved: list[Saved] = field(default_factory=list)
    stacks: dict[Saved, Value] = field(default_factory=dict)
    """The stack of each value saved at this level or inside it, as the reverse block finds it."""
    stacks_after: dict[Saved, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.defined.update(self.block.params)
        for node in self.block.nodes:
            self.defined.update(node.outputs)

    def path(self) -> tuple[Level, ...]:
        """The levels from just inside the function to this one."""
        above = self.parent.path() if self.parent else ()
        return (*above, self) if self.parent else ()


def outputs_of(level: Level) -> dict[Value, Value]:
    """For the values that a branch gives, its outputs: these are the same values where the arm was taken."""
    node = level.node
    if node is None or node.op is not IF:
        return {}
    own = set().union(*(n.outputs for n in level.block.nodes))
    pairs = zip(level.block.results, node.outputs, strict=True)
    found: dict[Value, Value] = {}
    for result, output in pairs:
        if result in own and result.type.shape == output.type.shape and result.type.kind == output.type.kind:
            found.setdefault(result, output)
    return found


def stack_at(level: Level, saved: Saved) -> Value:
    """The stack of ``saved`` as the reverse block of ``level`` finds it: threaded down from the end of the forward
    sweep.
    """
    if level.parent is None:
        return saved.final
    if saved not in level.stacks:
        if level.node is not None and level.node.op is IF:
            level.stacks[saved] = stack_at(level.parent, saved)
        else:
            level.stacks[saved] = Value(saved.final.type, saved.final.hint, saved.value.where)
    return level.stacks[saved]
