"""The transport of the command line: each host is talked to as its settings say."""

from remediate.model.host import Host, Via
from remediate.transport.conversation import Clients, SecretFor
from remediate.transport.protocol import Session
from remediate.transport.psrp import PsrpTransport


class ChosenTransport:
    """Makes sessions of every kind; all of them pass the same gate.

    Args:
        secret_for: finds a host's password, when a session first connects.
    """

    def __init__(self, secret_for: SecretFor) -> None:
        self._secret_for = secret_for
        self._clients = Clients(secret_for)

    def session(self, host: Host) -> Session:
        """A session that has sent nothing yet.

        Raises:
            WrongSettings: the host's settings cannot work.
        """
        if host.transport is Via.WINRS:
            from remediate.transport.winrs import WinrsTransport  # noqa: PLC0415 - most runs need no pywinrm

            return WinrsTransport(self._secret_for, clients=self._clients).session(host)
        return PsrpTransport(self._secret_for, clients=self._clients).session(host)
