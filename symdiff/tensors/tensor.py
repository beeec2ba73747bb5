"""The Tensor: what a name holds now is one value of the recorded graph; a store gives it another one.

Tensors that share memory share a `Storage`, and see it through views: reading is an operation on what the storage
holds, storing puts the new elements back into it. Methods for operations are attached by the modules that define
them (`attach`), so that each stands in one table for ``torch.name(x)`` and ``x.name()``.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from symdiff.tensors import grad_mode
from symdiff.tensors.dtypes import DTYPES, DType, default_dtype
from symdiff.tensors.graph_node import Node
from symdiff.tensors.lazy import Lazy, as_array, known
from symdiff.tensors.operations import Operation, record
from symdiff.tensors.plans import materialise
from symdiff.tensors.printing import format_tensor, tensor_text
from symdiff.tensors.size import Size
from symdiff.tensors.storage import (
    NUMPY_VIEWS,
    Storage,
    View,
    belonging,
    inference_rules,
    numpy_view,
    part_of_shared,
    refresh,
    seen_in_memory,
)
from symdiff.tensors.tracing import current

__all__ = [
    "DETACH",
    "Held",
    "Tensor",
    "as_lazy",
    "attach",
    "elements",
    "memory_layout",
    "read",
    "view_of",
    "wrap",
]


legacy: list[Callable[..., Tensor]] = []
"""Makes what ``Tensor(...)`` is of sizes or data; set by what creates tensors, which imports this."""


class Tensor:
    """A tensor on the CPU, with PyTorch's meaning.

    An operation on tensors checks shapes and dtypes, is recorded, and is computed when somebody looks: `item`,
    printing, `numpy`, a condition, `backward`, an optimiser's step.
    """

    __slots__ = ("__dict__", "__weakref__", "_value")
    __symdiff_kind__ = "tensor"
    __array_priority__ = 1000.0

    # what few tensors have is not set when a tensor is made
    _value: Lazy
    _grad: Tensor | None = None
    _stores: int = 0
    _storage: Storage | None = None
    _views: tuple[View, ...] = ()
    _seen: int = 0
    _detached: bool = False
    _uncounted: bool = False
    _origin: str = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs:
            raise TypeError(f"Tensor() takes sizes or data, and no options: {', '.join(kwargs)}")
        found = legacy[0](*args)
        self._adopt(found._value)
        if found._storage is not None:
            self._storage, self._views, self._seen = found._storage, found._views, found._seen
            self._detached = found._detached

    @staticmethod
    def __symdiff_built__(names: tuple[str, ...], parts: list[Any]) -> Any:
        """A tensor of what it holds, which may be one already."""
        (found,) = parts
        if found is None or isinstance(found, Tensor):
            return found
        array = np.asarray(found, order="C")
        return wrap(known(array, DTYPES[array.dtype.name], array.shape))

    def __symdiff_parts__(self) -> tuple[tuple[str, ...], list[Any]]:
        """As an argument of a program: what it holds."""
        return ("elements",), [Held(self)]

    def _adopt(self, value: Lazy) -> None:
        self._value = value

    # -- what it holds -------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        return Size(self._value.shape)

    @property
    def dtype(self) -> DType:
        return self._value.dtype

    @property
    def ndim(self) -> int:
        return len(self._value.shape)

    @property
    def _version(self) -> int:
        if inference_rules and inference_rules[0].holds(self):
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._stores if self._storage is None else self._storage.version

    @property
    def requires_grad(self) -> bool:
        storage = self._storage
        if storage is not None and storage.shared is not None and not storage.value.differentiable:
            return False
        return as_lazy(self).differentiable

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    @property
    def is_leaf(self) -> bool:
        value = as_lazy(self)
        return not value.differentiable or value.owner is not None

    @property
    def grad_fn(self) -> Node | None:
        value = as_lazy(self)
        return None if self.is_leaf else Node(value)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have added up."""
        if self._grad is None and not self.is_leaf and not (as_lazy(self).hooks or {}).get(-1):
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). Call .retain_grad() on it if that is wanted.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, wanted: Tensor | None) -> None:
        if wanted is not None:
            self._check_grad(wanted)
        self._grad = wanted

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def _check_grad(self, wanted: Any) -> None:
        if not isinstance(wanted, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(wanted).__name__}"
            )
        if wanted.dtype is not self.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{wanted.dtype.name}' to a tensor with dtype "
                f"'{self.dtype.name}'. The gradient must match the tensor's dtype."
            )
        if wanted._value.shape != self._value.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(wanted._value.shape)}' to a tensor of size "
                f"'{list(self._value.shape)}'. Please ensure that the gradient and the tensor are the same size"
            )

    def requires_grad_(self, wanted: bool = True) -> Tensor:
        """Begin, or end, to take gradients of this leaf."""
        value = as_lazy(self)
        if not wanted and not self.is_leaf:
            raise RuntimeError("you can only change requires_grad flags of leaf variables.")
        if wanted and value.dtype.category < 2:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if wanted and inference_rules and inference_rules[0].holds(self):
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        if wanted != value.differentiable:
            fresh = _leaf_value(value)
            if wanted:
                fresh.differentiable, fresh.owner = True, weakref.ref(self)
            self._rebind(fresh)
        return self

    def _rebind(self, value: Lazy) -> None:
        """Hold the same elements as another value of the graph; what shares the memory sees nothing new."""
        if self._storage is None:
            self._value = value
        elif not self._views:
            self._storage.value, self._value = value, value
        else:
            # a view that becomes a leaf is one by itself from now on
            self._storage, self._views, self._value = None, (), value

    # -- looking -------------------------------------------------------------------------------------------------------

    def _array(self) -> np.ndarray[Any, Any]:
        """Its elements; not to be changed."""
        value = as_lazy(self)
        if value.array is None:
            materialise([value])
        return as_array(value)

    @property
    def _elements(self) -> Any:
        """Its elements as native code takes them: an array, or without axes a number."""
        array = self._array()
        return np.ascontiguousarray(array) if array.ndim else array[()]

    def item(self) -> Any:
        """The one element, as a Python number."""
        value = as_lazy(self)
        if value.array is None:
            materialise([value])
        if not value.shape:
            return value.array.item() if value.dtype.category == 2 else value.array
        if value.array.size != 1:
            raise RuntimeError(f"a Tensor with {value.array.size} elements cannot be converted to Scalar")
        return value.array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self._array().tolist()

    def __bool__(self) -> bool:
        count = int(np.prod(self._value.shape))
        if count != 1:
            many = "more than one value" if count else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {many} is ambiguous")
        return bool(self.item())

    def __float__(self) -> float:
        self._warn_scalar()
        return float(self.item())

    def __int__(self) -> int:
        self._warn_scalar()
        return int(self.item())

    def _warn_scalar(self) -> None:
        if self.requires_grad:
            warnings.warn(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior. "
                "Consider using tensor.detach() first.",
                UserWarning,
                stacklevel=3,
            )

    def __index__(self) -> int:
        if self.dtype.category == 2 or (self.ndim and int(np.prod(self._value.shape)) != 1):
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __repr__(self) -> str:
        value = as_lazy(self)
        name = Node(value).name() if not self.is_leaf else ""
        return tensor_text(
            self._array(), requires_grad=value.differentiable, grad_fn=name, default_dtype=default_dtype().numpy
        )

    def __format__(self, spec: str) -> str:
        return format_tensor(self._array(), spec, text=self.__repr__, kind=type(self).__name__)

    def __len__(self) -> int:
        if not self._value.shape:
            raise TypeError("len() of a 0-d tensor")
        return self._value.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self._value.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter([self[k] for k in range(self._value.shape[0])])  # type: ignore[index]

    def __hash__(self) -> int:
        return id(self)

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The elements as a NumPy array that shares the tensor's memory."""
        if self.requires_grad and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        source = self.detach() if self.requires_grad else self
        return _shared_array(source)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy() if not copy else self.numpy().copy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def detach(self) -> Tensor:
        """The same memory, cut off from the graph."""
        made = view_of(self, View(DETACH, (), lambda base, new: new))
        made._detached = True
        return made

    def detach_(self) -> Tensor:
        """Cut off from the graph, in place."""
        if self._views:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        if not self.is_leaf or self.requires_grad:
            self._rebind(_leaf_value(as_lazy(self)))
        return self


