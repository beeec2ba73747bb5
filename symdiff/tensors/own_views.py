"""Windows along an axis as a view, and changes of a tensor's own shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors.operations import operation, positions
from symdiff.tensors.reductions import axis_of
from symdiff.tensors.storage import NUMPY_VIEWS, View
from symdiff.tensors.tensor import Tensor, as_lazy, attach, memory_layout, view_of

__all__: list[str] = []


@operation("unfold", "UnfoldBackward0")
def _unfold(x: Any, axis: int, size: int, step: int) -> Any:
    count = (x.shape[axis] - size) // step + 1
    starts, within = positions(x, count) * step, positions(x, size)
    places = R["reshape"](starts, shape=(count, 1)) + R["reshape"](within, shape=(1, size))
    whole = tuple(("array",) if k == axis else ("slice", 0, n, 1) for k, n in enumerate(x.shape))
    found = R["index"](x, places, index=whole)
    order = [k for k in range(found.rank) if k != axis + 1]
    return R["transpose"](found, axes=(*order, axis + 1))


def _numpy_unfold(array: Any, axis: int, size: int, step: int) -> Any:
    windows = np.lib.stride_tricks.sliding_window_view(array, size, axis)
    return windows[(*(slice(None),) * axis, slice(None, None, step))]


NUMPY_VIEWS["unfold"] = _numpy_unfold


def _windows(self: Any, dimension: int, size: int, step: int) -> Tensor:
    """All windows of a size along an axis, which become the last axis."""
    axis = axis_of(dimension, self.ndim)
    have = self.shape[axis]
    if size > have:
        raise RuntimeError(f"maximum size for tensor at dimension {axis} is {have} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    return view_of(self, View(_unfold, (axis, size, step), None))


attach("unfold", _windows)


def _becoming(name: str) -> Any:
    """``x.name_(...)``: the tensor itself as another view of its memory."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        value = as_lazy(self)
        if value.owner is not None and value.differentiable:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        view = getattr(self, name)(*args, **kwargs)
        self._storage, self._views, self._value, self._seen = view._storage, view._views, view._value, view._seen
        return self

    method.__name__ = f"{name}_"
    return method


for _name in ("squeeze", "unsqueeze", "t", "transpose", "swapaxes", "swapdims"):
    attach(f"{_name}_", _becoming(_name))
attach("ndimension", lambda self: self.ndim)


def _strides(self: Tensor, dim: int | None = None) -> Any:
    """How far elements lie apart along each axis, or along one."""
    layout = memory_layout(self)
    steps = tuple(s // layout.itemsize for s in layout.strides)
    return steps if dim is None else steps[axis_of(dim, len(steps))]


attach("stride", _strides)
