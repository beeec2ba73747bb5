"""Small functions, one for each thing people write: the graph computes what CPython does, and fails where it fails."""

# The functions are data, written as people write them.
# ruff: noqa: B007, B023, B905, E741, F821, F841, RUF007, RUF059, SIM108

import functools
import math

import numpy as np
import pytest

from tests.symdiff.frontend.running import check

A = np.array([1.0, -2.0, 3.0])
M = np.arange(6.0).reshape(2, 3) + 1
G = 2.5
GA = np.array([1.0, 2.0, 3.0])
GL = [1.0, 2.0, 3.0]
GD = {"k": 2.0, "a": GA}
GI = 1
GB = True
EXAMPLES = []


class Linear:
    """An object with attributes, methods and a property."""

    def __init__(self):
        self.w = np.ones(3)
        self.n = 2

    def f(self, x):
        return x @ self.w * self.n * self.twice

    @property
    def twice(self):
        return 2 * self.n


OBJECT = Linear()


def t(*args, **kwargs):
    """Register a function with arguments to call it with."""

    def register(function):
        EXAMPLES.append((function, args, kwargs))
        return function

    return register


@t(1.0)
def div0(x):
    return 1 / (x - 1)


@t(-1.0)
def mlog(x):
    return math.log(x)


@t(0.0)
def shadow(x):
    def sin(y):
        return y + 1

    return sin(x)


@t(3)
def intpow(n):
    return 2**n


@t(3)
def intdiv(n):
    return n / 2, n // 2, n % 2, -n // 2


@t(2.5)
def intconv(x):
    return int(x) * x, float(3), bool(x), round(x), int(-x)


@t(1.0, 5)
@t(1.0, 0)
def while_count(x, n):
    i = 0
    while i < n and x < 100:
        x = x * 2
        i += 1
    return x, i


@t(A)
def augm(x):
    x += 1
    x *= 2
    return x.sum()


@t(A)
def storearg(x):
    x[0] = 5.0
    return None


@t(A)
def alias_arg(x):
    y = x
    y[1] = 7
    return x * 1


@t(A, A)
def joinalias(x, z):
    if x[0] > 0:
        y = x
    else:
        y = z
    return y.sum()


@t(A)
def viewstore(x):
    y = x.copy()
    v = y[1:]
    v[0] = 9.0
    return y, v


@t(M)
def tstore(m):
    m = m.copy()
    t_ = m.T
    t_[0, 1] = 100.0
    return m


@t(M)
def reshstore(m):
    z = np.zeros((2, 3))
    r = z.reshape(3, 2)
    r[0] = 1.0
    return z + m


@t(A, 3)
@t(A, 0)
def nonearr(x, n):
    prev = None
    tot = 0.0
    for i in range(n):
        if prev is not None:
            tot = tot + np.sum(prev * x)
        prev = x * i
    return tot


@t(A, 3)
@t(A, 0)
def peel2(x, n):
    s = 0
    for i in range(n):
        s = s + x
    y = s * 2
    return np.sum(y) + 1


@t(A)
def zipl(x):
    tot = 0.0
    for a, b in zip(x, x[1:]):
        tot += a * b
    return tot


@t(A)
def enum(x):
    tot = 0.0
    for i, a in enumerate(x, 1):
        tot += i * a
    return tot


@t(A)
def rev(x):
    tot = 0.0
    for a in reversed(x):
        tot = tot * 0.5 + a
    for i in reversed(range(3)):
        tot = tot * 2 + i
    return tot


@t([1.0, 2.0], {"a": 3.0, "b": (4.0, A)})
def struct(items, d):
    return items[0] * d["a"] + d["b"][0], {"q": d["b"][1] * 2}, [items[1]]


@t(2.0, None)
@t(2.0, 3.0)
def optional(x, y=None):
    if y is None:
        y = x
    return x * y


@t(2.0, "square")
@t(2.0, "cube")
def mode(x, kind="square"):
    if kind == "square":
        return x * x
    elif kind in ("cube",):
        return x**3
    return x


@t(A)
def lst(x):
    out = []
    for k in range(3):
        out.append(x[k] * k)
    return sum(out)


@t(A)
def comp(x):
    return sum([a * a for a in (x[0], x[1])]) + sum(v for v in (1.0, 2.0) if v > 1)


@t(0.5)
def boolops(x):
    a = x > 0 and x < 1
    b = x or 3.0
    c = not x
    return a, b, c, 0 < x <= 0.5, (x > 1 or x < 0)


@t(5)
def loopvar(n):
    for i in range(3):
        y = i * 2
    return i, y


@t(A)
def maxmin(x):
    return max(x[0], x[1], 2), min(3, x[2]), max([1.0, x[0]]), max(x), min(x), abs(x[1])


