"""Random generators for the oracles: NumPy draws the standard numbers, other numbers are made from them exactly."""

from typing import Any

import numpy as np


class Draws:
    """A generator whose location and scale may be numbers of another kind.

    Parameters
    ----------
    generator : np.random.Generator or np.random.RandomState
    lift : callable
        Makes numbers of that kind of floats and arrays of them.
    """

    def __init__(self, generator: Any, lift: Any):
        self.generator, self.lift = generator, lift

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.generator, name)

        def draw(*arguments: Any, **options: Any) -> Any:
            found = method(*arguments, **options)
            floats = isinstance(found, float) or (isinstance(found, np.ndarray) and found.dtype == float)
            return self.lift(found) if floats else found

        return draw

    def located(self, standard: str, location: Any, scale: Any, size: Any, **options: Any) -> Any:
        """location + scale * z in the kind of number that they have."""
        shape = np.broadcast_shapes(np.shape(location), np.shape(scale)) or None if size is None else size
        return location + scale * self.lift(getattr(self.generator, standard)(size=shape, **options))

    def normal(self, loc=0.0, scale=1.0, size=None):
        return self.located("standard_normal", loc, scale, size)

    def uniform(self, low=0.0, high=1.0, size=None):
        legacy = isinstance(self.generator, np.random.RandomState)
        return self.located("random_sample" if legacy else "random", low, high - low, size)

    def exponential(self, scale=1.0, size=None):
        return self.located("standard_exponential", 0.0, scale, size)

    def gamma(self, shape, scale=1.0, size=None):
        return self.located("standard_gamma", 0.0, scale, size, shape=float(shape))

    def permutation(self, x):
        if np.ndim(x) == 0:
            return self.generator.permutation(int(x))
        return x[self.generator.permutation(len(x))]

    def shuffle(self, x):
        x[...] = x[self.generator.permutation(len(x))]

    def choice(self, a, size=None, replace=True, p=None):
        order = self.generator.choice(int(a) if np.ndim(a) == 0 else len(a), size, replace=replace, p=p)
        return order if np.ndim(a) == 0 else a[order]


class Random:
    """`np.random`."""

    def __init__(self, lift: Any):
        self.lift = lift

    def default_rng(self, seed: Any = None) -> Draws:
        return Draws(np.random.default_rng(seed), self.lift)

    def RandomState(self, seed: Any = None) -> Draws:
        return Draws(np.random.RandomState(seed), self.lift)
