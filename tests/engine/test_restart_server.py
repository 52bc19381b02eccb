"""A server is restarted: waited for while it is away, proven, told truly however it goes."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.lab.kinds import put, switches, turn_on
from remediate.lab.kinds.boot import KIND
from remediate.model.change import Change
from remediate.model.event import HostProgress, Phase
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import Outcome
from remediate.model.settling import Settling
from remediate.resources.boot import MOST, PENDING, QUIET, Boot
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport
from tests.engine.test_settling import KilledError, Slow, said, world_of
from tests.engine.world import HOST
from tests.faults.controller import apply_run
from tests.faults.repairs import REBOOTED

UNKIND = sorted(name for kind, name in switches() if kind == KIND)
NEVER = "somebody stops the restart"


@pytest.fixture
def server() -> Slow:
    return world_of(REBOOTED)


def boot_of(world: Slow) -> Any:
    return world.state.windows["boot"]


def asked(world: Slow) -> int:
    return len(world.sent_with("Set-RemediateBoot"))


def test_a_restart_is_asked_for_once_and_proven_by_other_processes(server: Slow) -> None:
    before = [dict(one) for one in boot_of(server)["started"]]
    report = server.apply(REBOOTED.job)
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.OK)
    for was, now in zip(before, boot_of(server)["started"], strict=True):
        assert was["name"] == now["name"]
        assert was["created"] != now["created"]
    assert (asked(server), server.slept) == (1, [10])
    assert server.progress() == [(Phase.APPLY, 0, 2)]
    assert server.state.lease is None
    assert server.store.leases(server.time.now()) == []
    [receipt] = server.state.receipts
    assert [change["property"] for change in receipt["changes"]] == ["boot"]


@pytest.mark.parametrize("name", UNKIND)
def test_a_restart_that_takes_its_time_is_waited_for(server: Slow, name: str) -> None:
    """It is away, up and not able to say so, or goes on installing what it was restarted for."""
    turn_on(server.state, (KIND, name))
    report = server.apply(REBOOTED.job)
    assert report.outcome is Outcome.CHANGED
    assert asked(server) == 1
    boot = boot_of(server)
    assert (boot["late"], boot["installing"]) == (None, False)
    assert server.transport.opened == server.transport.closed == 1 + len(server.slept)


def test_it_is_not_done_while_windows_goes_on_to_install(server: Slow) -> None:
    server.state.edits = {KIND: [("installs", "300")]}
    server.apply(REBOOTED.job)
    assert (Phase.APPLY, 1, 2) in server.progress()
    assert sum(server.slept) >= 300


@pytest.mark.parametrize("later", [False, True], ids=["never", "later"])
def test_a_restart_that_does_not_come_is_unknown_until_somebody_looks(
    server: Slow, later: bool
) -> None:
    turn_on(server.state, (KIND, NEVER))
    report = server.apply(REBOOTED.job)
    assert (report.outcome, report.exit_code) == (Outcome.INDETERMINATE, ExitCode.NEEDS_PERSON)
    assert report.problem
    assert report.problem.message == (
        f"it has not come about within {MOST} s, 0 of 2 steps of the restart done"
    )
    assert "remediate runs reconcile" in said(report)
    assert sum(server.slept) == MOST
    if later:
        server.state.edits = {}
    [(_, closed)] = server.engine.reconcile()
    assert closed.outcome is (Outcome.CHANGED if later else Outcome.FAILED_UNCHANGED)
    assert asked(server) == 1


@pytest.mark.parametrize("interrupted", [False, True], ids=["waited for", "interrupted"])
def test_a_key_that_stays_keeps_no_restart_from_being_proven_and_is_named(
    server: Slow, interrupted: bool
) -> None:
    put(server.state, {"operating_system": {"pending": ["servicing"]}})
    turn_on(server.state, (KIND, "the key that a restart is pending stays"))
    sleep = server.time.sleep

    def press(pause: float) -> None:
        sleep(pause)
        if server.time.seconds > 300:
            server.interrupted.set()

    if interrupted:
        server.time.sleep = press  # type: ignore[assignment,method-assign]
        assert server.apply(REBOOTED.job).outcome is Outcome.INDETERMINATE
        server.time.sleep = sleep  # type: ignore[method-assign]
        server.interrupted.clear()
        [(_, report)] = server.engine.reconcile()
    else:
        report = server.apply(REBOOTED.job)
        assert report.plan
        assert [f"{PENDING} stays" in one.text for one in report.plan.advice] == [True]
        assert (Phase.APPLY, 1, 2) in server.progress()
    assert report.outcome is Outcome.CHANGED
    assert report.exit_code is (ExitCode.OK if interrupted else ExitCode.PENDING)
    assert QUIET * 60 <= server.time.seconds < QUIET * 60 + 120


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_run_that_is_killed_in_any_pause_is_closed_by_reconcile(
    server: Slow, number: int
) -> None:
    server.state.edits = {KIND: [("away", "60"), ("late", "30"), ("installs", "120")]}
    pauses = []

    def kill(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == number:
            raise KilledError
        sleep(seconds)

    sleep: Callable[[float], None] = server.time.sleep
    engine = replace(server.engine, interrupted=_Waits(kill))
    with pytest.raises(KilledError):
        list(engine.apply([HOST], REBOOTED.job, server.run()))
    [(_, report)] = server.engine.reconcile()
    assert report.outcome is Outcome.CHANGED
    assert asked(server) == 1
    assert server.store.open_intents(indeterminate=True) == []


class _Waits(threading.Event):
    def __init__(self, wait: Callable[[float], None]) -> None:
        super().__init__()
        self._wait = wait

    def wait(self, timeout: float | None = None) -> bool:
        self._wait(timeout or 0.0)
        return self.is_set()


@pytest.mark.parametrize("seconds", [3, 30, 150])
def test_ctrl_c_leaves_a_server_that_restarts_to_itself_and_says_how_to_find_out(
    server: Slow, seconds: int
) -> None:
    """Before it goes down, while it is away, and while it goes on to install."""
    server.state.edits = {KIND: [("away", "60"), ("installs", "600")]}
    sleep = server.time.sleep

    def press(pause: float) -> None:
        left = seconds - server.time.seconds
        sleep(min(pause, left))
        if pause >= left:
            server.interrupted.set()

    server.time.sleep = press  # type: ignore[assignment,method-assign]
    report = server.apply(REBOOTED.job)
    assert (report.outcome, report.exit_code) == (Outcome.INDETERMINATE, ExitCode.NEEDS_PERSON)
    assert report.problem
    assert report.problem.code == "interrupted"
    assert "remediate runs reconcile" in report.problem.hint
    assert server.time.seconds == seconds
    server.time.sleep = sleep  # type: ignore[method-assign]
    server.interrupted.clear()
    [(_, closed)] = server.engine.reconcile()
    assert (closed.outcome, asked(server)) == (Outcome.CHANGED, 1)


# --- a fleet --------------------------------------------------------------------------------------


def test_a_hundred_servers_restart_at_once_and_hold_no_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All are away at the same time, and all are told truly."""
    brief = classmethod(lambda *_: Settling(most=60, pause=0.05, away=True))
    monkeypatch.setattr(Boot, "settling", brief)
    states = {f"127.0.1.{number}": REBOOTED.state(f"SRV{number}") for number in range(1, 101)}
    gate, lock, away = threading.Event(), threading.Lock(), set[str]()
    for name, state in states.items():
        turn_on(state, (KIND, NEVER))  # until all have been asked to
        state.changed = _noting(name, away, lock, gate, states)
    hosts = [
        HOST.model_copy(update={"name": one.name, "address": address})
        for address, one in states.items()
    ]
    threads = set[int]()
    settings = Settings(operator="ada@bastion", accept_irreversible=True, workers=64)
    engine = Engine(
        MemoryTransport(states),
        settings,
        MemoryStore(),
        emit=lambda event: (
            threads.add(threading.get_ident()) if isinstance(event, HostProgress) else None
        ),
    )
    reports = list(engine.apply(hosts, REBOOTED.job, apply_run()))
    assert gate.is_set()
    assert {report.outcome for report in reports} == {Outcome.CHANGED}
    assert len(reports) == len(states)
    assert len(threads) <= settings.workers < len(states)
    assert all(not state.windows["boot"]["asked"] for state in states.values())


