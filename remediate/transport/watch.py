"""What bounds a conversation over HTTP, what is known of it, and how it goes wrong."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from remediate.errors import RemediateError
from remediate.transport.gate import Turn
from remediate.transport.protocol import Deadline

MAX_ANSWER: Final = 1024 * 1024
"""Bytes of one HTTP answer; we ask for envelopes of half that size."""

SERVED: Final = {200, 500}
"""What a WinRM service answers once it has let somebody in: a reply, or a fault."""

OK: Final = 200
UNAUTHORISED: Final = 401

PAGES: Final = {"text/html", "application/xhtml+xml"}
"""Types of what is made for people to read."""

_SCHEME: Final = re.compile(r"(?:^|,)\s*([A-Za-z]+)")
_NTLM_PROOF: Final = b"NTLMSSP\0\3\0\0\0"


class StaleConnectionError(RemediateError):
    """The connection that carried our authentication is gone; nothing has been sent."""


class OutOfTimeError(RemediateError):
    """The deadline passed before a request was sent."""


class TooMuchError(RemediateError):
    """The host sends more than is asked for."""


class RefusedError(RemediateError):
    """401 to all that we have to say of who we are."""


class LoggedOutError(RemediateError):
    """401 on a connection that the host had accepted before."""


class NotOfferedError(RemediateError):
    """401 from a host that has no use for our way of logging on.

    Args:
        offers: the ways that it has.
    """

    def __init__(self, offers: tuple[str, ...]) -> None:
        super().__init__(offers)
        self.offers = offers


class PackedError(RemediateError):
    """An answer in an encoding that nobody asked for.

    Args:
        status: its HTTP status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class PageError(RemediateError):
    """A page for people where a message was to be."""


class RedirectedError(RemediateError):
    """We are sent to another address, and do not go there."""


class NotHttpError(RemediateError):
    """An answer that is not HTTP, or that two readers could take for two things.

    Args:
        why: what is wrong with it, in words of ours.
        begins: its first bytes.
    """

    def __init__(self, why: str, begins: bytes = b"") -> None:
        super().__init__(why, begins)
        self.why = why
        self.begins = begins


class StatusError(RemediateError):
    """An answer that is neither a reply nor a 401.

    Args:
        status: its HTTP status.
        content: what it says, a fault perhaps; nothing where nobody would believe it.
    """

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(status, content)
        self.status = status
        self.content = content


class UnsealedError(RemediateError):
    """An answer that does not come from whom we have logged on to.

    Args:
        status: its HTTP status, which anybody may have written.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Watch:
    """What bounds a conversation with a host, and what is known of it.

    Args:
        deadline: when all waiting ends.
        patience: seconds of silence after which an answer is given up.
        budget: bytes that the host may still send.
        sent: since last set to False, bytes of a message (not only of a logon) may have left.
        heard: the host has sent something.
        accepted: the host has let us in at least once.
        live: a connection that the host has accepted is believed to be open.
        refused: the host has seen the password, and has not let us in.
        turn: the account's way through the gate; None when nothing can be locked.
        way: which of the ways that a method leaves open the logon went, and why.
    """

    deadline: Deadline
    patience: float = 30.0
    budget: int = 0
    sent: bool = False
    heard: bool = False
    accepted: bool = False
    live: bool = False
    refused: bool = False
    turn: Turn | None = None
    way: str = ""

    def wait(self) -> float:
        """Seconds that may be waited for the next bytes."""
        left = self.deadline.left
        if left <= 0:
            raise TimeoutError
        return min(left, self.patience)

    def took(self, count: int) -> None:
        """Count what the host has sent."""
        self.heard = self.heard or count > 0
        self.budget -= count
        if self.budget < 0:
            raise TooMuchError


def offered(challenges: str) -> tuple[str, ...]:
    """The ways to log on that a host offers, as it writes them."""
    return tuple(dict.fromkeys(_SCHEME.findall(challenges)))


def is_proof(authorization: str | bytes) -> bool:
    """Whether a password can be wrong in it: all of Basic, and the last leg of NTLM."""
    text = authorization.decode() if isinstance(authorization, bytes) else authorization
    scheme, _, token = text.partition(" ")
    if scheme.lower() == "basic":
        return True
    try:
        return _NTLM_PROOF in base64.b64decode(token)
    except binascii.Error:
        return False


def words(values: list[str]) -> list[str]:
    """The members of a header that lists some, in small letters."""
    return [word for value in values for part in value.split(",") if (word := part.strip().lower())]
