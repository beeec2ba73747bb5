# mypy: disable-error-code="no-untyped-def, no-untyped-call"
"""What the rows of :mod:`.complex_parts` mean with NumPy; their text is printed above programs that use them."""

import numpy as np

__all__ = [
    "exp_cos",
    "exp_sin",
    "log_modulus",
    "quotient_imag",
    "quotient_real",
    "root_imag",
    "root_real",
    "zero_times",
]



def exp_cos(x, y):
    """The real part of exp(x + iy)."""
    large = x > 80.0
    root = np.exp(np.where(large, 0.5 * x, x))
    return root * np.cos(y) * np.where(large, root, 1.0)


def exp_sin(x, y):
    """The imaginary part of exp(x + iy)."""
    large = x > 80.0
    root, sine = np.exp(np.where(large, 0.5 * x, x)), np.sin(y)
    return np.where(sine == 0.0, sine, root * sine * np.where(large, root, 1.0))


def quotient_real(a, b, c, d):
    """The real part of (a + ib) / (c + id)."""
    swap = np.abs(c) < np.abs(d)
    big, small = np.where(swap, d, c), np.where(swap, c, d)
    ratio = small / big
    above = np.where(big == 0.0, a, np.where(swap, b, a) + np.where(swap, a, b) * ratio)
    return above / np.where(big == 0.0, np.abs(c), big + small * ratio)


def quotient_imag(a, b, c, d):
    """The imaginary part of (a + ib) / (c + id)."""
    swap = np.abs(c) < np.abs(d)
    big, small = np.where(swap, d, c), np.where(swap, c, d)
    ratio = small / big
    above = np.where(big == 0.0, b, np.where(swap, b * ratio - a, b - a * ratio))
    return above / np.where(big == 0.0, np.abs(c), big + small * ratio)


def root_real(x, y):
    """The real part of the square root of x + iy."""
    big = np.maximum(np.abs(x), np.abs(y)) > 1.0
    u, v = np.where(big, x * 0.125, x * 8.0), np.where(big, y * 0.125, y * 8.0)
    root = np.sqrt(np.abs(u) + np.hypot(u, v))
    large = np.where(big, root * 2.0, root * 0.25)
    small = np.abs(y) / np.where((large == 0.0) | np.isinf(y), 1.0, 2.0 * large)
    return np.where(x < 0.0, small, large)


def root_imag(x, y):
    """The imaginary part of the square root of x + iy."""
    big = np.maximum(np.abs(x), np.abs(y)) > 1.0
    u, v = np.where(big, x * 0.125, x * 8.0), np.where(big, y * 0.125, y * 8.0)
    root = np.sqrt(np.abs(u) + np.hypot(u, v))
    large = np.where(big, root * 2.0, root * 0.25)
    small = np.abs(y) / np.where((large == 0.0) | np.isinf(y), 1.0, 2.0 * large)
    return np.copysign(np.where(x < 0.0, large, small), y)


def log_modulus(x, y):
    """The logarithm of the modulus of x + iy."""
    a, b = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    huge, tiny = a > 1e300, a < 1e-290
    u = np.where(huge, x * 0.125, np.where(tiny, x * 2.0**60, x))
    v = np.where(huge, y * 0.125, np.where(tiny, y * 2.0**60, y))
    modulus = np.hypot(u, v)
    log = np.log(modulus)
    log = np.where(huge, log + 2.0794415416798357, np.where(tiny, log - 41.58883083359672, log))
    near = (modulus >= 0.71) & (modulus <= 1.73)
    close = 0.5 * np.log1p(np.where(near, (a - 1.0) * (a + 1.0) + b * b, 0.0))
    return np.where(near, close, log)


def zero_times(zero, x):
    """A zero, whose sign says on which side of a branch cut a number lies."""
    return zero * x
