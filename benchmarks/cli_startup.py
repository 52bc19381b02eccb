"""What starting the command line costs: CPU of `--help` and `list`, user and system together.

Run it with `python benchmarks/cli_startup.py`. It fails above the budget.
"""

import resource
import subprocess
import sys

BUDGET_MS = 150
TIMES = 7
HEAVY = ("pydantic", "rich", "pypsrp", "requests", "sqlalchemy", "structlog", "yaml")
COMMANDS = (["--help"], ["list"])


def cpu_ms(arguments: list[str]) -> float:
    """CPU of one start in milliseconds, the interpreter included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "remediate", *arguments], check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def imported(arguments: list[str]) -> list[str]:
    """The heavy packages that a start imports."""
    code = (
        "import sys; from remediate.cli.app import run; run(sys.argv[2:]); "
        "print(*[m for m in sys.argv[1].split(',') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ",".join(HEAVY), *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stderr.split()


def main() -> int:
    slow = False
    for arguments in COMMANDS:
        times = sorted(cpu_ms(arguments) for _ in range(TIMES))
        heavy = imported(arguments)
        print(
            f"remediate {' '.join(arguments):8} median {times[TIMES // 2]:5.0f} ms, "
            f"best {times[0]:5.0f} ms of CPU (budget {BUDGET_MS}); heavy imports: {heavy or 'none'}"
        )
        slow |= times[TIMES // 2] > BUDGET_MS or bool(heavy)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
