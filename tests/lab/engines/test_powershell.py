"""The bridge to a real engine, without the front end: a client in memory on one side of it."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psrpcore
import psutil
import pytest
from psrpcore import types

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.powershell import EngineNotFoundError, PowerShellEngine
from remediate.lab.hosts import make_state
from remediate.lab.kinds import edit, record
from remediate.lab.state import HostState

pytestmark = [
    pytest.mark.powershell,
    pytest.mark.slow,  # the ordinary run has tests/conformance
    pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}"),
]

WAIT = 120.0
FOLDER = "\\Microsoft\\OnlineBackup\\"


class Client:
    """The client half of PSRP over one backend."""

    def __init__(self, engine: Callable[[HostState], Any], state: HostState) -> None:
        self.ended = asyncio.Event()
        self.finished: dict[UUID, asyncio.Event] = {}
        self.events: list[Any] = []
        self.pool = psrpcore.ClientRunspacePool()
        self.backend = engine(state)(self._output, self._done)
        self._news = asyncio.Event()

    def _output(self, pipeline: UUID | None, data: bytes) -> None:
        self.pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline))
        while event := self.pool.next_event():
            self.events.append(event)
        self._news.set()

    def _done(self, pipeline: UUID | None) -> None:
        (self.ended if pipeline is None else self.finished[pipeline]).set()
        self._news.set()

    async def open(self) -> "Client":
        self.pool.open()
        payload = self.pool.data_to_send()
        assert payload
        await self.backend.open(payload.data)
        await self.until(lambda: self.pool.state == types.RunspacePoolState.Opened)
        return self

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def start(self, script: str, **parameters: object) -> psrpcore.ClientPowerShell:
        pipe = psrpcore.ClientPowerShell(self.pool)
        pipe.add_script(script)
        for name, value in parameters.items():
            pipe.add_parameter(name, value)
        pipe.start()
        self.finished[pipe.pipeline_id] = asyncio.Event()
        first = True
        while payload := self.pool.data_to_send(32768):
            if first:
                await self.backend.command(pipe.pipeline_id, payload.data)
            else:
                await self.backend.send(pipe.pipeline_id, "stdin", payload.data)
            first = False
        return pipe

    async def finish(self, pipe: psrpcore.ClientPowerShell) -> list[Any]:
        """Wait for the end; its output."""
        await self.until(lambda: self.finished[pipe.pipeline_id].is_set() or self.ended.is_set())
        return [
            event.data
            for event in self.events
            if isinstance(event, psrpcore.PipelineOutputEvent)
            and event.pipeline_id == pipe.pipeline_id
        ]

    async def run(self, script: str, **parameters: object) -> list[Any]:
        return await self.finish(await self.start(script, **parameters))

    def state_of(self, pipe: psrpcore.ClientPowerShell) -> psrpcore.PipelineStateEvent:
        return next(
            event
            for event in self.events
            if isinstance(event, psrpcore.PipelineStateEvent)
            and event.pipeline_id == pipe.pipeline_id
        )


Play = Callable[[Callable[[Client], Awaitable[None]]], HostState]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def engine(runner: asyncio.Runner) -> Iterator[PowerShellEngine]:
    async def make() -> PowerShellEngine:
        return PowerShellEngine(ready=1, max_output=2 * 1024 * 1024)

    before = set(psutil.Process().children(recursive=True))
    engine = runner.run(make())
    yield engine
    runner.run(engine.close())
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.fixture
def session(runner: asyncio.Runner, engine: PowerShellEngine) -> Play:
    """Run a story in a session of a fresh host; the host afterwards. Its process is gone then."""

    def play(story: Callable[[Client], Awaitable[None]]) -> HostState:
        state = make_state()

        async def whole() -> None:
            client = Client(engine, state)
            try:
                await story(await client.open())
            finally:
                await client.backend.close()
            assert client.backend._process.gone

        runner.run(whole())
        return state

    return play


def test_what_a_script_puts_out_arrives_unchanged(session: Play) -> None:
    text = "quotes \u2018\u201e ' \" ` $( ; \n 한국어 _x000D_ " + "x" * 100_000

    async def story(client: Client) -> None:
        assert await client.run("param($Text) $Text; 7; $env:COMPUTERNAME", Text=text) == [
            text,
            7,
            "SRV01",
        ]

    session(story)


def test_several_pipelines_share_a_session_and_one_may_wait_for_input(session: Play) -> None:
    async def story(client: Client) -> None:
        assert await client.run("$global:x = 1") == []
        assert await client.run("$global:x") == [1]

    session(story)


def test_errors_arrive_as_records_and_a_throw_fails_the_pipeline(session: Play) -> None:
    async def story(client: Client) -> None:
        pipe = await client.start("Write-Error 'soft'\n\nthrow 'hard'")
        await client.finish(pipe)
        records = [e.record for e in client.events if isinstance(e, psrpcore.ErrorRecordEvent)]
        assert [str(record.Exception.Message) for record in records] == ["soft"]
        end = client.state_of(pipe)
        assert end.state == types.PSInvocationState.Failed
        assert str(end.reason.Exception.Message) == "hard"
        assert end.reason.FullyQualifiedErrorId == "hard"

    session(story)


def test_a_signal_ends_an_endless_loop_and_leaves_the_session_usable(session: Play) -> None:
    async def story(client: Client) -> None:
        pipe = await client.start("1; while ($true) { }")
        await client.until(lambda: any(getattr(e, "data", 0) == 1 for e in client.events))
        await client.backend.signal(pipe.pipeline_id)
        await client.finish(pipe)
        assert client.state_of(pipe).state == types.PSInvocationState.Stopped
        assert await client.run("'alive'") == ["alive"]

    session(story)


def test_a_pipeline_that_cannot_be_stopped_takes_the_session_with_it(
    session: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remediate.lab.engines.powershell._STOP_SECONDS", 0.3)

    async def story(client: Client) -> None:
        pipe = await client.start("1; [System.Threading.Thread]::Sleep(600000)")
        await client.until(lambda: any(getattr(e, "data", 0) == 1 for e in client.events))
        await client.backend.signal(pipe.pipeline_id)
        await client.until(client.ended.is_set)

    session(story)


def test_a_killed_engine_ends_the_session(session: Play) -> None:
    async def story(client: Client) -> None:
        pipe = await client.start("Stop-Process -Id $PID -Force; 'survived'")
        assert await client.finish(pipe) == []
        assert client.ended.is_set()
        await client.backend.command(uuid4(), _fragment(uuid4()))

    session(story)


def test_noise_on_the_engines_standard_output_ends_the_session(session: Play) -> None:
    noise = """
        $out = [Console]::OpenStandardOutput()
        $out.Write([byte[]](33, 33, 10), 0, 3)
        $out.Flush()
        while ($true) { }
    """

    async def story(client: Client) -> None:
        await client.finish(await client.start(noise))
        assert client.ended.is_set()

    session(story)


def test_exit_ends_the_pipeline(session: Play) -> None:
    async def story(client: Client) -> None:
        pipe = await client.start("1; exit 3; 2")
        assert await client.finish(pipe) == [1]

    session(story)


def test_a_question_to_the_operator_fails_the_pipeline(session: Play) -> None:
    async def story(client: Client) -> None:
        pipe = await client.start("$ErrorActionPreference = 'Stop'; $Host.UI.ReadLine()")
        await client.finish(pipe)
        assert client.state_of(pipe).state == types.PSInvocationState.Failed

    session(story)


def test_endless_output_is_cut_off(session: Play) -> None:
    async def story(client: Client) -> None:
        client.pool.receive_data = lambda _: None  # nobody looks at it
        pipe = await client.start("$x = 'y' * 100000; while ($true) { $x }")
        await client.finish(pipe)
        assert client.ended.is_set()

    session(story)


def test_what_a_script_starts_ends_with_the_session(session: Play) -> None:
    started: list[int] = []

    async def story(client: Client) -> None:
        script = "$p = [Diagnostics.Process]::Start('sleep', '600'); $p.Id"
        started.extend(await client.run(script))

    session(story)
    for number in started:
        _wait_for_end(number)
        assert not psutil.pid_exists(number)


def test_scripts_see_nothing_of_our_environment(
    session: Play, monkeypatch: pytest.MonkeyPatch, runner: asyncio.Runner, engine: PowerShellEngine
) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "canary")
    runner.run(_empty(engine))

    async def story(client: Client) -> None:
        [names] = await client.run("(Get-ChildItem -Path env: | ForEach-Object Value) -join ';'")
        assert "canary" not in names
        assert "SRV01" in names

    session(story)


def test_after_the_first_session_an_engine_is_ready_and_never_more_than_asked_for(
    session: Play, runner: asyncio.Runner, engine: PowerShellEngine
) -> None:
    seen: list[int] = []

    async def story(client: Client) -> None:
        seen.extend(await client.run("$PID"))

    session(story)
    runner.run(_settle(engine))
    ready = [one.process.pid for one in engine.pool._ready]
    session(story)
    runner.run(_settle(engine))
    assert len(ready) == 1
    assert seen[1] == ready[0]
    assert seen[0] != seen[1]
    assert len(engine.pool._ready) == 1
    assert len(engine.pool._all) == 1


def test_a_pipeline_without_a_name_is_the_clients_error(session: Play) -> None:
    async def story(client: Client) -> None:
        with pytest.raises(ValueError, match="cut off"):
            await client.backend.command(uuid4(), b"short")
        with pytest.raises(ValueError, match="name"):
            await client.backend.command(uuid4(), _fragment(UUID(int=0)))
        with pytest.raises(ValueError, match="no such"):
            await client.backend.send(uuid4(), "stdin", b"")

    session(story)


def test_what_a_script_changes_is_in_the_hosts_state_and_the_other_way_round(
    runner: asyncio.Runner, engine: PowerShellEngine
) -> None:
    state = make_state()
    first = {"path": FOLDER, "name": "Microsoft-OnlineBackup"}
    saved: list[int] = []
    state.changed = lambda: saved.append(1)
    script = f"""
        $task = Get-ScheduledTask -TaskName Microsoft-OnlineBackup -TaskPath '{FOLDER}'
        $policy = $task.Settings.CimInstanceProperties['MultipleInstances']
        $policy.Value
        $policy.Value = 2
        $null = Set-ScheduledTask -InputObject $task
    """

    async def story() -> None:
        client = await Client(engine, state).open()
        edit(state, "scheduled_task", first, multiple_instances=1)
        assert await client.run(script) == [1]
        await client.backend.close()

    runner.run(story())
    after = record(state, "scheduled_task", **first)
    assert after["multiple_instances"] == 2
    assert "<MultipleInstancesPolicy>IgnoreNew<" in after["xml"]
    assert saved


def test_the_engines_end_when_the_lab_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "lab.py"
    program.write_text(
        textwrap.dedent("""
            import asyncio, pathlib, sys
            from remediate.lab.engines.path import find_pwsh
            from remediate.lab.engines.pool import EnginePool
            from remediate.lab.engines.warm_up import EngineSession

            async def main():
                pool = EnginePool(find_pwsh(), pathlib.Path(sys.argv[1]))
                process = await pool.take({})
                session = EngineSession(process)
                await session.open()
                print(process.pid, flush=True)
                await session.run("while ($true) { }")

            asyncio.run(main())
        """)
    )
    lab = subprocess.Popen([sys.executable, program, tmp_path], stdout=subprocess.PIPE)
    assert lab.stdout
    with lab.stdout:
        engine = int(lab.stdout.readline())
        os.kill(lab.pid, signal.SIGKILL)
        lab.wait(WAIT)
    _wait_for_end(engine)
    assert not psutil.pid_exists(engine)


def test_without_an_engine_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMEDIATE_PWSH", "/nowhere/pwsh")
    assert find_pwsh() is None
    with pytest.raises(EngineNotFoundError, match="REMEDIATE_PWSH"):
        PowerShellEngine()


def _fragment(name: UUID) -> bytes:
    return bytes(16) + b"\x03" + (40).to_bytes(4, "big") + bytes(24) + name.bytes_le


def _wait_for_end(number: int) -> None:
    try:
        psutil.Process(number).wait(WAIT)
    except psutil.NoSuchProcess:
        return


async def _settle(engine: PowerShellEngine) -> None:
    async with asyncio.timeout(WAIT):
        await asyncio.gather(*engine.pool._starting)


async def _empty(engine: PowerShellEngine) -> None:
    """No engine is ready, so that the next one is started now."""
    await _settle(engine)
    while engine.pool._ready:
        await engine.pool.give_back(engine.pool._ready.pop().process)
