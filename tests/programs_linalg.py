"""The corpus: linear algebra."""
