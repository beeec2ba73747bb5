"""The places of one of several classes."""

from __future__ import annotations

from typing import Any, ClassVar

from symdiff.distributions import constraints
from symdiff.distributions.distribution import Distribution, logits_to_probs, one_given, probs_to_logits
from symdiff.tensors.grad_mode import enable_grad, no_grad
from symdiff.tensors.names import NAMES as T
from symdiff.tensors.size import Size

__all__ = ["Categorical"]


class Categorical(Distribution):
    """Places from 0 on, with given probabilities.

    Parameters
    ----------
    probs : Tensor, optional
        Along the last dimension; they are divided by their sum.
    logits : Tensor, optional
        Their logarithms up to a constant, instead.
    validate_args : bool, optional
    """

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        one_given(probs, logits)
        given = probs if probs is not None else logits
        if given.dim() < 1:
            name = "probs" if probs is not None else "logits"
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if probs is not None:
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
        self._num_events = int(given.shape[-1])
        super().__init__(given.shape[:-1], validate_args=validate_args)

    def __getattr__(self, name: str) -> Any:
        # what is kept is differentiable, though it may be needed first where nothing is recorded
        with enable_grad():
            if name == "logits" and "probs" in self.__dict__:
                self.logits = probs_to_logits(self.probs)
                return self.logits
            if name == "probs" and "logits" in self.__dict__:
                self.probs = logits_to_probs(self.logits)
                return self.probs
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @property
    def support(self) -> Any:
        """What can be drawn."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def param_shape(self) -> Size:
        """The shape of the probabilities."""
        return Size((*self.batch_shape, self._num_events))

    @property
    def mean(self) -> Any:
        """There is none: nan."""
        return T["full"](self.batch_shape, float("nan"), dtype=self.probs.dtype)

    @property
    def variance(self) -> Any:
        """There is none: nan."""
        return self.mean

    @property
    def mode(self) -> Any:
        """The most probable place."""
        return self.probs.argmax(-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw."""
        shape = Size(sample_shape)
        with no_grad():
            drawn = self.probs.detach().reshape(-1, self._num_events).multinomial(shape.numel(), True).T
        return drawn.reshape(self._extended_shape(shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        self._validate_sample(value)
        places, logits = T["broadcast_tensors"](value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, places[..., :1]).squeeze(-1)

    def entropy(self) -> Any:
        """The entropy."""
        logits = self.logits.clamp(min=T["finfo"](self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        """All places, along a new first dimension."""
        values = T["arange"](self._num_events).view(-1, *[1] * len(self.batch_shape))
        return values.expand(-1, *self.batch_shape) if expand else values
