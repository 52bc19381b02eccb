"""What is asked of a host, what it answers, and how two answers differ. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from pydantic import SecretStr, ValidationError

from remediate.model.base import JsonValue
from remediate.model.change import Change, ResourceId
from remediate.model.difference import Difference
from remediate.model.plan import HostFacts, Observed
from remediate.model.problem import Problem
from remediate.powershell.messages import Call, CallError, CallResult, Reply, Status
from remediate.resources.base import Query, Resource, absence, resource_type
from remediate.transport.errors import plain

ACCESS_DENIED = frozenset({-2147024891, -2146233078, -2147217405})
"""HResults: E_ACCESSDENIED 80070005, COR_E_SECURITY 8013150A, WBEM_E_ACCESS_DENIED 80041003."""

QUESTIONS_SECONDS = 15.0
"""How long all questions of an audit may take together, unless the slow ones may take longer."""

Secrets = tuple[Mapping[ResourceId, Mapping[str, SecretStr]], ...]
"""What each playbook gives to be written beside changes, by resource and name: recorded nowhere."""

_TERMINAL = ", and the terminal must have been started as administrator"

_NOT_THERE = (
    "This Windows has no such command or class. If it should: is a feature missing, or its WMI "
    "repository damaged (winmgmt /verifyrepository)?"
)
_READING_FAILED = {
    "RemediateUnreadable": ("unreadable", "Repair or delete it on the host, then ask again."),
    "RemediateTooMany": ("too_much", "Clear up on the host, or look at it by hand."),
    "RemediateTooLong": ("too_much", "Clear up on the host, or look at it by hand."),
    "CommandNotFoundException": ("not_there", _NOT_THERE),
    "HRESULT 0x8004100e": ("not_there", _NOT_THERE),
    "HRESULT 0x80041010": ("not_there", _NOT_THERE),
}
"""Code and hint of what our own readers say, and of commands, namespaces and classes that are not
there: WBEM_E_INVALID_NAMESPACE, WBEM_E_INVALID_CLASS."""


@dataclass(frozen=True)
class Observation:
    """What a host answered to a list of questions.

    Args:
        facts: what it said of itself.
        answers: the resources that each question returned.
        unanswered: why a question has no answer.
        at: when the answer arrived, by the controller's clock; None when nobody has said so.
        sent: when the questions were sent, by the same clock.
    """

    facts: HostFacts
    answers: dict[Query, tuple[Resource, ...]]
    unanswered: dict[Query, Problem] = field(default_factory=dict)
    at: datetime | None = None
    sent: datetime | None = None

    @cached_property
    def resources(self) -> dict[ResourceId, Resource]:
        """All of them, each once."""
        found = (resource for answer in self.answers.values() for resource in answer)
        return {resource.resource_id: resource for resource in found}

    def find(self, wanted: ResourceId) -> Resource | None:
        """A resource that was seen, or what its kind says of nothing where that was seen.

        Windows may write a name in another case than it was given; a name in the same case wins.
        """
        seen = self.resources.get(wanted) or self._folded.get(wanted.folded)
        return seen or absence(wanted, self.answers)

    @cached_property
    def _folded(self) -> dict[ResourceId, Resource]:
        return {id_.folded: resource for id_, resource in self.resources.items()}

    def to(self, queries: Collection[Query]) -> "Observation":
        """What of it answers these questions: the others are not asked again."""
        return replace(
            self,
            answers={query: found for query, found in self.answers.items() if query in queries},
            unanswered={query: why for query, why in self.unanswered.items() if query in queries},
        )

    def before(self, changes: Iterable[Change]) -> tuple[Resource, ...]:
        """What a run has to remember: all that can be set, and what `changes` are about.

        What can only be looked at, such as the lines of a log, is not on record and not missed.
        """
        lasting = {id_: one for id_, one in self.resources.items() if one.settable}
        for change in changes:
            found = self.find(change.resource)
            if found is not None:
                lasting[change.resource] = found
        return tuple(lasting.values())


def records(resources: Iterable[Resource]) -> tuple[Observed, ...]:
    """Resources as a record."""
    return tuple(resource.observed() for resource in resources)


def observe_calls(queries: Sequence[Query], *, bounded: bool = False) -> tuple[Call, ...]:
    """The questions as calls, quick ones first, and last those that might hang.

    Args:
        queries: the questions.
        bounded: leave out those that might hang.
    """
    order = sorted(
        (number for number, query in enumerate(queries) if query.bounded or not bounded),
        key=lambda number: (not queries[number].bounded, queries[number].seconds),
    )
    return tuple(
        Call(
            id=f"observe-{number}",
            function=f"Get-Remediate{queries[number].resource.function}",
            arguments=queries[number].arguments(),
            seconds=queries[number].seconds,
            files=queries[number].reading_files(),
        )
        for number in order
    )


def write_calls(
    changes: Sequence[Change],
    first_needs: str,
    part_seconds: float | None = None,
    secrets: Secrets = (),
) -> tuple[Call, ...]:
    """The changes as calls, one for each resource; each needs the one before it.

    Args:
        changes: what is to be written.
        first_needs: the call that has to have succeeded.
        part_seconds: how long a write that is made in parts may take at a time.
        secrets: what is written with them; where several give the same, it is the same.
    """
    by_resource: dict[ResourceId, list[Change]] = {}
    for change in changes:
        by_resource.setdefault(change.resource, []).append(change)
    calls: list[Call] = []
    for number, (resource, wanted) in enumerate(by_resource.items()):
        kind = resource_type(resource.kind)
        call = Call(
            id=f"write-{number}",
            function=f"Set-Remediate{kind.function}",
            arguments={
                "identity": dict(resource.key),
                "before": {change.property: change.before for change in wanted},
                "after": {change.property: change.after for change in wanted},
            },
            needs=(calls[-1].id if calls else first_needs,),
            files=kind.writing_files(),
            secrets=_beside(wanted, secrets),
            seconds=part_seconds if any(_in_parts(change) for change in wanted) else None,
        )
        calls.append(call)
    return tuple(calls)


def _beside(wanted: Sequence[Change], secrets: Secrets) -> dict[str, SecretStr]:
    """What is written with some changes of one resource."""
    own = (given.get(wanted[0].resource, {}) for given in secrets)
    known = {name: secret for named in own for name, secret in named.items()}
    return {name: known[name] for change in wanted for name in change.secrets}


def _in_parts(change: Change) -> bool:
    return change.settling is not None and change.settling.again


def read_observation(queries: Sequence[Query], reply: Reply, *, here: bool = False) -> Observation:
    """The answers to `observe_calls`. A question that failed costs only itself.

    Args:
        queries: the questions.
        reply: what the host says.
        here: the host is this machine itself.
    """
    answers: dict[Query, tuple[Resource, ...]] = {}
    unanswered: dict[Query, Problem] = {}
    any_worked = any(result.status is Status.OK for result in reply.calls)
    for number, query in enumerate(queries):
        result = reply.get(f"observe-{number}")
        if result is None or result.status is not Status.OK:
            unanswered[query] = _why_not(query, result, others=any_worked, here=here)
            continue
        try:
            answers[query] = query.parse(result.value)
        except ValidationError as error:
            unanswered[query] = _nonsense(query, result.value, error)
    return Observation(
        facts=reply.host, answers=answers, unanswered=unanswered, at=reply.at, sent=reply.sent
    )


def _why_not(query: Query, result: CallResult | None, *, others: bool, here: bool) -> Problem:
    error = result.error if result is not None else None
    if error is None:
        return Problem(
            code="no_time",
            message=f"no time was left for {query.title}",
            hint="Ask again, for this playbook alone.",
        )
    if _timed_out(error):
        return Problem(
            code="no_time",
            message=f"{query.title}: the host has not answered within {query.seconds:g} s",
            hint="Something that this question needs hangs on the host, such as its WMI service.",
        )
    problem = call_problem(error, f"reading {query.resource.noun}s failed", here=here)
    if problem.code == "access_denied" and others:
        terminal = _TERMINAL if here else ""
        hint = (
            f"The account must be an administrator{terminal}; if it is one, Windows refuses just "
            "this."
        )
        return problem.model_copy(update={"hint": hint})
    if name_of(error) in _READING_FAILED:
        code, hint = _READING_FAILED[name_of(error)]
        return problem.model_copy(update={"code": code, "hint": hint})
    return problem


def name_of(error: CallError) -> str:
    """The first part of an error's id, which is the same in every language."""
    return error.error_id.partition(",")[0]


