"""Random programs from a seed: typed, weighted toward the constructs that compilers of gradients get wrong."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz.expressions import BUILTINS, Scope
from tests.fuzz.inputs import Inputs, inputs_for
from tests.fuzz.more_statements import MoreStatements

PROLOGUE = "import math\n\nimport numpy as np\n\n\n"
PARAMETERS = {"F": "F", "V": "V", "M": "M", "I": "I", "B": "B"}


@dataclass(frozen=True)
class Program:
    """A module with a function `f`, arguments to call it with, and the parameters to differentiate by."""

    seed: int
    source: str
    kinds: str
    wrt: tuple[str, ...]
    inputs: tuple[Inputs, ...]
    exact: bool
    """Whether every operation is correctly rounded and in an order that both sides share."""


def generate(seed: int, features: frozenset[str]) -> Program:
    """The program of a seed, out of the constructs given."""
    r = random.Random(seed)
    return Writer(r, features, exact=r.random() < 0.35).program(seed)


class Writer(MoreStatements):
    """Writes whole programs."""

    def program(self, seed: int) -> Program:
        r = self.r
        kinds = r.choice(["F", "FF", "FFI", "FFFI", "FIB", "VF", "VFI", "VVI", "VVF", "VVFI", "MVI", "MVFI", "VVMF"])
        helpers = [self.helper(k) for k in range(r.choice([0, 0, 1, 1, 2]))]
        names = self.pool[: len(kinds)]
        self.pool = self.pool[len(kinds) :] + (names if r.random() < 0.7 else [])
        self.locals = BUILTINS & {*names, *self.pool}
        self.scope = Scope(dict(zip(names, kinds, strict=True)))
        self.lines, self.depth = [], 1
        if "local_import" in self.features and r.random() < 0.05:
            self.put("import math")
        self.left = r.randint(4, 12) if r.random() < 0.6 else r.randint(12, 45)
        while self.left > 0:
            self.statement()
        self.put(f"return {self.result()}")
        text = PROLOGUE + "".join(helpers) + f"def f({', '.join(names)}):\n" + "".join(self.lines)
        floats = [n for n, k in zip(names, kinds, strict=True) if k in "FVM"]
        wrt = tuple(n for n in floats if r.random() < 0.75) or (floats[0],)
        return Program(seed, text, kinds, wrt, inputs_for(r, kinds), self.exact)

    def helper(self, number: int) -> str:
        """A function that others call: of floats, or of a vector that it may store into."""
        r = self.r
        takes = r.choice(["F", "FF", "FI", "FFF", "VF", "VV", "V"])
        gives = r.choice("FV") if "V" in takes else "F"
        names = r.sample(self.pool, len(takes))
        saved, self.locals = self.locals, BUILTINS & {*names, *self.pool}
        self.scope = Scope(dict(zip(names, takes, strict=True)))
        self.lines, self.depth, self.left = [], 1, r.randint(0, 5)
        early, self.early = self.early, False
        while self.left > 0:
            self.statement()
        if "if_return" in self.features and r.random() < 0.2:
            self.put(f"if {self.expr('B')}:")
            self.put(f"    return {self.expr(gives)}")
        if gives == "V" and "store_helper" in self.features and r.random() < 0.5:
            self.put(f"{names[0]}[0] += {self.expr('F', 1)}")
            self.put(f"return {names[0]}")
        else:
            self.put(f"return {self.expr(gives)}")
        self.locals, self.early = saved, early
        name = f"{r.choice(['helper', 'g', 'phi', 'step'])}_{number}"
        self.helpers.append((name, takes, gives))
        return f"def {name}({', '.join(names)}):\n" + "".join(self.lines) + "\n\n"

    def result(self) -> str:
        """One number that depends on much of what there is."""
        r = self.r
        scope = self.scope
        floats = [n for n in scope.of("F") if r.random() < 0.8]
        terms = [f"{n} * {r.choice(['0.7', '1.3', '-0.4', '1.0'])}" for n in floats]
        for kind in "VUM":
            for name in scope.of(kind):
                if r.random() < 0.8:
                    index = {"V": self.index("V"), "U": self.index("U")}.get(kind, "0, -1")
                    whole = f"np.sum({name} * {self.r.choice(['0.3', '0.9', name])})"
                    terms.append(f"{name}[{index}]" if self.exact else whole)
        return " + ".join(terms or [self.expr("F")])

    def statement(self) -> None:
        """One statement, and what stands in it."""
        self.left -= 1
        rows = [(w, f) for w, f, needs, ready in STATEMENTS if needs <= self.features and ready(self)]
        self.r.choices([f for _, f in rows], [w for w, _ in rows])[0](self)


def _vectors(w: Writer) -> bool:
    return bool(w.scope.of("V"))


def _any(w: Writer) -> bool:
    return True


STATEMENTS: list[tuple[float, Callable[[Writer], None], set[str], Callable[[Writer], bool]]] = [
    (6, Writer.assign, set(), _any),
    (3, Writer.augment, set(), lambda w: bool(w.scope.of("F") or w.scope.of("V"))),
    (3, Writer.store, {"store"}, _vectors),
    (1.5, Writer.store_matrix, {"store"}, lambda w: bool(w.scope.of("M"))),
    (1.2, Writer.alias, {"store"}, _vectors),
    (0.8, Writer.swap, set(), lambda w: any(len(w.scope.of(k)) > 1 for k in "FV")),
    (3, Writer.branch, set(), lambda w: w.depth < 5),
    (3, Writer.loop, set(), lambda w: w.depth < 5 and w.loops < 3 and w.loopy),
    (1.2, Writer.repeat, set(), lambda w: w.depth < 5 and w.loops < 2 and w.loopy),
    (0.7, Writer.return_early, {"if_return"}, lambda w: w.early and (not w.loops or "loop_return" in w.features)),
    (2.5, Writer.jump, {"break", "continue"}, lambda w: bool(w.loops) and (w.jumps or "loop_return" in w.features)),
    (0.7, Writer.closure, {"closure"}, _any),
    (0.7, Writer.tuple_, {"tuple"}, _any),
    (0.8, Writer.list_, {"list"}, lambda w: w.loops < 2),
    (0.4, Writer.dict_, {"dict"}, _any),
    (0.5, Writer.attempt, {"try"}, _any),
    (0.3, Writer.fail, {"assert"}, _any),
    (0.4, Writer.choose, {"match"}, _any),
    (0.4, Writer.walrus, {"walrus"}, lambda w: w.depth < 5),
    (0.3, Writer.delete, {"del"}, _any),
    (0.3, Writer.in_out, {"out"}, _vectors),
    (0.5, Writer.while_true, {"while_true"}, lambda w: w.loops < 2),
    (0.6, Writer.rows, {"rows", "store"}, lambda w: bool(w.scope.of("M"))),
    (0.4, Writer.literal_loop, {"literal_loop"}, _any),
    (0.4, Writer.several, {"several"}, _any),
    (0.3, Writer.chained, set(), _any),
    (0.4, Writer.list_literal, {"list_literal"}, _any),
    (0.3, Writer.dict_loop, {"dict_loop"}, _any),
    (0.4, Writer.storing_closure, {"storing_closure"}, lambda w: _vectors(w) and w.depth == 1),
    (0.4, Writer.chosen_sum, {"chosen_sum"}, lambda w: _vectors(w) and "sum" not in w.locals),
    (0.4, Writer.place, {"place"}, _vectors),
    (0.4, Writer.gather, {"fancy"}, _vectors),
    (0.4, Writer.guarded, {"guarded"}, _any),
]
