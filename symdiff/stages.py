"""The pipeline, from the user's function to native code: one call per stage.

source --parse--> graph --reverse--> adjoint --simplify--> simplified --lower--> kernel --> llvm --> asm
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from symdiff.collecting import seldom_collected
from symdiff.config import Options, setting
from symdiff.derive import argument_levels, derive
from symdiff.frontend.parse import parse
from symdiff.frontend.program import Argument, Program
from symdiff.frontend.scope import NO_SLOPES
from symdiff.ir.graph import Function, Value
from symdiff.ir.python import print_function
from symdiff.ir.verify import verify
from symdiff.lower.lower import Lowered, lower
from symdiff.lower.specialise import SizesUnfit, specialise
from symdiff.steps import Step
from symdiff.transform.dce import eliminate_dead_code
from symdiff.transform.given import without_rules
from symdiff.transform.segments import checkpoint_all
from symdiff.transform.simplify import Rewrite, simplify
from symdiff_codegen.native import Options as NativeOptions
from symdiff_codegen.native import Unit, compile_unit
from symdiff_codegen.signature import Signature
from symdiff_codegen.text import kernel_text

__all__ = ["SizesUnfit", "Stages", "argument_levels", "front", "native", "reverse"]


@dataclass
class Stages:
    """Every artefact of one compile, kept for showing.

    Attributes
    ----------
    graph, adjoint, simplified : Function
        The graph after parsing, after reverse mode and after simplification (all the same for a plain value).
    rewrites : list of Rewrite
        Every simplification applied.
    provenance : dict
        For each stage, the line that says what it was made from, and how long it took.
    """

    program: Program
    graph: Function
    adjoint: Function
    simplified: Function
    rewrites: list[Rewrite] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=dict)
    lowered: Lowered | None = None
    unit: Unit | None = None


def front(
    function: Callable[..., Any],
    arguments: Sequence[Argument],
    hook: Any = None,
    slopes: Mapping[str, float] = NO_SLOPES,
) -> Program:
    """Source to graph."""
    return parse(function, tuple(arguments), transform_hook=hook, slopes=slopes)


def reverse(program: Program, steps: Sequence[Step], levels: Sequence[Sequence[Argument]], options: Options) -> Stages:
    """Graph to simplified adjoint; without a derivative to take, to the simplified graph.

    ``levels`` are the arguments before each step and after the last, as `argument_levels` gives them.
    """
    clock = _Clock()
    program = clock.run("graph", "source", lambda: cleaned(program))
    if steps and options.checkpoint:
        program = replace(program, graph=checkpoint_all(program.graph, options.checkpoint))
    adjoint, rewrites = program, list[Rewrite]()
    small = simplified(_plain(program), program, options, rewrites) if not steps else program
    for k, step in enumerate(steps):
        taken = small
        adjoint = clock.run("adjoint", "graph", partial(_derived, taken, step, levels[k], levels[k + 1]), taken)
        # rules that users gave have done their work when the last derivative is taken
        adjoint = adjoint if k + 1 < len(steps) else _plain(adjoint)
        small = clock.run("simplified", "adjoint", partial(simplified, adjoint, taken, options, rewrites), adjoint)
    stages = Stages(small, _plain(program).graph, adjoint.graph, small.graph, rewrites, clock.lines)
    show(stages, ("graph", "adjoint", "simplified"))
    return stages


def _derived(program: Program, step: Step, before: Sequence[Argument], after: Sequence[Argument]) -> Program:
    return cleaned(derive(program, step, before, after))


def _plain(program: Program) -> Program:
    return replace(program, graph=checked(without_rules(program.graph)))


def cleaned(program: Program) -> Program:
    """Without dead code; verified if SYMDIFF_CHECK asks for it."""
    return replace(program, graph=checked(eliminate_dead_code(program.graph)))


def simplified(program: Program, primal: Program, options: Options, rewrites: list[Rewrite]) -> Program:
    """Simplified; what was rewritten is appended to the list.

    What the function returns besides its gradient keeps the bits it has in the function alone.
    """
    own = set(primal.graph.results)
    pinned = [result for result in program.graph.results if result in own]
    derivative = program is not primal
    graph, done = simplify(program.graph, options.simplify, pinned=pinned, derivative=derivative, on_disk=options.cache)
    rewrites.extend(done)
    return replace(program, graph=checked(graph))


def native(
    stages: Stages, sizes: dict[Value, int], options: Options, signature: Callable[[Lowered, Function], Signature]
) -> tuple[Lowered, Unit]:
    """Simplified graph to native code, for known sizes of some dimensions."""
    level = NativeOptions(level=setting("SYMDIFF_OPT_LEVEL"))
    with seldom_collected:
        small = checked(specialise(stages.simplified, sizes)) if sizes else stages.simplified
        lowered = lower(small, options)
        unit = compile_unit(lowered.kernel, signature=signature(lowered, small), options=level)
    stages.lowered, stages.unit = lowered, unit
    show(stages, ("kernel", "llvm", "llvm_optimised", "asm"))
    return lowered, unit


def text(stages: Stages, stage: str, *, provenance: bool = True) -> str:
    """One artefact as text, beginning with its provenance (which names times, so that no two runs are alike)."""
    if stage in ("graph", "adjoint", "simplified"):
        line = stages.provenance.get(stage, "") if provenance else ""
        printed = print_function(getattr(stages, stage))
        return f"{line}\n{printed}" if line else printed
    if stages.lowered is None or stages.unit is None:
        raise ValueError(f"stage {stage} was not reached")
    return kernel_text(stages.lowered.kernel) if stage == "kernel" else str(getattr(stages.unit, stage))


def show(stages: Stages, names: Sequence[str]) -> None:
    """Print the artefacts that SYMDIFF_SHOW names."""
    for name in names:
        if name in setting("SYMDIFF_SHOW"):
            print(text(stages, name), file=sys.stderr)


def checked(function: Function) -> Function:
    """The function, verified if SYMDIFF_CHECK asks for it."""
    if setting("SYMDIFF_CHECK"):
        verify(function)
    return function


class _Clock:
    """Runs stages and writes their provenance."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}

    def run(self, stage: str, origin: str, work: Callable[[], Program], before: Program | None = None) -> Program:
        start = time.perf_counter()
        made = work()
        seconds = time.perf_counter() - start
        after = count_nodes(made.graph)
        counts = f"{after} nodes" if before is None else f"{count_nodes(before.graph)} -> {after} nodes"
        self.lines[stage] = f"# {stage}: from {origin}, {counts}, {seconds * 1e3:.1f} ms"
        return made


def count_nodes(function: Function) -> int:
    """Number of nodes, inside blocks too."""
    count, stack = 0, [function.block]
    while stack:
        block = stack.pop()
        count += len(block.nodes)
        stack.extend(b for n in block.nodes for b in n.blocks)
    return count
