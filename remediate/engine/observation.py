"""What is asked of a host, what it answers, and how two answers differ. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from remediate.model.base import JsonValue
from remediate.model.change import Change, ResourceId
from remediate.model.outcome import Problem
from remediate.model.plan import HostFacts, Observed
from remediate.powershell.messages import Call, CallError, Reply, Status
from remediate.resources.base import Query, Resource, resource_type
from remediate.transport.errors import plain

ACCESS_DENIED = frozenset({-2147024891, -2146233078, -2147217405})
"""HResults: E_ACCESSDENIED 80070005, COR_E_SECURITY 8013150A, WBEM_E_ACCESS_DENIED 80041003."""


@dataclass(frozen=True)
class Observation:
    """What a host answered to a list of questions.

    Args:
        facts: what it said of itself.
        answers: the resources that each question returned.
    """

    facts: HostFacts
    answers: dict[Query, tuple[Resource, ...]]

    @cached_property
    def resources(self) -> dict[ResourceId, Resource]:
        """All of them, each once."""
        found = (resource for answer in self.answers.values() for resource in answer)
        return {resource.resource_id: resource for resource in found}

    def snapshot(self) -> tuple[Observed, ...]:
        """All of them as a record."""
        return tuple(resource.observed() for resource in self.resources.values())


def scripts(queries: Iterable[Query]) -> frozenset[Path]:
    """The `.ps1` files that the questions' resources need."""
    resources = {query.resource for query in queries}
    return frozenset(path for one in resources for path in (one.script, *one.needs))


def observe_calls(queries: Sequence[Query]) -> tuple[Call, ...]:
    """The questions as calls."""
    return tuple(
        Call(
            id=f"observe-{number}",
            function=f"Get-Remediate{query.resource.function}",
            arguments=query.arguments(),
        )
        for number, query in enumerate(queries)
    )


def write_calls(changes: Sequence[Change], first_needs: str) -> tuple[Call, ...]:
    """The changes as calls, one for each resource; each needs the one before it."""
    by_resource: dict[ResourceId, list[Change]] = {}
    for change in changes:
        by_resource.setdefault(change.resource, []).append(change)
    calls: list[Call] = []
    for number, (resource, wanted) in enumerate(by_resource.items()):
        call = Call(
            id=f"write-{number}",
            function=f"Set-Remediate{resource_type(resource.kind).function}",
            arguments={
                "identity": dict(resource.key),
                "before": {change.property: change.before for change in wanted},
                "after": {change.property: change.after for change in wanted},
            },
            needs=(calls[-1].id if calls else first_needs,),
        )
        calls.append(call)
    return tuple(calls)


def read_observation(queries: Sequence[Query], reply: Reply) -> Observation | Problem:
    """The answers to `observe_calls`, or why there are none."""
    answers: dict[Query, tuple[Resource, ...]] = {}
    for number, query in enumerate(queries):
        result = reply[f"observe-{number}"]
        if result.status is not Status.OK:
            return call_problem(result.error, f"reading {query.resource.noun}s failed")
        try:
            answers[query] = query.parse(result.value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            return Problem(
                code="protocol_error",
                message=f"the host described a {query.resource.noun} in a way that makes no "
                f"sense: {where}: {first['msg']}",
                hint="Nothing was written. Please report it, with the Windows version.",
            )
    return Observation(facts=reply.host, answers=answers)


def call_problem(error: CallError | None, doing: str) -> Problem:
    """A failed call as a problem for a person."""
    if error is None:
        return Problem(code="remote_error", message=f"{doing}: the host did not try")
    if error.hresult in ACCESS_DENIED or error.category == "PermissionDenied":
        code, hint = "access_denied", "The account must be an administrator of the host."
    else:
        code, hint = "remote_error", "The text above is the host's own."
    where = f" (script line {error.line})" if error.line else ""
    name = error.error_id.partition(",")[0] or error.exception
    message = f"{doing}: {plain(error.message)} [{plain(name)}]{where}"
    return Problem(code=code, message=message, hint=hint)


def differences(
    snapshot: Sequence[Resource], now: Observation, changes: Sequence[Change]
) -> Iterator[str]:
    """What is not as it should be after `changes` were written over `snapshot`.

    Everything is compared: a changed property must have its value after, anything else the one
    that it had; what moves by itself is left out.
    """
    resources = now.resources
    expected = {(change.resource, change.property): change for change in changes}
    for old in snapshot:
        new = resources.get(old.resource_id)
        if new is None:
            yield f"{old.title} is gone"
            continue
        was, now_is = old.compared(), new.compared()
        for name in sorted(was.keys() | now_is.keys()):
            change, now_value = expected.get((old.resource_id, name)), now_is.get(name)
            if not change and now_value != was.get(name):
                is_now, wanted = _said(old, name, now_value), _said(old, name, was.get(name))
                yield f"{old.title}: {name} is {is_now}, should be {wanted}"
            if change and not change.holds(now_value):
                should = change.after_label if change.renews else _said(old, name, change.after)
                yield f"{old.title}: {name} is {_said(old, name, now_value)}, should be {should}"


def _said(resource: Resource, name: str, value: JsonValue) -> str:
    """A value in a line for a person; structured ones in words."""
    if value is None:
        return "absent"
    label = resource.label(name, value) if isinstance(value, dict | list) else None
    return label or repr(value)
