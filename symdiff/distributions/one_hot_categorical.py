"""One of several classes, as a row with a single one."""

from __future__ import annotations

from typing import Any, ClassVar

from symdiff.distributions import constraints
from symdiff.distributions.categorical import Categorical
from symdiff.distributions.distribution import Distribution
from symdiff.nn.functional import one_hot
from symdiff.tensors.names import NAMES as T

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(Distribution):
    """Rows with a one at a drawn place, else zeros.

    Parameters
    ----------
    probs, logits : Tensor, optional
        As of `Categorical`.
    validate_args : bool, optional
    """

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The most probable row."""
        return one_hot(self._categorical.mode, self.probs.shape[-1]).type_as(self.probs)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw."""
        return one_hot(self._categorical.sample(sample_shape), self.probs.shape[-1]).type_as(self.probs)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        self._validate_sample(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Any:
        """The entropy."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        """All rows, along a new first dimension."""
        count = self.event_shape[0]
        values = T["eye"](count, dtype=self.probs.dtype).view(count, *[1] * len(self.batch_shape), count)
        return values.expand(count, *self.batch_shape, count) if expand else values

    def expand(self, batch_shape: Any) -> Any:
        """The same distribution with its parameters broadcast to a shape."""
        return type(self)(probs=self.probs.expand(*batch_shape, self.probs.shape[-1]), validate_args=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same; gradients flow through a draw as if it were the probabilities."""

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw; gradients flow to the probabilities."""
        drawn = self.sample(sample_shape)
        return drawn + (self.probs - self.probs.detach())
