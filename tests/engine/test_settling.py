"""Changes that need longer than a write: gone on with, waited for, given up, and taken back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.settling import LONGEST_PAUSE
from remediate.lab.kinds import put, records
from remediate.model.event import Event, HostPhase, HostProgress, Phase
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.playbook import PlaybookParams
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.testing.transport import Trouble
from remediate.transport.errors import (
    AuthenticationFailed,
    CertificateRefused,
    ConnectionLost,
    Refused,
    TransportError,
)
from tests.engine.world import HOST, World, job_of
from tests.faults.half_way import ALL
from tests.faults.repairs import MOVED, SCANNED, Repair
from tests.faults.under_way import (
    PARTLY,
    VALUES,
    Interrupt,
    MoveAside,
    Pile,
    Scan,
    ScanIt,
    Scans,
    Time,
)

LEASE_ONLY = 1


@dataclass
class Slow(World):
    """A host on which things take their time, which only sleeping moves."""

    time: Time = field(default_factory=Time)
    events: list[Event] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.state.clock = self.time.now
        self.interrupted = Interrupt(self._sleep)
        self.settings = replace(self.settings, accept_irreversible=True)

    @property
    def engine(self) -> Engine:
        return replace(
            super().engine,
            sleep=self._sleep,
            clock=self.time.clock,
            now=self.time.now,
            emit=self.events.append,
            interrupted=self.interrupted,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept += [seconds] if seconds else []
        self.time.sleep(seconds)

    def pile(self) -> Any:
        [pile] = self.state.section("own_pile")
        return pile

    def scan(self) -> Any:
        [scan] = self.state.section("own_scan")
        return scan

    def values(self) -> list[str]:
        """What of the values that come after it is there."""
        found = self.sent_with("Set-RemediateRegistryValue")
        return [str(call.arguments["after"]["value"]) for call in found]

    def all(self) -> list[Any]:
        """What a run may change, as it is now."""
        values = [name.model_dump() for name in VALUES]
        found = records(self.state, "registry_value", values=values)
        return [found, records(self.state, "own_pile"), records(self.state, "own_scan")]

    def sent_with(self, function: str) -> list[Any]:
        calls = (call for request in self.transport.requests for call in request.calls)
        return [call for call in calls if call.function == function]

    def progress(self) -> list[tuple[Phase, int, int]]:
        found = (event for event in self.events if isinstance(event, HostProgress))
        return [(one.phase, one.done, one.total) for one in found]


def world_of(repair: Repair) -> Slow:
    return Slow(repair.state())


@pytest.fixture
def moved() -> Slow:
    return world_of(MOVED)


@pytest.fixture
def scanned() -> Slow:
    return world_of(SCANNED)


def lost(calls: int) -> Trouble:
    return Trouble(ConnectionLost, calls)


# --- in parts ---------------------------------------------------------------------------------


def test_what_is_written_in_parts_is_sent_again_with_what_was_read(moved: Slow) -> None:
    """Seven files, three at a time; what comes after it waits for all of them."""
    report = moved.apply(MOVED.job)
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.OK)
    sent = moved.sent_with("Set-RemediateOwnPile")
    assert [call.arguments["before"]["place"] for call in sent] == ["there", "partly", "partly"]
    assert {call.seconds for call in sent} == {30.0}
    assert [change.property for change in report.applied] == ["place", "value"]
    assert (moved.pile()["moved"], moved.slept) == (7, [])
    assert moved.progress() == [(Phase.APPLY, 3, 7), (Phase.APPLY, 6, 7)]
    assert moved.state.lease is None
    assert len(moved.transport.requests) == 4  # one more for each further part
    assert moved.transport.opened == 1
    [receipt] = moved.state.receipts
    first = receipt["changes"][0]
    assert (first["before"], first["after"]) == ("there", "aside")


class Sealed(MoveAside):
    """It is moved with a key, and has nothing to say of one that is half-way."""

    id = "sealed"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        if seen.one(Pile).place != PARTLY:
            yield seen.one(Pile).should(place="aside", key=SecretStr("the-key"))


def test_each_part_is_written_with_what_the_playbook_has_given_first(moved: Slow) -> None:
    report = moved.apply(job_of(Sealed()))
    assert (report.outcome, moved.pile()["keys"]) == (Outcome.CHANGED, ["the-key"] * 3)


def test_a_part_may_only_take_its_share_of_a_short_time(moved: Slow) -> None:
    moved.settings = replace(moved.settings, timeout=20)
    moved.apply(MOVED.job)
    assert {call.seconds for call in moved.sent_with("Set-RemediateOwnPile")} == {5.0}


@pytest.mark.parametrize("calls", [0, LEASE_ONLY, 2, ALL])
@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_part_whose_answer_is_lost_is_looked_at_and_gone_on_with(
    moved: Slow, number: int, calls: int
) -> None:
    moved.trouble = {number: lost(calls)}.get
    report = moved.apply(MOVED.job)
    begun = number > 2 or calls in (2, ALL)
    assert report.outcome is (Outcome.CHANGED if begun else Outcome.FAILED_UNCHANGED)
    assert moved.pile()["moved"] == (7 if begun else 0)
    assert moved.state.lease is None


def test_what_fails_half_way_is_taken_back_in_parts_to_where_it_began(moved: Slow) -> None:
    moved.state.changed = lambda: moved.pile().update(
        fault="disk full" if moved.pile()["moved"] == 6 else ""
    )
    report = moved.apply(MOVED.job)
    assert (report.outcome, report.exit_code) == (Outcome.ROLLED_BACK, ExitCode.FAILED)
    assert report.problem
    assert (
        report.problem.message
        == "verification failed: the host does not read back as planned: disk full"
    )
    assert (moved.pile()["moved"], moved.values()) == (0, [moved.values()[0]] * 2)
    sent = moved.sent_with("Set-RemediateOwnPile")
    assert [call.arguments["after"]["place"] for call in sent] == [*["aside"] * 2, *["there"] * 2]
    assert (Phase.ROLLBACK, 4, 7) in moved.progress()


def test_a_rollback_goes_in_parts_to_the_snapshot_of_the_first_write(moved: Slow) -> None:
    moved.apply(MOVED.job)
    [report] = moved.rollback()
    assert (report.outcome, moved.pile()["moved"]) == (Outcome.CHANGED, 0)
    assert (Phase.APPLY, 3, 7) in moved.progress()


def test_parts_that_move_nothing_are_paused_between_until_the_time_is_up(moved: Slow) -> None:
    """What became of it is unknown, not failed: a person may close the file that is in use."""
    moved.pile()["busy"] = 3
    report = moved.apply(MOVED.job)
    assert (report.outcome, report.exit_code) == (Outcome.INDETERMINATE, ExitCode.NEEDS_PERSON)
    assert report.problem
    assert report.problem.message == "it has not come about within 600 s, 3 of 7 files done"
    assert moved.slept[:5] == [5, 10, 20, 40, 60]
    assert (max(moved.slept), sum(moved.slept)) == (LONGEST_PAUSE, 600)
    assert "it was still under way when its time was up" in said(report)
    [(_, open_)] = moved.store.open_intents(indeterminate=True)
    assert open_.intent
    assert open_.intent.until
    assert (open_.intent.until - open_.intent.recorded).total_seconds() == 600


def said(report: HostReport) -> str:
    subject = Subject(command="apply", hosts=[report.host], run="run-1")
    return "\n".join("".join(t for t, _ in each.spans) for each in host_lines(report, subject))


def test_what_was_given_up_half_way_is_closed_by_reconcile_and_taken_back(moved: Slow) -> None:
    moved.pile()["busy"] = 3
    start = [dict(one) for one in moved.state.section("own_pile")]
    moved.apply(MOVED.job)
    slept = len(moved.slept)
    [(_, closed)] = moved.engine.reconcile()
    assert closed.outcome is Outcome.FAILED_CHANGED
    assert [change.property for change in closed.applied] == ["place"]
    assert len(moved.slept) == slept  # nobody is at work on it
    del moved.pile()["busy"]
    [undone] = moved.rollback()
    assert undone.outcome is Outcome.CHANGED
    assert moved.pile()["moved"] == start[0]["moved"]


def test_a_half_way_value_is_nothing_to_put_back_and_the_plan_says_so(moved: Slow) -> None:
    """A further run may go on with it, and its rollback could only stop there."""
    moved.pile()["moved"] = 4
    moved.settings = replace(moved.settings, accept_irreversible=False)
    report = moved.apply(MOVED.job)
    assert (report.outcome, moved.pile()["moved"]) == (Outcome.REFUSED, 4)
    assert report.plan
    assert report.plan.irreversible == ("the place of pile old as it is now",)
    moved.settings = replace(moved.settings, accept_irreversible=True)
    assert moved.apply(MOVED.job).outcome is Outcome.CHANGED
    [undone] = moved.rollback("run-2")
    assert (undone.outcome, moved.pile()["moved"]) == (Outcome.CHANGED, 7)


def test_what_somebody_else_changes_meanwhile_is_not_written_over(moved: Slow) -> None:
    def interfere() -> None:
        if moved.pile()["moved"] == 3:
            moved.state.section("own_pile")[0]["total"] = 3  # somebody has deleted the rest
            moved.state.changed = None

    moved.state.changed = interfere
    report = moved.apply(MOVED.job)
    assert report.outcome is Outcome.CHANGED
    assert len(moved.sent_with("Set-RemediateOwnPile")) == 1


def test_nothing_more_is_written_once_the_lease_is_lost(
    moved: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has it now may be at work on the same files."""
    other: Callable[..., Any] = moved.store.take_lease

    def take(host: str, run: str, owner: str, now: Any, ttl: Any) -> Any:
        if moved.pile()["moved"]:
            moved.store.release_lease(host, run)
            other(host, "run-9", "eve@there", now, ttl)
        return other(host, run, owner, now, ttl)

    monkeypatch.setattr(moved.store, "take_lease", take)
    report = moved.apply(MOVED.job)
    assert report.outcome is Outcome.INDETERMINATE
    assert report.problem
    assert "run run-9 (eve@there)" in report.problem.message
    assert moved.pile()["moved"] == 3


