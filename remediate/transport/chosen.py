"""The transport of the command line: each host is talked to as its settings say."""

from typing import Any

from remediate.model.connection import Via
from remediate.model.host import Host
from remediate.transport.local import LocalSession, PowerShell
from remediate.transport.protocol import Session
from remediate.transport.psrp import PsrpSession
from remediate.transport.winrm import SecretFor, WinrmTransport


class ChosenTransport(WinrmTransport):
    """Makes sessions of every kind; all that log on pass the same gate.

    Args:
        secret_for: as for WinrmTransport.
        powershell: that of this machine; the one of this Windows when not given.
        more: as for WinrmTransport.
    """

    def __init__(
        self,
        secret_for: SecretFor,
        *,
        powershell: PowerShell | None = None,
        **more: Any,  # noqa: ANN401 - by name
    ) -> None:
        super().__init__(secret_for, **more)
        self._powershell = powershell

    def session(self, host: Host) -> Session:
        """A session that has sent nothing yet.

        Raises:
            WrongSettings: the host's settings cannot work.
        """
        if host.transport is Via.LOCAL:
            return LocalSession(host, self._powershell, self.max_reply)
        if host.transport is Via.WINRS:
            from remediate.transport.winrs import WinrsSession  # noqa: PLC0415 - most runs need no pywinrm

            return WinrsSession(self.conversation(host), self.max_reply)
        return PsrpSession(self.conversation(host), self.max_reply)

    async def ahead(self, host: Host, within: float) -> None:
        """Connect to a host for the session to come, unless it is this machine; see `Dials`."""
        if not host.here:
            await super().ahead(host, within)
