"""Modules: what they register, how they are walked, copied, stored and printed. Texts and numbers are PyTorch's."""

import copy
import pickle

import pytest

import symdiff as torch
import symdiff.nn as nn
from symdiff.tensors import plans
from symdiff.tensors.tensor import as_lazy


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))


def test_linear_draws_pytorchs_numbers():
    model = small()
    expected = [[-0.0043225177, 0.3097158372, -0.4751853347], [-0.4248946011, -0.2223689705, 0.1548207253]]
    assert model[0].weight.tolist() == [pytest.approx(row, rel=1e-6) for row in expected]


def test_names_of_parameters_and_modules():
    model = small()
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [name for name, _ in model.named_modules()] == ["", "0", "1", "2"]
    assert [type(m).__name__ for m in model.children()] == ["Linear", "ReLU", "Linear"]
    assert all(p.requires_grad and p.is_leaf for p in model.parameters())


def test_shared_parameters_are_listed_once():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert len(list(model.parameters())) == 3
    assert len(model.state_dict()) == 4


def test_text_of_modules():
    assert repr(small()) == (
        "Sequential(\n  (0): Linear(in_features=3, out_features=2, bias=True)\n  (1): ReLU()\n"
        "  (2): Linear(in_features=2, out_features=1, bias=True)\n)"
    )
    layers = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.Tanh()])
    assert repr(layers) == (
        "ModuleList(\n  (0-1): 2 x Linear(in_features=1, out_features=1, bias=True)\n  (2): Tanh()\n)"
    )
    assert repr(nn.ModuleDict({"a": nn.ReLU()})) == "ModuleDict(\n  (a): ReLU()\n)"
    assert repr(nn.ParameterList([torch.ones(2)])) == (
        "ParameterList(  (0): Parameter containing: [torch.float32 of size 2])"
    )
    assert repr(nn.Parameter(torch.ones(2))) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"


class WithoutInit(nn.Module):
    def __init__(self, value):
        self.w = value


@pytest.mark.parametrize(
    ("make", "kind"), [(lambda: nn.Parameter(torch.ones(1)), "parameters"), (lambda: nn.Linear(1, 1), "module")]
)
def test_assignment_before_init(make, kind):
    with pytest.raises(AttributeError, match=rf"cannot assign {kind} before Module.__init__\(\) call"):
        WithoutInit(make())


def test_what_cannot_be_assigned():
    model = nn.Linear(2, 1)
    with pytest.raises(TypeError, match=r"cannot assign 'torch.FloatTensor' as parameter 'weight' \(torch.nn.Param"):
        model.weight = torch.ones(2)
    model.register_buffer("b", torch.ones(2))
    with pytest.raises(TypeError, match="cannot assign 'int' as buffer 'b'"):
        model.b = 3
    model.part = nn.ReLU()
    with pytest.raises(TypeError, match="cannot assign 'int' as child module 'part'"):
        model.part = 3
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'nothing'"):
        model.nothing  # noqa: B018
    with pytest.raises(KeyError, match="attribute 'forward' already exists"):
        model.register_parameter("forward", nn.Parameter(torch.ones(1)))
    with pytest.raises(NotImplementedError, match='missing the required "forward" function'):
        nn.Module()(1)


def test_attributes_and_tables_agree():
    model = nn.Linear(2, 1)
    model.weight = None
    assert model.weight is None and model._parameters["weight"] is None
    fresh = model._parameters["weight"] = nn.Parameter(torch.ones(1, 2))
    assert model.weight is fresh
    del model.weight
    assert "weight" not in model._parameters and not hasattr(model, "weight")
    model.weight = torch.ones(1, 2)
    assert [name for name, _ in model.named_parameters()] == ["bias"]


def test_a_parameter_in_the_place_of_something_else():
    model = nn.Module()
    model.w = None
    model.w = nn.Parameter(torch.ones(1))
    assert [name for name, _ in model.named_parameters()] == ["w"]
    model.w = nn.Linear(1, 1)
    assert [name for name, _ in model.named_parameters()] == ["w.weight", "w.bias"]


def test_there_is_one_device():
    assert nn.Linear(1, 1, device="cpu").to("cpu").weight.shape == (1, 1)
    with pytest.raises(RuntimeError, match="not available"):
        nn.Linear(1, 1).to("cuda")
    with pytest.raises(RuntimeError, match="not available"):
        nn.LayerNorm(1, device="cuda")


def test_initialising_compiles_nothing():
    before = dict(plans.COUNTS)
    for _ in range(3):
        nn.Linear(3, 5).weight.tolist()
    assert before == plans.COUNTS


def test_buffers():
    model = nn.Module()
    model.register_buffer("kept", torch.ones(2))
    model.register_buffer("left", torch.ones(2), persistent=False)
    assert list(model.state_dict()) == ["kept"]
    assert [name for name, _ in model.named_buffers()] == ["kept", "left"]
    model.kept = torch.zeros(2)
    assert model.state_dict()["kept"].tolist() == [0, 0]
    assert not list(model.parameters())


def test_state_dict_goes_round():
    model, other = small(), small()
    with torch.no_grad():
        model[0].weight.fill_(2.0)
    assert repr(other.load_state_dict(model.state_dict())) == "<All keys matched successfully>"
    assert other[0].weight.tolist() == [[2.0] * 3] * 2
    assert other[0].weight.requires_grad and other[0].weight.is_leaf


def test_state_dict_shares_memory():
    model = nn.Linear(1, 1)
    state = model.state_dict()
    with torch.no_grad():
        model.weight.fill_(7.0)
    assert state["weight"].item() == 7.0 and not state["weight"].requires_grad


