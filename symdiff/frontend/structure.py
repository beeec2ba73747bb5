"""Trees of tuples, lists, dicts, NamedTuples, dataclasses and plain objects, taken apart and put together again.

A structure is hashable and compares by content, so it can be part of the key of a variant. Its leaves are numbers,
arrays and everything that is not a container; who asks decides which leaves are values and which are `Static`.

A long list of numbers is one leaf, an array: a list of a hundred thousand floats is no more to the compiler than one of
a hundred. Its kind is ``rows``, as is that of a list whose length only a run tells: the leaves below are then one array
for each leaf of an item.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.errors import LimitError

__all__ = [
    "LEAF",
    "LONGEST",
    "Static",
    "Structure",
    "as_rows",
    "flatten",
    "flatten_as",
    "has_optional",
    "leaf_paths",
    "unflatten",
]

DEPTH_LIMIT = 200
LONGEST = 32  # a list of more numbers than these is one array


@dataclass(frozen=True)
class Static:
    """A leaf that is no value of the graph: None, a string, a function, ..."""

    object: Any


@dataclass(frozen=True)
class Structure:
    """A node of the tree, or a leaf.

    Attributes
    ----------
    kind : str
        ``leaf``, ``tuple``, ``list``, ``dict``, ``namedtuple``, ``object`` (dataclasses too), ``rows``, whose one
        child is the structure of an item, ``complex`` (the parts of a complex number or array), or ``optional``
        (whether a result is None, and what it is otherwise). A class of a library over the graph has a kind of its
        own, ``__symdiff_kind__``: ``__symdiff_parts__`` takes its objects apart (names and children), and
        ``__symdiff_built__`` puts parts together.
    cls : type or None
        The class to be rebuilt.
    keys : tuple
        Keys of a dict, names of the attributes of an object.
    children : tuple of Structure
        One an element, key or attribute.
    """

    kind: str
    cls: type | None = None
    keys: tuple[Any, ...] = ()
    children: tuple[Structure, ...] = ()

    @property
    def count(self) -> int:
        """How many leaves there are below."""
        return 1 if self.kind == "leaf" else sum(child.count for child in self.children)

    @property
    def labels(self) -> tuple[Any, ...]:
        """What the children are called: keys, attribute names or positions."""
        return self.keys or tuple(range(len(self.children)))


LEAF = Structure("leaf")


def flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Structure]:
    """Take a tree apart.

    Parameters
    ----------
    tree : object
        Containers are entered; anything else is a leaf.
    is_leaf : callable, optional
        Objects it accepts are leaves though they look like containers.

    Returns
    -------
    leaves : list
        In the order of elements, keys and attributes.
    structure : Structure
        What `unflatten` needs.
    """
    leaves: list[Any] = []
    return leaves, _flatten(tree, is_leaf, leaves, ())


def _flatten(tree: Any, is_leaf: Callable[[Any], bool] | None, leaves: list[Any], above: tuple[Any, ...]) -> Structure:
    found = None if is_leaf is not None and is_leaf(tree) else _children(tree)
    # an object that holds itself is not a tree: its second appearance stays as it is
    if found is None or any(tree is outer for outer in above):
        leaves.append(tree)
        return LEAF
    if len(above) > DEPTH_LIMIT:
        raise LimitError(f"an argument is nested more than {DEPTH_LIMIT} containers deep")
    kind, keys, items = found
    if kind == "rows":
        leaves.append(items[0])
        return Structure("rows", list, keys, (LEAF,))
    children = tuple(_flatten(item, is_leaf, leaves, (*above, tree)) for item in items)
    return Structure(kind, type(tree), keys, children)


def _children(tree: Any) -> tuple[str, tuple[Any, ...], Sequence[Any]] | None:
    """Kind, keys and children of a container; None for a leaf."""
    cls = type(tree)
    if cls is list and len(tree) > LONGEST and (array := as_rows(tree)) is not None:
        return "rows", (array.dtype.name,), [array]
    if isinstance(tree, complex | np.complexfloating) or (cls is np.ndarray and tree.dtype.kind == "c"):
        return _complex_parts(tree)
    if cls in (tuple, list):
        return cls.__name__, (), tree
    guest = getattr(cls, "__symdiff_parts__", None)
    if guest is not None:
        return cls.__symdiff_kind__, *guest(tree)
    if isinstance(tree, tuple) and hasattr(cls, "_fields"):
        return "namedtuple", tuple(cls._fields), tree
    if isinstance(tree, dict):
        return "dict", tuple(tree), list(tree.values())
    if dataclasses.is_dataclass(cls) and not isinstance(tree, type):
        names = tuple(f.name for f in dataclasses.fields(cls))
        names = tuple(n for n in names if hasattr(tree, n))
        return "object", names, [getattr(tree, n) for n in names]
    if _is_plain(tree):
        return "object", tuple(vars(tree)), list(vars(tree).values())
    return None


def as_rows(items: list[Any]) -> np.ndarray | None:
    """The array of a list of Python's floats and ints; None for anything else."""
    kinds = set(map(type, items))
    if not kinds or not kinds <= {float, int}:
        return None
    if kinds == {int}:
        return np.array(items, dtype=np.int64) if max(map(abs, items)) < 2**63 else None
    return np.array(items, dtype=np.float64)


