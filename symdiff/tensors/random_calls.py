"""PyTorch's random functions and methods: the numbers of the random modules, as tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.tensors import distributions, generator, integer_draws, multinomial
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import DTYPES, DType, default_dtype, int64
from symdiff.tensors.generator import Generator
from symdiff.tensors.lazy import known
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy, attach, memory_layout, wrap
from symdiff.tensors.tracing import DrawsNumbers, current, drawn, require_order_in_memory
from symdiff.tensors.views import sizes_of

__all__ = ["RANDOM"]

Draw = Callable[..., np.ndarray[Any, Any]]


def _new(
    draw: Callable[[], np.ndarray[Any, Any]],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    requires_grad: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """A tensor of drawn numbers; in a program they are drawn whenever it runs."""
    if current() is None:
        return made(draw(), requires_grad=requires_grad)
    if requires_grad or generator is not None:
        raise DrawsNumbers
    return wrap(drawn(draw, DTYPES[dtype.name], shape))


def _sized(draw: Draw) -> Callable[..., Tensor]:
    """A function of a shape, such as ``rand``."""

    def create(
        *size: Any,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        generator: Generator | None = None,
        pin_memory: bool = False,
    ) -> Tensor:
        kind, shape = (dtype or default_dtype()).numpy, sizes_of(size)
        return _new(
            lambda: draw(shape, dtype=kind, generator=generator), shape, kind, requires_grad, generator
        )

    return create


def _filled(array: np.ndarray[Any, Any], draw: Draw, **options: Any) -> np.ndarray[Any, Any]:
    """Draw an array's elements as they lie in memory, and give them in C order."""
    if draw is distributions.normal:
        options["contiguous"] = array.flags.c_contiguous
    distributions.fill(array, lambda shape: draw(shape, dtype=array.dtype, **options))
    return np.ascontiguousarray(array) if array.ndim else array


def _like(draw: Draw) -> Callable[..., Tensor]:
    """A function of a tensor whose shape it takes, such as ``rand_like``."""

    def create(
        input: Tensor,
        *bounds: int,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        generator: Generator | None = None,
    ) -> Tensor:
        kind = (dtype or input.dtype).numpy
        options: dict[str, Any] = {"generator": generator}
        if bounds:
            options.update(zip(("low", "high"), bounds if len(bounds) == 2 else (0, *bounds), strict=True))
        like = memory_layout(input)
        require_order_in_memory(as_lazy(input) if input._storage is None else input._storage.value)

        def fill() -> np.ndarray[Any, Any]:
            return _filled(np.empty_like(like, dtype=kind), draw, **options)

        return _new(fill, like.shape, kind, requires_grad, generator)

    return create


def _randint(
    *bounds: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    generator: Generator | None = None,
    **named: int,
) -> Tensor:
    *given, shape = bounds if size is None else (*bounds, size)
    low, high = _bounds_of(given, named)
    kind, sizes = (dtype or int64).numpy, sizes_of((shape,))
    return _new(
        lambda: integer_draws.randint(low, high, sizes, kind, generator), sizes, kind, requires_grad, generator
    )


def _bounds_of(given: list[int], named: dict[str, int]) -> tuple[int, int]:
    unknown = set(named) - {"low", "high"}
    if unknown or len(given) + len(named) not in (1, 2):
        raise TypeError("randint() takes (high, size) or (low, high, size)" + "".join(f"; not '{k}'" for k in unknown))
    if "high" in named:
        return int(named.get("low", given[0] if given else 0)), int(named["high"])
    low, high = (*([0] if len(given) == 1 and "low" not in named else []), *named.values(), *given)
    return int(low), int(high)


def _randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    kind = (dtype or int64).numpy
    return _new(lambda: integer_draws.randperm(n, kind, generator), (n,), kind, requires_grad, generator)


def _multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    return made(multinomial.multinomial(input._array(), num_samples, replacement, generator))


