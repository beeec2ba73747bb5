"""Calls: rows by the identity of the function, helpers inlined from their source, and what has a handler of its own."""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from symdiff.errors import LocatedTypeError, SymdiffError, UnknownFunctionError, UnsupportedSyntaxError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    BoundMethod,
    Closure,
    Deferred,
    DictObject,
    Instance,
    Known,
    ListObject,
    Optional,
    PartialCall,
    RandomSource,
    Record,
    Tuple,
    is_given,
)
from symdiff.frontend.by_name import BY_NAME, NOT_THESE, SPECIAL, named
from symdiff.frontend.complex_calls import complex_handler, complex_method
from symdiff.frontend.core import Parser
from symdiff.frontend.deferred import deferred_call, text_method
from symdiff.frontend.elementwise import call_row
from symdiff.frontend.frames import Frame
from symdiff.frontend.language import check_language
from symdiff.frontend.objects import construct
from symdiff.frontend.optional import without_none
from symdiff.frontend.optional_calls import asks_for_none, call_with_optional
from symdiff.frontend.parameters import bind
from symdiff.frontend.patterns import without_patterns
from symdiff.frontend.printing import log
from symdiff.frontend.program import Path
from symdiff.frontend.raising import make_exception
from symdiff.frontend.resolve import is_generator
from symdiff.frontend.running import Prepared, prepare, run_function
from symdiff.frontend.source import OWN_WRAPPER, is_own, read_source
from symdiff.frontend.storing import store_result
from symdiff.frontend.tables import ARRAYS, FUNCTIONS, METHODS, expression, package_of
from symdiff.frontend.twins import twin_call
from symdiff.frontend.written import HINTS
from symdiff.ir.graph import Value
from symdiff.ops import KIND_OF, ROW_OF
from symdiff.ops.resolve import learn_scipy
from symdiff.ops.scipy_row import LazyFunction

__all__ = ["call", "inline_known", "parts_of_call"]

@expression(ast.Call)
def call_expression(p: Parser, node: ast.Call) -> Abstract:
    """``f(a, *b, c=d, **e)``."""
    target, args, kwargs = parts_of_call(p, node)
    frame = p.frame
    frame.calling, before = node, frame.calling
    try:
        return call(p, target, args, kwargs)
    finally:
        frame.calling = before


def parts_of_call(p: Parser, node: ast.Call) -> tuple[Abstract, list[Abstract], dict[str, Abstract]]:
    """What is called, and the arguments by position and by name."""
    target = p.evaluate(node.func)
    if isinstance(target, Known) and target.object is cast and len(node.args) == 2:
        return Known(_same), p.evaluate_all(node.args[1:]), {}  # the type is not looked at
    args = p.evaluate_all(node.args)
    kwargs: dict[str, Abstract] = {}
    for keyword in node.keywords:
        item = p.evaluate(keyword.value)
        if keyword.arg is not None:
            kwargs[keyword.arg] = item
            continue
        for name in p.items(item):
            kwargs[p.static(name, "the name of an argument")] = p.subscript(item, name)
    p.at(node)
    return target, args, kwargs


def _same(value: Any) -> Any:
    """What ``typing.cast`` gives."""
    return value


