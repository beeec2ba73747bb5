"""What is refused, with file, line, column, caret and hint: the texts are in tests/golden/frontend/refusals."""

# The table is data.
# ruff: noqa: E501

import numpy as np
import pytest

from symdiff.errors import SymdiffError, TypeConflictError, UnknownFunctionError, UnsupportedSyntaxError
from tests.symdiff.frontend.running import run

A = np.array([1.0, -2.0, 3.0])
HEADER = "import math, warnings\nimport numpy as np\nK = 2.0\nWEIGHTS = np.ones(3)\nITEMS = [1.0]\n\n\n"

# name: source, arguments, kind of error
REFUSED = {
    "with": ("def f(x):\n    with open('x') as file:\n        return x", (1.0,)),
    "errstate": ("def f(x):\n    with np.errstate(all='raise'):\n        return x", (1.0,)),
    "warnings filter": ("def f(x):\n    warnings.simplefilter('error')\n    return x", (1.0,)),
    "half done": ("def f(x):\n    y = 1.0\n    try:\n        y = 2.0\n        z = math.log(x)\n"
                  "    except ValueError:\n        z = y\n    return z", (1.0,)),
    "except of a number": ("def f(x):\n    try:\n        return math.log(x)\n    except 3:\n        return x", (1.0,), TypeError),
    "except star": ("def f(x):\n    try:\n        return x\n    except* ValueError:\n        x = 0.0\n    return x", (1.0,)),
    "cause": ("def f(x):\n    raise ValueError('a') from 3", (1.0,), TypeError),
    "raise": ("def f(x):\n    if x < 0:\n        raise 'negative'\n    return x", (1.0,), TypeError),
    "bare raise": ("def f(x):\n    raise", (1.0,)),
    "generator": ("def f(x):\n    yield x", (1.0,)),
    "async": ("async def f(x):\n    return x", (1.0,)),
    "class": ("def f(x):\n    class C:\n        pass\n    return x", (1.0,)),
    "pattern of a class": ("def f(x):\n    match x:\n        case float():\n            return x\n    return 0.0", (1.0,)),
    "names in alternatives": ("def f(x):\n    match (x, 1):\n        case (y, 2) | (y, 1):\n            return y\n    return 0.0", (1.0,)),
    "read after del": ("def f(x):\n    y = x\n    del y\n    return y", (1.0,), UnboundLocalError),
    "del of an item": ("def f(x):\n    d = {'a': x}\n    del d['b']\n    return x", (1.0,), KeyError),
    "del of an element": ("def f(x):\n    del x[0]\n    return x", (A,), ValueError),
    "import of nothing": ("def f(x):\n    import no_such_module\n    return x", (1.0,), ImportError),
    "poisoned trip": ("def f(x, n):\n    y, s = x, 0.0\n    for i in range(n):\n        s = s + np.sum(y)\n        y = np.ones(3) if x > 0 else x\n    return s", (1.0, 2), TypeConflictError),
    "nonlocal outside": ("def f(x):\n    def g():\n        global K\n        K = x\n    g()\n    return x", (1.0,)),
    "global": ("def f(x):\n    global K\n    K = x\n    return x", (1.0,)),
    "global augmented": ("def f(x):\n    global K\n    K += x\n    return x", (1.0,)),
    "decorated inside": ("def f(x):\n    @staticmethod\n    def g(y):\n        return y\n    return g(x)", (1.0,)),
    "complex": ("def f(x):\n    return np.floor(x * 1j)", (1.0,)),
    "negative number of points": ("def f(x):\n    return np.sum(np.fft.irfft(x, -1))", (A,), ValueError),
    "set": ("def f(x):\n    return {x}", (1.0,)),
    "f-string": ("def f(x):\n    s = f'{x}'\n    return s", (1.0,)),
    "print": ("def f(x):\n    print(x, file=open('/dev/null'))\n    return x", (1.0,), UnknownFunctionError),
    "attribute": ("def f(x):\n    x.scale = 2.0\n    return x", (A,)),
    "captured array": ("def f(x):\n    WEIGHTS[0] = 1.0\n    return x", (A,)),
    "captured list": ("def f(x):\n    ITEMS.append(1.0)\n    return x", (A,)),
    "captured item": ("def f(x):\n    ITEMS[0] = 1.0\n    return x", (A,)),
    "unknown function": ("def f(x):\n    return math.nextafter(x, 2.0)", (1.0,), UnknownFunctionError),
    "misspelt function": ("def f(x):\n    return np.polydiv(x, x)", (A,), UnknownFunctionError),
    "undefined name": ("def f(x):\n    return undefined(x)", (1.0,), NameError),
    "unbound": ("def f(x):\n    y = y + x\n    return y", (1.0,), UnboundLocalError),
    "conflict": ("def f(x):\n    if x[0] > 0:\n        y = x\n    else:\n        y = 1.0\n    return y", (A,), TypeConflictError),
    "conflict of results": ("def f(x):\n    if x[0] > 0:\n        return x\n    return 1.0", (A,), TypeConflictError),
    "none as an index": ("def f(x):\n    k = 1 if x[0] > 0 else None\n    return x[k]", (A,)),
    "none into NumPy": ("def f(x):\n    y = x[0] if x[1] > 0 else None\n    return np.array([x[0], y])", (A,), TypeError),
    "array of zero trips": ("def f(x, n):\n    s = 0\n    for i in range(n):\n        s = s + x\n    return s", (A, 2), TypeConflictError),
    "growing by its contents": ("def f(x):\n    h = np.array([x])\n    while h[-1] > 0.1:\n        h = np.append(h, h[-1] / 2)\n    return np.sum(h)", (1.0,)),
    "truth of array": ("def f(x):\n    return 1.0 if x > 0 else 2.0", (A,), ValueError),
    "masks on both paths": ("def f(x):\n    y = x[x > 0] if x[0] > 0 else x[x < 0]\n    return np.sum(y)", (A,), TypeConflictError),
    "mask of another size": ("def f(x):\n    return np.sum(x[np.array([True, False])])", (A[:, None] * np.ones(3),), ValueError),
    "out of a number": ("def f(x):\n    y = 1.0\n    np.add(x, x, out=y)\n    return y", (A,), TypeError),
    "out of integers": ("def f(x):\n    y = np.zeros(3, dtype=int)\n    np.add(x, x, out=y)\n    return y", (A,), TypeError),
    "float index": ("def f(x):\n    return x[1.0]", (A,), IndexError),
    "too many indices": ("def f(x):\n    return x[0, 1]", (A,), IndexError),
    "too many values": ("def f(x):\n    a, b = x, x, x\n    return a", (1.0,), ValueError),
    "tuple index": ("def f(x):\n    t = (x, x)\n    return t[2]", (1.0,), IndexError),
    "missing key": ("def f(x):\n    d = {'a': x}\n    return d['b']", (1.0,), KeyError),
    "half done by a helper": (
        "def f(q, x):\n    def halve(v):\n        v += v\n        return 1.0 / x\n"
        "    try:\n        y = halve(q)\n    except ZeroDivisionError:\n        y = 2.0\n    return y + q[0]",
        (A, 0.0),
    ),
    "half done by a closure": (
        "def f(x):\n    c = 1.0\n    def count():\n        nonlocal c\n        c = c + x\n        return 1.0 / x\n"
        "    try:\n        y = count()\n    except ZeroDivisionError:\n        y = 2.0\n    return y + c",
        (0.0,),
    ),
    "recursion in try": (
        "def f(x):\n    try:\n        return x if x < 1 else f(x / 2)\n    except ValueError:\n        return x",
        (3e99,),
    ),
    "missing argument": ("def f(x):\n    def g(a, b):\n        return a\n    return g(x)", (1.0,), TypeError),
    "unexpected keyword": ("def f(x):\n    def g(a):\n        return a\n    return g(x, b=1.0)", (1.0,), TypeError),
    "not callable": ("def f(x):\n    return x(1.0)", (1.0,), TypeError),
    "string arithmetic": ("def f(x):\n    return x + 'a'", (1.0,), TypeError),
    "none arithmetic": ("def f(x):\n    y = None\n    return x * y", (1.0,), TypeError),
    "range of float": ("def f(x):\n    for i in range(2.5):\n        x += i\n    return x", (1.0,), TypeError),
    "run-time axis": ("def f(x, k):\n    for i in range(k):\n        y = np.sum(x, axis=i)\n    return x", (A, 2000)),
    "out argument": ("def f(x):\n    return np.sum(x, out=x)", (A,), ValueError),
    "ambiguous store": ("def f(x):\n    y = x if x[0] > 5 else x * 2\n    y[0] = 3.0\n    return x.sum()", (A,)),
    "maybe a view": ("def f(x):\n    y = x.reshape(-1)\n    y[0] = 3.0\n    return np.sum(x)", (A[:, None] * A,)),
    "maybe a raveled view": ("def f(x):\n    y = x.ravel()\n    y[0] = 3.0\n    return np.sum(x)", (A,)),
    "copy of a transpose": ("def f(x):\n    y = np.copy(x.T)\n    y.ravel()[0] = 3.0\n    return np.sum(y)", (A[:, None] * A,)),
    "read-only view": ("def f(x):\n    d = np.diag(np.outer(x, x))\n    d[0] = 1.0\n    return x", (A,)),
    "endless": ("def f(x):\n    while True:\n        x = x + 1\n    return x", (1.0,)),
    "returned function": ("def f(x):\n    return lambda y: x", (1.0,)),
    "matrix product of scalars": ("def f(x):\n    return x @ x", (1.0,), ValueError),
    "shapes": ("def f(x):\n    return np.zeros((2, 2)) + np.ones(3)", (A,), ValueError),
    "store of floats into ints": ("def f(x):\n    y = np.zeros(3, dtype=int)\n    y[0] = x[0]\n    return y", (A,), TypeError),
    "ints in place": ("def f(x):\n    y = np.zeros(3, dtype=int)\n    y += x\n    return y", (A,), TypeError),
    "unicode column": ("def f(x):\n    größe = 'ß'; return größe + undefined", (1.0,), NameError),
}  # fmt: skip


def refusal(load, number, name):
    """The error of one entry."""
    source, args, *kind = REFUSED[name]
    module = load(HEADER + source + "\n", f"model{number}")
    with pytest.raises(kind[0] if kind else UnsupportedSyntaxError) as caught:
        run(module.f, *args)
    assert isinstance(caught.value, SymdiffError)
    assert caught.value.where is not None
    return source, str(caught.value).replace(module.__file__, "model.py")


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_reads_well(name, load, golden):
    source, text = refusal(load, 0, name)
    golden(f"frontend/refusals/{name.replace(' ', '_')}.txt", f"{source}\n----\n{text}\n")
