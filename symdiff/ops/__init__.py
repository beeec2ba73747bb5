"""The table of primitives: one row says everything about an operation. Importing this package registers every row."""

from symdiff.ops import (
    arithmetic,
    comparison,
    convert,
    creation,
    elementary,
    extreme,
    indexing,
    kinks,
    linalg,
    ordering,
    ranges,
    reduction,
    scan,
    shaping,
    special,
    stacks,
)
from symdiff.ops.primitive import REGISTRY, Primitive, Traced
from symdiff.ops.resolve import KIND_OF, ROW_OF

__all__ = [
    "KIND_OF",
    "REGISTRY",
    "ROW_OF",
    "Primitive",
    "Traced",
    "arithmetic",
    "comparison",
    "convert",
    "creation",
    "elementary",
    "extreme",
    "indexing",
    "kinks",
    "linalg",
    "ordering",
    "ranges",
    "reduction",
    "scan",
    "shaping",
    "special",
    "stacks",
]
