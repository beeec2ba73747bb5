"""custom_rule: functions whose derivative the user gives, in every kind of derivative; and what is refused."""

import linecache
import math
import pickle

import numpy as np
import pytest
from mpmath import mp

import symdiff as sd

X = np.array([0.7, -1.2, 2.5])


@sd.custom_rule
def softplus(x):
    return np.logaddexp(0.0, x)


@softplus.vjp
def softplus_vjp(g, y, x):
    return g * np.exp(x - y)


@sd.custom_rule
def sine(x):
    return math.sin(x)


@sd.custom_rule
def cosine(x):
    return math.cos(x)


@sine.vjp
def sine_vjp(g, y, x):
    return g * cosine(x)


@cosine.jvp
def cosine_jvp(tangents, y, x):
    return -tangents[0] * sine(x)


@sd.custom_rule
def moments(data, power=2):
    total = data["x"] * data["scale"]
    return np.sum(total), {"p": np.sum(total**power), "n": len(total)}


@moments.vjp
def moments_vjp(g, y, data, power):
    first, second = g[0], g[1]["p"]
    total = data["x"] * data["scale"]
    inner = first + second * power * total ** (power - 1)
    return {"scale": np.sum(inner * data["x"]), "x": inner * data["scale"]}, None


@sd.custom_rule
def straight_through(x):
    return np.round(x)


@straight_through.vjp
def straight_through_vjp(g, y, x):
    return (g,)


@sd.custom_rule
def clipped(x, most):
    return x


@clipped.vjp
def clipped_vjp(g, y, x, most):
    return np.clip(g, -most, most), None


@sd.custom_rule
def root(a):
    x = 1.0
    while abs(x * x - a) > 1e-15 * a:
        x = 0.5 * (x + a / x)
    return x


@root.vjp
def root_vjp(g, y, a):
    return g / (2.0 * y)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def test_a_rule_of_reverse_mode_serves_all():
    s = sigmoid(X)
    np.testing.assert_allclose(sd.grad(lambda x: np.sum(softplus(x)))(X), s, rtol=1e-15)
    np.testing.assert_allclose(sd.jvp(softplus, (X,), (X,))[1], s * X, rtol=1e-14)
    np.testing.assert_allclose(sd.vmap(sd.grad(softplus))(X), s, rtol=1e-15)
    assert softplus(X).tolist() == np.logaddexp(0.0, X).tolist()


def test_second_derivatives_and_jacobians():
    s = sigmoid(X)
    np.testing.assert_allclose(sd.hessian(lambda x: np.sum(softplus(x)))(X), np.diag(s * (1 - s)), rtol=1e-13)
    np.testing.assert_allclose(sd.jacobian(softplus)(X), np.diag(s), rtol=1e-14)


def test_rules_that_call_each_other():
    f = sine
    for expected in (math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x), math.sin):
        f = sd.grad(f)
        assert f(0.7) == pytest.approx(expected(0.7), rel=1e-15)
    assert sd.grad(cosine)(0.4) == pytest.approx(-math.sin(0.4), rel=1e-15)


def test_structures_defaults_and_keywords():
    def f(x, scale):
        first, second = moments(power=3, data={"x": x, "scale": scale})
        return first * second["p"] + moments({"x": x, "scale": scale})[1]["p"] * second["n"]

    assert sd.gradcheck(f, X, 1.3, order=2)
    total = X * 1.3
    assert sd.differentiable(f)(X, 1.3) == pytest.approx(np.sum(total) * np.sum(total**3) + 3 * np.sum(total**2))


def test_the_rule_and_not_the_function_is_what_counts():
    assert sd.grad(lambda x: straight_through(x) ** 2)(2.3) == 4.0
    assert sd.jvp(lambda x: straight_through(x) ** 2, (2.3,), (1.0,)) == (4.0, 4.0)