@t(A)
def chained(x):
    a = b = x * 1
    a[0] = 10.0
    return b


@t(A)
def swap(x):
    a, b = x * 1, x * 2
    for _ in range(3):
        a, b = b, a + b
    return a, b


@t(M)
def rows(m):
    t_ = 0.0
    for r in m:
        r2 = r * 2
        t_ += r2[0] * r2[-1]
    return t_


@t(M)
def rowstore(m):
    m = m.copy()
    for r in m:
        r[0] = 0.0
        r *= 2
    return m


@t(M)
def nestidx(m):
    m = m * 1.0
    for i in range(2):
        for j in range(3):
            m[i][j] += i * j
    return m[-1, -1], m[:, ::-1], m[..., None].shape, m[[0, 1], [1, 2]]


@t(A, 1)
def negidx(x, i):
    return x[-i], x[i - 3], x[i:], x[:-i], x[::-i]


@t(A, 7)
def oob(x, i):
    return x[i]


@t(A)
def attrs(x):
    return x.shape[0], x.size, x.ndim, len(x), x.T.shape


@t(A)
def meths(x):
    return (
        x.sum(),
        x.mean(),
        x.max(),
        x.min(),
        x.dot(x),
        x.reshape(3, 1).sum(axis=0),
        x.copy(),
        x.flatten(),
        x.astype(np.float32),
        x.std(),
        x.clip(-1, 1),
        x.argmax(),
        x.var(ddof=1),
    )


@t(A)
def npf(x):
    return (
        np.where(x > 0, x, 0.0),
        np.clip(x, None, 1.0),
        np.maximum(x, 0),
        np.concatenate([x, x]),
        np.stack((x, x), axis=1),
        np.vstack([x, x]),
        np.hstack([x, [1.0, 2.0]]),
        np.outer(x, x),
        np.eye(3) @ x,
        np.arange(3) * x,
        np.linspace(0, 1, 3),
        np.zeros_like(x),
        np.full(3, x[0]),
        np.array([x[0], 1]),
        np.array([[1, 2], [3, 4]]),
        np.asarray(x),
        np.diag(x),
        np.diag(np.outer(x, x)),
        np.squeeze(x[None, :], 0),
        np.ravel(x),
        np.finfo(float).eps,
        np.pi,
        x.dtype == np.float64,
        np.linalg.norm(x),
        np.isnan(x).any(),
    )


@t(M)
def linalg(m):
    a = m @ m.T + np.eye(2)
    sgn, ld = np.linalg.slogdet(a)
    return np.linalg.inv(a), np.linalg.solve(a, np.ones(2)), np.linalg.det(a), ld, np.linalg.cholesky(a), np.trace(a)


@t(1.5)
def part(x):
    f = functools.partial(lambda a, b, c=1.0: a * b + c, x)
    return f(2.0, c=3.0)


@t(1.5)
def varargs(x):
    def g(*a, **k):
        return a[0] + a[1] * k["z"]

    l = (x, 2.0)
    return g(*l, z=3.0), g(x, x, **{"z": x})


@t(1.5)
def recursive_static(x):
    def p(k):
        return 1.0 if k == 0 else x * p(k - 1)

    return p(4)


@t(2)
def unrolled(n):
    ws = (np.ones((2, 3)), np.ones((3, 2)))
    h = np.ones(2)
    for i in range(2):
        h = h @ ws[i]
    return h


@t(A)
def kwonly(x, *, k=2.0):
    return x * k


@t(True, 1.0)
@t(False, 1.0)
def flag(b, x):
    return x if b else -x


@t(A)
def maskstore(x):
    y = x.copy()
    y[y < 0] = 0.0
    return y


@t(0)
def zerodivint(n):
    return 1 // n


@t(A)
def truth(x):
    return 1.0 if x else 2.0


@t(3, 2)
def reshape_dyn(n, m):
    return np.zeros((n, m)).reshape(-1).shape, np.arange(n * m).reshape(n, -1)


@t(2.0)
def unpackbad(x):
    a, b = (x, x, x)
    return a


@t(A)
def unparr(x):
    a, b, c = x
    return a * b * c


@t(A)
def starred(x):
    a, *b = (x[0], x[1], x[2])
    return b[1]


@t(A)
def f32(x):
    y = x.astype(np.float32)
    acc = 0.0
    for v in y:
        acc = acc + v
    return acc, y * 2.5, y + x


@t(3)
def intsum(n):
    t_ = 0
    for i in range(n):
        t_ += i
    return t_


@t(4)
def fact(n):
    r = 1
    for i in range(1, n + 1):
        r *= i
    return r


