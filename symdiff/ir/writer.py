"""The state of a printer: lines, variables and what they hold, and expressions in terms of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from symdiff.errors import InternalError
from symdiff.ir.expressions import ATOM, Expression, conditional, literal, spell
from symdiff.ir.facts import Facts
from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Dim, Function, Node, Value
from symdiff.ir.inlining import Inlining
from symdiff.ir.liveness import Liveness, Needs, Place, bounds_of, carried_of
from symdiff.ir.names import Names
from symdiff.ir.ownership import STORES, Aliases, Ownership
from symdiff.ir.repeats import place_of
from symdiff.ir.sites import spoken_objects
from symdiff.ir.telling import telling_name
from symdiff.ir.unread import drop_unread, is_unread
from symdiff.ir.walk import all_nodes

__all__ = ["Writer"]

TAPE = "_tape"
TEMPORARY = re.compile(r"t\d*")
FOLLOWED = 4
"""Stores from an array to the name of what it becomes."""
DEFINED = re.compile(r"^(?:def |from \w+ import )?(\w+)(?=\(| =|$)", re.MULTILINE)


class Writer:
    """Variables, expressions and lines.

    Attributes
    ----------
    variables : dict
        The variable of a value.
    holders : dict
        The value that each variable holds here, or None.
    known : dict
        Sizes of parameters, which are written wherever they are mentioned.
    preferred : dict
        Names that values get if they are free: those of the carried values that they become.
    tested : frozenset
        What the loop carries whose test is printed: the body reads it afterwards.
    exposed : set
        Outputs of branches that would be read without having been assigned: they must be, in another attempt.
    pinned : set
        Parameters that are never overwritten, because their sizes are mentioned.
    """

    def __init__(self, function: Function, assigned: Collection[Value] = ()) -> None:
        self.graph = function = drop_unread(function, assigned)
        self.exposed: set[Value] = set()
        self.needs = Needs(function)
        self.aliases = Aliases(self.needs)
        self.inlining = Inlining(self.needs, self.aliases)
        self.live = Liveness(self.needs, self.inlining.roots)
        self.own = Ownership(self.needs, self.aliases, self.live)
        self.names = Names({function.name, *spoken_objects(function), *_helper_names(function)})
        self.lines: list[str] = []
        self.indent = 1
        self.variables: dict[Value, str] = {}
        self.holders: dict[str, Value | None] = {}
        self.by_shape: dict[tuple[Dim, ...], dict[str, None]] = {}
        self.known: dict[Value, Expression] = {}
        self.preferred: dict[Value, str] = {}
        self.pinned: set[Value] = set()
        self.assigned: list[set[str]] = [set()]
        self.tested: frozenset[str] = frozenset()
        self.helpers: dict[str, None] = {}
        self.facts = Facts(self.needs)
        self.taped = _kept_on_tapes(self.needs)
        outputs = (o for n in self.needs.block_of for o in n.outputs)
        self.own_sizes = {dim for o in outputs for dim in o.type.shape if dim in self.live.home}

    # -- variables -----------------------------------------------------------------------------------------------------

    def hold(self, name: str, value: Value | None) -> None:
        """Note that a variable holds a value from here on."""
        self.holders[name] = value
        if value is not None:
            self.variables[value] = name
            if value.type.kind == "numpy" and value.type.shape:
                self.by_shape.setdefault(value.type.shape, {})[name] = None
        for names in self.assigned:
            names.add(name)

    def free(self, name: str, here: Place) -> bool:
        """Whether nothing reads the variable after this place."""
        if name in self.tested:
            return False
        holder = self.holders.get(name)
        return holder is None or (holder not in self.pinned and not self.live.live(holder, here))

    def lasting(self, shape: tuple[Dim, ...], here: Place) -> list[Value]:
        """Arrays of this shape in variables that are still read after this place, so are not overwritten before it."""
        if not any(isinstance(d, Value) for d in shape):
            return []
        held = (self.holders.get(name) for name in self.by_shape.get(shape, ()))
        found = (v for v in held if v is not None and v.type.shape == shape and v.type.kind == "numpy")
        return [v for v in found if (v in self.pinned or self.live.live(v, here)) and not self.unassigned(v)]

    def unassigned(self, value: Value) -> set[Value]:
        """Outputs of branches and loops without which a value may have none: an arm, or no trip, leaves them so."""
        found: set[Value] = set()
        work = [value]
        seen: set[Value] = set()
        while work:
            current = work.pop()
            node = self.needs.producer.get(current)
            if node is None or current in seen or node.op not in (IF, FOR, WHILE):
                continue
            seen.add(current)
            k = node.outputs.index(current)
            outside = [] if node.op is IF else [node.inputs[bounds_of(node) + k]]
            results = outside or [b.results[k] for b in node.blocks]
            if any(is_unread(self.needs.producer.get(r)) for r in results):
                found.add(current)
            work += results
        return found

    def wanted_name(self, value: Value) -> str:
        """The name a value should have: its own, that of what it becomes, or one that says how it is computed."""
        return value.hint or self.becomes(value) or self.told_name(value)

    def told_name(self, value: Value) -> str:
        """A name that says how a value is computed, or that of a temporary."""
        told = telling_name(value, self.needs.producer, self.word)
        return told or ("size" if value in self.own_sizes else "t")

    def becomes(self, value: Value) -> str:
        """The name of the array it is filled into, of what a loop carries that begins with it, or of its tape."""
        seen = 0
        while not value.hint and seen < FOLLOWED:
            user, seen = self.needs.user.get(value), seen + 1
            if value in self.taped:
                return self.taped[value]
            if not isinstance(user, Node) or not (value.type.is_array or value.type.kind == "stack"):
                return ""
            if user.op is FOR or user.op is WHILE:
                offset = bounds_of(user)
                k = user.inputs.index(value, offset) - offset if value in user.inputs[offset:] else None
                return "" if k is None else carried_of(user, user.blocks[-1])[k].hint
            if user.op.name not in (*STORES, "push") or user.inputs[0] is not value:
                return ""
            value = user.outputs[0]
        return value.hint

    def word(self, value: Value) -> str:
        """The name of a value, if it says something."""
        name = self.variables.get(value, "")
        if name:
            return "" if TEMPORARY.fullmatch(name) and not value.hint else name
        if value in self.known:
            text = self.known[value].text
            return text if text.isidentifier() else ""
        return self.names.usable(value.hint) if value.hint else ""

    # -- expressions ---------------------------------------------------------------------------------------------------

    def take(self, value: Value, here: Place) -> Expression:
        """The expression for a mention of a value in the statement at this place."""
        if value in self.known:
            return self.known[value]
        node = self.needs.producer.get(value)
        if node is not None and node.op is CONSTANT:
            return literal(node.attrs["value"])
        if node is not None and value in self.inlining.values:
            return self.expression(node, here)
        name = self.variables.get(value)
        if name is None:
            raise InternalError(f"the printer has no text for {value!r}", value.where)
        return Expression(name, ATOM, frozenset({name}))

    def expression(self, node: Node, here: Place) -> Expression:
        """A row, or a branch on one line, applied to its operands."""
        if node.op is IF:
            k = self.needs.kept[node][0]
            arms = (self.take(b.results[k], here) for b in node.blocks)
            return conditional(self.take(node.inputs[0], here), *arms)
        operands = [self.take(v, here) for v in node.inputs]
        if self.facts.is_bare(node):
            return literal(float(self.needs.producer[node.inputs[0]].attrs["value"]))
        if node.op.name == "broadcast_to" and not node.inputs[0].type.shape:
            return self.filled(node, operands[0], here)
        return self.zeros_like(node, here) or self.spelled(node, operands, here)

    def spelled(self, node: Node, operands: Sequence[Expression], here: Place) -> Expression:
        """A row applied to expressions."""
        reads: set[str] = set()
        operands = self.placed(node, operands, here)
        made = spell(node, operands, lambda shape: self.shape(shape, here, reads), self.facts)
        helper = getattr(node.op, "helper", "")
        if helper and not made.text.startswith("math."):
            self.helpers[helper] = None
        return replace(made, reads=made.reads | reads)

    def placed(self, node: Node, operands: Sequence[Expression], here: Place) -> Sequence[Expression]:
        """The operands of a read or store: a place in a list is a subscript of its part of the array."""
        for value in place_of(node):
            place = self.needs.producer.get(value)
            if place is None or place.op.name != "list_position" or value not in self.inlining.values:
                continue
            k = node.inputs.index(value, 1)
            first, *rest = operands
            size, length = node.inputs[0].type.shape[0], place.inputs[1]
            if not isinstance(size, Value) or self.facts.number(size) != self.facts.number(length):
                part = self.take(length, here)
                first = Expression(f"{first.at(ATOM)}[:{part.text}]", ATOM, first.reads | part.reads)
            rest[k - 1] = self.take(place.inputs[0], here)
            return [first, *rest]
        return operands

    def filled(self, node: Node, value: Expression, here: Place) -> Expression:
        """A scalar spread over an array."""
        reads = set(value.reads)
        shape = self.shape(node.attrs["shape"], here, reads)
        dtype = node.output.type.dtype
        suffix = "" if dtype == "float64" else f", dtype=np.{dtype}"
        makers = {"0.0": "np.zeros", "1.0": "np.ones"}
        if value.text in makers:
            return Expression(f"{makers[value.text]}({shape}{suffix})", ATOM, frozenset(reads))
        return Expression(f"np.full({shape}, {value.text}{suffix})", ATOM, frozenset(reads))

    def shape(self, shape: Sequence[Dim], here: Place, reads: set[str]) -> str:
        """A shape as text: that of an array at hand where one has it."""
        if len(shape) > 1:
            for value in self.lasting(tuple(shape), here):
                name = self.variables[value]
                reads.add(name)
                return f"{name}.shape"
        parts = []
        for dim in shape:
            expression = literal(dim) if isinstance(dim, int) else self.take(dim, here)
            reads |= expression.reads
            parts.append(expression.text)
        return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"

    def zeros_like(self, node: Node, here: Place) -> Expression | None:
        """Zeros like what they are the cotangent of, like a parameter, or like anything with several axes."""
        if node.op.name != "full" or self.take(node.inputs[0], here).text not in ("0", "0.0"):
            return None
        wanted = node.output
        found = [v for v in self.lasting(wanted.type.shape, here) if v.type.dtype == wanted.type.dtype]
        own = [v for v in found if v.hint and wanted.hint.startswith(f"{v.hint}_")]
        others = [v for v in found if v in self.graph.params or wanted.type.rank > 1]
        for value in (*own, *others):
            name = self.variables[value]
            return Expression(f"np.zeros_like({name})", ATOM, frozenset({name}))
        return None

    # -- lines ---------------------------------------------------------------------------------------------------------

    def emit(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def write(self, name: str, expression: Expression, *, array: bool = False) -> None:
        """An assignment, as ``+=`` where it is one."""
        if expression.text == name:
            return
        left, operator, right = expression.parts if expression.parts and not array else ("", "", "")
        if left == name and operator in "+-*/":
            self.emit(f"{name} {operator}= {right}")
        elif right == name and operator == "+" and not re.search(rf"\b{re.escape(name)}\b", left):
            self.emit(f"{name} += {left}")
        else:
            self.emit(f"{name} = {expression.text}")

    def moves(self, moves: list[tuple[str, Expression, Value]]) -> None:
        """Assign several variables at once, in an order in which none is overwritten before it is read."""
        left = [m for m in moves if m[1].text != m[0]]
        while left:
            ready = next((m for m in left if not any(m[0] in o[1].reads for o in left if o is not m)), None)
            if ready is None:
                self.emit(f"{', '.join(m[0] for m in left)} = {', '.join(m[1].text for m in left)}")
                break
            self.write(ready[0], ready[1], array=ready[2].type.is_array)
            left.remove(ready)


def _kept_on_tapes(needs: Needs) -> dict[Value, str]:
    """Values without a name that a tape with one keeps."""
    found: dict[Value, str] = {}
    for node in needs.block_of:
        target = node.inputs[0].hint if node.op.name in ("put", "push") else ""
        if target.endswith(TAPE) and not node.inputs[1].hint:
            found[node.inputs[1]] = target.removesuffix(TAPE)
    return found


def _helper_names(function: Function) -> set[str]:
    """What the helpers above the text may define: no variable hides it."""
    helpers = {getattr(node.op, "helper", "") for node in all_nodes(function.block)}
    return {name for helper in helpers for name in DEFINED.findall(helper)}
