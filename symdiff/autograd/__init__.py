"""``torch.autograd``: gradients of recorded graphs, and functions with a derivative of one's own."""

from __future__ import annotations

from symdiff.autograd import functional
from symdiff.autograd.variable import Variable
from symdiff.tensors.anomaly import detect_anomaly, set_detect_anomaly
from symdiff.tensors.autograd_calls import backward, grad
from symdiff.tensors.custom import Function
from symdiff.tensors.grad_mode import enable_grad, no_grad, set_grad_enabled
from symdiff.tensors.gradient_check import GradcheckError, gradcheck
from symdiff.tensors.inference import inference_mode

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
