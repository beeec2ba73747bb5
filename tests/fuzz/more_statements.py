"""More random statements: what programs do with rows, literals, several results, keywords, and functions that store."""

from tests.fuzz.data_statements import DataStatements


class MoreStatements(DataStatements):
    """Writes them."""

    def while_true(self) -> None:
        """`while True` left by a `break` in its middle."""
        self.counter += 1
        count, target = f"w{self.counter}", self.target("F")
        self.put(f"{target} = {self.expr('F', 1)}")
        self.scope.bind(target, "F")
        self.put(f"{count} = 0")
        self.put("while True:")
        self.put(f"    {target} = {self.expr('F', 1)}")
        self.put(f"    if {count} >= {self.leaf('I')} or {self.expr('B', 2)}:")
        self.put("        break")
        self.put(f"    {count} += 1")
        self.put(f"    {target} = {target} * 0.5 + {self.expr('F', 2)}")

    def rows(self) -> None:
        """A loop over the rows of a matrix, which are views."""
        self.counter += 1
        row, m = f"row{self.counter}", self.r.choice(self.scope.of("M"))
        target = self.target("F")
        self.put(f"{target} = {self.leaf('F')}")
        self.scope.bind(target, "F")
        self.put(f"for {row} in {m}:")
        if self.r.random() < 0.4:
            self.put(f"    {row}[0] {self.r.choice(['=', '+=', '*='])} {self.expr('F', 2)}")
        self.put(f"    {target} = {target} * 0.7 + {row}[{self.r.choice(['0', '-1'])}]")

    def literal_loop(self) -> None:
        """A loop over a tuple or list that is written out."""
        self.counter += 1
        item, target = f"item{self.counter}", self.target("F")
        parts = ", ".join(self.expr("F", 2) for _ in range(self.r.randint(2, 3)))
        self.put(f"{target} = {self.leaf('F')}")
        self.scope.bind(target, "F")
        self.put(f"for {item} in {self.r.choice([f'({parts})', f'[{parts}]'])}:")
        self.put(f"    {target} = {target} * {item} + {self.leaf('F')}")

    def several(self) -> None:
        """A nested function with defaults and two results, called by keyword."""
        self.counter += 1
        name, a, b = f"both{self.counter}", self.target("F"), self.target("F")
        self.put(f"def {name}(first, second={self.r.choice(['0.5', '1.5'])}):")
        self.put("    first = first * second")
        self.put("    return first, first - second")
        given = self.r.choice(["second={0}, first={1}", "{0}, second={1}", "first={0}"])
        self.put(f"{a}, {b} = {name}({given.format(self.expr('F', 2), self.expr('F', 2))})")
        self.scope.bind(a, "F")
        self.scope.bind(b, "F")

    def chained(self) -> None:
        a, b = self.target("F"), self.target("F")
        self.put(f"{a} = {b} = {self.expr('F', 1)}")
        self.scope.bind(a, "F")
        self.scope.bind(b, "F")

    def list_literal(self) -> None:
        """A list whose items are replaced."""
        self.counter += 1
        name, target = f"cells{self.counter}", self.target("F")
        self.put(f"{name} = [{', '.join(self.expr('F', 2) for _ in range(3))}]")
        self.put(f"{name}[{self.r.choice(['0', '1', '-1'])}] = {self.expr('F', 2)}")
        self.put(f"{name}[1] {self.r.choice(['+=', '*='])} {name}[{self.r.choice(['0', '2'])}]")
        self.put(f"{target} = {name}[0] * {name}[1] + {name}[2]")
        self.scope.bind(target, "F")

    def dict_loop(self) -> None:
        self.counter += 1
        name, target = f"book{self.counter}", self.target("F")
        self.put(f"{name} = {{'a': {self.expr('F', 2)}, 'b': {self.expr('F', 2)}}}")
        self.put(f"{target} = 0.25")
        self.scope.bind(target, "F")
        self.put(f"for key{self.counter}, item{self.counter} in {name}.items():")
        self.put(f"    {target} = {target} * item{self.counter} + {name}['b']")

    def storing_closure(self) -> None:
        """A nested function that stores into an array from around it."""
        self.counter += 1
        name, v = f"poke{self.counter}", self.r.choice(self.scope.of("V"))
        self.put(f"def {name}(z_):")
        self.put(f"    {v}[{self.index('V')}] {self.r.choice(['=', '+='])} z_")
        self.put(f"{name}({self.expr('F', 2)})")
        self.put(f"{name}({self.leaf('F')})")

    def chosen_sum(self) -> None:
        """A comprehension with a condition."""
        target, v = self.target("F"), self.r.choice(self.scope.of("V"))
        form = self.r.choice(["sum([e_ * {0} for e_ in {1} if e_ > {2}])", "sum(e_ for e_ in {1} if e_ < {2})"])
        self.put(f"{target} = {form.format(self.leaf('F'), v, self.leaf('F'))} + 0.5")
        self.scope.bind(target, "F")

    def place(self) -> None:
        """An element at the place of the largest."""
        target, v = self.target("F"), self.r.choice(self.scope.of("V"))
        self.put(f"{target} = {self.r.choice(self.scope.of('V'))}[np.{self.r.choice(['argmax', 'argmin'])}({v})]")
        self.scope.bind(target, "F")

    def gather(self) -> None:
        """Elements picked by a list of places, with one twice; or added into."""
        v = self.r.choice(self.scope.of("V"))
        if "ufunc_at" in self.features and self.r.random() < 0.5:
            self.put(f"np.add.at({v}, [0, -1, 0], {self.expr('F', 2)})")
            return
        target = self.target("F")
        # NumPy adds three such terms in an order of its own
        places = "[0, -1]" if self.exact else "[0, -1, 0]"
        self.put(f"{target} = np.sum({v}[np.array({places})] * {self.leaf('F')})")
        self.scope.bind(target, "F")

    def guarded(self) -> None:
        """try, except, else and finally around what may raise."""
        target = self.target("F")
        self.put(f"{target} = {self.expr('F', 2)}")
        self.scope.bind(target, "F")
        self.put("try:")
        self.put(f"    if {self.expr('B', 2)}:")
        self.put("        raise ValueError('guarded')")
        self.put(f"    {target} = {target} * {self.expr('F', 2)}")
        self.put("except ValueError:")
        self.put(f"    {target} = {self.expr('F', 2)}")
        if self.r.random() < 0.4:
            self.put("finally:")
            self.put(f"    {target} = {target} + {self.leaf('F')}")
