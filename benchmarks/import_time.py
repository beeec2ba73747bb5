"""What does `import symdiff` cost above NumPy and llvmlite, which it needs? And does it import SymPy? (It must not.)"""

from __future__ import annotations

import statistics
import sys

from benchmarks.harness import figures, in_fresh_process, machine, readable

SCRIPT = """
import sys, time
import numpy, llvmlite.binding
{before}
start = time.perf_counter()
import {module}
print(time.perf_counter() - start, "sympy" in sys.modules)
"""
EMPTY = SCRIPT.format(before="", module="math")
SYMDIFF = SCRIPT.format(before="", module="symdiff")
SYMPY = SCRIPT.format(before="", module="sympy")
ROUNDS = 11
GOAL = 0.12


def main() -> None:
    """Fresh interpreters in turn; the first round fills the file cache and is dropped."""
    check = "--check" in sys.argv
    scripts = {"an import of nothing": EMPTY, "import symdiff": SYMDIFF, "import sympy": SYMPY}
    taken: dict[str, list[float]] = {name: [] for name in scripts}
    for k in range(2 if check else ROUNDS + 1):
        for name, script in scripts.items():
            seconds, has_sympy = in_fresh_process(script).split()
            if name == "import symdiff" and has_sympy == "True":
                sys.exit("import symdiff imports SymPy")
            if k:
                taken[name].append(float(seconds))
    if check:
        return
    print(machine())
    print("\n| | median above numpy and llvmlite | goal |\n|---|---:|---|")
    for row in figures(taken, "import sympy"):
        goal = f"at most {GOAL} s" if row.name == "import symdiff" else ""
        print(f"| {row.name} | {readable(statistics.median(taken[row.name]))} | {goal} |")


if __name__ == "__main__":
    main()
