"""Arguments for random programs: ordinary numbers away from edges, some on edges, loops that run zero times."""

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 0.75, -0.75]


@dataclass(frozen=True)
class Inputs:
    """One tuple of arguments. Arrays are copied when they are asked for, one that is passed twice once."""

    values: tuple[Any, ...]

    def arguments(self) -> tuple[Any, ...]:
        copies: dict[int, Any] = {}
        for value in self.values:
            if isinstance(value, np.ndarray):
                copies.setdefault(id(value), value.copy())
        return tuple(copies.get(id(value), value) for value in self.values)


def inputs_for(r: random.Random, kinds: str) -> tuple[Inputs, ...]:
    """Three tuples: with n = 0, 1 and 3 or so; the last sometimes of other sizes, sometimes on edges."""
    sizes = (r.randint(1, 5), r.randint(1, 3))
    twice = kinds.count("V") > 1 and r.random() < 0.1
    found = []
    for k in range(3):
        edges = k == 2 and r.random() < 0.25
        if k == 2 and r.random() < 0.2:
            sizes = (r.randint(1, 9), r.randint(1, 4))
        values = [argument(r, kind, k, sizes, edges) for kind in kinds]
        if twice:
            first = kinds.index("V")
            values = [values[first] if kind == "V" else v for kind, v in zip(kinds, values, strict=True)]
        found.append(Inputs(tuple(values)))
    return tuple(found)


def argument(r: random.Random, kind: str, k: int, sizes: tuple[int, int], edges: bool) -> Any:
    """One argument of a kind."""
    n, m = sizes
    if kind == "I":
        return (0, 1, r.randint(2, 4))[k]
    if kind == "B":
        return r.random() < 0.5
    if kind == "F":
        return number(r, edges)
    shape = (n,) if kind == "V" else (m, n)
    return np.array([number(r, edges) for _ in range(int(np.prod(shape)))]).reshape(shape)


def number(r: random.Random, edge: bool) -> float:
    return r.choice(EDGES) if edge and r.random() < 0.6 else r.uniform(-1.6, 1.6)
