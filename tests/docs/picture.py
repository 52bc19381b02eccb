"""The picture of an audit in the README: what a terminal shows of a practice host, as SVG."""

import io
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import SecretStr
from rich.console import Console
from rich.text import Text

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import service
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.outcome import HostReport
from remediate.playbook import Playbook
from remediate.playbook.catalogue import Catalogue
from remediate.report.console import ConsoleReporter
from remediate.report.reporter import Subject
from remediate.report.words import command_line
from remediate.transport.psrp import PsrpTransport

PATH = Path(__file__).parents[2] / "docs" / "audit.svg"
COLUMNS = 88
TYPED = ["audit", "--host", "SRV01", "--user", r"CONTOSO\ada"]
SICK = {
    "scheduled_task": [
        {"name": "Microsoft-OnlineBackup", "policy": "StopExisting"},
        {"name": "Microsoft-OnlineBackup-SystemStateBackup"},
    ],
    "service": {**service.HEALTHY, "VSS": {"status": "Stopped", "start": "Disabled"}},
    "volume": {"C:": {"free": "2.5GB"}},
}
FORMAT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>remediate audit of one host</title>
<style>
.{unique_id}-matrix {{ font: {char_height}px Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class _Screen(io.StringIO):
    """A terminal that keeps what it was shown."""

    def isatty(self) -> bool:
        return True


def picture() -> str:
    """The SVG, made anew."""
    known = Catalogue()
    subject = Subject(
        command="audit",
        hosts=["SRV01"],
        titles={name: entry.title for name, entry in known.entries.items()},
        proceed=lambda ids: command_line(["remediate", "apply", *sorted(ids), *TYPED[1:]]),
    )
    screen = _Screen()
    terminal = {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "COLORTERM": ""}
    report = _report(known, healthy_host(resources=SICK))
    with patch.dict(os.environ, terminal):
        for name in ("NO_COLOR", "FORCE_COLOR"):
            os.environ.pop(name, None)
        reporter = ConsoleReporter(subject, screen)
        reporter.host(report)
        reporter.finish(report.exit_code)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), legacy_windows=False)
    console.print(Text(f"$ {command_line(['remediate', *TYPED])}", style="bold"))
    console.print(Text.from_ansi(screen.getvalue()))
    return console.export_svg(title="remediate audit", code_format=FORMAT, unique_id="audit")


def _report(known: Catalogue, state: HostState) -> HostReport:
    chosen = [one.id for one in known.entries.values() if not (one.on_demand or one.deep)]
    playbooks = [known.load(name) for name in chosen]
    job = Job(tuple(Task(one, one.params()) for one in playbooks if not _needs_a_wish(one)))
    with Lab([state]) as lab:
        [host] = lab.hosts
        transport = PsrpTransport(lambda _: SecretStr(host.password))
        target = host.target().model_copy(update={"name": "SRV01"})
        [report] = Engine(transport, Settings(operator="ada@here")).audit([target], job)
    return report


def _needs_a_wish(playbook: Playbook[Any]) -> bool:
    return any(field.is_required() for field in playbook.params.model_fields.values())


def write() -> list[Path]:
    """Bring the picture up to date; returns it if it was not."""
    text = picture()
    if PATH.exists() and PATH.read_text(encoding="utf-8") == text:
        return []
    PATH.write_text(text, encoding="utf-8", newline="\n")
    return [PATH]
