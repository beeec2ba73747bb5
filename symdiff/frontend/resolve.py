"""Names and attributes of the surroundings, resolved by object identity.

``math.sin`` and ``from math import sin as s`` lead to one function object. What is found is a number or an array, which
becomes a parameter of the graph read at each call, or something else, which the graph relies on: a guard records it.
"""

from __future__ import annotations

import builtins
import functools
import types
from typing import Any

import numpy as np

from symdiff.errors import DtypeError, LocatedAttributeError, LocatedNameError, UnsupportedSyntaxError
from symdiff.frontend.abstract import Abstract, Array, BoundMethod, Complex, DictObject, Known, ListObject, Tuple
from symdiff.frontend.program import MISSING, Captured, Guard, Path
from symdiff.frontend.rows import Form, Rows
from symdiff.frontend.scope import Scope
from symdiff.frontend.source import is_own
from symdiff.frontend.structure import LONGEST, as_rows
from symdiff.frontend.tables import OBJECTS
from symdiff.ir.build import python_type
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.dtypes import SUPPORTED_DTYPES
from symdiff.ops.random import GENERATOR

__all__ = ["ITEM_LIMIT", "Resolver", "is_generator"]

ITEM_LIMIT = 2000
# What these modules hold does not change, so it is neither guarded nor captured.
FIXED_MODULES = ("math", "cmath", "numpy", "scipy", "builtins", "operator", "functools", "itertools", "sys")
_SYMBOL = Type("int64", (), "python")


def is_generator(found: Any) -> bool:
    """Whether an object draws random numbers."""
    return isinstance(found, np.random.Generator | np.random.RandomState)


