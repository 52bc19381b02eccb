"""The way to a host, step by step: the first that fails is explained, later ones are not tried."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from remediate.engine.host_worker import Surroundings, perform
from remediate.engine.order import Order
from remediate.model.check import CheckStep, StepName, StepState
from remediate.model.host import Host, Via
from remediate.model.outcome import HostReport
from remediate.model.plan import HostFacts
from remediate.model.problem import Problem
from remediate.runner.threads import Later
from remediate.transport.errors import TransportError, kinds
from remediate.transport.protocol import Deadline

Looked = tuple[tuple[CheckStep, ...], TransportError | None]
Look = Callable[[Host, Deadline], Looked]
"""Goes the way to a host as far as one gets without logging on; see `transport.reach.look`."""

MAX_OFFSET: Final = 300
"""Seconds by which clocks may differ before Kerberos refuses, unless a policy says otherwise.

https://learn.microsoft.com/windows/security/threat-protection/security-policy-settings/maximum-tolerance-for-computer-clock-synchronization
"""

_PARENTS: Final = {kind.code: kind.parent for kind in kinds()}
_OF_THE_LOGON: Final = {"authentication_failed", "unreachable", "wrong_settings"}
# https://learn.microsoft.com/troubleshoot/windows-server/windows-security/user-account-control-and-remote-restriction
_UAC: Final = (
    "A local account other than the built-in Administrator has no administrator's rights over the "
    "network (UAC), unless LocalAccountTokenFilterPolicy is 1 there; and the account has to be in "
    "Administrators."
)


def not_looked_at(host: Host, deadline: Deadline) -> Looked:
    """For a transport that has no way of its own to go."""
    del host, deadline
    return (), None


def checked(order: Order, around: Surroundings, *, look: Look) -> HostReport:
    """Go the whole way to a host, and have it say what it is.

    Args:
        order: an audit of nothing.
        around: what else is needed.
        look: the way until the logon.
    """
    steps, error = look(order.host, Deadline(order.settings.timeout, around.clock))
    if error is not None:
        problem = error.problem()
        report = HostReport(host=order.host.name, outcome=error.outcome, problem=problem)
        return _with(report, steps, tls=order.host.tls)
    started = time.monotonic()
    found = perform(order, around)
    report = found.finish() if isinstance(found, Later) else found
    ms = round(1000 * (time.monotonic() - started))
    if report.problem is not None:
        told = _told(report, report.problem, order.host)
        return _with(told, (*steps, *_failed(report.problem, ms)), tls=order.host.tls)
    facts = report.plan.facts if report.plan else None
    done = (*steps, *_succeeded(facts, ms, around.now(), order.host))
    return report.model_copy(update={"steps": done})


def _with(report: HostReport, steps: tuple[CheckStep, ...], *, tls: bool) -> HostReport:
    """A report with the steps until one failed; those after it were not tried."""
    order = [each for each in StepName if tls or each is not StepName.TLS]
    later = order[order.index(steps[-1].step) + 1 :]
    rest = (CheckStep(step=each, state=StepState.NOT_TRIED) for each in later)
    return report.model_copy(update={"steps": (*steps, *rest)})


def _told(report: HostReport, problem: Problem, host: Host) -> HostReport:
    local = not any(mark in (host.user or "").removeprefix(".\\") for mark in "\\@")
    if problem.code != "access_denied" or not local:
        return report
    hint = f"{problem.hint} {_UAC}"
    return report.model_copy(update={"problem": problem.model_copy(update={"hint": hint})})


def _failed(problem: Problem, ms: int) -> tuple[CheckStep, ...]:
    of_the_logon = {problem.code, _PARENTS.get(problem.code, "")} & _OF_THE_LOGON
    failed = StepName.LOGON if of_the_logon else StepName.SHELL
    step = CheckStep(step=failed, state=StepState.FAILED, seen=problem.message, ms=ms)
    return (step,) if of_the_logon else (CheckStep(step=StepName.LOGON, state=StepState.OK), step)


def _succeeded(
    facts: HostFacts | None, ms: int, now: datetime, host: Host
) -> tuple[CheckStep, ...]:
    logon = f"{host.auth}{f' as {host.user}' if host.user else ''}"
    endpoint = host.configuration_name or "Microsoft.PowerShell"
    if host.transport is Via.WINRS:
        endpoint = "a command shell"
    steps = (
        CheckStep(step=StepName.LOGON, state=StepState.OK, seen=logon),
        CheckStep(step=StepName.SHELL, state=StepState.OK, seen=endpoint, ms=ms),
    )
    if facts is None:
        return steps
    engine = f"PowerShell {facts.powershell} on Windows {facts.os}"
    return (
        *steps,
        CheckStep(step=StepName.POWERSHELL, state=StepState.OK, seen=engine),
        _clock(facts.utc, now),
    )


def _clock(utc: str, now: datetime) -> CheckStep:
    try:
        seconds = round((datetime.fromisoformat(utc).replace(tzinfo=UTC) - now).total_seconds())
    except ValueError:
        return CheckStep(step=StepName.CLOCK, state=StepState.WARNING, seen="it cannot be read")
    state = StepState.WARNING if abs(seconds) > MAX_OFFSET else StepState.OK
    way = "ahead of" if seconds > 0 else "behind"
    seen = f"{abs(seconds)} s {way} this machine's" if seconds else "the same as this machine's"
    return CheckStep(step=StepName.CLOCK, state=state, seen=seen)
