"""The corpus: failures, prints and warnings."""



import math

import numpy as np

from tests.program_model import definite, positive, program


class ModelError(Exception):
    """A model's own exception."""


# -- raise, not taken --------------------------------------------------------------------------------------------------


@program({"usual": lambda rng: (2.5,)}, "x", "scalar branch effect", second=True)
def effect_guarded_logarithm(x):
    if x <= 0:
        raise ValueError(f"logarithm of {x}")
    return math.log(x) * x


@program({"low": lambda rng: (0.5,), "high": lambda rng: (2.5,)}, "x", "scalar branch effect")
def effect_three_ways(x):
    if x < 0:
        raise ValueError("negative")
    elif x < 1:
        y = x * x
    else:
        y = 2 * x - 1
    return y * math.sin(x)


@program({"large": lambda rng: (1.5,), "small": lambda rng: (-1.25,)}, "x", "scalar branch effect")
def effect_raise_in_else(x):
    if x > 1:
        y = math.exp(x)
    elif x < -1:
        y = math.exp(-x)
    else:
        raise ModelError("too near zero", x)
    return y / x


@program({"n4": lambda rng: (positive(rng, 4),)}, "v", "array branch effect reduction")
def effect_guarded_array(v):
    if np.any(v <= 0):
        raise ValueError("all entries must be positive")
    return np.sum(np.log(v) * v)


@program({"n5": lambda rng: (positive(rng, 5), 9.0), "zero": lambda rng: (np.zeros(0), 1.0)}, ("v", "limit"),
         "array loop branch effect carried zero-trip size-0")  # fmt: skip
def effect_raise_in_loop(v, limit):
    total = limit
    for i in range(len(v)):
        if total > 1e6:
            raise OverflowError(f"too much at {i}: {total:.3e}")
        total = total * v[i] + math.sin(limit)
    return total


@program({"fast": lambda rng: (7.0,)}, "a", "scalar while loop branch effect carried")
def effect_newton_with_limit(a):
    x, k = a, 0
    while abs(x * x - a) > 1e-13 * a:
        x = 0.5 * (x + a / x)
        k += 1
        if k > 50:
            raise RuntimeError("no convergence after", k)
    return x


def checked_ratio(a, b):
    if b == 0:
        raise ZeroDivisionError("the scale is zero")
    return a / b


@program({"usual": lambda rng: (1.5, 2.5)}, ("a", "b"), "scalar helper branch effect", second=True)
def effect_helper_that_raises(a, b):
    return checked_ratio(a * a, b) + checked_ratio(b, a)


def refuse(message):
    raise ModelError(message)


@program({"usual": lambda rng: (1.5,)}, "x", "scalar helper branch effect")
def effect_helper_that_always_raises(x):
    weight = None
    if x > 0:
        weight = math.sqrt(x)
    else:
        refuse("x must be positive")
    return weight * x


@program({"early": lambda rng: (0.5,), "late": lambda rng: (1.5,)}, "x", "scalar return branch effect")
def effect_return_or_raise(x):
    if x < 1:
        return x**3
    if x < 2:
        return math.cos(x)
    raise ModelError("out of range", x)


@program({"n3": lambda rng: (positive(rng, 3),)}, "v", "array store loop branch effect")
def effect_raise_between_stores(v):
    w = np.zeros(len(v))
    for i in range(len(v)):
        if v[i] < 0:
            raise ValueError(i)
        w[i] = np.sqrt(v[i])
        if w[i] > 100:
            raise ValueError("large root", w[i])
    return np.sum(w * v)


@program({"three": lambda rng: (definite(rng, 3), rng.normal(size=3))}, ("A", "b"), "array linalg branch effect")
def effect_checked_system(A, b):
    if A.shape[0] != A.shape[1]:
        raise np.linalg.LinAlgError("the matrix is not square")
    if np.linalg.det(A) <= 0:
        raise np.linalg.LinAlgError(f"determinant {np.linalg.det(A):g}")
    return b @ np.linalg.solve(A, b)


@program({"usual": lambda rng: (0.75, 3)}, "x", "scalar loop nested ragged branch effect")
def effect_raise_in_nested_loops(x, n):
    total = 0.0
    for i in range(n):
        for j in range(i + 1):
            if i + j > 10:
                raise IndexError(f"{i}, {j}")
            total += math.sin(x * i + j)
        if total > 100 * x:
            raise ValueError(total)
    return total


@program({"usual": lambda rng: (1.25,)}, "x", "scalar branch effect logic")
def effect_conditions_joined(x):
    if not (0 < x < 10) or x == 7:
        raise ValueError(f"{x!r} is outside of (0, 10)")
    return x**2.5


# -- assert ------------------------------------------------------------------------------------------------------------


@program({"usual": lambda rng: (1.5,)}, "x", "scalar effect", second=True)
def effect_assert(x):
    assert x > 0
    y = x * x
    assert y < 100, f"{y} is too large"
    return math.exp(-y)