@t(2.0)
def negz(x):
    return -0.0 * x, -0


@t(A)
def inner_branch(x):
    y = np.zeros(3)
    for i in range(3):
        if x[i] > 0:
            y[i] = x[i]
            if x[i] > 2:
                y[i] += 1
                k = i
        else:
            y[i] = -1
    return y


@t(3.0)
@t(-3.0)
def earlyret(x):
    if x > 0:
        y = x * 2
        if y > 5:
            return y
    else:
        y = -x
    return y + 1


@t(A)
def dimbranch(x):
    if x[0] > 0:
        y = x[1:] * 2
    else:
        y = x[:-1] + 1
    return y.sum()


@t(A)
def whilearr(x):
    y = x.copy()
    while np.sum(y * y) > 0.1:
        y = y * 0.5
    return y


@t(5)
def emptylist(n):
    xs = [float(k) for k in range(4)]
    return np.array(xs) * n, len(xs)


@t(2.0)
def mathf(x):
    return (
        math.floor(x),
        math.ceil(x + 0.5),
        math.pi * x,
        math.pow(x, 3),
        math.fsum is None,
        math.hypot(x, 1.0),
        math.inf > x,
        math.isnan(x),
        math.atan2(x, 1),
        math.degrees(x),
    )


@t(A)
def glob(x):
    return x * G + GA + np.sum(GL) + GL[1] * GD["k"] + GD["a"], x.sum(axis=GI - 1), x if GB else None


@t(M)
def globaxis(m):
    return m.sum(axis=GI), m[GI]


@t(1.0)
def unknownname(x):
    return foo(x)


@t(A)
def badidx(x):
    return x[1.0]


@t(A)
def badidx2(x):
    return x[0, 1]


@t(A)
def badshape(x):
    return x + np.zeros((2, 2))


@t(A)
def badmm(x):
    return np.ones((2, 2)) @ np.ones((3, 3))


@t(A)
def attrnone(x):
    return x.foo


@t(1.0)
def pyattr(x):
    return x.shape


@t(1.0)
def callnum(x):
    return x(1)


@t(1.0)
def wrongargs(x):
    def g(a, b):
        return a

    return g(x)


@t(1.0)
def wrongkw(x):
    def g(a):
        return a

    return g(x, b=1)


@t(1.0)
def strnum(x):
    return x + "a"


@t(1.0)
def nonearith(x):
    y = None
    return x + y


@t(A)
def rangefloat(x):
    for i in range(2.5):
        pass


@t(1.0)
def rais2(x, k="a"):
    if k != "a":
        raise ValueError("a")
    return x


@t(A)
def unrollarr(x):
    tot = 0.0
    for k in range(3):
        tot = tot + x[k:].sum()
    return tot


@t(A, OBJECT)
def objarg(x, o):
    return o.f(x) + o.n


@t(A)
def minloop(x):
    best = math.inf
    arg = -1
    for i in range(len(x)):
        if x[i] < best:
            best = x[i]
            arg = i
    return best, arg


@t(A)
def dictloop(x):
    d = {"a": x[0], "b": x[1]}
    t_ = 0.0
    for k_, v in d.items():
        t_ += v
    d["c"] = t_
    return d


@t(A)
def tupcar(x):
    st = (x[0], 0)
    for i in range(4):
        st = (st[0] * 2, st[1] + 1)
    return st


@t(A)
def listmut(x):
    l = [0.0, x[0]]
    for i in range(4):
        l[0] = l[0] + l[1]
        l[1] *= 0.5
    return l


@t(A, 3)
def listmutn(x, n):
    l = [0, x[0]]
    for i in range(n):
        l[0] = l[0] + l[1]
        l[1] *= 0.5
    return l


@t(3.0)
def lamdef(x):
    fs_ = [lambda y, k=k: y * k for k in range(3)]
    return sum(f(x) for f in fs_)


@t(0.5)
def cond_side(x):
    return (1 / x if x else 0.0) + (x and 1 / x)


@t(0.0)
def cond_side0(x):
    return (1 / x if x else 0.0) + (x and 1 / x)


@t(A)
def fancy(x):
    i = np.array([0, 2])
    return x[i], x[[0, 1]], x[np.arange(2)]


@t(A)
def addat(x):
    y = np.zeros(3)
    y[np.array([0, 0])] += 1.0
    return y


@t(np.float64(0.0))
def npdiv(x):
    return 1 / x


@t(True)
def boolar(b):
    return b + 1, b * 2.5, -b


@t(A)
def whilenest(x):
    n = 0
    for i in range(3):
        j = 0
        while j < i and x[j] > -5:
            j += 1
            n += j
    return n


