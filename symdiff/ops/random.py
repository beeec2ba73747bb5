"""Random numbers: NumPy draws them, so they are NumPy's own and leave the generator as NumPy leaves it.

A generator is an opaque value of the graph (dtype ``generator``, kind ``object``). A draw is an effect: it runs once,
in its place, and the reverse sweep reads what was drawn. Location and scale are applied to standard draws by the
formula of NumPy's own C code, so that they are differentiated like any other arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops.columns import EachArgument, NoDerivative
from symdiff.ops.primitive import Primitive, elementwise, primitive

__all__ = ["GENERATOR", "default_rng", "draw", "located"]

GENERATOR = Type("generator", (), "object")
# methods whose first argument is the size
BY_SIZE = frozenset({"standard_normal", "random", "random_sample", "standard_exponential"})


def _infer_draw(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    shape = tuple(attrs["shape"])
    return Type(attrs["dtype"], shape, "numpy" if shape else attrs["scalar"])


def _draw(generator: Any, *parameters: Any, method: str, names: Sequence[str], fixed: Any, shape: Any, **_: Any) -> Any:
    keywords = {**dict(zip(names, parameters, strict=True)), **dict(fixed)}
    if "size" in keywords or method == "permutation":  # said by the fixed arguments, or none at all
        return getattr(generator, method)(**{**keywords, **({} if method == "permutation" else {"size": shape})})
    return getattr(generator, method)(**keywords, size=tuple(shape) if shape else None)


def _draw_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    generator, *parameters = arguments
    shape = tuple(attrs["shape"])
    parts = [f"{name}={text}" for name, text in zip(attrs["names"], parameters, strict=True)]
    parts += [f"{name}={_object_text(value)}" for name, value in attrs["fixed"]]
    if shape and attrs["method"] != "permutation":
        size = show_shape(shape)
        parts = [size] if attrs["method"] in BY_SIZE and not parts else [*parts, f"size={size}"]
    return f"{generator}.{attrs['method']}({', '.join(parts)})"


def _object_text(value: Any) -> str:
    return f"np.{np.dtype(value).name}" if isinstance(value, type | np.dtype) else repr(value)


def _no_derivative(position: int) -> Any:
    if not position:
        return None
    message = f"the derivative of {{method}} by its parameter {{names[{position - 1}]}} is not defined"
    return NoDerivative(message, "only location and scale are differentiated; use sd.stop_gradient for the others")


# Standard numbers of a distribution, by the method of that name: the row of every draw.
draw: Primitive = primitive(
    "draw",
    infer=_infer_draw,
    numpy=_draw,
    python=_draw_text,
    vjp=EachArgument(_no_derivative),
    pure=False,
    effect=True,
)

default_rng: Primitive = primitive(
    "default_rng",
    infer=lambda build, inputs, attrs: GENERATOR,
    numpy=lambda *seed, legacy: np.random.RandomState(*seed) if legacy else np.random.default_rng(*seed),
    python=lambda arguments, attrs, show_shape: (
        f"np.random.{'RandomState' if attrs['legacy'] else 'default_rng'}({', '.join(arguments)})"
    ),
    vjp=EachArgument(lambda position: None),
    pure=False,
    effect=True,
)

reseed: Primitive = primitive(
    "reseed",
    infer=lambda build, inputs, attrs: Type("bool", (), "python"),
    numpy=lambda generator, seed: generator.seed(seed) is not None,
    python=lambda arguments, attrs, show_shape: f"{arguments[0]}.seed({arguments[1]}) is not None",
    vjp=(None, None),
    pure=False,
    effect=True,
)

def _located_kernel(k: Any, location: Any, scale: Any, standard: Any) -> Any:
    if standard.type == "i1":
        return k.or_(location, k.and_(scale, standard))
    return k.add(location, k.mul(scale, standard))


# A row of its own, so that product and sum are rounded one by one as in NumPy's code.
located: Primitive = elementwise(
    "located",
    numpy=lambda location, scale, standard: location + scale * standard,
    sympy=lambda sp, location, scale, standard: location + scale * standard,
    kernel=_located_kernel,
    python="{} + {} * {}",
    spelling="{} + {} * {}",
    result="same",
    vjp=(
        lambda g, y, location, scale, standard: g,
        lambda g, y, location, scale, standard: g * standard,
        lambda g, y, location, scale, standard: g * scale,
    ),
    cost=2.0,
)
