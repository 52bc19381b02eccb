"""Two builds measured in one run, in turns: what a loaded machine does to one it does to both.

The other build is a folder with a checkout of it (`git worktree add /tmp/before COMMIT`); both are
run by this Python, so with the same libraries.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeVar

HERE = Path(__file__).parent.parent

_T = TypeVar("_T")


@dataclass(frozen=True)
class Cost:
    """What a command took, starts included.

    Args:
        cpu: seconds, of all its processes.
        seconds: by the clock.
        out: what it put out.
    """

    cpu: float
    seconds: float
    out: str

    @classmethod
    def of(
        cls, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path
    ) -> "Cost":
        """Run a command to its end, in a folder."""
        began = perf_counter()
        with subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            out = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return cls(used.ru_utime + used.ru_stime, perf_counter() - began, out)


def measure(
    what: str, one: Callable[[Path], float], before: Path, rounds: int, unit: str = "s"
) -> float:
    """Measure both builds by turns, and print a line of it.

    Args:
        what: is measured.
        one: measures a build, in the folder given.
        before: the other build.
        rounds: how often.
        unit: of the values.

    Returns:
        The median of this build, as a share of that before.
    """
    return tell(what, *by_turns(one, before, rounds), unit)


def by_turns(one: Callable[[Path], _T], before: Path, rounds: int) -> tuple[list[_T], list[_T]]:
    """What is measured of this build and of the one before, the order reversed each round."""
    found: dict[Path, list[_T]] = {HERE: [], before: []}
    for number in range(rounds):
        for folder in (before, HERE) if number % 2 else (HERE, before):
            found[folder].append(one(folder))
    return found[HERE], found[before]


def tell(what: str, now: Sequence[float], before: Sequence[float], unit: str = "s") -> float:
    """Print a line of what was measured; see `measure`."""
    ratio = median(now) / median(before)
    print(
        f"{what:<30} now {three(now)}, before {three(before)} {unit}: {ratio:.2f} times before",
        flush=True,
    )
    return ratio


def three(values: Sequence[float]) -> str:
    """Least, middle and most."""
    return f"{min(values):.3g} / {median(values):.3g} / {max(values):.3g}"


def environment(folder: Path) -> dict[str, str]:
    """The environment in which Python takes a build from its folder, compiled as if installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


def arguments(about: str, rounds: int = 7) -> tuple[Path, int]:
    """The other build, and how often to measure, as somebody types it."""
    given = parser(about, rounds).parse_args()
    return given.before, given.rounds


def parser(about: str, rounds: int = 7) -> ArgumentParser:
    """Reads what `arguments` does, for a program that is to be told more."""
    made = ArgumentParser(description=about)
    made.add_argument("before", type=_build, help="a folder with the other build")
    made.add_argument("--rounds", type=int, default=rounds)
    return made


def _build(text: str) -> Path:
    folder = Path(text).resolve()
    if not (folder / "remediate").is_dir():
        sys.exit(f"{folder} holds no build: git worktree add {folder} COMMIT")
    return folder
