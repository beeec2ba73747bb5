"""The corpus: derivatives inside programs."""
