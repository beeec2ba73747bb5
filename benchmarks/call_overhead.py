"""What does a call cost? The gradient of a function of two floats beside `math.hypot`, a C function of two floats."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.harness import Question, Statement, main


def loss(x, y):
    """Little work, so that the call is what is measured."""
    return x * x * y + x


def array_loss(x):
    """The same for a small array."""
    return np.sum(x * x)


def hypot() -> Statement:
    """The yardstick."""
    return Statement("f(x, y)", {"f": math.hypot, "x": 1.5, "y": 2.5})


def symdiff_call(attribute: str | None):
    """The value, or a method, of the compiled function."""

    def make() -> Statement:
        import symdiff as sd

        compiled = sd.differentiable(loss)
        function = getattr(compiled, attribute) if attribute else compiled
        return Statement("f(x, y)", {"f": function, "x": 1.5, "y": 2.5})

    return make


def symdiff_as_users_type_it() -> Statement:
    """With the attribute looked up at each call."""
    import symdiff as sd

    return Statement("loss.grad(x, y)", {"loss": sd.differentiable(loss), "x": 1.5, "y": 2.5})


def jax_call() -> Statement:
    """A jitted gradient of two Python floats."""
    import jax

    return Statement("f(x, y)", {"f": jax.jit(jax.grad(loss)), "x": 1.5, "y": 2.5})


def python_by_hand() -> Statement:
    """The derivative as a Python function."""
    return Statement("f(x, y)", {"f": lambda x, y: 2.0 * x * y + 1.0, "x": 1.5, "y": 2.5})


X = np.linspace(0.0, 1.0, 8)


def numpy_square() -> Statement:
    """One NumPy call on the same array."""
    return Statement("f(x)", {"f": np.square, "x": X})


def symdiff_array() -> Statement:
    """The gradient of an array of eight."""
    import symdiff as sd

    return Statement("f(x)", {"f": sd.differentiable(array_loss).grad, "x": X})


def questions() -> list[Question]:
    """Scalars, then a small array."""
    scalars = Question(
        "A call with two floats",
        {
            "math.hypot": hypot,
            "loss.grad(x, y)": symdiff_as_users_type_it,
            "grad, attribute held": symdiff_call("grad"),
            "value_and_grad": symdiff_call("value_and_grad"),
            "value": symdiff_call(None),
            "Python, by hand": python_by_hand,
            "jax, jit(grad)": jax_call,
        },
        baseline="math.hypot",
        tolerance=None,
        goals={"loss.grad(x, y)": "at most 6.00"},
    )
    arrays = Question(
        "A call with an array of 8",
        {"np.square": numpy_square, "symdiff, grad": symdiff_array},
        baseline="np.square",
        tolerance=None,
    )
    return [scalars, arrays]


if __name__ == "__main__":
    main(questions)
