"""The corpus: random numbers."""
