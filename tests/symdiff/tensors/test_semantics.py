"""What tensors mean: leaves, backward, gradients; with symdiff, and with PyTorch where it is installed."""

import copy
import pickle
import warnings

import numpy as np
import pytest


@pytest.fixture(params=["symdiff", "torch"])
def t(request):
    return pytest.importorskip(request.param, reason="PyTorch is not installed")


def refused(fragment, kind=RuntimeError):
    return pytest.raises(kind, match=fragment)


# -- leaves ------------------------------------------------------------------------------------------------------------


def test_what_the_user_makes_is_a_leaf(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    assert x.is_leaf and x.requires_grad and x.grad_fn is None
    assert not y.is_leaf and y.requires_grad and y.grad_fn.name() == "MulBackward0"
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(y) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
    assert str(y.grad_fn).startswith("<MulBackward0")


def test_results_under_no_grad_are_leaves(t):
    x = t.tensor([1.0], requires_grad=True)
    with t.no_grad():
        y = x * 2
    assert y.is_leaf and not y.requires_grad and y.grad_fn is None


@pytest.mark.parametrize(
    ("call", "node"),
    [
        (lambda t, x: x + 1, "AddBackward0"),
        (lambda t, x: x - x, "SubBackward0"),
        (lambda t, x: 1 - x, "RsubBackward1"),
        (lambda t, x: x / 2, "DivBackward0"),
        (lambda t, x: 2 / x, "MulBackward0"),
        (lambda t, x: -x, "NegBackward0"),
        (lambda t, x: x**2, "PowBackward0"),
        (lambda t, x: 2**x, "PowBackward2"),
        (lambda t, x: x**x, "PowBackward1"),
        (lambda t, x: x.exp(), "ExpBackward0"),
        (lambda t, x: x.sqrt(), "SqrtBackward0"),
        (lambda t, x: x.sum(), "SumBackward0"),
        (lambda t, x: x.sum(0), "SumBackward1"),
        (lambda t, x: x.mean(), "MeanBackward0"),
        (lambda t, x: x.mean(0), "MeanBackward1"),
        (lambda t, x: x @ x, "DotBackward0"),
        (lambda t, x: x.outer(x) @ x, "MvBackward0"),
        (lambda t, x: x.outer(x) @ x.outer(x), "MmBackward0"),
        (lambda t, x: x.reshape(3, 1), "ViewBackward0"),
        (lambda t, x: x.view(3, 1).t(), "TBackward0"),
        (lambda t, x: x[1], "SelectBackward0"),
        (lambda t, x: x[1:], "SliceBackward0"),
        (lambda t, x: x[[0, 1]], "IndexBackward0"),
        (lambda t, x: x.clone(), "CloneBackward0"),
        (lambda t, x: x.double(), "ToCopyBackward0"),
        (lambda t, x: x.relu(), "ReluBackward0"),
        (lambda t, x: x.abs(), "AbsBackward0"),
        (lambda t, x: x.clamp(0, 1), "ClampBackward1"),
        (lambda t, x: t.stack([x, x]), "StackBackward0"),
        (lambda t, x: t.cat([x, x]), "CatBackward0"),
        (lambda t, x: x.max(), "MaxBackward1"),
        (lambda t, x: x.max(0).values, "MaxBackward0"),
        (lambda t, x: x.softmax(0), "SoftmaxBackward0"),
        (lambda t, x: x.log_softmax(0), "LogSoftmaxBackward0"),
        (lambda t, x: t.where(x > 0, x, x), "WhereBackward0"),
        (lambda t, x: x.var(), "VarBackward0"),
        (lambda t, x: x.std(), "StdBackward0"),
        (lambda t, x: x.prod(), "ProdBackward0"),
        (lambda t, x: x.cumsum(0), "CumsumBackward0"),
        (lambda t, x: x.unsqueeze(0), "UnsqueezeBackward0"),
        (lambda t, x: x.unsqueeze(0).squeeze(0), "SqueezeBackward1"),
        (lambda t, x: x.unsqueeze(0).squeeze(), "SqueezeBackward0"),
        (lambda t, x: x.expand(2, 3), "ExpandBackward0"),
        (lambda t, x: x.expand(2, 3).transpose(0, 1), "TransposeBackward0"),
        (lambda t, x: x.expand(2, 3).permute(1, 0), "PermuteBackward0"),
        (lambda t, x: x.masked_fill(x > 2, 0.0), "MaskedFillBackward0"),
    ],
)
def test_names_of_nodes(t, call, node):
    x = t.tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert call(t, x).grad_fn.name() == node


# -- backward ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_an_output_of_one_element_needs_no_gradient(t, shape):
    x = t.ones(shape, requires_grad=True)
    (x * 3).backward()
    assert x.grad.shape == shape
    assert x.grad.sum().item() == 3


def test_an_output_of_many_elements_needs_one(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    with refused("grad can be implicitly created only for scalar outputs"):
        (x * 2).backward()
    (x * 2).backward(t.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2, 20]


@pytest.mark.parametrize("make", [lambda t: t.tensor(1.0), lambda t: t.tensor(3), lambda t: t.ones(2).sum()])
def test_backward_outside_any_graph(t, make):
    with refused("element 0 of tensors does not require grad and does not have a grad_fn"):
        make(t).backward()


def test_the_given_gradient_has_the_output_s_shape(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    with refused(r"Mismatch in shape: grad_output\[0\]"):
        (x * 2).backward(t.ones(3))
    (x * 2).backward(t.ones(2, dtype=t.float64))
    assert x.grad.dtype is t.float32
    assert x.grad.tolist() == [2, 2]


def test_a_graph_is_used_up(t):
    x = t.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    with refused("Trying to backward through the graph a second time"):
        y.backward()
    z = x + x + 1
    z.backward()
    z.backward()  # nothing was saved, so nothing is missing
    assert x.grad.item() == 4 + 2 + 2


def test_a_shared_part_of_a_graph_is_used_up(t):
    x = t.tensor(2.0, requires_grad=True)
    shared = x.exp()
    (shared * 2).backward()
    with refused("Trying to backward through the graph a second time"):
        (shared * 3).backward()


def test_retain_graph(t):
    x = t.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8


def test_gradients_add_up_in_the_same_object(t):
    x = t.tensor(2.0, requires_grad=True)
    (x * x).backward()
    assert x.grad.item() == 4
    first = x.grad
    (x * x).backward()
    assert x.grad is first and first.item() == 8
    x.grad = t.tensor(10.0)
    (x * x).backward()
    assert x.grad.item() == 14


def test_create_graph_warns_and_adds_up_in_a_new_object(t):
    x = t.tensor(2.0, requires_grad=True)
    with pytest.warns(UserWarning, match="will create a reference cycle"):
        (x * x * x).backward(create_graph=True)
    first = x.grad
    assert first.requires_grad and first.item() == 12
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (x * x * x).backward(create_graph=True)
    assert x.grad is not first and x.grad.item() == 24
    (second,) = t.autograd.grad(first, x)
    assert second.item() == 12


def test_the_gradient_of_no_leaf(t):
    x = t.tensor(2.0, requires_grad=True)
    y = x * 3
    (y * y).backward()
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None


def test_retain_grad(t):
    x = t.tensor(2.0, requires_grad=True)
    y = x * 3
    y.retain_grad()
    y.retain_grad()
    x.retain_grad()
    assert y.retains_grad and not x.retains_grad
    (y * y).backward(retain_graph=True)
    assert y.grad.item() == 12 and x.grad.item() == 36
    with refused("can't retain_grad on Tensor that has requires_grad=False"):
        t.tensor(1.0).retain_grad()


def test_retain_grad_survives_a_store(t):
    x = t.tensor(2.0, requires_grad=True)
    y = x * 3
    y.retain_grad()
    y.mul_(2)
    (y * 5).backward()
    assert y.grad.item() == 5
    assert x.grad.item() == 30


def test_integers_take_no_gradients(t):
    with refused("Only Tensors of floating point and complex dtype"):
        t.tensor([1, 2], requires_grad=True)
    with refused("only Tensors of floating point dtype"):
        t.tensor([1, 2]).requires_grad_()
    with refused("only Tensors of floating point dtype"):
        t.tensor([True]).requires_grad_()


def test_requires_grad_stays_on_in_a_graph(t):
    x = t.tensor(2.0, requires_grad=True)
    y = x * 2
    with refused("you can only change requires_grad flags of leaf variables"):
        y.requires_grad_(False)
    with refused("you can only change requires_grad flags of leaf variables"):
        y.requires_grad = False
    x.requires_grad = False
    assert not x.requires_grad
    x.requires_grad_()
    assert x.requires_grad and x.is_leaf


def test_requires_grad_within_no_grad(t):
    with t.no_grad():
        x = t.tensor(2.0).requires_grad_()
        y = t.zeros(2, requires_grad=True)
    assert x.requires_grad and y.requires_grad
    (x * x).backward()
    assert x.grad.item() == 4


def test_broadcasting_sums_back_and_keeps_each_dtype(t):
    x = t.ones(2, 3, dtype=t.float64, requires_grad=True)
    w = t.ones(3, requires_grad=True)
    (x * w).sum().backward()
    assert w.grad.dtype is t.float32 and w.grad.tolist() == [2, 2, 2]
    assert x.grad.dtype is t.float64 and x.grad.shape == (2, 3)
    with refused("must match the size of tensor b"):
        t.ones(2, 3) + t.ones(2)


def test_products_that_do_not_fit(t):
    with refused(r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x3\)"):
        t.ones(2, 3) @ t.ones(2, 3)
    with refused("same dtype, but got"):
        t.ones(2, 3) @ t.ones(3, 2, dtype=t.float64)


def test_what_is_not_continuous_takes_no_gradients(t):
    x = t.tensor([1.0, 3.0], requires_grad=True)
    assert not (x > 2).requires_grad
    assert not x.argmax().requires_grad
    assert not x.long().requires_grad
    assert not (x == x).requires_grad
    assert not x.max(0).indices.requires_grad


def test_a_leaf_used_on_several_paths(t):
    x = t.tensor(3.0, requires_grad=True)
    y = x * x
    (y + y * x + x).backward()
    assert x.grad.item() == 2 * 3 + 3 * 9 + 1


# -- autograd.grad -----------------------------------------------------------------------------------------------------


def test_grad_leaves_grad_alone(t):
    x = t.tensor(2.0, requires_grad=True)
    (g,) = t.autograd.grad(x * x, x)
    assert g.item() == 4 and x.grad is None and not g.requires_grad


def test_grad_of_an_input_that_is_not_reached(t):
    x = t.tensor(2.0, requires_grad=True)
    other = t.ones(2, requires_grad=True)
    with refused("appears to not have been used in the graph"):
        t.autograd.grad(x * x, [x, other])
    assert t.autograd.grad(x * x, [x, other], allow_unused=True)[1] is None
    zeros = t.autograd.grad(x * x, [x, other], materialize_grads=True)[1]
    assert zeros.tolist() == [0, 0]


def test_grad_of_wrong_inputs(t):
    x = t.tensor(2.0, requires_grad=True)
    with refused("One of the differentiated Tensors does not require grad"):
        t.autograd.grad(x * x, t.tensor(1.0))
    with refused("cannot be empty"):
        t.autograd.grad(x * x, [])


def test_grad_by_a_value_in_between(t):
    x = t.tensor(2.0, requires_grad=True)
    y = x * x
    gx, gy = t.autograd.grad(y * y * 3, [x, y])
    assert gy.item() == 24 and gx.item() == 96


def test_backward_for_some_leaves(t):
    x, w = t.tensor(2.0, requires_grad=True), t.tensor(5.0, requires_grad=True)
    (x * w).backward(inputs=[x])
    assert x.grad.item() == 5 and w.grad is None


def test_double_backward(t):
    x = t.tensor(2.0, requires_grad=True)
    (g,) = t.autograd.grad(x**3, x)
    with refused("element 0 of tensors does not require grad"):
        g.backward()
    (g,) = t.autograd.grad(x**3, x, create_graph=True)
    g.backward()
    assert x.grad.item() == 12


def test_backward_of_several(t):
    x = t.tensor(2.0, requires_grad=True)
    t.autograd.backward([x * 2, x * x])
    assert x.grad.item() == 6


# -- modes -------------------------------------------------------------------------------------------------------------


def test_modes_nest_and_decorate(t):
    assert t.is_grad_enabled()
    with t.no_grad():
        assert not t.is_grad_enabled()
        with t.enable_grad():
            assert t.is_grad_enabled()
        with t.set_grad_enabled(True):
            assert t.is_grad_enabled()
        assert not t.is_grad_enabled()
    assert t.is_grad_enabled()

    @t.no_grad()
    def frozen():
        return t.is_grad_enabled()

    @t.enable_grad()
    def recorded():
        return t.is_grad_enabled()

    @t.no_grad
    def bare():
        return t.is_grad_enabled()

    assert not frozen() and not bare() and t.is_grad_enabled()
    with t.no_grad():
        assert recorded()
    t.set_grad_enabled(False)
    assert not t.is_grad_enabled()
    t.set_grad_enabled(True)
    assert t.is_grad_enabled()


def test_a_mode_ends_with_an_exception(t):
    with pytest.raises(KeyError), t.no_grad():
        raise KeyError("x")
    assert t.is_grad_enabled()


def test_a_decorated_generator(t):
    @t.no_grad()
    def values():
        yield t.is_grad_enabled()
        yield t.is_grad_enabled()

    seen = []
    for inside in values():
        seen.append((inside, t.is_grad_enabled()))
    assert seen == [(False, True), (False, True)]


def test_inference_tensors(t):
    x = t.ones(2, requires_grad=True)
    with t.inference_mode():
        assert t.is_inference_mode_enabled() and not t.is_grad_enabled()
        y = x * 2
        y.add_(1)
    assert not t.is_inference_mode_enabled()
    assert y.is_inference() and not y.requires_grad and not x.is_inference()
    assert y.tolist() == [3, 3]
    with refused("Inference tensors cannot be saved for backward"):
        x * y
    with refused("Inplace update to inference tensor outside InferenceMode"):
        y.add_(1)
    with refused("Setting requires_grad=True on inference tensor outside InferenceMode"):
        y.requires_grad_()
    with refused("Inference tensors do not track version counter"):
        assert y._version
    assert (x + y).requires_grad
    assert not y.clone().is_inference()


def test_what_is_computed_under_no_grad_is_a_constant(t):
    x = t.tensor(3.0, requires_grad=True)
    with t.no_grad():
        c = x * 2
    (x * c).backward()
    (x * (x * 2).detach()).backward()
    assert x.grad.item() == 12
    y = x * 2
    y.data.mul_(10)
    (y.detach() * y).backward()
    assert x.grad.item() == 12 + 120


def test_inference_mode_decorates(t):
    @t.inference_mode()
    def doubled(x):
        return x * 2

    assert doubled(t.ones(2)).is_inference()
    with t.inference_mode(False):
        assert not t.ones(2).is_inference()


def test_detect_anomaly_names_the_node(t):
    x = t.tensor(-1.0, requires_grad=True)
    with pytest.warns(UserWarning), t.autograd.detect_anomaly():
        y = (x.sqrt() * 1).sum()
        with refused("Function 'SqrtBackward0' returned nan values in its 0th output"):
            y.backward()
    x.sqrt().backward()  # outside it is allowed
    assert np.isnan(x.grad.item())


def test_set_detect_anomaly(t):
    x = t.tensor(0.0, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with t.autograd.set_detect_anomaly(True), refused("Function 'MulBackward0' returned nan values in its 0th"):
            (x.sqrt() * 0 * (x / 0)).backward()


# -- out of the graph --------------------------------------------------------------------------------------------------


def test_numpy_of_what_requires_gradients(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    with refused("Can't call numpy\\(\\) on Tensor that requires grad"):
        x.numpy()
    with refused("Can't call numpy\\(\\) on Tensor that requires grad"):
        np.asarray(x)
    assert x.detach().numpy().tolist() == [1, 2]
    assert x.numpy(force=True).tolist() == [1, 2]


def test_numbers_of_tensors(t):
    x = t.tensor(2.5, requires_grad=True)
    assert x.item() == 2.5 and x.tolist() == 2.5
    with pytest.warns(UserWarning, match="requires_grad=True to a scalar"):
        assert float(x) == 2.5
    with refused("cannot be converted to Scalar"):
        t.ones(2).item()
    assert t.tensor([[3]]).item() == 3 and isinstance(t.tensor([[3]]).item(), int)
    assert isinstance(t.tensor(True).item(), bool)
    assert [10, 11, 12][t.tensor(1)] == 11
    assert int(t.tensor(2.7)) == 2 and complex(t.tensor(2.0)) == 2


def test_truth_length_and_iteration(t):
    with refused("Boolean value of Tensor with more than one value is ambiguous"):
        bool(t.ones(2))
    with refused("iteration over a 0-d tensor", TypeError):
        iter(t.tensor(1.0))
    with refused("len\\(\\) of a 0-d tensor", TypeError):
        len(t.tensor(1.0))
    assert t.tensor([0.5]) and not t.tensor(0)
    assert [x.item() for x in t.tensor([1, 2])] == [1, 2] and len(t.ones(3, 2)) == 3


def test_membership_and_reversal(t):
    x = t.tensor([1.0, 2.0, 3.0])
    assert 2.0 in x and 5.0 not in x and t.tensor(3.0) in x
    assert list(reversed(x)) == [3, 2, 1]
    with refused("Tensor.__contains__ only supports Tensor or scalar"):
        assert "a" in x


def test_copies(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    assert twin.requires_grad and twin.is_leaf and twin.tolist() == [1, 2] and twin.grad.tolist() == [2, 4]
    assert twin.grad is not x.grad
    with t.no_grad():
        twin.add_(1)
    assert x.tolist() == [1, 2]
    with refused("Only Tensors created explicitly by the user"):
        copy.deepcopy(x * 2)


def test_a_deep_copy_is_one_for_each_object(t):
    x = t.ones(2)
    a, b = copy.deepcopy([x, x])
    assert a is b and a is not x


def test_pickles(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    back = pickle.loads(pickle.dumps(x))
    assert back.requires_grad and back.is_leaf and back.tolist() == [1, 2]
    non_leaf = pickle.loads(pickle.dumps(x * 2))
    assert non_leaf.is_leaf and non_leaf.requires_grad and non_leaf.tolist() == [2, 4]
    whole = pickle.loads(pickle.dumps(t.tensor([[1, 2], [3, 4]])[:, 1]))
    assert whole.tolist() == [2, 4] and whole.dtype is t.int64


# -- dtypes ------------------------------------------------------------------------------------------------------------


def test_dtypes_of_what_is_given(t):
    assert t.tensor(1.0).dtype is t.float32 and t.tensor(1).dtype is t.int64 and t.tensor(True).dtype is t.bool
    assert t.tensor(np.ones(2)).dtype is t.float64 and t.from_numpy(np.ones(2, np.float32)).dtype is t.float32
    assert (t.tensor(1) / t.tensor(2)).dtype is t.float32 and (t.tensor([1, 2]) * 2.0).dtype is t.float32
    assert t.tensor([1.0, 2]).dtype is t.float32 and t.tensor([]).dtype is t.float32
    assert repr(t.float32) == "torch.float32"
