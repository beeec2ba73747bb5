"""Points and weights of NumPy's rules of Gauss: numbers that are known once the number of points is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.polynomial.chebyshev import chebgauss
from numpy.polynomial.hermite import hermgauss
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.laguerre import laggauss
from numpy.polynomial.legendre import leggauss

from symdiff.frontend.abstract import Abstract
from symdiff.frontend.core import Parser
from symdiff.frontend.tables import function

__all__: list[str] = []


def _constants(rule: Callable[[int], Any]) -> Callable[[Parser, Abstract], Abstract]:
    def points_and_weights(p: Parser, deg: Abstract) -> Abstract:
        return p.resolver.wrap(p.build, rule(int(p.static(deg, "the number of points"))), None)

    points_and_weights.__doc__ = f"Points and weights of ``{rule.__name__}``, computed by NumPy while parsing."
    return points_and_weights


for _rule in (chebgauss, hermgauss, hermegauss, laggauss, leggauss):
    function(_rule)(_constants(_rule))
