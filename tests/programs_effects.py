"""The corpus: failures, prints and warnings."""
