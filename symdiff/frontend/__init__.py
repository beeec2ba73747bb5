"""From a user's function to a graph: find its source, refuse what is not accepted, resolve names, parse."""
