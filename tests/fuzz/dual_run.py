"""Forward mode for CPython: `run(source, name, arguments, directions)` executes a program's text on duals.

`np`, `math` and `float` are replaced by what makes and takes `Dual` numbers; everything else is CPython's.
"""

import builtins
import math
import types
from typing import Any

import numpy as np

from tests.fuzz.duals import FUNCTIONS, MOVES, Dual, NotCovered, binary, lifted, size, tangent, unary, value
from tests.fuzz.slopes import UNARY

__all__ = ["NotCovered", "run"]


class Numpy(types.ModuleType):
    """`np`: NumPy's own functions ask the duals; makers of arrays make duals."""

    def __init__(self):
        super().__init__("numpy")
        self.linalg = types.SimpleNamespace(norm=np.linalg.norm, LinAlgError=np.linalg.LinAlgError)

    def __getattr__(self, name):
        found = getattr(np, name)
        if name in ("zeros", "ones", "empty", "eye", "linspace", "arange", "identity"):
            return lambda *args, **kwargs: lifted(found(*args, **kwargs))
        if isinstance(found, (np.ufunc, float, type)) or hasattr(found, "__wrapped__"):
            return found
        if name in FUNCTIONS or name in MOVES or name in ("errstate", "newaxis"):
            return found
        raise NotCovered(f"np.{name}")

    def float64(self, x):
        return to_float(x, np.float64)

    def full(self, shape, fill):
        found = lifted(np.zeros(shape))
        found[...] = fill
        return found

    def array(self, x, dtype=None):
        if isinstance(x, Dual):
            return x.each(np.array)
        if not isinstance(x, (list, tuple)):
            return lifted(np.array(x, dtype=dtype))
        rows = [self.array(row) if isinstance(row, (list, tuple)) else row for row in x]
        if not any(isinstance(row, Dual) for row in rows):
            return lifted(np.array(rows, dtype=dtype))
        return Dual(*(np.array([part(row) for row in rows], dtype=float) for part in (value, tangent, size)))

    def asarray(self, x):
        return x if isinstance(x, Dual) and isinstance(x.v, np.ndarray) else self.array(x)


class Math(types.ModuleType):
    """`math` on duals: CPython's function for the value, and for what it raises."""

    def __init__(self):
        super().__init__("math")

    def __getattr__(self, name):
        found = getattr(math, name)
        ours = MATH_NAMES.get(name, name)
        if isinstance(found, float):
            return found
        if ours in UNARY:
            return lambda x: unary(ours, x, found)
        if name == "hypot":
            return lambda a, b: self.of_two("hypot", found, a, b)
        if name == "pow":
            return lambda a, b: self.of_two("pow", found, a, b)
        if name == "atan2":
            return lambda a, b: self.of_two("arctan2", found, a, b)
        if name in ("floor", "ceil", "isnan", "isfinite", "isinf", "trunc"):
            return lambda x: found(value(x))
        raise NotCovered(f"math.{name}")

    def of_two(self, name, found, a, b):
        dual = binary(name, a, b)
        return Dual(found(value(a), value(b)), dual.t, dual.s)


MATH_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "fabs": "fabs"}


def to_float(x: Any = 0.0, kind: Any = float) -> Any:
    """`float`, which leaves a dual one."""
    if not isinstance(x, Dual):
        return kind(x)
    return Dual(kind(x.v), float(np.reshape(x.t, ())), float(np.reshape(x.s, ())))


def namespace() -> dict[str, Any]:
    """The globals of a program whose floats are duals."""
    modules = {"numpy": Numpy(), "math": Math()}

    def load(name: str, *args: Any) -> Any:
        if name not in modules:
            raise NotCovered(f"import {name}")
        return modules[name]

    return {"__builtins__": {**vars(builtins), "__import__": load, "float": to_float}, "__name__": "duals"}


def run(source: str, name: str, arguments: Any, directions: Any) -> Dual:
    """Execute a program along a direction, one entry for each argument (None where it does not vary)."""
    scope = namespace()
    exec(compile(source, "<duals>", "exec"), scope)
    found = scope[name](*map(seeded, arguments, directions))
    return found if isinstance(found, Dual) else Dual(found, 0.0, 0.0)


def seeded(argument: Any, direction: Any) -> Any:
    """An argument as a dual: each parameter varies by itself, also where one array is passed for two."""
    if isinstance(argument, np.ndarray) and argument.dtype.kind == "f":
        t = np.zeros(argument.shape) if direction is None else np.array(direction)
        return Dual(argument.copy(), t, np.abs(t))
    return argument if direction is None else Dual(argument, float(direction), abs(float(direction)))
