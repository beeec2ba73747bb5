"""`scipy.linalg` for the oracles of `oracles.py`, from the elimination and the roots of their `np.linalg`.

The exponential of a matrix is its series, of a matrix halved until it is small.
"""

from typing import Any

import numpy as np

__all__ = ["ScipyLinalg"]

TERMS = 45


class ScipyLinalg:
    """What programs of the corpus call; what is missing raises AttributeError."""

    def __init__(self, numpy: Any) -> None:
        self.numpy = numpy

    def triangle(self, a: Any, lower: bool) -> Any:
        """One triangle, and zeros."""
        a = self.numpy.lift(a).copy()
        for i, j in np.ndindex(*a.shape):
            if (j > i) if lower else (j < i):
                a[i, j] = self.numpy.kind.constant(0)
        return a

    def solve(self, a: Any, b: Any, lower: bool = False, assume_a: Any = None) -> Any:
        """Of one triangle where the matrix is said to be symmetric."""
        if assume_a not in (None, "gen"):
            part = self.triangle(a, lower)
            a = part + part.T
            for k in range(len(part)):
                a[k, k] = part[k, k]
        return self.numpy.linalg.solve(a, b)

    def inv(self, a: Any) -> Any:
        return self.numpy.linalg.inv(a)

    def det(self, a: Any) -> Any:
        return self.numpy.linalg.det(a)

    def norm(self, a: Any, ord: Any = None) -> Any:
        return self.numpy.linalg.norm(a, ord)

    def cholesky(self, a: Any, lower: bool = False) -> Any:
        a = self.numpy.lift(a)
        return self.numpy.linalg.cholesky(a) if lower else self.numpy.linalg.cholesky(a.T).T

    def cho_factor(self, a: Any, lower: bool = False) -> Any:
        return self.cholesky(a, lower), lower

    def cho_solve(self, c_and_lower: Any, b: Any, check_finite: bool = True) -> Any:
        c, lower = c_and_lower
        part = self.triangle(c, lower)
        return self.numpy.linalg.solve(self.numpy.matmul(part, part.T) if lower else self.numpy.matmul(part.T, part), b)

    def solve_triangular(self, a: Any, b: Any, trans: Any = 0, lower: bool = False) -> Any:
        part = self.triangle(a, lower)
        return self.numpy.linalg.solve(part if trans in (0, "N") else part.T, b)

    def expm(self, a: Any) -> Any:
        a = self.numpy.lift(a)
        largest = max(abs(float(self.numpy.kind.of(x).real_value)) for x in a.ravel()) * len(a)
        halvings = max(0, int(np.ceil(np.log2(max(largest, 1e-300)))) + 1)
        a = a / 2.0**halvings
        term = total = self.numpy.eye(len(a))
        for k in range(1, TERMS):
            term = self.numpy.matmul(term, a) / k
            total = total + term
        for _ in range(halvings):
            total = self.numpy.matmul(total, total)
        return total

    def block_diag(self, *blocks: Any) -> Any:
        blocks = tuple(self.numpy.lift(b) for b in blocks)
        made = self.numpy.zeros((sum(len(b) for b in blocks), sum(b.shape[1] for b in blocks)))
        row = column = 0
        for b in blocks:
            made[row : row + len(b), column : column + b.shape[1]] = b
            row, column = row + len(b), column + b.shape[1]
        return made

    def toeplitz(self, c: Any) -> Any:
        c = self.numpy.lift(c)
        made = self.numpy.zeros((len(c), len(c)))
        for i, j in np.ndindex(*made.shape):
            made[i, j] = c[abs(i - j)]
        return made
