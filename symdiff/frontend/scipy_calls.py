"""Calls of functions known by name (`by_name.py`), and what their library needs beside NumPy."""

from __future__ import annotations

import numpy as np

from symdiff.errors import UnsupportedSyntaxError
from symdiff.frontend import library_matrices, library_scipy_linalg
from symdiff.frontend.abstract import Abstract, Marker
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_shaping import array_of
from symdiff.frontend.tables import function
from symdiff.frontend.written import epsilon, is_square, substituted, unreadable
from symdiff.ir.graph import Value
from symdiff.ops.solving import float_of

__all__: list[str] = []

# Imported so that their functions are in the table.
LIBRARY = (library_matrices, library_scipy_linalg)


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


@function(unreadable)
def _unreadable(p: Parser, message: Abstract, hint: Abstract) -> Abstract:
    return Marker(UnsupportedSyntaxError, str(p.known(message)), str(p.known(hint)))
