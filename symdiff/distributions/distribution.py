"""What all distributions share: shapes, and the check of parameters and values."""

from __future__ import annotations

from typing import Any, ClassVar

from symdiff.distributions.constraints import Constraint
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.names import NAMES as T
from symdiff.tensors.size import Size
from symdiff.tensors.tensor import Tensor

__all__ = ["Distribution", "broadcast_all", "logits_to_probs", "one_given", "probs_to_logits", "standard_normal"]


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Numbers and tensors as tensors of one shape; numbers take the dtype of the first tensor."""
    for value in values:
        if not isinstance(value, Tensor | int | float):
            raise ValueError("Input arguments must all be instances of Number, torch.Tensor or objects of a subclass.")
    kinds = [v.dtype for v in values if isinstance(v, Tensor)]
    dtype = kinds[0] if kinds and kinds[0].is_floating_point else T["get_default_dtype"]()
    tensors = [v if isinstance(v, Tensor) else T["tensor"](v, dtype=dtype) for v in values]
    return tuple(T["broadcast_tensors"](*tensors))


def standard_normal(shape: Size, like: Tensor) -> Any:
    """Standard normal numbers."""
    return T["normal"](T["zeros"](shape, dtype=like.dtype), T["ones"](shape, dtype=like.dtype))


def one_given(probs: Any, logits: Any) -> None:
    """Refuse none or both of the two ways to give probabilities."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


def logits_to_probs(logits: Any, *, is_binary: bool = False) -> Any:
    """Probabilities from their logarithms, or from log-odds."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def probs_to_logits(probs: Any, *, is_binary: bool = False) -> Any:
    """Logarithms, or log-odds; what is next to zero or one is moved away from it."""
    eps = T["finfo"](probs.dtype).eps
    inside = probs.clamp(eps, 1 - eps)
    return inside.log() - (-inside).log1p() if is_binary else inside.log()


class Distribution:
    """The base of distributions.

    Parameters
    ----------
    batch_shape : Size
        The shape of the parameters: one distribution each.
    event_shape : Size
        The shape of one draw.
    validate_args : bool, optional
        Whether parameters and values are checked; they are, if nothing is said.
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: ClassVar[dict[str, Constraint]] = {}
    _validate_args = __debug__

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions made from now on check what they are given."""
        if value not in (True, False):
            raise ValueError("set_default_validate_args takes True or False")
        Distribution._validate_args = value

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            if name not in self.__dict__:
                continue
            value = self.__dict__[name]
            if not bool(constraint.check(value.detach()).all()):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw."""
        return self._event_shape

    @property
    def support(self) -> Any:
        """What can be drawn."""
        raise NotImplementedError

    @property
    def mean(self) -> Any:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        """Where the density is largest."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw; no gradient flows through what is drawn."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw; gradients flow to the parameters."""
        raise NotImplementedError

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or of the probability."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Any:
        """The probability of what is not larger."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Any:
        """The quantile."""
        raise NotImplementedError

    def entropy(self) -> Any:
        """The entropy in nats."""
        raise NotImplementedError

    def perplexity(self) -> Any:
        """The exponential of the entropy."""
        return self.entropy().exp()

    def enumerate_support(self, expand: bool = True) -> Any:
        """All that can be drawn, along a new first dimension."""
        raise NotImplementedError

    def expand(self, batch_shape: Any) -> Any:
        """The same distribution with its parameters broadcast to a shape."""
        made = type(self).__new__(type(self))
        event = {name: c.event_dim for name, c in self.arg_constraints.items() if name in self.__dict__}
        for name, value in self.__dict__.items():
            if isinstance(value, Tensor):
                shape = tuple(value.shape)
                made.__dict__[name] = value.expand(  # type: ignore[attr-defined]
                    *batch_shape, *shape[len(shape) - event.get(name, 0) :]
                )
            else:
                made.__dict__[name] = value
        made._batch_shape = Size(batch_shape)
        return made

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        wanted, shape = (*self._batch_shape, *self._event_shape), tuple(value.shape)
        event = len(self._event_shape)
        if event > len(shape) or shape[len(shape) - event :] != tuple(self._event_shape):
            raise ValueError(
                f"The right-most size of value must match event_shape: {list(shape)} vs {list(self._event_shape)}."
            )
        for n, m in zip(reversed(shape), reversed(wanted), strict=False):
            if n != 1 and m != 1 and n != m:
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"torch.Size({list(shape)}) vs torch.Size({list(wanted)})."
                )
        try:
            support = self.support
        except NotImplementedError:
            return
        if not bool(support.check(value.detach()).all()):
            raise ValueError(
                f"Expected value argument (Tensor of shape {shape}) to be within the support ({support!r}) of the "
                f"distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        shown = []
        for name in self.arg_constraints:
            value = self.__dict__.get(name)
            if value is not None:
                shown.append(f"{name}: {value if value.numel() == 1 else value.size()}")
        return f"{type(self).__name__}({', '.join(shown)})"
