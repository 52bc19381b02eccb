"""What a playbook's own code says of a host, and where it fails. Pure."""

import traceback
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from remediate.engine.job import Task
from remediate.errors import RemediateError
from remediate.model.change import Change, ResourceId
from remediate.model.evidence import Evidence
from remediate.model.finding import Advice, RecordedFinding
from remediate.model.problem import Problem
from remediate.model.waiver import NO_WAIVERS, Waived, Waivers
from remediate.playbook.base import Origin, Playbook, Seen
from remediate.playbook.stated import is_slug
from remediate.resources.base import Desire, Query
from remediate.transport.errors import plain

A = TypeVar("A")

MEND = "Its author has to mend it; other playbooks are not affected."
"""What is to be done about a playbook that does not do its part."""


class PlaybookFailedError(RemediateError):
    """A playbook's own code does not do its part; that is a mistake of its author.

    Args:
        playbook: its id.
        text: what is wrong.
        place: file and line (`own/rdp_nla.py:43`).
    """

    def __init__(self, playbook: str, text: str, place: str) -> None:
        super().__init__(playbook, text, place)
        self.problem = Problem(
            code="playbook_failed",
            message=f"playbook {playbook} fails: {text}, at {place}",
            hint=MEND,
        )


@dataclass
class Judgement:
    """What a playbook says of a host.

    Args:
        not_applicable: why it has nothing to say; None when it has.
        changes: what it wants to change.
        advice: what needs a person.
        refusals: reasons not to write now.
        assumptions: what a dry run cannot know.
        irreversible: what rollback will not bring back.
        waived: findings that are left as they are; none of the changes and advice.
        lapsed: findings whose waiver has expired.
        known: rule and resource of each finding.
        secrets: what was given to be written with changes of a resource, by name.
        waivers: those about the host.
    """

    not_applicable: str | None = None
    changes: list[Change] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    irreversible: list[str] = field(default_factory=list)
    waived: list[Waived] = field(default_factory=list)
    lapsed: list[Waived] = field(default_factory=list)
    known: set[tuple[str, ResourceId | None]] = field(default_factory=set)
    secrets: dict[ResourceId, dict[str, SecretStr]] = field(default_factory=dict, repr=False)
    waivers: Waivers = NO_WAIVERS

    def add(self, finding: object, playbook: Playbook[Any]) -> None:
        """Take one more finding of a playbook.

        Raises:
            TypeError: it is none.
            ValueError: its rule cannot be one, or it is not the only finding with its identity.
        """
        if isinstance(finding, Advice):
            evidence = tuple(finding.evidence)
            if not all(isinstance(one, Evidence) for one in evidence):
                msg = "`evidence` has to be several Evidence(what, where, at)"
                raise TypeError(msg)
            new: list[Advice | Change] = [replace(finding, playbook=playbook.id, evidence=evidence)]
        elif isinstance(finding, Desire):
            new = list(finding.changes(playbook.id))
            if new and playbook.only_looks:
                msg = "it says that it `only_looks`, and yields a change: yield Advice"
                raise ValueError(msg)
            for name, secret in finding.secrets.items():
                own = self.secrets.setdefault(finding.resource.resource_id, {})
                if own.setdefault(name, secret) != secret:
                    msg = f"{name} of {finding.resource.title} is given twice, as two things"
                    raise ValueError(msg)
        else:
            msg = f"`decide` has to yield what `should` gives, or Advice, not {finding!r:.80}"
            raise TypeError(msg)
        for one in new:
            _check_rule(one, playbook.rules)
            if (one.rule, one.resource) in self.known:
                about = "" if one.resource is None else f" about {one.resource}"
                msg = f"rule {one.rule!r} has two findings{about}: give one of them another rule"
                raise ValueError(msg)
            self.known.add((one.rule, one.resource))
        for one in new:
            self._take(one)

    def _take(self, one: Advice | Change) -> None:
        """Keep a finding, as it is or as one that is waived."""
        waived, lapsed = self.waivers.judge(RecordedFinding.of(one))
        self.lapsed.extend([lapsed] if lapsed else ())
        if waived:
            self.waived.append(waived)
        elif isinstance(one, Advice):
            self.advice.append(one)
        else:
            self.changes.append(one)


def _several(kind: type[A], given: object, name: str, what: str) -> list[A]:
    """What a playbook gives, if it is several of a kind; a text alone would be its letters."""
    if isinstance(given, kind) or not isinstance(given, Iterable):
        found, wrong = [], [given]
    else:
        found = list(given)
        wrong = [one for one in found if not isinstance(one, kind)]
    if wrong:
        msg = f"`{name}` has to return several {what}, not {wrong[0]!r:.80}"
        raise TypeError(msg)
    return found


