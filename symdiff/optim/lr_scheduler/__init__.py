"""Schedules of the learning rate: PyTorch's ``torch.optim.lr_scheduler``."""

from symdiff.optim.lr_scheduler.base import LRScheduler
from symdiff.optim.lr_scheduler.combined import ChainedScheduler, SequentialLR
from symdiff.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from symdiff.optim.lr_scheduler.cyclic import CyclicLR
from symdiff.optim.lr_scheduler.factors import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from symdiff.optim.lr_scheduler.one_cycle import OneCycleLR
from symdiff.optim.lr_scheduler.plateau import ReduceLROnPlateau

_LRScheduler = LRScheduler  # its name in older programs

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
