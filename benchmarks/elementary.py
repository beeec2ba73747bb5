"""Each elementary function over 10**4 elements: a loop with the inline instructions beside NumPy's and SciPy's.

`--accuracy COUNT` measures the largest error of each instead, in units of the last place, beside the bound it is tested
against.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Question, main

SIZE = 10**4
NUMPY = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan", "atan2": "arctan2",
    "atanh": "arctanh", "pow": "power",
}  # fmt: skip


def compiled(name: str) -> Callable[..., np.ndarray]:
    """A function of arrays that is nothing but one vector loop."""
    from symdiff_codegen.elementary import ARITY
    from symdiff_codegen.kernel import Buffer, For, Kernel, Let, Load, Local, Output, ResultSpec, Store
    from symdiff_codegen.native import compile_unit
    from symdiff_codegen.signature import Array, Signature

    size, index, result = Local("i64", "n"), Local("i64", "i"), Local("f64", "y")
    inputs = tuple(Buffer(f"x{k}", "f64", (size,)) for k in range(ARITY[name]))
    values = tuple(Local("f64", f"e{k}") for k in range(ARITY[name]))
    out = Buffer("out", "f64", (size,))
    loads = (Load(value, buffer, (index,)) for value, buffer in zip(values, inputs, strict=True))
    trip = (*loads, Let(result, name, values), Store(out, (index,), result))
    loop = For(index, _zero(), size, 1, (), trip, vector=True)
    kernel = Kernel("loop", inputs, (Output(out, 0), loop), (ResultSpec("array:f64"),))
    params = tuple(Array("f64", buffer.dims) for buffer in inputs)
    signature = Signature(params, kernel.results, 0, dispatcher=_refuse, native_error=_refuse)
    return compile_unit(kernel, signature=signature).builtin


def _refuse(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("the arguments are what the signature says")


def _zero() -> Any:
    from symdiff_codegen.kernel import Const

    return Const(0, "i64")


def reference(name: str) -> Callable[..., np.ndarray]:
    """The function of NumPy, or of SciPy."""
    ufunc = getattr(np, NUMPY.get(name, name), None)
    if ufunc is None:
        from scipy import special

        ufunc = getattr(special, name)
    return ufunc


def arguments(name: str) -> list[np.ndarray]:
    """Numbers in the middle of the domain."""
    low, high = (0.05, 0.95) if name in ("acos", "asin", "atanh") else (1.05, 5.0)
    random = np.random.default_rng(0)
    return [random.uniform(low, high, SIZE) for _ in range(reference(name).nin)]


def question(name: str) -> Question:
    """One function."""
    inputs = arguments(name)

    def contender(make: Callable[[str], Callable[..., np.ndarray]]) -> Callable[[], Any]:
        def prepared() -> Any:
            function = make(name)
            return lambda: function(*inputs)

        return prepared

    contenders = {"NumPy": contender(reference), "inline": contender(compiled)}
    return Question(f"{name}, {SIZE} elements", contenders, "NumPy", tolerance=1e-14, per=SIZE, unit="element")


def questions() -> list[Question]:
    """One question for each function."""
    from symdiff_codegen.elementary import INLINE

    return [question(name) for name in sorted(INLINE)]


def measure_accuracy(count: int) -> None:
    """Print the largest errors over random points of the whole domain."""
    from symdiff_codegen.elementary import INLINE, MAX_ULP
    from tests.symdiff_codegen.elementary_points import error_in_ulp, points_of

    print("| function | largest error in ulp | bound | at |\n|---|---:|---:|---|")
    for name in sorted(INLINE):
        inputs = points_of(name, count, seed=1)
        rows = zip(*(column.tolist() for column in (*inputs, compiled(name)(*inputs))), strict=True)
        error, *place = max((error_in_ulp(name, row[:-1], row[-1]), *row[:-1]) for row in rows)
        print(f"| {name} | {error:.3f} | {MAX_ULP[name]} | {', '.join(map(repr, place))} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--accuracy", type=int, default=0)
    options, _ = parser.parse_known_args()
    if options.accuracy:
        measure_accuracy(options.accuracy)
    else:
        main(questions)
