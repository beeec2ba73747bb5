"""Values with a derivative that the user gives.

The row `given` is the identity on its first inputs, which are computed from arguments that are `held`: constants to any
derivative. What follows them are those arguments; the derivative by them is what the rule says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symdiff.errors import SymdiffError, UnsupportedSyntaxError, located
from symdiff.ir.build import Builder
from symdiff.ir.graph import Function, Node, Type, Value
from symdiff.ops.columns import EachArgument
from symdiff.ops.primitive import Primitive, primitive

__all__ = ["Pull", "Push", "Rule", "arguments_of", "given", "held", "refuse_varied_values"]


@dataclass(frozen=True)
class Pull:
    """A rule of reverse mode.

    Attributes
    ----------
    function : Function
        Its parameters: a cotangent for each value, the values, the arguments. Its results: cotangents of arguments.
    places : tuple of int or None
        For each argument the result that is its cotangent; None where nothing flows back.
    """

    function: Function
    places: tuple[int | None, ...]


@dataclass(frozen=True)
class Push:
    """A rule of forward mode.

    Attributes
    ----------
    function : Function
        Its parameters: a tangent for each argument that is a float, the values, the arguments. Its results: a tangent
        for each value.
    moving : tuple of int
        Which of the arguments are floats.
    """

    function: Function
    moving: tuple[int, ...]


@dataclass(eq=False)
class Rule:
    """The rules of one function, for arguments of certain types.

    A rule may call the function again, so this is made first, and what it holds is filled in when it is known.

    Attributes
    ----------
    name : str
        Of the function.
    count : int
        How many values there are.
    error : SymdiffError or None
        Why there is no rule: raised when one is needed.
    linear : bool or None
        Whether the rule of reverse mode is linear in the cotangent; None as long as nobody has asked.
    """

    name: str
    count: int
    pull: Pull | None = None
    push: Push | None = None
    error: SymdiffError | None = None
    linear: bool | None = None


def _infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> tuple[Type, ...]:
    return tuple(v.type for v in inputs[: attrs["rule"].count])


def _values(*inputs: Any, rule: Rule) -> Any:
    return inputs[0] if rule.count == 1 else inputs[: rule.count]


def _by_rule(g: Any, y: Any, *inputs: Any, **attrs: Any) -> Any:
    raise AssertionError("the sweeps know what to do with rules that users give")


held: Primitive = primitive(
    "held",
    infer=lambda build, inputs, attrs: inputs[0].type,
    numpy=lambda x: x,
    python="{}",
    vjp=(None,),
)

given: Primitive = primitive(
    "given",
    infer=_infer,
    numpy=_values,
    python="{}",
    # which inputs are values and which are arguments depends on the rule: values never vary
    vjp=EachArgument(lambda position: _by_rule),
)


def arguments_of(node: Node) -> tuple[Value, ...]:
    """The arguments of the function that has the rule."""
    return node.inputs[node.attrs["rule"].count :]


def refuse_varied_values(node: Node, varied: set[Value]) -> None:
    """Refuse a value that depends on what is differentiated by other than through the arguments."""
    if node.op is given and any(v in varied for v in node.inputs[: node.attrs["rule"].count]):
        name = node.attrs["rule"].name
        message = f"{name!r} reads a value that varies and is not one of its arguments, so its rule says nothing of it"
        raise located(UnsupportedSyntaxError, message, node.where, "pass the value as an argument")
