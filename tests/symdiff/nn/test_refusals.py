"""What layers, losses and functions refuse, in PyTorch's words, on the user's line."""

import pytest

import symdiff as torch
import symdiff.nn as nn
import symdiff.nn.functional as F

ones = torch.ones
CLASSES = torch.tensor([0, 1])

REFUSED = [
    (lambda: F.mse_loss(ones(3), ones(3), reduction="x"), ValueError, "x is not a valid value for reduction"),
    (lambda: F.smooth_l1_loss(ones(3), ones(3), beta=-1), RuntimeError, "does not support negative values for beta"),
    (lambda: F.huber_loss(ones(3), ones(3), delta=0.0), RuntimeError, "non-positive values for delta"),
    (lambda: F.mse_loss(CLASSES, CLASSES), NotImplementedError, "\"mse_cpu\" not implemented for 'Long'"),
    (lambda: F.binary_cross_entropy(ones(3) * 2, ones(3)), RuntimeError, "elements of input should be between 0 and 1"),
    (lambda: F.binary_cross_entropy(ones(3, 1), ones(3)), ValueError, r"Using a target size \(torch.Size\(\[3\]\)\)"),
    (lambda: F.binary_cross_entropy(ones(2), CLASSES), RuntimeError, "Found dtype Long but expected Float"),
    (lambda: F.binary_cross_entropy_with_logits(ones(3, 1), ones(3)), ValueError, "must be the same as input size"),
    (lambda: F.binary_cross_entropy_with_logits(ones(2), CLASSES), RuntimeError, "Float can't be cast to .* Long"),
    (lambda: F.cross_entropy(ones(2, 3), torch.tensor([0, 5])), IndexError, "Target 5 is out of bounds."),
    (lambda: F.cross_entropy(ones(2, 3), torch.tensor([0, -1])), IndexError, "Target -1 is out of bounds."),
    (lambda: F.cross_entropy(ones(2, 3), torch.tensor([0])), ValueError, r"batch_size \(2\) to match .* \(1\)"),
    (
        lambda: F.cross_entropy(ones(2, 3), ones(2)),
        RuntimeError,
        "expected target dtype to be Long or Byte, but got Float",
    ),
    (lambda: F.cross_entropy(ones(2, 3), CLASSES, ones(2)), RuntimeError, r"all 3 classes .* shape: \[2\]"),
    (
        lambda: F.cross_entropy(ones(2, 3), CLASSES, label_smoothing=2.0),
        RuntimeError,
        "label_smoothing must be between",
    ),
    (
        lambda: F.nll_loss(ones(2, 3, 4), torch.zeros(2, 3, dtype=torch.int64)),
        RuntimeError,
        r"target size \[2, 4\], got",
    ),
    (lambda: F.embedding(torch.tensor([7]), ones(2, 3)), IndexError, "index out of range in self"),
    (lambda: F.embedding(torch.tensor([-1]), ones(2, 3)), IndexError, "index out of range in self"),
    (lambda: F.embedding(ones(1), ones(2, 3)), RuntimeError, "Long, Int; but got torch.FloatTensor instead"),
    (lambda: nn.Embedding(3, 2, padding_idx=7), AssertionError, "Padding_idx must be within num_embeddings"),
    (
        lambda: F.layer_norm(ones(2, 3), (2,)),
        RuntimeError,
        r"normalized_shape=\[2\], expected input with shape \[\*, 2\]",
    ),
    (lambda: nn.BatchNorm1d(3)(ones(2)), ValueError, r"expected 2D or 3D input \(got 1D input\)"),
    (lambda: nn.BatchNorm1d(3)(ones(1, 3)), ValueError, "Expected more than 1 value per channel when training"),
    (lambda: nn.BatchNorm1d(3)(ones(2, 4)), RuntimeError, "running_mean should contain 4 elements not 3"),
    (lambda: nn.Dropout(2.0), ValueError, "dropout probability has to be between 0 and 1, but got 2.0"),
    (lambda: F.one_hot(CLASSES, 1), RuntimeError, "Class values must be smaller than num_classes."),
    (lambda: F.one_hot(torch.tensor([-2])), RuntimeError, "Class values must be non-negative."),
    (lambda: F.pad(ones(2, 3), (1,)), RuntimeError, "Padding length must be divisible by 2"),
    (lambda: F.pad(ones(2, 3), (1, 1), mode="edge"), NotImplementedError, "Unrecognised padding mode edge"),
    (lambda: nn.Conv2d(3, 4, 3)(ones(1, 2, 5, 5)), RuntimeError, "to have 3 channels, but got 2 channels instead"),
    (
        lambda: nn.Conv2d(3, 4, 3)(ones(5, 5)),
        RuntimeError,
        r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d",
    ),
    (
        lambda: nn.Conv2d(3, 4, 3)(ones(1, 3, 2, 2)),
        RuntimeError,
        r"size per channel: \(2 x 2\). Kernel size: \(3 x 3\)",
    ),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "in_channels must be divisible by groups"),
    (lambda: nn.Conv2d(4, 4, 3, padding="same", stride=2), ValueError, "not supported for strided convolutions"),
    (lambda: nn.Conv2d(3, 4, 3)(ones(1, 3, 5, 5).double()), RuntimeError, r"\(double\) and .* type \(float\) should"),
    (lambda: F.max_pool2d(ones(1, 3, 5, 5), 3, padding=2), RuntimeError, "pad should be at most half of effective"),
    (lambda: F.max_pool2d(ones(1, 3, 2, 2), 3), RuntimeError, "Output size is too small"),
    (lambda: F.gelu(CLASSES), NotImplementedError, "\"GeluKernelImpl\" not implemented for 'Long'"),
    (lambda: F.softmax(CLASSES, 0), NotImplementedError, "not implemented for 'Long'"),
    (lambda: F.nothing(CLASSES), AttributeError, "has no attribute 'nothing'"),
    (lambda: nn.init.calculate_gain("gelu"), ValueError, "Unsupported nonlinearity gelu"),
    (lambda: nn.init.kaiming_uniform_(ones(2)), ValueError, "fewer than 2 dimensions"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_refusal(case):
    call, kind, text = REFUSED[case]
    with pytest.raises(kind, match=text):
        call()


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_sizes_that_broadcast_only_warn(name):
    with pytest.warns(UserWarning, match="Using a target size") as found:
        value = getattr(F, name)(ones(3, 1), torch.zeros(3), reduction="none")
    assert list(value.shape) == [3, 3]
    assert found[0].filename == __file__


def test_softmax_without_a_dimension_warns():
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
        assert F.softmax(ones(2, 4)).tolist() == [[0.25] * 4] * 2


def test_certain_mistakes_have_a_finite_loss():
    values = F.binary_cross_entropy(torch.zeros(3), torch.tensor([0, 1.0, 0.5]), reduction="none")
    assert values.tolist() == [0, 100, 50]


def test_all_classes_ignored_is_no_number():
    assert str(F.cross_entropy(ones(2, 3), torch.tensor([-100, -100])).item()) == "nan"


def test_clipping_a_norm_that_is_not_finite():
    p = nn.Parameter(ones(2))
    p.grad = torch.tensor([float("inf"), 1.0])
    with pytest.raises(RuntimeError, match=r"The total norm of order 2.0 for gradients from .* is non-finite"):
        nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert nn.utils.clip_grad_norm_([p], 1.0).item() == float("inf")
    assert str(p.grad.tolist()) == "[nan, 0.0]"


def test_clipping_to_one():
    p = nn.Parameter(torch.tensor([0.0, 0.0]))
    p.grad = torch.tensor([6.0, 8.0])
    assert nn.utils.clip_grad_norm_(p, 1.0).item() == 10
    assert p.grad.tolist() == pytest.approx([0.6, 0.8], rel=1e-6)


def test_vectors_of_parameters():
    a, b = nn.Parameter(ones(2)), nn.Parameter(ones(1, 3))
    nn.utils.vector_to_parameters(torch.arange(5.0), [a, b])
    assert a.tolist() == [0, 1] and b.tolist() == [[2, 3, 4]]
    assert nn.utils.parameters_to_vector([a, b]).tolist() == [0, 1, 2, 3, 4]
    assert a.requires_grad and a.is_leaf


def test_batch_norm_keeps_statistics():
    layer = nn.BatchNorm1d(1)
    x = torch.tensor([[1.0], [3.0]])
    layer(x)
    assert layer.running_mean.item() == pytest.approx(0.2) and layer.running_var.item() == pytest.approx(1.1)
    assert layer.num_batches_tracked.item() == 1
    layer.eval()
    assert layer(x)[0].item() == pytest.approx((1 - 0.2) / (1.1 + 1e-5) ** 0.5)
    assert layer.num_batches_tracked.item() == 1


def test_in_place_activations():
    x = torch.tensor([-1.0, 2.0])
    assert nn.ReLU(inplace=True)(x) is x and x.tolist() == [0, 2]
    w = torch.tensor([-1.0, 2.0], requires_grad=True)
    y = w * 3
    F.relu(y, inplace=True).sum().backward()
    assert w.grad.tolist() == [0, 3]


def test_relu_hides_no_nan():
    x = torch.tensor([float("nan"), 0.0, -1.0], requires_grad=True)
    y = F.relu(x)
    y.sum().backward()
    assert str(y.tolist()) == "[nan, 0.0, 0.0]" and x.grad.tolist() == [1, 0, 0]
