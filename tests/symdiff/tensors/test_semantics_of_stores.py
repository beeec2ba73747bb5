"""What stores, views, versions and hooks of tensors mean; with symdiff, and with PyTorch where it is installed."""

import numpy as np
import pytest


@pytest.fixture(params=["symdiff", "torch"])
def t(request):
    return pytest.importorskip(request.param, reason="PyTorch is not installed")


def refused(fragment, kind=RuntimeError):
    return pytest.raises(kind, match=fragment)


# -- leaves ------------------------------------------------------------------------------------------------------------


def test_a_store_into_a_leaf_that_requires_gradients(t):
    x = t.ones(3, requires_grad=True)
    for store in (lambda: x.add_(1), lambda: x.zero_(), lambda: x.mul_(x), lambda: x.copy_(t.zeros(3))):
        with refused("a leaf Variable that requires grad is being used in an in-place operation"):
            store()
    with refused("a leaf Variable that requires grad is being used in an in-place operation"):
        x += 1
    assert x.tolist() == [1, 1, 1] and x._version == 0


def test_a_store_into_a_view_of_one(t):
    x = t.ones(3, requires_grad=True)
    with refused("a view of a leaf Variable that requires grad"):
        x[0] = 5.0
    with refused("a view of a leaf Variable that requires grad"):
        x[1:].mul_(2)
    with refused("a view of a leaf Variable that requires grad"):
        x.view(3, 1).zero_()
    assert x.tolist() == [1, 1, 1]


def test_the_same_stores_under_no_grad(t):
    x = t.ones(3, requires_grad=True)
    with t.no_grad():
        x.add_(1)
        x[0] = 5.0
        x[1:].mul_(2)
    assert x.tolist() == [5, 4, 4] and x._version == 3
    assert x.is_leaf and x.requires_grad
    (x * x).sum().backward()
    assert x.grad.tolist() == [10, 8, 8]


# -- versions ----------------------------------------------------------------------------------------------------------


def test_a_store_into_what_was_saved(t):
    x = t.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    y.add_(1)
    with refused(r"modified by an inplace operation: \[torch.FloatTensor \[2\]\].*is at version 1; expected version 0"):
        z.sum().backward()


def test_a_store_into_a_result_that_was_saved(t):
    x = t.ones(2, requires_grad=True)
    y = x.exp()
    y.add_(1)
    with refused("modified by an inplace operation.* is at version 1; expected version 0"):
        y.sum().backward()


def test_a_store_into_what_was_not_saved(t):
    x = t.ones(2, requires_grad=True)
    y = x * 2
    z = y + y
    y.add_(1)
    z.sum().backward()
    assert x.grad.tolist() == [4, 4]


def test_a_store_into_a_constant_that_was_saved(t):
    x, c = t.ones(2, requires_grad=True), t.full((2,), 3.0)
    y = x * c
    c.add_(1)
    assert c._version == 1
    with refused("is at version 1; expected version 0"):
        y.sum().backward()


def test_a_view_of_what_was_stored_into_was_saved(t):
    x = t.ones(2, requires_grad=True)
    y = x * 1
    y[0] = y[0] * y[0]
    with refused("modified by an inplace operation"):
        y.sum().backward()
    y = x * 1
    first = y[0].clone()
    y[0] = first * first
    y.sum().backward()
    assert x.grad.tolist() == [2, 1]


def test_a_parameter_stored_into_between_forward_and_backward(t):
    w = t.ones(2, requires_grad=True)
    y = (w * w).sum()
    with t.no_grad():
        w.add_(1)
    with refused("modified by an inplace operation"):
        y.backward()


def test_data_is_not_counted(t):
    x = t.ones(2, requires_grad=True)
    y = x * x
    x.data.mul_(10)
    assert x._version == 0 and x.tolist() == [10, 10]
    y.sum().backward()
    assert x.grad.tolist() in ([2, 2], [20, 20])  # the second is PyTorch's documented hazard


def test_data_assigned(t):
    x = t.ones(2, requires_grad=True)
    x.data = t.full((2,), 5.0)
    assert x.tolist() == [5, 5] and x.requires_grad and x.is_leaf
    x.data = x.data * 2
    (x * x).sum().backward()
    assert x.grad.tolist() == [20, 20]


def test_detach_shares_memory_and_version(t):
    x = t.ones(2, requires_grad=True)
    d = x.detach()
    assert d.is_leaf and not d.requires_grad
    d[0] = 7.0
    assert x.tolist() == [7, 1] and x._version == 1 and d._version == 1
    y = x * x
    d.add_(1)
    with refused("modified by an inplace operation"):
        y.sum().backward()


