"""What every playbook promises, tried with every case on the simulated engine.

`tests/conformance` tells the same story of each case on the other engines and compares.
"""

import ast
import dis
import sys
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeVar

import pytest

from remediate.lab.state import HostState
from remediate.model.change import Change
from remediate.model.host import Auth, Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.run import Run, RunKind
from remediate.playbook.base import Playbook
from remediate.powershell.messages import Request
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import ConnectionLost, TimedOut
from tests.playbooks.cases import HERE, Case, read_cases
from tests.playbooks.story import CATALOGUE, Teller, edit, find, still, to_undo, writes

HOST = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
CASES = [case for case in read_cases() if "simulated" in case.engines]
CHANGING = [case for case in CASES if case.applied is Outcome.CHANGED]
MOST_SHAPES = 7
"""Of the changes of one playbook; each costs 50 stories."""
Item = TypeVar("Item")
PLAYBOOKS = [CATALOGUE.load(name) for name in sorted(CATALOGUE.entries)]


def teller(case: Case, transport: MemoryTransport | None = None) -> Teller:
    state = case.state()
    transport = transport or MemoryTransport({})
    transport.states = {HOST.address: state}
    return Teller(case, transport, HOST, state)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remediate.engine.host_run.RECOVERY_PAUSES", (0.0, 0.0))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case_is_audited_applied_proven_and_undone(case: Case) -> None:
    """A dry run changes nothing, apply is proven, nothing is left, and all of it can be undone."""
    teller(case).tell()


@pytest.mark.parametrize("case", CHANGING, ids=lambda case: case.id)
def test_each_property_that_somebody_else_edits_after_apply_is_kept_and_named(case: Case) -> None:
    one = teller(case)
    start = one.windows()
    changes = one.apply().applied
    changed = one.windows()
    for change in ends(changes):
        if change.reversible and case.goes_back:
            one.drift(start, changed, changes, change)


@pytest.mark.parametrize("error", [ConnectionLost, TimedOut], ids=lambda error: error.__name__)
@pytest.mark.parametrize(
    ("playbook", "every"),
    [
        *(pytest.param(one.id, False, id=one.id) for one in PLAYBOOKS),
        *(
            pytest.param(one.id, True, id=f"every case of {one.id}", marks=pytest.mark.slow)
            for one in PLAYBOOKS
        ),
    ],
)
def test_a_connection_that_is_lost_anywhere_in_a_write_ends_in_the_truth(
    playbook: str, every: bool, error: type[ConnectionLost | TimedOut]
) -> None:
    """Whatever part of a pipeline the host still carried out, the report says what is so.

    One case of each shape is enough for an ordinary run: to the engine the others are the same.
    """
    known: set[Hashable] = set()
    for case in CHANGING:
        if case.playbook == playbook:
            calm = teller(case)
            report = calm.apply()
            if every or shape(case, report) not in known:
                known.add(shape(case, report))
                lose_each(case, calm.recorder.requests, error)
    assert known
    assert len(known) <= MOST_SHAPES, "more cases than shapes: see `shape`"


def shape(case: Case, report: HostReport) -> Hashable:
    """What the engine sees of a change: of what, how it goes back, of how many, with files."""
    changes = report.applied
    return (
        frozenset((one.resource.kind, one.property, one.reversible, one.renews) for one in changes),
        min(3, len({one.resource for one in changes})),
        case.peer is not None or case.folder is not None,
        case.goes_back,
    )


def lose_each(case: Case, requests: Sequence[Request], error: type[ConnectionLost]) -> None:
    """Lose the connection in each pipeline that writes, after each of its calls, and for good."""
    try:
        for number, request in enumerate(requests[1:], start=2):
            for done in (-1, *ends(range(len(request.calls)))):
                lose(case, {number: Trouble(error, done)})
        later = dict.fromkeys(range(3, 20), Trouble(error))
        lose(case, {len(requests): Trouble(error, -1), **later})
    except BaseException as failure:
        failure.add_note(f"in case {case.id}")
        raise


def ends(several: Sequence[Item]) -> Sequence[Item]:
    """The first and last few; of thirty tasks the tenth is like the eleventh."""
    return several if len(several) <= 12 else [*several[:3], *several[-4:]]


