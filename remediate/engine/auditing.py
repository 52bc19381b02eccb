"""Keeps what an audit finds, and tells how it differs from an earlier one."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from remediate.engine.host_worker import utc_now
from remediate.model.audit import HostFindings
from remediate.model.outcome import HostReport
from remediate.model.run import Run
from remediate.store.errors import StoreError
from remediate.store.protocol import AuditStore

KEPT = timedelta(days=90)
"""How long an audit is kept."""

BATCH = 50
"""Hosts whose findings are made durable together: each time, the disk is waited for."""


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
        self._begun = False
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

    def during(self, reports: Iterable[HostReport]) -> Iterator[HostReport]:
        """The same reports.

        Args:
            reports: of all hosts of the audit.
        """
        for report in reports:
            self._waiting.append(HostFindings.of(report))
            if len(self._waiting) == BATCH:
                self._record()
            yield report
        self._record(whole=True)

    def _record(self, *, whole: bool = False) -> None:
        waiting, self._waiting = self._waiting, []
        if self._broken or not (waiting or whole):
            return
        try:
            if not self._begun:
                self._store.forget_audits(self.audit.started - KEPT)
                self._store.begin_audit(self.audit)
                self._begun = True
            self._store.record_findings(self.audit.id, waiting)
            if whole:
                self._store.finish_audit(self.audit.id, self._now())
        except StoreError as error:
            self._broken = True
            self._failed(error)