@t(A)
def sq(x):
    return np.squeeze(x[None]), np.expand_dims(x, 1), x[::2], x[-1:], x[5:], x[:-1][1:]


@t(M)
def swp(m):
    return (
        np.swapaxes(m, 0, 1),
        np.moveaxis(m, 0, 1),
        m.transpose(1, 0),
        np.flip(m),
        np.atleast_2d(m[0]),
        np.append(m[0], 3.0),
        m.ravel(),
        m.swapaxes(0, 1),
    )


@t(A)
def retself(x):
    return x, x


@t(A)
def starargs(*xs):
    return xs[0] * 2


@t(A)
def peelunb(x):
    for i in range(3):
        if i > 0:
            tot = tot + x
        else:
            tot = x * 1
    return tot


@t(A, 0)
def whilezero(x, n):
    y = None
    while n > 0:
        y = x if y is None else y + x
        n -= 1
    return 0.0 if y is None else np.sum(y)


@t(A, 3)
def whilezero3(x, n):
    y = None
    while n > 0:
        y = x if y is None else y + x
        n -= 1
    return 0.0 if y is None else np.sum(y)


@t(A)
def closure_late(x):
    k = 1.0

    def g(y):
        return y * k

    k = 2.0
    return g(x)


@t(A)
def closure_loop(x):
    k = 1.0

    def g(y):
        return y * k

    for i in range(3):
        k = k * 2
    return g(x)


@t(A)
def closure_in_loop(x):
    tot = 0.0
    for i in range(3):

        def g(y):
            return y * i

        tot = tot + g(x)
    return tot


@t(A)
def modhelper(x):
    def put(a, i, v):
        a[i] = v

    y = np.zeros(3)
    for i in range(3):
        put(y, i, x[i] * 2)
    put(x, 0, 3.0)
    return y


@t(A)
def aliascarry2(x):
    a = x * 1
    b = a
    for i in range(3):
        a = a + 1
        b[i] = 5
    return a, b


@t(A)
def aliascarry3(x):
    a = x * 1
    b = a
    for i in range(3):
        a += 1
        b = a
    return a, b


@t(A)
def carryview(x):
    y = x * 1
    v = y[:2]
    for i in range(2):
        v = v * 2
        y[0] = 9
    return v, y


@t(A)
def carryview2(x):
    y = x * 1
    v = y[:2]
    for i in range(2):
        v[0] = i
    return v, y


@t(A)
def bufs(x):
    cur = x.copy()
    nxt = np.empty_like(x)
    for k in range(4):
        for i in range(3):
            nxt[i] = cur[i - 1] * 0.5 + k
        cur, nxt = nxt, cur
    return cur


@t(A)
def retbranch(x):
    if x[0] > 0:
        if x[1] > 0:
            return 1.0
        z = 2.0
    else:
        z = 3.0
    return z * x[2]


@t(A)
def whilecond(x):
    i = 0
    while i < len(x) and x[i] != 3.0:
        i += 1
    return i


@t(3.0)
def cmpx(x):
    return 1 < x <= 3 != 4, x == 3, x in (1, 3.0), x is None, not x > 1


@t(A)
def unaryarr(x):
    return -x, ~(x > 0), (x > 0) & (x < 2), +x


@t(A)
def sliceassign(x):
    y = np.zeros((3, 3))
    y[1] = x
    y[:, 0] = x
    y[0, 1:] = 2.0
    y[..., 2] += x
    y[np.array([0, 1]), np.array([1, 2])] = 7.0
    y[None, 0] = 1.0
    return y


@t(A)
def badslice(x):
    y = np.zeros(2)
    y[:] = x
    return y


@t(A)
def badop(x):
    return x @ 2.0


@t([np.ones((2, 3)), np.ones((3, 1))], np.ones(2))
def mlp(ws, h):
    for i in range(len(ws)):
        h = np.tanh(h @ ws[i])
    for w in ws:
        h = h + w.sum()
    return h


@t(A)
def redo(x):
    def h(v):
        if v > 0:
            return v
        return -v

    return sum([h(x[i]) for i in range(3)])


@t(A)
def tern(x):
    return (x if x.ndim == 1 else x[0]).sum()


t(A)(OBJECT.f)
t(A)(np.sin)
t(3.0)(functools.partial(lambda a, b: a * b, 2.0))
t(1.0, 2.0, q=3.0)(lambda x, *a, **kw: x + a[0] + kw["q"])


@pytest.mark.parametrize(
    ("function", "args", "kwargs"), EXAMPLES, ids=[getattr(e[0], "__name__", "partial") for e in EXAMPLES]
)
def test_graph_agrees_with_cpython(function, args, kwargs):
    check(function, *args, **kwargs)