def test_a_rule_that_is_not_linear():
    """Reverse mode takes it as it is, also in a loop whose trips only add to a sum."""
    assert sd.grad(lambda x: 100.0 * clipped(x, 3.0))(2.0) == 3.0

    def summed(x, n):
        total = 0.0
        for i in range(n):
            total += np.sum(clipped(x * i, 3.0))
        return 10.0 * total

    assert sd.grad(summed)(X, 4).tolist() == [18.0, 18.0, 18.0]


@pytest.mark.parametrize("checkpoint", [None, True])
def test_in_loops(checkpoint):
    def f(a, n):
        s = a
        for _ in range(n):
            s = softplus(s) * root(s + a)
        return s

    derivative = sd.differentiable(f, checkpoint=checkpoint).grad(0.9, 4)
    with mp.workdps(50):

        def exact(a):
            s = a
            for _ in range(4):
                s = mp.log1p(mp.exp(s)) * mp.sqrt(s + a)
            return s

        expected = mp.diff(exact, mp.mpf(0.9))
    assert derivative == pytest.approx(float(expected), rel=1e-13)


def test_a_branch_not_taken_lets_nothing_through():
    def f(x):
        return np.sum(np.where(x > 0.0, logarithm(x), 0.0))

    @sd.custom_rule
    def logarithm(x):
        return np.log(x)

    logarithm.vjp(lambda g, y, x: g / x)
    assert sd.grad(f)(np.array([2.0, 0.0])).tolist() == [0.5, 0.0]


def test_sizes_that_the_function_makes():
    @sd.custom_rule
    def differences(x):
        return x[1:] - x[:-1]

    @differences.vjp
    def _(g, y, x):
        out = np.zeros(len(x))
        out[1:] += g
        out[:-1] -= g
        return out

    f = lambda x: np.sum(differences(x) ** 3)
    for n in (2, 3, 5):
        assert sd.gradcheck(f, np.sin(np.arange(1.0, n + 1)))
    np.testing.assert_allclose(sd.jacobian(differences)(X), [[-1, 1, 0], [0, -1, 1]])


def test_one_array_for_two_arguments():
    @sd.custom_rule
    def product(a, b):
        return np.sum(a * b)

    @product.vjp
    def _(g, y, a, b):
        return g * b, g * a

    f = sd.grad(lambda a, b: product(a, a) + product(a, b), wrt=("a", "b"))
    da, db = f(X, X + 1.0)
    np.testing.assert_allclose(da, 2 * X + X + 1.0)
    np.testing.assert_allclose(db, X)


def test_float32():
    x = X.astype(np.float32)
    found = sd.grad(lambda x: np.sum(softplus(x)))(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, sigmoid(X), rtol=1e-6)


def test_a_new_rule_is_seen():
    @sd.custom_rule
    def double(x):
        return 2.0 * x

    f = sd.differentiable(lambda x: double(x))
    assert f(3.0) == 6.0
    with pytest.raises(sd.UnsupportedSyntaxError, match="'double' has no rule yet"):
        f.grad(3.0)
    double.vjp(lambda g, y, x: 2.0 * g)
    assert f.grad(3.0) == 2.0
    double.vjp(lambda g, y, x: 5.0 * g)
    assert f.grad(3.0) == 5.0


def test_printed():
    def f(x):
        return np.sum(softplus(x) * x)

    text = sd.differentiable(f).gradient_source(X)
    assert "softplus" not in text
    names = {"np": np}
    exec(text, names)
    np.testing.assert_allclose(names["f_grad"](X), np.logaddexp(0.0, X) + X * sigmoid(X), rtol=1e-14)


def test_it_is_the_function():
    assert softplus.__name__ == "softplus"
    assert repr(softplus) == "<custom rule of softplus(x)>"
    assert pickle.loads(pickle.dumps(softplus)) is softplus
    x = X.copy()
    assert clipped(x, 1.0) is not x