def _timed_out(error: CallError) -> bool:
    """Whether a command or our own script gave up: WBEM_S_TIMEDOUT, or PowerShell's category."""
    ours = name_of(error) in {"RemediateNoTime", "HRESULT 0x40004"}
    return ours or error.category == "OperationTimeout"


def _nonsense(query: Query, values: Sequence[JsonValue], error: ValidationError) -> Problem:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return Problem(
        code="protocol_error",
        message=f"unexpected data about {_first_wrong(query, values)} from the host: "
        f"{plain(where)}: {plain(first['msg'])}",
        hint="Nothing was written. Please report it, with the Windows version.",
    )


def _first_wrong(query: Query, values: Sequence[JsonValue]) -> str:
    """The first of some values that is no resource, by its name."""
    for value in values:
        try:
            query.parse([value])
        except ValidationError:
            known = value if isinstance(value, dict) else {}
            name = " ".join(str(known.get(part, "")) for part in query.resource.identity)
            return f"{query.resource.noun} {plain(name)}".rstrip()
    return f"a {query.resource.noun}"


def call_problem(error: CallError | None, doing: str, *, here: bool = False) -> Problem:
    """A failed call as a problem for a person.

    Args:
        error: what the host says of it.
        doing: what failed, in words.
        here: the host is this machine itself.
    """
    if error is None:
        return Problem(
            code="remote_error",
            message=f"{doing}: the host did not try",
            hint="Run it again with --debug, and report what that shows.",
        )
    if error.hresult in ACCESS_DENIED or error.category == "PermissionDenied":
        terminal = _TERMINAL if here else ""
        code, hint = "access_denied", f"The account must be an administrator of the host{terminal}."
    else:
        code, hint = "remote_error", "The text above is the host's own."
    where = f" ({plain(error.place)})" if error.place else ""
    name = name_of(error) or error.exception
    message = f"{doing}: {plain(error.message)} [{plain(name)}]{where}"
    return Problem(code=code, message=message, hint=hint)


