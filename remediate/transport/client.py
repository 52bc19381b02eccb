"""What a conversation talks through, whatever carries its messages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from remediate.transport.classify import is_logged_on
from remediate.transport.stream import Steps
from remediate.transport.watch import Watch

T = TypeVar("T")


class Client(Protocol):
    """WS-Management with one host.

    Attributes:
        operation_timeout: seconds after which the host has to answer the next message.
    """

    operation_timeout: int

    def carry(self, message: bytes, read: Callable[[bytes], T]) -> Steps[T]:
        """Exchange one message. What it raises, `classify` knows.

        Args:
            message: a SOAP envelope.
            read: reads the answer, so that the gate is told of those that are none.
        """

    def reset(self) -> Steps[None]:
        """Forget connection and logon; the next message connects and logs on again."""


@contextmanager
def telling_the_gate(watch: Watch) -> Iterator[None]:
    """An exchange, after which the gate is told what came of the password.

    Args:
        watch: the conversation's.
    """
    turn = watch.turn
    if turn is None or turn.was_accepted:
        yield
        return
    tell = turn.left
    try:
        yield
        tell = turn.accepted
    except Exception as error:
        if is_logged_on(error):
            tell = turn.accepted
        elif watch.refused:
            tell = turn.refused
        raise
    finally:
        tell()
