"""The corpus: NumPy's functions and methods."""
