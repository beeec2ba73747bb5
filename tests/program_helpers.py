"""Helpers that the programs of `programs.py` call from another module: resolution must follow them here."""

import math

import numpy as np

RATE = 0.25
WEIGHTS = np.array([0.5, -1.0, 2.0])


def square(x):
    """The square, the shortest helper there is."""
    return x * x


def sigmoid(z):
    """The logistic function, as most people write it."""
    return 1.0 / (1.0 + np.exp(-z))


def normal_cdf(x):
    """The cumulative normal of a Python scalar."""
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def logsumexp(a):
    """log(sum(exp(a))) of a vector, shifted by its largest entry."""
    m = np.max(a)
    return m + np.log(np.sum(np.exp(a - m)))


def affine(x, w=1.5, b=-0.5):
    """A helper with defaults."""
    return w * x + b


def decay(x, n):
    """A helper with a loop of its own and a global of its own module."""
    for _ in range(n):
        x = x - RATE * x * x
    return x


def polar(r, phi):
    """A helper with two results."""
    return r * math.cos(phi), r * math.sin(phi)


def norm_or_zero(v, scale):
    """A helper with a branch and two returns."""
    if scale <= 0.0:
        return 0.0
    return scale * np.sqrt(np.sum(v * v))


def fill_powers(out, x):
    """Store the powers of x into the array it is handed, as a procedure does."""
    p = 1.0
    for i in range(len(out)):
        out[i] = p
        p = p * x
    return out


def weighted(v):
    """A helper that reads an array of its own module."""
    return np.sum(WEIGHTS * v)


class Spring:
    """A small class with state read at each call."""

    def __init__(self, stiffness, rest):
        self.stiffness = stiffness
        self.rest = rest

    def stretch(self, x):
        """How far x is from the rest length."""
        return x - self.rest

    def energy(self, x):
        """The stored energy, through another method."""
        return 0.5 * self.stiffness * self.stretch(x) ** 2
