"""The bytes of checkpoints: damaged and hostile ones are refused; safetensors itself reads and writes the others."""

import io
import json
import struct
import tracemalloc

import numpy as np
import pytest

from symdiff import errors
from symdiff.tensors import safetensors_format
from tests.checkpoints import STATE, Leaf, bytes_of, entry, load, raw, same, save


def outcome(data):
    try:
        return load(io.BytesIO(data))
    except errors.CheckpointFormatError as error:
        assert "no checkpoint that can be read: " in str(error)
        return errors.CheckpointFormatError


SMALL = {
    "n": [1, 2.5],
    "w": Leaf(np.array([1.5, -2.0], "f4")),
    "m": {0: Leaf(np.array([True, False]))},
    "z": Leaf(np.array(3)),
}


def test_truncated_anywhere():
    data = bytes_of(SMALL)
    for end in range(len(data)):
        assert outcome(data[:end]) is errors.CheckpointFormatError, end
    assert outcome(data + b"\0") is errors.CheckpointFormatError


@pytest.mark.parametrize("change", [0x01, 0x02, 0x08, 0x20, 0x80, 0xFF])
def test_every_byte_flipped(change):
    data = bytes_of(SMALL)
    noticed = 0
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= change
        found = outcome(bytes(damaged))
        if found is errors.CheckpointFormatError:
            noticed += 1
        else:
            assert same(found, SMALL), position
    # What goes unnoticed means nothing: the remark on the format, and the kind of white space at the header's end.
    assert noticed > len(data) - 30


@pytest.mark.parametrize("change", [0x01, 0x10, 0xFF])
def test_every_byte_flipped_in_a_file_of_another_program(change):
    import safetensors.numpy

    arrays = {"w": np.ones((2, 3), "f4"), "b": np.zeros(2), "m": np.array([True]), "i": np.arange(2, dtype="i4")}
    data = safetensors.numpy.save(arrays, {"author": "someone"})
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= change
        outcome(bytes(damaged))


def test_random_bytes_and_random_edits():
    rng = np.random.default_rng(8)
    data = bytes_of(STATE)
    for trial in range(500):
        if trial % 5 == 0:
            damaged = raw(rng.bytes(40), rng.bytes(9))
        else:
            one, two, three = sorted(rng.integers(0, len(data), 3))
            damaged = data[:one] + data[two:three] + data[one:two] * int(rng.integers(0, 3)) + data[three:]
        found = outcome(damaged)
        assert found is errors.CheckpointFormatError or same(found, STATE)


# Where the library itself refuses, in words of its own.
LIBRARY = ""

