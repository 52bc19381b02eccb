"""A logon by tokens: what is said to a host that asks who we are, and what comes back of it."""

import base64
import hashlib
import re
from typing import Any, Final

import spnego
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from remediate.model.connection import Auth
from remediate.transport.lean.answer import Answer
from remediate.transport.logon import CHALLENGES, Choice, Logon
from remediate.transport.watch import NotHttpError, NotOfferedError, offered

_SCHEMES: Final = ("Negotiate", "Kerberos", "NTLM")
_WEAK: Final = {"md5", "sha1"}


class Negotiation:
    """One logon over one connection.

    Args:
        logon: who we are.
        choice: how we say it.
        answer: in which the host has asked.
        certificate: that it has shown in TLS (DER); nothing without.
        sealing: messages will be sealed.

    Attributes:
        scheme: of HTTP by which tokens travel.
        context: what the logon leads to.
        token: what is to be said next; None when that is all.

    Raises:
        NotOfferedError: the host takes no such tokens.
        SpnegoError: the library cannot do it.
    """

    def __init__(
        self, logon: Logon, choice: Choice, answer: Answer, certificate: bytes, *, sealing: bool
    ) -> None:
        offers = offered(answer.field(CHALLENGES))
        self.scheme = _scheme(offers, choice.protocol)
        system = choice.protocol == Auth.NEGOTIATE and self.scheme != _SCHEMES[0]
        self.context: Any = spnego.client(
            choice.who,
            choice.password,
            hostname=logon.hostname,
            service=logon.service,
            channel_bindings=_bindings(certificate) if certificate else None,
            protocol=self.scheme.lower() if system else choice.protocol,
            options=spnego.NegotiateOptions.wrapping_winrm
            if sealing
            else spnego.NegotiateOptions.none,
        )
        self.token: bytes | None = self.context.step()

    @property
    def authorization(self) -> str:
        """The header that says the next token."""
        return f"{self.scheme} {base64.b64encode(self.token or b'').decode()}"

    @property
    def decides(self) -> bool:
        """Whether the host may let us in for the next token; for the first of NTLM it does not."""
        return bool(self.context.complete) or self.context.negotiated_protocol != Auth.NTLM

    def hear(self, answer: Answer) -> bool:
        """Take what the host says to a token; says whether there is another one.

        Raises:
            NotHttpError: it is no token.
            SpnegoError: it is not one for us.
        """
        said = re.search(
            rf"(?:^|,)\s*{self.scheme}\s+([^\s,]+)", answer.field(CHALLENGES), re.IGNORECASE
        )
        self.token = None
        if said is None:
            return False
        try:
            self.token = self.context.step(base64.b64decode(said[1], validate=True))
        except SpnegoError:
            raise
        except Exception as error:  # whatever a stranger's token may break
            raise NotHttpError("a token that is none") from error
        return self.token is not None


def _scheme(offers: tuple[str, ...], protocol: str) -> str:
    known = {offer.lower() for offer in offers}
    for scheme in _SCHEMES:
        ours = scheme == _SCHEMES[0] or protocol in {Auth.NEGOTIATE, scheme.lower()}
        if ours and scheme.lower() in known:
            return scheme
    raise NotOfferedError(offers)


def _bindings(certificate: bytes) -> GssChannelBindings:
    """What ties a logon to the TLS below it (RFC 5929, section 4.1: tls-server-end-point)."""
    try:
        made_by = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except UnsupportedAlgorithm:
        made_by = None
    name = made_by.name if made_by and made_by.name not in _WEAK else "sha256"
    digest = hashlib.new(name, certificate).digest()
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
