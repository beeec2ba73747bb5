"""Differentiation of ordinary numerical Python: native values and gradients, and the gradient as readable source."""

import importlib
import importlib.util
from typing import Any

from symdiff.api import (
    Differentiable,
    checkpointed,
    differentiable,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    primitive,
    ravel,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
)
from symdiff.checking import gradcheck
from symdiff.config import Options
from symdiff.custom import CustomRule, custom_rule
from symdiff.errors import (
    AnomalyError,
    CheckpointFormatError,
    CompileError,
    DtypeError,
    InternalError,
    LimitError,
    LocatedArithmeticError,
    LocatedAssertionError,
    LocatedAttributeError,
    LocatedFloatingPointError,
    LocatedIndexError,
    LocatedKeyError,
    LocatedLinAlgError,
    LocatedMemoryError,
    LocatedNameError,
    LocatedOverflowError,
    LocatedRecursionError,
    LocatedRuntimeError,
    LocatedTypeError,
    LocatedUnboundLocalError,
    LocatedValueError,
    LocatedZeroDivisionError,
    MissingExtraError,
    NotScalarError,
    ShapeError,
    SourceMismatchError,
    SourceUnavailableError,
    SymdiffError,
    SymdiffWarning,
    TypeConflictError,
    UnknownFunctionError,
    UnsupportedSyntaxError,
)
from symdiff.symbolic import SymbolicPrimitive

__version__ = "0.1.0"

__all__ = [
    "AnomalyError",
    "CheckpointFormatError",
    "CompileError",
    "CustomRule",
    "Differentiable",
    "DtypeError",
    "InternalError",
    "LimitError",
    "LocatedArithmeticError",
    "LocatedAssertionError",
    "LocatedAttributeError",
    "LocatedFloatingPointError",
    "LocatedIndexError",
    "LocatedKeyError",
    "LocatedLinAlgError",
    "LocatedMemoryError",
    "LocatedNameError",
    "LocatedOverflowError",
    "LocatedRecursionError",
    "LocatedRuntimeError",
    "LocatedTypeError",
    "LocatedUnboundLocalError",
    "LocatedValueError",
    "LocatedZeroDivisionError",
    "MissingExtraError",
    "NotScalarError",
    "Options",
    "ShapeError",
    "SourceMismatchError",
    "SourceUnavailableError",
    "SymbolicPrimitive",
    "SymdiffError",
    "SymdiffWarning",
    "TypeConflictError",
    "UnknownFunctionError",
    "UnsupportedSyntaxError",
    "__version__",
    "checkpointed",
    "custom_rule",
    "differentiable",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "primitive",
    "ravel",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]


_SUBMODULES = ("nn", "optim", "autograd", "utils", "distributions", "func", "training")
"""Modules that are imported when they are looked up, most of them with PyTorch's names."""

_OF_TRAINING = ("fit", "EarlyStopping", "Checkpoint")


def __getattr__(name: str) -> Any:
    """Tensors and what goes with them are loaded when a name of theirs is first looked up."""
    # `from symdiff import stages` asks here first: a module of ours is imported by whoever names it
    if name.startswith("__") or (name not in _SUBMODULES and importlib.util.find_spec(f"symdiff.{name}") is not None):
        raise AttributeError(f"module 'symdiff' has no attribute {name!r}")
    names = importlib.import_module("symdiff.tensors.names")
    if name in _SUBMODULES:
        return importlib.import_module(f"symdiff.{name}")
    if name in _OF_TRAINING:
        found = globals()[name] = getattr(importlib.import_module("symdiff.training"), name)
        return found
    if name in names.NAMES:
        found = globals()[name] = names.NAMES[name]
        return found
    raise AttributeError(
        f"module 'symdiff' has no attribute {name!r}; docs/torch.md lists the names of PyTorch that it has"
    )