def _complex_parts(tree: Any) -> tuple[str, tuple[Any, ...], Sequence[Any]] | None:
    """The parts of a complex number or array; those of an array are views."""
    if np.dtype(type(tree) if not isinstance(tree, np.ndarray) else tree.dtype) not in COMPLEX_DTYPES:
        return None
    return "complex", ("real", "imag"), (tree.real, tree.imag)


COMPLEX_DTYPES = (np.dtype(np.complex128), np.dtype(np.complex64))
_OPAQUE = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    np.ndarray,
    np.generic,
    np.dtype,
    np.ufunc,
    np.random.Generator,
    np.random.RandomState,
    BaseException,
    int,
    float,
    complex,
    str,
    bytes,
)


def _is_plain(tree: Any) -> bool:
    """An instance of a class someone wrote, with attributes of its own."""
    return type(getattr(tree, "__dict__", None)) is dict and not isinstance(tree, _OPAQUE) and not _is_foreign(tree)


def _is_foreign(tree: Any) -> bool:
    """Whether a library made the object for purposes of its own (functools.partial, a Tensor, a data frame)."""
    return type(tree).__module__.partition(".")[0] in ("functools", "numpy", "pandas", "xarray", "scipy", "symdiff")


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """Put a tree together; classes are rebuilt without calling ``__init__``."""
    return _unflatten(structure, iter(leaves))


def _unflatten(structure: Structure, leaves: Iterator[Any]) -> Any:
    if structure.kind == "leaf":
        return next(leaves)
    if structure.kind == "rows":
        return _listed(structure.children[0], leaves)
    children = [_unflatten(child, leaves) for child in structure.children]
    if structure.kind == "optional":
        return None if children[0] else children[1]
    cls: Any = structure.cls
    if structure.kind == "complex":
        return _complex(cls, *children)
    if hasattr(cls, "__symdiff_kind__"):
        return cls.__symdiff_built__(structure.keys, children)
    if structure.kind == "namedtuple":
        return cls._make(children)
    if structure.kind == "dict":
        pairs = dict(zip(structure.keys, children, strict=True))
        if cls is dict:
            return pairs
        made = cls.__new__(cls)
        made.update(pairs)
        return made
    if structure.kind == "object":
        made = object.__new__(cls)
        for name, child in zip(structure.keys, children, strict=True):
            object.__setattr__(made, name, child)  # also where the class is frozen or has slots
        return made
    return cls(children)


def _listed(item: Structure, leaves: Iterator[Any]) -> list[Any]:
    """A list from the arrays of the leaves of its items."""
    columns = [next(leaves) for _ in range(item.count)]
    if item == LEAF:
        (column,) = columns
        return column.tolist() if isinstance(column, np.ndarray) and column.ndim == 1 else list(column)
    lists = [column.tolist() if column.ndim == 1 else list(column) for column in columns]
    return [unflatten(item, row) for row in zip(*lists, strict=True)]


def has_optional(structure: Structure) -> bool:
    """Whether some part may be None."""
    return structure.kind == "optional" or any(has_optional(child) for child in structure.children)


def flatten_as(structure: Structure, tree: Any) -> list[Any]:
    """The leaves of a tree that has a given structure, lists as the structure has them."""
    if structure.kind == "leaf":
        return [tree]
    if structure.kind == "rows":
        (item,) = structure.children
        rows = [flatten_as(item, part) for part in tree]
        return [np.array([row[k] for row in rows], dtype=np.float64) for k in range(item.count)]
    if structure.kind == "dict":
        parts: Sequence[Any] = [tree[key] for key in structure.keys]
    elif structure.kind == "object":
        parts = [getattr(tree, name) for name in structure.keys]
    else:
        parts = tree
    return [leaf for child, part in zip(structure.children, parts, strict=True) for leaf in flatten_as(child, part)]
def _complex(cls: Any, real: Any, imag: Any) -> Any:
    """A complex number or array of its parts; None where there is no part (no gradient)."""
    if real is None or imag is None:
        return None
    if cls is complex and not np.ndim(real):
        return complex(real, imag)
    # of a float of Python's NumPy would look at the other type alone
    made = np.empty(np.shape(real), np.result_type(np.asarray(real), np.complex64))
    made.real, made.imag = real, imag
    return made[()]


def leaf_paths(structure: Structure, name: str = "") -> list[str]:
    """How each leaf is written by a user: ``p[0]``, ``p['rate']``, ``self.weights``."""
    if structure.kind == "leaf":
        return [name]
    if structure.kind == "rows":
        return [name] * structure.count
    if structure.kind == "tensor":
        return [name]
    if structure.kind == "optional":
        return [name, *leaf_paths(structure.children[1], name)]
    paths: list[str] = []
    for label, child in zip(structure.labels, structure.children, strict=True):
        step = f".{label}" if structure.kind in ("object", "namedtuple", "complex", "module") else f"[{label!r}]"
        paths += leaf_paths(child, name + step)
    return paths
