"""Dead code: what goes, and what must stay."""

from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import FOR, Block, Function, Node, Type, Value
from symdiff.ir.shapes import require_same
from symdiff.ir.verify import verify
from symdiff.ir.walk import all_blocks, all_nodes, has_effect
from symdiff.ops import REGISTRY, Traced
from symdiff.runtime.interpret import interpret
from symdiff.transform.dce import eliminate_dead_code

FLOAT, INT = Type("float64", (), "python"), Type("int64", (), "python")


def cleaned(build: Builder, params: list[Value], *results: Value) -> Function:
    return verify(eliminate_dead_code(verify(Function("f", Block(tuple(params), tuple(build.nodes), results)))))


def names(function: Function) -> list[str]:
    return [str(node.op) for node in all_nodes(function.block)]


def test_unused_nodes_go() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    used = Traced(build, x) * 2.0
    REGISTRY["exp"](Traced(build, x))
    assert names(cleaned(build, [x], used.value)) == ["constant", "multiply"]


def test_what_may_fail_as_python_does_stays() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    used = Traced(build, x) * 2.0
    REGISTRY["log"](Traced(build, x))
    used / 4.0
    assert names(cleaned(build, [x], used.value)) == ["constant", "multiply", "log"]


def test_nothing_dead_is_the_same_object() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    used = -Traced(build, x)
    function = Function("f", Block((x,), tuple(build.nodes), (used.value,)))
    assert eliminate_dead_code(function) is function


def test_checks_of_sizes_stay() -> None:
    build, n, m = Builder(), Value(INT, "n"), Value(INT, "m")
    require_same(build, n, m, "sizes differ")
    assert names(cleaned(build, [n, m], n)) == ["require_equal"]


def test_sizes_of_live_values_are_live() -> None:
    build, n = Builder(), Value(INT, "n")
    size = (Traced(build, n) + 1).value
    made = REGISTRY["full"](Traced(build, build.constant(0.0)), shape=(size,), dtype="float64")
    function = cleaned(build, [n], made.value)
    assert "add" in names(function)
    assert interpret(function, 2)[0].shape == (3,)


def trips(build: Builder, n: Value, initials: list[Value], body: Any) -> tuple[Value, ...]:
    inner = build.inner()
    params = [Value(INT, "i"), *(Value(v.type) for v in initials)]
    results = body(*(Traced(inner, p) for p in params))
    block = inner.finish(params, [r.value for r in results])
    return build.for_(build.constant(0), n, build.constant(1), initials, block)


def test_unused_carried_values_go() -> None:
    """The second feeds only itself; the third is read by the first, so it stays though nobody reads it after."""
    build, n, x = Builder(), Value(INT, "n"), Value(FLOAT, "x")
    first, _, _ = trips(build, n, [x, x, x], lambda i, a, b, c: [a * c, REGISTRY["sin"](b), REGISTRY["cos"](c)])
    function = cleaned(build, [n, x], first)
    (loop,) = [node for node in function.block.nodes if node.op is FOR]
    assert len(loop.outputs) == 2 and len(loop.inputs) == 5
    assert names(function).count("sin") == 0 and names(function).count("cos") == 1
    assert interpret(function, 0, 0.5) == (0.5,)
    assert interpret(function, 1, 0.5) == (0.25,)


def test_a_loop_nobody_reads_goes() -> None:
    build, n, x = Builder(), Value(INT, "n"), Value(FLOAT, "x")
    trips(build, n, [x], lambda i, a: [a * 2.0])
    assert names(cleaned(build, [n, x], x)) == []


def test_a_loop_with_a_check_stays() -> None:
    build, n, x = Builder(), Value(INT, "n"), Value(FLOAT, "x")

    def body(i: Traced, a: Traced) -> list[Traced]:
        require_same(i.build, i.value, n, "")
        return [a * 2.0]

    trips(build, n, [x], body)
    function = cleaned(build, [n, x], x)
    (loop,) = [node for node in function.block.nodes if node.op is FOR]
    assert loop.outputs == () and has_effect(loop)
    assert names(function) == ["constant", "constant", "for", "require_equal"]


def test_results_of_branches() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    then, otherwise = build.inner(), build.inner()
    blocks = []
    for inner in (then, otherwise):
        kept, dropped = Traced(inner, x) * 3.0, REGISTRY["sin"](Traced(inner, x))
        blocks.append(inner.finish((), [dropped.value, kept.value]))
    condition = (Traced(build, x) > 0.0).value
    _, out = build.if_(condition, *blocks)
    function = cleaned(build, [x], out)
    assert "sin" not in names(function)
    assert interpret(function, 2.0) == (6.0,)


def test_while_keeps_what_its_test_reads() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    test, body = build.inner(), build.inner()
    a, b, c, d = (Value(FLOAT) for _ in range(4))
    again = (Traced(test, a) < 10.0).value
    results = [(Traced(body, c) * 2.0).value, (Traced(body, d) + 1.0).value]
    _, count = build.while_([x, build.constant(0.0)], test.finish([a, b], [again]), body.finish([c, d], results))
    function = cleaned(build, [x], count)
    assert interpret(function, 1.0) == (4.0,)
    build.nodes.pop()
    first, _ = build.while_([x, build.constant(0.0)], test.finish([a, b], [again]), body.finish([c, d], results))
    function = cleaned(build, [x], first)
    assert len(function.block.nodes[-1].outputs) == 1
    assert interpret(function, 1.0) == (16.0,)


def test_walk_visits_blocks_in_order() -> None:
    build, n, x = Builder(), Value(INT, "n"), Value(FLOAT, "x")
    (out,) = trips(build, n, [x], lambda i, a: [-a])
    outer = (-Traced(build, out)).value
    block = Block((n, x), tuple(build.nodes), (outer,))
    assert [str(node.op) for node in all_nodes(block)] == ["constant", "constant", "for", "negative", "negative"]
    assert [len(inner.params) for inner in all_blocks(block)] == [2, 2]
    assert not has_effect(Node(REGISTRY["negative"], (x,), (Value(FLOAT),)))
