"""Results for programs: one JSON document, or one JSON line for each thing that happens."""

import json
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from pydantic_core import PydanticSerializationError

from remediate.model.base import Model
from remediate.model.document import Document, Summary, WaveOutcomes
from remediate.model.event import Event, HostFinished
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport, Outcome
from remediate.report.reporter import Subject
from remediate.report.waivers import WaiverTally


class JsonReporter:
    """One document at the end, so that it is whole or not there.

    Args:
        subject: what the result is about.
        out: where it goes.
    """

    def __init__(self, subject: Subject, out: TextIO) -> None:
        self._subject = subject
        self._out = out
        self._reports: list[HostReport] = []
        self._waivers = WaiverTally(subject.waivers)

    def event(self, event: Event) -> None:
        """Not part of a document."""

    def host(self, report: HostReport) -> None:
        """Kept until the end."""
        self._reports.append(report)
        self._waivers.add(report)

    def finish(self, code: ExitCode) -> None:
        """Write the document."""
        order = {name: position for position, name in enumerate(self._subject.hosts)}
        reports = sorted(self._reports, key=lambda report: order.get(report.host, len(order)))
        document = Document(
            command=self._subject.command,
            run=self._subject.run,
            hosts=tuple(reports),
            no_verdict=self._subject.untold({report.host for report in reports}),
            unanswered=sum(len(report.unanswered) for report in reports),
            waived=self._waivers.waived,
            waivers=tuple(self._waivers.uses()),
            waves=_waves(self._subject, {report.host: report.outcome for report in reports}),
            exit_code=code,
        )
        self._out.write(as_json(document, indent=2) + "\n")
        self._out.flush()


class NdjsonReporter:
    """A line as soon as something happens, and a summary at the end.

    Args:
        subject: what the result is about.
        out: where it goes.
    """

    def __init__(self, subject: Subject, out: TextIO) -> None:
        self._subject = subject
        self._out = out
        self._outcomes: Counter[Outcome] = Counter()
        self._told: dict[str, Outcome] = {}
        self._unanswered = 0
        self._waivers = WaiverTally(subject.waivers)
        self._lock = threading.Lock()

    def event(self, event: Event) -> None:
        """Write it; a verdict is written by `host`, once."""
        if not isinstance(event, HostFinished):
            self._write(event)

    def host(self, report: HostReport) -> None:
        """Write the verdict."""
        self._outcomes[report.outcome] += 1
        self._told[report.host] = report.outcome
        self._unanswered += len(report.unanswered)
        self._waivers.add(report)
        self._write(HostFinished(report=report))

    def finish(self, code: ExitCode) -> None:
        """Write the summary."""
        self._write(
            Summary(
                command=self._subject.command,
                run=self._subject.run,
                outcomes=dict(self._outcomes),
                no_verdict=self._subject.untold(self._told),
                unanswered=self._unanswered,
                waived=self._waivers.waived,
                waivers=tuple(self._waivers.uses()),
                waves=_waves(self._subject, self._told),
                exit_code=code,
            )
        )

    def _write(self, model: Model) -> None:
        with self._lock:
            self._out.write(as_json(model) + "\n")
            self._out.flush()


def _waves(subject: Subject, told: Mapping[str, Outcome]) -> tuple[WaveOutcomes, ...]:
    """What became of each wave.

    Args:
        subject: says which hosts it has.
        told: the verdicts, by name of the host.
    """
    hosts = Counter(subject.waves.values())
    found: dict[int, Counter[Outcome]] = {wave: Counter() for wave in hosts}
    for name, wave in subject.waves.items():
        if name in told:
            found[wave][told[name]] += 1
    return tuple(
        WaveOutcomes(wave=wave, hosts=hosts[wave], outcomes=dict(found[wave])) for wave in hosts
    )


def as_json(model: Model, indent: int | None = None) -> str:
    """A model as JSON that is safe on a terminal: everything but ASCII is escaped."""
    text = ""
    if indent is not None:  # which json does in Python, at ten times the cost
        with suppress(PydanticSerializationError):  # a host may send text that is no Unicode
            text = model.model_dump_json(indent=indent, ensure_ascii=True)
    text = text or json.dumps(model.model_dump(mode="json"), indent=indent)
    return text.replace("\x7f", r"\u007f")
