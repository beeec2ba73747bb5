"""Random numbers: NumPy draws them, called back in the middle of the kernel, into the memory of the result.

Generators are no values of the kernel. Each has a number, under which the runtime keeps the object during a call: first
those that are parameters, then those made inside.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.ir.graph import Node, Value
from symdiff.lower.emit import index_const
from symdiff.lower.state import Elements, State, Stored, positions
from symdiff.lower.usage import static_shape
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff.ops.primitive import numeric_attrs
from symdiff_codegen.kernel import Buffer

__all__ = ["DRAWS", "Drawing"]


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a callback does with generators.

    Attributes
    ----------
    node : Node
        A draw, or the making of a generator.
    number : int
        Of the generator that it reads or makes.
    """

    node: Node
    number: int

    def run(self, generators: MutableMapping[int, Any], values: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Draw into the outputs; or make a generator."""
        row: Any = self.node.op
        attrs = numeric_attrs(self.node.attrs)
        if row.name == "default_rng":
            generators[self.number] = row.numpy(*values, **attrs)
            return
        if row.name == "draw":
            # sizes are those of the memory that waits for the numbers
            attrs["shape"] = outputs[0].shape if self.node.output.type.shape else ()
        outputs[0][...] = row.numpy(generators[self.number], *values, **attrs)


def _number(state: State, generator: Value) -> int:
    return state.generators.setdefault(generator, len(state.generators))


def _kinds(values: Sequence[Value]) -> list[str]:
    return [f"{v.type.kind} {v.type.dtype}" for v in values]


def _args(state: State, values: Sequence[Value]) -> list[Any]:
    return [state.buffer(v) if v.type.is_array else state.scalar(v) for v in values]


def _draw(state: State, node: Node) -> None:
    generator, *parameters = node.inputs
    k, output = state.k, node.output
    drawing = Drawing(node, _number(state, generator))
    small = output.type.is_array and state.usage.is_small(output)
    if output.type.is_array and not small:
        buffer = state.new_buffer(output)
    else:
        shape = static_shape(output.type) if small else (1,)
        dims = tuple(index_const(n) for n in shape or ())
        buffer = Buffer(output.hint or "drawn", KERNEL_TYPE[output.type.dtype], dims)
        k.alloc(buffer)
    k.invoke(drawing, _kinds(parameters), _args(state, parameters), (buffer,))
    if small:
        places = positions(static_shape(output.type) or ())
        state.set(output, Elements(tuple(k.load(buffer, [index_const(i) for i in place]) for place in places)))
    else:
        state.set(output, Stored(buffer) if output.type.is_array else k.load(buffer, [index_const(0)]))


def _make(state: State, node: Node) -> None:
    state.k.invoke(Drawing(node, _number(state, node.output)), _kinds(node.inputs), _args(state, node.inputs))


DRAWS: dict[str, Callable[[State, Node], None]] = {"draw": _draw, "reseed": _draw, "default_rng": _make}
