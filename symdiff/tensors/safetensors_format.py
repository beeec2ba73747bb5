"""The bytes of a safetensors file, read and written by the safetensors library, and what that library does not check.

It checks the length of the header, that this is JSON in UTF-8, and that the tensors' places fit their shapes, do not
overlap and leave nothing over. Beyond that we check for names that occur twice, dtypes and ranks that tensors cannot
have and booleans that are neither 0 nor 1; and in files of our own a digest over everything in them.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from symdiff.errors import InternalError, LimitError
from symdiff.tensors.contents import BYTES, DTYPES, Array, Malformed

__all__ = ["decode", "encode", "header_size"]

# The library reads no longer header.
MAX_HEADER = 100_000_000

# By the names of the format; the numbers are stored in little-endian order.
_STORED = dict(zip(("F32", "F64", "I64", "I32", "BOOL", "U8"), DTYPES, strict=True))

_CONTENTS, _DIGEST = "symdiff.contents", "symdiff.sha256"

# Holds the place of the digest until the file is there that it is computed from.
_UNKNOWN = "0" * 64


def encode(arrays: dict[str, Array], contents: str) -> tuple[bytes, memoryview]:
    """Return the bytes of a file, in two pieces that follow each other: the header, and the data.

    Parameters
    ----------
    arrays : dict of str to numpy.ndarray
        Contiguous arrays by name.
    contents : str
        How they hang together; any text.

    Returns
    -------
    bytes
    memoryview
    """
    import safetensors.numpy

    # "pt" is the format's usual remark that tensors are laid out as in PyTorch.
    metadata = {"format": "pt", _CONTENTS: contents, _DIGEST: _UNKNOWN}
    file: bytes = safetensors.numpy.save(arrays, metadata)
    if header_size(file) > MAX_HEADER:
        text = f"the names and plain numbers take {header_size(file)} bytes; a checkpoint holds at most {MAX_HEADER}"
        raise LimitError(text, hint="save long lists of numbers as tensors")
    # Of what is written, not of the arrays: another thread may be changing these.
    digest = _digest(*_split(file))
    start = 8 + header_size(file)
    # Quotes inside names and texts are escaped, so this occurs once.
    before, place, after = file[:start].partition(f'"{_DIGEST}":"{_UNKNOWN}"'.encode())
    if not place:
        raise InternalError("the safetensors library writes its header in another way than it did")
    return before + f'"{_DIGEST}":"{digest}"'.encode() + after, memoryview(file)[start:]


def decode(data: bytes) -> tuple[dict[str, Array], str | None]:
    """Read the bytes of a file.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    dict of str to numpy.ndarray
        The arrays by name, each in memory of its own.
    str or None
        The text that `encode` was given; None for a file of another program.

    Raises
    ------
    Malformed
        If the bytes are not such a file.
    """
    import safetensors

    deserialize: Any = safetensors.deserialize
    try:
        parts = dict(deserialize(data))
    except safetensors.SafetensorError as error:
        raise Malformed(str(error).removeprefix("Error while deserializing: ")) from error
    header, body = _split(data)
    metadata = header["__metadata__"]
    # In the order of the file; the library's own differs from run to run.
    arrays = {name: _array(name, **parts[name]) for name in header if name != "__metadata__"}
    contents, digest = metadata.get(_CONTENTS), metadata.get(_DIGEST)
    if contents is None and digest is None:
        _check_tensors(arrays)
        return arrays, None
    if contents is None or digest != _digest(header, body):
        raise Malformed("it is damaged: its checksum does not fit its contents")
    return arrays, contents


def header_size(data: bytes) -> int:
    """Length of the header, which the first eight bytes tell."""
    return int.from_bytes(data[:8], "little")


def _split(file: bytes) -> tuple[dict[str, Any], memoryview]:
    """The header as JSON, and the data; the library has read both, but hides the metadata and what occurs twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) != len(pairs):
            raise Malformed("a name occurs twice in its header")
        return found

    start = 8 + header_size(file)
    # Numbers are not looked at: there may be some of any length, in places without meaning.
    header: dict[str, Any] = json.loads(file[8:start].decode(), object_pairs_hook=unique, parse_int=str)
    return {**header, "__metadata__": header.get("__metadata__") or {}}, memoryview(file)[start:]


def _array(name: str, dtype: str, shape: list[int], data: bytearray) -> Array:
    if dtype not in _STORED:
        raise _unknown(name, dtype)
    kind = np.dtype(_STORED[dtype])
    if kind == np.bool_ and np.frombuffer(data, np.uint8).max(initial=0) > 1:
        raise Malformed(f"the tensor {name!r:.80} has booleans that are neither 0 nor 1")
    try:
        array = np.frombuffer(data, kind.newbyteorder("<")).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"the tensor {name!r:.80} cannot have its shape: {error}") from error
    return np.require(array, kind, ["ALIGNED", "WRITEABLE"])


def _check_tensors(arrays: dict[str, Array]) -> None:
    """What another program has written is tensors only, and these hold no bytes here."""
    for name, array in arrays.items():
        if array.dtype.name == BYTES:
            raise _unknown(name, "U8")


def _unknown(name: str, dtype: str) -> Malformed:
    kinds = ", ".join(stored for stored, kind in _STORED.items() if kind != BYTES)
    text = f"the tensor {name!r:.80} is of dtype {dtype}; tensors are of {kinds} here"
    return Malformed(text, "convert it where the file was made")


def _digest(header: dict[str, Any], body: memoryview) -> str:
    """A digest over names, dtypes, shapes, places, contents and data: all but itself and remarks of others."""
    tensors = {name: value for name, value in header.items() if name != "__metadata__"}
    text = json.dumps([header["__metadata__"].get(_CONTENTS), tensors], sort_keys=True)
    found = hashlib.sha256(text.encode())
    found.update(body)
    return found.hexdigest()
