"""Ctrl-C: an order to finish what is under way, not to drop it."""

import _thread
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

_AGAIN = 0.05
"""Seconds after which a Ctrl-C that came at the wrong moment is heard again."""

_STOP = (signal.SIGINT, signal.SIGTERM)
"""What is an order to stop: Ctrl-C, and what a CI system sends to a job that is cancelled."""

_GONE: int | None = getattr(signal, "SIGHUP", None)
"""Whoever started this has lost the terminal, or the connection to it. Comes more than once."""

Result = TypeVar("Result")


class CtrlC:
    """Turns Ctrl-C into an order to the engine, which finishes the hosts that are under way.

    The engine hears of it only while it is waited for; pressed at another moment it is kept.

    Args:
        pressed: is set at once, for whoever asks a question in another thread.
    """

    def __init__(self, pressed: threading.Event) -> None:
        self._pressed = pressed
        self._waiting = False
        self._handling = False
        self._again: threading.Timer | None = None
        self._before: dict[int, Any] = {}
        self._main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._main:
            for number in _STOP:
                self._before[number] = signal.signal(number, self._on_signal)
            if _GONE is not None and signal.getsignal(_GONE) == signal.SIG_DFL:  # else: nohup
                self._before[_GONE] = signal.signal(_GONE, self._on_signal)

    def __exit__(self, *_: object) -> None:
        if self._again is not None:
            self._again.cancel()  # nobody would take it for an order any more
        if self._main:
            for number, before in self._before.items():
                signal.signal(number, before)

    def during(self, reports: Iterable[Result]) -> Iterator[Result]:
        """The same reports."""
        waiting = iter(reports)
        while True:
            self._waiting = True
            try:
                report = next(waiting)
            except StopIteration:
                return
            finally:
                self._waiting = False
            yield report

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == _GONE and self._pressed.is_set():
            return  # nobody is there who could mean it twice
        if (
            not self._handling
        ):  # else it came in the middle of the one before, which is to count, too
            self._handling = True
            try:
                self._heard(number, frame)
            finally:
                self._handling = False
        self._again = threading.Timer(_AGAIN, _thread.interrupt_main)
        self._again.daemon = True
        self._again.start()

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if not self._pressed.is_set():
            self._pressed.set()
            with suppress(OSError):  # nobody may read it
                os.write(
                    2, b"\nStopping: hosts under way are finished first. Again to leave now.\n"
                )
        if self._waiting:
            signal.default_int_handler(number, frame)
