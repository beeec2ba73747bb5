"""What a checkpoint contains: nested dicts, lists, numbers and tensors, as named arrays and one text.

The arrays get names made of the keys that lead to them (``{"model": {"fc.weight": w}}`` gives ``model.fc.weight``), for
readers that know nothing of us. The text is JSON and tells how everything hangs together: it alone is read back, so
names need only differ from each other. A container or a leaf is an object with one key::

    {"dict": [[key, value], ...]}   {"list": [...]}   {"tuple": [...]}
    {"tensor": name}                {"array": name}   {"scalar": name}     tensor, NumPy array, NumPy scalar
    {"int": "0x1p..."}              {"float": "7ff8000000000000"}          what JSON has no number for

Strings, None, booleans, integers below 2**63 and finite floats stand for themselves (``repr`` of a float is exact).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

import numpy as np

from symdiff.errors import located

__all__ = ["BYTES", "DTYPES", "Malformed", "flatten", "rebuild"]

Array: TypeAlias = np.ndarray[Any, Any]

DTYPES = ("float32", "float64", "int64", "int32", "bool", "uint8")
"""Tensors are of all but the last, of which arrays are that hold bytes: the state of a generator."""
BYTES = "uint8"
VERSION = 1
MAX_DEPTH = 50
_LARGE = 2**63


class Malformed(ValueError):
    """What is read is not what `flatten` makes; the message says why."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint


# ---- from values to arrays and a text --------------------------------------------------------------------------------


def flatten(value: Any, to_array: Callable[[Any], Array | None]) -> tuple[dict[str, Array], str]:
    """Take a nested value apart.

    Parameters
    ----------
    value : object
        Dicts, lists and tuples of tensors, NumPy arrays and scalars, numbers, strings, booleans and None. A subclass of
        dict counts as a dict.
    to_array : callable
        Gives the values of a tensor, and None for what is no tensor.

    Returns
    -------
    dict of str to numpy.ndarray
        Contiguous arrays by name.
    str
        How they hang together.
    """
    writer = _Writer(to_array)
    node = writer.node(value, ())
    return writer.arrays, json.dumps({"version": VERSION, "value": node, "same": writer.same}, separators=(",", ":"))


class _Writer:
    def __init__(self, to_array: Callable[[Any], Array | None]) -> None:
        self.to_array = to_array
        self.arrays: dict[str, Array] = {}
        # Arrays that are one and the same memory, by name: the later ones, and the first.
        self.same: dict[str, str] = {}
        # The array is kept beside its name: a temporary one that is freed could leave its address to the next.
        self.seen: dict[tuple[Any, ...], tuple[str, Array]] = {}
        self.around: set[int] = set()

    def node(self, value: Any, path: tuple[Any, ...]) -> Any:
        if value is None or type(value) in (bool, str, int, float):
            return _scalar_node(value)
        if isinstance(value, dict | list | tuple) and not hasattr(value, "_fields"):
            return self.container(value, path)
        if isinstance(value, np.generic):
            return {"scalar": self.named(np.asarray(value), path)}
        array = self.to_array(value)
        if array is not None:
            return {"tensor": self.shared(array, path)}
        if type(value) in (np.ndarray, np.memmap):
            return {"array": self.shared(value, path)}
        _refuse(value, path)

    def container(self, value: Any, path: tuple[Any, ...]) -> dict[str, Any]:
        if id(value) in self.around:
            raise located(ValueError, f"{_place(path)} contains itself and cannot be saved")
        if len(path) >= MAX_DEPTH:
            raise located(ValueError, f"what is to be saved is nested more than {MAX_DEPTH} deep")
        self.around.add(id(value))
        if isinstance(value, dict):
            node = {"dict": [[_key_node(key, path), self.node(item, (*path, key))] for key, item in value.items()]}
        else:
            kind = "list" if isinstance(value, list) else "tuple"
            node = {kind: [self.node(item, (*path, position)) for position, item in enumerate(value)]}
        self.around.remove(id(value))
        return node

    def shared(self, array: Array, path: tuple[Any, ...]) -> str:
        """Name an array, and remember whether its memory was already met: it is written again, for other readers."""
        address = array.__array_interface__["data"][0]
        key = (address, array.shape, array.strides, array.dtype.str)
        name = self.named(array, path)
        first, _ = self.seen.setdefault(key, (name, array))
        if first != name and array.size:
            self.same[name] = first
        return name

    def named(self, array: Array, path: tuple[Any, ...]) -> str:
        if array.dtype.name not in DTYPES:
            kinds = ", ".join(DTYPES)
            raise located(TypeError, f"{_place(path)} is of dtype {array.dtype}, which cannot be saved (only {kinds})")
        name = plain = ".".join(map(str, path)).encode("utf-8", "backslashreplace").decode() if path else "tensor"
        count = 1
        while name in self.arrays or name == "__metadata__":
            count += 1
            name = f"{plain}#{count}"
        # Not `ascontiguousarray`, which makes one element of shape (1,) out of one of shape ().
        self.arrays[name] = np.array(array, array.dtype.newbyteorder("="), copy=None, order="C")
        return name


def _scalar_node(value: Any) -> Any:
    if type(value) is int and abs(value) >= _LARGE:
        return {"int": hex(value)}
    if type(value) is float and not math.isfinite(value):
        return {"float": struct.pack(">d", value).hex()}
    return value


def _key_node(key: Any, path: tuple[Any, ...]) -> Any:
    if key is None or type(key) in (bool, str, int, float):
        return _scalar_node(key)
    text = f"a key of {_place(path)} is of type {type(key).__name__}, which cannot be saved"
    raise located(TypeError, text, hint="use strings or numbers as keys")


