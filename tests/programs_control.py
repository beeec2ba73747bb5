"""The corpus: control flow: breaks, early returns, matches, exceptions."""