def test_what_somebody_else_has_set_meanwhile_is_kept(moved: Slow) -> None:
    """The value that comes after the pile: to go on would be to write over it."""

    def interfere() -> None:
        if moved.pile()["moved"] == 6:
            value = {r"HKLM\SOFTWARE\Contoso\Before": "theirs"}
            put(moved.state, {"registry_value": value})

    moved.state.changed = interfere
    report = moved.apply(MOVED.job)
    assert (report.outcome, moved.pile()["moved"]) == (Outcome.ROLLED_BACK, 0)
    assert [change.property for change in report.applied] == []
    sent = moved.sent_with("Set-RemediateOwnPile")
    assert [call.arguments["after"]["place"] for call in sent] == [*["aside"] * 2, *["there"] * 2]
    [value, _], *_ = moved.all()
    assert value["value"] == {"type": "String", "data": "theirs"}


def test_reconcile_writes_no_further_part(moved: Slow) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, HostProgress):
            raise KilledError

    with pytest.raises(KilledError):
        list(replace(moved.engine, emit=kill).apply([HOST], MOVED.job, moved.run()))
    [(_, report)] = moved.engine.reconcile()
    assert (report.outcome, moved.pile()["moved"]) == (Outcome.FAILED_CHANGED, 3)
    assert len(moved.sent_with("Set-RemediateOwnPile")) == 1


