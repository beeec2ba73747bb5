"""PyTorch's operations that symdiff has, and calls by which the tests compare the two.

The documentation's table of names is generated from this one.
"""

from tests.torch_arrays import INDEXING, LINALG, PRODUCTS, SHAPING
from tests.torch_entries import MIXED, PAIRS, Entry, binary, calls, reduction, unary

__all__ = ["TABLE"]

POINTWISE = [
    *unary("exp sin cos tanh atan sinh cosh asinh erf erfc expm1 sigmoid neg abs exp2 sgn relu square", "f"),
    *unary("log sqrt rsqrt log1p log2 log10 reciprocal digamma lgamma", "p"),
    *unary("asin acos atanh erfinv tan frac deg2rad rad2deg sinc i0", "u"),
    *unary("floor ceil round trunc sign isnan isinf isfinite signbit logical_not", "f"),
    *unary("neg abs sign square bitwise_not", "i"),
    *unary("exp sqrt sigmoid sin", "n"),
    *unary("acosh", "g"),
    *binary("add sub mul div maximum minimum atan2 hypot copysign fmax fmin logaddexp", (*PAIRS,)),
    *binary("add sub mul div maximum minimum remainder eq ne lt le gt ge", MIXED),
    *binary("eq ne lt le gt ge logical_and logical_or logical_xor isclose", PAIRS[:5]),
    *binary("bitwise_and bitwise_or bitwise_xor", ("i3 i3", "b3 b3", "b3 i3", "i23 i3")),
    *binary("remainder fmod", ("f3 p3", "i3 k3", "f23 p3", "i3 k")),
    *calls("floor_divide", (lambda t, x, y: t.floor_divide(x.detach(), y.detach()), "f3 p3, i3 k3, f23 p3, i3 k")),
    *binary("pow", ("p3 f3", "p23 f3", "p f", "k3 n3")),
    *binary("xlogy", ("f3 p3",)),
    *calls(
        "pow",
        (lambda t, x: x**2, "f3, i3, f, f0"),
        (lambda t, x: x**0.5, "p3"),
        (lambda t, x: x**3, "f23, i3"),
        (lambda t, x: x**-1, "p3"),
        (lambda t, x: 2**x, "f3"),
        (lambda t, x: x**0, "f3"),
    ),
    *calls(
        "add",
        (lambda t, x: x + 1, "f3, i3, b3, f"),
        (lambda t, x: 2.5 + x, "f3, i3, b3"),
        (lambda t, x, y: t.add(x, y, alpha=2), "f3 f3, i3 i3"),
    ),
    *calls("sub", (lambda t, x: 1 - x, "f3, i3"), (lambda t, x: x - 0.5, "f3, i3")),
    *calls("mul", (lambda t, x: x * 3, "f3, i3, b3"), (lambda t, x: 0.1 * x, "f3, i3, b3")),
    *calls(
        "div",
        (lambda t, x: x / 3, "f3, i3"),
        (lambda t, x: 1 / x, "p3, k3"),
        (lambda t, x, y: t.div(x, y, rounding_mode="floor"), "f3 p3, i3 k3"),
        (lambda t, x, y: t.div(x, y, rounding_mode="trunc"), "f3 p3, i3 k3"),
    ),
    *calls("floor_divide", (lambda t, x: x.detach() // 2, "f3, i3"), (lambda t, x: 7 // x.detach(), "k3, p3")),
    *calls("remainder", (lambda t, x: x % 2, "f3, i3"), (lambda t, x: 7 % x.detach(), "k3, p3")),
    *calls(
        "clamp",
        (lambda t, x: x.clamp(-0.5, 0.5), "f3, f23, i3"),
        (lambda t, x: x.clamp(min=0), "f3, i3"),
        (lambda t, x, y: x.clamp(max=y), "f3 f3"),
        (lambda t, x: x.clamp_min(0.1), "f3"),
    ),
    *calls(
        "where",
        (lambda t, x, y: t.where(x > 0, x, y), "f3 f3, f23 f3, i3 f3"),
        (lambda t, x: t.where(x > 0, x, 0.0), "f3"),
        (lambda t, x: x.where(x > 0, -1), "f3, i3"),
    ),
    *calls("masked_fill", (lambda t, x, m: x.masked_fill(m, 2.0), "f3 b3, f23 b3")),
    *calls("lerp", (lambda t, x, y: t.lerp(x, y, 0.3), "f3 f3")),
    *calls("addcmul", (lambda t, x, y, z: t.addcmul(x, y, z, value=0.5), "f3 f3 f3")),
    *calls("addcdiv", (lambda t, x, y, z: t.addcdiv(x, y, z, value=0.5), "f3 f3 p3")),
    *calls("nan_to_num", (lambda t, x: t.nan_to_num(x.log()), "f3")),
    *calls("heaviside", (lambda t, x, y: t.heaviside(x.detach(), y.detach()), "f3 f3")),
    *calls("logit", (lambda t, x: t.logit(x.abs() / 2 + 0.1), "u3")),
    *calls("rsub", (lambda t, x, y: t.rsub(x, y), "f3 f3")),
]

REDUCTIONS = [
    *reduction("sum mean amax amin"),
    *reduction("sum prod", ("i23",)),
    *reduction("all any", ("b23", "f23")),
    *reduction("argmax argmin", ("f23", "f3", "i23")),
    *calls("prod", (lambda t, x: x.prod(), "f23, f"), (lambda t, x: x.prod(1), "f23")),
    *calls("logsumexp", (lambda t, x: x.logsumexp(0), "f3, f23"), (lambda t, x: x.logsumexp((0, 1)), "f23")),
    *calls(
        "sum",
        (lambda t, x: x.sum((0, 2)), "f234"),
        (lambda t, x: x.sum(dtype=t.float64), "f3, i3"),
        (lambda t, x: x.sum(), "b3, f0"),
    ),
    *calls("mean", (lambda t, x: x.mean((0, 1), keepdim=True), "f234")),
    *calls(
        "max",
        (lambda t, x: x.max(), "f23, i3, f"),
        (lambda t, x: x.max(1), "f23, i23"),
        (lambda t, x, y: t.max(x, y), "f3 f3"),
    ),
    *calls("min", (lambda t, x: x.min(), "f23, i3"), (lambda t, x: x.min(0, keepdim=True), "f23")),
    *calls(
        "var",
        (lambda t, x: x.var(), "f23, f3"),
        (lambda t, x: x.var(0, unbiased=False), "f23"),
        (lambda t, x: x.var(1, correction=0), "f23"),
    ),
    *calls("std", (lambda t, x: x.std(), "f23, f3"), (lambda t, x: x.std(-1, keepdim=True), "f23")),
    *calls("var_mean", (lambda t, x: t.var_mean(x, 1), "f23")),
    *calls(
        "norm",
        (lambda t, x: x.norm(), "f23, f3"),
        (lambda t, x: x.norm(1), "f3"),
        (lambda t, x: x.norm(dim=1), "f23"),
        (lambda t, x: x.norm(float("inf")), "f3"),
        (lambda t, x: x.norm(3), "f3"),
    ),
    *calls("softmax", (lambda t, x: x.softmax(-1), "f3, f23"), (lambda t, x: t.softmax(x, 0), "f23")),
    *calls("log_softmax", (lambda t, x: x.log_softmax(-1), "f3, f23")),
    *calls("cumsum", (lambda t, x: x.cumsum(0), "f3, f23, i3, b3"), (lambda t, x: x.cumsum(-1), "f23")),
    *calls("cumprod", (lambda t, x: x.cumprod(0), "p3, i3")),
    *calls("logcumsumexp", (lambda t, x: x.logcumsumexp(0), "f3")),
    *calls("count_nonzero", (lambda t, x: x.count_nonzero(), "i3, b3, f3"), (lambda t, x: x.count_nonzero(0), "i23")),
    *calls("nansum", (lambda t, x: x.nansum(), "f3")),
    *calls("nanmean", (lambda t, x: x.nanmean(), "f3"), (lambda t, x: x.nanmean(0), "f23")),
    *calls("aminmax", (lambda t, x: x.aminmax(), "f3"), (lambda t, x: x.aminmax(dim=0), "f23")),
    *calls("diff", (lambda t, x: x.diff(), "f3, f23, i3")),
    *calls("trapezoid", (lambda t, x: t.trapezoid(x), "f3, f23"), (lambda t, x, y: t.trapezoid(x, y), "f3 f3")),
    *calls("dist", (lambda t, x, y: t.dist(x, y), "f3 f3")),
    *calls("median", (lambda t, x: x.median(), "f3, i3, f4"), (lambda t, x: x.median(1), "f23, f24")),
    *calls("quantile", (lambda t, x: x.quantile(0.3), "f4, f23"), (lambda t, x: x.quantile(0.5, dim=1), "f23")),
    *calls("kthvalue", (lambda t, x: x.kthvalue(2), "f3, f23")),
]

DTYPES = [
    *calls(
        "to",
        (lambda t, x: x.to(t.float64), "f3, i3, b3"),
        (lambda t, x: x.to(dtype=t.int64), "f3, b3"),
        (lambda t, x: x.to("cpu"), "f3"),
    ),
    *calls("float", (lambda t, x: x.float(), "f3, i3")),
    *calls("double", (lambda t, x: x.double(), "f3, i3")),
    *calls("long", (lambda t, x: x.long(), "f3, b3")),
    *calls("int", (lambda t, x: x.int(), "f3")),
    *calls("bool", (lambda t, x: x.bool(), "f3, i3")),
    *calls("type_as", (lambda t, x, y: x.type_as(y), "f3 i3")),
    *calls("zeros_like", (lambda t, x: t.zeros_like(x), "f3, i3")),
    *calls("ones_like", (lambda t, x: t.ones_like(x), "f3, i3")),
    *calls("full_like", (lambda t, x: t.full_like(x, 2), "f3, i3")),
    *calls("new_zeros", (lambda t, x: x.new_zeros(2, 3), "f3, i3")),
    *calls("new_full", (lambda t, x: x.new_full((2,), 3), "f3, i3")),
    *calls("new_tensor", (lambda t, x: x.new_tensor([1, 2]), "f3, i3")),
    *calls(
        "arange",
        (lambda t, x: t.arange(5), "f"),
        (lambda t, x: t.arange(0.0, 1.0, 0.3), "f"),
        (lambda t, x: t.arange(5, 0, -2), "f"),
    ),
    *calls("linspace", (lambda t, x: t.linspace(0, 1, 7), "f"), (lambda t, x: t.linspace(-3.3, 4.7, 10), "f")),
    *calls("eye", (lambda t, x: t.eye(2, 3), "f")),
]

TABLE: tuple[Entry, ...] = (*POINTWISE, *REDUCTIONS, *SHAPING, *INDEXING, *PRODUCTS, *LINALG, *DTYPES)
