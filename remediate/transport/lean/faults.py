"""What goes wrong between a message and its answer; `classify` makes errors of ours of it."""

from remediate.errors import RemediateError


class FaultError(RemediateError):
    """The host says no, in a fault of WS-Management.

    Args:
        code: its number, or its name where it has none; None when what came is no fault at all.
        reason: why, in the host's language; empty when it does not say.
    """

    def __init__(self, code: int | str | None, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class MessageError(RemediateError):
    """What came is no answer to what was asked.

    Args:
        why: in words, for people.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotXmlError(MessageError):
    """What came is not even XML."""

    def __init__(self) -> None:
        super().__init__("its answer is not XML")
