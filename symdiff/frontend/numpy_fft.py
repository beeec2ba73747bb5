"""The transforms of `numpy.fft`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError, LocatedValueError
from symdiff.frontend.abstract import Abstract, Complex, Known, is_given
from symdiff.frontend.complex_values import floating, is_zero, made, negated, pair
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_shaping import array_of, static_axis
from symdiff.frontend.subscripts import FULL
from symdiff.frontend.tables import complex_function, function
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import normalise_axis, require_same
from symdiff.ops.sizes import at_least, at_most, ceil_divide, minus, plus, product
from symdiff.ops.sizes import times as multiple

__all__: list[str] = []

NORMS = {None: "backward", "backward": "backward", "ortho": "ortho", "forward": "forward"}
SWAPPED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


Transform = Callable[..., Abstract]


def _one_axis(of: Any) -> Callable[[Transform], Transform]:
    """Register ``transform(p, a, n, axis, norm)``, with the arguments of numpy.fft's functions of one axis."""

    def register(transform: Transform) -> Transform:
        def handler(
            p: Parser,
            a: Abstract,
            n: Abstract | None = None,
            axis: Abstract | None = None,
            norm: Abstract | None = None,
            out: Abstract | None = None,
        ) -> Abstract:
            _no_out(p, out)
            count = _positive(p, p.dim(n)) if is_given(n) else None
            return transform(p, array_of(p, a), count, axis, _norm(p, norm))

        complex_function(of)(function(of)(handler))
        return transform

    return register


def _several_axes(of: Any, default: tuple[int, ...] | None = None) -> Callable[[Transform], Transform]:
    """Register ``transform(p, a, s, axes, norm)``, with the arguments of numpy.fft's functions of several axes."""

    def register(transform: Transform) -> Transform:
        def handler(
            p: Parser,
            a: Abstract,
            s: Abstract | None = None,
            axes: Abstract | None = None,
            norm: Abstract | None = None,
            out: Abstract | None = None,
        ) -> Abstract:
            _no_out(p, out)
            along = Known(default) if axes is None and default is not None else axes
            return transform(p, array_of(p, a), s, along, _norm(p, norm))

        complex_function(of)(function(of)(handler))
        return transform

    return register


# -- what callers say --------------------------------------------------------------------------------------------------


def _norm(p: Parser, norm: Abstract | None) -> str:
    found = None if norm is None else p.static(norm, "norm=")
    if found not in NORMS:
        p.refuse(LocatedValueError, f'Invalid norm value {found}; should be "backward", "ortho" or "forward".')
    return NORMS[found]


def _no_out(p: Parser, out: Abstract | None) -> None:
    if is_given(out):
        p.unsupported("out= is not supported in numpy.fft", "assign the result: out[...] = ...")


def _axis(p: Parser, axis: Abstract | None, rank: int, default: int = -1) -> int:
    if not rank:
        p.refuse(LocatedValueError, "a Fourier transform takes an array with at least one axis")
    found = default if axis is None else static_axis(p, axis)
    return normalise_axis(p.build, found, rank)


def _axes(p: Parser, s: Abstract | None, axes: Abstract | None, rank: int) -> tuple[list[int], list[Dim | None]]:
    """The axes to transform, and the lengths asked for."""
    lengths = [p.dim(part, "an entry of s") for part in p.items(s)] if is_given(s) else None
    given = static_axis(p, axes) if axes is not None else None
    if given is None:
        given = range(rank) if lengths is None else range(rank - len(lengths), rank)
    found = [normalise_axis(p.build, axis, rank) for axis in ((given,) if isinstance(given, int) else given)]
    if lengths is not None and len(lengths) != len(found):
        p.refuse(LocatedValueError, "Shape and axes have different lengths.")
    if not found:
        p.unsupported("a Fourier transform along no axis is not supported", "say which axes=")
    sizes: list[Dim | None] = [None] * len(found) if lengths is None else list(lengths)
    return found, sizes


def _positive(p: Parser, n: Dim) -> Dim:
    """Refuse a transform of no points, now or when the program runs."""
    message = "Invalid number of FFT data points (0) specified."
    if isinstance(n, int):
        if n < 1:
            p.refuse(LocatedValueError, message.replace("0", str(n)))
    else:
        require_same(p.build, n, at_least(p.build, n, 1), message)
    return n


# -- parts side by side ------------------------------------------------------------------------------------------------


