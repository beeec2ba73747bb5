"""Which parameters a step reaches, told by the step itself: a number for each of those that only some paths lead to.

What no path leads to has no gradient in a loop that is written out, and is not stepped. So the graph of the loss gets
results that say of these parameters whether the loss depends on them this time; each follows the values that depend on
its parameter through branches and loops, beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Node, Type, Value
from symdiff.ops.primitive import REGISTRY
from symdiff.training.dependence import Walk
from symdiff.transform.activity import carried

__all__ = ["with_reach"]

BOOL = Type("bool", (), "python")
Flag = bool | Value
"""Whether a value depends on a parameter, where that is known, or what will tell."""


def with_reach(block: Block, params: Sequence[Value], result: Value) -> tuple[Block, list[Value]]:
    """The block with more nodes, and whether the result depends on each of some parameters.

    Parameters
    ----------
    block : Block
    params : sequence of Value
        Parameters of the block.
    result : Value
        One of its results.
    """
    walk = Walk.of_params(block, params)
    made, build = _Reach(walk, len(params)), Builder(raising=False)
    for k, param in enumerate(params):
        made.flags[param] = tuple(j == k for j in range(len(params)))
    made.nodes(build, block.nodes)
    found = [_as_value(build, flag) for flag in made.of(result)]
    return build.finish(block.params, block.results), found


def _as_value(build: Builder, flag: Flag) -> Value:
    return build.constant(flag) if isinstance(flag, bool) else flag


class _Reach:
    def __init__(self, walk: Walk, count: int) -> None:
        self.walk, self.count = walk, count
        self.flags: dict[Value, tuple[Flag, ...]] = {}

    def of(self, value: Value) -> tuple[Flag, ...]:
        """Whether a value depends on each of the parameters."""
        return self.flags.get(value, (False,) * self.count) if value.type.is_float else (False,) * self.count

    def nodes(self, build: Builder, nodes: Iterable[Node]) -> None:
        """Append nodes, and what their flags need."""
        for node in nodes:
            if node.op is IF:
                self._branches(build, node)
            elif node.op is FOR or node.op is WHILE:
                self._loop(build, node)
            else:
                build.append(node)
                if node.op is not CONSTANT and getattr(node.op, "name", "") != "stop_gradient":
                    self._after(build, node)

    def _after(self, build: Builder, node: Node) -> None:
        outputs = [output for output in node.outputs if output.type.is_float]
        inputs = [self.flags[x] for x in node.inputs if x in self.flags and x.type.is_float]
        if not outputs or not inputs:
            return
        found = tuple(_any(build, flags) for flags in zip(*inputs, strict=True))
        self.flags.update(dict.fromkeys(outputs, found))

    def _branches(self, build: Builder, node: Node) -> None:
        inner = [build.inner() for _ in node.blocks]
        for b, branch in zip(inner, node.blocks, strict=True):
            self.nodes(b, branch.nodes)
        more: list[list[Value]] = [[] for _ in node.blocks]
        outputs: list[Value] = []

        def joined(flags: Sequence[Flag]) -> Flag:
            if all(flag is flags[0] for flag in flags):
                return flags[0]
            for results, b, flag in zip(more, inner, flags, strict=True):
                results.append(_as_value(b, flag))
            outputs.append(Value(BOOL, "reached"))
            return outputs[-1]

        for k, output in enumerate(node.outputs):
            if output.type.is_float:
                ways = [self.of(branch.results[k]) for branch in node.blocks]
                self.flags[output] = tuple(joined(flags) for flags in zip(*ways, strict=True))
        blocks = tuple(
            b.finish(branch.params, (*branch.results, *results))
            for b, branch, results in zip(inner, node.blocks, more, strict=True)
        )
        build.append(Node(IF, node.inputs, (*node.outputs, *outputs), node.attrs, blocks, node.where))

    def _loop(self, build: Builder, node: Node) -> None:
        """What is carried may depend on a parameter from some trip on: that is carried, too."""
        initials, params = carried(node)
        body = node.blocks[-1]
        met = self.walk.met[node]
        places = [(k, j) for k in range(len(params)) for j in range(self.count) if met[k] >> j & 1]
        inside = [Value(BOOL, "reached") for _ in places]
        outside = [Value(BOOL, "reached") for _ in places]
        first = [_as_value(build, self.of(initials[k])[j]) for k, j in places]
        self._name(params, places, inside)
        inner = build.inner()
        self.nodes(inner, body.nodes)
        after = [_as_value(inner, self.of(body.results[k])[j]) for k, j in places]
        self._name(node.outputs, places, outside)
        made = inner.finish((*body.params, *inside), (*body.results, *after))
        blocks: tuple[Block, ...] = (made,)
        if node.op is WHILE:
            test = node.blocks[0]
            unused = [Value(BOOL, "reached") for _ in places]
            blocks = Block((*test.params, *unused), test.nodes, test.results), made
        build.append(Node(node.op, (*node.inputs, *first), (*node.outputs, *outside), node.attrs, blocks, node.where))

    def _name(self, values: Sequence[Value], places: Sequence[tuple[int, int]], flags: Sequence[Value]) -> None:
        chosen = dict(zip(places, flags, strict=True))
        for k, value in enumerate(values):
            self.flags[value] = tuple(chosen.get((k, j), False) for j in range(self.count))


def _any(build: Builder, flags: Sequence[Flag]) -> Flag:
    """Whether one of these holds."""
    if any(flag is True for flag in flags):
        return True
    values = list(dict.fromkeys(flag for flag in flags if isinstance(flag, Value)))
    if not values:
        return False
    found = values[0]
    for value in values[1:]:
        found = build.add(REGISTRY["logical_or"], found, value)
    return found
