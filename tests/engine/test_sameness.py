"""What means the same to Windows is the same everywhere: a resource says so once, for all paths."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.engine.job import Settings
from remediate.lab.state import HostState
from remediate.model.base import JsonValue
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.playbook import Playbook, PlaybookParams
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryValue
from remediate.testing.transport import Trouble
from remediate.transport.errors import ConnectionLost
from tests.engine.world import HOST, World, job_of
from tests.faults.repairs import InTheList

NAMES = st.text("abcXYZ", min_size=1, max_size=4)
REWRITES = st.sampled_from([str.upper, str.lower, str.swapcase, str])
Rewrite = Callable[[str], str]
LEASE_AND_WRITE = 2


class Sign(Resource):
    """A sign whose text Windows writes in any case, with a clock that jitters.

    Args:
        id: which one.
        text: what it says; case makes no difference.
        hung: when it was hung up, in seconds; two readings differ by one.
        saved: how often it was saved; Windows' own business.
        owner: who put it up, as a name or as a number that only a domain knows.
        colour: how it looks.
    """

    kind = "test_sign"
    noun = "sign"
    function = "TestSign"
    reader, writer = RegistryValue.reader, RegistryValue.writer
    identity = ("id",)
    settable = frozenset({"text", "hung"})

    id: str
    text: str
    hung: int | None = 100
    saved: int = 0
    owner: str = "ada"
    colour: str = "red"

    @classmethod
    def query(cls, key: Any) -> "Signs":
        del key
        return Signs()

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        if name == "text" and isinstance(one, str) and isinstance(other, str):
            return one.casefold() == other.casefold()
        if name == "hung" and isinstance(one, int) and isinstance(other, int):
            return abs(one - other) <= 1
        if name == "owner" and one != other and "7" in (one, other):
            return None
        return one == other

    @classmethod
    def bookkeeping(cls, name: str) -> bool:
        return name == "saved"

    def compared(self) -> dict[str, JsonValue]:
        return {name: value for name, value in super().compared().items() if name != "hung"}


class Signs(Query):
    """All signs."""

    resource = Sign


class Says(Playbook[PlaybookParams]):
    """A sign has to say something."""

    id = "says"
    title = "Let the sign say something"
    source = "https://example.com/kb/sign"
    wanted = "open"

    def observe(self, params: PlaybookParams) -> list[Signs]:
        return [Signs()]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.one(Sign).should(text=self.wanted)


class Hangs(Says):
    """A sign has to be hung up again; content with any other time than the one it had."""

    id = "hangs"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        if seen.one(Sign).hung == 100:
            yield seen.one(Sign).should_renew("hung", "hung up again")


def says(text: str, name: str = "says") -> Says:
    playbook = type("Saying", (Says,), {"id": name})()
    playbook.wanted = text
    return playbook


@dataclass
class Windows:
    """A host with a sign; it rewrites what it is given, and moves something else with it."""

    text: str
    rewrite: Rewrite = str
    moved: dict[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sign = Sign(id="1", text=self.text).model_dump(mode="json")
        state = HostState("SRV01", {"test_sign": [self.sign]}, changed=self._changed)
        self.world = World(state, settings=Settings(operator="ada@here", accept_irreversible=True))
        self._known = (self.text, self.sign["hung"])

    def _changed(self) -> None:
        if (self.sign["text"], self.sign["hung"]) != self._known:
            self.becomes(self.rewrite(self.sign["text"]))
            self.sign.update(self.moved)

    def becomes(self, text: str) -> None:
        self.sign["text"] = text
        self._known = (text, self.sign["hung"])


def same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


@pytest.fixture(autouse=True, scope="module")
def no_waiting() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.0))
        yield


@given(text=NAMES, wanted=NAMES, rewrite=REWRITES)
def test_what_is_the_same_is_not_changed_and_what_is_rewritten_is_proven_and_undone(
    text: str, wanted: str, rewrite: Rewrite
) -> None:
    windows = Windows(text, rewrite)
    world, job = windows.world, job_of(says(wanted))
    report = world.apply(job)
    if same(text, wanted):
        assert report.outcome is Outcome.COMPLIANT
        assert windows.sign["text"] == text
        return
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.OK)
    assert len(report.applied) == 1
    assert windows.sign["text"] == rewrite(wanted)
    [audit] = world.engine.audit([HOST], job)
    assert audit.outcome is Outcome.COMPLIANT

    windows.becomes(windows.sign["text"].swapcase())  # nobody's conflict
    [back] = world.rollback()
    assert (back.outcome, back.plan and back.plan.conflicts) == (Outcome.CHANGED, ())
    assert same(windows.sign["text"], text)
    [again] = world.rollback()
    assert again.outcome is Outcome.COMPLIANT


@given(text=NAMES, wanted=NAMES, rewrite=REWRITES, calls=st.sampled_from([0, 1, 2, -1]))
def test_what_became_of_a_lost_write_is_told_by_meaning(
    text: str, wanted: str, rewrite: Rewrite, calls: int
) -> None:
    """At once, and by a reconcile of a run that could not look any more."""
    made = calls in (LEASE_AND_WRITE, -1)
    for away in (False, True):
        world = Windows(text, rewrite).world
        lost = Trouble(ConnectionLost, calls)
        world.trouble = lambda n, lost=lost, away=away: (  # type: ignore[misc]
            lost if n == 2 else Trouble(ConnectionLost) if away and n > 2 else None
        )
        report = world.apply(job_of(says(wanted)))
        if same(text, wanted):
            assert report.outcome is Outcome.COMPLIANT
            continue
        if away:
            assert report.outcome is Outcome.INDETERMINATE
            world.trouble = lambda _: None
            [(_, report)] = world.engine.reconcile()
        assert report.outcome is (Outcome.CHANGED if made else Outcome.FAILED_UNCHANGED)


@given(text=NAMES, wanted=NAMES)
def test_two_wishes_that_mean_the_same_are_one(text: str, wanted: str) -> None:
    [report] = Windows(text).world.engine.audit(
        [HOST], job_of(says(wanted), says(wanted.swapcase(), "says-too"))
    )
    assert report.plan is not None
    assert report.plan.refusals == ()
    assert len(report.plan.changes) == (not same(text, wanted))


def test_a_plan_stands_while_its_host_is_the_same_in_meaning() -> None:
    windows = Windows("closed")

    def look(_: object) -> bool:
        windows.becomes("CLOSED")
        return True

    report = windows.world.apply(job_of(says("open")), look)
    assert report.outcome is Outcome.CHANGED
    assert [change.before for change in report.applied] == ["CLOSED"]


@pytest.mark.parametrize(("hung", "outcome"), [(101, "failed_unchanged"), (500, "changed")])
def test_a_jitter_is_no_renewal(hung: int, outcome: str) -> None:
    windows = Windows("open", moved={"hung": hung})
    assert windows.world.apply(job_of(Hangs())).outcome == outcome


@pytest.mark.parametrize("rewrite", [str, str.upper, str.swapcase])
def test_a_member_whose_name_is_written_in_another_case_is_the_one_that_was_added(
    rewrite: Rewrite,
) -> None:
    listed = [{"list": "exclusions", "name": "Theirs", "present": True}]
    state = HostState("SRV01", {"list_member": listed})
    world = World(state)

    def written() -> None:
        for member in state.windows["list_member"]:
            if member["name"] in InTheList.wanted:
                member["name"] = rewrite(member["name"])

    state.changed = written
    report = world.apply(job_of(InTheList()))
    assert report.outcome is Outcome.CHANGED
    names = {rewrite(name) for name in InTheList.wanted}
    assert {one["name"] for one in state.windows["list_member"]} == {"Theirs", *names}
    [back] = world.rollback()
    assert back.outcome is Outcome.CHANGED
    assert [one["name"] for one in state.windows["list_member"]] == ["Theirs"]


def _lines(report: HostReport) -> list[str]:
    shown = host_lines(report, Subject("apply", ("SRV01",), run="run-1"))
    return ["".join(text for text, _ in line.spans) for line in shown]


def test_what_windows_keeps_for_itself_is_a_note_and_not_undone() -> None:
    report = Windows("closed", moved={"saved": 1}).world.apply(job_of(says("open")))
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.OK)
    assert [(found.property, found.untold) for found in report.noted] == [("saved", False)]
    note = "note: Windows also keeps that it was written: sign 1: saved was 0 and is 1"
    assert note in _lines(report)


def test_what_cannot_be_told_is_left_and_a_person_looks_at_it() -> None:
    report = Windows("closed", moved={"owner": "7"}).world.apply(job_of(says("open")))
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.PENDING)
    assert [(found.property, found.untold) for found in report.noted] == [("owner", True)]
    note = (
        "note: sign 1: owner was ada and is 7; whether that means the same cannot be told: "
        "look at it"
    )
    assert note in _lines(report)


def test_any_other_difference_is_damage_and_undone_as_far_as_it_can_be() -> None:
    windows = Windows("closed", moved={"colour": "blue", "saved": 1})
    report = windows.world.apply(job_of(says("open")))
    assert report.outcome is Outcome.FAILED_CHANGED
    assert [found.property for found in report.differing] == ["colour"]
    assert [found.property for found in report.noted] == ["saved"]
    assert windows.sign["text"] == "closed"
