"""Promotion of element types: Python's on Python scalars, NumPy 2's on everything else."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.ir.graph import Type

__all__ = ["KERNEL_TYPE", "SUPPORTED_DTYPES", "DtypeRule", "dtype_rule", "promoted"]

KERNEL_TYPE = {"float64": "f64", "float32": "f32", "int64": "i64", "int32": "i32", "bool": "i1"}
SUPPORTED_DTYPES = frozenset(KERNEL_TYPE)


class DtypeRule:
    """Promotion of one elementwise operation.

    Parameters
    ----------
    function : callable
        The NumPy function; a ufunc is asked for its own promotion.
    result : str
        What Python scalars give: ``float``, ``same`` (int for ints, else float), ``bits`` (as ``same``, but bool for
        bools), ``int`` or ``bool``.
    """

    def __init__(self, function: Callable[..., Any], result: str) -> None:
        self.function, self.result = function, result

    def output(self, types: Sequence[Type], kind: str) -> str:
        """The dtype of the result; raises TypeError where NumPy does."""
        if kind == "python":
            return self._python(types)
        return self._numpy(types)[-1]

    def inputs(self, types: Sequence[Type], kind: str) -> tuple[str, ...]:
        """The dtypes operands are converted to before the operation."""
        if kind != "python":
            return self._numpy(types)[:-1]
        if self.result == "float":
            return ("float64",) * len(types)
        if self.result == "bits" and all(t.dtype == "bool" for t in types):
            return ("bool",) * len(types)
        return ("float64" if any(t.is_float for t in types) else "int64",) * len(types)

    def _python(self, types: Sequence[Type]) -> str:
        if self.result in ("same", "bits"):
            return self.inputs(types, "python")[0]
        return {"float": "float64", "bool": "bool", "int": "int64"}[self.result]

    def _numpy(self, types: Sequence[Type]) -> tuple[str, ...]:
        return self._promoted(tuple([(t.dtype, t.kind == "python") for t in types]))

    @functools.cache  # noqa: B019 - rules live as long as the process
    def _promoted(self, operands: tuple[tuple[str, bool], ...]) -> tuple[str, ...]:
        weak = not all(python for _, python in operands)
        return self._resolve(tuple(_token(dtype, weak=weak and python) for dtype, python in operands))

    def _resolve(self, tokens: tuple[Any, ...]) -> tuple[str, ...]:
        function = getattr(self.function, "ufunc", self.function)  # SciPy's are looked up when they are needed
        if isinstance(function, np.ufunc):
            return tuple(str(d) for d in function.resolve_dtypes((*tokens, None)))
        joined = np.result_type(*(t(0) if isinstance(t, type) else t for t in tokens))
        if self.result == "float" and joined.kind in "bi":
            joined = np.dtype("float64")
        last = {"bool": "bool", "int": "int64"}.get(self.result, str(joined))
        return (*(str(joined),) * len(tokens), last)


class ChoiceRule(DtypeRule):
    """Promotion of ``where``: the condition takes no part."""

    def inputs(self, types: Sequence[Type], kind: str) -> tuple[str, ...]:
        return ("bool", *super().inputs(types[1:], kind))

    def output(self, types: Sequence[Type], kind: str) -> str:
        return self.inputs(types, kind)[-1]


class ClipRule(DtypeRule):
    """Promotion of ``np.clip``, which makes an array of what it clips before it looks at the bounds."""

    def _numpy(self, types: Sequence[Type]) -> tuple[str, ...]:
        return super()._numpy((Type(types[0].dtype, types[0].shape, "numpy"), *types[1:]))


def dtype_rule(function: Callable[..., Any], result: str) -> DtypeRule:
    """The rule of an operation; ``choice`` is that of ``where``, ``clip`` that of ``clip``."""
    match result:
        case "choice":
            return ChoiceRule(function, "bits")
        case "clip":
            return ClipRule(function, "same")
    return DtypeRule(function, result)


def promoted(types: Sequence[Type]) -> str:
    """The dtype in which values of these types meet, as in ``matmul`` and ``concatenate``."""
    weak = any(t.kind != "python" for t in types)
    tokens = [_token(t.dtype, weak=weak and t.kind == "python") for t in types]
    return str(np.result_type(*(t(0) if isinstance(t, type) else t for t in tokens)))


def _token(dtype: str, *, weak: bool) -> Any:
    """An operand as ``ufunc.resolve_dtypes`` takes it: Python's int and float are weak."""
    if weak and dtype != "bool":
        return float if dtype.startswith("float") else int
    return np.dtype(dtype)
