"""A PSRP session of the lab itself in an engine process: runs a script, returns what came out."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psrpcore
from psrpcore import types

from remediate.lab.engines.process import POOL, EngineGoneError, EngineProcess

_FRAGMENT = 32 * 1024


@dataclass(frozen=True)
class Result:
    """What a pipeline left behind.

    Args:
        output: values as psrpcore reads them.
        errors: error records, the terminating one last.
        completed: whether it ran to its end.
    """

    output: list[object] = field(default_factory=list)
    errors: list[types.ErrorRecord] = field(default_factory=list)
    completed: bool = False

    def check(self) -> None:
        """Make sure that all went well.

        Raises:
            EngineGoneError: it did not.
        """
        if self.errors or not self.completed:
            said = "; ".join(str(error) for error in self.errors)
            raise EngineGoneError(f"a script of the lab's own failed: {said}")


class EngineSession:
    """One session; an engine takes several, one after the other."""

    def __init__(self, process: EngineProcess) -> None:
        self._process = process
        self._news = asyncio.Event()
        self._pool = psrpcore.ClientRunspacePool()
        process.attach(self._received, self._news.set)

    async def open(self) -> None:
        """Open the session.

        Raises:
            EngineGoneError: the engine ended; so for `run` and `close`.
        """
        self._pool.open()
        await self._flush()
        while not isinstance(await self._event(), psrpcore.RunspacePoolStateEvent):
            pass

    async def run(self, script: str, parameters: Mapping[str, object] | None = None) -> Result:
        """Run one pipeline to its end.

        Args:
            script: the text of it.
            parameters: values of its `param()` block.
        """
        pipeline = psrpcore.ClientPowerShell(self._pool)
        pipeline.add_script(script)
        for name, value in (parameters or {}).items():
            pipeline.add_parameter(name, value)
        pipeline.start()
        await self._process.say("Command", pipeline.pipeline_id)
        await self._flush()
        output: list[object] = []
        errors: list[types.ErrorRecord] = []
        while True:
            event = await self._event()
            if isinstance(event, psrpcore.PipelineOutputEvent):
                output.append(event.data)
            elif isinstance(event, psrpcore.ErrorRecordEvent):
                errors.append(event.record)
            elif isinstance(event, psrpcore.PipelineStateEvent):
                break
        await self._process.say("Close", pipeline.pipeline_id)
        if event.reason is not None:
            errors.append(event.reason)
        return Result(output, errors, event.state == types.PSInvocationState.Completed)

    async def close(self) -> None:
        """Make way for the next session."""
        await self._process.say("Close", POOL)

    def _received(self, target: UUID, fragments: bytes) -> None:
        pipeline = None if target == POOL else target
        payload = psrpcore.PSRPPayload(fragments, psrpcore.StreamType.default, pipeline)
        self._pool.receive_data(payload)
        self._news.set()

    async def _flush(self) -> None:
        while payload := self._pool.data_to_send(_FRAGMENT):
            await self._process.data(payload.pipeline_id or POOL, payload.data)

    async def _event(self) -> psrpcore.PSRPEvent[Any, Any]:
        while True:
            # PowerShell 7 reports the end of a start-up pipeline that belongs to no client
            with contextlib.suppress(KeyError):
                if event := self._pool.next_event():
                    return event
                if self._process.gone:
                    raise EngineGoneError("the engine ended in the middle of a pipeline")
                self._news.clear()
                await self._news.wait()