class KilledError(BaseException):
    """The controller is gone."""


def test_a_plan_says_how_long_it_may_take(moved: Slow) -> None:
    [dry] = moved.engine.audit([HOST], MOVED.job)
    assert "time: up to 10 min" in said(dry)


# --- what goes on by itself ---------------------------------------------------------------------


def test_what_goes_on_by_itself_is_looked_at_with_pauses_and_new_sessions(scanned: Slow) -> None:
    report = scanned.apply(SCANNED.job)
    assert report.outcome is Outcome.CHANGED
    assert scanned.slept == [10, 20, 40, 60]
    assert len(scanned.sent_with("Set-RemediateOwnScan")) == 1  # begun once
    assert scanned.progress()[:3] == [
        (Phase.APPLY, 0, 100),
        (Phase.APPLY, 10, 100),
        (Phase.APPLY, 30, 100),
    ]
    assert scanned.transport.opened == scanned.transport.closed == 1 + len(scanned.slept)
    assert scanned.values() == [scanned.values()[0]] * 2  # put off, then written
    assert scanned.state.lease is None


def test_the_leases_are_renewed_while_it_goes_on(scanned: Slow) -> None:
    """Here for half a day, which is longer than any lease."""
    scanned.scan()["seconds"] = 500
    held = []
    scanned.state.changed = lambda: held.append(scanned.state.lease)
    assert scanned.apply(SCANNED.job).outcome is Outcome.CHANGED
    fences = [call.arguments["fence"] for call in scanned.sent_with("Lock-RemediateLease")]
    assert fences == sorted(set(fences))
    assert len(fences) > 8


