"""History: what a gradient saves of the forward sweep, in which form, and what it computes again."""

import numpy as np
import pytest

from symdiff.errors import LimitError
from symdiff.ir.graph import FOR, Function, Node
from symdiff.ir.verify import verify
from symdiff.ir.walk import all_nodes
from symdiff.runtime.interpret import interpret
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from tests.graph_maker import WHOLE, Maker


def gradient(make: Maker, result, *wrt: int) -> Function:
    """The gradient of a function of the maker, without dead code."""
    function = make.function("f", result)
    made = differentiate(function, wrt or (0,), [function.results[0]], name="g", value=False)
    return verify(eliminate_dead_code(made))


def rows(function: Function, name: str) -> list[Node]:
    return [node for node in all_nodes(function.block) if node.op.name == name]


def loops(function: Function) -> list[Node]:
    return [node for node in all_nodes(function.block) if node.op is FOR]


def names(nodes) -> list[str]:
    return sorted(n.outputs[0].hint for n in nodes)


def test_a_tape_has_one_axis_for_each_loop_and_is_made_before_them():
    make = Maker()
    x, n, m = make.float("x"), make.int("n"), make.int("m")

    def outer(i, v):
        return make.for_(0, m, 1, [v], lambda j, w: [make.row("sin", w) * x], ["w"], "j")

    (v,) = make.for_(0, n, 1, [x], outer, ["v"])
    made = gradient(make, v)
    tapes = [node for node in made.block.nodes if node.op.name == "full"]
    assert names(tapes) == ["sin_w_tape", "w_tape"]
    assert all(len(node.output.type.shape) == 2 for node in tapes)
    assert interpret(made, 0.7, 0, 3) == (1.0,)


def test_a_loop_whose_values_are_not_needed_saves_nothing():
    make = Maker()
    x, n = make.float("x"), make.int("n")
    (v,) = make.for_(0, n, 1, [x], lambda i, v: [v + 2.0 * x])
    made = gradient(make, v)
    assert not rows(made, "full")
    assert len(loops(made)) == 1, "nor does the forward loop run at all"
    assert interpret(made, 0.7, 4)[0] == 9.0


def test_what_only_costs_an_addition_is_computed_again():
    make = Maker()
    x, n = make.float("x"), make.int("n")

    def body(i, v):
        w = v + x
        return [w * w * v]

    (v,) = make.for_(0, n, 1, [x], body, ["v"])
    made = gradient(make, v)
    assert names(rows(made, "full")) == ["v_tape"]


@pytest.mark.parametrize("stop", [0, 1, 4])
def test_ragged_loops_use_stacks_that_end_empty(stop):
    make = Maker()
    x, n = make.float("x"), make.int("n")

    def outer(i, v):
        return make.for_(0, i, 1, [v], lambda j, w: [make.row("sin", w) * x], ["w"], "j")

    (v,) = make.for_(0, n, 1, [x], outer, ["v"])
    made = gradient(make, v)
    assert names(rows(made, "new_stack")) == ["sin_w_tape", "w_tape"]
    pops, pushes = rows(made, "pop"), rows(made, "push")
    assert len(pops) == len(pushes) == 2
    interpret(made, 0.7, stop)


def test_inner_bounds_that_do_not_change_are_no_reason_for_a_stack():
    make = Maker()
    x, n = make.float("x"), make.int("n")

    def outer(i, v):
        return make.for_(0, n * 2 + 1, 1, [v], lambda j, w: [w * w * x], ["w"], "j")

    (v,) = make.for_(0, n, 1, [x], outer, ["v"])
    made = gradient(make, v)
    assert not rows(made, "new_stack")
    assert names(rows(made, "full")) == ["w_tape"]


def test_trips_of_a_while_are_counted_and_its_values_stacked():
    make = Maker()
    x = make.float("x")
    (v,) = make.while_([x], lambda v: v < 100.0, lambda v: [v * v], ["v"])
    made = gradient(make, v)
    assert names(rows(made, "new_stack")) == ["v_tape"]
    (loop,) = loops(made)
    assert loop.attrs["reversed"]
    assert interpret(made, 3.0)[0] == 8 * 3.0**7


def test_outside_of_loops_a_branch_keeps_its_value_in_a_variable():
    make = Maker()
    x = make.float("x")

    def then():
        return [make.row("exp", make.row("exp", make.row("sin", x)))]

    (v,) = make.if_(x > 0.0, then, lambda: [x])
    made = gradient(make, v)
    assert not rows(made, "full")
    assert len(rows(made, "exp")) == 2


