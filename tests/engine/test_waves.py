"""A run goes through its hosts in waves, and begins no other once too much has gone wrong."""

from collections import Counter
from collections.abc import Mapping, Sized
from datetime import UTC, datetime
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.engine.advance import Advance
from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.lab.hosts import make_state
from remediate.model.connection import Auth
from remediate.model.exit_code import ExitCode
from remediate.model.host import Host
from remediate.model.outcome import EXIT_CODES, HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.run import Run, RunKind, RunRecord
from remediate.model.waves import Share, Waves, in_waves
from remediate.powershell.messages import Reply, Request
from remediate.runner import Loop, Runner, Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemorySession, MemoryTransport
from remediate.transport.errors import ConnectionLost
from remediate.transport.protocol import Deadline
from tests.engine.world import job_of, schedule_fix

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PERCENT = st.just(True)  # noqa: FBT003 - a value
SHARES = st.builds(Share, st.integers(1, 1000)) | st.builds(Share, st.integers(1, 100), PERCENT)
LIMITS = st.builds(Share, st.integers(0, 9)) | st.builds(Share, st.integers(0, 100), PERCENT)
NAMES = [f"127.0.0.{number}" for number in range(1, 8)]


class Lossy(MemorySession):
    """To a host that carries out what it is told, and is never heard of again."""

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """See `Session`."""
        reply = super().run(script, request, deadline)
        if not any(call.function.startswith("Set-") for call in request.calls):
            return reply
        self.transport.states = {**self.transport.states}
        del self.transport.states[self.host.address]
        raise ConnectionLost(self.host.name, after_send=True)


class Fleet(MemoryTransport):
    """Hosts of which some are `gone`, `denied` (writing) or `lost` (once they are written to).

    Args:
        odd: what some are, by the end of their address.
    """

    def __init__(self, odd: Mapping[int, str]) -> None:
        self.odd = {NAMES[number - 1]: what for number, what in odd.items()}
        states = {name: make_state(name) for name in NAMES if self.odd.get(name) != "gone"}
        for name, state in states.items():
            if self.odd.get(name) == "denied":
                state.denied = {"scheduled_task": "write"}
        super().__init__(states)
        self.begun: set[str] = set()

    def session(self, host: Host) -> MemorySession:
        """See `Transport`."""
        self.begun.add(host.name)
        kind = Lossy if self.odd.get(host.name) == "lost" else MemorySession
        return kind(self, host)


def applied(
    waves: Waves, odd: Mapping[int, str], runner: Runner
) -> tuple[list[HostReport], int, RunRecord]:
    """The reports of a run, how many hosts were begun, and what is recorded."""
    transport = Fleet(odd)
    engine, hosts, run = world(transport, runner)
    reports = list(engine.apply(hosts, job_of(schedule_fix()), run, waves=waves))
    assert transport.begun == set(NAMES[: len(transport.begun)])
    assert engine.store is not None
    return reports, len(transport.begun), engine.store.run("r")


def world(transport: Fleet, runner: Runner) -> tuple[Engine, list[Host], Run]:
    settings = Settings(operator="ada@here", timeout=20)
    engine = Engine(transport, settings, MemoryStore(), runner=runner, sleep=lambda _: None)
    run = Run(id="r", kind=RunKind.APPLY, playbooks=(), operator="ada@here", started=NOW)
    hosts = [Host(name=name, address=name, port=5985, auth=Auth.BASIC) for name in NAMES]
    return engine, hosts, run


def some(canary: str = "", batch: str = "", failed: str = "", unreachable: str = "") -> Waves:
    read = [Share.read(text) if text else None for text in (canary, batch, failed, unreachable)]
    return Waves(*read)


CASES = [
    (some("2"), {1: "denied"}, 1, "1 of the 2 hosts that went first failed (none allowed)"),
    (some("2"), {1: "lost"}, 1, "1 of the 2 hosts that went first may be in the middle"),
    (some("1"), {1: "gone"}, 1, "of the 1 host that went first none was changed"),
    (some("2"), {1: "gone", 4: "denied"}, 7, ""),
    (some("", "2", "1"), {1: "denied", 4: "denied"}, 4, "2 of 7 hosts failed (1 allowed)"),
    (some("", "3", "28%"), {1: "denied", 3: "denied"}, 3, "2 of 7 hosts failed (1 allowed)"),
    (some("", "3", "29%"), {1: "denied", 3: "denied"}, 7, ""),
    (some("", "3", "", "0"), {2: "gone"}, 2, "1 of 7 hosts could not be reached (none allowed)"),
    (some("", "3"), {2: "lost"}, 2, "1 of 7 hosts may be in the middle of a change"),
]


