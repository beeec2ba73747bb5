"""The corpus: stores, views and aliases."""