def _refuse(value: Any, path: tuple[Any, ...]) -> NoReturn:
    hint = "save tensors, arrays, numbers, strings, booleans, None, and dicts, lists and tuples of them"
    if callable(getattr(value, "state_dict", None)):
        hint = "save what its state_dict() gives, and load it by load_state_dict()"
    raise located(TypeError, f"{_place(path)} is of type {type(value).__name__}, which cannot be saved", hint=hint)


def _place(path: tuple[Any, ...]) -> str:
    return "".join(f"[{key!r}]" for key in path) or "the object"


# ---- and back --------------------------------------------------------------------------------------------------------


def rebuild(text: str, arrays: dict[str, Array], from_array: Callable[[Array], Any]) -> Any:
    """Put together what `flatten` took apart.

    Parameters
    ----------
    text : str
        How the arrays hang together.
    arrays : dict of str to numpy.ndarray
        The arrays by name.
    from_array : callable
        Makes a tensor. Tensors that shared memory when they were saved are made from one array.

    Returns
    -------
    object

    Raises
    ------
    Malformed
        If text and arrays do not fit together. No tensor has been made then.
    """
    root = _parsed(text)
    if not isinstance(root, dict) or "version" not in root:
        raise Malformed("the description of its contents has no version")
    if root["version"] != VERSION:
        raise Malformed(f"it is of version {root['version']!r:.40} of the layout, of which only {VERSION} is known")
    if root.keys() != {"version", "value", "same"}:
        raise Malformed("the description of its contents is damaged")
    reader = _Reader(_joined(arrays, root["same"]))
    make = reader.value(root["value"], 0)
    if len(reader.used) != len(arrays):
        name = next(name for name in arrays if name not in reader.used)
        raise Malformed(f"the tensor {name!r:.80} does not occur in the description of its contents")
    return make(from_array)


def _parsed(text: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed("the description of its contents is not JSON that can be read") from error


def _joined(arrays: dict[str, Array], same: Any) -> dict[str, Array]:
    """Let names whose arrays were one have one array again."""
    if not isinstance(same, dict) or not all(isinstance(first, str) for first in same.values()):
        raise Malformed("the description of its contents is damaged")
    joined = dict(arrays)
    for name, first in same.items():
        if name not in arrays or first not in arrays or first in same:
            raise Malformed(f"the tensors {name!r:.80} and {first!r:.80} cannot be one")
        # They differ if they were being changed while they were saved: then each keeps what was written.
        if _identical(arrays[name], arrays[first]):
            joined[name] = joined[first]
    return joined


def _identical(one: Array, other: Array) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


Make: TypeAlias = Callable[[Callable[[Array], Any]], Any]


class _Reader:
    """Checks nodes and returns, for each, what makes its value: nothing is made before everything is checked."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        self.arrays = arrays
        self.used: set[str] = set()

    def value(self, node: Any, depth: int) -> Make:
        if not isinstance(node, dict | list):
            return lambda from_array: node
        kind, content = _only_item(node)
        if kind in ("int", "float"):
            number = _number(kind, content)
            return lambda from_array: number
        if kind in ("tensor", "array", "scalar"):
            return self.leaf(kind, content)
        if depth >= MAX_DEPTH or not isinstance(content, list):
            raise Malformed("the description of its contents is damaged")
        if kind == "dict":
            return self.mapping(content, depth)
        if kind not in ("list", "tuple"):
            raise Malformed(f"the description of its contents has an unknown {kind!r:.40}")
        makes = [self.value(item, depth + 1) for item in content]
        sequence = list if kind == "list" else tuple
        return lambda from_array: sequence(make(from_array) for make in makes)

    def mapping(self, content: list[Any], depth: int) -> Make:
        makes: dict[Any, Make] = {}
        for pair in content:
            if not isinstance(pair, list) or len(pair) != 2:
                raise Malformed("the description of its contents is damaged")
            makes[_key(pair[0])] = self.value(pair[1], depth + 1)
        if len(makes) != len(content):
            raise Malformed("a dict in it has a key twice")
        return lambda from_array: {key: make(from_array) for key, make in makes.items()}

    def leaf(self, kind: str, name: Any) -> Make:
        if not isinstance(name, str) or name not in self.arrays or name in self.used:
            raise Malformed(f"a tensor {name!r:.80} is missing, or occurs twice")
        self.used.add(name)
        array = self.arrays[name]
        if kind == "tensor":
            if array.dtype.name == BYTES:
                raise Malformed(f"the tensor {name!r:.80} is of dtype {BYTES}, which tensors do not have")
            return lambda from_array: from_array(array)
        if kind == "scalar" and array.ndim:
            raise Malformed(f"the number {name!r:.80} has dimensions")
        return lambda from_array: array[()] if kind == "scalar" else array


def _only_item(node: Any) -> tuple[str, Any]:
    if not isinstance(node, dict) or len(node) != 1:
        raise Malformed("the description of its contents is damaged")
    return next(iter(node.items()))


def _number(kind: str, text: Any) -> int | float:
    try:
        if kind == "int":
            return int(text, 16)
        return float(struct.unpack(">d", bytes.fromhex(text))[0])
    except (ValueError, TypeError, struct.error) as error:
        raise Malformed(f"a number in it cannot be read: {text!r:.40}") from error


def _key(node: Any) -> Any:
    if not isinstance(node, dict | list):
        return node
    kind, text = _only_item(node)
    if kind not in ("int", "float"):
        raise Malformed("a dict in it has a key that is no number or string")
    return _number(kind, text)
