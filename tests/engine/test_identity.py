"""A verdict about a computer comes from that computer, whatever answers at its address."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from remediate.engine.job import Job
from remediate.lab.hosts import make_state
from remediate.lab.kinds import everything, put
from remediate.lab.kinds.agent_module import practice_files
from remediate.lab.kinds.registry_value import MACHINE_GUID
from remediate.lab.state import HostState
from remediate.model.computer import Computer, Sameness, compare
from remediate.model.host import Host
from remediate.model.outcome import ExitCode, Outcome
from remediate.powershell.messages import Reply, Request
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import ConnectionLost
from remediate.transport.protocol import Deadline
from tests.engine.restoring import PEER, TARGET, Restoring, host_state
from tests.engine.world import HOST, NOW, IgnoreNew, World, job_of

A, B = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture
def world() -> World:
    return World()


# --- which computer it is -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        (("SRV01", A), ("SRV01", A), Sameness.SAME),
        (("SRV01", A), ("srv01", A.upper()), Sameness.SAME),
        (("SRV01", "{" + A + "}"), ("SRV01", A), Sameness.SAME),
        (("SRV01", A), ("SRV02", A), Sameness.RENAMED),
        (("SRV01", A), ("SRV01", B), Sameness.OTHER),
        (("SRV01", A), ("SRV02", B), Sameness.OTHER),
        (("SRV01", A), ("SRV01", ""), Sameness.BY_NAME),
        (("SRV01", ""), ("SRV01", B), Sameness.BY_NAME),
        (("SRV01", ""), ("SRV02", B), Sameness.OTHER),
        (("", A), ("SRV02", A), Sameness.SAME),
        (("", A), ("SRV02", B), Sameness.OTHER),
    ],
)
def test_a_computer_is_known_by_its_guid_and_its_name(
    expected: tuple[str, str], found: tuple[str, str], same: Sameness
) -> None:
    one, other = (Computer(name=name, guid=guid) for name, guid in (expected, found))
    assert compare(one, other) is same


@pytest.mark.parametrize(
    ("found", "accepted"),
    [
        (("SRV02", A), Sameness.SAME),
        (("SRV02", ""), Sameness.BY_NAME),
        (("SRV02", B), Sameness.OTHER),
    ],
)
def test_a_new_name_is_accepted_of_the_same_computer_only(
    found: tuple[str, str], accepted: Sameness
) -> None:
    name, guid = found
    now = Computer(name=name, guid=guid)
    assert compare(Computer(name="SRV01", guid=A), now, {"srv01"}) is accepted


# --- renamed on purpose, and records that know less ---------------------------------------------


def rename(world: World, name: str = "SRV77") -> None:
    world.state.name = name


def accepting(world: World, *old: str) -> None:
    world.settings = replace(world.settings, renamed=frozenset(old))


def lose(world: World) -> None:
    """Hear nothing any more from the write on, which is carried out."""
    world.trouble = lambda n: Trouble(ConnectionLost, -1) if n > 1 else None


NOTE = "It was recorded as SRV01 and is SRV77 now, accepted by --renamed."


def test_a_renamed_computer_is_rolled_back_when_somebody_says_so(world: World, job: Job) -> None:
    start = world.state.without_traces()
    world.apply(job)
    rename(world)
    [refused] = world.rollback()
    assert (refused.outcome, refused.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert refused.problem
    assert refused.problem.code == "renamed"
    assert "--renamed SRV01" in refused.problem.hint
    accepting(world, "srv01")
    for dry_run in (True, False):
        [report] = world.rollback(dry_run=dry_run)
        assert report.notes == (NOTE,)
    assert report.outcome is Outcome.CHANGED
    assert world.state.without_traces() == start
    assert world.state.lease is None


def test_a_renamed_computer_is_reconciled_when_somebody_says_so(world: World, job: Job) -> None:
    lose(world)
    assert world.apply(job).outcome is Outcome.INDETERMINATE
    world.trouble = lambda _: None
    rename(world)
    [(_, left)] = world.engine.reconcile()
    assert left.outcome is Outcome.INDETERMINATE
    assert left.problem
    assert (left.problem.code, "--renamed SRV01" in left.problem.hint) == ("renamed", True)
    accepting(world, "SRV01")
    [(_, closed)] = world.engine.reconcile()
    assert (closed.outcome, closed.notes[-1]) == (Outcome.CHANGED, NOTE)
    assert world.state.lease is None
    [report] = world.rollback()
    assert report.outcome is Outcome.CHANGED


def test_a_new_name_is_not_accepted_of_another_computer(world: World, job: Job) -> None:
    world.apply(job)
    rename(world)
    put(world.state, {"registry_value": {MACHINE_GUID: B}})
    accepting(world, "SRV01")
    before = world.state.snapshot()
    [report] = world.rollback()
    assert report.problem
    assert (report.outcome, report.problem.code) == (Outcome.REFUSED, "another_computer")
    assert world.state.snapshot() == before


def forget(world: World, host: Host, *, name: str | None) -> None:
    """Make the record one of an earlier version, which knew a computer by its name or not at all.

    Args:
        world: with one run.
        host: what the operator called it.
        name: the computer's name on record; None when there is none.
    """
    record = world.store.run("run-1")
    [old] = record.hosts
    assert old.intent
    intent = old.intent.model_copy(update={"computer": None, "host": host})
    report = old.report
    if report is not None and report.plan and report.plan.facts:
        facts = report.plan.facts.model_copy(update={"computer": Computer(name=name or "")})
        plan = report.plan.model_copy(update={"facts": facts if name else None})
        report = report.model_copy(update={"plan": plan})
    hosts = (old.model_copy(update={"host": host, "intent": intent, "report": report}),)
    world.store._runs["run-1"] = record.model_copy(update={"hosts": hosts})


BY_NAME = "That this is SRV01 is known by its name only."


@pytest.mark.parametrize(
    ("called", "name"),
    [("SRV01", "SRV01"), ("srv01.contoso.com", None), ("srv01:5985", None), ("10.0.0.5", "SRV01")],
)
def test_an_old_record_goes_by_the_name_and_says_so(
    world: World, job: Job, called: str, name: str | None
) -> None:
    world.apply(job)
    forget(world, HOST.model_copy(update={"name": called}), name=name)
    [report] = world.rollback()
    assert (report.outcome, report.notes) == (Outcome.CHANGED, (BY_NAME,))


@pytest.mark.parametrize("name", ["SRV01", None])
def test_an_old_record_of_another_name_is_refused(world: World, job: Job, name: str | None) -> None:
    world.apply(job)
    forget(world, HOST, name=name)
    rename(world)
    [report] = world.rollback()
    assert report.problem
    assert (report.outcome, report.problem.code) == (Outcome.REFUSED, "another_computer")
    assert "by the name SRV01 only" in report.problem.hint
    accepting(world, "SRV01")
    [report] = world.rollback()
    assert report.outcome is Outcome.CHANGED


def test_an_old_record_of_an_address_needs_a_person_who_knows_the_computer(
    world: World, job: Job
) -> None:
    world.apply(job)
    forget(world, HOST.model_copy(update={"name": "10.0.0.5:5985"}), name=None)
    [report] = world.rollback()
    assert report.problem
    assert report.outcome is Outcome.REFUSED
    assert "--renamed 10.0.0.5" in report.problem.hint
    accepting(world, "10.0.0.5")
    [report] = world.rollback()
    assert report.outcome is Outcome.CHANGED


def test_a_name_that_is_longer_than_windows_keeps_is_known_by_its_beginning(
    world: World, job: Job
) -> None:
    """DNS allows 63 characters, and $env:COMPUTERNAME has 15."""
    world.state.name = "RECOVERYSERVICE"
    world.apply(job)
    forget(world, HOST.model_copy(update={"name": "RecoveryServices-EU-01.contoso.com"}), name=None)
    [report] = world.rollback()
    assert report.outcome is Outcome.CHANGED


def test_an_old_intent_without_a_verdict_is_reconciled_by_name(world: World, job: Job) -> None:
    lose(world)
    world.apply(job)
    world.trouble = lambda _: None
    forget(world, HOST, name=None)
    rename(world)
    [(_, left)] = world.engine.reconcile()
    assert left.outcome is Outcome.INDETERMINATE
    rename(world, "SRV01")
    [(_, closed)] = world.engine.reconcile()
    assert (closed.outcome, closed.notes[-1]) == (Outcome.CHANGED, BY_NAME)


def test_a_computer_that_hides_its_guid_is_known_by_its_name(world: World) -> None:
    """The account may not read that part of the registry."""
    world.state.denied = {"registry_value": "read"}
    assert world.apply(job_of(IgnoreNew())).notes == ()
    [report] = world.rollback()
    assert (report.outcome, report.notes) == (Outcome.CHANGED, (BY_NAME,))


# --- in the middle of things --------------------------------------------------------------------


def test_another_computer_that_answers_a_recovery_ends_it_at_once(world: World, job: Job) -> None:
    """It answers; to ask it again would bring the same."""
    other = make_state("SRV02")

    def moved(number: int) -> Trouble | None:
        if number == 2:
            world.transport.states = {HOST.address: other}
            return Trouble(ConnectionLost)
        return None

    world.trouble = moved
    before = other.snapshot()
    report = world.apply(job)
    assert report.problem
    assert (report.outcome, report.problem.code) == (Outcome.INDETERMINATE, "another_computer")
    assert "tell rollback and runs reconcile where it is" in report.problem.hint
    assert len(world.transport.requests) == 3
    assert (other.snapshot(), other.lease) == (before, None)


# --- at another address -------------------------------------------------------------------------


def used(world: World) -> None:
    """Let fences at the address be ahead of those at a new one."""
    for number in range(9):
        world.store.take_lease(HOST.endpoint, f"old-{number}", "eve@there", NOW, timedelta(0))
        world.store.release_lease(HOST.endpoint, f"old-{number}")


def moves(world: World, address: str = "127.0.0.9") -> None:
    """The host is at another address from now on, and whoever asks says so."""
    world.transport.states = {address: world.state}
    record = world.store.run("run-1")
    there = HOST.model_copy(update={"address": address})
    hosts = tuple(each.model_copy(update={"host": there}) for each in record.hosts)
    world.store._runs["run-1"] = record.model_copy(update={"hosts": hosts})


@pytest.mark.parametrize("calls", [2, -1])
def test_a_host_is_reconciled_and_rolled_back_at_its_new_address(
    world: World, job: Job, calls: int
) -> None:
    """The lease in the store is of an address; the one on the host decides."""
    used(world)
    start = world.state.without_traces()
    world.trouble = lambda n: Trouble(ConnectionLost, calls) if n > 1 else None
    world.apply(job)
    assert world.state.lease is None or world.state.lease["fence"] > 1
    world.trouble = lambda _: None
    moves(world)
    [(_, closed)] = world.engine.reconcile()
    half = Outcome.FAILED_CHANGED if calls == 2 else Outcome.CHANGED
    assert (closed.outcome, closed.lease_kept) == (half, False)
    assert world.state.freed
    assert world.state.freed[0]["fence"] > 9
    [undone] = world.rollback()
    assert undone.outcome is Outcome.CHANGED
    assert world.state.without_traces() == start
    assert world.state.lease is None


def test_a_lease_that_was_kept_at_the_old_address_is_taken_over_at_the_new_one(
    world: World, job: Job
) -> None:
    used(world)
    world.settings = replace(world.settings, auto_rollback=False)
    world.trouble = {2: Trouble(ConnectionLost, 2)}.get
    report = world.apply(job)
    assert (report.outcome, report.lease_kept) == (Outcome.FAILED_CHANGED, True)
    moves(world)
    [undone] = world.rollback()
    assert undone.outcome is Outcome.CHANGED
    assert world.state.lease is None


# --- while files are brought --------------------------------------------------------------------


class Moving(MemoryTransport):
    """A transport at which an address leads elsewhere from some request of a kind on."""

    def __init__(self, states: dict[str, HostState], function: str, address: str) -> None:
        super().__init__(states)
        self.function, self.address = function, address
        self.other = host_state("SRV99", dict(practice_files()))

    def session(self, host: Host) -> Any:
        found = super().session(host)
        real = found.run

        def run(script: str, request: Request, deadline: Deadline) -> Reply:
            if any(call.function == self.function for call in request.calls):
                self.states = {**self.states, self.address: self.other}
            return real(script, request, deadline)

        found.run = run  # type: ignore[method-assign]
        return found


@pytest.mark.parametrize("function", ["Start-RemediateStage", "Add-RemediateContent"])
def test_a_host_that_becomes_another_while_files_are_brought_is_left_alone(function: str) -> None:
    here = Restoring(host_state("SRV01", {}))
    here.transport = Moving(dict(here.transport.states), function, TARGET.address)
    start = everything(here.target)
    report = here.apply()
    assert report.problem
    assert (report.outcome, report.problem.code) == (Outcome.REFUSED, "another_computer")
    assert "SRV99 answers at the address" in report.problem.message
    assert everything(here.target) == start
    other = here.transport.other
    assert other.without_traces() == other.windows


def test_a_peer_that_becomes_another_while_files_are_copied_is_refused_by_name() -> None:
    """What it has now is not what was looked at."""
    here = Restoring(host_state("SRV01", {}))
    here.transport = Moving(dict(here.transport.states), "Get-RemediateContent", PEER.address)
    start = everything(here.target)
    report = here.apply()
    assert report.problem
    assert (report.outcome, report.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert report.problem.code == "another_computer"
    assert report.problem.message.startswith("SRV02: this is about computer SRV02, and SRV99 ")
    assert everything(here.target) == start
