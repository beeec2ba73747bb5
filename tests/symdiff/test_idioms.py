"""Idioms of Python that users bring along: value against CPython, gradient against differences."""

# ruff: noqa: B007, B905, C406  (as users write)

import abc
import copy
import functools
import itertools
import math
import operator
import statistics
from dataclasses import dataclass

import numpy as np
import pytest

import symdiff as sd
from tests.oracles import central_differences, flatten


def fk(x, y):
    d = dict.fromkeys(["a", "b"], x)
    d["a"] *= y
    d |= {"c": x * y}
    return sum(d.values()) + dict([("u", x), ("v", y)])["u"] * dict(d, a=2.0)["a"]


def pairs(x):
    e = 0.0
    for a, b in itertools.combinations(range(len(x)), 2):
        e += math.exp(-((x[a] - x[b]) ** 2))
    return e


def pairs2(x):
    return sum(a * b for a, b in itertools.combinations(x, 2)) + sum(a / b for a, b in itertools.pairwise(x))


def prod(x):
    return functools.reduce(operator.mul, x) + math.prod(x) + math.fsum(x) + math.hypot(*x) + math.dist(x, [1, 2, 3])


def acc(x):
    return sum(v * v for v in itertools.accumulate(x)) + max(itertools.accumulate(x, max))


def history(x0, n):
    hist = {"x": [], "v": []}
    x, v = x0, 0.0
    for _ in range(n):
        hist["x"].append(x)
        hist["v"].append(v)
        v -= 0.1 * x
        x += 0.1 * v
    return np.sum(np.array(hist["x"]) ** 2) + max(hist["v"])


@dataclass(frozen=True)
class Params:
    a: float
    b: float = 2.0
    tags: tuple = ()

    @property
    def ratio(self):
        return self.a / self.b

    @classmethod
    def make(cls, x):
        return cls(a=x, b=x + 1)

    @staticmethod
    def clip(v):
        return min(max(v, -1.0), 1.0)

    def __add__(self, other):
        return Params(self.a + other.a, self.b + other.b)

    def scaled(self, k):
        return Params(self.a * k, self.b * k)


def uses_params(x):
    p = Params.make(x) + Params(1.0, x)
    return p.scaled(2.0).ratio * Params.clip(p.a / 10)


def strings(x, mode="a-b"):
    total = 0.0
    for part in mode.split("-"):
        if part == "a":
            total += x
        elif part.startswith("b"):
            total *= x
    print(f"{total:.3f}")
    return total


def whilewalrus(x):
    n = 0
    while (y := x / 2**n) > 0.1:
        n += 1
    return y * n


def slices(x):
    x = x[::-1][1:]
    a, *rest, b = x
    return a * b + sum(r**2 for r in rest)


def star(x, y):
    args = (x, y)
    kw = {"p": 2}

    def f(a, b, *, p=1, **k):
        return a**p + b * k.get("z", 3.0)

    return f(*args, **kw)


def stats(x):
    return statistics.mean(x) + statistics.stdev(x) + np.percentile(x, 30) + np.median(x) + np.var(x, ddof=1)


def bools(x):
    ok = [v > 0 for v in x]
    return sum(v for v, o in zip(x, ok) if o) * sum(ok) + any(ok) + (all(ok) and 3)


def tern(x):
    y = (x if x > 0 else -x) ** 0.5
    y = y or 1.0
    return y and y * 2


def lams(x):
    fs = [lambda t, k=k: t**k for k in range(1, 4)]
    return sum(f(x) for f in fs) + (lambda *a: sum(a))(x, 2 * x)


def sorting(x):
    s = sorted(x, key=lambda v: -v)
    i = max(range(len(x)), key=lambda k: x[k])
    return s[0] * 2 + s[-1] + x[i] * i + min(x, key=abs)


def enum(x, names=("u", "v", "w")):
    out = {}
    for i, (n, v) in enumerate(zip(names, x), start=1):
        out[n] = v * i
    return out["u"] * out["w"] + sum(1.0 * i for i, n in enumerate(names))


