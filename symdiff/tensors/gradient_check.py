"""``autograd.gradcheck``: gradients of a function of tensors against central differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from symdiff.tensors.autograd_calls import grad
from symdiff.tensors.creation import made
from symdiff.tensors.tensor import Tensor

__all__ = ["GradcheckError", "gradcheck"]


class GradcheckError(RuntimeError):
    """A gradient differs from the differences."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Compare the Jacobian of each output by each input that requires grad with central differences.

    Parameters
    ----------
    func : callable
        Takes tensors, gives a tensor or a tuple of tensors.
    inputs : tensor or sequence
        Of float64: with fewer digits the differences are too coarse.
    eps : float
        Half the distance of the two points of a difference.
    atol, rtol : float
        What is close.
    raise_exception : bool
        Whether a mismatch is raised, or answered by False.

    Raises
    ------
    GradcheckError
        Where they differ.
    ValueError
        If no input requires grad.
    """
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    active = [k for k, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]
    if not active:
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of them has it.")
    for k in active:
        if given[k].dtype.name != "float64":
            warnings.warn(
                f"Input #{k} requires gradient and is not a double precision floating point. This check will likely "
                "fail if all the inputs are not of double precision floating point.",
                UserWarning,
                stacklevel=2,
            )
    for text in _mismatches(func, given, active, eps, atol, rtol):
        if raise_exception:
            raise GradcheckError(text)
        return False
    return True


def _outputs(func: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    found = func(*inputs)
    return found if isinstance(found, tuple) else (found,)


def _mismatches(
    func: Callable[..., Any], given: tuple[Any, ...], active: list[int], eps: float, atol: float, rtol: float
) -> Iterator[str]:
    outputs = _outputs(func, given)
    for j, output in enumerate(outputs):
        for k in active:
            analytic = _analytic(output, given[k])
            numeric = _numeric(func, given, j, k, eps)
            if not np.allclose(analytic, numeric, rtol, atol, equal_nan=True):
                yield (
                    f"Jacobian mismatch for output {j} with respect to input {k},\n"
                    f"numerical:{numeric.T.tolist()}\nanalytical:{analytic.T.tolist()}\n"
                )


def _analytic(output: Tensor, x: Tensor) -> np.ndarray[Any, Any]:
    """One row for each element of the output."""
    shape = tuple(output.shape)
    rows = np.zeros((int(np.prod(shape)), int(np.prod(tuple(x.shape)))))
    for row in range(len(rows)):
        seed = np.zeros(rows.shape[0], output.dtype.numpy)
        seed[row] = 1.0
        (found,) = grad(output, x, made(seed.reshape(shape)), retain_graph=True, allow_unused=True)
        if found is not None:
            rows[row] = found._array().reshape(-1)
    return rows


def _numeric(func: Callable[..., Any], given: tuple[Any, ...], j: int, k: int, eps: float) -> np.ndarray[Any, Any]:
    start = given[k]._array()
    columns = []
    for place in np.ndindex(start.shape):
        ends = []
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * eps
            inputs = (*given[:k], made(moved), *given[k + 1 :])
            ends.append(_outputs(func, inputs)[j]._array().astype(np.float64).reshape(-1))
        columns.append((ends[0] - ends[1]) / (2 * eps))
    return np.array(columns).T
