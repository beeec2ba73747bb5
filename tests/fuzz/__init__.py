"""Random programs through the compiler, against CPython and an independent forward mode.

- `grammar.py`, `expressions.py`, the files of statements, `generator.py`: the programs, made from a seed;
  `features.py`: which constructs the compiler takes now.
- `duals.py`, `dual_run.py`: floats and arrays that carry a derivative, so that CPython differentiates the same source.
- `rewrites.py`: changes of the source that must not change a bit.
- `oracle.py`: one program through every route; `shrink.py`: the smallest program that still fails.
- `runner.py`, `__main__.py`: any number of programs in processes of their own.
"""