def matrixy(a):
    n = a.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = sum(L[i, k] * L[j, k] for k in range(j))
            L[i, j] = np.sqrt(a[i, i] - s) if i == j else (a[i, j] - s) / L[j, j]
    return np.log(np.diag(L)).sum()


def lu(a):
    a = a.copy()
    n = len(a)
    det = 1.0
    for k in range(n):
        piv = k + np.argmax(np.abs(a[k:, k]))
        if piv != k:
            a[[k, piv]] = a[[piv, k]]
            det = -det
        for i in range(k + 1, n):
            a[i, k:] -= a[i, k] / a[k, k] * a[k, k:]
        det *= a[k, k]
    return det


def power(a, n):
    v = np.ones(a.shape[0])
    lam = 0.0
    for _ in range(n):
        w = a @ v
        lam = np.linalg.norm(w)
        v = w / lam
    return lam


def cg(a, b):
    x = np.zeros_like(b)
    r = b - a @ x
    p = r.copy()
    rs = r @ r
    for i in range(len(b)):
        ap = a @ p
        alpha = rs / (p @ ap)
        x += alpha * p
        r -= alpha * ap
        rsn = r @ r
        if np.sqrt(rsn) < 1e-12:
            break
        p = r + rsn / rs * p
        rs = rsn
    return x @ x


