"""Optimisers: PyTorch's ``torch.optim``."""

from symdiff.optim import lr_scheduler
from symdiff.optim.adagrad import Adagrad
from symdiff.optim.adam import Adam, AdamW
from symdiff.optim.optimizer import Optimizer
from symdiff.optim.rmsprop import RMSprop
from symdiff.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]
