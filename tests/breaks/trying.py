"""Whether the tests see a break: each is tried on a copy of the tree by the test that it names."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from remediate.lab.engines.path import find_pwsh
from tests.breaks.breaking import Break, broken, copied

_SECONDS = 300
"""After which a test that a break has left hanging is not waited for any more."""


class AlreadyBrokenError(Exception):
    """Tests fail without any break, and so see nothing; the text says which."""


def tried(breaks: Sequence[Break]) -> Iterator[tuple[Break, str]]:
    """Each break with the test that has seen it; empty when that has not.

    Raises:
        AlreadyBrokenError: a test fails before anything was broken.
    """
    with copied() as tree:
        if wrong := list(_failures(tree, {one.seen_by for one in breaks})):
            raise AlreadyBrokenError("\n".join(wrong))
        for one in breaks:
            with broken(one, tree) as root:
                yield one, next(_failures(root, {one.seen_by}, "-x"), "")


def _failures(root: Path, tests: Collection[str], *options: str) -> Iterator[str]:
    """Which of some tests fail in a tree, slow ones among them, too."""
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "", "--no-header", *options]
    pwsh = find_pwsh()
    outer = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    try:
        done = subprocess.run(
            [*command, *sorted(tests)],
            cwd=root,
            env={
                **outer,
                "PYTHONPATH": str(root),
                **({"REMEDIATE_PWSH": str(pwsh)} if pwsh else {}),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS if options else None,
        )
    except subprocess.TimeoutExpired:
        yield f"{' '.join(tests)} does not end"
        return
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED tests", "ERROR tests")):
            yield line.partition(" - ")[0]
    if done.returncode not in {0, 1}:
        yield f"pytest ended with {done.returncode}"
