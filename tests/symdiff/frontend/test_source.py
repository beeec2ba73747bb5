"""Hostile places for source: each gives the tree of the running code, or the error that says why not."""

import ast
import doctest
import functools
import linecache
import math
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType

import pytest

from symdiff.errors import SourceMismatchError, SourceUnavailableError
from symdiff.frontend.source import OWN_WRAPPER, Source, read_source

Importer = Callable[..., ModuleType]


def written(function) -> str:
    """The function as its tree says, in one line where possible."""
    return ast.unparse(read_source(function).tree)


def points_at(source: Source, node: ast.AST) -> str:
    """The text between the caret and its end."""
    where = source.location(node)
    return where.source_line[where.column - 1 : where.end_column - 1]


def first(source: Source, kind: type) -> ast.AST:
    return next(node for node in ast.walk(source.tree) if isinstance(node, kind))


# ---- what is read ----------------------------------------------------------------------------------------------------


def test_a_plain_function(load):
    module = load("""
        import math

        def f(x, y=2.0):
            '''Docstring.'''
            return math.sin(x) * y
    """)
    source = read_source(module.f)
    assert isinstance(source.tree, ast.FunctionDef)
    assert (source.name, source.file, source.first_line) == ("f", module.__file__, 4)
    assert source.text == "def f(x, y=2.0):\n    '''Docstring.'''\n    return math.sin(x) * y"
    assert source.globals is module.__dict__
    assert source.closure == {}
    assert source.code is module.f.__code__
    where = source.location(first(source, ast.Call))
    assert (where.file, where.line, where.column, where.end_column, where.function) == (module.__file__, 6, 12, 23, "f")
    assert where.source_line == "    return math.sin(x) * y"
    assert points_at(source, first(source, ast.Call)) == "math.sin(x)"


def test_a_node_without_position_is_placed_at_the_function(load):
    source = read_source(load("x = 1\ndef f(x): return x\n").f)
    assert source.location(ast.arguments()).line == 2


def test_closures_and_methods(load):
    module = load("""
        def outer(k):
            def inner(x):
                return x * k
            return inner

        class Model:
            scale = 2.0
            def loss(self, x):
                return super().__repr__() and self.scale * x
            @staticmethod
            def plain(x): return x + 1
            @classmethod
            def of(cls, x): return x + 2
    """)
    source = read_source(module.outer(3.0))
    assert source.name == "outer.<locals>.inner"
    assert source.closure["k"].cell_contents == 3.0
    assert "self.scale * x" in written(module.Model.loss)
    bound = read_source(module.Model().loss)
    assert bound.name == "Model.loss"
    assert bound.closure["__class__"].cell_contents is module.Model
    assert written(module.Model.plain) == "@staticmethod\ndef plain(x):\n    return x + 1"
    assert "x + 2" in written(module.Model.of)
    assert "x + 2" in written(module.Model.__dict__["of"])


def test_private_names_are_mangled_as_they_run(load):
    module = load("""
        class _Model:
            def __init__(self): self.__w = 3.0
            def loss(self, __x):
                __y = self.__w * __x
                return (lambda: __y + self.__dunder__)()
        class __:
            def f(self, __x): return __x
    """)
    text = written(module._Model.loss)
    assert "_Model__y = self._Model__w * _Model__x" in text
    assert "_Model__y + self.__dunder__" in text
    assert "return __x" in written(module.__dict__["__"].f)
    source = read_source(module._Model.loss)
    assert [argument.arg for argument in source.tree.args.args] == list(source.code.co_varnames[:2])


DECORATED = """
import functools

def passing(function): return function

def wrapping(function):
    @functools.wraps(function)
    def wrapper(*args):
        return 2 * function(*args)
    return wrapper

@passing
@(lambda function: function)
@functools.partial(passing)
def f(x):
    return x * 7

@wrapping
def g(x):
    return x * 8
"""


def test_decorators(load):
    module = load(DECORATED)
    source = read_source(module.f)
    assert source.first_line == 12
    assert source.text.startswith("@passing\n")
    assert source.text.endswith("return x * 7")


def test_what_wraps_a_function_is_what_runs(load):
    module = load(DECORATED)
    assert "return 2 * function(*args)" in written(module.g)
    assert read_source(module.g).closure["function"].cell_contents is module.g.__wrapped__


def test_only_our_own_wrappers_are_looked_through(load):
    module = load(DECORATED)

    class Ours:
        def __init__(self, function):
            functools.update_wrapper(self, function)

        def __call__(self, *args):
            raise AssertionError

    setattr(Ours, OWN_WRAPPER, True)
    assert read_source(Ours(module.f)).code is module.f.__code__
    assert read_source(Ours(Ours(module.f))).code is module.f.__code__
    assert "return 2 * function(*args)" in written(module.wrapping(Ours(module.f)))


