"""What became of waivers in a run: how many findings each is about, and which need somebody."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from remediate.model.outcome import HostReport
from remediate.model.plan import Plan
from remediate.model.text import count
from remediate.model.waiver import Waiver, Waivers, WaiverState, WaiverUse
from remediate.report import words


class Notice(NamedTuple):
    """What somebody should know of a waiver.

    Args:
        at: where it stands.
        text: a sentence without its full stop.
    """

    at: str
    text: str


class WaiverTally:
    """Counts what waivers are about. Keeps numbers, and nothing of the hosts.

    Args:
        waivers: as they count in the run.
    """

    def __init__(self, waivers: Waivers) -> None:
        self._waivers = waivers
        self._findings: Counter[str] = Counter()
        self._asked: set[Waiver] = set()
        self._unseen: set[Waiver] = set()
        self.waived = 0

    def add(self, report: HostReport) -> None:
        """Count a host in."""
        plan = report.plan
        self.waived += len(plan.waived) if plan else 0
        for one in (*plan.waived, *plan.lapsed) if plan else ():
            self._findings[one.waiver.at] += 1
        about = self._waivers.on(report.host)
        for waiver in (*about.in_force, *about.expired):
            asked, seen = _judged(plan, waiver.playbook) if plan else (False, False)
            self._asked |= {waiver} if asked else set()
            self._unseen |= set() if seen else {waiver}

    def uses(self) -> Iterator[WaiverUse]:
        """Each waiver that is about the hosts and playbooks, in the order of the file."""
        known = {*self._waivers.in_force, *self._waivers.expired}
        for waiver in sorted(known & self._asked, key=_order):
            many = self._findings[waiver.at]
            yield WaiverUse(
                waiver=waiver,
                state=self._waivers.state(waiver),
                findings=many,
                needless=not many and waiver not in self._unseen,
            )

    def notices(self) -> Iterator["Notice"]:
        """What somebody should know of them."""
        for use in self.uses():
            if text := _notice(use):
                yield Notice(use.waiver.at, text)


def _judged(plan: Plan, playbook: str) -> tuple[bool, bool]:
    """Whether a host was asked by a playbook; and that nothing was left out that it needs."""
    asked = any(use.id == playbook for use in plan.playbooks)
    silent = any(playbook in question.playbooks for question in plan.unanswered)
    return asked, not (asked and silent)


def _order(waiver: Waiver) -> tuple[str, list[int]]:
    file, *place = waiver.at.rsplit(":", 2)
    return file, [int(number) for number in place if number.isdecimal()]


def _notice(use: WaiverUse) -> str:
    """What somebody should know of a waiver; empty when there is nothing."""
    waiver = use.waiver
    about = f"the waiver {waiver.at} ({waiver.host}, {waiver.playbook}, {waiver.rule})"
    needless = ", and what it was about is not there any more: take it out"
    if use.state is WaiverState.EXPIRED:
        verb = "counts" if use.findings == 1 else "count"
        again = f": {count(use.findings, 'finding')} {verb} again"
        return f"{about} has expired ({words.until(waiver)}){needless if use.needless else again}"
    if use.needless:
        return f"{about} is about nothing that was found: take it out, if that stays so"
    soon = use.state is WaiverState.EXPIRES_SOON
    return f"{about} expires soon ({words.until(waiver)})" if soon else ""
