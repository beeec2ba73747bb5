"""A source-to-source differentiation compiler for numerical Python."""

__version__ = "0.1.0"
