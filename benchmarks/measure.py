"""Run a command and write its seconds and peak memory as JSON: measure.py REPORT.json COMMAND [ARGUMENT …]

A process of its own, small and started fresh: after fork and exec the kernel counts the memory of the process that
forked into the peak of the one it started, so a benchmark holding a gigabyte of data would measure itself.
Peak memory is that of the largest process among the command and its descendants, as ``/usr/bin/time -v`` has it.
"""

import json
import resource
import subprocess
import sys
import time

KIB_PER_MIB = 1024


def main(argv: list[str]) -> int:
    """Run the command of ``argv[1:]``, write ``seconds`` and ``peak_mib`` to ``argv[0]``, return the command's code."""
    start = time.perf_counter()
    code = subprocess.run(argv[1:], check=False).returncode
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / KIB_PER_MIB
    with open(argv[0], "w", encoding="utf-8") as report:  # noqa: PTH123 - pathlib doubles this process's own memory
        json.dump({"seconds": seconds, "peak_mib": peak}, report)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
