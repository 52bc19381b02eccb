"""Visits to hosts that a test plays, and what they end with."""

from contextlib import closing

from pydantic import SecretStr

from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.powershell.messages import Call, Request
from remediate.transport import errors
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport

REQUEST = Request(
    run="audit",
    calls=(Call(id="a", function="Get-RemediateScheduledTask", arguments={"folder": "\\"}),),
)
WRONG = "not-it"


def at(port: int, auth: Auth = Auth.BASIC, **changes: object) -> Host:
    values = {"name": "SRV01", "address": "127.0.0.1", "port": port, "auth": auth, "user": "ada"}
    return Host.model_validate(values | changes)


def error_of(host: Host, password: str = WRONG, seconds: float = 30) -> errors.TransportError:
    """What a visit to a host ends with."""
    secret = SecretStr(password)
    transport = PsrpTransport(lambda _: secret, pause=lambda _: None, close_within=0.5)
    with closing(transport.session(host)) as session:
        try:
            session.run("#", REQUEST, Deadline(seconds))
        except errors.TransportError as error:
            return error
    raise AssertionError("it was to fail")


def visit(host: Host, password: str) -> None:
    """One that succeeds."""
    transport = PsrpTransport(lambda _: SecretStr(password))
    with closing(transport.session(host)) as session:
        session.run("#", REQUEST, Deadline(30))
