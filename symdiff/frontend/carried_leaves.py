"""What a loop carries, as single values, and what is assumed of them from one attempt to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from symdiff.frontend.abstract import Abstract, Array
from symdiff.frontend.extents import Extent, Extents
from symdiff.frontend.rows import Form
from symdiff.frontend.rows_carried import Growing
from symdiff.ir.graph import Type, Value

__all__ = ["Leaf", "Shape"]

Key = tuple[Any, ...]


@dataclass(eq=False)
class Leaf:
    """One carried value.

    Attributes
    ----------
    key : tuple
        Name and path of the value.
    initial : Value
        Before the loop.
    param : Value
        At the start of a trip.
    array : Array or None
        The array object that contains it, for arrays.
    source : Abstract
        What it was before the loop.
    shown : Value
        What the body sees: the param, or the part of it that is in use.
    extents : tuple
        Axes whose sizes change from trip to trip.
    """

    key: Key
    initial: Value
    param: Value
    array: Array | None
    source: Abstract
    shown: Value
    extents: tuple[tuple[int, Extent], ...] = ()
    end: Value | None = None
    finish: Abstract | None = None


@dataclass
class Shape:
    """What is assumed of carried values, kept from one attempt to the next."""

    types: dict[Key, Type] = field(default_factory=dict)
    separate: set[Key] = field(default_factory=set)
    shares: dict[Key, set[Array]] = field(default_factory=dict)
    mixes: set[frozenset[Key]] = field(default_factory=set)
    frozen: set[Key] = field(default_factory=set)
    rebound: set[Key] = field(default_factory=set)
    growing: dict[Any, Growing] = field(default_factory=dict)
    complex: set[Key] = field(default_factory=set)
    extents: Extents = field(default_factory=Extents)
    lists: dict[Key, Form] = field(default_factory=dict)
    """Lists that a trip makes anew, with another length."""
    twice: set[Key] = field(default_factory=set)  # of lists, dicts and objects that a trip may leave as one
    optional: dict[Key, Abstract | None] = field(default_factory=dict)
    """What is None at the start of some trip, and what stands for it where it is None before the loop."""
