"""What the language accepts, one small program a line: the page of what is accepted shows it, and the tests run it.

Each entry is a name, a remark, and the source of a function ``f(x, a, n)`` of a float, an array and an int, which the
tests compile, run and differentiate, and compare with CPython and with differences.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LANGUAGE", "Construct"]


class Construct(NamedTuple):
    """One construct."""

    section: str
    name: str
    source: str
    note: str = ""


CONTROL, DATA, MUTATION, CALLS, EFFECTS = (
    "Control flow", "Data", "Stores and views", "Functions", "Errors and effects",
)  # fmt: skip

LANGUAGE = (
    Construct(CONTROL, "`if`, `elif`, `else`, `a if c else b`", "if x > 2:\n    return x\nreturn x * x if n else x"),
    Construct(CONTROL, "`for` over ranges", "for i in range(1, n, 2):\n    x = x * i + x\nreturn x"),
    Construct(CONTROL, "`for` over arrays, rows, tuples, lists, `enumerate`, `zip`, `reversed`",
              "s = x\nfor i, (u, v) in enumerate(zip(a, reversed(a))):\n    s += i * u * v\nreturn s"),
    Construct(CONTROL, "`while`", "while x < 50:\n    x = x * x + 1\nreturn x"),
    Construct(CONTROL, "`break`, `continue`", "s = x\nfor v in a:\n    if v < 0:\n        continue\n    s *= 1 + v\n"
              "    if s > 9:\n        break\nreturn s"),
    Construct(CONTROL, "`else` of loops", "for v in a:\n    if v > 9:\n        break\nelse:\n    x = x * 3\nreturn x"),
    Construct(CONTROL, "`return` anywhere", "for i in range(n):\n    for v in a:\n        x = x + v * v\n"
              "        if x > 4:\n            return x * i\nreturn x"),
    Construct(CONTROL, "`match`", "match n:\n    case 0 | 1:\n        return x\n    case k if k > 2:\n"
              "        return x * k\n    case _:\n        return -x", "on literals, captures, guards and sequences"),
    Construct(CONTROL, "`:=`", "if (y := x * x) > 1:\n    return y * x\nreturn y"),
    Construct(CONTROL, "`and`, `or`, `not`, chained comparisons", "return x * 2 if 0 < x < 9 and not n == 0 else x"),
    Construct(CONTROL, "names that only some paths assign", "for i in range(n):\n    last = x * i\nreturn last",
              "UnboundLocalError where there is no value"),
    Construct(CONTROL, "what is None on some paths", "best = None\nfor v in a:\n    if best is None or v * x > best:\n"
              "        best = v * x\nreturn best", "TypeError where None is computed with"),
    Construct(CONTROL, "`del`", "y = x * x\nz = y + x\ndel y\nreturn z"),
    Construct(DATA, "tuples, unpacking, `*rest`", "first, *rest = x, x * x, 2 * x\nreturn first * rest[0] + rest[-1]"),
    Construct(DATA, "lists that grow in loops", "out = []\nfor i in range(n):\n    out.append(x * i)\n"
              "return sum(out) + out[-1]", "one array with a length known at run time"),
    Construct(DATA, "arrays and lists whose length changes from trip to trip",
              "for i in range(n):\n    a = np.append(a[1:] * a[:-1], x * i)\n    a = a[:-1]\nreturn np.sum(a) + x",
              "kept in room for the longest, which must be known before the loop"),
    Construct(DATA, "comprehensions, generator expressions",
              "return sum(v * x for v in a if v > 0) + max([x * i for i in range(n)])"),
    Construct(DATA, "dicts", "d = {'u': x, 'v': x * x}\nd['w'] = d['u'] * d['v']\nreturn sum(d.values())",
              "keys are known while compiling"),
    Construct(DATA, "NamedTuples, dataclasses, objects with attributes",
              "p = Point(x, x * x)\nreturn p.norm() + p._replace(u=2.0).u",
              "as arguments, inside and as results; gradients have the same structure"),
    Construct(MUTATION, "stores by index, slice, mask and array of indices",
              "b = a.copy()\nb[0] = x\nb[1:] *= x\nb[b < 0] = -x\nb[np.array([0, 1])] += x\nreturn np.sum(b * a)"),
    Construct(MUTATION, "views: slices, rows, transposes, reshapes", "m = np.zeros((2, 3))\nrow = m[1]\n"
              "row[:] = a * x\nm.T[0] += x\nreturn np.sum(m * m)"),
    Construct(MUTATION, "`out=`, `np.add.at`", "b = np.zeros(3)\nnp.multiply(a, x, out=b)\n"
              "np.add.at(b, np.array([0, 0, 2]), x)\nreturn np.sum(b * b)"),
    Construct(MUTATION, "reads by mask", "return np.sum(a[a > 0] ** 2) * x"),
    Construct(CALLS, "helpers, nested functions, closures, `nonlocal`",
              "total = x\ndef add(v):\n    nonlocal total\n    total = total + v * x\n"
              "for v in a:\n    add(v)\nreturn total"),
    Construct(CALLS, "lambdas, `functools.partial`, functions as arguments",
              "def twice(f, v):\n    return f(f(v))\nreturn twice(lambda v: v * x, x) + partial(pow, x)(3)"),
    Construct(CALLS, "`*args`, `**kwargs`, defaults, keyword-only",
              "def g(*u, scale=2.0, **k):\n    return sum(u) * scale + k['w']\nreturn g(x, x * x, w=x)"),
    Construct(CALLS, "local imports", "from math import sin\nreturn sin(x)"),
    Construct(CALLS, "derivatives inside", "return x * sd.grad(lambda y: x * y * y)(x)",
              "grad, value_and_grad, vjp, jvp, hvp, jacobian, hessian, vmap"),
    Construct(CALLS, "random numbers", "rng = np.random.default_rng(3)\nreturn x * rng.normal(x, 0.5)",
              "NumPy's own, drawn once; location and scale are differentiated"),
    Construct(EFFECTS, "`raise`, `assert`", "assert n > 0, 'no steps'\nif x > 99:\n"
              "    raise ValueError(f'{x} is large')\nreturn x * x", "the exception reaches the caller"),
    Construct(EFFECTS, "`try`, `except`, `else`, `finally`", "try:\n    L = np.linalg.cholesky(np.diag(a * x))\n"
              "except np.linalg.LinAlgError:\n    return -x\nreturn np.sum(np.log(np.diag(L)))"),
    Construct(EFFECTS, "`with np.errstate(...)`", "with np.errstate(all='ignore'):\n    return np.sum(np.exp(a) * x)"),
    Construct(EFFECTS, "`print`, `warnings.warn`, `logging`", "print(f'{x:.2f}', end='')\nreturn x * x",
              "real values, once, in the forward sweep"),
)  # fmt: skip
