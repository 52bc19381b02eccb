"""Another user of the same machine: an account that this one has nothing to do with."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from remediate.files import OWNERS_ARE_KNOWN

UID = 47110
"""An account that owns nothing and is in no group."""

IS_ROOT = OWNERS_ARE_KNOWN and os.geteuid() == 0
needs_second_user = [
    pytest.mark.second_user,
    pytest.mark.skipif(not IS_ROOT, reason="only root can act as another user"),
]


class Attacker:
    """Does what a shell does, as that other user."""

    def __call__(self, line: str, *words: object) -> int:
        """Run a line of shell, with words as `$1`, `$2`…; returns the exit code."""
        done = subprocess.run(
            ["/bin/sh", "-c", line, "sh", *(str(word) for word in words)],
            user=UID,
            group=UID,
            extra_groups=[],
            umask=0,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode


@pytest.fixture
def attacker() -> Attacker:
    return Attacker()


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """A folder where every user of the machine may do as he likes."""
    folder = Path(tempfile.mkdtemp(prefix="remediate-everybodys-", dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)
