"""Tensors made of numbers that only a run will tell, in a program that is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from symdiff.frontend.abstract import Abstract, Array, Instance, Known, ListObject, Tuple, View
from symdiff.frontend.core import Parser
from symdiff.frontend.tables import function
from symdiff.ir.graph import Value
from symdiff.tensors.creation import common_kind, tensor
from symdiff.tensors.dtypes import DTYPES, DType
from symdiff.tensors.parsed_methods import item as number_of
from symdiff.tensors.parsing import ON_NUMBERS, call, content, instance_of
from symdiff.tensors.tensor import Tensor

__all__ = ["register"]


def register(names: Mapping[str, Any]) -> None:
    """Enter the functions that take numbers which only a run will tell, given what users call them by."""
    function(names["tensor"])(_made_tensor)
    for name in ("clamp", "clip", "clamp_min", "clamp_max"):
        ON_NUMBERS.update((names[name], getattr(Tensor, name), getattr(Tensor, f"{name}_")))


def _made_tensor(p: Parser, data: Abstract, **options: Abstract) -> Abstract:
    """``torch.tensor([x, 2.0])``: a copy, through which gradients flow to numbers and arrays, but not to tensors."""
    data = p.resolver.materialise(p.build, data) if isinstance(data, Known) else data
    if not _has_unknown(p, data):
        return call(p, tensor, [data], options)
    dtype = _dtype_of(p, options)
    if isinstance(data, Instance):
        value = content(p, data)
        value = p.emit("stop_gradient", value) if value.type.is_float else value
        kind = dtype or DTYPES[value.type.dtype]
    else:
        kinds: set[Any] = set()
        value = p.value(p.call(Known(np.array), [_numbers(p, data, kinds)], {}))
        kind = dtype or common_kind(kinds, DTYPES[value.type.dtype])
    return instance_of(p.emit("convert", value, dtype=kind.name, kind="numpy"))


def _dtype_of(p: Parser, options: Mapping[str, Abstract]) -> DType | None:
    """The dtype that is asked for; nothing else may be."""
    found: dict[str, Any] = {}
    for name, option in options.items():
        if not isinstance(option, Known) and not (isinstance(option, Value) and p.build.constant_of(option) is False):
            p.unsupported(f"{name}= is not supported here", "leave it out")
        found[name] = option.object if isinstance(option, Known) else None
    if found.get("device") not in (None, "cpu") or set(found) - {"dtype", "device", "requires_grad"}:
        p.unsupported("these options of torch.tensor are not supported here", "leave them out")
    dtype: DType | None = found.get("dtype")
    return dtype


def _has_unknown(p: Parser, data: Abstract) -> bool:
    """Whether something in it is a number, an array or a tensor that only a run will tell."""
    if isinstance(data, Tuple | ListObject):
        return any(_has_unknown(p, part) for part in p.items(data))
    return isinstance(data, Instance | Array | View) or (isinstance(data, Value) and p.build.constant_of(data) is None)


def _numbers(p: Parser, data: Abstract, kinds: set[Any]) -> Abstract:
    """Data with numbers in the place of tensors, and of what dtypes or types these are."""
    if isinstance(data, Tuple | ListObject):
        return ListObject(tuple(_numbers(p, part, kinds) for part in p.items(data)))
    if isinstance(data, Instance):
        kinds.add(DTYPES[content(p, data).type.dtype])
        return number_of(p, data)
    found = p.value(data).type
    kinds.add(_TYPES[found.dtype] if found.kind == "python" and not found.is_array else DTYPES[found.dtype])
    return data


_TYPES = {"float64": float, "int64": int, "bool": bool}
