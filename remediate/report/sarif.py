"""SARIF 2.1.0, for what shows results of analyses: rules are playbooks, results what is open.

Every result names its rule and has its text, a place in a file (GitHub refuses a whole file for
one without), a level beside its kind, and a fingerprint made of what a finding is known by. Some
readers compare texts, so what moves from day to day stands in the one with marks (`markdown`). A
host that could not be looked at is a result, too: else what was found there before would look
solved. What is waived is none: GitHub does not read suppressions and shows it as an open alert, and
what others make of them (advanced-security/dismiss-alerts) knows a finding by rule, file and line,
so it would dismiss all that a playbook has found on that host.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from remediate import __version__
from remediate.model.change import ResourceId, Severity
from remediate.model.exit_code import ExitCode
from remediate.model.text import count
from remediate.report.account import Account, Told
from remediate.report.cases import HOST, Case, State
from remediate.report.files import Piece
from remediate.report.lines import RANK
from remediate.report.markdown import code
from remediate.report.place import place_of
from remediate.report.printable import printable
from remediate.report.reporter import Subject
from remediate.report.times import Times
from remediate.report.totals import Totals
from remediate.report.words import MAX_VALUE, shortened

MOST_RESULTS = 25_000
"""Results that GitHub takes in a run; the rest is counted, the gravest are written."""

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
_RANK = ("error", "warning", "note")
_ABOUT_HOST = "Hosts get a verdict, and none is left in need of a person"


class SarifForm:
    """Writes SARIF.

    Args:
        subject: what the result is about.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._rules: dict[str, dict[str, Any]] = {}

    def host(self, account: Account) -> Iterator[Piece]:
        """Its results, by level."""
        for result in sorted(self._results(account), key=lambda one: _RANK.index(one["level"])):
            yield Piece(_RANK.index(result["level"]), json.dumps(result))

    def whole(self, totals: Totals, pieces: Iterable[Piece]) -> Iterator[str]:
        """The results in their run; what is told of the run stands behind them."""
        head = {"$schema": _SCHEMA, "version": "2.1.0"}
        yield f'{json.dumps(head)[:-1]}, "runs": [{{"results": ['
        left: Counter[str] = Counter()
        for number, piece in enumerate(pieces):
            if number < MOST_RESULTS:
                yield f"{',' if number else ''}\n{piece.text}"
            else:
                left[_RANK[piece.rank]] += 1
        yield "\n],\n"
        yield json.dumps(self._run(totals, left))[1:] + "]}\n"

    def _run(self, totals: Totals, left: Counter[str]) -> dict[str, Any]:
        """What is told of the run, besides its results."""
        notes = []
        if left:
            by_level = ", ".join(f"{left[level]:,} {level}" for level in _RANK if left[level])
            text = (
                f"{count(left.total(), 'result')} more ({by_level}): a file holds {MOST_RESULTS:,}."
            )
            notes.append({"level": "warning", "message": {"text": text}})
        if totals.left_out:
            text = f"{count(totals.left_out, 'finding')} left out by --severity: not solved."
            notes.append({"level": "note", "message": {"text": text}})
        if totals.waived:
            text = f"{count(totals.waived, 'finding')} waived: no result, and not solved."
            notes.append({"level": "note", "message": {"text": text}})
        notes.extend(
            {"level": "warning", "message": {"text": printable(f"{notice.text}.")}}
            for notice in totals.notices
        )
        said = {ExitCode.OK, ExitCode.PENDING}
        invocation = {
            "executionSuccessful": totals.code in said,
            "exitCode": int(totals.code),
            "exitCodeDescription": totals.code.meaning,
            "toolExecutionNotifications": notes,
            **_times(totals.times),
        }
        driver = {
            "name": "remediate",
            "version": __version__,
            "rules": list(self._rules.values()),
        }
        numbers = {
            "hosts": totals.hosts,
            "outcomes": dict(sorted(totals.outcomes.items())),
            "findings": {one.value: totals.findings[one] for one in RANK},
            "fixed": totals.fixed,
            "unanswered": totals.unanswered,
            "notWritten": left.total(),
            "leftOut": totals.left_out,
            "waived": totals.waived,
        }
        # a category of its own for each command, or GitHub takes one's results for the other's
        details = {"id": f"remediate {self._subject.command}/{self._subject.run or ''}"}
        return {
            "tool": {"driver": driver},
            "automationDetails": details,
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "properties": numbers,
        }

    def _results(self, account: Account) -> Iterator[dict[str, Any]]:
        for one in account.open:
            yield self._finding(account.host, one)
        for case in account.cases:
            if case.name == HOST and case.state in {State.FAILED, State.ERROR}:
                yield self._case(account.host, case)
        for question in account.unanswered:
            for playbook in question.playbooks:
                text = f"not answered: {question.question}: {question.problem.message}"
                case = Case(playbook, State.ERROR, text, question.question)
                yield self._case(account.host, case)

    def _finding(self, host: str, one: Told) -> dict[str, Any]:
        about = str(one.resource) if one.resource else ""
        title = self._subject.titles.get(one.playbook, one.playbook)
        text = f"{host}: {title} ({one.rule})" + (f": {about}" if about else "")
        known = (host, one.playbook, one.rule, one.resource.folded if one.resource else None)
        result = self._result(host, one.playbook, text, _LEVELS[one.severity], known)
        result["message"]["markdown"] = " ".join(
            code(each, MAX_VALUE) for each in (host, one.text, one.about)
        )
        if about:
            path = printable(f"{host}/{about}")
            result["locations"][0]["logicalLocations"].append(
                {"name": printable(about), "fullyQualifiedName": path, "kind": "resource"}
            )
        result["properties"] = {"host": host, "rule": one.rule, "severity": one.severity.value}
        return result

    def _case(self, host: str, case: Case) -> dict[str, Any]:
        level = "error" if case.state is State.ERROR else "warning"
        result = self._result(
            host, case.name, f"{host}: {case.message}", level, (host, case.name, case.code, None)
        )
        result["properties"] = {"host": host, "code": case.code}
        return result

    def _result(
        self,
        host: str,
        rule: str,
        text: str,
        level: str,
        known: tuple[str, str, str, ResourceId | None],
    ) -> dict[str, Any]:
        self._rules.setdefault(rule, self._rule(rule))
        name = printable(host)
        uri, at = _place(host, self._subject.places.get(host, ""))
        return {
            "ruleId": rule,
            "kind": "fail",
            "level": level,
            "message": {"text": shortened(printable(text), 4 * MAX_VALUE)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": uri},
                        "region": {"startLine": at},
                    },
                    "logicalLocations": [
                        {"name": name, "fullyQualifiedName": name, "kind": "host"}
                    ],
                }
            ],
            "partialFingerprints": {"primaryLocationLineHash": _fingerprint(*known)},
        }

    def _rule(self, name: str) -> dict[str, Any]:
        title = self._subject.titles.get(name) or (_ABOUT_HOST if name == HOST else name)
        rule: dict[str, Any] = {
            "id": name,
            "name": name,
            "shortDescription": {"text": printable(title)},
            "defaultConfiguration": {"level": "warning"},
        }
        if name != HOST:
            rule["help"] = {"text": f"{printable(title)}. More: remediate show {name}"}
        if source := self._subject.sources.get(name):
            rule["helpUri"] = source
        return rule


def _times(times: Times) -> dict[str, str]:
    """When the first host was begun with and the last one had its verdict."""
    if times.began is None or times.several:
        return {}
    ended = times.began + timedelta(seconds=times.after(1))
    return {"startTimeUtc": _utc(times.began), "endTimeUtc": _utc(ended)}


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _place(host: str, at: str) -> tuple[str, int]:
    """The address of the file that names a host, and the line; a name for none."""
    place = place_of(at)
    if place is None:
        return f"hosts/{quote(printable(host), safe='')}", 1
    file, line = place
    return file.as_uri() if file.is_absolute() else quote(os.fsencode(file.as_posix())), line


def _fingerprint(host: str, playbook: str, rule: str, resource: ResourceId | None) -> str:
    """Of what a finding is known by, and nothing that moves."""
    known = [host.casefold(), playbook, rule, resource.model_dump() if resource else None]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]