def _packed(p: Parser, item: Abstract) -> Value:
    """Real and imaginary parts along a new last axis."""
    parts = []
    for part in pair(p, item):
        parts.append(p.emit("reshape", part, shape=(*part.type.shape, 1)))
    return p.emit("concatenate", *parts, axis=parts[0].type.rank - 1)


def _unpacked(p: Parser, packed: Value, factor: Value | None) -> Complex:
    entries = (*[FULL] * (packed.type.rank - 1), ("int",))
    re, im = (p.emit("index", packed, p.constant(k), index=entries) for k in (0, 1))
    return made(p, _scaled(p, re, factor), _scaled(p, im, factor))


def _scaled(p: Parser, value: Value, factor: Value | None) -> Value:
    return value if factor is None else p.emit("multiply", value, factor)


def _factor(p: Parser, sizes: Sequence[Dim], norm: str, *, inverse: bool) -> Value | None:
    """What the transforms are multiplied by; None for nothing."""
    if inverse:
        norm = SWAPPED[norm]
    if norm == "backward":
        return None
    count = product(p.build, sizes)
    if isinstance(count, int):
        return p.constant(1.0 / (count**0.5 if norm == "ortho" else count))
    size = p.emit("convert", p.build.size(count), dtype="float64", kind="python")
    return p.emit("divide", p.constant(1.0), p.emit("sqrt", size) if norm == "ortho" else size)


def _resized(p: Parser, value: Value, axis: int, n: Dim | None) -> Value:
    """The first n along an axis, filled up with zeros."""
    have = value.type.shape[axis]
    if n is None or n is have or (isinstance(n, int) and n == have):
        return value
    shape = (*value.type.shape[:axis], n, *value.type.shape[axis + 1 :])
    shorter = at_most(p.build, have, n)
    place, operands = (("slice", None, shorter, None), ()) if isinstance(shorter, int) else _until(shorter)
    index = (*[FULL] * axis, place, *[FULL] * (value.type.rank - axis - 1))
    first = value if shorter is have else p.emit("index", value, *operands, index=index)
    if isinstance(n, int) and isinstance(have, int) and n < have:
        return first
    zeros = p.emit("full", p.constant(0.0), shape=shape, dtype=value.type.dtype)
    return p.emit("put", zeros, first, *operands, index=index)


def _until(stop: Value) -> tuple[tuple[Any, ...], tuple[Value, ...]]:
    return ("slice", None, "in", None), (stop,)


# -- complex to complex ------------------------------------------------------------------------------------------------


def _transform(
    p: Parser, packed: Value, axes: Sequence[int], sizes: Sequence[Dim | None], *, inverse: bool
) -> tuple[Value, list[Dim]]:
    """Transforms along several axes, the last one first; and how many points they had."""
    counts: list[Dim] = []
    for axis, n in reversed(list(zip(axes, sizes, strict=True))):
        counts.append(_positive(p, packed.type.shape[axis] if n is None else _whole(n, packed, axis)))
        packed = _resized(p, packed, axis, counts[-1])
        packed = p.emit("fourier_inverse" if inverse else "fourier", packed, axis=axis)
    return packed, counts


def _whole(n: Dim, value: Value, axis: int) -> Dim:
    """In ``s`` -1 stands for the whole axis."""
    return value.type.shape[axis] if isinstance(n, int) and n == -1 else n


def _one(p: Parser, a: Abstract, n: Dim | None, axis: Abstract | None, norm: str, *, inverse: bool) -> Complex:
    packed = _packed(p, a)
    place = _axis(p, axis, packed.type.rank - 1)
    found, counts = _transform(p, packed, [place], [n], inverse=inverse)
    return _unpacked(p, found, _factor(p, counts, norm, inverse=inverse))


def _several(
    p: Parser, a: Abstract, s: Abstract | None, axes: Abstract | None, norm: str, *, inverse: bool
) -> Complex:
    packed = _packed(p, a)
    places, sizes = _axes(p, s, axes, packed.type.rank - 1)
    found, counts = _transform(p, packed, places, sizes, inverse=inverse)
    return _unpacked(p, found, _factor(p, counts, norm, inverse=inverse))


_one_axis(np.fft.fft)(partial(_one, inverse=False))
_one_axis(np.fft.ifft)(partial(_one, inverse=True))
_several_axes(np.fft.fft2, (-2, -1))(partial(_several, inverse=False))
_several_axes(np.fft.ifft2, (-2, -1))(partial(_several, inverse=True))
_several_axes(np.fft.fftn)(partial(_several, inverse=False))
_several_axes(np.fft.ifftn)(partial(_several, inverse=True))


# -- real to complex ---------------------------------------------------------------------------------------------------


