"""A runspace pool without PowerShell: answers our requests out of a host's state in memory."""

import asyncio
import json
from typing import Any
from uuid import UUID

from psrpcore import (
    CreatePipelineEvent,
    PSRPPayload,
    ServerPipeline,
    ServerRunspacePool,
    StreamType,
)
from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PSInvocationState,
    PSObject,
    PSRPMessageType,
)
from pydantic import SecretStr

from remediate.errors import RemediateError
from remediate.lab.engines.functions import Spoken, answer
from remediate.lab.engines.protocol import BackendFactory, Done, Output, Program, Say
from remediate.lab.kinds.session import language_mode
from remediate.lab.state import HostState
from remediate.powershell.messages import Request
from remediate.powershell.packed import PLAIN
from remediate.powershell.program import CUT_OFF, FAILED, WHOLE
from remediate.resources.session import FULL_LANGUAGE

FRAGMENT = 32768
"""Bytes of a fragment as Windows sends them, header included."""

_BOM = b"\xef\xbb\xbf"
_MESSAGE_HEADER = 40


class WindowsPool(ServerRunspacePool):
    """psrpcore's pool, with messages as Windows sends them: a BOM, fragments of 32 KiB.

    Args:
        output: takes each fragment as it arises.
    """

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def prepare_message(
        self,
        message: PSObject | None,
        message_type: PSRPMessageType | None = None,
        pipeline_id: UUID | None = None,
        stream_type: StreamType = StreamType.default,
    ) -> None:
        """Queue a message, and pass it on at once, so that none shares a fragment."""
        super().prepare_message(message, message_type, pipeline_id, stream_type)
        data = self._send_buffer[-1]._data  # noqa: SLF001 - psrpcore has no hook for the BOM
        if len(data) > _MESSAGE_HEADER:
            data[_MESSAGE_HEADER:_MESSAGE_HEADER] = _BOM
        while payload := self.data_to_send(FRAGMENT):
            self._output(payload.pipeline_id, payload.data)


class SimulatedBackend:
    """One runspace pool of a simulated host.

    Args:
        state: the host.
        output: takes fragments.
        done: is told of the end of each pipeline.
    """

    def __init__(self, state: HostState, output: Output, done: Done) -> None:
        self._state = state
        self._done = done
        self._pool = WindowsPool(output)
        self._pipelines: dict[UUID, ServerPipeline] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    async def open(self, creation: bytes) -> None:
        """Take the opening messages; the answers are put out at once."""
        self._take(None, StreamType.default, creation)

    async def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Begin a pipeline; it runs when the whole of its message is there."""
        self._pipelines[pipeline] = ServerPipeline(self._pool, pipeline)
        self._take(pipeline, StreamType.default, fragments)

    async def send(self, pipeline: UUID | None, stream: str, fragments: bytes) -> None:
        """Take further fragments."""
        kind = StreamType.prompt_response if stream == "pr" else StreamType.default
        self._take(pipeline, kind, fragments)

    async def signal(self, pipeline: UUID) -> None:
        """Stop a pipeline and forget it."""
        task = self._tasks.pop(pipeline, None)
        if task:
            task.cancel()
        pipe = self._pipelines.pop(pipeline, None)
        if pipe and pipe.state == PSInvocationState.Running:
            pipe.stop()
            self._done(pipeline)
        self._pool.pipeline_table.pop(pipeline, None)

    async def close(self) -> None:
        """Forget everything."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._pipelines.clear()

    def _take(self, pipeline: UUID | None, stream: StreamType, fragments: bytes) -> None:
        self._pool.receive_data(PSRPPayload(fragments, stream, pipeline))
        while event := self._pool.next_event():
            if isinstance(event, CreatePipelineEvent) and event.pipeline_id in self._pipelines:
                self._start(self._pipelines[event.pipeline_id])

    def _start(self, pipe: ServerPipeline) -> None:
        # Windows does not announce Running.
        pipe._change_state(PSInvocationState.Running, emit=False)  # noqa: SLF001 - no public way
        with self._state.lock:
            self._state.pipelines += 1
            hook, number = self._state.before_pipeline, self._state.pipelines
        delay = hook(self._state, number) if hook else None
        if delay:
            task = asyncio.get_running_loop().create_task(self._later(pipe, delay))
            self._tasks[pipe.pipeline_id] = task
        else:
            self._run(pipe)

    async def _later(self, pipe: ServerPipeline, delay: float) -> None:
        await asyncio.sleep(delay)
        self._tasks.pop(pipe.pipeline_id, None)
        self._run(pipe)

    def _run(self, pipe: ServerPipeline) -> None:
        try:
            commands = getattr(pipe.metadata, "commands", [])
            spoken = [run_command(self._state, command) for command in commands]
        except ScriptFailedError as error:
            pipe._change_state(  # noqa: SLF001 - psrpcore has no fail()
                PSInvocationState.Failed, error=error.record()
            )
            self._done(pipe.pipeline_id)
            return
        if any(one.ends != 0 for one in spoken):
            task = asyncio.get_running_loop().create_task(self._speak(pipe, spoken))
            self._tasks[pipe.pipeline_id] = task
            return
        for one in spoken:
            for text in one.texts:
                pipe.write_output(text)
        self._end(pipe)

    async def _speak(self, pipe: ServerPipeline, spoken: list[Spoken]) -> None:
        """Put out what takes its time, or never ends."""
        for one in spoken:
            now = 0.0
            for second, text in one.outputs:
                await asyncio.sleep(second - now)
                pipe.write_output(text)
                now = second
            if one.ends is None:
                await asyncio.Event().wait()
            else:
                await asyncio.sleep(one.ends - now)
        self._tasks.pop(pipe.pipeline_id, None)
        self._end(pipe)

    def _end(self, pipe: ServerPipeline) -> None:
        pipe.complete()
        self._done(pipe.pipeline_id)


