"""Standard normal numbers by the Box-Muller transform, operation for operation as PyTorch's CPU kernels do it.

There are two ways. Arrays of 16 elements and more are made in groups of 16: 8 radii and 8 angles give 8 cosines and 8
sines; what is left over is covered by a last group that overlaps the one before. In float32 that way has its own
logarithm, sine and cosine: Cephes's polynomials in single precision, with fused multiply-adds. It is the way of every
x86-64 processor with AVX2 (or AVX-512); where PyTorch has none (ARM, say) its last digits differ. Smaller and
non-contiguous arrays take pairs one after another, in float64 whatever the dtype; the generator keeps the second
number of the last pair when their count is odd.

In float64 the logarithm, sine and cosine are the C library's, as in PyTorch: NumPy's own may differ in the last digit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from symdiff.tensors.generator import Generator

__all__ = ["c_library", "fused", "grouped", "pairwise", "unit_uniform"]

Operand = np.ndarray | np.float32 | np.float64

GROUP = 16
BLOCK = 2048  # groups worked on at a time, so that the temporaries stay in the cache
FLOAT = np.float32
TWO_PI = 2.0 * math.pi

# Cephes: log(1 + x) on [sqrt(1/2) - 1, sqrt(2) - 1], and ln 2 in two parts.
LOG_POLYNOMIAL = [
    FLOAT(c)
    for c in (
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    )
]
SQRT_HALF, LN2_HIGH, LN2_LOW = FLOAT(0.70710678118654752), FLOAT(0.693359375), FLOAT(-2.12194440e-4)
# Cephes: sine and cosine on [-pi/4, pi/4], and -pi/4 in three parts.
SIN_POLYNOMIAL = [FLOAT(c) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)]
COS_POLYNOMIAL = [FLOAT(c) for c in (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)]
MINUS_PI_4 = [FLOAT(c) for c in (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)]
FOUR_OVER_PI = FLOAT(1.27323954473516)

TIE = np.int64(1 << 28)  # the bits of a float64 that float32 lacks, when they lie midway


def unit_uniform(count: int, dtype: np.dtype, generator: Generator) -> np.ndarray:
    """Return numbers uniform in [0, 1): 24 random bits each in float32, 53 in float64."""
    if dtype == np.float32:
        return (generator.draw32(count) & np.uint64(2**24 - 1)).astype(np.float32) * FLOAT(2.0**-24)
    return (generator.draw64(count) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53


def c_library(function: Callable[[float], float], array: np.ndarray) -> np.ndarray:
    """Apply a function of the C library to each element (NumPy's vectorised ones may round otherwise)."""
    return np.fromiter(map(function, array.ravel().tolist()), np.float64, array.size).reshape(array.shape)


def fused(a: np.ndarray, b: Operand, c: Operand) -> np.ndarray:
    """Return ``a * b + c`` rounded once, in the dtype of ``a``, which all have."""
    return _fused32(a, b, c) if a.dtype == np.float32 else _fused64(a, b, c)


def _fused32(a: np.ndarray, b: Operand, c: Operand) -> np.ndarray:
    # The product of two float32 is exact in float64. The sum there may be rounded onto a tie of float32 and is then
    # moved off it, to the side where the exact value lies.
    product = a.astype(np.float64) * b.astype(np.float64)
    wide = c.astype(np.float64)
    total = product + wide
    ties = (total.view(np.int64) & np.int64(2 * TIE - 1)) == TIE
    if ties.any():
        error = _sum_error(product, wide, total)
        total = np.where(ties & (error != 0), np.nextafter(total, np.copysign(np.inf, error)), total)
    return total.astype(np.float32)


def _fused64(a: np.ndarray, b: Operand, c: Operand) -> np.ndarray:
    product = a * b
    if not np.any(c):
        return product + c
    a_high, b_high = _upper_half(a), _upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    product_error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    total = product + c
    exact = total + (_sum_error(product, c, total) + product_error)
    return np.where(np.isfinite(exact), exact, total)


def _upper_half(x: Operand) -> np.ndarray:
    scaled = x * np.float64(2**27 + 1)
    return np.asarray(scaled - (scaled - x))


def _sum_error(x: np.ndarray, y: Operand, total: np.ndarray) -> np.ndarray:
    part = total - x
    return np.asarray((x - (total - part)) + (y - part))


# ---- groups of 16 ----------------------------------------------------------------------------------------------------


@np.errstate(over="ignore", invalid="ignore")
def grouped(count: int, mean: float, std: float, dtype: np.dtype, generator: Generator) -> np.ndarray:
    """Return ``count`` (16 or more) normal numbers, as PyTorch fills a contiguous array."""
    uniform = unit_uniform(count + (GROUP if count % GROUP else 0), dtype, generator)
    whole = count - count % GROUP
    out = np.empty(count, dtype)
    scale, shift = dtype.type(std), dtype.type(mean)
    for block in _blocks(whole):
        out[block] = _box_muller(uniform[block], scale, shift)
    if count % GROUP:
        out[-GROUP:] = _box_muller(uniform[count:], scale, shift)
    return out


def _blocks(whole: int) -> Iterator[slice]:
    step = BLOCK * GROUP
    return (slice(start, min(start + step, whole)) for start in range(0, whole, step))


def _box_muller(uniform: np.ndarray, std: Operand, mean: Operand) -> np.ndarray:
    pairs = uniform.reshape(-1, 2, GROUP // 2)
    to_log, turns = 1 - pairs[:, 0], pairs[:, 1]
    out = np.empty_like(pairs)
    if uniform.dtype == np.float32:
        radius = np.sqrt(FLOAT(-2) * _log(to_log))
        sine, cosine = _sine_and_cosine(FLOAT(TWO_PI) * turns)
    else:
        radius = np.sqrt(-2 * c_library(math.log, to_log))
        angle = TWO_PI * turns
        sine, cosine = c_library(math.sin, angle), c_library(math.cos, angle)
    out[:, 0] = fused(radius * cosine, std, mean)
    out[:, 1] = fused(radius * sine, std, mean)
    return out.ravel()


def _polynomial(coefficients: list[np.float32], x: np.ndarray) -> np.ndarray:
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = _fused32(value, x, coefficient)
    return value


def _log(x: np.ndarray) -> np.ndarray:
    """Natural logarithm of float32 numbers in (0, 1]."""
    bits = x.view(np.int32)
    exponent = ((bits >> 23) - 126).astype(FLOAT)
    mantissa = ((bits & 0x7FFFFF) | 0x3F000000).view(FLOAT)  # in [1/2, 1)
    small = mantissa < SQRT_HALF
    exponent = exponent - small.astype(FLOAT)
    x = (mantissa - FLOAT(1)) + np.where(small, mantissa, FLOAT(0))
    square = x * x
    y = _polynomial(LOG_POLYNOMIAL, x) * x
    y = _fused32(y, square, exponent * LN2_LOW) - square * FLOAT(0.5)
    return _fused32(exponent, LN2_HIGH, x + y)


def _sine_and_cosine(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of float32 numbers in [0, 2 pi]."""
    octant = ((x * FOUR_OVER_PI).astype(np.int32) + 1) & ~1
    multiple = octant.astype(FLOAT)
    for part in MINUS_PI_4:
        x = _fused32(multiple, part, x)
    square = x * x
    cosine = _fused32(
        _fused32(np.full_like(x, COS_POLYNOMIAL[0]), square, COS_POLYNOMIAL[1]), square, COS_POLYNOMIAL[2]
    )
    cosine = _fused32(cosine * square, square, -(square * FLOAT(0.5))) + FLOAT(1)
    sine = _fused32(_fused32(np.full_like(x, SIN_POLYNOMIAL[0]), square, SIN_POLYNOMIAL[1]), square, SIN_POLYNOMIAL[2])
    sine = _fused32(sine * square, x, x)
    swapped = (octant & 2) != 0
    first, second = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return np.where(octant & 4, -first, first), np.where((octant - 2) & 4, second, -second)


# ---- pairs one after another -----------------------------------------------------------------------------------------


@np.errstate(over="ignore", invalid="ignore")
def pairwise(count: int, mean: float, std: float, dtype: np.dtype, generator: Generator) -> np.ndarray:
    """Return ``count`` normal numbers, as PyTorch fills a small or non-contiguous array."""
    out = np.empty(count)
    if count == 0:
        return out.astype(dtype)
    kept = generator.take_next_normal()
    start = 0 if kept is None else 1
    if kept is not None:
        out[0] = kept
    uniform = unit_uniform(2 * ((count - start + 1) // 2), np.dtype(np.float64), generator).reshape(-1, 2)
    radius = np.sqrt(-2.0 * c_library(math.log1p, -uniform[:, 1]))
    angle = TWO_PI * uniform[:, 0]
    pairs = np.empty_like(uniform)
    pairs[:, 0] = radius * c_library(math.cos, angle)
    pairs[:, 1] = radius * c_library(math.sin, angle)
    out[start:] = pairs.ravel()[: count - start]
    if (count - start) % 2:
        generator.keep_next_normal(float(pairs[-1, 1]))
    return fused(out, np.float64(std), np.float64(mean)).astype(dtype)
