"""The exponential distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from symdiff.distributions import constraints
from symdiff.distributions.distribution import Distribution, broadcast_all
from symdiff.tensors.names import NAMES as T

__all__ = ["Exponential"]


class Exponential(Distribution):
    """Waiting times.

    Parameters
    ----------
    rate : Tensor or float
        One over the mean.
    validate_args : bool, optional
    """

    arg_constraints: ClassVar = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.rate.reciprocal()

    @property
    def mode(self) -> Any:
        """Where the density is largest."""
        return T["zeros_like"](self.rate)

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.rate.reciprocal()

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.rate.pow(-2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw; gradients flow to the parameter."""
        drawn = T["empty"](self._extended_shape(sample_shape), dtype=self.rate.dtype).exponential_()
        return drawn / self.rate

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        self._validate_sample(value)
        return self.rate.log() - self.rate * value

    def cdf(self, value: Any) -> Any:
        """The probability of what is not larger."""
        self._validate_sample(value)
        return 1 - (-self.rate * value).exp()

    def icdf(self, value: Any) -> Any:
        """The quantile."""
        return -(-value).log1p() / self.rate

    def entropy(self) -> Any:
        """The entropy."""
        return 1.0 - self.rate.log()
