"""Checkpoints: nested values saved to files and loaded from them, without pickle.

A file is a safetensors file, so PyTorch and other programs read its tensors. It holds no code: loading runs nothing.
`contents` takes values apart, `safetensors_format` makes bytes of the pieces; here they go to files.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import stat
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from symdiff.errors import CheckpointFormatError, located
from symdiff.tensors import safetensors_format
from symdiff.tensors.contents import Array, Malformed, flatten, rebuild

__all__ = ["load", "save"]

Pieces: TypeAlias = Iterable[bytes | memoryview]

# As much of a file as its kind is told from.
_START = 1024


def save(value: Any, file: Any, *, to_array: Callable[[Any], Array | None]) -> None:
    """Save a nested value.

    Parameters
    ----------
    value : object
        Tensors, NumPy arrays and scalars of the dtypes of tensors, numbers, strings, booleans, None, and dicts, lists
        and tuples of these. Subclasses of dict come back as dict.
    file : str, os.PathLike or binary file
        Where to. A file that exists is replaced at once, when all is written: a failure leaves it as it was.
    to_array : callable
        Gives the array of a tensor (its own memory, so that tensors that share it are recognised), and None for what is
        no tensor.

    Raises
    ------
    TypeError
        If something in the value cannot be saved.
    OSError
        If the file cannot be written.
    """
    pieces = safetensors_format.encode(*flatten(value, to_array))
    if not _is_open(file, "write"):
        _replace(os.fsdecode(file), pieces)
    elif isinstance(file, io.TextIOBase):
        raise located(TypeError, "the file is open for text", hint='open it for bytes: open(path, "wb")')
    else:
        _write(file, pieces)


def load(file: Any, *, from_array: Callable[[Array], Any]) -> Any:
    """Load what `save` wrote, or any safetensors file.

    Parameters
    ----------
    file : str, os.PathLike or binary file
        Where from; an open file is read from its position to its end.
    from_array : callable
        Makes a tensor of an array, which nothing else uses and which may be written to. It must not copy, if tensors
        that shared memory are to share it again.

    Returns
    -------
    object
        The value; for a file of another program a dict of tensors by name.

    Raises
    ------
    CheckpointFormatError
        If the file is damaged, or not a safetensors file.
    OSError
        If it cannot be read.
    """
    name = _name(file)
    try:
        if _is_open(file, "read"):
            data = _read(file, name)
        else:
            with open(file, "rb", buffering=0) as opened:
                data = _read(opened, name)
        return _value(data, name, from_array)
    except Malformed as error:
        text = f"{name or 'the file'} is no checkpoint that can be read: {error}"
        raise CheckpointFormatError(text, hint=error.hint) from None


def _value(data: bytes, name: str, from_array: Callable[[Array], Any]) -> Any:
    try:
        arrays, contents = safetensors_format.decode(data)
    except Malformed as error:
        raise Malformed(str(error), error.hint or _origin(data[:_START], name)) from error
    if contents is None:
        return {key: from_array(array) for key, array in arrays.items()}
    return rebuild(contents, arrays, from_array)


def _is_open(file: Any, method: str) -> bool:
    if isinstance(file, str | os.PathLike):
        return False
    if callable(getattr(file, method, None)):
        return True
    raise located(TypeError, f"a path or an open file is needed, not {type(file).__name__}")


# ---- reading ---------------------------------------------------------------------------------------------------------


def _read(file: Any, name: str) -> bytes:
    """Read a file to its end, unless its start shows that it is none of ours: that may be large, or endless."""
    start = file.read(_START)
    if not isinstance(start, bytes):
        raise located(TypeError, "the file is not open for bytes", hint='open it for bytes: open(path, "rb")')
    if not start:
        raise Malformed("it is empty", "rewind an open file before loading: file.seek(0)")
    if len(start) >= 8 and not 2 <= safetensors_format.header_size(start) <= safetensors_format.MAX_HEADER:
        raise Malformed("it is not a safetensors file", _origin(start, name))
    rest: bytes = file.read()
    return start + rest


def _origin(start: bytes, name: str) -> str | None:
    """A hint for files of PyTorch and NumPy, which are told by how they start."""
    zipped = start.startswith(b"PK\x03\x04")
    # The same two bytes may begin the length of a header, which a brace follows.
    pickled = start[:2] in (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5") and start[8:9] != b"{"
    if pickled or (zipped and b"data.pkl" in start):
        return (
            "it is pickled, and pickled files can run any code. This line converts a state dict where PyTorch is "
            f"installed (of a nested checkpoint, convert each state dict by itself):\n{conversion(name)}"
        )
    if start.startswith(b"\x93NUMPY") or (zipped and b".npy" in start):
        return "it is a file of NumPy: numpy.load reads it"
    return None


def conversion(name: str) -> str:
    """The line that converts a state dict in PyTorch, from a file of `torch.save` to one that `load` reads."""
    source = name or "model.pt"
    target = os.path.splitext(source)[0] + ".safetensors"
    # Cloned, because safetensors refuses tensors that share memory, as tied weights do.
    tensors = f"{{k: v.contiguous().clone() for k, v in torch.load({source!r}, 'cpu', weights_only=True).items()}}"
    return f"import torch, safetensors.torch; safetensors.torch.save_file({tensors}, {target!r})"


def _name(file: Any) -> str:
    """What an error calls the file; empty if it has no name."""
    name = file if isinstance(file, str | os.PathLike) else getattr(file, "name", "")
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""


# ---- writing ---------------------------------------------------------------------------------------------------------


def _write(file: Any, pieces: Pieces) -> None:
    """Write all of it: an unbuffered file may take less at a time."""
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            written = file.write(rest)
            if written is None and isinstance(file, io.RawIOBase):
                raise BlockingIOError("the file does not block, and takes no more for now")
            rest = rest[len(rest) if written is None else written :]


def _replace(path: str, pieces: Pieces) -> None:
    """Write a file beside the one to be replaced, and let it take that one's place when it is safely on disk."""
    target = os.path.realpath(path)
    mode = _mode(target)
    if mode is not None:
        # What may not be written must not be replaced either; a directory is refused here, too.
        with open(target, "r+b" if stat.S_ISREG(mode) else "wb", buffering=0) as existing:
            if not stat.S_ISREG(mode):
                return _write(existing, pieces)
    temporary = os.path.join(os.path.dirname(target), f".symdiff-{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, mode, pieces)
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename, error.filename2 = path, None
        raise
    _settle(os.path.dirname(target))


def _mode(target: str) -> int | None:
    try:
        return os.stat(target).st_mode
    except FileNotFoundError:
        return None


def _write_new(path: str, mode: int | None, pieces: Pieces) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o666), "wb", buffering=0) as file:
        if mode is not None:
            os.chmod(path, stat.S_IMODE(mode))
        _write(file, pieces)
        os.fsync(file.fileno())


def _settle(directory: str) -> None:
    """Bring the new name to disk as well, where directories can be opened for that."""
    if os.name != "posix":
        return
    # The file is complete and in its place already: some file systems do not know this for directories.
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
