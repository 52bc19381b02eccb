"""Both doors to the state of a practice host: the lab's Python twins, and our own PowerShell."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from remediate.lab.engines import functions
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import record, records
from remediate.lab.state import HostState, Record
from remediate.powershell.messages import Call, CallResult, Reply, Request, decode_reply
from remediate.powershell.script import LEASE_WRITER, compose
from remediate.resources.base import Query, Resource, loaded_kinds, resource_type
from remediate.testing.powershell import PowerShellHosts
from remediate.transport.protocol import Deadline

AT_LAST = 240
"""Seconds after which a real engine is given up, so that a test ends: a busy machine needs many."""

_NOT_WAITING = """
$script:Slept = 0
function Start-Sleep { param([int] $Milliseconds) $script:Slept += $Milliseconds }
function Get-Date { (Microsoft.PowerShell.Utility\\Get-Date).AddMilliseconds($script:Slept) }
"""
"""Time passes only where a script sleeps, and at once."""
_MARKER = "Invoke-RemediateRequest -Request $Request"


def give_time(patch: pytest.MonkeyPatch) -> None:
    """Let no question run out of time because this machine is busy: an engine is slower then."""
    patch.setattr("remediate.engine.order.QUESTIONS_SECONDS", float(AT_LAST))
    for query in _below(Query):
        if "seconds" in vars(query):
            patch.setattr(query, "seconds", AT_LAST / 2)


def _below(kind: type[Query]) -> Iterator[type[Query]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _below(each)


class Door(Protocol):
    """A host that can be asked and written to."""

    @property
    def state(self) -> HostState:
        """What it is now."""

    def become(self, state: HostState) -> None:
        """Be another host from now on."""

    def send(self, calls: Iterable[Call]) -> Reply:
        """Run calls in one pipeline."""


class SimulatedDoor:
    """The Python twins."""

    def __init__(self) -> None:
        self.state = healthy_host()

    def become(self, state: HostState) -> None:
        self.state = state

    def send(self, calls: Iterable[Call]) -> Reply:
        request = Request(run="R1", calls=tuple(calls))
        return decode_reply(functions.answer(self.state, request).texts, request)


class PowerShellDoor:
    """Our own PowerShell, over the stand-in commands; it waits for nothing.

    Args:
        hosts: its host.
        first: PowerShell that runs before a request does, instead; in an engine of its own.
    """

    def __init__(self, hosts: PowerShellHosts, first: str = "") -> None:
        self._hosts = hosts
        self._first = first
        self.state = healthy_host()

    def become(self, state: HostState) -> None:
        self._hosts.begin_with(self._first)
        with self._hosts.host(state) as (now, self._host, self._transport):
            self.state = now

    def send(self, calls: Iterable[Call]) -> Reply:
        request = Request(run="R1", calls=tuple(calls))
        script = compose({path for call in request.calls for path in _files(call)}).text
        assert script.count(_MARKER) == 1
        session = self._transport.session(self._host)
        first = self._first or _NOT_WAITING
        return session.run(script.replace(_MARKER, first + _MARKER), request, Deadline(AT_LAST))


class Asked:
    """One kind of resource on one host, through one door.

    Args:
        door: the door.
        kind: of resource.
        short: the host's, in short.
        facts: other fields of its state.
    """

    def __init__(self, door: Door, kind: str, short: object, **facts: Any) -> None:
        self.door = door
        self.kind = kind
        self.resource = resource_type(kind)
        self.become(short, **facts)

    def become(self, short: object, **facts: Any) -> None:
        """Another host."""
        self.door.become(healthy_host(resources={self.kind: short}, **facts))

    @property
    def state(self) -> HostState:
        return self.door.state

    def call(self, verb: str, **arguments: Any) -> CallResult:
        function = f"{verb}-Remediate{self.resource.function}"
        return self.door.send([Call(id="1", function=function, arguments=arguments)])["1"]

    def get(self, **question: Any) -> list[Record]:
        """What the host answers, as records have it."""
        result = self.call("Get", **question)
        assert result.error is None, result.error
        found = (self.resource.model_validate(value) for value in result.value)
        return [resource.model_dump(mode="json") for resource in found]

    def set(self, identity: Record, after: Record, **before: Any) -> CallResult:
        """Write, over what is there unless something else is said to have been there before."""
        there = next((one for one in records(self.state, self.kind) if self._is(one, identity)), {})
        was = {name: before.get(name, there.get(name)) for name in after}
        return self.call("Set", identity=identity, before=was, after=after)

    def record(self, **identity: str) -> Record:
        """What is there."""
        return record(self.state, self.kind, **identity)

    @staticmethod
    def _is(one: Record, identity: Record) -> bool:
        return identity.items() <= one.items()


def error_of(result: CallResult) -> str:
    """Our name for what went wrong."""
    assert result.error, result
    return result.error.error_id.partition(",")[0]


def _files(call: Call) -> tuple[Path, ...]:
    """What a call needs, as the engine sends it: a question may need less than another one."""
    if call.function.endswith(("-RemediateLease", "-RemediateReceipt")):
        return LEASE_WRITER
    resource = _resource(call.function)
    if call.function.startswith("Set-"):
        return resource.writing_files()
    names = call.arguments.keys()
    known = functions._queries(resource)
    question = next(one for one in known if one.model_fields.keys() == names)
    return question.model_validate(call.arguments).reading_files()


def _resource(function: str) -> type[Resource]:
    noun = function.partition("-Remediate")[2]
    return next(one for one in loaded_kinds().values() if one.function == noun)
