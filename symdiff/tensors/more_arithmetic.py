"""Functions that are made of others: PyTorch's names for common combinations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors import elementwise
from symdiff.tensors.arithmetic import FUNCTIONS, first_operand, function, in_place, operand
from symdiff.tensors.creation import allclose, as_tensor, equal, made
from symdiff.tensors.dtypes import DType, default_dtype, dtype_of_number, int64, promoted
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import Operation, operation, record
from symdiff.tensors.reductions import axis_of, reduce
from symdiff.tensors.requirements import require
from symdiff.tensors.return_types import return_type
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy, attach, wrap
from symdiff.tensors.tracing import Requirement

__all__ = ["DTYPE_FUNCTIONS"]


# -- of each element ---------------------------------------------------------------------------------------------------


def _row_of_two(name: str, row: str, node: str, *, floats: bool = True) -> None:
    """A row of the compiler that takes two operands of one dtype."""
    op = Operation(name, lambda a, b: R[row](a, b), node)

    def call(input: Any, other: Any) -> Tensor:
        a, b = first_operand(input, name), operand(other)
        dtype = elementwise.common_dtype((a, b))
        if floats and dtype.category < 2:
            dtype = default_dtype()
        return wrap(record(op, (elementwise.fitting(a, dtype), elementwise.fitting(b, dtype))))

    function(name, call)


_row_of_two("hypot", "hypot", "HypotBackward0")
_row_of_two("logaddexp", "logaddexp", "LogaddexpBackward0")
_row_of_two("copysign", "copysign", "CopysignBackward0")
_row_of_two("fmax", "fmax", "FmaxBackward0", floats=False)
_row_of_two("fmin", "fmin", "FminBackward0", floats=False)
_row_of_two("fmod", "fmod", "FmodBackward0", floats=False)
_row_of_two("xlogy", "xlogy", "XlogyBackward0")


def _row_of_one(name: str, row: str, node: str) -> None:
    op = Operation(name, lambda x: R[row](x), node)

    def call(input: Any) -> Tensor:
        x = first_operand(input, name)
        return wrap(record(op, (x if x.dtype.category == 2 else elementwise.convert(x, default_dtype()),)))

    function(name, call)


_row_of_one("deg2rad", "deg2rad", "MulBackward0")
_row_of_one("rad2deg", "rad2deg", "MulBackward0")
_row_of_one("i0", "i0", "I0Backward0")
_row_of_one("sinc", "sinc", "SincBackward0")


@operation("nan_to_num", "NanToNumBackward0")
def _nan_to_num(x: Any, nan: float, high: float, low: float) -> Any:
    x = R["where"](R["isnan"](x), nan, x)
    x = R["where"](x == math.inf, high, x)
    return R["where"](x == -math.inf, low, x)


def _without_nan(input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Any:
    x = first_operand(input, "nan_to_num")
    if x.dtype.category < 2:
        return wrap(elementwise.cloned(x))
    limits = np.finfo(x.dtype.numpy)
    values = (
        nan or 0.0,
        float(limits.max) if posinf is None else posinf,
        float(limits.min) if neginf is None else neginf,
    )
    return wrap(record(_nan_to_num, (x, *map(float, values)), ()))


def _is_close(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    a, b = input._array(), other._array()
    if a.dtype != b.dtype:
        raise RuntimeError(f"{_c_name(input.dtype)} did not match {_c_name(other.dtype)}")
    return made(np.asarray(np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)))


def _c_name(dtype: DType) -> str:
    return dtype.tensor_type[6:-6]


def _heaviside(input: Any, values: Any) -> Tensor:
    return FUNCTIONS["where"](input == 0, values, (input > 0).to(input.dtype))


def _logit(input: Any, eps: float | None = None) -> Tensor:
    x = input if eps is None else input.clamp(eps, 1 - eps)
    return (x / (1 - x)).log()


_CALLS: dict[str, Any] = {
    "nan_to_num": _without_nan,
    "isclose": _is_close,
    "heaviside": _heaviside,
    "logit": _logit,
    "frac": lambda input: input - input.trunc(),
    "fix": lambda input: input.trunc(),
    "sgn": lambda input: input.sign(),
    "signbit": lambda input: made(np.asarray(np.signbit(input._array()))),
    "positive": lambda input: input,
    "isposinf": lambda input: input == math.inf,
    "isneginf": lambda input: input == -math.inf,
    "isreal": lambda input: input == input,
    "clamp_min": lambda input, min: input.clamp(min=min),
    "clamp_max": lambda input, max: input.clamp(max=max),
    "rsub": lambda input, other, *, alpha=1: other - alpha * input,
    "bitwise_not": lambda input: ~input,
    "arcsinh": lambda input: input.asinh(),
    "arccosh": lambda input: input.acosh(),
    "arctanh": lambda input: input.atanh(),
    "arctan2": lambda input, other: input.atan2(other),
    "logaddexp2": lambda input, other: (input * math.log(2.0)).logaddexp(other * math.log(2.0)) / math.log(2.0),
    "float_power": lambda input, exponent: input.double() ** exponent,
    "dist": lambda input, other, p=2: (input - other).norm(p),
    "nansum": lambda input, dim=None, keepdim=False: _without_nan(input, 0.0, math.inf, -math.inf).sum(dim, keepdim),
    "allclose": allclose,
    "equal": equal,
}
for _name, _call in _CALLS.items():
    function(_name, _call)


# -- reductions --------------------------------------------------------------------------------------------------------


def _nanmean(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    counts = (~input.isnan()).sum(dim, keepdim)
    return FUNCTIONS["nansum"](input, dim, keepdim) / counts


def _aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> Any:
    x = first_operand(input, "aminmax")
    return _PAIRS["aminmax"](*[wrap(reduce(name, x, dim, keepdim)) for name in ("amin", "amax")])


_PAIRS: dict[str, Any] = {"aminmax": return_type("aminmax", "min", "max")}


def _with_mean(name: str) -> Any:
    def call(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, **options: Any) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        return FUNCTIONS[name](input, dim, unbiased, keepdim, **options), input.mean(dim, keepdim)

    return call


def _diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    parts = [x for x in (prepend, input, append) if x is not None]
    x = FUNCTIONS["cat"](parts, dim) if len(parts) > 1 else input
    for _ in range(n):
        size = x.shape[axis_of(dim, x.ndim)]
        x = x.narrow(dim, 1, max(size - 1, 0)) - x.narrow(dim, 0, max(size - 1, 0))
    return x


def _trapezoid(y: Any, x: Any = None, *, dx: float = 1.0, dim: int = -1) -> Tensor:
    size = y.shape[axis_of(dim, y.ndim)]
    mean = (y.narrow(dim, 1, size - 1) + y.narrow(dim, 0, size - 1)) / 2.0
    if x is None:
        return (mean * dx).sum(dim)
    steps = _diff(x)
    return (mean.movedim(dim, -1) * steps).sum(-1)


def _quantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    if interpolation != "linear":
        raise NotImplementedError("quantile: only the linear interpolation is supported")
    if input.dtype.category < 2:
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    whole = dim is None
    x = (input.reshape(-1) if whole else input).sort(0 if dim is None else dim).values
    axis = 0 if dim is None else axis_of(dim, input.ndim)
    levels = q._array() if isinstance(q, Tensor) else np.asarray(q, input.dtype.numpy)
    places = levels.reshape(-1) * np.asarray(x.shape[axis] - 1, levels.dtype)
    low = np.floor(places).astype(np.int64)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    ends = [x.index_select(axis, made(k)) for k in (low, high)]
    share = made((places - low).astype(input.dtype.numpy).reshape((-1, *[1] * (x.ndim - axis - 1))))
    found = (ends[0] + (ends[1] - ends[0]) * share).movedim(axis, 0)
    missing = as_lazy(x.isnan().any().to(int64))
    require(Requirement(missing, 0, 1, NotImplementedError, "quantile of numbers with NaN is not supported"))
    if keepdim:
        shape = (1,) * input.ndim if whole else tuple(1 if k == axis else n for k, n in enumerate(input.shape))
        found = found.reshape((-1, *shape))
    return found if levels.ndim else found[0]


function("nanmean", _nanmean)
function("aminmax", _aminmax)
function("var_mean", _with_mean("var"), method=False)
function("std_mean", _with_mean("std"), method=False)
function("diff", _diff)
function("trapezoid", _trapezoid, method=False)
function("trapz", _trapezoid, method=False)
function("quantile", _quantile)
function("logcumsumexp", lambda input, dim: _log_running(input, dim))


def _log_running(input: Any, dim: int) -> Tensor:
    top = input.detach().amax(dim, True)
    return (input - top).exp().cumsum(dim).log() + top


# -- products ----------------------------------------------------------------------------------------------------------


def _plus(product: str) -> Any:
    """``beta * input + alpha * product``."""

    def call(input: Any, first: Any, second: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
        found = FUNCTIONS[product](first, second)
        found = found if alpha == 1 else found * alpha
        if beta == 0:
            return found
        return (input if beta == 1 else input * beta) + found

    return call


def _distances(x1: Any, x2: Any, p: float = 2.0, compute_mode: str | None = None) -> Tensor:
    apart = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return apart.norm(p, -1)


def _tensordot(a: Any, b: Any, dims: Any = 2) -> Tensor:
    if isinstance(dims, int):
        left, right = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        left, right = ([axis_of(d, t.ndim) for d in ds] for t, ds in zip((a, b), dims, strict=True))
    kept = [k for k in range(a.ndim) if k not in left], [k for k in range(b.ndim) if k not in right]
    inner = math.prod(a.shape[k] for k in left)
    one = a.permute((*kept[0], *left)).reshape(-1, inner)
    other = b.permute((*right, *kept[1])).reshape(inner, -1)
    shape = (*[a.shape[k] for k in kept[0]], *[b.shape[k] for k in kept[1]])
    return (one @ other).reshape(shape)


def _kron(input: Any, other: Any) -> Tensor:
    rank = max(input.ndim, other.ndim)
    a, b = (t.reshape((*[1] * (rank - t.ndim), *t.shape)) for t in (input, other))
    apart = a.reshape([n for size in a.shape for n in (size, 1)]) * b.reshape(
        [n for size in b.shape for n in (1, size)]
    )
    return apart.reshape([m * n for m, n in zip(a.shape, b.shape, strict=True)])


def _inner(input: Any, other: Any) -> Tensor:
    if not input.ndim or not other.ndim:
        return input * other
    return _tensordot(input, other, ([-1], [-1]))


def _cross(input: Any, other: Any, dim: int | None = None) -> Tensor:
    axis = -1 if dim is None else dim
    a, b = (t.unbind(axis) for t in FUNCTIONS["broadcast_tensors"](input, other))
    if len(a) != 3:
        raise RuntimeError("linalg.cross: inputs dimension -1 must have length 3.")
    parts = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    return FUNCTIONS["stack"](parts, axis)


_PRODUCTS: dict[str, Any] = {
    "addmm": _plus("mm"), "addmv": _plus("mv"), "baddbmm": _plus("bmm"), "addr": _plus("outer"), "kron": _kron,
    "inner": _inner, "cross": _cross, "ger": lambda input, vec2: input.outer(vec2),
    "vdot": lambda input, other: input.dot(other),
}  # fmt: skip
for _name, _call in _PRODUCTS.items():
    function(_name, _call)
function("cdist", _distances, method=False)
function("tensordot", _tensordot, method=False)


# -- in place ----------------------------------------------------------------------------------------------------------

for _name in (
    "floor_divide", "true_divide", "multiply", "divide", "subtract", "clip", "atan2", "bitwise_and", "bitwise_or",
    "bitwise_xor", "logical_and", "logical_or", "logical_xor", "logical_not", "ne", "le", "gt", "ge", "negative",
    "absolute", "clamp_min", "clamp_max", "nan_to_num", "frac", "fmod", "hypot", "cumsum", "cumprod", "tril", "triu",
    "copysign", "xlogy",
):  # fmt: skip
    attach(f"{_name}_", in_place(_name))


def _fill_diagonal(self: Any, fill_value: Any, wrap: bool = False) -> Tensor:
    if wrap or self.ndim != 2:
        raise NotImplementedError("fill_diagonal_ of matrices only, without wrap")
    on = made(np.eye(*self.shape, dtype=bool))
    return overwrite(self, as_lazy(self.masked_fill(on, fill_value)))


attach("fill_diagonal_", _fill_diagonal)


# -- dtypes ------------------------------------------------------------------------------------------------------------


def _standing(x: Any) -> tuple[DType, int]:
    if isinstance(x, Tensor):
        value: Lazy = as_lazy(x)
        return value.dtype, 2 if value.shape else 1
    return dtype_of_number(x), 0


def result_type(tensor1: Any, tensor2: Any) -> DType:
    """The dtype of an operation on two operands."""
    return promoted([_standing(tensor1), _standing(tensor2)])


def promote_types(type1: DType, type2: DType) -> DType:
    """The smaller of the dtypes that both fit into."""
    return promoted([(type1, 2), (type2, 2)])


def can_cast(from_: DType, to: DType) -> bool:
    """Whether a value of one dtype may be stored as another."""
    return to.category >= from_.category


class finfo:
    """The limits of a float dtype."""

    def __init__(self, dtype: DType | None = None) -> None:
        kind = dtype or default_dtype()
        if kind.category < 2:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{kind}'")
        found = np.finfo(kind.numpy)
        self.bits, self.dtype = found.bits, kind.name
        self.eps, self.max, self.min = float(found.eps), float(found.max), float(found.min)
        self.tiny = self.smallest_normal = float(found.tiny)
        self.resolution = float(found.resolution)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype."""

    def __init__(self, dtype: DType) -> None:
        if dtype.category != 1:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle floats")
        found = np.iinfo(dtype.numpy)
        self.bits, self.dtype, self.max, self.min = found.bits, dtype.name, int(found.max), int(found.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


DTYPE_FUNCTIONS: dict[str, Any] = {
    "result_type": result_type, "promote_types": promote_types, "can_cast": can_cast, "finfo": finfo, "iinfo": iinfo,
    "scalar_tensor": lambda s, *, dtype=None: made(np.asarray(s, (dtype or default_dtype()).numpy)),
    "asarray": as_tensor, "e": math.e, "newaxis": None, "strided": "strided",
    "contiguous_format": "contiguous_format", "preserve_format": "preserve_format",
}  # fmt: skip
