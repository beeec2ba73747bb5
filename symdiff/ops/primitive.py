"""What a row is: everything the compiler knows of one primitive, in one place.

A row is callable. Given graph operands (:class:`Traced`) it builds a node; given SymPy expressions it builds SymPy;
given numbers and arrays it computes with NumPy. So one lambda written as mathematics serves as derivative rule, as its
reference and as its proof.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symdiff.errors import DtypeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Node, Op, Type, Value
from symdiff.ir.shapes import broadcast_shapes
from symdiff.ops.columns import (
    ABOVE_ONE,
    AROUND_ZERO,
    POSITIVE,
    REALS,
    TRUTH,
    UNIT,
    Check,
    Domain,
    EachArgument,
    Rule,
)
from symdiff.ops.dtypes import SUPPORTED_DTYPES, DtypeRule, dtype_rule

__all__ = [
    "ABOVE_ONE",
    "AROUND_ZERO",
    "POSITIVE",
    "REALS",
    "REGISTRY",
    "TRUTH",
    "UNIT",
    "Check",
    "Domain",
    "EachArgument",
    "Primitive",
    "Rule",
    "Traced",
    "elementwise",
    "kind_of",
    "lift",
    "primitive",
]

REGISTRY: dict[str, Primitive] = {}

Infer = Callable[[Builder, tuple[Value, ...], dict[str, Any]], Type | tuple[Type, ...]]


class Primitive(Op):
    """One row of the table.

    Attributes
    ----------
    infer : callable
        ``infer(build, inputs, attrs)`` gives the type of the output; may add size computations and checks.
    numpy : callable
        Meaning on arrays: ``numpy(*inputs, **attrs)``, without ``kind`` and ``unchecked``, which only say how it fails.
    scalar : callable or None
        Meaning on Python scalars, raising as Python does; None where ``numpy`` serves.
    sympy : callable or None
        ``sympy(sp, *expressions)``; elementwise rows only.
    kernel : str, callable or None
        Elementwise rows: the scalar instruction, or ``kernel(k, *operands, **attrs)`` where ``k.name(...)`` emits an
        instruction and Python numbers take the type of the operand beside them. Other rows are lowered by name.
    expand : callable or None
        ``expand(*inputs, **attrs)`` builds the row from simpler ones, with :class:`Traced` operands: how it is lowered.
    python : str or callable
        Spelling of the NumPy form, ``"np.tanh({})"`` or ``python(arguments, attrs, show_shape)``.
    spelling : str or None
        Spelling on Python scalars: ``"math.tanh({})"``.
    operator : str or None
        The infix or prefix operator that spells it.
    helper : str
        Definition of a function the spelling uses and NumPy lacks; printed above the text.
    stores : bool
        Whether the spelling is a statement that changes its first argument in place.
    vjp : tuple
        One rule an argument, ``rule(g, y, *inputs, **attrs)``; None where there is no derivative. Of a row with
        several outputs, g and y are tuples, and an entry of g is None where nothing flows back.
    linear : bool
        Whether the operation is linear in all arguments that have a rule together: applied to their tangents it gives
        the tangent of its output.
    jvp : callable or None
        Forward mode, for rows that are not linear: ``jvp(tangents, y, *inputs, **attrs)`` gives the tangent of the
        output; an entry of tangents is None where it is zero. Where it is missing, the rules of ``vjp`` serve:
        elementwise rows multiply alike either way, and other rules are transposed.
    accumulate : callable or None
        For reads: ``accumulate(x_bar, g, *inputs, **attrs)`` adds the contribution of the first argument into its
        cotangent in place, at the cost of what is read and not of the whole array.
    domain : tuple of Domain
        Where tests sample each argument.
    kink : str or None
        Key of the row of the kink table that states the convention.
    checks : tuple of Check
        How it fails on Python scalars.
    pure : bool
        Whether two equal calls may be shared.
    effect : bool
        Whether it must run though nothing uses its outputs.
    """

    def __init__(
        self,
        name: str,
        *,
        infer: Infer,
        numpy: Callable[..., Any],
        python: str | Callable[..., str],
        vjp: Sequence[Rule | None],
        expand: Callable[..., Any] | None = None,
        scalar: Callable[..., Any] | None = None,
        sympy: Callable[..., Any] | None = None,
        kernel: str | Callable[..., Any] | None = None,
        spelling: str | None = None,
        operator: str | None = None,
        helper: str = "",
        stores: bool = False,
        accumulate: Rule | None = None,
        domain: Sequence[Domain] = (),
        kink: str | None = None,
        checks: Sequence[Check] = (),
        elementwise: bool = False,
        pure: bool = True,
        effect: bool = False,
        cost: float = 1.0,
        linear: bool = False,
        jvp: Rule | None = None,
        input_dtypes: Callable[[Sequence[Type], dict[str, Any]], tuple[str, ...]] | None = None,
        also: Sequence[Callable[..., Any]] = (),
    ) -> None:
        super().__init__(name)
        if name in REGISTRY:
            raise ValueError(f"primitive {name!r} is registered twice")
        if elementwise and (sympy is None or kernel is None):
            raise ValueError(f"elementwise primitive {name!r} needs a SymPy form and a kernel")
        self.infer, self.numpy, self.scalar = infer, numpy, scalar
        self.sympy, self.kernel = sympy, kernel
        self.expand = expand
        self.python, self.spelling, self.operator = python, spelling, operator
        self.helper, self.stores = helper, stores
        self.vjp: Sequence[Rule | None] = vjp if isinstance(vjp, EachArgument) else tuple(vjp)
        self.accumulate = accumulate
        self.domain, self.kink, self.checks = tuple(domain), kink, tuple(checks)
        self.elementwise, self.pure, self.effect = elementwise, pure, effect
        self.cost, self.linear, self.jvp = cost, linear, jvp
        self.input_dtypes = input_dtypes
        self.also = tuple(also)
        REGISTRY[name] = self

    def text(self, node: Node, arguments: list[str], show_shape: Callable[[tuple[Dim, ...]], str]) -> str:
        """A node as a call (or, for rows that store, as a statement), in the spelling of its kind.

        Operators are left to the printer, which knows about parentheses: see the column ``operator``.
        """
        if node.outputs[0].type.kind == "python" and self.spelling is not None:
            return self.spelling.format(*arguments)
        if isinstance(self.python, str):
            return self.python.format(*arguments)
        # reductions leave out axis= where all axes are meant
        attrs = {**node.attrs, "rank": node.inputs[0].type.rank if node.inputs else 0}
        return self.python(arguments, attrs, show_shape)

    @property
    def fallible(self) -> bool:
        """Whether it can raise on Python scalars."""
        return bool(self.checks)

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        traced = next((a for a in args if isinstance(a, Traced)), None)
        if traced is not None:
            build = traced.build
            outputs = build.add_many(self, [lift(build, a) for a in args], attrs)
            wrapped = tuple(Traced(build, v) for v in outputs)
            return wrapped if len(wrapped) > 1 else wrapped[0]
        if any(type(a).__module__.startswith("sympy") for a in args):
            return self.symbolic(*args, **attrs)
        return self.numpy(*args, **numeric_attrs(attrs))

    def symbolic(self, *args: Any, **attrs: Any) -> Any:
        """The SymPy form of the operation applied to expressions."""
        import sympy

        if self.sympy is None:
            raise TypeError(f"{self.name} has no SymPy form")
        return self.sympy(sympy, *args, **numeric_attrs(attrs))


def numeric_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that functions of numbers take: not those that only say how the operation may fail."""
    return {name: value for name, value in attrs.items() if name not in ("kind", "unchecked", "slope")}


