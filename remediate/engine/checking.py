"""The way to a host, step by step: the first that fails is explained, later ones are not tried."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from remediate.engine.fact_finding import Onlooker
from remediate.engine.host_worker import perform, stopwatch, time_for
from remediate.engine.job import Job
from remediate.engine.observation import Observation
from remediate.engine.order import Order
from remediate.engine.surroundings import Surroundings
from remediate.model.check import CheckStep, StepName, StepState
from remediate.model.connection import Via
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.problem import Problem
from remediate.model.size import size_text
from remediate.resources.base import Query
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues
from remediate.resources.session import FULL_LANGUAGE, Rights, Session, Sessions
from remediate.resources.volume import Volume, Volumes, volume_of
from remediate.runner.protocol import Waiting
from remediate.transport.errors import ConstrainedLanguage, TransportError, kinds
from remediate.transport.protocol import Deadline

Looked = tuple[tuple[CheckStep, ...], TransportError | None]
Look = Callable[[Host, Deadline], Looked]
"""Goes the way to a host as far as one gets without logging on; see `transport.reach.look`."""

MAX_OFFSET: Final = 300
"""Seconds by which clocks may differ before Kerberos refuses, unless a policy says otherwise.

https://learn.microsoft.com/windows/security/threat-protection/security-policy-settings/maximum-tolerance-for-computer-clock-synchronization
"""

ROOM: Final = 16 * 1024 * 1024
"""Bytes that have to be free for lease, receipts and what is moved aside of small files."""

_PROGRAMS: Final = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion", name="ProgramFilesDir"
)
"""The folder in which lease and receipts are."""

QUESTIONS: Final[tuple[Query, ...]] = (Sessions(), Volumes(), RegistryValues(values=(_PROGRAMS,)))
"""What is asked once a shell is open, in one round."""

_PARENTS: Final = {kind.code: kind.parent for kind in kinds()}
_OF_THE_LOGON: Final = {"authentication_failed", "unreachable", "wrong_settings"}
_OF_THE_LANGUAGE: Final = {"scripts_not_allowed", "constrained_language"}
# https://learn.microsoft.com/troubleshoot/windows-server/windows-security/user-account-control-and-remote-restriction
_UAC: Final = (
    "Use the built-in Administrator, or an account of the domain that is in Administrators there: "
    "UAC takes nothing from them. Or set LocalAccountTokenFilterPolicy to 1 there (below "
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System). Its price: each local "
    "administrator's password then opens the server over the network, so that one which several "
    "servers share opens all of them."
)
_NO_RIGHTS: Final = (
    "Nothing can be changed without an administrator's rights, and an audit is answered in part: "
    "put the account into Administrators there, or use another one."
)

_AS_ADMINISTRATOR: Final = (
    "Start the terminal as administrator (Run as administrator), and try it there."
)

_OF_A_NETWORK: Final = {
    *(StepName.NAME, StepName.PORT, StepName.TLS, StepName.WINRM, StepName.LOGON, StepName.CLOCK)
}
"""Steps that this machine itself has not: nobody goes there, and there is but one clock."""


def not_looked_at(host: Host, deadline: Deadline) -> Looked:
    """For a transport that has no way of its own to go."""
    del host, deadline
    return (), None


async def checked(
    order: Order, waiting: Waiting, around: Surroundings, *, look: Look
) -> HostReport:
    """Go the whole way to a host, and have it say what it is.

    Args:
        order: an audit; what it asks is put in place of the planner's questions.
        waiting: the runner's ways to wait.
        around: what else is needed.
        look: the way until the logon.
    """
    watch = stopwatch(order, around)
    return watch.told(await _checked(order, waiting, around, look))


async def _checked(order: Order, waiting: Waiting, around: Surroundings, look: Look) -> HostReport:
    steps, error = await waiting.aside(partial(look, order.host, time_for(order, around)))
    if error is not None:
        problem = error.problem()
        report = HostReport(host=order.host.name, outcome=error.outcome, problem=problem)
        return _with(report, steps, order.host)
    onlooker = Onlooker(Job(()), further=QUESTIONS)
    started = time.monotonic()
    report = await perform(replace(order, planner=onlooker), waiting, around)
    ms = round(1000 * (time.monotonic() - started))
    if report.problem is not None:
        told = _told(report, report.problem, order.host)
        return _with(told, (*steps, *_failed(report.problem, ms, order.host)), order.host)
    steps = (*steps, *_opened(order.host, ms))
    for step, unfit in _looked(onlooker.seen[-1], around.now(), order.host):
        steps = (*steps, step)
        if unfit is not None:
            bad = {"outcome": Outcome.REFUSED, "problem": unfit}
            return _with(report.model_copy(update=bad), steps, order.host)
    return _with(report, steps, order.host)


def _with(report: HostReport, steps: tuple[CheckStep, ...], host: Host) -> HostReport:
    """A report with the steps until one failed; those after it were not tried."""
    way = [each for each in StepName if host.tls or each is not StepName.TLS]
    if host.transport is Via.LOCAL:
        way = [each for each in way if each not in _OF_A_NETWORK]
    later = way[way.index(steps[-1].step) + 1 :] if steps[-1].step in way else []
    rest = (CheckStep(step=each, state=StepState.NOT_TRIED) for each in later)
    tried = (step for step in steps if step.step in way)
    return report.model_copy(update={"steps": (*tried, *rest)})


def _told(report: HostReport, problem: Problem, host: Host) -> HostReport:
    if problem.code in _OF_THE_LANGUAGE:  # it was reached, whatever carries the requests
        return report.model_copy(update={"outcome": Outcome.REFUSED})
    local = not any(mark in (host.user or "").removeprefix(".\\") for mark in "\\@")
    if problem.code != "access_denied" or not local:
        return report
    hint = (
        f"{problem.hint} The account has to be in Administrators, and a local one has their rights "
        f"taken by UAC even then. {_UAC}"
    )
    return report.model_copy(update={"problem": problem.model_copy(update={"hint": hint})})


def _failed(problem: Problem, ms: int, host: Host) -> tuple[CheckStep, ...]:
    codes = {problem.code, _PARENTS.get(problem.code, "")}
    way = (StepName.LOGON, StepName.SHELL, StepName.POWERSHELL)
    if host.transport is Via.LOCAL:
        codes -= _OF_THE_LOGON
    at = 0 if codes & _OF_THE_LOGON else 2 if codes & _OF_THE_LANGUAGE else 1
    failed = CheckStep(step=way[at], state=StepState.FAILED, seen=problem.message, ms=ms)
    return (*(CheckStep(step=one, state=StepState.OK) for one in way[:at]), failed)


def _opened(host: Host, ms: int) -> tuple[CheckStep, ...]:
    logon = f"{host.auth}{f' as {host.user}' if host.user else ''}"
    endpoint = host.configuration_name or "Microsoft.PowerShell"
    if host.transport is not Via.PSRP:
        endpoint = "a command shell" if host.transport is Via.WINRS else "a program on this machine"
    return (
        CheckStep(step=StepName.LOGON, state=StepState.OK, seen=logon),
        CheckStep(step=StepName.SHELL, state=StepState.OK, seen=endpoint, ms=ms),
    )


Judged = tuple[CheckStep, Problem | None]


def _looked(seen: Observation, now: datetime, host: Host) -> Iterator[Judged]:
    """The steps that a host itself has answered, each with why it failed."""
    session = next((one for one in seen.resources.values() if isinstance(one, Session)), None)
    yield _powershell(seen, session)
    yield _administrator(session, host)
    yield _room(seen)
    yield _clock(seen.facts.utc, now), None


def _powershell(seen: Observation, session: Session | None) -> Judged:
    engine = f"PowerShell {seen.facts.powershell} on Windows {seen.facts.os}"
    if session is None:
        return _untold(StepName.POWERSHELL, f"{engine}; its language mode"), None
    mode = session.language_mode
    problem = None
    if mode != FULL_LANGUAGE:
        message, hint = f"it runs PowerShell in {mode} mode", ConstrainedLanguage.hint
        problem = Problem(code="constrained_language", message=message, hint=hint)
    step = _judged(StepName.POWERSHELL, f"{engine}, in {mode} mode", problem)
    return step.model_copy(update={"language_mode": mode}), problem


def _administrator(session: Session | None, host: Host) -> Judged:
    rights = session.rights if session else None
    if session is None or rights is None:
        return _untold(StepName.ADMINISTRATOR, "whether the account is one"), None
    seen, problem = "the account has an administrator's rights", None
    if rights is Rights.NONE:
        message = "the account is no administrator there"
        problem = Problem(code="not_administrator", message=message, hint=_NO_RIGHTS)
    elif rights is Rights.FILTERED:
        what = " and a local one" if session.local else ""
        message = f"the account is in Administrators{what}, and UAC has taken their rights from it"
        hint = _UAC if session.local else _NO_RIGHTS
        if host.transport is Via.LOCAL:
            hint = _AS_ADMINISTRATOR
        problem = Problem(code="uac_filtered", message=message, hint=hint)
    step = _judged(StepName.ADMINISTRATOR, seen, problem)
    return step.model_copy(update={"rights": rights}), problem


def _room(seen: Observation) -> Judged:
    found = seen.resources.values()
    texts = (one.text for one in found if isinstance(one, RegistryValue))
    folder = f"{next(filter(None, texts), '')}\\remediate"
    volume = volume_of(folder, [one for one in found if isinstance(one, Volume)])
    if volume is None or volume.free_space is None:
        return _untold(StepName.ROOM, f"what is free for {folder}"), None
    free, problem = f"{size_text(volume.free_space)} free on {volume.name}", None
    if volume.free_space < ROOM:
        message = f"{free}, where {folder} takes lease and receipts"
        hint = f"Free some space on {volume.name} there: {size_text(ROOM)} are wanted."
        problem = Problem(code="no_room", message=message, hint=hint)
    step = _judged(StepName.ROOM, f"{free}, for {folder}", problem)
    return step.model_copy(update={"free": volume.free_space}), problem


def _judged(name: StepName, seen: str, problem: Problem | None) -> CheckStep:
    if problem is not None:
        return CheckStep(step=name, state=StepState.FAILED, seen=problem.message)
    return CheckStep(step=name, state=StepState.OK, seen=seen)


def _untold(name: StepName, what: str) -> CheckStep:
    return CheckStep(step=name, state=StepState.WARNING, seen=f"{what} cannot be told")


def _clock(utc: str, now: datetime) -> CheckStep:
    try:
        seconds = round((datetime.fromisoformat(utc).replace(tzinfo=UTC) - now).total_seconds())
    except ValueError:
        return CheckStep(step=StepName.CLOCK, state=StepState.WARNING, seen="it cannot be read")
    state = StepState.WARNING if abs(seconds) > MAX_OFFSET else StepState.OK
    way = "ahead of" if seconds > 0 else "behind"
    seen = f"{abs(seconds)} s {way} this machine's" if seconds else "the same as this machine's"
    return CheckStep(step=StepName.CLOCK, state=state, seen=seen)
