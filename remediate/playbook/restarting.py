"""What playbooks have in common that restart a service, or end what the agent is at."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import Field

from remediate.model.evidence import Evidence
from remediate.model.finding import Advice
from remediate.playbook.base import PlaybookParams, Seen
from remediate.resources.backup_record import BackupRecord
from remediate.resources.event import Event, Events
from remediate.resources.service import Service, ServiceStatus

CRASH = 1000
"""Of "Application Error": its first value is the program."""

ENDED = (7031, 7034)
"""Of "Service Control Manager": a service has ended unexpectedly; the first value is its name."""


WINDOWS_BACKUP = "wbengine"
"""The service of Windows Server Backup, which runs only while that is at work."""


class OldEnough(PlaybookParams):
    """The parameter of what is not restarted again at once."""

    max_age: int = Field(
        60,
        ge=1,
        le=5_256_000,
        description="Skip the restart if the service started within this many minutes",
    )


class AlthoughUnknown(PlaybookParams):
    """The parameter of what ends the agent's operations."""

    although_unknown: bool = Field(
        default=False, description="Write even if the agent does not say whether a job runs"
    )


class Enough(PlaybookParams):
    """The parameters of what is of no use where a service crashes again and again."""

    days: int = Field(7, ge=1, le=3650, description="Days in which crashes are counted")
    crashes: int = Field(2, ge=1, le=50, description="Crashes from which a restart is of no use")


class _Crashes(Protocol):
    days: int
    crashes: int


def job_refusals(record: BackupRecord | None, what: str, *, accepted: bool) -> Iterator[str]:
    """Why what ends the agent's operations must not be done now.

    Args:
        record: what the agent says; None where it says nothing.
        what: would end them (`its restart`).
        accepted: it may be done although the agent does not say whether a job runs.
    """
    running = None if record is None else record.running
    if running:
        yield f"the agent backs up or restores, which {what} would end: wait until it has"
    elif running is None and not accepted:
        yield (
            f"the agent does not say whether it backs up or restores, which {what} would end: "
            "look in its console, and give --although-unknown when nothing runs"
        )


def windows_backup_refusals(seen: Seen) -> Iterator[str]:
    """That Windows Server Backup is at work, which must not be disturbed.

    Args:
        seen: the host, of which the service `WINDOWS_BACKUP` was asked for.
    """
    for service in seen.all(Service):
        if (
            service.name.casefold() == WINDOWS_BACKUP
            and service.status is not ServiceStatus.STOPPED
        ):
            yield "Windows Server Backup is at work: wait until its service wbengine has stopped"


def is_old(service: Service, seen: Seen, minutes: int) -> bool:
    """Whether it is not known to have been started within the time, by the host's own clock.

    Args:
        service: that runs.
        seen: the host.
        minutes: within which it need not have been restarted.
    """
    now = datetime.fromisoformat(seen.facts.utc)
    since = service.process.known_since(now) if service.process else None
    return since is None or now - since > timedelta(minutes=minutes)


def clock_changed(service: Service, seen: Seen) -> str:
    """What to say of a start that lies in the host's future; empty when it does not."""
    now = datetime.fromisoformat(seen.facts.utc)
    if service.process is None or service.process.since == service.process.known_since(now):
        return ""
    return "Its clock was changed: it says that the service was started in the future."


def not_fit(service: Service | None, name: str, missing: str) -> Iterator[Advice]:
    """Why a service cannot be restarted: it is not there, or neither runs nor is stopped.

    Args:
        service: as it was seen.
        name: of it.
        missing: what to say where there is none.
    """
    if service is None:
        yield Advice(
            f"There is no service {name}",
            missing,
            rule="service-missing",
            resource=Service.named(name),
        )
    elif service.status is ServiceStatus.PAUSED:
        yield Advice(
            f"Service {name} is paused",
            "Somebody has paused it: continue it (Resume-Service), or stop and start it.",
            rule="service-paused",
            resource=service.resource_id,
        )
    elif service.status not in {ServiceStatus.RUNNING, ServiceStatus.STOPPED}:
        yield Advice(
            f"Service {name} is in the state {service.status}",
            "Something is starting or stopping it. Wait, or find out what hangs; a service that "
            "does not leave this state may need a restart of the host.",
            rule="service-in-between",
            resource=service.resource_id,
        )


def dependent_refusals(service: Service, name: str = "it") -> Iterator[str]:
    """Why a restart has to wait for other services: those that depend on it would be stopped.

    Args:
        service: as it was seen.
        name: what the refusal calls it.
    """
    if service.running_dependents:
        names = ", ".join(service.running_dependents)
        yield f"stop the services that depend on {name}: {names}"


def crash_events(params: _Crashes, *programs: str) -> tuple[Events, ...]:
    """The questions that `crashing` needs.

    Args:
        params: how far to look back.
        programs: in which the services run, as "Application Error" names them.
    """
    failed = Events(
        log="Application",
        provider="Application Error",
        ids=(CRASH,),
        data=programs,
        days=params.days,
    )
    ended = Events(log="System", provider="Service Control Manager", ids=ENDED, days=params.days)
    return failed, ended


def crashing(
    service: Service, seen: Seen, params: _Crashes, programs: tuple[str, ...], remedy: str
) -> Iterator[Advice]:
    """That a service ends by itself again and again, which a restart does not mend.

    A crash is in both logs, and a program that something else ends in the second only, with the
    name that the host shows: so the log that tells of more is believed.

    Args:
        service: as it was seen.
        seen: the host, with `crash_events`.
        params: how many are too many.
        programs: in which it runs.
        remedy: what to do about it.
    """
    names = {service.name.casefold(), service.display_name.casefold()}
    ours = {program.casefold() for program in programs}
    failed, ended = list[Event](), list[Event]()
    for event in seen.all(Event):
        about = event.data[0].casefold() if event.data else ""
        if event.id == CRASH and about in ours:
            failed.append(event)
        elif event.id in ENDED and about in names:
            ended.append(event)
    found = max(failed, ended, key=len)
    if len(found) >= params.crashes:
        yield Advice(
            f"Service {service.name} crashes: {len(found)} times in {params.days} days",
            f"{remedy} A restart helps nothing.",
            rule="crashing",
            resource=service.resource_id,
            evidence=tuple(
                Evidence(f"{one.provider} {one.id}: {', '.join(one.data)}", at=one.time)
                for one in found[:5]
            ),
        )
