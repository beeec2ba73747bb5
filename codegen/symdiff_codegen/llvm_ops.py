"""Each scalar operation as LLVM IR, on scalars or on vectors of them alike.

Every emitter takes a ``Site`` and values of one shape, and gives a value of that shape. Operations that LLVM has no
exact instruction for call the C library, a lane at a time for vectors, so that a lane has the bits of the scalar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llvmlite import ir

from . import elementary
from .context import I1, I32, I64, declare
from .instructions import ELEMENTARY, SPECIAL
from .lanes import DOUBLE, FLOAT, SUFFIX, Value, constant, element, intrinsic, is_float, overloaded, per_lane, shaped
from .llvm_division import ffloordiv, floordiv, fmod, fremainder, mod

FAST = ("reassoc", "nsz", "arcp", "contract", "afn")


@dataclass(frozen=True)
class Site:
    """Where an operation is emitted: the builder, and the fast-math flags of the kernel."""

    builder: ir.IRBuilder
    flags: tuple[str, ...] = ()


# Arithmetic.


def _arithmetic(name: str) -> Callable[..., Value]:
    def emit(site: Site, a: Value, b: Value) -> Value:
        if is_float(a):
            return getattr(site.builder, "f" + name)(a, b, flags=site.flags)
        return getattr(site.builder, name)(a, b)

    return emit


def _plain(emit: Callable[..., Value]) -> Callable[..., Value]:
    """As an emitter, what takes a builder and has no use for fast-math flags."""
    return lambda site, *args: emit(site.builder, *args)


def _neg(site: Site, a: Value) -> Value:
    return site.builder.fneg(a, flags=site.flags) if is_float(a) else site.builder.neg(a)


def _abs(site: Site, a: Value) -> Value:
    if is_float(a):
        return overloaded(site.builder, "fabs", a)
    builder = site.builder
    return builder.select(builder.icmp_signed("<", a, constant(a, 0)), builder.neg(a), a)


def _intrinsic(name: str) -> Callable[..., Value]:
    return lambda site, *args: overloaded(site.builder, name, *args)


def _extremum(sign: str) -> Callable[..., Value]:
    def emit(site: Site, a: Value, b: Value) -> Value:
        builder = site.builder
        if not is_float(a):
            return builder.select(builder.icmp_signed(sign, a, b), a, b)
        # The machine's instruction gives the second argument where one is NaN; a first argument NaN is put back.
        machine = builder.select(builder.fcmp_ordered(sign, a, b), a, b)
        return builder.select(builder.fcmp_unordered("uno", a, a), a, machine)

    return emit


# Integers.


def _shl(site: Site, a: Value, b: Value) -> Value:
    builder, bits = site.builder, element(a.type).width
    shifted = builder.shl(a, builder.and_(b, constant(b, bits - 1)))
    return builder.select(builder.icmp_unsigned("<", b, constant(b, bits)), shifted, constant(a, 0))


def _shr(site: Site, a: Value, b: Value) -> Value:
    builder, most = site.builder, constant(b, element(a.type).width - 1)
    return builder.ashr(a, builder.select(builder.icmp_unsigned("<", b, most), b, most))


def _no_overflow(name: str) -> Callable[..., Value]:
    def emit(site: Site, a: Value, b: Value) -> Value:
        builder = site.builder
        pair = ir.LiteralStructType([a.type, shaped(a.type, I1)])
        both = intrinsic(builder, f"s{name}.with.overflow", pair, [a, b], a.type)
        return builder.not_(builder.extract_value(both, 1))

    return emit


def _power(checked: bool) -> Callable[..., Value]:
    def emit(site: Site, a: Value, b: Value) -> Value:
        return per_lane(site.builder, _power_function(site.builder.module, element(a.type), checked), [a, b])

    return emit


def _power_function(module: ir.Module, type: ir.Type, checked: bool) -> ir.Function:
    """Return integer power by squaring, or the function that tells whether it fits."""
    name = f"integer_power{'_fits' if checked else ''}_{SUFFIX[type]}"
    function = declare(module, name, I1 if checked else type, [type, type], "nounwind", "memory(none)", "willreturn")
    if not function.is_declaration:
        return function
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    head, body, done = (function.append_basic_block(block) for block in ("head", "body", "done"))
    builder.branch(head)
    builder.position_at_end(head)
    result, base, left, fits = (builder.phi(t) for t in (type, type, type, I1))
    starts = (type(1), function.args[0], function.args[1], I1(1))
    builder.cbranch(builder.icmp_signed(">", left, type(0)), body, done)
    builder.position_at_end(body)
    odd = builder.trunc(left, I1)
    product = builder.smul_with_overflow(result, base)
    square = builder.smul_with_overflow(base, base)
    rest = builder.ashr(left, type(1))
    # The last square is not used, so it may overflow.
    harmless = builder.not_(builder.or_(
        builder.and_(odd, builder.extract_value(product, 1)),
        builder.and_(builder.icmp_signed("!=", rest, type(0)), builder.extract_value(square, 1)),
    ))  # fmt: skip
    nexts = (
        builder.select(odd, builder.extract_value(product, 0), result),
        builder.extract_value(square, 0), rest, builder.and_(fits, harmless),
    )  # fmt: skip
    for phi, start, following in zip((result, base, left, fits), starts, nexts, strict=True):
        phi.add_incoming(start, function.entry_basic_block)
        phi.add_incoming(following, body)
    builder.branch(head)
    builder.position_at_end(done)
    builder.ret(fits if checked else result)
    return function


# Logic.


def _logic(name: str) -> Callable[..., Value]:
    def emit(site: Site, a: Value, b: Value) -> Value:
        return getattr(site.builder, name)(a, b)

    return emit


def _not(site: Site, a: Value) -> Value:
    return site.builder.not_(a)


def _compare(sign: str) -> Callable[..., Value]:
    def emit(site: Site, a: Value, b: Value) -> Value:
        if not is_float(a):
            return site.builder.icmp_signed(sign, a, b)
        return (site.builder.fcmp_unordered if sign == "!=" else site.builder.fcmp_ordered)(sign, a, b)

    return emit


def _select(site: Site, test: Value, a: Value, b: Value) -> Value:
    return site.builder.select(test, a, b)


def _isnan(site: Site, a: Value) -> Value:
    return site.builder.fcmp_unordered("uno", a, a)


def _isinf(site: Site, a: Value) -> Value:
    return site.builder.fcmp_ordered("==", _abs(site, a), constant(a, float("inf")))


def _isfinite(site: Site, a: Value) -> Value:
    return site.builder.fcmp_ordered("<", _abs(site, a), constant(a, float("inf")))


def _signbit(site: Site, a: Value) -> Value:
    bits = site.builder.bitcast(a, shaped(a.type, I64 if element(a.type) == DOUBLE else I32))
    return site.builder.icmp_signed("<", bits, constant(bits, 0))


# Conversions.


def _to_float(target: ir.Type) -> Callable[..., Value]:
    def emit(site: Site, a: Value) -> Value:
        builder, source, result = site.builder, element(a.type), shaped(a.type, target)
        if source == target:
            return a
        if source == I1:
            return builder.uitofp(a, result)
        if source in (I32, I64):
            return builder.sitofp(a, result)
        return builder.fpext(a, result) if target == DOUBLE else builder.fptrunc(a, result)

    return emit


def _to_integer(target: ir.Type) -> Callable[..., Value]:
    def emit(site: Site, a: Value) -> Value:
        builder, source, result = site.builder, element(a.type), shaped(a.type, target)
        if source == target:
            return a
        if source in (DOUBLE, FLOAT):
            return builder.fptosi(a, result)
        if source.width > target.width:
            return builder.trunc(a, result)
        return builder.zext(a, result) if source == I1 else builder.sext(a, result)

    return emit


def _to_bool(site: Site, a: Value) -> Value:
    return a if element(a.type) == I1 else _compare("!=")(site, a, constant(a, 0))


# Elementary functions: in line where there is a formula, else those of the C library.

_C_NAMES = {"gamma": "tgamma"}


def _function(name: str) -> Callable[..., Value]:
    def emit_inline(site: Site, *args: Value) -> Value:
        return elementary.emit(name, site.builder, *args)

    def emit_call(site: Site, *args: Value) -> Value:
        type = element(args[0].type)
        symbol = _C_NAMES.get(name, name) + ("f" if type == FLOAT else "")
        attributes = ("nounwind", "willreturn", "memory(none)")
        return per_lane(site.builder, declare(site.builder.module, symbol, type, [type] * len(args), *attributes), args)

    return emit_inline if name in elementary.INLINE else emit_call


def _special(name: str) -> Callable[..., Value]:
    def emit(site: Site, *args: Value) -> Value:
        # Cython's functions take one more argument, which says that there is no Python override.
        types = [DOUBLE] * len(args)
        attributes = ("nounwind", "willreturn", "memory(none)")
        function = declare(site.builder.module, name, DOUBLE, [*types, I32], *attributes)
        zero = ir.Constant(shaped(args[0].type, I32), 0)
        return per_lane(site.builder, function, [*args, zero])

    return emit


EMITTERS: Mapping[str, Callable[..., Value]] = {
    **{name: _arithmetic(name) for name in ("add", "sub", "mul", "div")},
    **{name: _intrinsic(name) for name in ("sqrt", "floor", "ceil", "trunc", "rint", "copysign", "fma")},
    "neg": _neg, "abs": _abs, "min": _extremum("<"), "max": _extremum(">"),
    "fmod": _plain(fmod), "fremainder": _plain(fremainder), "ffloordiv": _plain(ffloordiv),
    **{name: _function(name) for name in ELEMENTARY},
    **{name: _special(name) for name in SPECIAL},
    "floordiv": _plain(floordiv), "mod": _plain(mod), "shl": _shl, "shr": _shr, "ipow": _power(checked=False),
    **{f"{name}_ok": _no_overflow(name) for name in ("add", "sub", "mul")}, "ipow_ok": _power(checked=True),
    "and": _logic("and_"), "or": _logic("or_"), "xor": _logic("xor"), "not": _not, "select": _select,
    **{name: _compare(sign) for name, sign in (
        ("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="),
    )},
    "isnan": _isnan, "isinf": _isinf, "isfinite": _isfinite, "signbit": _signbit,
    "f64": _to_float(DOUBLE), "f32": _to_float(FLOAT), "i64": _to_integer(I64), "i32": _to_integer(I32),
    "i1": _to_bool,
}  # fmt: skip


def emit_op(builder: ir.IRBuilder, op: str, args: Sequence[Value], flags: tuple[str, ...] = ()) -> Value:
    """Emit a scalar operation on values that are all scalars or all vectors of one length.

    Parameters
    ----------
    builder
        Where to emit.
    op
        The name of a row of ``instructions.ROWS``.
    args
        The values.
    flags
        Fast-math flags for the instructions that take them.
    """
    return EMITTERS[op](Site(builder, flags), *args)