def test_a_host_that_is_away_meanwhile_is_waited_for(scanned: Slow) -> None:
    def away(number: int) -> Trouble | None:
        gone = scanned.scan().get("wanted") and scanned.time.seconds < 80
        return Trouble(Refused, after_send=False) if gone else None

    scanned.trouble = away
    report = scanned.apply(SCANNED.job)
    assert report.outcome is Outcome.CHANGED


@pytest.mark.parametrize("kind", [AuthenticationFailed, CertificateRefused])
def test_a_host_that_has_taken_the_logon_before_and_does_not_now_is_left_alone(
    scanned: Slow, kind: type[TransportError]
) -> None:
    """To try again and again could lock the account."""

    def refused(number: int) -> Trouble | None:
        return Trouble(kind, after_send=False) if number > 2 else None

    scanned.trouble = refused
    report = scanned.apply(SCANNED.job)
    assert report.outcome is Outcome.INDETERMINATE
    assert len(scanned.transport.requests) == 3


def test_what_fails_by_itself_is_taken_back(scanned: Slow) -> None:
    scanned.state.changed = lambda: scanned.scan().update(
        fault="the disk is gone" if scanned.scan().get("wanted") == "clean" else ""
    )
    report = scanned.apply(SCANNED.job)
    assert report.outcome is Outcome.ROLLED_BACK
    assert "the disk is gone" in said(report)
    assert scanned.scan()["wanted"] == "dirty"


class OnlyScan(ScanIt):
    """A scan, and nothing after it."""

    id = "only-scan"

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [Scans(name="C:")]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.one(Scan).should(result="clean")


def test_what_is_only_begun_leaves_a_receipt_whatever_is_written_with_it(scanned: Slow) -> None:
    class Deep(OnlyScan):
        """A scan of all, which is said in the same write."""

        id = "deep"

        def decide(self, seen: Any, params: PlaybookParams) -> Any:
            yield seen.one(Scan).should(depth="full", result="clean")

    report = scanned.apply(job_of(Deep()))
    assert (report.outcome, scanned.scan()["depth"]) == (Outcome.CHANGED, "full")
    [receipt] = scanned.state.receipts
    assert [change["property"] for change in receipt["changes"]] == ["depth", "result"]


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(100, Outcome.CHANGED), (3000, Outcome.FAILED_CHANGED)],
    ids=["in time", "never"],
)
def test_reconcile_waits_for_what_a_killed_run_has_begun(
    scanned: Slow, seconds: int, outcome: Outcome
) -> None:
    """As long as that run would have, and not for ever."""

    def kill(event: Event) -> None:
        scanned.events.append(event)
        if isinstance(event, HostProgress):
            raise KilledError

    scanned.scan()["seconds"] = seconds
    job = job_of(OnlyScan())
    with pytest.raises(KilledError):
        list(replace(scanned.engine, emit=kill).apply([HOST], job, scanned.run()))
    scanned.events.clear()
    [(_, report)] = scanned.engine.reconcile()
    assert report.outcome is outcome
    assert {phase for phase, _, _ in scanned.progress()} == {Phase.RECOVER}
    assert len(scanned.sent_with("Set-RemediateOwnScan")) == 1
    assert scanned.store.open_intents(indeterminate=True) == []
    assert scanned.time.seconds <= 600


