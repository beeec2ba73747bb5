"""Passes from graph to graph: the adjoint and its history, dead code, simplification."""
