"""Keeps what an audit finds, and tells how it differs from an earlier one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from remediate.engine.surroundings import utc_now
from remediate.model.audit import AuditRecord, HostFindings
from remediate.model.change import Severity
from remediate.model.computer import Computer, Sameness, compare
from remediate.model.finding import RecordedFinding, Since
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import PlaybookUse
from remediate.model.problem import HALTED, Problem
from remediate.model.run import Run
from remediate.store.errors import StoreError
from remediate.store.protocol import AuditStore

KEPT = timedelta(days=90)
"""How long an audit is kept."""

NEWEST = 10
"""Audits that say what time it is, too: one clock that is years ahead is not believed alone."""

BATCH = 50
"""Hosts whose findings are made durable together: each time, the disk is waited for."""

_LEFT = Problem(
    code=HALTED,
    message="the audit was stopped before this host had a verdict",
    hint="Audit it again.",
)


class AuditRecorder:
    """Records what is found while it is told. That it cannot be recorded disturbs no audit.

    Args:
        store: where it is recorded.
        audit: the audit as it begins.
        failed: hears once why the audit is not recorded, or not as a whole.
        now: the time in UTC.
    """

    def __init__(
        self,
        store: AuditStore,
        audit: Run,
        failed: Callable[[StoreError], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self.audit = audit
        self._failed = failed
        self._now = now
        self._waiting: list[HostFindings] = []
        self._broken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._record()  # what was found before an audit broke off

    def during(
        self, reports: Iterable[HostReport], hosts: Iterable[str] = ()
    ) -> Iterator[HostReport]:
        """The same reports. Hosts that have none when somebody leaves are recorded as halted.

        That the audit begins is recorded before the first host is looked at, with the names of
        all: whoever ends this process leaves a record of those without a verdict.

        Args:
            reports: of all hosts of the audit.
            hosts: their names.
        """
        untold = dict.fromkeys(hosts)
        self._begin(list(untold))
        try:
            for report in reports:
                untold.pop(report.host, None)
                self._waiting.append(HostFindings.of(report))
                if len(self._waiting) == BATCH:
                    self._record()
                yield report
        except KeyboardInterrupt:
            self._waiting += (
                HostFindings(host=name, outcome=Outcome.SKIPPED, problem=_LEFT) for name in untold
            )
            raise
        self._record(whole=True)

    def _begin(self, hosts: list[str]) -> None:
        with self._telling():
            begun = [one.run.started for one in self._store.audits(NEWEST)]
            if len(begun) == NEWEST:
                self._store.forget_audits(min(self.audit.started, *begun) - KEPT)
            self._store.begin_audit(self.audit, hosts)

    def _record(self, *, whole: bool = False) -> None:
        waiting, self._waiting = self._waiting, []
        if self._broken or not (waiting or whole):
            return
        with self._telling():
            self._store.record_findings(self.audit.id, waiting)
            if whole:
                self._store.finish_audit(self.audit.id, self._now())

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self._broken = True
            self._failed(error)


class Comparison:
    """Tells what has come and gone since an earlier audit, by what findings are known by.

    Args:
        then: that audit.
        now: the playbooks of this one.
    """

    def __init__(self, then: AuditRecord, now: Sequence[PlaybookUse]) -> None:
        self._run = then.run.id
        self._hosts = {host.host: host for host in then.hosts}
        self._then = {use.id: use for use in then.run.playbooks}
        self._now = {use.id: use for use in now}

    def during(self, reports: Iterable[HostReport]) -> Iterator[HostReport]:
        """The same reports, each with how it differs.

        Args:
            reports: of hosts of this audit.
        """
        for report in reports:
            yield report.model_copy(update={"since": self._since(HostFindings.of(report))})

    def _since(self, now: HostFindings) -> Since:
        then = self._hosts.get(now.host)
        untold = self._untold(then, now)
        before = {one.identity: one for one in _found(then)}
        found = {one.identity: one for one in now.findings}
        there = {one.identity for one in _found(now)}  # also when it is waived
        gone = (one for identity, one in before.items() if identity not in there)
        told = [one for one in found.values() if one.playbook not in untold]
        again = [one for one in told if one.identity in before]
        graver = [one for one in again if _weight(one) > _weight(before[one.identity])]
        return Since(
            run=self._run,
            new=tuple(one for one in told if one.identity not in before),
            gone=tuple(one for one in gone if one.playbook not in untold),
            graver=tuple(graver),
            unchanged=tuple(one for one in again if one not in graver),
            untold=untold,
        )

    def _untold(self, then: HostFindings | None, now: HostFindings) -> dict[str, str]:
        """Why what playbooks found then and find now cannot be compared."""
        names = dict.fromkeys([*self._now, *self._then])
        if then is None:
            return dict.fromkeys(names, "the host was not asked then")
        if then.problem or now.problem:
            when = "then" if then.problem else "now"
            return dict.fromkeys(names, f"the host could not be looked at {when}")
        if then.computer and now.computer and _another(then.computer, now.computer):
            return dict.fromkeys(names, f"another computer answered then, {then.computer}")
        untold = {
            name: f"not answered {when}"
            for when, host in (("now", now), ("then", then))
            for question in host.unanswered
            for name in question.playbooks
        }
        had = {one.playbook for one in _found(then)}
        for name, why in now.not_applicable.items():
            if name in had:  # which is not to say that it was repaired
                untold[name] = f"does not apply now: {why}"
        for name in names:
            if name not in self._then or name not in self._now:
                untold[name] = f"not asked {'now' if name in self._then else 'then'}"
            elif not self._then[name].asks_as(self._now[name]):
                untold[name] = "asked with other parameters then"
        return untold


def _found(host: HostFindings | None) -> Iterator[RecordedFinding]:
    """All that was found on a host, what is waived too."""
    if host is not None:
        yield from host.findings
        yield from (one.finding for one in host.waived)


def _weight(finding: RecordedFinding) -> int:
    return list(Severity).index(finding.severity)


def _another(then: Computer, now: Computer) -> bool:
    return compare(then, now) is Sameness.OTHER
