"""What is asked of, and written to, resources of a kind in the stories of all cases, each once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import pytest

from remediate.lab.engines import functions
from remediate.lab.kinds import records
from remediate.lab.kinds.kind import is_it
from remediate.lab.state import HostState, Record
from remediate.powershell.messages import Call
from remediate.resources.base import Query, Resource
from remediate.testing import Case
from remediate.testing.story import HOST, Teller
from tests.playbooks.known import ALL

CASES = [case for case in ALL if "powershell" in case.engines]
T = TypeVar("T")
LONG = 500
"""Characters from which on a value is a whole definition or manifest: one is like the other."""


@dataclass(frozen=True)
class Asked:
    """A call, and the host as it was before it.

    Args:
        host: the host.
        resource: what it is about.
        call: the call.
    """

    host: HostState
    resource: type[Resource]
    call: Call

    @property
    def new(self) -> Iterator[str]:
        """What there is in it that another call may not have had; who asks counts, too.

        Which of several alike it is about does not: a value of the registry is read like another.
        """
        facts = [self.host.culture, self.host.denied.get(self.resource.kind)]
        kind, arguments = self.resource.kind, self.call.arguments
        if self.call.function.startswith("Get-"):
            answer = [self._apart(one) for one in records(self.host, kind, **arguments)]
            yield from (json.dumps(["get", facts, one]) for one in answer or [None])
            return
        there = [one for one in records(self.host, kind) if is_it(one, arguments["identity"])]
        shape = [
            {name: value for name, value in self._apart(one).items() if len(str(value)) < LONG}
            for one in there
        ]
        yield json.dumps(["set", facts, shape, arguments["before"], arguments["after"]])

    def _apart(self, record: Record) -> Record:
        """A record without what identifies it."""
        return {name: said for name, said in record.items() if name not in self.resource.identity}


def sample(of: list[T], most: int) -> list[T]:
    """At most so many of them, from everywhere; all of them when none is said."""
    return of[:: -(-len(of) // most) or 1] if most else of


def all_asked(kind: str, most: int = 0) -> list[Asked]:
    """The questions about a kind, and the writes, of all stories, that bring something new.

    Args:
        kind: the kind.
        most: of how many stories that change something, and of how many others; all of them when
            none is said.
    """
    about = [case for case in CASES if kind in _kinds()[case.id]]
    changing = [case for case in about if case.changes_something]
    others = [case for case in about if not case.changes_something]
    found: list[Asked] = []
    with _watching(kind, found):
        for case in [*sample(changing, most), *sample(others, most)]:
            Teller.in_memory(case, short=True).tell()
    return found


@cache
def _kinds() -> dict[str, set[str]]:
    """What is asked about in the story of each case."""
    return {case.id: {query.resource.kind for query in _queries(case)} for case in CASES}


def _queries(case: Case) -> Iterator[Query]:
    return (query for task in case.job().tasks for query in task.playbook.observe(task.params))


@contextmanager
def _watching(kind: str, found: list[Asked]) -> Iterator[None]:
    """Keep each call about a kind that brings something new, with the host as it was before."""
    known: set[str] = set()
    real = {"Get": functions._get, "Set": functions._set}

    def watch(verb: str) -> Any:
        def watched(resource: type[Resource], state: HostState, arguments: dict[str, Any]) -> Any:
            if resource.kind == kind and state.name == HOST.name:
                function = f"{verb}-Remediate{resource.function}"
                said = {name: one for name, one in arguments.items() if name != "secrets"}
                secrets = arguments.get("secrets", {})
                call = Call(id="1", function=function, arguments=said, secrets=secrets)
                new = set(Asked(state, resource, call).new)
                if not new <= known:
                    found.append(Asked(copied(state), resource, call))
                    known.update(new)
            return real[verb](resource, state, arguments)

        return watched

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functions, "_get", watch("Get"))
        patch.setattr(functions, "_set", watch("Set"))
        yield


def copied(state: HostState) -> HostState:
    """Another host that is the same."""
    names = ("os", "powershell", "culture", "denied")
    facts = {name: getattr(state, name) for name in names}
    return HostState(state.name, json.loads(json.dumps(state.windows)), **facts)
