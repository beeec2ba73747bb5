"""Only the code that runs is read: of several lambdas the right one, and of an edited file nothing."""

import ast
import linecache
import math
from types import ModuleType, SimpleNamespace

import pytest
from _pytest.assertion.rewrite import rewrite_asserts

from symdiff.errors import LimitError, SourceMismatchError
from symdiff.frontend.recompile import same_code
from symdiff.frontend.source import read_source


def written(function) -> str:
    return ast.unparse(read_source(function).tree)


def edit(module: ModuleType, old: str, new: str) -> None:
    with open(module.__file__, encoding="utf-8") as stream:
        text = stream.read()
    assert old in text
    with open(module.__file__, "w", encoding="utf-8") as stream:
        stream.write(text.replace(old, new))


# ---- several lambdas on one line -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a, b = (lambda x: x * 2), (lambda x: x * 3)",
        "a, b = (lambda x: x * 1), (lambda x: x * 1.0)",
        "a, b = (lambda x: x * 0.0), (lambda x: x * -0.0)",
        "a, b = (lambda x: x + y), (lambda y: x + y)",
        "a, b = (lambda x, k=1: x * k), (lambda *x, k=2: x * k)",
        "a, b = [(lambda x: x in {1, 2}), (lambda x: x in {1, 2.0})]",
        "a, b = map(lambda k: (lambda x: x * k) if k else (lambda x: x / k), (1, 0))",
        "a = (lambda f: f)(lambda x: x * 2); b = lambda x: (x *\n 5)",
        "a, b = (lambda x: x *\n 2), (lambda x: x * 3)",
        "a = lambda x: x * (lambda y: y if y else -y)(x); b = lambda y: y if y else -y",
    ],
)
def test_lambdas_on_one_line(load, text):
    module = load(text + "\n")
    for function in (module.a, module.b):
        # In a module of its own, the text found must compile to the running code (free variables become global).
        tree = read_source(function).tree
        again = eval(compile(ast.Expression(tree), "model.py", "eval")).__code__
        assert again.co_varnames == function.__code__.co_varnames
        assert [c for c in again.co_consts if not hasattr(c, "co_code")] == [
            c for c in function.__code__.co_consts if not hasattr(c, "co_code")
        ]
        if not function.__closure__:
            assert same_code(again, function.__code__)


def test_equal_lambdas_on_one_line_are_told_apart_by_column(load):
    module = load("a, b = (lambda x: x * 2), (lambda x: x * 2)\n")
    assert read_source(module.a).tree.col_offset < read_source(module.b).tree.col_offset


def test_a_lambda_within_others(load):
    module = load("f = lambda a: lambda b: lambda c: a * b + c\n")
    for function, text in ((module.f, "lambda a: "), (module.f(1)(2), "lambda c: a * b + c")):
        assert written(function).startswith(text)


def test_lambdas_as_defaults_arguments_and_in_comprehensions(load):
    module = load("""
        def take(f, g=lambda x: x - 1): return f, g
        f, g = take(lambda x: x + 1)
        powers = [lambda x, n=n: x**n for n in range(3)]
        table = {"a": lambda x: x / 2, "b": lambda x: x / 3}
    """)
    found = [written(f) for f in (module.f, module.g, module.powers[2], module.table["b"])]
    assert found == ["lambda x: x + 1", "lambda x: x - 1", "lambda x, n=n: x ** n", "lambda x: x / 3"]


# ---- asserts under pytest --------------------------------------------------------------------------------------------


def test_asserts_that_pytest_has_rewritten():
    def f(x, limit=3):
        assert x > 0, "positive"
        assert x < limit and math.isfinite(x)
        return (lambda y: y * 2)(x)

    assert "@py_assert" in "".join(f.__code__.co_varnames), "this file is meant to be rewritten by pytest"
    source = read_source(f)
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(source.tree)) == 2
    assert source.location(source.tree.body[2]).source_line.strip() == "return (lambda y: y * 2)(x)"


REWRITTEN = """
def f(x):
    assert x > 0
    assert x < 10, f"too large: {x}"
    return x * 2

a, b = (lambda x: x * 2), (lambda x: x * 3)
"""


