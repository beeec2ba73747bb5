"""PyTorch's names at the top of the package: ``import symdiff as torch``."""

from __future__ import annotations

import types
from typing import Any

from symdiff.tensors import (
    autograd_calls,
    indexing,
    more_linalg,
    ordering,
    own_views,
    parsed_creation,
    parsed_methods,
    products,
    programs,
    rearranging,
    scattering,
    statistics,
    sums_of_products,
    views,
)
from symdiff.tensors.anomaly import is_anomaly_enabled
from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.creation import CREATION
from symdiff.tensors.devices import device, on_cpu
from symdiff.tensors.dtypes import DType, bool_, default_dtype, float32, float64, int32, int64, set_default_dtype
from symdiff.tensors.grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from symdiff.tensors.inference import inference_mode, is_inference_mode_enabled
from symdiff.tensors.keywords import accept_keywords, with_out, with_sizes
from symdiff.tensors.linalg import linalg
from symdiff.tensors.machine import MACHINE
from symdiff.tensors.more_arithmetic import DTYPE_FUNCTIONS
from symdiff.tensors.printing import get_printoptions, set_printoptions
from symdiff.tensors.protocols import PROTOCOLS
from symdiff.tensors.random_calls import RANDOM
from symdiff.tensors.saving import load, save
from symdiff.tensors.size import Size
from symdiff.tensors.tensor import Tensor
from symdiff.tensors.typed import TYPED

__all__ = ["NAMES"]

OTHER_MODULES = (
    autograd_calls, indexing, more_linalg, ordering, own_views, parsed_creation, parsed_methods, products, programs,
    rearranging, scattering, statistics, sums_of_products, views,
)  # fmt: skip
"""They attach methods and functions when they are imported."""

accept_keywords()

_SIZED = ("zeros", "ones", "empty", "rand", "randn")

NAMES: dict[str, Any] = {
    **with_out(FUNCTIONS),
    **{name: on_cpu(make) for name, make in CREATION.items()},
    **{name: on_cpu(draw) if isinstance(draw, types.FunctionType) else draw for name, draw in RANDOM.items()},
    **DTYPE_FUNCTIONS,
    **PROTOCOLS,
    **TYPED,
    **MACHINE,
    "save": save,
    "load": load,
    "set_printoptions": set_printoptions,
    "get_printoptions": get_printoptions,
    "Tensor": Tensor,
    "Size": Size,
    "dtype": DType,
    "float32": float32,
    "float": float32,
    "float64": float64,
    "double": float64,
    "int64": int64,
    "long": int64,
    "int32": int32,
    "int": int32,
    "bool": bool_,
    "no_grad": no_grad,
    "inference_mode": inference_mode,
    "is_inference_mode_enabled": is_inference_mode_enabled,
    "is_anomaly_enabled": is_anomaly_enabled,
    "is_inference": lambda input: input.is_inference(),
    "enable_grad": enable_grad,
    "set_grad_enabled": set_grad_enabled,
    "is_grad_enabled": is_grad_enabled,
    "set_default_dtype": set_default_dtype,
    "get_default_dtype": default_dtype,
    "is_tensor": lambda obj: isinstance(obj, Tensor),
    "device": device,
    "linalg": linalg,
    "inf": float("inf"),
    "nan": float("nan"),
    "pi": 3.141592653589793,
}
parsed_creation.register(NAMES)
NAMES |= {name: with_sizes(NAMES[name]) for name in _SIZED}