def test_functions_of_one_name(load):
    module = load("""
        def f(x): return x * 1
        first = f
        def f(x): return x * 2
        if True:
            def g(x): return x + 1
        else:
            def g(x): return x + 2
    """)
    assert [written(f)[-5:] for f in (module.first, module.f, module.g)] == ["x * 1", "x * 2", "x + 1"]


def test_tabs_continuations_form_feeds_and_windows_line_ends(load):
    text = "x = 1\n\x0c\ndef f(x):\n\tif x > 0: \\\n\t\treturn x * \\\n\t\t\t2; y = '''a\nb'''\n\treturn -x\n"
    module = load(text.replace("\n", "\r\n").encode())
    source = read_source(module.f)
    assert source.first_line == 3
    last = source.tree.body[-1]
    assert points_at(source, last) == "return -x"
    assert source.location(last).excerpt() == "\treturn -x\n\t^^^^^^^^^"


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("latin-1", "# -*- coding: latin-1 -*-\n"),
        ("cp1251", "#!x\n# coding: cp1251\n"),
        ("utf-8-sig", ""),
        ("utf-8", ""),
    ],
)
def test_encodings(load, encoding, head):
    letter = "я" if encoding == "cp1251" else "é"
    module = load(f"{head}def f({letter}, y):\n    return '{letter * 3}' and {letter} * y\n".encode(encoding))
    source = read_source(module.f)
    assert points_at(source, first(source, ast.BinOp)) == f"{letter} * y"


def test_unicode_separators_are_not_line_ends(load):
    module = load("s = 'a\u2028b\x85c\x1dd'\ndef f(x):\n    return x * 2\n".encode())
    assert points_at(read_source(module.f), read_source(module.f).tree.body[0]) == "return x * 2"


def test_future_imports(load):
    module = load("from __future__ import annotations\ndef f(x: undefined = 1) -> nothing:\n    return x\n")
    assert written(module.f).startswith("def f(x: undefined=1) -> nothing:")
    module = load("def f(x):\n    def g(y: 1): return y\n    return g(x)\n", "other")
    assert "y: 1" in written(module.f)


def test_warnings_of_the_users_module_are_not_repeated(load):
    with pytest.warns(SyntaxWarning):
        module = load("def f(x):\n    return x is 1\n")
    assert "x is 1" in written(module.f)


def test_debug_is_its_value(load):
    assert "if True:" in written(load("def f(x):\n    if __debug__:\n        x = x + 1\n    return x\n").f)


def test_every_tree_is_fresh(load):
    f = load("def f(x):\n    return x * 2\n").f
    read_source(f).tree.body.clear()
    assert "x * 2" in written(f)


def test_a_deep_tree(load):
    # Deeper than a recursive copy could go; ast.unparse is one, so the operations are counted.
    source = read_source(load("def f(x):\n    return " + " + ".join(["x"] * 1500) + "\n").f)
    assert sum(isinstance(node, ast.BinOp) for node in ast.walk(source.tree)) == 1499


def test_generators_and_coroutines_are_found_for_the_fence_to_refuse(load):
    module = load("async def f(x):\n    return x\ndef g(x):\n    yield x\n")
    assert isinstance(read_source(module.f).tree, ast.AsyncFunctionDef)
    assert isinstance(read_source(module.g).tree, ast.FunctionDef)


# ---- where it is found -----------------------------------------------------------------------------------------------


def run_cell(text: str, name: str, namespace: dict, flags: int = 0) -> None:
    """What a notebook does: register the cell's text without a time stamp, then run it."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec", flags, dont_inherit=True), namespace)


def test_notebook_cells():
    import __future__

    namespace = {}
    run_cell("await_me = 0\ndef f(x):\n    return x * 2\n", "<ipython-input-1-abc>", namespace)
    old = namespace["f"]
    annotations = __future__.annotations.compiler_flag
    run_cell("def f(x: nowhere):\n    return x * 3\n", "<ipython-input-2-abc>", namespace, annotations)
    assert "x * 2" in written(old)
    assert "x * 3" in written(namespace["f"])
    assert str(read_source(old).location(ast.Pass())) == "<ipython-input-1-abc>:2:1"


def test_a_notebook_cell_with_await_outside_of_functions():
    text = "def f(x):\n    return x * 2\nawait something()\n"
    name = "<ipython-input-3-abc>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    cell = compile(text, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    (code,) = (constant for constant in cell.co_consts if isinstance(constant, CodeType))
    assert "x * 2" in written(FunctionType(code, {}))


def double_in_a_doctest():
    """
    >>> def f(x):
    ...     return x * 2
    >>> g = lambda x: x * 3
    >>> written(f), written(g)
    ('def f(x):\\n    return x * 2', 'lambda x: x * 3')
    """


def test_doctests():
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    (test,) = finder.find(double_in_a_doctest, "double", globs={"written": written})
    assert runner.run(test).failed == 0


def test_a_module_in_a_zip_file(tmp_path, monkeypatch):
    archive = tmp_path / "models.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("zipped_model.py", "def f(x):\n    return x * 2\n")
    monkeypatch.syspath_prepend(str(archive))
    import zipped_model

    assert "x * 2" in written(zipped_model.f)


def run_python(*arguments: str, cwd=None) -> str:
    result = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, timeout=60)
    return (result.stdout + result.stderr).strip()


SCRIPT = """
import ast, os
from symdiff.frontend.source import read_source

