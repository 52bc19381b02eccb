"""Verdicts, values and times in words."""

import json
import math
import os
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from remediate.model.audit import HostFindings
from remediate.model.base import JsonValue
from remediate.model.change import Change, Restart, RestartOf
from remediate.model.difference import Difference
from remediate.model.evidence import Evidence
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.plan import PlaybookUse
from remediate.model.problem import STALE
from remediate.model.text import count, shown
from remediate.model.waiver import Waiver
from remediate.report.views import View, Words

MAX_VALUE = 400
"""Characters of a value that are shown to a person; JSON has it whole."""

MAX_TEXT = 20_000
"""Characters of any other text that are: a command line may name a thousand hosts."""

VERDICTS = {
    Outcome.COMPLIANT: ("compliant", "nothing to change"),
    Outcome.ATTENTION: ("needs attention", "no automatic fix; see the advice"),
    Outcome.WOULD_CHANGE: ("would change", "nothing was written"),
    Outcome.CHANGED: ("changed", "written and read back"),
    Outcome.FAILED_UNCHANGED: ("failed", "the host is as it was"),
    Outcome.ROLLED_BACK: ("failed, rolled back", "the host is as it was, read back"),
    Outcome.FAILED_CHANGED: ("failed, half changed", "a person has to look at it"),
    Outcome.CONFLICT: ("conflict", "somebody else changed it since, so it was left alone"),
    Outcome.INDETERMINATE: ("unknown", "the host may have been changed and could not be read"),
    Outcome.UNREACHABLE: ("unreachable", "nothing was written"),
    Outcome.REFUSED: ("refused", "nothing was written"),
    Outcome.SKIPPED: ("skipped", "nothing was written"),
    Outcome.INTERNAL_ERROR: ("internal error", "a defect of remediate"),
}
_WAIVED = (
    ("waived", "all that was found is waived; nothing was written"),
    ("waived", "all that was found is waived, in what was answered; nothing was written"),
)
_OF_PROBLEM = {
    "authentication_failed": "logon failed",
    "certificate_refused": "logon failed",
    "kerberos_failed": "logon failed",
    "method_not_offered": "logon failed",
    "access_denied": "access denied",
    "account_refused_elsewhere": "not tried",
}
"""What kept a host from being looked at, where it is not that nobody could reach it."""


def recorded_verdict(found: HostFindings) -> Words:
    """The verdict of an audit on record, and what it means."""
    if found.outcome is Outcome.SKIPPED and found.waived:
        return _WAIVED[bool(found.unanswered)]
    return VERDICTS[found.outcome]


def verdict(view: View, report: HostReport) -> Words:
    """A verdict in a few words, and what it means in a few more."""
    if view.leases and report.holder:
        return "held", "somebody works on it"
    if report.outcome is Outcome.COMPLIANT and report.unanswered:
        return "compliant", "nothing to change in what was answered"
    if report.outcome is Outcome.ROLLED_BACK and report.applied:
        return VERDICTS[report.outcome][0], "the host is as it was, but for what cannot be undone"
    if report.outcome is Outcome.CHANGED and report.plan and report.plan.left_out:
        return "changed in part", "written and read back, but for what was left out"
    if report.outcome is Outcome.CONFLICT and not can_be_forced(report):
        return "conflict", "what is left has to be put back by a person"
    default = VERDICTS[report.outcome]
    if report.outcome is Outcome.SKIPPED and report.plan and report.plan.waived:
        default = _WAIVED[bool(report.unanswered)]
    if report.problem and report.problem.code == "not_settled":
        default = (default[0], "it was still under way when its time was up")
    if report.outcome is Outcome.REFUSED and report.problem and report.problem.code == STALE:
        default = ("stale", "nothing was written")
    if report.outcome is Outcome.UNREACHABLE and report.problem:
        default = (_OF_PROBLEM.get(report.problem.code, default[0]), default[1])
    return view.verdicts.get(report.outcome, default)


_OF_SEVERAL = {
    "needs attention": "need attention",
    "conflict": "conflicts",
    "internal error": "internal errors",
}
"""Verdicts that read otherwise of several hosts."""


def hosts_with(verdict: str, many: int) -> str:
    """How many hosts have a verdict: `78 changed`, `2 need attention`."""
    return count(many, verdict, _OF_SEVERAL.get(verdict, verdict))


SINCE = ("new", "graver", "gone", "unchanged")
"""What findings are, compared with an earlier audit."""


def since(counts: Mapping[str, int]) -> str:
    """How many findings are new, gone and unchanged; and graver, if any is."""
    return ", ".join(f"{counts[name]} {name}" for name in SINCE if counts[name] or name != "graver")


def can_be_forced(report: HostReport) -> bool:
    """Whether a rollback left something alone that it could overwrite."""
    conflicts = report.plan.conflicts if report.plan is not None else ()
    return report.outcome is Outcome.CONFLICT and not all(
        one.lost or one.missing for one in conflicts
    )


def before(change: Change) -> str:
    """The value before."""
    text = value(change.before, change.before_label)
    return text if text != _after(change) else json.dumps(change.before)


