"""A callable in front of a kernel that knows nothing of the interpreter's structs: slower, with the same behaviour.

It serves where `entry` is not available. Arguments are tested in Python, the kernel is called through ctypes, which
holds the interpreter lock, and new arrays are made in Python.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from types import CellType
from typing import Any

import numpy as np

from .context import ERROR_ARG_COUNT, ERROR_ARGS_OFFSET, OK, OUT_OF_MEMORY, RESULTS_OFFSET
from .invoked import Invoked
from .kernel import SCALAR_KINDS, Buffer, Const, Kernel, Local
from .loading import Handle
from .numpy_layout import DTYPES
from .python_api import address_of
from .signature import ABSENT, Array, Fixed, Scalar, Signature, Template

_C_TYPES: dict[str, Any] = {
    "f64": ctypes.c_double,
    "f32": ctypes.c_float,
    "i64": ctypes.c_int64,
    "i32": ctypes.c_int32,
    "i1": ctypes.c_uint8,
}
_SCALAR_CLASSES: dict[str, type] = {"float": float, "int": int, "bool": bool, "float64": np.float64}
_SCALAR_CLASSES["float32"] = np.float32
_BY_NUMBER: dict[int, np.dtype[Any]] = {dtype.num: dtype for dtype in DTYPES.values()}


class _Mismatch(Exception):
    """An argument that fails its test."""


class _Call:
    """One running call: its context, the arrays it has made, and the exception of a callback."""

    def __init__(self, results: int, invoked: Invoked | None = None) -> None:
        self.invoked = invoked
        self.context = (ctypes.c_int64 * (RESULTS_OFFSET // 8 + results))()
        self.arrays: dict[int, np.ndarray[Any, Any]] = {}
        self.error: BaseException | None = None


_RUNNING: dict[int, _Call] = {}


def _new_array(context: int, slot: int, number: int, ndim: int, dims: Any, zeroed: int) -> int | None:
    call = _RUNNING[context]
    try:
        shape = tuple(dims[axis] for axis in range(ndim))
        array = (np.zeros if zeroed else np.empty)(shape, _BY_NUMBER[number])
    except BaseException as error:
        # Raised again when the kernel has returned.
        call.error = error
        return None
    call.arrays[slot] = array
    return array.ctypes.data


def _invoke(context: int, site: int, words: int) -> int:
    call = _RUNNING[context]
    assert call.invoked is not None
    try:
        call.invoked(site, words)
    except BaseException as error:
        # Raised again when the kernel has returned.
        call.error = error
        return -1
    return 0


_POINTER, _INT, _LONG = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64
_NEW_ARRAY = ctypes.CFUNCTYPE(_POINTER, _POINTER, _LONG, _INT, _INT, ctypes.POINTER(_LONG), _INT)(_new_array)
_INVOKE = ctypes.CFUNCTYPE(_INT, _POINTER, _LONG, _POINTER)(_invoke)

#: What a kernel calls back, by name. The interpreter's own function looks for signals: the argument it is given too
#: many is in a register that it does not read, and the lock it needs is held.
CALLBACKS: Mapping[str, int] = {
    "new_array": address_of(_NEW_ARRAY),
    "invoke": address_of(_INVOKE),
    "poll": address_of(ctypes.pythonapi.PyErr_CheckSignals),
}


class SlowCallable:
    """
    Tests the arguments of a call and runs a kernel.

    Parameters
    ----------
    handle : Handle
        Keeps the code loaded.
    kernel_address, finish_address : int
        The kernel, and the function that frees its workspace.
    kernel : Kernel
        What the code was made from.
    signature : Signature
        How Python calls it.
    """

    def __init__(
        self, handle: Handle, kernel_address: int, finish_address: int, kernel: Kernel, signature: Signature
    ) -> None:
        self.next: Callable[..., Any] | None = None
        self.__name__ = signature.named(kernel.name).name
        self.__doc__ = signature.doc
        self._handle = handle
        self._signature = signature
        self._params = kernel.params
        self._results = kernel.results
        self._invoked = Invoked.of(kernel, signature)
        self._bound = kernel.bound_dims()
        self._finish = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(finish_address)
        prototype = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, *self._argument_types())
        self._kernel = prototype(kernel_address)

    def _argument_types(self) -> list[Any]:
        types: list[Any] = []
        for param in self._params:
            if isinstance(param, Local):
                types.append(_C_TYPES[param.type])
            else:
                types += [ctypes.c_void_p] + [ctypes.c_int64] * len(self._bound[param])
        return types

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            arguments, held = self._arguments(args, kwargs)
        except _Mismatch:
            return (self.next or self._signature.dispatcher)(*args, **kwargs)
        call = _Call(len(self._results), self._invoked)
        status = self._run(call, arguments)
        del held
        if call.error is not None:
            raise call.error
        if status == OUT_OF_MEMORY:
            raise MemoryError
        if status != OK and status == self._signature.elsewhere:
            return (self.next or self._signature.dispatcher)(*args, **kwargs)
        if status != OK:
            first = ERROR_ARGS_OFFSET // 8
            return self._signature.native_error(status, tuple(call.context[first : first + ERROR_ARG_COUNT]))
        return self._assemble(self._signature.template, call)

    def _run(self, call: _Call, arguments: list[Any]) -> int:
        address = ctypes.addressof(call.context)
        _RUNNING[address] = call
        try:
            return int(self._kernel(address, *arguments))
        finally:
            del _RUNNING[address]
            self._finish(address)

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], list[Any]]:
        """The kernel's arguments, and the objects whose memory they point to."""
        signature = self._signature
        _require(len(args) == len(signature.params) and list(kwargs) == [name for name, _ in signature.keywords])
        for name, fixed in signature.keywords:
            _test_fixed(kwargs[name], fixed.value)
        values = [*args, *(_captured(*item) for item in signature.captured)]
        passed: list[tuple[Any, Scalar | Array]] = []
        for value, spec in zip(values, (*signature.params, *signature.captured_specs), strict=True):
            if isinstance(spec, Fixed):
                _test_fixed(value, spec.value)
            else:
                passed.append((value, spec))
        return self._convert(passed), values

    def _convert(self, passed: list[tuple[Any, Scalar | Array]]) -> list[Any]:
        sizes: dict[Local, int] = {}
        groups: list[list[Any]] = [[] for _ in passed]
        for index, (value, spec) in enumerate(passed):
            param = self._params[index]
            if isinstance(spec, Scalar) and isinstance(param, Local):
                number = _scalar(value, spec)
                groups[index] = [number]
                sizes[param] = number
        for index, (value, spec) in enumerate(passed):
            param = self._params[index]
            if isinstance(spec, Array) and isinstance(param, Buffer):
                _test_array(value, spec, sizes)
                groups[index] = [value.ctypes.data, *(sizes[dim] for dim in self._bound[param])]
        _test_overlap(passed)
        return [item for group in groups for item in group]

    def _assemble(self, template: Template, call: _Call) -> Any:
        if template is None:
            return None
        if isinstance(template, tuple):
            return tuple(self._assemble(item, call) for item in template)
        return call.arrays[template] if self._results[template].is_array else self._scalar(template, call)

    def _scalar(self, slot: int, call: _Call) -> Any:
        kind = self._results[slot].kind
        address = ctypes.addressof(call.context) + RESULTS_OFFSET + 8 * slot
        value = _C_TYPES[SCALAR_KINDS[kind]].from_address(address).value
        if kind == "float32":
            return np.float32(value)
        return bool(value) if kind == "bool" else value


