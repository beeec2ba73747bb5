"""``torch.autograd``: gradients of recorded graphs, and functions with a derivative of one's own."""

from __future__ import annotations

from symdiff.tensors.autograd_calls import backward, grad
from symdiff.tensors.custom import Function
from symdiff.tensors.grad_mode import enable_grad, no_grad, set_grad_enabled

__all__ = ["Function", "backward", "enable_grad", "grad", "no_grad", "set_grad_enabled"]
