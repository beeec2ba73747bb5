"""Graphs of one row, their derivatives by a walk of a few lines, and finite differences to compare with."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, REQUIRE_EQUAL, Block, Function, Type, Value
from symdiff.ir.verify import verify
from symdiff.ops import REGISTRY, Primitive, Traced
from symdiff.ops.columns import NoDerivative
from symdiff.runtime.interpret import interpret

PYTHON_DTYPE = {bool: "bool", int: "int64", float: "float64"}


def type_of(operand: Any, sizes: dict[int, Value] | None) -> Type:
    """Type of a Python scalar or array; with ``sizes``, each size from 2 on is one symbol, whatever has it."""
    if type(operand) in PYTHON_DTYPE:
        return Type(PYTHON_DTYPE[type(operand)], (), "python")
    array = np.asarray(operand)
    shape = [d if d == 1 or sizes is None else sizes.setdefault(d, size(d)) for d in array.shape]
    return Type(str(array.dtype), tuple(shape), "numpy")


def size(number: int) -> Value:
    return Value(Type("int64", (), "python"), f"n{number}")


def apply(
    row: Primitive, operands: Sequence[Any], attrs: dict[str, Any], *, symbols: bool = True, raising: bool = True
) -> Function:
    """The function that applies a row; sizes among its attributes are symbols too where an operand has them."""
    sizes: dict[int, Value] | None = {} if symbols else None
    params = [Value(type_of(x, sizes), f"x{k}") for k, x in enumerate(operands)]
    build = Builder(raising=raising)
    traced = [Traced(build, p) for p in params]
    attrs = {name: symbolic(name, value, sizes or {}) for name, value in attrs.items()}
    outputs = build.add_many(row, [t.value for t in traced], attrs)
    return checked(Function(row.name, Block(tuple(params), tuple(build.nodes), outputs)))


def symbolic(name: str, value: Any, sizes: dict[int, Value]) -> Any:
    if name == "shape" and value is not None:
        return tuple(sizes.get(d, d) for d in value)
    return sizes.get(value, value) if name == "length" else value


def checked(function: Function) -> Function:
    return verify(function)


def pullback(function: Function) -> Function:
    """The function of the params and a cotangent of each result that gives the cotangents of the float params."""
    build = Builder(raising=False)
    build.definitions.update({o: n for n in function.block.nodes for o in n.outputs})
    bound = {dim for dim, _, _ in function.bound_dimensions()}
    seeds = []
    bars: dict[Value, Traced] = {}
    for k, result in enumerate(function.results):
        # a size the function computes is another symbol for its caller, who must bring a fitting one
        shape = tuple(d if isinstance(d, int) or d in bound else size(k) for d in result.type.shape)
        seeds.append(Value(result.type.with_shape(shape), f"g{k}"))
        seed = Traced(build, seeds[-1])
        seed = seed if shape == result.type.shape else REGISTRY["reshape"](seed, shape=result.type.shape)
        accumulate(bars, result, seed)
    for node in reversed(function.block.nodes):
        if node.op not in (CONSTANT, REQUIRE_EQUAL) and node.output in bars and node.output.type.is_float:
            back(node, bars, build)
    gradients = [bars.get(p, zero(build, p)).value for p in function.params if p.type.is_float]
    block = Block((*function.params, *seeds), (*function.block.nodes, *build.nodes), tuple(gradients))
    return checked(Function(f"{function.name}_bar", block))


def back(node: Any, bars: dict[Value, Traced], build: Builder) -> None:
    """Pass the cotangent of a node through its rules."""
    g, y = bars[node.output], Traced(build, node.output)
    inputs = [Traced(build, v) for v in node.inputs]
    attrs = {k: v for k, v in node.attrs.items() if k != "kind"}
    many = len(node.op.vjp) == 1
    for position, value in enumerate(node.inputs):
        rule = node.op.vjp[position] if many or position < len(node.op.vjp) else None
        if rule is None or isinstance(rule, NoDerivative) or not value.type.is_float:
            continue
        contribution = rule(g, y, *inputs, **attrs)
        if contribution is not None:
            accumulate(bars, value, fitted(build, contribution, value.type))


def accumulate(bars: dict[Value, Traced], value: Value, part: Traced) -> None:
    bars[value] = bars[value] + part if value in bars else part


def zero(build: Builder, value: Value) -> Traced:
    return REGISTRY["multiply"](Traced(build, value), 0.0)


def fitted(build: Builder, part: Any, type_: Type) -> Traced:
    """Summed over the axes that were broadcast, in the dtype of the value."""
    part = part if isinstance(part, Traced) else Traced(build, build.constant(part))
    extra = part.rank - type_.rank
    axes = [k for k in range(part.rank) if k < extra or (type_.shape[k - extra] == 1 and part.shape[k] != 1)]
    if axes:
        part = REGISTRY["reshape"](REGISTRY["sum"](part, axis=tuple(axes), keepdims=False), shape=type_.shape)
    if part.shape != type_.shape:
        part = REGISTRY["broadcast_to"](part, shape=type_.shape)
    return REGISTRY["convert"](part, dtype=type_.dtype, kind="numpy")


# -- finite differences ------------------------------------------------------------------------------------------------


def differences(function: Callable[[np.ndarray], float], x: Any, step: float = 2e-3) -> np.ndarray:
    """Gradient by central differences of three steps, extrapolated."""
    x = np.asarray(x, float)
    gradient = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):

        def along(t: float, place: tuple[int, ...] = place) -> float:
            moved = x.copy()
            moved[place] += t
            return float(function(moved))

        d1, d2, d4 = ((along(h) - along(-h)) / (2 * h) for h in (step, 2 * step, 4 * step))
        e1, e2 = (4 * d1 - d2) / 3, (4 * d2 - d4) / 3
        gradient[place] = (16 * e1 - e2) / 15
    return gradient


def weighted(results: Sequence[Any], weights: Sequence[Any]) -> float:
    """The scalar product of results and weights."""
    return float(sum(np.sum(np.asarray(r) * w) for r, w in zip(results, weights, strict=True)))


def check_pullback(function: Function, operands: Sequence[Any], seed: int, tolerance: float = 2e-8) -> Function:
    """Compare the pullback of a function with differences of the interpreted function; return the pullback."""
    rng = np.random.default_rng(seed)
    results = interpret(function, *operands)
    weights = [rng.uniform(0.5, 1.5, size=np.shape(r)) for r in results]
    bar = pullback(function)
    cotangents = [_cast(w, r.type) for w, r in zip(weights, function.results, strict=True)]
    found = interpret(bar, *operands, *cotangents)
    places = [k for k, p in enumerate(function.params) if p.type.is_float]
    for place, gradient in zip(places, found, strict=True):

        def scalar(x: np.ndarray, place: int = place) -> float:
            given = _cast(x, function.params[place].type)
            return weighted(interpret(function, *operands[:place], given, *operands[place + 1 :]), weights)

        assert np.shape(gradient) == np.shape(operands[place])
        expected = differences(scalar, operands[place])
        scale = 1.0 + np.max(np.abs(expected), initial=0.0)
        np.testing.assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance * scale)
    return bar


def _cast(x: Any, type_: Type) -> Any:
    return float(x) if type_.kind == "python" else np.asarray(x, type_.dtype)[()]


def program(body: Callable[..., Any], operands: Sequence[Any], types: Sequence[Type] | None = None) -> Function:
    """The function that ``body`` builds from traced parameters of the operands' types, or of the types given."""
    params = [Value(t, f"x{k}") for k, t in enumerate(types or [type_of(x, None) for x in operands])]
    build = Builder()
    results = body(*(Traced(build, p) for p in params))
    results = results if isinstance(results, tuple) else (results,)
    return checked(Function("f", Block(tuple(params), tuple(build.nodes), tuple(r.value for r in results))))