def lift(build: Builder, operand: Any) -> Value:
    """A rule's operand as a value of the graph: a wrapped value, a value, or a number."""
    if isinstance(operand, Traced):
        return operand.value
    return operand if isinstance(operand, Value) else build.constant(operand)


class Traced:
    """A value of the graph that rules calculate with as they would with a number."""

    __slots__ = ("build", "value")
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, build: Builder, value: Value) -> None:
        self.build, self.value = build, value

    @property
    def type(self) -> Type:
        return self.value.type

    @property
    def shape(self) -> tuple[Dim, ...]:
        return self.value.type.shape

    @property
    def rank(self) -> int:
        return len(self.value.type.shape)

    if TYPE_CHECKING:  # these methods are set below, in a table

        def __add__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...


def _operator(name: str, *, swapped: bool = False) -> Callable[..., Any]:
    def method(self: Traced, *other: Any) -> Any:
        row = REGISTRY[name]
        return row(*reversed((self, *other))) if swapped else row(self, *other)

    return method


for _method, _name in {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "matmul": "matmul",
}.items():
    setattr(Traced, f"__{_method}__", _operator(_name))
    setattr(Traced, f"__r{_method}__", _operator(_name, swapped=True))
for _method, _name in {
    "neg": "negative",
    "abs": "absolute",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
    "and": "logical_and",
    "or": "logical_or",
    "invert": "logical_not",
}.items():
    setattr(Traced, f"__{_method}__", _operator(_name))