HOSTILE = {
    "empty": (b"", "it is empty\nhint: rewind an open file"),
    "short": (b"abc", LIBRARY),
    "no header": (bytes(8), "not a safetensors file"),
    "longest header": (b"\xff" * 8, "not a safetensors file"),
    "header beyond the end": (struct.pack("<Q", 99_000_000) + b"{}", LIBRARY),
    "not UTF-8": (raw(b'{"\xff":1}'), LIBRARY),
    "not JSON": (raw(b"{nonsense"), LIBRARY),
    "a list": (raw([]), LIBRARY),
    "deep": (raw(b'{"x":' + b"[" * 100_000), LIBRARY),
    "metadata of numbers": (raw({"__metadata__": {"a": 1}}), LIBRARY),
    "a name twice": (raw(b'{"x":%b,"x":%b}' % ((json.dumps(entry("F32", [1], 0, 4)).encode(),) * 2), b"abcd"),
                     "a name occurs twice"),
    "a metadata name twice": (raw(b'{"__metadata__":{"a":"1","a":"2"}}'), "a name occurs twice"),
    "overlapping": (raw({"x": entry("F32", [1], 0, 4), "y": entry("F32", [1], 0, 4)}, b"abcd"), LIBRARY),
    "a hole": (raw({"x": entry("F32", [1], 0, 4), "y": entry("F32", [1], 5, 9)}, bytes(9)), LIBRARY),
    "beyond the end": (raw({"x": entry("F32", [2], 0, 8)}, bytes(4)), LIBRARY),
    "left over": (raw({"x": entry("F32", [1], 0, 4)}, bytes(5)), LIBRARY),
    "wrong shape": (raw({"x": entry("F32", [3], 0, 4)}, bytes(4)), LIBRARY),
    "negative shape": (raw({"x": entry("F32", [-1], 0, 4)}, bytes(4)), LIBRARY),
    "huge shape": (raw({"x": entry("F32", [2**40, 2**40], 0, 4)}, bytes(4)), LIBRARY),
    "huge empty shape": (raw({"x": entry("F32", [0, 2**62, 2**62], 0, 0)}), "cannot have its shape"),
    "65 dimensions": (raw({"x": entry("F32", [1] * 65, 0, 4)}, bytes(4)), "cannot have its shape"),
    "a dtype of others": (raw({"x": entry("BF16", [2], 0, 4)}, bytes(4)), "is of dtype BF16; tensors are of F32, F64"),
    "tensors of bytes": (raw({"x": entry("U8", [2], 0, 2)}, bytes(2)), "is of dtype U8; tensors are of F32, F64"),
    "an unknown dtype": (raw({"x": entry("F31", [1], 0, 4)}, bytes(4)), LIBRARY),
    "booleans": (raw({"x": entry("BOOL", [2], 0, 2)}, b"\1\2"), "neither 0 nor 1"),
    "contents without checksum": (raw({"__metadata__": {"symdiff.contents": "{}"}}), "checksum"),
    "checksum without contents": (raw({"__metadata__": {"symdiff.sha256": "00"}}), "checksum"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_headers(case, tmp_path):
    data, text = HOSTILE[case]
    (tmp_path / "bad.pt").write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(errors.CheckpointFormatError, match="bad.pt is no checkpoint that can be read: .*" + text):
            load(tmp_path / "bad.pt")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_header_with_what_means_nothing_is_read():
    header = raw(b'{"x":{"dtype":"I32","shape":[1],"data_offsets":[0,4],"more":9}}', b"\1\0\0\0")
    assert load(io.BytesIO(header))["x"].array.tolist() == [1]
    # Behind one boolean, numbers do not lie where the machine wants them.
    data = raw({"m": entry("BOOL", [1], 0, 1), "x": entry("F64", [1], 1, 9)}, b"\1" + struct.pack("<d", 2.5))
    found = load(io.BytesIO(data))
    assert (found["m"].array.tolist(), found["x"].array.tolist()) == ([True], [2.5])
    assert list(found) == ["m", "x"], "in the order of the file"


# ---- with safetensors itself -----------------------------------------------------------------------------------------


def test_other_readers_find_the_same_names(tmp_path):
    import safetensors.numpy

    state = {"fc.weight": Leaf(np.ones((2, 3), "f4")), "fc.bias": Leaf(np.zeros(2)), "m": Leaf(np.array(True))}
    save(state, tmp_path / "a")
    found = safetensors.numpy.load_file(tmp_path / "a")
    assert found.keys() == state.keys()
    assert all(same(found[name], state[name].array) for name in found)
    save({"epoch": 3, "model": state, "optim": {0: Leaf(np.ones(1))}}, tmp_path / "b")
    names = {f"model.{name}" for name in state} | {"optim.0"}
    assert safetensors.numpy.load_file(tmp_path / "b").keys() == names


def test_a_file_of_another_writer_is_a_flat_dict():
    import safetensors.numpy

    arrays = {
        "a.b": np.arange(6.0).reshape(2, 3),
        "c": np.array(3, "i4"),
        "e": np.zeros((0, 2), "f4"),
        "m": np.array([True]),
    }
    for metadata in (None, {}, {"format": "pt"}):
        found = load(io.BytesIO(safetensors.numpy.save(arrays, metadata)))
        assert found.keys() == arrays.keys()
        assert all(same(found[name].array, arrays[name]) for name in arrays)


def test_too_many_plain_numbers_are_refused(monkeypatch):
    monkeypatch.setattr(safetensors_format, "MAX_HEADER", 1000)
    with pytest.raises(
        errors.LimitError, match="a checkpoint holds at most 1000\nhint: save long lists of numbers as t"
    ):
        bytes_of(list(range(1000)))


def test_arrays_that_change_while_they_are_saved(monkeypatch):
    import safetensors.numpy

    array, write = np.zeros(3), safetensors.numpy.save

    def save(*arguments):
        written = write(*arguments)
        array[:] = 1
        return written

    monkeypatch.setattr(safetensors.numpy, "save", save)
    data = bytes_of([Leaf(array)])
    assert array[0] == 1
    assert load(io.BytesIO(data))[0].array.tolist() == [0, 0, 0]


def test_another_way_of_writing_headers_is_noticed(monkeypatch):
    import safetensors.numpy

    write = safetensors.numpy.save
    monkeypatch.setattr(safetensors.numpy, "save", lambda *arguments: write(*arguments).replace(b'":"0', b'" :"0'))
    with pytest.raises(errors.InternalError, match="writes its header in another way"):
        bytes_of([1])
