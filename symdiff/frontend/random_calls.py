"""Methods of NumPy's random generators: which standard numbers are drawn, and what is done with them.

A table per distribution: ``rng.normal(loc, scale, size)`` draws standard numbers and applies ``loc + scale * z``,
which is differentiated; what has other parameters is drawn with them, and they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, Array, Known, RandomSource, View, is_given, is_none
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_making import dtype_of
from symdiff.frontend.numpy_shaping import array_of
from symdiff.frontend.program import Path
from symdiff.frontend.tables import function, method
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import broadcast_shapes

__all__: list[str] = []

NONE = Known(None)
GLOBAL = np.random.mtrand._rand  # what np.random.normal and the like are methods of
Size = tuple[Dim, ...]


def _size(p: Parser, size: Abstract, *parameters: Value) -> Size:
    """The shape that is asked for; without one it is that of the parameters."""
    if is_none(size):
        return broadcast_shapes(p.build, [v.type.shape for v in parameters]) if parameters else ()
    if isinstance(size, Value):
        return (p.dim(size, "size"),)
    return tuple(p.dim(item, "size") for item in p.items(size))


def _draw(
    p: Parser,
    generator: Value,
    how: str,
    shape: Size,
    parameters: Sequence[tuple[str, Value]] = (),
    *,
    dtype: str = "float64",
    scalar: str = "python",
    fixed: Sequence[tuple[str, Any]] = (),
) -> Value:
    names = tuple(name for name, _ in parameters)
    values = [value for _, value in parameters]
    attrs: dict[str, Any] = {"scalar": scalar, "method": how, "names": names, "fixed": tuple(fixed)}
    return p.emit("draw", generator, *values, shape=shape, dtype=dtype, **attrs)


def _located(p: Parser, location: Value, scale: Value, standard: Value) -> Abstract:
    return p.wrap(p.emit("located", location, scale, standard))


def _number(p: Parser, item: Abstract) -> Value:
    return p.value(array_of(p, item))


def _fixed_dtype(p: Parser, dtype: Abstract | None) -> tuple[str, tuple[tuple[str, Any], ...], str]:
    """dtype of the draw, the arguments that say so, and the kind of a scalar."""
    name = "float64" if not is_given(dtype) else dtype_of(p, dtype)
    if name not in ("float64", "float32"):
        p.refuse(LocatedTypeError, f"random numbers of dtype {name} are not supported", "draw float64")
    return name, (() if name == "float64" else (("dtype", np.float32),)), "python" if name == "float64" else "numpy"


# -- continuous: location and scale are differentiated -----------------------------------------------------------------


def _standard(how: str) -> Any:
    def handler(p: Parser, generator: Value, size: Abstract = NONE, dtype: Abstract = NONE) -> Abstract:
        name, fixed, scalar = _fixed_dtype(p, dtype)
        return p.wrap(_draw(p, generator, how, _size(p, size), dtype=name, fixed=fixed, scalar=scalar))

    return handler


for _how in ("standard_normal", "standard_exponential", "random"):
    method(RandomSource, _how)(_standard(_how))


@method(RandomSource, "random_sample", "ranf", "sample")
def random_sample(p: Parser, generator: Value, size: Abstract = NONE) -> Abstract:
    """The legacy name of ``random``."""
    return p.wrap(_draw(p, generator, "random_sample", _size(p, size)))


@method(RandomSource, "rand")
def rand(p: Parser, generator: Value, *sizes: Abstract) -> Abstract:
    """``np.random.rand(3, 4)``."""
    return p.wrap(_draw(p, generator, "random_sample", tuple(p.dim(s, "size") for s in sizes)))


@method(RandomSource, "randn")
def randn(p: Parser, generator: Value, *sizes: Abstract) -> Abstract:
    """``np.random.randn(3, 4)``."""
    return p.wrap(_draw(p, generator, "standard_normal", tuple(p.dim(s, "size") for s in sizes)))


@method(RandomSource, "normal")
def normal(
    p: Parser, generator: Value, loc: Abstract = 0.0, scale: Abstract = 1.0, size: Abstract = NONE
) -> Abstract:
    """``loc + scale * z``."""
    location, width = _parameters(p, loc, scale)
    z = _draw(p, generator, "standard_normal", _size(p, size, location, width))
    return _located(p, location, width, z)


@method(RandomSource, "uniform")
def uniform(p: Parser, generator: Value, low: Abstract = 0.0, high: Abstract = 1.0, size: Abstract = NONE) -> Abstract:
    """``low + (high - low) * u``."""
    start, stop = _parameters(p, low, high)
    u = _draw(p, generator, "random", _size(p, size, start, stop))
    return _located(p, start, p.emit("subtract", stop, start), u)


@method(RandomSource, "exponential")
def exponential(p: Parser, generator: Value, scale: Abstract = 1.0, size: Abstract = NONE) -> Abstract:
    """``scale * e``."""
    (width,) = _parameters(p, scale)
    e = _draw(p, generator, "standard_exponential", _size(p, size, width))
    return _located(p, p.constant(0.0), width, e)


@method(RandomSource, "gamma")
def gamma(p: Parser, generator: Value, shape: Abstract, scale: Abstract = 1.0, size: Abstract = NONE) -> Abstract:
    """``scale * g``, where g is standard of that shape; the shape is not differentiated."""
    form, width = _parameters(p, shape, scale)
    g = _draw(p, generator, "standard_gamma", _size(p, size, form, width), [("shape", form)])
    return _located(p, p.constant(0.0), width, g)


def _parameters(p: Parser, *items: Abstract) -> list[Value]:
    """Parameters as numbers or arrays; defaults are numbers."""
    return [p.constant(item) if isinstance(item, float) else _number(p, item) for item in items]


def _with_parameters(how: str, names: tuple[str, ...], dtype: str = "float64") -> Any:
    """A method all of whose parameters are passed on."""

    def handler(p: Parser, generator: Value, *args: Abstract, **kwargs: Abstract) -> Abstract:
        given = dict(zip((*names, "size"), args, strict=False)) | kwargs
        if set(given) - {*names, "size"} or set(names) - set(given) or len(args) > len(names) + 1:
            p.refuse(LocatedTypeError, f"{how} takes the arguments {', '.join(names)} and size")
        pairs = [(name, _number(p, given[name])) for name in names]
        shape = _size(p, given.get("size", NONE), *(v for _, v in pairs))
        return p.wrap(_draw(p, generator, how, shape, pairs, dtype=dtype, scalar="python"))

    return handler


for _how, _names, _dtype in (
    ("standard_gamma", ("shape",), "float64"),
    ("standard_t", ("df",), "float64"),
    ("chisquare", ("df",), "float64"),
    ("beta", ("a", "b"), "float64"),
    ("poisson", ("lam",), "int64"),
    ("binomial", ("n", "p"), "int64"),
    ("geometric", ("p",), "int64"),
):
    method(RandomSource, _how)(_with_parameters(_how, _names, _dtype))


# -- integers and orders -----------------------------------------------------------------------------------------------


@method(RandomSource, "integers")
def integers(
    p: Parser,
    generator: Value,
    low: Abstract,
    high: Abstract = NONE,
    size: Abstract = NONE,
    *,
    endpoint: Abstract | None = None,
) -> Abstract:
    """Integers from a range."""
    fixed = () if endpoint is None else (("endpoint", bool(p.static(endpoint, "endpoint"))),)
    return _integers(p, generator, "integers", low, high, size, fixed)


@method(RandomSource, "randint")
def randint(p: Parser, generator: Value, low: Abstract, high: Abstract = NONE, size: Abstract = NONE) -> Abstract:
    """Integers from a range, of the legacy generators."""
    return _integers(p, generator, "randint", low, high, size, ())


def _integers(
    p: Parser, generator: Value, how: str, low: Abstract, high: Abstract, size: Abstract, fixed: Any
) -> Abstract:
    pairs = [("low", _number(p, low))] + ([] if is_none(high) else [("high", _number(p, high))])
    shape = _size(p, size, *(v for _, v in pairs))
    scalar = "numpy" if how == "integers" else "python"
    return p.wrap(_draw(p, generator, how, shape, pairs, dtype="int64", scalar=scalar, fixed=fixed))


@method(RandomSource, "permutation")
def permutation(p: Parser, generator: Value, x: Abstract) -> Abstract:
    """A random order: of ``range(n)``, or of the items of an array along its first axis."""
    if isinstance(x, Value) and not x.type.is_array:
        return p.wrap(_order(p, generator, x))
    items = array_of(p, x)
    length = p.build.size(p.value(items).type.shape[0])
    return p.subscript(items, Array(_order(p, generator, length)))


def _order(p: Parser, generator: Value, count: Value) -> Value:
    length = p.dim(count, "the length of a permutation")
    return _draw(p, generator, "permutation", (length,), [("x", p.build.size(length))], dtype="int64")


@method(RandomSource, "shuffle")
def shuffle(p: Parser, generator: Value, x: Abstract) -> Abstract:
    """Bring an array into a random order along its first axis, in place."""
    if not isinstance(x, Array | View):
        p.unsupported("only arrays can be shuffled", "use rng.permutation(len(items)) as indices")
    content = p.read(x)
    order = Array(_order(p, generator, p.build.size(content.type.shape[0])))
    p.memory.write(p.build, x, p.value(p.subscript(Array(content), order)))
    return NONE


@method(RandomSource, "choice")
def choice(
    p: Parser,
    generator: Value,
    /,
    a: Abstract,
    size: Abstract = NONE,
    replace: Abstract | None = None,
    **kwargs: Abstract,
) -> Abstract:
    """Items drawn at random: positions are drawn, and the items at them are differentiated."""
    weights = kwargs.pop("p", None)
    if kwargs:
        p.unsupported(f"the argument {next(iter(kwargs))!r} of choice is not supported")
    fixed = () if replace is None else (("replace", bool(p.static(replace, "replace"))),)
    items = None if isinstance(a, Value) and not a.type.is_array else array_of(p, a)
    count = a if items is None else p.build.size(p.value(items).type.shape[0])
    pairs = [("a", count)] + ([] if not is_given(weights) else [("p", _number(p, weights))])
    drawn = _draw(p, generator, "choice", _size(p, size), pairs, dtype="int64", scalar="numpy", fixed=fixed)
    return p.wrap(drawn) if items is None else p.subscript(items, p.wrap(drawn))


# -- generators --------------------------------------------------------------------------------------------------------


@function(np.random.default_rng)
def default_rng(p: Parser, seed: Abstract = NONE) -> Abstract:
    """A generator made inside the function; a generator passed in is itself."""
    if isinstance(seed, Value) and seed.type.dtype == "generator":
        return seed
    return p.emit("default_rng", *([] if is_none(seed) else [_number(p, seed)]), legacy=False)


@function(np.random.RandomState)
def random_state(p: Parser, seed: Abstract = NONE) -> Abstract:
    """A legacy generator made inside the function."""
    return p.emit("default_rng", *([] if is_none(seed) else [_number(p, seed)]), legacy=True)


@function(np.random.seed)
def seed_global(p: Parser, seed: Abstract) -> Abstract:
    """Set the state of the global legacy generator."""
    return p.call(p.attribute(p.resolver.wrap(p.build, GLOBAL, Path(GLOBAL)), "seed"), (seed,), {})


@method(RandomSource, "seed")
def seed(p: Parser, generator: Value, seed: Abstract) -> Abstract:
    """Set the state of a legacy generator."""
    p.emit("reseed", generator, _number(p, seed))
    return NONE
