"""The kink table on every route: what users write at each kink, in every form, by native code, text and interpreter."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import symdiff as sd
from symdiff.ops.kinks import KINKS
from symdiff.runtime.interpret import interpret
from tests.fuzz.load import function_of

INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Row:
    """An expression in x (and y) at a kink, and the slopes the table promises; `forms` names where it can stand."""

    key: str
    text: str
    at: tuple[float, ...]
    slopes: tuple[float, ...]
    forms: str = "python numpy float32 vector tail vector32 strided loop vector_loop rows branch"


SCALAR = "python loop branch"
ARRAYS = "numpy float32 vector tail vector32 strided rows"

ROWS = [
    Row("abs", "np.abs(x)", (0.0,), (0.0,)),
    Row("abs", "abs(x)", (-0.0,), (0.0,)),
    Row("abs", "np.fabs(x)", (0.0,), (0.0,)),
    Row("maximum", "np.maximum(x, y)", (2.0, 2.0), (0.5, 0.5)),
    Row("maximum", "np.minimum(x, y)", (0.0, -0.0), (0.5, 0.5)),
    Row("maximum", "np.fmax(x, y)", (1.0, 1.0), (0.5, 0.5)),
    Row("maximum", "np.fmin(x, y)", (1.0, 1.0), (0.5, 0.5)),
    Row("maximum", "np.maximum(x, 0.0)", (0.0,), (0.5,)),
    Row("relu", "max(x, 0.0)", (0.0,), (1.0,), SCALAR),
    Row("relu", "max(0.0, x)", (0.0,), (0.0,), SCALAR),
    Row("relu", "min(x, y)", (3.0, 3.0), (1.0, 0.0), SCALAR),
    Row("relu", "(x if x > 0.0 else 0.0)", (0.0,), (0.0,), SCALAR),
    Row("relu", "np.where(x > 0.0, x, 0.0)", (0.0,), (0.0,)),
    Row("clip", "np.clip(x, 0.0, 1.0)", (0.0,), (1.0,)),
    Row("clip", "np.clip(x, 0.0, 1.0)", (1.0,), (1.0,)),
    Row("sqrt", "np.sqrt(x)", (0.0,), (INF,)),
    Row("sqrt", "math.sqrt(x)", (0.0,), (INF,), SCALAR),
    Row("sqrt", "np.sqrt(x) * 0.0", (0.0,), (0.0,)),
    Row("sqrt", "np.where(x > 0.0, np.sqrt(x), 0.0)", (0.0,), (0.0,)),
    Row("sqrt", "(math.sqrt(x) if x > 0.0 else 0.0)", (0.0,), (0.0,), SCALAR),
    Row("norm", "np.hypot(x, y)", (0.0, 0.0), (0.0, 0.0)),
    Row("norm", "math.hypot(x, y)", (0.0, 0.0), (0.0, 0.0), SCALAR),
    Row("power", "x ** 0.0", (0.0,), (0.0,)),
    Row("power", "x ** 0", (0.0,), (0.0,)),
    Row("power", "x ** y", (0.0, 2.0), (0.0, 0.0)),
    Row("power", "np.power(x, y)", (0.0, 1.0), (1.0, 0.0)),
    Row("power", "math.pow(x, y)", (0.0, 3.0), (0.0, 0.0), SCALAR),
    Row("arctan2", "np.arctan2(x, y)", (0.0, 0.0), (NAN, NAN)),
    Row("divide", "x / x", (0.0,), (NAN,), ARRAYS),
    Row("sigmoid", "1 / (1 + np.exp(-x))", (-800.0,), (0.0,)),
    Row("sigmoid", "1.0 / (np.exp(-x) + 1.0)", (800.0,), (0.0,)),
    Row("sigmoid", "y / (1.0 + np.exp(x))", (800.0, 2.0), (0.0, 0.0)),
]

REDUCTIONS = [  # of an array of equal entries: the slope of each
    ("max", "np.max(x)", 3.0, lambda n: 1.0 / n),
    ("max", "np.min(x)", 3.0, lambda n: 1.0 / n),
    ("max", "np.max(np.array([x, x]))", 3.0, lambda n: 1.0 / n),
    ("norm", "np.linalg.norm(x)", 0.0, lambda n: 0.0),
    ("norm", "np.std(x)", 2.0, lambda n: 0.0),
    ("sort", "np.sum(np.sort(x) * np.arange(1.0, len(x) + 1.0))", 2.0, lambda n: np.arange(1.0, n + 1.0)),
]

VECTOR = "def f({args}):\n    return np.sum({text})\n"
# name: (source, how an argument is made, how often each slope counts)
FORMS: dict[str, tuple[str, Any, int]] = {
    "python": ("def f({args}):\n    return {text}\n", float, 1),
    "numpy": ("def f({args}):\n    return {text}\n", np.float64, 1),
    "float32": ("def f({args}):\n    return {text}\n", np.float32, 1),
    "vector": (VECTOR, lambda v: np.full(16, v), 1),
    "tail": (VECTOR, lambda v: np.full(19, v), 1),
    "vector32": (VECTOR, lambda v: np.full(19, v, np.float32), 1),
    "strided": (VECTOR, lambda v: np.full(38, v)[::2], 1),
    "loop": (
        "def f({args}, n=3):\n    s = 0.0\n    for _ in range(n):\n        s = s + {text}\n    return s\n",
        float,
        3,
    ),
    "vector_loop": (
        "def f({args}, n=3):\n    s = 0.0\n    for _ in range(n):\n        s = s + np.sum({text})\n    return s\n",
        lambda v: np.full(5, v),
        3,
    ),
    "rows": (
        "def g({args}):\n    return {text}\n\n\ndef f({args}):\n    s = 0.0\n    for i in range(len(x)):\n"
        "        s = s + g({items})\n    return s\n",
        lambda v: np.full(6, v),
        1,
    ),
    "branch": ("def f({args}, on=True):\n    s = 0.0\n    if on:\n        s = {text}\n    return s\n", float, 1),
}
CASES = [(row, form) for row in ROWS for form in row.forms.split()]


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def source_of(template: str, text: str, names: list[str]) -> str:
    items = ", ".join(f"{name}[i]" for name in names)
    return "import math\n\nimport numpy as np\n\n\n" + template.format(args=", ".join(names), text=text, items=items)


def gradients(function: Any, arguments: tuple[Any, ...], names: list[str], simplify: Any, **options: Any) -> Any:
    """The gradients by each route, named; `options` as for `differentiable`."""
    compiled = sd.differentiable(function, simplify=simplify, cache=False, **options)
    wrt = tuple(names)
    family, _, call = compiled._family("value_and_grad", arguments, {"wrt": wrt})
    inputs = family.inputs(call, function)
    with np.errstate(all="ignore"):
        yield "native", compiled.value_and_grad(*arguments, wrt=wrt)[1]
        yield "printed", family.in_python(inputs)[-len(names) :]
        yield "interpreted", interpret(family.graph, *inputs)[-len(names) :]


def check(row: Row, form: str, simplify: Any, folder: Any, slopes: tuple[float, ...], **options: Any) -> None:
    template, make, times = FORMS[form]
    names = ["x", "y"][: len(row.at)]
    function = function_of(source_of(template, row.text, names), "kink", folder)
    arguments = tuple(make(v) for v in row.at)
    for route, found in gradients(function, arguments, names, simplify, **options):
        for gradient, slope, argument in zip(found, slopes, arguments, strict=True):
            wanted = np.full(np.shape(argument), times * slope)
            np.testing.assert_allclose(gradient, wanted, rtol=1e-6, err_msg=f"{row.text}, {form}, {route}")


def test_every_line_of_the_table_has_programs():
    assert {row.key for row in ROWS} | {key for key, *_ in REDUCTIONS} == set(KINKS)


@pytest.mark.filterwarnings("ignore:(divide|invalid|overflow)")
@pytest.mark.parametrize("simplify", ["auto", False], ids=["simplified", "plain"])
@pytest.mark.parametrize(("row", "form"), CASES, ids=[f"{row.text}-{row.at}-{form}" for row, form in CASES])
def test_kink(row, form, simplify, tmp_path):
    check(row, form, simplify, tmp_path, row.slopes)


@pytest.mark.parametrize("simplify", ["auto", False], ids=["simplified", "plain"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1, 2, 8, 19])
@pytest.mark.parametrize(("key", "text", "at", "slope"), REDUCTIONS, ids=[text for _, text, *_ in REDUCTIONS])
def test_kink_of_a_reduction(key, text, at, slope, size, dtype, simplify, tmp_path):
    function = function_of(source_of("def f({args}):\n    return {text}\n", text, ["x"]), "kink", tmp_path)
    for route, (found,) in gradients(function, (np.full(size, at, dtype),), ["x"], simplify):
        np.testing.assert_allclose(found, np.full(size, slope(size)), rtol=1e-6, err_msg=route)


# the option at_kink=: what is chosen, and the slopes that follow; elsewhere they are those of the table
CHOSEN = [
    (Row("abs", "np.abs(x)", (0.0,), (1.0,)), 1.0),
    (Row("abs", "abs(x)", (-0.0,), (-0.5,)), -0.5),
    (Row("abs", "np.abs(x)", (2.0,), (1.0,)), 0.25),
    (Row("abs", "np.abs(x)", (-2.0,), (-1.0,)), 0.25),
    (Row("maximum", "np.maximum(x, y)", (2.0, 2.0), (1.0, 0.0)), 1.0),
    (Row("maximum", "np.minimum(x, y)", (2.0, 2.0), (0.25, 0.75)), 0.25),
    (Row("maximum", "np.maximum(x, y)", (2.0, 1.0), (1.0, 0.0)), 0.25),
    (Row("clip", "np.clip(x, y, 5.0)", (1.0, 1.0), (0.5, 0.5)), 0.5),
    (Row("clip", "np.clip(x, 0.0, y)", (1.0, 1.0), (0.0, 1.0)), 0.0),
    (Row("clip", "np.clip(x, 0.0, y)", (2.0, 1.0), (0.0, 1.0)), 0.5),
    (Row("sqrt", "np.sqrt(x)", (0.0,), (7.0,)), 7.0),
    (Row("sqrt", "np.sqrt(x)", (4.0,), (0.25,)), 7.0),
]


@pytest.mark.parametrize("simplify", ["auto", False], ids=["simplified", "plain"])
@pytest.mark.parametrize("form", Row.forms.split())
@pytest.mark.parametrize(("row", "slope"), CHOSEN, ids=[f"{row.text}-{row.at}-{slope}" for row, slope in CHOSEN])
def test_chosen_slope(row, slope, form, simplify, tmp_path):
    check(row, form, simplify, tmp_path, row.slopes, at_kink={row.key: slope})


NESTED = """def f(x):
    return sd.grad(lambda t: abs(t) * 3.0)(x) + 0.0 * x