def test_detach_in_place(t):
    x = t.ones(2, requires_grad=True)
    y = x * 2
    y.detach_()
    assert y.is_leaf and not y.requires_grad
    with refused("Can't detach views in-place"):
        x.view(2, 1).detach_()


# -- stores in the graph -----------------------------------------------------------------------------------------------


def test_a_buffer_joins_the_graph(t):
    x = t.tensor([2.0, 3.0], requires_grad=True)
    buffer = t.zeros(4)
    buffer[1:3] = x * x
    assert buffer.requires_grad and not buffer.is_leaf
    assert "CopySlices" in buffer.grad_fn.name() and "grad_fn=<CopySlices>" in repr(buffer)
    (buffer * t.arange(4.0)).sum().backward()
    assert x.grad.tolist() == [4, 12]


def test_in_place_operations_in_the_graph(t):
    x = t.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    y.mul_(3).add_(1)
    y *= 2
    assert y.grad_fn.name() == "MulBackward0" and y._version == 3
    y.sum().backward()
    assert y.tolist() == [14, 20] and x.grad.tolist() == [6, 6]


def test_a_store_through_a_view_in_the_graph(t):
    x = t.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x * 1
    row = y[0]
    row.mul_(10)
    assert y.tolist() == [[10, 20], [3, 4]] and row.tolist() == [10, 20]
    y.t()[0].mul_(2)
    assert y.tolist() == [[20, 20], [6, 4]]
    y.sum().backward()
    assert x.grad.tolist() == [[20, 10], [2, 1]]


def test_a_view_sees_what_its_base_is_given(t):
    base = t.zeros(2, 3)
    view = base.view(3, 2)[1:]
    base[0, 2] = 5.0
    assert view.tolist() == [[5, 0], [0, 0]]
    x = t.ones(3, requires_grad=True)
    base[1] = x * 2
    assert view.requires_grad
    view.sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_a_store_under_no_grad_into_part_of_a_graph(t):
    x = t.ones(3, requires_grad=True)
    y = x * 2
    with t.no_grad():
        y[0] = 100.0
    y.sum().backward()
    assert y.tolist() == [100, 2, 2] and x.grad.tolist() == [2, 2, 2]


def test_one_of_several_views(t):
    x = t.ones(4, requires_grad=True)
    y = x * 1
    first, second = y.split(2)
    with refused("is a view and is being modified inplace"):
        first.add_(1)
    with refused("is a view and is being modified inplace"):
        y.unbind()[0].add_(1)
    with refused("is a view and is being modified inplace"):
        y.chunk(2)[0].add_(1)
    assert second.tolist() == [1, 1]


def test_several_views_of_a_plain_tensor_may_be_stored_into(t):
    x = t.ones(4)
    first, _ = x.split(2)
    first.add_(1)
    assert x.tolist() == [2, 2, 1, 1]


def test_a_view_made_under_no_grad(t):
    x = t.ones(2, requires_grad=True)
    y = x * 1
    with t.no_grad():
        view = y[:1]
        view.add_(1)
    with refused("A view was created in no_grad mode and is being modified inplace"):
        view.add_(1)


def test_a_store_that_does_not_fit(t):
    x = t.ones(2)
    with refused("doesn't match the broadcast shape"):
        x.add_(t.ones(3, 2))
    with refused("result type Float can't be cast to the desired output type Long"):
        t.tensor([1, 2]).add_(0.5)
    x.add_(t.ones(2, dtype=t.float64))
    assert x.dtype is t.float32 and x.tolist() == [2, 2]
    with refused("more than one element of the written-to tensor refers to a single memory location"):
        t.ones(1).expand(3).add_(1)


# -- memory shared with NumPy ------------------------------------------------------------------------------------------


def test_numpy_sees_stores_and_the_reverse(t):
    array = np.zeros(3)
    x = t.from_numpy(array)
    x[0] = 1.0
    array[1] = 2.0
    assert x.tolist() == [1, 2, 0] and array.tolist() == [1, 2, 0]
    y = t.zeros(3)
    seen = y.numpy()
    y.add_(1)
    seen[0] = 9.0
    assert y.tolist() == [9, 1, 1] and seen.tolist() == [9, 1, 1]
    part = y[1:].numpy()
    part[0] = 4.0
    assert y.tolist() == [9, 4, 1]


def test_a_tensor_copies(t):
    array = np.zeros(3)
    x = t.tensor(array)
    array[0] = 1
    assert x.tolist() == [0, 0, 0]


