"""One invocation that may change hosts, as it is recorded."""

import secrets
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.change import Change
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Observed, PlaybookUse


class RunKind(StrEnum):
    """What a run does."""

    APPLY = "apply"
    ROLLBACK = "rollback"


class Run(Model):
    """A run as it is begun.

    Args:
        id: sortable name, unique on a controller (`20261123-035232-7f3a`).
        kind: apply or rollback.
        playbooks: what was asked for.
        operator: who asked for it (`ada@bastion`).
        started: when, in UTC.
        undoes: the run that a rollback undoes.
    """

    schema_version: int = SCHEMA_VERSION
    id: str
    kind: RunKind
    playbooks: tuple[PlaybookUse, ...]
    operator: str
    started: datetime
    undoes: str | None = None


class Intent(Model):
    """What is about to be sent to a host; durable before the first byte of it is.

    Args:
        run: the run it belongs to.
        host: the host, with all that is needed to reach it again but the secret.
        changes: the writes, in order.
        snapshot: every resource that was observed, as it was.
        recorded: when, in UTC.
    """

    schema_version: int = SCHEMA_VERSION
    run: str
    host: Host
    changes: tuple[Change, ...]
    snapshot: tuple[Observed, ...]
    recorded: datetime


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


def new_run_id(now: datetime) -> str:
    """A name for a run begun at `now` (UTC): sortable by time, unlikely to be taken."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