class Held:
    """What a tensor holds, as a leaf of arguments that is not looked at yet."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def __symdiff_elements__(self) -> Any:
        return self.tensor._elements


DETACH = Operation("detach", lambda x: x, "")
NUMPY_VIEWS["detach"] = lambda a: a
_new = object.__new__


def wrap(value: Lazy) -> Tensor:
    """A new tensor that holds a value."""
    made = _new(Tensor)
    made._value = value
    return made


def _leaf_value(value: Lazy) -> Lazy:
    """The same elements, without history."""
    if value.array is None:
        materialise([value])
    return known(value.array, value.dtype, value.shape)


def as_lazy(tensor: Tensor) -> Lazy:
    """What a tensor holds now."""
    storage = tensor._storage
    if storage is None:
        return tensor._value
    if storage.shared is not None:
        if tensor._views and not storage.value.differentiable:
            tensor._value = part_of_shared(storage, tensor._views, tensor._value)
            tensor._seen = storage.changes
            return tensor._value
        refresh(storage)
    if tensor._seen != storage.changes:
        value = storage.value
        for step in tensor._views:
            value = read(value, step)
        tensor._value, tensor._seen = belonging(value, storage), storage.changes
    return tensor._value


def elements(tensor: Tensor) -> np.ndarray[Any, Any]:
    """Its elements as they are now, for somebody who takes a few of them at once."""
    storage = tensor._storage
    if storage is None or storage.shared is None or storage.value.differentiable:
        return tensor._array()
    return seen_in_memory(storage, tensor._views)


def read(value: Lazy, step: View) -> Lazy:
    """One step of a view."""
    if step.read is not DETACH:
        if step.read.name == "slice" and not value.differentiable and _is_worth_knowing(value):
            part = np.array(numpy_view(as_array(value), step), copy=None, order="C")
            return known(part, value.dtype, part.shape)
        return record(step.read, (value, *step.operands), step.attrs)
    if not value.differentiable:
        return value
    if value.array is not None:
        return known(value.array, value.dtype, value.shape)
    with grad_mode.no_grad():
        return record(DETACH, (value,))


def _is_worth_knowing(value: Lazy) -> bool:
    """Whether parts of a constant are taken at once: where it is known, and from the second part on.

    Where a part begins is in the structure of a graph: the samples of a data set would give as many structures, each
    of which computes the whole.
    """
    if value.array is None:
        if not value.has_parts or current() is not None:
            value.has_parts = True
            return False
        materialise([value])
    return True


def view_of(tensor: Tensor, step: View) -> Tensor:
    """A tensor that shares memory with another, seen in another way."""
    storage = tensor._storage
    if storage is None:
        storage = tensor._storage = Storage(tensor._value, tensor._stores)
    if storage.shared is not None and not storage.value.differentiable:
        made = wrap(tensor._value)
        made._storage, made._views = storage, (*tensor._views, step)
        as_lazy(made)
    else:
        made = wrap(belonging(read(as_lazy(tensor), step), storage))
        made._storage, made._views, made._seen = storage, (*tensor._views, step), storage.changes
    if tensor._detached:
        made._detached, made._uncounted = True, tensor._uncounted
    if tensor._views and tensor._origin:
        made._origin = tensor._origin
    elif not grad_mode.enabled():
        made._origin = "no_grad"
    return made


# -- memory that others see --------------------------------------------------------------------------------------------


def _shared_array(tensor: Tensor) -> np.ndarray[Any, Any]:
    """The tensor's memory as an array; from now on it is read whenever it is looked at."""
    storage = tensor._storage
    if storage is None:
        storage = tensor._storage = Storage(tensor._value, tensor._stores)
    if storage.shared is None:
        if storage.value.array is None:
            materialise([storage.value])
        storage.shared = np.array(as_array(storage.value))
    return seen_in_memory(storage, tensor._views)


def memory_layout(tensor: Tensor) -> np.ndarray[Any, Any]:
    """An array of the tensor's shape, dtype and order in memory; its elements mean nothing."""
    storage, value = tensor._storage, as_lazy(tensor)
    if storage is None or not tensor._views:
        return np.empty(value.shape, value.dtype.numpy)
    array = np.empty(storage.value.shape, storage.value.dtype.numpy)
    for step in tensor._views:
        array = numpy_view(array, step)
    return array


def attach(name: str, function: Callable[..., Any]) -> None:
    """Make a function of tensors a method of `Tensor`."""
    setattr(Tensor, name, function)
