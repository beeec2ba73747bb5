"""Complex numbers: values are NumPy's and CPython's, gradients are in PyTorch's convention.

The gradient of a real loss by ``z = a + ib`` is its slope by a plus i times that by b. Where a function has a complex
derivative, the gradient of ``Re(conj(w) f(z))`` is ``w conj(f'(z))``.
"""

import cmath
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff as sd

Function = Callable[..., Any]
plainly = sd.differentiable(simplify=False)

Z = np.array([0.7 + 0.4j, -1.2 + 0.9j, -0.6 - 1.7j, 1.9 - 0.3j, 0.05 + 2.1j, -2.4 + 1e-3j])
W = np.array([0.3 - 1.1j, 0.8 + 0.2j, -0.5 + 0.4j, 1.3 + 0.6j, -0.9 - 0.7j, 0.2 + 1.5j])


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def real_product(w: Any, y: Any) -> Any:
    """What makes a loss of complex numbers: the sum of the products of both parts."""
    return np.sum(np.real(w) * np.real(y) + np.imag(w) * np.imag(y))


def differences(loss: Function, z: Any) -> Any:
    """The gradient by central differences of fourth order, part by part."""
    z = np.asarray(z, complex)
    found = np.zeros(z.shape, complex)
    for place in np.ndindex(z.shape):
        for unit in (1.0, 1j):
            slopes = []
            for h in (1e-3, 5e-4):
                up, down = z.copy(), z.copy()
                up[place] += h * unit
                down[place] -= h * unit
                slopes.append((loss(up) - loss(down)) / (2 * h))
            found[place] += unit * (4 * slopes[1] - slopes[0]) / 3
    return found


# -- functions with a complex derivative -------------------------------------------------------------------------------

HOLOMORPHIC: dict[str, tuple[Function, Function]] = {
    "exp": (
        lambda z: np.exp(z),
        lambda z: np.exp(z),
    ),
    "log": (
        lambda z: np.log(z),
        lambda z: 1 / z,
    ),
    "log2": (
        lambda z: np.log2(z),
        lambda z: 1 / z / math.log(2.0),
    ),
    "log10": (
        lambda z: np.log10(z),
        lambda z: 1 / z / math.log(10.0),
    ),
    "sqrt": (
        lambda z: np.sqrt(z),
        lambda z: 0.5 / np.sqrt(z),
    ),
    "sin": (
        lambda z: np.sin(z),
        lambda z: np.cos(z),
    ),
    "cos": (
        lambda z: np.cos(z),
        lambda z: -np.sin(z),
    ),
    "tan": (
        lambda z: np.tan(z),
        lambda z: 1 / np.cos(z) ** 2,
    ),
    "sinh": (
        lambda z: np.sinh(z),
        lambda z: np.cosh(z),
    ),
    "cosh": (
        lambda z: np.cosh(z),
        lambda z: np.sinh(z),
    ),
    "tanh": (
        lambda z: np.tanh(z),
        lambda z: 1 / np.cosh(z) ** 2,
    ),
    "square": (
        lambda z: np.square(z),
        lambda z: 2 * z,
    ),
    "reciprocal": (
        lambda z: np.reciprocal(z),
        lambda z: -1 / z**2,
    ),
    "negative": (
        lambda z: -z,
        lambda z: -1 + 0 * z,
    ),
    "sum with a number": (
        lambda z: (2 - 1j) + z,
        lambda z: 1 + 0 * z,
    ),
    "product": (
        lambda z: z * W * (1.5 - 0.5j),
        lambda z: W * (1.5 - 0.5j),
    ),
    "quotient": (
        lambda z: (W + 2 * z) / (z + 3),
        lambda z: (6 - W) / (z + 3) ** 2,
    ),
    "quotient by a real number": (
        lambda z: z / 3.0,
        lambda z: 1 / 3.0 + 0 * z,
    ),
    "whole power": (
        lambda z: z**3,
        lambda z: 3 * z**2,
    ),
    "negative power": (
        lambda z: z**-2,
        lambda z: -2 * z**-3.0,
    ),
    "real power": (
        lambda z: z**0.7,
        lambda z: 0.7 * z ** (0.7 - 1),
    ),
    "complex power": (
        lambda z: z ** (0.7 - 0.4j),
        lambda z: (0.7 - 0.4j) * z ** (-0.3 - 0.4j),
    ),
    "exponent": (
        lambda z: 2.5**z,
        lambda z: math.log(2.5) * 2.5**z,
    ),
    "complex base": (
        lambda z: (0.5 + 1j) ** z,
        lambda z: np.log(0.5 + 1j) * (0.5 + 1j) ** z,
    ),
    "polynomial": (
        lambda z: ((1j * z + 2) * z - 1j) * z,
        lambda z: 3j * z**2 + 4 * z - 1j,
    ),
}


