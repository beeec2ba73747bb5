"""The checker accepts every example, and names the rule that a kernel breaks."""

from collections.abc import Callable

import pytest

from symdiff_codegen.check import InvalidKernel, check_kernel, describe
from symdiff_codegen.kernel import (
    Alloc,
    Buffer,
    Carried,
    Check,
    Const,
    Copy,
    Fill,
    For,
    If,
    Instruction,
    Kernel,
    Let,
    Linalg,
    Load,
    Local,
    Mark,
    Matmul,
    Merge,
    NewStack,
    Operand,
    Output,
    Pop,
    Push,
    Reduction,
    Release,
    Result,
    ResultSpec,
    Stack,
    Store,
    View,
    While,
)
from tests.symdiff_codegen.build import Block, f64, i64, vector
from tests.symdiff_codegen.kernels import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_are_valid(example: Example) -> None:
    check_kernel(example.make())


def float_local(name: str = "t") -> Local:
    return Local("f64", name)


def int_local(name: str = "i") -> Local:
    return Local("i64", name)


X = vector("x")
N = X.dims[0]
A = Buffer("a", "f64", (i64(2), i64(3)))
FLAGS = vector("flags", "i1", "n2")
P, K, T = float_local("p"), int_local("k"), Local("i1", "t")
STACK = Stack("s", "f64")


def loop(*body: Instruction, **fields: object) -> For:
    defaults: dict = {"index": int_local(), "start": i64(0), "stop": N, "step": 1, "carried": (), "body": body}
    return For(**{**defaults, **fields})


def defined_twice() -> list[Instruction]:
    target = float_local("twice")
    return [Let(target, "neg", (P,)), Let(target, "neg", (P,))]


def out_of_scope() -> list[Instruction]:
    inner = float_local("inner")
    return [loop(Let(inner, "neg", (P,))), Let(float_local(), "neg", (inner,))]


def other_branch() -> list[Instruction]:
    inner = float_local("inner")
    return [If(T, (Let(inner, "neg", (P,)),), (Let(float_local(), "neg", (inner,)),))]


def carried_type() -> list[Instruction]:
    param = int_local("param")
    return [loop(carried=(Carried(param, i64(0), f64(1.0), int_local("out")),))]


def param_after_loop() -> list[Instruction]:
    param = float_local("param")
    carried = (Carried(param, P, param, float_local("out")),)
    return [loop(carried=carried), Let(float_local(), "neg", (param,))]


def released() -> list[Instruction]:
    room, part = Buffer("room", "f64", (N,)), Buffer("part", "f64", (i64(1),))
    return [Mark("m"), Alloc(room), View(part, room, i64(0)), Release("m"), Load(float_local(), part, (i64(0),))]


def wrong_merge() -> list[Instruction]:
    return [If(T, (), (), (Merge(float_local("out"), P, K),))]


def vector_of(*body: Instruction, **fields: object) -> Callable[[], list[Instruction]]:
    return lambda: [loop(*body, **{"vector": True, **fields})]


def one(instruction: Instruction) -> Callable[[], list[Instruction]]:
    return lambda: [instruction]


def load(*indices: Operand, buffer: Buffer = X, type: str = "f64") -> Callable[[], list[Instruction]]:
    return one(Load(Local(type, "e"), buffer, indices))


