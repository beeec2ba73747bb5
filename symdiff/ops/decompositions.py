"""Eigenvalues, singular values, orthogonal factors, and what is computed by them.

A decomposition has a row for each of its parts. Parts of one matrix are computed together when they are lowered.

Vectors are determined up to their signs, and where values coincide up to a rotation. A function that does not depend on
this freedom has a gradient by the rules below wherever values differ. Where two values coincide exactly, the share of
their pair is 0 if nothing depends on the pair, and infinite or NaN otherwise: the rules cannot tell what the function
as a whole would give. By values alone the gradient is finite everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.comparison import greater, where
from symdiff.ops.extreme import maximum
from symdiff.ops.linalg import column, matmul, on_diagonal, outer, row_of, sizes_of, tril
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.reduction import max_
from symdiff.ops.shaping import swap_last
from symdiff.ops.sizes import at_most
from symdiff.ops.solving import collected, float_of, solve, square_size, triangle

__all__ = [
    "eigh_values",
    "eigh_vectors",
    "eigvalsh",
    "lstsq",
    "pinv",
    "qr_q",
    "qr_r",
    "svd_s",
    "svd_u",
    "svd_vt",
    "svdvals",
]


def _over_gaps(share: Any, gap: Any) -> Any:
    """``share / gap`` for each pair of values; nothing for the pairs of equal values on which nothing depends."""
    magnitude = abs(share)
    largest = max_(magnitude, axis=(share.rank - 2, share.rank - 1), keepdims=True)
    noise = largest * float(4096 * np.finfo(share.type.dtype).eps)
    # both triangles of the share belong to one pair
    idle = (magnitude <= noise) & (swap_last(magnitude) <= noise)
    nothing = on_diagonal(share) | ((gap == 0.0) & idle)
    return where(nothing, 0.0, share) / where(nothing, 1.0, gap)


# -- symmetric matrices ------------------------------------------------------------------------------------------------


def _infer_symmetric(*, values: bool) -> Any:
    def infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
        (a,) = inputs
        square_size(build, "eigh", a.type)
        return Type(float_of(a.type), a.type.shape[:-1] if values else a.type.shape, "numpy")

    return infer


def _letter(upper: bool) -> Any:
    return "U" if upper else "L"


def _symmetric_text(function: str, part: str = "") -> Any:
    def python(arguments: list[str], attrs: Any, show_shape: Any) -> str:
        return f"np.linalg.{function}({arguments[0]}{', ' + repr('U') if attrs['upper'] else ''}){part}"

    return python


def _values_rule(g: Any, y: Any, a: Any, upper: bool) -> Any:
    """``V diag(g) V^T``, collected in the triangle that is read."""
    v = eigh_vectors(a, upper=upper)
    return collected(matmul(v * row_of(g), swap_last(v)), not upper)


def _vectors_rule(g: Any, y: Any, a: Any, upper: bool) -> Any:
    w = eigh_values(a, upper=upper)
    inner = _over_gaps(matmul(swap_last(y), g), row_of(w) - column(w))
    return collected(matmul(matmul(y, inner), swap_last(y)), not upper)


eigvalsh: Primitive = primitive(
    "eigvalsh",
    infer=_infer_symmetric(values=True),
    numpy=lambda a, upper: np.linalg.eigvalsh(a, _letter(upper)),
    python=_symmetric_text("eigvalsh"),
    vjp=(_values_rule,),
    cost=2000.0,
)

eigh_values: Primitive = primitive(
    "eigh_values",
    infer=_infer_symmetric(values=True),
    numpy=lambda a, upper: np.linalg.eigh(a, _letter(upper))[0],
    python=_symmetric_text("eigh", "[0]"),
    vjp=(_values_rule,),
    cost=2000.0,
)

eigh_vectors: Primitive = primitive(
    "eigh_vectors",
    infer=_infer_symmetric(values=False),
    numpy=lambda a, upper: np.linalg.eigh(a, _letter(upper))[1],
    python=_symmetric_text("eigh", "[1]"),
    vjp=(_vectors_rule,),
    cost=2000.0,
)


# -- singular values ---------------------------------------------------------------------------------------------------


def _infer_singular(part: str) -> Any:
    def infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
        (a,) = inputs
        rows, columns = sizes_of(build, "svd", a.type)
        count = at_most(build, rows, columns)
        left, right = (rows, columns) if attrs.get("full") else (count, count)
        sizes: dict[str, tuple[Dim, ...]] = {"u": (rows, left), "s": (count,), "vt": (right, columns)}
        return Type(float_of(a.type), (*a.type.shape[:-2], *sizes[part]), "numpy")

    return infer


def _singular_text(part: int) -> Any:
    def python(arguments: list[str], attrs: Any, show_shape: Any) -> str:
        return f"np.linalg.svd({arguments[0]}{'' if attrs['full'] else ', full_matrices=False'})[{part}]"

    return python


def _singular(part: int) -> Any:
    return lambda a, full: np.linalg.svd(a, full_matrices=full)[part]


def _determined(a: Any, axis: int, full: bool) -> None:
    """Refuse, now or when the program runs, the gradient of vectors that belong to no singular value."""
    if full:
        size = a.shape[axis]
        message = f"the gradient of svd with full_matrices=True does not exist for the shape {show_shape(a.shape)}"
        require_same(a.build, at_most(a.build, a.shape[-2], a.shape[-1]), size, f"{message}: use full_matrices=False")


def _beside(x: Any, vectors: Any) -> Any:
    """What of the columns of ``x`` is orthogonal to the vectors."""
    return x - matmul(vectors, matmul(swap_last(vectors), x))


def _larger(a: Any, axis: int, other: int, part: Any) -> Any:
    """A part that is there only where one axis is longer than the other; elsewhere it is what rounding left."""
    first, second = a.shape[axis], a.shape[other]
    if isinstance(first, int) and isinstance(second, int):
        return part if first > second else None
    if first is second:
        return None
    sizes = (Traced(a.build, a.build.size(dim)) for dim in (first, second))
    return where(greater(*sizes), part, 0.0)


def _turned_share(vectors: Any, g: Any, s: Any) -> Any:
    """``F * (V^T g - g^T V)`` with ``F_ij = 1 / (s_j^2 - s_i^2)``."""
    share = matmul(swap_last(vectors), g)
    apart, together = row_of(s) - column(s), row_of(s) + column(s)
    divided = _over_gaps(share, apart * together)
    return divided + swap_last(divided)


def _left_rule(g: Any, y: Any, a: Any, full: bool) -> Any:
    _determined(a, -2, full)
    u, s, vt = svd_u(a, full=False), svd_s(a, full=False), svd_vt(a, full=False)
    inner = matmul(u, _turned_share(u, g, s) * row_of(s))
    outside = _larger(a, -2, -1, _beside(g, u) / row_of(s))
    return matmul(inner if outside is None else inner + outside, vt)


def _right_rule(g: Any, y: Any, a: Any, full: bool) -> Any:
    _determined(a, -1, full)
    u, s, vt = svd_u(a, full=False), svd_s(a, full=False), svd_vt(a, full=False)
    v, g = swap_last(vt), swap_last(g)
    inner = matmul(v, _turned_share(v, g, s) * row_of(s))
    outside = _larger(a, -1, -2, _beside(g, v) / row_of(s))
    return matmul(u, swap_last(inner if outside is None else inner + outside))


def _singular_values_rule(g: Any, y: Any, a: Any, full: bool = False) -> Any:
    return matmul(svd_u(a, full=False) * row_of(g), svd_vt(a, full=False))


def _singular_row(part: str, place: int, rule: Any) -> Primitive:
    return primitive(
        f"svd_{part}",
        infer=_infer_singular(part),
        numpy=_singular(place),
        python=_singular_text(place),
        vjp=(rule,),
        cost=3000.0,
    )


svd_u = _singular_row("u", 0, _left_rule)
svd_s = _singular_row("s", 1, _singular_values_rule)
svd_vt = _singular_row("vt", 2, _right_rule)

svdvals: Primitive = primitive(
    "svdvals",
    infer=_infer_singular("s"),
    numpy=lambda a: np.linalg.svd(a, compute_uv=False),
    python="np.linalg.svd({}, compute_uv=False)",
    vjp=(_singular_values_rule,),
    cost=3000.0,
)


# -- orthogonal factors ------------------------------------------------------------------------------------------------


def _infer_factor(part: str) -> Any:
    def infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
        (a,) = inputs
        rows, columns = sizes_of(build, "qr", a.type)
        count = at_most(build, rows, columns)
        shape = (rows, count) if part == "q" else (count, columns)
        return Type(float_of(a.type), (*a.type.shape[:-2], *shape), "numpy")

    return infer


def _mirrored(m: Any) -> Any:
    """The symmetric matrix with the lower triangle of ``m``."""
    return where(on_diagonal(m), m, tril(m) + swap_last(tril(m)))


def _factor_rule(a: Any, q: Any, r: Any, g: Any, inner: Any) -> Any:
    """``(g + Q mirrored(inner)) R^-T``."""
    message = f"the gradient of qr needs as many rows as columns, not the shape {show_shape(a.shape)}"
    require_same(a.build, at_most(a.build, a.shape[-2], a.shape[-1]), a.shape[-1], message)
    total = matmul(q, _mirrored(inner))
    return swap_last(solve(r, swap_last(total if g is None else g + total)))


def _orthogonal_rule(g: Any, y: Any, a: Any) -> Any:
    return _factor_rule(a, y, qr_r(a), g, -matmul(swap_last(g), y))


def _upper_rule(g: Any, y: Any, a: Any) -> Any:
    return _factor_rule(a, qr_q(a), y, None, matmul(y, swap_last(triangle(g, False))))


qr_q: Primitive = primitive(
    "qr_q",
    infer=_infer_factor("q"),
    numpy=lambda a: np.linalg.qr(a)[0],
    python="np.linalg.qr({})[0]",
    vjp=(_orthogonal_rule,),
    cost=2000.0,
)

qr_r: Primitive = primitive(
    "qr_r",
    infer=_infer_factor("r"),
    numpy=lambda a: np.linalg.qr(a)[1],
    python="np.linalg.qr({})[1]",
    vjp=(_upper_rule,),
    cost=2000.0,
)


# -- least squares -----------------------------------------------------------------------------------------------------


def _infer_pinv(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (a,) = inputs
    rows, columns = sizes_of(build, "pinv", a.type)
    return Type(float_of(a.type), (*a.type.shape[:-2], columns, rows), "numpy")


def _cutoff(a: Any, s: Any, rcond: float | None) -> Any:
    """Below this a singular value counts as 0; None stands for NumPy's bound by the size of the matrix."""
    largest = max_(s, axis=(s.rank - 1,), keepdims=True)
    if rcond is not None:
        return largest * rcond
    rows, columns = (Traced(a.build, a.build.size(dim)) for dim in a.shape[-2:])
    return largest * (maximum(rows, columns) * float(np.finfo(s.type.dtype).eps))