def test_an_array_that_a_loop_changes_is_not_saved_whole_for_one_element():
    """Saving the array in each trip would make a loop of n stores cost n squared."""
    make = Maker()
    x = make.array("x", make.size())

    def body(i, a):
        before = make.read(a, i - 1)
        return [make.store(a, before * make.read(x, i), i)]

    (a,) = make.for_(1, x.shape[0], 1, [make.store(x, 1.0, 0)], body, ["a"])
    made = gradient(make, make.sum(a))
    tapes = [node for node in rows(made, "full") if node.outputs[0].hint.endswith("_tape")]
    assert [len(node.output.type.shape) for node in tapes] == [1]


def test_an_element_read_in_an_inner_loop_is_saved_there():
    make = Maker()
    x, n = make.array("x", make.size()), make.int("n")

    def outer(i, a):
        def inner(j, total):
            value = make.read(a, j)
            return [total + value * value]

        (total,) = make.for_(0, i, 1, [make.traced(0.0)], inner, ["total"], "j")
        return [make.store(a, make.row("sin", total) + make.read(a, i), i)]

    (a,) = make.for_(0, n, 1, [x], outer, ["a"])
    made = gradient(make, make.sum(a))
    stacks = [node.outputs[0].type for node in rows(made, "new_stack")]
    assert stacks
    assert all(not type_.shape for type_ in stacks)


def test_an_array_whose_size_changes_from_trip_to_trip_is_refused():
    make = Maker()
    x = make.array("x", make.size())

    def body(i, total):
        part = make.row("exp", make.row("index", x, i, index=(("slice", "in", None, None),)))
        squares = make.row("exp", make.row("sin", part))
        return [total + make.sum(squares)]

    (total,) = make.for_(0, x.shape[0], 1, [make.traced(0.0)], body)
    # this one can be computed again
    made = gradient(make, total)
    assert np.all(np.isfinite(interpret(made, np.array([0.3, 0.2, -1.0]))[0]))


def damped_tails(make: Maker, part_of):
    """The sum of the squares of parts of an array that go through a loop each."""
    x, n = make.array("x", make.size()), make.int("n")

    def body(i, total):
        part = part_of(x, i)
        (grown,) = make.for_(0, n, 1, [part], lambda j, v: [make.row("sin", v)], ["v"], "j")
        # a sum alone would be reversed trip by trip, and keep nothing
        return [total * 0.5 + make.sum(grown * grown)]

    (total,) = make.for_(0, x.shape[0], 1, [make.traced(0.0)], body)
    return total


def test_a_part_of_an_array_is_kept_in_room_for_the_whole():
    make = Maker()
    total = damped_tails(make, lambda x, i: make.row("index", x, i, index=(("slice", "in", None, None),)))
    x, n, step = np.array([0.3, 0.2, -1.0, 0.8]), 3, 1e-20

    def plain(z):
        found = 0.0
        for i in range(len(z)):
            v = z[i:]
            for _ in range(n):
                v = np.sin(v)
            found = found * 0.5 + np.sum(v * v)
        return found

    wanted = [plain(x + 1j * step * e).imag / step for e in np.eye(4)]
    assert interpret(gradient(make, total), x, n)[0] == pytest.approx(wanted, rel=1e-13)


def test_what_cannot_be_kept_is_a_limit_with_a_place():
    make = Maker()

    def part_of(x, i):
        length = make.row("add", make.row("multiply", i, i), 2).value
        count = make.row("arange", 0, 1, length=length, dtype="int64")
        return make.row("convert", count, dtype="float64", kind="numpy") * make.sum(x)

    function = make.function("f", damped_tails(make, part_of))
    with pytest.raises(LimitError, match="size changes from trip to trip"):
        differentiate(function, [0], [function.results[0]], name="g", value=False)


def test_rows_of_a_matrix_are_saved_as_rows():
    make = Maker()
    x, n = make.array("x", make.size()), make.int("n")
    (v,) = make.for_(0, n, 1, [x], lambda i, v: [make.row("tanh", v * 2.0)], ["v"])
    made = gradient(make, make.sum(v))
    (tape,) = rows(made, "full")
    assert tape.output.type.rank == 2
    (put,) = rows(made, "put")
    assert put.attrs["index"] == (("int",), WHOLE)