def _bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    if p is None:
        return made(distributions.bernoulli_each(input._array(), generator=generator))
    shape, kind = tuple(input.shape), input.dtype.numpy
    require_order_in_memory(as_lazy(input))
    return _new(lambda: distributions.bernoulli(shape, p, kind, generator), shape, kind, generator=generator)


def _normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    parts = [x._array() if isinstance(x, Tensor) else x for x in (mean, std)]
    if any(isinstance(x, np.ndarray) for x in parts):
        return made(distributions.normal_each(parts[0], parts[1], generator), requires_grad=requires_grad)
    if size is None:
        raise TypeError("normal() of two numbers needs a size")
    kind, sizes = (dtype or default_dtype()).numpy, sizes_of((size,))
    return _new(
        lambda: distributions.normal(sizes, mean, std, kind, generator), sizes, kind, requires_grad, generator
    )


# -- in place ----------------------------------------------------------------------------------------------------------


def _store(tensor: Tensor, draw: Draw, **options: Any) -> Tensor:
    value = as_lazy(tensor)
    like = memory_layout(tensor)
    if current() is None:
        array = _filled(np.empty_like(like), draw, **options)
        return overwrite(tensor, known(array if value.shape else array[()], value.dtype, value.shape))
    require_order_in_memory(value if tensor._storage is None else tensor._storage.value)
    if options["generator"] is not None:
        raise DrawsNumbers
    return overwrite(tensor, drawn(lambda: _filled(np.empty_like(like), draw, **options), value.dtype, value.shape))


def _uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None, **x: float
) -> Tensor:
    low = x.pop("from", from_)  # a keyword of Python, so it cannot be a parameter
    _none_left(x, "uniform_")
    return _store(self, distributions.uniform, low=float(low), high=float(to), generator=generator)


def _none_left(named: dict[str, Any], name: str) -> None:
    if named:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")


def _normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    return _store(self, distributions.normal, mean=float(mean), std=float(std), generator=generator)


def _exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    return _store(self, distributions.exponential, rate=float(lambd), generator=generator)


def _bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    if not isinstance(p, Tensor):
        return _store(self, distributions.bernoulli, p=float(p), generator=generator)
    value = as_lazy(self)
    array = distributions.bernoulli_each(p._array(), value.shape, value.dtype.numpy, generator)
    return overwrite(self, known(array if value.shape else array[()], value.dtype, value.shape))


def _random_(
    self: Tensor, from_: int | None = None, to: int | None = None, *, generator: Generator | None = None, **x: int
) -> Tensor:
    low = x.pop("from", from_)
    _none_left(x, "random_")
    if to is None and low is not None:
        low, to = 0, low
    return _store(self, integer_draws.random_integers, low=low, high=to, generator=generator)


_METHODS: dict[str, Callable[..., Any]] = {
    "uniform_": _uniform_, "normal_": _normal_, "exponential_": _exponential_, "bernoulli_": _bernoulli_,
    "random_": _random_, "bernoulli": _bernoulli, "multinomial": _multinomial,
}  # fmt: skip
for _name, _method in _METHODS.items():
    attach(_name, _method)

RANDOM: dict[str, Any] = {
    "rand": _sized(distributions.uniform),
    "randn": _sized(distributions.normal),
    "rand_like": _like(distributions.uniform),
    "randn_like": _like(distributions.normal),
    "randint_like": _like(lambda shape, **options: integer_draws.random_integers(shape, **options)),
    "randint": _randint,
    "randperm": _randperm,
    "multinomial": _multinomial,
    "bernoulli": _bernoulli,
    "normal": _normal,
    "Generator": Generator,
    "default_generator": generator.default_generator,
    "manual_seed": generator.manual_seed,
    "seed": generator.seed,
    "initial_seed": generator.initial_seed,
    "get_rng_state": generator.get_rng_state,
    "set_rng_state": generator.set_rng_state,
}
