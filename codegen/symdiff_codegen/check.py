"""The rules of a kernel, checked: values are defined once and seen only where they may be, types agree, loops fit.

Each rule is a generator that yields the blocks it contains; one loop runs them all from a stack of its own, so neither
long bodies nor deep ones meet Python's recursion limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .check_calls import check_fourier, check_invoke, check_linalg, check_matmul
from .check_names import InvalidKernel, Names
from .instructions import NUMBERS, REDUCTIONS, result_type
from .kernel import (
    Accumulate,
    Alloc,
    Attempt,
    Body,
    Buffer,
    Carried,
    Check,
    Const,
    Copy,
    Fill,
    For,
    Fourier,
    If,
    Instruction,
    Invoke,
    Kernel,
    Let,
    Linalg,
    Load,
    Local,
    Mark,
    Matmul,
    NewStack,
    Operand,
    Output,
    Pop,
    Push,
    Release,
    Result,
    Store,
    View,
    While,
)

__all__ = ["InvalidKernel", "check_kernel", "describe"]

MAX_ERROR_ARGS = 4
Nested = Iterator[Iterator[Any]]


def check_kernel(kernel: Kernel) -> None:
    """Check a kernel.

    Parameters
    ----------
    kernel
        The kernel.

    Raises
    ------
    InvalidKernel
        If it breaks a rule.
    """
    checker = _Checker(kernel)
    try:
        checker.run()
    except InvalidKernel as error:
        where = "" if checker.current is None else f" in {describe(checker.current)}"
        raise InvalidKernel(f"kernel {kernel.name}{where}: {error}") from None


def describe(instruction: Instruction) -> str:
    """Return an instruction in a few words, without the blocks it contains."""
    words = [type(instruction).__name__]
    for field in ("target", "op", "name", "buffer", "index", "stack", "slot", "error"):
        value = getattr(instruction, field, None)
        if value is not None:
            words.append(str(getattr(value, "name", value)))
    return " ".join(words)


class _Checker(Names):
    """The walk over a kernel, and what it has met so far."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self.kernel = kernel
        self.current: Instruction | None = None
        self.loops = 0
        # Result slots that are filled on every path to here, and those that are on some.
        self.filled: set[int] = set()
        self.touched: set[int] = set()
        self.marks: dict[str, tuple[Mark, int]] = {}
        self.workspace: list[Buffer] = []
        self.sources: dict[Buffer, Buffer] = {}

    def run(self) -> None:
        """Check parameters, body and results."""
        for param in self.kernel.params:
            if isinstance(param, Local):
                self.define(param)
        for param in self.kernel.params:
            if isinstance(param, Buffer):
                for dim in param.dims:
                    if isinstance(dim, Local) and dim not in self.visible:
                        self.define(dim)
                self.define_buffer(param)
        pending: list[Iterator[Any]] = [self.body(self.kernel.body)]
        while pending:
            nested = next(pending[-1], None)
            if nested is None:
                pending.pop()
            else:
                pending.append(nested)
        self.current = None
        missing = set(range(len(self.kernel.results))) - self.filled
        self.require(not missing, f"result {min(missing, default=0)} is not given on every path")

    def body(self, body: Body) -> Nested:
        """Check a block's instructions in order."""
        for instruction in body:
            self.current = instruction
            rule = RULES.get(type(instruction))
            self.require(rule is not None, f"{type(instruction).__name__} is no instruction")
            nested = rule(self, instruction) if rule is not None else None
            if nested is not None:
                yield nested

    # Scalars and elements.

    def let(self, let: Let) -> None:
        for arg in let.args:
            self.expect(arg, arg.type)
        try:
            result = result_type(let.op, [arg.type for arg in let.args])
        except TypeError as error:
            raise InvalidKernel(str(error)) from None
        self.same(let.target.type, result, let.target.name)
        self.define(let.target)

    def element(self, buffer: Buffer, indices: tuple[Operand, ...]) -> None:
        self.see(buffer)
        self.require(len(indices) == buffer.rank, f"{buffer.name} has {buffer.rank} dimensions, not {len(indices)}")
        for index in indices:
            self.expect(index, "i64")

    def load(self, load: Load) -> None:
        self.element(load.buffer, load.indices)
        self.same(load.target.type, load.buffer.type, load.target.name)
        self.define(load.target)

    def store(self, store: Store | Accumulate) -> None:
        self.element(store.buffer, store.indices)
        self.expect(store.value, store.buffer.type)
        addable = not isinstance(store, Accumulate) or store.buffer.type in NUMBERS
        self.require(addable, f"{store.buffer.name} holds truth values, which do not add")

    def result(self, result: Result) -> None:
        spec = self.slot(result.slot)
        self.require(not spec.is_array, f"result {result.slot} is an array")
        self.expect(result.value, *((spec.type, "i32") if spec.type == "i64" else (spec.type,)))
        self.filled.add(result.slot)

    def slot(self, slot: int) -> Any:
        self.require(0 <= slot < len(self.kernel.results), f"there is no result {slot}")
        return self.kernel.results[slot]

    # Whole arrays.

    def alloc(self, alloc: Alloc) -> None:
        self.define_buffer(alloc.buffer)
        self.workspace.append(alloc.buffer)

    def output(self, output: Output) -> None:
        spec, buffer = self.slot(output.slot), output.buffer
        self.require(spec.is_array, f"result {output.slot} is a scalar")
        self.same(buffer.type, spec.type, buffer.name)
        self.require(self.loops == 0, "an array for the caller is not made in a loop")
        self.require(output.slot not in self.touched, f"result {output.slot} is made twice")
        self.filled.add(output.slot)
        self.touched.add(output.slot)
        self.define_buffer(buffer)

    def view(self, view: View) -> None:
        self.see(view.source)
        self.expect(view.offset, "i64")
        self.same(view.buffer.type, view.source.type, view.buffer.name)
        part, whole = view.buffer.static_size, view.source.static_size
        if part is not None and whole is not None and isinstance(view.offset, Const):
            end = int(view.offset.value) + part
            self.require(view.offset.value >= 0 and end <= whole, f"{view.buffer.name} is not inside its source")
        self.define_buffer(view.buffer)
        self.sources[view.buffer] = view.source

    def fill(self, fill: Fill) -> None:
        self.see(fill.buffer)
        self.expect(fill.value, fill.buffer.type)

    def copy(self, copy: Copy) -> None:
        self.see(copy.target, copy.source)
        self.same(copy.source.type, copy.target.type, copy.source.name)
        sizes = {copy.target.static_size, copy.source.static_size} - {None}
        self.require(len(sizes) < 2, f"{copy.target.name} and {copy.source.name} differ in size")

    def mark(self, mark: Mark) -> None:
        known = self.marks.get(mark.name)
        self.require(known is None or known[0] not in self.visible, "the mark exists already")
        self.marks[mark.name] = mark, len(self.workspace)
        self.define(mark)

    def release(self, release: Release) -> None:
        """What was allocated since the mark, and every view of it, is gone."""
        mark, size = self.marks.get(release.name, (None, 0))
        self.require(mark in self.visible, "there is no such mark")
        gone = set(self.workspace[size:])
        # A view follows its source in the order of definition.
        for buffer, source in self.sources.items():
            if source in gone:
                gone.add(buffer)
        self.visible -= gone

    # Control.

    def carried(self, carried: Iterable[Carried]) -> None:
        """Check the initial values, which are seen from outside the loop."""
        for item in carried:
            self.expect(item.init, item.param.type)
            self.same(item.out.type, item.param.type, item.out.name)

    def loop(self, loop: For) -> Nested:
        self.expect(loop.start, "i64")
        self.expect(loop.stop, "i64")
        if isinstance(loop.step, int):
            self.require(loop.step != 0, "the step is zero")
        else:
            self.expect(loop.step, "i64")
        self.same(loop.index.type, "i64", loop.index.name)
        self.carried(loop.carried)
        self.vector(loop)
        filled = set(self.filled)
        with self.scope():
            self.loops += 1
            self.define(loop.index)
            for item in loop.carried:
                self.define(item.param)
            yield self.body(loop.body)
            self.current = loop
            self.nexts(loop.carried)
            for reduction in loop.reductions:
                row = REDUCTIONS[reduction.op]
                self.expect(reduction.value, *row.starts)
                self.same(reduction.out.type, reduction.value.type, reduction.out.name)
            self.loops -= 1
        self.filled = filled
        for out in [item.out for item in loop.carried] + [item.out for item in loop.reductions]:
            self.define(out)

    def nexts(self, carried: Iterable[Carried]) -> None:
        for item in carried:
            self.expect(item.next, item.param.type)

    def vector(self, loop: For) -> None:
        """Check what a vector loop promises as far as its shape shows it."""
        for reduction in loop.reductions:
            self.require(reduction.op in REDUCTIONS, f"there is no reduction {reduction.op!r}")
        if not loop.vector:
            self.require(not loop.reductions, "only a vector loop has reductions")
            return
        self.require(not loop.carried, "a vector loop carries nothing: use a reduction")
        step = loop.step.value if isinstance(loop.step, Const) else loop.step
        self.require(step == 1, "the step of a vector loop is 1")
        for instruction in loop.body:
            allowed = isinstance(instruction, (Let, Load, Store, Accumulate, Check))
            self.require(allowed, f"a vector loop does not contain {type(instruction).__name__}")

    def while_loop(self, loop: While) -> Nested:
        self.carried(loop.carried)
        filled = set(self.filled)
        with self.scope():
            self.loops += 1
            for item in loop.carried:
                self.define(item.param)
            yield self.body(loop.test_body)
            self.current = loop
            self.expect(loop.test, "i1")
            yield self.body(loop.body)
            self.current = loop
            self.nexts(loop.carried)
            self.loops -= 1
        self.filled = filled
        for item in loop.carried:
            self.define(item.out)

    def branch(self, branch: If) -> Nested:
        self.expect(branch.test, "i1")
        before, touched = set(self.filled), set(self.touched)
        ends = []
        for body, side in ((branch.then, "then"), (branch.otherwise, "otherwise")):
            self.filled, self.touched = set(before), set(touched)
            with self.scope():
                yield self.body(body)
                self.current = branch
                for merge in branch.merges:
                    self.expect(getattr(merge, side), merge.out.type)
            ends.append((self.filled, self.touched))
        (filled, touched), (other_filled, other_touched) = ends
        self.filled, self.touched = filled & other_filled, touched | other_touched
        for merge in branch.merges:
            self.define(merge.out)

    def attempt(self, attempt: Attempt) -> Nested:
        self.same(attempt.status.type, "i64", attempt.status.name)
        filled = set(self.filled)
        with self.scope():
            yield self.body(attempt.body)
            self.current = attempt
        self.filled = filled
        self.define(attempt.status)

    def check(self, check: Check) -> None:
        self.expect(check.condition, "i1")
        self.require(check.error > 0, "the status of an error is positive")
        self.require(len(check.args) <= MAX_ERROR_ARGS, f"an error has at most {MAX_ERROR_ARGS} operands")
        for arg in check.args:
            self.expect(arg, "f64", "i64")

    # Stacks.

    def push(self, push: Push) -> None:
        self.see(push.stack)
        self.expect(push.value, push.stack.type)

    def pop(self, pop: Pop) -> None:
        self.see(pop.stack)
        self.same(pop.target.type, pop.stack.type, pop.target.name)
        self.define(pop.target)


RULES: Mapping[type, Callable[[_Checker, Any], Nested | None]] = {
    Let: _Checker.let,
    Load: _Checker.load,
    Store: _Checker.store,
    Accumulate: _Checker.store,
    Result: _Checker.result,
    Alloc: _Checker.alloc,
    Output: _Checker.output,
    View: _Checker.view,
    Fill: _Checker.fill,
    Copy: _Checker.copy,
    Mark: _Checker.mark,
    Release: _Checker.release,
    For: _Checker.loop,
    While: _Checker.while_loop,
    If: _Checker.branch,
    Check: _Checker.check,
    Attempt: _Checker.attempt,
    Matmul: check_matmul,
    Linalg: check_linalg,
    Invoke: check_invoke,
    Fourier: check_fourier,
    NewStack: lambda checker, new: checker.define(new.stack),
    Push: _Checker.push,
    Pop: _Checker.pop,
}
