"""Whether a disagreement comes of rounding: fused operations that decide a branch, and programs that are chaotic."""

import ast
import math
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from tests.fuzz.compiled import Compiled, Failure, Found, Options, along_direction, plain, same_bits
from tests.fuzz.generator import Program

__all__ = ["chaotic", "rounding_decides"]

NEIGHBOURS = 8  # how often something is moved by one unit in the last place
METHODS = frozenset(["sum", "mean", "dot", "prod", "cumsum"])
INEXACT = METHODS | {"sin", "cos", "tanh", "exp", "log", "log1p", "atan", "hypot", "norm", "matmul"}


def rounding_decides(
    function: Any, program: Program, options: Options, arguments: tuple[Any, ...], expected: Found
) -> bool:
    """Whether the same program without fused operations gives CPython's bits."""
    found = Compiled(function, program, replace(options, strict=True)).call(arguments)
    return isinstance(found, Found) and program.exact and found.error is None and same_bits(found.value, expected.value)


def chaotic(program: Program, function: Any, options: Options, arguments: tuple[Any, ...], failure: Failure) -> bool:
    """Whether the number moves by as much where something else moves by one unit in the last place.

    CPython is asked with other inputs, and with other roundings of sums and elementary functions; and we, with and
    without fused operations. Only for programs that are not compared to the bit, and never for a gap that is no number.
    """
    if program.exact or not np.isfinite(failure.gap):
        return False
    r = np.random.default_rng(program.seed)
    moved = [tuple(neighbour(r, a) for a in arguments) for _ in range(NEIGHBOURS)]
    if failure.word != "value":
        duals = [along_direction(program, m, []) for m in moved]
        return moves([None if dual is None else dual.slope for dual in duals], failure.gap)
    own = [Compiled(function, program, replace(options, strict=strict)).call(arguments) for strict in (True, False)]
    return (
        moves([found.value if isinstance(found, Found) else None for found in own], failure.gap)
        or moves([plain(function, m).value for m in moved], failure.gap)
        or moves([plain(shaken(program, r), arguments).value for _ in range(NEIGHBOURS)], failure.gap)
    )


def shaken(program: Program, r: np.random.Generator) -> Any:
    """The program in CPython, with results of sums and elementary functions one unit in the last place off."""
    namespace: dict[str, Any] = {"math": Shaken(math, r), "np": Shaken(np, r)}
    tree = ast.parse(program.source.replace("import math\n\nimport numpy as np\n", ""))
    exec(compile(ast.fix_missing_locations(AsFunctions().visit(tree)), "shaken", "exec"), namespace)

    def call(*arguments: Any) -> Any:
        return namespace["f"](*(a.copy() if isinstance(a, np.ndarray) else a for a in arguments))

    return call


class AsFunctions(ast.NodeTransformer):
    """Products and methods of arrays as functions of NumPy, which can be shaken."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return numpy_call("matmul", [node.left, node.right], []) if isinstance(node.op, ast.MatMult) else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        method = node.func
        if not isinstance(method, ast.Attribute) or method.attr not in METHODS or is_module(method.value):
            return node
        return numpy_call(method.attr, [method.value, *node.args], node.keywords)


def numpy_call(name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load()), args, keywords)


def is_module(node: ast.expr) -> bool:
    root = node.value if isinstance(node, ast.Attribute) else node
    return isinstance(root, ast.Name) and root.id in ("np", "math")


class Shaken:
    """A module whose inexact functions round otherwise."""

    def __init__(self, module: Any, r: np.random.Generator):
        self._module, self._r = module, r

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if isinstance(found, ModuleType):
            return Shaken(found, self._r)
        if name not in INEXACT:
            return found
        return lambda *args, **kwargs: neighbour(self._r, found(*args, **kwargs))


def moves(found: Sequence[Any], gap: float) -> bool:
    """Whether numbers are apart by about as much."""
    numbers = [float(v) for v in found if v is not None]
    return len(numbers) > 1 and max(numbers) - min(numbers) > 0.1 * gap


def neighbour(r: np.random.Generator, argument: Any) -> Any:
    """Floats moved to a neighbour, up or down; anything else as it is."""
    if isinstance(argument, bool | int):
        return argument
    moved = np.nextafter(argument, r.choice([-np.inf, np.inf], np.shape(argument)))
    return moved if isinstance(argument, np.ndarray) else float(moved)
