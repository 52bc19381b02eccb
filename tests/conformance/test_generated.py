"""Task sets and registry values that Hypothesis thinks of go the same way on both engines."""

import copy
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remediate.engine.job import Job, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds.scheduled_task import make_task
from remediate.lab.state import HostState, Record
from remediate.model.outcome import Outcome
from remediate.playbook import Playbook, PlaybookParams
from remediate.playbook.base import Seen
from remediate.resources.base import Desire, Query
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValue,
    RegistryValues,
)
from remediate.resources.scheduled_task import MultipleInstances
from remediate.testing import Case
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.promises import agree
from remediate.testing.story import HOST, Teller
from remediate.testing.transport import MemoryTransport

pytestmark = pytest.mark.powershell

FEW = settings(max_examples=8, suppress_health_check=list(HealthCheck), derandomize=True)
KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Generated"

CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Cn"])
TEXTS = st.text(CHARACTERS, max_size=12)
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zs"], exclude_characters='\\/:*?"<>|&.'),
    min_size=1,
    max_size=12,
)
TASKS = st.lists(
    st.builds(
        make_task,
        NAMES,
        st.sampled_from(MultipleInstances),
        stored_password=st.sampled_from([False, False, True]),
    ),
    max_size=6,
    unique_by=lambda task: task["name"].casefold(),
)
DATA = st.one_of(
    st.tuples(st.sampled_from([RegistryType.STRING, RegistryType.EXPAND_STRING]), TEXTS),
    st.tuples(st.just(RegistryType.DWORD), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(RegistryType.QWORD), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(RegistryType.MULTI_STRING), st.lists(TEXTS, max_size=3)),
    st.tuples(st.just(RegistryType.BINARY), st.lists(st.integers(0, 255), max_size=4)),
).map(lambda pair: {"type": pair[0].value, "data": pair[1]})
VALUES = st.dictionaries(
    NAMES.map(str.casefold), st.tuples(st.none() | DATA, st.none() | DATA), min_size=1, max_size=8
)


class SetValues(Playbook[PlaybookParams]):
    """Gives some values of one key the data that they are to have, or takes them away."""

    id = "set-values"
    title = "Set values of the registry"
    source = "https://example.invalid"

    def __init__(self, wanted: Mapping[str, Record | None], key: str = KEY) -> None:
        self.key = key
        self.wanted = {
            name: data and RegistryData.model_validate(data) for name, data in wanted.items()
        }

    def observe(self, params: PlaybookParams) -> list[Query]:
        names = tuple(RegistryName(key=self.key, name=name) for name in self.wanted)
        return [RegistryValues(values=names)]

    def decide(self, seen: Seen, params: PlaybookParams) -> Iterator[Desire]:
        for value in seen.all(RegistryValue):
            yield value.should(value=self.wanted[value.name])


def a_host(windows: Record) -> HostState:
    """One with this in the state of its Windows."""
    state = healthy_host()
    state.windows |= copy.deepcopy(windows)
    return state


def tell_both(
    hosts: PowerShellHosts, playbook: str, windows: Record, job: Job | None = None
) -> None:
    """The story on both engines, in so far as anything is changed; what was seen is the same."""
    case = Case(playbook=playbook, name="", title="generated", audit=Outcome.WOULD_CHANGE)
    state = a_host(windows)
    simulated = Teller(
        case, MemoryTransport({HOST.address: state}), HOST, state, job, compared=True
    )
    tell(simulated)
    with hosts.host(a_host(windows)) as (real, host, transport):
        powershell = Teller(case, transport, host, real, job, compared=True)
        tell(powershell)
    agree(powershell.seen, simulated.seen)


def tell(teller: Teller) -> None:
    start = teller.windows()
    if teller.audit("audit").outcome is not Outcome.WOULD_CHANGE:
        return
    report = teller.apply()
    assert report.outcome is Outcome.CHANGED, report.problem
    assert teller.rollback(teller.applied_run).outcome is Outcome.CHANGED
    teller.is_now("The host", start)


@pytest.mark.slow
@FEW
@given(tasks=TASKS)
def test_any_set_of_tasks(powershell: PowerShellHosts, tasks: list[Record]) -> None:
    tell_both(powershell, "schedule-fix", {"scheduled_tasks": tasks})


@pytest.mark.slow
@FEW
@given(values=VALUES)
def test_any_registry_values(
    powershell: PowerShellHosts, values: dict[str, tuple[Record | None, Record | None]]
) -> None:
    there = [{"name": name, **before} for name, (before, _) in values.items() if before is not None]
    playbook = SetValues({name: after for name, (_, after) in values.items()})
    job = Job((Task(playbook, PlaybookParams()),))
    tell_both(powershell, playbook.id, {"registry": [{"path": KEY, "values": there}]}, job)
