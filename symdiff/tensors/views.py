"""Views: tensors that show the memory of another in another shape, order or part.

Each kind is an operation that reads, and how a store through the view changes what it views.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors import grad_mode
from symdiff.tensors.arithmetic import FUNCTIONS, first_operand, function
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import Operation, operation, record
from symdiff.tensors.reductions import axis_of
from symdiff.tensors.size import Size
from symdiff.tensors.storage import NUMPY_VIEWS, View
from symdiff.tensors.tensor import Tensor, as_lazy, attach, view_of, wrap

__all__ = ["concatenated", "permuted", "reshaped", "sizes_of"]


# -- shapes ------------------------------------------------------------------------------------------------------------


@operation("view", "ViewBackward0")
def _view(x: Any, shape: tuple[int, ...]) -> Any:
    return R["reshape"](x, shape=shape) if shape != tuple(x.shape) else x


@operation("permute", "PermuteBackward0")
def _permute(x: Any, axes: tuple[int, ...]) -> Any:
    return R["transpose"](x, axes=axes) if x.rank else x


@operation("expand", "ExpandBackward0")
def _expand(x: Any, shape: tuple[int, ...]) -> Any:
    return R["broadcast_to"](x, shape=shape) if shape != tuple(x.shape) else x


def _renamed(name: str, node: str, op: Operation) -> Operation:
    return Operation(name, op.build, node)


_T = _renamed("permute", "TBackward0", _permute)
_TRANSPOSE = _renamed("permute", "TransposeBackward0", _permute)
_SQUEEZE = _renamed("view", "SqueezeBackward0", _view)
_SQUEEZE_ONE = _renamed("view", "SqueezeBackward1", _view)
_UNSQUEEZE = _renamed("view", "UnsqueezeBackward0", _view)
NUMPY_VIEWS["view"] = lambda a, shape: a.reshape(shape)
NUMPY_VIEWS["permute"] = lambda a, axes: a.transpose(axes)
NUMPY_VIEWS["expand"] = np.broadcast_to


def reshaped(x: Lazy, shape: tuple[int, ...]) -> Lazy:
    """The elements in order, in another shape."""
    return record(_view, (x,), (shape,))


def permuted(x: Lazy, axes: tuple[int, ...]) -> Lazy:
    """The axes in another order."""
    return record(_permute, (x,), (axes,))


def _reshape_view(shape: tuple[int, ...], op: Operation = _view) -> View:
    return View(op, (shape,), lambda base, new: reshaped(new, base.shape))


def _permute_view(axes: tuple[int, ...], op: Operation = _permute) -> View:
    back = tuple(int(k) for k in np.argsort(axes))
    return View(op, (axes,), lambda base, new: permuted(new, back))


def sizes_of(sizes: Sequence[Any]) -> tuple[int, ...]:
    """The sizes in a call such as ``x.view(2, 3)`` or ``x.view((2, 3))``."""
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = sizes[0]
    return tuple(int(n) for n in sizes)


def _resolved(sizes: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes with -1 worked out."""
    count = int(np.prod(shape))
    if sizes.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    rest = int(np.prod([n for n in sizes if n != -1]))
    if -1 in sizes and rest and count % rest == 0:
        return tuple(count // rest if n == -1 else n for n in sizes)
    if -1 in sizes or rest != count:
        raise RuntimeError(f"shape '{list(sizes)}' is invalid for input of size {count}")
    return sizes


def _reshape(input: Tensor, *shape: Any) -> Tensor:
    x = first_operand(input, "reshape")
    return view_of(input, _reshape_view(_resolved(sizes_of(shape), x.shape)))


def _flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    shape = first_operand(input, "flatten").shape
    if not shape:
        return _reshape(input, 1)
    first, last = axis_of(start_dim, len(shape)), axis_of(end_dim, len(shape))
    return _reshape(input, (*shape[:first], int(np.prod(shape[first : last + 1])), *shape[last + 1 :]))


def _squeeze(input: Tensor, dim: Any = None) -> Tensor:
    shape = first_operand(input, "squeeze").shape
    dims = (
        range(len(shape))
        if dim is None
        else [axis_of(d, len(shape)) for d in (dim if isinstance(dim, tuple) else (dim,))]
    )
    kept = tuple(n for k, n in enumerate(shape) if n != 1 or k not in dims)
    return view_of(input, _reshape_view(kept, _SQUEEZE if dim is None else _SQUEEZE_ONE))


def _unsqueeze(input: Tensor, dim: int) -> Tensor:
    shape = first_operand(input, "unsqueeze").shape
    at = axis_of(dim, len(shape) + 1)
    return view_of(input, _reshape_view((*shape[:at], 1, *shape[at:]), _UNSQUEEZE))


def _permuted(input: Tensor, *dims: Any) -> Tensor:
    rank = len(first_operand(input, "permute").shape)
    axes = tuple(axis_of(d, rank) for d in sizes_of(dims))
    if sorted(axes) != list(range(rank)):
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {rank} is not equal to len(dims) = {len(axes)}"
        )
    return view_of(input, _permute_view(axes))


