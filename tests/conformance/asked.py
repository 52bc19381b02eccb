"""What is asked of, and written to, resources of a kind in the stories of all cases, each once."""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from remediate.lab.engines import functions
from remediate.lab.kinds import records
from remediate.lab.kinds.kind import is_it
from remediate.lab.state import HostState, Record
from remediate.powershell.messages import Call
from remediate.resources.base import Resource
from remediate.testing import Case, cases
from remediate.testing.story import HOST, Teller

CASES = [
    case for case in cases(Path(__file__).parents[1] / "playbooks") if "powershell" in case.engines
]
T = TypeVar("T")
LONG = 500
"""Characters from which on a value is a whole definition or manifest: one is like the other."""


@dataclass(frozen=True)
class Asked:
    """A call, and the host as it was before it.

    Args:
        case: in whose story it came first.
        host: the host.
        resource: what it is about.
        call: the call.
    """

    case: str
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


@cache
def all_asked(kind: str, stories: int = 0) -> list[Asked]:
    """The questions about a kind, and the writes, of all stories, that bring something new.

    Args:
        kind: the kind.
        stories: of how many stories; all of them when none is said.
    """
    known: set[str] = set()
    found = []
    for case in sample([case for case in CASES if kind in _kinds(case)], stories):
        with _watching(case, kind) as seen:
            Teller.in_memory(case, short=True).tell()
        for one in seen:
            new = set(one.new) - known
            if new:
                found.append(one)
                known |= new
    return found


def _kinds(case: Case) -> set[str]:
    asked = (query for task in case.job().tasks for query in task.playbook.observe(task.params))
    return {query.resource.kind for query in asked}


@contextmanager
def _watching(case: Case, kind: str) -> Iterator[list[Asked]]:
    """Keep each call about a kind, with the host as it was before."""
    seen: list[Asked] = []
    real = {"Get": functions._get, "Set": functions._set}

    def watch(verb: str) -> Any:
        def watched(resource: type[Resource], state: HostState, arguments: dict[str, Any]) -> Any:
            if resource.kind == kind and state.name == HOST.name:
                function = f"{verb}-Remediate{resource.function}"
                call = Call(id="1", function=function, arguments=arguments)
                seen.append(Asked(case.id, copied(state), resource, call))
            return real[verb](resource, state, arguments)

        return watched

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functions, "_get", watch("Get"))
        patch.setattr(functions, "_set", watch("Set"))
        yield seen


def copied(state: HostState) -> HostState:
    """Another host that is the same."""
    names = ("os", "powershell", "culture", "denied")
    facts = {name: getattr(state, name) for name in names}
    return HostState(state.name, copy.deepcopy(state.windows), **facts)
