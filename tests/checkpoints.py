"""What the tests of checkpoints share: a stand-in for tensors, a training state, and files made by hand."""

import io
import json
import math
import struct

import numpy as np

from symdiff.tensors import files


class Leaf:
    """What stands for a tensor here."""

    def __init__(self, array):
        self.array = array


def to_array(value):
    return value.array if isinstance(value, Leaf) else None


def save(value, file):
    files.save(value, file, to_array=to_array)


def load(file):
    return files.load(file, from_array=Leaf)


def bytes_of(value):
    file = io.BytesIO()
    save(value, file)
    return file.getvalue()


def back(value):
    return load(io.BytesIO(bytes_of(value)))


def same(one, other):
    """Equal to the bit, with equal types and in the same order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=True) if len(one) == len(other) else [(0, 1)]
        return all(same(a, b) for a, b in pairs)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Leaf):
        return same(one.array, other.array)
    if isinstance(one, np.ndarray | np.generic):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return struct.pack("d", one) == struct.pack("d", other) if isinstance(one, float) else one == other


def raw(header, data=b""):
    """A file of a header and data, whatever these are."""
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header)) + header + data


def entry(dtype, shape, start, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_1234))[0]

STATE = {
    "epoch": 3,
    "lr": 1e-3,
    "best": math.inf,
    "name": 'ü\n"\x00\ud800 \N{SNOWMAN}',
    "resumed": True,
    "scheduler": None,
    "model": {"fc.weight": Leaf(np.arange(6, dtype="f4").reshape(2, 3)), "fc.bias": Leaf(np.zeros(2, "f4"))},
    "optim": {
        "state": {0: {"step": Leaf(np.array(7.0, "f4")), "buffer": Leaf(np.ones((2, 3), "f4"))}, 1: {}},
        "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0, 1], "foreach": None}],
    },
    "history": [0.5, NAN, -0.0, 5e-324, -math.inf, 2**63, -(2**200), 10],
    "empty": [{}, [], (), ""],
}
