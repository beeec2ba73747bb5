"""What callers pass: which leaves are values of the graph, of what type, and what is refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.errors import DtypeError, LocatedTypeError, ShapeError, located
from symdiff.frontend.structure import Static, flatten, unflatten
from symdiff.ir.graph import Type, Value
from symdiff.ops.dtypes import SUPPORTED_DTYPES

__all__ = ["ByIdentity", "Leaf", "as_array", "classify", "cotangent_like", "is_foreign_array", "prepare", "snapshot"]


@dataclass(frozen=True)
class Leaf:
    """What the compiler knows of one leaf: enough for the graph, and equal for all calls that one graph serves.

    Attributes
    ----------
    kind : str
        ``python``, ``numpy`` or ``static``.
    dtype : str
        Empty for static leaves.
    ones : tuple of bool
        For each axis, whether its size is 1 (such an axis broadcasts).
    static : Static or None
        The object itself, where it is no value.
    sizes : tuple of int or None
        The sizes themselves, for a graph that is built for them alone.
    """

    kind: str
    dtype: str = ""
    ones: tuple[bool, ...] = ()
    static: Any = None
    sizes: tuple[int, ...] | None = None

    def value(self, name: str) -> Value:
        """A new parameter of the graph, with a symbol for every size but 1."""
        if self.sizes is not None:
            return Value(Type(self.dtype, tuple(self.sizes), self.kind), name)
        letters = ("n", "m", "k", "p", "q")
        dims = []
        for axis, one in enumerate(self.ones):
            hint = letters[axis] if axis < len(letters) else f"n{axis}"
            dims.append(1 if one else Value(Type("int64", (), "python"), hint))
        return Value(Type(self.dtype, tuple(dims), self.kind), name)


def classify(leaf: Any, name: str) -> Leaf:
    """Type of one leaf of an argument.

    Raises
    ------
    DtypeError
        For arrays of unsupported kinds and dtypes, naming them.
    """
    cls = type(leaf)
    if cls is float:
        return Leaf("python", "float64")
    if cls is bool:
        return Leaf("python", "bool")
    if cls is int:
        return Leaf("python", "int64")
    if isinstance(leaf, np.ndarray):
        return _array_leaf(leaf, name)
    if isinstance(leaf, np.generic):
        # a scalar of 32 bits is passed as one of 64, into which it fits
        return Leaf("numpy", _dtype(leaf.dtype, name).replace("int32", "int64"))
    if isinstance(leaf, np.random.Generator | np.random.RandomState):
        return Leaf("object", "generator")
    return Leaf("static", static=_hashable(leaf))


def _array_leaf(array: np.ndarray, name: str) -> Leaf:
    if type(array) is not np.ndarray:
        raise DtypeError(
            f"argument {name} is a {type(array).__module__}.{type(array).__qualname__}, which is not supported",
            hint="pass a plain array: np.asarray(...)",
        )
    if array.ndim == 0:
        return classify(array[()], name)
    return Leaf("numpy", _dtype(array.dtype, name), tuple(size == 1 for size in array.shape))


def _dtype(dtype: np.dtype[Any], name: str) -> str:
    text = dtype.newbyteorder("=").name
    if text in SUPPORTED_DTYPES:
        return text
    if dtype.kind in "iu":
        raise DtypeError(f"argument {name} has dtype {dtype}, which is not supported", hint="use .astype(np.int64)")
    if dtype.kind == "c":
        raise DtypeError(
            f"argument {name} has dtype {dtype}, which is not supported", hint="use .astype(complex)"
        )
    raise DtypeError(f"argument {name} has dtype {dtype}, which is not supported", hint="use .astype(float)")


class ByIdentity:
    """An object as part of a key: equal to itself alone."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByIdentity) and other.held is self.held

    def __hash__(self) -> int:
        return id(self.held)


def _hashable(leaf: Any) -> Any:
    if leaf is None or isinstance(leaf, (str, bytes)):
        return Static(leaf)
    if isinstance(leaf, ByIdentity):
        return leaf
    return ByIdentity(leaf)


def static_object(leaf: Leaf) -> Any:
    """The object a static leaf stands for."""
    held = leaf.static
    return held.object if isinstance(held, Static) else held.held


