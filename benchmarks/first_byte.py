"""What a command costs before it says a word to a host: its CPU until the first byte arrives.

`python benchmarks/first_byte.py BEFORE` compares with another build. What takes the byte ends the
command there, so that nothing else is counted.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from compared import HERE, arguments, environment, measure

COMMANDS = {"audit": ["audit", "schedule-fix"], "apply": ["apply", "schedule-fix", "--yes"]}
PATIENCE = 60


def cpu(folder: Path, command: Sequence[str], home: str) -> float:
    """Seconds of CPU until the first byte.

    Args:
        folder: of the build.
        command: what is typed.
        home: folder of the store, one for each build.
    """
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        to = ("--host", f"127.0.0.1:{port}", "--user", "ada", "--auth", "basic")
        with subprocess.Popen(
            [sys.executable, "-m", "remediate", *command, *to],
            env={
                **environment(folder),
                "REMEDIATE_PASSWORD": "Practice-2026",
                "REMEDIATE_STORE": f"{home}/{folder.name}/runs.db",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            door.settimeout(PATIENCE)
            there, _ = door.accept()
            with there:
                assert there.recv(1), f"{command} has sent nothing"
                process.send_signal(signal.SIGKILL)
                _, _, used = os.wait4(process.pid, 0)
                process.returncode = -signal.SIGKILL
    return used.ru_utime + used.ru_stime


def main() -> None:
    before, rounds = arguments(__doc__)
    with TemporaryDirectory() as home:
        for name, command in COMMANDS.items():
            one = partial(cpu, command=command, home=home)
            for build in (before, HERE):
                one(build)  # so that each is compiled, and has its store
            measure(f"CPU before the first byte, {name}", one, before, rounds)


if __name__ == "__main__":
    main()
