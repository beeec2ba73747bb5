"""Activity: which values vary with the inputs asked for, and which get a cotangent."""

from symdiff.ir.graph import Function, Value
from symdiff.transform.activity import differentiable_inputs, varied_values, wanted_carried, wanted_values
from symdiff.transform.selects import ALWAYS, selected_values
from tests.graph_maker import Maker


def values_of(make: Maker, **traced) -> dict[str, Value]:
    return {name: t.value for name, t in traced.items()}


def varied_by(function: Function, *positions: int) -> set[Value]:
    return varied_values(function.block, [function.params[k] for k in positions])


# -- varied ------------------------------------------------------------------------------------------------------------


def test_only_what_depends_on_the_inputs_varies():
    make = Maker()
    x, y = make.float("x"), make.float("y")
    a, b = make.row("sin", x), make.row("exp", y)
    c = a * b
    function = make.function("f", c)
    assert {a.value, c.value} <= varied_by(function, 0)
    assert b.value not in varied_by(function, 0)
    assert {b.value, c.value} <= varied_by(function, 1)


def test_integers_truth_values_and_stopped_values_do_not_vary():
    make = Maker()
    x, n = make.float("x"), make.int("n")
    passive = [x > 0.0, make.row("floor", x), make.row("stop_gradient", x), n * 2, make.row("floor_to_int", x)]
    function = make.function("f", x * 1.0, *passive)
    assert not {t.value for t in passive} & varied_by(function, 0)


def test_the_condition_of_a_select_and_an_index_have_no_rule():
    make = Maker()
    x, k = make.array("x", make.size()), make.int("k")
    chosen = make.row("where", x > 0.0, x, 0.0)
    read = make.read(chosen, k)
    make.function("f", read)
    node = make.builders[0].definitions[chosen.value]
    assert differentiable_inputs(node) == [1, 2]
    assert differentiable_inputs(make.builders[0].definitions[read.value]) == [0]


def test_a_loop_is_followed_until_nothing_changes():
    """x reaches c in the third trip: through a, then b."""
    make = Maker()
    x, n = make.float("x"), make.int("n")
    zero = make.traced(0.0)
    a, b, c, d = make.for_(0, n, 1, [zero, zero, zero, zero], lambda i, a, b, c, d: [a + x, a * 2.0, b * 2.0, d + 1.0])
    function = make.function("f", c, d)
    varied = varied_by(function, 0)
    assert {a.value, b.value, c.value} <= varied
    assert d.value not in varied


def test_a_branch_varies_if_one_arm_does():
    make = Maker()
    x, y = make.float("x"), make.float("y")
    u, v = make.if_(y > 0.0, lambda: [x, make.traced(1.0)], lambda: [y, make.traced(2.0)])
    function = make.function("f", u, v)
    varied = varied_by(function, 0)
    assert u.value in varied
    assert v.value not in varied


# -- wanted ------------------------------------------------------------------------------------------------------------


def test_only_what_the_outputs_used_depend_on_is_wanted():
    make = Maker()
    x = make.float("x")
    a, b = make.row("sin", x), make.row("cos", x)
    function = make.function("f", a * 2.0, b)
    varied = varied_by(function, 0)
    wanted = wanted_values(function.block, [function.results[0]], varied)
    assert a.value in wanted
    assert b.value not in wanted
    assert function.params[0] in wanted


def test_carried_values_that_reach_what_is_wanted_are_wanted():
    make = Maker()
    x, n = make.float("x"), make.int("n")
    a, b, c = make.for_(0, n, 1, [x, x, x], lambda i, a, b, c: [a * b, b + 1.0, c * a])
    function = make.function("f", a)
    node = make.builders[0].definitions[a.value]
    varied = varied_by(function, 0)
    live, inside = wanted_carried(node, {a.value}, varied)
    # a needs b; nothing needs c
    assert live == [0, 1]
    assert node.blocks[0].params[3] not in inside
    assert {b.value, c.value} & wanted_values(function.block, function.results, varied) == set()


# -- selected ----------------------------------------------------------------------------------------------------------


def selected_in(make: Maker, result) -> set[Value]:
    function = make.function("f", result)
    return selected_values(function, dict.fromkeys(function.results, ALWAYS), varied_by(function, 0))


def test_what_only_one_arm_of_a_select_uses_is_selected():
    make = Maker()
    x = make.array("x", make.size())
    log, root = make.row("log", x), make.row("sqrt", x)
    both = make.row("exp", x)
    chosen = make.row("where", x > 0.0, log + both, both)
    other = make.row("where", x > 1.0, root, 0.0)
    selected = selected_in(make, make.sum(chosen + other + root))
    assert log.value in selected
    assert both.value not in selected, "it is used whichever arm is taken"
    assert root.value not in selected, "it is used outside of the select too"


def test_within_an_arm_nothing_is_selected_by_the_branch_itself():
    make = Maker()
    x = make.array("x", make.size())
    outside = make.row("log", x)
    inside = []

    def then():
        inside.append(make.row("exp", x))
        return [inside[0] * outside]

    (y,) = make.if_(make.sum(x) > 0.0, then, lambda: [x])
    selected = selected_in(make, make.sum(y))
    assert outside.value in selected
    assert inside[0].value not in selected


def test_a_select_in_a_loop_reaches_what_is_before_it():
    make = Maker()
    x, n = make.array("x", make.size()), make.int("n")
    log = make.row("log", x)
    (v,) = make.for_(0, n, 1, [x], lambda i, v: [v + make.row("where", x > 0.0, log, 0.0)])
    assert log.value in selected_in(make, make.sum(v))
