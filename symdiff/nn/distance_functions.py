"""Distances between vectors, and losses made of them, of rankings and of assumed distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from symdiff.nn.activation_functions import FUNCTIONS as ACTIVATIONS
from symdiff.nn.loss_functions import reduction_of, require_reduction
from symdiff.tensors.arithmetic import FUNCTIONS as TENSORS
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.tensor import Tensor

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""


def _reduced(losses: Any, reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> Any:
    reduction = reduction_of(size_average, reduce, reduction)
    require_reduction(reduction)
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


# -- distances ---------------------------------------------------------------------------------------------------------


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors, whose norms count as ``eps`` at least."""
    a, b = TENSORS["broadcast_tensors"](x1, x2)
    lengths = [(x * x).sum(dim, keepdim=True).sqrt().clamp_min(eps) for x in (a, b)]
    return (a / lengths[0] * (b / lengths[1])).sum(dim)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """The norms of ``x1 - x2 + eps`` along the last axis."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def pdist(input: Any, p: float = 2.0) -> Any:
    """The distances between all pairs of rows, each pair once."""
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    count = input.shape[0]
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    if not pairs:
        return input.new_zeros((0,))
    return (input[[i for i, _ in pairs]] - input[[j for _, j in pairs]]).norm(p, -1)


# -- losses ------------------------------------------------------------------------------------------------------------


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """By how much the negative is not ``margin`` further from the anchor than the positive."""
    require_reduction(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = TENSORS["minimum"](far, distance(positive, negative))
    return _reduced((margin + near - far).clamp_min(0), reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """By how much the negative is not ``margin`` further from the anchor than the positive, in a p-norm."""
    return triplet_margin_with_distance_loss(
        anchor, positive, negative, margin=margin, swap=swap,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        reduction=reduction_of(size_average, reduce, reduction),
    )  # fmt: skip


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """By how much the first is not ``margin`` above the second, where the target is 1; below, where it is -1."""
    return _reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction, size_average, reduce)


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The input where the target is 1; by how much it is below ``margin`` where it is -1."""
    where = TENSORS["where"]
    apart = where(target != 1, (margin - input).clamp_min(0), 0.0)
    return _reduced(apart + where(target != -1, input, 0.0), reduction, size_average, reduce)


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """One less the cosine where the target is 1; by how much the cosine is above ``margin`` where it is -1."""
    if target.ndim + 1 != input1.ndim or target.ndim + 1 != input2.ndim:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    dim, where = target.ndim, TENSORS["where"]
    squares = [(x * x).sum(dim) + 1e-12 for x in (input1, input2)]
    cosine = (input1 * input2).sum(dim) / (squares[0] * squares[1]).sqrt()
    losses = where(target == 1, 1 - cosine, 0.0) + where(target == -1, (cosine - margin).clamp_min(0), 0.0)
    return _reduced(losses, reduction, size_average, reduce)


def soft_margin_loss(
    input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Any:
    """``log(1 + exp(-target * input))``."""
    return _reduced((-target * input).exp().log1p(), reduction, size_average, reduce)


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean, over classes, of the cross entropy of each class by itself."""
    log_sigmoid = ACTIVATIONS["logsigmoid"]
    losses = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return _reduced(losses.sum(-1) / input.shape[-1], reduction, size_average, reduce)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """By how much the right class is not ``margin`` above each of the others, to the power ``p``."""
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    x, y = (input, target) if input.ndim == 2 else (input.unsqueeze(0), target.reshape(1))
    short = (margin - x.gather(1, y.unsqueeze(1)) + x).clamp_min(0)
    short = short if p == 1 else short * short
    if weight is not None:
        short = short * weight[y].unsqueeze(1)
    others = 1 - TENSORS["scatter"](x.detach() * 0, 1, y.unsqueeze(1), 1.0)
    losses = (short * others).sum(1) / x.shape[1]
    return _reduced(losses if input.ndim == 2 else losses[0], reduction, size_average, reduce)


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Minus the logarithm of the probability of a count, given its expectation or its logarithm.

    Parameters
    ----------
    input, target : Tensor
    log_input : bool
        Whether the input is the logarithm.
    full : bool
        Whether Stirling's approximation of what does not depend on the input is added.
    eps : float
        Added to the expectation, where it is given itself.
    """
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        some = TENSORS["where"](target > 1, target, 2.0)
        stirling = some * some.log() - some + 0.5 * (2 * math.pi * some).log()
        losses = losses + TENSORS["where"](target > 1, stirling, 0.0)
    return _reduced(losses, reduction, size_average, reduce)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """Minus the logarithm of a normal density, whose variance counts as ``eps`` at least.

    Parameters
    ----------
    input, target : Tensor
    var : Tensor or float
    full : bool
        Whether what does not depend on the input is added.
    """
    require_reduction(reduction)
    if not isinstance(var, Tensor):
        var = input.new_full(tuple(input.shape), float(var))
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif input.shape[:-1] != var.shape[:-1] or var.shape[-1] != 1:
            raise ValueError("var is of incorrect size")
    with no_grad():
        if bool((var < 0).any()):
            raise ValueError("var has negative entry/entries")
        raised = var.clamp(min=eps) - var
    wide = var + raised  # the slope is one also where the variance was raised, as PyTorch has it
    losses = 0.5 * (wide.log() + (input - target) ** 2 / wide)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return _reduced(losses, reduction)


def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """A draw from the softmax's distribution, relaxed so that gradients flow.

    Parameters
    ----------
    logits : Tensor
    tau : float
        The temperature: the smaller, the nearer to one class.
    hard : bool
        Whether the result is one class, with the gradient of the relaxed draw.
    """
    noise = -logits.new_zeros(tuple(logits.shape)).exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    places = soft.max(dim, keepdim=True)[1]
    one = TENSORS["scatter"](soft.detach() * 0, dim, places, 1.0)
    return one - soft.detach() + soft


for _function in (
    cosine_similarity, pairwise_distance, pdist, triplet_margin_loss, triplet_margin_with_distance_loss,
    margin_ranking_loss, hinge_embedding_loss, cosine_embedding_loss, soft_margin_loss, multilabel_soft_margin_loss,
    multi_margin_loss, poisson_nll_loss, gaussian_nll_loss, gumbel_softmax,
):  # fmt: skip
    FUNCTIONS[_function.__name__] = _function
