"""Rules of conversions, shapes, reductions and stores."""

from __future__ import annotations

from symdiff.ir.graph import Node, Type, Value
from symdiff.ops import REGISTRY
from symdiff.transform.rules import DERIVATIVE, EXACT, STABLE, Match, Rule

__all__ = ["ARRAYS"]


def _same_type(m: Match) -> Value | None:
    return m.inputs[0] if m.inputs[0].type == m.node.output.type else None


# Every value of the first is a value of the second.
WIDER = {("float32", "float64"), ("int32", "int64"), ("int32", "float64"), ("bool", "float64"), ("bool", "int64")}


def _there_and_back(m: Match) -> Value | None:
    found = m.operands(m.inputs[0], "convert")
    if not found or found[0].type != m.node.output.type:
        return None
    return found[0] if (found[0].type.dtype, m.inputs[0].type.dtype) in WIDER else None


def _same_shape(m: Match) -> Value | None:
    return m.inputs[0] if m.inputs[0].type == m.node.output.type else None


def _same_order(m: Match) -> Value | None:
    axes = m.node.attrs["axes"]
    return m.inputs[0] if axes == tuple(range(len(axes))) else None


def _composed(m: Match) -> Value | None:
    name = m.node.op.name
    found = m.operands(m.inputs[0], name)
    if not found:
        return None
    if found[0].type == m.node.output.type and name == "reshape":
        return found[0]
    return m.new(name, found[0], attrs=m.node.attrs)


def _composed_orders(m: Match) -> Value | None:
    made = m.definitions.get(m.inputs[0])
    if made is None or made.op is not m.node.op:
        return None
    axes = tuple(made.attrs["axes"][k] for k in m.node.attrs["axes"])
    return m.new("transpose", made.inputs[0], attrs={"axes": axes})


def _product_transposed(m: Match) -> Value | None:
    """The gradient of a layer's weight is such a product; the other way round it needs no copy."""
    factors = m.operands(m.inputs[0], "matmul")
    if not factors or m.node.attrs["axes"] != (1, 0) or not m.only_here(m.inputs[0]):
        return None
    a, b = factors
    made = m.definitions.get(a)
    if made is None or made.op.name != "transpose" or made.attrs["axes"] != (1, 0) or b.type.rank != 2:
        return None
    turned = Value(Type(b.type.dtype, b.type.shape[::-1]), "")
    m.nodes.append(Node(REGISTRY["transpose"], (b,), (turned,), {"axes": (1, 0)}, (), m.node.where))
    return m.new("matmul", turned, made.inputs[0])


def _number_everywhere(m: Match) -> Value | None:
    """The number that fills the operand, which nothing else reads."""
    found = m.operands(m.inputs[0], "broadcast_to")
    return found[0] if found and not found[0].type.shape and m.only_here(m.inputs[0]) else None


def _reshaped_filling(m: Match) -> Value | None:
    number = _number_everywhere(m)
    shape = m.node.output.type.shape
    return None if number is None or not shape else m.new("broadcast_to", number, attrs={"shape": shape})


def _converted_filling(m: Match) -> Value | None:
    number, type_ = _number_everywhere(m), m.node.output.type
    if number is None:
        return None
    converted = m.new("convert", number, attrs=m.node.attrs, like=Value(Type(type_.dtype, (), "numpy"), ""))
    return m.new("broadcast_to", converted, attrs={"shape": type_.shape})


def _by_number(m: Match) -> Value | None:
    """An operation on an array of its result's shape broadcasts numbers of the same dtype by itself."""
    for k, beside in enumerate(reversed(m.inputs)):
        found = m.operands(m.inputs[k], "broadcast_to")
        if not found or found[0].type.shape or beside.type.shape != m.node.output.type.shape:
            continue
        number = found[0].type
        if number.dtype == beside.type.dtype and (number.kind == "numpy" or number.dtype == "float64"):
            return m.new(m.node.op.name, *(found[0] if v is m.inputs[k] else v for v in m.inputs))
    return None


def _no_axes(m: Match) -> Value | None:
    return m.inputs[0] if m.node.attrs["axis"] == () and m.inputs[0].type == m.node.output.type else None


# -- stores ------------------------------------------------------------------------------------------------------------


def _same_place(m: Match, name: str) -> tuple[Value, ...] | None:
    """The operands of the store in the first operand, if it went to the place that the node is about.

    An index array may name a place twice; then the last entry counts, and what was stored is not what is there.
    """
    made = m.definitions.get(m.inputs[0])
    skip = 1 if m.node.op.name == "index" else 2
    if made is None or made.op.name != name or made.attrs["index"] != m.node.attrs["index"]:
        return None
    if any(entry[0] == "array" for entry in made.attrs["index"]):
        return None
    same = len(made.inputs[2:]) == len(m.inputs[skip:]) and all(map(_is, made.inputs[2:], m.inputs[skip:]))
    return made.inputs if same else None


def _is(a: Value, b: Value) -> bool:
    return a is b


def _read_back(m: Match) -> Value | None:
    found = _same_place(m, "put")
    return found[1] if found and found[1].type == m.node.output.type else None


def _overwritten(m: Match) -> Value | None:
    found = _same_place(m, "put")
    if not found:
        return None
    return m.new("put", found[0], *m.inputs[1:], attrs=m.node.attrs)


def _whole(m: Match) -> Value | None:
    entries = m.node.attrs["index"]
    everything = all(entry == ("slice", None, None, None) for entry in entries)
    return m.inputs[0] if everything and m.inputs[0].type == m.node.output.type else None


ARITHMETIC = ("add", "subtract", "multiply", "divide")

ARRAYS: tuple[Rule, ...] = (
    Rule("convert to the same", ("convert",), EXACT, "float(x) = x", _same_type),
    Rule("convert and back", ("convert",), EXACT, "float32(float64(x)) = x", _there_and_back),
    Rule("reshape to the same", ("reshape", "broadcast_to"), EXACT, "reshape(x, x.shape) = x", _same_shape),
    Rule("reshape twice", ("reshape", "broadcast_to"), EXACT, "reshape(reshape(x, s), t) = reshape(x, t)", _composed),
    Rule("reshape a filling", ("reshape",), EXACT, "reshape(full(s, c), t) = full(t, c)", _reshaped_filling),
    Rule("convert a filling", ("convert",), EXACT, "float32(full(s, c)) = full(s, float32(c))", _converted_filling),
    Rule("a number for a filling", ARITHMETIC, EXACT, "full(x.shape, c) * x = c * x", _by_number),
    Rule("transpose to the same", ("transpose",), EXACT, "transpose(x, (0, 1)) = x", _same_order),
    Rule("transpose twice", ("transpose",), EXACT, "x.T.T = x", _composed_orders),
    # BLAS may add the terms in another order
    Rule("transposed product", ("transpose",), STABLE, "(a.T @ b).T = b.T @ a", _product_transposed),
    Rule("reduce over nothing", ("prod", "max", "min"), EXACT, "max(x, axis=()) = x", _no_axes),
    # a sum begins with 0.0, which makes -0.0 a 0.0
    Rule("sum over nothing", ("sum", "mean"), DERIVATIVE, "sum(x, axis=()) = x", _no_axes),
    Rule("read what was stored", ("index",), EXACT, "put(x, v, i)[i] = v", _read_back),
    Rule("store over a store", ("put",), EXACT, "put(put(x, v, i), w, i) = put(x, w, i)", _overwritten),
    Rule("read the whole", ("index",), EXACT, "x[:] = x", _whole),
)
