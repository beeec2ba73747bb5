"""Changes of a source that must change neither value nor gradient, most of them not a bit."""

import ast
import random
from collections.abc import Callable

__all__ = ["BITWISE", "NAMES", "apply"]


def _locals(function: ast.FunctionDef) -> set[str]:
    """Names that the function binds other than its parameters."""
    bound = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inner = {a.arg for n in ast.walk(function) if isinstance(n, (ast.FunctionDef, ast.Lambda)) for a in n.args.args}
    nested = {n.name for n in ast.walk(function) if isinstance(n, ast.FunctionDef)}
    return bound - inner - nested - {a.arg for a in function.args.args}


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Nonlocal:
        node.names = [self.names.get(name, name) for name in node.names]
        return node


def rename(function: ast.FunctionDef, r: random.Random) -> None:
    """Other names for the locals, which sort in another order."""
    names = sorted(_locals(function))
    r.shuffle(names)
    table = {name: f"local_{k}" for k, name in enumerate(names)}
    for k, statement in enumerate(function.body):
        function.body[k] = _Renamed(table).visit(statement)


class _TimesOne(ast.NodeTransformer):
    """`x * 1.0` around some floats: operands of additions and products are floats or arrays of them, or small ints."""

    def __init__(self, r: random.Random):
        self.r = r

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        self.generic_visit(node)
        floats = isinstance(node.op, (ast.Mult, ast.Div)) and _has_float(node)
        if floats and isinstance(node.left, ast.BinOp) and self.r.random() < 0.5:
            node.left = ast.BinOp(node.left, ast.Mult(), ast.Constant(1.0))
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        return node


def _has_float(node: ast.BinOp) -> bool:
    """Whether a float constant takes part in both operands' types: then the product with 1.0 changes none."""
    parts = (node.left, node.right)
    return all(any(isinstance(n, ast.Constant) and isinstance(n.value, float) for n in ast.walk(p)) for p in parts)


def times_one(function: ast.FunctionDef, r: random.Random) -> None:
    _TimesOne(r).visit(function)


def if_true(function: ast.FunctionDef, r: random.Random) -> None:
    """`if True:` around one statement of each block."""
    for node in ast.walk(function):
        body = getattr(node, "body", None)
        if isinstance(body, list) and r.random() < 0.6:
            k = r.randrange(len(body))
            if isinstance(body[k], (ast.Assign, ast.AugAssign, ast.For)):
                body[k] = ast.If(ast.Constant(True), [body[k]], [])


def uninline(function: ast.FunctionDef, r: random.Random) -> None:
    """The right-hand side of some assignments as a call of a nested function."""
    for node in list(ast.walk(function)):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or r.random() < 0.4:
            continue
        places = [k for k, s in enumerate(body) if isinstance(s, ast.Assign) and _may_move(s.value)]
        if places:
            k = r.choice(places)
            name = f"moved_{len(body)}_{k}"
            args = ast.arguments([], [], None, [], [], None, [])
            body[k : k + 1] = [
                ast.FunctionDef(name, args, [ast.Return(body[k].value)], [], type_params=[]),
                ast.Assign(body[k].targets, ast.Call(ast.Name(name, ast.Load()), [], [])),
            ]


def _may_move(value: ast.expr) -> bool:
    return isinstance(value, (ast.BinOp, ast.IfExp)) and not any(isinstance(n, ast.NamedExpr) for n in ast.walk(value))


def split_range(function: ast.FunctionDef, r: random.Random) -> None:
    """A loop without `else`, `break` or `return` over range(n) as two, over range(0, 1) and over range(1, n)."""
    for node in list(ast.walk(function)):
        body = getattr(node, "body", None)
        for k, loop in enumerate(body if isinstance(body, list) else ()):
            if isinstance(loop, ast.For) and _plain_range(loop) and not loop.orelse:
                assert isinstance(loop.iter, ast.Call)
                stop = loop.iter.args[0]
                both = ast.unparse(loop.body)
                jumps = any(isinstance(n, (ast.Break, ast.Return)) for n in ast.walk(loop))
                assert isinstance(loop.target, ast.Name)
                if jumps or isinstance(stop, ast.Call) or not isinstance(stop, (ast.Name, ast.Constant)):
                    continue
                if isinstance(stop, ast.Name) and (stop.id == loop.target.id or f"{stop.id} " in both):
                    continue
                text = ast.unparse(stop)
                first = ast.parse(f"for {loop.target.id} in range({text} if {text} < 1 else 1):\n    pass").body[0]
                second = ast.parse(f"for {loop.target.id} in range(1, {text}):\n    pass").body[0]
                assert isinstance(first, ast.For) and isinstance(second, ast.For)
                first.body, second.body = loop.body, ast.parse(both).body
                body[k : k + 1] = [first, second]
                return


def _plain_range(loop: ast.For) -> bool:
    call = loop.iter
    named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"
    return named and len(call.args) == 1 and isinstance(loop.target, ast.Name)


REWRITES: dict[str, Callable[[ast.FunctionDef, random.Random], None]] = {
    "rename": rename,
    "times_one": times_one,
    "if_true": if_true,
    "uninline": uninline,
    "split_range": split_range,
}
NAMES = list(REWRITES)
BITWISE = {"rename", "if_true", "uninline", "times_one"}


def apply(name: str, source: str, seed: int) -> str:
    """The source after a rewrite of its function `f`; the same text where there was nothing to do."""
    tree = ast.parse(source)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "f")
    before = ast.dump(tree)
    REWRITES[name](function, random.Random(seed))
    if ast.dump(tree) == before:
        return source
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