@program({"n4": lambda rng: (rng.normal(size=4), rng.normal(size=4))}, ("a", "b"), "array effect")
def effect_assert_shapes(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    assert a.ndim == 1
    return np.sum(a * b**2)


@program({"n3": lambda rng: (positive(rng, 3),)}, "w", "array loop effect")
def effect_assert_in_loop(w):
    total = 1.0
    for k in range(len(w)):
        assert np.isfinite(total), f"not finite in trip {k}"
        total *= w[k] + 1.0 / w[k]
    return total


@program({"usual": lambda rng: (rng.normal(size=(2, 3)),)}, "A", "array effect reduction")
def effect_assert_of_a_result(A):
    s = np.exp(A).sum(axis=1)
    assert np.all(s > 0), "sums of exponentials are positive"
    return np.sum(np.log(s))


# -- print and the like ------------------------------------------------------------------------------------------------


@program({"usual": lambda rng: (1.5,)}, "x", "scalar effect", second=True)
def effect_print(x):
    print("x =", x)
    y = math.sin(x)
    print(f"y = {y:.6f}", end="\n\n")
    return y * y


@program({"n3": lambda rng: (rng.normal(size=3),), "zero": lambda rng: (np.zeros(0),)}, "v",
         "array loop effect zero-trip size-0 carried")  # fmt: skip
def effect_print_in_loop(v):
    total = 1.0
    for i in range(len(v)):
        total = total * np.cos(v[i])
        print(f"trip {i:d}: {total:g}")
    return total


@program({"plus": lambda rng: (np.array([0.5, 1.5, 2.0, -1.0]),),
          "minus": lambda rng: (np.array([1.0, -0.5, 2.0, 3.0]),)}, "v",
         "array store branch effect")  # fmt: skip
def effect_print_between_stores(v):
    w = v.copy()
    print(w)
    w[0] = w[1] * w[2]
    print(w, w.shape, f"{w[0]:.3f}")
    if w[0] > 0:
        print("positive")
        w = w * 2
    else:
        w[3] = w[0]
    return np.sum(w**2)


# -- try ---------------------------------------------------------------------------------------------------------------


@program({"definite": lambda rng: (definite(rng, 3), rng.normal(size=3))}, ("K", "r"), "array linalg effect return")
def effect_try_cholesky(K, r):
    try:
        L = np.linalg.cholesky(K)
    except np.linalg.LinAlgError:
        raise ModelError("the covariance is not positive definite") from None
    z = np.linalg.solve(L, r)
    return -0.5 * np.sum(z * z) - np.sum(np.log(np.diag(L)))


@program({"inside": lambda rng: (2.5,), "outside": lambda rng: (-1.5,)}, "x", "scalar effect", second=True)
def effect_try_logarithm(x):
    try:
        y = math.log(x)
    except ValueError:
        y = 3.0 * x
    return y * y


@program({"usual": lambda rng: (3.0, 2.0), "null": lambda rng: (3.0, 0.0)}, "x", "scalar effect return")
def effect_try_division(x, y):
    try:
        return x * x / y
    except ZeroDivisionError:
        return 2 * x**3


@program({"low": lambda rng: (0.5,), "middle": lambda rng: (1.5,), "high": lambda rng: (2.5,)}, "x",
         "scalar branch effect")  # fmt: skip
def effect_try_own_exceptions(x):
    try:
        if x > 2:
            raise ModelError("large")
        if x > 1:
            raise KeyError(x)
        y = math.sin(x)
    except ModelError:
        y = x**2
    except (KeyError, IndexError):
        y = x**3
    else:
        y = y * x
    return y


@program({"mixed": lambda rng: (np.array([0.5, -1.5, 2.5]),), "zero": lambda rng: (np.zeros(0),)}, "v",
         "array loop effect zero-trip size-0")  # fmt: skip
def effect_try_in_loop(v):
    total = 0.0
    for i in range(len(v)):
        try:
            y = math.log(v[i])
        except ValueError:
            y = v[i] * 2
        total += y * y * (i + 1)
    return total


@program({"good": lambda rng: (np.array([0.5, 1.5, 2.5]),), "bad": lambda rng: (np.array([0.5, -1.5, 2.5]),)}, "v",
         "array loop branch effect")  # fmt: skip
def effect_try_around_loop(v):
    try:
        total = 0.0
        for i in range(len(v)):
            if v[i] < 0:
                raise ValueError("negative")
            total += math.sqrt(v[i])
    except ValueError:
        total = np.sum(v**2)
    return total


@program({"inside": lambda rng: (rng.normal(size=3), 1), "outside": lambda rng: (rng.normal(size=3), 3)}, "v",
         "array index effect int")  # fmt: skip
def effect_try_index(v, i):
    try:
        x = v[i]
    except IndexError:
        x = v[-1] * 3
    finally:
        print("looked up", i)
    return x * x