"""


def test_chosen_slope_in_every_kind_of_derivative(tmp_path):
    options = {"at_kink": {"abs": 1.0}, "cache": False}
    absolute = function_of("def f(x):\n    return abs(x) * 2.0\n", "absolute", tmp_path)
    chosen = sd.differentiable(absolute, **options)
    assert chosen.grad(0.0) == 2.0 and chosen(0.0) == 0.0
    assert sd.grad(chosen)(0.0) == 2.0
    assert sd.jvp(chosen, (0.0,), (1.0,)) == (0.0, 2.0)
    assert sd.vjp(chosen, 0.0)[1](1.0) == (2.0,)
    assert sd.grad(absolute)(0.0) == 0.0
    nested = function_of("import symdiff as sd\n\n\n" + NESTED, "nested", tmp_path)
    assert sd.differentiable(nested, **options)(0.0) == 3.0
    assert sd.differentiable(nested)(0.0) == 0.0


def test_chosen_slope_is_seen_in_the_text(tmp_path):
    absolute = function_of("import numpy as np\n\n\ndef f(x):\n    return np.sum(np.abs(x))\n", "absolute", tmp_path)
    text = sd.differentiable(absolute, at_kink={"abs": 0.25}).gradient_source(np.zeros(3))
    assert "np.where(x == 0, 0.25, np.sign(x))" in text


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"relu": 1.0}, "'relu' cannot be changed\nhint: those that can be changed are abs, maximum, clip, sqrt"),
        ({"modulus": 1.0}, "'modulus' is not in the table of conventions"),
    ],
)
def test_what_cannot_be_chosen_is_refused(choice, message, tmp_path):
    function = function_of("def f(x):\n    return abs(x)\n", "refused", tmp_path)
    with pytest.raises(ValueError, match=message):
        sd.differentiable(function, at_kink=choice).grad(1.0)
