"""Processes that work for this one: started as programs, and spoken to over two pipes.

Not a pool of the standard library: of that one dead worker ends all others in mid-work, and its
workers outlive a parent that was killed. A message is one line of JSON, and nothing is unpickled.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import IO, Any, Final, Protocol

from remediate.errors import RemediateError
from remediate.model.base import Model

MAX_LINE: Final = 256 * 1024 * 1024
"""Bytes; more than what is made of the longest reply of a host."""

_SOON: Final = 0.02
"""Seconds for which a message that nobody waits for waits for others."""

_PATIENCE: Final = 10.0
"""Seconds after which a process that has nothing to do and does not end is ended."""


class PipeError(RemediateError):
    """The other process is not there any more, or does not keep to the language."""


class Pipe:
    """Messages to another process and from it; several threads may send.

    Args:
        reading: what comes from there.
        writing: what goes there.
    """

    def __init__(self, reading: IO[bytes], writing: IO[bytes]) -> None:
        self._reading = reading
        self._writing = writing
        self._lock = threading.Lock()
        self._posted = bytearray()
        self._post = threading.Event()
        self._poster: threading.Thread | None = None
        self._closed = False

    def send(self, *messages: Model) -> None:
        """Send messages, with no other between them.

        Raises:
            PipeError: nobody takes them.
            ValueError: one is too long; none of them was sent.
        """
        data = _lines(messages)
        with self._lock:
            self._posted += data
            self._write()

    def post(self, *messages: Model) -> None:
        """Send messages with what is sent next, or in a moment: so many together cost less.

        Where nobody takes them, that is not said.

        Raises:
            ValueError: one is too long; none of them is sent.
        """
        data = _lines(messages)
        with self._lock:
            self._posted += data
            if self._poster is None:
                self._poster = threading.Thread(target=self._send_posted, name="post", daemon=True)
                self._poster.start()
        self._post.set()

    def _send_posted(self) -> None:
        while not self._closed:
            self._post.wait()
            self._post.clear()
            time.sleep(_SOON)
            with self._lock, suppress(PipeError):
                self._write()

    def _write(self) -> None:
        data, self._posted = self._posted, bytearray()
        try:
            self._writing.write(data)
            self._writing.flush()
        except (OSError, ValueError):  # the latter of a file that is closed
            raise PipeError("the other process has ended") from None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """What comes, until the other end is closed; a message that was cut off is none.

        Raises:
            PipeError: a line is no message.
        """
        while (line := self._line()).endswith(b"\n"):
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                raise PipeError("a line is no JSON") from None
            if not isinstance(message, dict):
                raise PipeError("a line is no object")
            yield message
        if len(line) >= MAX_LINE:
            raise PipeError("a line is too long")

    def _line(self) -> bytes:
        try:
            return self._reading.readline(MAX_LINE)
        except (OSError, ValueError):
            return b""

    def close(self) -> None:
        """Send nothing any more. Never raises."""
        self._closed = True
        self._post.set()
        with suppress(OSError, ValueError), self._lock:
            self._writing.close()

    def forget(self) -> None:
        """Let go of what is read, too; for the thread that reads. Never raises."""
        self.close()
        with suppress(OSError):
            self._reading.close()


def _lines(messages: Iterable[Model]) -> bytes:
    """Messages as they are sent.

    Raises:
        ValueError: one is too long.
    """
    lines = [json.dumps(each.model_dump(mode="json")).encode() for each in messages]
    if any(len(line) >= MAX_LINE for line in lines):
        msg = "a message is too long"
        raise ValueError(msg)
    return b"\n".join([*lines, b""])


class Other(Protocol):
    """Another process that works for this one."""

    def send(self, *messages: Model) -> None:
        """See `Pipe.send`."""

    def post(self, *messages: Model) -> None:
        """See `Pipe.post`."""

    def close(self) -> None:
        """Have it end, and wait for that. Never raises."""


Start = Callable[[Callable[[dict[str, Any]], None], Callable[[str], None]], Other]
"""Starts one. What hears each message is called in a thread of its own; so is, once, what hears
that there will be no more, and how it ended, in words."""


class WorkerProcess:
    """A process that works for this one, and ends with it: then its input does.

    Nothing that it gets stands in its arguments or its environment.

    Args:
        module: what it runs, as `python -m` does.
        heard: hears each message, in a thread of its own.
        ended: hears once that there will be no more, and how it ended in words, in the same thread.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self,
        module: str,
        heard: Callable[[dict[str, Any]], None],
        ended: Callable[[str], None],
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, *_flags(), "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None  # noqa: S101 - as it was asked for
        assert self._process.stdout is not None  # noqa: S101
        self._heard = heard
        self._ended = ended
        self._how = ""
        self._pipe = Pipe(self._process.stdout, self._process.stdin)
        self._listener = threading.Thread(target=self._listen, name="process", daemon=True)
        self._listener.start()

    def send(self, *messages: Model) -> None:
        """See `Pipe.send`."""
        self._pipe.send(*messages)

    def post(self, *messages: Model) -> None:
        """See `Pipe.post`."""
        self._pipe.post(*messages)

    def close(self) -> None:
        """Have it end, and wait for that. Never raises."""
        self._pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        self._end()
        self._listener.join(_PATIENCE)

    def _listen(self) -> None:
        try:
            for message in self._pipe:
                self._heard(message)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE)  # how it ends by itself is worth knowing
        except PipeError as error:
            self._how = f"was ended, as {error}"
        finally:
            code = self._end()
            self._pipe.forget()
            self._ended(self._how or _how(code))

    def _end(self) -> int:
        """Nothing may come of it any more once it is taken for dead."""
        with suppress(OSError):
            self._process.kill()
        self._pipe.close()
        return self._process.wait()


def _flags() -> Iterator[str]:
    """What makes an interpreter look for modules where this one does, and not in the folder."""
    yield "-P"
    flags = {"-I": sys.flags.isolated, "-E": sys.flags.ignore_environment}
    flags |= {"-s": sys.flags.no_user_site, "-B": sys.flags.dont_write_bytecode}
    yield from (flag for flag, is_set in flags.items() if is_set)


def _how(code: int) -> str:
    """How a process has ended, in words."""
    return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
