"""Probability distributions: PyTorch's ``torch.distributions``, the usual ones."""

from symdiff.distributions import constraints
from symdiff.distributions.bernoulli import Bernoulli
from symdiff.distributions.categorical import Categorical
from symdiff.distributions.distribution import Distribution
from symdiff.distributions.exponential import Exponential
from symdiff.distributions.independent import Independent
from symdiff.distributions.kl import kl_divergence, register_kl
from symdiff.distributions.laplace import Laplace
from symdiff.distributions.log_normal import LogNormal
from symdiff.distributions.multivariate_normal import MultivariateNormal
from symdiff.distributions.normal import Normal
from symdiff.distributions.one_hot_categorical import OneHotCategorical, OneHotCategoricalStraightThrough
from symdiff.distributions.uniform import Uniform

__all__ = [
    "Bernoulli",
    "Categorical",
    "Distribution",
    "Exponential",
    "Independent",
    "Laplace",
    "LogNormal",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Uniform",
    "constraints",
    "kl_divergence",
    "register_kl",
]