def _half(p: Parser, n: Dim) -> Dim:
    """``n // 2 + 1``."""
    return plus(p.build, p.build.hoist(ceil_divide(p.build, minus(p.build, n, 1), 2)), 1)


def _real_value(p: Parser, item: Abstract, name: str) -> Value:
    if isinstance(item, Complex):
        p.refuse(LocatedTypeError, f"{name} takes real numbers", "use fft, or take .real")
    return floating(p, p.value(item))


def _forward_real(p: Parser, value: Value, axis: int, n: Dim | None) -> tuple[Value, Dim]:
    """The half spectrum, parts side by side, and the number of points."""
    count = _positive(p, value.type.shape[axis] if n is None else _whole(n, value, axis))
    return p.emit("real_fourier", _resized(p, value, axis, count), axis=axis, length=_half(p, count)), count


@_one_axis(np.fft.rfft)
def rfft(p: Parser, a: Abstract, n: Dim | None, axis: Abstract | None, norm: str, name: str = "rfft") -> Complex:
    """``np.fft.rfft``."""
    value = _real_value(p, a, name)
    place = _axis(p, axis, value.type.rank)
    packed, count = _forward_real(p, value, place, n)
    return _unpacked(p, packed, _factor(p, [count], norm, inverse=False))


@_one_axis(np.fft.ihfft)
def ihfft(p: Parser, a: Abstract, n: Dim | None, axis: Abstract | None, norm: str) -> Complex:
    """``np.fft.ihfft``: the conjugate of ``rfft`` with the other normalisation."""
    re, im = pair(p, rfft(p, a, n, axis, SWAPPED[norm], "ihfft"))
    return made(p, re, negated(p, im))


@_several_axes(np.fft.rfft2, (-2, -1))
@_several_axes(np.fft.rfftn)
def rfftn(p: Parser, a: Abstract, s: Abstract | None, axes: Abstract | None, norm: str) -> Complex:
    """``np.fft.rfftn``."""
    value = _real_value(p, a, "rfftn")
    places, sizes = _axes(p, s, axes, value.type.rank)
    packed, count = _forward_real(p, value, places[-1], sizes[-1])
    packed, counts = _transform(p, packed, places[:-1], sizes[:-1], inverse=False)
    return _unpacked(p, packed, _factor(p, [count, *counts], norm, inverse=False))


# -- complex to real ---------------------------------------------------------------------------------------------------


def _backward_real(p: Parser, packed: Value, axis: int, n: Dim | None) -> tuple[Value, Dim]:
    """The real signal of a half spectrum, and the number of its points."""
    if n is None:
        n = p.build.hoist(multiple(p.build, minus(p.build, packed.type.shape[axis], 1), 2))
    n = _positive(p, _whole(n, packed, axis))
    packed = _resized(p, packed, axis, _half(p, n))
    return p.emit("real_fourier_inverse", packed, axis=axis, length=n), n


@_one_axis(np.fft.irfft)
def irfft(p: Parser, a: Abstract, n: Dim | None, axis: Abstract | None, norm: str) -> Abstract:
    """``np.fft.irfft``."""
    packed = _packed(p, a)
    place = _axis(p, axis, packed.type.rank - 1)
    value, count = _backward_real(p, packed, place, n)
    return p.wrap(_scaled(p, value, _factor(p, [count], norm, inverse=True)), contiguous=True)


@_one_axis(np.fft.hfft)
def hfft(p: Parser, a: Abstract, n: Dim | None, axis: Abstract | None, norm: str) -> Abstract:
    """``np.fft.hfft``: ``irfft`` of the conjugate, with the other normalisation."""
    re, im = pair(p, a)
    conjugate = made(p, re, im if is_zero(p, im) else negated(p, im))
    return irfft(p, conjugate, n, axis, SWAPPED[norm])


@_several_axes(np.fft.irfft2, (-2, -1))
@_several_axes(np.fft.irfftn)
def irfftn(p: Parser, a: Abstract, s: Abstract | None, axes: Abstract | None, norm: str) -> Abstract:
    """``np.fft.irfftn``: the last axis last, where the signal becomes real."""
    packed = _packed(p, a)
    places, sizes = _axes(p, s, axes, packed.type.rank - 1)
    first = list(reversed(places[:-1])), list(reversed(sizes[:-1]))
    packed, counts = _transform(p, packed, *first, inverse=True)
    value, count = _backward_real(p, packed, places[-1], sizes[-1])
    return p.wrap(_scaled(p, value, _factor(p, [*counts, count], norm, inverse=True)), contiguous=True)
