"""PyTorch as the reference for random numbers; tests that use it are skipped where it is not installed."""

from typing import Any

import numpy as np
import pytest

from symdiff.tensors.generator import get_rng_state


def pytorch() -> Any:
    """PyTorch, where its CPU kernels are those whose every digit is reproduced."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    capability = torch.backends.cpu.get_cpu_capability()
    if capability not in ("AVX2", "AVX512"):
        pytest.skip(f"PyTorch's kernels for {capability} round otherwise")
    return torch


def torch_dtype(torch: Any, dtype: Any) -> Any:
    """PyTorch's dtype of the same name as NumPy's."""
    return getattr(torch, np.dtype(dtype).name)


def assert_same_draw(torch: Any, theirs: Any, ours: np.ndarray) -> None:
    """Both arrays are equal to the bit, and so are the default generators afterwards."""
    expected = theirs.numpy()
    assert (ours.dtype, ours.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(ours, expected)
    np.testing.assert_array_equal(get_rng_state(), torch.get_rng_state().numpy())
