"""Reading and storing: ``x[index]``, ``x`` with ``x[index] = v``, and ``x`` with ``x[index] += v``.

The attribute ``index`` is a tuple of entries, one for each axis of x in order plus any number of ``("new",)``:

    ("int",)              an integer, at run time or a constant operand
    ("slice", a, b, s)    each part None, an int, or "in"
    ("new",)              None in the subscript
    ("array",)            an array of integers

``("int",)``, ``("array",)`` and each ``"in"`` take one operand, in order. Negative integers count from the
end, as in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from symdiff.errors import DtypeError, ShapeError, located
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import broadcast_shapes, require_same, show_shape
from symdiff.ops.comparison import equal, where
from symdiff.ops.creation import arange, full, zeros_like
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.shaping import reshape
from symdiff.ops.sizes import product
from symdiff.ops.slices import slice_length

__all__ = ["accumulate_at", "index", "index_text", "numpy_index", "put", "selected_shape", "split_operands"]

Entry = tuple[Any, ...]
Index = tuple[Entry, ...]


def split_operands(index: Index, operands: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Each entry with its operands in place: ``("int", i)``, ``("slice", a, b, s)``, ``("new",)``, ``("array", k)``."""
    rest = iter(operands)
    found: list[tuple[Any, ...]] = []
    for entry in index:
        if entry[0] in ("int", "array"):
            found.append((entry[0], next(rest)))
        else:
            found.append((entry[0], *(next(rest) if part == "in" else part for part in entry[1:])))
    return found


def numpy_index(index: Index, operands: Sequence[Any]) -> tuple[Any, ...]:
    """The subscript NumPy takes."""
    found: list[Any] = []
    for entry in split_operands(index, operands):
        match entry:
            case ("new",):
                found.append(None)
            case ("slice", a, b, s):
                found.append(slice(a, b, s))
            case (_, operand):
                found.append(operand)
    return tuple(found)


def index_text(index: Index, operands: Sequence[str]) -> str:
    """The subscript as a person writes it, without the brackets."""
    parts: list[str] = []
    for entry in split_operands(index, operands):
        match entry:
            case ("new",):
                parts.append("None")
            case ("slice", a, b, s):
                texts = ["" if part is None else str(part) for part in (a, b, s)]
                parts.append(":".join(texts if texts[2] else texts[:2]))
            case (_, operand):
                parts.append(str(operand))
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    return ", ".join(parts)


# -- shapes ------------------------------------------------------------------------------------------------------------


def selected_shape(build: Builder, x: Type, index: Index, operands: Sequence[Value]) -> tuple[Dim, ...]:
    """Shape of ``x[index]`` by NumPy's rules."""
    if sum(entry[0] != "new" for entry in index) != x.rank:
        build.refuse(
            ShapeError, f"an index of {len(index)} entries does not fit an array of shape {show_shape(x.shape)}"
        )
    entries = split_operands(index, operands)
    arrays = any(entry[0] == "array" for entry in entries)
    advanced = [position for position, entry in enumerate(entries) if entry[0] in ("int", "array")] if arrays else []
    for value in operands:
        _check_operand(build, value)
    axes = dict(_axes(build, x, entries))
    if not arrays:
        return tuple(dim for position in sorted(axes) for dim in axes[position])
    joined = broadcast_shapes(build, [entries[position][1].type.shape for position in advanced])
    # index arrays separated by a slice put their axes first; otherwise these stand where the first array stands
    adjacent = advanced == list(range(advanced[0], advanced[-1] + 1))
    before = [dim for position in sorted(axes) if adjacent and position < advanced[0] for dim in axes[position]]
    after = [dim for position in sorted(axes) if not (adjacent and position < advanced[0]) for dim in axes[position]]
    return (*before, *joined, *after)


def _axes(build: Builder, x: Type, entries: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, tuple[Dim, ...]]]:
    """The axes that entries other than integers leave."""
    axis = 0
    for position, entry in enumerate(entries):
        match entry:
            case ("new",):
                yield position, (1,)
                continue
            case ("slice", a, b, s):
                yield position, (slice_length(build, x.shape[axis], a, b, s),)
        axis += 1


def _check_operand(build: Builder, value: Value) -> None:
    if value.type.dtype == "bool" and value.type.is_array:
        hint = "use np.where(mask, ..., ...), or np.sum of a product with the mask"
        build.refuse(DtypeError, "indexing with an array of truth values is not supported", hint)
    if not value.type.is_integer:
        raise located(IndexError, f"an index must be an integer, not {value.type.dtype}", build.where)


