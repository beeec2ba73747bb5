"""A graph as one native call, for callers that have its inputs as flat values."""

from __future__ import annotations

from typing import Any

from symdiff.collecting import seldom_collected
from symdiff.config import Options, setting
from symdiff.ir.graph import Function
from symdiff.lower.lower import lower
from symdiff.runtime.effects import invoking
from symdiff.runtime.interface import parameter_of
from symdiff.runtime.statuses import raising
from symdiff_codegen.native import Options as NativeOptions
from symdiff_codegen.native import Unit, compile_unit
from symdiff_codegen.signature import Signature

__all__ = ["unit_of"]


def unit_of(function: Function, options: Options) -> Unit:
    """Compile a graph.

    Parameters
    ----------
    function : Function
        Its results are arrays and scalars.
    options : Options
        ``strict``, ``fastmath`` and ``boundscheck`` have a meaning here.

    Returns
    -------
    Unit
        Its ``builtin`` takes one argument a parameter and gives a tuple of results.
    """
    level = NativeOptions(level=setting("SYMDIFF_OPT_LEVEL"))
    with seldom_collected:
        lowered = lower(function, options)
        params = tuple(parameter_of(p, v, False) for p, v in zip(lowered.kernel.params, function.params, strict=True))
        results = lowered.kernel.results
        template = tuple(range(len(results)))
        called = invoking(lowered)
        signature = Signature(params, results, template, _misfit, raising(lowered), work="loop", invoked=called)
        return compile_unit(lowered.kernel, signature=signature, options=level)


def _misfit(*args: Any) -> Any:
    raise TypeError(f"arguments do not fit what was compiled: {[type(a).__name__ for a in args]}")
