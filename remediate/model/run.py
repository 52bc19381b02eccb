"""One invocation, as it is recorded."""

import secrets
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address

from pydantic import Field

from remediate.model.address import split_target
from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.change import Change, Severity
from remediate.model.computer import Computer
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Observed, PlaybookUse

_LONGEST_NAME = 15
"""Characters of a computer's NetBIOS name (`$env:COMPUTERNAME`); DNS allows more."""


class RunKind(StrEnum):
    """What a run does; an audit changes nothing, and is kept apart from the others."""

    APPLY = "apply"
    ROLLBACK = "rollback"
    AUDIT = "audit"


class Run(Model):
    """A run as it is begun.

    Args:
        id: sortable name, unique on a controller (`20261123-035232-7f3a`).
        kind: apply, rollback or audit.
        playbooks: what was asked for.
        operator: who asked for it (`ada@bastion`).
        started: when, in UTC.
        undoes: the run that a rollback undoes.
        least: the least severity that an audit was asked to tell; it records all it finds.
        plan: digest of the saved plan that it applies (`sha256:…`).
        waves: how many of its hosts, in their order, each wave has; none where all go together.
    """

    schema_version: int = SCHEMA_VERSION
    id: str
    kind: RunKind
    playbooks: tuple[PlaybookUse, ...]
    operator: str
    started: datetime
    undoes: str | None = None
    least: Severity | None = None
    plan: str | None = None
    waves: tuple[int, ...] = ()


class Intent(Model):
    """What is about to be sent to a host; durable before the first byte of it is.

    Args:
        run: the run it belongs to.
        host: the host, with all that is needed to reach it again but the secret.
        changes: the writes, in order.
        snapshot: every resource that was observed, as it was.
        recorded: when, in UTC.
        computer: the one that was observed; None in a record of an earlier version.
        until: when all of it has to have come about, in UTC, where a change needs time after its
            write; None where none does.
    """

    schema_version: int = SCHEMA_VERSION
    run: str
    host: Host
    changes: tuple[Change, ...]
    snapshot: tuple[Observed, ...]
    recorded: datetime
    computer: Computer | None = None
    until: datetime | None = None


class HostRecord(Model):
    """What the store knows of one host in one run.

    Args:
        host: the host.
        intent: what was going to be written; None when nothing was.
        report: the verdict; None while the run goes on, or when it was killed.
    """

    host: Host
    intent: Intent | None = None
    report: HostReport | None = None

    @property
    def outcome(self) -> Outcome | None:
        """The verdict, when there is one."""
        return self.report.outcome if self.report else None

    @property
    def computer(self) -> Computer:
        """The computer that it is about. A record that does not say has the host's name only."""
        if self.intent is not None and self.intent.computer is not None:
            return self.intent.computer
        facts = self.report.plan.facts if self.report and self.report.plan else None
        known = facts is not None and facts.computer.name
        return facts.computer if facts and known else Computer(name=_computer_name(self.host.name))


def _computer_name(host: str) -> str:
    """The computer's name in a host's name, as Windows makes one of a name in DNS.

    An IP address, which names no computer, stays as it is.
    """
    try:
        address, _ = split_target(host)
    except ValueError:  # any name will do in an inventory
        address = host
    try:
        return str(ip_address(address))
    except ValueError:
        return address.partition(".")[0][:_LONGEST_NAME]


class RunRecord(Model):
    """A run with all that became of it.

    Args:
        run: how it began.
        finished: when it ended in order, in UTC; None when it goes on or was killed.
        hosts: its hosts.
    """

    run: Run
    finished: datetime | None = None
    hosts: tuple[HostRecord, ...] = Field(default=())


class RunSummary(Model):
    """A run in a list of runs.

    Args:
        run: how it began.
        finished: when it ended in order, in UTC; None when it goes on or was killed.
        hosts: how many hosts it has.
        outcomes: how many of them got which verdict.
        open: how many have an intent and no verdict.
    """

    schema_version: int = SCHEMA_VERSION
    run: Run
    finished: datetime | None = None
    hosts: int = 0
    outcomes: dict[Outcome, int] = Field(default_factory=dict)
    open: int = 0


def new_run_id(now: datetime) -> str:
    """A name for a run begun at `now` (UTC): sortable by time, unlikely to be taken."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
