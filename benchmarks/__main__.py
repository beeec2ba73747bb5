"""Run all benchmarks, or those named: `python -m benchmarks [--check] [name ...]`."""

import argparse
import subprocess
import sys

NAMES = (
    "import_time",
    "compile_time",
    "call_overhead",
    "store_loop",
    "rk4",
    "logistic",
    "elementwise_chain",
    "tanh_network",
    "training_loops",
    "native_training",
)


def main() -> None:
    """Each benchmark has its own process, so that none inherits another's caches and threads."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(NAMES)}")
    parser.add_argument("--check", action="store_true", help="only compare the results of the contenders")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    extra = ["--check"] if options.check else []
    failed = []
    for name in options.names or NAMES:
        print(f"\n## {name}\n", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *extra], check=False).returncode:
            failed.append(name)
    sys.exit(f"failed: {', '.join(failed)}" if failed else None)


if __name__ == "__main__":
    main()
