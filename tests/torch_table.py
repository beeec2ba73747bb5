"""PyTorch's operations that symdiff has, and calls by which the tests compare the two.

An entry has PyTorch's name, calls that take the module and the inputs, and inputs for each of them: words such as
``f23``, a kind and the sizes. The kinds are f (floats of both signs), p (positive floats), u (floats within -1 and 1),
s (symmetric positive definite), i (integers of both signs), n (natural numbers below 3), b (bools).
The documentation's table of names is generated from this one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["TABLE", "Entry"]


def _after(x: Any, index: Any, value: Any) -> Any:
    x[index] = value
    return x


SHAPES = ("f", "f3", "f23", "f0")
PAIRS = ("f23 f23", "f23 f3", "f21 f13", "f f3", "f0 f0", "f3 f1")
MIXED = ("f3 i3", "i3 i3", "f3 i", "i3 f")


@dataclass(frozen=True)
class Entry:
    """One of PyTorch's names.

    Attributes
    ----------
    name : str
    call : callable
        Takes the module, then tensors.
    inputs : tuple of str
        What it is called with: words for the tensors.
    note : str
        In what it differs from PyTorch's; empty where it does not.
    """

    name: str
    call: Callable[..., Any]
    inputs: tuple[str, ...]
    note: str = ""


def _unary(names: str, kind: str) -> list[Entry]:
    words = tuple(kind + shape[1:] for shape in SHAPES)
    return [Entry(name, lambda t, x, name=name: getattr(t, name)(x), words) for name in names.split()]


def _binary(names: str, inputs: tuple[str, ...], **options: Any) -> list[Entry]:
    return [Entry(name, lambda t, x, y, name=name: getattr(t, name)(x, y), inputs, **options) for name in names.split()]


def _reduction(names: str, inputs: tuple[str, ...] = ("f23", "f3", "f234")) -> list[Entry]:
    found = []
    for name in names.split():
        found += [
            Entry(name, lambda t, x, name=name: getattr(t, name)(x), (*inputs, "f")),
            Entry(name, lambda t, x, name=name: getattr(t, name)(x, 0), inputs),
            Entry(name, lambda t, x, name=name: getattr(x, name)(-1, keepdim=True), inputs),
        ]
    return found


def _calls(name: str, *cases: tuple[Callable[..., Any], str], **options: Any) -> list[Entry]:
    return [Entry(name, call, tuple(words.split(", ")), **options) for call, words in cases]


POINTWISE = [
    *_unary("exp sin cos tanh atan sinh cosh asinh erf erfc expm1 sigmoid neg abs exp2 sgn relu square", "f"),
    *_unary("log sqrt rsqrt log1p log2 log10 reciprocal digamma lgamma", "p"),
    *_unary("asin acos atanh erfinv tan frac deg2rad rad2deg sinc i0", "u"),
    *_unary("floor ceil round trunc sign isnan isinf isfinite signbit logical_not", "f"),
    *_unary("neg abs sign square bitwise_not", "i"),
    *_unary("exp sqrt sigmoid sin", "n"),
    *_unary("acosh", "g"),
    *_binary("add sub mul div maximum minimum atan2 hypot copysign fmax fmin logaddexp", (*PAIRS,)),
    *_binary("add sub mul div maximum minimum remainder eq ne lt le gt ge", MIXED),
    *_binary("eq ne lt le gt ge logical_and logical_or logical_xor isclose", PAIRS[:5]),
    *_binary("bitwise_and bitwise_or bitwise_xor", ("i3 i3", "b3 b3", "b3 i3", "i23 i3")),
    *_binary("remainder fmod", ("f3 p3", "i3 k3", "f23 p3", "i3 k")),
    *_calls("floor_divide", (lambda t, x, y: t.floor_divide(x.detach(), y.detach()), "f3 p3, i3 k3, f23 p3, i3 k")),
    *_binary("pow", ("p3 f3", "p23 f3", "p f", "k3 n3")),
    *_binary("xlogy", ("f3 p3",)),
    *_calls(
        "pow",
        (lambda t, x: x**2, "f3, i3, f, f0"),
        (lambda t, x: x**0.5, "p3"),
        (lambda t, x: x**3, "f23, i3"),
        (lambda t, x: x**-1, "p3"),
        (lambda t, x: 2**x, "f3"),
        (lambda t, x: x**0, "f3"),
    ),
    *_calls(
        "add",
        (lambda t, x: x + 1, "f3, i3, b3, f"),
        (lambda t, x: 2.5 + x, "f3, i3, b3"),
        (lambda t, x, y: t.add(x, y, alpha=2), "f3 f3, i3 i3"),
    ),
    *_calls("sub", (lambda t, x: 1 - x, "f3, i3"), (lambda t, x: x - 0.5, "f3, i3")),
    *_calls("mul", (lambda t, x: x * 3, "f3, i3, b3"), (lambda t, x: 0.1 * x, "f3, i3, b3")),
    *_calls(
        "div",
        (lambda t, x: x / 3, "f3, i3"),
        (lambda t, x: 1 / x, "p3, k3"),
        (lambda t, x, y: t.div(x, y, rounding_mode="floor"), "f3 p3, i3 k3"),
        (lambda t, x, y: t.div(x, y, rounding_mode="trunc"), "f3 p3, i3 k3"),
    ),
    *_calls("floor_divide", (lambda t, x: x.detach() // 2, "f3, i3"), (lambda t, x: 7 // x.detach(), "k3, p3")),
    *_calls("remainder", (lambda t, x: x % 2, "f3, i3"), (lambda t, x: 7 % x.detach(), "k3, p3")),
    *_calls(
        "clamp",
        (lambda t, x: x.clamp(-0.5, 0.5), "f3, f23, i3"),
        (lambda t, x: x.clamp(min=0), "f3, i3"),
        (lambda t, x, y: x.clamp(max=y), "f3 f3"),
        (lambda t, x: x.clamp_min(0.1), "f3"),
    ),
    *_calls(
        "where",
        (lambda t, x, y: t.where(x > 0, x, y), "f3 f3, f23 f3, i3 f3"),
        (lambda t, x: t.where(x > 0, x, 0.0), "f3"),
        (lambda t, x: x.where(x > 0, -1), "f3, i3"),
    ),
    *_calls("masked_fill", (lambda t, x, m: x.masked_fill(m, 2.0), "f3 b3, f23 b3")),
    *_calls("lerp", (lambda t, x, y: t.lerp(x, y, 0.3), "f3 f3")),
    *_calls("addcmul", (lambda t, x, y, z: t.addcmul(x, y, z, value=0.5), "f3 f3 f3")),
    *_calls("addcdiv", (lambda t, x, y, z: t.addcdiv(x, y, z, value=0.5), "f3 f3 p3")),
    *_calls("nan_to_num", (lambda t, x: t.nan_to_num(x.log()), "f3")),
    *_calls("heaviside", (lambda t, x, y: t.heaviside(x.detach(), y.detach()), "f3 f3")),
    *_calls("logit", (lambda t, x: t.logit(x.abs() / 2 + 0.1), "u3")),
    *_calls("rsub", (lambda t, x, y: t.rsub(x, y), "f3 f3")),
]

REDUCTIONS = [
    *_reduction("sum mean amax amin"),
    *_reduction("sum prod", ("i23",)),
    *_reduction("all any", ("b23", "f23")),
    *_reduction("argmax argmin", ("f23", "f3", "i23")),
    *_calls("prod", (lambda t, x: x.prod(), "f23, f"), (lambda t, x: x.prod(1), "f23")),
    *_calls("logsumexp", (lambda t, x: x.logsumexp(0), "f3, f23"), (lambda t, x: x.logsumexp((0, 1)), "f23")),
    *_calls(
        "sum",
        (lambda t, x: x.sum((0, 2)), "f234"),
        (lambda t, x: x.sum(dtype=t.float64), "f3, i3"),
        (lambda t, x: x.sum(), "b3, f0"),
    ),
    *_calls("mean", (lambda t, x: x.mean((0, 1), keepdim=True), "f234")),
    *_calls(
        "max",
        (lambda t, x: x.max(), "f23, i3, f"),
        (lambda t, x: x.max(1), "f23, i23"),
        (lambda t, x, y: t.max(x, y), "f3 f3"),
    ),
    *_calls("min", (lambda t, x: x.min(), "f23, i3"), (lambda t, x: x.min(0, keepdim=True), "f23")),
    *_calls(
        "var",
        (lambda t, x: x.var(), "f23, f3"),
        (lambda t, x: x.var(0, unbiased=False), "f23"),
        (lambda t, x: x.var(1, correction=0), "f23"),
    ),
    *_calls("std", (lambda t, x: x.std(), "f23, f3"), (lambda t, x: x.std(-1, keepdim=True), "f23")),
    *_calls("var_mean", (lambda t, x: t.var_mean(x, 1), "f23")),
    *_calls(
        "norm",
        (lambda t, x: x.norm(), "f23, f3"),
        (lambda t, x: x.norm(1), "f3"),
        (lambda t, x: x.norm(dim=1), "f23"),
        (lambda t, x: x.norm(float("inf")), "f3"),
        (lambda t, x: x.norm(3), "f3"),
    ),
    *_calls("softmax", (lambda t, x: x.softmax(-1), "f3, f23"), (lambda t, x: t.softmax(x, 0), "f23")),
    *_calls("log_softmax", (lambda t, x: x.log_softmax(-1), "f3, f23")),
    *_calls("cumsum", (lambda t, x: x.cumsum(0), "f3, f23, i3, b3"), (lambda t, x: x.cumsum(-1), "f23")),
    *_calls("cumprod", (lambda t, x: x.cumprod(0), "p3, i3")),
    *_calls("logcumsumexp", (lambda t, x: x.logcumsumexp(0), "f3")),
    *_calls("count_nonzero", (lambda t, x: x.count_nonzero(), "i3, b3, f3"), (lambda t, x: x.count_nonzero(0), "i23")),
    *_calls("nansum", (lambda t, x: x.nansum(), "f3")),
    *_calls("nanmean", (lambda t, x: x.nanmean(), "f3"), (lambda t, x: x.nanmean(0), "f23")),
    *_calls("aminmax", (lambda t, x: x.aminmax(), "f3"), (lambda t, x: x.aminmax(dim=0), "f23")),
    *_calls("diff", (lambda t, x: x.diff(), "f3, f23, i3")),
    *_calls("trapezoid", (lambda t, x: t.trapezoid(x), "f3, f23"), (lambda t, x, y: t.trapezoid(x, y), "f3 f3")),
    *_calls("dist", (lambda t, x, y: t.dist(x, y), "f3 f3")),
    *_calls("median", (lambda t, x: x.median(), "f3, i3, f4"), (lambda t, x: x.median(1), "f23, f24")),
    *_calls("quantile", (lambda t, x: x.quantile(0.3), "f4, f23"), (lambda t, x: x.quantile(0.5, dim=1), "f23")),
    *_calls("kthvalue", (lambda t, x: x.kthvalue(2), "f3, f23")),
]

SHAPING = [
    *_calls(
        "reshape",
        (lambda t, x: x.reshape(3, 2), "f23, i23, b23"),
        (lambda t, x: x.reshape(-1), "f23, f, f0"),
        (lambda t, x: x.reshape((1, -1, 1)), "f23"),
    ),
    *_calls("view", (lambda t, x: x.view(6), "f23"), (lambda t, x: x.view(-1, 2), "f23")),
    *_calls("flatten", (lambda t, x: x.flatten(), "f23, f"), (lambda t, x: x.flatten(1), "f234")),
    *_calls("unflatten", (lambda t, x: x.unflatten(0, (2, 2)), "f43"), (lambda t, x: x.unflatten(-1, (-1, 2)), "f34")),
    *_calls("ravel", (lambda t, x: x.ravel(), "f23")),
    *_calls("squeeze", (lambda t, x: x.squeeze(), "f213"), (lambda t, x: x.squeeze(1), "f213, f23")),
    *_calls("unsqueeze", (lambda t, x: x.unsqueeze(0), "f23, f"), (lambda t, x: x.unsqueeze(-1), "f23")),
    *_calls("permute", (lambda t, x: x.permute(2, 0, 1), "f234"), (lambda t, x: t.permute(x, (1, 0)), "f23")),
    *_calls("transpose", (lambda t, x: x.transpose(0, 1), "f23"), (lambda t, x: x.transpose(-1, 0), "f234")),
    *_calls("t", (lambda t, x: x.t(), "f23, f3"), (lambda t, x: x.T, "f23"), (lambda t, x: x.mT, "f234")),
    *_calls("movedim", (lambda t, x: x.movedim(0, -1), "f234"), (lambda t, x: t.movedim(x, (0, 1), (2, 0)), "f234")),
    *_calls("expand", (lambda t, x: x.expand(2, 3), "f3, f13"), (lambda t, x: x.expand(-1, 3), "f21")),
    *_calls("broadcast_to", (lambda t, x: t.broadcast_to(x, (2, 3)), "f3")),
    *_calls(
        "repeat",
        (lambda t, x: x.repeat(2), "f3"),
        (lambda t, x: x.repeat(2, 3), "f3, f23"),
        (lambda t, x: x.repeat(2, 1, 1), "f23"),
    ),
    *_calls("tile", (lambda t, x: x.tile((2,)), "f3, f23"), (lambda t, x: t.tile(x, (2, 2)), "f23")),
    *_calls(
        "repeat_interleave",
        (lambda t, x: x.repeat_interleave(2), "f3, f23"),
        (lambda t, x: x.repeat_interleave(2, dim=1), "f23"),
        (lambda t, x: x.repeat_interleave(t.tensor([1, 0, 2])), "f3"),
    ),
    *_calls("flip", (lambda t, x: x.flip(0), "f3, f23, i3"), (lambda t, x: t.flip(x, (0, 1)), "f23")),
    *_calls("fliplr", (lambda t, x: x.fliplr(), "f23")),
    *_calls("flipud", (lambda t, x: x.flipud(), "f23")),
    *_calls(
        "roll",
        (lambda t, x: x.roll(1), "f3, f23"),
        (lambda t, x: x.roll(-1, 1), "f23"),
        (lambda t, x: t.roll(x, (1, 2), (0, 1)), "f23"),
    ),
    *_calls(
        "rot90",
        (lambda t, x: t.rot90(x), "f23"),
        (lambda t, x: t.rot90(x, 2), "f23"),
        (lambda t, x: t.rot90(x, -1), "f23"),
    ),
    *_calls(
        "cat",
        (lambda t, x, y: t.cat([x, y]), "f3 f2, f23 f13, i3 i2, f3 i2, f0 f3"),
        (lambda t, x, y: t.cat((x, y), dim=1), "f23 f21"),
    ),
    *_calls(
        "stack",
        (lambda t, x, y: t.stack([x, y]), "f3 f3, f f, i3 f3"),
        (lambda t, x, y: t.stack([x, y], -1), "f23 f23"),
    ),
    *_calls("hstack", (lambda t, x, y: t.hstack([x, y]), "f3 f2, f23 f21, f f")),
    *_calls("vstack", (lambda t, x, y: t.vstack([x, y]), "f3 f3, f23 f13")),
    *_calls("dstack", (lambda t, x, y: t.dstack([x, y]), "f3 f3, f23 f23")),
    *_calls("column_stack", (lambda t, x, y: t.column_stack([x, y]), "f3 f3, f23 f2")),
    *_calls("split", (lambda t, x: x.split(2), "f3, f43"), (lambda t, x: x.split([1, 2], 1), "f23")),
    *_calls("chunk", (lambda t, x: x.chunk(2), "f4, f3, f23")),
    *_calls("unbind", (lambda t, x: x.unbind(), "f23"), (lambda t, x: t.unbind(x, 1), "f23")),
    *_calls("atleast_1d", (lambda t, x: t.atleast_1d(x), "f, f3")),
    *_calls("atleast_2d", (lambda t, x: t.atleast_2d(x), "f, f3, f23")),
    *_calls("atleast_3d", (lambda t, x: t.atleast_3d(x), "f, f3, f23")),
    *_calls(
        "meshgrid",
        (lambda t, x, y: t.meshgrid(x, y, indexing="ij"), "f3 f2"),
        (lambda t, x, y: t.meshgrid(x, y, indexing="xy"), "f3 f2"),
    ),
    *_calls("broadcast_tensors", (lambda t, x, y: t.broadcast_tensors(x, y), "f3 f21")),
    *_calls("cartesian_prod", (lambda t, x, y: t.cartesian_prod(x, y), "f3 f2")),
    *_calls("combinations", (lambda t, x: t.combinations(x), "f4")),
    *_calls("clone", (lambda t, x: x.clone(), "f3, i3, f")),
    *_calls("contiguous", (lambda t, x: x.t().contiguous(), "f23")),
]

INDEXING = [
    *_calls(
        "getitem",
        (lambda t, x: x[0], "f3, f23, i3"),
        (lambda t, x: x[-1], "f3"),
        (lambda t, x: x[1:], "f3, f23"),
        (lambda t, x: x[:, 1], "f23"),
        (lambda t, x: x[..., 0], "f234"),
        (lambda t, x: x[None], "f3, f"),
        (lambda t, x: x[::2], "f4, f43"),
        (lambda t, x: x[[0, 2, 0]], "f3, f33"),
        (lambda t, x: x[x > 0], "f23"),
        (lambda t, x: x[t.tensor([1, 0]), t.tensor([0, 2])], "f23"),
        (lambda t, x: x[:, [1, 0]], "f23"),
        (lambda t, x: x[0, 1:], "f23"),
        (lambda t, x: x[t.tensor(1)], "f3"),
        (lambda t, x: x[2:1], "f3"),
        (lambda t, x: x[()], "f, f3"),
        (lambda t, x: x[t.tensor([True, False])], "f23"),
        (lambda t, x: x[[0, 1], :, [0, 1]], "f234"),
        (lambda t, x: x[0, :, [0, 1]], "f234"),
        (lambda t, x: x[:, 1, [0, 1]], "f234"),
        (lambda t, x: x[[0, 1], 1], "f234"),
        (lambda t, x: x[None, 0, None, [0, 1]], "f234"),
        (lambda t, x: x[[0, 1], 0, :], "f234"),
    ),
    *_calls(
        "setitem",
        (lambda t, x: _after(x.clone(), 0, 5.0), "f3, f23, i3"),
        (lambda t, x, y: _after(x.clone(), slice(1, None), y), "f3 f2, f23 f3"),
        (lambda t, x, y: _after(x.clone(), (0, slice(None), [0, 1]), y), "f234 f32"),
        (lambda t, x, y: _after(x.clone(), [0, 1], y), "f3 f2, f3 f"),
        (lambda t, x: _after(x.clone(), x > 0, 0.0), "f3, f23"),
    ),
    *_calls(
        "index_select",
        (lambda t, x: x.index_select(0, t.tensor([1, 1, 0])), "f23"),
        (lambda t, x: t.index_select(x, 1, t.tensor([2, 0])), "f23"),
    ),
    *_calls("gather", (lambda t, x: x.gather(1, t.tensor([[0, 2], [1, 1]])), "f23")),
    *_calls("take_along_dim", (lambda t, x: t.take_along_dim(x, t.tensor([[0], [2]]), 1), "f23")),
    *_calls("scatter", (lambda t, x, y: x.scatter(1, t.tensor([[0, 2], [1, 0]]), y), "f23 f22")),
    *_calls("scatter_add", (lambda t, x, y: x.scatter_add(1, t.tensor([[0, 0], [1, 0]]), y), "f23 f22")),
    *_calls("masked_select", (lambda t, x, m: x.masked_select(m), "f23 b23, f23 b3")),
    *_calls("nonzero", (lambda t, x: x.nonzero(), "n23, b3, f"), (lambda t, x: t.nonzero(x, as_tuple=True), "n23")),
    *_calls("narrow", (lambda t, x: x.narrow(1, 1, 2), "f23")),
    *_calls("select", (lambda t, x: x.select(1, 1), "f23")),
    *_calls(
        "sort",
        (lambda t, x: x.sort(), "f3, f23, i3"),
        (lambda t, x: t.sort(x, 0, descending=True), "f23"),
        (lambda t, x: x.sort(stable=True, descending=True), "n4"),
    ),
    *_calls("argsort", (lambda t, x: x.argsort(), "f3, f23"), (lambda t, x: x.argsort(descending=True), "f3")),
    *_calls(
        "topk",
        (lambda t, x: x.topk(2), "f4, f23, i4"),
        (lambda t, x: x.topk(2, largest=False), "f4"),
        (lambda t, x: x.topk(1, 0), "f23"),
    ),
    *_calls(
        "unique",
        (lambda t, x: t.unique(x), "n3, n23"),
        (lambda t, x: t.unique(x, return_inverse=True, return_counts=True), "n23"),
    ),
    *_calls("unique_consecutive", (lambda t, x: t.unique_consecutive(x, return_counts=True), "n4")),
    *_calls("searchsorted", (lambda t, x, y: t.searchsorted(x.sort().values, y), "f4 f3, f24 f23")),
    *_calls("bucketize", (lambda t, x: t.bucketize(x, t.tensor([-0.5, 0.0, 0.5], dtype=x.dtype)), "f23")),
    *_calls("bincount", (lambda t, x: t.bincount(x), "n4"), (lambda t, x: x.bincount(minlength=5), "n4")),
    *_calls("isin", (lambda t, x: t.isin(x, t.tensor([0, 1])), "n4")),
]

PRODUCTS = [
    *_binary("matmul", ("f23 f34", "f3 f3", "f23 f3", "f2 f23", "f223 f34", "f223 f234", "f02 f23")),
    *_calls("mm", (lambda t, x, y: t.mm(x, y), "f23 f32")),
    *_calls("bmm", (lambda t, x, y: x.bmm(y), "f223 f232")),
    *_calls("mv", (lambda t, x, y: x.mv(y), "f23 f3")),
    *_calls("dot", (lambda t, x, y: x.dot(y), "f3 f3")),
    *_calls("vdot", (lambda t, x, y: t.vdot(x, y), "f3 f3")),
    *_calls("inner", (lambda t, x, y: t.inner(x, y), "f3 f3, f23 f43")),
    *_calls("outer", (lambda t, x, y: t.outer(x, y), "f3 f2")),
    *_calls("kron", (lambda t, x, y: t.kron(x, y), "f22 f23, f3 f2")),
    *_calls("cross", (lambda t, x, y: t.cross(x, y, dim=-1), "f3 f3, f23 f23")),
    *_calls(
        "tensordot",
        (lambda t, x, y: t.tensordot(x, y, 1), "f23 f34"),
        (lambda t, x, y: t.tensordot(x, y, ([0], [1])), "f23 f42"),
    ),
    *_calls(
        "einsum",
        (lambda t, x, y: t.einsum("ij,jk->ik", x, y), "f23 f34"),
        (lambda t, x: t.einsum("ii", x), "f33"),
            (lambda t, x: t.einsum("ii->i", x), "f33"), (lambda t, x: t.einsum("iij->j", x), "f332"),
            (lambda t, x, y: t.einsum("...ij,...jk->...ik", x, y), "f223 f34, f223 f234, f23 f34"),
            (lambda t, x, y: t.einsum("ij,ij->i", x, y), "f23 f13"), (lambda t, x: t.einsum("...->", x), "f23"),
            (lambda t, x, y: t.einsum("i,j", x, y), "f3 f2"), (lambda t, x: t.einsum("ba", x), "f23"),
        (lambda t, x, y: t.einsum("bij,bj->bi", x, y), "f223 f23"),
    ),
    *_calls(
        "addmm",
        (lambda t, b, x, y: t.addmm(b, x, y), "f2 f23 f32"),
        (lambda t, b, x, y: t.addmm(b, x, y, beta=0.5, alpha=2), "f22 f23 f32"),
    ),
    *_calls("addmv", (lambda t, b, x, y: t.addmv(b, x, y), "f2 f23 f3")),
    *_calls("baddbmm", (lambda t, b, x, y: t.baddbmm(b, x, y), "f222 f223 f232")),
    *_calls("cdist", (lambda t, x, y: t.cdist(x, y), "f23 f43"), (lambda t, x, y: t.cdist(x, y, p=1), "f23 f43")),
    *_calls("tril", (lambda t, x: x.tril(), "f33, f23"), (lambda t, x: x.tril(-1), "f33")),
    *_calls("triu", (lambda t, x: x.triu(1), "f33, f234")),
    *_calls("diag", (lambda t, x: t.diag(x), "f3, f33")),
    *_calls("trace", (lambda t, x: x.trace(), "f33")),
]

DTYPES = [
    *_calls(
        "to",
        (lambda t, x: x.to(t.float64), "f3, i3, b3"),
        (lambda t, x: x.to(dtype=t.int64), "f3, b3"),
        (lambda t, x: x.to("cpu"), "f3"),
    ),
    *_calls("float", (lambda t, x: x.float(), "f3, i3")),
    *_calls("double", (lambda t, x: x.double(), "f3, i3")),
    *_calls("long", (lambda t, x: x.long(), "f3, b3")),
    *_calls("int", (lambda t, x: x.int(), "f3")),
    *_calls("bool", (lambda t, x: x.bool(), "f3, i3")),
    *_calls("type_as", (lambda t, x, y: x.type_as(y), "f3 i3")),
    *_calls("zeros_like", (lambda t, x: t.zeros_like(x), "f3, i3")),
    *_calls("ones_like", (lambda t, x: t.ones_like(x), "f3, i3")),
    *_calls("full_like", (lambda t, x: t.full_like(x, 2), "f3, i3")),
    *_calls("new_zeros", (lambda t, x: x.new_zeros(2, 3), "f3, i3")),
    *_calls("new_full", (lambda t, x: x.new_full((2,), 3), "f3, i3")),
    *_calls("new_tensor", (lambda t, x: x.new_tensor([1, 2]), "f3, i3")),
    *_calls(
        "arange",
        (lambda t, x: t.arange(5), "f"),
        (lambda t, x: t.arange(0.0, 1.0, 0.3), "f"),
        (lambda t, x: t.arange(5, 0, -2), "f"),
    ),
    *_calls("linspace", (lambda t, x: t.linspace(0, 1, 7), "f"), (lambda t, x: t.linspace(-3.3, 4.7, 10), "f")),
    *_calls("eye", (lambda t, x: t.eye(2, 3), "f")),
]

TABLE: tuple[Entry, ...] = (*POINTWISE, *REDUCTIONS, *SHAPING, *INDEXING, *PRODUCTS, *DTYPES)
