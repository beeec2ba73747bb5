"""Names for values that the user gave none, from how they are computed: ``sqrt_T`` for ``math.sqrt(T)``.

A name is made only of the words of what is read, so that it says something: ``one_minus_p``, ``logits_max``,
``u_inner``. What would become long, or is made of values without names, has none here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symdiff.ir.graph import CONSTANT, Node, Value

__all__ = ["Word", "telling_name"]

LONGEST = 18
DEEPEST = 3
LARGEST = 10**6
Word = Callable[[Value], str]
"""The word for an operand; empty if it has none."""
NUMBERS = {0.5: "half", 1: "one", 2: "two"}
FACTORS = {0.5: "half", 2: "twice"}
EXPONENTS = {2: "squared", 3: "cubed", 0.5: "root"}
FUNCTIONS = {"absolute": "abs", "fabs": "abs", "negative": "minus", "reciprocal": "one_over", "logical_not": "not"}
"""Words before the operand, where they are not the row's own name."""
ALONE = {
    **{"sqrt": "root", "sum": "total", "matmul": "product", "dot": "product", "outer": "outer", "inv": "inverse"},
    **{"solve": "solution", "solve_triangular": "solution", "cholesky": "factor", "det": "determinant"},
    **{"linspace": "grid", "arange": "numbers", "flatnonzero": "places", "searchsorted": "places"},
    **{"draw": "draws", "range_length": "count", "norm": "norm", "where": "chosen", "full": "filled"},
    **{"any": "mask", "all": "mask", "max": "largest", "min": "smallest", "absolute": "magnitude"},
    **{"list_position": "place", "argsort": "order", "digamma": "digamma", "zero_times": "", "convert": ""},
}
"""Names of results whose operands have none."""
BARE = frozenset({*ALONE.values(), "exp", "log", "sin", "cos", "tanh", "abs", "mask", "condition", "power"})
"""Names that say nothing of operands, and would be misread beside another."""
AFTER = frozenset({"sum", "mean", "prod", "max", "min", "var", "std", "any", "all", "argmax", "argmin", "norm"})
AFTER |= frozenset({"cumsum", "cumprod", "isnan", "isfinite", "isinf", "sign", "diagonal"})
"""Words that follow the operand."""
SAME = frozenset({"convert", "broadcast_to", "stop_gradient", "positive", "diag"})
SIGNS = {
    **{"greater": "positive", "greater_equal": "not_negative", "less": "negative", "less_equal": "not_positive"},
    **{"equal": "is_zero", "not_equal": "nonzero"},
}
SIZES = {"greater": "large", "greater_equal": "large", "less": "small", "less_equal": "small"}
COMPARED = {
    **{"greater": "above", "greater_equal": "at_least", "less": "below", "less_equal": "at_most"},
    **{"equal": "is", "not_equal": "is_not"},
}


def telling_name(value: Value, producer: Mapping[Value, Node], word: Word) -> str:
    """A name for a value from how it is computed; empty if there is no good one.

    Parameters
    ----------
    value : Value
        The value.
    producer : mapping
        The nodes that make values.
    word : callable
        The names of those that have one.
    """
    name = _Teller(producer, word).of(value, DEEPEST)
    return name if len(name) <= LONGEST else ""


class _Teller:
    def __init__(self, producer: Mapping[Value, Node], word: Word) -> None:
        self.producer, self.known = producer, word

    def of(self, value: Value, depth: int) -> str:
        """The name of a value that has none."""
        node = self.producer.get(value)
        if node is None or node.blocks or node.op is CONSTANT or depth == 0:
            return ""
        row: str = node.op.name
        make = MAKERS.get(row, _applied)
        found = make(self, node, depth - 1)
        if not found or len(found) > LONGEST:
            found = self.alone(row, node)
        return found

    def alone(self, row: str, node: Node) -> str:
        if row in SIGNS or row.startswith("logical"):
            return "mask" if node.outputs[0].type.shape else "condition"
        plain = row if row.isalpha() and len(node.inputs) == 1 and row not in SAME and row not in FUNCTIONS else ""
        return ALONE.get(row, "" if row in MAKERS and row not in AFTER else plain)

    def word(self, value: Value, depth: int) -> str:
        """The name of an operand."""
        return self.known(value) or self.of(value, depth)

    def number(self, value: Value) -> Any:
        """What an operand is, if it is a literal."""
        node = self.producer.get(value)
        return node.attrs["value"] if node is not None and node.op is CONSTANT else None

    def words(self, node: Node, depth: int, most: int) -> tuple[str, str] | None:
        """The names of two operands with so many words each at most; a literal may be a word."""
        found = []
        for value in node.inputs[:2]:
            number = self.number(value)
            name = NUMBERS.get(number, "") if isinstance(number, (int, float)) else self.word(value, depth)
            if not _says_much(name, most):
                return None
            found.append(name)
        return found[0], found[1]


def _applied(t: _Teller, node: Node, depth: int) -> str:
    row: str = node.op.name
    if len(node.inputs) != 1 or not getattr(node.op, "elementwise", False):
        return ""
    name = t.word(node.inputs[0], depth)
    return f"{FUNCTIONS.get(row, row)}_{name}" if _says_much(name, 2) else ""


def _says_much(name: str, most: int) -> bool:
    """Whether a name says something beside another word, and has so many words at most."""
    return bool(name) and len(name.split("_")) <= most and name.rstrip("_0123456789") not in BARE