AT_ONCE = 5


@pytest.mark.parametrize("first", range(0, len(HOLOMORPHIC), AT_ONCE), ids=lambda k: list(HOLOMORPHIC)[k])
def test_functions_with_a_complex_derivative(first: int) -> None:
    """Each has its own argument, a few are in one program."""
    names = list(HOLOMORPHIC)[first : first + AT_ONCE]
    functions = [HOLOMORPHIC[name][0] for name in names]

    def weighted(arguments: Any) -> Any:
        found = [f(z) for f, z in zip(functions, arguments, strict=True)]
        return sum([real_product(W, y) for y in found]), found

    (_, values), gradients = sd.value_and_grad(plainly(weighted), has_aux=True)([Z] * len(functions))
    for name, value, gradient in zip(names, values, gradients, strict=True):
        function, slope = HOLOMORPHIC[name]
        assert value.dtype == gradient.dtype == np.complex128
        np.testing.assert_allclose(value, function(Z), rtol=1e-14, err_msg=name)
        np.testing.assert_allclose(gradient, W * np.conj(slope(Z)), rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("name", ["exp", "tanh", "quotient", "complex power"])
def test_second_derivatives(name: str) -> None:
    """By the parts: the real loss has the Hessian of a harmonic function."""
    function = HOLOMORPHIC[name][0] if name != "quotient" else lambda z: (2j + 2 * z) / (z + 3)

    def loss(x: Any) -> Any:
        return real_product(0.3 - 1.1j, function(x[0] + 1j * x[1]))

    x = np.array([0.7, 0.4])
    hessian = sd.hessian(plainly(loss))(x)
    first = plainly(loss)
    steps = [(first.grad(x + h) - first.grad(x - h)) / 2e-5 for h in 1e-5 * np.eye(2)]
    np.testing.assert_allclose(hessian, steps, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(np.trace(hessian), 0.0, atol=1e-12 * np.abs(hessian).max())


# -- functions without one ---------------------------------------------------------------------------------------------

A = np.array([[1.5 + 0.2j, -0.3j, 0.4], [0.7, 2.0 - 1j, 0.1j], [0.2 + 0.5j, -0.6, 1.1 + 0.9j]])

OTHERS: dict[str, Function] = {
    "abs": lambda z: np.abs(z),
    "built-in abs": lambda z: abs(z),
    "angle": lambda z: np.angle(z),
    "angle in degrees": lambda z: np.angle(z, deg=True),
    "conj": lambda z: np.conj(z) * z**2,
    "method conj": lambda z: z.conj() / z,
    "parts": lambda z: z.real * np.imag(z) + 1j * z.imag,
    "sum": lambda z: np.sum(z) * np.mean(z),
    "prod": lambda z: np.prod(z),
    "cumsum": lambda z: np.cumsum(z) ** 2,
    "var": lambda z: np.var(z),
    "std": lambda z: np.std(z),
    "norm": lambda z: np.linalg.norm(z),
    "norm with ord": lambda z: np.linalg.norm(z, 3),
    "dot": lambda z: np.dot(z, W * z),
    "vdot": lambda z: np.vdot(z, W * z),
    "inner": lambda z: np.inner(z, z),
    "outer": lambda z: np.outer(z, np.conj(z)),
    "matmul": lambda z: A @ z[:3] * (z[3:] @ A),
    "solve": lambda z: np.linalg.solve(A + np.outer(z[:3], z[3:]), z[:3]),
    "inv": lambda z: np.linalg.inv(A + np.outer(z[:3], z[3:])),
    "where": lambda z: np.where(z.real > 0, z * z, np.conj(z)),
    "joined": lambda z: np.concatenate((z[::-1], z * 2j, [1.0 + 0j])),
    "shaped": lambda z: np.transpose(z.reshape(2, 3)) * 1j,
    "stored": lambda z: stored(z),
    "ufuncs": lambda z: np.divide(np.multiply(z, W), np.add(z, np.subtract(3, z * 1j))),
    "operators": lambda z: operator.truediv(operator.mul(z, 2j), operator.add(z, 3)),
    "polar form": lambda z: np.abs(z) ** 0.5 * np.exp(0.5j * np.angle(z)),
}


def stored(z: Any) -> Any:
    total = np.zeros(6, dtype=complex)
    for k in range(6):
        total[k] += z[k] * (k - 1j)
        total[5 - k] *= z[k]
    return total


@pytest.mark.parametrize("first", range(0, len(OTHERS), AT_ONCE), ids=lambda k: list(OTHERS)[k])
def test_functions_without_a_complex_derivative(first: int) -> None:
    names = list(OTHERS)[first : first + AT_ONCE]
    functions = [OTHERS[name] for name in names]
    weights = [np.resize(W, np.shape(f(Z))) for f in functions]

    def weighted(arguments: Any) -> Any:
        found = [f(z) for f, z in zip(functions, arguments, strict=True)]
        return sum([real_product(w, y) for w, y in zip(weights, found, strict=True)]), found

    (_, values), gradients = sd.value_and_grad(plainly(weighted), has_aux=True)([Z] * len(functions))
    for name, weight, value, gradient in zip(names, weights, values, gradients, strict=True):
        expected = OTHERS[name](Z)
        assert np.asarray(value).dtype == np.asarray(expected).dtype, name
        np.testing.assert_allclose(value, expected, rtol=1e-13, err_msg=name)
        slopes = differences(lambda z, name=name, w=weight: real_product(w, OTHERS[name](z)), Z)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-8, atol=1e-9, err_msg=name)


def test_a_real_argument_has_a_real_gradient() -> None:
    x = np.array([0.3, -1.2, 2.0])
    compiled = plainly(lambda x, z: np.sum(np.abs(x * z + np.exp(1j * x)) ** 2))
    by_x, by_z = compiled.grad(x, Z[:3], wrt=("x", "z"))
    left = x * Z[:3] + np.exp(1j * x)
    assert by_x.dtype == np.float64 and by_z.dtype == np.complex128
    np.testing.assert_allclose(by_x, 2 * np.real(np.conj(left) * (Z[:3] + 1j * np.exp(1j * x))), rtol=1e-13)
    np.testing.assert_allclose(by_z, 2 * left * x, rtol=1e-13)


# -- numbers of Python's -----------------------------------------------------------------------------------------------

OF_CMATH = ["exp", "log", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
MORE_OF_CMATH: dict[str, Function] = {
    "log with a base": lambda z: cmath.log(z, 3.0),
    "phase": lambda z: cmath.phase(z) * z,
    "polar": lambda z: cmath.polar(z)[0] + 1j * cmath.polar(z)[1],
    "rect": lambda z: cmath.rect(z.real, z.imag),
    "constructor": lambda z: complex(z.imag, z.real) * complex(z),
    "conjugate": lambda z: z.conjugate() ** 2,
    "division": lambda z: 1 / z + z / 2j,
    "power": lambda z: z**2 + z**-1.5 + z**z,
    "abs": lambda z: abs(z) * 1j,
    "pow": lambda z: pow(z, 3),
}


@pytest.mark.parametrize("z", [0.7 + 0.4j, -1.2 - 0.9j, 1.5 - 2.0j])
def test_numbers_of_python(z: complex) -> None:
    functions: list[Function] = [*(getattr(cmath, name) for name in OF_CMATH), *MORE_OF_CMATH.values()]
    names = [*OF_CMATH, *MORE_OF_CMATH]

    def weighted(arguments: Any) -> Any:
        found = [f(z) for f, z in zip(functions, arguments, strict=True)]
        return sum([2.0 * y.real - 3.0 * y.imag for y in found]), found

    (_, values), gradients = sd.value_and_grad(plainly(weighted), has_aux=True)([z] * len(functions))
    for name, function, value, gradient in zip(names, functions, values, gradients, strict=True):
        assert type(value) is type(gradient) is complex, name
        assert value == pytest.approx(function(z), rel=1e-14), name

        def loss(at: Any, function: Function = function) -> float:
            y = function(complex(at))
            return float(2.0 * y.real - 3.0 * y.imag)

        assert gradient == pytest.approx(complex(differences(loss, z)), rel=1e-9), name


def test_numbers_of_numpy() -> None:
    """Their parts come back as floats of Python's: they are not single precision for that."""
    compiled = plainly(lambda z: (np.exp(z), np.conj(z), z.conjugate(), np.sum(z * z)))
    for z in (0.7 + 0.4j, np.complex128(0.7 + 0.4j), np.complex64(0.7 + 0.4j)):
        for found, expected in zip(compiled(z), (np.exp(z), np.conj(z), z.conjugate(), np.sum(z * z)), strict=True):
            assert type(found) is type(expected) and found == pytest.approx(expected, rel=1e-15)


# -- edges -------------------------------------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan
CUTS = np.array([complex(-4.0, 0.0), complex(-4.0, -0.0), complex(0.0, 0.0), complex(-0.0, 0.0), complex(-0.0, -0.0)])
LARGE = np.array([1e300 + 1e300j, 1e-300 - 1e-300j, -3e307 + 1j, 5e-324 + 0j, 1e200 - 1e-200j])
ENDLESS = np.array([complex(INF, 1.0), complex(-INF, 0.5), complex(1.0, -INF), complex(NAN, 1.0)])
# the exponential of the real part overflows, the product with a cosine or a sine of the other may not
BEYOND = np.array(
    [710.0 + 0j, 710.0 - 0j, 710.0 + 1.5j, 712.0 + 1e-5j, 1400.0 + 1j, 750.0 + 3.1j, -800.0 + 1j, INF, -INF]
)
WITH_EDGES: dict[str, tuple[Function, Any]] = {
    "log": (lambda z: np.log(z), (CUTS, LARGE, ENDLESS)),
    "sqrt": (lambda z: np.sqrt(z), (CUTS, LARGE, ENDLESS[:3])),
    "angle": (lambda z: np.angle(z), (CUTS, LARGE, ENDLESS)),
    "abs": (lambda z: np.abs(z), (CUTS, LARGE, ENDLESS)),
    "quotient": (lambda z: (1.0 + 2.0j) / z, (LARGE,)),
    "tanh": (lambda z: np.tanh(z), (CUTS, 400.0 * Z)),
    "exp": (lambda z: np.exp(z), (CUTS, 300.0 * Z, BEYOND)),
    "conj": (lambda z: np.conj(z), (CUTS, LARGE, ENDLESS)),
}


def test_slopes_beyond() -> None:
    compiled = plainly(lambda z: np.exp(z).imag)
    z, w = 712.0 + 1e-5j, 710.0 + 1.5j
    with np.errstate(over="ignore"):
        exact, turned = np.exp(z).imag, np.exp(w).real
    assert np.isfinite(exact) and compiled(z) == pytest.approx(exact, rel=1e-14)
    slope = compiled.grad(w)
    assert slope.real == math.inf and slope.imag == pytest.approx(turned, rel=1e-14)
    with pytest.raises(OverflowError, match="math range error"):
        plainly(lambda z: cmath.exp(z))(800.0 + 1j)
    with pytest.raises(ValueError, match="math domain error"):
        plainly(lambda z: cmath.exp(z))(complex(1.0, math.inf))


def bits(values: Any) -> Any:
    """Both parts, with the signs of their zeros."""
    parts = np.stack((np.real(values), np.imag(values)))
    return np.where(parts == 0, np.copysign(1e-320, parts), parts)


@pytest.mark.parametrize("name", WITH_EDGES)
def test_edges(name: str) -> None:
    """Branch cuts, zeros with signs, and numbers whose squares over- or underflow."""
    function, groups = WITH_EDGES[name]
    compiled = plainly(function)
    with np.errstate(all="ignore"):
        for points in groups:
            np.testing.assert_allclose(bits(compiled(points)), bits(function(points)), rtol=1e-14, err_msg=name)


# -- refusals ----------------------------------------------------------------------------------------------------------

REFUSED: list[tuple[Function, str]] = [
    (lambda z: np.sum(np.arcsin(z)).real, r"arcsin"),
    (lambda z: np.sum(np.floor(z)).real, r"floor"),
    (lambda z: np.sum(z < 1j), r"complex numbers|order"),
    (lambda z: np.prod(z.reshape(2, 3), axis=0).real.sum(), r"np.prod of complex numbers along an axis"),
    (lambda z: np.linalg.norm(z.reshape(2, 3), 2), r"np.linalg.norm of a complex matrix with ord=2"),
    (lambda z: np.linalg.det(np.outer(z, z)).real, r"complex"),
    (lambda z: math.sin(z[0]), r"complex"),
]


@pytest.mark.parametrize(("function", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused(function: Function, message: str) -> None:
    with pytest.raises(sd.SymdiffError, match=message):
        plainly(function)(Z)


def test_the_gradient_of_a_complex_result_is_refused() -> None:
    with pytest.raises(sd.SymdiffError, match=r"complex"):
        plainly(lambda z: np.sum(z * z)).grad(Z)
