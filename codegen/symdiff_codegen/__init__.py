"""A small complete compiler for loops over arrays: a kernel as data, its text as Python, its native code."""
