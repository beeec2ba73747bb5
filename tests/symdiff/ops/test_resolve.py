"""From functions to rows."""

import math
import operator
from math import sin as s

import numpy as np
import pytest

from symdiff.ops import KIND_OF, REGISTRY, ROW_OF

SPELLINGS = {
    "sin": (math.sin, np.sin, s),
    "absolute": (abs, np.abs, np.absolute),
    "fabs": (math.fabs, np.fabs),
    "add": (operator.add, np.add),
    "power": (pow, operator.pow, np.power),
    "arctan2": (math.atan2, np.arctan2, np.atan2),
    "gammaln": (math.lgamma,),
    "erf": (math.erf,),
    "deg2rad": (math.radians, np.deg2rad, np.radians),
    "floor": (np.floor,),
    "floor_to_int": (math.floor,),
    "sum": (np.sum,),
    "max": (np.max, np.amax),
    "matmul": (np.matmul, operator.matmul),
    "norm": (np.linalg.norm,),
    "solve": (np.linalg.solve,),
    "where": (np.where,),
    "clip": (np.clip,),
    "remainder": (np.mod, np.remainder, operator.mod),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings(name: str) -> None:
    for function in SPELLINGS[name]:
        assert ROW_OF[function] is REGISTRY[name], function


def test_kinds() -> None:
    assert KIND_OF[math.sin] == "python"
    assert KIND_OF[np.sin] == "numpy"
    assert KIND_OF[operator.add] == KIND_OF[abs] == ""
    assert set(KIND_OF) == set(ROW_OF)


def test_pythons_max_is_a_choice_not_a_row() -> None:
    assert max not in ROW_OF and min not in ROW_OF


def test_at_least_forty_elementary_functions() -> None:
    functions = {f for f in ROW_OF if ROW_OF[f].elementwise and (isinstance(f, np.ufunc) or f.__module__ == "math")}
    assert len({ROW_OF[f].name for f in functions}) >= 40