Y, B, Z = vector("y", length="m"), Buffer("b", "f64", (i64(2), i64(3))), Buffer("z", "f64", (i64(2), i64(2)))
TERM = float_local("term")
BROKEN: dict[str, tuple[Callable[[], list[Instruction]], str]] = {
    "twice": (defined_twice, "twice is defined twice"),
    "scope": (out_of_scope, "inner is not visible"),
    "branch": (other_branch, "inner is not visible"),
    "op": (one(Let(float_local(), "frobnicate", (P,))), "no scalar operation 'frobnicate'"),
    "op types": (one(Let(float_local(), "add", (P, K))), r"add does not take \(f64, i64\)"),
    "op result": (one(Let(int_local(), "neg", (P,))), "i is of type i64, not f64"),
    "constant": (one(Let(int_local(), "neg", (Const(2**63, "i64"),))), "is not of type i64"),
    "fraction": (one(Let(int_local(), "neg", (Const(0.5, "i64"),))), "0.5 is not of type i64"),
    "rank": (load(i64(0), i64(0)), "x has 1 dimensions, not 2"),
    "index": (load(P), "p is of type f64, not i64"),
    "load type": (load(i64(0), type="f32"), "e is of type f32, not f64"),
    "unknown buffer": (load(i64(0), buffer=Y), "y is not visible"),
    "store type": (one(Store(X, (K,), K)), "k is of type i64, not f64"),
    "dims": (one(Alloc(Y)), "m is not visible"),
    "negative dim": (one(Alloc(Buffer("w", "f64", (i64(-1),)))), "a dimension of w is negative"),
    "slot": (one(Result(7, P)), "there is no result 7"),
    "array slot": (one(Result(1, P)), "result 1 is an array"),
    "scalar slot": (one(Output(Buffer("y", "f64", (N,)), 0)), "result 0 is a scalar"),
    "output type": (one(Output(Buffer("y", "f32", (N,)), 1)), "y is of type f32, not f64"),
    "output in loop": (lambda: [loop(Output(Buffer("y", "f64", (N,)), 1))], "not made in a loop"),
    "output twice": (
        lambda: [Output(Buffer("y", "f64", (N,)), 1), Output(Buffer("z", "f64", (N,)), 1)], "result 1 is made twice"
    ),
    "view": (one(View(Buffer("row", "f64", (i64(3),)), A, i64(4))), "row is not inside its source"),
    "copy": (lambda: [Alloc(Z), Copy(Z, A)], "z and a differ in size"),
    "fill": (one(Fill(X, i64(0))), "0 is of type i64, not f64"),
    "mark": (one(Release("m")), "there is no such mark"),
    "mark twice": (lambda: [Mark("m"), Mark("m")], "the mark exists already"),
    "released": (released, "part is not visible"),
    "carried": (carried_type, "1.0 is of type f64, not i64"),
    "param": (param_after_loop, "param is not visible"),
    "step": (lambda: [loop(step=0)], "the step is zero"),
    "stop": (lambda: [loop(stop=P)], "p is of type f64, not i64"),
    "test": (one(While((), (), K, ())), "k is of type i64, not i1"),
    "merge": (wrong_merge, "k is of type i64, not f64"),
    "vector step": (vector_of(step=2), "the step of a vector loop is 1"),
    "vector body": (vector_of(loop()), "does not contain For"),
    "vector carried": (vector_of(carried=(Carried(float_local(), P, P, float_local()),)), "carries nothing"),
    "scalar reduction": (lambda: [loop(reductions=(Reduction("sum", P, TERM),))], "only a vector loop"),
    "reduction": (vector_of(reductions=(Reduction("mean", P, TERM),)), "no reduction 'mean'"),
    "reduction type": (vector_of(reductions=(Reduction("any", P, TERM),)), "p is of type f64, not i1"),
    "status": (one(Check(T, 0)), "positive"),
    "operands": (one(Check(T, 1, (P,) * 5)), "at most 4 operands"),
    "operand type": (one(Check(T, 1, (T,))), "t is of type i1, not f64 or i64"),
    "matmul": (lambda: [Alloc(Z), Matmul(Z, A, A)], "a dimension of a does not fit"),
    "matmul alias": (lambda: [Matmul(A, A, A)], "does not fit|one of its factors"),
    "matmul rank": (lambda: [Matmul(A, X, A)], "x has 1 dimensions, not 2"),
    "linalg": (one(Linalg(Local("i1", "ok"), "qr", (), (A,))), "no function 'qr'"),
    "linalg count": (one(Linalg(Local("i1", "ok"), "inv", (), (A,))), "inv takes"),
    "linalg shape": (one(Linalg(Local("i1", "ok"), "inv", (A,), (A,))), "does not fit"),
    "stack": (one(Push(STACK, P)), "s is not visible"),
    "stack type": (lambda: [NewStack(STACK), Push(STACK, K)], "k is of type i64, not f64"),
    "pop type": (lambda: [NewStack(STACK), Pop(int_local("top"), STACK)], "top is of type i64, not f64"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_broken_rules_are_named(case: tuple[Callable[[], list[Instruction]], str]) -> None:
    make, message = case
    params = (X, P, K, T, A, FLAGS)
    kernel = Kernel("broken", params, tuple(make()), (ResultSpec("float"), ResultSpec("array:f64")))
    with pytest.raises(InvalidKernel, match=message) as raised:
        check_kernel(kernel)
    assert str(raised.value).startswith("kernel broken")


def test_truth_values_do_not_accumulate() -> None:
    block = Block()
    block.accumulate(FLAGS, i64(0), T)
    with pytest.raises(InvalidKernel, match="do not add"):
        check_kernel(block.kernel("f", (FLAGS, T)))


def test_a_result_is_given_on_every_path() -> None:
    given = If(T, (Result(0, P),), ())
    with pytest.raises(InvalidKernel, match="result 0 is not given on every path"):
        check_kernel(Kernel("f", (P, T), (given,), (ResultSpec("float"),)))
    check_kernel(Kernel("f", (P, T), (given, Result(0, P)), (ResultSpec("float"),)))
    with pytest.raises(InvalidKernel, match="result 0 is not given"):
        check_kernel(Kernel("f", (P, K), (loop(Result(0, P), stop=K),), (ResultSpec("float"),)))


def test_the_message_names_the_instruction() -> None:
    target = float_local("y")
    with pytest.raises(InvalidKernel, match="kernel f in Let y add: "):
        check_kernel(Kernel("f", (P, K), (Let(target, "add", (P, K)),), ()))
    assert describe(loop()) == "For i"


def test_deep_kernels_are_checked() -> None:
    body: tuple = ()
    for _ in range(5000):
        body = (If(T, body, ()),)
    check_kernel(Kernel("deep", (T,), body, ()))
