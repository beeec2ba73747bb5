"""Zeros and ones."""

from __future__ import annotations

from typing import Any, ClassVar

from symdiff.distributions import constraints
from symdiff.distributions.distribution import (
    Distribution,
    broadcast_all,
    logits_to_probs,
    one_given,
    probs_to_logits,
)
from symdiff.nn.functional import binary_cross_entropy_with_logits
from symdiff.tensors.grad_mode import enable_grad, no_grad
from symdiff.tensors.names import NAMES as T

__all__ = ["Bernoulli"]


class Bernoulli(Distribution):
    """Ones with some probability, else zeros.

    Parameters
    ----------
    probs : Tensor or float, optional
    logits : Tensor or float, optional
        The log-odds, instead.
    validate_args : bool, optional
    """

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        one_given(probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
        else:
            (self.logits,) = broadcast_all(logits)
        given = self.probs if probs is not None else self.logits
        super().__init__(given.shape, validate_args=validate_args)

    def __getattr__(self, name: str) -> Any:
        # what is kept is differentiable, though it may be needed first where nothing is recorded
        with enable_grad():
            if name == "logits" and "probs" in self.__dict__:
                self.logits = probs_to_logits(self.probs, is_binary=True)
                return self.logits
            if name == "probs" and "logits" in self.__dict__:
                self.probs = logits_to_probs(self.logits, is_binary=True)
                return self.probs
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The more probable of the two; nan where they are alike."""
        likely = (self.probs >= 0.5).type_as(self.probs)
        return T["where"](self.probs == 0.5, T["full_like"](self.probs, float("nan")), likely)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw."""
        with no_grad():
            return T["bernoulli"](self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        """The entropy."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        """Zero and one, along a new first dimension."""
        values = T["arange"](2, dtype=self.probs.dtype).view(-1, *[1] * len(self.batch_shape))
        return values.expand(-1, *self.batch_shape) if expand else values
