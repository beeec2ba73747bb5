"""Random small programs with aliases, views, stores, branches and loops, for the front end."""

import random


class Writer:
    """Writes statements."""

    def __init__(s, r):
        s.r = r
        s.depth = 0
        s.n = 0

    def scal(s):
        r = s.r
        return r.choice(
            [
                "s",
                "t",
                "0.5",
                "x[0]",
                "y[1]",
                "a[2]",
                "b[i%3]" if s.inloop else "b[0]",
                "float(k)",
                "np.sum(a)",
                "c[-1]",
                "s*0.5",
                "t+1",
                "k",
            ]
        )

    def arr(s):
        r = s.r
        return r.choice(
            [
                "a",
                "b",
                "c",
                "x",
                "y",
                "a+b",
                "a*0.5",
                "b.copy()",
                "np.zeros(3)",
                "c-x",
                "np.tanh(b)",
                "a[::-1]",
                "(a+b)*0.25",
                "a.reshape(3)",
                "m[0]",
                "m[1]*1",
            ]
        )

    def name(s):
        return s.r.choice("abc")

    def cond(s):
        r = s.r
        return r.choice(
            ["s>0", "t<s", "k%2==0", "a[0]>b[1]", "s>0 and t>0", "not t>1", "0<s<2", "x[1]>0 or s>1", "k>1", "True"]
        )

    def stmt(s, d, inl):
        s.inloop = inl
        r = s.r
        p = "    " * d
        k = r.random()
        if k < 0.15:
            return [p + f"{r.choice('st')} = {s.scal()}"]
        if k < 0.25:
            return [p + f"{r.choice('st')} {r.choice(['+=', '-=', '*='])} {s.scal()}*0.5"]
        if k < 0.37:
            return [p + f"{s.name()} = {s.arr()}"]
        if k < 0.5:
            return [p + f"{s.name()}[{r.choice(['0', '1', '-1', 'k%3'])}] {r.choice(['=', '+=', '*='])} {s.scal()}"]
        if k < 0.57:
            return [p + f"{s.name()}[{r.choice([':', '1:', ':2', '::2'])}] {r.choice(['=', '+=', '*='])} {s.scal()}"]
        if k < 0.63:
            return [p + f"{s.name()} {r.choice(['+=', '*='])} {r.choice(['x', '0.5', 'y', s.name()])}"]
        if k < 0.67:
            return [p + f"m[{r.choice(['0', '1'])}] = {r.choice(['a', 'b', 'c', 'x'])}"]
        if k < 0.70:
            return [p + f"{s.name()}, {s.name()} = {s.name()}, {s.name()}"]
        if k < 0.72:
            return [p + f"v = {r.choice(['m[0]', 'm.T[:,1]', 'm[1,:]', 'a[:]'])}", p + f"v[0] = {s.scal()}"]
        if k < 0.74:
            return [p + f"k = {r.choice(['k+1', '2', '0'])}"]
        if d > 3:
            return [p + "pass"]
        if k < 0.86:
            o = [p + f"if {s.cond()}:", *s.block(d + 1, inl)]
            if r.random() < 0.6:
                o += [p + "else:", *s.block(d + 1, inl)]
            if r.random() < 0.15 and d == 1:
                o += [p + "if " + s.cond() + ":", p + "    return a, s"]
            return o
        if k < 0.95:
            v = r.choice(["i", "j"])
            return [p + f"for {v} in range({r.choice(['n', '2', 'k', 'n-1', '0'])}):", *s.block(d + 1, True)]
        w = f"w{s.n}"
        s.n += 1
        return [
            p + f"{w} = 0",
            p + f"while {w} < {r.choice(['2', 'n'])} and s < 50:",
            *s.block(d + 1, True),
            "    " * (d + 1) + f"{w} += 1",
        ]

    def block(s, d, inl):
        out = []
        for _ in range(s.r.randint(1, 3)):
            out += s.stmt(d, inl)
        return out


def source(seed):
    """The text of a function `f(x, y, n)`: the same for the same seed."""
    r = random.Random(seed)
    g = Writer(r)
    g.inloop = False
    lines = [
        "import numpy as np",
        "def f(x, y, n):",
        "    s = 0.25",
        "    t = " + r.choice(["0", "1.5", "x[1]"]),
        "    k = 1",
        "    i = 0",
    ]
    lines += [
        "    a = " + r.choice(["x", "x*1", "np.zeros(3)"]),
        "    b = " + r.choice(["a", "y*2", "np.ones(3)", "a[:]"]),
        "    c = " + r.choice(["0", "b", "np.full(3,0.5)", "None", "x+y"]),
        "    m = " + r.choice(["np.zeros((2,3))", "np.stack([x,y])"]),
    ]
    for _ in range(r.randint(3, 7)):
        lines += g.stmt(1, False)
    lines += ["    return a, b, s, t, k, m, i"]
    return "\n".join(lines) + "\n"
