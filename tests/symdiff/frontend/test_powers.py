"""Powers and shifts of integers: the exponents that Python or NumPy do not take are refused when they are met."""

import numpy as np
import pytest

import symdiff as sd

K = np.array([2, 3])

REFUSED_BY_NUMPY = [
    (lambda k, n: k**n, (K, -2)),
    (lambda k, n: k[0] ** n, (K, -2)),
    (lambda k, n: n**k, (-K, 3)),
    (lambda k, n: np.power(k, n), (K, -3)),
    (lambda k, n: np.power(3, n), (K, -3)),
    (lambda k, n: 1 << n, (K, -1)),
    (lambda k, n: k[0] + (n >> (n - 1)), (K, 0)),
]


@pytest.mark.parametrize(("function", "args"), REFUSED_BY_NUMPY)
def test_the_error_is_that_of_cpython(function, args):
    with pytest.raises(ValueError, match="negative") as expected:
        function(*args)
    with pytest.raises(ValueError, match="negative") as found:
        sd.differentiable(function)(*args)
    assert str(expected.value) in str(found.value)


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (lambda k, n: k**n, (K, 3)),
        (lambda k, n: np.power(k, k), (K, 3)),
        (lambda k, n: k << n, (K, -1)),
        (lambda k, n: k << n, (K, 70)),
        (lambda k, n: k >> n, (K, -1)),
        (lambda k, n: -k >> n, (K, -1)),
        (lambda k, n: -k >> n, (K, 1)),
        (lambda k, n: k.astype(float) ** n, (K, -2)),
    ],
)
def test_integers_agree_with_numpy(function, args):
    np.testing.assert_array_equal(sd.differentiable(function)(*args), function(*args))


def test_a_python_int_to_a_negative_power_of_the_run_is_refused_with_what_to_write():
    f = sd.differentiable(lambda n: 2**n)
    assert f(3) == 8
    with pytest.raises(ValueError, match=r"depends on the exponent: use a float base \(2\.0\*\*n\)"):
        f(-2)
    assert sd.differentiable(lambda n: 2.0**n)(-2) == 0.25
    assert sd.differentiable(lambda n: n**-2)(-4) == 0.0625