def _inverted(a: Any, rcond: float | None) -> tuple[Any, Any, Any]:
    """The singular vectors, and the reciprocals of the singular values that count."""
    s = svd_s(a, full=False)
    large = s > _cutoff(a, s, rcond)
    return svd_u(a, full=False), where(large, 1.0 / where(large, s, 1.0), 0.0), svd_vt(a, full=False)


def _pinv_expand(a: Any, rcond: float | None) -> Any:
    u, reciprocal, vt = _inverted(a, rcond)
    return matmul(swap_last(vt) * row_of(reciprocal), swap_last(u))


def _pinv_numpy(a: Any, rcond: Any) -> Any:
    # NumPy itself takes a None as the bound that lstsq uses
    bound: Any = rcond
    return np.linalg.pinv(a, rtol=bound)


def _pinv_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    rcond = attrs["rcond"]
    suffix = "" if rcond == 1e-15 else f", rtol={rcond!r}"
    return f"np.linalg.pinv({arguments[0]}{suffix})"


def _pinv_rule(g: Any, y: Any, a: Any, rcond: float | None) -> Any:
    """The derivative among matrices of the same rank; where the rank changes the pseudo-inverse jumps."""
    p, pt = y, swap_last(y)
    through = matmul(matmul(pt, g), pt)
    gt = swap_last(g)
    rows = matmul(gt, matmul(p, pt))
    columns = matmul(matmul(pt, p), gt)
    return rows - matmul(a, matmul(p, rows)) + columns - matmul(matmul(columns, p), a) - through


