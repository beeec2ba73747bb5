"""What the rows that are not elementwise mean on object arrays of `Dual` numbers."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY
from tests.graph_linalg import LINALG
from tests.graph_numbers import Dual, chain, dual
from tests.oracles import MP

__all__ = ["ROWS", "object_array"]


def object_array(items: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    """An object array from a flat list."""
    flat = np.empty(len(items), dtype=object)
    for k, item in enumerate(items):
        flat[k] = item
    return flat.reshape(shape)


def objects(x: Any) -> np.ndarray:
    return np.asarray(x, dtype=object)


def as_numpy(name: str) -> Callable[..., Any]:
    """A row that moves elements about: NumPy does the same with objects."""

    def compute(*operands: Any, **attrs: Any) -> Any:
        return REGISTRY[name].numpy(objects(operands[0]), *operands[1:], **attrs)

    return compute


# -- reductions --------------------------------------------------------------------------------------------------------


def over_lanes(reduce: Callable[..., Dual]) -> Callable[..., Any]:
    """A reduction from what it does to a list of duals."""

    def compute(x: Any, axis: Sequence[int], keepdims: bool, **attrs: Any) -> Any:
        x = objects(x)
        rest = [i for i in range(x.ndim) if i not in axis]
        lanes = [x.shape[i] for i in rest]
        moved = np.transpose(x, (*rest, *axis)).reshape(*lanes, int(np.prod([x.shape[i] for i in axis])))
        outer = moved.shape[:-1]
        found = [reduce([dual(d) for d in moved[place]], **attrs) for place in np.ndindex(*outer)]
        shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape)) if keepdims else outer
        return object_array(found, shape)

    return compute


def total(xs: Sequence[Dual]) -> Dual:
    return chain(sum((x.value for x in xs), MP.mpf(0)), *((1, x) for x in xs))


def product(xs: Sequence[Dual]) -> Dual:
    before = list(itertools.accumulate((x.value for x in xs), lambda a, b: a * b, initial=MP.mpf(1)))
    after = list(itertools.accumulate((x.value for x in reversed(xs)), lambda a, b: a * b, initial=MP.mpf(1)))
    terms = ((before[k] * after[len(xs) - 1 - k], x) for k, x in enumerate(xs))
    return chain(before[-1], *terms)


def extreme(sign: int) -> Callable[[Sequence[Dual]], Dual]:
    """The largest (1) or smallest (-1); those that tie share."""

    def reduce(xs: Sequence[Dual]) -> Dual:
        best = max(xs, key=lambda x: sign * x.plain)
        ties = [x for x in xs if x.plain == best.plain]
        return chain(best.value, *((MP.mpf(1) / len(ties), x) for x in ties))

    return reduce


def mean(xs: Sequence[Dual]) -> Dual:
    return total(xs) * (MP.mpf(1) / len(xs) if xs else MP.nan)


def variance(xs: Sequence[Dual], ddof: int = 0) -> Dual:
    middle = sum((x.value for x in xs), MP.mpf(0)) / len(xs)
    count = len(xs) - ddof
    value = sum(((x.value - middle) ** 2 for x in xs), MP.mpf(0)) / count
    # the mean is rounded, and what is left of an entry may be much smaller than the entry
    sizes = [2 * float(abs(x.value) + abs(middle)) / count for x in xs]
    return chain(value, *((2 * (x.value - middle) / count, x, s) for x, s in zip(xs, sizes, strict=True)))


def deviation(xs: Sequence[Dual], ddof: int = 0) -> Dual:
    return root(variance(xs, ddof))


def root(x: Dual) -> Dual:
    """The square root with slope 0 at 0, as the table of kinks has it for norms."""
    y = MP.sqrt(x.value)
    return chain(y, (1 / (2 * y), x)) if y else Dual(y)


def length(xs: Sequence[Dual]) -> Dual:
    return root(chain(sum((x.value**2 for x in xs), MP.mpf(0)), *((2 * x.value, x) for x in xs)))


# -- making, shaping ---------------------------------------------------------------------------------------------------


def full(value: Any, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return object_array([dual(value)] * int(np.prod(shape)), shape)


def arange(start: Any, step: Any, length: int, dtype: str) -> np.ndarray:
    return object_array([dual(start) + dual(step) * i for i in range(length)], (length,))


def linspace(start: Any, stop: Any, length: int, endpoint: bool = True) -> np.ndarray:
    pieces = max(length - 1 if endpoint else length, 1)
    weights = [MP.mpf(i) / pieces for i in range(length)]
    return object_array([dual(start) * (1 - w) + dual(stop) * w for w in weights], (length,))


def pack(*xs: Any, shape: tuple[int, ...], dtype: str | None = None) -> np.ndarray:
    return object_array([dual(x) for x in xs], shape)


def concatenate(*xs: Any, axis: int) -> np.ndarray:
    return np.concatenate([objects(x) for x in xs], axis)


def linear_scan(a: Any, b: Any, start: float, reverse: bool = False) -> np.ndarray:
    a, b = objects(a), objects(b)
    out = np.empty(a.shape, dtype=object)
    state = full(start, a.shape[:-1], "float64")
    order = range(a.shape[-1])
    for i in reversed(order) if reverse else order:
        out[..., i] = state
        state = objects(np.add(np.multiply(a[..., i], state), b[..., i]))
    return out


def plain(x: Any) -> np.ndarray:
    """The floats nearest to numbers, as an array of floats."""
    return np.array([float(dual(d).plain) for d in objects(x).ravel()]).reshape(np.shape(x))


def argsort(x: Any, axis: int) -> np.ndarray:
    return np.argsort(plain(x), axis=axis, kind="stable")


def sort(x: Any, axis: int) -> np.ndarray:
    return np.take_along_axis(objects(x), argsort(x, axis), axis)


def running(combine: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Totals of the entries so far along an axis."""

    def compute(x: Any, axis: int) -> np.ndarray:
        moved = np.moveaxis(objects(x), axis, 0).copy()
        for i in range(1, len(moved)):
            moved[i] = combine(moved[i - 1], moved[i])
        return np.moveaxis(moved, 0, axis)

    return compute