def f(x):
    '''Docstring.'''
    assert x > 0, "positive"
    if __debug__:
        x = x + 1
    return x * 2

class Model:
    def f(self, x):
        assert x
        return x

os.chdir("/")
print(ast.unparse(read_source(f).tree).replace(f.__doc__ or "Docstring.", "..."))
print(ast.unparse(read_source(Model.f).tree))
"""


@pytest.mark.parametrize("level", ["", "-O", "-OO"])
def test_optimisation_levels(tmp_path, level):
    (tmp_path / "script.py").write_text(SCRIPT)
    text = run_python(*filter(None, [level]), "script.py", cwd=tmp_path)
    assert ("assert x > 0" in text) == (not level)
    assert ("if False:" in text) == bool(level)
    assert "return x * 2" in text
    if level:
        assert text.endswith("def f(self, x):\n    pass\n    return x")


def test_without_columns_in_code(tmp_path):
    script = "a, b = (lambda x: x * 2), (lambda x: x * 3)\n"
    script += "import ast\nfrom symdiff.frontend.source import read_source\n"
    script += "print([ast.unparse(read_source(f).tree) for f in (a, b)])\n"
    (tmp_path / "script.py").write_text(script)
    expected = "['lambda x: x * 2', 'lambda x: x * 3']"
    assert run_python("-X", "no_debug_ranges", "script.py", cwd=tmp_path) == expected


def test_command_line():
    command = "from symdiff.frontend.source import read_source; f = lambda x: x * 2; print('read', read_source(f).text)"
    # Python 3.13 keeps the text of -c; before, it is lost.
    expected = "read from" if sys.version_info >= (3, 13) else "SourceUnavailableError: <string>:1:1: the source of"
    assert expected in run_python("-c", command)


# ---- what is not available -------------------------------------------------------------------------------------------

def test_exec_without_text():
    namespace = {}
    exec("def f(x):\n    return x * 2\n", namespace)
    with pytest.raises(SourceUnavailableError) as caught:
        read_source(namespace["f"])
    assert str(caught.value) == (
        "<string>:1:1: the source of 'f' is not available: it was typed at a prompt or made by exec, and its text was "
        "not kept\nhint: put the function into a file or a notebook cell"
    )
    assert isinstance(caught.value, OSError)


def test_exec_with_a_foreign_file_name(load):
    module = load("def f(x):\n    return x * 2\n")
    namespace = {}
    exec(compile("def f(x):\n    return x * 9\n", module.__file__, "exec"), namespace)
    with pytest.raises(SourceMismatchError):
        read_source(namespace["f"])


def test_a_file_that_is_gone(load):
    module = load("def f(x):\n    return x * 2\n")
    os.remove(module.__file__)
    linecache.clearcache()
    with pytest.raises(SourceUnavailableError, match="the file does not exist"):
        read_source(module.f)


@pytest.mark.parametrize("content", [b"# coding: nonsense\n", b"\xff\xfe\xff def", b"# coding: ascii\n'\xe9'\n"])
def test_a_file_that_cannot_be_decoded(load, content):
    module = load("def f(x):\n    return x * 2\n")
    with open(module.__file__, "wb") as stream:
        stream.write(content)
    with pytest.raises(SourceUnavailableError, match="cannot be read"):
        read_source(module.f)


class Callable_:
    def __call__(self, x):
        return x


@pytest.mark.parametrize(
    ("thing", "name"),
    [(math.sin, "sin"), (len, "len"), (Callable_, "Callable_"), (Callable_(), "Callable_"), (3, "int"),
     (functools.lru_cache(lambda x: x), "<lambda>"), (functools.partial(len), "partial")],
)  # fmt: skip
def test_what_is_not_a_python_function(thing, name):
    with pytest.raises(SourceUnavailableError, match=f"'{name}' is not a Python function"):
        read_source(thing)
