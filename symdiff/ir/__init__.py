"""The graph: a small functional program with structured control flow, and what reads, checks and prints it."""