def _transposed(input: Tensor, dim0: int, dim1: int) -> Tensor:
    rank = len(first_operand(input, "transpose").shape)
    axes = list(range(rank))
    a, b = axis_of(dim0, rank), axis_of(dim1, rank)
    if rank:
        axes[a], axes[b] = axes[b], axes[a]
    return view_of(input, _permute_view(tuple(axes), _TRANSPOSE))


def _t(input: Tensor) -> Tensor:
    rank = len(first_operand(input, "t").shape)
    if rank > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {rank}D")
    return view_of(input, _permute_view(tuple(reversed(range(rank))), _T))


def _expanded(input: Tensor, *sizes: Any) -> Tensor:
    shape = first_operand(input, "expand").shape
    wanted = sizes_of(sizes)
    lead = len(wanted) - len(shape)
    full = tuple(shape[k - lead] if n == -1 and k >= lead else n for k, n in enumerate(wanted))
    for k, n in enumerate(shape):
        if n not in (1, full[k + lead]):
            raise RuntimeError(
                f"The expanded size of the tensor ({full[k + lead]}) must match the existing size ({n}) at "
                f"non-singleton dimension {k + lead}.  Target sizes: {list(full)}.  Tensor sizes: {list(shape)}"
            )
    return view_of(input, View(_expand, (full,), None))


function("reshape", _reshape)
function("flatten", _flatten)
function("ravel", lambda input: _flatten(input))
function("squeeze", _squeeze)
function("unsqueeze", _unsqueeze)
function("permute", _permuted)
function("transpose", _transposed)
function("swapaxes", _transposed)
function("t", _t)
attach("view", _reshape)
attach("view_as", lambda self, other: _reshape(self, other.shape))
attach("reshape_as", lambda self, other: _reshape(self, other.shape))
attach("expand", _expanded)
attach("expand_as", lambda self, other: _expanded(self, other.shape))
attach("contiguous", lambda self, memory_format=None: self)
attach("is_contiguous", lambda self, memory_format=None: True)
attach("size", lambda self, dim=None: self.shape if dim is None else self.shape[axis_of(dim, self.ndim)])
attach("dim", lambda self: len(as_lazy(self).shape))
attach("numel", lambda self: Size(as_lazy(self).shape).numel())
attach("nelement", lambda self: Size(as_lazy(self).shape).numel())
attach("element_size", lambda self: self.dtype.itemsize)
FUNCTIONS["numel"] = lambda input: Size(as_lazy(input).shape).numel()
Tensor.T = property(  # type: ignore[attr-defined]
    lambda self: view_of(self, _permute_view(tuple(reversed(range(self.ndim)))))
)
Tensor.mT = property(lambda self: _transposed(self, -2, -1))  # type: ignore[attr-defined]


# -- several tensors ---------------------------------------------------------------------------------------------------