# -- elementwise rows --------------------------------------------------------------------------------------------------


def elementwise(
    name: str,
    *,
    numpy: Callable[..., Any],
    sympy: str | Callable[..., Any],
    vjp: Sequence[Rule | None],
    arity: int | None = None,
    kernel: str | Callable[..., Any] | None = None,
    python: str | Callable[..., str] | None = None,
    result: str = "float",
    domain: Sequence[Domain] | Domain = REALS,
    infer: Infer | None = None,
    **columns: Any,
) -> Primitive:
    """Register an operation that acts on each element.

    Parameters
    ----------
    sympy : str or callable
        Name of SymPy's function, or ``form(sp, *expressions)``.
    result : str
        What Python scalars give: ``float``, ``same`` (int for ints, else float), ``bits`` (as ``same``, but bool for
        bools), ``choice`` (``bits`` of all but the first), ``int`` or ``bool``.
    domain : Domain or sequence of Domain
        Where each argument is sampled by the tests.
    """
    count = arity or len(vjp)
    domains = [domain] * count if isinstance(domain, Domain) else list(domain)
    form = (lambda sp, *xs: getattr(sp, sympy)(*xs)) if isinstance(sympy, str) else sympy
    dtypes = dtype_rule(numpy, result)
    return Primitive(
        name,
        infer=infer or functools.partial(infer_elementwise, dtypes, bool(columns.get("checks"))),
        input_dtypes=lambda types, attrs: dtypes.inputs(types, kind_of_types(types, attrs)),
        numpy=numpy,
        sympy=form,
        kernel=kernel or name,
        python=python or f"np.{name}({', '.join(['{}'] * count)})",
        vjp=vjp,
        domain=domains,
        elementwise=True,
        **columns,
    )


def primitive(name: str, **columns: Any) -> Primitive:
    """Register an operation that does not act element by element."""
    return Primitive(name, **columns)


def kind_of(inputs: Sequence[Value], attrs: Mapping[str, Any]) -> str:
    """``python`` when all operands are Python scalars, unless the spelling decided."""
    return kind_of_types([v.type for v in inputs], attrs)


def kind_of_types(types: Sequence[Type], attrs: Mapping[str, Any]) -> str:
    """As :func:`kind_of`, of types."""
    if "kind" in attrs:
        return str(attrs["kind"])
    for known in types:
        if known.kind != "python":
            return "numpy"
    return "python" if types else "numpy"


def infer_elementwise(
    dtypes: DtypeRule, fallible: bool, build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]
) -> Type:
    """Type of an elementwise operation: broadcast shape, promoted dtype."""
    kind = kind_of(inputs, attrs)
    shape = broadcast_shapes(build, [v.type.shape for v in inputs])
    if shape and kind == "python":
        hint = "use NumPy's function of the same name"
        build.refuse(DtypeError, "a function of the math module takes scalars, not arrays", hint)
    try:
        dtype = dtypes.output([v.type for v in inputs], kind)
    except TypeError as error:
        build.refuse(DtypeError, str(error))
    if dtype not in SUPPORTED_DTYPES:
        hint = "convert an operand with .astype"
        build.refuse(DtypeError, f"the result would have dtype {dtype}, which is not supported", hint)
    if fallible and not build.raising:
        kind = "numpy"
    return Type(dtype, shape, kind)
