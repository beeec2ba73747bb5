"""Fourier transforms of parts: real and imaginary part of a number lie side by side along the last axis.

That is how complex arrays lie in memory, so native code passes them to NumPy's own loops as they are. ``axis`` counts
the axes before the last one. The transforms are not normalised: who calls multiplies by a number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import DtypeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.comparison import equal, logical_or, where
from symdiff.ops.creation import arange, length_text
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.shaping import reshape

__all__ = ["fourier", "fourier_inverse", "real_fourier", "real_fourier_inverse"]


def _complex(z: Any) -> Any:
    """The complex array that the parts are."""
    z = np.ascontiguousarray(z)
    return z.view(np.result_type(z, np.complex64))[..., 0]


def _parts(z: Any) -> Any:
    z = np.ascontiguousarray(z)
    return z.view(z.real.dtype).reshape(*z.shape, 2)


def _single(build: Builder, inputs: tuple[Value, ...]) -> Type:
    (x,) = inputs
    if not x.type.is_float:
        build.refuse(DtypeError, f"a Fourier transform takes floats, not {x.type.dtype}", "convert with .astype(float)")
    return x.type


def _infer_complex(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    return Type(_single(build, inputs).dtype, inputs[0].type.shape, "numpy")


def _with_length(shape: tuple[Dim, ...], attrs: dict[str, Any]) -> tuple[Dim, ...]:
    axis = attrs["axis"]
    return (*shape[:axis], attrs["length"], *shape[axis + 1 :])


def _infer_forward(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    type_ = _single(build, inputs)
    return Type(type_.dtype, (*_with_length(type_.shape, attrs), 2), "numpy")


def _infer_backward(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    type_ = _single(build, inputs)
    return Type(type_.dtype, _with_length(type_.shape[:-1], attrs), "numpy")


def _text(name: str, *, length: bool = False) -> Any:
    def text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
        size = f", {length_text(attrs['length'], show_shape)}" if length else ""
        return f"{name}({arguments[0]}{size}, axis={attrs['axis']})"

    return text


# -- complex numbers to complex numbers --------------------------------------------------------------------------------


def _helper(name: str, norm: str) -> str:
    return f'''def {name}_parts(z, axis):
    """np.fft.{name}, unscaled, of real and imaginary parts along the last axis."""
    w = np.fft.{name}(z[..., 0] + 1j * z[..., 1], axis=axis{norm})
    return np.stack((w.real, w.imag), axis=-1)
'''


# The adjoint of a transform is the one with the conjugate factors.
fourier: Primitive = primitive(
    "fourier",
    infer=_infer_complex,
    numpy=lambda x, axis: _parts(np.fft.fft(_complex(x), axis=axis)),
    python=_text("fft_parts"),
    helper=_helper("fft", ""),
    vjp=(lambda g, y, x, axis: fourier_inverse(g, axis=axis),),
    linear=True,
    cost=50.0,
)
fourier_inverse: Primitive = primitive(
    "fourier_inverse",
    infer=_infer_complex,
    numpy=lambda x, axis: _parts(np.fft.ifft(_complex(x), axis=axis, norm="forward")),
    python=_text("ifft_parts"),
    helper=_helper("ifft", ', norm="forward"'),
    vjp=(lambda g, y, x, axis: fourier(g, axis=axis),),
    linear=True,
    cost=50.0,
)

# -- real numbers to the first half of the spectrum, and back ----------------------------------------------------------


def _weighted(z: Any, axis: int, length: Dim, weight: float) -> Any:
    """The half spectrum of a signal of some length times a weight, but for the frequencies that it has once."""
    build = z.build
    ends = build.constant(0), build.constant(1)
    half = z.shape[axis]
    k = Traced(build, build.add(arange, *ends, length=half, dtype="int64"))
    single = logical_or(equal(k, 0), equal(k * 2, Traced(build, build.size(length))))
    factors = reshape(where(single, 1.0, weight), shape=(half, *(1,) * (z.rank - axis - 1)))
    return z * factors


# What the rows of the half spectrum stand for: a frequency between the first and the middle one stands for its mirror
# image too.
real_fourier: Primitive = primitive(
    "real_fourier",
    infer=_infer_forward,
    numpy=lambda x, axis, length: _parts(np.fft.rfft(x, axis=axis)),
    python=_text("rfft_parts"),
    helper='''def rfft_parts(x, axis):
    """np.fft.rfft, with real and imaginary parts along the last axis."""
    w = np.fft.rfft(x, axis=axis)
    return np.stack((w.real, w.imag), axis=-1)
''',
    vjp=(
        lambda g, y, x, axis, length: real_fourier_inverse(
            _weighted(g, axis, x.shape[axis], 0.5), axis=axis, length=x.shape[axis]
        ),
    ),
    linear=True,
    cost=50.0,
)
real_fourier_inverse: Primitive = primitive(
    "real_fourier_inverse",
    infer=_infer_backward,
    numpy=lambda z, axis, length: np.fft.irfft(_complex(z), length, axis=axis, norm="forward"),
    python=_text("irfft_parts", length=True),
    helper='''def irfft_parts(z, n, axis):
    """np.fft.irfft to n numbers, unscaled, of real and imaginary parts along the last axis."""
    return np.fft.irfft(z[..., 0] + 1j * z[..., 1], n, axis=axis, norm="forward")
''',
    vjp=(lambda g, y, z, axis, length: _weighted(real_fourier(g, axis=axis, length=z.shape[axis]), axis, length, 2.0),),
    linear=True,
    cost=50.0,
)