# -- hooks -------------------------------------------------------------------------------------------------------------


def test_a_hook_may_replace_the_gradient(t):
    x = t.tensor(2.0, requires_grad=True)
    seen = []
    handle = x.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: g * 10)
    (x * x).backward()
    assert seen == [4] and x.grad.item() == 40
    handle.remove()
    handle.remove()
    (x * x).backward()
    assert seen == [4] and x.grad.item() == 80


def test_a_hook_on_what_is_no_leaf(t):
    x = t.tensor(2.0, requires_grad=True)
    y = x * 3
    y.register_hook(lambda g: g + 1)
    y.retain_grad()
    (y * y + y).backward()
    assert y.grad.item() == 14 and x.grad.item() == 42


def test_hooks_that_are_refused(t):
    with refused("cannot register a hook on a tensor that doesn't require gradient"):
        t.tensor(1.0).register_hook(lambda g: g)
    x = t.ones(2, requires_grad=True)
    handle = x.register_hook(lambda g: g.sum())
    with refused("has changed the size of value"):
        x.sum().backward()
    handle.remove()
    x.register_hook(lambda g: 3)
    with refused("hook returned 'int'", TypeError):
        x.sum().backward()


def test_hooks_run_in_autograd_grad_too(t):
    x = t.tensor(2.0, requires_grad=True)
    x.register_hook(lambda g: g * 10)
    assert t.autograd.grad(x * x, x)[0].item() == 40


def test_hooks_after_accumulation(t):
    x = t.tensor(2.0, requires_grad=True)
    seen = []
    handle = x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.item()))
    (x * x).backward()
    (x * x).backward()
    assert seen == [4, 8]
    handle.remove()
    (x * x).backward()
    assert seen == [4, 8]
    with refused("cannot be registered on non-leaf tensors"):
        (x * 2).register_post_accumulate_grad_hook(print)


# -- .grad -------------------------------------------------------------------------------------------------------------


def test_what_grad_may_be_assigned(t):
    x = t.ones(2, requires_grad=True)
    with refused("assigned grad expected to be a Tensor or None", TypeError):
        x.grad = 3.0
    with refused("attempting to assign a gradient of size"):
        x.grad = t.ones(3)
    with refused("attempting to assign a gradient with dtype|assigned grad has data of a different type"):
        x.grad = t.ones(2, dtype=t.float64)
    x.grad = t.full((2,), 3.0)
    assert x.grad.tolist() == [3, 3]
    x.grad = None
    assert x.grad is None
    x.grad = t.ones(2)
    del x.grad
    assert x.grad is None


def test_grad_zeroed_in_place(t):
    x = t.ones(2, requires_grad=True)
    (x * x).sum().backward()
    kept = x.grad
    x.grad.zero_()
    (x * 3).sum().backward()
    assert x.grad is kept and kept.tolist() == [3, 3]


def test_a_gradient_given_twice(t):
    x = t.ones(2, requires_grad=True)
    given = t.ones(2)
    y = x.view(2)
    y.backward(given)
    y.backward(given)
    assert x.grad.tolist() == [2, 2]


# -- steps of training by hand -----------------------------------------------------------------------------------------


def test_a_training_loop_by_hand(t):
    w = t.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(2):
        loss = (w * w).sum()
        loss.backward()
        with t.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    np.testing.assert_allclose(w.tolist(), [0.64, 1.28], rtol=1e-6)
    assert w.is_leaf and w.requires_grad and w._version == 2


def test_a_copy_of_a_leaf_is_no_other_name_of_it(t):
    target, source = (t.full((2,), k, requires_grad=True) for k in (0.0, 1.0))
    with t.no_grad():
        target.copy_(source)
        source.add_(1)
    (target * source).sum().backward()
    assert target.grad.tolist() == [2, 2] and source.grad.tolist() == [1, 1]


def test_a_copy_records_where_it_came_from(t):
    source, target = t.ones(2, requires_grad=True), t.zeros(2)
    target.copy_(source)
    assert target.requires_grad and not target.is_leaf
    (3 * target).sum().backward()
    assert source.grad.tolist() == [3, 3]


def test_a_store_into_what_was_copied_is_none_into_the_copy(t):
    x, copied, source = t.ones(2, requires_grad=True), t.zeros(2), t.full((2,), 4.0)
    copied.copy_(source)
    y = (x * copied).sum()
    source.add_(5)
    y.backward()
    assert x.grad.tolist() == [4, 4]