def _infer_index(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    x, *operands = inputs
    # rules that cut out a part whose size they know give its shape, so that it is the same value
    shape = attrs.get("shape") or selected_shape(build, x.type, attrs["index"], operands)
    return Type(x.type.dtype, shape, "numpy")


def _infer_store(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    x, v, *operands = inputs
    shape = selected_shape(build, x.type, attrs["index"], operands)
    message = f"could not broadcast an array of shape {show_shape(v.type.shape)} into shape {show_shape(shape)}"
    given = v.type.shape
    while len(given) > len(shape) and given[0] == 1:
        given = given[1:]
    if len(given) > len(shape):
        build.refuse(ShapeError, message)
    for have, want in zip(reversed(given), reversed(shape), strict=False):
        if have != 1:
            require_same(build, have, want, message)
    if v.type.is_float and not x.type.is_float:
        hint = "make the array with dtype=float, or convert the value with int() or .astype"
        build.refuse(DtypeError, f"storing {v.type.dtype} into an array of {x.type.dtype} would cut the fraction", hint)
    return Type(x.type.dtype, x.type.shape, "numpy")


# -- meaning -----------------------------------------------------------------------------------------------------------


def _index_numpy(x: Any, *operands: Any, index: Index, shape: Any = None) -> Any:
    return np.array(np.asarray(x)[numpy_index(index, operands)])[()]


def _put_numpy(x: Any, v: Any, *operands: Any, index: Index) -> Any:
    copy = np.array(x)
    copy[numpy_index(index, operands)] = v
    return copy


def _accumulate_numpy(x: Any, v: Any, *operands: Any, index: Index) -> Any:
    copy = np.array(x)
    np.add.at(copy, numpy_index(index, operands), v)
    return copy


def _index_python(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    x, *operands = arguments
    return f"{x}[{index_text(attrs['index'], operands)}]"


def _put_python(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    x, v, *operands = arguments
    return f"{x}[{index_text(attrs['index'], operands)}] = {v}"


def _accumulate_python(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    x, v, *operands = arguments
    text = index_text(attrs["index"], operands)
    if not has_arrays(attrs["index"]):
        return f"{x}[{text}] += {v}"
    # a subscript with a colon has no spelling as an argument but np.s_
    place = f"np.s_[{text}]" if ":" in text else f"({text})" if ", " in text else text
    return f"np.add.at({x}, {place}, {v})"


def has_arrays(index: Index) -> bool:
    """Whether an index has arrays of integers, which may name a place twice."""
    return any(entry[0] == "array" for entry in index)


# -- rules -------------------------------------------------------------------------------------------------------------


def _last_writer(g: Any, v: Any, operands: Sequence[Any], index_: Index) -> Any:
    """The cotangent of what was stored, 0 where a later entry of the index went to the same place."""
    read = index(g, *operands, index=index_, **_known_part(v, index_))
    if not has_arrays(index_) or not isinstance(g, Traced) or not read.shape:
        return read
    build = g.build
    ends = (build.constant(0), build.constant(1))
    flat = Traced(build, build.add(arange, *ends, length=product(build, read.shape), dtype="int64"))
    numbers = reshape(flat, shape=read.shape)
    board = full(Traced(build, build.constant(-1)), shape=g.shape, dtype="int64")
    survivors = index(put(board, numbers, *operands, index=index_), *operands, index=index_)
    return where(equal(survivors, numbers), read, 0.0)


def _known_part(v: Any, index_: Index) -> dict[str, Any]:
    """The shape of a part between bounds that a run tells, where what was stored there has no axis to broadcast."""
    bounded = [entry for entry in index_ if entry[0] == "slice" and "in" in entry[1:]]
    axes = sum(entry[0] == "slice" for entry in index_)
    plain = all(entry[0] in ("slice", "int") for entry in index_)
    fits = isinstance(v, Traced) and v.rank == axes and all(dim != 1 for dim in v.shape)
    return {"shape": v.shape} if bounded and plain and fits else {}


def _index_rule(g: Any, y: Any, x: Any, *operands: Any, index: Index, shape: Any = None) -> Any:
    if not x.shape:  # axes of length 1 were added to a number
        return reshape(g, shape=())
    return accumulate_at(zeros_like(x), g, *operands, index=index)


def _index_accumulate(x_bar: Any, g: Any, x: Any, *operands: Any, index: Index, shape: Any = None) -> Any:
    return accumulate_at(x_bar, g, *operands, index=index) if x.shape else x_bar + reshape(g, shape=())


index: Primitive = primitive(
    "index",
    infer=_infer_index,
    numpy=_index_numpy,
    python=_index_python,
    vjp=(_index_rule, None),
    accumulate=_index_accumulate,
    linear=True,
)

put: Primitive = primitive(
    "put",
    infer=_infer_store,
    numpy=_put_numpy,
    python=_put_python,
    stores=True,
    vjp=(
        lambda g, y, x, v, *operands, index: put(g, 0.0, *operands, index=index),
        lambda g, y, x, v, *operands, index: _last_writer(g, v, operands, index),
    ),
    jvp=lambda ts, y, x, v, *operands, index: put(*_tangents(ts, x), *operands, index=index),
    linear=True,
)

accumulate_at: Primitive = primitive(
    "accumulate_at",
    infer=_infer_store,
    numpy=_accumulate_numpy,
    python=_accumulate_python,
    stores=True,
    vjp=(
        lambda g, y, x, v, *operands, index: g,
        lambda g, y, x, v, *operands, index: _read(g, operands, index),
    ),
    jvp=lambda ts, y, x, v, *operands, index: (
        ts[0] if ts[1] is None else accumulate_at(*_tangents(ts, x), *operands, index=index)
    ),
    linear=True,
)


def _tangents(tangents: Sequence[Any], x: Any) -> tuple[Any, Any]:
    """Tangents of an array and of what is stored into it."""
    of_array, of_stored, *_ = tangents
    return zeros_like(x) if of_array is None else of_array, 0.0 if of_stored is None else of_stored


def _read(g: Any, operands: Sequence[Any], index_: Index) -> Any:
    return index(g, *operands, index=index_)
