"""The gradient of a graph in 50 digits by forward mode, and how large an error rounding can explain.

`exact_gradient` runs a graph twice at once: on float64 numbers, which take all decisions (branches, trips,
comparisons, ties), and on `Dual` numbers of 50 digits. It shares the meaning of shapes and subscripts with the rows,
and nothing with the reverse mode that it checks.

    exact = exact_gradient(graph, arguments, wrt=[0])
    exact.gradients[0]          # an object array of 50-digit numbers, shaped as the parameter
    exact.sizes[0]              # sums of absolute values over all paths: the conditioning of each
    assert_close(found, exact)  # |found - exact| <= 64 eps size
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.ir.graph import ACT, CONSTANT, FOR, IF, REQUIRE_EQUAL, TRY, WHILE, Block, Function, Node, Value
from symdiff.ops.primitive import Primitive, numeric_attrs
from tests.graph_numbers import ELEMENTWISE, PASSIVE_ROWS, Dual, dual
from tests.graph_rows import ROWS, object_array
from tests.oracles import MP

__all__ = ["Exact", "assert_close", "exact_gradient", "exact_hessian_vector"]

EPS = 2.0**-52
FACTOR = 64.0
STEP = MP.mpf(10) ** -20
NOISE = 1e-25  # what differences with that step leave where the derivative is 0
PYTHON = {"float64": float, "int64": int, "bool": bool}


@dataclass(frozen=True)
class Exact:
    """Results, gradients and their sizes; a gradient is an object array shaped as its parameter."""

    results: tuple[Any, ...]
    gradients: tuple[np.ndarray, ...]
    sizes: tuple[np.ndarray, ...]


def exact_gradient(
    function: Function,
    arguments: Sequence[Any],
    wrt: Sequence[int],
    weights: Sequence[Any] | None = None,
    offsets: Sequence[Any] | None = None,
) -> Exact:
    """Gradient of the results, each multiplied by its weight, by the parameters in `wrt`.

    `weights` has an entry for each result: None, or numbers shaped as the result; by default the first result counts
    and no other. `offsets`, one for each entry of `wrt`, move the 50-digit inputs but not the float64 ones.
    """
    run = Run()
    counts = []
    for param, argument in zip(function.params, arguments, strict=True):
        run.plain[param] = converted(argument, param)
    for dim, param, axis in function.bound_dimensions():
        run.plain[dim] = int(np.shape(run.plain[param])[axis])
    number = 0
    for position, k in enumerate(wrt):
        param = function.params[k]
        values = np.atleast_1d(np.asarray(run.plain[param], dtype=object)).ravel()
        moved = [0] * len(values) if offsets is None else list(np.ravel(np.asarray(offsets[position], dtype=object)))
        duals = [
            Dual(dual(v).value + m, {number + j: MP.mpf(1)}, {number + j: 1.0})
            for j, (v, m) in enumerate(zip(values, moved, strict=True))
        ]
        number += len(values)
        counts.append(len(values))
        run.put_dual(param, object_array(duals, np.shape(run.plain[param])))
    with np.errstate(all="ignore"):
        run.block(function.block)
    return gathered(run, function, [np.shape(run.plain[function.params[k]]) for k in wrt], counts, weights)


def gathered(run: "Run", function: Function, shapes: Sequence[Any], counts: Sequence[int], weights: Any) -> Exact:
    """The slopes of the weighted results, arranged by parameter."""
    weights = weights or [1.0, *[None] * (len(function.results) - 1)]
    slopes = np.full(sum(counts), MP.mpf(0), dtype=object)
    sizes = np.zeros(sum(counts))
    for result, weight in zip(function.results, weights, strict=True):
        if weight is None:
            continue
        elements = np.asarray(run.dual(result), dtype=object).ravel()
        for element, w in zip(elements, np.broadcast_to(weight, np.shape(run.plain[result])).ravel(), strict=True):
            for k, slope in dual(element).slopes.items():
                slopes[k] = slopes[k] + slope * MP.mpf(float(w))
                sizes[k] += element.sizes[k] * abs(float(w))
    ends = np.cumsum([0, *counts])
    parts = [(slopes[a:b], sizes[a:b]) for a, b in itertools.pairwise(ends)]
    return Exact(
        tuple(run.plain[r] for r in function.results),
        tuple(s.reshape(shape) for (s, _), shape in zip(parts, shapes, strict=True)),
        tuple(c.reshape(shape) for (_, c), shape in zip(parts, shapes, strict=True)),
    )


def exact_hessian_vector(
    function: Function, arguments: Sequence[Any], wrt: Sequence[int], directions: Sequence[Any]
) -> tuple[np.ndarray, ...]:
    """The Hessian of the first result times a direction: differences of the 50-digit gradient, right to 20 digits."""
    ends = []
    for sign in (1, -1):
        moved = [object_array([sign * STEP * MP.mpf(float(e)) for e in np.ravel(d)], np.shape(d)) for d in directions]
        ends.append(exact_gradient(function, arguments, wrt, offsets=moved).gradients)
    return tuple((a - b) / (2 * STEP) if a.size else a for a, b in zip(*ends, strict=True))


def assert_close(
    found: Sequence[Any], gradients: Sequence[Any], sizes: Sequence[Any], *, eps: float = EPS, factor: float = FACTOR
) -> None:
    """Require that every number found is within `factor * eps * size` of the exact one."""
    for k, (got, exact, size) in enumerate(zip(found, gradients, sizes, strict=True)):
        assert np.shape(got) == np.shape(exact), f"gradient {k} has shape {np.shape(got)}, not {np.shape(exact)}"
        flat = zip(np.ravel(got), np.ravel(exact), np.ravel(size), strict=True)
        for j, (g, e, s) in enumerate(flat):
            if MP.isnan(e) or not np.isfinite(float(g)):
                assert str(float(g)) == str(float(e)), f"gradient {k}[{j}] is {g!r}, not {float(e)!r}"
                continue
            error = abs(MP.mpf(float(g)) - e)
            units = float(error) / (eps * s) if s else float(error) / eps
            message = f"gradient {k}[{j}] is {g!r}, not {float(e)!r}: off by {units:.3g} eps S"
            assert error <= factor * eps * s + NOISE, message


class Run:
    """One run of a graph: float64 values, and duals of the float values among them."""

    def __init__(self) -> None:
        self.plain: dict[Value, Any] = {}
        self.duals: dict[Value, Any] = {}

    def dual(self, value: Value) -> Any:
        """The 50-digit form of a float value; integers and truth values as they are."""
        return self.duals.get(value, self.plain[value])

    def put_dual(self, value: Value, made: Any) -> None:
        """Keep a dual, or an array of them, with the float64 numbers that decisions look at."""
        if isinstance(made, np.ndarray):
            plain = np.asarray(self.plain[value])
            assert made.shape == plain.shape, f"shapes {made.shape} and {plain.shape} of {value!r}"
            for element, number in zip(made.flat, plain.flat, strict=True):
                element.plain = number
            self.duals[value] = made if made.ndim else made[()]
        else:
            if isinstance(made, Dual):
                made.plain = self.plain[value]
            self.duals[value] = made

    def assign(self, targets: Sequence[Value], sources: Sequence[tuple[Any, Any]]) -> None:
        """Give values what others have: plain, and dual where there is one."""
        for target, (plain, made) in zip(targets, sources, strict=True):
            self.plain[target] = plain if target.type.kind == "stack" else converted(plain, target)
            if made is None:
                self.duals.pop(target, None)
                if target.type.is_float and target.type.kind != "stack":
                    self.put_dual(target, normal(plain))
            else:
                self.duals[target] = made

    def read(self, values: Sequence[Value]) -> list[tuple[Any, Any]]:
        return [(self.plain[v], self.duals.get(v)) for v in values]

    # -- structure -----------------------------------------------------------------------------------------------------

    def block(self, block: Block) -> list[tuple[Any, Any]]:
        for node in block.nodes:
            self.node(node)
        return self.read(block.results)

    def node(self, node: Node) -> None:
        if node.op is CONSTANT:
            self.assign(node.outputs, [(node.attrs["value"], None)])
        elif node.op is IF:
            self.assign(node.outputs, self.block(node.blocks[0 if self.plain[node.inputs[0]] else 1]))
        elif node.op is FOR:
            self.for_loop(node)
        elif node.op is WHILE:
            self.while_loop(node)
        elif node.op is ACT:
            if node.attrs["site"].raises:
                node.attrs["site"].run([self.plain[v] for v in node.inputs])
        elif node.op is TRY:
            self.assign(node.outputs, [(self.attempt(node), None)])
        elif node.op is REQUIRE_EQUAL:
            sizes = [self.plain[v] for v in node.inputs]
            assert sizes[0] == sizes[1], f"{node.attrs.get('message')}: sizes {sizes}"
        else:
            self.row(node)

    def attempt(self, node: Node) -> int:
        clauses = node.attrs["clauses"]
        try:
            self.block(node.blocks[0])
        except Exception as error:
            return next(k for k, clause in enumerate(clauses, 1) if isinstance(error, clause.classes))
        return 0

    def for_loop(self, node: Node) -> None:
        bounds = [int(self.plain[v]) for v in node.inputs[:3]]
        carried = self.read(node.inputs[3:])
        body = node.blocks[0]
        indices = range(*bounds)
        for index in reversed(indices) if node.attrs.get("reversed") else indices:
            self.assign(body.params, [(index, None), *carried])
            carried = self.block(body)
        self.assign(node.outputs, carried)

    def while_loop(self, node: Node) -> None:
        test, body = node.blocks
        carried = self.read(node.inputs)
        while True:
            self.assign(test.params, carried)
            if not self.block(test)[0][0]:
                break
            self.assign(body.params, carried)
            carried = self.block(body)
        self.assign(node.outputs, carried)

    # -- rows ----------------------------------------------------------------------------------------------------------

    def row(self, node: Node) -> None:
        row = node.op
        assert isinstance(row, Primitive)
        attrs = numeric_attrs({name: self.attribute(value) for name, value in node.attrs.items()})
        inputs = [self.plain[v] for v in node.inputs]
        scalar = row.scalar if all(o.type.kind == "python" for o in node.outputs) else None
        results = (scalar or row.numpy)(*inputs, **attrs)
        results = results if len(node.outputs) > 1 else (results,)
        for output, result in zip(node.outputs, results, strict=True):
            self.plain[output] = result if output.type.kind == "stack" else converted(result, output)
        if not all(o.type.is_float for o in node.outputs):
            return
        operands = [self.dual(v) for v in node.inputs]
        if row.name in PASSIVE_ROWS:
            made: Any = normal(self.plain[node.output])
        elif row.elementwise:
            made = each(row.name, operands, attrs)
        else:
            made = ROWS[row.name](*operands, **attrs)
        parts = made if len(node.outputs) > 1 else (made,)
        for output, part in zip(node.outputs, parts, strict=True):
            self.put_dual(output, part if output.type.kind == "stack" else normal(part))

    def attribute(self, value: Any) -> Any:
        if isinstance(value, Value):
            return int(self.plain[value])
        return tuple(map(self.attribute, value)) if isinstance(value, tuple) else value


def each(name: str, operands: Sequence[Any], attrs: dict[str, Any]) -> np.ndarray:
    """An elementwise row on broadcast operands."""
    arrays = np.broadcast_arrays(*(np.asarray(x, dtype=object) for x in operands))
    elements = [ELEMENTWISE[name](*map(dual, items), **attrs) for items in zip(*(a.flat for a in arrays), strict=True)]
    return object_array(elements, arrays[0].shape)


def normal(made: Any) -> Any:
    """New duals, so that each may hold its own float64 number, in an object array."""
    array = np.asarray(made, dtype=object)
    copies = []
    for element in array.flat:
        found = dual(element)
        copies.append(Dual(found.value, found.slopes, found.sizes, found.error))
    return object_array(copies, array.shape)


def converted(plain: Any, value: Value) -> Any:
    """A float64 number or array in the form its type says."""
    if value.type.kind == "object":
        return plain
    if value.type.kind == "python":
        return PYTHON[value.type.dtype](plain)
    return np.asarray(plain).astype(value.type.dtype, copy=False)[()]
