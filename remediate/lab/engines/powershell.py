"""The lab's `powershell` engine: every session of a host is a real PowerShell process.

The front end hands over PSRP fragments as they come from the client; they go to the engine as
they are, and what it answers goes back. Only the ends of pipelines are looked for on the way.
"""

import asyncio
import contextlib
import logging
import os
import re
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID

from remediate.errors import RemediateError
from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.pool import EnginePool
from remediate.lab.engines.process import POOL, EngineGoneError, EngineProcess
from remediate.lab.engines.protocol import Backend, BackendFactory, Done, Output, Say
from remediate.lab.engines.windows_host import WindowsHost
from remediate.lab.kinds.boot import pass_time
from remediate.lab.state import HostState

_log = logging.getLogger(__name__)

MAX_OUTPUT = 96 * 1024 * 1024
"""Bytes that one pipeline may send; nobody may fetch them, so it has to end somewhere."""

_HOLD_SECONDS = 0.05
"""Output waits so long for more of it, or a client would fetch each message by itself; Windows
packs what a pipeline puts out together into one response."""
_HOLD_BYTES = 256 * 1024
_STOP_SECONDS = 5.0
_HEADER = 21
_PIPELINE_ID = slice(45, 61)
_PIPELINE_STATE = (0x00041006).to_bytes(4, "little")
_STATE = re.compile(rb'<I32 N="PipelineState">(\d+)</I32>')
_FINAL_STATES = {3, 4, 5}
_START, _END = 1, 2


class EngineNotFoundError(RemediateError, OSError):
    """There is no PowerShell on this machine."""

    def __init__(self) -> None:
        super().__init__(f"no PowerShell engine was found: {HOW_TO_GET_ONE}")


class PowerShellEngine:
    """An engine for `Lab`: makes the backends of its hosts, and is closed with it.

    Args:
        program: the `pwsh`; found when not given.
        ready: how many processes are kept waiting for the next session.
        lasting: sessions go on for minutes, so that it pays to compile well what runs often.
        max_output: bytes that one pipeline may send.

    Raises:
        EngineNotFoundError: there is none.
    """

    def __init__(
        self,
        program: Path | None = None,
        *,
        ready: int = 2,
        lasting: bool = False,
        max_output: int = MAX_OUTPUT,
    ) -> None:
        found = program or find_pwsh()
        if found is None:
            raise EngineNotFoundError
        self._folder = tempfile.TemporaryDirectory(
            prefix="remediate-windows-", ignore_cleanup_errors=True
        )
        self._hosts: list[WindowsHost] = []
        self._max_output = max_output
        self.pool = EnginePool(found, Path(self._folder.name), ready=ready, lasting=lasting)

    def __call__(self, state: HostState) -> BackendFactory:
        """What makes a backend for each shell that is opened on a host.

        Args:
            state: the host; kept up to date with what its pipelines do.

        Raises:
            ValueError: the stand-in Windows cannot be such a host.
        """
        folder = Path(self._folder.name, f"host-{len(self._hosts)}")
        folder.mkdir()
        host = WindowsHost(state, folder)
        self._hosts.append(host)

        return _Made(self.pool, host, self._max_output)

    async def close(self) -> None:
        """End all processes, whatever they are doing, and remove the hosts' files."""
        await self.pool.close()
        self._folder.cleanup()


class _Made:
    """Makes what runs on one host: its runspace pools, and PowerShell as a program."""

    def __init__(self, pool: EnginePool, host: WindowsHost, max_output: int) -> None:
        self._pool = pool
        self._host = host
        self._max_output = max_output

    def __call__(self, output: Output, done: Done) -> Backend:
        return PowerShellBackend(self._pool, self._host, output, done, self._max_output)

    async def program(self, script: str, given: bytes, say: Say) -> int:
        """Run a PowerShell to its end; see `Program`."""
        await _before_pipeline(self._host)
        process = await self._pool.start_program(script, self._host.variables())
        try:
            assert process.stdin is not None  # noqa: S101 - both are pipes
            assert process.stdout is not None  # noqa: S101 - as above
            process.stdin.write(given)
            process.stdin.close()
            while data := await process.stdout.read(_HOLD_BYTES):
                say(data)
            code = await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        self._host.read()
        pass_time(self._host.state)
        return code