def convolve(a: Any, v: Any, mode: str, length: int | None = None) -> np.ndarray:
    a, v = objects(a), objects(v)
    whole = full(0.0, (len(a) + len(v) - 1,), "float64")
    for j, weight in enumerate(v):
        whole[j : j + len(a)] = np.add(whole[j : j + len(a)], np.multiply(a, dual(weight)))
    return whole if mode == "full" else whole[len(v) - 1 : len(a)]


# -- Fourier transforms ------------------------------------------------------------------------------------------------


def spectrum(sign: int, read: str, give: str) -> Callable[..., Any]:
    """The sum over all points, as the definition has it; ``read`` and ``give`` say what is real and what half."""

    def compute(x: Any, axis: int, length: int | None = None) -> Any:
        lines = np.moveaxis(objects(x), axis, 0)
        n = length if give == "real" else len(lines)
        m = len(lines) if read == "half" else n
        found = []
        for k in range(length or n):
            terms = [(MP.expjpi(MP.mpf(2 * sign * ((j * k) % n)) / n), lines[j]) for j in range(m)]
            if read == "half":
                terms = [(w if j == 0 or 2 * j == n else 2 * w, line) for j, (w, line) in enumerate(terms)]
            re = sum_of((w.real, *parts(line, read)[:1], -w.imag, *parts(line, read)[1:]) for w, line in terms)
            im = sum_of((w.imag, *parts(line, read)[:1], w.real, *parts(line, read)[1:]) for w, line in terms)
            found.append(re if give == "real" else np.stack((re, im), axis=-1))
        return np.moveaxis(np.stack(found), 0, axis)

    return compute


