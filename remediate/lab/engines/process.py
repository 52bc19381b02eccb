"""One `pwsh -s` process and the lines it speaks on its standard input and output.

Each line is one element: Data, Command, Signal or Close from us, each answered by its Ack, and
Data from the engine, never acknowledged. Lines that are sent before the Ack of the one before
may be handled in any order, so everything that must keep its order waits for it.
"""

import asyncio
import base64
import contextlib
import logging
import os
import re
import signal
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Self
from uuid import UUID

from remediate.errors import RemediateError

_log = logging.getLogger(__name__)

POOL = UUID(int=0)
"""What the lines call the runspace pool; every other identifier is a pipeline's."""

ACK_SECONDS = 60.0
"""How long the engine may take to acknowledge a line."""

_LINE = re.compile(
    rb"<(?P<element>\w+)(?: Stream='\w+')? PSGuid='(?P<target>[0-9a-fA-F-]{36})'"
    rb"(?: />|>(?P<data>[A-Za-z0-9+/=]*)</Data>)\s*"
)
_LAST_WORDS_SECONDS = 1.0
"""How long what a process said at its end may take to arrive; what it started may say more."""
_LONGEST_LINE = 4 * 1024 * 1024

Receive = Callable[[UUID, bytes], None]
Ended = Callable[[], None]

Element = Literal["Command", "Signal", "Close"]


class EngineGoneError(RemediateError):
    """The engine's process has ended, or no longer answers."""


class EngineProcess:
    """A running engine. It dies with this process: the end of its standard input ends it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._acks: dict[tuple[str, UUID], asyncio.Future[None]] = {}
        self._last_words: deque[str] = deque(maxlen=5)
        self._gone = False
        self._receive: Receive = lambda _target, _fragments: None
        self._ended: Ended = lambda: None
        self._reader = asyncio.create_task(self._read())
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, program: Path, environment: Mapping[str, str], folder: Path) -> Self:
        """Start an engine that knows nothing of our own environment.

        Args:
            program: the `pwsh`.
            environment: all of its variables.
            folder: where it begins.

        Raises:
            OSError: it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            program,
            "-NoLogo",
            "-NoProfile",
            "-s",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=folder,
            limit=_LONGEST_LINE,
            start_new_session=True,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self._gone

    def attach(self, receive: Receive, ended: Ended) -> None:
        """Say who gets what the engine sends from now on.

        Args:
            receive: called with a target and fragments for it.
            ended: called once when the process ends, for whatever reason.
        """
        self._receive, self._ended = receive, ended

    async def data(self, target: UUID, fragments: bytes, stream: str = "Default") -> None:
        """Send fragments to the pool or a pipeline.

        Raises:
            EngineGoneError: the engine ended or did not acknowledge it.
        """
        content = base64.b64encode(fragments).decode("ascii")
        line = f"<Data Stream='{stream}' PSGuid='{target}'>{content}</Data>\n"
        await self._exchange(line, "DataAck", target, ACK_SECONDS)

    async def say(self, element: Element, target: UUID, seconds: float = ACK_SECONDS) -> None:
        """Send a line without content.

        Raises:
            EngineGoneError: the engine ended or did not acknowledge it in `seconds`.
        """
        line = f"<{element} PSGuid='{target}' />\n"
        await self._exchange(line, f"{element}Ack", target, seconds)

    def abandon(self) -> None:
        """End the process without waiting for it; `ended` is called when it is over."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                # its own group, so that what a script started ends too
                os.killpg(self._process.pid, signal.SIGKILL)

    async def kill(self) -> None:
        """End the process and wait until the system has forgotten it."""
        self.abandon()
        await self._process.wait()
        # a process that left the group may hold the other end of the pipes open for ever
        self._reader.cancel()
        self._listener.cancel()
        await asyncio.gather(self._reader, self._listener, return_exceptions=True)
        self._over()
        transport = getattr(self._process, "_transport", None)
        if transport is not None:
            transport.close()

    async def _exchange(self, line: str, ack: str, target: UUID, seconds: float) -> None:
        if self._gone or self._process.stdin is None:
            raise EngineGoneError(self.why)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._acks[ack, target] = answer
        try:
            async with asyncio.timeout(seconds):
                self._process.stdin.write(line.encode("ascii"))
                await self._process.stdin.drain()
                await answer
        except TimeoutError:
            raise EngineGoneError(f"no {ack} within {seconds:g} s") from None
        except OSError:
            raise EngineGoneError(self.why) from None
        finally:
            self._acks.pop((ack, target), None)

    async def _read(self) -> None:
        lines = self._process.stdout
        try:
            while lines is not None and (line := await lines.readline()):
                if not self._understood(line):
                    _log.warning("engine %d sent a line that makes no sense", self.pid)
                    break
        except ValueError:
            _log.warning("engine %d sent a line that is too long", self.pid)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await asyncio.shield(self._listener)
            self._over()

    def _understood(self, line: bytes) -> bool:
        match = _LINE.fullmatch(line)
        if not match:
            return False
        target = UUID(match["target"].decode("ascii"))
        element = match["element"].decode("ascii")
        if element == "Data":
            self._receive(target, base64.b64decode(match["data"] or b""))
            return True
        answer = self._acks.get((element, target))
        if answer is not None and not answer.done():
            answer.set_result(None)
        return True

    async def _listen(self) -> None:
        words = self._process.stderr
        with contextlib.suppress(ValueError):
            while words is not None and (line := await words.readline()):
                self._last_words.append(line.decode("utf-8", "replace").strip())

    def _over(self) -> None:
        if self._gone:
            return
        self._gone = True
        for answer in self._acks.values():
            if not answer.done():
                answer.set_exception(EngineGoneError(self.why))
        self._ended()

    @property
    def why(self) -> str:
        """That it has ended, with its last words."""
        return "the engine ended: " + (" / ".join(self._last_words) or "without a word")
