"""Programs that are run in a process of their own."""

import os
import subprocess
import sys
import textwrap

__all__ = ["run_file", "script_file"]

HEADER = """
import math, os, signal, sys, threading, time
import numpy as np
import symdiff as sd
"""


def script_file(tmp_path, text):
    """The text as a module that can be imported: functions need their source."""
    path = tmp_path / "program.py"
    path.write_text(HEADER + textwrap.dedent(text))
    return path


def run_file(path, **environment):
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}"
    return done.stdout
