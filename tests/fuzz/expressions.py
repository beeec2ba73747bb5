"""Random expressions of a type, from the templates of the grammar and the names in scope."""

import random
import re

from tests.fuzz.grammar import CONSTANTS, EXACT, SMOOTH

HOLE = re.compile(r"\{(\w+)\}")
BUILTINS = {"sum", "max", "min", "abs", "len", "float", "int", "math", "range"}
LOWER = {"v": "V", "u": "U", "m": "M"}


class Scope:
    """Names that are surely bound, and what they hold; `counters` are indices known to lie inside a V or a U."""

    def __init__(self, names: dict[str, str] | None = None, counters: dict[str, str] | None = None):
        self.names = dict(names or {})
        self.counters = dict(counters or {})

    def copy(self) -> "Scope":
        return Scope(self.names, self.counters)

    def bind(self, name: str, kind: str) -> None:
        self.names[name] = kind
        self.counters.pop(name, None)

    def of(self, kind: str) -> list[str]:
        return [name for name, has in self.names.items() if has == kind]

    def meet(self, *others: "Scope") -> None:
        """What is bound after a join: the same in all."""
        for other in others:
            self.names = {n: k for n, k in self.names.items() if other.names.get(n) == k}
            self.counters = {n: k for n, k in self.counters.items() if other.counters.get(n) == k}


class Expressions:
    """Writes expressions; the writer of statements builds on it."""

    def __init__(self, r: random.Random, features: frozenset[str], exact: bool):
        self.r, self.features, self.exact = r, features, exact
        self.scope = Scope()
        self.locals: set[str] = set()
        self.helpers: list[tuple[str, str, str]] = []
        """Functions in scope: a name, what it takes and what it gives, each as letters of the grammar."""
        self.rows = {
            kind: [(w, t, set(needs.split())) for w, t, needs in rows + ([] if exact else SMOOTH.get(kind, []))]
            for kind, rows in EXACT.items()
        }

    def usable(self, text: str, needs: set[str]) -> bool:
        """Whether a template's variables are there and its builtins are not hidden by names of the program."""
        if not (needs - BUILTINS <= self.features) or needs & self.locals:
            return False
        arrays = {LOWER.get(hole, hole.rstrip("1")) for hole in HOLE.findall(text)} & {"V", "U", "M", "W"}
        return all(self.scope.of("V" if kind == "W" else kind) for kind in arrays if not self.seed_of(kind))

    def seed_of(self, kind: str) -> bool:
        """Whether an expression of this type can be made without a variable of it."""
        return kind == "U" and bool(self.scope.of("M"))

    def expr(self, kind: str, depth: int = 0) -> str:
        """An expression of a type; deeper ones are names and constants sooner."""
        r = self.r
        if kind == "W" and depth > 4:
            return f"({self.leaf('V')} > {r.choice(CONSTANTS[:4])})"
        if depth > 4 or (kind != "W" and r.random() < (0.25, 0.45, 0.65, 0.8, 0.9)[depth]):
            return self.leaf(kind)
        if kind in "FV" and self.helpers and r.random() < 0.12:
            calls = [h for h in self.helpers if h[2] == kind and all(self.scope.of(k) or k in "FIB" for k in h[1])]
            if calls:
                name, takes, _ = r.choice(calls)
                return f"{name}({', '.join(self.expr(k, depth + 1) for k in takes)})"
        rows = [row for row in self.rows[kind] if self.usable(row[1], row[2])]
        if not rows:
            return self.leaf(kind)
        text = r.choices(rows, [w for w, _, _ in rows])[0][1]
        repeated: dict[str, str] = {}

        def filled(hole: re.Match[str]) -> str:
            name = hole.group(1)
            if not name.endswith("1"):
                return self.fill(name, depth + 1)
            if name not in repeated:
                repeated[name] = self.fill(name[:-1], depth + 2)
            return repeated[name]

        return HOLE.sub(filled, text)

    def fill(self, hole: str, depth: int) -> str:
        """What goes into one hole of a template."""
        if hole == "c":
            return self.r.choice(CONSTANTS)
        if hole == "c_int":
            return self.r.choice(["0", "1", "1", "2", "2", "3", "4"])
        if hole in LOWER:
            names = self.scope.of(LOWER[hole])
            return self.r.choice(names) if names else self.leaf(LOWER[hole])
        if hole == "i":
            return self.index("V")
        if hole == "j":
            return self.index("U")
        if hole == "n":
            return self.length()
        return self.expr(hole, depth)

    def leaf(self, kind: str) -> str:
        """A name, or a constant where the type has one."""
        r = self.r
        names = self.scope.of(kind)
        if kind == "F":
            return r.choice(names) if names and r.random() < 0.85 else r.choice(CONSTANTS)
        if kind == "I":
            return r.choice(names) if names and r.random() < 0.6 else r.choice(["0", "1", "2", "3"])
        if kind == "B":
            small = [*names, f"({self.leaf('F')} > {r.choice(CONSTANTS)})"]
            return r.choice(small)
        if kind == "U" and not names:
            return f"{r.choice(self.scope.of('M'))}[:, {self.index('V')}]"
        return r.choice(names)

    def length(self) -> str:
        """The length of a V."""
        arrays = self.scope.of("V")
        if not arrays:
            return f"{self.r.choice(self.scope.of('M'))}.shape[1]"
        name = self.r.choice(arrays)
        forms = [f"{name}.shape[0]", f"{name}.size"] + ([] if "len" in self.locals else [f"len({name})"] * 2)
        return self.r.choice(forms)

    def index(self, kind: str) -> str:
        """An index inside a V (or U): arrays are never empty."""
        r = self.r
        counters = [name for name, of in self.scope.counters.items() if of == kind]
        if counters and r.random() < 0.7:
            return r.choice(counters)
        if r.random() < 0.6:
            return r.choice(["0", "-1", "0"])
        if kind == "V":
            return f"{self.expr('I', 3)} % {self.length()}"
        matrices = self.scope.of("M")
        return f"{self.expr('I', 3)} % {r.choice(matrices)}.shape[0]" if matrices else "0"
