"""Questions about numbers that their types answer."""

from __future__ import annotations

import math
from typing import Any

from symdiff.frontend.abstract import Abstract
from symdiff.frontend.core import Parser
from symdiff.frontend.elementwise import call_row
from symdiff.frontend.tables import function
from symdiff.ir.graph import Value
from symdiff.ops import ROW_OF

__all__: list[str] = []


def _of_ints(found: Any, answer: bool) -> None:
    """What a function of `math` says of every int."""

    def handler(p: Parser, x: Abstract) -> Abstract:
        if isinstance(x, Value) and not x.type.shape and (x.type.is_integer or x.type.dtype == "bool"):
            return p.constant(answer)
        return call_row(p, ROW_OF[found], None, f"math.{found.__name__}", [x], {})

    function(found)(handler)


_of_ints(math.isnan, False)
_of_ints(math.isinf, False)
_of_ints(math.isfinite, True)