@operation("cat", "CatBackward0")
def _cat(*args: Any) -> Any:
    *xs, axis = args
    return R["concatenate"](*xs, axis=axis)


_STACK = Operation("stack", _cat.build, "StackBackward0")


def concatenated(values: Sequence[Lazy], axis: int, op: Operation = _cat) -> Lazy:
    """One after the other along an axis."""
    return record(op, tuple(values), (axis,))


def _check_sizes(values: Sequence[Lazy], axis: int) -> None:
    first = values[0].shape
    for k, x in enumerate(values[1:], 1):
        for d, (m, n) in enumerate(zip(first, x.shape, strict=False)):
            if d != axis and m != n:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {m} but got size {n} for "
                    f"tensor number {k} in the list."
                )


def _cat_call(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    from_ = [first_operand(t, "cat") for t in tensors]
    if not from_:
        raise ValueError("expected a non-empty list of Tensors")
    ranks = {len(v.shape) for v in from_}
    # an empty tensor of one axis beside others of more is left out, as it always was
    values = from_ if len(ranks) == 1 else [v for v in from_ if v.shape != (0,)]
    dtype = _widest(from_)
    axis = axis_of(dim, len(values[0].shape))
    _check_sizes(values, axis)
    return wrap(concatenated([_as(v, dtype) for v in values], axis))


def _stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    values = [first_operand(t, "stack") for t in tensors]
    if not values:
        raise RuntimeError("stack expects a non-empty TensorList")
    for k, v in enumerate(values):
        if v.shape != values[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(values[0].shape)} at entry 0 and "
                f"{list(v.shape)} at entry {k}"
            )
    axis = axis_of(dim, len(values[0].shape) + 1)
    dtype = _widest(values)
    shape = (*values[0].shape[:axis], 1, *values[0].shape[axis:])
    return wrap(concatenated([reshaped(_as(v, dtype), shape) for v in values], axis, _STACK))


def _widest(values: Sequence[Lazy]) -> Any:
    from_elementwise = max(values, key=lambda v: (v.dtype.category, v.dtype.width))
    return from_elementwise.dtype


def _as(value: Lazy, dtype: Any) -> Lazy:
    return value if value.dtype is dtype else as_lazy(wrap(value).to(dtype))  # type: ignore[attr-defined]


def _split(input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    shape = first_operand(input, "split").shape
    axis = axis_of(dim, len(shape))
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        sizes = [min(step, shape[axis] - k) for k in range(0, shape[axis], step)] or [0]
    else:
        sizes = list(split_size_or_sections)
        if sum(sizes) != shape[axis]:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {shape[axis]} (input tensor's size at "
                f"dimension {axis}), but got split_sizes={sizes}"
            )
    ends = np.cumsum([0, *sizes])
    lead = (slice(None),) * axis
    parts = [input[(*lead, slice(int(a), int(b)))] for a, b in itertools.pairwise(ends)]  # type: ignore[index]
    return _of_several(parts)


def _of_several(parts: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views that one call gives: a store into one of them is refused where gradients flow."""
    if grad_mode.enabled():
        for part in parts:
            part._origin = "multiple"
    return tuple(parts)


def _chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    size = first_operand(input, "chunk").shape[axis_of(dim, input.ndim)]
    return _split(input, max(1, -(-size // chunks)), dim)


function("cat", _cat_call, method=False)
function("concat", _cat_call, method=False)
function("stack", _stack, method=False)
function("split", _split)
function("chunk", _chunk)
function("unbind", lambda input, dim=0: _of_several([_select(input, dim, k) for k in range(input.shape[dim])]))


def _select(input: Tensor, dim: int, index: int) -> Tensor:
    axis = axis_of(dim, input.ndim)
    return input[(*(slice(None),) * axis, index)]  # type: ignore[index]


def _narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    axis = axis_of(dim, input.ndim)
    return input[(*(slice(None),) * axis, slice(start, start + length))]  # type: ignore[index]


function("select", _select)
function("narrow", _narrow)
