"""The corpus: helpers, closures, methods, partials, foreign functions."""
