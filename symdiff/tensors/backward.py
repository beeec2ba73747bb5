"""Gradients of recorded graphs: the compiler's own reverse mode, applied to a piece of the graph.

A piece whose structure was seen before is one lookup and one native call. Values with hooks cut the graph: the pieces
on both sides are differentiated one after the other.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from symdiff.ir.graph import Function, Type, Value
from symdiff.tensors import anomaly, grad_mode
from symdiff.tensors.inline import inlined
from symdiff.tensors.lazy import KEEPER, Lazy, known
from symdiff.tensors.operations import Operation, record
from symdiff.tensors.plans import LARGEST, Piece, Plan, gather, keep, materialise, plan_for, primal
from symdiff.tensors.saved import check_versions, saving_nodes
from symdiff.tensors.segments import Segment, segments
from symdiff.tensors.stops import Stops, Until
from symdiff.transform.adjoint import differentiate
from symdiff.transform.simplify import simplify

__all__ = ["Seed", "cotangents"]

Seed = tuple[Lazy, Lazy | None]
"""A value to differentiate, and its cotangent; None means one."""


@dataclass(eq=False, slots=True)
class Sweep:
    """What is known of a reverse sweep over pieces of one structure.

    Attributes
    ----------
    plan : Plan
        Its leaves are those of the piece, then the seeds; its results the roots, then the cotangents.
    reached : tuple of int
        Leaves that gradients flow to.
    saving : tuple of int
        Nodes whose derivative reads their inputs or their result.
    operations : tuple of Operation
        One for each cotangent, to record it for further derivatives.
    """

    plan: Plan
    reached: tuple[int, ...]
    saving: tuple[int, ...]
    operations: tuple[Operation, ...]


_SWEEPS: dict[Any, Sweep] = {}


def cotangents(
    seeds: Sequence[Seed], wrt: Iterable[Lazy] = (), *, create_graph: bool = False, retain_graph: bool = False
) -> dict[Lazy, Lazy]:
    """Cotangents of the leaves that some values depend on.

    Parameters
    ----------
    seeds : sequence of Seed
    wrt : iterable of Lazy
        Values in between whose cotangents are asked for, too.
    create_graph : bool
        Whether the cotangents are recorded, to be differentiated in turn.
    retain_graph : bool
        Whether another sweep may follow.

    Returns
    -------
    dict
        By leaf, or value asked for. What no gradient reaches is missing.

    Raises
    ------
    RuntimeError
        If a sweep has used up what this one needs, or a store replaced it.
    """
    wrt = set(wrt)
    piece = _gathered([value for value, _ in seeds])
    if wrt or piece.has_hooks or not piece.nodes or anomaly.is_anomaly_enabled():
        found = _in_parts(seeds, wrt, create_graph, retain_graph)
    else:
        found = _sweep(piece, seeds, create_graph, retain_graph)
    return {leaf: _hooked(leaf, g) if leaf.hooks and leaf.owner is not None else g for leaf, g in found.items()}


def _gathered(values: Sequence[Lazy], barrier: Container[Lazy] = ()) -> Piece:
    """The piece to differentiate.

    What an earlier sweep has used may still be needed for numbers, through which no gradient flows: a running mean of
    detached values, say. These are computed first, or each sweep would begin with those of all before it.
    """
    piece = gather(values, through=True, barrier=barrier)
    if any(node.freed for node in piece.nodes):
        beside = _beside(piece, values)
        if beside:
            materialise(beside)
            piece = gather(values, through=True, barrier=barrier)
    return piece


def _beside(piece: Piece, values: Sequence[Lazy]) -> list[Lazy]:
    """What is still to be computed and read by nodes through which gradients flow, without having one itself."""
    path = {value for value in values if value.differentiable}
    found: dict[Lazy, None] = {}
    for node in reversed(piece.nodes):
        if node in path:
            lazies = [x for x in node.inputs if type(x) is Lazy]
            path.update(x for x in lazies if x.differentiable)
            found.update(dict.fromkeys(x for x in lazies if not x.differentiable and x.array is None))
    return list(found)


def _in_parts(seeds: Sequence[Seed], asked: set[Lazy], create_graph: bool, retain_graph: bool) -> dict[Lazy, Lazy]:
    """Sweeps from stop to stop, the last made first: there something is to be done with a cotangent that is whole.

    Each sweep ends at what was made before the next stop, so that no part of the graph is swept twice, though several
    stops may depend on it: the cotangents of what lies further down wait there, to be summed.
    """
    found: dict[Lazy, Lazy] = {}
    front: dict[Lazy, Lazy] = {}
    stops = Stops(asked)
    _add(front, ((v, _ones(v) if g is None else g) for v, g in seeds))
    stops.look(front)
    while front:
        stop = stops.next()
        until = Until(-1 if stop is None else stop.serial)
        inner = [(v, front.pop(v)) for v in list(front) if v not in until and not _ends(v)]
        before_sweep = anomaly.inputs_of(inner)
        swept = list(_swept(inner, until, create_graph, retain_graph))
        if before_sweep:
            anomaly.check(before_sweep, swept)
        _add(front, swept)
        _add(found, [(v, front.pop(v)) for v in list(front) if _ends(v) and v.custom is None])
        if stop is None or stop not in front:
            continue
        if stop.custom is None:
            front[stop] = found[stop] = _hooked(stop, front[stop])
            continue
        given = [_hooked(v, front.pop(v)) if v in front else None for v in stop.custom.results]
        found.update((v, g) for v, g in zip(stop.custom.results, given, strict=True) if g is not None)
        work = stop.custom.pull(given, create_graph=create_graph, retain_graph=retain_graph)
        anomaly.check({stop: stop.inputs}, work if anomaly.is_anomaly_enabled() else ())
        _add(front, ((v, _ones(v) if g is None else g) for v, g in work))
        stops.look([v for v, _ in work])
    return found


def _ends(value: Lazy) -> bool:
    """Whether no sweep begins at this value."""
    return value.operation is None or value.owner is not None or value.custom is not None


def _swept(
    seeds: Sequence[Seed], barrier: Container[Lazy], create_graph: bool, retain_graph: bool
) -> Iterable[tuple[Lazy, Lazy]]:
    if not seeds:
        return ()
    piece = _gathered([value for value, _ in seeds], barrier)
    return _sweep(piece, seeds, create_graph, retain_graph).items()


_SUM = Operation("add", lambda a, b: a + b, "AddBackward0")


def _hooked(value: Lazy, cotangent: Lazy) -> Lazy:
    hooks = dict(value.hooks or {})
    keeper = hooks.pop(KEEPER, None)
    for hook in hooks.values():
        cotangent = hook(cotangent)
    if keeper is not None:
        keeper(cotangent)  # what is kept is what the hooks made of it
    return cotangent


def _sweep(piece: Piece, seeds: Sequence[Seed], create_graph: bool, retain_graph: bool) -> dict[Lazy, Lazy]:
    """Cotangents of the leaves of one piece."""
    _check_unused(piece)
    if create_graph:
        return _recorded(piece, seeds)
    done: list[tuple[Piece, Sweep]] = []
    found = _run(piece, seeds, done) if len(piece.nodes) <= LARGEST else _in_segments(piece, seeds, done)
    if not retain_graph:
        for part, sweep in done:
            _free(part, sweep)
    return found


def _recorded(piece: Piece, seeds: Sequence[Seed]) -> dict[Lazy, Lazy]:
    """Cotangents that can be differentiated in turn."""
    sweep = _sweep_of(piece, seeds)
    inputs = (*piece.leaves, *(g for _, g in seeds if g is not None))
    with grad_mode.enable_grad():
        return {piece.leaves[k]: record(op, inputs) for k, op in zip(sweep.reached, sweep.operations, strict=True)}


def _run(piece: Piece, seeds: Sequence[Seed], done: list[tuple[Piece, Sweep]]) -> dict[Lazy, Lazy]:
    """Cotangents by one call; the piece, and what is known of its sweep, join those that are done."""
    sweep = _sweep_of(piece, seeds)
    inputs = piece.leaves
    given = [g for _, g in seeds if g is not None]
    if given:
        inputs = [*inputs, *given]
    pending = [x for x in inputs if type(x) is Lazy and x.array is None]
    if pending:
        materialise(pending)
    results = sweep.plan.run(inputs)
    keep([value for value, _ in seeds], results[: len(seeds)])
    done.append((piece, sweep))
    found = {}
    for k, result in zip(sweep.reached, results[len(seeds) :], strict=True):
        leaf = piece.leaves[k]
        found[leaf] = known(result, leaf.dtype, leaf.shape)
    return found


def _in_segments(piece: Piece, seeds: Sequence[Seed], done: list[tuple[Piece, Sweep]]) -> dict[Lazy, Lazy]:
    """Cotangents of a graph too large to be compiled as one, a segment at a time from the last to the first."""
    # what no gradient flows through, such as the rows of data, is computed before: it differs where the rest is alike
    parts = segments([v for v in piece.nodes if v.differentiable])
    _compute_between(parts)
    found: dict[Lazy, Lazy] = {}
    _add(found, ((value, _ones(value) if g is None else g) for value, g in seeds))
    for part in reversed(parts):
        inside = [(value, found.pop(value)) for value in part.nodes if value in found]
        if inside:
            swept = gather([value for value, _ in inside], through=True, barrier=set(part.entering))
            _add(found, _run(swept, inside, done).items())
    return found


def _compute_between(parts: Sequence[Segment]) -> None:
    """Compute what passes from segment to segment; each from what enters it, so that those that are alike are one plan.

    Starting from whatever is known would make as many plans as there are distances to it.
    """
    made = {v for part in parts for v in part.nodes}
    read = dict.fromkeys(x for part in parts for x in part.entering)
    materialise([x for x in read if x not in made])
    for part in parts:
        wanted = [v for v in part.nodes if v in read and v.array is None]
        if wanted:
            piece = gather(wanted, through=True, barrier=set(part.entering))
            keep(wanted, plan_for(piece.key, partial(primal, piece, wanted)).run(piece.leaves))


def _add(found: dict[Lazy, Lazy], cotangents: Iterable[tuple[Lazy, Lazy]]) -> None:
    for value, cotangent in cotangents:
        before = found.get(value)
        found[value] = cotangent if before is None else record(_SUM, (before, cotangent))


def _sweep_of(piece: Piece, seeds: Sequence[Seed]) -> Sweep:
    """What is known of the sweep; it reads nothing that a store has replaced."""
    key = (piece.key, *[g is None for _, g in seeds])
    sweep = _SWEEPS.get(key)
    if sweep is None:
        sweep = _SWEEPS[key] = _made(piece, seeds, key)
    check_versions(piece, sweep.saving)
    return sweep


def _check_unused(piece: Piece) -> None:
    for node in piece.nodes:
        if node.freed:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                "already been freed). Specify retain_graph=True if you need to do so"
            )


def _ones(value: Lazy) -> Lazy:
    return known(np.ones(value.shape, value.dtype.numpy), value.dtype, value.shape)


def _free(piece: Piece, sweep: Sweep) -> None:
    for k in sweep.saving:
        node = piece.nodes[k]
        node.freed = True
        if node.array is not None:
            node.inputs = ()


def _made(piece: Piece, seeds: Sequence[Seed], key: Any) -> Sweep:
    roots = [value for value, _ in seeds]
    function = primal(piece, roots)
    live = _differentiated(piece, roots)
    reached = tuple(k for k, leaf in enumerate(piece.leaves) if leaf in live)
    passed = [
        None if g is None else Value(Type(r.type.dtype, r.type.shape, "numpy"), "y_bar")
        for (_, g), r in zip(seeds, function.results, strict=True)
    ]
    found = differentiate(
        function,
        reached,
        tuple(r if s is None else s for s, r in zip(passed, function.results, strict=True)),
        name="backward",
        value=True,
    )
    level = "rules" if len(piece.nodes) <= LARGEST else False
    small = simplify(found, level, pinned=list(found.results[: len(roots)]))[0]
    operations = tuple(
        Operation("backward", partial(_result, small, len(roots) + k), "Backward0")
        for k in range(len(reached))
    )
    return Sweep(plan_for(("backward", key), lambda: small), reached, saving_nodes(piece, live), operations)


def _differentiated(piece: Piece, roots: Sequence[Lazy]) -> set[Any]:
    """Values that a gradient of the roots flows to: none flows through comparisons, or what was made under no_grad."""
    live: set[Any] = set(roots)
    for node in reversed(piece.nodes):
        if node in live and node.differentiable:
            live.update(x for x in node.inputs if type(x) is Lazy and x.differentiable)
    return live


def _result(function: Function, position: int, *inputs: Any) -> Any:
    """One result of a graph, as an operation on its parameters."""
    return inlined(function, inputs)[position]