HEAD = "@sd.custom_rule\ndef f(x, k):\n    return x * k\n\n"
VJP = "@f.vjp\ndef f_vjp(g, y, x, k):\n    return "
ARRAYS, NUMBERS = (X, 2.0), (1.5, 2.0)
REFUSED = {
    "too few cotangents": (HEAD + VJP + "g * k", ARRAYS),
    "too many cotangents": (HEAD + VJP + "g * k, g * x, None", NUMBERS),
    "shape": (HEAD + VJP + "np.sum(g * k), None", ARRAYS),
    "known shape": (HEAD + VJP + "np.ones(3), None", (np.ones((1, 2)), 2.0)),
    "dtype": (HEAD + VJP + "(g * k).astype(np.float64), None", (X.astype(np.float32), np.float32(2.0))),
    "structure": (HEAD + VJP + "(g, g), None", NUMBERS),
    "no number": (HEAD + VJP + "'g', None", NUMBERS),
    "cotangent of an int": (HEAD + VJP + "g * k, 0.0", (X, np.arange(3))),
    "unknown function": (HEAD + VJP + "np.busday_count(g, g), None", NUMBERS),
    "stores": (HEAD + "@f.vjp\ndef f_vjp(g, y, x, k):\n    x[0] = 0.0\n    return g, None", ARRAYS),
    "function stores": ("@sd.custom_rule\ndef f(x, k):\n    x[0] = k\n    return x\n\n" + VJP + "g, None", ARRAYS),
    "tangent": (HEAD + "@f.jvp\ndef f_jvp(t, y, x, k):\n    return t[0][0] * k", ARRAYS),
    "no rule": (HEAD, NUMBERS),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, golden):
    source, args = REFUSED[name]
    file = f"<custom {name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    namespace = {"np": np, "sd": sd}
    exec(compile(source, file, "exec"), namespace)
    f = namespace["f"]
    with pytest.raises(sd.SymdiffError) as caught:
        sd.grad(lambda x, k: np.sum(f(x, k)))(*args)
    assert caught.value.where is not None
    text = str(caught.value).replace(file, "model.py").replace(__file__, "test.py")
    golden(f"custom_rules/{name.replace(' ', '_')}.txt", f"{source}\n----\n{_without_lines(text)}\n")


def _without_lines(text):
    """Lines of this file change."""
    first, _, rest = text.partition(": ")
    name, *_ = first.split(":")
    return f"{first if name == 'model.py' else 'test.py'}: {rest}"


def test_sizes_are_compared_when_it_runs():
    @sd.custom_rule
    def f(x, w):
        return x * np.sum(w)

    f.vjp(lambda g, y, x, w: (g * np.sum(w), w[1:] * np.sum(g * x)))
    with pytest.raises(sd.ShapeError, match=r"\(3,\).*\n.*f.vjp"):
        sd.grad(lambda x, w: np.sum(f(x, w)), wrt="w")(X, np.ones(4))


def test_what_does_not_fit_is_refused_where_it_is_written():
    with pytest.raises(TypeError, match="a fixed number of arguments"):
        sd.custom_rule(lambda *x: x)
    with pytest.raises(TypeError, match="the rule of 'softplus' does not fit the function: too many positional"):
        sd.custom_rule(softplus.function).vjp(lambda g, x: g)
    with pytest.raises(TypeError, match="which is no function"):
        sd.custom_rule(3.0)
    with pytest.raises(TypeError, match="which is no function"):
        sd.custom_rule(softplus.function).jvp(3.0)


def test_what_only_forward_mode_needs():
    with pytest.raises(sd.UnsupportedSyntaxError, match="not linear in the cotangent"):
        sd.jvp(lambda x: clipped(x, 3.0), (2.0,), (1.0,))
    shifted = sd.custom_rule(softplus.function)
    shifted.vjp(lambda g, y, x: g + 1.0)
    with pytest.raises(sd.UnsupportedSyntaxError, match="not linear in the cotangent"):
        sd.jvp(shifted, (2.0,), (1.0,))


def test_a_value_that_is_no_argument():
    @sd.custom_rule
    def f(x, function):
        return function(x)

    f.vjp(lambda g, y, x, function: (g, None))
    with pytest.raises(sd.UnsupportedSyntaxError, match="holds a function"):
        sd.grad(lambda x: f(1.0 * x, lambda y: x * y))(2.0)