@pytest.mark.parametrize("runner", [Serial(), Loop(1), Loop(8)], ids=["serial", "one", "many"])
@pytest.mark.parametrize(("waves", "odd", "begun", "why"), CASES)
def test_what_goes_wrong_stops_the_rest(
    waves: Waves,
    odd: Mapping[int, str],
    begun: int,
    why: str,
    runner: Runner,
    request: pytest.FixtureRequest,
) -> None:
    """One after the other, none is begun after it; of many at once none of another wave."""
    reports, seen, recorded = applied(waves, odd, runner)
    sizes = waves.sizes(len(NAMES))
    ends = list(accumulate(sizes))
    wave = next(end for end in ends if end >= begun)
    assert begun <= seen <= wave
    assert seen == begun or "many" in request.node.callspec.id
    left = [report for report in reports if report.not_begun]
    assert len(left) == len(NAMES) - seen
    assert {report.exit_code for report in left} <= {ExitCode.REFUSED}
    assert all(why and report.problem and why in report.problem.message for report in left)
    assert bool(left) == bool(why) or seen == len(NAMES)
    assert (recorded.run.waves, recorded.finished is not None) == (sizes, True)
    told = {report.host: report.outcome for report in reports}
    assert {one.host.name: one.outcome for one in recorded.hosts} == told


@given(st.integers(0, 900), st.none() | SHARES, st.none() | SHARES)
def test_each_host_is_in_one_wave(hosts: int, canary: Share | None, batch: Share | None) -> None:
    sizes = Waves(canary, batch).sizes(hosts)
    assert sum(sizes) == hosts
    assert 0 not in sizes
    if hosts and canary and not canary.percent:
        assert sizes[0] == min(hosts, canary.number)
    if batch:
        assert all(size == sizes[-2] for size in sizes[bool(canary) : -1])
    else:
        assert len(sizes) <= 1 + bool(canary)
    names = [f"{number}" for number in range(hosts)]
    assert Counter(in_waves(names, sizes).values()) == dict(enumerate(sizes, 1))


@given(st.lists(st.sampled_from(Outcome), max_size=30), st.none() | LIMITS, st.none() | LIMITS)
def test_a_run_goes_on_as_long_as_no_limit_is_passed(
    outcomes: list[Outcome], failed: Share | None, unreachable: Share | None
) -> None:
    """Counted anew for each host, in the plainest way."""
    advance = Advance(Waves(None, None, failed, unreachable), len(outcomes))
    for number, outcome in enumerate(outcomes, 1):
        advance.saw(HostReport(host="SRV01", outcome=outcome))
        many = Counter(outcomes[:number])
        codes = Counter(EXIT_CODES[each] for each in outcomes[:number])
        unknown = many[Outcome.INDETERMINATE]
        wrong = sum(codes[each] for each in (ExitCode.FAILED, ExitCode.NEEDS_PERSON)) - unknown
        wrong += codes[ExitCode.INTERNAL_ERROR]
        silent = codes[ExitCode.UNREACHABLE]
        over = [unknown > 0, _over(wrong, failed, outcomes), _over(silent, unreachable, outcomes)]
        assert (advance.stopped is not None) == any(over)


def _over(many: int, limit: Share | None, hosts: Sized) -> bool:
    if limit is None:
        return False
    return many * 100 > limit.number * len(hosts) if limit.percent else many > limit.number


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "101%", "%", "\u0661", "1 %", "9999999"])
def test_what_is_no_share_of_hosts_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 5, or a part of them, such as 10%"):
        Share.read(text)
    with pytest.raises(ValueError, match="write 1 or more"):
        Share.read_some("0%")


def test_ctrl_c_lets_no_further_wave_begin() -> None:
    engine, hosts, run = world(Fleet({}), Serial())

    def ask(plan: Plan) -> bool:
        del plan
        engine.interrupted.set()  # as the command line does
        return True

    waves = some("1", "2")
    first, *rest = engine.apply(hosts, job_of(schedule_fix()), run, ask, waves=waves)
    assert first.outcome is Outcome.CHANGED
    assert {report.exit_code for report in rest} == {ExitCode.INTERRUPTED}
    assert len(rest) == len(NAMES) - 1
