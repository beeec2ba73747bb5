"""Further layers, losses and functions of networks, in the manner of `nn_cases`: by name, a maker and the inputs."""

import numpy as np

from tests.nn_cases import arrays

__all__ = ["CASES", "SHOWN"]


def first_of(layer, part=0, state=0, **first):
    """A module whose result is one of a layer's."""

    def made(t):
        own = layer(t)

        class First(t.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = own

            def forward(self, x):
                found = own(x)[part]
                return found if isinstance(found, t.top.Tensor) else found[state]

        return First()

    return made


def packed(t, batch_first=True, enforce_sorted=False):
    """The results of a recurrent network over sequences of several lengths, and its last state."""
    layer = t.nn.LSTM(3, 2, bidirectional=True, batch_first=batch_first)
    rnn = t.nn.utils.rnn

    class Packed(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            sequence = rnn.pack_padded_sequence(x, [2, 4, 3], batch_first, enforce_sorted)
            found, (hidden, cell) = layer(sequence)
            padded, lengths = rnn.pad_packed_sequence(found, batch_first=True)
            return t.top.cat([padded.reshape(-1), hidden.reshape(-1), cell.reshape(-1), lengths.to(x.dtype)])

    return Packed()


def encoder(t, **how):
    """A transformer's encoder over a sequence, causal and with a padded position."""
    layer = t.nn.TransformerEncoderLayer(4, 2, 6, dropout=0.1, **how)
    stack = t.nn.TransformerEncoder(layer, 2, t.nn.LayerNorm(4), enable_nested_tensor=False)
    causal = t.nn.Transformer.generate_square_subsequent_mask(3)
    padding = t.top.zeros(2, 3)
    padding[1, 2] = float("-inf")

    class Masked(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.stack = stack

        def forward(self, x):
            return stack(x, mask=causal, src_key_padding_mask=padding)

    return Masked()


def transformer(t):
    """A whole transformer; what it attends to is what it is asked for."""
    model = t.nn.Transformer(4, 2, 1, 1, 6, dropout=0.0)

    class Whole(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, x):
            return model(x, x[:2] * 2, tgt_mask=model.generate_square_subsequent_mask(2))

    return Whole()


RECURRENT = {
    "rnn": (first_of(lambda t: t.nn.RNN(3, 2)), (4, 2, 3)),
    "rnn relu": (first_of(lambda t: t.nn.RNN(3, 2, 2, "relu", batch_first=True), 1), (2, 4, 3)),
    "lstm": (first_of(lambda t: t.nn.LSTM(3, 2, num_layers=2, dropout=0.3)), (4, 2, 3)),
    "lstm cell": (first_of(lambda t: t.nn.LSTM(3, 2, bidirectional=True), 1, 1), (4, 2, 3)),
    "lstm projected": (first_of(lambda t: t.nn.LSTM(3, 4, proj_size=2)), (4, 2, 3)),
    "gru": (first_of(lambda t: t.nn.GRU(3, 2, 2, bidirectional=True, batch_first=True)), (2, 4, 3)),
    "gru alone": (first_of(lambda t: t.nn.GRU(3, 2, bias=False)), (4, 3)),
    "rnn cell": (lambda t: t.nn.RNNCell(3, 2, nonlinearity="relu"), (2, 3)),
    "gru cell": (lambda t: t.nn.GRUCell(3, 2), (2, 3)),
    "lstm cell alone": (first_of(lambda t: t.nn.LSTMCell(3, 2), 1), (3,)),
    "packed": (packed, (3, 4, 3)),
    "encoder": (encoder, (3, 2, 4)),
    "encoder norm first": (lambda t: encoder(t, batch_first=True, norm_first=True, activation="gelu"), (2, 3, 4)),
    "transformer": (transformer, (3, 2, 4)),
}
ACTIVATIONS = {
    "hardsigmoid": (lambda t: lambda x: t.F.hardsigmoid(x * 4), (3, 4)),
    "hardswish": (lambda t: lambda x: t.nn.Hardswish()(x * 4), (3, 4)),
    "hardshrink": (lambda t: t.nn.Hardshrink(), (3, 4)),
    "softshrink": (lambda t: t.nn.Softshrink(0.3), (3, 4)),
    "tanhshrink": (lambda t: t.nn.Tanhshrink(), (3, 4)),
    "threshold": (lambda t: t.nn.Threshold(0.2, -1.5), (3, 4)),
    "prelu": (lambda t: t.nn.PReLU(), (3, 4)),
    "prelu channels": (lambda t: t.nn.PReLU(3, 0.1), (2, 3, 4)),
    "glu": (lambda t: t.nn.GLU(dim=0), (4, 3)),
    "softmax2d": (lambda t: t.nn.Softmax2d(), (2, 3, 2, 2)),
    "gumbel": (lambda t: lambda x: t.F.gumbel_softmax(x, 0.7), (3, 4)),
    "gumbel hard": (lambda t: lambda x: t.F.gumbel_softmax(x, hard=True, dim=0), (3, 4)),
}
IMAGES = {
    "transposed 1d": (lambda t: t.nn.ConvTranspose1d(3, 2, 3, stride=2, output_padding=1), (2, 3, 4)),
    "transposed 2d": (lambda t: t.nn.ConvTranspose2d(2, 4, (3, 2), 2, 1, groups=2), (2, 2, 3, 4)),
    "transposed spread": (lambda t: t.nn.ConvTranspose2d(2, 1, 2, padding=1, dilation=2, bias=False), (2, 3, 3)),
    "nearest": (lambda t: t.nn.Upsample(scale_factor=2), (2, 1, 2, 3)),
    "nearest size": (lambda t: lambda x: t.F.interpolate(x, (5, 2)), (2, 1, 3, 4)),
    "nearest-exact": (lambda t: lambda x: t.F.interpolate(x, 7, mode="nearest-exact"), (1, 2, 3)),
    "bilinear": (lambda t: t.nn.Upsample(scale_factor=1.7, mode="bilinear"), (2, 1, 3, 4)),
    "bilinear corners": (lambda t: t.nn.UpsamplingBilinear2d(size=(5, 3)), (2, 1, 3, 4)),
    "linear": (lambda t: lambda x: t.F.interpolate(x, 5, mode="linear"), (1, 2, 3)),
    "area": (lambda t: lambda x: t.F.interpolate(x, (2, 3), mode="area"), (1, 1, 4, 5)),
    "reflect": (lambda t: t.nn.ReflectionPad2d((1, 2, 0, 1)), (1, 2, 3, 4)),
    "replicate": (lambda t: t.nn.ReplicationPad1d(2), (1, 2, 3)),
    "circular": (lambda t: lambda x: t.F.pad(x, (1, 2, 2, 0), mode="circular"), (1, 2, 3, 4)),
    "zeros": (lambda t: t.nn.ZeroPad2d((1, 0, 2, 1)), (1, 2, 3)),
    "number": (lambda t: t.nn.ConstantPad1d((1, 2), 1.5), (2, 3)),
    "conv reflect": (lambda t: t.nn.Conv2d(2, 1, 3, padding=1, padding_mode="reflect"), (1, 2, 3, 4)),
    "conv circular": (lambda t: t.nn.Conv1d(2, 3, 4, padding="same", padding_mode="circular"), (1, 2, 5)),
    "pixel shuffle": (lambda t: t.nn.PixelShuffle(2), (1, 8, 2, 3)),
    "pixel unshuffle": (lambda t: t.nn.PixelUnshuffle(2), (1, 2, 4, 2)),
    "unfold": (lambda t: t.nn.Unfold((2, 3), padding=1, stride=2), (1, 2, 4, 5)),
    "fold": (lambda t: t.nn.Fold((4, 5), (2, 2), padding=(0, 1), stride=(2, 1)), (1, 8, 12)),
}
SIGNS = np.array([1, -1, 1, 1, -1], np.int64)
PAIRS = {
    "cosine": (lambda t: t.nn.CosineSimilarity(), (3, 4), (3, 4)),
    "cosine broadcast": (lambda t: lambda x, y: t.F.cosine_similarity(x[None], y[:, None], -1), (3, 4), (2, 4)),
    "distance": (lambda t: t.nn.PairwiseDistance(), (3, 4), (3, 4)),
    "distance 1": (lambda t: lambda x, y: t.F.pairwise_distance(x, y, 1.0, keepdim=True), (3, 4), (3, 4)),
    "pdist": (lambda t: lambda x: t.F.pdist(x), (4, 2)),
    "triplet": (lambda t: t.nn.TripletMarginLoss(margin=2.0), (5, 4), (5, 4), (5, 4)),
    "triplet swap": (lambda t: t.nn.TripletMarginLoss(p=1, swap=True, reduction="sum"), (5, 4), (5, 4), (5, 4)),
    "triplet own": (
        lambda t: t.nn.TripletMarginWithDistanceLoss(
            distance_function=lambda a, b: 1 - t.F.cosine_similarity(a, b), reduction="none"
        ),
        (5, 4), (5, 4), (5, 4),
    ),
    "multilabel soft": (
        lambda t: lambda x, y: t.nn.MultiLabelSoftMarginLoss(reduction="none")(x, (y > 0).to(x.dtype)), (3, 4), (3, 4),
    ),
    "poisson": (lambda t: lambda x, y: t.nn.PoissonNLLLoss(full=True)(x, (4 * y.abs()).detach()), (3, 4), (3, 4)),
    "poisson rate": (lambda t: lambda x, y: t.F.poisson_nll_loss(x.abs(), y.abs(), log_input=False), (3, 4), (3, 4)),
    "gaussian": (lambda t: lambda x, y, v: t.nn.GaussianNLLLoss(full=True)(x, y, v * v), (3, 4), (3, 4), (3, 4)),
    "gaussian rows": (
        lambda t: lambda x, y, v: t.F.gaussian_nll_loss(x, y, v * v * 1e-6, reduction="sum"), (3, 4), (3, 4), (3, 1),
    ),
}  # fmt: skip
WITH_SIGNS = {
    "ranking": (lambda t: t.nn.MarginRankingLoss(0.3), (5,), (5,)),
    "hinge embedding": (lambda t: t.nn.HingeEmbeddingLoss(0.8), (5,)),
    "cosine embedding": (lambda t: t.nn.CosineEmbeddingLoss(0.1), (5, 3), (5, 3)),
    "soft margin": (lambda t: t.nn.SoftMarginLoss(reduction="sum"), (5,)),
}
CLASSES = np.array([0, 2, 1, 2], np.int64)
WITH_CLASSES = {
    "multi margin": (lambda t: t.nn.MultiMarginLoss(), (4, 3)),
    "multi margin 2": (lambda t: t.nn.MultiMarginLoss(2, 0.5, t.top.tensor([1.0, 2.0, 0.5]), reduction="none"), (4, 3)),
}
ROWS = np.array([[0, 2], [1, 1], [2, 0]], np.int64)
BAGS = {
    "bag mean": lambda t: t.nn.EmbeddingBag(3, 2),
    "bag sum": lambda t: t.nn.EmbeddingBag(3, 2, mode="sum", padding_idx=1),
    "bag max": lambda t: t.nn.EmbeddingBag(3, 2, mode="max"),
    "bag mean padded": lambda t: t.nn.EmbeddingBag(3, 2, padding_idx=2),
}

CASES = {name: (make, arrays(*shapes)) for name, (make, *shapes) in (RECURRENT | ACTIVATIONS | IMAGES | PAIRS).items()}
CASES |= {name: (make, [*arrays(*shapes), SIGNS]) for name, (make, *shapes) in WITH_SIGNS.items()}
CASES |= {name: (make, [*arrays(*shapes), CLASSES]) for name, (make, *shapes) in WITH_CLASSES.items()}
CASES |= {name: (make, [ROWS]) for name, make in BAGS.items()}

SHOWN = [
    lambda nn: nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True, dropout=0.1, bias=False),
    lambda nn: nn.GRU(3, 4),
    lambda nn: nn.RNN(3, 4, nonlinearity="relu"),
    lambda nn: nn.RNNCell(3, 4, nonlinearity="relu"),
    lambda nn: nn.LSTMCell(3, 4, bias=False),
    lambda nn: nn.ConvTranspose2d(2, 3, 4, 2, 1, output_padding=1, bias=False, dilation=2),
    lambda nn: nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"),
    lambda nn: nn.Upsample(scale_factor=2),
    lambda nn: nn.Upsample(size=(3, 4), mode="bilinear"),
    lambda nn: nn.ReflectionPad2d(1),
    lambda nn: nn.ConstantPad1d(1, 2.0),
    lambda nn: nn.Threshold(0.1, 20, True),
    lambda nn: nn.EmbeddingBag(9, 3, mode="sum", padding_idx=0),
    lambda nn: nn.ParameterDict({"a": nn.Parameter(nn.Linear(2, 3).weight)}),
    lambda nn: nn.TransformerEncoderLayer(4, 2, 8),
    lambda nn: nn.Unfold(2),
    lambda nn: nn.PReLU(3),
]
