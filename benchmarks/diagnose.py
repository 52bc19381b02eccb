"""What a diagnosis costs: a log of 200 MB beside reading its lines, and the start for one question.

Run it with `python benchmarks/diagnose.py`. It fails above the budgets.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from remediate.diagnose.catalogue import load
from remediate.diagnose.matching import Matcher
from remediate.diagnose.records import records
from remediate.diagnose.scanning import Scan

MEGABYTES = 200
MOST_TIMES = 8
MOST_STARTS = 3
MOST_MEMORY_MB = 60


def lines() -> Iterator[bytes]:
    """A megabyte of what an agent writes: one line in fifty is an error, of another path."""
    number = size = 0
    while size < 1 << 20:
        number += 1
        bad = number % 50 == 0
        said = (
            f"Failed: Hr: = [0x80070005] BackupRead failed on file(D:\\d{number}\\f {number}.doc)"
        )
        line = (
            f"0AB0\t0974\t11/{number % 28 + 1:02}\t13:16:29.206\t18\tmtffile.cpp(1372)\t"
            f"[0000000053582120]\t1FCFF8B4-CCE2-42E6-8883-7AEB9A1C5CB6\t\t"
            + (
                f"WARNING\t{said}\n"
                if bad
                else f"NORMAL\tFileProvider::Read {number} of D:\\data\n"
            )
        ).encode()
        size += len(line)
        yield line


def seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def start(*words: str) -> float:
    """CPU of one start in seconds, the interpreter included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "remediate", *words], check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> int:
    scan = Scan(Matcher(load()))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "CBEngineCurr.errlog"
        megabyte = b"".join(lines())
        with log.open("wb") as file:
            for _ in range(MEGABYTES):
                file.write(megabyte)

        def iterate() -> None:
            with log.open("rb") as file:
                for _ in file:
                    pass

        plain = seconds(iterate)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        scanned = seconds(lambda: scan.add(records(log)))
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    [found] = scan.ranked()
    print(
        f"{MEGABYTES} MB: lines {plain:.2f} s, diagnosis {scanned:.2f} s of CPU, "
        f"{scanned / plain:.1f} times (at most {MOST_TIMES}); {found.count:,} lines known; "
        f"{more:.0f} MB more memory (at most {MOST_MEMORY_MB})"
    )
    version = statistics.median(start("--version") for _ in range(7))
    asked = statistics.median(start("diagnose", "0x1FC07") for _ in range(7))
    print(
        f"--version {1000 * version:.0f} ms, one question {1000 * asked:.0f} ms of CPU, "
        f"{asked / version:.1f} times (at most {MOST_STARTS})"
    )
    return int(
        scanned > MOST_TIMES * plain or more > MOST_MEMORY_MB or asked > MOST_STARTS * version
    )


if __name__ == "__main__":
    sys.exit(main())
