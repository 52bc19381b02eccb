"""What is not needed is not imported. Times: benchmarks/cli_startup.py and first_byte.py."""

import subprocess
import sys

import pytest

HEAVY = {"pydantic", "rich", "pypsrp", "requests", "sqlalchemy", "structlog", "yaml", "alembic"}
UNUSED = {"alembic", "filelock", "jinja2", "junitparser", "rich", "sqlalchemy", "structlog", "yaml"}
LIBRARIES = {"cryptography", "pypsrp", "requests", "spnego", "urllib3", "winrm"}
"""What our own wire has no need of, with Basic and no TLS."""
HOST = ("--host", "127.0.0.1:1", "--user", "ada", "--auth", "basic")


@pytest.mark.parametrize(
    "words", [["--help"], ["list"], ["--version"], ["runs", "--help"], ["diagnose", "0x1FC07"]]
)
def test_nothing_heavy_is_imported(words: list[str]) -> None:
    assert not HEAVY & imported(words)


def test_an_audit_of_one_playbook_imports_that_one_and_no_store_report_or_log() -> None:
    found = imported(["audit", "schedule-fix", *HOST])
    assert not (UNUSED | LIBRARIES) & found
    assert "remediate.transport.psrp" in found
    [playbook] = [name for name in found if name.startswith("remediate_playbooks.")]
    assert "schedule_fix" in playbook


def test_a_store_imports_no_migrations_and_no_other_database() -> None:
    assert not {"alembic", "sqlalchemy.dialects.postgresql"} & modules("import remediate.store.sql")


def imported(words: list[str]) -> set[str]:
    """The modules that a command imports."""
    return modules("from remediate.cli.app import run; run(sys.argv[1:])", *words)


def modules(code: str, *words: str) -> set[str]:
    """The modules that are there after some code, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())
