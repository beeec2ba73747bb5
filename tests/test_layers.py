"""Imports point down: the order of DESIGN is read off the sources, without importing them.

A module with a rank must not reach, by whatever way, a module with a higher rank. Nothing may be imported inside a
function to dodge a cycle: only what is slow to import, and not ours.
"""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"symdiff": ROOT / "symdiff", "symdiff_codegen": ROOT / "codegen" / "symdiff_codegen"}

# From the bottom; what shares a line has no order but must not form a cycle.
CODEGEN_LAYERS = ["instructions", "kernel", "text check", "llvm", "native"]
SYMDIFF_LAYERS = [
    "errors tracebacks config collecting",
    "steps directions custom symbolic",
    "ir",
    "ops",
    "frontend transform",
    "derive lower",
    "custom_calls symbolic_calls",
    "nested",
    "stages",
    "runtime",
    "tensors",
    "nn optim autograd utils distributions func",
    "training",
    "inspection",
    "machinery",
    "wrapper",
    "api",
    "checking",
    "__init__",
    "user_file __main__",
]

# What may be imported inside a function: it is optional, or slow and seldom needed.
LAZY = {"IPython", "matplotlib", "mpmath", "pandas", "platformdirs", "safetensors", "scipy", "sympy", "tqdm", "xarray"}

# The compiler as a whole, loaded when something is first compiled; tensors and training, when a name of theirs is
# looked up; and users' own modules, by names known at run time.
LATE = {"symdiff.machinery", "symdiff.tensors.names", "symdiff.training", "?"}


def ranks() -> dict[str, int]:
    """Rank of each part; names are relative to the package: "symdiff.ir" covers all modules of that folder."""
    table = {}
    for package, layers in (("symdiff", SYMDIFF_LAYERS), ("symdiff_codegen", CODEGEN_LAYERS)):
        for rank, names in enumerate(layers):
            table.update({f"{package}.{name}": rank for name in names.split()})
    return table


def modules() -> dict[str, Path]:
    """Every module of both packages; a package's own module is named ``package.__init__``."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            found[".".join((package, *path.relative_to(folder).with_suffix("").parts))] = path
    return found


MODULES = modules()


def imported(tree: ast.AST, module: str, known: dict[str, Path]) -> Iterator[str]:
    """Names of our modules that the statements of a tree import, wherever they stand in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from filter(None, (resolve(alias.name, known) for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".")[: -node.level]
                base = ".".join((*above, base)) if base else ".".join(above)
            for alias in node.names:
                found = resolve(f"{base}.{alias.name}", known) or resolve(base, known)
                if found:
                    yield found


def resolve(name: str, known: dict[str, Path]) -> str | None:
    return next((candidate for candidate in (name, f"{name}.__init__") if candidate in known), None)


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), str(path))


def import_graph(known: dict[str, Path]) -> dict[str, set[str]]:
    return {name: set(imported(tree_of(path), name, known)) - {name} for name, path in known.items()}


def reachable(graph: dict[str, set[str]], start: str) -> dict[str, tuple[str, ...]]:
    """Every module that ``start`` imports directly or not, with the shortest way to it."""
    ways = {start: (start,)}
    queue = [start]
    for current in queue:
        for target in sorted(graph[current]):
            if target not in ways:
                ways[target] = (*ways[current], target)
                queue.append(target)
    del ways[start]
    return ways


def rank_of(module: str, table: dict[str, int]) -> int | None:
    parts = module.split(".")
    return next((table[key] for key in (".".join(parts[:2]), module) if key in table), None)


def upward(graph: dict[str, set[str]]) -> list[str]:
    table = ranks()
    found = []
    for module in graph:
        for target, way in reachable(graph, module).items():
            low, high = rank_of(module, table), rank_of(target, table)
            same_package = module.split(".")[0] == target.split(".")[0]
            if same_package and low is not None and high is not None and high > low:
                found.append(" -> ".join(way))
    return found


def cycles(graph: dict[str, set[str]]) -> list[str]:
    back = [(module, target) for module in graph for target in graph[module] if module in reachable(graph, target)]
    return [f"{module} -> {target} -> ... -> {module}" for module, target in back]


def inner_imports(tree: ast.AST, allowed: set[str]) -> Iterator[str]:
    """Imports inside functions of anything that may not be imported late."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                for name in names_imported(node):
                    if name.split(".")[0] not in allowed and name not in LATE:
                        yield f"line {node.lineno}: {name}"


def names_imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "")]
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
        return [arg.value if isinstance(arg, ast.Constant) else "?" for arg in node.args[:1]]
    return []


def test_imports_point_down():
    assert upward(import_graph(MODULES)) == []


def test_imports_form_no_cycle():
    assert cycles(import_graph(MODULES)) == []


def test_the_code_generator_has_never_heard_of_symdiff():
    for name, path in MODULES.items():
        if name.startswith("symdiff_codegen."):
            roots = {n.split(".")[0] for node in ast.walk(tree_of(path)) for n in names_imported(node)}
            assert "symdiff" not in roots, name


def test_every_part_of_symdiff_has_a_place():
    table = ranks()
    assert [name for name in MODULES if name.startswith("symdiff.") and rank_of(name, table) is None] == []


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_imported_inside_a_function(module):
    assert list(inner_imports(tree_of(MODULES[module]), LAZY)) == []


def test_importing_symdiff_imports_nothing_slow():
    program = f"import sys, symdiff; print(sorted({LAZY!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_checks_notice():
    known = dict.fromkeys(["symdiff.errors", "symdiff.ir.__init__", "symdiff.ir.graph", "symdiff.api"], ROOT)
    tree = ast.parse("from ..errors import located\nimport symdiff.api as x\nfrom symdiff.ir import graph, other")
    expected = ["symdiff.errors", "symdiff.api", "symdiff.ir.graph", "symdiff.ir.__init__"]
    assert list(imported(tree, "symdiff.ir.walk", known)) == expected
    assert upward({"symdiff.ir.graph": {"symdiff.free"}, "symdiff.free": {"symdiff.api"}, "symdiff.api": set()})
    assert not upward({"symdiff.api": {"symdiff.ir.graph"}, "symdiff.ir.graph": set()})
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    late = ast.parse("def f():\n  import sympy\n  from .x import y\n  importlib.import_module('symdiff.api')")
    assert list(inner_imports(late, LAZY)) == ["line 3: .x", "line 4: symdiff.api"]
