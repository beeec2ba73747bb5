"""What is saved comes back, to the bit; and descriptions of contents that do not fit are refused."""

import io
import math
from collections import OrderedDict, namedtuple
from enum import IntEnum

import numpy as np
import pytest

from symdiff import errors
from symdiff.tensors import contents, files, safetensors_format
from tests.checkpoints import STATE, Leaf, back, bytes_of, load, same

DTYPES = ("float32", "float64", "int64", "int32", "bool")


@pytest.mark.parametrize(
    "value",
    [
        STATE,
        {},
        [],
        None,
        Leaf(np.arange(3)),
        [Leaf(np.arange(3)), (Leaf(np.array(True)),)],
        {"a.b": Leaf(np.zeros(1)), "a": {"b": Leaf(np.ones(1))}, "a.b#2": Leaf(np.full(1, 2.0))},
        {"__metadata__": Leaf(np.ones(2)), "": Leaf(np.zeros(2)), "\ud800": Leaf(np.ones(1)), "\\ud800": 1},
        {0: Leaf(np.zeros(1)), "0": Leaf(np.ones(1)), 1.5: 2, None: 3, True: 4, math.inf: 5, -(2**70): 6},
        {"losses": np.linspace(0, 1, 5), "accuracy": np.float64(0.75), "n": np.int32(3), "flag": np.bool_(True)},
        {"dict": {"tensor": "x"}, "tensor": [["a", 1]], "version": 2},
    ],
    ids=range(11),
)
def test_a_value_comes_back_as_it_was(value):
    assert same(back(value), value)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (3, 4), (1, 1, 1, 2, 1)])
def test_every_dtype_and_shape(dtype, shape):
    rng = np.random.default_rng(3)
    array = rng.integers(0, 256, (*shape, np.dtype(dtype).itemsize), "u1")
    array = (array & 1).astype(bool).reshape(shape) if dtype == "bool" else array.view(dtype).reshape(shape)
    found = back({"x": Leaf(array)})["x"].array
    assert same(found, array)
    assert found.flags.writeable and found.flags.aligned and found.flags.c_contiguous


@pytest.mark.parametrize(("dtype", "bits"), [("f4", [0x7F800001, 0xFFC12345, 0x80000000, 1]),
                                             ("f8", [0x7FF0000000000001, 0xFFF8000000ABCDEF, 1 << 63, 1])])  # fmt: skip
def test_floats_come_back_to_the_bit(dtype, bits):
    array = np.array(bits, dtype.replace("f", "u")).view(dtype)
    assert back([Leaf(array)])[0].array.tobytes() == array.tobytes()


def test_arrays_that_do_not_lie_in_order():
    base = np.arange(24, dtype="f4").reshape(4, 6)
    views = [base.T, base[::2, 1::3], base[::-1], np.broadcast_to(base[0], (3, 6)), base.astype(">f4")]
    for view, found in zip(views, back([Leaf(view) for view in views]), strict=True):
        assert np.array_equal(found.array, view)
        assert found.array.dtype == np.dtype("f4")


def test_order_of_keys_is_kept_and_subclasses_of_dict_become_dict():
    state = OrderedDict((name, Leaf(np.zeros(1))) for name in "zax")
    found = back(state)
    assert type(found) is dict
    assert list(found) == ["z", "a", "x"]


def test_tensors_that_share_memory_share_it_again():
    weight = np.arange(4.0)
    data = bytes_of(
        {"embed": Leaf(weight), "head": Leaf(weight.view()), "other": Leaf(weight.copy()), "part": Leaf(weight[1:])}
    )
    found = load(io.BytesIO(data))
    found["head"].array[1] = 9
    assert found["embed"].array[1] == 9
    assert found["other"].array[1] == 1
    assert found["part"].array[0] == 1


def test_temporary_arrays_are_not_taken_for_one():
    class Made:
        def __init__(self, number):
            self.number = number

    file = io.BytesIO()
    values = [Made(number) for number in range(50)]
    files.save(values, file, to_array=lambda v: np.full(3, v.number) if isinstance(v, Made) else None)
    file.seek(0)
    assert [leaf.array[0] for leaf in load(file)] == list(range(50))


def test_what_cannot_be_saved_is_named():
    Point = namedtuple("Point", "x y")
    colour = IntEnum("colour", "red")

    class Model:
        def state_dict(self):
            return {}

    for value, text in [
        ({"a": [1, {2, 3}]}, r"\['a'\]\[1\] is of type set, which cannot be saved"),
        (Model(), r"the object is of type Model, which cannot be saved\nhint: save what its state_dict\(\) gives"),
        ([Point(1, 2)], r"\[0\] is of type Point"),
        ({"c": colour.red}, r"\['c'\] is of type colour"),
        ({"c": 1j}, "complex"),
        ({"c": b"x"}, "bytes"),
        ({(1, 2): 3}, "a key of the object is of type tuple"),
        ({"x": Leaf(np.zeros(2, "f2"))}, r"\['x'\] is of dtype float16, which cannot be saved \(only float32,"),
        ({"x": np.array(["a"])}, "dtype <U1"),
        ({"x": np.ma.masked_array([1.0], [True])}, "MaskedArray"),
        ({"x": np.str_("a")}, "dtype <U1"),
    ]:
        with pytest.raises(TypeError, match=text):
            bytes_of(value)


