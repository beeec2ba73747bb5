"""What stands around training: PyTorch's ``torch.utils``."""

from symdiff.utils import data

__all__ = ["data"]
