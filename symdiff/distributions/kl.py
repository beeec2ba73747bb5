"""How far one distribution is from another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.distributions.bernoulli import Bernoulli
from symdiff.distributions.categorical import Categorical
from symdiff.distributions.distribution import Distribution
from symdiff.distributions.exponential import Exponential
from symdiff.distributions.independent import Independent, summed
from symdiff.distributions.laplace import Laplace
from symdiff.distributions.log_normal import LogNormal
from symdiff.distributions.multivariate_normal import MultivariateNormal, half_log_det, mahalanobis
from symdiff.distributions.normal import Normal
from symdiff.distributions.one_hot_categorical import OneHotCategorical
from symdiff.distributions.uniform import Uniform
from symdiff.nn.functional import softplus
from symdiff.tensors.names import NAMES as T

__all__ = ["kl_divergence", "register_kl"]

Formula = Callable[[Any, Any], Any]
_FORMULAS: dict[tuple[type, type], Formula] = {}
_INF = float("inf")


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """Make the decorated function the divergence between distributions of two types."""

    def enter(formula: Formula) -> Formula:
        _FORMULAS[type_p, type_q] = formula
        return formula

    return enter


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """The Kullback-Leibler divergence from ``q`` to ``p``.

    Raises
    ------
    NotImplementedError
        If it is not known for distributions of these types.
    """
    for a in type(p).__mro__:
        for b in type(q).__mro__:
            formula = _FORMULAS.get((a, b))
            if formula is not None:
                return formula(p, q)
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
    )


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(LogNormal, LogNormal)
def _log_normal(p: Any, q: Any) -> Any:
    return _normal(p, q)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    terms = p.probs * (p.logits - q.logits)
    terms = T["where"]((q.probs == 0).expand_as(terms), _INF, terms)
    return T["where"]((p.probs == 0).expand_as(terms), 0.0, terms).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    one = T["where"](p.probs == 0, 0.0, T["where"](q.probs == 0, _INF, one))
    zero = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return one + T["where"](p.probs == 1, 0.0, T["where"](q.probs == 1, _INF, zero))


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    found = ((q.high - q.low) / (p.high - p.low)).log()
    return T["where"]((q.low > p.low) | (q.high < p.high), _INF, found)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, away = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + away / q.scale + ratio * (-away / p.scale).exp() - 1


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be computed"
        )
    spread = mahalanobis(q._factor.unsqueeze(-3), p._factor.mT).sum(-1)
    away = mahalanobis(q._factor, q.loc - p.loc)
    return half_log_det(q._factor) - half_log_det(p._factor) + 0.5 * (spread + away - p.event_shape[0])


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("the two distributions count different dimensions as independent")
    return summed(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)