def test_a_state_dict_taken_before_a_step_sees_it():
    model = nn.Linear(2, 1)
    state, first = model.state_dict(), model.weight[0, 0]
    model(torch.ones(1, 2)).sum().backward()
    before = model.weight.tolist()
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    after = [[x - 0.5 for x in before[0]]]
    assert model.weight.tolist() == state["weight"].tolist() == [pytest.approx(after[0])]
    assert first.item() == pytest.approx(after[0][0])


def test_strictness():
    model, state = nn.Linear(2, 3), {"weight": torch.ones(2, 2), "x": torch.ones(1)}
    with pytest.raises(RuntimeError) as found:
        model.load_state_dict(state)
    assert str(found.value) == (
        'Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: "bias". \n\t'
        'Unexpected key(s) in state_dict: "x". \n\tsize mismatch for weight: copying a param with shape '
        "torch.Size([2, 2]) from checkpoint, the shape in current model is torch.Size([3, 2])."
    )
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        model.load_state_dict(state, strict=False)
    kept = model.load_state_dict({"weight": torch.ones(3, 2), "x": torch.ones(1)}, strict=False)
    assert (kept.missing_keys, kept.unexpected_keys) == (["bias"], ["x"])
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like"):
        model.load_state_dict(3)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(again):
    model = small()
    model.register_buffer("b", torch.ones(2))
    made = again(model)
    x = torch.ones(1, 3)
    assert torch.equal(made(x), model(x)) and made[0].weight is not model[0].weight
    assert made[0].weight.requires_grad and made[0].weight is made[0]._parameters["weight"]
    with torch.no_grad():
        model[0].weight.fill_(0.0)
        model.b.fill_(0.0)
    assert made[0].weight.tolist() != model[0].weight.tolist() and made.b.tolist() == [1, 1]


def test_copies_keep_what_is_shared():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    made = copy.deepcopy(model)
    assert made[1].weight is made[0].weight


def test_dtypes():
    model = small().double()
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in model.parameters())
    assert model(torch.ones(1, 3).double()).dtype is torch.float64
    assert model.to(torch.float32)[0].weight.dtype is torch.float32
    with pytest.raises(TypeError, match="only accepts floating point"):
        model.to(torch.int64)


def test_train_and_eval_and_apply():
    model, seen = small(), []
    assert model.eval() is model and not model[0].training
    assert model.train()[0].training
    model.apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "ReLU", "Linear", "Sequential"]


def test_zero_grad():
    model = small()
    model(torch.ones(1, 3)).sum().backward()
    model.zero_grad(set_to_none=False)
    assert model[2].bias.grad.tolist() == [0]
    model.zero_grad()
    assert model[2].bias.grad is None


def test_hooks():
    model, seen = nn.Identity(), []
    first = model.register_forward_hook(lambda m, args, out: seen.append("after") or out + 1)
    model.register_forward_pre_hook(lambda m, args: seen.append("before") or args[0] * 2)
    assert model(torch.ones(1)).item() == 3
    first.remove()
    assert model(torch.ones(1)).item() == 2
    assert seen == ["before", "after", "before"]


def test_lists_of_modules():
    model = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())
    assert [type(m).__name__ for m in model[1:]] == ["Tanh", "Sigmoid"] and len(model) == 3
    assert isinstance(model[-1], nn.Sigmoid)
    with pytest.raises(IndexError, match="index 3 is out of range"):
        model[3]
    layers = nn.ModuleList([nn.ReLU()])
    layers.append(nn.Tanh())
    layers.insert(0, nn.Sigmoid())
    assert list(layers._modules) == ["0", "1", "2"] and isinstance(layers[0], nn.Sigmoid)
    named = nn.ModuleDict({"a": nn.ReLU()})
    named["b"] = nn.Tanh()
    assert list(named) == ["a", "b"] and "b" in named


def test_a_parameter_that_is_not_float():
    with pytest.raises(RuntimeError, match="Only Tensors of floating point and complex dtype"):
        nn.Parameter(torch.tensor([1]))
    assert nn.Parameter(torch.tensor([1]), requires_grad=False).dtype is torch.int64


def test_statistics_of_a_layer_begin_where_those_of_the_layer_before_ended():
    """Else the first layers would run, and be compiled, once more for each layer of statistics."""
    layers = []
    for _ in range(6):
        layers += [nn.Linear(3, 3), nn.BatchNorm1d(3)]
    model = nn.Sequential(*layers)
    y, pending = torch.randn(4, 3), []
    for layer in model:
        y = layer(y)
        pending.append(len(plans.gather([as_lazy(y)]).nodes))
    assert max(pending) == 2


def test_backward_hooks():
    model, seen = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh()), []
    nn.init.constant_(model[0].weight, 0.0)
    model[0].register_full_backward_hook(lambda module, given, arrived: seen.append((given, arrived)))
    x = torch.tensor([[2.0]])
    model(x).sum().backward()
    assert seen[0][0] == (None,) and seen[0][1][0].tolist() == [[1]] and model[0].weight.grad.tolist() == [[2]]
    handle = model[1].register_full_backward_hook(lambda module, given, arrived: (given[0] * 5,))
    x.requires_grad_()
    model(x).sum().backward()
    assert seen[1][1][0].tolist() == [[5]] and model[0].weight.grad.tolist() == [[12]]
    handle.remove()
    model(x).sum().backward()
    assert model[0].weight.grad.tolist() == [[14]]


def test_dropout_draws_in_the_order_of_memory():
    torch.manual_seed(0)
    across = nn.functional.dropout(torch.ones(2, 3).t(), 0.5)
    torch.manual_seed(0)
    assert torch.equal(across, nn.functional.dropout(torch.ones(2, 3), 0.5).t())
