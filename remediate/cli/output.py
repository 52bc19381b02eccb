"""The streams of the process. A fault of theirs breaks nothing off: hosts come first."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}


class Output:
    """A stream that fails once at most: what comes after that goes nowhere.

    Args:
        stream: where it goes.
        faults: where to note why it failed; a list of its own when None.
    """

    def __init__(self, stream: Any, faults: list[OSError] | None = None) -> None:  # noqa: ANN401 - of texts or of bytes
        self._stream = stream
        self._faults = [] if faults is None else faults

    @property
    def fault(self) -> OSError | None:
        """Why not all could be written; None where it could, or nobody wants to read it."""
        return next((one for one in self._faults if not isinstance(one, BrokenPipeError)), None)

    @property
    def failed(self) -> bool:
        """Whether what is written goes nowhere by now."""
        return bool(self._faults)

    @property
    def buffer(self) -> "Output":
        """The same for bytes."""
        return Output(self._stream.buffer, self._faults)

    def write(self, data: Any) -> int:  # noqa: ANN401 - as above
        """Write something, if there is any use in it."""
        if not self.failed:
            with self._noted():
                self._stream.write(data)
        return len(data)

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write all of them."""
        for each in lines:
            self.write(each)

    def flush(self) -> None:
        """Have all of it written."""
        with self._noted():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._faults.append(error)
            with suppress(OSError, ValueError):  # what is still kept is let go of in peace
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


@contextmanager
def guarded() -> Iterator[Output]:
    """Guard stdout and stderr meanwhile; gives stdout."""
    before = sys.stdout, sys.stderr
    out, err = Output(sys.stdout), Output(sys.stderr)
    sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", err)
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def fill_in() -> None:
    """Have what was closed before the process began lead nowhere.

    Else the next file or connection that is opened gets its number, and what is meant for a person,
    here or in a program that is started from here.
    """
    for name, mode in _MODES.items():
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as the process lasts
            os.set_inheritable(stream.fileno(), True)  # noqa: FBT003 - it has no name
            setattr(sys, name, stream)
