"""Stores: ``x`` with ``x[index] = v`` or ``x[index] += v``, in place where nothing reads the old array any more."""

from __future__ import annotations

from symdiff.ir.graph import Node, Value
from symdiff.lower.emit import index_const
from symdiff.lower.state import Elements, Indices, Mapped, State, Stored, positions
from symdiff.lower.subscript import Subscript, subscript
from symdiff.lower.usage import static_shape
from symdiff_codegen.kernel import Buffer, Const

__all__ = ["emit_store", "is_overwritten", "take_over"]


def emit_store(state: State, node: Node, position: int) -> None:
    """Emit ``put`` or ``accumulate_at``."""
    x, v = node.inputs[:2]
    if state.usage.is_small(node.output):
        _store_elements(state, node)
        return
    place = subscript(state, x, node, 2)
    if _reads_storage_of(state, v, x):
        # the right side is complete before anything is stored
        state.set(v, Stored(state.fresh_copy(v, v)))
    else:
        state.ready(v)
    for operand in node.inputs[2:]:
        state.ready(operand)
    buffer = take_over(state, node, position, 0, node.output)
    _store_region(state, node, place, buffer)
    state.set(node.output, Stored(buffer))


def take_over(state: State, node: Node, position: int, operand: int, heir: Value) -> Buffer:
    """A buffer with the elements of an operand that may be overwritten: its own if nothing reads it any more."""
    value = node.inputs[operand]
    dies = state.usage.dies(value, state.block, position, operand)
    rep = state.get(value)
    if dies and not isinstance(rep, (Stored, Elements)) and state.slots.get(value) == state.slots.get(heir):
        rep = Stored(state.buffer(value))
    if dies and isinstance(rep, Stored) and rep.buffer in state.owned:
        return rep.buffer
    return state.fresh_copy(value, heir)


def is_overwritten(state: State, loop: Node, carried: int) -> bool:
    """Whether a ``for`` stores every element of an array it carries before anything reads one, as tapes are written.

    The array is new, trip i stores all of row i and does nothing else with it, and there are as many trips as rows.
    """
    (body,) = loop.blocks
    init, param = loop.inputs[3 + carried], body.params[1 + carried]
    start, stop, step = (state.integer(v) for v in loop.inputs[:3])
    if not isinstance(state.get(init), Mapped) or (start, step) != (index_const(0), index_const(1)):
        return False
    if state.k.max(stop, 0) is not state.dim(init.type.shape[0]):
        return False
    result = body.results[carried]
    store = state.usage.definition.get(result)
    if store is None or store.op.name != "put" or store not in body.nodes or store.inputs[0] is not param:
        return False
    entries = store.attrs["index"]
    rows = entries[0] == ("int",) and all(entry == ("slice", None, None, None) for entry in entries[1:])
    alone = all(len(list(state.usage.all_uses(value))) == 1 for value in (param, result))
    return rows and alone and store.inputs[2:3] == body.params[:1]


def _reads_storage_of(state: State, v: Value, x: Value) -> bool:
    """Whether the elements of a mapped value are read from the buffer of another."""
    rep = state.get(x)
    if not v.type.is_array or not isinstance(rep, Stored):
        return False
    return any(
        isinstance(leaf_rep := state.reps.get(leaf), Stored) and leaf_rep.buffer is rep.buffer
        for leaf, _ in state.usage.leaves(v)
    )


def _store_region(state: State, node: Node, place: Subscript, buffer: Buffer) -> None:
    k, v = state.k, node.inputs[1]
    adds = node.op.name == "accumulate_at"
    given = list(v.type.shape)
    while len(given) > len(place.dims) and given[0] == 1:
        given = given[1:]

    def store(indices: Indices) -> None:
        own = list(indices[len(indices) - len(given) :])
        lead = [index_const(0)] * (v.type.rank - len(given))
        own = [index_const(0) if d == 1 else i for d, i in zip(given, own, strict=True)]
        value = k.convert(state.read(v, [*lead, *own]), buffer.type)
        if adds and buffer.type == "i1":
            value = k.or_(k.load(buffer, place.locate(indices)), value)
        if adds and buffer.type != "i1":
            k.accumulate(buffer, place.locate(indices), value)
        else:
            k.store(buffer, place.locate(indices), value)

    # an element may be named twice, and then the last store counts, or all are added
    state.each(place.dims, store, vector=not place.arrays)


def _store_elements(state: State, node: Node) -> None:
    """A store into a small array, at a place that is known."""
    x, v = node.inputs[:2]
    k = state.k
    items = list(state.items(x))
    shape = static_shape(x.type) or ()
    place = subscript(state, x, node, 2)
    if not isinstance(state.get(v), Elements):
        state.ready(v)
    part = [int(d.value) for d in place.dims if isinstance(d, Const)]
    type_ = items[0].type if items else "f64"
    new = list(items)
    for index in positions(part):
        indices = [index_const(i) for i in index]
        target = [int(i.value) for i in place.locate(indices) if isinstance(i, Const)]
        if any(not 0 <= i < n for i, n in zip(target, shape, strict=True)):
            break  # the check of the index, just emitted, has failed
        flat = 0
        for i, n in zip(target, shape, strict=True):
            flat = flat * n + i
        lead = max(v.type.rank - len(indices), 0)
        own = [index_const(0)] * lead + indices
        value = k.convert(state.read_broadcast(v, own), type_)
        if node.op.name == "accumulate_at":
            value = k.or_(new[flat], value) if type_ == "i1" else k.let("add", new[flat], value)
        new[flat] = value
    state.set(node.output, Elements(tuple(new)))
