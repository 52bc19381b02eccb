"""Two builds measured in one run, in turns: what a loaded machine does to one it does to both.

The other build is a folder with a checkout of it (`git worktree add /tmp/before COMMIT`); both are
run by this Python, so with the same libraries.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent.parent


def measure(
    what: str, one: Callable[[Path], float], before: Path, rounds: int, unit: str = "s"
) -> float:
    """Measure both builds by turns, the order reversed each round, and print a line of it.

    Args:
        what: is measured.
        one: measures a build, in the folder given.
        before: the other build.
        rounds: how often.
        unit: of the values.

    Returns:
        The median of this build, as a share of that before.
    """
    found: dict[Path, list[float]] = {before: [], HERE: []}
    for number in range(rounds):
        for folder in (before, HERE) if number % 2 else (HERE, before):
            found[folder].append(one(folder))
    ratio = median(found[HERE]) / median(found[before])
    print(
        f"{what:<30} now {three(found[HERE])}, before {three(found[before])} {unit}: "
        f"{ratio:.2f} times before",
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
    parser = ArgumentParser(description=about)
    parser.add_argument("before", type=Path, help="a folder with the other build")
    parser.add_argument("--rounds", type=int, default=rounds)
    given = parser.parse_args()
    if not (given.before / "remediate").is_dir():
        sys.exit(f"{given.before} holds no build: git worktree add {given.before} COMMIT")
    return given.before.resolve(), given.rounds