def _noting(
    name: str, away: set[str], lock: threading.Lock, gate: threading.Event, states: Any
) -> Callable[[], None]:
    """Once all servers have been asked, they go down and come back."""

    def changed() -> None:
        with lock:
            if states[name].windows["boot"]["asked"]:
                away.add(name)
            if len(away) < len(states) or gate.is_set():
                return
            gate.set()
        for state in states.values():
            state.edits = {}
            state.wait(60)

    return changed


# --- what is a proof ------------------------------------------------------------------------------


def boot(*, ids: int = 0, hours: int = 0, **more: Any) -> Boot:
    started = [
        {
            "name": name,
            "id": 500 + 100 * number + ids,
            "created": f"2026-01-05T{8 + hours:02}:00:00.1234567Z",
        }
        for number, name in enumerate(("lsass.exe", "services.exe", "wininit.exe"))
    ]
    told = {"processes": started, "since": "2026-01-05T08:00:00Z"} | more.pop("boot", {})
    return Boot.model_validate({"name": "Windows", "boot": told} | more)


def change_of(one: Boot) -> Change:
    [change] = one.should_renew("boot", "restarted").changes("p")
    return change


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (boot(ids=4, hours=1), True),
        (boot(boot={"since": "2026-01-06T08:00:00Z"}), False),
        (boot(ids=4), False),
        (boot(hours=1), False),
        (boot(ids=4, hours=1, boot={"processes": []}), False),
        (boot(ids=4, hours=1, installing=True), False),
        (boot(ids=4, hours=1, servicing=True, minutes=QUIET - 1), False),
        (boot(ids=4, hours=1, servicing=True, minutes=QUIET), True),
        (boot(ids=4, hours=1, servicing=True, minutes=QUIET, installing=True), False),
        (boot(servicing=True, minutes=QUIET), False),
    ],
    ids=[
        *("both", "only the time of Windows", "numbers", "times", "none", "installs", "servicing"),
        *("a key stays", "a key and installs", "a key and the same boot"),
    ],
)
def test_only_other_times_and_other_numbers_together_prove_a_restart(
    now: Boot, holds: bool
) -> None:
    assert now.holds(change_of(boot())) is holds


def test_a_restart_that_was_asked_for_in_another_boot_is_not_under_way() -> None:
    told = boot().boot
    assert told
    mark = ";".join(f"{one.name} {one.id} {one.created}" for one in told.processes)
    assert boot(asked=mark).progress(change_of(boot()))
    assert boot(asked=mark, ids=4, hours=1).progress(change_of(boot(ids=4, hours=1))) is None


def test_the_plan_says_how_long_it_may_take(server: Slow) -> None:
    [dry] = server.engine.audit([HOST], REBOOTED.job)
    assert "time: up to 60 min" in said(dry)
