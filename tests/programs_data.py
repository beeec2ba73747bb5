"""The corpus: structures and lists: arguments, locals and results."""