def after(change: Change) -> str:
    """The value after, or what is to happen when any new value will do."""
    text = _after(change)
    same = text == value(change.before, change.before_label)
    return json.dumps(change.after) if same and not change.renews else text


def _after(change: Change) -> str:
    if change.renews:
        return change.after_label or "any other"
    return value(change.after, change.after_label)


def transition(change: Change) -> str:
    """What of a resource is how, and should be how."""
    return f"{change.title}: {change.property} {before(change)} → {after(change)}"


def in_force(restart: Restart) -> str:
    """From when on a value is in force."""
    match restart.of:
        case RestartOf.MACHINE:
            return "once the server is restarted, which is left to you"
        case RestartOf.PROCESS:
            return "for processes that are started from then on"
        case RestartOf.SERVICE:
            return f"once {restart.resource} is started again"


def value(data: JsonValue, label: str | None = None) -> str:
    """A value as a person reads it; of one with parts only its label."""
    text = shown(data)
    if label and data is not None:
        text = label if isinstance(data, dict) else f"{label} ({text})"
    return shortened(text, MAX_VALUE)


def parameter(use: PlaybookUse, name: str) -> str:
    """A parameter of a playbook as a person reads it, with its name; a number as it was given."""
    text = use.given.get(name)
    told = value(use.parameters[name]) if text is None else shortened(text, MAX_VALUE)
    return f"{name.strip('_').replace('_', ' ')}: {told}"


def shortened(text: str, most: int) -> str:
    """A text that came from elsewhere, no longer than a person reads."""
    if len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text)} characters; --format json has them all)"


def difference(found: Difference) -> str:
    """What is not as it should be, in a sentence without its full stop."""
    if not found.property:
        return f"{found.title} is gone"
    is_now = value(found.found, found.found_label)
    if found.renews:
        still = "is" if found.found is None else "is still"
        wanted = found.expected_label or "another"
        return f"{found.title}: {found.property} {still} {is_now}, should be {wanted}"
    wanted = value(found.expected, found.expected_label)
    return f"{found.title}: {found.property} is {is_now}, should be {wanted}"


def moved(found: Difference) -> str:
    """What somebody else did meanwhile."""
    if not found.property:
        return f"{found.title} is gone"
    before = value(found.expected, found.expected_label)
    now = value(found.found, found.found_label)
    return f"{found.title}: {found.property} was {before} and is {now}"


def evidence(one: Evidence) -> str:
    """Something that was seen, with where and when."""
    about = filter(None, (one.where, moment(one.at) if one.at else ""))
    rest = ", ".join(shortened(text, MAX_VALUE) for text in about)
    return f"{shortened(one.what, MAX_VALUE)}{f' ({rest})' if rest else ''}"


def noted(found: Difference) -> str:
    """What else moved of what was written to."""
    if found.untold:
        return f"{moved(found)}; whether that means the same cannot be told: look at it"
    return f"Windows also keeps that it was written: {moved(found)}"


def held_by(holder: Holder) -> str:
    """Who works on a host, and until when at most."""
    return (
        f"run {holder.run} ({holder.owner}) has held this host since {moment(holder.since)}; "
        f"its lease ends by {moment(holder.until)}"
    )


def until(waiver: Waiver) -> str:
    """Until when a waiver counts: a day, which ends in UTC, or a time where the reader is."""
    expires = waiver.expires
    return f"until {moment(expires) if isinstance(expires, datetime) else expires.isoformat()}"


def waived_by(waiver: Waiver) -> str:
    """Why, by whom and until when something is left as it is."""
    return f"{until(waiver)}, by {waiver.who}: {waiver.reason}"


def moment(when: datetime) -> str:
    """A time where the reader is, with its offset from UTC (`2026-11-28 22:38:44+01:00`)."""
    with suppress(OSError, OverflowError, ValueError):  # a record's may be in no calendar of here
        when = when.astimezone()
    return when.isoformat(sep=" ", timespec="seconds")


def clock(utc: str) -> str:
    """The time by a host's clock, which may show anything."""
    try:
        return moment(datetime.fromisoformat(utc))
    except ValueError:
        return utc


def duration(seconds: float) -> str:
    """`45 s`, `10 min`, `3 h`; rounded up, as it is said of what something takes at most."""
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{math.ceil(seconds / unit)} {name}"
    return f"{math.ceil(seconds)} s"


def took(seconds: float) -> str:
    """`0.42 s`, `4.2 s`, `42 s`, `4 min 2 s`, `4 h 2 min`: how long something has taken."""
    if seconds < 0.005:  # noqa: PLR2004 - nothing of it would be seen
        return "0 s"
    if seconds < 0.995:  # noqa: PLR2004 - what is shown has two digits, or three
        return f"{seconds:.2f} s"
    if seconds < 9.95:  # noqa: PLR2004 - as above
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 2 * 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 2 * 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"


def join(words: Iterable[str]) -> str:
    """`a, b and c`."""
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last


def command_line(words: Sequence[str]) -> str:
    """A command as one types it, quoted for this system's shell."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
