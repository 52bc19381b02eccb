"""What every playbook promises, tried with every case on the simulated engine.

`tests/conformance` tells the same story of each case on the other engines and compares.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from remediate.engine.recorded import writes_of
from remediate.model.outcome import Outcome
from remediate.model.problem import Problem
from remediate.playbook.base import Playbook
from remediate.resources.base import resource_type
from remediate.testing import Case, lose_connection, tell, unreached
from remediate.testing.case import catalogue
from remediate.testing.promises import ERRORS
from remediate.testing.story import Teller
from remediate.transport.errors import ConnectionLost, TimedOut
from tests.drawn import drawn
from tests.playbooks.known import ALL, some_of_each
from tests.playbooks.known import SIMULATED as CASES

CHANGING = [case for case in CASES if case.changes_something]
FAULTS = {Outcome.ATTENTION, Outcome.WOULD_CHANGE}
ORDINARY = list({case.playbook: case for case in CHANGING}.values())
"""The last case of each playbook in which something is changed: what costs many stories is tried
with these, or with some of them, in an ordinary run, and in the slow one with others as well."""
PLAYBOOKS = [catalogue().load(name) for name in sorted(catalogue().entries)]
WRITING = [playbook for playbook in PLAYBOOKS if not playbook.only_looks]


LONG = {"volume-repair/takes-time"}
"""What is looked at so often that to lose the connection each time takes a minute."""


def _changing(ordinary: Sequence[Case], more: int) -> list[Any]:
    """The last of each playbook, of which an ordinary run tries some, and so many others of it."""
    often = {case.id for case in ordinary}
    last = {case.id for case in ORDINARY}
    others = [case for case in CHANGING if case.id not in last]
    some = [case for case in some_of_each(others, more) if case.id not in LONG]
    return [
        pytest.param(case, id=case.id, marks=() if case.id in often else pytest.mark.slow)
        for case in (*ORDINARY, *some)
    ]


OFTEN = {case.id for case in some_of_each(CASES, 4)}
"""Cases that an ordinary run tells, too; each audits all of them."""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.id, marks=() if case.id in OFTEN else pytest.mark.slow)
        for case in CASES
    ],
)
def test_every_case_is_audited_applied_proven_and_undone(case: Case) -> None:
    """An audit changes nothing, apply is proven, nothing is left, and all of it can be undone."""
    Teller.in_memory(case, short=True).tell()


@pytest.mark.parametrize("case", _changing(ORDINARY, 3))
def test_the_whole_story_of_a_case(case: Case) -> None:
    """So is a rollback, after a dry run that changes nothing; what somebody edits is kept.

    Each of the changed properties is edited, and named; and the plan that was agreed to is carried
    out, or none is.
    """
    tell(case)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            error, marks=[pytest.mark.slow] if error is TimedOut else [], id=error.__name__
        )
        for error in ERRORS
    ],
)
@pytest.mark.parametrize("case", _changing(drawn(ORDINARY, 8, "lost"), 1))
def test_a_connection_that_is_lost_anywhere_in_a_write_ends_in_the_truth(
    case: Case, error: type[ConnectionLost | TimedOut]
) -> None:
    """Whatever part of a pipeline the host still carried out, the report says what is so."""
    lose_connection(case, error)


# --- what the cases of a playbook have to cover -------------------------------------------------


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.id)
def test_the_cases_of_a_playbook_cover_what_every_one_meets(playbook: Playbook[Any]) -> None:
    own = [case for case in CASES if case.playbook == playbook.id]
    assert own, f"there is no tests/playbooks/{playbook.id}.yaml"
    met = {
        "healthy": any(case.audit is Outcome.COMPLIANT for case in own),
        "a fault": any(case.audit in FAULTS for case in own),
        "a Korean host": any((case.culture or "").startswith("ko") for case in own),
        "Server 2012 R2": any((case.os or "").startswith("6.3.") for case in own),
        "reading denied": any("read" in case.denied.values() for case in own),
    }
    if not playbook.only_looks:
        met["a fault that is repaired"] = any(case in CHANGING for case in own)
        met["writing denied"] = any("write" in case.denied.values() for case in own)
    assert [name for name, there in met.items() if not there] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.id)
def test_every_statement_and_rule_is_reached_by_a_case(
    playbook: Playbook[Any],
) -> None:
    """So every refusal, every guard and every piece of advice has been seen to be given."""
    assert unreached([case for case in CASES if case.playbook == playbook.id]) == []


@pytest.mark.parametrize("playbook", WRITING, ids=lambda playbook: playbook.id)
def test_whatever_a_playbook_may_write_is_written_by_a_case(playbook: Playbook[Any]) -> None:
    """A record that somebody has planted can have nothing else written: see `Playbook.writes`."""
    own = [case for case in CHANGING if case.playbook == playbook.id]
    may = writes_of(own[0].job())[playbook.id]
    assert not isinstance(may, Problem)
    assert {kind for kind in may if resource_type(kind).settable} == {
        change.resource.kind for case in own for change in Teller.in_memory(case).apply().applied
    }


def test_an_engine_that_a_case_leaves_out_is_left_out_for_a_reason() -> None:
    assert [case.id for case in ALL if len(case.engines) == 1 and not case.why] == []


# --- what people read --------------------------------------------------------------------------


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.id)
def test_a_playbook_says_what_it_does_and_where_that_comes_from(playbook: Playbook[Any]) -> None:
    assert playbook.source.startswith("https://")
    assert playbook.title[0].isupper()
    assert (type(playbook).__doc__ or "").strip() not in {"", Playbook.__doc__}
    for name, field in playbook.params.model_fields.items():
        assert field.description, name
        assert not field.description.endswith("."), name
    assert set(playbook.after) <= set(catalogue().entries)
