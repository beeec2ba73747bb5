"""Builds small graphs and runs their kernels: as Python text always, natively where that is asked for."""

import numpy as np

from symdiff.config import Options
from symdiff.errors import LOCATED
from symdiff.ir.build import Builder
from symdiff.ir.graph import Function, Type, Value
from symdiff.ir.verify import verify
from symdiff.lower.lower import lower
from symdiff.lower.specialise import specialise
from symdiff.ops.primitive import Traced
from symdiff.runtime.interpret import interpret
from symdiff_codegen.check import check_kernel
from symdiff_codegen.kernel import Buffer
from symdiff_codegen.native import Options as NativeOptions
from symdiff_codegen.native import compile_unit
from symdiff_codegen.signature import Array, Scalar, Signature
from symdiff_codegen.text import run_text
from symdiff_codegen.walk import walk

PLAIN = Options()


def dim(name="n"):
    """A run-time size."""
    return Value(Type("int64", (), "python"), name)


def real(name="x"):
    """A Python float."""
    return Value(Type("float64", (), "python"), name)


def whole(name="n"):
    """A Python int."""
    return Value(Type("int64", (), "python"), name)


def array(name, *shape, dtype="float64"):
    """An array parameter."""
    return Value(Type(dtype, shape), name)


def graph(body, *params, name="f"):
    """A function of the graph whose results `body` builds from wrapped parameters."""
    build = Builder()
    results = body(*(Traced(build, p) for p in params))
    results = results if isinstance(results, tuple) else (results,)
    values = [r.value if isinstance(r, Traced) else build.constant(r) for r in results]
    function = Function(name, build.finish(params, values))
    verify(function)
    return function


def loop(x, start, stop, carried, body, step=1, reverse=False):
    """`for i in range(start, stop, step)`; `body(i, *carried)` returns what is carried on."""
    build = x.build
    initials = [c.value if isinstance(c, Traced) else build.constant(c) for c in carried]
    inner = build.inner()
    index = Value(Type("int64", (), "python"), "i")
    params = [Value(v.type, v.hint) for v in initials]
    results = body(Traced(inner, index), *(Traced(inner, p) for p in params))
    results = results if isinstance(results, tuple) else (results,)
    block = inner.finish((index, *params), [_value(inner, r) for r in results])
    bounds = [_value(build, b) for b in (start, stop, step)]
    outs = build.for_(*bounds, initials, block, [v.hint for v in initials], reverse=reverse)
    return tuple(Traced(build, o) for o in outs)


def branch(condition, then, otherwise):
    """`then()` or `otherwise()`, each called with a builder."""
    build = condition.build
    blocks = []
    for side in (then, otherwise):
        inner = build.inner()
        results = side(inner)
        results = results if isinstance(results, tuple) else (results,)
        blocks.append(inner.finish((), [_value(inner, r) for r in results]))
    return tuple(Traced(build, o) for o in build.if_(condition.value, *blocks))


def while_(carried, test, body):
    """`while test(*carried): carried = body(*carried)`."""
    build = next(c.build for c in carried if isinstance(c, Traced))
    initials = [_value(build, c) for c in carried]
    blocks = []
    for part in (test, body):
        inner = build.inner()
        params = [Value(v.type, v.hint) for v in initials]
        results = part(*(Traced(inner, p) for p in params))
        results = results if isinstance(results, tuple) else (results,)
        blocks.append(inner.finish(params, [_value(inner, r) for r in results]))
    return tuple(Traced(build, o) for o in build.while_(initials, *blocks))


def _value(build, item):
    if isinstance(item, Traced):
        return item.value
    return item if isinstance(item, Value) else build.constant(item)


def inside(build, item):
    """A value of an outer block, to be used in an inner one."""
    return Traced(build, item.value)


def run(function, *args, options=PLAIN):
    """The results of the kernel's text, as a tuple."""
    lowered = lower(function, options)
    check_kernel(lowered.kernel)
    copies = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
    results = run_text(lowered.kernel)(*copies)
    for copy, arg in zip(copies, args, strict=True):
        np.testing.assert_array_equal(copy, arg)
    return results if len(function.results) > 1 else (results,)


def failure(function, *args, options=PLAIN):
    """The error a kernel leaves with, as (exception's name, message)."""
    lowered = lower(function, options)
    check_kernel(lowered.kernel)
    try:
        run_text(lowered.kernel)(*args)
    except RuntimeError as error:
        status, *cells = error.args
        site = lowered.errors[status]
        assert any(kind.__name__ == site.exception for kind in LOCATED) or site.exception == "ShapeError"
        return site.exception, site.message.format(*cells)
    raise AssertionError("the kernel did not fail")


def check(function, *args, options=PLAIN, rtol=1e-13, sizes=True):
    """The kernel agrees with the interpreter; so does that for known sizes, to the last bit."""
    wanted = interpret(function, *args)
    found = run(function, *args, options=options)
    for one, other in zip(found, wanted, strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-300)
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype
    if sizes:
        known = {d: args[function.params.index(p)].shape[axis] for d, p, axis in function.bound_dimensions()}
        fixed = run(specialise(function, known), *args, options=options)
        for one, other in zip(found, fixed, strict=True):
            np.testing.assert_array_equal(one, other)
            np.testing.assert_array_equal(np.signbit(one), np.signbit(other))
    return found


def instructions(function, options=PLAIN):
    """Every instruction of the kernel."""
    return list(walk(lower(function, options).kernel.body))


KINDS = {"f64": "float", "f32": "float32", "i64": "int", "i1": "bool"}


def native(function, *args, options=PLAIN):
    """The results of the native kernel, as a tuple."""
    lowered = lower(function, options)
    check_kernel(lowered.kernel)
    given = lowered.kernel.params
    params = tuple(Array(p.type, p.dims) if isinstance(p, Buffer) else Scalar(KINDS[p.type]) for p in given)
    slots = tuple(range(len(lowered.kernel.results)))

    def refuse(*args):
        raise AssertionError(f"no native call for {args}")

    signature = Signature(params, lowered.kernel.results, slots, refuse, refuse)
    return compile_unit(lowered.kernel, signature=signature, options=NativeOptions(level=1)).builtin(*args)
