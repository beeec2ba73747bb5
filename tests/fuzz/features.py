"""Which constructs the compiler takes now: each is probed with a tiny program, so that new ones join by themselves."""

import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import symdiff as sd
from symdiff.errors import InternalError
from tests.fuzz.load import function_of

LOOP = "def f(x, v, n):\n    s = x\n    for i in range(n):\n        "
BLOCK = "def f(x, v, n):\n    s = x\n    "

PROBES: dict[str, str] = {
    "break": LOOP + "if s > 3.0:\n            break\n        s = s * x\n    return s",
    "continue": LOOP + "if i == 1:\n            continue\n        s = s * x\n    return s",
    "loop_return": LOOP + "s = s * x\n        if s > 3.0:\n            return s * 2.0\n    return s",
    "while_break": BLOCK + "k = 0\n    while k < n:\n        k += 1\n        if s > 3.0:\n            break\n"
    "        s = s * x\n    return s",
    "for_else": LOOP
    + "if s > 3.0:\n            break\n        s = s * x\n    else:\n        s = s + 1.0\n    return s",
    "while_else": BLOCK + "k = 0\n    while k < n:\n        k += 1\n    else:\n        s = s * x\n    return s",
    "if_return": BLOCK + "if s > 0.3:\n        return s * 2.0\n    return s",
    "comprehension": BLOCK + "w = np.array([x * e for e in v])\n    return w[0]",
    "generator": BLOCK + "return sum(a * b for a, b in zip(v, v)) * x",
    "for_array": BLOCK + "for e in v:\n        s = s * e\n    return s",
    "enumerate": BLOCK + "for i, e in enumerate(v):\n        s = s * e + i\n    return s",
    "zip": BLOCK + "for a, b in zip(v, v):\n        s = s * a + b\n    return s",
    "reversed": BLOCK + "for i in reversed(range(n)):\n        s = s * x\n    return s",
    "list": BLOCK + "w = []\n    for i in range(n):\n        w.append(s * i)\n    return sum(w) + s",
    "list_index": BLOCK + "w = [s]\n    for i in range(n):\n        w.append(w[-1] * x)\n    return w[n]",
    "tuple": BLOCK + "p = (s, s * 2.0)\n    a, b = p\n    return a * p[1] + b",
    "dict": BLOCK + "d = {'a': s, 'b': s * 2.0}\n    d['a'] = d['b'] * x\n    return d['a']",
    "closure": BLOCK + "def g(y):\n        return y * s\n    return g(x) + g(2.0)",
    "nonlocal": BLOCK + "def g(y):\n        nonlocal s\n        s = s + y\n    g(x)\n    return s",
    "lambda": BLOCK + "g = lambda y: y * s\n    return g(x)",
    "recursion": "def h(y, k):\n    return y if k <= 0 else y * h(y, k - 1)\ndef f(x, v, n):\n    return h(x, n)",
    "store": "def f(x, v, n):\n    v[0] = x * 2.0\n    v[1:] *= x\n    return v[0] + v[1]",
    "store_helper": "def h(w, y):\n    w[0] += y\ndef f(x, v, n):\n    w = v * 1.0\n    h(w, x)\n    return w[0]",
    "mask_store": BLOCK + "w = v * 1.0\n    w[v > 0.0] = x\n    return w[0] + w[1]",
    "mask_read": BLOCK + "return np.sum(v[v > 0.0]) * x",
    "fancy": BLOCK + "return np.sum(v[np.array([0, 1, 0])]) * x",
    "ufunc_at": BLOCK + "w = v * 1.0\n    np.add.at(w, [0, 0], x)\n    return w[0]",
    "out": BLOCK + "w = v * 1.0\n    np.multiply(w, x, out=w)\n    return w[0]",
    "raise": BLOCK + "if s > 0.1:\n        raise ValueError('large')\n    return s",
    "assert": BLOCK + "assert s < 0.1, 'large'\n    return s",
    "try": BLOCK + "try:\n        s = s / (x - 1e6)\n    except ZeroDivisionError:\n        s = x\n    return s",
    "match": BLOCK
    + "match n:\n        case 0:\n            s = x\n        case _:\n            s = x * x\n    return s",
    "walrus": BLOCK + "if (w := s * x) > 0.1:\n        s = w\n    return s + w",
    "del": BLOCK + "w = s * x\n    s = w\n    del w\n    return s",
    "local_import": "def f(x, v, n):\n    import math\n    return math.sin(x)",
    "errstate": BLOCK + "with np.errstate(all='ignore'):\n        s = s * x\n    return s",
    "roll": BLOCK + "return np.roll(v, 1)[0] * x",
    "roll_by": BLOCK + "return np.roll(v, n)[0] * x",
    "cumsum": BLOCK + "return np.cumsum(v)[1] * x",
    "sort": BLOCK + "return np.sort(v)[1] * x",
    "diff_append": BLOCK + "return np.diff(v, append=x)[-1]",
    "unbound": BLOCK + "if x > 0.1:\n        w = x * x\n    return w",
    "star": "def h(*a):\n    return a[0] * a[1]\ndef f(x, v, n):\n    return h(x, *v[:0], x)",
    "while_true": BLOCK + "k = 0\n    while True:\n        if k >= n:\n            break\n        k += 1\n"
    "        s = s * x\n    return s",
    "rows": "def f(x, v, n):\n    m = np.outer(v, v)\n    s = x\n    for row in m:\n        row[0] = x\n"
    "        s = s * x + row[1]\n    return s + m[0, 0]",
    "literal_loop": BLOCK + "for e in (x, s, 2.0):\n        s = s * e\n    return s",
    "several": BLOCK + "def g(a, b=2.0):\n        return a * b, b\n    p, q = g(b=x, a=s)\n    return p * q",
    "list_literal": BLOCK + "w = [s, x]\n    w[0] = w[1] * 2.0\n    w[1] += w[0]\n    return w[0] * w[1]",
    "dict_loop": BLOCK + "d = {'a': x, 'b': s}\n    for k, e in d.items():\n        s = s * e\n    return s",
    "storing_closure": BLOCK + "w = v * 1.0\n    def g(y):\n        w[0] += y\n    g(x)\n    g(s)\n    return w[0]",
    "chosen_sum": BLOCK + "return sum([e * x for e in v if e > 0.0]) + s",
    "place": BLOCK + "return v[np.argmax(v)] * x",
    "guarded": BLOCK + "try:\n        if s > 0.2:\n            raise ValueError('a')\n        s = s * 2.0\n"
    "    except ValueError:\n        s = s * 3.0\n    finally:\n        s = s + x\n    return s",
    "print": BLOCK + "print('value', s) if s > 1e6 else None\n    return s",
}


BROKEN: dict[str, str] = {}  # probes that fail with what is not an error of the library


@functools.cache
def available() -> frozenset[str]:
    """The features whose probe is accepted."""
    with tempfile.TemporaryDirectory() as folder:
        return frozenset(name for name in PROBES if accepted(name, Path(folder)))


def accepted(name: str, folder: Path) -> bool:
    """Whether the compiler differentiates the probe, or raises as CPython does; what is no refusal is kept."""
    function = function_of("import math\nimport numpy as np\n\n\n" + PROBES[name] + "\n", f"probe_{name}", folder)
    compiled = sd.differentiable(function, simplify=False, cache=False)
    raised = error_of(function)
    found = error_of(compiled.grad)
    if found is not None and raised is not None and isinstance(found, type(raised)):
        return True
    if found is not None and (not isinstance(found, sd.SymdiffError) or isinstance(found, InternalError)):
        BROKEN[name] = repr(found)
    return found is None and raised is None


def error_of(function: Any) -> Exception | None:
    """What a call of a probe raises."""
    try:
        function(0.5, np.array([0.5, -0.25, 1.5]), 2)
    except Exception as error:
        return error
    return None
