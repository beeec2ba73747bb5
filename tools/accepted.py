"""Write docs/accepted.md: what may stand in a differentiable function, read off the tables in the code.

python tools/accepted.py
"""

from __future__ import annotations

import ast
import builtins
import functools
import html
import importlib.util
import math
import operator
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from symdiff.frontend import parse
from symdiff.frontend.language import STATEMENTS
from symdiff.frontend.tables import ATTRIBUTES, FUNCTIONS, METHODS, SUBSCRIPTS
from symdiff.ops import REGISTRY, ROW_OF, Primitive
from symdiff.ops.kinks import KINKS


def beside(name: str) -> Any:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LANGUAGE = beside("language_table").LANGUAGE
TARGET = Path(__file__).parent.parent / "docs" / "accepted.md"
assert parse.HANDLERS  # the modules that fill the tables

MODULES = {
    "": builtins,
    "functools.": functools,
    "math.": math,
    "np.": np,
    "np.linalg.": np.linalg,
    "operator.": operator,
}

OWNERS = {
    "Array": "Arrays and NumPy scalars",
    "ListObject": "Lists",
    "DictObject": "Dicts",
    "Tuple": "NamedTuples",
    "RandomSource": "Random generators",
    "Known": "Other objects",
}

# in the table of functions only to be refused with a hint of their own
REFUSED = {print}

HEAD = """\
# What is accepted

This page is written by `python tools/accepted.py` from the tables the compiler itself reads, and a test keeps it up
to date. Functions are recognised by identity: `np.sin`, `math.sin` and `from math import sin as s` are one row.
"""


def spellings(function: Any) -> list[str]:
    """Every public name of a function, NumPy's first; of a type only its own, since the others depend on the system."""
    own = function.__name__ if isinstance(function, type) else None
    found = [
        prefix + name
        for prefix, module in MODULES.items()
        for name in dir(module)
        if not name.startswith("_") and getattr(module, name, None) is function and own in (None, name)
    ]
    return sorted(found, key=lambda name: (not name.startswith("np."), name))


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table in Markdown, and an empty line."""
    titles = list(titles)
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


def code(names: Iterable[str]) -> str:
    """Names as code, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)


def elementwise() -> Iterator[str]:
    """Rows that work element by element."""
    for row in REGISTRY.values():
        if not row.elementwise:
            continue
        functions = [function for function, found in ROW_OF.items() if found is row]
        names = [name for f in functions for name in spellings(f) if not name.startswith("operator.")]
        operators = [f"`{row.operator.strip()}`"] if row.operator else []
        shown = ", ".join([*operators, *([code(dict.fromkeys(names))] if names else [])])
        if shown:
            yield f"| `{row.name}` | {shown.replace('|', chr(92) + '|')} | {derivative(row)} |"


def derivative(row: Primitive) -> str:
    """What the derivative of a row is, in a few words."""
    if all(rule is None for rule in row.vjp):
        return "none"
    words = []
    if any(rule is None for rule in row.vjp):
        which = [str(k + 1) for k, rule in enumerate(row.vjp) if rule is not None]
        words.append(f"by argument{'s' * (len(which) > 1)} {' and '.join(which)} only")
    if row.kink is not None:
        words.append(f"at {KINKS[row.kink].point}: {KINKS[row.kink].convention}")
    return "; ".join(words)


def functions() -> Iterator[str]:
    """The names of all other functions that calls are recognised by, NumPy's first."""
    known = {name for f in ROW_OF if ROW_OF[f].elementwise for name in spellings(f)}
    names = {name for f in FUNCTIONS if f not in REFUSED for name in spellings(f)} - known
    for title, wanted in (
        ("NumPy", lambda name: name.startswith("np.") and not name.startswith("np.linalg.")),
        ("`np.linalg`", lambda name: name.startswith("np.linalg.")),
        ("Built in", lambda name: "." not in name),
        ("Others", lambda name: name.startswith(("math.", "functools."))),
    ):
        found = sorted(name for name in names if wanted(name))
        if found:
            yield f"- {title}: {code(found)}"
    bound = {f for f in FUNCTIONS if isinstance(getattr(f, "__self__", None), np.ufunc)}
    reducing = sorted(f"np.{f.__self__.__name__}.{f.__name__}" for f in bound if f.__name__ != "outer")
    yield f"- Methods of ufuncs: {code(reducing)}, and `.outer` of all that take two arguments"
    objects = sorted(f"np.{name}" for name, found in vars(np).items() if _is_subscripted(found))
    yield f"- With brackets: {code(f'{name}[...]' for name in objects)}"
    yield ""


def _is_subscripted(found: Any) -> bool:
    """Whether it is an object such as ``np.mgrid``, whose brackets have a meaning of their own."""
    return any(found is known for known in SUBSCRIPTS)


def members() -> Iterator[str]:
    """Methods and attributes by the kind of object."""
    for kind in dict.fromkeys(k.__name__ for k, _ in [*METHODS, *ATTRIBUTES]):
        methods = sorted({f".{name}()" for owner, name in METHODS if owner.__name__ == kind})
        attributes = sorted({f".{name}" for owner, name in ATTRIBUTES if owner.__name__ == kind})
        yield f"- {OWNERS.get(kind, kind)}: {code([*attributes, *methods])}"
    yield ""


def kinks() -> Iterator[Iterable[str]]:
    """The table of conventions, with what other systems give."""
    for kink in KINKS.values():
        others = "; ".join(f"{system} {what}" for system, what in kink.others.items())
        yield kink.expression, kink.point, kink.convention, others


def language() -> Iterator[str]:
    """Constructs by section, each with a program that the tests run."""
    for section in dict.fromkeys(construct.section for construct in LANGUAGE):
        yield f"### {section}\n"
        rows = [c for c in LANGUAGE if c.section == section]
        yield from table(("construct", "for example", ""), ((c.name, _in_a_cell(c.source), c.note) for c in rows))


def _in_a_cell(source: str) -> str:
    """Several lines of code in one cell of a table."""
    lines = (html.escape(line).replace(" ", "&nbsp;").replace("|", "&#124;") for line in source.split("\n"))
    return f"<code>{'<br>'.join(lines)}</code>"


def refused() -> Iterator[Iterable[str]]:
    """Syntax that is refused when it is met, and what to do instead."""
    twins = (ast.AsyncWith, ast.AsyncFor, ast.TryStar, ast.YieldFrom, ast.ImportFrom, ast.SetComp)
    for kind, (message, hint) in STATEMENTS.items():
        if kind not in twins:
            yield message, hint


def text() -> str:
    """The whole page."""
    lines = [
        HEAD,
        "## The language\n",
        "Each example is the body of a function `f(x, a, n)` of a float, an array and an int; the tests run them.\n",
        *language(),
        "## Element by element\n",
        "Broadcasting, promotion and dtypes are NumPy's; on Python numbers these raise as Python does. A number that\n"
        "is Python's on one path and NumPy's on another is taken for NumPy's: `s / n` after `s = 0.0` and a loop that\n"
        "adds elements of an array is nan where there are none. Where the last column says none, the function is\n"
        "constant between its jumps.\n",
        "| row | written as | derivative, where there is something to say |\n|---|---|---|",
        *elementwise(),
        "",
        "## Other functions\n",
        *functions(),
        "## Attributes and methods\n",
        *members(),
        "## Where there is no derivative\n",
        *table(("expression", "at", "the derivative is", "other systems"), kinks()),
        "## Syntax that is refused\n",
        *table(("refused", "instead"), refused()),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text(), encoding="utf-8")