class PowerShellBackend:
    """One runspace pool in one engine process. See `Backend` for what each method promises.

    An engine that ends or stops answering ends the pool (`done(None)`); only what the client
    got wrong is raised (ValueError).
    """

    def __init__(
        self, pool: EnginePool, host: WindowsHost, output: Output, done: Done, max_output: int
    ) -> None:
        self._pool = pool
        self._host = host
        self._output = output
        self._done = done
        self._max_output = max_output
        self._process: EngineProcess | None = None
        self._order = asyncio.Lock()
        self._closed = False
        self._engine_names: dict[UUID, UUID] = {}
        self._watches: dict[UUID, _Watch] = {POOL: _Watch()}

    async def open(self, creation: bytes) -> None:
        """Take an engine and open the client's session in it."""
        variables = self._host.variables()
        try:
            self._process = await self._pool.take(variables)
            if self._closed:
                await self._pool.give_back(self._process)
                return
            self._process.attach(self._received, self._engine_ended)
            await self._process.data(POOL, creation)
        except (OSError, EngineGoneError, TimeoutError) as error:
            _log.warning("%s: no session could be opened: %s", self._host.state.name, error)
            await self._fail()
        if not self._host.state.hangs and not self._host.state.lacks:
            self._pool.refill(variables)  # which asks the host something

    async def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Begin a pipeline under the name that its own message carries."""
        if len(fragments) < _PIPELINE_ID.stop:
            raise ValueError("the first fragment of a pipeline is cut off")
        name = UUID(bytes_le=fragments[_PIPELINE_ID])
        if name == POOL or name in self._watches:
            raise ValueError("a pipeline has no name of its own")
        self._engine_names[pipeline] = name
        self._watches[name] = _Watch(pipeline)
        await _before_pipeline(self._host)

        async def begin(process: EngineProcess) -> None:
            await process.say("Command", name)
            await process.data(name, fragments)

        await self._in_order(begin)

    async def send(self, pipeline: UUID | None, stream: str, fragments: bytes) -> None:
        """Pass on input of a pipeline or answers to its questions."""
        name = POOL if pipeline is None else self._engine_names.get(pipeline)
        if name is None:
            raise ValueError("there is no such pipeline")
        kind = "PromptResponse" if stream == "pr" else "Default"
        await self._in_order(lambda process: process.data(name, fragments, kind))

    async def signal(self, pipeline: UUID) -> None:
        """Stop a pipeline; one that cannot be stopped takes the whole engine with it."""
        name = self._engine_names.pop(pipeline, None)
        if name is None or self._process is None:
            return
        try:
            await self._process.say("Signal", name, _STOP_SECONDS)
            await self._process.say("Close", name, _STOP_SECONDS)
        except EngineGoneError as error:
            _log.warning("%s: a pipeline cannot be stopped: %s", self._host.state.name, error)
            await self._fail()
        self._watches.pop(name, None)

    async def close(self) -> None:
        """End the engine. It needs no farewell: nothing in it outlives the session."""
        if self._closed:
            return
        self._closed = True
        if self._process is not None:
            await self._pool.give_back(self._process)
            self._read_host()

    async def _in_order(self, action: Callable[[EngineProcess], Awaitable[None]]) -> None:
        async with self._order:
            if self._process is None or self._closed:
                return
            try:
                await action(self._process)
            except EngineGoneError as error:
                _log.warning("%s: %s", self._host.state.name, error)
                await self._fail()

    def _pass_on(self, watch: "_Watch") -> None:
        if watch.timer is not None:
            watch.timer.cancel()
            watch.timer = None
        held, watch.held = bytes(watch.held), bytearray()
        if held:
            self._output(watch.pipeline, held)

    def _received(self, target: UUID, fragments: bytes) -> None:
        watch = self._watches.get(target)
        if watch is None:
            return
        watch.held += watch.look(fragments)
        if watch.finished:
            if not self._read_host():
                return
            self._pass_on(watch)
            self._done(watch.pipeline)
            watch.finished = False
        elif watch.pipeline is None or len(watch.held) > _HOLD_BYTES:
            self._pass_on(watch)
        elif watch.timer is None:
            loop = asyncio.get_running_loop()
            watch.timer = loop.call_later(_HOLD_SECONDS, self._pass_on, watch)
        if watch.seen > self._max_output and self._process is not None:
            _log.warning("%s: a pipeline sends more than it may", self._host.state.name)
            self._watches.clear()
            self._process.abandon()

    def _engine_ended(self) -> None:
        if not self._closed:
            if self._process is not None:
                _log.warning("%s: %s", self._host.state.name, self._process.why)
            self._read_host()
            self._done(None)

    def _read_host(self) -> bool:
        """Take in what a pipeline did; one that leaves no state of a host ends the session."""
        try:
            self._host.read()
            pass_time(self._host.state)
        except (OSError, ValueError, LookupError, AttributeError) as error:
            _log.error("%s: a script broke the state file: %s", self._host.state.name, error)
            if self._process is not None and not self._process.gone:
                self._watches.clear()
                self._process.abandon()
            return False
        return True

    async def _fail(self) -> None:
        """The engine is of no use any more."""
        if self._process is None:
            self._engine_ended()
        else:
            await self._pool.give_back(self._process)  # which says that it ended


async def _before_pipeline(host: WindowsHost) -> None:
    """What `HostState` promises to tests happens here as on a simulated host."""
    state = host.state
    with state.lock:
        state.pipelines += 1
        hook, number = state.before_pipeline, state.pipelines
    delay = hook(state, number) if hook else None
    pass_time(state)
    host.write()
    if delay:
        await asyncio.sleep(delay)


class _Watch:
    """Looks through the fragments of one target for the message that ends a pipeline."""

    def __init__(self, pipeline: UUID | None = None) -> None:
        self.pipeline = pipeline
        self.seen = 0
        self.finished = False
        self.held = bytearray()
        self.timer: asyncio.TimerHandle | None = None
        self._message: bytearray | None = None

    def look(self, data: bytes) -> bytes:
        """The fragments that are the client's business."""
        self.seen += len(data)
        return b"".join(whole for whole in _fragments(data) if self._wanted(whole))

    def _wanted(self, fragment: bytes) -> bool:
        flags, content = fragment[16], fragment[_HEADER:]
        if flags & _START:
            self._message = bytearray() if content[4:8] == _PIPELINE_STATE else None
        if self._message is None:
            return True
        self._message += content
        if flags & _END:
            state = _STATE.search(self._message)
            self._message = None
            if self.pipeline and state and int(state[1]) in _FINAL_STATES:
                self.finished = True
        # PowerShell 7 reports the end of a start-up pipeline to the pool; Windows has none
        return self.pipeline is not None


def _fragments(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        length = int.from_bytes(data[start + 17 : start + _HEADER], "big")
        end = start + _HEADER + length
        yield data[start:end]
        start = end
