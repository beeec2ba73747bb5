"""Run a function as CPython does, and through its graph by the reference interpreter."""

import copy
import inspect
import warnings
from typing import Any

import numpy as np

from symdiff.errors import SymdiffError
from symdiff.frontend.parse import StaticNeeded, parse
from symdiff.frontend.program import Argument, Program
from symdiff.frontend.structure import Static, flatten, unflatten
from symdiff.ir.graph import Type, Value
from symdiff.ir.verify import verify
from symdiff.runtime.interpret import interpret
from symdiff.wrapper import _hook

SYMBOL = Type("int64", (), "python")


def leaf_type(leaf: Any, name: str) -> Type | None:
    """Type of an argument's leaf, None for what is no value."""
    if isinstance(leaf, np.ndarray):
        dims = tuple(1 if size == 1 else Value(SYMBOL, f"{name}{axis}") for axis, size in enumerate(leaf.shape))
        return Type(str(leaf.dtype), dims)
    if isinstance(leaf, np.generic):
        return Type(str(leaf.dtype))
    if isinstance(leaf, bool | int | float):
        return Type({bool: "bool", int: "int64", float: "float64"}[type(leaf)], (), "python")
    return None


def bound(function: Any, args: tuple, kwargs: dict) -> dict[str, Any]:
    """Arguments by the names of the parameters, defaults filled in."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return {f"x{i}": arg for i, arg in enumerate(args)}
    given = signature.bind(*args, **kwargs)
    given.apply_defaults()
    return dict(given.arguments)


def program_of(function: Any, *args: Any, **kwargs: Any) -> tuple[Program, list[Any], list[Any]]:
    """The program of a function, what to pass to its graph, and all leaves of the arguments."""
    needed: set[int] = set()
    while True:
        try:
            return _program_of(function, args, kwargs, needed)
        except StaticNeeded as found:
            assert found.leaf not in needed
            needed.add(found.leaf)


def _program_of(function: Any, args: tuple, kwargs: dict, needed: set[int]) -> tuple[Program, list[Any], list[Any]]:
    arguments, values, every = [], [], []
    seen: dict[int, Value] = {}
    for name, item in bound(function, args, kwargs).items():
        leaves, structure = flatten(item)
        abstracts: list[Value | Static] = []
        for leaf in leaves:
            known = len(every) in needed
            type_ = leaf_type(leaf, name) if not known else None
            if known and isinstance(leaf, np.ndarray):  # its sizes are needed
                type_ = Type(str(leaf.dtype), leaf.shape)
            every.append(leaf)
            if type_ is None:
                abstracts.append(Static(leaf))
            elif isinstance(leaf, np.ndarray) and id(leaf) in seen:
                abstracts.append(seen[id(leaf)])
            else:
                seen[id(leaf)] = Value(type_, name)
                abstracts.append(seen[id(leaf)])
                values.append(leaf)
        arguments.append(Argument(name, structure, tuple(abstracts)))
    program = parse(function, arguments, transform_hook=_hook())
    verify(program.graph)
    assert all(guard.holds(function) for guard in program.guards), [g for g in program.guards if not g.holds(function)]
    return program, values + [c.read(function) for c in program.captured], every


def run(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What the graph of a function computes; arguments stored into are changed, as by a plain call."""
    program, values, leaves = program_of(function, *args, **kwargs)
    results = interpret(program.graph, *values)
    for written in program.written:
        leaves[written.leaf][...] = results[written.result]
    return unflatten(program.result, program.unflatten_leaves(results))


def check(function: Any, *args: Any, **kwargs: Any) -> Program | None:
    """The graph computes what CPython computes, or fails as CPython fails; arguments are changed alike."""
    theirs, ours = copy.deepcopy((args, kwargs)), copy.deepcopy((args, kwargs))
    expected: Any = None
    error: Exception | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = function(*theirs[0], **theirs[1])
        except Exception as found:
            error = found
    if error is not None:
        try:
            got = run(function, *ours[0], **ours[1])
        except SymdiffError as found:
            # NumPy has subclasses of its own of Python's exceptions
            kind = next(k for k in type(error).__mro__ if k.__module__ == "builtins" or k is np.linalg.LinAlgError)
            assert isinstance(found, kind), f"{found!r} instead of {error!r}"
            return None
        raise AssertionError(f"{got!r} instead of {error!r}")
    same(run(function, *ours[0], **ours[1]), expected)
    same(ours, theirs)
    return program_of(function, *args, **kwargs)[0]


def same(got: Any, expected: Any) -> None:
    """Equal structures of equal numbers."""
    (left, structure), (right, other) = flatten(got), flatten(expected)
    assert structure == other, f"{got!r} instead of {expected!r}"
    for a, b in zip(left, right, strict=True):
        if isinstance(b, np.ndarray | np.generic | int | float):
            assert np.shape(a) == np.shape(b), f"{got!r} instead of {expected!r}"
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-13, atol=0, equal_nan=True)
            assert np.asarray(a).dtype.kind == np.asarray(b).dtype.kind or np.asarray(a).dtype.kind == "f", (
                got,
                expected,
            )
        else:
            assert a == b
