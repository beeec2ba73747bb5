"""The smallest program that still fails in the same way: delta debugging on the syntax tree.

Statements are dropped, compound ones replaced by what stands in them, expressions by their parts or by constants.
Every candidate runs in a forked child, because a failing program may end its process.
"""

import ast
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.fuzz.generator import Program
from tests.fuzz.oracle import Options, examine

SECONDS = 20.0
MOST = 1500  # candidates


def outcome(program: Program, folder: Path, options: Options) -> str:
    """The word of an outcome, found in a child; "crash" and "hang" where it does not answer."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(program, folder, options, send))
    child.start()
    send.close()
    word = "hang"
    if receive.poll(SECONDS):
        try:
            word = receive.recv()
        except EOFError:
            word = "crash"
    if child.is_alive() and word == "hang":
        child.kill()
    child.join()
    return word


def _answer(program: Program, folder: Path, options: Options, send: Any) -> None:
    try:
        send.send(examine(program, folder, options).word)
    except Exception as error:  # a candidate may be no program at all
        send.send(f"oracle {type(error).__name__}")


def shrunk(program: Program, word: str, folder: Path, options: Options | None = None) -> Program:
    """The program reduced as far as it goes on giving this word."""
    options = options or Options.of_seed(program.seed)
    tried: set[str] = set()

    def fails(candidate: Program) -> bool:
        if candidate.source in tried or len(tried) > MOST:
            return False
        tried.add(candidate.source)
        return outcome(candidate, folder, options) == word

    for k in range(len(program.inputs)):
        single = replace(program, inputs=(program.inputs[k],))
        if outcome(single, folder, options) == word:
            program = single
            break
    for edits in (statement_edits, statement_edits, expression_edits, statement_edits, expression_edits):
        program = reduced(program, edits, fails)
    return program


def reduced(
    program: Program, edits: Callable[[ast.Module], Iterator[Any]], fails: Callable[[Program], bool]
) -> Program:
    """The program after all edits that keep it failing, tried one after the other."""
    k = 0
    while True:
        tree = ast.parse(program.source)
        apply = next((edit for n, edit in enumerate(edits(tree)) if n == k), None)
        if apply is None:
            return program
        apply()
        k += 1
        try:
            text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
            compile(text, "<shrink>", "exec")
        except (ValueError, SyntaxError, TypeError):
            continue
        candidate = replace(program, source=text)
        if text != program.source and fails(candidate):
            program = candidate
            k -= 1


def statement_edits(tree: ast.Module) -> Iterator[Callable[[], None]]:
    """Drop a statement, or put its body (or else) in its place; the last of a function stays."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "handlers", "finalbody", "cases"):
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            for k in reversed(range(len(block))):
                if isinstance(block[k], (ast.Import, ast.Return)) and isinstance(node, (ast.Module, ast.FunctionDef)):
                    continue
                if len(block) > 1 or field == "orelse":
                    yield lambda block=block, k=k: block.pop(k)
                if not isinstance(block[k], ast.FunctionDef):
                    for inner in ("body", "orelse"):
                        if isinstance(getattr(block[k], inner, None), list) and getattr(block[k], inner):
                            yield lambda block=block, k=k, inner=inner: _opened(block, k, inner)


def _opened(block: list[Any], k: int, inner: str) -> None:
    block[k : k + 1] = getattr(block[k], inner)


def expression_edits(tree: ast.Module) -> Iterator[Callable[[], None]]:
    """Put a part of an expression, or a constant, in its place."""
    for node in ast.walk(tree):
        for field, old in ast.iter_fields(node):
            if isinstance(old, ast.expr) and not isinstance(getattr(old, "ctx", None), ast.Store):
                for new in _smaller(old):
                    yield lambda node=node, field=field, new=new: setattr(node, field, new)
            elif isinstance(old, list):
                for k, item in enumerate(old):
                    if isinstance(item, ast.expr) and not isinstance(getattr(item, "ctx", None), ast.Store):
                        for new in _smaller(item):
                            yield lambda old=old, k=k, new=new: old.__setitem__(k, new)


def _smaller(old: ast.expr) -> Iterator[ast.expr]:
    if isinstance(old, ast.Constant):
        return
    for child in ast.iter_child_nodes(old):
        if isinstance(child, ast.expr) and not isinstance(old, (ast.Attribute,)):
            yield child
    if not isinstance(old, (ast.Name, ast.Attribute)):
        yield ast.Constant(1.5)
        yield ast.Constant(1)
