"""Random statements about data and calls: closures, tuples, lists, dicts, exceptions."""

from tests.fuzz.statements import Statements


class DataStatements(Statements):
    """Writes them."""

    def closure(self) -> None:
        """A nested function or lambda that reads what is around it, called twice."""
        r = self.r
        self.counter += 1
        name, y = f"inner{self.counter}", f"y{self.counter}_"
        outer, self.scope = self.scope, self.scope.copy()
        self.scope.bind(y, "F")
        body = self.expr("F")
        changed = "nonlocal" in self.features and self.depth == 1 and r.random() < 0.3
        held = [n for n in outer.of("F") if n not in outer.counters]
        if "lambda" in self.features and r.random() < 0.5:
            self.put(f"{name} = lambda {y}: {body}")
        else:
            self.put(f"def {name}({y}):")
            if changed and held:
                which = r.choice(held)
                self.put(f"    nonlocal {which}")
                self.put(f"    {which} = {which} * 0.5 + {y}")
            self.put(f"    return {body}")
        self.scope = outer
        target = self.target("F")
        argument = self.expr("F", 2)
        self.put(f"{target} = {name}({argument}) + {name}({self.leaf('F')})")
        self.scope.bind(target, "F")

    def tuple_(self) -> None:
        self.counter += 1
        p = f"pair{self.counter}"
        self.put(f"{p} = ({self.expr('F', 1)}, {self.expr('F', 1)})")
        target = self.target("F")
        self.put(f"{target} = {p}[0] * {p}[1] - {p}[{self.r.choice(['0', '1', '-1'])}]")
        self.scope.bind(target, "F")
        if self.r.random() < 0.5:
            a, b = self.target("F"), self.target("F")
            self.put(f"{a}, {b} = {p}")
            self.scope.bind(a, "F")
            self.scope.bind(b, "F")

    def list_(self) -> None:
        """A list that grows in a loop."""
        self.counter += 1
        name, k = f"items{self.counter}", f"k{self.counter}_"
        self.put(f"{name} = [{self.expr('F', 2)}]" if self.r.random() < 0.5 else f"{name} = []")
        stop = self.r.choice([*self.scope.of("I"), "2", "3"])
        self.put(f"for {k} in range({stop}):")
        self.put(f"    {name}.append({self.expr('F', 1)} * {k})")
        target = self.target("F")
        total = "0.0" if "sum" in self.locals else f"sum({name})"
        self.put(f"{target} = {total} * 0.5")
        self.scope.bind(target, "F")
        if "list_index" in self.features and "len" not in self.locals:
            self.put(f"if len({name}) > 1:")
            self.put(f"    {target} = {target} + {name}[-1] * {name}[0]")

    def dict_(self) -> None:
        self.counter += 1
        d = f"table{self.counter}"
        self.put(f"{d} = {{'a': {self.expr('F', 1)}, 'b': {self.expr('F', 1)}}}")
        self.put(f"{d}['a'] = {d}['b'] * {self.expr('F', 2)}")
        target = self.target("F")
        self.put(f"{target} = {d}['a'] + {d}['b']")
        self.scope.bind(target, "F")

    def attempt(self) -> None:
        """A division that may raise, caught."""
        target = self.target("F")
        self.put("try:")
        divisor = self.r.choice(["float({})", "float({} - {})"]) if "float" not in self.locals else "({} - {})"
        holes = [self.expr("I" if "float" in divisor else "F", 2) for _ in range(2)]
        # a float that is NumPy's on some paths and Python's on others would raise on some only
        numerator = self.expr("F", 1) if "float" in self.locals else f"float({self.expr('F', 1)})"
        self.put(f"    {target} = {numerator} / {divisor.format(*holes)}")
        self.put("except ZeroDivisionError:")
        self.put(f"    {target} = {self.expr('F', 1)}")
        self.scope.bind(target, "F")

    def fail(self) -> None:
        """An error that may really happen."""
        if "assert" in self.features and self.r.random() < 0.5:
            self.put(f"assert {self.expr('F', 2)} < 2.5, 'too large'")
        elif "raise" in self.features:
            self.put(f"if {self.expr('F', 2)} > 2.5:")
            self.put("    raise ValueError('too large')")
        else:
            self.assign()

    def choose(self) -> None:
        """`match` on a small int."""
        target = self.target("F")
        self.put(f"match {self.expr('I', 2)}:")
        for case in ("0", "1 | 2", "_"):
            self.put(f"    case {case}:")
            self.put(f"        {target} = {self.expr('F', 1)}")
        self.scope.bind(target, "F")

    def walrus(self) -> None:
        target = self.target("F")
        self.put(f"if ({target} := {self.expr('F', 1)}) > 0.2:")
        self.scope.bind(target, "F")
        self.scope.meet(self.block(2, self.scope.copy()))

    def delete(self) -> None:
        self.counter += 1
        name, target = f"gone{self.counter}", self.target("F")
        self.put(f"{name} = {self.expr('F', 1)}")
        self.put(f"{target} = {name} * {name}")
        self.put(f"del {name}")
        self.scope.bind(target, "F")

    def in_out(self) -> None:
        v = self.r.choice(self.scope.of("V"))
        self.put(f"np.{self.r.choice(['multiply', 'add', 'maximum'])}({v}, {self.expr('F', 1)}, out={v})")
