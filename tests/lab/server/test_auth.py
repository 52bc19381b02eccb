"""The acceptor's side of NTLM: channel binding, and state that belongs to one connection."""

import base64

import pytest
import spnego
from spnego.channel_bindings import GssChannelBindings

from remediate.lab.server.auth import Authentication, DecryptionError, LabAccount, Verdict
from remediate.model.connection import Auth

ACCOUNT = LabAccount("ada", "secret")


def negotiate(acceptor: Authentication, server_hash: bytes) -> Verdict:
    """Go through NTLM as a client that sees a server's certificate."""
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + server_hash)
    client = spnego.client(
        ACCOUNT.user, ACCOUNT.password, hostname="lab", protocol="ntlm", channel_bindings=bindings
    )
    token, verdict = client.step(), Verdict(accepted=False)
    while token:
        text = base64.b64encode(token).decode()
        verdict = acceptor.check({"authorization": f"Negotiate {text}"})
        if not verdict.token:
            break
        token = client.step(base64.b64decode(verdict.token.partition(" ")[2]))
    return verdict


@pytest.mark.parametrize(("seen", "accepted"), [(b"a" * 32, True), (b"b" * 32, False)])
def test_a_client_that_sees_another_certificate_is_refused(seen: bytes, accepted: bool) -> None:
    """Somebody in the middle cannot pass credentials on."""
    acceptor = Authentication(ACCOUNT, frozenset(Auth), tls=True, server_hash=b"a" * 32)
    assert accepted == negotiate(acceptor, seen).accepted


def test_a_connection_stays_authenticated_until_it_is_forgotten() -> None:
    acceptor = Authentication(ACCOUNT, frozenset({Auth.NTLM}))
    assert not acceptor.check({}).accepted
    assert negotiate(acceptor, b"").accepted
    assert acceptor.check({}).accepted
    assert acceptor.sealed
    acceptor.forget()
    assert not acceptor.check({}).accepted


def test_a_message_of_another_context_cannot_be_read() -> None:
    """What pypsrp sends after a lost connection: old ciphertext in a new context."""
    first, second = (Authentication(ACCOUNT, frozenset(Auth)) for _ in range(2))
    negotiate(first, b"")
    negotiate(second, b"")
    with pytest.raises(DecryptionError):
        second.decrypt(first.encrypt(b"hello"))


def test_an_account_does_not_show_its_password() -> None:
    assert ACCOUNT.password not in repr(ACCOUNT)
