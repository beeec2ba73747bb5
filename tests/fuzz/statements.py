"""Random statements: assignments, stores, aliases, branches, loops and jumps."""

import random

from tests.fuzz.expressions import Expressions, Scope
from tests.fuzz.grammar import NAMES


class Statements(Expressions):
    """Writes statements: `lines` of the function that is being written, at `depth`."""

    def __init__(self, r: random.Random, features: frozenset[str], exact: bool):
        super().__init__(r, features, exact)
        self.lines: list[str] = []
        self.depth = 1
        self.loops = 0
        self.left = 0
        self.counter = 0
        self.jumps = False
        """Whether a `break` or `continue` may stand here."""
        self.fresh: list[str] = []
        hostile = r.random() < 0.15
        pool = NAMES[1] if hostile else NAMES[0]
        self.pool = r.sample(pool, min(len(pool), 12))
        self.early = r.random() < 0.35
        self.loopy = r.random() < 0.6

    def statement(self) -> None:
        raise NotImplementedError

    def put(self, line: str) -> None:
        self.lines.append("    " * self.depth + line + "\n")

    def block(self, most: int, scope: Scope) -> Scope:
        """Statements one level deeper, in a scope of their own; the scope after them."""
        outer, self.scope = self.scope, scope
        self.depth += 1
        for _ in range(self.r.randint(1, most)):
            self.statement()
        self.depth -= 1
        inner, self.scope = self.scope, outer
        return inner

    def target(self, kind: str) -> str:
        """A name to assign: one that holds this type, a new one, or (at the top) one that held something else."""
        r = self.r
        names = [n for n in self.scope.of(kind) if n not in self.scope.counters]
        if names and r.random() < 0.7:
            return r.choice(names)
        free = [n for n in self.pool if n not in self.scope.names]
        if free and r.random() < 0.85:
            return r.choice(free)
        if self.depth == 1 and r.random() < 0.3:
            others = [n for n in self.scope.names if self.scope.names[n] in "FB" and n not in self.scope.counters]
            if others and len(self.scope.of("F")) > 2:
                return r.choice(others)
        if names:
            return r.choice(names)
        self.counter += 1
        return f"t{self.counter}_"

    def assign(self) -> None:
        kinds = [k for k in "FFFFFVVVMUIB" if k in "FIB" or self.scope.of(k) or (k == "U" and self.scope.of("M"))]
        kind = self.r.choice(kinds)
        text = self.expr(kind)
        if kind == "I":
            text = f"({text}) % 4"
        name = self.target(kind)
        self.put(f"{name} = {text}")
        self.scope.bind(name, kind)

    def augment(self) -> None:
        kind = self.r.choice([k for k in "FFFVM" if self.scope.of(k)])
        names = [n for n in self.scope.of(kind) if n not in self.scope.counters]
        if not names:
            return self.assign()
        op = self.r.choice(["+=", "-=", "*=", "+="])
        other = self.expr(self.r.choice([kind, "F"]), 1)
        self.put(f"{self.r.choice(names)} {op} {other if op != '*=' else f'(0.5 * {other})'}")

    def store(self) -> None:
        r, v = self.r, self.r.choice(self.scope.of("V"))
        op = r.choice(["=", "+=", "=", "*=", "-="])
        form = r.random()
        if form < 0.5:
            self.put(f"{v}[{self.index('V')}] {op} {self.expr('F', 1)}")
        elif form < 0.65:
            self.put(f"{v}[{r.choice([':', '1:', ':-1', '::2', '::-1'])}] {op} {self.expr('F', 1)}")
        elif form < 0.75:
            self.put(f"{v}[1:] {op} {r.choice(self.scope.of('V'))}[:-1]")
        elif form < 0.85:
            self.put(f"{v}[:] {op} {self.expr('V', 1)}")
        elif "mask_store" in self.features:
            ops = ["=", "*=", "+="] if "mask_read" in self.features else ["="]
            self.put(f"{v}[{self.expr('W', 2)}] {r.choice(ops)} {self.expr('F', 1)}")
        else:
            self.put(f"{v} *= {self.expr('F', 1)}")

    def store_matrix(self) -> None:
        r, m = self.r, self.r.choice(self.scope.of("M"))
        op = r.choice(["=", "+=", "=", "*="])
        form = r.random()
        if form < 0.4:
            self.put(f"{m}[{self.index('U')}, {self.index('V')}] {op} {self.expr('F', 1)}")
        elif form < 0.7 and self.scope.of("V"):
            self.put(f"{m}[{self.index('U')}] {op} {self.expr('V', 1)}")
        else:
            self.put(f"{m}[:, {self.index('V')}] {op} {self.expr('U', 1)}")

    def alias(self) -> None:
        """A second name for an array or for a part of it, and a store through one of them."""
        r = self.r
        v = r.choice(self.scope.of("V"))
        name = self.target("V")
        views = [v, v, f"{v}[:]", f"{v}[::-1]", f"{v}.reshape(-1)"]
        if self.scope.of("M"):
            views += [f"{r.choice(self.scope.of('M'))}[{self.index('U')}]"] * 3
        self.put(f"{name} = {r.choice(views)}")
        self.scope.bind(name, "V")
        if r.random() < 0.7:
            self.put(f"{r.choice([name, v])}[{self.index('V')}] {r.choice(['=', '+=', '*='])} {self.expr('F', 1)}")

    def swap(self) -> None:
        kind = self.r.choice([k for k in "FV" if len(self.scope.of(k)) > 1])
        a, b = self.r.sample(self.scope.of(kind), 2)
        self.put(f"{a}, {b} = {self.r.choice([f'{b}, {a}', f'{b}, {self.expr(kind, 1)}'])}")

    def branch(self) -> None:
        r = self.r
        self.put(f"if {self.expr('B')}:")
        ends = [self.block(3, self.scope.copy())]
        if r.random() < 0.2:
            self.put(f"elif {self.expr('B')}:")
            ends.append(self.block(2, self.scope.copy()))
        if r.random() < 0.6:
            self.put("else:")
            ends.append(self.block(3, self.scope.copy()))
            self.scope = ends.pop()
        self.scope.meet(*ends)

    def return_early(self) -> None:
        self.put(f"if {self.expr('B')}:")
        self.put(f"    return {self.expr('F')}")

    def loop(self) -> None:
        """A `for` with any header; what its body binds may not be bound after it."""
        r = self.r
        name = self.loop_name()
        header, kind, counts = self.header(name)
        self.put(f"for {header}:")
        inner = self.scope.copy()
        for bound, has in kind.items():
            inner.bind(bound, has)
        inner.counters.update(counts)
        self.inside(inner, r.randint(1, 4))
        if "for_else" in self.features and r.random() < 0.15:
            self.put("else:")
            self.scope.meet(self.block(2, self.scope.copy()))

    def inside(self, inner: Scope, most: int) -> None:
        """The body of a loop. It may run again: what it makes of the names it has must have their types."""
        self.loops += 1
        jumps, self.jumps = self.jumps, True
        before = inner.copy()
        after = self.block(most, inner)
        self.jumps = jumps
        self.loops -= 1
        changed = [n for n, k in before.names.items() if after.names.get(n) != k]
        assert not changed, f"a loop's body changes the types of {changed}"
        self.scope.meet(after)

    def loop_name(self) -> str:
        """A new name mostly; sometimes one that already holds a float."""
        free = [n for n in self.pool if n not in self.scope.names]
        if free and self.r.random() < 0.5:
            return self.r.choice(free)
        self.counter += 1
        return self.r.choice([f"i{self.counter}", f"k{self.counter}"])

    def header(self, name: str) -> tuple[str, dict[str, str], dict[str, str]]:
        """The text after `for`, what it binds, and the counters among that."""
        r, scope = self.r, self.scope
        forms = ["ints"] * 3 + (["size"] * 4 if scope.of("V") else []) + (["rows"] if scope.of("M") else [])
        if scope.of("V"):
            forms += [f for f in ("for_array", "enumerate", "zip") if f in self.features]
        form = r.choice(forms)
        v = r.choice(scope.of("V")) if scope.of("V") else ""
        if form == "size":
            n = self.length()
            text = r.choice([f"range({n})", f"range({n} - 1, -1, -1)", f"range(1, {n})", f"range(0, {n}, 2)"])
            return f"{name} in {text}", {name: "I"}, {name: "V"}
        if form == "rows":
            return f"{name} in range({r.choice(scope.of('M'))}.shape[0])", {name: "I"}, {name: "U"}
        other = f"e{self.counter}_"
        if form == "for_array":
            return f"{other} in {v}", {other: "F"}, {}
        if form == "enumerate":
            return f"{name}, {other} in enumerate({v})", {name: "I", other: "F"}, {name: "V"}
        if form == "zip":
            second = f"d{self.counter}_"
            return f"{other}, {second} in zip({v}, {r.choice(scope.of('V'))})", {other: "F", second: "F"}, {}
        ints = scope.of("I")
        stop = r.choice([*ints, *ints, "2", "3", self.expr("I", 3)])
        forms = [f"range({stop})"] * 4 + [f"range({stop} - 1)", f"range(1, {stop} + 1)", f"range({stop}, 0, -1)"]
        if "reversed" in self.features:
            forms.append(f"reversed(range({stop}))")
        return f"{name} in {r.choice(forms)}", {name: "I"}, {}

    def repeat(self) -> None:
        """A `while` that ends: it counts, or shrinks a float."""
        r = self.r
        self.counter += 1
        count = f"w{self.counter}"
        self.put(f"{count} = 0")
        self.scope.bind(count, "I")
        stop = r.choice([*self.scope.of("I"), "2", "3"])
        test = r.choice([f"{count} < {stop}", f"{count} < 3 and {self.expr('B', 2)}", f"not {count} >= {stop}"])
        self.put(f"while {test if stop != count else f'{count} < 2'}:")
        first = "while_break" in self.features or r.random() < 0.5
        inner = self.scope.copy()
        inner.names.pop(count)
        if first:
            self.depth += 1
            self.put(f"{count} += 1")
            self.depth -= 1
            self.inside(inner, 3)
        else:
            jumps = self.features
            self.features = jumps - {"continue"}
            self.inside(inner, 3)
            self.features = jumps
            self.depth += 1
            self.put(f"{count} += 1")
            self.depth -= 1
        if "while_else" in self.features and r.random() < 0.15:
            self.put("else:")
            self.scope.meet(self.block(2, self.scope.copy()))

    def jump(self) -> None:
        """`break`, `continue` or `return` out of the loop, on a condition."""
        r = self.r
        words = [w for w in ("break", "continue") if w in self.features and self.jumps]
        if "loop_return" in self.features:
            words.append(f"return {self.expr('F', 1)}")
        self.put(f"if {self.expr('B')}:")
        if r.random() < 0.4:
            name = r.choice(self.scope.of("F") or [self.target("F")])
            if name not in self.scope.counters:
                self.put(f"    {name} = {self.expr('F', 1)}")
        self.put(f"    {r.choice(words)}")