def test_what_contains_itself_or_is_too_deep_is_refused():
    inner = {}
    inner["again"] = [inner]
    with pytest.raises(ValueError, match=r"\['x'\]\['again'\]\[0\] contains itself"):
        bytes_of({"x": inner})
    shared = [1]
    assert back([shared, shared]) == [[1], [1]]
    deep = 0
    for _ in range(contents.MAX_DEPTH):
        deep = [deep]
    assert same(back(deep), deep)
    with pytest.raises(ValueError, match="nested more than 50 deep"):
        bytes_of([deep])


# ---- descriptions that do not fit ------------------------------------------------------------------------------------


ONE = {"x": np.zeros(1)}
DAMAGED = "is damaged"
DESCRIPTIONS = [
    ("", "not JSON"),
    ("[" * 100_000, "not JSON"),
    ("9" * 5000, "not JSON"),
    ("[1]", "no version"),
    ('{"version":2}', "version 2 of the layout"),
    ('{"version":1}', DAMAGED),
    ('{"version":1,"value":null,"same":{}}', "'x' does not occur"),
    ('{"version":1,"value":NaN,"same":{}}', "not JSON"),
    ('{"version":1,"value":[],"same":{}}', DAMAGED),
    ('{"version":1,"value":{"tensor":"y"},"same":{}}', "'y' is missing"),
    ('{"version":1,"value":{"tensor":["x"]},"same":{}}', "is missing"),
    ('{"version":1,"value":{"list":[{"tensor":"x"},{"tensor":"x"}]},"same":{}}', "occurs twice"),
    ('{"version":1,"value":{"scalar":"x"},"same":{}}', "has dimensions"),
    ('{"version":1,"value":{"code":[]},"same":{}}', "unknown 'code'"),
    ('{"version":1,"value":{"dict":[["a",1],["a",2]]},"same":{}}', "a key twice"),
    ('{"version":1,"value":{"dict":[["a"]]},"same":{}}', DAMAGED),
    ('{"version":1,"value":{"dict":[[{"tensor":"x"},1]]},"same":{}}', "key that is no number"),
    ('{"version":1,"value":{"int":"zz"},"same":{}}', "number in it"),
    ('{"version":1,"value":{"int":5},"same":{}}', "number in it"),
    ('{"version":1,"value":{"float":"00"},"same":{}}', "number in it"),
    ('{"version":1,"value":{"tensor":"x"},"same":{"x":"y"}}', "'x' and 'y' cannot be one"),
    ('{"version":1,"value":{"tensor":"x"},"same":{"x":"x"}}', "'x' and 'x' cannot be one"),
    ('{"version":1,"value":{"tensor":"x"},"same":{"x":[]}}', DAMAGED),
    ('{"version":1,"value":{"tensor":"x"},"same":[]}', DAMAGED),
    ('{"version":1,"value":%s1%s,"same":{}}'.replace("%s", '{"list":[' * 60, 1).replace("%s", "]}" * 60), DAMAGED),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), DESCRIPTIONS, ids=range(len(DESCRIPTIONS)))
def test_hostile_descriptions_with_a_right_checksum(text, reason):
    made = []
    data = b"".join(safetensors_format.encode(ONE, text))
    with pytest.raises(errors.CheckpointFormatError, match=reason):
        files.load(io.BytesIO(data), from_array=made.append)
    assert not made


def test_tensors_that_differ_are_not_made_one():
    text = '{"version":1,"value":{"list":[{"tensor":"x"},{"tensor":"y"}]},"same":{"y":"x"}}'
    for other, shared in [(np.zeros(1), True), (np.ones(1), False), (np.zeros(2), False), (np.zeros(1, "i8"), False)]:
        pieces = safetensors_format.encode({"x": np.zeros(1), "y": other}, text)
        one, two = load(io.BytesIO(b"".join(pieces)))
        assert same(two.array, other)
        assert np.shares_memory(one.array, two.array) == shared


def test_arrays_of_bytes_are_saved_as_the_state_of_a_generator_is():
    state = np.arange(256, dtype="u1")
    assert same(back({"rng": state})["rng"], state)


def test_a_tensor_of_bytes_is_refused():
    text = '{"version":1,"value":{"tensor":"x"},"same":{}}'
    with pytest.raises(contents.Malformed, match="dtype uint8, which tensors do not have"):
        contents.rebuild(text, {"x": np.zeros(3, "u1")}, Leaf)
