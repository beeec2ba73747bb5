"""A kernel as Python: plain loops over NumPy arrays that run and mean what the native code means.

What the loop carries is one variable from before the loop to after it; a reduction collects its terms and combines them
in the lanes of the native code, so that even sums have the same bits. Integers do not wrap around here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .instructions import KIND, MAGNITUDE_BITS, NUMPY_NAME, REDUCTIONS, ROWS
from .kernel import (
    Accumulate,
    Alloc,
    Attempt,
    Body,
    Carried,
    Check,
    Const,
    Copy,
    Fill,
    For,
    Fourier,
    If,
    Invoke,
    Kernel,
    Let,
    Linalg,
    Load,
    Mark,
    Matmul,
    NewStack,
    Output,
    Pop,
    Push,
    Release,
    Result,
    Store,
    View,
    While,
)
from .text_calls import print_fourier, print_invoke, print_linalg, print_matmul
from .text_helpers import HELPERS
from .text_lines import Lines, literal
from .walk import walk


def kernel_text(kernel: Kernel) -> str:
    """Return a kernel as Python source: imports, the helpers it needs, and one function.

    The function takes the kernel's parameters, a buffer as an array without its dims. It returns the result, or a tuple
    of them. A failed check raises ``RuntimeError(error, *args)``; a callback calls ``invoke(site, *args)``, which the
    text does not define.

    Parameters
    ----------
    kernel
        A kernel that ``check.check_kernel`` accepts.
    """
    printer = _Printer(kernel)
    body = printer.function()
    helpers = [HELPERS[name].strip("\n") for name in HELPERS if name in printer.helpers]
    imports = ["import math", *(["from fractions import Fraction"] if "fma" in printer.helpers else [])]
    libraries = ["import numpy as np", *(["from scipy import special"] if printer.uses_special else [])]
    head = "\n".join([*imports, "", *libraries])
    return "\n\n\n".join([head, *helpers, body]) + "\n"


def run_text(kernel: Kernel) -> Callable[..., Any]:
    """Return the function of ``kernel_text``, ready to be called."""
    namespace: dict[str, Any] = {}
    exec(compile(kernel_text(kernel), f"<kernel {kernel.name}>", "exec"), namespace)

    def call(*args: Any) -> Any:
        with namespace["np"].errstate(all="ignore"):
            return namespace[kernel.name](*args)

    return call


class _Printer(Lines):
    """The walk over a kernel."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel.name)
        self.kernel = kernel
        self.uses_special = False
        self.givers = Counter(step.slot for step in walk(kernel.body) if isinstance(step, (Result, Output)))

    def block(self, head: str, body: Body, after: Callable[[], list[str]] = list) -> None:
        """Print a header and a block; its last lines may use names that the block introduces."""
        self.put(head)
        with self.indented():
            self.body(body)
            for line in after():
                self.put(line)

    def body(self, body: Body) -> None:
        for instruction in body:
            PRINT[type(instruction)](self, instruction)

    def function(self) -> str:
        params = ", ".join(self.name(param) for param in self.kernel.params)
        self.put(f"def {self.kernel.name}({params}):")
        self.depth += 1
        for buffer, dims in self.kernel.bound_dims().items():
            for dim in dims:
                self.put(f"{self.name(dim)} = {self.name(buffer)}.shape[{buffer.dims.index(dim)}]")
        self.body(self.kernel.body)
        results = [self.result_name(slot) for slot in range(len(self.kernel.results))]
        if results:
            self.put("return " + ", ".join(results))
        elif len(self.lines) == 1:
            self.put("pass")
        return "\n".join(self.lines)

    def result_name(self, slot: int) -> str:
        return self.name(f"result{slot}")

    # Scalars and elements.

    def let(self, let: Let) -> None:
        types = [arg.type for arg in let.args]
        self.put(f"{self.name(let.target)} = {self.expression(let.op, types, *map(self.inside, let.args))}")

    def expression(self, op: str, types: list[str], *args: str) -> str:
        template = ROWS[op].spelling(types)
        function = template.partition("(")[0]
        text = template.format(*args, bits=MAGNITUDE_BITS.get(types[-1], 0))
        if function in HELPERS:
            self.helpers.add(function)
        self.uses_special |= function.startswith("special.")
        is_double = function.startswith("math.") or function in ("gamma", "lgamma")
        return f"np.float32({text})" if is_double and types[0] == "f32" else text

    def load(self, load: Load) -> None:
        element = f"{self.name(load.buffer)}[{self.index(load.indices)}]"
        convert = {"integer": "int", "boolean": "bool"}.get(KIND[load.buffer.type])
        self.put(f"{self.name(load.target)} = {f'{convert}({element})' if convert else element}")

    def store(self, store: Store) -> None:
        self.put(f"{self.name(store.buffer)}[{self.index(store.indices)}] = {self.operand(store.value)}")

    def accumulate(self, update: Accumulate) -> None:
        self.put(f"{self.name(update.buffer)}[{self.index(update.indices)}] += {self.operand(update.value)}")

    def result(self, result: Result) -> None:
        self.give(result.slot, self.operand(result.value))

    def give(self, slot: int, value: str) -> None:
        """Give a result: as it is where nothing else may give it, else by a variable."""
        if self.depth == 1 and self.givers[slot] == 1:
            self.names[f"result{slot}"] = value
        else:
            self.put(f"{self.result_name(slot)} = {value}")

    # Whole arrays.

    def alloc(self, alloc: Alloc | Output) -> None:
        buffer = alloc.buffer
        maker = "np.zeros" if alloc.zeroed else "np.empty"
        kind = "" if buffer.type == "f64" else f", dtype=np.{NUMPY_NAME[buffer.type]}"
        self.put(f"{self.name(buffer)} = {maker}({self.shape(buffer)}{kind})")

    def output(self, output: Output) -> None:
        self.alloc(output)
        self.give(output.slot, self.name(output.buffer))

    def view(self, view: View) -> None:
        buffer = view.buffer
        size = " * ".join(map(self.operand, buffer.dims)) or "1"
        known = buffer.static_size
        length = str(known) if known is not None else size
        start = self.operand(view.offset)
        end = length if start == "0" else f"{start} + {length}"
        part = f"{self.name(view.source)}.reshape(-1)[{start}:{end}]"
        shaped = part if buffer.rank == 1 else f"{part}.reshape({self.shape(buffer)})"
        self.put(f"{self.name(buffer)} = {shaped}")

    def fill(self, fill: Fill) -> None:
        self.put(f"{self.name(fill.buffer)}[...] = {self.operand(fill.value)}")

    def copy(self, copy: Copy) -> None:
        target = self.name(copy.target)
        self.put(f"{target}[...] = {self.name(copy.source)}.reshape({target}.shape)")

    def mark(self, mark: Mark) -> None:
        self.put(f"pass  # mark {mark.name}")

    def release(self, release: Release) -> None:
        self.put(f"pass  # release {release.name}")

    # Control.

    def start(self, carried: Iterable[Carried]) -> None:
        """Print the initial values; what comes out of the loop is the same variable."""
        for item in carried:
            self.put(f"{self.name(item.param)} = {self.operand(item.init)}")
            self.names[item.out] = self.name(item.param)

    def moves(self, carried: Iterable[Carried]) -> list[str]:
        """Return the step to the next trip: all at once, since each may need the others' old values."""
        moving = [item for item in carried if item.next is not item.param]
        targets = ", ".join(self.name(item.param) for item in moving)
        values = ", ".join(self.operand(item.next) for item in moving)
        return [f"{targets} = {values}"] if moving else []

    def loop(self, loop: For) -> None:
        self.start(loop.carried)
        terms = [self.fresh(reduction.out.name + "_terms") for reduction in loop.reductions]
        for name in terms:
            self.put(f"{name} = []")

        def after() -> list[str]:
            pairs = zip(terms, loop.reductions, strict=True)
            appends = [f"{name}.append({self.operand(reduction.value)})" for name, reduction in pairs]
            return [*self.moves(loop.carried), *appends]

        self.block(f"for {self.name(loop.index)} in range({self.range(loop)}):", loop.body, after)
        for name, reduction in zip(terms, loop.reductions, strict=True):
            row, type = REDUCTIONS[reduction.op], reduction.out.type
            self.helpers.add("in_lanes")
            combine = self.expression(row.combine, [type, type], "a", "b")
            start, empty = (literal(Const(value, type)) for value in (row.start(type), row.empty_value(type)))
            combined = f"in_lanes(lambda a, b: {combine}, {start}, {name})"
            rest = "" if start == empty else f" if {name} else {empty}"
            self.put(f"{self.name(reduction.out)} = {combined}{rest}")

    def range(self, loop: For) -> str:
        step = str(loop.step) if isinstance(loop.step, int) else self.operand(loop.step)
        start, stop = self.operand(loop.start), self.operand(loop.stop)
        if step != "1":
            return f"{start}, {stop}, {step}"
        return stop if start == "0" else f"{start}, {stop}"

    def while_loop(self, loop: While) -> None:
        self.start(loop.carried)
        if not loop.test_body:
            head = f"while {self.operand(loop.test)}:"
            self.block(head, loop.body, lambda: self.moves(loop.carried))
            return
        self.put("while True:")
        self.depth += 1
        self.body(loop.test_body)
        self.lines_under(f"if not {self.inside(loop.test)}:", "break")
        self.body(loop.body)
        for line in self.moves(loop.carried):
            self.put(line)
        self.depth -= 1

    def branch(self, branch: If) -> None:
        def merges(side: str) -> Callable[[], list[str]]:
            return lambda: [f"{self.name(merge.out)} = {self.operand(getattr(merge, side))}" for merge in branch.merges]

        self.block(f"if {self.operand(branch.test)}:", branch.then, merges("then"))
        if branch.otherwise or branch.merges:
            self.block("else:", branch.otherwise, merges("otherwise"))

    def check(self, check: Check) -> None:
        args = ", ".join([str(check.error), *map(self.operand, check.args)])
        self.lines_under(f"if not {self.inside(check.condition)}:", f"raise RuntimeError({args})")

    def attempt(self, attempt: Attempt) -> None:
        status = self.name(attempt.status)
        self.block("try:", attempt.body, lambda: [f"{status} = 0"])
        caught = ", ".join(map(str, sorted(attempt.caught)))
        known = f"if error.args[0] not in [{caught}]: raise"
        self.lines_under("except RuntimeError as error:", known, f"{status} = error.args[0]")

    # Stacks.

    def new_stack(self, new: NewStack) -> None:
        self.put(f"{self.name(new.stack)} = []")

    def push(self, push: Push) -> None:
        self.put(f"{self.name(push.stack)}.append({self.operand(push.value)})")

    def pop(self, pop: Pop) -> None:
        self.put(f"{self.name(pop.target)} = {self.name(pop.stack)}.pop()")


PRINT: Mapping[type, Callable[[_Printer, Any], None]] = {
    Let: _Printer.let,
    Load: _Printer.load,
    Store: _Printer.store,
    Accumulate: _Printer.accumulate,
    Result: _Printer.result,
    Alloc: _Printer.alloc,
    Output: _Printer.output,
    View: _Printer.view,
    Fill: _Printer.fill,
    Copy: _Printer.copy,
    Mark: _Printer.mark,
    Release: _Printer.release,
    For: _Printer.loop,
    While: _Printer.while_loop,
    If: _Printer.branch,
    Check: _Printer.check,
    Attempt: _Printer.attempt,
    Matmul: print_matmul,
    Linalg: print_linalg,
    Invoke: print_invoke,
    Fourier: print_fourier,
    NewStack: _Printer.new_stack,
    Push: _Printer.push,
    Pop: _Printer.pop,
}
