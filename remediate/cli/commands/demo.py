"""`remediate demo`: the whole story on a practice host, as one would type it."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediate.cli.commands.lab import engine_option, require_lab
from remediate.cli.lazy import Command
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts
from remediate.model.exit_code import ExitCode

if TYPE_CHECKING:
    from remediate.lab.host import LabHost
    from remediate.lab.lab import EngineFactory

_PENDING, _OK = 2, 0


class Story:
    """Runs commands one after the other, and checks what each did to the host.

    Args:
        host: the practice host.
        say: shows a line to the person who watches.
    """

    def __init__(self, host: "LabHost", say: Callable[[str], None]) -> None:
        self._host = host
        self._say = say
        self._target = ["--host", f"{host.address}:{host.port}"]
        self._login = ["--user", host.user]
        self.failures: list[str] = []

    def state(self) -> bytes:
        """The state of the host's Windows, byte by byte, but for what runs leave word of."""
        import json

        return json.dumps(self._host.state.without_traces(), sort_keys=True).encode()

    def run(self, *words: str, login: bool = True) -> int:
        """Run a command as if it were typed."""
        from remediate.cli.app import run
        from remediate.report.words import command_line

        arguments = [*words, *self._target, *self._login] if login else list(words)
        self._say(f"\n$ {command_line(['remediate', *arguments])}")
        sys.stdout.flush()
        code = run(arguments, Parts(own_settings=False))
        if code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        return code

    def check(self, truth: str, held: bool) -> None:
        """Say whether something that was promised is so."""
        self._say(f"{'✓' if held else '✗ NOT SO:'} {truth}")
        if not held:
            self.failures.append(truth)


@click.pass_obj
def _run(parts: Parts, engine: str) -> int:
    require_lab()
    from remediate.lab.lab import Lab

    parts.start_logging()
    with (
        tempfile.TemporaryDirectory(prefix="remediate-demo-") as folder,
        Lab(engine=_factory(engine)) as lab,
        _environment(
            REMEDIATE_PASSWORD=lab.hosts[0].password,
            REMEDIATE_STORE=str(Path(folder, "demo.db")),
        ),
    ):
        story = Story(lab.hosts[0], _say)
        _tell(story)
    if story.failures:
        _say(f"\n{len(story.failures)} of the promises did not hold: {'; '.join(story.failures)}.")
        return 1
    _say("\nEvery promise held. The practice host is gone; nothing is left on this machine.")
    return 0


def _factory(engine: str) -> "EngineFactory":
    if engine == "powershell":
        from remediate.lab.engines.powershell import EngineNotFoundError, PowerShellEngine

        try:
            return PowerShellEngine()
        except EngineNotFoundError as error:
            raise Stop(str(error), "Or leave out --engine powershell.") from error
    from remediate.lab.engines.simulated import simulated_backend_factory

    return simulated_backend_factory


def _tell(story: Story) -> None:
    _say("A practice Windows server runs on this machine, with scheduled backup tasks that are")
    _say("set up wrongly. It speaks WinRM over HTTP. The password is in REMEDIATE_PASSWORD.")
    start = story.state()

    code = story.run("audit", "schedule-fix")
    story.check("the audit found something to change (exit code 2)", code == _PENDING)
    story.check("the host is unchanged, byte for byte", story.state() == start)

    code = story.run("apply", "schedule-fix", "--dry-run")
    story.check("the dry run announced the changes (exit code 2)", code == _PENDING)
    story.check("the host is unchanged, byte for byte", story.state() == start)

    code = story.run("apply", "schedule-fix", "--yes")
    story.check("the changes were made and read back (exit code 0)", code == _OK)
    story.check("the host has changed", story.state() != start)

    code = story.run("audit", "schedule-fix")
    story.check("nothing is left to change (exit code 0)", code == _OK)

    runs = _runs()
    story.check("the run is on record", len(runs) == 1)
    if not runs:
        return
    code = story.run("rollback", runs[0], "--yes", login=False)
    story.check("the run was undone and read back (exit code 0)", code == _OK)
    story.check("the host is as it was at the start, byte for byte", story.state() == start)


def _runs() -> list[str]:
    from remediate.store.place import store_place
    from remediate.store.sql import SqlStore

    with SqlStore(store_place()) as store:
        return [summary.run.id for summary in store.runs()]


def _say(text: str) -> None:
    click.echo(text)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """These variables, for what is run within."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


command = Command(
    "demo",
    callback=_run,
    help="Start a practice Windows host on this machine, and audit, dry-run, apply, audit again "
    "and roll back a playbook on it, over real HTTP. Needs the extra `lab`, and nothing else.",
    params=[engine_option()],
)
