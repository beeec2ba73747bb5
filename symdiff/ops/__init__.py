"""The table of primitives: one row says everything about an operation. Import a family to register its rows."""

from symdiff.ops import arithmetic, comparison
from symdiff.ops.primitive import REGISTRY, Primitive, Traced

__all__ = ["REGISTRY", "Primitive", "Traced", "arithmetic", "comparison"]
