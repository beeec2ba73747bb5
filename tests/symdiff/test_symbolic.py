"""primitive(name, sympy=...): the value is SymPy's, and the derivative is SymPy's own, in 50 digits."""

import pickle

import numpy as np
import pytest
import sympy as sp
from mpmath import mp

import symdiff as sd

x, y = sp.symbols("x y")
REAL = sp.Symbol("x", real=True)
EXPRESSIONS = {
    "softplus": (sp.log(1 + sp.exp(x)), (0.3, -2.0, 5.0)),
    "bump": (sp.exp(-(x**2) / 3) * sp.sin(sp.pi * x), (0.3, -1.7)),
    "rational": ((x**3 - 2 * x + sp.Rational(1, 3)) / (1 + x**2) ** 2, (0.7, -3.0)),
    "roots": (sp.sqrt(1 + x**2) - sp.cbrt(2 + sp.cos(x)) + (1 + x**2) ** sp.Rational(-3, 2), (0.4, 2.0)),
    "inverse": (sp.asin(x / 2) + sp.atan(x) * sp.acosh(2 + x**2), (0.4, -1.1)),
    "special": (sp.erf(x) * sp.loggamma(2 + x) + sp.gamma(1 + x) / sp.digamma(3 + x), (0.4, 1.3)),
    "bessel": (sp.besselj(0, x) + sp.besseli(1, x), (0.4, 1.3)),
    "pieces": (sp.Piecewise((x**2, x < 0), (sp.sin(x), (x >= 0) & (x < 1)), (sp.log(x), True)), (-0.5, 0.5, 2.0)),
    "extremes": (sp.Max(x, 1, x**2 - 3) + sp.Abs(x - 1) - sp.Min(x, 2), (0.5, 1.5, 4.0)),
    "powers": ((1 + x**2) ** x + 2**x + x**5 - x ** (-2), (0.5, 1.5)),
    "literal": (0.1 * x - 1e300 * sp.exp(-x * 700) + sp.E, (0.99, 1.5)),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_value_and_derivatives_are_those_of_sympy(name):
    expression, points = EXPRESSIONS[name]
    f = sd.primitive(f"{name}_of_tests", sympy=expression)
    array = np.array(points)
    with mp.workdps(50):
        form = expression.subs(x, REAL)
        forms = [form, sp.diff(form, REAL), sp.diff(form, REAL, 2)]
        exact = [[float(form.subs(REAL, sp.Float(p, 60)).evalf(50)) for p in points] for form in forms]
    np.testing.assert_allclose(f(array), exact[0], rtol=1e-13)
    np.testing.assert_allclose(sd.differentiable(f, simplify=False)(array), exact[0], rtol=1e-13)
    total = sd.differentiable(lambda v: np.sum(f(v)), simplify=False)
    value, slope = sd.jvp(sd.grad(total), (array,), (np.ones(len(points)),))
    np.testing.assert_allclose(value, exact[1], rtol=1e-12)
    np.testing.assert_allclose(slope, exact[2], rtol=1e-11, atol=1e-12)


def test_several_arguments_are_in_the_order_of_names_or_of_a_lambda():
    first = sd.primitive("of_names", sympy=x - 2 * y)
    second = sd.primitive("of_lambda", sympy=sp.Lambda((y, x), x - 2 * y))
    assert first(5.0, 1.0) == 3.0 == second(1.0, 5.0)
    assert sd.grad(first, wrt=(0, 1))(5.0, 1.0) == (1.0, -2.0)
    assert sd.grad(second, wrt=(0, 1))(5.0, 1.0) == (-2.0, 1.0)
    a, b = np.ones((2, 1)), np.arange(3.0)
    assert sd.differentiable(first)(a, b).tolist() == (a - 2 * b).tolist() == first(a, b).tolist()


def test_overflow_does_not_reach_the_derivative():
    f = sd.primitive("softplus_of_tests", sympy=EXPRESSIONS["softplus"][0])
    assert sd.grad(lambda v: np.sum(f(v)))(np.array([800.0, -800.0])).tolist() == [1.0, 0.0]


def test_an_arm_not_taken_lets_nothing_through():
    f = sd.primitive("safe_log", sympy=sp.Piecewise((sp.log(x), x > 0), (0, True)))
    assert sd.grad(lambda v: np.sum(f(v)))(np.array([2.0, 0.0, -1.0])).tolist() == [0.5, 0.0, 0.0]


def test_what_goes_in_steps():
    """SymPy does not differentiate these; between the steps they are lines."""
    f = sd.primitive("in_steps", sympy=sp.Mod(x, 2) * x + 5 * sp.Heaviside(x) * x + sp.floor(x) * x)
    points = np.array([-1.3, 0.6, 2.2])
    inside, above, below = points % 2.0, 5.0 * (points > 0.0), np.floor(points)
    np.testing.assert_allclose(f(points), (inside + above + below) * points, rtol=1e-15)
    np.testing.assert_allclose(sd.vmap(sd.grad(f))(points), inside + above + below + points, rtol=1e-15)


def test_types():
    f = sd.primitive("half_square", sympy=x**2 / 2)
    assert isinstance(f(3), np.float64) and f(3) == 4.5 == sd.differentiable(f)(3)
    assert sd.differentiable(f)(np.array([1, 2])).tolist() == [0.5, 2.0] == f([1, 2]).tolist()
    single = np.array([1.0, 2.0], dtype=np.float32)
    assert sd.differentiable(f)(single).dtype == np.float32 == f(single).dtype


def test_printed_and_in_a_loop():
    step = sd.primitive("logistic_step", sympy=sp.Rational(7, 2) * x * (1 - x))

    def f(v, n):
        for _ in range(n):
            v = step(v)
        return v

    text = sd.differentiable(f).gradient_source(0.3, 5)
    names = {"np": np}
    exec(text, names)
    assert names["f_grad"](0.3, 5) == pytest.approx(sd.grad(f)(0.3, 5), rel=1e-14)
    form = x
    for _ in range(5):
        form = sp.Rational(7, 2) * form * (1 - form)
    assert sd.grad(f)(0.3, 5) == pytest.approx(float(sp.diff(form, x).subs(x, sp.Rational(3, 10)).evalf(30)), rel=1e-13)


def test_registered_once():
    f = sd.primitive("once", sympy=x + 1)
    assert sd.primitive("once", sympy=x + 1) is f
    assert pickle.loads(pickle.dumps(f)) is f
    assert repr(f) == "<primitive once(x, /): x + 1>"
    with pytest.raises(ValueError, match="'once' is registered already, as x \\+ 1"):
        sd.primitive("once", sympy=x + 2)


class unheard_of(sp.Function):
    """A function of the user's."""


@pytest.mark.parametrize(
    "name, expression, kind, words",
    [
        ("f1", unheard_of(x) + 1, sd.UnknownFunctionError, "the expression of 'f1' holds unheard_of, which is no oper"),
        ("f2", sp.zeta(x), sd.UnknownFunctionError, "holds zeta"),
        ("f3", sp.Integral(sp.exp(y * x), (y, 0, 1)), sd.UnknownFunctionError, "holds Integral"),
        ("f4", sp.I * x, ValueError, "holds I, which is no finite real number"),
        ("f5", sp.zoo * x, ValueError, "no finite real number"),
        ("f6", sp.Integer(3), ValueError, "is a number"),
        ("f7", "log(1 + x)", TypeError, "'log\\(1 \\+ x\\)', which is no SymPy expression"),
        ("f8", sp.Lambda((x, y), x), ValueError, "has other symbols than its arguments"),
        ("f9", x + sp.Symbol("x", positive=True), ValueError, "two symbols of one name"),
        ("two words", x, ValueError, "a name that can be written in Python"),
        ("lambda", x, ValueError, "a name that can be written in Python"),
        ("sin", x, ValueError, "'sin' is the name of an operation that is there already"),
        ("where", x, ValueError, "'where' is the name of an operation"),
    ],
)
def test_refused(name, expression, kind, words):
    with pytest.raises(kind, match=words) as caught:
        sd.primitive(name, sympy=expression)
    assert isinstance(caught.value, sd.SymdiffError)


def test_calls_that_do_not_fit():
    f = sd.primitive("of_two", sympy=x * y)
    with pytest.raises(TypeError, match="of_two takes 2 arguments by position, not 1"):
        sd.grad(lambda v: f(v))(1.0)
    with pytest.raises(TypeError, match="missing a required"):
        f(1.0)
