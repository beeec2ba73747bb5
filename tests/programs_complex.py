"""The corpus: complex numbers and Fourier transforms."""