# --- Ctrl-C ---------------------------------------------------------------------------------------


@pytest.fixture
def pressed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody presses Ctrl-C in the first pause."""
    scanned: Slow = request.getfixturevalue("scanned")
    sleep = scanned.time.sleep

    def press(seconds: float) -> None:
        sleep(seconds / 2)
        scanned.interrupted.set()

    monkeypatch.setattr(scanned.time, "sleep", press)


@pytest.mark.usefixtures("pressed")
def test_ctrl_c_ends_a_pause_and_says_how_to_find_out(scanned: Slow) -> None:
    report = scanned.apply(job_of(OnlyScan()))
    assert (report.outcome, report.exit_code) == (Outcome.INDETERMINATE, ExitCode.NEEDS_PERSON)
    assert report.problem
    assert report.problem.message == (
        "it was still coming about when the run was interrupted, 0 of 100 % done"
    )
    assert "remediate runs reconcile" in report.problem.hint
    assert (scanned.slept, len(scanned.transport.requests)) == ([10], 2)
    [(_, left)] = scanned.engine.reconcile()  # and nobody waits for it now either
    assert left.problem
    assert (left.outcome, left.problem.code) == (Outcome.INDETERMINATE, "interrupted")
    scanned.interrupted.clear()
    scanned.time.seconds += 100
    [(_, closed)] = scanned.engine.reconcile()
    assert closed.outcome is Outcome.CHANGED


def test_after_ctrl_c_the_present_part_ends_and_no_other_is_begun(moved: Slow) -> None:
    moved.state.changed = moved.interrupted.set
    report = moved.apply(MOVED.job)
    assert (report.outcome, moved.pile()["moved"]) == (Outcome.INDETERMINATE, 3)
    moved.state.changed = None
    moved.interrupted.clear()
    [(_, closed)] = moved.engine.reconcile()
    assert (closed.outcome, moved.pile()["moved"]) == (Outcome.FAILED_CHANGED, 3)
    assert moved.apply(MOVED.job).outcome is Outcome.CHANGED


# --- however it is cut off ----------------------------------------------------------------------


@settings(max_examples=25)
@given(
    repair=st.sampled_from([MOVED, SCANNED]),
    lost_at=st.dictionaries(st.integers(2, 14), st.sampled_from([0, 1, 2, 3, ALL]), max_size=4),
    total=st.integers(1, 20),
)
def test_however_often_it_is_cut_off_it_is_told_as_it_is_and_can_be_taken_back(
    repair: Repair, lost_at: dict[int, int], total: int
) -> None:
    world = world_of(repair)
    for pile in world.state.section("own_pile"):
        pile["total"] = total
    start = world.all()
    world.trouble = lambda number: lost(lost_at[number]) if number in lost_at else None
    report = world.apply(repair.job)
    world.trouble = lambda _: None
    if report.outcome is Outcome.INDETERMINATE:
        [(_, report)] = world.engine.reconcile()
    assert report.outcome in {
        Outcome.CHANGED,
        Outcome.FAILED_UNCHANGED,
        Outcome.ROLLED_BACK,
        Outcome.FAILED_CHANGED,
    }
    if report.outcome in {Outcome.CHANGED, Outcome.FAILED_CHANGED}:
        world.rollback()
    world.time.sleep(100)
    assert world.all() == start


def test_phases_are_told_for_each_part(moved: Slow) -> None:
    moved.apply(MOVED.job)
    phases = [event.phase for event in moved.events if isinstance(event, HostPhase)]
    assert phases == [Phase.OBSERVE, Phase.APPLY, Phase.APPLY, Phase.APPLY]