def _after(t: _Teller, node: Node, depth: int) -> str:
    name = t.word(node.inputs[0], depth) if node.inputs else ""
    return f"{name}_{node.op.name}" if _says_much(name, 2) else ""


def _same(t: _Teller, node: Node, depth: int) -> str:
    return t.word(node.inputs[0], depth)


def _suffix(text: str) -> Callable[[_Teller, Node, int], str]:
    def make(t: _Teller, node: Node, depth: int) -> str:
        name = t.word(node.inputs[0], depth)
        return f"{name}_{text}" if _says_much(name, 2) else ""

    return make


def _joined(middle: str, most: int) -> Callable[[_Teller, Node, int], str]:
    def make(t: _Teller, node: Node, depth: int) -> str:
        found = t.words(node, depth, most)
        return f"{found[0]}_{middle}_{found[1]}" if found else ""

    return make


def _product(t: _Teller, node: Node, depth: int) -> str:
    a, b = node.inputs
    if a is b:
        return _raised(t.word(a, depth), 2)
    for value, beside in ((a, b), (b, a)):
        number = t.number(value)
        factor = FACTORS.get(number) if isinstance(number, (int, float)) else None
        if factor and (name := t.word(beside, depth)):
            return f"{factor}_{name}"
    found = t.words(node, depth, 1)
    if found is None or "one" in found:
        return ""
    return "".join(found) if len(found[0]) == len(found[1]) == 1 else "_".join(found)


def _power(t: _Teller, node: Node, depth: int) -> str:
    name, exponent = t.word(node.inputs[0], depth), t.number(node.inputs[1])
    if exponent is None:
        other = t.word(node.inputs[1], depth)
        return f"{name}_to_{other}" if name and other else "power"
    return _raised(name, exponent) or "power"


def _raised(name: str, exponent: Any) -> str:
    word = EXPONENTS.get(exponent, "")
    return f"{name}_{word}" if name and word else ""


def _compared(t: _Teller, node: Node, depth: int) -> str:
    left, right = node.inputs
    name = t.word(left, depth)
    if not name:
        return ""
    if t.number(right) == 0:
        return f"{name}_{SIGNS[node.op.name]}"
    number = t.number(right)
    if number is None:
        other = t.word(right, depth)
        return f"{name}_{COMPARED[node.op.name]}_{other}" if other else ""
    if 0 < number < LARGEST and number == int(number):
        return f"{name}_{COMPARED[node.op.name]}_{int(number)}"
    return f"{name}_{SIZES[node.op.name]}" if node.op.name in SIZES else ""


def _item(t: _Teller, node: Node, depth: int) -> str:
    """``x_i`` for ``x[i]``, ``x_prev`` for ``x[i - 1]``, ``x_tail`` for ``x[1:]``."""
    array = t.word(node.inputs[0], depth)
    places = iter(node.inputs[1:])
    parts = []
    for entry in node.attrs["index"]:
        if entry[0] in ("int", "array"):
            parts.append(_place(t, next(places), depth))
        elif entry[0] == "slice":
            operands = [next(places) for part in entry[1:] if part == "in"]
            parts.append("" if entry[1:] == (None, None, None) else _slice(entry[1:], bool(operands)))
        else:
            parts.append("column" if node.attrs["index"][-1] is entry else "row" if not parts else "")
    words = [p for p in parts if p]
    if not array:
        return ""
    if not words or len(words) > 2:
        return f"{array}_part" if not words else ""
    return f"{array}_{''.join(words) if all(len(w) == 1 for w in words) else '_'.join(words)}"


def _place(t: _Teller, value: Value, depth: int) -> str:
    number = t.number(value)
    if number is not None:
        return "last" if number == -1 else str(number) if number >= 0 else "end"
    node = t.producer.get(value)
    if node is not None and node.op.name == "list_position":
        return _place(t, node.inputs[0], depth)
    if node is not None and node.op.name in ("add", "subtract") and not t.known(value):
        index, step = t.known(node.inputs[0]), t.number(node.inputs[1])
        if index and step == 1:
            return "prev" if node.op.name == "subtract" else "next"
        return "at"
    return t.known(value) or "at"


def _slice(parts: tuple[Any, ...], computed: bool) -> str:
    start, stop, step = parts
    if computed or step not in (None, -1):
        return "part"
    if step == -1:
        return "reversed" if start is stop is None else "part"
    if stop is None:
        return "tail" if isinstance(start, int) and start > 0 else "part"
    return ("head" if start in (None, 0) else "inner") if isinstance(stop, int) and stop < 0 else "part"


def _larger(t: _Teller, node: Node, depth: int) -> str:
    """``max(n, 0)`` counts the trips of a loop, or the items of a list."""
    return "count" if node.outputs[0].type.is_integer and t.number(node.inputs[1]) == 0 else ""


MAKERS: dict[str, Callable[[_Teller, Node, int], str]] = {
    **dict.fromkeys(AFTER, _after),
    **dict.fromkeys(SAME, _same),
    **dict.fromkeys(SIGNS, _compared),
    "multiply": _product,
    "divide": _joined("over", 2),
    "add": _joined("plus", 2),
    "subtract": _joined("minus", 2),
    "power": _power,
    "index": _item,
    "transpose": _suffix("T"),
    "reshape": _suffix("reshaped"),
    "matmul": _product,
    "dot": _product,
    "maximum": _larger,
    "minimum": lambda t, node, depth: "",
    "pop": lambda t, node, depth: "",
    "where": lambda t, node, depth: "",
}
