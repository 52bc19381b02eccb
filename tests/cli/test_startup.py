"""Help and list are quick, because they import nothing heavy. Times: benchmarks/cli_startup.py."""

import subprocess
import sys

import pytest

HEAVY = {"pydantic", "rich", "pypsrp", "requests", "sqlalchemy", "structlog", "yaml", "alembic"}


@pytest.mark.parametrize(
    "words", [["--help"], ["list"], ["--version"], ["runs", "--help"], ["diagnose", "0x1FC07"]]
)
def test_nothing_heavy_is_imported(words: list[str]) -> None:
    code = "import sys; from remediate.cli.app import run; run(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())
