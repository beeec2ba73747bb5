"""Gradients and products with the Hessian of the graphs built by hand, for the tests of several layers."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from symdiff.ir.graph import Function, Type, Value
from symdiff.ir.verify import verify
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from tests.hand_graphs import GRAPHS, HandGraph

__all__ = ["directions", "gradient_of", "hessian_product_of", "primal_of"]


@cache
def primal_of(name: str) -> Function:
    """The graph."""
    return GRAPHS[name].function()


@cache
def gradient_of(name: str, clean: bool) -> Function:
    """The graph of the gradient of the first result; with dead code eliminated before and after, or not at all."""
    graph, wrt = primal_of(name), GRAPHS[name].wrt
    graph = verify(eliminate_dead_code(graph)) if clean else graph
    seeds = [graph.results[0], *[None] * (len(graph.results) - 1)]
    made = verify(differentiate(graph, wrt, seeds, name=f"{graph.name}_grad", value=False))
    return verify(eliminate_dead_code(made)) if clean else made


@cache
def hessian_product_of(name: str, clean: bool) -> Function:
    """The graph of the Hessian times a direction: the gradient's, differentiated with the direction as cotangent."""
    graph, wrt = gradient_of(name, clean), GRAPHS[name].wrt
    params = [graph.params[k] for k in wrt]
    seeds = [Value(Type(p.type.dtype, p.type.shape, p.type.kind), f"{p.hint}_dot") for p in params]
    made = verify(differentiate(graph, wrt, seeds, name=f"{graph.name}_product", value=False))
    return verify(eliminate_dead_code(made)) if clean else made


def directions(graph: HandGraph, arguments: Sequence[Any]) -> list[Any]:
    """A random direction for each parameter that varies."""
    rng = np.random.default_rng(0)
    found = []
    for k in graph.wrt:
        like = np.asarray(arguments[k])
        made = rng.normal(size=like.shape).astype(like.dtype)
        found.append(float(made) if isinstance(arguments[k], float) else made[()])
    return found
