"""The uniform distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from symdiff.distributions import constraints
from symdiff.distributions.distribution import Distribution, broadcast_all
from symdiff.tensors.names import NAMES as T

__all__ = ["Uniform"]


class Uniform(Distribution):
    """Numbers between two bounds.

    Parameters
    ----------
    low, high : Tensor or float
    validate_args : bool, optional
    """

    arg_constraints: ClassVar = {"low": constraints.real, "high": constraints.real}
    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate_args and not bool((self.low < self.high).all()):
            raise ValueError(
                f"Expected parameter low (Tensor of shape {tuple(self.low.shape)}) of distribution {self!r} to satisfy "
                f"the constraint LessThan(upper_bound={self.high}), but found invalid values:\n{self.low}"
            )

    @property
    def support(self) -> Any:
        """What can be drawn."""
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Any:
        """The mean."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Any:
        """There is none: nan."""
        return float("nan") * self.high

    @property
    def variance(self) -> Any:
        """The variance."""
        return (self.high - self.low).pow(2) / 12

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return (self.high - self.low) / 12**0.5

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw; gradients flow to the parameters."""
        drawn = T["rand"](self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + drawn * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        self._validate_sample(value)
        inside = (self.low <= value).type_as(self.low) * (self.high > value).type_as(self.low)
        return inside.log() - (self.high - self.low).log()

    def cdf(self, value: Any) -> Any:
        """The probability of what is not larger."""
        self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Any) -> Any:
        """The quantile."""
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        """The entropy."""
        return (self.high - self.low).log()