def differences(
    snapshot: Collection[Resource], now: Observation, changes: Iterable[Change]
) -> Iterator[Difference]:
    """What is not as it should be after `changes` were written over `snapshot`.

    Everything is compared: a changed property must have its value after, anything else the one
    that it had; what moves by itself is left out, unless a change is about it. Each resource says
    what is the same.
    """
    return (found for found, harm in _compared(snapshot, now, changes) if harm)


def noted(
    snapshot: Collection[Resource], now: Observation, changes: Iterable[Change]
) -> Iterator[Difference]:
    """What else is not as it was: what Windows keeps for itself, and what cannot be told."""
    return (found for found, harm in _compared(snapshot, now, changes) if not harm)


def _compared(
    snapshot: Collection[Resource], now: Observation, changes: Iterable[Change]
) -> Iterator[tuple[Difference, bool]]:
    """Each difference, and whether it is one that should not be."""
    expected: dict[ResourceId, dict[str, Change]] = {}
    for each in changes:
        expected.setdefault(each.resource, {})[each.property] = each
    unknown = {query.resource for query in now.unanswered}
    for old in snapshot:
        identity = old.resource_id
        new = now.find(identity)
        if new is None:
            if type(old) not in unknown:
                yield Difference(resource=identity, title=old.title), True
            continue
        was, now_is = old.compared(), new.compared()
        changed = expected.get(identity, {})
        for name in sorted(was.keys() | now_is.keys() | changed.keys()):
            change = changed.get(name)
            if change is None:
                same = old.same(name, was.get(name), now_is.get(name))
                if not same:
                    found = _difference(old, name, was.get(name), now_is.get(name))
                    untold = same is None and not old.bookkeeping(name)
                    harm = same is False and not old.bookkeeping(name)
                    yield found.model_copy(update={"untold": untold}), harm
            elif not new.holds(change):
                value = new.recorded(name)
                yield missed(change, value, _label(old, name, value)), True


def missed(change: Change, found: JsonValue, label: str | None) -> Difference:
    """A change that is not in force."""
    return Difference(
        resource=change.resource,
        title=change.title,
        property=change.property,
        expected=change.after,
        found=found,
        expected_label=change.after_label,
        found_label=label,
        renews=change.renews,
    )


def _difference(resource: Resource, name: str, expected: JsonValue, found: JsonValue) -> Difference:
    return Difference(
        resource=resource.resource_id,
        title=resource.title,
        property=name,
        expected=expected,
        found=found,
        expected_label=_label(resource, name, expected),
        found_label=_label(resource, name, found),
    )


def _label(resource: Resource, name: str, value: JsonValue) -> str | None:
    """A value in words; parts of a definition, which are no properties, say it themselves."""
    return resource.label(name, value) if name in type(resource).model_fields else None
