"""The transport of the command line: each host is talked to as its settings say."""

from remediate.model.host import Host, Via
from remediate.transport.conversation import WinrmTransport
from remediate.transport.protocol import Session
from remediate.transport.psrp import PsrpSession


class ChosenTransport(WinrmTransport):
    """Makes sessions of every kind; all of them pass the same gate."""

    def session(self, host: Host) -> Session:
        """A session that has sent nothing yet.

        Raises:
            WrongSettings: the host's settings cannot work.
        """
        if host.transport is Via.WINRS:
            from remediate.transport.winrs import WinrsSession  # noqa: PLC0415 - most runs need no pywinrm

            return WinrsSession(self.conversation(host), self.max_reply)
        return PsrpSession(self.conversation(host), self.max_reply)
