"""The corpus: functions that call themselves as often as run-time data say."""



import math

import numpy as np

from tests.program_model import away, positive, program


def power(x, n):
    return x * power(x, n - 1) if n > 0 else 1.0


@program({"some": lambda rng: (1.3, 5), "none": lambda rng: (1.3, 0)}, "x", "scalar recursion int", second=True)
def linear_recursion(x, n):
    return power(x, n) + power(x * x, 2)


def newton(x, guess, count):
    if count == 0:
        return guess
    return newton(x, 0.5 * (guess + x / guess), count - 1)


@program({"some": lambda rng: (2.3, 4)}, "x", "scalar recursion int", second=True)
def tail_recursion(x, n):
    return newton(x, 1.0, n)


def chebyshev(x, n):
    if n < 2:
        return x if n else 1.0
    return 2 * x * chebyshev(x, n - 1) - chebyshev(x, n - 2)


@program({"seven": lambda rng: (0.7, 7), "one": lambda rng: (0.7, 1)}, "x", "scalar recursion int", second=True)
def two_calls(x, n):
    return chebyshev(x, n) * x


def halves(x):
    if x > 1:
        y = np.sin(x)
        return y * halves(x / 2) + x
    return x * x


@program(
    {"deep": lambda rng: (37.3,), "not at all": lambda rng: (0.4,)},
    "x",
    "scalar recursion branch helper",
    second=True,
)
def recursion_while_large(x):
    return halves(x)


def bump(t):
    return t**4 * math.exp(t)


def simpson(f, ends, values, eps):
    (a, b), (fa, fm, fb) = ends, values
    m = (a + b) / 2
    fl, fr = f((a + m) / 2), f((m + b) / 2)
    once = (b - a) / 6 * (fa + 4 * fm + fb)
    twice = (b - a) / 12 * (fa + 4 * fl + 2 * fm + 4 * fr + fb)
    if abs(twice - once) < 15 * eps:
        return twice + (twice - once) / 15
    left = simpson(f, (a, m), (fa, fl, fm), eps / 2)
    return left + simpson(f, (m, b), (fm, fr, fb), eps=eps / 2)


@program(lambda rng: (1.7,), "b", "scalar recursion branch helper", second=True)
def adaptive_quadrature(b):
    return simpson(bump, (0.0, b), (bump(0.0), bump(b / 2), bump(b)), 1e-3)


def scaled(a, k, depth):
    b = a * np.cos(a) + k
    if depth <= 0:
        return b
    c = scaled(b, k * 0.5, depth - 1)
    return c * a + scaled(a - c * 0.1, k, depth - 2)


@program(lambda rng: (away(rng, 3), 3), "a", "array recursion int", second=True)
def recursion_of_arrays(a, depth):
    return np.sum(scaled(a, 0.3, depth))


def horner(c, x, i):
    if i == len(c) - 1:
        return c[i]
    return c[i] + x * horner(c, x, i + 1)


@program(lambda rng: (positive(rng, 6), 0.7), ("c", "x"), "array recursion index", second=True)
def recursion_over_an_array(c, x):
    return horner(c, x, 0)


def tree_sum(a, low, high):
    if high - low == 1:
        return a[low] ** 2
    middle = (low + high) // 2
    return math.sin(tree_sum(a, low, middle)) + 2 * tree_sum(a, middle, high)


@program(lambda rng: (positive(rng, 7),), "a", "array recursion index", second=True)
def halving_by_places(a):
    return tree_sum(a, 0, len(a))


@program(lambda rng: (1.4, 4), "x", "scalar recursion closure int", second=True)
def recursive_closure(x, n):
    def walk(v, k):
        if k == 0:
            return v
        w = walk(v * x, k - 1)
        return w + v / w

    return walk(1.0, n)


@program(lambda rng: (positive(rng, 3), 3), "x", "array recursion loop int", second=True)
def recursion_in_a_loop(x, n):
    total = 0.0
    for v in x:
        total += power(v, n) * total + v
    return total


def pair_of(x, n):
    if n == 0:
        return 1.0, x
    a, b = pair_of(x, n - 1)
    return b, a + x * b


@program(lambda rng: (0.8, 5), "x", "scalar recursion int", second=True)
def recursion_that_returns_pairs(x, n):
    a, b = pair_of(x, n)
    return a * b


def searches(x, n):
    if n > 0 and searches(x / 2, n - 1) * x > 0.2:
        return x * x + searches(x - 0.5, n - 2)
    return math.exp(x)


@program({"a": lambda rng: (1.4, 4), "b": lambda rng: (-0.7, 3)}, "x", "scalar recursion logic int", second=True)
def recursion_in_a_condition(x, n):
    return searches(x, n)


def nested(x, n):
    s = x
    for i in range(n):
        s = s * 0.5 + i
    if n <= 0:
        return s
    return nested(nested(s * 0.1, n - 1), n - 2) + (nested(s, 0) if s > 1 else s * x)


@program(lambda rng: (1.4, 4), "x", "scalar recursion loop int", second=True)
def call_in_an_argument(x, n):
    return nested(x, n)


def rising(x, n):
    return x if n < 1 else x * falling(x * 0.9, n - 1) + n


def falling(x, n):
    s = 1.0
    while n > 0:
        n -= 1
        s = s * rising(x, n - 1) + x
    return s


@program(
    {"some": lambda rng: (0.8, 4), "none": lambda rng: (0.8, 0)}, "x", "scalar recursion loop int helper", second=True
)
def functions_that_call_each_other(x, n):
    return rising(x, n)


class Forest:
    """A tree in arrays: the children of a node lie side by side."""

    def __init__(self):
        self.first = np.array([1, 3, 5, 6, 6, 6])
        self.last = np.array([3, 5, 6, 6, 6, 6])

    def value(self, w, i):
        s = w[i]
        for c in range(self.first[i], self.last[i]):
            s = s + math.sin(w[i]) * self.value(w, c) ** 2
        return s


FOREST = Forest()


@program(lambda rng: (positive(rng, 6), 0), "w", "array recursion loop method index", second=True)
def tree_of_arrays(w, i):
    return FOREST.value(w, i)


def parenthesised(a, low, high):
    if high - low == 1:
        return a[low]
    return sum(parenthesised(a, low, k) * parenthesised(a, k, high) for k in range(low + 1, high))


@program(lambda rng: (positive(rng, 4),), "a", "array recursion loop builtin index", second=True)
def sum_over_all_splits(a):
    return parenthesised(a, 0, len(a))


def spread(x, n):
    a = np.zeros(3) + x
    for i in range(3):
        if n > i:
            a[i] += np.sum(spread(x * (i + 1) * 0.3, n - i - 1)) * a[0]
    return a


@program(lambda rng: (0.7, 3), "x", "array recursion loop store int", second=True)
def arrays_that_recursion_fills(x, n):
    return np.sum(spread(x, n) ** 2)


def search(x, low, high):
    for part in (0.25, 0.5, 0.75):
        middle = low + (high - low) * part
        if high - low < 0.3:
            return middle * x
        if middle * middle > x:
            return search(x, low, middle) + middle * 0.1
    return search(x, low + (high - low) * 0.5, high) * x


@program(lambda rng: (1.7,), "x", "scalar recursion loop return helper", second=True)
def recursion_that_leaves_a_loop(x):
    return search(x, 0.0, 2.0)
