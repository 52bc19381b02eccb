"""The side of a host in Kerberos: it takes tickets for the services in its keytab.

gssapi is asked without pyspnego in between, which would hide why a ticket is refused.
"""

from pathlib import Path
from typing import Any

import gssapi
from gssapi.raw import (
    IOV,
    ChannelBindings,
    IOVBufferType,
    accept_sec_context,
    acquire_cred_from,
    unwrap_iov,
    wrap_iov,
)
from spnego import WinRMWrapResult

from remediate.errors import RemediateError

DELEGATED = 0x01
"""GSS_C_DELEG_FLAG: the client hands on its own ticket."""

BOUND = 0x800
"""GSS_C_CHANNEL_BOUND_FLAG: the client has said which TLS it speaks through."""


class TicketRefusedError(RemediateError):
    """A ticket does not let anybody in; says why."""


class Acceptor:
    """Kerberos on one connection.

    Args:
        keytab: file with the keys of the host's services.
        user: principal that may come in.
        binding: what a client says of the TLS that it speaks through; empty without TLS.
    """

    def __init__(self, keytab: Path, user: str, binding: bytes) -> None:
        self._keytab = keytab
        self._user = user
        self._binding = binding
        self._context: Any = None
        self.complete = False

    def step(self, token: bytes) -> bytes | None:
        """Take a client's token; what goes back to it.

        Raises:
            TicketRefusedError: it does not let anybody in.
        """
        bindings = ChannelBindings(application_data=self._binding) if self._binding else None
        keys = acquire_cred_from({b"keytab": str(self._keytab).encode()}, usage="accept").creds
        try:
            taken = accept_sec_context(token, keys, self._context, channel_bindings=bindings)
        except gssapi.exceptions.GSSError as error:
            raise TicketRefusedError(f"{type(error).__name__}: {error}") from error
        self._context = taken.context
        self.complete = not taken.more_steps
        if self.complete:
            self._admit(str(gssapi.Name(taken.initiator_name)), int(taken.flags))
        return taken.token or None

    def wrap_winrm(self, message: bytes) -> WinRMWrapResult:
        """A message sealed for the client."""
        iov = IOV(IOVBufferType.header, message, IOVBufferType.padding, std_layout=False)
        wrap_iov(self._context, iov, confidential=True)
        header, data, padding = (part.value or b"" for part in iov)
        return WinRMWrapResult(header=header, data=data + padding, padding_length=len(padding))

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        """A message that the client has sealed.

        Raises:
            ValueError: it was sealed by somebody else.
        """
        parts = ((IOVBufferType.header, False, header), data, IOVBufferType.data)
        iov = IOV(*parts, std_layout=False)
        try:
            unwrap_iov(self._context, iov)
        except gssapi.exceptions.GSSError as error:
            raise ValueError(str(error)) from error
        return iov[1].value or b""

    def _admit(self, client: str, flags: int) -> None:
        if client.casefold() != self._user.casefold():
            raise TicketRefusedError(f"{client} may not come in")
        if flags & DELEGATED:
            raise TicketRefusedError(f"{client} hands on its ticket")
        if self._binding and not flags & BOUND:
            raise TicketRefusedError(f"{client} does not say which TLS it speaks through")
