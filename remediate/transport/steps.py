"""What a conversation asks for and does not do itself, so that no decision needs a network.

A generator yields these and is sent what came of them, or has the error thrown in; whoever drives
it may block, or not.
"""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Carry:
    """Bring a message to the host; answered by what its answer is read as.

    Args:
        message: a SOAP envelope.
        read: reads the answer.
    """

    message: bytes
    read: Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait before another try.

    Args:
        seconds: how long.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """Forget the connection; the next message goes over a new one."""


Effect = Carry | Pause | Reset

Steps = Generator[Effect, Any, T]
"""Steps that come to a `T`."""


def at_once(call: Callable[[], T]) -> Steps[T]:
    """The steps of a library that does all by itself: none, but its result.

    Args:
        call: has it done.
    """
    yield from ()
    return call()


def drive(steps: Steps[T], do: Callable[[Effect], object]) -> T:
    """Do what steps ask for, one after the other, on this thread.

    Args:
        steps: what comes to a result.
        do: does it; what it raises is thrown into the steps.
    """
    answer: object = None
    error: BaseException | None = None
    while True:
        try:
            effect = steps.send(answer) if error is None else steps.throw(error)
        except StopIteration as end:
            result: T = end.value
            return result
        answer = error = None
        try:
            answer = do(effect)
        except BaseException as raised:  # noqa: BLE001 - it is the steps' to deal with
            error = raised


async def drive_in_loop(steps: Steps[T], do: Callable[[Effect], Awaitable[object]]) -> T:
    """Do what steps ask for, one after the other, as a task of a loop.

    Args:
        steps: what comes to a result.
        do: does it; what it raises is thrown into the steps.
    """
    answer: object = None
    error: BaseException | None = None
    while True:
        try:
            effect = steps.send(answer) if error is None else steps.throw(error)
        except StopIteration as end:
            result: T = end.value
            return result
        answer = error = None
        try:
            answer = await do(effect)
        except BaseException as raised:  # noqa: BLE001 - it is the steps' to deal with
            error = raised
