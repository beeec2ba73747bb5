"""Optimisers: PyTorch's ``torch.optim``."""

from symdiff.optim import lr_scheduler
from symdiff.optim.adagrad import Adagrad
from symdiff.optim.adam import Adam, AdamW
from symdiff.optim.lbfgs import LBFGS
from symdiff.optim.more_adaptive import Adadelta, Adamax, RAdam, Rprop
from symdiff.optim.nadam import NAdam
from symdiff.optim.optimizer import Optimizer
from symdiff.optim.rmsprop import RMSprop
from symdiff.optim.sgd import SGD

__all__ = [
    "LBFGS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "Optimizer", "RAdam", "RMSprop",
    "Rprop", "lr_scheduler",
]  # fmt: skip