class ScriptFailedError(RemediateError):
    """A script ended with a terminating error.

    Args:
        message: in the host's language.
        reason: name of the .NET type in System.Management.Automation.
        error_id: of the error; the reason when not given.
    """

    def __init__(
        self, message: str, reason: str = "CommandNotFoundException", error_id: str = ""
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.error_id = error_id or reason

    def record(self) -> ErrorRecord:
        """The error as PowerShell reports it."""
        exception = NETException(Message=str(self), HResult=-2146233087)
        exception.PSObject.type_names = [
            f"System.Management.Automation.{self.reason}",
            "System.Management.Automation.RuntimeException",
            *exception.PSObject.type_names,
        ]
        return ErrorRecord(
            Exception=exception,
            CategoryInfo=ErrorCategoryInfo(
                Category=ErrorCategory.ObjectNotFound, Reason=self.reason
            ),
            FullyQualifiedErrorId=self.error_id,
        )


def run_command(state: HostState, command: Any) -> Spoken:  # noqa: ANN401 - psrpcore's has no type
    """What a command puts out: the reply to our request, or canned answers.

    Raises:
        ScriptFailedError: it is neither; a simulated host runs no scripts.
    """
    parameters = dict(command.parameters)
    if "Packed" in parameters and language_mode(state) != FULL_LANGUAGE:
        return Spoken(((0.0, PLAIN),))
    if isinstance(parameters.get("Request"), str):
        sealed = dict(parameters.get("Secrets") or {})
        secrets = {str(name): SecretStr(one.decrypt()) for name, one in sealed.items()}
        return answer(state, _request(parameters["Request"]).with_secrets(secrets))
    text = command.command_text.strip()
    if text not in state.answers:
        msg = f"A simulated host runs no scripts of its own: {text[:80]!r}"
        raise ScriptFailedError(msg)
    return Spoken(tuple((0.0, output) for output in state.answers[text]))


def _request(text: str) -> Request:
    try:
        return Request.decode(text)
    except (ValueError, LookupError, TypeError) as error:
        msg = f"The request cannot be read: {type(error).__name__}"
        raise ScriptFailedError(msg) from error


def simulated_program(state: HostState) -> Program:
    """What the command shell of this host starts as PowerShell, when our loader is what it runs."""

    async def run(script: str, given: bytes, say: Say) -> int:
        del script
        if not given.endswith(f"\n{WHOLE}\n".encode()):
            error = ScriptFailedError("The script did not arrive whole.", error_id=CUT_OFF)
            say(_failed(error))
            return 0
        with state.lock:
            state.pipelines += 1
            hook, number = state.before_pipeline, state.pipelines
        await asyncio.sleep((hook(state, number) if hook else None) or 0)
        try:
            _check_language(state)
            told, sealed, *_ = given.decode().split("\n", 2)
            spoken = answer(state, _request(told).with_secrets(_unsealed(sealed)))
        except ScriptFailedError as error:
            say(_failed(error))
            return 0
        now = 0.0
        for second, text in spoken.outputs:
            await asyncio.sleep(second - now)
            say(f"{text}\r\n".encode())
            now = second
        if spoken.ends is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(spoken.ends - now)
        return 0

    return run


def _check_language(state: HostState) -> None:
    """See that our loader may do what it does.

    Raises:
        ScriptFailedError: as a PowerShell in another mode says it.
    """
    if language_mode(state) != FULL_LANGUAGE:
        msg = "Cannot invoke method. Method invocation is supported only on core types in this "
        error_id = "MethodInvocationNotSupportedInConstrainedLanguage"
        raise ScriptFailedError(f"{msg}language mode.", "RuntimeException", error_id)


def _unsealed(sealed: str) -> dict[str, SecretStr]:
    """Secrets as `ConvertTo-SecureString` takes them where no key of Windows seals them."""
    found = json.loads(sealed).items()
    return {name: SecretStr(bytes.fromhex(text).decode("utf-16-le")) for name, text in found}


def _failed(error: ScriptFailedError) -> bytes:
    told = {
        "exception": f"System.Management.Automation.{error.reason}",
        "message": str(error),
        "error_id": error.error_id,
        "line": 0,
    }
    return f"{FAILED}{json.dumps(told)}\r\n".encode()


def simulated_backend_factory(state: HostState) -> BackendFactory:
    """Backends that work on this host."""

    def factory(output: Output, done: Done) -> SimulatedBackend:
        return SimulatedBackend(state, output, done)

    return factory