def call(p: Parser, target: Abstract, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    """The result of a call."""
    if asks_for_none(target, args, kwargs):
        return call_with_optional(p, target, args, kwargs)
    match target:
        case Known():
            return _call_known(p, target, args, kwargs)
        case Closure():
            return _call_closure(p, target, args, kwargs)
        case BoundMethod(function=str()):
            handler = complex_method(p, target.owner, target.function, (*args, *kwargs.values()))
            handler = handler or METHODS[method_kind(target.owner), target.function]
            return _handle(p, handler, f".{target.function}()", (target.owner, *args), kwargs)
        case BoundMethod():
            return call(p, target.function, (target.owner, *args), kwargs)
        case PartialCall():
            return call(p, target.function, (*target.args, *args), {**target.kwargs, **kwargs})
        case Deferred():
            return deferred_call(p, target, args, kwargs)
        case Optional():
            return without_none(p, [target], lambda items: call(p, items[0], args, kwargs), lambda none: none())
        case Record(cls=cls) | Instance(cls=cls) if "__call__" in dir(cls):
            return call(p, p.attribute(target, "__call__"), args, kwargs)
    p.refuse(LocatedTypeError, f"{p.describe(target)} is not callable")


def method_kind(owner: Abstract) -> type:
    """Under which kind the methods of an abstract are registered: NumPy's scalars have those of arrays."""
    if isinstance(owner, Value) and owner.type.kind == "object":
        return RandomSource
    return type(owner) if isinstance(owner, ListObject | DictObject | Known | Tuple) else Array


def _call_known(p: Parser, target: Known, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    found = target.object
    twin = twin_call(p, found, kwargs)
    if twin is not None:
        found, kwargs = twin
    result = _call_library(p, found, args, kwargs)
    if result is not NotImplemented:
        return result
    path = target.path if target.path is not None else Path(found)
    owner = getattr(found, "__self__", None)
    if is_generator(owner):
        # np.random.normal is a method of the legacy generator
        source = p.resolver.wrap(p.build, owner, path.then("attr", "__self__"))
        return call(p, p.attribute(source, found.__name__), args, kwargs)
    if p.hook is not None:
        expecting, p.expecting = p.expecting, None  # what follows is done with what a call gives
        result = p.hook(Known(found, path), p, args, kwargs)
        p.expecting = expecting
        if result is not NotImplemented:
            # what it is the derivative of is found from the object itself, so another one is another program
            p.resolver.guard(target.path, found, "is")
            return result
    if isinstance(found, types.FunctionType):  # here, and not below: how deep helpers may call each other depends on it
        return inline_known(p, found, path, args, kwargs)
    return _call_users(p, found, path, args, kwargs)


def _call_library(p: Parser, found: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Any:
    """A function of Python or of a library that is known by itself; NotImplemented for all others."""
    handler, row = _lookup(FUNCTIONS, found), _lookup(ROW_OF, found)
    if handler is None and row is None and learn_scipy():
        row = _lookup(ROW_OF, found)
    if ARRAYS and (handler is not None or row is not None) and _is_numerical(found):
        args = [_as_array(p, item) for item in args]
        kwargs = {name: _as_array(p, item) for name, item in kwargs.items()}
    if handler is not None or row is not None:
        handler = complex_handler(p, found, (*args, *kwargs.values()), _name_of(found)) or handler
    if handler is not None:
        return _handle(p, handler, _name_of(found), args, kwargs)
    package = package_of(found) if row is None else None
    if package is not None:
        return package(p, found, args, kwargs)
    title = named(found) if row is None else ""
    if title:
        return _call_named(p, title, args, kwargs)
    if row is not None and row.elementwise:
        return call_row(p, row, KIND_OF[found] or None, _name_of(found), args, kwargs)
    owner = getattr(found, "__self__", None)
    if isinstance(owner, str):
        return text_method(p, Known(owner), found.__name__, args, kwargs)
    return log(p, found, args, kwargs)


def _call_users(
    p: Parser, found: Any, path: Path, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    """A method, partial, cached function, class or callable object whose source is read."""
    if getattr(type(found), OWN_WRAPPER, False):
        return call(p, p.resolver.wrap(p.build, found.__wrapped__, path.then("attr", "__wrapped__")), args, kwargs)
    if isinstance(found, types.MethodType):
        owner = p.resolver.wrap(p.build, found.__self__, path.then("attr", "__self__"))
        return call(p, Known(found.__func__, path.then("attr", "__func__")), (owner, *args), kwargs)
    if isinstance(found, functools.partial):
        return _call_partial(p, found, path, args, kwargs)
    if isinstance(found, functools._lru_cache_wrapper):
        if args and not kwargs and all(isinstance(a, Known) for a in args):
            # what is kept for equal arguments depends on them alone: of classes and names it is known now
            return p.resolver.wrap(p.build, found(*(a.object for a in args)), None)
        inner = p.resolver.wrap(p.build, found.__wrapped__, path.then("attr", "__wrapped__"))
        return call(p, inner, args, kwargs)
    if isinstance(found, type):
        return _construct(p, found, args, kwargs)
    by_call = getattr(type(found), "__call__", None)  # noqa: B004 - a callable of C has no source
    if isinstance(by_call, types.FunctionType):
        method = Known(by_call, path.then("attr", "__call__"))
        return call(p, method, (Known(found, path), *args), kwargs)
    unknown(p, found)


def _call_named(p: Parser, title: str, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    """A function of a library that need not be installed."""
    written = BY_NAME.get(title)
    if written is None:
        module, _, name = title.rpartition(".")
        alike = {n for m, _, n in (known.rpartition(".") for known in BY_NAME) if m == module}
        alike |= {f.name for f in ROW_OF if isinstance(f, LazyFunction)} if module == SPECIAL else set()
        close = [f"{module}.{n}" for n in difflib.get_close_matches(name, sorted(alike), 1, 0.7)]
        hint = f"did you mean {close[0]}?" if close else "write it with functions that are known"
        p.refuse(UnknownFunctionError, f"the derivative of {title!r} is not known", NOT_THESE.get(title, hint))
    return inline_known(p, written, Path(written), args, kwargs)


NUMERICAL = ("numpy", "scipy", "math")


def _is_numerical(found: Any) -> bool:
    """Whether a function is one of a library that sees arrays in objects of other libraries."""
    module = getattr(found, "__module__", None) or ("numpy" if isinstance(found, np.ufunc) else "")
    return module.partition(".")[0] in NUMERICAL


def _as_array(p: Parser, item: Abstract) -> Abstract:
    if isinstance(item, Instance) and item.cls in ARRAYS:
        return ARRAYS[item.cls](p, item)
    if isinstance(item, Tuple):
        return Tuple(tuple(_as_array(p, part) for part in item.items), item.cls)
    if isinstance(item, ListObject) and isinstance(p.memory.content(item), tuple):
        parts = p.memory.content(item)
        if any(isinstance(part, Instance) and part.cls in ARRAYS for part in parts):
            return ListObject(tuple(_as_array(p, part) for part in parts))
    return item


def _lookup(table: Mapping[Any, Any], found: Any) -> Any:
    try:
        return table.get(found)
    except TypeError:  # unhashable
        return None


def _name_of(found: Any) -> str:
    name = getattr(found, "__qualname__", None) or getattr(found, "__name__", None) or type(found).__name__
    module = (getattr(found, "__module__", None) or "").replace("numpy", "np")
    return f"{module}.{name}" if module and module not in ("builtins", "__main__") else str(name)


def unknown(p: Parser, found: Any) -> Any:
    """Refuse a function whose derivative is not known, with names that look like it."""
    name = getattr(found, "__name__", type(found).__name__)
    module = (getattr(found, "__module__", None) or "").partition(".")[0]
    alike = [
        f for f in (*ROW_OF, *FUNCTIONS) if (getattr(f, "__module__", None) or "numpy").partition(".")[0] == module
    ]
    known = {getattr(f, "__name__", "") for f in alike}
    close = difflib.get_close_matches(name, sorted(known - {name}), 3, 0.7)
    hint = f"did you mean {' or '.join(close)}?" if close else "write it with functions that are known"
    if module == "numpy":
        hint = HINTS.get(name, hint)
    p.refuse(UnknownFunctionError, f"the derivative of {_name_of(found)!r} is not known", hint)


def _handle(p: Parser, handler: Any, name: str, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    """Call a handler whose signature is that of the function it stands for."""
    p.expecting = None
    kwargs = dict(kwargs)
    signature = inspect.signature(handler)
    out = kwargs.pop("out", None) if "out" not in signature.parameters else None
    try:
        signature.bind(p, *args, **kwargs)
    except TypeError as error:
        p.refuse(UnsupportedSyntaxError, f"{name}: {error}, or not supported yet")
    where = p.build.where
    result: Abstract = handler(p, *args, **kwargs)
    p.build.where = where
    return store_result(p, out, result, broadcasts=False) if is_given(out) else result


# -- helpers -----------------------------------------------------------------------------------------------------------


def inline_known(
    p: Parser, found: types.FunctionType, path: Path, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    """Parse a function of the user's at the place of its call."""
    if found not in p.prepared:
        try:
            source = read_source(found)
        except SymdiffError as error:
            name = found.__qualname__
            p.refuse(type(error), f"{error.message} (called here as {name!r})", error.hint or "")
        check_language(source)
        p.prepared[found] = prepare(source, without_patterns(source.tree, source))
    ready: Prepared = p.prepared[found]
    if not is_own(found.__module__):
        p.codes[found.__code__] = None
    hidden = is_own(found.__module__)
    defaults = _defaults(p, found, None if hidden else path)
    names = bind(p, found.__name__, ready.node.args, args, kwargs, *defaults)
    frame = ready.frame(p, path, names, hidden=hidden or _is_hidden(p))
    return run_function(p, frame, ready, found.__name__, Known(found, path))


def _defaults(p: Parser, found: types.FunctionType, path: Path | None) -> tuple[list[Abstract], dict[str, Abstract]]:
    """Default values of a function; without a path they cannot change."""

    def wrapped(value: Any, name: str, key: Any) -> Abstract:
        place = None if path is None else path.then("attr", name).then("item", key)
        return p.resolver.wrap(p.build, value, place, fixed=True)

    positional = [wrapped(value, "__defaults__", i) for i, value in enumerate(found.__defaults__ or ())]
    named = {key: wrapped(value, "__kwdefaults__", key) for key, value in (found.__kwdefaults__ or {}).items()}
    return positional, named


def _is_hidden(p: Parser) -> bool:
    return bool(p.frames) and p.frame.hidden


def _call_closure(p: Parser, target: Closure, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    outer: Frame = target.frame
    if target.node not in p.prepared:
        p.prepared[target.node] = prepare(outer.source, target.node)
    ready: Prepared = p.prepared[target.node]
    name = getattr(target.node, "name", "<lambda>")
    names = bind(p, name, target.node.args, args, kwargs, target.defaults, target.keyword_defaults)
    frame = ready.frame(p, outer.path, names, parent=outer, hidden=outer.hidden)
    return run_function(p, frame, ready, name, target)


def _call_partial(
    p: Parser, found: functools.partial[Any], path: Path, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    wrap = p.resolver.wrap
    target = wrap(p.build, found.func, path.then("attr", "func"))
    before = [wrap(p.build, value, path.then("attr", "args").then("item", i)) for i, value in enumerate(found.args)]
    p.resolver.guard(path.then("attr", "args"), len(found.args), "len")
    p.resolver.guard(path.then("attr", "keywords"), tuple(found.keywords), "keys")
    keywords = {
        name: wrap(p.build, value, path.then("attr", "keywords").then("item", name), name)
        for name, value in found.keywords.items()
        if name not in kwargs
    }
    return call(p, target, (*before, *args), {**keywords, **kwargs})


def _construct(p: Parser, cls: type, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    """An object of a class whose code is known."""
    p.expecting = None
    if issubclass(cls, BaseException):
        return make_exception(p, cls, args, kwargs)
    if cls.__module__ in ("builtins", "numpy"):
        unknown(p, cls)
    made = construct(p, cls, args, kwargs)
    if made is not None:
        return made
    p.unsupported(
        f"making an object of class {cls.__name__!r} is not supported yet", "use a tuple, or pass it as argument"
    )
