"""What a row is: everything the compiler knows of one primitive, in one place.

A row is callable. Given graph operands (:class:`Traced`) it builds a node; given SymPy expressions it builds SymPy; given
numbers and arrays it computes with NumPy. So one lambda written as mathematics serves as derivative rule, as its reference
and as its proof.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.errors import DtypeError, SymdiffError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Op, Type, Value
from symdiff.ir.shapes import broadcast_shapes

__all__ = ["REGISTRY", "Check", "Domain", "Primitive", "Rule", "Traced", "elementwise", "primitive"]

REGISTRY: dict[str, Primitive] = {}
SUPPORTED_DTYPES = frozenset({"float64", "float32", "int64", "int32", "bool"})

Rule = Callable[..., Any]
Infer = Callable[[Builder, tuple[Value, ...], dict[str, Any]], Type | tuple[Type, ...]]


@dataclass(frozen=True)
class Domain:
    """Where a test may sample an argument: an open interval, and points to stay away from."""

    low: float = -3.0
    high: float = 3.0
    integer: bool = False


REALS = Domain()
POSITIVE = Domain(0.1, 4.0)
UNIT = Domain(-0.9, 0.9)
ABOVE_ONE = Domain(1.1, 4.0)
AROUND_ZERO = Domain(-0.9, 3.0)
TRUTH = Domain(0, 1, integer=True)


@dataclass(frozen=True)
class Check:
    """A way in which the operation fails on Python scalars.

    Attributes
    ----------
    passes : callable
        ``passes(k, *operands)`` emits the condition under which the operation is defined; ``k`` is the kernel emitter.
    error : str
        Name of the exception CPython raises.
    message : str
        CPython's message.
    after : bool
        Whether the condition looks at the result (its first operand then), as overflow does.
    """

    passes: Callable[..., Any]
    error: str
    message: str
    after: bool = False


class Primitive(Op):
    """One row of the table.

    Attributes
    ----------
    infer : callable
        ``infer(build, inputs, attrs)`` gives the type of the output; may add size computations and checks.
    numpy : callable
        Meaning on arrays: ``numpy(*inputs, **attrs)``.
    scalar : callable or None
        Meaning on Python scalars, raising as Python does; None where ``numpy`` serves.
    sympy : callable or None
        ``sympy(sp, *expressions)``; elementwise rows only.
    kernel : str, callable or None
        Elementwise rows: the scalar instruction, or ``kernel(k, *operands)``. Other rows are lowered by name.
    python : str or callable
        Spelling of the NumPy form, ``"np.tanh({})"`` or ``python(arguments, attrs, names)``.
    spelling : str or None
        Spelling on Python scalars: ``"math.tanh({})"``.
    operator : str or None
        The infix or prefix operator that spells it.
    vjp : tuple
        One rule an argument, ``rule(g, y, *inputs, **attrs)``; None where there is no derivative.
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
        scalar: Callable[..., Any] | None = None,
        sympy: Callable[..., Any] | None = None,
        kernel: str | Callable[..., Any] | None = None,
        spelling: str | None = None,
        operator: str | None = None,
        accumulate: Rule | None = None,
        domain: Sequence[Domain] = (),
        kink: str | None = None,
        checks: Sequence[Check] = (),
        elementwise: bool = False,
        pure: bool = True,
        effect: bool = False,
        cost: float = 1.0,
        linear: bool = False,
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
        self.python, self.spelling, self.operator = python, spelling, operator
        self.vjp, self.accumulate = tuple(vjp), accumulate
        self.domain, self.kink, self.checks = tuple(domain), kink, tuple(checks)
        self.elementwise, self.pure, self.effect = elementwise, pure, effect
        self.cost, self.linear = cost, linear
        self.input_dtypes = input_dtypes
        self.also = tuple(also)
        REGISTRY[name] = self

    @property
    def fallible(self) -> bool:
        """Whether it can raise on Python scalars."""
        return bool(self.checks)

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        traced = next((a for a in args if isinstance(a, Traced)), None)
        if traced is not None:
            build = traced.build
            return Traced(build, build.add(self, *(lift(build, a) for a in args), **attrs))
        if any(type(a).__module__.startswith("sympy") for a in args):
            return self.symbolic(*args)
        return self.numpy(*args, **attrs)

    def symbolic(self, *args: Any) -> Any:
        """The SymPy form of the operation applied to expressions."""
        import sympy

        if self.sympy is None:
            raise TypeError(f"{self.name} has no SymPy form")
        return self.sympy(sympy, *args)


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


# -- elementwise rows ----------------------------------------------------------------------------------------------------