def is_foreign_array(leaf: Any) -> bool:
    """Whether an object of another library is an array by its own word: pandas, xarray or DLPack."""
    if isinstance(leaf, (np.ndarray, np.generic)):
        return False
    module = type(leaf).__module__.partition(".")[0]
    return module in ("pandas", "xarray") or (
        hasattr(type(leaf), "__dlpack__") and not hasattr(type(leaf), "__symdiff_parts__")
    )


def as_array(leaf: Any, name: str) -> Any:
    """An array of another library as NumPy's, by position.

    Raises
    ------
    DtypeError
        For masked, sparse and other arrays that cannot be read as plain memory.
    """
    cls = type(leaf)
    module = cls.__module__.partition(".")[0]
    if module == "scipy" and "sparse" in cls.__module__:
        raise DtypeError(f"argument {name} is a sparse array, which is not supported", hint="use .toarray()")
    if hasattr(cls, "__symdiff_elements__"):
        return leaf.__symdiff_elements__()
    if not is_foreign_array(leaf):
        return leaf
    if module in ("pandas", "xarray"):
        return np.asarray(leaf)
    return np.from_dlpack(leaf)


def cotangent_like(cotangent: Any, wanted: Type) -> Any:
    """A cotangent as a number or array of the type that the reverse sweep begins with.

    Raises
    ------
    ShapeError
        If it has another number of dimensions.
    """
    array = np.asarray(cotangent, dtype=wanted.dtype)
    if array.ndim != len(wanted.shape):
        raise ShapeError(f"the cotangent has shape {array.shape}, the value {len(wanted.shape)} dimensions")
    return float(array) if wanted.kind == "python" else array[()]


def snapshot(tree: Any) -> Any:
    """The tree with copies of its arrays: it stays as it is now, whatever becomes of the caller's arrays."""
    leaves, structure = flatten(tree, is_foreign_array)
    plain = [as_array(leaf, "of vjp") for leaf in leaves]
    return unflatten(structure, [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in plain])


def prepare(leaf: Any) -> Any:
    """The leaf as the native function takes it: contiguous, aligned, of native byte order."""
    if not isinstance(leaf, np.ndarray):
        return leaf.item() if isinstance(leaf, (np.integer, np.bool_)) else leaf
    if not leaf.dtype.isnative:
        leaf = leaf.astype(leaf.dtype.newbyteorder("="))
    if leaf.ndim == 0:
        return leaf[()]
    fits = leaf.flags.c_contiguous and leaf.flags.aligned
    return leaf if fits else np.require(np.ascontiguousarray(leaf), requirements=("C", "A"))


def refuse_inactive(leaf: Leaf, name: str) -> Leaf:
    """The leaf as something to differentiate by: ints count as floats.

    Raises
    ------
    DtypeError
        For anything without a derivative.
    """
    if leaf.kind == "static":
        raise DtypeError(f"cannot differentiate with respect to argument {name}: it is no number or array")
    if leaf.dtype == "bool":
        raise DtypeError(f"cannot differentiate with respect to argument {name}: it is a bool", hint="pass a float")
    if leaf.dtype.startswith("int"):
        if leaf.ones or leaf.kind == "numpy":
            raise DtypeError(
                f"cannot differentiate with respect to argument {name}: its dtype is {leaf.dtype}",
                hint="use .astype(float)",
            )
        return Leaf("python", "float64")
    return leaf


def check_fits(number: int, name: str) -> None:
    """Refuse ints that 64 bits do not hold.

    Raises
    ------
    OverflowError
        Naming the argument.
    """
    if not -(2**63) <= number < 2**63:
        raise located(OverflowError, f"argument {name} is an int of more than 64 bits", hint="pass a float")


def check_same_index(leaves: list[Any]) -> None:
    """Refuse pandas objects whose indexes differ: they would be matched by position.

    Raises
    ------
    ShapeError
        Naming the remedy.
    """
    indexes = [
        leaf.index for leaf in leaves if type(leaf).__module__.partition(".")[0] == "pandas" and hasattr(leaf, "index")
    ]
    for index in indexes[1:]:
        if not index.equals(indexes[0]):
            raise ShapeError(
                "pandas arguments have different indexes, and are matched by position", hint="align them first"
            )


def overlapping(arrays: list[np.ndarray]) -> bool:
    """Whether any two arrays share memory."""
    return any(np.may_share_memory(a, b) and np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


def require_writable(array: np.ndarray, name: str) -> None:
    if not array.flags.writeable:
        raise LocatedTypeError(f"argument {name} is stored into but is read-only", hint="pass a copy")