def parts(line: np.ndarray, read: str) -> tuple[Any, ...]:
    return (line,) if read == "real" else (line[..., 0], line[..., 1])


def sum_of(terms: Any) -> Any:
    """Sums of products of numbers and parts."""
    total_: Any = 0
    for term in terms:
        for factor, part in zip(term[::2], term[1::2], strict=False):
            total_ = np.add(np.multiply(objects(part), dual(factor)), total_)
    return objects(total_)


# -- linear algebra ----------------------------------------------------------------------------------------------------


def matmul(a: Any, b: Any) -> Any:
    a, b = objects(a), objects(b)
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    out = np.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)
    out = out[..., 0] if b.ndim == 1 else out
    return out if a.ndim > 1 else out[..., 0] if b.ndim == 1 else out[..., 0, :]


def dot(a: Any, b: Any) -> Any:
    return matmul(a, b) if np.ndim(a) and np.ndim(b) else objects(a) * objects(b)


def trace(a: Any) -> Dual:
    return total([dual(x) for x in np.diagonal(objects(a))])


def overlap_add(windows: Any, shape: Any, kernel: Any, stride: Any, dilation: Any) -> np.ndarray:
    """Every place of every window, one by one."""
    out, n = full(0.0, tuple(shape), "float64"), len(kernel)
    for place in np.ndindex(*np.shape(windows)):
        lead, window, inner = place[: -2 * n], place[-2 * n : -n], place[-n:]
        target = (*lead, *(w * s + i * d for w, s, i, d in zip(window, stride, inner, dilation, strict=True)))
        out[target] = out[target] + dual(windows[place])
    return out


def max_pool(x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> np.ndarray:
    """The first of the largest entries of each window."""
    if any(padding) or ceil:
        raise NotImplementedError
    windows = REGISTRY["sliding_windows"].numpy(objects(x), kernel, stride, dilation)
    last = windows.ndim - len(kernel)
    lanes = windows.reshape(*windows.shape[:last], int(np.prod(kernel)))
    best = np.argmax(plain(lanes), axis=-1) if lanes.size else np.zeros(lanes.shape[:-1], int)
    return np.take_along_axis(lanes, best[..., None], -1)[..., 0]


MOVES = "reshape transpose broadcast_to diag diagonal tril roll index put accumulate_at sliding_windows"

ROWS: dict[str, Callable[..., Any]] = {
    **{name: as_numpy(name) for name in MOVES.split()},
    "sum": over_lanes(total),
    "prod": over_lanes(product),
    "max": over_lanes(extreme(1)),
    "min": over_lanes(extreme(-1)),
    "mean": over_lanes(mean),
    "var": over_lanes(variance),
    "std": over_lanes(deviation),
    "norm": over_lanes(length),
    "fourier": spectrum(-1, "all", "all"),
    "fourier_inverse": spectrum(1, "all", "all"),
    "real_fourier": spectrum(-1, "real", "half"),
    "real_fourier_inverse": spectrum(1, "half", "real"),
    "full": full,
    "arange": arange,
    "linspace": linspace,
    "pack": pack,
    # what a function with a rule of its own computes, and so its own derivative and not what the rule says
    "held": lambda x: x,
    "given": lambda *values, rule: values[0] if rule.count == 1 else values[: rule.count],
    "concatenate": concatenate,
    "linear_scan": linear_scan,
    "argsort": argsort,
    "sort": sort,
    "searchsorted": lambda a, v, side: np.searchsorted(plain(a), plain(v), side),
    "convolve": convolve,
    "overlap_add": overlap_add,
    "max_pool": max_pool,
    "cumsum": running(np.add),
    "cumprod": running(np.multiply),
    "matmul": matmul,
    "dot": dot,
    "outer": lambda a, b: objects(a)[:, None] * objects(b),
    "trace": trace,
    **LINALG,
    "new_stack": lambda dtype, shape: (),
    "push": lambda stack, v: (stack, v),
    "pop": lambda stack: stack,
}