def lose(case: Case, troubles: dict[int, Trouble]) -> None:
    """Apply with troubles at some pipelines, and see that what is reported is what is so."""
    transport = MemoryTransport({}, troubles.get)
    one = teller(case, transport)
    start = one.windows()
    report = one.apply()
    sent = writes(one.recorder.requests)
    assert no_write_twice(sent)
    transport.trouble = lambda _: None
    if report.outcome is Outcome.INDETERMINATE:
        [(_, report)] = one.engine.reconcile()
    assert report.outcome in {
        Outcome.CHANGED,
        Outcome.FAILED_UNCHANGED,
        Outcome.FAILED_CHANGED,
        Outcome.ROLLED_BACK,
    }
    if report.outcome is Outcome.CHANGED:
        found = one.audit("after trouble").plan
        assert found
        assert found.changes == ()
    changes = to_undo(one.store, one.applied_run)
    lasting = [change for change in changes if not change.reversible and is_so(one.state, change)]
    if case.goes_back:
        if report.outcome in {Outcome.CHANGED, Outcome.FAILED_CHANGED}:
            one.rollback(one.applied_run)
        one.is_now(start, lasting)
    assert one.state.lease is None


def is_so(state: HostState, change: Change) -> bool:
    """Whether a change is in force, if that can be seen."""
    return change.renews or find(state, change)[change.property] == change.after


def no_write_twice(requests: list[Request]) -> bool:
    """Whether no value was written to anything more than once."""
    calls = [
        repr((call.function, call.arguments))
        for request in requests
        for call in request.calls
        if call.function.startswith("Set-")
    ]
    return len(calls) == len(set(calls))


@pytest.mark.parametrize("case", CHANGING, ids=lambda case: case.id)
def test_a_host_that_moved_while_a_person_looked_is_left_alone(case: Case) -> None:
    """The plan that was agreed to is the plan that is carried out, or none is."""
    one = teller(case)
    started = one._run(RunKind.APPLY)
    moved: list[Any] = []

    def agree(plan: Plan) -> bool:
        edit(one.state, plan.changes[0])
        moved.append(one.resources())
        return True

    [report] = one.engine.apply([HOST], one.work, Run(**dict(started)), confirm=agree)
    assert report.outcome is not Outcome.CHANGED
    assert still(one.resources()) == still(moved[0])


# --- what the cases of a playbook have to cover -------------------------------------------------


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.id)
def test_the_cases_of_a_playbook_cover_what_every_fix_meets(playbook: Playbook[Any]) -> None:
    cases = [case for case in CASES if case.playbook == playbook.id]
    assert cases, f"there is no tests/playbooks/{playbook.id}.yaml"
    met = {
        "healthy": any(case.audit is Outcome.COMPLIANT for case in cases),
        "a fault that is repaired": any(case in CHANGING for case in cases),
        "a Korean host": any((case.culture or "").startswith("ko") for case in cases),
        "Server 2012 R2": any((case.os or "").startswith("6.3.") for case in cases),
        "reading denied": any("read" in case.denied.values() for case in cases),
        "writing denied": any("write" in case.denied.values() for case in cases),
    }
    assert [name for name, there in met.items() if not there] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.id)
def test_every_statement_of_a_playbook_is_reached_by_a_case(playbook: Playbook[Any]) -> None:
    """So every refusal, every guard and every piece of advice has been seen to be given."""
    path = Path(sys.modules[type(playbook).__module__].__file__ or "")
    reached: set[int] = set()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != str(path):
            return None
        if event == "line":
            reached.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    for case in CASES:
        if case.playbook == playbook.id:
            one = teller(case)
            sys.settrace(trace)
            try:
                one.audit("audit")
            finally:
                sys.settrace(before)
    text = path.read_text(encoding="utf-8")
    statements = {
        node.lineno
        for function in ast.walk(ast.parse(text))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.stmt) and node is not function
    }
    wanted = statements & set(_lines(compile(text, str(path), "exec"), inside=False))
    missed = sorted(wanted - reached)
    assert [f"{path.name}:{number}: {text.splitlines()[number - 1]}" for number in missed] == []


def _lines(code: CodeType, *, inside: bool) -> Iterator[int]:
    """Lines of the functions of a module on which something happens."""
    if inside:
        yield from (number for _, number in dis.findlinestarts(code) if number)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _lines(constant, inside=inside or not constant.co_name[0].isupper())


def test_every_file_of_cases_belongs_to_a_playbook() -> None:
    assert {path.stem for path in HERE.glob("*.yaml")} <= set(CATALOGUE.entries)


def test_an_engine_that_a_case_leaves_out_is_left_out_for_a_reason() -> None:
    assert [case.id for case in read_cases() if len(case.engines) == 1 and not case.why] == []


# --- what people read --------------------------------------------------------------------------


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.id)
def test_a_playbook_says_what_it_does_and_where_that_comes_from(playbook: Playbook[Any]) -> None:
    assert playbook.source.startswith("https://")
    assert playbook.title[0].isupper()
    assert (type(playbook).__doc__ or "").strip() not in {"", Playbook.__doc__}
    for name, field in playbook.params.model_fields.items():
        assert field.description, name
        assert not field.description.endswith("."), name
    assert set(playbook.after) <= set(CATALOGUE.entries)