@pytest.mark.parametrize("hooked", [False, True])
def test_rewriting_with_and_without_the_pass_hook(load, hooked):


    module = load(REWRITTEN)
    tree = ast.parse(REWRITTEN)
    rewrite_asserts(tree, REWRITTEN.encode(), module.__file__, SimpleNamespace(getini=lambda name: hooked))
    exec(compile(tree, module.__file__, "exec", dont_inherit=True), module.__dict__)
    assert written(module.f).count("assert") == 2
    assert written(module.b) == "lambda x: x * 3"
    edit(module, "x < 10", "x < 11")
    with pytest.raises(SourceMismatchError):
        read_source(module.f)


# ---- edited files ----------------------------------------------------------------------------------------------------

MODEL = """
LIMIT = 10

def f(x):
    return x * 2.0

def g(x, y=1):
    def h(z):
        return z * 3
    return h(x) - y

k = lambda x: x - 0.0
"""


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("f", "x * 2.0", "x * x * 2.0"),
        ("f", "x * 2.0", "x * 3.0"),
        ("f", "x * 2.0", "x * 2"),
        ("f", "def f(x)", "def f(y)"),
        ("f", "def f(x)", "def f(x, /)"),
        ("f", "def f(x)", "def f(*x)"),
        ("f", "def f(x)", "def e(x)"),
        ("f", "x * 2.0", "LIMIT * 2.0"),
        ("f", "x * 2.0", "x * ("),
        ("f", "x * 2.0", "x * 2.0\0"),
        ("f", "    return x * 2.0", "    yield x * 2.0"),
        ("g", "z * 3", "z * 4"),
        ("g", "z * 3", "z * x"),
        ("g", "z * 3", "z * y"),
        ("k", "x - 0.0", "x - -0.0"),
        ("k", "lambda x: x - 0.0", "None"),
    ],
)
def test_an_edited_function(load, name, old, new):
    module = load(MODEL)
    function = getattr(module, name)
    read_source(function)
    edit(module, old, new)
    with pytest.raises(SourceMismatchError, match="reload") as caught:
        read_source(function)
    assert isinstance(caught.value, RuntimeError)
    assert caught.value.where.file == module.__file__


def test_what_linecache_remembers_of_a_file_does_not_count(load):
    module = load(MODEL)
    assert linecache.getlines(module.__file__)
    edit(module, "x * 2.0", "x * 3.0")
    with pytest.raises(SourceMismatchError):
        read_source(module.f)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 10", "LIMIT = 11\n\n# a comment"),
        ("x * 2.0", "x * 2.0  # twice"),
        ("x * 2.0", "(x * (2.0))"),
        ("z * 3", "z * 4"),
    ],
)
def test_a_function_that_only_moved_is_read_where_it_is(load, old, new):
    module = load(MODEL)
    edit(module, old, new)
    source = read_source(module.f)
    assert source.lines[source.first_line - 1] == "def f(x):"
    assert written(module.f) == "def f(x):\n    return x * 2.0"


def test_message_of_a_mismatch(load, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    module = load(MODEL)
    edit(module, "x * 2.0", "x * 3.0")
    with pytest.raises(SourceMismatchError) as caught:
        read_source(module.f)
    assert str(caught.value) == (
        "model.py:4:1: the source of 'f' is not what runs: it was edited, or changed while being imported\n"
        "def f(x):\n"
        "^\n"
        "hint: reload the module (importlib.reload) or restart Python"
    )


def test_code_changed_by_an_import_hook(load):
    module = load(MODEL)
    tree = ast.parse(MODEL.replace("x * 2.0", "check(x) * 2.0"))
    exec(compile(tree, module.__file__, "exec"), module.__dict__)
    with pytest.raises(SourceMismatchError):
        read_source(module.f)


def test_a_deep_module_is_read_or_refused():
    """How deep a tree Python hands out and takes back depends on its version."""
    text = "a, b = (lambda x: " + " + ".join(["x"] * 2000) + "), (lambda x: x)\n"
    linecache.cache["<deep>"] = (len(text), None, [text], "<deep>")
    namespace = {}
    exec(compile(text, "<deep>", "exec"), namespace)
    try:
        assert written(namespace["b"]) == "lambda x: x"
    except LimitError as error:
        assert "nested too deeply" in str(error)