def _texts(given: object, name: str) -> list[str]:
    return _several(str, given, name, "texts")


def _check_rule(finding: Advice | Change, rules: Collection[str]) -> None:
    if not finding.rule:
        msg = f"{finding.title!r:.80} has no rule: Advice(title, text, rule='no-task')"
        raise ValueError(msg)
    if not is_slug(finding.rule):
        msg = f"rule {finding.rule!r:.80} must be small letters, digits and single dashes"
        raise ValueError(msg)
    if rules and finding.rule not in rules:
        msg = f"rule {finding.rule!r} is not among the `rules` of the playbook"
        raise ValueError(msg)


@lru_cache
def asked(task: Task, *, named: bool) -> tuple[Query, ...]:
    """The questions of a playbook: the same for all hosts, so it is asked for them once.

    Args:
        task: the playbook.
        named: it was asked for by name.

    Raises:
        PlaybookFailedError: its code fails.
    """
    with _blamed(task.playbook):
        questions = _several(Query, task.playbook.observe(task.params), "observe", "questions")
        return tuple(one if named else one.in_passing() for one in questions)


def origin_of(task: Task) -> Origin | None:
    """Where a playbook copies files from.

    Raises:
        PlaybookFailedError: its code fails.
    """
    with _blamed(task.playbook):
        origin: object = task.playbook.origin(task.params)
        if origin is None or isinstance(origin, Origin):
            return origin
        msg = f"`origin` has to return an Origin or None, not {origin!r:.80}"
        raise TypeError(msg)


def judge(task: Task, seen: Seen, waivers: Waivers = NO_WAIVERS) -> Judgement:
    """What a playbook says of what was seen.

    Args:
        task: the playbook.
        seen: what was seen.
        waivers: those about the host; what they are about is none of what it wants.

    Raises:
        PlaybookFailedError: its code fails, or says something that is no finding.
    """
    playbook, params = task.playbook, task.params
    with _blamed(playbook):
        reason: object = playbook.not_applicable(seen, params)
        if reason is not None:
            if not isinstance(reason, str):
                msg = f"`not_applicable` has to return a text or None, not {reason!r:.80}"
                raise TypeError(msg)
            return Judgement(not_applicable=reason)
        found = Judgement(waivers=waivers)
        said: Iterable[object] = playbook.decide(seen, params)
        for finding in said:
            try:
                found.add(finding, playbook)
            except (TypeError, ValueError) as error:
                if isinstance(said, Generator):
                    said.throw(error)  # so that it is told with the line that has yielded it
                raise
        if found.changes:
            found.refusals.extend(_texts(playbook.guard(seen, params), "guard"))
            found.assumptions.extend(_texts(playbook.assumptions(params), "assumptions"))
            found.irreversible.extend(
                f"{_subject(change)} as it is now"
                for change in found.changes
                if not change.reversible
            )
            found.irreversible.extend(_texts(playbook.irreversible(params), "irreversible"))
        return found


def _subject(change: Change) -> str:
    """What a change is of; a property that is yes or no is no word for what would be lost."""
    whole = isinstance(change.before, bool)
    return change.title if whole else f"the {change.property} of {change.title}"


def guarded(task: Task, seen: Seen) -> list[str]:
    """A playbook's reasons not to write now; that its guard fails is one."""
    try:
        with _blamed(task.playbook):
            if task.playbook.not_applicable(seen, task.params) is not None:
                return []
            return _texts(task.playbook.guard(seen, task.params), "guard")
    except PlaybookFailedError as error:
        return [error.problem.message]


@contextmanager
def _blamed(playbook: Playbook[Any]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a run does not end with what an author derives from that
        text = plain(f"{type(error).__name__}: {error}").rstrip(".")
        raise PlaybookFailedError(playbook.id, text, _place(playbook, error)) from error


def _place(playbook: Playbook[Any], error: BaseException) -> str:
    """Where it went wrong: the innermost line of the playbook's own file, or just the file."""
    code = (getattr(part, "__code__", None) for part in vars(type(playbook)).values())
    own = [each.co_filename for each in code if each is not None]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in own:
            return f"{_short(frame.filename)}:{frame.lineno}"
    return _short(next(iter(own), "?"))


def _short(file: str) -> str:
    path = Path(file)
    return f"{path.parent.name}/{path.name}"
