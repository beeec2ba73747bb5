"""Optimisers: PyTorch's ``torch.optim``."""

from symdiff.optim import lr_scheduler
from symdiff.optim.adam import Adam, AdamW
from symdiff.optim.optimizer import Optimizer
from symdiff.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]