class Resolver:
    """Finds objects, and remembers what of the surroundings the graph depends on."""

    def __init__(self, build: Scope, function: Any, static: frozenset[Path]) -> None:
        self.build = build
        self.function = function
        self.static = static
        self.captured: dict[Path, Captured] = {}
        self.guards: dict[tuple[Path, str], Guard] = {}
        self._wrapped: dict[Path, Abstract] = {}
        self.passed: dict[Any, Abstract] = {}  # objects that are part of an argument
        self.passed_with: list[Any] = []  # the arguments that these are part of
        self.without_gradient: set[Value] = set()  # tensors that surely require none
        self.contiguous: set[Value] = set()  # tensors that surely are no views of others

    def guard(self, path: Path | None, expected: Any, by: str) -> None:
        """Rely on something."""
        if path is not None:
            self.guards.setdefault((path, by), Guard(path, expected, by))

    # -- names ---------------------------------------------------------------------------------------------------------

    def name(self, build: Scope, frame: Any, name: str) -> Abstract:
        """A free variable, global or builtin."""
        path: Path = frame.path
        if name in frame.source.closure:
            try:
                found = frame.source.closure[name].cell_contents
            except ValueError:
                message = f"the variable {name!r} of the enclosing function has no value yet"
                build.refuse(LocatedNameError, message)
            return self.wrap(build, found, path.then("closure", name), name)
        if is_own(frame.source.globals.get("__name__")):
            found = frame.source.globals.get(name, vars(builtins).get(name, MISSING))
            return self.wrap(build, found, None, name)
        if name in frame.source.globals:
            return self.wrap(build, frame.source.globals[name], path.then("global", name), name)
        scope = frame.source.globals.get("__builtins__", builtins)
        found = (scope if isinstance(scope, dict) else vars(scope)).get(name, MISSING)
        if found is MISSING:
            build.refuse(LocatedNameError, f"name {name!r} is not defined")
        self.guard(path.then("global", name), MISSING, "is")
        return self.wrap(build, found, None, name)

    # -- objects -------------------------------------------------------------------------------------------------------

    def wrap(self, build: Scope, found: Any, path: Path | None, hint: str = "", *, fixed: bool = False) -> Abstract:
        """An object of Python's as an abstract; ``fixed`` numbers are constants of the graph."""
        if path is not None and path in self._wrapped:
            return self._wrapped[path]
        result = self._wrap(build, found, path, hint, fixed)
        # constants belong to the block they were made in
        if path is not None and not isinstance(result, Value):
            self._wrapped[path] = result
        return result

    def _wrap(self, build: Scope, found: Any, path: Path | None, hint: str, fixed: bool) -> Abstract:
        guest = next((OBJECTS[cls] for cls in type(found).__mro__ if cls in OBJECTS), None)
        if guest is not None:
            return guest(self, found, path if path is not None else Path(found), hint)
        if isinstance(found, bool | np.bool_):
            self.guard(path, found, "equal")
            return build.constant(bool(found) if isinstance(found, bool) else found)
        if isinstance(found, np.int32):
            found = np.int64(found)  # a scalar of 32 bits is passed as one of 64, into which it fits
        if isinstance(found, int | float | np.integer | np.floating) and self._is_number(build, found):
            if path is None or fixed or path in self.static or self._chooses(path, found):
                self.guard(path, found, "equal")
                return build.constant(found)
            return self.capture(path, python_type(found), hint)
        if isinstance(found, complex | np.complexfloating):
            return self._complex(build, found, path, hint, fixed)
        if isinstance(found, np.ndarray) and type(found) is np.ndarray and found.dtype.kind == "c":
            return self._complex(build, found, path, hint, fixed)
        if isinstance(found, np.ndarray):
            return self._array(build, found, path, hint)
        if is_generator(found):
            return self.capture(path if path is not None else Path(found), GENERATOR, hint or "rng")
        if found is None or isinstance(found, str | bytes | type(...) | np.dtype):
            self.guard(path, found, "equal")
            return Known(found, path)
        if isinstance(found, types.FunctionType | types.MethodType):
            self.guard(path, found.__code__, "code")
        elif isinstance(found, tuple | list | dict | functools.partial) or self._is_instance(found):
            self.guard(path, type(found), "type")
        else:
            self.guard(path, found, "is")
        return Known(found, path)

    def _complex(self, build: Scope, found: Any, path: Path | None, hint: str, fixed: bool) -> Complex:
        """A complex number or array: its parts are read at each call."""
        path = path if path is not None or not isinstance(found, np.ndarray) else Path(found)
        self.guard(path, type(found), "type")
        parts = []
        for name in ("real", "imag"):
            place = None if path is None else path.then("attr", name)
            part = f"{hint}_{name}" if hint else name
            parts.append(self._wrap(build, getattr(found, name), place, part, fixed))
        if isinstance(found, np.ndarray) and path is not None:
            self.guard(path.then("attr", "dtype"), found.dtype, "equal")
        return Complex(*parts)

    @staticmethod
    def _chooses(path: Path, found: Any) -> bool:
        """Whether a number is an int of an object such as a module: it says what is computed, not with what."""
        return isinstance(found, int | np.integer) and any(cls in OBJECTS for cls in type(path.root).__mro__)

    @staticmethod
    def _is_instance(found: Any) -> bool:
        """Whether attributes are read at each call, so that the object itself may be another one."""
        return isinstance(getattr(found, "__dict__", None), dict) and not isinstance(
            found, type | types.ModuleType | types.BuiltinFunctionType | np.ufunc
        )

    @staticmethod
    def _is_number(build: Scope, found: Any) -> bool:
        dtype = python_type(found).dtype if type(found) in (int, float) or isinstance(found, np.generic) else ""
        if isinstance(found, np.generic) and dtype not in SUPPORTED_DTYPES:
            build.refuse(DtypeError, f"dtype {dtype} is not supported", "convert it to float64")
        return bool(dtype)

    def capture(self, path: Path, type_: Type, hint: str) -> Value:
        """What a path leads to, as a parameter of the graph."""
        if path not in self.captured:
            self.captured[path] = Captured(path, Value(type_, hint))
        return self.captured[path].value

    def _array(self, build: Scope, found: np.ndarray, path: Path | None, hint: str) -> Abstract:
        if type(found) is not np.ndarray:
            name = type(found).__name__
            build.refuse(DtypeError, f"{name} is not a plain NumPy array", "convert it with np.asarray")
        if str(found.dtype) not in SUPPORTED_DTYPES:
            build.refuse(DtypeError, f"dtype {found.dtype} is not supported", "convert it with .astype(float)")
        path = path if path is not None else Path(found)
        name = hint or "a"
        dims: tuple[Dim, ...] = tuple(
            1 if size == 1 else Value(_SYMBOL, f"{name}_{axis}" if found.ndim > 1 else f"{name}_size")
            for axis, size in enumerate(found.shape)
        )
        value = self.capture(path, Type(str(found.dtype), dims), hint)
        return Array(value, origin="captured") if dims else value

    def _rows(self, path: Path, found: list[Any]) -> ListObject | None:
        """A long list of numbers: one array, made of it at each call."""
        array = as_rows(found)
        if array is None:
            return None
        value = self.capture(path, Type(str(array.dtype), (Value(_SYMBOL, "n"),)), "")
        form = Form("number", Type(str(array.dtype), (), "python"))
        return ListObject(Rows(form, (value,), value.type.shape[0]), outside=True)

    # -- parts of objects ----------------------------------------------------------------------------------------------

    def attribute(self, build: Scope, owner: Known, name: str) -> Abstract:
        """``owner.name``."""
        holder = owner.object
        if isinstance(holder, np.ufunc) and hasattr(holder, name):
            return Known(getattr(holder, name))
        if isinstance(holder, types.ModuleType):
            found = getattr(holder, name, MISSING)
            if found is MISSING:
                build.refuse(LocatedAttributeError, f"module {holder.__name__!r} has no attribute {name!r}")
            fixed = holder.__name__.partition(".")[0] in FIXED_MODULES
            return self.wrap(build, found, None if fixed else Path(holder, (("attr", name),)), name)
        found = getattr(type(holder), name, MISSING) if not isinstance(holder, type) else MISSING
        # methods of a ufunc are made anew whenever they are asked for; limits of a type never change
        if isinstance(holder, np.ufunc | np.finfo | np.iinfo) and hasattr(holder, name):
            return self.wrap(build, getattr(holder, name), None, name)
        path = owner.path.then("attr", name) if owner.path is not None else Path(holder, (("attr", name),))
        if isinstance(found, property):
            self.guard(Path(type(holder), (("attr", name),)), found, "is")
            if found.fget is None:
                build.refuse(LocatedAttributeError, f"attribute {name!r} cannot be read")
            getter = Known(found.fget, Path(found.fget))
            return BoundMethod("property", BoundMethod(getter, owner))
        found = getattr(holder, name, MISSING)
        if found is MISSING:
            build.refuse(LocatedAttributeError, f"{type(holder).__name__!r} object has no attribute {name!r}")
        if isinstance(found, types.MethodType) and found.__self__ is holder:
            self.guard(path, found.__code__, "code")
            return BoundMethod(Known(found.__func__, path), owner)
        return self.wrap(build, found, path, name, fixed=isinstance(holder, type))

    def item(self, build: Scope, owner: Known, key: Any) -> Abstract:
        """``owner[key]`` of a tuple, list or dict outside."""
        if isinstance(owner.object, tuple | list):
            self.guard(owner.path, len(owner.object), "len")
        path = owner.path.then("item", key) if owner.path is not None else None
        return self.wrap(build, owner.object[key], path, f"{key}" if isinstance(key, str) else "")

    def materialise(self, build: Scope, owner: Known) -> Abstract:
        """A tuple, list or dict outside with all its items."""
        holder = owner.object
        if not isinstance(holder, tuple | list | dict):
            return owner
        if type(holder) is list and len(holder) > LONGEST and owner.path is not None:
            rows = self._rows(owner.path, holder)
            if rows is not None:
                return rows
        if len(holder) > ITEM_LIMIT:
            message = f"a {type(holder).__name__} of {len(holder)} items from outside the function is too long"
            build.refuse(UnsupportedSyntaxError, message, "make it an array with np.array, outside the function")
        if isinstance(holder, dict):
            self.guard(owner.path, tuple(holder), "keys")
            return DictObject({key: self.item(build, owner, key) for key in holder}, outside=True)
        items = tuple(self.item(build, owner, i) for i in range(len(holder)))
        if isinstance(holder, list):
            return ListObject(items, outside=True)
        return Tuple(items, type(holder) if type(holder) is not tuple else None)
