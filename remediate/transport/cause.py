"""What lies behind an exception, and what is known of the conversation in which it was raised."""

from dataclasses import dataclass
from typing import NamedTuple

from remediate.transport import errors


class Cause(NamedTuple):
    """What lies behind an exception.

    Args:
        kind: the leaf.
        detail: what exactly was seen.
        hint: what to do, where the leaf's own hint does not lead to this cause.
    """

    kind: type[errors.TransportError]
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Known:
    """What is known of a conversation in which something was raised.

    Args:
        after_send: as for TransportError.
        who: user and method ("as ada by ntlm"), or the file of the certificate.
        tls: it is spoken over TLS.
        certificate: a client certificate is shown instead of a password.
        kerberos: a ticket was.
        heard: the host has sent something.
        accepted: the host has let us in before, so a failing logon is not about the password.
    """

    after_send: bool = False
    who: str = ""
    tls: bool = False
    certificate: bool = False
    kerberos: bool = False
    heard: bool = True
    accepted: bool = False
