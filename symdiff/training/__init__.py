"""Training loops as one call: ``fit``, and what goes with it."""

from symdiff.training.callbacks import EarlyStopping, State
from symdiff.training.checkpoints import Checkpoint
from symdiff.training.fitting import fit
from symdiff.training.history import History

__all__ = ["Checkpoint", "EarlyStopping", "History", "State", "fit"]