def elementwise(
    name: str,
    *,
    numpy: Callable[..., Any],
    sympy: str | Callable[..., Any],
    vjp: Sequence[Rule | None],
    arity: int | None = None,
    kernel: str | Callable[..., Any] | None = None,
    python: str | None = None,
    scalar: Callable[..., Any] | None = None,
    spelling: str | None = None,
    result: str = "float",
    domain: Sequence[Domain] | Domain = REALS,
    **columns: Any,
) -> Primitive:
    """Register an operation that acts on each element.

    Parameters
    ----------
    sympy : str or callable
        Name of SymPy's function, or ``form(sp, *expressions)``.
    result : str
        What Python scalars give: ``float``, ``same`` (int for ints, else float) or ``bool``.
    domain : Domain or sequence of Domain
        Where each argument is sampled by the tests.
    """
    count = arity or len(vjp)
    domains = [domain] * count if isinstance(domain, Domain) else list(domain)
    form = (lambda sp, *xs: getattr(sp, sympy)(*xs)) if isinstance(sympy, str) else sympy
    dtypes = _DtypeRule(name, numpy, result)
    return Primitive(
        name,
        infer=functools.partial(_infer_elementwise, dtypes, bool(columns.get("checks"))),
        input_dtypes=dtypes.inputs,
        numpy=numpy,
        scalar=scalar,
        sympy=form,
        kernel=kernel or name,
        python=python or f"np.{name}({', '.join(['{}'] * count)})",
        spelling=spelling,
        vjp=vjp,
        domain=domains,
        elementwise=True,
        **columns,
    )


def primitive(name: str, **columns: Any) -> Primitive:
    """Register an operation that does not act element by element."""
    return Primitive(name, **columns)


def kind_of(inputs: Sequence[Value], attrs: dict[str, Any]) -> str:
    """``python`` when all operands are Python scalars, unless the spelling decided."""
    if "kind" in attrs:
        return str(attrs["kind"])
    return "python" if inputs and all(v.type.kind == "python" for v in inputs) else "numpy"


def _infer_elementwise(
    dtypes: _DtypeRule, fallible: bool, build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]
) -> Type:
    kind = kind_of(inputs, attrs)
    shape = broadcast_shapes(build, [v.type.shape for v in inputs])
    if shape and kind == "python":
        build.refuse(DtypeError, "a function of the math module takes scalars, not arrays", "use NumPy's function of the same name")
    if fallible and not build.raising:
        kind = "numpy"
    try:
        dtype = dtypes.output([v.type for v in inputs], kind)
    except TypeError as error:
        build.refuse(DtypeError, str(error))
    if dtype not in SUPPORTED_DTYPES:
        build.refuse(DtypeError, f"the result would have dtype {dtype}, which is not supported", "convert an operand with .astype")
    return Type(dtype, shape, kind)


class _DtypeRule:
    """Promotion of an elementwise operation: Python's on Python scalars, NumPy 2's otherwise."""

    def __init__(self, name: str, numpy: Callable[..., Any], result: str) -> None:
        self.name, self.ufunc, self.result = name, numpy, result

    def output(self, types: Sequence[Type], kind: str) -> str:
        if kind == "python":
            return self._python(types)
        return self._resolve(tuple(_token(t, weak=_any_strong(types)) for t in types))[-1]

    def inputs(self, types: Sequence[Type], attrs: dict[str, Any]) -> tuple[str, ...]:
        """The dtypes operands are converted to before the operation."""
        if all(t.kind == "python" for t in types):
            if self.result == "float":
                return ("float64",) * len(types)
            joined = "float64" if any(t.is_float for t in types) else "int64"
            return (joined,) * len(types)
        return self._resolve(tuple(_token(t, weak=_any_strong(types)) for t in types))[: len(types)]

    def _python(self, types: Sequence[Type]) -> str:
        if self.result == "same":
            return "float64" if any(t.is_float for t in types) else "int64"
        return {"float": "float64", "bool": "bool"}[self.result]

    @functools.lru_cache(maxsize=None)  # noqa: B019 - rules live as long as the process
    def _resolve(self, tokens: tuple[Any, ...]) -> tuple[str, ...]:
        if isinstance(self.ufunc, np.ufunc):
            return tuple(str(d) for d in self.ufunc.resolve_dtypes((*tokens, None)))
        joined = np.result_type(*(t(0) if isinstance(t, type) else t for t in tokens))
        if self.result == "float" and joined.kind in "bi":
            joined = np.dtype("float64")
        return (str(joined),) * len(tokens) + ("bool" if self.result == "bool" else str(joined),)


def _any_strong(types: Sequence[Type]) -> bool:
    return any(t.kind != "python" for t in types)


def _token(type_: Type, *, weak: bool) -> Any:
    """An operand as ``ufunc.resolve_dtypes`` takes it: Python's int and float are weak."""
    if weak and type_.kind == "python" and type_.dtype != "bool":
        return float if type_.is_float else int
    return np.dtype(type_.dtype)
