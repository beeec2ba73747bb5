"""Calls of functions known by name (`by_name.py`), and what their library needs beside NumPy."""

from __future__ import annotations

import math

import numpy as np

from symdiff.errors import LocatedValueError, UnsupportedSyntaxError
from symdiff.frontend import library_counting, library_matrices, library_multivariate, library_scipy_linalg
from symdiff.frontend.abstract import Abstract, Marker
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_shaping import array_of
from symdiff.frontend.tables import function
from symdiff.frontend.written import differentiated_digamma, epsilon, hurwitz, is_square, substituted, unreadable
from symdiff.ir.graph import Value
from symdiff.ops.solving import float_of

__all__: list[str] = []

# Imported so that their functions are in the table.
LIBRARY = (library_counting, library_matrices, library_multivariate, library_scipy_linalg)


@function(substituted)
def _substituted(p: Parser, a: Abstract, b: Abstract, lower: Abstract) -> Abstract:
    found = bool(p.static(lower, "lower="))
    return p.wrap(p.emit("solve_triangular", p.value(array_of(p, a)), p.value(array_of(p, b)), lower=found))


@function(is_square)
def _is_square(p: Parser, a: Abstract) -> Value:
    rows, columns = p.value(array_of(p, a)).type.shape[-2:]
    return p.constant(rows is columns or rows == columns)


@function(epsilon)
def _epsilon(p: Parser, a: Abstract, b: Abstract) -> Value:
    dtype = float_of(p.value(a).type, p.value(b).type)
    return p.constant(float(np.finfo(dtype).eps))


def _whole(p: Parser, number: Abstract, what: str) -> int:
    found = p.static(number, what)
    if not float(found).is_integer():
        p.unsupported(f"{what} has to be a whole number, not {found}")
    return int(found)


@function(differentiated_digamma)
def _differentiated_digamma(p: Parser, order: Abstract, x: Abstract) -> Abstract:
    number = _whole(p, order, "the order of scipy.special.polygamma")
    if number < 0:
        p.refuse(LocatedValueError, f"scipy.special.polygamma takes an order from 0 on, not {number}")
    value = p.value(array_of(p, x))
    return p.wrap(p.emit("polygamma", value, order=number) if number else p.emit("digamma", value))


@function(hurwitz)
def _hurwitz(p: Parser, s: Abstract, q: Abstract) -> Abstract:
    number = _whole(p, s, "the first argument of scipy.special.zeta with two")
    if number < 2:
        p.unsupported(f"scipy.special.zeta({number}, q) is not supported", "it takes a whole number from 2 on")
    found = p.emit("polygamma", p.value(array_of(p, q)), order=number - 1)
    return p.wrap(p.emit("multiply", found, p.constant((-1) ** number / math.factorial(number - 1))))


@function(unreadable)
def _unreadable(p: Parser, message: Abstract, hint: Abstract) -> Abstract:
    return Marker(UnsupportedSyntaxError, str(p.known(message)), str(p.known(hint)))
