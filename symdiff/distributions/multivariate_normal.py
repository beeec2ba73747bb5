"""Normal vectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from symdiff.distributions import constraints
from symdiff.distributions.distribution import Distribution, standard_normal
from symdiff.tensors.grad_mode import enable_grad
from symdiff.tensors.names import NAMES as T

__all__ = ["MultivariateNormal", "half_log_det", "mahalanobis"]


def mahalanobis(factor: Any, x: Any) -> Any:
    """The squared length of vectors in units of a covariance, of which a triangular factor is given."""
    shape = T["broadcast_shapes"](tuple(factor.shape[:-1]), tuple(x.shape))
    wide = factor.tril().expand(*shape, factor.shape[-1])
    return T["linalg"].solve(wide, x.expand(*shape).unsqueeze(-1)).squeeze(-1).pow(2).sum(-1)


def half_log_det(factor: Any) -> Any:
    """Half the logarithm of the determinant of a covariance, of which a triangular factor is given."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class MultivariateNormal(Distribution):
    """Normal vectors.

    Parameters
    ----------
    loc : Tensor
        The mean.
    covariance_matrix, precision_matrix, scale_tril : Tensor, optional
        One of them: the covariance, its inverse, or its lower triangular factor.
    validate_args : bool, optional
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        named = {
            "covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril,
        }  # fmt: skip
        given = [(name, value) for name, value in named.items() if value is not None]
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        name, matrix = given[0]
        if matrix.dim() < 2:
            raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        size = loc.shape[-1]
        batch = T["broadcast_shapes"](tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        self.loc = loc.expand(*batch, size)
        setattr(self, name, matrix.expand(*batch, size, size))
        super().__init__(batch, (size,), validate_args=validate_args)
        if name == "precision_matrix":
            matrix = T["linalg"].inv(matrix)
        self._factor = matrix if name == "scale_tril" else T["linalg"].cholesky(matrix)

    def __getattr__(self, name: str) -> Any:
        if "_factor" not in self.__dict__ or name not in ("covariance_matrix", "precision_matrix", "scale_tril"):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        with enable_grad():
            found = self._factor.expand(*self.batch_shape, *self.event_shape, *self.event_shape)
            if name != "scale_tril":
                found = found @ found.mT
            if name == "precision_matrix":
                found = T["linalg"].inv(found)
        setattr(self, name, found)
        return found

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc

    mode = mean

    @property
    def variance(self) -> Any:
        """The variance of each element."""
        return self._factor.pow(2).sum(-1).expand(*self.batch_shape, *self.event_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw; gradients flow to the parameters."""
        drawn = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._factor @ drawn.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        self._validate_sample(value)
        squared = mahalanobis(self._factor, value - self.loc)
        size = self.event_shape[0]
        return -0.5 * (size * math.log(2 * math.pi) + squared) - half_log_det(self._factor)

    def entropy(self) -> Any:
        """The entropy."""
        found = 0.5 * self.event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det(self._factor)
        return found.expand(*self.batch_shape) if len(self.batch_shape) else found

    def expand(self, batch_shape: Any) -> MultivariateNormal:
        """The same distribution with its parameters broadcast to a shape."""
        size = self.event_shape[0]
        return MultivariateNormal(
            self.loc.expand(*batch_shape, size), scale_tril=self.scale_tril.expand(*batch_shape, size, size)
        )
