"""The corpus: SciPy's special functions and distributions."""
