"""What programs ask of the machine or tell it: other devices, of which there is none, threads, and exactness."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

__all__ = ["MACHINE"]


def _nothing(*args: Any, **kwargs: Any) -> None:
    """There is nothing to be done."""


def _refuse_device(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("there is no accelerator: symdiff runs on the CPU")


def _compiled(model: Any = None, **options: Any) -> Any:
    """The model itself: what it records is compiled anyway."""
    if model is None:
        return lambda function: function
    return model


_cuda = SimpleNamespace(
    is_available=lambda: False, device_count=lambda: 0, manual_seed=_nothing, manual_seed_all=_nothing,
    empty_cache=_nothing, synchronize=_refuse_device, current_device=_refuse_device, get_device_name=_refuse_device,
)  # fmt: skip

MACHINE: dict[str, Any] = {
    "cuda": _cuda,
    "mps": SimpleNamespace(is_available=lambda: False),
    "accelerator": SimpleNamespace(
        is_available=lambda: False, device_count=lambda: 0, current_accelerator=lambda *args, **kwargs: None
    ),
    "backends": SimpleNamespace(
        mps=SimpleNamespace(is_available=lambda: False, is_built=lambda: False),
        cuda=SimpleNamespace(is_built=lambda: False),
        cudnn=SimpleNamespace(
            deterministic=False, benchmark=False, enabled=True, is_available=lambda: False, version=lambda: None
        ),
    ),
    "compile": _compiled,
    "get_num_threads": lambda: 1,
    "set_num_threads": _nothing,
    "set_num_interop_threads": _nothing,
    "get_num_interop_threads": lambda: 1,
    "use_deterministic_algorithms": _nothing,
    "are_deterministic_algorithms_enabled": lambda: True,
    "set_float32_matmul_precision": _nothing,
    "get_float32_matmul_precision": lambda: "highest",
}
"""Names of the package."""