def _require(condition: bool) -> None:
    if not condition:
        raise _Mismatch


def _captured(container: Mapping[Any, Any] | CellType, key: object, expected: object) -> Any:
    if expected is ABSENT:
        _require(key not in container)  # type: ignore[operator]
        return ABSENT
    try:
        return container.cell_contents if isinstance(container, CellType) else container[key]
    except (KeyError, ValueError):
        raise _Mismatch from None


def _test_fixed(value: object, expected: object) -> None:
    if type(expected) is not tuple:
        _require(value is expected)
        return
    _require(type(value) is tuple and len(value) == len(expected))
    for item, other in zip(value, expected, strict=True):  # type: ignore[call-overload]
        _test_fixed(item, other)


def _scalar(value: Any, spec: Scalar) -> Any:
    if spec.accept_int and type(value) is int:
        _require(_fits(value))
        return float(value)
    exact = type(value) is _SCALAR_CLASSES[spec.kind]
    _require(exact or (spec.accept_float64 and type(value) is np.float64))
    if spec.kind == "int":
        _require(_fits(value))
    return value if spec.kind in ("int", "bool") else float(value)


def _fits(value: int) -> bool:
    return -(2**63) <= value < 2**63


def _test_array(value: Any, spec: Array, sizes: dict[Local, int]) -> None:
    _require(type(value) is np.ndarray and value.ndim == len(spec.dims))
    usual, dtype = DTYPES[spec.type], value.dtype
    _require((dtype.kind, dtype.itemsize, dtype.isnative) == (usual.kind, usual.itemsize, True))
    _require(value.flags.c_contiguous and value.flags.aligned and (value.flags.writeable or not spec.writable))
    for size, dim in zip(value.shape, spec.dims, strict=True):
        if isinstance(dim, Const):
            _require(size == dim.value)
        elif dim in sizes:
            _require(size == sizes[dim])
        else:
            _require(size != 1)
            sizes[dim] = size


def _test_overlap(passed: list[tuple[Any, Scalar | Array]]) -> None:
    arrays = [(value, spec.writable) for value, spec in passed if isinstance(spec, Array)]
    for index, (first, first_written) in enumerate(arrays):
        for second, second_written in arrays[index + 1 :]:
            if first_written or second_written:
                # Both are contiguous, so their bounds say all.
                _require(not np.may_share_memory(first, second))
