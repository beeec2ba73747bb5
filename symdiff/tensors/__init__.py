"""Tensors with PyTorch's names and meaning: operations are recorded, and run by the compiler when looked at."""
