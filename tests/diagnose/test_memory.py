"""A long log is looked through in constant memory."""

import tracemalloc
from pathlib import Path

import pytest

from remediate.diagnose.catalogue import load
from remediate.diagnose.matching import Matcher
from remediate.diagnose.records import records
from remediate.diagnose.scanning import Scan

MATCHER = Matcher(load())


def peak(log: Path) -> int:
    scan = Scan(MATCHER)
    tracemalloc.start()
    scan.add(records(log))
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert scan.found
    return used


@pytest.mark.slow
@pytest.mark.parametrize("end", ["\n", " "])
def test_memory_does_not_grow_with_the_log(tmp_path: Path, end: str) -> None:
    """Whether it has lines, or is a single one."""
    log = tmp_path / "log.txt"
    part = f"all is well{end}" * 100_000 + f"error 0x80070570{end}"
    sizes = []
    for times in (2, 20):
        with log.open("w", encoding="ascii") as file:
            file.write("SalLowDiskSpace error\n")
            for _ in range(times):
                file.write(part)
        sizes.append(peak(log))
    few, many = sizes
    assert many < few + 1024 * 1024