def conv2d(img, k):
    h, w = img.shape
    kh, kw = k.shape
    out = np.empty((h - kh + 1, w - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = (img[i : i + kh, j : j + kw] * k).sum()
    return np.maximum(out, 0).mean()


def attention(q, k, v, mask=None):
    s = q @ k.T / np.sqrt(q.shape[-1])
    if mask is not None:
        s = np.where(mask, s, -1e9)
    s -= s.max(axis=-1, keepdims=True)
    w = np.exp(s)
    w /= w.sum(-1, keepdims=True)
    return ((w @ v) ** 2).sum()


def bspline(x, knots, c, deg):
    def B(i, k):
        if k == 0:
            return 1.0 if knots[i] <= x < knots[i + 1] else 0.0
        left = 0.0 if knots[i + k] == knots[i] else (x - knots[i]) / (knots[i + k] - knots[i]) * B(i, k - 1)
        right = (
            0.0
            if knots[i + k + 1] == knots[i + 1]
            else (knots[i + k + 1] - x) / (knots[i + k + 1] - knots[i + 1]) * B(i + 1, k - 1)
        )
        return left + right

    return sum(c[i] * B(i, deg) for i in range(len(c)))


def horner(c, x):
    r = 0
    for a in reversed(c):
        r = r * x + a
    return r


def logsum(x):
    m = max(x)
    return m + math.log(sum(math.exp(v - m) for v in x))


def viterbi(lp, trans):
    d = lp[0].copy()
    back = []
    for t in range(1, len(lp)):
        s = d[:, None] + trans
        back.append(s.argmax(axis=0))
        d = s.max(axis=0) + lp[t]
    return d.max()


def rk4(y0, k, t1, n):
    f = lambda t, y: np.array([y[1], -k * y[0] + np.sin(t)])
    y = np.array([y0, 0.0])
    t = 0.0
    h = t1 / n
    traj = [y]
    for i in range(n):
        k1 = f(t, y)
        k2 = f(t + h / 2, y + h / 2 * k1)
        k3 = f(t + h / 2, y + h / 2 * k2)
        k4 = f(t + h, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
        traj.append(y)
    return np.array(traj)[:, 0] @ np.linspace(0, 1, n + 1)


def sortd(x):
    d = {"b": x[0], "a": x[1]}
    names = sorted(d)
    items = sorted(d.items(), key=lambda kv: kv[0], reverse=True)
    return (
        d[names[0]]
        + items[0][1] * 3
        + sorted([3, 1, 2])[1] * x[2]
        + sorted(x, key=lambda v: (v - 1) ** 2, reverse=True)[0]
    )


@dataclass
class Dual:
    v: float
    d: float = 0.0

    def __add__(self, o):
        o = o if isinstance(o, Dual) else Dual(o)
        return Dual(self.v + o.v, self.d + o.d)

    __radd__ = __add__

    def __mul__(self, o):
        if not isinstance(o, Dual):
            return Dual(self.v * o, self.d * o)
        return Dual(self.v * o.v, self.v * o.d + self.d * o.v)

    __rmul__ = __mul__

    def __neg__(self):
        return Dual(-self.v, -self.d)

    def __pow__(self, n):
        return Dual(self.v**n, n * self.v ** (n - 1) * self.d)

    def __lt__(self, o):
        return self.v < o.v

    def __abs__(self):
        return self if self.v > 0 else -self

    def __len__(self):
        return 2

    def __getitem__(self, i):
        return (self.v, self.d)[i]


def dual(x):
    z = Dual(x, 1.0)
    w = 3.0 * z * z + z**3 + 2.0
    w += -z
    if z < w:
        w = w * z
    return w.d * len(w) + abs(-w)[0]


class Vec:
    def __init__(self, *xs):
        self.xs = list(xs)

    def __sub__(self, o):
        return Vec(*[a - b for a, b in zip(self.xs, o.xs)])

    def __matmul__(self, o):
        return sum(a * b for a, b in zip(self.xs, o.xs))

    def __iadd__(self, o):
        for i in range(len(self.xs)):
            self.xs[i] += o.xs[i]
        return self

    def norm(self):
        return math.sqrt(self @ self)


def vecs(x, y):
    a, b = Vec(x, y, 1.0), Vec(y, 2.0, x)
    c = a - b
    c += a
    return c.norm() * (a @ b)


class Model:
    rate = 0.5

    def __init__(self, w):
        self.w = w
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return self.forward(x) * self.rate

    def forward(self, x):
        raise NotImplementedError


class Quad(Model):
    def __init__(self, w, c):
        super().__init__(w)
        self.c = c

    def forward(self, x):
        return self.w * x * x + self.c


def inherits(w, x):
    m = Quad(w, 1.0)
    return m(x) + m(2 * x) * m.calls


class Shape(abc.ABC):
    def __init__(self, s):
        self.s = s

    @abc.abstractmethod
    def area(self): ...
    def twice(self):
        return 2 * self.area()


class Disc(Shape):
    def area(self):
        return math.pi * self.s**2


class Ring(Disc):
    def __init__(self, s, hole):
        super().__init__(s)
        self.hole = hole

    def area(self):
        return super().area() - math.pi * self.hole**2


class Thick(Ring):
    def area(self):
        return super(Ring, self).area() * 3


def shapes(s, h):
    return sum(o.twice() for o in [Disc(s), Ring(s, h), Thick(s, h)])


class A:
    def __init__(self):
        self.v = 1.0

    def f(self, x):
        return x


class B(A):
    def __init__(self):
        super().__init__()
        self.v += 1

    def f(self, x):
        return super().f(x) * 2


class C(A):
    def f(self, x):
        return super().f(x) + 3


class D(B, C):
    pass


def diamond(x):
    return D().f(x) * D().v * x


def stores_ahead_in_a_list(x):
    out = [x, 2 * x, 3 * x]
    total = 0.0
    for i, v in enumerate(out):
        out[(i + 1) % 3] = v * x
        total += v * v
    return total


def stores_ahead_in_what_it_runs_over(h):
    h = h.copy()
    total = 0.0
    for e in h:
        h = h[::-1]
        h[0] *= 1.5
        total += e
    return total


def stores_ahead_in_a_dict(x):
    found = {"a": x, "b": 2 * x, "c": 3 * x}
    total = 0.0
    for v in found.values():
        found["c"] = v * x
        total += v * v
    for k, v in found.items():
        found["b"] = v * x
        total += v * v if k != "a" else v
    values = found.values()
    found["a"] = 5 * x
    return total + sum(values)


r = np.random.default_rng(1)
S = r.normal(size=(4, 4))
S = S @ S.T + 4 * np.eye(4)
CASES = [
    (fk, (1.3, 0.7), ("x", "y")),
    (pairs, (r.normal(size=4),), "x"),
    (pairs2, (r.normal(size=4) + 3,), "x"),
    (prod, (r.normal(size=3) + 2,), "x"),
    (acc, (r.normal(size=5),), "x"),
    (history, (1.0, 12), "x0"),
    (uses_params, (1.4,), "x"),
    (strings, (1.3,), "x"),
    (whilewalrus, (3.3,), "x"),
    (slices, (r.normal(size=6),), "x"),
    (star, (1.2, 2.2), ("x", "y")),
    (stats, (list(r.normal(size=7)),), "x"),
    (bools, (list(r.normal(size=5)),), "x"),
    (bools, (r.normal(size=5),), "x"),
    (tern, (-1.7,), "x"),
    (lams, (1.7,), "x"),
    (sorting, (list(r.normal(size=5)),), "x"),
    (sorting, (r.normal(size=5),), "x"),
    (enum, (r.normal(size=3),), "x"),
    (matrixy, (S,), "a"),
    (lu, (r.normal(size=(4, 4)),), "a"),
    (power, (S, 20), "a"),
    (cg, (S, r.normal(size=4)), ("a", "b")),
    (conv2d, (r.normal(size=(6, 6)), r.normal(size=(3, 3))), ("img", "k")),
    (attention, (r.normal(size=(3, 4)), r.normal(size=(5, 4)), r.normal(size=(5, 2))), ("q", "k", "v")),
    (
        attention,
        (r.normal(size=(3, 4)), r.normal(size=(5, 4)), r.normal(size=(5, 2)), r.random((3, 5)) > 0.4),
        ("q", "k", "v"),
    ),
    (bspline, (2.3, np.arange(9.0), r.normal(size=5), 3), ("x", "c")),
    (horner, (r.normal(size=5), 1.2), ("c", "x")),
    (horner, (list(r.normal(size=5)), 1.2), ("c", "x")),
    (logsum, (r.normal(size=5),), "x"),
    (viterbi, (r.normal(size=(5, 3)), r.normal(size=(3, 3))), ("lp", "trans")),
    (rk4, (1.0, 2.0, 3.0, 20), ("y0", "k")),
]
CASES += [(sortd, (r.normal(size=4),), "x"), (dual, (1.3,), "x"), (vecs, (1.3, 0.4), ("x", "y"))]


CASES += [(stores_ahead_in_a_dict, (1.3,), "x")]
CASES += [(stores_ahead_in_a_list, (1.3,), "x"), (stores_ahead_in_what_it_runs_over, (r.normal(size=4),), "h")]
CASES += [(inherits, (0.4, 1.5), ("w", "x")), (shapes, (2.0, 0.5), ("s", "h")), (diamond, (1.3,), "x")]


@pytest.mark.parametrize(
    ("program", "arguments", "wrt"), CASES, ids=[f"{c[0].__name__}{k}" for k, c in enumerate(CASES)]
)
def test_idiom(program, arguments, wrt, monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    expected = program(*copy.deepcopy(arguments))
    value, gradient = sd.value_and_grad(program, wrt)(*arguments)
    assert value == pytest.approx(expected, rel=1e-12)
    differences = central_differences(program, arguments, (wrt,) if isinstance(wrt, str) else wrt)
    found = np.array([float(g) for g in flatten(gradient)])
    assert not np.any(np.abs(found - differences.vector) > 1e-6 * (1 + np.max(np.abs(found))))


def test_objects_that_may_have_two_names_are_not_changed():
    def renamed(x):
        a, b = Vec(x, 1.0), Vec(2 * x, x)
        w = a if x > 1 else b
        a.xs = [x * x]
        return w.xs[0]

    with pytest.raises(sd.UnsupportedSyntaxError, match="another name holds"):
        sd.grad(renamed)(1.5)
