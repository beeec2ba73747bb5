"""A failure as a script that stands alone: the program, its arguments to the last bit, the versions."""

import platform
from typing import Any

import llvmlite
import numpy as np

from tests.fuzz.generator import Program
from tests.fuzz.oracle import Options

SCRIPT = '''"""Seed {seed}: {text}

{versions}
"""

{source}

ARGUMENTS = ({arguments},)


def copies():
    return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in ARGUMENTS)


if __name__ == "__main__":
    import symdiff as sd

    print("CPython", f(*copies()))
    compiled = sd.differentiable(f, simplify={simplify!r}, strict={strict!r})
    print("native ", compiled.value_and_grad(*copies(), wrt={wrt!r}))
    print(compiled.gradient_source(*copies(), wrt={wrt!r}))
'''


def script(program: Program, text: str) -> str:
    """The text of the script."""
    options = Options.of_seed(program.seed)
    return SCRIPT.format(
        seed=program.seed,
        text=text,
        versions=f"Python {platform.python_version()}, NumPy {np.__version__}, llvmlite {llvmlite.__version__}, "
        f"{platform.machine()} {platform.processor()}",
        source=program.source,
        arguments=", ".join(exactly(value) for value in program.inputs[0].values),
        simplify="auto" if options.simplify == "rules" else options.simplify,
        strict=options.strict,
        wrt=program.wrt,
    )


def exactly(value: Any) -> str:
    """An expression that gives this very value."""
    if isinstance(value, np.ndarray):
        return f"np.array([{', '.join(exactly(float(v)) for v in value.ravel())}]).reshape({value.shape})"
    return f"float.fromhex({value.hex()!r})" if isinstance(value, float) else repr(value)
