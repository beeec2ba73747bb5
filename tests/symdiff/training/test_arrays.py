"""Users' data as arrays: dtypes, kinds of containers, and what is refused."""

import numpy as np
import pytest

import symdiff as sd
from symdiff.training.arrays import array_of

F4 = np.dtype(np.float32)

DTYPES = {
    "float64": (np.ones(3), np.float32),
    "float16": (np.ones(3, np.float16), np.float32),
    "foreign bytes": (np.ones(3, ">f8"), np.float32),
    "uint8": (np.ones(3, np.uint8), np.int64),
    "int32": (np.ones(3, np.int32), np.int64),
    "uint64": (np.ones(3, np.uint64), np.int64),
    "bool": (np.ones(3, bool), np.bool_),
    "list of floats": ([1.0, 1.0, 1.0], np.float32),
    "list of ints": ([1, 1, 1], np.int64),
    "objects": (np.array([1, 1.0, True], object), np.float32),
    "tensor": (sd.ones(3, dtype=sd.float64), np.float32),
    "int32 tensor": (sd.ones(3, dtype=sd.int32), np.int32),
    "list of tensors": ([sd.tensor(1.0), sd.tensor(1.0), sd.tensor(1.0)], np.float32),
}


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(name):
    data, wanted = DTYPES[name]
    array = array_of(data, "x", F4)
    assert array.dtype == np.dtype(wanted) and array.dtype.isnative
    assert array.tolist() == [1, 1, 1]


def test_floats_are_cast_up_as_well():
    assert array_of(np.ones(2, np.float32), "x", np.dtype(np.float64)).dtype == np.float64


def test_order_in_memory():
    array = array_of(np.arange(6.0).reshape(2, 3).T, "x", F4)
    assert array.flags.c_contiguous
    assert array.tolist() == [[0, 3], [1, 4], [2, 5]]


def test_nested_lists_and_their_tensors():
    assert array_of([[1, 2], [3, 4.5]], "x", F4).tolist() == [[1, 2], [3, 4.5]]
    assert array_of([sd.tensor([1.0, 2.0]), sd.tensor([3.0, 4.0])], "x", F4).tolist() == [[1, 2], [3, 4]]


class Frame:
    """As much of a data frame as matters."""

    columns = ("age", "name")
    dtypes = (np.dtype(float), np.dtype(object))

    def __array__(self, dtype=None, copy=None):
        return np.array([[1.0, "Ann"], [2.0, "Bob"]], object)


REFUSED = {
    "number": (1.0, ValueError, "x is a single number"),
    "empty": (np.empty((0, 3)), ValueError, "x has no rows"),
    "empty list": ([], ValueError, "x has no rows"),
    "complex": (np.ones(2, complex), TypeError, "x holds complex numbers"),
    "text": (["a", "b"], TypeError, "x holds elements of dtype <U1"),
    "time": (np.array(["2026-01-01"], "datetime64[D]"), TypeError, "x holds elements of dtype datetime64"),
    "objects": (np.array([1.0, None]), TypeError, "x holds elements of dtype object"),
    "ragged": ([[1.0], [1.0, 2.0]], ValueError, "x does not make an array of rows"),
    "masked": (np.ma.masked_array([1.0, 2.0], [True, False]), TypeError, "x is a masked array"),
    "frame": (Frame(), TypeError, "x holds no numbers in column 'name'"),
    "large": (np.array([2**63], np.uint64), ValueError, "too large for int64"),
    "gradient": (sd.ones(3, requires_grad=True), ValueError, "x requires a gradient"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    data, kind, words = REFUSED[name]
    with pytest.raises(kind, match=words) as caught:
        array_of(data, "x", F4)
    assert isinstance(caught.value, sd.SymdiffError)


def test_data_frames_and_series():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3, 4], "c": [True, False]})
    assert array_of(frame, "x", F4).tolist() == [[1, 3, 1], [2, 4, 0]]
    assert array_of(frame, "x", F4).dtype == np.float32
    assert array_of(frame["b"], "y", F4).dtype == np.int64
    assert array_of(frame["c"], "y", F4).dtype == np.bool_
    assert array_of(frame["a"].astype("Float64"), "y", F4).tolist() == [1, 2]
    assert array_of(frame[["a", "c"]].iloc[::-1], "x", F4).tolist() == [[2, 0], [1, 1]]
    frame["d"], frame["e"] = ["x", "y"], pandas.Categorical(["x", "y"])
    with pytest.raises(TypeError, match="x holds no numbers in columns 'd', 'e'"):
        array_of(frame, "x", F4)
    with pytest.raises(TypeError, match="y holds"):
        array_of(frame["e"], "y", F4)