pinv: Primitive = primitive(
    "pinv",
    infer=_infer_pinv,
    numpy=_pinv_numpy,
    python=_pinv_text,
    expand=_pinv_expand,
    vjp=(_pinv_rule,),
    cost=4000.0,
)


def _infer_lstsq(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    a, b = (v.type for v in inputs)
    message = f"shapes {show_shape(a.shape)} and {show_shape(b.shape)} do not fit for lstsq"
    if a.rank != 2 or b.rank not in (1, 2):
        build.refuse(ShapeError, message)
    require_same(build, a.shape[0], b.shape[0], message)
    return Type(float_of(a, b), (a.shape[1], *b.shape[1:]), "numpy")


def _lstsq_expand(a: Any, b: Any, rcond: float | None) -> Any:
    u, reciprocal, vt = _inverted(a, rcond)
    weights = column(reciprocal) if b.rank > 1 else reciprocal
    return matmul(swap_last(vt), weights * matmul(swap_last(u), b))


def _lstsq_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    return f"np.linalg.lstsq({arguments[0]}, {arguments[1]}, rcond={attrs['rcond']!r})[0]"


def _lstsq_left_rule(g: Any, y: Any, a: Any, b: Any, rcond: float | None) -> Any:
    """That of the pseudo-inverse, applied to the right side."""
    p = pinv(a, rcond=rcond)
    pt = swap_last(p)
    back = matmul(pt, g)
    rest, along = b - matmul(a, y), matmul(pt, y)
    beside = g - matmul(swap_last(a), back)
    pairs = ((rest, matmul(p, back)), (along, beside), (-back, y))
    return _sum_of_products(pairs)


def _sum_of_products(pairs: Any) -> Any:
    total: Any = None
    for left, right in pairs:
        part = outer(left, right) if left.rank == 1 else matmul(left, swap_last(right))
        total = part if total is None else total + part
    return total


lstsq: Primitive = primitive(
    "lstsq",
    infer=_infer_lstsq,
    numpy=lambda a, b, rcond: np.linalg.lstsq(a, b, rcond=rcond)[0],
    python=_lstsq_text,
    expand=_lstsq_expand,
    vjp=(_lstsq_left_rule, lambda g, y, a, b, rcond: matmul(swap_last(pinv(a, rcond=rcond)), g)),
    cost=4000.0,
)
