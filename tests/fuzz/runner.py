"""Any number of programs, in processes of their own: a signal ends a batch's process, and is a failure with its seed.

A worker is `python -m tests.fuzz --worker FIRST COUNT`. It says which seed it begins and what came of it, one JSON
object a line; what it had begun when it ended is what ended it.
"""

import collections
import gc
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz import features
from tests.fuzz.generator import generate
from tests.fuzz.oracle import examine

BATCH = 1000
PROGRAMS_A_COLLECTION = 50
SECONDS = 120.0  # for one program
GOOD = ("right", "refused", "discarded")


@dataclass
class Tally:
    """What came of many programs."""

    words: collections.Counter[str] = field(default_factory=collections.Counter)
    refusals: collections.Counter[str] = field(default_factory=collections.Counter)
    notes: collections.Counter[str] = field(default_factory=collections.Counter)
    calls: int = 0
    failures: list[tuple[int, str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, seed: int, word: str, text: str, calls: int = 0, notes: Iterable[str] = ()) -> None:
        self.words[word] += 1
        self.calls += calls
        self.notes.update(notes)
        if word == "refused":
            self.refusals[text] += 1
        elif word not in GOOD:
            self.failures.append((seed, word, text))

    def report(self) -> str:
        """Counts, the rate, refusals by message."""
        count = sum(self.words.values())
        lines = [f"{count} programs, {self.calls} calls compared, {count / max(self.seconds, 1e-9):.1f} programs/s"]
        lines += [f"  {n:7} {word}" for word, n in self.words.most_common()]
        lines += ["refused:"] + [f"  {n:7} {text}" for text, n in self.refusals.most_common(40)]
        lines += ["notes:"] + [f"  {n:7} {text}" for text, n in self.notes.most_common(20)]
        return "\n".join(lines)


def work(first: int, count: int) -> None:
    """Examine programs, and say so on standard output."""
    on = features.available()
    gc.freeze()
    gc.disable()  # a quarter of the time otherwise: graphs are many small objects
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            if seed % PROGRAMS_A_COLLECTION == 0:
                gc.collect()
            print(json.dumps({"begins": seed}), flush=True)
            try:
                outcome = examine(generate(seed, on), Path(folder))
                word, text, calls, notes = outcome.word, outcome.text, outcome.calls, outcome.notes
            except Exception as error:
                word, text, calls, notes = f"oracle {type(error).__name__}", repr(error), 0, ()
            print(json.dumps({"seed": seed, "word": word, "text": text, "calls": calls, "notes": notes}), flush=True)


def run(first: int, count: int, jobs: int, told: Callable[[int, str, str], None] | None = None) -> Tally:
    """Examine `count` programs from a seed on, with some workers at a time; `told` hears of each failure at once."""
    tally, lock = Tally(), threading.Lock()
    start = time.monotonic()
    batches: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
    size = min(BATCH, -(-count // jobs))
    for begin in range(first, first + count, size):
        batches.put((begin, min(begin + size, first + count)))

    def note(result: dict[str, Any]) -> None:
        with lock:
            tally.add(**result)
            if told is not None and result["word"] not in GOOD:
                told(result["seed"], result["word"], result["text"])

    def serve() -> None:
        while True:
            try:
                begin, end = batches.get_nowait()
            except queue.Empty:
                return
            while begin < end:
                begin = batch(begin, end, note)

    threads = [threading.Thread(target=serve) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.seconds = time.monotonic() - start
    return tally


def batch(begin: int, end: int, note: Callable[[dict[str, Any]], None]) -> int:
    """One worker for the seeds from `begin` to `end`; the seed after the last that it got to."""
    command = [sys.executable, "-m", "tests.fuzz", "--worker", str(begin), str(end - begin)]
    environment = {**os.environ, "SYMDIFF_OPT_LEVEL": os.environ.get("SYMDIFF_OPT_LEVEL", "0")}
    current, hung = begin, threading.Event()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as worker:
        assert worker.stdout is not None and worker.stderr is not None

        def kill() -> None:
            hung.set()
            worker.kill()

        watch = threading.Timer(SECONDS, kill)
        watch.start()
        for line in worker.stdout:
            said = json.loads(line)
            watch.cancel()
            watch = threading.Timer(SECONDS, kill)
            watch.start()
            if "begins" in said:
                current = said["begins"]
            else:
                note({**said, "notes": tuple(said["notes"])})
                current = said["seed"] + 1
        watch.cancel()
        errors = worker.stderr.read()
    if worker.returncode == 0:
        return end
    word = "hang" if hung.is_set() else "crash"
    note({"seed": current, "word": word, "text": f"exit code {worker.returncode}: {errors[-300:]}"})
    return current + 1
