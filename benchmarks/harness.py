"""One way to measure, for every question: contenders first agree, then take turns on one thread.

The package's `__init__` has limited every library to one thread by the time this is imported. A `Question` holds
contenders; each is made by a function that returns something to call (or a `Statement`, where the cost of calling a
Python function would drown what is measured). What cannot run here, because a package is missing or a feature is not
built yet, is reported and left out.

The contenders take turns in short rounds, so that a slow spell of the machine meets all of them alike; the ratio to the
baseline is taken within each round, and the median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Statement:
    """Source to time in place of a call, and the names it reads."""

    source: str
    names: Mapping[str, Any]

    def __call__(self) -> Any:
        """Run it once, for its value."""
        return eval(self.source, dict(self.names))


@dataclass(frozen=True)
class Question:
    """What is measured: contenders by name, which of them is 1.00, and how closely their results must agree."""

    title: str
    contenders: Mapping[str, Callable[[], Callable[[], Any]]]
    baseline: str
    tolerance: float | None = 1e-9
    per: int = 1
    unit: str = "call"
    goals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """The medians of one contender."""

    name: str
    seconds: float
    ratio: float
    spread: float


def flat(result: Any) -> np.ndarray:
    """All numbers of a result (a number, an array, or a tuple of results) in one vector."""
    if isinstance(result, (tuple, list)):
        return np.concatenate([flat(part) for part in result]) if result else np.zeros(0)
    return np.asarray(result, dtype=float).ravel()


def prepare(question: Question) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """The contenders that run here, each called once, and why the others do not."""
    ready: dict[str, Callable[[], Any]] = {}
    absent: dict[str, str] = {}
    for name, make in question.contenders.items():
        try:
            call = make()
            call()
        except (ImportError, AttributeError, NotImplementedError) as problem:
            absent[name] = f"{type(problem).__name__}: {problem}"
        else:
            ready[name] = call
    return ready, absent


def disagreement(question: Question, ready: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """How far each result is from the first contender's, relative to its largest entry."""
    results = {name: flat(call()) for name, call in ready.items()}
    if not results:
        return {}
    first = next(iter(results.values()))
    scale = max(float(np.max(np.abs(first), initial=0.0)), 1e-300)
    return {name: float(np.max(np.abs(r - first), initial=0.0)) / scale for name, r in results.items()}


def check(question: Question) -> list[str]:
    """Report whether the contenders agree; the complaints are returned."""
    ready, absent = prepare(question)
    print(f"{question.title}")
    complaints = []
    distances = {} if question.tolerance is None else disagreement(question, ready)
    for name in ready:
        if name not in distances:
            print(f"  {name:<28} runs")
            continue
        good = distances[name] <= question.tolerance
        print(f"  {name:<28} {'agrees' if good else 'DISAGREES'} ({distances[name]:.1e})")
        if not good:
            complaints.append(f"{question.title}: {name} differs by {distances[name]:.1e}")
    for name, reason in absent.items():
        print(f"  {name:<28} does not run here: {reason}")
    return complaints


def timer(call: Callable[[], Any]) -> timeit.Timer:
    """A timer of a statement, or of a call."""
    if isinstance(call, Statement):
        return timeit.Timer(call.source, globals=dict(call.names))
    return timeit.Timer(call)


def calls_that_take(seconds: float, clock: timeit.Timer) -> int:
    """How many calls fill a sample."""
    count = 1
    while True:
        taken = clock.timeit(count)
        if taken >= seconds / 4 or count >= 1 << 24:
            return max(1, round(count * seconds / max(taken, 1e-9)))
        count *= 4


def measure(
    question: Question, ready: Mapping[str, Callable[[], Any]], rounds: int = 15, sample: float = 0.02
) -> list[Figure]:
    """Take turns for some rounds."""
    clocks = {name: timer(call) for name, call in ready.items()}
    counts = {name: calls_that_take(sample, clock) for name, clock in clocks.items()}
    taken: dict[str, list[float]] = {name: [] for name in ready}
    order, shuffle = list(ready), random.Random(0)
    for _ in range(rounds):
        shuffle.shuffle(order)
        for name in order:
            taken[name].append(clocks[name].timeit(counts[name]) / counts[name])
    return figures(taken, question.baseline)


def figures(taken: Mapping[str, Sequence[float]], baseline: str) -> list[Figure]:
    """Medians, and medians of the ratios within rounds; without the baseline, the first contender takes its place."""
    base = taken.get(baseline) or next(iter(taken.values()))
    found = []
    for name, seconds in taken.items():
        middle = statistics.median(seconds)
        ratio = statistics.median(a / b for a, b in zip(seconds, base, strict=True))
        spread = statistics.median(abs(s - middle) for s in seconds) / middle
        found.append(Figure(name, middle, ratio, spread))
    return found


def readable(seconds: float) -> str:
    """A time with a unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def show(question: Question, found: Sequence[Figure], absent: Mapping[str, str]) -> None:
    """Print one table, in the form that the README keeps."""
    print(f"\n### {question.title}\n")
    print(f"| contender | median per {question.unit} | ratio to {question.baseline} | spread | goal |")
    print("|---|---:|---:|---:|---|")
    for row in found:
        time = readable(row.seconds / question.per)
        print(f"| {row.name} | {time} | {_ratio(row.ratio)} | {row.spread:.0%} | {question.goals.get(row.name, '')} |")
    for name, reason in absent.items():
        print(f"| {name} | does not run here: {reason.splitlines()[0]} | | | {question.goals.get(name, '')} |")


def _ratio(ratio: float) -> str:
    """Two digits after the point, or of a small ratio two that are not zero."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def ask(question: Question, rounds: int = 15, sample: float = 0.02) -> list[Figure]:
    """Check that the contenders agree, measure them, and print the table."""
    ready, absent = prepare(question)
    if question.tolerance is not None:
        far = {n: d for n, d in disagreement(question, ready).items() if d > question.tolerance}
        if far:
            raise AssertionError(f"{question.title}: results differ: {far}")
    found = measure(question, ready, rounds, sample) if ready else []
    show(question, found, absent)
    return found


def in_fresh_process(source: str, environment: Mapping[str, str] | None = None) -> str:
    """What a script prints in a new interpreter with an empty cache; NotImplementedError if it fails."""
    with tempfile.TemporaryDirectory() as cache:
        variables = {**os.environ, "SYMDIFF_CACHE_DIR": cache, **(environment or {})}
        done = subprocess.run(
            [sys.executable, "-c", source], capture_output=True, text=True, env=variables, check=False
        )
    if done.returncode != 0:
        raise NotImplementedError((done.stderr.strip() or "failed without a message").splitlines()[-1])
    return done.stdout.strip()


def machine() -> str:
    """What a reader must know to compare: processor and versions."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{model}; CPython {platform.python_version()}, NumPy {np.__version__}; one thread, one core"


def main(questions: Callable[[], Sequence[Question]]) -> None:
    """The command line of a benchmark file: `--check` compares results without timing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="only compare the results of the contenders")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    if options.check:
        complaints = [c for q in questions() for c in check(q)]
        sys.exit("\n".join(complaints) or None)
    print(machine())
    for question in questions():
        ask(question, options.rounds)
