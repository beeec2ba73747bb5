"""Counted loops: header phis, and a look at pending signals now and then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from .context import EXCEPTION_SET, I32, I64, poll
from .kernel import Body, Copy, Fill, For, Fourier, Linalg, Matmul, While
from .lanes import weigh
from .llvm_state import LIKELY, State, Value
from .walk import walk

LEAF_CHUNK = 1 << 16
NEST_CHUNK = 1 << 8
VECTOR_CHUNK = 1 << 20

LoopBody = Callable[[Value, list[Value]], list[Value]]


def chunk_of(*bodies: Body) -> int:
    """Return after how many trips of a loop signals are looked at: often enough, and at no measurable cost."""
    size = 0
    for body in bodies:
        for instruction in walk(body):
            size += 1
            if isinstance(instruction, (For, While, Matmul, Linalg, Fourier, Fill, Copy)):
                return NEST_CHUNK
    return max(NEST_CHUNK, min(LEAF_CHUNK, (LEAF_CHUNK << 6) // (size + 1)))


def emit_poll(state: State) -> None:
    """Look at pending signals; leave the kernel if a handler raised."""
    pending = state.builder.call(poll(state.module), [state.context])
    state.guard(state.builder.icmp_signed("==", pending, I32(0)), EXCEPTION_SET)


def phis(state: State, inits: Sequence[Value], origin: ir.Block) -> list[Value]:
    """Start a phi per carried value in the block the builder is in."""
    result = []
    for init in inits:
        phi = state.builder.phi(init.type)
        phi.add_incoming(init, origin)
        result.append(phi)
    return result


def close(targets: Sequence[Value], values: Sequence[Value], origin: ir.Block) -> None:
    """Give phis their values from a back edge."""
    for phi, value in zip(targets, values, strict=True):
        phi.add_incoming(value, origin)


def counted(state: State, limit: Value, step: int, chunk: int, inits: Sequence[Value], body: LoopBody) -> list[Value]:
    """Emit a loop over ``k = 0, step, 2 * step, ...`` below ``limit``, a multiple of ``step``.

    Parameters
    ----------
    state
        The kernel being lowered.
    limit
        An i64. A constant makes the loop simpler: no trip, one trip, or no look at signals where there are few trips.
    step
        A positive constant.
    chunk
        After how many ``k`` signals are looked at; a multiple of ``step``.
    inits
        What is carried, before the first trip.
    body
        Called with ``k`` and the carried values, emits a trip and returns the carried values after it.

    Returns
    -------
    list
        The carried values after the loop.
    """
    known = limit.constant if isinstance(limit, ir.Constant) else None
    if known == 0:
        return list(inits)
    if known == step:
        return body(I64(0), list(inits))
    if known is not None and known <= chunk:
        return _simple(state, I64(0), limit, step, inits, body)[1:]
    return _strips(state, limit, step, chunk, inits, body)


def _simple(state: State, first: Value, limit: Value, step: int, inits: Sequence[Value], body: LoopBody) -> list[Value]:
    """Emit the loop without strips; return the counter and the carried values after it."""
    builder = state.builder
    origin = builder.block
    head, trip, done = state.block("head"), state.block("trip"), state.block("done")
    builder.branch(head)
    builder.position_at_end(head)
    counter, *params = phis(state, [first, *inits], origin)
    builder.cbranch(builder.icmp_unsigned("<", counter, limit), trip, done)
    builder.position_at_end(trip)
    nexts = body(counter, params)
    following = builder.add(counter, I64(step), flags=("nuw", "nsw"))
    close([counter, *params], [following, *nexts], builder.block)
    builder.branch(head)
    builder.position_at_end(done)
    return [counter, *params]


def _strips(state: State, limit: Value, step: int, chunk: int, inits: Sequence[Value], body: LoopBody) -> list[Value]:
    """Emit the loop in strips with a look at signals between them, so that the inner loop has no call."""
    builder = state.builder
    origin = builder.block
    strip = state.block("strip")
    builder.branch(strip)
    builder.position_at_end(strip)
    first, *params = phis(state, [I64(0), *inits], origin)
    left = builder.sub(limit, first, flags=("nuw",))
    short = builder.icmp_unsigned("<", left, I64(chunk))
    end = builder.select(short, limit, builder.add(first, I64(chunk), flags=("nuw",)))
    counter, *outs = _simple(state, first, end, step, params, body)
    again, done = state.block("again"), state.block("done")
    weigh(builder.cbranch(builder.icmp_unsigned("<", counter, limit), again, done), (LIKELY[1], LIKELY[0]))
    builder.position_at_end(again)
    emit_poll(state)
    close([first, *params], [counter, *outs], builder.block)
    builder.branch(strip)
    builder.position_at_end(done)
    return outs
