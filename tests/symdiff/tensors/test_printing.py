"""Texts of tensors: literals taken from PyTorch 2.13, and a comparison with PyTorch itself where it is installed."""

import math

import numpy as np
import pytest

import symdiff
from symdiff.tensors.printing import (
    PrintOptions,
    format_tensor,
    get_printoptions,
    printoptions,
    set_printoptions,
    tensor_text,
)

F32, F64, I64, I32 = np.float32, np.float64, np.int64, np.int32


@pytest.fixture(autouse=True)
def _default_options():
    yield
    set_printoptions(profile="default")


def f32(*values):
    return np.array(values, F32)


# What PyTorch 2.13 printed for the same values.
LITERALS = [
    (np.array(8.0, F32), "tensor(8.)"),
    (f32(1, 2), "tensor([1., 2.])"),
    (f32(1.5, -2, math.nan), "tensor([ 1.5000, -2.0000,     nan])"),
    (f32(1, math.inf, -math.inf, math.nan, -0.0), "tensor([1., inf, -inf, nan, -0.])"),
    (f32(math.nan, math.inf), "tensor([nan, inf])"),
    (f32(1e-5, 1), "tensor([1.0000e-05, 1.0000e+00])"),
    # 1e-4 in float32 is below 1e-4, in float64 it is not.
    (f32(1e-4), "tensor([1.0000e-04])"),
    (np.array(1e-4), "tensor(0.0001, dtype=torch.float64)"),
    (f32(1e9, 2), "tensor([1.0000e+09, 2.0000e+00])"),
    (f32(100000, 1.5), "tensor([1.0000e+05, 1.5000e+00])"),
    (np.array(3, I64), "tensor(3)"),
    (np.array(True), "tensor(True)"),
    (np.array([True, False]), "tensor([ True, False])"),
    (np.array([1, -10, 100], I64), "tensor([  1, -10, 100])"),
    (np.array([1, 2], I32), "tensor([1, 2], dtype=torch.int32)"),
    (np.array([0.1]), "tensor([0.1000], dtype=torch.float64)"),
    (f32(), "tensor([])"),
    (np.zeros((0, 3), F32), "tensor([], size=(0, 3))"),
    (np.zeros((2, 0), I64), "tensor([], size=(2, 0), dtype=torch.int64)"),
    (np.zeros(0, bool), "tensor([], dtype=torch.bool)"),
    (np.zeros((1, 1, 1, 1), F32), "tensor([[[[0.]]]])"),
    (np.arange(6, dtype=F32).reshape(1, 2, 3) / F32(7), """\
tensor([[[0.0000, 0.1429, 0.2857],
         [0.4286, 0.5714, 0.7143]]])"""),
    (np.zeros((2, 2, 2), F32), """\
tensor([[[0., 0.],
         [0., 0.]],

        [[0., 0.],
         [0., 0.]]])"""),
    (np.arange(30, dtype=F32), """\
tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,
        14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27.,
        28., 29.])"""),
    (np.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
    (np.arange(10000, dtype=F32).reshape(100, 100), """\
tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 9.7000e+01, 9.8000e+01,
         9.9000e+01],
        [1.0000e+02, 1.0100e+02, 1.0200e+02,  ..., 1.9700e+02, 1.9800e+02,
         1.9900e+02],
        [2.0000e+02, 2.0100e+02, 2.0200e+02,  ..., 2.9700e+02, 2.9800e+02,
         2.9900e+02],
        ...,
        [9.7000e+03, 9.7010e+03, 9.7020e+03,  ..., 9.7970e+03, 9.7980e+03,
         9.7990e+03],
        [9.8000e+03, 9.8010e+03, 9.8020e+03,  ..., 9.8970e+03, 9.8980e+03,
         9.8990e+03],
        [9.9000e+03, 9.9010e+03, 9.9020e+03,  ..., 9.9970e+03, 9.9980e+03,
         9.9990e+03]])"""),
]  # fmt: skip


@pytest.mark.parametrize(("array", "text"), LITERALS, ids=[text[:40] for _, text in LITERALS])
def test_the_texts_are_those_of_pytorch(array, text):
    assert tensor_text(array) == text


def test_what_stands_after_the_elements():
    assert tensor_text(f32(1), requires_grad=True) == "tensor([1.], requires_grad=True)"
    assert tensor_text(f32(1), requires_grad=True, grad_fn="MulBackward0") == "tensor([1.], grad_fn=<MulBackward0>)"
    assert tensor_text(np.ones(1), default_dtype=F64) == "tensor([1.])"
    assert tensor_text(f32(1), default_dtype=F64) == "tensor([1.], dtype=torch.float32)"
    assert tensor_text(f32(1, 1), heading="Parameter containing:", requires_grad=True) == (
        "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    )
    assert tensor_text(f32(1), prefix="Mine") == "Mine([1.])"


def test_complex_numbers_are_refused():
    with pytest.raises(TypeError, match="array of complex128 cannot be shown"):
        tensor_text(np.ones(1, complex))


# ---- options ---------------------------------------------------------------------------------------------------------


def test_options_change_the_text_and_are_given_back():
    assert get_printoptions() == {
        "precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None,
    }  # fmt: skip
    with printoptions(precision=2):
        assert tensor_text(f32(1.12345)) == "tensor([1.12])"
        with printoptions(threshold=5):
            assert tensor_text(np.arange(10)) == "tensor([0, 1, 2,  ..., 7, 8, 9])"
            assert get_printoptions()["precision"] == 2
    assert tensor_text(f32(1.12345)) == "tensor([1.1235])"
    set_printoptions(sci_mode=True)
    assert tensor_text(f32(1)) == "tensor([1.0000e+00])"
    set_printoptions(precision=1)
    assert tensor_text(f32(1.5)) == "tensor([1.5])", "sci_mode goes back where it is not given"
    set_printoptions(profile="short")
    assert get_printoptions()["edgeitems"] == 2
    set_printoptions(profile="full", precision=3)
    assert get_printoptions() == {
        "precision": 3, "threshold": math.inf, "edgeitems": 3, "linewidth": 80, "sci_mode": None,
    }  # fmt: skip


def test_no_edge_items():
    # Literals of PyTorch.
    with printoptions(edgeitems=0, threshold=2):
        assert tensor_text(f32(1, 2, 3)) == "tensor([...], size=(3,))"
        assert tensor_text(np.zeros((2, 2))) == "tensor([...], size=(2, 2), dtype=torch.float64)"
        assert tensor_text(f32(1)) == "tensor([1.], size=(1,))"


def test_wrong_options_change_nothing():
    with pytest.raises(ValueError, match="profile 'tiny' is none of 'default', 'short', 'full'"):
        set_printoptions(profile="tiny", precision=1)
    with pytest.raises(ValueError, match="edgeitems is -1"):
        set_printoptions(edgeitems=-1)
    assert get_printoptions()["precision"] == 4


def test_only_what_is_shown_costs():
    # Five terabytes of a zero, in eight bytes of memory.
    array = np.broadcast_to(np.zeros(()), (10**6, 10**6))
    assert tensor_text(array).count("0.") == 36


# ---- format strings --------------------------------------------------------------------------------------------------


def formatted(array, spec, kind="Tensor"):
    return format_tensor(array, spec, text=lambda: tensor_text(array), kind=kind)


def test_a_tensor_without_dimensions_is_formatted_as_its_number():
    # Literals of PyTorch.
    assert formatted(np.array(3, F32), "") == "3.0"
    assert formatted(np.array(0.1, F32), ".3f") == "0.100"
    assert formatted(np.array(0.1, F32), "10") == "0.10000000149011612"
    assert formatted(np.array(True), "") == "True"
    assert formatted(np.array(True), ">6") == "     1"
    assert formatted(np.array(True), ".2f") == "1.00"
    assert formatted(np.array(3, I64), "d") == "3"
    assert formatted(np.array(3, I64), ".2f") == "3.00"
    with pytest.raises(ValueError, match="Unknown format code 'd' for object of type 'float'"):
        formatted(np.array(3, F32), "d")


def test_other_tensors_are_shown_whole_and_accept_no_format():
    assert formatted(f32(0.1), "") == "tensor([0.1000])"
    assert formatted(np.array(3, F32), "", "Parameter") == "tensor(3.)"
    for array, spec, kind in [
        (f32(1), ".3f", "Tensor"),
        (np.array(3, F32), ".2f", "Parameter"),
        (f32(), ">3", "Tensor"),
    ]:
        with pytest.raises(TypeError) as caught:
            formatted(array, spec, kind)
        assert str(caught.value) == f"unsupported format string passed to {kind}.__format__"


# ---- compared with PyTorch -------------------------------------------------------------------------------------------


def random_array(rng):
    shape = tuple(rng.integers(0, 5, rng.integers(0, 5)))
    if rng.random() < 0.3:
        shape = [(37,), (1500,), (40, 30), (3, 400), (8, 8, 20), (2, 600, 1)][rng.integers(6)]
    dtype = [F32, F64, I64, I32, bool][rng.integers(5)]
    magnitude = 10.0 ** rng.integers(-8, 12) if dtype in (F32, F64) else 10.0 ** rng.integers(0, 9)
    values = rng.standard_normal(shape) * magnitude * 10.0 ** (rng.integers(0, 5) * rng.random(shape))
    if rng.random() < 0.4:
        values = np.round(values)
    if dtype in (F32, F64):
        for special in (math.nan, math.inf, -math.inf, 0.0, -0.0):
            if rng.random() < 0.2:
                values = np.where(rng.random(shape) < 0.2, special, values)
    if dtype is I32:
        values = np.clip(values, -(2**31), 2**31 - 1)
    return np.asarray(values, dtype)


def random_options(rng):
    choices = {
        "precision": [0, 1, 2, 4, 8],
        "threshold": [0, 5, 1000],
        "edgeitems": [0, 1, 2, 3, 5],
        "linewidth": [1, 20, 40, 80, 120],
        "sci_mode": [None, True, False],
    }
    return {name: rng.choice(np.array(values, object)) for name, values in choices.items() if rng.random() < 0.3}


def test_random_tensors_print_as_in_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(20)
    for trial in range(400):
        array, options = random_array(rng), random_options(rng) if trial % 2 else {}
        default = [F32, F64][trial % 3 == 0]
        torch.set_printoptions(profile="default")
        torch.set_printoptions(**options)
        torch.set_default_dtype(torch.float64 if default is F64 else torch.float32)
        try:
            tensor = torch.from_numpy(array.copy())
            arguments = {}
            if trial % 5 == 0 and array.dtype.kind == "f":
                arguments = {"requires_grad": True}
                tensor.requires_grad_()
                if trial % 2:
                    tensor, arguments = tensor * 1, {"requires_grad": True, "grad_fn": "MulBackward0"}
            expected = repr(tensor)
        finally:
            torch.set_printoptions(profile="default")
            torch.set_default_dtype(torch.float32)
        shown = tensor_text(array, default_dtype=default, options=PrintOptions(**options), **arguments)
        assert shown == expected, (trial, array, options)


def test_results_of_several_tensors():
    x = symdiff.tensor([[3.0, 1.0], [2.0, 4.0]])
    assert repr(x.max(1)) == "torch.return_types.max(\nvalues=tensor([3., 4.]),\nindices=tensor([0, 1]))"
    assert str(symdiff.aminmax(x)) == "torch.return_types.aminmax(\nmin=tensor(1.),\nmax=tensor(4.))"
    expected = "torch.return_types.topk(\nvalues=tensor([[3.],\n        [4.]]),\nindices=tensor([[0],\n        [1]]))"
    assert repr(x.topk(1)) == expected
    shown = repr(symdiff.linalg.slogdet(x))
    assert shown == "torch.return_types.linalg_slogdet(\nsign=tensor(1.),\nlogabsdet=tensor(2.3026))"
