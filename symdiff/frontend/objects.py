"""Objects made inside the function: of dataclasses and NamedTuples, and of classes whose code is parsed.

What cannot change (a NamedTuple, a frozen dataclass) is a value like a tuple. Any other object has an identity: its
attributes are kept in memory under an `Instance`, as the items of a dict are.
"""

from __future__ import annotations

import abc
import dataclasses
import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any

from symdiff.errors import LocatedAttributeError, LocatedTypeError
from symdiff.frontend.abstract import Abstract, DictObject, Instance, Known, Record, SuperOf, Tuple
from symdiff.frontend.core import Parser
from symdiff.frontend.optional import never_none
from symdiff.frontend.program import Path
from symdiff.frontend.tables import function, method

__all__ = ["construct", "set_attribute"]


def construct(p: Parser, cls: type, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract | None:
    """``cls(*args, **kwargs)``; None where it is not known what that does."""
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _named_tuple(p, cls, args, kwargs)
    if not _is_plain(cls):
        return None
    init = cls.__init__  # type: ignore[misc]
    if dataclasses.is_dataclass(cls) and _is_generated(init):
        return _dataclass(p, cls, args, kwargs)
    made = Instance(cls, {})
    if isinstance(init, types.FunctionType):
        path = Path(cls, (("attr", "__init__"),))
        p.resolver.guard(path, init.__code__, "code")
        p.call(Known(init, path), (made, *args), kwargs)
    elif args or kwargs:
        p.refuse(LocatedTypeError, f"{cls.__name__}() takes no arguments")
    return made


def _is_plain(cls: type) -> bool:
    """Whether making an object runs nothing but ``__init__``, and its attributes are only attributes."""
    if type(cls) not in (type, abc.ABCMeta) or inspect.isabstract(cls):
        return False
    if cls.__module__.partition(".")[0] in ("builtins", "numpy", "symdiff"):
        return False
    own = ("__new__", "__getattribute__")
    if any(getattr(cls, name) is not getattr(object, name) for name in own) or hasattr(cls, "__getattr__"):
        return False
    frozen = dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    return frozen or cls.__setattr__ is object.__setattr__


def _is_generated(init: Any) -> bool:
    return isinstance(init, types.FunctionType) and init.__code__.co_filename == "<string>"


def _named_tuple(p: Parser, cls: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Tuple:
    fields: tuple[str, ...] = cls._fields
    names = dict(zip(fields, args, strict=False)) | dict(kwargs)
    for name, value in getattr(cls, "_field_defaults", {}).items():
        names.setdefault(name, p.resolver.wrap(p.build, value, None))
    if set(names) != set(fields) or len(args) > len(fields):
        p.refuse(LocatedTypeError, f"{cls.__name__} takes the arguments {', '.join(fields)}")
    return Tuple(tuple(names[name] for name in fields), cls)


def _dataclass(p: Parser, cls: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
    fields = dataclasses.fields(cls)
    by_position = [f.name for f in fields if f.init and not f.kw_only]
    given = dict(zip(by_position, args, strict=False))
    twice, others = set(given) & set(kwargs), set(kwargs) - {f.name for f in fields if f.init}
    if len(args) > len(by_position) or twice or others:
        p.refuse(LocatedTypeError, f"{cls.__name__} takes the arguments {', '.join(by_position)}")
    given |= kwargs
    values: dict[str, Abstract] = {}
    for field in fields:
        if field.name in given:
            values[field.name] = given[field.name]
        elif field.default is not dataclasses.MISSING:
            values[field.name] = p.resolver.wrap(p.build, field.default, None)
        elif field.default_factory is not dataclasses.MISSING:
            values[field.name] = p.call(Known(field.default_factory), (), {})
        elif field.init:
            p.refuse(LocatedTypeError, f"{cls.__name__}() misses the argument {field.name!r}")
    frozen = cls.__dataclass_params__.frozen
    after = getattr(cls, "__post_init__", None)
    if frozen and after is None:
        return Record(cls, values)
    if frozen:
        p.unsupported(f"the frozen dataclass {cls.__name__!r} has a __post_init__, which is not supported")
    made = Instance(cls, values)
    if after is not None:
        p.call(p.attribute(made, "__post_init__"), (), {})
    return made


# -- changing an object ------------------------------------------------------------------------------------------------


def set_attribute(p: Parser, owner: Abstract, name: str, item: Abstract) -> None:
    """``owner.name = item``."""
    owner = never_none(p, owner, lambda none: setattr(none, name, item))
    if not isinstance(owner, Instance):
        p.unsupported(
            f"assigning the attribute {name!r} is not supported",
            "return the new value instead, and assign it outside",
        )
    if isinstance(getattr(owner.cls, name, None), property):
        p.unsupported(f"assigning the property {name!r} is not supported", "assign the attribute that it sets")
    p.memory.replace(owner, {**p.memory.content(owner), name: item})


# -- copies ------------------------------------------------------------------------------------------------------------


@function(dataclasses.replace)
def replaced(p: Parser, obj: Abstract, /, **changes: Abstract) -> Abstract:
    """``dataclasses.replace(obj, name=value)``."""
    if not isinstance(obj, Record | Instance) or not dataclasses.is_dataclass(obj.cls):
        p.refuse(LocatedTypeError, "replace() should be called on dataclass instances")
    content = obj.fields if isinstance(obj, Record) else p.memory.content(obj)
    initial = {f.name: content[f.name] for f in dataclasses.fields(obj.cls) if f.init}
    return p.call(Known(obj.cls), (), {**initial, **changes})


@method(Tuple, "_replace")
def tuple_replaced(p: Parser, owner: Tuple, **changes: Abstract) -> Tuple:
    """``point._replace(x=value)``."""
    fields = _fields(p, owner, "_replace")
    unknown = [name for name in changes if name not in fields]
    if unknown:
        p.refuse(LocatedTypeError, f"got unexpected field names: {unknown}")
    items = zip(fields, owner.items, strict=True)
    return Tuple(tuple(changes.get(name, item) for name, item in items), owner.cls)


@method(Tuple, "_asdict")
def as_dict(p: Parser, owner: Tuple) -> DictObject:
    """``point._asdict()``."""
    return DictObject(dict(zip(_fields(p, owner, "_asdict"), owner.items, strict=True)))


def _fields(p: Parser, owner: Tuple, name: str) -> tuple[str, ...]:
    found: tuple[str, ...] | None = getattr(owner.cls, "_fields", None)
    if found is None:
        p.refuse(LocatedAttributeError, f"'tuple' object has no attribute {name!r}")
    return found


@function(super)
def super_of(p: Parser, cls: Abstract | None = None, owner: Abstract | None = None, /) -> SuperOf:
    """``super()``, in a method or with both arguments."""
    source = p.frame.source
    if cls is None:
        cell, parameters = source.closure.get("__class__"), source.tree.args.args
        if cell is None or not parameters:
            p.unsupported("super() outside a method is not supported", "name the class")
        cls, owner = Known(cell.cell_contents), p.frame.names.get(parameters[0].arg)
    if isinstance(cls, Known):
        if isinstance(owner, Instance | Record) and issubclass(owner.cls, cls.object):
            return SuperOf(cls.object, owner)
        if isinstance(owner, Known) and isinstance(owner.object, cls.object):
            return SuperOf(cls.object, owner)
    p.unsupported("super() of what is no object of a class that is known is not supported", "name the class")
